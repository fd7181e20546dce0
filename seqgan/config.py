"""The settings as typed records: a type with its range, a default, and a sentence under each field.

Command-line flags, their help and `config.yaml` are derived from these classes; models never see them (`build.py`
passes plain arguments). Values are checked by `check`, since making a record does not check it.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import tyro
from msgspec import Meta

from seqgan.errors import ConfigError, nearest, shown
from seqgan.presets import Settings
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.before import FORMAT
from seqgan.settings.types import Count, Layers, Length, Positive, Rate, Section, Seed, Share, Size


class DataConfig(Section, frozen=True, kw_only=True):
    """The text to learn."""

    corpus: Annotated[str, tyro.conf.arg(aliases=["--corpus"], metavar="NAME|FILE|FOLDER|hf:NAME")] = "captions"
    """An embedded corpus, a file with a sentence a line, a folder with train.*, valid.* and test.*, or a data set."""
    valid: Annotated[str | None, tyro.conf.arg(aliases=["--valid"], metavar="FILE")] = None
    """Held-out sentences; without it the corpus's own, or some that are split off from the training text."""
    source: Annotated[str | None, tyro.conf.arg(aliases=["--source"], metavar="FILE|EXT")] = None
    """What the sentences answer or translate: a file, beside a corpus that is one; or, for a folder of aligned files,
    the extension of the sources. A corpus whose name ends in .tsv holds source TAB target and needs none."""
    target: Annotated[str | None, tyro.conf.arg(aliases=["--target"], metavar="EXT")] = None
    """The extension of the sentences in such a folder, as in --source en --target de."""
    valid_source: Annotated[str | None, tyro.conf.arg(aliases=["--valid-source"], metavar="FILE")] = None
    """What the held-out sentences answer or translate, where valid is not itself of pairs."""
    set_configuration: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Of a data set hf:NAME that has several configurations, such as pairs of languages: which."""
    set_split: Annotated[str | None, tyro.conf.arg(metavar="SPLIT")] = None
    """The split of a data set that is the training text, a part of it included, as in train[:10%]; by default train."""
    set_revision: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A branch, tag or commit of a data set's repository."""
    set_folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The folder of a data set that has the data."""
    blank_sources: Annotated[str, tyro.conf.arg(metavar="refuse|keep")] = "refuse"
    """What happens to pairs whose source is blank: refused, or kept; a source that says nothing is then read as
    turn_separator alone."""
    tokenizer: Annotated[
        str, tyro.conf.arg(aliases=["--tokenizer"], metavar="words|characters|sentencepiece|ids|huggingface")
    ] = "words"
    """What a token is; ids are numbers with a space between them, all sequences of one length and without an end. With
    a generator huggingface, its own."""
    tokenizer_path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For the tokenizer huggingface: the folder with its tokenizer.json, and beside it the tokenizer_config.json that
    names what ends a text; by default the generator's."""
    own_tokenizers: Annotated[tuple[str, ...], tyro.conf.Suppress] = ()
    """Names of tokenizers that a program gave, where tokenizer or source_tokenizer is own; a note, from which nothing
    is imported."""
    min_count: Positive = 1
    """Rarer tokens become the unknown symbol."""
    max_vocabulary: Count = 0
    """Keep at most this many tokens, the most frequent ones; 0 keeps all. For ids: how many there are."""
    pieces: Size = 1000
    """Pieces that the sentencepiece tokenizer learns."""
    max_length: Length = 0
    """Most tokens a sentence may have, its end symbol included; 0 takes the longest training sentence, at most 256."""
    too_long: Annotated[str, tyro.conf.arg(metavar="cut|drop")] = "cut"
    """What happens to longer sentences: cut (they then have no end symbol), or dropped."""
    source_tokenizer: Annotated[str | None, tyro.conf.arg(metavar="words|characters|sentencepiece")] = None
    """What a token of a source is; by default as for sentences."""
    shared_vocabulary: bool = False
    """One tokenizer and one vocabulary for sources and sentences."""
    max_source_length: Length = 0
    """Most tokens a source may have; 0 takes the longest training source, at most 256. Longer ones lose their oldest
    turns or, if they have none, what source_cut says."""
    source_cut: Annotated[str, tyro.conf.arg(metavar="auto|beginning|end")] = "auto"
    """What a longer source without turns loses: its beginning, its end, or, auto, its beginning where other sources of
    the text have turns, else its end. A last turn that is too long alone loses its beginning."""
    turn_separator: str = "__eou__"
    """The token between the turns of a source."""
    turns: Count = 0
    """Keep the last turns of each source; 0 keeps all."""
    streaming: Annotated[str, tyro.conf.arg(metavar="auto|always|never")] = "auto"
    """Read plain text, and a data set's sentences, from the disk and not into memory: auto does so from 256 MiB of
    training text on."""
    cache: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """Where such a text is kept encoded; by default what SEQGAN_CACHE names, or ~/.cache/seqgan. No file says it."""
    workers: Count = 0
    """Processes that read and tokenize it; 0 for one per processor, at most 16."""
    split: Annotated[str, tyro.conf.Suppress] = "lines"
    """How some of the text is split off where nothing is held out: lines, drawn at random; distinct, sentences whose
    copies are then left out: that of runs made before."""
    split_seed: Seed = 0
    """Decides what is split off where nothing is held out; the same whatever the seed is, so that runs with several
    seeds are judged by one text."""
    fingerprint: Annotated[str, tyro.conf.Suppress] = ""
    """Of the text that was read, so that no later command reads another; filled in by pretrain."""
    begun_in: Annotated[str, tyro.conf.Suppress] = ""
    """The run's own folder when the files of its text were named, so that both may be moved together; filled in."""


