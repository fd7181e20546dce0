"""Models that travel: a generator or a discriminator with all that it needs to write or to read text.

A folder holds ``config.json``, ``model.safetensors``, the vocabularies, and the tokenizers' models where they were
learnt. Reading one runs no code of it.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch

from seqgan.build import build_discriminator, build_generator
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.reading import Reading, read_text
from seqgan.data.tokenizers import Tokenizer
from seqgan.data.vocabulary import fingerprint_of
from seqgan.decoding.states import stepping
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError, RunError
from seqgan.evaluation.generate import answer_sources, encode_prefix, generate_sentences
from seqgan.evaluation.score import sequence_scores
from seqgan.exporting.folder import new_folder, read_config, write_config
from seqgan.exporting.hub import fetch, push
from seqgan.files import write_file
from seqgan.generators.protocol import GeneratorModule
from seqgan.runs.checkpoint import load_weights, save_weights
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import judge_tokenizer, load_discriminator, load_generator
from seqgan.runs.sources import sources_as_read
from seqgan.runs.symbols import JUDGE_TOKENIZER_FILE, read_symbols, read_tokenizer_file, write_symbols
from seqgan.settings.run import RunConfig

WEIGHTS = "model.safetensors"
SCORED_LINES = 4096
"""Lines that are ids at once."""


class _Exported:
    """What both roles share: a model, its settings, and how it reads text.

    Args:
        model: in evaluation mode.
        config: its run's, of which the data's and the model's own sections are kept.
        reading: its run's.
        own_tokenizer: of a pretrained model that judges texts; None of all others.
    """

    role: ClassVar[str]

    def __init__(
        self,
        model: GeneratorModule | Discriminator,
        config: RunConfig,
        reading: Reading,
        own_tokenizer: ModelTokenizer | None = None,
    ):
        self.model = model
        self.config = config
        self.reading = reading
        self.own_tokenizer = own_tokenizer

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def to(self, device: str | torch.device) -> Self:
        """The same, its model on a device."""
        self.model.to(device)
        return self

    def save_pretrained(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the model as a folder, all of it or nothing.

        Args:
            folder: new or empty.
            overwrite: or another exported model, which is replaced.

        Raises:
            RunError: the folder is taken, or cannot be written.
        """
        reading, shared = self.reading, self.config.data.shared_vocabulary
        with new_folder(Path(folder), overwrite=overwrite) as unfinished:
            write_symbols(unfinished, reading[:4], shared=shared)
            if self.own_tokenizer is not None:
                write_file(unfinished / JUDGE_TOKENIZER_FILE, self.own_tokenizer.text)
            fingerprint = fingerprint_of(reading.vocabulary, reading.source_vocabulary)
            save_weights(self.model, unfinished / WEIGHTS, fingerprint)
            write_config(unfinished, self.role, self.config)

    def push_to_hub(self, name: str, *, private: bool = True) -> None:
        """Upload the model's folder as ``hf:owner/model``. Errors and arguments are those of `hub.push`."""
        with tempfile.TemporaryDirectory() as temporary:
            self.save_pretrained(Path(temporary) / "model")
            push(Path(temporary) / "model", name, private=private)

    @classmethod
    def from_pretrained(
        cls, name: str | Path, *, device: str | torch.device = "cpu", tokenizers: Sequence[Tokenizer] = ()
    ) -> Self:
        """Read what `save_pretrained` wrote.

        Args:
            name: the folder; or ``hf:owner/model``, on the hub.
            device: where to compute.
            tokenizers: of a run that was given some of a program's own, these.

        Raises:
            RunError: no such folder, it is no exported model, or one of the other role.
            CheckpointError: it is damaged.
        """
        folder = fetch(name)
        config = read_config(folder, cls.role)
        data = config.data
        symbols = read_symbols(folder, data, "config.json", tokenizers)
        lengths = data.max_length, data.max_source_length
        reading = Reading(*symbols, *lengths, data.turn_separator, data.turns, data.source_cut, data.blank_sources)
        if not (folder / WEIGHTS).is_file():
            raise RunError(
                f"{folder} has no {WEIGHTS}: it is incomplete, or a graph, which other programs run. Export the run "
                "with --format folder."
            )
        judges_texts = config.discriminator is not None and config.discriminator.path is not None
        own_tokenizer = read_tokenizer_file(folder / JUDGE_TOKENIZER_FILE) if judges_texts else None
        model = cls._build(config, reading, own_tokenizer)
        load_weights(model, folder / WEIGHTS, fingerprint_of(reading.vocabulary, reading.source_vocabulary))
        return cls(model.eval().to(device), config, reading, own_tokenizer)

    @staticmethod
    def _build(
        config: RunConfig, reading: Reading, own_tokenizer: ModelTokenizer | None
    ) -> GeneratorModule | Discriminator:
        """The model with fresh weights."""
        raise NotImplementedError


