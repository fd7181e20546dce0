import pytest
import torch

from seqgan.errors import ConfigError
from seqgan.objectives import ALGORITHMS, MALIGAN, SEQGAN
from seqgan.training.baselines import BASELINES, Baseline, leave_one_out

# Two rollouts, three samples, two positions; the third sample has ended after one token.
VALUES = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 5.0]], [[3.0, 4.0], [5.0, 6.0], [5.0, 5.0]]])
MASK = torch.tensor([[True, True], [True, True], [True, False]])


def test_leave_one_out_is_the_mean_of_the_others():
    # Means over rollouts: 2 3 | 4 5 | 5 5.
    expected = torch.tensor([[4.5, 5.0], [3.5, 4.0], [3.0, 4.0]])
    torch.testing.assert_close(leave_one_out(VALUES), expected)


def test_leave_one_out_does_not_depend_on_the_samples_own_value():
    changed = VALUES.clone()
    changed[:, 1] += 100
    torch.testing.assert_close(leave_one_out(changed)[1], leave_one_out(VALUES)[1])


def test_the_rising_baseline_follows_the_training():
    baseline = Baseline("rising", 0.5, MALIGAN)
    assert [baseline(VALUES, MASK, progress) for progress in (0.0, 0.25, 1.0)] == [0.0, 0.25, 1.0]


def test_the_running_mean_is_of_earlier_batches_only():
    baseline = Baseline("running-mean", 0.5, SEQGAN)
    torch.testing.assert_close(baseline(VALUES, MASK, 0.0), leave_one_out(VALUES))
    # Means over rollouts at real tokens: 2, 3, 4, 5, 5.
    assert baseline(VALUES + 10, MASK, 0.0) == pytest.approx(3.8)
    assert baseline(VALUES, MASK, 0.0) == pytest.approx(0.9 * 3.8 + 0.1 * 13.8)
    other = Baseline("running-mean", 0.5, SEQGAN)
    other.restore(baseline.state())
    assert other(VALUES, MASK, 0.0) == baseline(VALUES, MASK, 0.0)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("algo", sorted(ALGORITHMS))
def test_every_algorithm_takes_a_baseline_or_says_why_not(name, algo):
    algorithm = ALGORITHMS[algo]
    if algorithm.weighs and name in ("running-mean", "leave-one-out"):
        with pytest.raises(ConfigError, match=f"baseline {name} is a mean reward, but this algorithm weighs"):
            Baseline(name, 0.5, algorithm)
    elif name == "rising" and not algorithm.weighs:
        with pytest.raises(ConfigError, match="this algorithm has rewards and no weights"):
            Baseline(name, 0.5, algorithm)
    else:
        subtracted = Baseline(name, 0.5, algorithm)(VALUES, MASK, 0.5)
        assert torch.isfinite(algorithm.advantages(VALUES, MASK, subtracted)).all()


def test_an_unknown_baseline_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'leave-one-out'"):
        Baseline("leave-one", 0.5, SEQGAN)
