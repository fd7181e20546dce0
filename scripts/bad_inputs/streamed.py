"""Bad texts that are read from the disk: folders of parts, damage in the middle of one, parts that change under way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from bad_inputs.cases import EITHER, FINE, Case
from bad_inputs.texts import GOOD, LARGE, REFUSED, SMALL, content, no_run, text

STREAM = ["--data.streaming", "always", "--data.workers", "1", "--data.cache", "cache"]
PRETRAIN = ["pretrain", "--corpus"]
Make = Callable[[Path], object]


def parts(*contents: bytes, valid: bytes | None = None) -> Make:
    """A folder `c` of parts."""

    def make(folder: Path) -> None:
        (folder / "c" / "train").mkdir(parents=True)
        for number, data in enumerate(contents):
            (folder / "c" / "train" / f"{number}.txt").write_bytes(data)
        if valid is not None:
            (folder / "c" / "valid.txt").write_bytes(valid)

    return make


def beside(make: Make, more: Make) -> Make:
    return lambda folder: (make(folder), more(folder))


def linked(folder: Path) -> None:
    os.symlink("nowhere.txt", folder / "c" / "train" / "3.txt")


WHOLE = parts(text(GOOD), text([f"{line} there" for line in GOOD]))
REFUSED_PARTS: dict[str, Make] = {
    "broken UTF-8 in the middle of a part": parts(text(GOOD), text(GOOD[:9]) + b"a \xff b\n" + text(GOOD)),
    "broken UTF-8 at the end of a part": parts(text(GOOD) + b"a \xc3", text(GOOD)),
    "a character over the end of a part": parts(text(GOOD) + b"a \xc3", b"\xa4 b\n" + text(GOOD)),
    "a NUL byte in a part": parts(text(GOOD), text(GOOD) + b"a\0b\n"),
    "a tab in a part": parts(text(GOOD), text(GOOD) + b"a\tb\n"),
    "a part that is zipped": parts(text(GOOD), b"PK\x03\x04\xff\xfe"),
    "a part that is gzipped": parts(text(GOOD), b"\x1f\x8b\x08\0\0"),
    "a part in UTF-16": parts(text(GOOD), "a b\nc d\n".encode("utf-16")),
    "all parts empty": parts(b"", b""),
    "no parts": parts(),
    "blank lines alone": parts(b"\n \n", b"\n"),
    "CR alone ends lines": parts(b"\r".join(line.encode() for line in GOOD)),
    "one sentence": parts(b"a dog runs .\n"),
    "all sentences alike": parts(b"a dog\n" * 50, b"a dog\n" * 50),
    "a missing part": beside(WHOLE, linked),
    "a folder among the parts": beside(WHOLE, lambda folder: (folder / "c" / "train" / "more").mkdir()),
    "a pipe among the parts": beside(WHOLE, lambda folder: os.mkfifo(folder / "c" / "train" / "p.txt")),
    "two validation texts": beside(
        WHOLE, lambda folder: [content(text(GOOD), f"c/{n}.txt")(folder) for n in ("valid", "dev")]
    ),
    "a validation text in pairs": beside(WHOLE, content(b"a\tb\n", "c/valid.tsv")),
    "a validation text that is damaged": parts(text(GOOD), valid=b"a\n\xff\n"),
    "an empty validation text": parts(text(GOOD), valid=b""),
    "a validation text that is a link to nothing": beside(
        WHOLE, lambda folder: os.symlink("gone", folder / "c" / "valid.txt")
    ),
    "a damaged test text": beside(WHOLE, content(b"\xff\xfe", "c/test.txt")),
    "parts of pairs": parts(b"a\tb\n" * 20),
}
READ_PARTS: dict[str, tuple[Make, int]] = {
    "an empty part": (parts(text(GOOD), b"", text(GOOD)), 2 * len(GOOD)),
    "a part of blank lines": (parts(text(GOOD), b"\n \n"), len(GOOD)),
    "a part without a line feed at its end": (parts(text(GOOD)[:-1], text(GOOD)), 2 * len(GOOD)),
    "CRLF in one part": (parts(text(GOOD).replace(b"\n", b"\r\n"), text(GOOD)), 2 * len(GOOD)),
    "a byte-order mark in each part": (parts(*[b"\xef\xbb\xbf" + text(GOOD)] * 2), 2 * len(GOOD)),
    "a hidden file among the parts": (beside(parts(text(GOOD)), content(b"\xff", "c/train/.swap")), len(GOOD)),
    "a file beside the parts, which wins": (beside(WHOLE, content(text(GOOD), "c/train.txt")), len(GOOD)),
    "300 parts": (parts(*[text(GOOD[:3])] * 300), 900),
    "CR alone in one of the parts": (parts(text(GOOD), b"x y\rz\ra b"), len(GOOD) + 1),
}
BLANK = ("an empty part", "a part of blank lines")
HELD_OUT = b"a dog runs here now .\nthe cat sleeps .\n"
SINGLE: dict[str, Make] = {
    "a pipe": lambda folder: os.mkfifo(folder / "c"),
    "an endless device": lambda folder: os.symlink("/dev/zero", folder / "c"),
    "a link to nothing": lambda folder: os.symlink("gone", folder / "c"),
    "a line without an end": content(lambda: b"a " * 2**26 + b"\n" + text(GOOD), "c"),
}
FLAGS: dict[str, list[str]] = {
    "an unknown way": ["--data.streaming", "sometimes"],
    "of ids": [*STREAM, "--tokenizer", "ids"],
    "of an unknown tokenizer": [*STREAM, "--tokenizer", "word"],
    "a cache that is a file": [*STREAM[:-1], "c/train/0.txt"],
    "a cache in /proc": [*STREAM[:-1], "/proc/x"],
    "more sources": [*STREAM, "--source", "c/train/0.txt"],
    "a validation text that is gone": [*STREAM, "--valid", "none.txt"],
    "sentences that are all too long": [*STREAM, "--data.max-length", "1", "--data.too-long", "drop"],
    "workers below none": [*STREAM, "--data.workers", "-1"],
}


def cases() -> Iterator[Case]:
    for name, make in REFUSED_PARTS.items():
        yield Case("streamed", name, make, [*PRETRAIN, "c", *STREAM, *SMALL], check=no_run)
        yield Case("streamed", f"in memory: {name}", make, [*PRETRAIN, "c", *SMALL], check=no_run)
    for name, (make, sentences) in READ_PARTS.items():
        made = beside(make, content(HELD_OUT, "c/valid.txt"))
        for streaming in ("always", "never"):
            # In memory each part is a file, which holds a sentence at least.
            codes = EITHER if streaming == "never" and name in BLANK else FINE
            yield Case("streamed", f"{streaming}: {name}", made, lambda s=streaming, n=sentences: _load(s, n), codes)
    for name, data in REFUSED.items():
        yield Case("streamed", f"a file: {name}", content(data, "c"), [*PRETRAIN, "c", *STREAM, *SMALL], check=no_run)
    for name, make in SINGLE.items():
        yield Case("streamed", f"a file: {name}", make, [*PRETRAIN, "c", *STREAM, *SMALL], check=no_run)
    for name, flags in FLAGS.items():
        yield Case("streamed", name, WHOLE, [*PRETRAIN, "c", *flags, *SMALL], check=no_run)
    pieces = [*STREAM, "--tokenizer", "sentencepiece", "--data.pieces", "100000"]
    said = "and not the 100,000 asked for"
    loud = [flag for flag in SMALL if flag != "--quiet"]
    yield Case("streamed", "more pieces than there are", WHOLE, [*PRETRAIN, "c", *pieces, *loud], FINE, said)
    for name in ("captions", "hf:text:c", "c.tsv"):
        made = content(b"a\tb\n" * 9, "c.tsv")
        yield Case("streamed", f"always: {name}", made, [*PRETRAIN, name, *STREAM, *SMALL], check=no_run)
    for name, large in LARGE.items():
        made = beside(content(large, "c"), content(lambda large=large: first_lines(large()), "valid.txt"))
        yield Case("streamed", f"load: {name}", made, lambda large=large: _load("always", lines_in(large())), FINE)
    for name, change in {
        "cut": lambda path: path.write_bytes(path.read_bytes()[:30]),
        "emptied": lambda path: path.write_bytes(b""),
        "longer": lambda path: path.write_bytes(path.read_bytes() + b"more\n"),
        "another": lambda path: path.write_bytes(path.read_bytes().upper()),
        "gone": lambda path: path.unlink(),
        "a folder": lambda path: (path.unlink(), path.mkdir()),
    }.items():
        for step in ("scan_text", "encode_text"):
            what = f"a part that is {name} before {step}"
            yield Case("streamed", what, WHOLE, lambda change=change, step=step: _changing(change, step))


def first_lines(data: bytes) -> bytes:
    return b"\n".join(data.split(b"\n", 3)[:3]) + b"\n"


def lines_in(data: bytes) -> int:
    return sum(1 for line in data.split(b"\n") if line.strip())


def _load(streaming: str, sentences: int | None) -> str:
    """No line of a text is lost without a word, nor joined with another."""
    from seqgan.build import build_text
    from seqgan.settings.data import DataConfig

    valid = "valid.txt" if Path("valid.txt").exists() else None
    read = build_text(DataConfig(corpus="c", valid=valid, streaming=streaming, workers=1, cache="cache"))
    kept = read.train.sentences
    if sentences is not None and kept != sentences:
        raise AssertionError(f"{sentences} lines became {kept} sentences, and nothing was said")
    return f"{kept} sentences; {' '.join(read.notes)}"


def _changing(change: Callable[[Path], object], step: str) -> str:
    """Read a text of which somebody changes a part before it is read, or between its two readings."""
    from seqgan.data import streamed

    usual = getattr(streamed, step)

    def changed_first(*arguments: object, **given: object) -> object:
        change(Path("c/train/1.txt"))
        return usual(*arguments, **given)

    setattr(streamed, step, changed_first)
    try:
        return _load("always", None)
    finally:
        setattr(streamed, step, usual)
