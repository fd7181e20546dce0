"""Sweeps whose trainings are played by a function, which writes the log that a training would."""

import json
from pathlib import Path

import msgspec

from seqgan.sweeps.file import SweepFile
from seqgan.sweeps.space import OF_COMMAND, read_space

SPACE = {
    "adversarial.generator_learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "adversarial.rollouts": [1, 2, 4],
}


def sweep_of(**changes):
    usual = {"config": {"data": {"corpus": "embedded:captions"}}, "space": SPACE, "objective": "bleu-4", "trials": 4}
    return msgspec.convert({**usual, "seeds": [0, 1], **changes}, SweepFile)


def space_of(sweep):
    return read_space(sweep.space, OF_COMMAND["both"], "sweep.yaml")


def flag(arguments, name):
    return arguments[arguments.index(name) + 1]


class Played:
    """A runner: `values` says what a run logs round by round, from its number of trial and its seed.

    Attributes:
        calls: the command lines it was given.
    """

    def __init__(self, values, metric="bleu-4", code=lambda trial, seed: 0, says=""):
        self.values, self.metric, self.code, self.says = values, metric, code, says
        self.calls = []

    def __call__(self, process, watch):
        arguments = process.arguments
        self.calls.append(arguments)
        run = Path(flag(arguments, "--run"))
        if "--name" in arguments:
            run = run / flag(arguments, "--name")
        run.mkdir(parents=True, exist_ok=True)
        if not run.name.startswith("trial-"):
            return 0
        trial, seed = int(run.name.split("-")[1]), int(run.name.split("-")[3])
        lines = []
        for step, value in enumerate(self.values(trial, seed), start=1):
            lines.append({"phase": "adversarial", "step": step, f"eval/{self.metric}": value})
            (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            if watch():
                return 130
        process.output.write_text(self.says)
        return self.code(trial, seed)
