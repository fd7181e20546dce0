"""Trainings that are disturbed: each in a process of its own, and whether it ended as the undisturbed one."""

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import torch

from endurance.forms import forms, write_corpora
from seqgan.cli.main import main as command_line
from seqgan.interrupt import SIGNALS
from seqgan.reporting.read import read_run
from seqgan.runs import read_metrics
from seqgan.runs.checkpoint import has_state
from seqgan.training import keeping

TIMES = ("tokens_per_second", "seconds")
WARM = ("pretrain-words", "seqgan", "dialogue", "wgan-gp", "relgan")
"""Trainings of each kind."""


class Lost(Exception):
    """What a disturbed training did that it must not."""


def warm_up(names):
    """Train here once, so that the processes that are forked have all modules; there are no threads to fork."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_corpora(Path(folder))
        for name in needed([name for name in WARM if name in names] or names[:1]):
            if command_line(command(forms()[name])):
                sys.exit(f"{name} does not train.")
    if len(os.listdir("/proc/self/task")) > 1:
        sys.exit("There are threads, with which nothing can be forked.")


def needed(names):
    """The trainings and those that they start from, these first."""
    made = forms()
    return list(dict.fromkeys(name for each in names for name in (made[each].parent, each) if name))


def lengths(form):
    """Flags that make a training short, with several states in each phase."""
    if form.steps == "--epochs":
        return ["--epochs", "4"]
    small = {"evaluate-every": 2, "evaluate-samples": 6, **({"warmup-steps": 4} if form.warmed_up else {})}
    return ["--rounds", "5", *(part for name, value in small.items() for part in (f"--adversarial.{name}", str(value)))]


def command(form, resume=False):
    """The training as a command line."""
    return [*form.command, *lengths(form), "--quiet", *(["--resume"] if resume else [])]


def fresh_place(name, work, place):
    """A folder with the corpora and the run to start from."""
    form = forms()[name]
    write_corpora(place)
    if form.parent:
        parent = forms()[form.parent].folder
        shutil.copytree(work / "undisturbed" / form.parent / parent, place / parent)


def hear_signals():
    """Have this process hear them: shells start what is in the background with SIGINT ignored, and so it stays."""
    for number in SIGNALS:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


class Child:
    """A command in a process of its own, forked from this one, whose imports it has. First it calls `begin`."""

    def __init__(self, arguments, place, eager=False, limit=None, output="said", begin=None):
        self.output = place.parent / f"{place.name}.{output}"
        self.code, self.last = None, 0.0
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            self._become(arguments, place, eager, limit, begin)

    def _become(self, arguments, place, eager, limit, begin):
        code = 99
        try:
            hear_signals()
            os.chdir(place)
            descriptor = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            if eager:  # a training state after each step
                keeping.KEEP_SECONDS = keeping.SHARE = 0
            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            if begin is not None:
                begin()
            code = command_line(arguments)
        except KeyboardInterrupt:  # before the command had begun
            code = 130
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def alive(self):
        """Whether it still runs; its exit code is in `code` afterwards, the number of a signal negative."""
        if self.code is None:
            self.seconds()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is None

    def seconds(self):
        """Of the processor, that it has taken."""
        self.last = time.clock_gettime((~self.pid << 3) | 2)  # the clock of another process, as clock_getcpuclockid
        return self.last

    def reaches(self, moment):
        """Wait until it has taken so many seconds; whether it lives then."""
        while self.alive():
            if self.last >= moment:
                return True
            time.sleep(0.0005)
        return False

    def end(self):
        """Wait until it has ended; its exit code."""
        while self.alive():
            time.sleep(0.002)
        return self.code

    def said(self):
        """Its output."""
        return self.output.read_text(errors="replace").strip()


def check_readable(run):
    """That a run's folder, if there is one, opens, and all that `report` and --resume read of it is whole."""
    if run.exists():
        read_run(run, samples=2)
        has_state(run / "checkpoints", run / "metrics.jsonl")


def compare(expected, got):
    """That two runs are alike.

    Raises:
        Lost: they are not, and where.
    """
    names = ["generator.safetensors", "discriminator.safetensors", "vocabulary.txt"]
    samples = {path.name for run in (expected, got) for path in (run / "samples").glob("*")}
    for name in [*names, *(f"samples/{each}" for each in sorted(samples))]:
        there = [(run / name).read_bytes() if (run / name).exists() else None for run in (expected, got)]
        if there[0] != there[1]:
            raise Lost(f"{name} differs")
    logs = [read_metrics(run / "metrics.jsonl") for run in (expected, got)]
    for log in logs:
        for line in log:
            for name in TIMES:
                line.pop(name, None)
    if logs[0] != logs[1]:
        raise Lost("metrics.jsonl differs")
    left = [path.name for path in got.rglob("*.writing")]
    if left:
        raise Lost(f"{', '.join(left)} is left over")