class ExportedGenerator(_Exported):
    """A generator that writes text. Made by `from_run` or `from_pretrained`."""

    model: GeneratorModule

    role = "generator"

    @classmethod
    def from_run(cls, run: Run | str | Path) -> Self:
        """A run's generator.

        Raises:
            RunError, ConfigError, CheckpointError: as `open_run` and `load_generator`.
        """
        run = run if isinstance(run, Run) else open_run(run)
        return cls(load_generator(run), run.config, run.reading)

    def sample(
        self,
        count: int = 20,
        *,
        sources: Sequence[str] | None = None,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        prefix: str | None = None,
        all_symbols: bool = False,
    ) -> list[str]:
        """Sentences, as `seqgan sample` prints them; of a generator that reads sources, one for each of these.

        Args:
            count: how many, of plain text.
            sources: what to answer or translate.
            seed: another seed, other sentences.
            temperature: as the next two, see `adjust_logits`.
            top_k: see `adjust_logits`.
            top_p: see `adjust_logits`.
            prefix: what each sentence of plain text begins with.
            all_symbols: draw also the unknown symbol, and those that the training text never has.

        Raises:
            ConfigError: sources for a generator that reads none, or the other way round; a blank source; a prefix with
                words that the vocabulary has not, or one that is too long.
        """
        reading, rng = self.reading, torch.Generator(self.device).manual_seed(seed)
        tokenizer, vocabulary = reading.tokenizer, reading.vocabulary
        if reading.source_vocabulary is None:
            if sources is not None:
                raise ConfigError("This generator writes plain text and reads no sources: leave them out.")
            return generate_sentences(
                self.model,
                count,
                reading.max_length,
                tokenizer,
                vocabulary,
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                prefix=None if prefix is None else encode_prefix(prefix, tokenizer, vocabulary),
                all_symbols=all_symbols,
            )
        if sources is None or prefix is not None:
            raise ConfigError("This generator answers sources: give them as sources=[...], and no prefix.")
        answers = answer_sources(
            stepping(self.model),
            sources_as_read(reading, sources).to(self.device),
            reading.max_length,
            tokenizer,
            vocabulary,
            rng=rng,
            beam=0,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            all_symbols=all_symbols,
        )
        return [answer for (answer,) in answers]

    @staticmethod
    def _build(
        config: RunConfig,
        reading: Reading,
        own_tokenizer: ModelTokenizer | None,  # noqa: ARG004
    ) -> GeneratorModule:
        return build_generator(
            config.generator, reading.vocabulary, reading.max_length, source_vocabulary=reading.source_vocabulary
        )


class ExportedDiscriminator(_Exported):
    """A discriminator that judges text. Made by `from_run` or `from_pretrained`."""

    model: Discriminator

    role = "discriminator"

    @classmethod
    def from_run(cls, run: Run | str | Path) -> Self:
        """A run's discriminator.

        Raises:
            RunError: the run has none, or as `open_run`.
            ConfigError, CheckpointError: as `open_run` and `load_discriminator`.
        """
        run = run if isinstance(run, Run) else open_run(run)
        return cls(load_discriminator(run), run.config, run.reading, judge_tokenizer(run))

    @property
    def kind(self) -> str:
        """Which discriminator it is, as `--discriminator` names it."""
        assert self.config.discriminator is not None
        return self.config.discriminator.name or ""

    def score(self, lines: Sequence[str], sources: Sequence[str] | None = None) -> list[float]:
        """The log-odds of each line, as `seqgan score` prints them; see there for what they are and are not.

        Args:
            lines: sentences; a blank one is an empty sentence.
            sources: what they answer or translate, one each, for a discriminator that reads them.

        Raises:
            ConfigError: sources for a discriminator that reads none, or the other way round, or not as many.
            CorpusError: a source is blank; or a token is no id, of a discriminator of ids.
        """
        reading = self.reading
        if (sources is None) != (reading.source_vocabulary is None):
            what = "judges answers to sources: give them" if sources is None else "reads no sources: leave them out"
            raise ConfigError(f"This discriminator {what}.")
        if sources is not None and len(sources) != len(lines):
            raise ConfigError(f"{len(lines):,} lines and {len(sources):,} sources are given: each line has its own.")
        scores: list[float] = []
        for first in range(0, len(lines), SCORED_LINES):
            part = slice(first, first + SCORED_LINES)
            of_part = None if sources is None else sources[part]
            sequences, _ = read_text(reading, lines[part], of_part, name="The lines", first=first + 1)
            scores += sequence_scores(self.model, sequences.to(self.device)).tolist()
        return scores

    @staticmethod
    def _build(config: RunConfig, reading: Reading, own_tokenizer: ModelTokenizer | None) -> Discriminator:
        assert config.discriminator is not None
        return build_discriminator(
            config.discriminator,
            reading.vocabulary,
            reading.max_length,
            source_vocabulary=reading.source_vocabulary,
            max_source_length=reading.max_source_length,
            turn_separator=reading.turn_separator,
            tokenizers=(reading.tokenizer, reading.source_tokenizer),
            own_tokenizer=own_tokenizer,
        )
