"""Bad corpora: every command that reads a text must say what is wrong, or read all of it."""

import gzip
import io
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bad_inputs.cases import EITHER, FINE, Case

WORDS = "a dog|the cat|two birds"
GOOD = [f"{a} {b} {c} ." for a in WORDS.split("|") for b in ("runs", "sleeps", "eats") for c in ("", "here", "well")]
SMALL = [
    *("--generator.embedding-size", "4", "--generator.hidden-size", "5", "--epochs", "1", "--quiet"),
    *("--device", "cpu", "--run", "made"),
]
PRETRAIN = ["pretrain", "--corpus"]


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def content(data: bytes | Callable[[], bytes], name: str = "c.txt") -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data() if callable(data) else data)


def no_run(folder: Path) -> str:
    return "a run was made" if (folder / "made").exists() else ""


def pairs(*rows: str) -> bytes:
    good = [f"{line}\tyes {line}" for line in GOOD]
    return text([*good, *rows])


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", "a b c\n" * 9)
    return buffer.getvalue()


# Contents that no command can take for a text, whatever it wants with it.
REFUSED: dict[str, bytes | Callable[[], bytes]] = {
    "empty": b"",
    "one line feed": b"\n",
    "blank lines": b"\n \n  \r\n\n",
    "byte-order mark only": b"\xef\xbb\xbf",
    "byte-order mark and blank lines": b"\xef\xbb\xbf\n\n",
    "NUL bytes": b"a b\nc\0d e\nf g\n",
    "NUL bytes alone": bytes(1000),
    "UTF-16 with a mark": "a b\nc d\n".encode("utf-16"),
    "UTF-16 without": "a b\nc d\n".encode("utf-16-le"),
    "UTF-32": "a b\nc d\n".encode("utf-32"),
    "Latin-1": "ä b\nc d\n".encode("latin-1"),
    "UTF-8 cut in a character": "a b\nc ä".encode()[:-1],
    "a surrogate in UTF-8": b"a b\n\xed\xa0\x80 d\n",
    "an overlong slash": b"a b\n\xc0\xaf d\n",
    "beyond Unicode": b"a b\n\xf4\x90\x80\x80 d\n",
    "random bytes": random.Random(0).randbytes(5000),
    "gzip": gzip.compress(text(GOOD)),
    "zip": archive,
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "parquet": b"PAR1\x15\x04\x15\x80\x00\xffPAR1",
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "tabs in a text": b"a\tb\nc\td\n",
}
# Nothing can be learnt from these, though a metric may count them.
TOO_LITTLE: dict[str, bytes | Callable[[], bytes]] = {
    "one sentence": b"a dog runs .\n",
    "one sentence without an end": b"a dog runs .",
    "all sentences alike": b"a dog runs .\n" * 50,
    "CR alone ends lines": b"a dog .\rthe cat .\rtwo birds .\r",
    "one word many times": b"a\na a\na a a\n",
}
READABLE: dict[str, bytes | Callable[[], bytes]] = {
    "two sentences": b"a dog runs .\nthe cat eats .\n",
    "no line feed at the end": text(GOOD)[:-1],
    "byte-order mark": b"\xef\xbb\xbf" + text(GOOD),
    "CRLF": text(GOOD).replace(b"\n", b"\r\n"),
    "mixed line ends": text(GOOD[:9]) + text(GOOD[9:]).replace(b"\n", b"\r\n"),
    "blank lines between": text(GOOD).replace(b"\n", b"\n\n \n"),
    "Unicode's line separators": text([line.replace(" ", "\u2028", 1) for line in GOOD]),
    "form feeds and vertical tabs": text([f"{line}\f\v x" for line in GOOD]),
    "escape sequences": text([f"\x1b]0;title\x07\x1b[2J{line}" for line in GOOD]),
    "bidirectional overrides": text([f"\u202e{line}\u2066" for line in GOOD]),
    "combining characters": text([f"{line}{'́' * 300}" for line in GOOD]),
    "other planes": text([f"{line} 𝒳 👩‍👩‍👧 \U0010ffff" for line in GOOD]),
    "noncharacters": text([f"{line} \ufdd0 \ufffe \u2581 \u2585" for line in GOOD]),
    "special symbols as words": text([f"{line} <unk> <s> </s> <pad> ▁ __eou__" for line in GOOD]),
    "HTML": text([f"{line} <script>alert(1)</script> &amp; \"' --></style>" for line in GOOD]),
    "markup of terminals' libraries": text([f"{line} [red]x[/red] [/] [link=x]" for line in GOOD]),
    "format strings": text([f"{line} %s %n {{}} {{0.__class__}} $HOME `id`" for line in GOOD]),
    "numbers alone": text([f"{i} {i * 7} {i**9}" for i in range(50)]),
    "one character a line": text([chr(97 + i % 26) for i in range(60)]),
    "lengths from one to thousands": text([" ".join(["x", "y"] * (1 + 700 * (i == 7))) + f" {i}" for i in range(30)]),
}
LARGE: dict[str, Callable[[], bytes]] = {
    "200,000 lines": lambda: b"".join(b"a dog runs here %d .\n" % (i % 5000) for i in range(200_000)),
    "one line of 1 MB": lambda: text(GOOD) + b"a dog " * 170_000 + b"\n",
    "one token of 1 MB": lambda: text(GOOD) + b"x" * 1_000_000 + b" y\n",
    "100,000 distinct types": lambda: b"".join(b"t%d t%d\n" % (i, i + 1) for i in range(0, 100_000, 2)),
    "200,000 blank lines": lambda: text(GOOD) + b"\n" * 200_000,
    "50,000 lines of one token": lambda: b"".join(b"%d\n" % (i % 97) for i in range(50_000)),
}
PAIRS_REFUSED: dict[str, bytes] = {
    "a line without a tab": pairs("no tab"),
    "two tabs": pairs("a\tb\tc"),
    "an empty target": pairs("a\t"),
    "an empty source": pairs("\tb"),
    "a blank source": pairs("  \tb"),
    "one pair": b"a\tb\n",
    "NUL in a pair": pairs("a\0\tb"),
    "tabs alone": b"\t\n\t\n",
    "not UTF-8 in a pair": pairs() + b"\xff\tb\n",
}
SPECIAL_FILES: dict[str, Callable[[Path], object]] = {
    "a pipe": lambda folder: os.mkfifo(folder / "c.txt"),
    "an endless device": lambda folder: os.symlink("/dev/zero", folder / "c.txt"),
    "a device that says nothing": lambda folder: os.symlink("/dev/null", folder / "c.txt"),
    "a link to itself": lambda folder: os.symlink("c.txt", folder / "c.txt"),
    "two links in a circle": lambda folder: (os.symlink("d", folder / "c.txt"), os.symlink("c.txt", folder / "d")),
    "a link to nothing": lambda folder: os.symlink("gone", folder / "c.txt"),
    "an empty folder": lambda folder: (folder / "c.txt").mkdir(),
    "a folder without train.*": lambda folder: (
        (folder / "c.txt").mkdir(),
        (folder / "c.txt" / "x.txt").write_text("a"),
    ),
    "a folder whose train.txt is a folder": lambda folder: (folder / "c.txt" / "train.txt").mkdir(parents=True),
    "a folder whose train.txt is empty": lambda folder: (
        (folder / "c.txt").mkdir(),
        (folder / "c.txt" / "train.txt").touch(),
    ),
    "a folder with two of train": lambda folder: (
        (folder / "c.txt").mkdir(),
        (folder / "c.txt" / "train.txt").write_bytes(text(GOOD)),
        (folder / "c.txt" / "train.md").write_bytes(text(GOOD)),
    ),
    "a folder with pairs and plain text": lambda folder: (
        (folder / "c.txt").mkdir(),
        (folder / "c.txt" / "train.tsv").write_bytes(pairs()),
        (folder / "c.txt" / "valid.txt").write_bytes(text(GOOD)),
    ),
    "a folder whose test.txt is damaged": lambda folder: (
        (folder / "c.txt").mkdir(),
        (folder / "c.txt" / "train.txt").write_bytes(text(GOOD)),
        (folder / "c.txt" / "test.txt").write_bytes(b"\xff\xfe\0"),
    ),
}
NAMES = {
    "an empty name": "",
    "no such file": "none.txt",
    "a misspelt corpus": "captoins",
    "a name of 300 letters": "x" * 300,
    "a path of 5,000 letters": "x/" * 2500,
    "a name with a line feed": "a\nb",
    "a name with an escape": "\x1b]0;x\x07none",
    "a name of no encoding": "\udcff\udcfe",
    "the root": "/",
    "a file as a folder": "good.txt/train.txt",
    "hf: alone": "hf:",
    "hf: of an unknown format": "hf:xml:good.txt",
    "hf: of no file": "hf:csv:none.csv",
    "hf: of a text as parquet": "hf:parquet:good.txt",
    "hf: of a text as JSON": "hf:json:good.txt",
    "hf: of a missing column": "hf:text:good.txt#other",
    "hf: of a field of no record": "hf:text:good.txt#text.en",
    "hf: of half a pair of columns": "hf:text:good.txt#text,",
    **{f"hf: of the builder {name}": f"hf:{name}" for name in ("pandas", "webdataset", "imagefolder", "csv", "cache/")},
    "embedded: of none": "embedded:none",
    "a web address": "https://example.org/a.txt",
}