class GeneratorConfig(Section, frozen=True, kw_only=True):
    """The generator."""

    name: Annotated[str | None, tyro.conf.arg(aliases=["--generator"], metavar="NAME")] = None
    """Its kind: lstm (the default), gru, transformer, relational or residual-conv; for pairs seq2seq-gru (the default),
    seq2seq-lstm or seq2seq-transformer; huggingface and huggingface-seq2seq are models of transformers."""
    path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For huggingface: the model's folder, with config.json, tokenizer.json and weights as safetensors; without weights
    they are random. Nothing is fetched unless the name begins with hf:."""
    lora_rank: Count = 0
    """For huggingface: train adapters of this rank and leave the model as it is; 0 trains all of it."""
    lora_alpha: Positive = 16
    """What adapters add is scaled by lora_alpha / lora_rank."""
    architecture: Annotated[str, tyro.conf.Suppress] = ""
    """The model's config.json, so that a run needs no other folder; filled in by pretrain."""
    base: Annotated[str, tyro.conf.Suppress] = ""
    """Fingerprint of the weights that adapters belong to; filled in by pretrain."""
    embedding_size: Size = 128
    """Size of a token's vector."""
    hidden_size: Size = 256
    """Size of a recurrent layer or memory, of a Transformer block's feed-forward part, or channels of residual-conv."""
    layers: Layers = 1
    """Number of layers, of Transformer blocks, or of residual blocks."""
    heads: Size = 4
    """Attention heads: of a Transformer they divide embedding_size, of a relational memory hidden_size."""
    dropout: Share = 0.3
    """Share of values dropped in maximum-likelihood training; always off when sampling and in policy gradients."""
    tied: bool = False
    """Share one matrix between embeddings and output; recurrent ones of plain text need embedding_size equal to
    hidden_size."""
    noise_size: Size = 128
    """For residual-conv: how many normal numbers a sequence is made from."""
    drawn: Annotated[bool, tyro.conf.Suppress] = False
    """For residual-conv: its tokens are drawn, as its algorithm trains it, and not the likeliest; filled in by the
    command. Those of runs made before are the likeliest, whatever the algorithm."""
    state_noise: Annotated[float, Meta(ge=0)] = 0.0
    """For a recurrent one that learns through relaxed samples: deviation of the normal noise in its first state."""
    greedy: bool = False
    """Given that noise, its sentences consist of the likeliest tokens and are not drawn."""
    initial_std: Annotated[float, Meta(ge=0, le=10)] = 0.0
    """All weights start normal with this deviation (0.1 for the SeqGAN authors); 0 starts each kind in its own way."""


