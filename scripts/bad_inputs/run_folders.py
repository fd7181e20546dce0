"""Damaged and foreign run folders, and files with code in them wherever a file is read."""

import functools
import hashlib
import io
import json
import os
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import torch

from bad_inputs.cases import EITHER, FINE, Canary, Case
from bad_inputs.texts import GOOD, pairs, text
from seqgan.cli.main import main
from seqgan.generators.oracle import load_oracle

PARENT, CHILD, PIECES, PAIRS = "parent", "parent/child", "pieces", "pairs"
"""The runs that cases are copies of: pretrained, its child, one of subwords, and one of pairs."""
TINY = [
    "--generator.embedding-size",
    "4",
    "--generator.hidden-size",
    "5",
    "--epochs",
    "2",
    "--device",
    "cpu",
    "--quiet",
]
TINY_GAN = [
    *(
        "--rounds",
        "1",
        "--adversarial.batch-size",
        "4",
        "--adversarial.rollouts",
        "1",
        "--discriminator.filters",
        "0.02",
    ),
    *(
        "--adversarial.warmup-steps",
        "1",
        "--adversarial.evaluate-samples",
        "4",
        "--adversarial.discriminator-steps",
        "1",
    ),
    *("--adversarial.discriminator-pool", "4", "--no-verdict", "--device", "cpu", "--quiet"),
]
SAMPLE = ["sample", "--run", "r", "--count", "2", "--device", "cpu", "--quiet"]
RESUME = ["pretrain", "--run", "r", "--resume", "--epochs", "3", "--device", "cpu", "--quiet"]
RESUME_CHILD = ["adversarial", "--run", "r", "--name", "child", "--resume", "--rounds", "2", *TINY_GAN[2:]]
EVALUATE = ["evaluate", "--run", "r", "--count", "4", "--device", "cpu", "--quiet", "--metrics", "bleu"]
REPORT = ["report", "r", "--quiet"]
EVERYBODY = {"sample": SAMPLE, "resume": RESUME, "evaluate": EVALUATE, "report": REPORT}
Make = Callable[[Path], object]


@functools.cache
def base() -> Path:
    """The runs, trained once."""
    folder = Path(tempfile.mkdtemp(prefix="seqgan-bad-inputs-"))
    (folder / "good.txt").write_bytes(text(GOOD))
    (folder / "pairs.tsv").write_bytes(pairs())
    corpus, paired = str(folder / "good.txt"), str(folder / "pairs.tsv")
    commands = [
        ["pretrain", "--corpus", corpus, "--run", str(folder / PARENT), *TINY],
        ["adversarial", "--run", str(folder / PARENT), "--name", "child", *TINY_GAN],
        [
            *("pretrain", "--corpus", corpus, "--tokenizer", "sentencepiece", "--data.pieces", "30"),
            *("--run", str(folder / PIECES), *TINY),
        ],
        ["pretrain", "--corpus", paired, "--run", str(folder / PAIRS), *TINY],
    ]
    for command in commands:
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = main(command)
        if code:
            raise RuntimeError(f"{command}: {said.getvalue()}")
    return folder


def copied(name: str, damage: Make = lambda _: None) -> Make:
    """Makes a copy of a run as `r`, a good text beside it, and damages it."""

    def make(folder: Path) -> None:
        (folder / "good.txt").write_bytes(text(GOOD))
        shutil.copytree(base() / name, folder / "r")
        damage(folder / "r")

    return make


def write(name: str, content: bytes | str) -> Make:
    def damage(run: Path) -> None:
        place = run / name
        if place.is_dir():
            shutil.rmtree(place)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())

    return damage


def edit(name: str, old: str, new: str) -> Make:
    def damage(run: Path) -> None:
        content = (run / name).read_text()
        assert old in content, (name, old)
        (run / name).write_text(content.replace(old, new))

    return damage


def cut(name: str, share: float) -> Make:
    def damage(run: Path) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: int(len(content) * share)])

    return damage


