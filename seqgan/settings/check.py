"""What cannot be said of one setting alone: choices by name, and settings that contradict each other."""

import msgspec

from seqgan.errors import ConfigError
from seqgan.settings.data import check_pairs
from seqgan.settings.rules import RULES
from seqgan.settings.run import RunConfig, convert


def check(config: RunConfig) -> RunConfig:
    """The same settings, types and ranges checked, and conflicts between them but those that depend on the players'
    kinds: `seqgan.model_settings.check_kinds` knows these.

    Raises:
        ConfigError: says which setting, what was found and what was expected.
    """
    config = convert(msgspec.to_builtins(config), "the settings")
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
    if config.pretrain.draws not in RULES["draws"]:
        raise ConfigError(f"pretrain.draws is {config.pretrain.draws!r}: choose {' or '.join(RULES['draws'])}.")
    for name, known in RULES.items():
        found = getattr(config.adversarial, name, known[0])
        if found not in known:
            raise ConfigError(f"adversarial.{name} is {found!r}: choose {' or '.join(known)}.")
    check_pairs(config.data)
    pieces_only = {config.data.tokenizer, config.data.source_tokenizer or config.data.tokenizer} == {"sentencepiece"}
    if pieces_only and (config.data.min_count > 1 or config.data.max_vocabulary):
        raise ConfigError(
            "data.min_count and data.max_vocabulary count words or characters; with the sentencepiece tokenizer "
            "data.pieces is the size: leave them out."
        )
    return config