class PretrainConfig(Section, frozen=True, kw_only=True):
    """Maximum likelihood for the generator."""

    epochs: Annotated[int, Meta(ge=1), tyro.conf.arg(aliases=["--epochs"], metavar="N")] = 40
    """Most passes over the training text."""
    patience: Count = 3
    """Stop after this many epochs without a better held-out likelihood, and keep the best; 0 makes all epochs and keeps
    the last, as the SeqGAN authors do."""
    batch_size: Positive = 64
    """Sentences per update."""
    learning_rate: Rate = 2e-3
    """Learning rate of Adam."""
    clip_norm: Annotated[float, Meta(gt=0)] = 5.0
    """Gradients are scaled down to this norm."""
    start: Annotated[str | None, tyro.conf.arg(aliases=["--from"], metavar="RUN")] = None
    """Begin with the generator of this run, its weights and vocabulary, in a run of its own; only its sizes and tokens
    must stay."""
    start_weights: Annotated[str, tyro.conf.Suppress] = ""
    """SHA-256 of those weights, so that the run can be made again; filled in by pretrain."""
    epoch_updates: Count = 0
    """Updates after which an epoch ends, with its evaluation, for texts of which a whole pass takes long; the next
    epoch goes on in the text where it ended. 0: an epoch is a pass over the text."""
    checkpoint_every: Count = 0
    """Updates between two training states within an epoch, from which an interrupted run goes on; 0 writes them at the
    ends of epochs alone."""
    weighting: Annotated[str, tyro.conf.Suppress] = "text"
    """What a token weighs in the loss: text, the same wherever it stands, in batches of any lengths; batch, one over
    the tokens of its batch, whose sentences are about as long. The latter is no maximum likelihood: that of runs made
    before."""


class DiscriminatorConfig(Section, frozen=True, kw_only=True):
    """The discriminator."""

    name: Annotated[str | None, tyro.conf.arg(aliases=["--discriminator"], metavar="NAME")] = None
    """Its kind: cnn (the default), rnn, transformer, many-view or residual-conv; for pairs two-tower-cnn (the default),
    two-tower-rnn or hierarchical (of dialogues); for both huggingface, an encoder of transformers."""
    path: Annotated[str | None, tyro.conf.arg(metavar="DIR|hf:NAME")] = None
    """For huggingface: the model's folder, as generator.path."""
    lora_rank: Count = 0
    """For huggingface: train adapters of this rank and a head, and leave the model as it is; 0 trains all of it."""
    lora_alpha: Positive = 16
    """What adapters add is scaled by lora_alpha / lora_rank."""
    pooling: Annotated[str, tyro.conf.arg(metavar="mean|first|last")] = "mean"
    """For huggingface: what the head reads: the mean over the text, its first symbol, or its last (causal models)."""
    architecture: Annotated[str, tyro.conf.Suppress] = ""
    """The model's config.json; filled in by the command."""
    base: Annotated[str, tyro.conf.Suppress] = ""
    """Fingerprint of the weights that adapters belong to; filled in by the command."""
    opening: Annotated[int | None, tyro.conf.Suppress] = None
    """The model's number of what opens a text; filled in by the command."""
    closing: Annotated[int | None, tyro.conf.Suppress] = None
    """The model's number of what closes a text; filled in by the command."""
    embedding_size: Size = 64
    """Size of a token's vector."""
    filters: Annotated[float, Meta(gt=0, le=16)] = 1.0
    """Filters of each width of a cnn or of many views, as a multiple of the authors' numbers (100 to 300)."""
    hidden_size: Size = 128
    """Size of an rnn's layer, of a Transformer block's feed-forward part, or channels of residual-conv."""
    layers: Layers = 1
    """Number of an rnn's layers, of Transformer blocks, or of residual blocks."""
    heads: Size = 4
    """Attention heads of a Transformer; they divide embedding_size."""
    dropout: Share = 0.25
    """Share of features dropped in training; always off when rewarding."""
    views: Count = 0
    """Views of many-view, a divisor of embedding_size; 0 takes as many as that."""
    per_view: bool = False
    """A logit for each view and not their mean, as relgan's loss wants them."""
    per_token: bool = False
    """An rnn or hierarchical one only: a logit for each prefix instead of one for the sentence; what adversarial.credit
    token needs, and what makes prefix cheap."""


