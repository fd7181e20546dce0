"""The run folder: what is where, making one, opening one. Reading and writing of each file is elsewhere."""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from seqgan.algorithm_settings import with_own_settings
from seqgan.data.reading import Reading
from seqgan.data.tokenizers import Tokenizer
from seqgan.data.unseen import UNSEEN_FILE
from seqgan.data.vocabulary import Vocabulary, fingerprint_of
from seqgan.errors import RunError
from seqgan.files import TEMPORARY_SUFFIX, cannot_write, read_file, replace_folder, write_file
from seqgan.runs.moved import found_again
from seqgan.runs.symbols import JUDGE_TOKENIZER_FILE, Symbols, read_symbols, with_own_tokenizers, write_symbols
from seqgan.settings.before import read_run_settings
from seqgan.settings.rules import with_rules_of_before
from seqgan.settings.run import RunConfig, settings_text, with_settings

PAGE_NAME = "report.html"
"""The page about a run, in its folder."""
CONTROLS_NAME = "controls"
"""The folder of a run's controls: pretrained runs that it is compared with."""
OWN_NAMES = frozenset(
    (
        *("checkpoints", "samples", "tensorboard", "config.yaml", "metrics.jsonl"),
        *("vocabulary.txt", UNSEEN_FILE, "tokenizer.model", "source_vocabulary.txt", "source_tokenizer.model"),
        *("tokenizer.json", "discriminator_tokenizer.json"),
        *("report.json", PAGE_NAME, "sweep.json", "verdict.json", "headroom.json", CONTROLS_NAME),
    )
)
"""Names of files and folders that a run makes in its own; and there are weights, NAME.safetensors."""


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
    def symbols(self) -> Symbols:
        """Tokenizer and vocabulary of the sentences, and of the sources."""
        return self.tokenizer, self.vocabulary, self.source_tokenizer, self.source_vocabulary

    @property
    def reading(self) -> Reading:
        """How text becomes what the players read."""
        data = self.config.data
        lengths = data.max_length, data.max_source_length
        return Reading(*self.symbols, *lengths, data.turn_separator, data.turns, data.source_cut, data.blank_sources)

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
    def judge_tokenizer_path(self) -> Path:
        """The tokenizer of a discriminator that is a pretrained model."""
        return self.folder / JUDGE_TOKENIZER_FILE

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
    def headroom_path(self) -> Path:
        """What the last look at its discriminator says that there is to gain."""
        return self.folder / "headroom.json"

    @property
    def is_adversarial(self) -> bool:
        """Whether two players were trained here."""
        return self.config.adversarial is not None


def check_new(folder: Path, overwrite: bool, reads: Iterable[str | None] = ()) -> None:
    """That a run may be made at `folder`; asked before any work is done.

    Args:
        folder: of the run.
        overwrite: whether a run that is there may be replaced.
        reads: files and folders that the training reads; some may be none.

    Raises:
        RunError: something is there and may not be replaced: a run unasked, anything else in any case; or it holds
            something that is read.
    """
    for parent in folder.absolute().parents:
        if parent.exists():
            if not parent.is_dir() or not os.access(parent, os.W_OK):
                raise RunError(f"{parent} is not a folder that may be written to: choose another folder with --run.")
            break
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not is_run(folder):
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
    for name in reads:
        if name and os.path.exists(name) and Path(name).resolve().is_relative_to(folder.resolve()):
            raise RunError(
                f"{name} is in {folder}, which --overwrite would delete with it: move it out first, or choose another "
                "folder with --run."
            )


def owner(path: Path) -> Path | None:
    """The run that a file belongs to, there or not, as one of those that runs are made of; None where it belongs to
    none."""
    place = path.resolve()
    for folder in place.parents:
        if is_run(folder):
            name = place.relative_to(folder).parts[0]
            return folder if name in OWN_NAMES or name.endswith(".safetensors") else None
    return None


