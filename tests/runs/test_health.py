"""Logs of known sickness by hand, and the diagnosis of each."""

import math
import random
import re
from pathlib import Path

import pytest
from support.hand_made_runs import adversarial_log, pretrain_log

from seqgan.objectives import GAD, GSGAN, RESIDUAL, SEQGAN, WGAN_GP
from seqgan.runs import health
from seqgan.runs.health import CHECKS, RESTORED, USUAL, Circumstances, circumstances_of, condensed, diagnose
from seqgan.settings.adversarial import AdversarialConfig


def told(log, about=USUAL):
    return {diagnosis.name: diagnosis for diagnosis in diagnose(log, about).values()}


def series(name, *values, before=None):
    """Rounds with these numbers, behind a judgement."""
    lines = [{"phase": "adversarial", "step": 0} | ({} if before is None else {name: before})]
    return lines + [{"phase": "adversarial", "step": n, name: value} for n, value in enumerate(values, start=1)]


def test_a_healthy_log_has_no_diagnosis():
    assert diagnose(adversarial_log(30)) == {}
    assert diagnose(pretrain_log(4)) == {}


@pytest.mark.parametrize(
    ("name", "value", "diagnosis"),
    [
        ("discriminator/accuracy", 0.98, "discriminator certain"),
        ("discriminator/accuracy", 0.979, None),
        ("discriminator/accuracy", 0.514, "discriminator blind"),
        ("discriminator/accuracy", 0.486, "discriminator blind"),
        ("discriminator/accuracy", 0.516, None),
        ("generator/reward_std", 0.0049, "no reward signal"),
        ("generator/reward_std", 0.0051, None),
        ("generator/effective_sample_size", 1.9, "few effective samples"),
        ("generator/effective_sample_size", 2.1, None),
    ],
)
def test_levels(name, value, diagnosis):
    found = told(series(name, *[value] * 5))
    assert [(d.level, d.name) for d in found.values()] == ([("warning", diagnosis)] if diagnosis else [])
    assert all(d.mend for d in found.values())
    # Four rounds say nothing, and the last ten alone count.
    assert not told(series(name, *[value] * 4))
    assert told(series(name, *[0.7] * 50, *[value] * 10)).keys() == found.keys()


def test_a_level_is_a_mean():
    assert "discriminator certain" in told(series("discriminator/accuracy", *[1.0, 0.96] * 5))
    assert "discriminator certain" not in told(series("discriminator/accuracy", *[1.0, 0.95] * 5))


def test_few_of_few_samples_are_fewer():
    def log(size):
        return series("generator/effective_sample_size", *[size] * 5)

    assert "few effective samples" not in told(log(1.2), Circumstances(compared=2))  # of at most 2
    assert "few effective samples" in told(log(1.05), Circumstances(compared=2))
    assert "few effective samples" in told(log(1.6), Circumstances(compared=8))


@pytest.mark.parametrize(
    ("first", "last", "diagnosis", "level"),
    [
        (2.0, 1.51, None, None),
        (2.0, 1.49, "entropy falling", "warning"),
        (2.0, 1.01, "entropy falling", "warning"),
        (2.0, 0.99, "collapse", "problem"),
        (0.1, 0.01, None, None),  # a task without a choice
    ],
)
def test_entropy(first, last, diagnosis, level):
    found = told(series("generator/entropy", *[first] * 10, *[1.5] * 5, *[last] * 10))
    assert [(d.name, d.level) for d in found.values()] == ([(diagnosis, level)] if diagnosis else [])


def test_relaxed_samples_become_certain_on_purpose():
    log = series("generator/entropy", *[2.0] * 10, *[0.1] * 10)
    assert "collapse" in told(log)
    assert not told([line | {"generator/temperature": 0.1} for line in log])


def test_distinct_bigrams():
    assert not told(series("eval/distinct-2", 0.31, before=0.4))
    assert told(series("eval/distinct-2", 0.29, before=0.4))["distinct-2 falling"].level == "warning"
    assert told(series("eval/distinct-2", 0.5, 0.19, before=0.4))["diversity collapsed"].level == "problem"


def test_held_out_likelihood_is_compared_with_the_best():
    assert not told(series("eval/nll", 1.9, 1.94, before=2.0))
    assert told(series("eval/nll", 1.9, 1.96, before=2.0))["likelihood lost"].level == "warning"
    assert told(series("eval/nll", 1.9 + math.log(2) - 0.01, 1.9, 1.96, before=2.0)).keys() == {"likelihood lost"}
    exploded = told(series("eval/nll", 1.9, 1.9 + math.log(4), before=2.0))["likelihood exploded"]
    assert exploded.level == "problem"
    assert "4 times" in exploded.text


def test_pretraining_passes_its_best_but_does_not_explode():
    log = pretrain_log(4)  # 1.5 at last
    assert not told([*log, {"phase": "pretrain", "step": 5, "eval/nll": 2.1}])
    assert "patience" in told([*log, {"phase": "pretrain", "step": 5, "eval/nll": 2.3}])["likelihood exploded"].mend
    # In the log of both, the adversarial phase is judged.
    assert not told([*log, {"phase": "pretrain", "step": 5, "eval/nll": 2.3}, *adversarial_log(6)])


