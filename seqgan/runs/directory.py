"""The run folder: what is where, making one, opening one. Reading and writing of each file is elsewhere."""

import os
import shutil
from pathlib import Path

from seqgan.config import RunConfig, read_settings, settings_text, with_settings
from seqgan.data.tokenizers import Characters, Numbers, SentencePiece, Tokenizer, Words
from seqgan.data.vocabulary import Vocabulary, fingerprint_of, read_vocabulary, write_vocabulary
from seqgan.errors import CheckpointError, ConfigError, RunError
from seqgan.files import TEMPORARY_SUFFIX, cannot_write, sync, write_file


class Run:
    """A folder that each command reads and adds to. Made by `create_run` or `open_run`.

    Attributes:
        folder: the folder itself.
        config: its settings.
        tokenizer: text to tokens and back.
        vocabulary: tokens to ids and back.
        source_tokenizer: of sources; None in runs of plain text.
        source_vocabulary: of sources: `vocabulary` itself where it is shared, None in runs of plain text.
    """

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        tokenizer: Tokenizer,
        vocabulary: Vocabulary,
        source_tokenizer: Tokenizer | None = None,
        source_vocabulary: Vocabulary | None = None,
    ):
        self.folder = folder
        self.config = config
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.source_tokenizer = source_tokenizer
        self.source_vocabulary = source_vocabulary

    @property
    def symbols(self) -> tuple[Tokenizer, Vocabulary, Tokenizer | None, Vocabulary | None]:
        """Tokenizer and vocabulary of the sentences, and of the sources."""
        return self.tokenizer, self.vocabulary, self.source_tokenizer, self.source_vocabulary

    @property
    def vocabulary_fingerprint(self) -> str:
        """Of the vocabularies that weights belong to."""
        return fingerprint_of(self.vocabulary, self.source_vocabulary)

    @property
    def generator_path(self) -> Path:
        """The weights that `sample` uses."""
        return self.folder / "generator.safetensors"

    @property
    def discriminator_path(self) -> Path:
        """The discriminator's weights, in adversarial runs."""
        return self.folder / "discriminator.safetensors"

    @property
    def metrics_path(self) -> Path:
        """The metric log."""
        return self.folder / "metrics.jsonl"

    @property
    def samples_folder(self) -> Path:
        """A file of samples for each evaluation."""
        return self.folder / "samples"

    @property
    def checkpoints_folder(self) -> Path:
        """The newest complete training states."""
        return self.folder / "checkpoints"

    @property
    def report_path(self) -> Path:
        """The last evaluation."""
        return self.folder / "report.json"

    @property
    def sweep_path(self) -> Path:
        """The last sweep over temperatures."""
        return self.folder / "sweep.json"

    @property
    def verdict_path(self) -> Path:
        """What the last comparison with another run came to."""
        return self.folder / "verdict.json"

    @property
    def is_adversarial(self) -> bool:
        """Whether two players were trained here."""
        return self.config.adversarial is not None


def check_new(folder: Path, overwrite: bool) -> None:
    """That a run may be made at `folder`; asked before any work is done.

    Raises:
        RunError: something is there and may not be replaced: a run unasked, anything else in any case.
    """
    for parent in folder.absolute().parents:
        if parent.exists():
            if not parent.is_dir() or not os.access(parent, os.W_OK):
                raise RunError(f"{parent} is not a folder that may be written to: choose another folder with --run.")
            break
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not _is_run(folder):
        raise RunError(f"{folder} exists and is no seqgan run, so it is left alone: choose another folder with --run.")
    if not overwrite:
        raise RunError(
            f"{folder} already holds a run: go on with --resume, replace it with --overwrite, or choose another folder."
        )
    if children := child_runs(folder):
        raise RunError(
            f"{folder} holds the adversarial runs {', '.join(children)}, which --overwrite would delete with it: move "
            "or delete them first, or choose another folder with --run."
        )


def child_runs(folder: Path) -> list[str]:
    """Names of the adversarial runs in a run's folder."""
    return sorted(path.name for path in folder.iterdir() if _is_run(path))


