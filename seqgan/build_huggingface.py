"""From settings to plain arguments, for generators and discriminators that are models of Hugging Face transformers."""

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from seqgan.data.model_tokenizer import ModelTokenizer, read_model_tokenizer
from seqgan.data.tokenizers import Tokenizer
from seqgan.data.vocabulary import SPECIALS, ModelVocabulary, Vocabulary
from seqgan.discriminators.huggingface import HuggingFaceDiscriminator
from seqgan.discriminators.protocol import Discriminator
from seqgan.errors import ConfigError
from seqgan.generators.huggingface import HuggingFaceGenerator
from seqgan.generators.huggingface_seq2seq import HuggingFaceSeq2Seq
from seqgan.generators.protocol import GeneratorModule
from seqgan.huggingface import (
    HUB,
    add_adapters,
    build_model,
    check_base,
    has_weights,
    load_model,
    model_folder,
    positions_of,
    read_architecture,
    weights_fingerprint,
)
from seqgan.model_memory import refuse_giant
from seqgan.model_settings import discriminator_kind, generator_kind
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig


def with_located_models(config: RunConfig) -> RunConfig:
    """The settings with the folders of pretrained models named so that they mean the same wherever a command is
    called."""
    given = {name: getattr(config, name) for name in ("generator", "discriminator")}
    located = {
        name: msgspec.structs.replace(section, path=_anywhere(section.path))
        for name, section in given.items()
        if section is not None and section.path is not None
    }
    if config.data.tokenizer_path is not None:
        path = _anywhere(config.data.tokenizer_path)
        located["data"] = msgspec.structs.replace(config.data, tokenizer_path=path)
    return msgspec.structs.replace(config, **located)


def with_own_tokenizer(config: RunConfig) -> RunConfig:
    """The settings of a text that a pretrained generator is to read: by its own tokenizer."""
    generator, data = config.generator, config.data
    if not generator_kind(generator).pretrained:
        return config
    path = data.tokenizer_path or generator.path
    data = msgspec.structs.replace(data, tokenizer="huggingface", tokenizer_path=path)
    return msgspec.structs.replace(config, data=data)


def with_generator_files(config: GeneratorConfig) -> GeneratorConfig:
    """The settings with what the files of a pretrained generator say, so that a run needs them no longer.

    Raises:
        ConfigError: no such model, or of another kind.
    """
    pretrained = generator_kind(config).pretrained
    if pretrained is None or config.path is None:
        return config
    folder = model_folder(config.path)
    architecture = read_architecture(folder, pretrained)
    base = _base(folder, config.lora_rank, "generator")
    return msgspec.structs.replace(config, architecture=architecture, base=base)


def with_discriminator_files(config: DiscriminatorConfig) -> DiscriminatorConfig:
    """The same of a pretrained discriminator.

    Raises:
        ConfigError: no such model, or of another kind; or its tokenizer has no symbol that closes a text.
    """
    pretrained = discriminator_kind(config).pretrained
    if pretrained is None or config.path is None:
        return config
    folder = model_folder(config.path)
    tokenizer = read_model_tokenizer(folder)
    specials = tokenizer.specials
    closing = None if specials is None else tokenizer.number_of(specials.end)
    if specials is None or closing is None:
        raise ConfigError(
            f"The tokenizer in {folder} has no symbol that closes a text: name one as eos_token or sep_token in "
            "tokenizer_config.json."
        )
    return msgspec.structs.replace(
        config,
        architecture=read_architecture(folder, pretrained),
        base=_base(folder, config.lora_rank, "discriminator"),
        opening=tokenizer.number_of(specials.start),
        closing=closing,
    )


def keep_learnt_symbols(tokenizer: Tokenizer, vocabulary: Vocabulary, config: GeneratorConfig) -> None:
    """Let a model with trained weights of its own write what this training text never has: it learnt that elsewhere.

    Not so parts of characters and control characters. What was learnt from this text alone is left as it is.
    """
    unseen = vocabulary.unseen
    pretrained = generator_kind(config).pretrained is not None
    learnt = pretrained and config.path is not None and has_weights(model_folder(config.path))
    if not learnt or unseen is None or not isinstance(tokenizer, ModelTokenizer):
        return
    ids = [number for number in unseen if number != vocabulary.unknown]
    tokens = [vocabulary.tokens[number - SPECIALS] for number in ids]
    kept = {number for number, is_text in zip(ids, tokenizer.are_text(tokens), strict=True) if is_text}
    vocabulary.unseen = unseen - kept


def _anywhere(path: str) -> str:
    """The same folder by a name that means it wherever the next command is called."""
    return path if path.startswith(HUB) else str(Path(path).absolute())


def _base(folder: Path, lora_rank: int, player: str) -> str:
    """Fingerprint of the weights that adapters would belong to; empty without adapters."""
    if not lora_rank:
        return ""
    if not has_weights(folder):
        raise ConfigError(
            f"{player}.lora_rank adapts trained weights, and {folder} has none: leave it at 0, or give a folder with "
            "model.safetensors."
        )
    return weights_fingerprint(folder)