def gone(name: str) -> Make:
    return lambda run: (run / name).unlink()


def a_folder(name: str) -> Make:
    return lambda run: ((run / name).unlink(missing_ok=True), (run / name).mkdir())


def a_pipe(name: str) -> Make:
    return lambda run: ((run / name).unlink(missing_ok=True), os.mkfifo(run / name))


def linked(name: str, target: str) -> Make:
    """A link that leads out of the run, to something that must neither be read nor changed."""

    def damage(run: Path) -> None:
        outside = run.parent / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "file").write_text("outside\n")
        place = run / name
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        os.symlink(run.parent / target, place)

    return damage


def untouched(folder: Path) -> str:
    outside = folder / "outside"
    if [path.name for path in outside.iterdir()] != ["file"] or (outside / "file").read_text() != "outside\n":
        return "something outside of the run was changed"
    return ""


def header(tensors: dict[str, object], data: bytes = b"") -> bytes:
    said = json.dumps(tensors).encode()
    return len(said).to_bytes(8, "little") + said + data


def weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Make:
    """The generator's weights, changed."""

    def damage(run: Path) -> None:
        from safetensors.torch import load, save

        held = load((run / "generator.safetensors").read_bytes())
        change(held)
        (run / "generator.safetensors").write_bytes(save(held))

    return damage


def sealed(content: Callable[[], bytes] | bytes) -> Make:
    """Training states of these bytes alone, with a checksum that says they are whole."""

    def damage(run: Path) -> None:
        made = content() if callable(content) else content
        for place in (run / "checkpoints").iterdir():
            (place / "state.pt").write_bytes(made)
            said = {"step": 1, "sha256": hashlib.sha256(made).hexdigest()}
            (place / "state.json").write_text(json.dumps(said))

    return damage


def restated(change: Callable[[dict[str, object]], object]) -> Make:
    """The training states, changed, with a checksum that says they are whole."""

    def damage(run: Path) -> None:
        for place in (run / "checkpoints").iterdir():
            state = torch.load(place / "state.pt", weights_only=True)
            change(state)
            buffer = io.BytesIO()
            torch.save(state, buffer)
            (place / "state.pt").write_bytes(buffer.getvalue())
            said = {"step": 1, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
            (place / "state.json").write_text(json.dumps(said))

    return damage


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, pickle_module=pickle)
    return buffer.getvalue()


