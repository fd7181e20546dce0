"""Trainings by two processes, and with another number of them after a kill."""

import atexit
import os
import signal
import subprocess
import sys
import time

import torch.distributed as dist
from endurance.children import Child, Lost, check_readable, compare
from endurance.memory import tree

from circumstances.place import (
    ADVERSARIAL,
    EPOCHS,
    LAST_SECONDS,
    PRETRAIN,
    ROUNDS,
    Circumstance,
    Place,
    go_on,
    logged,
    paused_at,
    wait,
)
from seqgan.runs import read_metrics

CPU = ["--device", "cpu"]
MORE_EPOCHS, MORE_ROUNDS = "12", "6"


def meeting_place() -> str:
    """The port at which processes find each other; as a launcher's, it outlives them."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        os.write(write, str(store.port).encode())
        while True:
            signal.pause()
    os.close(write)
    atexit.register(os.kill, pid, signal.SIGKILL)
    with os.fdopen(read) as port:
        return port.read(5)


def together(place: Place, *arguments: str) -> list[Child]:
    """The command in two processes, which are told what torchrun tells them."""
    port = meeting_place()

    def told(rank: int):
        shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        shared |= {"TORCHELASTIC_USE_AGENT_STORE": "True"}
        return lambda: os.environ.update({**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})

    return [place.start(*arguments, *CPU, begin=told(rank)) for rank in range(2)]


def all_end(children: list[Child]) -> None:
    """That they end well."""
    codes = [wait(child) for child in children]
    if any(codes):
        raise Lost(f"they ended with {codes}: {' '.join(child.said() for child in children)}")


def killed(children: list[Child], run, lines: int) -> None:
    """SIGKILL to the second one, once the log has so many lines: the first leaves in one line."""
    paused_at(children[1], logged(run, lines))
    os.kill(children[1].pid, signal.SIGKILL)
    wait(children[1])
    code, said = wait(children[0]), children[0].said()
    if code != 2 or len(said.splitlines()) != 1 or "lost another one" not in said:
        raise Lost(f"the one that was left ended with {code}: {said}")
    check_readable(run)


def steps(place: Place, run: str, phase: str, last: str) -> None:
    """That each step is in the log once, up to the last."""
    lines = [line["step"] for line in read_metrics(place / run / "metrics.jsonl") if line["phase"] == phase]
    if lines != list(range(0 if phase == "adversarial" else 1, int(last) + 1)):
        raise Lost(f"the log has the steps {lines}")
    place.nothing_half_written()


def two_then_one(place: Place) -> str:
    """Pretraining and adversarial training, each begun by two and ended by one."""
    killed(together(place, *PRETRAIN, MORE_EPOCHS), place / "runs/words", 2)
    place.ends("pretrain", "--run", "runs/words", "--resume", "--quiet", "--epochs", MORE_EPOCHS, *CPU)
    steps(place, "runs/words", "pretrain", MORE_EPOCHS)
    if place.quick:
        return "the other left in one line; one process went on to the end"
    killed(together(place, *ADVERSARIAL, MORE_ROUNDS), place / "runs/words/seqgan", 3)
    place.ends(*ADVERSARIAL, MORE_ROUNDS, "--resume", *CPU)
    steps(place, "runs/words/seqgan", "adversarial", MORE_ROUNDS)
    return "the other left in one line; one process went on to the end, in both phases"


def one_then_two(place: Place) -> str:
    """The other way about."""
    child = place.start(*PRETRAIN, MORE_EPOCHS, *CPU)
    paused_at(child, logged(place / "runs/words", 2))
    os.kill(child.pid, signal.SIGKILL)
    child.end()
    all_end(together(place, "pretrain", "--run", "runs/words", "--resume", "--quiet", "--epochs", MORE_EPOCHS))
    steps(place, "runs/words", "pretrain", MORE_EPOCHS)
    child = place.start(*ADVERSARIAL, MORE_ROUNDS, *CPU)
    paused_at(child, logged(place / "runs/words/seqgan", 3))
    os.kill(child.pid, signal.SIGKILL)
    child.end()
    all_end(together(place, *ADVERSARIAL, MORE_ROUNDS, "--resume"))
    steps(place, "runs/words/seqgan", "adversarial", MORE_ROUNDS)
    return "two processes went on to the end, in both phases"


def two_then_two(place: Place) -> str:
    """Which equals two that were not disturbed."""
    all_end(together(place, *PRETRAIN, MORE_EPOCHS))
    os.rename(place / "runs/words", place / "unbroken")
    killed(together(place, *PRETRAIN, MORE_EPOCHS), place / "runs/words", 2)
    all_end(together(place, *PRETRAIN, MORE_EPOCHS, "--resume"))
    compare(place / "unbroken", place / "runs/words")
    return "resumed by two, it ended with the bytes of two that nothing disturbed"


def uneven(place: Place, count: int, batch: int) -> str:
    """So many lines, in batches of so many: trained, or refused by all in one line."""
    text = place / "text/train.txt"
    text.write_text("".join(text.read_text().splitlines(keepends=True)[:count]))
    seen = []
    phases = (
        (PRETRAIN, EPOCHS, "pretrain", "runs/words"),
        (ADVERSARIAL, ROUNDS, "adversarial", "runs/words/seqgan"),
    )
    for command, last, phase, run in phases:
        children = together(place, *command, last, f"--{phase}.batch-size", str(batch))
        codes, said = [wait(child) for child in children], " ".join(child.said() for child in children).strip()
        if codes == [2, 2] and said.startswith("seqgan: error") and said.count("\n") == 0:
            seen.append(f"`{phase}`: {place.shown(said)}")
            break
        all_end(children)
        steps(place, run, phase, last)
        seen.append(f"`{phase}` to its end")
    return "; ".join(seen)


def second_launch(place: Place) -> str:
    """Two processes more on a run that two processes write."""
    first = together(place, *PRETRAIN, MORE_EPOCHS)
    paused_at(first[0], logged(place / "runs/words"))
    others = together(place, *PRETRAIN, MORE_EPOCHS, "--resume")
    codes = [wait(others[0])]
    if others[1].alive():  # as torchrun does once one of them has ended badly
        os.kill(others[1].pid, signal.SIGTERM)
    codes.append(wait(others[1]))
    said = " ".join(child.said() for child in others).strip()
    go_on(first[0])
    all_end(first)
    steps(place, "runs/words", "pretrain", MORE_EPOCHS)
    if 0 in codes or "is being written by" not in said or said.count("seqgan: ") != 1:
        raise Lost(f"the others ended with {codes}: {said}")
    return f"the others: {place.shown(said)} The first two ended well"


def by_torchrun(place: Place) -> str:
    """With the launcher itself: SIGKILL to a process, then one process goes on."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "--", "seqgan"]
    said = place.folder.with_name(f"{place.folder.name}.torchrun")
    with said.open("wb") as output:
        command = [*launcher, *PRETRAIN, "100000", *CPU]
        process = subprocess.Popen(command, cwd=place.folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for_log(process, place, said)
        inner = [pid for pid in tree(process.pid) if pid != process.pid]
        os.kill(max(inner), signal.SIGKILL)
        code = process.wait(LAST_SECONDS)
    finally:
        process.kill()
    text = said.read_text()
    if code == 0 or text.count("seqgan: error") > 1:
        raise Lost(f"the launcher ended with {code}: {text}")
    done = read_metrics(place / "runs/words/metrics.jsonl")[-1]["step"]
    last = str(done + 2)
    place.ends("pretrain", "--run", "runs/words", "--resume", "--quiet", "--epochs", last, *CPU)
    steps(place, "runs/words", "pretrain", last)
    return f"torchrun left with {code}; one process went on"


def wait_for_log(process, place: Place, said) -> None:
    """Until two epochs are logged."""
    until, there = time.monotonic() + LAST_SECONDS, logged(place / "runs/words", 2)
    while not there():
        if process.poll() is not None or time.monotonic() > until:
            raise Lost(f"no epoch was made: {said.read_text()}")
        time.sleep(0.05)


CIRCUMSTANCES = [
    Circumstance("worlds", "two processes, one killed, resumed by one", two_then_one, quick=True),
    Circumstance("worlds", "one process, killed, resumed by two", one_then_two),
    Circumstance("worlds", "two processes, one killed, resumed by two", two_then_two),
    Circumstance("worlds", "two processes by `torchrun`, one killed, resumed by one", by_torchrun),
    Circumstance("worlds", "two processes more on the run of two", second_launch),
    *(
        Circumstance(
            "worlds",
            f"two processes, {count} sentences, batches of {batch}",
            lambda place, count=count, batch=batch: uneven(place, count, batch),
        )
        for count, batch in ((15, 4), (13, 5), (3, 64), (2, 8), (1, 8), (16, 1))
    ),
]
