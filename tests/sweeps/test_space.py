"""The search space: which values are taken, which are refused, and which points are looked at before all others."""

import itertools

import pytest
from support.tiny_sweeps import SPACE, space_of, sweep_of

from seqgan.errors import ConfigError
from seqgan.sweeps.space import MOST_CORNERS, OF_COMMAND, Dimension, corners, grid, read_space, with_values


def dimension(name, values, command="both"):
    (found,) = read_space({name: values}, OF_COMMAND[command], "mine.yaml")
    return found


def test_ranges_and_choices():
    rate, rollouts = space_of(sweep_of())
    assert rate == Dimension("adversarial.generator_learning_rate", (), 1e-4, 1e-2, False, True, None)
    assert rollouts.choices == (1, 2, 4)
    whole = dimension("generator.hidden_size", {"low": 16, "high": 64, "step": 16})
    assert whole.points == (16, 32, 48, 64)
    assert dimension("generator.dropout", {"low": 0, "high": 0.5, "step": 0.25}).points == (0.0, 0.25, 0.5)
    assert dimension("pretrain.epochs", {"low": 2, "high": 4}).points == (2, 3, 4)
    assert dimension("generator.dropout", {"low": 0.1, "high": 0.5}).points is None
    assert dimension("adversarial.weight_clamp", [None, "1e-2"]).choices == (None, 0.01)  # YAML reads 1e-2 as text
    assert dimension("generator.tied", [True, False]).ends == (True, False)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("adversarial.rolouts", [1], "Did you mean 'rollouts'?"),
        ("rollouts", [1], "Names are like"),
        ("seed", [1], "name them there"),
        ("data.fingerprint", ["a"], "is no setting"),
        ("adversarial.rollouts", [0], "[0] is 0, expected int >= 1"),
        ("adversarial.rollouts", [True], "is True, expected int"),
        ("adversarial.rollouts", [4, 4], "twice"),
        ("adversarial.rollouts", [], "no choices"),
        ("adversarial.rollouts", 4, "expected a list of choices"),
        ("adversarial.rollouts", {"low": 1}, "both low and high"),
        ("adversarial.rollouts", {"low": 4, "high": 1}, "the lower one"),
        ("adversarial.rollouts", {"low": 1, "hihg": 4}, "Did you mean 'high'?"),
        ("adversarial.rollouts", {"low": 1, "high": 4, "step": 2}, "no whole number of steps"),
        ("adversarial.rollouts", {"low": 1, "high": 4, "step": 0}, "above 0"),
        ("adversarial.rollouts", {"low": 1, "high": 4, "step": 1, "log": True}, "leave step out"),
        ("adversarial.generator_learning_rate", {"low": 1e-4, "high": 20}, "high is 20, expected float <= 10.0"),
        ("adversarial.entropy_bonus", {"low": 0, "high": 1, "log": True}, "begins above 0"),
        ("adversarial.baseline", {"low": 0, "high": 1}, "is no number"),
    ],
)
def test_mistakes_are_one_line(name, values, said):
    with pytest.raises(ConfigError) as error:
        dimension(name, values)
    assert said in str(error.value)
    assert str(error.value).startswith("mine.yaml: space.")


def test_a_trial_decides_only_what_is_its_own():
    with pytest.raises(ConfigError, match="generator is not for these trials"):
        dimension("generator.layers", [1, 2], "adversarial")
    assert dimension("generator.layers", [1, 2], "from nothing").choices == (1, 2)


def test_a_grid_is_the_product():
    space = read_space(
        {"pretrain.epochs": {"low": 1, "high": 3}, "generator.tied": [True, False]}, OF_COMMAND["both"], ""
    )
    points = [tuple(point.values()) for point in grid(space, "")]
    assert points == list(itertools.product((1, 2, 3), (True, False)))
    with pytest.raises(ConfigError, match="endlessly many"):
        grid(space_of(sweep_of()), "mine.yaml")


def test_each_end_is_among_the_corners_however_many_settings():
    few = list(corners(space_of(sweep_of())))
    assert len(few) == 2 * 3
    names = ["batch_size", "generator_steps", "rollouts", "discriminator_steps", "discriminator_epochs", "rounds"]
    names += ["warmup_epochs", "evaluate_every", "real_prefix_step"]
    space = read_space({f"adversarial.{name}": {"low": 1, "high": 9} for name in names}, OF_COMMAND["both"], "")
    many = list(corners(space))
    assert len(many) <= MOST_CORNERS
    for name in names:
        assert {point[f"adversarial.{name}"] for point in many} == {1, 9}


def test_values_go_into_their_sections():
    settings = {"data": {"corpus": "captions"}, "adversarial": None}
    merged = with_values(settings, {"adversarial.rollouts": 4, "data.min_count": 2})
    assert merged == {"data": {"corpus": "captions", "min_count": 2}, "adversarial": {"rollouts": 4}}
    assert settings["data"] == {"corpus": "captions"}  # as it was
    assert set(SPACE) == {dimension.name for dimension in space_of(sweep_of())}
