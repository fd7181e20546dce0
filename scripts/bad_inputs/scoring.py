"""Bad inputs of `seqgan score` and `seqgan sample --best-of`: runs without a judge, odd lines, files that do not fit."""

import contextlib
import functools
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bad_inputs.cases import FINE, Case
from bad_inputs.run_folders import CHILD, PAIRS, PARENT, TINY_GAN, base, copied, cut, edit, gone, write
from seqgan.cli.main import main

LINES = "a dog runs .\nthe cat sleeps here .\n"
QUIET = ["--device", "cpu", "--quiet"]
SCORE = ["score", "--run", "r", "--input", "lines.txt", "--output", "out.txt", *QUIET]
OF_PAIRS = [*SCORE[:-2], "--quiet", "--device", "cpu"]


@functools.cache
def played() -> Path:
    """Further adversarial runs, trained once: of pairs, one that compares, and one without a discriminator."""
    folder = Path(tempfile.mkdtemp(prefix="seqgan-bad-inputs-"))
    for name in (PARENT, PAIRS):
        shutil.copytree(base() / name, folder / name)
    alone = ["--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.evaluate-samples", "4", *QUIET]
    for command in (
        ["adversarial", "--run", str(folder / PAIRS), "--name", "child", *TINY_GAN],
        ["adversarial", "--run", str(folder / PARENT), "--algo", "spin", *alone, "--no-verdict"],
    ):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(command)
        if code:
            raise RuntimeError(f"{command}: {said.getvalue()}")
    return folder


def of_pairs(damage: Callable[[Path], object] = lambda _: None) -> Callable[[Path], object]:
    return _from(lambda: played() / PAIRS / "child", damage)


def of_plain(damage: Callable[[Path], object] = lambda _: None) -> Callable[[Path], object]:
    return _from(lambda: base() / CHILD, damage)