def cases() -> Iterator[Case]:
    for name, data in {**REFUSED, **TOO_LITTLE}.items():
        yield Case("corpus", f"pretrain: {name}", content(data), [*PRETRAIN, "c.txt", *SMALL], check=no_run)
    for name, data in REFUSED.items():
        made = _beside(content(data))
        yield Case("corpus", f"valid: {name}", made, [*PRETRAIN, "good.txt", "--valid", "c.txt", *SMALL], check=no_run)
        yield Case("corpus", f"samples: {name}", made, ["evaluate", "--samples", "c.txt", "--references", "good.txt"])
        yield Case(
            "corpus", f"references: {name}", made, ["evaluate", "--samples", "good.txt", "--references", "c.txt"]
        )
        yield Case("corpus", f"inspect: {name}", made, ["inspect", "c.txt"])
    for name, data in READABLE.items():
        yield Case("corpus", f"pretrain: {name}", content(data), [*PRETRAIN, "c.txt", *SMALL], EITHER)
        yield Case("corpus", f"inspect: {name}", content(data), ["inspect", "c.txt"], FINE)
        for tokenizer in ("characters", "sentencepiece", "ids"):
            arguments = [*PRETRAIN, "c.txt", "--tokenizer", tokenizer, "--data.pieces", "40", *SMALL]
            yield Case("corpus", f"{tokenizer}: {name}", content(data), arguments, EITHER)
    for name, large in LARGE.items():
        # Models of 100,000 types are no part of loading: the plan and the training of one are refused or made elsewhere.
        yield Case("corpus", f"inspect: {name}", content(large), ["inspect", "c.txt"], FINE)
        yield Case("corpus", f"load: {name}", content(large), _load, FINE, "sentences")
    for name, data in PAIRS_REFUSED.items():
        yield Case("pairs", name, content(data, "c.tsv"), [*PRETRAIN, "c.tsv", *SMALL], check=no_run)
    for name, make in SPECIAL_FILES.items():
        for what, arguments in {
            "pretrain": [*PRETRAIN, "c.txt", *SMALL],
            "valid": [*PRETRAIN, "good.txt", "--valid", "c.txt", *SMALL],
            "inspect": ["inspect", "c.txt"],
            "references": ["evaluate", "--samples", "good.txt", "--references", "c.txt"],
            "config": [*PRETRAIN, "good.txt", "--config", "c.txt", *SMALL],
        }.items():
            yield Case("corpus", f"{what}: {name}", _beside(make), arguments, check=no_run)
    for name, corpus in NAMES.items():
        yield Case("corpus", f"pretrain: {name}", _beside(lambda _: None), [*PRETRAIN, corpus, *SMALL], check=no_run)
        yield Case("corpus", f"inspect: {name}", _beside(lambda _: None), ["inspect", corpus])
    yield from aligned()