class RunConfig(Section, frozen=True, kw_only=True):
    """All settings of a run, as they stand in its `config.yaml`."""

    format: int = FORMAT
    """Version of this file's layout."""
    seed: Seed = 0
    """Decides every random choice."""
    data: DataConfig = DataConfig()
    """The text to learn."""
    generator: GeneratorConfig = GeneratorConfig()
    """The generator."""
    pretrain: PretrainConfig = PretrainConfig()
    """Maximum likelihood."""
    discriminator: DiscriminatorConfig | None = None
    """The discriminator, in adversarial runs."""
    algorithm: dict[str, Any] | None = None
    """The algorithm's name and the settings that are its own, in adversarial runs."""
    adversarial: AdversarialConfig | None = None
    """How both players are trained, in adversarial runs."""

    @property
    def algorithm_name(self) -> str | None:
        """The name of the algorithm; None in a pretrained run."""
        return None if self.algorithm is None else str(self.algorithm["name"])


BEFORE: Settings = {
    "data": {"split": "distinct", "source_cut": "end-of-turns"},
    "pretrain": {"weighting": "batch"},
    "adversarial": {"places": "own", "decayed": "named", "entropy_over": "tokens"},
}
"""Rules that changed, and what held before: for a run whose file does not name them it goes on to hold."""


RULES = {"places": ("all", "own"), "decayed": ("layer", "named"), "entropy_over": ("sentences", "tokens")}
"""Those of both players, with the present one first."""


NOTHING: Mapping[str, Any] = {}


