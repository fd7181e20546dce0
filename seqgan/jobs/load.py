"""A run, ready to write and to judge text."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from seqgan.data.text import Text
from seqgan.data.tokenizers import Tokenizer
from seqgan.discriminators.protocol import Discriminator
from seqgan.exporting.players import ExportedDiscriminator, ExportedGenerator
from seqgan.generators.protocol import GeneratorModule
from seqgan.jobs.ranges import in_range
from seqgan.jobs.sample import Sampling, check_odds
from seqgan.runs.directory import Run, open_run
from seqgan.runs.load import load_generator, load_text, model_of
from seqgan.runs.moved import moved_to
from seqgan.training.engine import choose_device


class LoadedRun:
    """A run's players and their text; each is read from the folder when it is first used.

    Args:
        run: the run.
        device: where its players compute.
    """

    def __init__(self, run: Run, device: str = "auto"):
        self.run = run
        self.device = choose_device(device)

    def __repr__(self) -> str:
        by = self.run.config.algorithm_name or "maximum likelihood"
        return f"LoadedRun({str(self.run.folder)!r}: {self.run.config.generator.name}, trained by {by})"

    @cached_property
    def generator(self) -> GeneratorModule:
        """What its sentences come from, in evaluation mode: the generator, or, where the algorithm's stands still, that
        one resampled by the discriminator (`seqgan.decoding.ResampledGenerator`).

        Raises:
            CheckpointError: it has no weights yet, or they are damaged.
        """
        return self._writer.model

    @cached_property
    def discriminator(self) -> Discriminator:
        """The discriminator, in evaluation mode.

        Raises:
            RunError: the run has none.
            CheckpointError: its weights are damaged.
        """
        return self._judge.model

    @cached_property
    def text(self) -> Text:
        """The text that the run was trained on, encoded.

        Raises:
            CorpusError: it is no longer where it was, or its sentences changed.
        """
        return load_text(self.run)

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
        resample: int | None = None,
        tau: float | None = None,
        guide: int | None = None,
        guide_weight: float | None = None,
    ) -> list[str]:
        """Sentences, as `seqgan sample` prints them. The run's text need not be there.

        Args:
            count: how many; of a run of pairs there is one for each source.
            sources: what a run of pairs answers or translates.
            seed: another seed, other sentences.
            temperature: below 1 sharpens, above 1 flattens; at 1 the samples are the model's own.
            top_k: draw from this many likeliest tokens only; 0 from all.
            top_p: draw from the likeliest tokens that together have this probability.
            prefix: what every sentence begins with.
            all_symbols: draw also the unknown symbol, and those that the training text never has.
            resample: of a run whose generator stood still while its discriminator learnt: samples of which one is taken
                by its odds; by default as the run was made, and 1 draws from the generator alone.
            tau: what the log-odds are divided by then.
            guide: in place of that, likeliest tokens among which a discriminator of prefixes has its say in the next.
            guide_weight: how much its say counts, by default 1.

        Raises:
            ConfigError: sources for a run of plain text, or the other way round; a blank source; a prefix with words
                that the vocabulary has not, or one that is too long; a number out of range; guidance together with
                resampling.
            RunError: the run's discriminator cannot be used so.
        """
        asked = Sampling(resample=resample, tau=tau, guide=guide, guide_weight=guide_weight)
        return self._writing(in_range(asked)).sample(
            count,
            sources=sources,
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            prefix=prefix,
            all_symbols=all_symbols,
        )

    def score(self, lines: Sequence[str], sources: Sequence[str] | None = None) -> list[float]:
        """The discriminator's log-odds of each line, as `seqgan score` prints them.

        Args:
            lines: sentences.
            sources: what they answer or translate, one each, for a run of pairs.

        Raises:
            RunError: the run has no discriminator.
            ConfigError, CorpusError: as `ExportedDiscriminator.score`.
        """
        return self._judge.score(lines, sources)

    @cached_property
    def _writer(self) -> ExportedGenerator:
        return self._writing_from(model_of(self.run, self._own_generator, lambda: self.discriminator))

    @cached_property
    def _own_generator(self) -> GeneratorModule:
        return load_generator(self.run).to(self.device)

    def _writing(self, asked: Sampling) -> ExportedGenerator:
        """What writes, drawn from as is asked."""
        how = asked.resample, asked.tau, asked.guide, asked.guide_weight
        if all(each is None for each in how):
            return self._writer
        check_odds(asked, self.run)
        return self._writing_from(model_of(self.run, self._own_generator, lambda: self.discriminator, *how))

    def _writing_from(self, model: GeneratorModule) -> ExportedGenerator:
        return ExportedGenerator(model, self.run.config, self.run.reading)

    @cached_property
    def _judge(self) -> ExportedDiscriminator:
        return ExportedDiscriminator.from_run(self.run).to(self.device)


def load(
    run: Run | str | Path,
    *,
    corpus: str | None = None,
    device: str = "auto",
    tokenizers: Sequence[Tokenizer] = (),
) -> LoadedRun:
    """A run that `seqgan pretrain` or `seqgan adversarial` made, to sample from and to score with.

    Args:
        run: its folder, for example ``runs/captions/seqgan``.
        corpus: where its text is now, if it was moved and is to be read.
        device: where to compute: auto, cpu, cuda, cuda:1, mps.
        tokenizers: of a run that was given some of a program's own, these.

    Raises:
        RunError, ConfigError, CheckpointError: as `open_run`; or there is no such device.
    """
    opened = run if isinstance(run, Run) else open_run(run, tokenizers=tokenizers)
    if corpus is not None:
        opened.config = msgspec.structs.replace(opened.config, data=moved_to(opened.config.data, corpus))
    return LoadedRun(opened, device)
