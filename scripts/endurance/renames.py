"""Trainings that are ended by SIGKILL at each change of a name on the disk, one after the other, and resumed."""

import itertools
import json
import os
import platform
import random
import shutil
import signal
import sys
import traceback
from collections import Counter
from pathlib import Path

import torch

from endurance.children import Child, Lost, check_readable, command, compare, fresh_place, needed, warm_up
from endurance.forms import forms
from seqgan.errors import SeqganError

TRAININGS = ("pretrain-words", "seqgan")
AFTER = "after a renaming"
CHANGES = {
    "os.rename": "before a renaming",
    "os.remove": "before a file is deleted",
    "os.rmdir": "before a folder is deleted",
    "os.mkdir": "before a folder is made",
    "open": "before a file is opened to be written",
}
"""What Python tells its audit hooks of, and when that is."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Moments:
    """Called in a process it counts the moments around changes of names below its working folder.

    Args:
        last: the moment, from 0, at which it is ended; None lets it run.
        record: file that each moment is named in, on a line.
    """

    def __init__(self, last=None, record=None):
        self.last, self.record = last, record

    def __call__(self):
        self.count, self.place = itertools.count(), os.getcwd()
        self.file = None if self.record is None else os.open(self.record, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        replace = os.replace

        def renaming(*names, **folders):
            replace(*names, **folders)
            self.moment(AFTER)

        os.replace = renaming
        sys.addaudithook(self.hear)

    def hear(self, event, told):
        """What the audit hook is: called before what it is told of is done."""
        if event in CHANGES and self.is_change(event, told):
            self.moment(CHANGES[event])

    def is_change(self, event, told):
        """Whether it is one, and in the training's folders."""
        if event == "open" and not told[2] & WRITING:
            return False
        path = told[0]
        # A name beside the descriptor of its folder, as shutil.rmtree has them, is told without that folder.
        of_folder = event in ("os.remove", "os.rmdir") and told[1] != -1
        return of_folder or (isinstance(path, str | Path) and os.path.abspath(path).startswith(self.place + os.sep))

    def moment(self, name):
        """One of them has come."""
        if self.file is not None:
            os.write(self.file, f"{name}\n".encode())
        if next(self.count) == self.last:
            self.end()

    def end(self):
        """Called at the last moment."""
        os.kill(os.getpid(), signal.SIGKILL)


def killed_at_each(only, every, seed, jobs, work):
    """End trainings at each moment, and resume them.

    Args:
        only: names of the trainings; `TRAININGS` without them.
        every: one in so many moments.
        seed: of the moments at which the resumed ones are ended again.
        jobs: trainings at a time.
        work: folder for what is made.

    Returns:
        The table, in Markdown, and what was lost.
    """
    names = only or TRAININGS
    warm_up(names)
    for name in needed(names):
        undisturbed(name, work)
    moments = {name: (work / f"{name}.moments").read_text().splitlines() for name in names}
    tasks = [(name, number) for name in names for number in range(0, len(moments[name]), every)]
    pids = []
    for job in range(jobs):
        pids.append(os.fork())
        if not pids[-1]:
            try:
                trials = [killed(*task, len(moments[task[0]]), seed, work) for task in tasks[job::jobs]]
                (work / f"trials{job}.json").write_text(json.dumps(trials))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
    ends = [os.waitpid(pid, 0)[1] for pid in pids]
    if any(ends):
        sys.exit("The soak itself failed.")
    done = [trial for job in range(jobs) for trial in json.loads((work / f"trials{job}.json").read_text())]
    lost = [trial for trial in done if trial["lost"]]
    return report(done, moments, only, every, seed), lost


def undisturbed(name, work):
    """A training as it is without a fault, with a state after each step; its moments are written down."""
    place = work / "undisturbed" / name
    shutil.rmtree(place, ignore_errors=True)
    fresh_place(name, work, place)
    child = Child(command(forms()[name]), place, eager=True, begin=Moments(record=work / f"{name}.moments"))
    if child.end():
        sys.exit(f"The undisturbed {name} ended with {child.code}: {child.said()}")


def killed(name, number, count, seed, work):
    """One training, ended at a moment, resumed, ended at a later one, resumed, compared; what to record of it."""
    form, place = forms()[name], work / "killed" / f"{name}-{number}"
    shutil.rmtree(place, ignore_errors=True)
    fresh_place(name, work, place)
    run = place / form.folder
    again = random.Random(f"{seed} {name} {number}").randrange(count)
    trial = {"name": name, "number": number, "again": False, "lost": ""}
    try:
        for time, last in enumerate((number, again, None)):
            child = Child(command(form, resume=run.exists()), place, eager=True, begin=Moments(last))
            child.end()
            if child.code == 0 and time > 0:
                break  # it was over before that moment
            if child.code != -signal.SIGKILL:
                raise Lost(f"it ended with {child.code}: {child.said()}")
            trial["again"] = time > 0
            check_readable(run)
        compare(work / "undisturbed" / name / form.folder, run)
    except (Lost, SeqganError) as lost:
        trial["lost"] = str(lost)
        shutil.copytree(place, work / "lost" / place.name, dirs_exist_ok=True)
    shutil.rmtree(place)
    print(trial, file=sys.stderr, flush=True)
    return trial


def report(done, moments, only, every, seed):
    """Markdown."""
    tried, lost = Counter(), Counter()
    for trial in done:
        for key in (("all", "all"), ("training", trial["name"]), ("moment", moments[trial["name"]][trial["number"]])):
            tried[key] += 1
            lost[key] += bool(trial["lost"])
    flags = (f" --only {' '.join(only)}" if only else "") + (f" --every {every}" if every > 1 else "")
    there = ", ".join(f"{name} {len(each)}" for name, each in moments.items())
    lines = [
        "Trainings with a state after each step, ended by SIGKILL at each moment around a change of a name on the "
        "disk, resumed, ended again at a random one, and resumed: each ended with the same bytes of weights, log "
        "(times left out) and samples as the undisturbed one and left no unfinished file, or was lost. After each end "
        "the folder was read as `seqgan report` and `--resume` do.",
        "",
        f"`python scripts/soak --renames --seed {seed}{flags}`; {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, torch {torch.__version__}. Moments: {there}. "
        f"{sum(trial['again'] for trial in done)} of the {len(done)} trainings were not yet over at the second end.",
    ]
    for kind in ("all", "training", "moment"):
        lines += ["", f"| {kind} | tried | survived | lost |", "| --- | --- | --- | --- |"]
        for (of_kind, key), count in tried.items():
            if of_kind == kind:
                lines.append(f"| {key} | {count} | {count - lost[kind, key]} | {lost[kind, key]} |")
    lines += ["", *(f"* lost: {trial}" for trial in done if trial["lost"])]
    return "\n".join(lines).rstrip() + "\n"
