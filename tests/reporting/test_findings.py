"""Logs of known sickness, and what is said of them."""

import pytest
from support.hand_made_runs import adversarial_log, pretrain_log

from seqgan.reporting.findings import log_findings
from seqgan.runs.health import Circumstances, first_and_last


def names(log, rounds=0):
    return {finding.name: finding for finding in log_findings(log, rounds)}


def moved(log, name, values):
    """The log with other numbers of that name in its last lines."""
    lines = [dict(line) for line in log]
    for line, value in zip(lines[-len(values) :], values, strict=True):
        line[name] = value
    return lines


def test_a_healthy_log_is_said_to_be_so():
    found = log_findings(adversarial_log(6), 6)
    assert {finding.level for finding in found} == {"good"}
    assert {finding.name for finding in found} == {"discriminator", "quality"}


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("discriminator/accuracy", 0.995, "discriminator certain"),
        ("discriminator/accuracy", 0.51, "discriminator blind"),
        ("generator/reward_std", 0.0001, "no reward signal"),
        ("generator/effective_sample_size", 1.2, "few effective samples"),
    ],
)
def test_single_numbers(name, value, finding):
    assert names(adversarial_log(6, **{name: value}))[finding].level == "warning"
    assert finding not in names(adversarial_log(6))


def test_a_spread_is_small_compared_with_large_rewards():
    values = {"generator/reward": -400.0, "generator/reward_std": 1.0}
    assert "no reward signal" in names(adversarial_log(6, **values))
    assert "no reward signal" not in names(adversarial_log(6, **values | {"generator/reward": -40.0}))


def test_entropy_that_falls_and_collapses():
    log = adversarial_log(6)
    assert names(moved(log, "generator/entropy", [2, 2, 2, 0.5, 0.5, 0.5]))["collapse"].level == "problem"
    assert names(moved(log, "generator/entropy", [2, 2, 2, 1.2, 1.2, 1.2]))["entropy falling"].level == "warning"
    assert not {"collapse", "entropy falling"} & names(moved(log, "generator/entropy", [2, 2, 2, 1.9, 1.9, 1.9])).keys()


def test_ends_are_means_of_at_most_ten():
    log = [{"phase": "adversarial", "step": n, "x": float(n)} for n in range(100)]
    assert first_and_last(log, "x") == (4.5, 94.5)
    assert first_and_last(log[:3], "x") == (0.0, 2.0)
    assert first_and_last(log[:1], "x") is None


def evaluations(nll=(1.5, 1.5), bleu=(0.6, 0.6), same=(0.5, 0.5)):
    return [
        {"phase": "adversarial", "step": n, "eval/nll": nll[n], "eval/bleu-4": bleu[n], "eval/self-bleu-4": same[n]}
        for n in range(2)
    ]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"nll": (1.5, 1.6)}, "likelihood lost"),
        ({"bleu": (0.6, 0.65), "same": (0.5, 0.56)}, "sharper, perhaps not better"),
        ({"bleu": (0.6, 0.55)}, "quality lost"),
        ({"bleu": (0.6, 0.65)}, "quality"),
        ({"bleu": (0.6, 0.55), "same": (0.5, 0.4)}, "quality and diversity"),
        ({}, "quality and diversity"),
    ],
)
def test_evaluations(change, finding):
    assert finding in names(evaluations(**change))


def test_lengths_that_drift():
    log = adversarial_log(6)
    assert "length drifting" in names(moved(log, "generator/length", [9, 9, 9, 15, 15, 15]))
    assert "length drifting" not in names(log)


def test_numbers_that_are_not_finite_come_first():
    (first, *_) = log_findings(adversarial_log(6, **{"generator/loss": None}), 6)
    assert first.level == "problem"
    assert "generator/loss" in first.text


def test_what_was_mended_while_it_trained_is_said():
    log = adversarial_log(30)
    log[4] |= {"generator/skipped": 2.0, "generator/skipped/output.weight": 2.0, "generator/loss": None}
    log.insert(12, {"phase": "adversarial", "step": 10, "restored": 6})
    found = names(log, 30)
    assert "after round 10 to round 6" in found["went back"].text
    assert "2 of the generator" in found["batches left out in all"].text
    assert "batches left out" not in found  # of late
    log[6] |= {"generator/loss": None}
    assert "in the end: generator/loss" in names(log, 30)["numbers were not finite"].text


def test_an_interrupted_run_is_said():
    assert "6 of 100 rounds" in names(adversarial_log(6), 100)["not finished"].text
    assert "0 of 100 rounds are in the log" in names([], 100)["not finished"].text
    assert "0 of 1 round is in the log" in names([], 1)["not finished"].text


@pytest.mark.parametrize(("value", "name"), [(0.75, "discriminator"), (0.99, "discriminator certain")])
def test_a_discriminator_that_compares_is_said_to_order_pairs(value, name):
    log = adversarial_log(6, **{"discriminator/accuracy": value})
    found = {finding.name: finding for finding in log_findings(log, 6, Circumstances(in_pairs=True))}
    assert found[name].text.startswith(f"It puts {value:.3f} of pairs of a real and a generated sentence in the right")
    assert names(log)[name].text.startswith(f"Its accuracy is {value:.3f}")


def test_pretraining():
    assert "the last one" in names(pretrain_log(4))["pretraining"].text
    worse = [*pretrain_log(4), {"phase": "pretrain", "step": 5, "eval/nll": 1.9}]
    assert names(worse)["overfitting"].level == "note"
    nearly = [*pretrain_log(4), {"phase": "pretrain", "step": 5, "eval/nll": 1.51}]
    assert names(nearly)["pretraining"].level == "good"


def test_an_empty_log_says_nothing():
    assert log_findings([]) == []


def test_answers_that_became_alike_are_said():
    def log(quality, unique):
        return [
            {"phase": "adversarial", "step": n, "eval/sacrebleu": q, "eval/unique": u}
            for n, (q, u) in enumerate(zip(quality, unique, strict=True))
        ]

    assert log_findings(log([20.0, 22.0], [0.9, 0.5]))[0].name == "answers alike"
    assert [(f.level, f.name) for f in log_findings(log([20.0, 22.0], [0.9, 0.9]))] == [("good", "answers")]
    assert [(f.level, f.name) for f in log_findings(log([20.0, 20.2], [0.9, 0.9]))] == [("note", "answers")]
    assert [(f.level, f.name) for f in log_findings(log([20.0, 18.0], [0.9, 0.9]))] == [("warning", "quality lost")]