def with_rules_of_before(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a run's file, and the earlier rule for each that it does not name."""
    return {
        name: {**BEFORE.get(name, {}), **section} if isinstance(section, dict) else section
        for name, section in settings.items()
    }


def without_rules_of_before(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a file that another run is made with: rules that changed since are not taken over from it."""
    return {
        name: {key: value for key, value in section.items() if BEFORE.get(name, {}).get(key, ...) != value}
        if isinstance(section, dict)
        else section
        for name, section in settings.items()
    }


def check(config: RunConfig) -> RunConfig:
    """The same settings, types and ranges checked, and conflicts between them but those that depend on the players'
    kinds: `seqgan.model_settings.check_kinds` knows these.

    Raises:
        ConfigError: says which setting, what was found and what was expected.
    """
    config = _convert(msgspec.to_builtins(config), "the settings")
    if config.data.streaming not in ("auto", "always", "never"):
        raise ConfigError(f"data.streaming is {config.data.streaming!r}: choose auto, always or never.")
    if config.data.too_long not in ("cut", "drop"):
        raise ConfigError(f"data.too_long is {config.data.too_long!r}: choose cut or drop.")
    if config.data.blank_sources not in ("refuse", "keep"):
        raise ConfigError(f"data.blank_sources is {config.data.blank_sources!r}: choose refuse or keep.")
    if config.data.source_cut not in ("auto", "beginning", "end", "end-of-turns"):  # the last one is that of before
        raise ConfigError(f"data.source_cut is {config.data.source_cut!r}: choose auto, beginning or end.")
    if config.data.split not in ("lines", "distinct"):
        raise ConfigError(f"data.split is {config.data.split!r}: choose lines or distinct.")
    if config.pretrain.weighting not in ("text", "batch"):
        raise ConfigError(f"pretrain.weighting is {config.pretrain.weighting!r}: choose text or batch.")
    for name, known in RULES.items():
        found = getattr(config.adversarial, name, known[0])
        if found not in known:
            raise ConfigError(f"adversarial.{name} is {found!r}: choose {' or '.join(known)}.")
    _check_pairs(config.data)
    pieces_only = {config.data.tokenizer, config.data.source_tokenizer or config.data.tokenizer} == {"sentencepiece"}
    if pieces_only and (config.data.min_count > 1 or config.data.max_vocabulary):
        raise ConfigError(
            "data.min_count and data.max_vocabulary count words or characters; with the sentencepiece tokenizer "
            "data.pieces is the size: leave them out."
        )
    return config


def _check_pairs(data: DataConfig) -> None:
    """That the settings of sources do not contradict each other; what is in the files is looked at when they are read.

    Raises:
        ConfigError: which do.
    """
    if data.target is not None and data.source is None:
        raise ConfigError(
            f"--target {data.target} is given without --source: aligned files need both extensions, as in --source en "
            "--target de."
        )
    if data.target is not None and data.source == data.target:
        raise ConfigError(f"--source and --target are both {data.source!r}: sources and targets are different files.")
    if data.valid_source is not None and data.valid is None:
        raise ConfigError(f"--valid-source {data.valid_source} has no targets: give --valid the file of them.")
    if data.shared_vocabulary and data.source_tokenizer not in (None, data.tokenizer):
        raise ConfigError(
            f"data.shared_vocabulary has one tokenizer for both sides, but data.tokenizer is {data.tokenizer!r} and "
            f"data.source_tokenizer is {data.source_tokenizer!r}: leave one of them out."
        )
    if data.source_tokenizer == "ids" or (data.tokenizer == "ids" and data.source is not None):
        raise ConfigError(
            "The tokenizer ids is for plain sequences of one length, without sources: use words, to which numbers are "
            "words as well."
        )
    if not data.turn_separator or data.turn_separator.split() != [data.turn_separator]:
        raise ConfigError(
            f"data.turn_separator is {data.turn_separator!r}, but it is a token between turns: give one without spaces."
        )


CHANGEABLE = {
    "pretrain.epochs",
    "pretrain.patience",
    "pretrain.checkpoint_every",
    "adversarial.rounds",
    "adversarial.on_collapse",
    "data.cache",
    "data.workers",
    *("data.corpus", "data.valid", "data.valid_source", "data.begun_in"),
}
"""Settings that a resumed run may be given anew: how long it goes on, whether in spite of a collapse, and what has no
part in its numbers. Where its text is has none: that it is the same text its fingerprint says."""


def check_resumable(begun: RunConfig, now: RunConfig, where: str) -> None:
    """That a run can go on with these settings and still equal one that was never interrupted.

    Raises:
        ConfigError: a setting differs from the one that the run was begun with.
    """
    old, new = _flat(msgspec.to_builtins(begun)), _flat(msgspec.to_builtins(now))
    from_here = f", with its weights by --from {where}" if begun.adversarial is None else ""
    for key in sorted(old.keys() | new.keys()):
        moved = key == "data.source" and begun.data.target is None  # a file, and no extension
        if old.get(key) != new.get(key) and key not in CHANGEABLE and not moved:
            raise ConfigError(
                f"{where} was begun with {key} {old.get(key)!r}, and cannot be resumed with {new.get(key)!r}: leave it "
                f"out, or begin another run{from_here}."
            )
    rising = begun.adversarial is not None and begun.adversarial.baseline == "rising"
    if rising and old["adversarial.rounds"] != new["adversarial.rounds"]:
        raise ConfigError(
            f"{where} was begun with adversarial.rounds {old['adversarial.rounds']} and a baseline that rises over "
            "them: another number would have made other updates from the first round on. Begin another run."
        )


def _flat(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings as one mapping, keys joined by dots."""
    if not isinstance(settings, dict):
        return {prefix.rstrip("."): settings}
    return {key: value for name, part in settings.items() for key, value in _flat(part, f"{prefix}{name}.").items()}


def with_settings(config: RunConfig, settings: Mapping[str, Any], where: str) -> RunConfig:
    """`config` with some settings replaced.

    Args:
        config: what holds for all others.
        settings: sections with the keys to replace, as `read_settings` gives.
        where: the file they came from, for messages.

    Raises:
        ConfigError: unknown keys (the nearest is named) and values of another type or out of range; or the place of a
            cache, which is for who calls a command to say and not for a file that may come from anywhere.
    """
    data = settings.get("data")
    if isinstance(data, dict) and data.get("cache") is not None:
        raise ConfigError(
            f"In {where}: data.cache is {data['cache']!r}, and where texts are kept is said by the flag --data.cache "
            "or the variable SEQGAN_CACHE alone: take it out of there."
        )
    merged: dict[str, Any] = msgspec.to_builtins(config)
    for key, value in settings.items():
        if not isinstance(key, str):
            raise ConfigError(f"In {where}: the key {key!r} is no name of a section such as 'adversarial'.")
        if value is None and key in ("data", "generator", "pretrain"):
            raise ConfigError(f"In {where}: the section {key!r} is empty: leave it out, or put settings under it.")
        old = merged.get(key)
        if value is None and isinstance(old, dict):
            continue  # a pretrained run's settings say nothing of the two players
        if key == "algorithm" and isinstance(old, dict) and isinstance(value, dict):
            old = old if value.get("name", old["name"]) == old["name"] else {}  # those of another are no settings of it
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return _convert(merged, where)


def whole(
    section: str,
    config: Any,
    settings: Mapping[str, Any],
    usual: Mapping[str, Any] = NOTHING,
    *,
    of: str = "the defaults",
) -> Any:
    """All settings of a section, out of what a caller gave from Python: all of them, or some by their names.

    Args:
        section: its name, such as pretrain.
        config: all of them; None where they are not given so.
        settings: some of them.
        usual: what holds in place of the general defaults.
        of: where `usual` stands, for messages.

    Raises:
        ConfigError: both are given; or a setting that does not exist, or its value is out of range.
    """
    kind = {"pretrain": PretrainConfig, "adversarial": AdversarialConfig}[section]
    if config is None:
        base = with_settings(RunConfig(), {section: dict(usual)}, of)
        return getattr(with_settings(base, {section: dict(settings)}, "the arguments"), section)
    if settings:
        raise ConfigError(
            f"Both config and {next(iter(settings))} are given, and config says all settings: leave one of them out."
        )
    if not isinstance(config, kind):
        raise ConfigError(
            f"config is {shown(config)}, expected a {kind.__name__}: give settings by their names instead, such as "
            f"{kind.__struct_fields__[0]}=..."
        )
    return getattr(with_settings(RunConfig(), {section: msgspec.to_builtins(config)}, "config"), section)


def without_players(config: RunConfig) -> RunConfig:
    """The settings of a run without what they say of an adversarial training: the usual discriminator, no algorithm."""
    return msgspec.structs.replace(config, discriminator=DiscriminatorConfig(), algorithm=None, adversarial=None)


def settings_text(config: RunConfig) -> str:
    """All settings as YAML, every default spelt out; not where a cache was, which is no setting of a run."""
    import yaml

    config = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, cache=None))
    return yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True)


