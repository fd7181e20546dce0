"""A text that is away for a while, and its encoded form likewise."""

import os
import shutil
import signal

from endurance.children import Lost, compare

from circumstances.place import (
    ADVERSARIAL,
    EPOCHS,
    PRETRAIN,
    ROUNDS,
    STREAMED,
    Circumstance,
    Place,
    go_on,
    logged,
    paused_at,
    wait,
)


def between_both_phases(place: Place) -> str:
    """Away after the pretraining; the adversarial one is refused before anything is written."""
    place.with_pretrained()
    shutil.move(place / "text", place / "elsewhere")
    said = place.refuses(*ADVERSARIAL, ROUNDS, says="text")
    if (place / "runs/words/seqgan").exists():
        raise Lost("a run was begun")
    shutil.move(place / "elsewhere", place / "text")
    place.ends(*ADVERSARIAL, ROUNDS)
    compare(place.base / "runs/words/seqgan", place / "runs/words/seqgan")
    return f"away: {said} Back: it ended with the same bytes"


def while_training(place: Place) -> str:
    """What is in memory needs its file no more."""
    child = place.start(*PRETRAIN, EPOCHS)
    paused_at(child, logged(place / "runs/words"))
    shutil.move(place / "text", place / "elsewhere")
    return goes_on_alike(place, child)


def while_streaming(place: Place) -> str:
    """Neither does what is encoded."""
    child = place.start(*STREAMED, EPOCHS)
    paused_at(child, logged(place / "runs/words"))
    shutil.move(place / "text", place / "elsewhere")
    return goes_on_alike(place, child)


def store_while_streaming(place: Place) -> str:
    """A deleted file stays as long as it is mapped."""
    child = place.start(*STREAMED, EPOCHS)
    paused_at(child, logged(place / "runs/words"))
    shutil.rmtree(place / "cache")
    return goes_on_alike(place, child)


def goes_on_alike(place: Place, child) -> str:
    """That it ends as the undisturbed one, which read its text into memory."""
    go_on(child)
    if wait(child):
        raise Lost(f"it ended with {child.code}: {child.said()}")
    compare(place.base / "runs/words", place / "runs/words")
    place.nothing_half_written()
    return "it went on and ended with the same bytes"


def killed_then_away(place: Place, command: list[str]) -> str:
    """SIGKILL in the midst; --resume without the text, then with it, and where there is one without the cache."""
    child = place.start(*command, EPOCHS)
    paused_at(child, logged(place / "runs/words", 2))
    os.kill(child.pid, signal.SIGKILL)
    child.end()
    shutil.move(place / "text", place / "elsewhere")
    said = place.refuses("pretrain", "--run", "runs/words", "--resume", "--quiet", says="text")
    shutil.move(place / "elsewhere", place / "text")
    shutil.rmtree(place / "cache", ignore_errors=True)
    own = ["--data.cache", "cache"] if command is STREAMED else []
    place.ends("pretrain", "--run", "runs/words", "--resume", "--quiet", *own)
    compare(place.base / "runs/words", place / "runs/words")
    place.nothing_half_written()
    return f"away: {said} Back: resumed, it ended with the same bytes"


CIRCUMSTANCES = [
    Circumstance("vanishing", "the text is away between `pretrain` and `adversarial`", between_both_phases, quick=True),
    Circumstance("vanishing", "the text goes away in the midst of `pretrain`, in memory", while_training),
    Circumstance("vanishing", "the text goes away in the midst of `pretrain`, streamed", while_streaming),
    Circumstance("vanishing", "the encoded text is deleted in the midst of streaming", store_while_streaming),
    Circumstance(
        "vanishing", "killed; the text is away at `--resume`", lambda place: killed_then_away(place, PRETRAIN)
    ),
    Circumstance(
        "vanishing",
        "killed while streaming; the text is away at `--resume`, then the encoded one",
        lambda place: killed_then_away(place, STREAMED),
    ),
]