def _from(run: Callable[[], Path], damage: Callable[[Path], object]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        shutil.copytree(run(), folder / "r")
        (folder / "lines.txt").write_text(LINES)
        (folder / "pairs.tsv").write_text("a dog runs\tyes a dog\nthe cat\tyes the cat\n")
        damage(folder)

    return make


def lines(content: bytes | str) -> Callable[[Path], object]:
    return lambda folder: (folder / "lines.txt").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


def as_many_lines(folder: Path) -> str:
    """No line is lost, and none is joined with another."""
    given, found = ((folder / name).read_bytes() for name in ("lines.txt", "out.txt"))
    wanted = given.count(b"\n") + (not given.endswith(b"\n"))
    if found.count(b"\n") != wanted:
        return f"{wanted} lines became {found.count(chr(10).encode())}"
    return ""


def nothing_written(folder: Path) -> str:
    return "something was written" if (folder / "out.txt").exists() else ""


REFUSED: dict[str, bytes | str] = {
    "empty": b"",
    "not UTF-8 in the last line": b"a dog\n" * 5000 + b"\xff\n",
    "UTF-16": "a dog\nthe cat\n".encode("utf-16"),
    "a NUL byte": b"a d\0g\n",
    "a tab in a line": b"a dog\truns\n",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
}
JUDGED: dict[str, bytes | str] = {
    "blank lines": "\n \na dog\n\n",
    "one line feed": "\n",
    "no line feed at the end": "a dog\nthe cat",
    "CRLF": "a dog\r\nthe cat\r\n",
    "a byte-order mark": b"\xef\xbb\xbfa dog\n",
    "words that nobody knows": "zebra quagga\n",
    "one line of 1 MB": "a dog " * 170_000 + "\n",
    "one token of 1 MB": "x" * 1_000_000 + "\n",
    "20,000 lines": LINES * 10_000,
    "escape sequences": "\x1b[2J a dog\n",
    "Unicode's line separators": "a\u2028dog\u0085cat\n",
}
FLAGS: dict[str, list[str]] = {
    "no run": ["score", "--input", "lines.txt"],
    "no such run": ["score", "--run", "none", "--input", "lines.txt"],
    "no such input": [*SCORE[:3], "--input", "none.txt"],
    "a folder as input": [*SCORE[:3], "--input", "."],
    "a device as input": [*SCORE[:3], "--input", "/dev/zero"],
    "output onto the input": [*SCORE[:5], "--output", "lines.txt"],
    "output onto the input by a link": [*SCORE[:5], "--output", "link.txt"],
    "output onto the run's weights": [*SCORE[:5], "--output", "r/discriminator.safetensors"],
    "output is a folder": [*SCORE[:5], "--output", "r"],
    "output into no folder": [*SCORE[:5], "--output", "no/where"],
    "output to a device": [*SCORE[:5], "--output", "/dev/null"],
    "a source for plain text": [*SCORE, "--source", "lines.txt"],
    "a logit for each token of a cnn": [*SCORE, "--per-token"],
    "an unknown device": [*SCORE[:5], "--device", "tpu"],
    "both from standard input": [*SCORE[:3], "--input", "-", "--source", "-"],
    "the best of none": ["sample", "--run", "r", "--best-of", "0"],
    "the best of a beam": ["sample", "--run", "r", "--best-of", "2", "--beam", "2"],
    "the best of a million": ["sample", "--run", "r", "--best-of", "1000000"],
    "the best of half": ["sample", "--run", "r", "--best-of", "1.5"],
    "scores of a beam": ["sample", "--run", "r", "--scores", "--beam", "2"],
}


def cases() -> Iterator[Case]:
    for name, content in REFUSED.items():
        yield Case("score", name, of_plain(lines(content)), SCORE, check=nothing_written)
    for name, content in JUDGED.items():
        yield Case("score", name, of_plain(lines(content)), SCORE, FINE, check=as_many_lines)
    carriage = of_plain(lines("a dog .\rthe cat .\rtwo birds .\r"))
    loud = [argument for argument in SCORE if argument != "--quiet"]
    yield Case("score", "CR alone ends lines", carriage, loud, FINE, "convert it to LF", check=as_many_lines)
    for name, flags in FLAGS.items():
        made = of_plain(lambda folder: os.symlink("lines.txt", folder / "link.txt"))
        yield Case("score", name, made, flags, check=nothing_written)
    for name, content in {"piped lines": LINES.encode(), "a piped blank line": b"\n"}.items():
        yield Case("score", name, of_plain(), [*SCORE[:3], *QUIET], FINE, stdin=content)
    for name, content in {"nothing is piped": b"", "piped bytes that are no UTF-8": b"\xff\xfe\n"}.items():
        yield Case("score", name, of_plain(), [*SCORE[:3], *QUIET], stdin=content)
    for name, damage in {
        "weights gone": gone("discriminator.safetensors"),
        "weights cut": cut("discriminator.safetensors", 0.5),
        "weights of the generator": lambda run: shutil.copy(
            run / "generator.safetensors", run / "discriminator.safetensors"
        ),
        "weights that are text": write("discriminator.safetensors", "hello"),
        "another vocabulary": write("vocabulary.txt", "seqgan vocabulary 1\na\ndog\n"),
        "another size": edit("config.yaml", "filters: 0.02", "filters: 0.04"),
        "an unknown discriminator": edit("config.yaml", "name: cnn", "name: cnnn"),
        "no discriminator in the settings": edit("config.yaml", "discriminator:", "nothing:"),
    }.items():
        made = of_plain(lambda folder, damage=damage: damage(folder / "r"))
        yield Case("score", f"the judge: {name}", made, SCORE, check=nothing_written)
    pretrained = copied(PARENT, lambda run: (run.parent / "lines.txt").write_text(LINES))
    yield Case("score", "a pretrained run", pretrained, SCORE, says="pretrained only")
    alone = _from(lambda: played() / PARENT / "spin", lambda _: None)
    yield Case("score", "a run of self-play", alone, SCORE, says="which has no discriminator")
    yield Case("score", "the best of self-play", alone, ["sample", "--run", "r", "--best-of", "2", *QUIET])
    yield from pairs()


def pairs() -> Iterator[Case]:
    together = ["score", "--run", "r", "--input", "pairs.tsv", "--output", "out.txt", *QUIET]
    apart = ["score", "--run", "r", "--input", "t.txt", "--source", "s.txt", "--output", "out.txt", *QUIET]
    yield Case("score", "pairs", of_pairs(), together, FINE)
    for name, content in {
        "a line without a tab": "a dog runs\n",
        "two tabs": "a\tb\tc\n",
        "a blank source": " \tb\n",
        "no line": "",
    }.items():
        made = of_pairs(lambda folder, content=content: (folder / "pairs.tsv").write_text(content))
        yield Case("score", f"pairs: {name}", made, together, check=nothing_written)
    for name, (sources, targets) in {
        "a source less": ("a dog\n", LINES),
        "a source more": (LINES, "a dog\n"),
        "no sources": ("", LINES),
        "a blank source apart": ("a dog\n\n", LINES),
        "tabs in the targets": (LINES, "a\tb\nc\td\n"),
        "sources that are no UTF-8": (b"a\n\xff\n", LINES),
    }.items():

        def make(folder: Path, sources: bytes | str = sources, targets: str = targets) -> None:
            (folder / "s.txt").write_bytes(sources if isinstance(sources, bytes) else sources.encode())
            (folder / "t.txt").write_text(targets)

        said = "s.txt, line 2" if name == "a blank source apart" else ""
        yield Case("score", f"pairs: {name}", of_pairs(make), apart, says=said, check=nothing_written)
    blank = of_pairs(lambda folder: (folder / "pairs.tsv").write_text("a dog\t\nthe cat\tyes\n"))
    yield Case("score", "pairs: a blank target is an empty answer", blank, together, FINE)
    best = ["sample", "--run", "r", "--best-of", "2", *QUIET]
    yield Case("score", "pairs: the best without sources", of_pairs(), best)
    yield Case("score", "pairs: the best of a count", of_pairs(), [*best, "--source", "lines.txt", "--count", "2"])