def _convert(settings: Any, where: str) -> RunConfig:
    try:
        # Not strict: YAML reads 1e-3 as a string.
        config = msgspec.convert(settings, RunConfig, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"In {where}: {_explain(str(error), settings)}") from error
    if config.format != FORMAT:
        raise ConfigError(
            f"In {where}: format is {config.format}, and this version of seqgan reads formats 1 and {FORMAT}: use a "
            "newer seqgan."
        )
    if config.algorithm is not None and not isinstance(config.algorithm.get("name"), str):
        raise ConfigError(
            f"In {where}: algorithm.name is {config.algorithm.get('name')!r}, expected the name of an algorithm."
        )
    for name, value in _flat(msgspec.to_builtins(config)).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"In {where}: {name} is {value}, expected a finite number.")
    return config


def _explain(message: str, settings: Any) -> str:
    """The library's message with the value that was found, and the nearest key for an unknown one."""
    what, _, place = message.partition(" - at `$")
    path = [part for part in place.rstrip("`").split(".") if part]
    if what.startswith("Object contains unknown field"):
        key = what.split("`")[1]
        kind = RunConfig if not path else {f.name: f.type for f in msgspec.structs.fields(RunConfig)}[path[0]]
        known = [field.name for field in _fields(kind)]
        return f"unknown key '{'.'.join([*path, key])}'.{nearest(key, known)} Known keys: {', '.join(known)}."
    found = settings
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    expected = what.replace("`", "").removeprefix("Expected ")
    return f"{'.'.join(path) or 'the file'} is {shown(found)}, expected {expected}."


def _fields(kind: Any) -> tuple[Any, ...]:
    """The fields of a section, also of one that may be None."""
    section = next(part for part in (kind, *getattr(kind, "__args__", ())) if isinstance(part, type(Section)))
    return msgspec.structs.fields(section)