def aligned() -> Iterator[Case]:
    short, good = text(GOOD[:-1]), text(GOOD)
    blank = text([*GOOD[:5], "", *GOOD[6:]])
    for name, (left, right) in {
        "one line less": (good, short),
        "one line more": (short, good),
        "a blank target": (good, blank),
        "a blank source": (blank, good),
        "an empty source": (b"", good),
        "a NUL in the source": (good.replace(b"dog", b"d\0g", 1), good),
    }.items():

        def make(folder: Path, left: bytes = left, right: bytes = right) -> None:
            (folder / "s.txt").write_bytes(left)
            (folder / "t.txt").write_bytes(right)
            (folder / "p.en").write_bytes(left)
            (folder / "p.de").write_bytes(right)

        yield Case("pairs", f"two files: {name}", make, [*PRETRAIN, "t.txt", "--source", "s.txt", *SMALL], check=no_run)
        extensions = ["--source", "en", "--target", "de"]
        yield Case("pairs", f"extensions: {name}", make, [*PRETRAIN, "p", *extensions, *SMALL], check=no_run)
    both = _beside(lambda folder: (folder / "c.tsv").write_bytes(pairs()))
    for name, arguments in {
        "the same file twice": ["good.txt", "--source", "good.txt"],
        "no such source": ["good.txt", "--source", "none.txt"],
        "a target without a source": ["good.txt", "--target", "de"],
        "equal extensions": ["good.txt", "--source", "de", "--target", "de"],
        "a source for a .tsv": ["c.tsv", "--source", "good.txt"],
        "plain valid for pairs": ["c.tsv", "--valid", "good.txt"],
        "pairs to validate plain text": ["good.txt", "--valid", "c.tsv"],
        "turns of plain text": ["good.txt", "--data.turns", "2"],
        "a turn separator with a space": ["c.tsv", "--data.turn-separator", "a b"],
        "an empty turn separator": ["c.tsv", "--data.turn-separator", ""],
        "ids of pairs": ["c.tsv", "--tokenizer", "ids"],
        "a generator of plain text": ["c.tsv", "--generator", "lstm"],
        "a generator of pairs for plain text": ["good.txt", "--generator", "seq2seq-gru"],
        "a shared vocabulary of plain text": ["good.txt", "--data.shared-vocabulary"],
    }.items():
        yield Case("pairs", name, both, [*PRETRAIN, *arguments, *SMALL], check=no_run)


def _beside(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """The same, with a good text beside it."""

    def both(folder: Path) -> None:
        (folder / "good.txt").write_bytes(text(GOOD))
        make(folder)

    return both


def _load() -> str:
    """What every training begins with; and no line of a text is lost without a word."""
    from seqgan.build import build_text
    from seqgan.settings.data import DataConfig

    read = build_text(DataConfig(corpus="c.txt"))
    lines = sum(1 for line in Path("c.txt").read_bytes().split(b"\n") if line.strip())
    kept = len(read.corpus.train) + len(read.corpus.valid)
    left_out = [note for note in read.notes if "left out" in note]
    if kept != lines and not left_out:
        raise AssertionError(f"{lines} lines became {kept} sentences, and nothing was said")
    return f"{kept} sentences; {' '.join(read.notes)}"