def hand_made(pickled: bytes, compress: int = zipfile.ZIP_STORED, data: bytes = b"\0" * 64) -> bytes:
    """A file such as torch.save makes, with a pickle written by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as file:
        for name, content in (("data.pkl", pickled), ("byteorder", b"little"), ("version", b"3\n"), ("data/0", data)):
            file.writestr(f"archive/{name}", content)
    return buffer.getvalue()


def tensor_pickle(storage: str = "torch\nFloatStorage", count: int = 16, size: int = 16) -> bytes:
    """A dictionary of one tensor: what it says of its storage and of its size need not be true."""
    return (
        b"\x80\x02}U\x01gctorch._utils\n_rebuild_tensor_v2\n((U\x07storagec%s\nU\x010U\x03cpu\x8a\x08%stQK\x00"
        b"\x8a\x08%s\x85K\x00\x85\x89ccollections\nOrderedDict\n)RtRs."
    ) % (storage.encode(), count.to_bytes(8, "little"), size.to_bytes(8, "little"))


STATES: dict[str, Make] = {
    "empty": sealed(b""),
    "random bytes": sealed(bytes(range(256)) * 9),
    "a plain pickle with code": sealed(lambda: pickle.dumps(Canary())),
    "a state with code": sealed(lambda: saved({"epoch": Canary()})),
    "an old form of torch's files with code": sealed(
        lambda: (buffer := io.BytesIO(), torch.save(Canary(), buffer, _use_new_zipfile_serialization=False))[
            0
        ].getvalue()
    ),
    "a byte array of a terabyte": sealed(
        lambda: hand_made(b"\x80\x02c__builtin__\nbytearray\n\x8a\x06" + bytes(5) + b"\x01\x85R.")
    ),
    "a tensor of a terabyte by its name": sealed(
        lambda: hand_made(b"\x80\x02ctorch\nFloatTensor\n\x8a\x06" + bytes(5) + b"\x01\x85R.")
    ),
    "a storage that says a terabyte": sealed(lambda: hand_made(tensor_pickle(count=2**40))),
    "a tensor larger than its storage": sealed(lambda: hand_made(tensor_pickle(size=2**40))),
    "a number repeated a billion times": sealed(lambda: saved({"generator": torch.zeros(1).expand(2**30)})),
    "zeros compressed a thousand times": sealed(
        lambda: hand_made(tensor_pickle(count=2**25, size=2**25), zipfile.ZIP_DEFLATED, bytes(2**27))
    ),
    "a list in two places": restated(lambda state: state.update(one=[words := [1, 2], words])),
    "a tensor in forty places": restated(lambda state: state.update(one=[torch.zeros(4000)] * 40)),
    "lists in forty others": sealed(lambda: saved(_within(40))),
    "a list in place of a state": sealed(lambda: saved([1, 2])),
    "a tensor in place of a state": sealed(lambda: saved(torch.zeros(2))),
    "an empty state": sealed(lambda: saved({})),
    "a zip of other things": sealed(lambda: _zip({"a.txt": b"a"})),
    "two pickles": sealed(lambda: _zip({"a/data.pkl": b"\x80\x02}.", "b/data.pkl": b"\x80\x02}."})),
    "a pickle that never ends": sealed(lambda: hand_made(b"\x80\x02" + b"(" * 100_000)),
    "nested 100,000 deep": sealed(lambda: hand_made(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")),
    "a key missing": restated(lambda state: state.pop("random")),
    "an epoch that is a text": restated(lambda state: state.update(epoch="x")),
    "a log size that is a list": restated(lambda state: state.update(log_size=[])),
    "weights of another size": restated(lambda state: state.update(generator={"embedding.weight": torch.zeros(3, 3)})),
    "weights that are numbers": restated(lambda state: state.update(generator=3)),
    "random numbers of another kind": restated(lambda state: state.update(random={"own": torch.zeros(3)})),
    "an optimiser of other sizes": restated(lambda state: _moments(state, torch.zeros(7, 7))),
    "an optimiser without groups": restated(lambda state: state.update(optimizer={})),
    "another text": restated(lambda state: state.update(text="0" * 64)),
    "another vocabulary": restated(lambda state: state.update(vocabulary="0" * 64)),
}
WEIGHTS: dict[str, Make] = {
    "empty": write("generator.safetensors", b""),
    "eight bytes": write("generator.safetensors", b"\xff" * 8),
    "a header of 2 ** 63 bytes": write("generator.safetensors", (2**63).to_bytes(8, "little") + b"{}"),
    "a header of 99 MB that is not there": write("generator.safetensors", (99_000_000).to_bytes(8, "little") + b"{}"),
    "a header that is no JSON": write("generator.safetensors", (4).to_bytes(8, "little") + b"abcd"),
    "a header that is a list": write("generator.safetensors", (2).to_bytes(8, "little") + b"[]"),
    "no tensors": write("generator.safetensors", header({})),
    "a tensor that says a terabyte": write(
        "generator.safetensors",
        header({"embedding.weight": {"dtype": "F32", "shape": [2**20, 2**18], "data_offsets": [0, 2**40]}}),
    ),
    "a shape that overflows": write(
        "generator.safetensors",
        header({"embedding.weight": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 0]}}),
    ),
    "offsets that overlap": write(
        "generator.safetensors",
        header(
            {name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in ("a", "embedding.weight")},
            bytes(4),
        ),
    ),
    "cut in half": cut("generator.safetensors", 0.5),
    "a byte less": cut("generator.safetensors", 0.9999),
    "gone": gone("generator.safetensors"),
    "a folder": a_folder("generator.safetensors"),
    "a pipe": a_pipe("generator.safetensors"),
    "a pickle with code": lambda run: (run / "generator.safetensors").write_bytes(pickle.dumps(Canary())),
    "torch's file with code": lambda run: (run / "generator.safetensors").write_bytes(saved({"w": Canary()})),
    "NaN": weights(lambda held: held[next(iter(held))].fill_(float("nan"))),
    "infinity": weights(lambda held: held[next(iter(held))].fill_(float("inf"))),
    "another shape": weights(lambda held: held.update({next(iter(held)): torch.zeros(2, 2)})),
    "doubles": weights(lambda held: held.update({name: value.double() for name, value in held.items()})),
    "whole numbers": weights(lambda held: held.update({name: value.long() for name, value in held.items()})),
    "a tensor more": weights(lambda held: held.update(extra=torch.zeros(2))),
    "a tensor less": weights(lambda held: held.pop(next(iter(held)))),
    "a name with an escape": weights(lambda held: held.update({"\x1b[2Jx": torch.zeros(2)})),
    "the discriminator's": lambda run: shutil.copy(
        base() / CHILD / "discriminator.safetensors", run / "generator.safetensors"
    ),
    "another run's": lambda run: shutil.copy(base() / PIECES / "generator.safetensors", run / "generator.safetensors"),
}
VOCABULARIES: dict[str, bytes | str] = {
    "empty": b"",
    "one line": "seqgan vocabulary 1\n",
    "no first line": "a\nb\n",
    "another version": "seqgan vocabulary 2\na\nb\n",
    "a token twice": "seqgan vocabulary 1\na\nb\na\n",
    "a line that is cut": "seqgan vocabulary 1\na\nb",
    "not UTF-8": b"seqgan vocabulary 1\na\n\xff\n",
    "NUL": bytes(100),
    "UTF-16": "seqgan vocabulary 1\na\n".encode("utf-16"),
    "CRLF": "seqgan vocabulary 1\r\na\r\nb\r\n",
    "other tokens": "seqgan vocabulary 1\nx\ny\nz\n",
    "blank tokens": "seqgan vocabulary 1\n\n \n",
    "an escape": "seqgan vocabulary \x1b]0;x\x07\na\n",
    "a trillion ids": "seqgan ids 1\n1000000000000\n",
    "ids of 9 digits": "seqgan ids 1\n999999999\n",
    "ids in other digits": "seqgan ids 1\n²³\n",
    "ids of 5,000 digits": f"seqgan ids 1\n{'9' * 5000}\n",
    "minus one id": "seqgan ids 1\n-1\n",
    "code": pickle.dumps(Canary()),
}
LOGS: dict[str, bytes | str] = {
    "no JSON": "hello\n",
    "a list": "[]\n",
    "no phase": '{"step": 1}\n',
    "a phase that is a number": '{"phase": 1, "step": 1}\n',
    "a step that is a text": '{"phase": "pretrain", "step": "1"}\n',
    "a step of 5,000 digits": f'{{"phase": "pretrain", "step": {"9" * 5000}}}\n',
    "a step of 400 digits": f'{{"phase": "pretrain", "step": {"9" * 400}}}\n',
    "a value that is a text": '{"phase": "pretrain", "step": 1, "generator/loss": "x"}\n',
    "a value that is a list": '{"phase": "pretrain", "step": 1, "eval/nll": [1]}\n',
    "a blank line": '{"phase": "pretrain", "step": 1}\n\n',
    "nested 100,000 deep": "[" * 100_000 + "\n",
    "binary": bytes(range(256)) + b"\n",
    "code": pickle.dumps(Canary()) + b"\n",
}
READABLE_LOGS: dict[str, bytes | str] = {
    "gone": b"",
    "a line that is cut": '{"phase": "pretrain", "step": 1, "eval/nll": 2.5}\n{"phase": "pre',
    "NaN and infinity": '{"phase": "pretrain", "step": 1, "eval/nll": NaN, "generator/loss": Infinity}\n',
    "null": '{"phase": "pretrain", "step": 1, "eval/nll": null}\n',
    "an unknown phase": '{"phase": "<script>alert(1)</script>", "step": 1, "eval/nll": 1}\n',
    "names with HTML": '{"phase": "pretrain", "step": 1, "\\"><script>": 1, "\\u001b[2J": 2}\n',
    "steps that fall": '{"phase": "pretrain", "step": 9}\n{"phase": "pretrain", "step": -3, "eval/nll": 1e300}\n',
    "huge values": '{"phase": "pretrain", "step": 1, "eval/nll": 1e308}\n{"phase": "pretrain", "step": 2, "eval/nll": -1e308}\n',
}
JSONS: dict[str, bytes | str] = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "3",
    "null": "null",
    "nested 100,000 deep": "[" * 100_000,
    "not UTF-8": b'{"a": "\xff"}',
    "a number of 5,000 digits": f'{{"a": {"9" * 5000}}}',
    "code": pickle.dumps(Canary()),
    "metrics that are a list": '{"metrics": [1], "points": {}, "sentence": []}',
    "values that are texts": '{"metrics": {"bleu-2": {"value": "x", "signature": "s"}}, "points": [{"temperature": "x"}], "sentence": 3}',
    "no values": '{"metrics": {"bleu-2": {}}, "points": [{}], "evidence": 3}',
}
CONFIGS: dict[str, Make] = {
    "empty": write("config.yaml", ""),
    "a newer format": edit("config.yaml", "format: 1", "format: 2"),
    "cut": cut("config.yaml", 0.5),
    "not UTF-8": write("config.yaml", b"\xff\xfe"),
    "code": write("config.yaml", "!!python/object/apply:os.mkdir ['ran']\n"),
    "a pickle with code": lambda run: (run / "config.yaml").write_bytes(pickle.dumps(Canary())),
    "an unknown key": edit("config.yaml", "  layers: 1", "  layers: 1\n  later: 2"),
    "an unknown generator": edit("config.yaml", "name: lstm", "name: lstm2"),
    "an unknown tokenizer": edit("config.yaml", "tokenizer: words", "tokenizer: word"),
    "another generator": edit("config.yaml", "name: lstm", "name: gru"),
    "another size": edit("config.yaml", "hidden_size: 5", "hidden_size: 6"),
    "terabytes": edit("config.yaml", "hidden_size: 5", "hidden_size: 1000000"),
    "a million layers": edit("config.yaml", "layers: 1", "layers: 1000000"),
    "no length": lambda run: edit("config.yaml", "max_length: ", "max_length: 0 # ")(run),
    "subwords without their model": edit("config.yaml", "tokenizer: words", "tokenizer: sentencepiece"),
    "sources without their vocabulary": edit("config.yaml", "max_source_length: 0", "max_source_length: 5"),
    "a folder": a_folder("config.yaml"),
    "a pipe": a_pipe("config.yaml"),
    "an escape in a name": edit("config.yaml", "name: lstm", 'name: "\\e]0;x\\a"'),
}
OUTSIDE = os.path.join(tempfile.gettempdir(), f"seqgan-cache-that-a-file-names-{os.getpid()}")
"""A place that no user named."""
LINKS = {
    **dict.fromkeys(
        ("config.yaml", "vocabulary.txt", "generator.safetensors", "metrics.jsonl", "report.json"), "outside/file"
    ),
    **dict.fromkeys(("sweep.json", "verdict.json", "report.html", "metrics.jsonl.writing"), "outside/file"),
    **dict.fromkeys(("checkpoints", "samples", "tensorboard"), "outside"),
}


def cases() -> Iterator[Case]:
    for name, damage in STATES.items():
        # What an optimiser's moments are is known when they are put back.
        yield Case("run folder", f"state: {name}", copied(PARENT, damage), RESUME, memory=200 * 2**20)
    for name in (
        "a state with code",
        "an empty state",
        "weights that are numbers",
        "a number repeated a billion times",
    ):
        made = copied(PARENT, lambda run, damage=STATES[name]: damage(run / "child"))
        yield Case("run folder", f"child's state: {name}", made, RESUME_CHILD)
    for name, damage in WEIGHTS.items():
        for command in ("sample", "evaluate", "resume"):
            # A training that goes on takes its weights from the training state, and writes the file anew.
            codes = (0, 2) if command == "resume" else (2,)
            yield Case("run folder", f"weights, {command}: {name}", copied(PARENT, damage), EVERYBODY[command], codes)
    for name, content in VOCABULARIES.items():
        for command in ("sample", "report"):
            codes = (
                EITHER if command == "report" and name in ("other tokens", "one line", "blank tokens", "CRLF") else (2,)
            )
            made = copied(PARENT, write("vocabulary.txt", content))
            yield Case("run folder", f"vocabulary, {command}: {name}", made, EVERYBODY[command], codes)
    for name, content in LOGS.items():
        yield Case("run folder", f"log: {name}", copied(PARENT, write("metrics.jsonl", content)), REPORT)
    for name, content in READABLE_LOGS.items():
        made = copied(PARENT, write("metrics.jsonl", content))
        yield Case("run folder", f"log: {name}", made, REPORT, EITHER if name == "huge values" else FINE, check=_page)
    for file in ("report.json", "sweep.json", "verdict.json"):
        for name, content in JSONS.items():
            yield Case("run folder", f"{file}: {name}", copied(CHILD, write(file, content)), REPORT)
        yield Case("run folder", f"{file}: a folder", copied(CHILD, a_folder(file)), REPORT)
        yield Case("run folder", f"{file}: a pipe", copied(CHILD, a_pipe(file)), REPORT)
    for name, damage in CONFIGS.items():
        for command, arguments in EVERYBODY.items():
            harmless = command == "report" and name in (
                "another generator",
                "another size",
                "terabytes",
                "an unknown generator",
            )
            # A training that goes on reads the length off its text; a page has no need of it.
            harmless |= name == "no length" and command in ("resume", "report")
            codes = EITHER if harmless or (command == "report" and "escape" in name) else (2,)
            yield Case("run folder", f"config, {command}: {name}", copied(PARENT, damage), arguments, codes)
    for command, arguments in EVERYBODY.items():
        elsewhere = edit("config.yaml", "  cache: null", f"  cache: {OUTSIDE}")

        def both(run: Path, elsewhere: Make = elsewhere) -> None:
            elsewhere(run)
            edit("config.yaml", "  streaming: auto", "  streaming: always")(run)

        made = copied(PARENT, both)
        yield Case(
            "run folder", f"config, {command}: a cache elsewhere", made, arguments, EITHER, check=nothing_outside
        )
    for name, target in LINKS.items():
        for command, arguments in EVERYBODY.items():
            made = copied(PARENT, linked(name, target))
            yield Case("run folder", f"link, {command}: {name}", made, arguments, check=untouched)
    made = copied(PARENT, linked("child", "outside"))
    line = ["adversarial", "--run", "r", "--name", "child", *TINY_GAN]
    yield Case("run folder", "link: the child's folder", made, line, check=untouched)
    yield from further()


def nothing_outside(_: Path) -> str:
    """Of a file that names a folder, which no command may write into."""
    return "files were written where a file said" if Path(OUTSIDE).exists() else ""


def further() -> Iterator[Case]:
    for name, damage in {
        "a folder": a_folder("metrics.jsonl"),
        "a pipe": a_pipe("metrics.jsonl"),
    }.items():
        yield Case("run folder", f"log: {name}", copied(PARENT, damage), REPORT)
    for name, content in {
        "empty": b"",
        "random bytes": bytes(range(256)) * 4,
        "a text": b"hello\n",
        "code": pickle.dumps(Canary()),
        "one field": b"\x0a\x00",
        "a field of a terabyte": b"\x0a\xff\xff\xff\xff\xff\x1f",
    }.items():
        made = copied(PIECES, write("tokenizer.model", content))
        yield Case("run folder", f"tokenizer: {name}", made, SAMPLE)
    for name, damage in {
        "cut": cut("tokenizer.model", 0.7),
        "gone": gone("tokenizer.model"),
        "a pipe": a_pipe("tokenizer.model"),
    }.items():
        yield Case("run folder", f"tokenizer: {name}", copied(PIECES, damage), SAMPLE)
    answer = ["sample", "--run", "r", "--device", "cpu", "--quiet"]
    for name, arguments in {
        "no source": answer,
        "no such source": [*answer, "--source", "none.txt"],
        "a count": [*answer, "--source", "good.txt", "--count", "2"],
        "a folder of sources": [*answer, "--source", "."],
    }.items():
        yield Case("run folder", f"pairs: {name}", copied(PAIRS), arguments)
    for name, damage in {
        "no vocabulary of sources": gone("source_vocabulary.txt"),
        "an empty vocabulary of sources": write("source_vocabulary.txt", ""),
        "the vocabularies exchanged": lambda run: shutil.copy(run / "vocabulary.txt", run / "source_vocabulary.txt"),
    }.items():
        yield Case("run folder", f"pairs: {name}", copied(PAIRS, damage), [*answer, "--source", "good.txt"])
    yield Case("run folder", "a child without its parent", copied(CHILD), REPORT, FINE)
    yield Case("run folder", "a child without its parent: sample", copied(CHILD), SAMPLE, FINE)
    hostile = "<script>alert(1)</script>\x1b]0;x\x07\u202e\"'><img src=x onerror=alert(1)>"
    for name, damage in {
        "samples with HTML": lambda run: write("samples/round-000007.txt", f"{hostile}\n" * 3)(run),
        "samples that are not UTF-8": lambda run: write("samples/round-000007.txt", b"\xff\xfe\n\0\n")(run),
        "samples of a round of 5,000 digits": lambda run: write(f"samples/round-{'9' * 200}.txt", b"a\n")(run),
        "samples of a round in other digits": lambda run: write("samples/round-²³.txt", b"a\n")(run),
        "a verdict with HTML": write("verdict.json", json.dumps({"sentence": hostile, "evidence": {hostile: hostile}})),
        "a report with HTML": write(
            "report.json",
            json.dumps(
                {
                    "checkpoint": hostile,
                    "metrics": {
                        "bleu-2": {"value": 0.5, "signature": hostile},
                        hostile: {"value": 1, "signature": "s"},
                    },
                    "compared": {hostile: {"bleu-2": {"value": 0.4, "signature": hostile}}},
                    "comparisons": [hostile],
                    "flags": {hostile: hostile},
                }
            ),
        ),
        "settings with HTML": edit("config.yaml", "corpus: ", f"corpus: {json.dumps(hostile)} # "),
    }.items():
        yield Case("run folder", name, copied(CHILD, damage), REPORT, EITHER, check=_page)
    yield Case("run folder", "samples that are a pipe", copied(CHILD, _pipe_of_samples), REPORT)
    yield from oracles()
    for file in ("good.txt", "valid.txt", "good.toml", "good.tsv"):
        yield from _code_in(file)


def _code_in(file: str) -> Iterator[Case]:
    def make(folder: Path) -> None:
        (folder / "clean.txt").write_bytes(text(GOOD))
        (folder / file).write_bytes(pickle.dumps(Canary()))

    flag = "--config" if file.endswith("toml") else "--valid"
    corpus = file if flag == "--valid" and file != "valid.txt" else "clean.txt"
    extra = [flag, file] if corpus == "clean.txt" else []
    yield Case("code", f"pretrain: {file}", make, ["pretrain", "--corpus", corpus, *extra, *TINY, "--run", "made"])
    yield Case("code", f"samples: {file}", make, ["evaluate", "--samples", file, "--references", "clean.txt"])
    yield Case("code", f"references: {file}", make, ["evaluate", "--samples", "clean.txt", "--references", file])
    training = ["evaluate", "--samples", "clean.txt", "--references", "clean.txt", "--training", file]
    yield Case("code", f"training: {file}", make, training)
    for kind in ("text", "csv", "json", "parquet"):
        yield Case("code", f"hf:{kind}: {file}", make, ["inspect", f"hf:{kind}:{file}"], EITHER)


def oracles() -> Iterator[Case]:
    """Parameters of an oracle, which scripts read from a file of arrays."""
    good = {"embedding": np.zeros((4, 2)), "w_out": np.zeros((3, 4)), "b_out": np.zeros(4)}
    for gate in "ifoc":
        good |= {f"w_{gate}": np.zeros((2, 3)), f"u_{gate}": np.zeros((3, 3)), f"b_{gate}": np.zeros(3)}

    def file(arrays: dict[str, np.ndarray], compressed: bool = False) -> Make:
        save = np.savez_compressed if compressed else np.savez
        return lambda folder: save(folder / "o.npz", **arrays)

    giant = (
        b"\x93NUMPY\x01\x00v\x00"
        + str({"descr": "<f8", "fortran_order": False, "shape": (2**40,)}).encode().ljust(117)
        + b"\n"
    )
    for name, make in {
        "gone": lambda _: None,
        "empty": lambda folder: (folder / "o.npz").touch(),
        "a text": lambda folder: (folder / "o.npz").write_text("hello"),
        "a pickle with code": lambda folder: (folder / "o.npz").write_bytes(pickle.dumps(Canary())),
        "objects with code": file({**good, "embedding": np.array([[Canary()]], dtype=object)}),
        "cut": lambda folder: (file(good)(folder), cut("o.npz", 0.6)(folder)),
        "an array missing": file({name: value for name, value in good.items() if name != "b_out"}),
        "other shapes": file({**good, "b_out": np.zeros(7)}),
        "axes missing": file({**good, "embedding": np.zeros(4), "w_out": np.zeros(())}),
        "texts": file({**good, "b_out": np.array(["a"] * 4)}),
        "NaN": file({**good, "b_out": np.full(4, np.nan)}),
        "no symbols": file({**good, "embedding": np.zeros((0, 2)), "w_out": np.zeros((3, 0)), "b_out": np.zeros(0)}),
        "whole numbers": file({**good, "b_out": np.zeros(4, dtype=np.int64)}),
        "zeros compressed a thousand times": file({**good, "embedding": np.zeros((2**24, 8))}, compressed=True),
        "an array that says terabytes": lambda folder: (folder / "o.npz").write_bytes(
            _zip({f"{name}.npy": giant for name in good})
        ),
        "a pipe": lambda folder: os.mkfifo(folder / "o.npz"),
    }.items():
        yield Case("oracle", name, make, lambda: load_oracle("o.npz"))


def _pipe_of_samples(run: Path) -> None:
    (run / "samples").mkdir(exist_ok=True)
    os.mkfifo(run / "samples" / "round-000009.txt")


def _moments(state: dict[str, object], value: torch.Tensor) -> None:
    optimizer = state["optimizer"]
    assert isinstance(optimizer, dict)
    for remembered in optimizer["state"].values():
        remembered["exp_avg"] = value


def _within(levels: int) -> object:
    return {"epoch": _within(levels - 1)} if levels else 1


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def _page(folder: Path) -> str:
    """What a page lets through of a hostile text."""
    page = folder / "r" / "report.html"
    content = page.read_text() if page.exists() else ""
    for wrong in ("<script>alert", "onerror=alert(1)>", "\x1b", "\u202e"):
        if wrong in content.replace("&lt;img src=x onerror=alert(1)&gt;", ""):
            return f"the page holds {wrong!r}"
    return ""
