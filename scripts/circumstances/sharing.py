"""Two processes on one run."""

from endurance.children import Lost, compare

from circumstances.place import (
    ADVERSARIAL,
    EPOCHS,
    PRETRAIN,
    ROUNDS,
    Circumstance,
    Place,
    go_on,
    logged,
    paused_at,
    wait,
)

WRITTEN = "is being written by the process"


def second_pretrain(place: Place) -> str:
    """Plain, with --resume and with --overwrite."""
    first = place.start(*PRETRAIN, EPOCHS)
    paused_at(first, logged(place / "runs/words"))
    for more in ((), ("--resume",), ("--overwrite",)):
        said = refused_beside(place, first, *PRETRAIN, EPOCHS, *more)
    return unharmed(place, first, "runs/words", said)


def second_adversarial(place: Place) -> str:
    """Of the same algorithm, so into the same folder."""
    place.with_pretrained()
    first = place.start(*ADVERSARIAL, ROUNDS)
    paused_at(first, logged(place / "runs/words/seqgan"))
    for more in ((), ("--resume",), ("--overwrite",)):
        said = refused_beside(place, first, *ADVERSARIAL, ROUNDS, *more)
    return unharmed(place, first, "runs/words/seqgan", said)


def refused_beside(place: Place, first, *arguments: str) -> str:
    """The line that another process on the run is refused with; the first one's files are not yet finished ones."""
    child = place.start(*arguments)
    code, said = wait(child), child.said()
    if code != 2 or WRITTEN not in said or len(said.splitlines()) != 1:
        go_on(first)
        raise Lost(f"a second process ended with {code}: {said}")
    return place.shown(said)


def unharmed(place: Place, first, run: str, said: str) -> str:
    """That the first ends as if it had been alone."""
    go_on(first)
    if wait(first):
        raise Lost(f"the first ended with {first.code}: {first.said()}")
    compare(place.base / run, place / run)
    place.nothing_half_written()
    return f"the second: {said} The first ended with the same bytes"


def read_meanwhile(place: Place) -> str:
    """Samples, a report and metrics while a training stands still in its midst, then samples while it goes on."""
    first = place.start(*PRETRAIN, EPOCHS)
    paused_at(first, logged(place / "runs/words", 2))
    place.ends("sample", "--run", "runs/words", "--count", "3", "--quiet")
    if not place.quick:
        place.ends("evaluate", "--run", "runs/words", "--count", "10", "--quiet")
        place.ends("report", "runs/words", "--quiet")
    go_on(first)
    while first.alive():
        place.ends("sample", "--run", "runs/words", "--count", "3", "--quiet")
    if first.code:
        raise Lost(f"the training ended with {first.code}: {first.said()}")
    compare(place.base / "runs/words", place / "runs/words")
    return "they read the run as it then was; the training ended with the same bytes"


CIRCUMSTANCES = [
    Circumstance("sharing", "a second `pretrain` into a run", second_pretrain, quick=True),
    Circumstance("sharing", "a second `adversarial` into a run", second_adversarial),
    Circumstance("sharing", "`sample`, `evaluate` and `report` of a run that is being trained", read_meanwhile),
]
