"""What is fuzzed: readers of files, each given any bytes. Only a SeqganError may come out, or a result."""

import functools
import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save

from seqgan.data.corpus import load_corpus
from seqgan.data.lines import raw_lines
from seqgan.data.parts import read_part, sentences_of, split_files
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, train_sentencepiece
from seqgan.data.vocabulary import read_vocabulary
from seqgan.errors import SeqganError
from seqgan.exporting.folder import read_config, write_config
from seqgan.runs.checkpoint import load_state, load_weights
from seqgan.runs.directory import open_run
from seqgan.runs.metric_log import read_metrics
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.file import read_settings
from seqgan.settings.run import RunConfig, settings_text, with_settings
from seqgan.sweeps.file import KEPT_NAME, keep, read_sweep_file
from seqgan.sweeps.space import OF_COMMAND, corners, read_space

TEXT = b"a dog runs .\nthe cat eats \xc3\xa4 .\r\n\n  two birds\n"
PAIRS = b"a dog\tein hund\nthe cat\tdie katze\n\ntwo birds\tzwei v\xc3\xb6gel\n"

SWEEP = b"""command: both
config: {data: {corpus: captions}, generator: {layers: 2}}
space:
  adversarial.rollouts: [1, 4]
  adversarial.discount: {low: 0.5, high: 1.0, step: 0.25}
objective: [bleu-2, nll]
sampler: grid
seeds: [0, 1]
"""


class Silent(Exception):
    """A reader lost a line without a word."""


@functools.cache
def place() -> Path:
    return Path(tempfile.mkdtemp(prefix="seqgan-fuzz-"))


def corpus(data: bytes) -> None:
    path = place() / "c.txt"
    path.write_bytes(data)
    read = load_corpus(path)
    lines = [line for line in data.decode("utf-8-sig").split("\n") if line.strip()]
    kept = len(read.train) + len(read.valid)
    if kept != len(lines) and not any("left out" in note for note in read.notes):
        raise Silent(f"{len(lines)} lines became {kept} sentences")
    encode_corpus(read, Characters())


def pairs(data: bytes) -> None:
    path = place() / "c.tsv"
    path.write_bytes(data)
    read = load_corpus(path)
    known = {tuple(line.removesuffix("\r").split("\t")) for line in data.decode("utf-8-sig").split("\n")}
    assert read.sources is not None
    for found in (*zip(read.sources.train, read.train, strict=True), *zip(read.sources.valid, read.valid, strict=True)):
        if found not in known:
            raise Silent(f"the pair {found} is in no line")


def settings(data: bytes) -> None:
    _settings(data, "s.yaml")


def toml(data: bytes) -> None:
    _settings(data, "s.toml")


def _settings(data: bytes, name: str) -> None:
    path = place() / name
    path.write_bytes(data)
    config = check(with_settings(RunConfig(), read_settings(path), name))
    (place() / "again.yaml").write_text(settings_text(config))
    if with_settings(RunConfig(), read_settings(place() / "again.yaml"), "again") != config:
        raise Silent("written and read again, the settings are others")


def state(data: bytes) -> None:
    folder = place() / "checkpoints" / "step-000000001"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.pt").write_bytes(data)
    (folder / "state.json").write_text(json.dumps({"step": 1, "sha256": hashlib.sha256(data).hexdigest()}))
    load_state(folder.parent, lambda _: None)


def weights(data: bytes) -> None:
    path = place() / "w.safetensors"
    path.write_bytes(data)
    model = torch.nn.Linear(3, 2)
    load_weights(model, path)
    if not all(bool(value.isfinite().all()) for value in model.state_dict().values()):
        raise Silent("weights that are no finite numbers were read")


def parts(data: bytes) -> None:
    """A text that is read part by part is what it is in memory, line for line."""
    path = place() / "p.txt"
    path.write_bytes(data)
    try:
        wanted = raw_lines(path, "\0\t")
    except SeqganError:
        wanted = None
    try:
        found = [line for part in split_files([path], 7) for _, lines in read_part(part) for line in lines]
    except SeqganError:
        if wanted is not None:
            raise
        return
    # Of blank lines alone only the one of the two says that there is no sentence.
    if found != wanted and (wanted is not None or sentences_of(found)):
        raise Silent(f"in parts the text is {found!r}")