def _pretrained_model(config: GeneratorConfig | DiscriminatorConfig, kind: str, weights: bool) -> Any:
    """The model itself: from its folder where weights are wanted and there are some, else from its architecture."""
    assert config.path is not None
    if config.lora_rank:
        try:
            folder = model_folder(config.path)
        except ConfigError as error:
            raise ConfigError(
                f"This model is adapters on the weights of another, which are needed too: {error} Where they were "
                "moved, correct the path beside the adapters: in a run's config.yaml, or in an exported folder's "
                "config.json."
            ) from error
        check_base(folder, config.base)
        refuse_giant(lambda: build_model(config.architecture, kind), f"The model {config.name}", trained=False)
        return add_adapters(load_model(folder, kind), config.lora_rank, config.lora_alpha)
    refuse_giant(lambda: build_model(config.architecture, kind), f"The model {config.name}", trained=False)
    if weights and has_weights(folder := model_folder(config.path)):
        return load_model(folder, kind)
    return build_model(config.architecture, kind)


def pretrained_generator(
    config: GeneratorConfig, vocabulary: Vocabulary, max_length: int, conditional: bool, weights: bool
) -> GeneratorModule:
    """A generator that is a pretrained model. Arguments and errors are those of `build.build_generator`."""
    if not isinstance(vocabulary, ModelVocabulary):
        raise ConfigError(
            f"--generator {config.name} reads its own tokens, and this text was cut by another tokenizer: pretrain a "
            "run with it."
        )
    kind = generator_kind(config).pretrained
    assert kind is not None
    if not config.architecture:
        config = with_generator_files(config)
    model = _pretrained_model(config, kind, weights)
    symbols, settings = vocabulary.symbols, json.loads(config.architecture)
    rows = model.get_input_embeddings().weight.shape[0]
    largest = max(*vocabulary.numbers, *symbols.start, *symbols.line)
    if largest >= rows:
        raise ConfigError(
            f"The tokenizer of {config.path} has the number {largest}, and its model has {rows} rows: they do not "
            "belong together."
        )
    positions = positions_of(model)
    if positions is not None and positions < max_length + len(symbols.start):
        raise ConfigError(
            f"{config.path} has {positions} positions, and sentences have up to {max_length} tokens: lower "
            "--data.max-length."
        )
    known = symbols.unknown is not None
    if kind == "causal":
        line = symbols.line if conditional else ()
        return HuggingFaceGenerator(model, vocabulary.numbers, known, symbols.start, line, vocabulary.end)
    first = settings.get("decoder_start_token_id")
    start = [symbols.end if first is None else first]
    if settings.get("forced_bos_token_id") is not None:
        start.append(settings["forced_bos_token_id"])
    return HuggingFaceSeq2Seq(model, vocabulary.numbers, known, start, symbols.before, symbols.after, vocabulary.end)


def check_room(generator: GeneratorModule, max_length: int, max_source_length: int) -> None:
    """That a pretrained model has positions for the longest source, and for an answer behind it; asked before a run.

    Args:
        generator: any; of others nothing is asked.
        max_length: of a sentence.
        max_source_length: of its source; 0 without sources.

    Raises:
        ConfigError: it has not.
    """
    if isinstance(generator, HuggingFaceGenerator) and max_source_length:
        needed = len(generator.before) + max_source_length + len(generator.separator) - 1 + max_length
    elif isinstance(generator, HuggingFaceSeq2Seq):
        needed = len(generator.before) + max_source_length + len(generator.after)
    else:
        return
    if generator.limit is not None and needed > generator.limit:
        raise ConfigError(
            f"This model has {generator.limit} positions, and a source of {max_source_length} tokens takes, with what "
            f"is read beside it, up to {needed}: lower --data.max-source-length or --data.max-length."
        )


def pretrained_judge(
    config: DiscriminatorConfig,
    symbols: tuple[Vocabulary, Vocabulary | None],
    tokenizers: tuple[Tokenizer, Tokenizer | None] | None,
    own_tokenizer: ModelTokenizer | None,
    weights: bool,
) -> Discriminator:
    """A discriminator that is a pretrained model. Arguments and errors are those of `build.build_discriminator`; the
    vocabularies are of sentences and of sources."""
    if tokenizers is None:
        raise ConfigError("The discriminator huggingface reads texts: build it with the tokenizers of the run.")
    if not config.architecture:
        config = with_discriminator_files(config)
    assert config.path is not None
    assert config.closing is not None
    own_tokenizer = own_tokenizer or read_model_tokenizer(model_folder(config.path))
    kind = discriminator_kind(config).pretrained
    assert kind is not None
    model = _pretrained_model(config, kind, weights)
    decoders = [
        None if tokenizer is None or vocabulary is None else functools.partial(_text_of, tokenizer, vocabulary)
        for tokenizer, vocabulary in zip(tokenizers, symbols, strict=True)
    ]
    assert decoders[0] is not None
    return HuggingFaceDiscriminator(
        model,
        decoders[0],
        own_tokenizer.all_numbers,
        config.opening,
        config.closing,
        symbols[0].end,
        decoders[1],
        config.pooling,
        positions_of(model),
    )


def _text_of(tokenizer: Tokenizer, vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    return tokenizer.detokenize(vocabulary.decode(ids))
