"""Run folders written by hand: what training and evaluation would leave there, without any training."""

import json

from seqgan.data.tokenizers import Words
from seqgan.data.vocabulary import Vocabulary
from seqgan.runs import create_run
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.run import RunConfig

METRICS = {
    "nll": {"value": 1.5, "signature": "nll|words"},
    "bleu-4": {"value": 0.61, "low": 0.59, "high": 0.63, "signature": "bleu|refs:9"},
    "self-bleu-4": {"value": 0.52, "signature": "self-bleu|hyps:9"},
    "copied": {"value": 0.02, "signature": "copied|training:9"},
    "longest-copied": {"value": 4.5, "signature": "longest|training:9"},
    "length-mean": {"value": 11.0, "signature": "length"},
}


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def pretrain_log(epochs=4):
    return [
        {"phase": "pretrain", "step": n, "generator/loss": 3.0 / n, "eval/nll": 2.0 / n + 1, "tokens_per_second": 9.0}
        for n in range(1, epochs + 1)
    ]


def adversarial_log(rounds=6, **changes):
    lines = [
        {"phase": "warmup", "step": 40, "discriminator/accuracy": 0.8, "discriminator/loss": 0.5},
        {"phase": "adversarial", "step": 0, "eval/nll": 1.5, "eval/bleu-4": 0.6, "eval/self-bleu-4": 0.5},
    ]
    for n in range(1, rounds + 1):
        line = {
            "phase": "adversarial",
            "step": n,
            "generator/reward": 0.4,
            "generator/reward_std": 0.1,
            "generator/entropy": 1.5,
            "generator/length": 9.0,
            "discriminator/accuracy": 0.7,
            "discriminator/loss": 0.6,
            "discriminator/logit_gap": 1.1,
        }
        if n % 2 == 0:
            line |= {"eval/nll": 1.5, "eval/bleu-4": 0.6 + n / 100, "eval/self-bleu-4": 0.5}
        lines.append(line | changes)
    return lines


def pretrained_run(folder, corpus="mine.txt", log=None):
    create_run(folder, RunConfig(data=DataConfig(corpus=corpus, max_length=9)), Words(), Vocabulary(["a", "b"]))
    write_lines(folder / "metrics.jsonl", pretrain_log() if log is None else log)
    return folder


def adversarial_run(folder, corpus="mine.txt", log=None, samples=None, rounds=6, algo="seqgan"):
    config = RunConfig(
        data=DataConfig(corpus=corpus, max_length=9),
        discriminator=DiscriminatorConfig(),
        algorithm={"name": algo},
        adversarial=AdversarialConfig(rounds=rounds),
    )
    create_run(folder, config, Words(), Vocabulary(["a", "b"]))
    write_lines(folder / "metrics.jsonl", adversarial_log(rounds) if log is None else log)
    (folder / "samples").mkdir()
    for number, lines in (samples or {0: ["a b .", "b a ."], 6: ["a a .", "b b ."]}).items():
        content = "".join(f"{line}\n" for line in lines)
        (folder / "samples" / f"round-{number:06}.txt").write_text(content, encoding="utf-8", errors="surrogatepass")
    return folder


def evaluated(folder, metrics=None, **more):
    content = {"run": str(folder), "checkpoint": "generator.safetensors", "metrics": metrics or METRICS, **more}
    (folder / "report.json").write_text(json.dumps(content))


def beside_controls(folder, measures=("bleu-4", "self-bleu-4")):
    """A verdict.json with opponents: better than the first, none of the second, not decided on the third."""
    difference = {"value": 0.02, "low": 0.01, "high": 0.031}
    common = {"metrics": dict(zip(("quality", "diversity"), measures, strict=True)), "nll_of": "generator"}
    content = {
        "sentence": "Better.",
        "evidence": {"nll_at_temperature_1": {"value": 1.25, "of": "generator times discriminator"}},
        "controls_sentence": "At equal diversity it is shown to be better than one.",
        "controls": [
            {
                **{"opponent": "parent", "kind": "better", "nll": 1.5, **common},
                "at_equal_diversity": {"difference": difference},
            },
            {"opponent": "budget", "kind": None, "left_out": "none was <asked> for"},
            {"opponent": "parameters", "kind": "cannot-tell", "nll": None, **common},
            {
                **{"opponent": "<b>", "kind": "cannot-tell", "nll": 1.75, **common},
                "at_equal_diversity": {"difference": {"value": -0.01, "low": None, "high": None}},
            },
        ],
    }
    (folder / "verdict.json").write_text(json.dumps(content))


def swept(folder, shift=0.0):
    points = [
        {
            "temperature": t,
            "quality": {"value": 1.6 - t + shift, "low": 1.5 - t, "high": 1.7 - t, "sets": [1.6 - t]},
            "diversity": {"value": 1.5 - t, "low": None, "high": None},
            "nll": {"value": 2.0, "low": None, "high": None},
        }
        for t in (1.0, 0.8, 1.2)
    ]
    measures = {"quality": "bleu-4", "diversity": "self-bleu-4", "sharper": 1}
    content = {"format": 1, "metrics": measures, "points": points, "count": 9}
    (folder / "sweep.json").write_text(json.dumps(content))