def sweep(data: bytes) -> None:
    path = place() / "sweep.yaml"
    path.write_bytes(data)
    read = read_sweep_file(path)
    for dimension in (space := read_space(read.space, OF_COMMAND["both"], "sweep.yaml")):
        if not dimension.ends:
            raise Silent(f"{dimension.name} has no values")
    if read.sampler == "grid" and all(len(each.choices) < 99 for each in space):
        sum(1 for _ in corners(space))
    again = place() / "again"
    again.mkdir(exist_ok=True)
    (again / KEPT_NAME).unlink(missing_ok=True)
    keep(read, again, path)
    if read_sweep_file(again / KEPT_NAME) != read:
        raise Silent("written and read again, the sweep is another")


def exported(data: bytes) -> None:
    (place() / "config.json").write_bytes(data)
    read_config(place(), "generator")


def vocabulary(data: bytes) -> None:
    path = place() / "vocabulary.txt"
    path.write_bytes(data)
    read_vocabulary(path)


def log(data: bytes) -> None:
    path = place() / "metrics.jsonl"
    path.write_bytes(data)
    read_metrics(path)


def tokenizer(data: bytes) -> None:
    folder = place() / "run"
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text("seed: 0\ndata:\n  tokenizer: sentencepiece\ngenerator: {}\npretrain: {}\n")
    (folder / "vocabulary.txt").write_text("seqgan vocabulary 1\na\nb\n")
    (folder / "tokenizer.model").write_bytes(data)
    run = open_run(folder)
    run.tokenizer.detokenize(run.tokenizer.tokenize("a dog runs ä 猫\u2581"))


@functools.cache
def a_state() -> bytes:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    buffer = io.BytesIO()
    said = {"generator": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best_nll": 1.5}
    torch.save({**said, "random": {"own": torch.zeros(16, dtype=torch.uint8)}, "text": "0" * 64}, buffer)
    return buffer.getvalue()


@functools.cache
def an_export() -> bytes:
    data = DataConfig(max_length=9)
    write_config(place(), "generator", RunConfig(data=data))
    return (place() / "config.json").read_bytes()


@functools.cache
def a_tokenizer() -> bytes:
    return train_sentencepiece([f"a dog {i} runs" for i in range(30)], 40).model


Target = tuple[Callable[[bytes], None], Callable[[], bytes]]
TARGETS: dict[str, Target] = {
    "corpus": (corpus, lambda: TEXT),
    "pairs": (pairs, lambda: PAIRS),
    "settings": (settings, lambda: settings_text(RunConfig()).encode()),
    "toml": (toml, lambda: b"seed = 1\n[generator]\nlayers = 2\nname = 'gru'\n[pretrain]\nlearning_rate = 1e-3\n"),
    "state": (state, a_state),
    "weights": (weights, lambda: save(torch.nn.Linear(3, 2).state_dict(), {"vocabulary": "x"})),
    "vocabulary": (vocabulary, lambda: b"seqgan vocabulary 1\na\nb\n\xc3\xa4\n"),
    "parts": (parts, lambda: TEXT),
    "sweep": (sweep, lambda: SWEEP),
    "exported": (exported, an_export),
    "log": (log, lambda: b'{"phase": "pretrain", "step": 1, "eval/nll": 2.5}\n'),
    "tokenizer": (tokenizer, a_tokenizer),
}
"""By name: what reads the bytes, and a file that is whole, to begin from."""


def read(name: str, data: bytes) -> bool:
    """Give a target some bytes; whether it took them."""
    try:
        TARGETS[name][0](data)
    except SeqganError as error:
        if not str(error) or len(str(error)) > 20_000:
            raise Silent(f"an error of {len(str(error))} characters") from error
        return False
    return True
