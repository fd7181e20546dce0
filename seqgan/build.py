"""From settings to plain arguments: text, generator, discriminator, algorithm."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec
import torch

from seqgan.algorithm_settings import build_algorithm
from seqgan.build_huggingface import pretrained_generator, pretrained_judge
from seqgan.data.corpus import load_corpus
from seqgan.data.data_sets import DataSetPart
from seqgan.data.laid_out import laid_out_files, taken
from seqgan.data.model_tokenizer import ModelTokenizer
from seqgan.data.streamed import stream_text, streamed_files
from seqgan.data.text import Text, encode_corpus, refuse_ids, refuse_source_settings
from seqgan.data.tokenizers import Tokenizer, make_tokenizer
from seqgan.data.vocabulary import Vocabulary
from seqgan.discriminators import DISCRIMINATORS, DiscriminatorKind
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError, CorpusError, nearest
from seqgan.generators import GENERATORS, GeneratorKind
from seqgan.generators.protocol import GeneratorModule, Noisy
from seqgan.huggingface import model_folder
from seqgan.kinds import Kind, built_kinds
from seqgan.model_memory import count_parameters, refuse_giant
from seqgan.model_settings import discriminator_kind, generator_kind
from seqgan.objectives import Relaxed
from seqgan.progress import SILENT, Progress
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig

Made = TypeVar("Made")


def build_text(
    config: DataConfig,
    tokenizer: Tokenizer | None = None,
    vocabulary: Vocabulary | None = None,
    source_tokenizer: Tokenizer | None = None,
    source_vocabulary: Vocabulary | None = None,
    progress: Progress = SILENT,
) -> Text:
    """The corpus that the settings name, encoded; a large one on the disk.

    Args:
        config: what to read, and how.
        tokenizer: of an existing run; None makes one.
        vocabulary: of an existing run; None builds one.
        source_tokenizer: of an existing run's sources; None makes one where there are sources.
        source_vocabulary: of an existing run's sources; None builds one where there are sources.
        progress: where to report.

    Raises:
        CorpusError, ConfigError: what cannot be read, or no such tokenizer; or the sentences are not those that the
            run was begun with.
    """
    seed = config.split_seed

    def make(kind: str, lines: Sequence[str]) -> Tokenizer:
        folder = None
        if kind == "huggingface" and config.tokenizer_path is not None:
            folder = model_folder(config.tokenizer_path, tokenizer_alone=True)
        return make_tokenizer(kind, lines, vocabulary_size=config.pieces, seed=seed, folder=folder)

    paired = any(given is not None for given in (config.source, config.target, config.valid_source))
    files = streamed_files(config.corpus, config.streaming, paired=paired, tokenizer=config.tokenizer)
    if files is None and not paired:
        how: dict[str, Any] = {"tokenizer": config.tokenizer, "cache": config.cache, "progress": progress}
        files = laid_out_files(config.corpus, config.streaming, set_part(config), **how)
    if files is not None:
        if tokenizer is None and config.tokenizer == "huggingface":  # one that is there, and learns nothing
            tokenizer = make(config.tokenizer, [])
        with taken(files):
            return stream_text(
                config.corpus,
                files,
                config.valid,
                seed=seed,
                split=config.split,
                tokenizer=tokenizer or config.tokenizer,
                vocabulary=vocabulary,
                min_count=config.min_count,
                max_vocabulary=config.max_vocabulary,
                pieces=config.pieces,
                max_length=config.max_length,
                too_long=config.too_long,
                cache=config.cache,
                workers=config.workers,
                fingerprint=config.fingerprint,
                progress=progress,
            )
    corpus = load_corpus(
        config.corpus,
        config.valid,
        seed=seed,
        source=config.source,
        target=config.target,
        valid_source=config.valid_source,
        turns=config.turns,
        turn_separator=config.turn_separator,
        split=config.split,
        part=set_part(config),
        blank_sources=config.blank_sources,
    )
    if config.fingerprint and config.fingerprint != corpus.fingerprint():
        raise CorpusError(
            f"{config.corpus} is not the text that the run was trained on: its sentences, or their order, changed. "
            "Restore it, or pretrain a new run."
        )
    source_kind = config.source_tokenizer or config.tokenizer
    # Before a model of subwords is learnt, which takes a while.
    if corpus.sources is None:
        refuse_source_settings(
            corpus,
            config.source_tokenizer is not None,
            config.shared_vocabulary,
            config.max_source_length,
            config.source_cut,
        )
    refuse_ids(corpus, config.tokenizer, source_kind)

    shared = _shares_vocabulary(config)
    if tokenizer is None:
        beside = corpus.sources.train if corpus.sources is not None and shared else []
        tokenizer = make(config.tokenizer, [*beside, *corpus.train])
    if corpus.sources is not None and source_tokenizer is None:
        source_tokenizer = tokenizer if shared else make(source_kind, corpus.sources.train)
    return encode_corpus(
        corpus,
        tokenizer,
        vocabulary,
        min_count=config.min_count,
        max_vocabulary=config.max_vocabulary,
        max_length=config.max_length,
        too_long=config.too_long,
        source_tokenizer=source_tokenizer,
        source_vocabulary=source_vocabulary,
        shared_vocabulary=shared and corpus.sources is not None,
        max_source_length=config.max_source_length,
        # Of a text of which the last turns were kept, sources are those, and no longer seen to be of conversations.
        source_cut="beginning" if config.source_cut == "auto" and config.turns else config.source_cut,
        turn_separator=config.turn_separator,
    )


def set_part(config: DataConfig) -> DataSetPart:
    """Which part of a data set the settings name."""
    return DataSetPart(config.set_configuration, config.set_split, config.set_revision, config.set_folder)


def _shares_vocabulary(config: DataConfig) -> bool:
    """Whether sources and sentences have one: a pretrained model reads and writes the same tokens."""
    return config.shared_vocabulary or config.tokenizer == "huggingface"


def as_read(config: DataConfig, text: Text) -> DataConfig:
    """The settings with what the text itself decided, so that every later command reads the same: its lengths, what too
    long sources lose, and its fingerprint. A run has sources where `max_source_length` is not 0."""
    return msgspec.structs.replace(
        config,
        max_length=text.max_length,
        max_source_length=text.max_source_length,
        source_cut=config.source_cut if text.source_vocabulary is None else text.source_cut.loses,
        shared_vocabulary=config.shared_vocabulary
        or (text.source_vocabulary is not None and _shares_vocabulary(config)),
        fingerprint=text.corpus.fingerprint(),
    )


def chosen_generator(config: GeneratorConfig, *, conditional: bool) -> GeneratorKind:
    """The kind that is named, or else the usual one.

    Raises:
        ConfigError: there is none of that name, or it is for the other kind of text.
    """
    kind = generator_kind(config, conditional=conditional)
    stepping = {name: each for name, each in GENERATORS.items() if not each.at_once}
    _check_text(kind, stepping, conditional=conditional)
    return kind


def chosen_discriminator(config: DiscriminatorConfig, *, conditional: bool) -> DiscriminatorKind:
    """The kind that is named, or else the usual one.

    Raises:
        ConfigError: there is none of that name, or it is for the other kind of text.
    """
    kind = discriminator_kind(config, conditional=conditional)
    _check_text(kind, DISCRIMINATORS, conditional=conditional)
    return kind


def _check_text(kind: Kind, others: Mapping[str, Kind], *, conditional: bool) -> None:
    """That a kind is for text with sources, or for text without; else which others are."""
    if not kind.reads(conditional=conditional):
        fitting = built_kinds(others, conditional=conditional)
        what = "sources, which it does not read" if conditional else "no sources, which it needs"
        raise ConfigError(
            f"--{kind.player} is {kind.name}, and this text has {what}: choose one of {', '.join(fitting)}."
        )


def named_players(config: RunConfig, *, conditional: bool) -> RunConfig:
    """The settings with the kinds of both players spelt out, where none were named.

    Raises:
        ConfigError: a kind does not exist, or is for the other kind of text.
    """
    name = chosen_generator(config.generator, conditional=conditional).name
    generator = msgspec.structs.replace(config.generator, name=name)
    discriminator = config.discriminator
    if discriminator is not None:
        name = chosen_discriminator(discriminator, conditional=conditional).name
        discriminator = msgspec.structs.replace(discriminator, name=name)
    return msgspec.structs.replace(config, generator=generator, discriminator=discriminator)


def chosen_as_trained(config: RunConfig) -> RunConfig:
    """The settings of a new run, with how a generator of all positions at once chooses its tokens: as its algorithm
    trains it."""
    if config.algorithm is None or not generator_kind(config.generator).at_once:
        return config
    algorithm = build_algorithm(config.algorithm)
    drawn = isinstance(algorithm, Relaxed) and algorithm.gumbel
    return msgspec.structs.replace(config, generator=msgspec.structs.replace(config.generator, drawn=drawn))


def build_generator(
    config: GeneratorConfig,
    vocabulary: Vocabulary,
    max_length: int,
    seed: int = 0,
    source_vocabulary: Vocabulary | None = None,
    *,
    weights: bool = False,
    trained: bool = True,
) -> GeneratorModule:
    """A generator with fresh weights drawn from `seed`, for sentences of at most `max_length` tokens.

    Args:
        config: its sizes.
        vocabulary: of what it writes.
        max_length: of a sentence.
        seed: of the weights.
        source_vocabulary: of what it reads; None without sources. One that is `vocabulary` itself is shared, and so is
            its table of vectors.
        weights: take those of a pretrained model's folder, where it has some; a run has its own already.
        trained: whether it will be, which takes several times the memory of its weights.

    Raises:
        ConfigError: no generator of that name, or it is for the other kind of text, or larger than the memory; a
            pretrained model that cannot be read.
        CheckpointError: adapters of another model than the folder has.
    """
    conditional = source_vocabulary is not None
    kind = chosen_generator(config, conditional=conditional)
    if kind.pretrained:
        return _seeded(lambda: pretrained_generator(config, vocabulary, max_length, conditional, weights), seed)
    options = _generator_options(config, kind, vocabulary, max_length, source_vocabulary)
    refuse_giant(lambda: kind(**options), f"The generator {kind.name}", trained=trained)
    return _seeded(lambda: _with_noise(_normal(kind(**options), config.initial_std), config), seed)


def count_generator_parameters(
    config: GeneratorConfig, vocabulary: Vocabulary, max_length: int, source_vocabulary: Vocabulary | None = None
) -> int:
    """How many weights a generator that is built here would have, without making any; arguments as `build_generator`.

    Raises:
        ConfigError: no generator of that name, or it is for the other kind of text, or made from files.
    """
    kind = chosen_generator(config, conditional=source_vocabulary is not None)
    options = _generator_options(config, kind, vocabulary, max_length, source_vocabulary)
    return count_parameters(lambda: kind(**options))


def _generator_options(
    config: GeneratorConfig,
    kind: GeneratorKind,
    vocabulary: Vocabulary,
    max_length: int,
    source_vocabulary: Vocabulary | None,
) -> dict[str, Any]:
    """What makes a generator of that kind, out of its settings and the text."""
    return kind.arguments(
        {
            **_symbols(vocabulary, source_vocabulary),
            **{size: getattr(config, size) for size in kind.sizes},
            "start": vocabulary.start,
            "end": vocabulary.end,
            "max_length": max_length,
            "drawn": config.drawn,
        }
    )


def build_discriminator(
    config: DiscriminatorConfig,
    vocabulary: Vocabulary,
    max_length: int,
    seed: int = 0,
    source_vocabulary: Vocabulary | None = None,
    max_source_length: int = 0,
    turn_separator: str | None = None,
    *,
    tokenizers: tuple[Tokenizer, Tokenizer | None] | None = None,
    own_tokenizer: ModelTokenizer | None = None,
    weights: bool = False,
    trained: bool = True,
) -> Discriminator:
    """A discriminator with fresh weights drawn from `seed`. Filters wider than `max_length` are left out.

    Args:
        config: its sizes.
        vocabulary: of the sentences that it judges.
        max_length: of those.
        seed: of the weights.
        source_vocabulary: of their sources; None without sources. One that is `vocabulary` itself is shared, and so is
            its table of vectors.
        max_source_length: of the sources.
        turn_separator: the token between the turns of a source; None where a source is one turn.
        tokenizers: of the sentences and of their sources, for a pretrained model, which reads texts.
        own_tokenizer: of a pretrained model; by default that in its folder.
        weights: take those of a pretrained model's folder, where it has some; a run has its own already.
        trained: whether it will be, which takes several times the memory of its weights.

    Raises:
        ConfigError: no discriminator of that name, or it is for the other kind of text, or larger than the memory; a
            pretrained model that cannot be read.
        CheckpointError: adapters of another model than the folder has.
    """
    kind = chosen_discriminator(config, conditional=source_vocabulary is not None)
    if kind.pretrained:
        symbols = (vocabulary, source_vocabulary)
        return _seeded(lambda: pretrained_judge(config, symbols, tokenizers, own_tokenizer, weights), seed)
    values = {
        **_symbols(vocabulary, source_vocabulary),
        **{size: getattr(config, size) for size in kind.sizes},
        "views": config.views or config.embedding_size,
        "max_length": max_length,
    }
    if kind.filters:
        values["filters"] = _scaled(kind.filters, max_length, config.filters)
        values["source_filters"] = _scaled(kind.filters, max_source_length, config.filters)
    if source_vocabulary is not None and turn_separator in source_vocabulary.tokens:
        values["turn_separator"] = source_vocabulary.encode([turn_separator])[0]
    options = kind.arguments(values)
    refuse_giant(lambda: kind(**options), f"The discriminator {kind.name}", trained=trained)
    return _seeded(lambda: kind(**options), seed)


def dropped_widths(config: DiscriminatorConfig, max_length: int) -> list[int]:
    """The filter widths that no sequence of `max_length` fills, which `build_discriminator` leaves out."""
    return [width for width in discriminator_kind(config).filters if width > max_length]


def _symbols(vocabulary: Vocabulary, source_vocabulary: Vocabulary | None) -> dict[str, Any]:
    """How many symbols a player writes or judges, and how many it reads, where there are sources."""
    sizes = {"vocabulary_size": len(vocabulary)}
    if source_vocabulary is None:
        return sizes
    shared = source_vocabulary is vocabulary
    return {**sizes, "source_vocabulary_size": len(source_vocabulary), "shared_embedding": shared}


def _scaled(filters: Mapping[int, int], max_length: int, times: float) -> dict[int, int]:
    """Numbers of filters by width, without those that no sequence fills."""
    return {width: max(1, round(count * times)) for width, count in filters.items() if width <= max_length}


def _with_noise(generator: GeneratorModule, config: GeneratorConfig) -> GeneratorModule:
    """What a generator that learns through relaxed samples has beside its weights; read by samplers."""
    noisy = cast(Noisy, generator)
    noisy.state_noise, noisy.greedy = config.state_noise, config.greedy
    return generator


def _normal(generator: GeneratorModule, std: float) -> GeneratorModule:
    """All weights drawn anew with this deviation, where it is not 0; those of normalisation layers stay as they are."""
    if std:
        with torch.no_grad():
            for name, parameter in generator.named_parameters():
                if "norm" not in name:
                    # torch's recurrent layers have two biases that are only ever summed: one of them is enough.
                    parameter.zero_() if "bias_hh" in name else parameter.normal_(std=std)
    return generator


def _seeded(make: Callable[[], Made], seed: int) -> Made:
    """What `make` makes with random weights from `seed`; the caller's random numbers stay as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _named(known: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in known:
        raise ConfigError(f"No {kind} is called {name!r}.{nearest(name, known)} Known: {', '.join(sorted(known))}.")
    return known[name]