def create_run(
    folder: str | Path,
    config: RunConfig,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    source_tokenizer: Tokenizer | None = None,
    source_vocabulary: Vocabulary | None = None,
    *,
    overwrite: bool = False,
) -> Run:
    """Make a run folder with its settings, vocabularies and tokenizers; all of it or nothing.

    With sources, `config` is what `build.as_read` says: `open_run` expects a vocabulary of sources where
    `data.max_source_length` is not 0. A shared vocabulary is written once.

    Raises:
        RunError: the folder is taken, or cannot be written.
    """
    # A link is followed: the run goes where it points. And "." has a name.
    folder = Path(folder).resolve()
    check_new(folder, overwrite)
    unfinished = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    run = Run(_shown(folder), config, tokenizer, vocabulary, source_tokenizer, source_vocabulary)
    shared = config.data.shared_vocabulary
    try:
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(parents=True)
        write_vocabulary(vocabulary, unfinished / "vocabulary.txt")
        if isinstance(tokenizer, SentencePiece):
            write_file(unfinished / "tokenizer.model", tokenizer.model)
        if source_vocabulary is not None and not shared:
            write_vocabulary(source_vocabulary, unfinished / "source_vocabulary.txt")
        if isinstance(source_tokenizer, SentencePiece) and not shared:
            write_file(unfinished / "source_tokenizer.model", source_tokenizer.model)
        write_file(unfinished / "config.yaml", settings_text(config))
        _replace(unfinished, folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return run


def open_run(folder: str | Path) -> Run:
    """The run at `folder`.

    Raises:
        RunError: no run is there.
        ConfigError: its settings cannot be read.
        CheckpointError: its vocabulary or tokenizer is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise RunError(f"{folder} {what}; expected the folder of a run, as `seqgan pretrain` makes; check --run.")
    if not _is_run(folder):
        raise RunError(f"{folder} is no seqgan run: it has no config.yaml beside a vocabulary.txt. Check --run.")
    settings = read_settings(folder / "config.yaml")
    config = with_settings(RunConfig(), settings, str(folder / "config.yaml"))
    tokenizer = _read_tokenizer(folder, "tokenizer", config.data.tokenizer)
    vocabulary = read_vocabulary(folder / "vocabulary.txt")
    if not config.data.max_source_length:
        return Run(folder, config, tokenizer, vocabulary)
    if config.data.shared_vocabulary:
        return Run(folder, config, tokenizer, vocabulary, tokenizer, vocabulary)
    source_tokenizer = _read_tokenizer(
        folder, "source_tokenizer", config.data.source_tokenizer or config.data.tokenizer
    )
    source_vocabulary = read_vocabulary(folder / "source_vocabulary.txt")
    return Run(folder, config, tokenizer, vocabulary, source_tokenizer, source_vocabulary)


def newest_run(root: Path, *, pretrained: bool = False) -> Path:
    """The run under `root` whose weights were written last; children are not looked at.

    Args:
        root: the folder of runs.
        pretrained: leave out those that two players made from nothing.

    Raises:
        RunError: there is none.
    """
    candidates = [path.parent for path in root.glob("*/generator.safetensors") if _is_run(path.parent)]
    if pretrained:
        candidates = [folder for folder in candidates if not open_run(folder).is_adversarial]
    if not candidates:
        raise RunError(f"No pretrained run under {root}/: make one with `seqgan pretrain`, or name one with --run.")
    return max(candidates, key=lambda folder: (folder / "generator.safetensors").stat().st_mtime)


def write_config(run: Run, config: RunConfig) -> None:
    """Replace the run's settings, when a resumed run is given other ones."""
    if config != run.config:
        write_file(run.folder / "config.yaml", settings_text(config))
    run.config = config


def _shown(folder: Path) -> Path:
    """The folder as a user would write it: relative to the working folder where it is inside."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _is_run(folder: Path) -> bool:
    return (folder / "config.yaml").is_file() and (folder / "vocabulary.txt").is_file()


def _read_tokenizer(folder: Path, name: str, kind: str) -> Tokenizer:
    """The tokenizer of that setting's name and value; of subwords, from the file NAME.model."""
    if kind == "words":
        return Words()
    if kind == "characters":
        return Characters()
    if kind == "ids":
        return Numbers()
    if kind == "sentencepiece":
        path = folder / f"{name}.model"
        try:
            return SentencePiece(path.read_bytes())
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{path} cannot be read as a SentencePiece model: restore it from a copy.") from error
    raise ConfigError(
        f"{folder / 'config.yaml'}: data.{name} is {kind!r}; expected words, characters, sentencepiece or ids."
    )


def _replace(unfinished: Path, folder: Path) -> None:
    """Put the finished folder in its place; what was there is renamed away first, and only then deleted."""
    old = folder.with_name(folder.name + ".old" + TEMPORARY_SUFFIX)
    if old.exists():
        shutil.rmtree(old)
    if folder.exists():
        os.replace(folder, old)
    os.replace(unfinished, folder)
    sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