def child_runs(folder: Path) -> list[str]:
    """Names of the adversarial runs in a run's folder."""
    return sorted(path.name for path in folder.iterdir() if is_run(path))


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
    `data.max_source_length` is not 0. A shared vocabulary is written once. Of a tokenizer of one's
    own the name alone is kept: `open_run` is given it again.

    Raises:
        RunError: the folder is taken, or cannot be written.
        ConfigError: a tokenizer of one's own has the name of another.
    """
    # A link is followed: the run goes where it points. And "." has a name.
    folder = Path(folder).resolve()
    check_new(folder, overwrite)
    symbols = (tokenizer, vocabulary, source_tokenizer, source_vocabulary)
    config = msgspec.structs.replace(config, data=with_own_tokenizers(config.data, symbols))
    unfinished = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    config = _named_from(config, folder)
    run = Run(_shown(folder), config, tokenizer, vocabulary, source_tokenizer, source_vocabulary)
    try:
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(parents=True)
        write_symbols(unfinished, run.symbols, shared=config.data.shared_vocabulary)
        write_file(unfinished / "config.yaml", settings_text(config))
        replace_folder(unfinished, folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return run


def open_run(folder: str | Path, *, tokenizers: Sequence[Tokenizer] = ()) -> Run:
    """The run at `folder`.

    Args:
        folder: of the run.
        tokenizers: those that the run was given as a program's own: it has their names, and never imports code.

    Raises:
        RunError: no run is there, or a link in it leads elsewhere.
        ConfigError: its settings cannot be read, or it needs other tokenizers.
        CheckpointError: its vocabulary or tokenizer is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise RunError(f"{folder} {what}; expected the folder of a run, as `seqgan pretrain` makes; check --run.")
    if not is_run(folder):
        raise RunError(f"{folder} is no seqgan run: it has no config.yaml beside a vocabulary.txt. Check --run.")
    refuse_ways_out(folder)
    settings = read_run_settings(folder / "config.yaml", of_run=True)
    if isinstance(settings.get("data"), dict):
        settings["data"].pop("cache", None)  # earlier versions wrote it: a run's file leads no command elsewhere
    # Of every run these are written: what a cut file lacks would silently be a default.
    if missing := [name for name in ("seed", "data", "generator", "pretrain") if name not in settings]:
        raise RunError(
            f"{folder / 'config.yaml'} is damaged: it has no `{missing[0]}`, which the file of a run has. Bring the "
            "file back from a copy, or train again."
        )
    if not read_file(folder / "config.yaml").endswith(b"\n"):
        raise RunError(
            f"{folder / 'config.yaml'} is damaged: its last line has no end, so the file was cut. Bring the file back "
            "from a copy; if you edited it, end the line."
        )
    section = settings.get("algorithm")
    if settings.get("adversarial") is not None and not (isinstance(section, dict) and section.get("name")):
        raise RunError(
            f"{folder / 'config.yaml'} is damaged: it has `adversarial`, and no `algorithm` with a name. Bring the "
            "file back from a copy, or train again."
        )
    config = with_settings(RunConfig(), with_rules_of_before(settings), str(folder / "config.yaml"))
    config = with_own_settings(config, str(folder / "config.yaml"))
    config = msgspec.structs.replace(config, data=found_again(config.data, folder))
    return Run(folder, config, *read_symbols(folder, config.data, "config.yaml", tokenizers))


def refuse_ways_out(folder: Path) -> None:
    """That no link in a run's folder leads out of it: what is read and written there is the run's own.

    A folder of a child run is another run's, which is asked when that one is opened.

    Raises:
        RunError: names the link.
    """
    inside = folder.resolve()
    for place in (folder, folder / "samples", folder / "checkpoints"):
        for path in place.iterdir() if place.is_dir() else ():
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise RunError(
                    f"{path} is a link that leads out of the run's folder, to {path.resolve()}: put what it names in "
                    "its place, or take the link away."
                )


def write_config(run: Run, config: RunConfig) -> None:
    """Replace the run's settings, when a resumed run is given other ones."""
    if config != run.config:
        config = _named_from(config, run.folder)
        write_file(run.folder / "config.yaml", settings_text(config))
    run.config = config


def _named_from(config: RunConfig, folder: Path) -> RunConfig:
    """The settings with the folder that the files of the text are beside."""
    return msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, begun_in=str(folder.resolve())))


def _shown(folder: Path) -> Path:
    """The folder as a user would write it: relative to the working folder where it is inside."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's."""
    return (folder / "config.yaml").is_file() and (folder / "vocabulary.txt").is_file()