def test_lengths():
    assert not told(series("generator/length", *[10.0] * 5, *[12.9] * 5))
    assert "length drifting" in told(series("generator/length", *[10.0] * 5, *[13.1] * 5))
    assert "length drifting" in told(series("generator/length", *[10.0] * 5, *[6.9] * 5))


def test_batches_left_out_are_named():
    log = adversarial_log(6)
    log[-1] |= {"generator/skipped": 1.0, "generator/skipped/output.weight": 1.0, "generator/loss": None}
    log[-2] |= {"generator/skipped": 2.0, "generator/skipped/output.weight": 2.0}
    (found,) = told(log).values()
    assert (found.level, found.name) == ("warning", "batches left out")
    assert "3 by output.weight of the generator" in found.text
    assert not told([*log, *adversarial_log(20)[2:]])  # long ago


def test_numbers_that_are_not_finite():
    log = adversarial_log(6)
    log[-1] |= {"eval/nll": None}
    found = told(log)["numbers that are not finite"]
    assert found.level == "problem"
    assert "eval/nll" in found.text


def test_what_began_from_nothing_has_no_measure_in_its_beginning():
    log = adversarial_log(30)
    for line in log[-15:]:
        line |= {"generator/entropy": 0.1, "generator/length": 40.0, "eval/nll": 9.0, "eval/distinct-2": 0.01}
    log[1] |= {"eval/distinct-2": 0.9}
    assert told(log).keys() == {"collapse", "length drifting", "likelihood exploded", "diversity collapsed"}
    assert not told(log, Circumstances(from_nothing=True))


def test_a_softmax_is_always_told_apart():
    log = adversarial_log(10, **{"discriminator/accuracy": 1.0})
    assert told(log).keys() == {"discriminator certain"}
    assert not told(log, Circumstances(always_told_apart=True))
    assert not told(log, Circumstances(rewards_nothing=True))


def test_after_a_return_all_begins_anew_but_the_measure():
    log = adversarial_log(10)
    log[1] |= {"eval/distinct-2": 0.4}
    for line in log[-5:]:
        line |= {"generator/entropy": 0.1, "generator/length": 40.0, "eval/nll": 9.0, "eval/distinct-2": 0.01}
    assert len(told(log)) == 4
    log.append({"phase": "adversarial", "step": 10, RESTORED: 0})
    assert not told(log)
    again = [line | {"step": line["step"] + 10} for line in log[-6:-1]]
    assert len(told([*log, *again])) == 4


def test_what_is_kept_of_a_long_log_gives_the_same():
    draw = random.Random(0)
    for _ in range(60):
        log = adversarial_log(draw.randrange(80))
        for line in log[1:]:
            drift = draw.choice((1.0, 0.5)) if line["step"] > 40 else 1.0
            line |= {name: value * drift for name, value in line.items() if name.startswith("generator/")}
            if "eval/nll" in line:
                line |= {"eval/nll": draw.uniform(1, 3), "eval/distinct-2": draw.uniform(0.1, 0.4)}
            if draw.random() < 0.05:
                line |= {"generator/loss": None, "generator/skipped": 1.0, "generator/skipped/a": 1.0}
        if draw.random() < 0.5 and len(log) > 20:
            place = draw.randrange(15, len(log))
            log.insert(place, {"phase": "adversarial", "step": log[place - 1]["step"], RESTORED: 2})
        log = log[1:]
        kept = []
        for line in log:
            kept = condensed([*kept, line])
        assert len(kept) <= 50
        assert diagnose(kept) == diagnose(log)


def test_circumstances_of_settings():
    config = AdversarialConfig(batch_size=32)
    assert circumstances_of(config, SEQGAN, from_nothing=False) == Circumstances(compared=32)
    grown = AdversarialConfig(group_size=8, curriculum_rounds=5)
    assert circumstances_of(grown, WGAN_GP, from_nothing=False) == Circumstances(True, True, 8, True)
    assert circumstances_of(config, GAD, from_nothing=False) == Circumstances(compared=32, in_pairs=True)
    assert circumstances_of(config, GSGAN, from_nothing=True) == Circumstances(False, True, 32, True)
    assert circumstances_of(config, RESIDUAL, from_nothing=False) == Circumstances(compared=32, rewards_nothing=True)
    assert circumstances_of(config, None, from_nothing=False) == Circumstances(compared=32)


def test_the_guide_has_each_diagnosis_and_its_level():
    guide = (Path(__file__).parents[2] / "scripts" / "guides" / "health.md").read_text(encoding="utf-8")
    source = Path(health.__file__).read_text(encoding="utf-8")
    diagnoses = set(re.findall(r'Diagnosis\(\s*"(warning|problem)", "([^"]+)"', source))
    assert len(diagnoses) == 13
    rows = [row for row in guide.split("\n") if row.startswith("| ")]
    for level, name in diagnoses:
        (row,) = [row for row in rows if row.startswith(f"| {name} |")]
        assert (row.split("|")[3].strip() == "yes") == (level == "problem")
    for check in CHECKS:
        assert f"`{check.__name__}`" in source
