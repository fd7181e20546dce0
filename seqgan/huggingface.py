"""The door to Hugging Face transformers and peft: architectures, weights, adapters, caches. Only this
file imports them.

A model is a folder with a `config.json`; its weights, if it has any, are safetensors. Pickled weights are never read,
code that comes with a model is never run, and nothing is fetched unless a name begins with `hf:`.
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqgan.errors import CheckpointError, ConfigError
from seqgan.files import read_json
from seqgan.tensors.rows import State

HUB = "hf:"
"""What names on the hub begin with."""
KINDS = {"causal": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM", "encoder": "AutoModel"}
"""What a model is loaded as."""
PATTERNS = ("*.json", "*.safetensors")
"""Files that are fetched from the hub."""
PRECISIONS = ("BF16", "F16", "F32", "F64")
"""Of weights, as safetensors names them."""
MOST_LAYERS = 1_000
"""Layers of a model."""


def require_transformers() -> Any:
    """The `transformers` library.

    Raises:
        ConfigError: it is missing; names the extra.
    """
    try:
        import transformers
    except ImportError as error:
        raise ConfigError(
            "A Hugging Face model is asked for, and transformers is not installed: pip install 'seqgan[hf]'."
        ) from error
    return transformers


def model_folder(name: str, *, tokenizer_alone: bool = False) -> Path:
    """The folder of a model: itself, or of a name on the hub (`hf:...`) where its files were fetched to.

    Args:
        name: of either.
        tokenizer_alone: the folder need not have a model, whose file is config.json.

    Raises:
        ConfigError: there is no such folder, no model in it, or the hub has none of that name or cannot be reached.
    """
    if name.startswith(HUB):
        require_transformers()
        import huggingface_hub

        try:
            return Path(huggingface_hub.snapshot_download(name.removeprefix(HUB), allow_patterns=list(PATTERNS)))
        except Exception as error:  # of many kinds: no network, no such name, no permission
            first = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"{name} could not be fetched from the hub ({type(error).__name__}: {first}): check the name and the "
                "network, or give the folder of a copy."
            ) from error
    folder = Path(name)
    if not folder.is_dir() or not (tokenizer_alone or (folder / "config.json").is_file()):
        what = "has no config.json" if folder.is_dir() else "is no folder"
        kind = "tokenizer" if tokenizer_alone else "model"
        raise ConfigError(
            f"{name} {what}: expected the folder of a Hugging Face {kind}, as save_pretrained writes it, or hf:NAME."
        )
    return folder


def read_architecture(folder: Path, kind: str) -> str:
    """A model's architecture as one line of JSON, from which it can be built anew without the folder.

    Args:
        folder: with a `config.json`.
        kind: of `KINDS`.

    Raises:
        ConfigError: it cannot be read, is of no architecture that transformers has, or of another kind.
    """
    transformers = require_transformers()
    path = folder / "config.json"
    try:
        settings = read_json(path)
        refuse_kernels(settings)
        with _quiet():
            config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except ConfigError:
        raise
    except Exception as error:  # of many kinds: the settings may be a stranger's
        first = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path} is no architecture that transformers can build ({first}): give another.") from error
    _check_kind(config, kind, str(folder))
    settings.pop("auto_map", None)  # names code
    settings.pop("_name_or_path", None)  # and this a folder of the machine on which it was saved
    forced = folder / "generation_config.json"
    if kind == "seq2seq" and forced.is_file() and settings.get("forced_bos_token_id") is None:
        try:
            settings["forced_bos_token_id"] = read_json(forced).get("forced_bos_token_id")
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(f"{forced} cannot be read ({error}): restore it from a copy, or delete it.") from error
    return json.dumps({key: settings[key] for key in sorted(settings)}, ensure_ascii=False)


def build_model(architecture: str, kind: str) -> Any:
    """A model of that architecture with fresh weights from the global random numbers, in float32 and evaluation mode.

    Raises:
        ConfigError: transformers is missing, or cannot build it.
    """
    transformers = require_transformers()
    name: Any = None
    try:
        settings = json.loads(architecture)
        name = settings.get("model_type")
        refuse_kernels(settings)
        _refuse_depth(settings)
        with _quiet():
            config = transformers.AutoConfig.for_model(**_without_precision(settings))
            model = getattr(transformers, KINDS[kind]).from_config(config, trust_remote_code=False, dtype=torch.float32)
    except ConfigError:
        raise
    except Exception as error:  # of many kinds: the settings may be a stranger's
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise
        first = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"The architecture {name!r} cannot be built with transformers "
            f"{transformers.__version__} ({first}): use the version that the run was made with."
        ) from error
    return model.float().eval()


def _without_precision(settings: Any) -> Any:
    """Settings of a model, and of the models in it, without the type of its weights' numbers.

    It is that of the files they came in; fresh ones drawn in it would have its few digits for good.
    """
    if isinstance(settings, list):
        return [_without_precision(value) for value in settings]
    if not isinstance(settings, dict):
        return settings
    kept = {name: value for name, value in settings.items() if name not in ("dtype", "torch_dtype")}
    return {name: _without_precision(value) for name, value in kept.items()}


def _refuse_depth(settings: Mapping[str, Any]) -> None:
    """That a model has not more layers than anybody's: each is built, and takes its time, before its size is known.

    Raises:
        ConfigError: names the setting.
    """
    for name, value in settings.items():
        if "layer" in name and isinstance(value, int) and value > MOST_LAYERS:
            raise ConfigError(f"The model's {name} is {value:,}, and {MOST_LAYERS:,} are the most that make sense.")


def refuse_kernels(settings: Any) -> None:
    """That settings of a model name no code on the hub, which transformers would fetch and run.

    Raises:
        ConfigError: names the setting.
    """
    waiting = [settings]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name, asked in value.items():
                if "implementation" in name and "/" in str(asked):
                    raise ConfigError(f"The model's {name} is {str(asked)[:80]!r}, code on the hub: take it out.")
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def has_weights(folder: Path) -> bool:
    """Whether a folder holds weights that may be read.

    Raises:
        ConfigError: it holds pickled ones only.
    """
    if any(folder.glob("*.safetensors")):
        return True
    pickled = next(iter(sorted(folder.glob("pytorch_model*.bin"))), None)
    if pickled is not None:
        raise ConfigError(
            f"{pickled} is pickled, and a pickle can run any code: load it where you trust it, save_pretrained it, and "
            "give the folder with model.safetensors."
        )
    return False


def load_model(folder: Path, kind: str) -> Any:
    """The model of a folder with its weights, in float32 and evaluation mode.

    Raises:
        ConfigError: transformers is missing; the folder has no weights, or they cannot be read or lack some.
    """
    transformers = require_transformers()
    if not has_weights(folder):
        raise ConfigError(f"{folder} has no weights (*.safetensors), only an architecture.")
    try:
        settings = read_json(folder / "config.json")
        refuse_kernels(settings)
        _refuse_depth(settings)
        with _quiet():
            model, loading = getattr(transformers, KINDS[kind]).from_pretrained(
                folder,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        _refuse_quantised(folder, model)
    except ConfigError:
        raise
    except Exception as error:  # of many kinds
        first = " ".join(str(error).split())[:200]
        raise ConfigError(f"The weights in {folder} cannot be read ({first}): restore them from a copy.") from error
    # A head or pooler that the files lack would be noise in the middle of a trained model.
    missing = sorted(name for name in loading["missing_keys"] if "pooler" not in name)
    if missing:
        raise ConfigError(
            f"The weights in {folder} lack {len(missing)} of those that {type(model).__name__} needs, {missing[0]} "
            "among them: give a model of this kind."
        )
    for name, value in model.named_parameters():
        if not value.isfinite().all():
            raise ConfigError(
                f"The weights in {folder} are no finite numbers, {name} for one: restore them from a copy."
            )
    return model.eval()


def _refuse_quantised(folder: Path, model: Any) -> None:
    """That the weights of a model are kept as ordinary numbers, and not quantised: read as they are, they mean others.

    What the files hold beside its parameters, such as the masks of GPT-2's older files, is not used and not looked at.

    Raises:
        ConfigError: names the tensor.
    """
    from safetensors import safe_open

    # Files of a model without a head lack the name of the part that the head stands on.
    part = f"{model.base_model_prefix}."
    known = {name.removeprefix(part) for name, _ in model.named_parameters(remove_duplicate=False)}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118
                kind = file.get_slice(name).get_dtype()
                if name.removeprefix(part) in known and kind not in PRECISIONS:
                    raise ConfigError(
                        f"{name} in {path} is of {kind}, as in a quantised model: give the model in float32, float16 "
                        "or bfloat16."
                    )


def weights_fingerprint(folder: Path) -> str:
    """Of the weights in a folder: adapters fit one base only."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def check_base(folder: Path, fingerprint: str) -> None:
    """That the weights in a folder are those that a run's adapters were trained on.

    Raises:
        CheckpointError: they are others.
    """
    if fingerprint and weights_fingerprint(folder) != fingerprint:
        raise CheckpointError(
            f"{folder} holds other weights than those that these adapters were trained on: restore them from a copy, "
            "or correct the path beside the adapters: in a run's config.yaml, or in an exported folder's config.json."
        )


def add_adapters(model: nn.Module, rank: int, alpha: int) -> nn.Module:
    """The model with LoRA adapters on all linear layers but the output layer, and everything else frozen.

    An adapter begins as nothing: the model is the same function as before.

    Args:
        model: of transformers; changed in place.
        rank: of the two factors.
        alpha: the adapters' product is scaled by alpha / rank.

    Raises:
        ConfigError: peft is missing.

    Source: Hu et al. 2021 (arXiv:2106.09685).
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ConfigError("LoRA is asked for, and peft is not installed: pip install 'seqgan[hf]'.") from error
    from transformers.pytorch_utils import Conv1D

    transposed = any(isinstance(part, Conv1D) for part in model.modules())
    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules="all-linear", fan_in_fan_out=transposed
    )
    return inject_adapter_in_model(config, model).eval()


def merge_adapters(model: nn.Module) -> nn.Module:
    """A model with what `add_adapters` put into it in its weights: one of transformers alone. Changed in place."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = [(name, part) for name, part in model.named_modules() if isinstance(part, BaseTunerLayer)]
    for name, part in adapted:
        part.merge(safe_merge=True)
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, part.get_base_layer())
    return model


def save_model(model: Any, folder: Path, generation: Mapping[str, Any]) -> None:
    """Write a model as its library does: architecture, weights, and how `generate` is to draw.

    Args:
        model: of transformers.
        folder: that exists.
        generation: settings of a `GenerationConfig`.
    """
    transformers = require_transformers()
    model.config._name_or_path = ""  # a folder of this machine
    with _quiet():
        model.generation_config = transformers.GenerationConfig(**generation)
        model.save_pretrained(folder)


def _check_kind(config: Any, kind: str, name: str) -> None:
    encodes = bool(getattr(config, "is_encoder_decoder", False))
    if kind == "seq2seq" and not encodes:
        raise ConfigError(f"{name} is a {config.model_type}, which has no encoder: use --generator huggingface.")
    if kind == "causal" and encodes:
        raise ConfigError(
            f"{name} is a {config.model_type}, an encoder and a decoder: use --generator huggingface-seq2seq and a "
            "corpus of pairs."
        )
    if kind == "encoder" and encodes:
        raise ConfigError(
            f"{name} is a {config.model_type}, an encoder and a decoder: give a discriminator an encoder such as BERT, "
            "or a causal model."
        )


def cache_of(pasts: State) -> Any:
    """Keys and values of each block, both [R, heads, P, D], as a cache of transformers, which does not change them."""
    from transformers.cache_utils import DynamicCache

    return DynamicCache(pasts)


def double_cache_of(pasts: State, memories: State) -> Any:
    """The same for a decoder, beside what it keeps of its source; of a source that was not read yet, no positions."""
    from transformers.cache_utils import EncoderDecoderCache

    return EncoderDecoderCache(cache_of(pasts), cache_of(memories))


def encoded(vectors: Tensor) -> Any:
    """An encoder's vectors [R, P, E] as a decoder of transformers takes them."""
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(last_hidden_state=vectors)


def kept_in(cache: Any) -> State:
    """Keys and values of each block in a cache of transformers."""
    return tuple((layer.keys, layer.values) for layer in cache.layers)


def shapes_of(model: nn.Module, cache: Any, length: int) -> list[list[tuple[int, int]]]:
    """Heads and sizes of keys and values after so many tokens of one row.

    Raises:
        ConfigError: something else was kept.
    """
    layers = getattr(cache, "layers", None) or ()
    tensors: list[list[Any]] = [[getattr(layer, name, None) for name in ("keys", "values")] for layer in layers]
    plain = all(
        isinstance(part, Tensor) and part.dim() == 4 and (len(part), part.shape[2]) == (1, length)
        for pair in tensors
        for part in pair
    )
    if not tensors or not plain:
        raise ConfigError(
            f"{type(model).__name__} keeps something else than keys and values of each token, and cannot be stepped "
            "here: use a Transformer such as GPT-2, Llama, T5 or BART."
        )
    return [[(part.shape[1], part.shape[3]) for part in pair] for pair in tensors]


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers without its bars and remarks; what matters is an error here."""
    from transformers.utils import logging as its_logging

    verbosity, bars = its_logging.get_verbosity(), its_logging.is_progress_bar_enabled()
    its_logging.set_verbosity_error()
    its_logging.disable_progress_bar()
    remarks = logging.getLogger("transformers")
    disabled, remarks.disabled = remarks.disabled, True
    try:
        yield
    finally:
        remarks.disabled = disabled
        its_logging.set_verbosity(verbosity)
        if bars:
            its_logging.enable_progress_bar()


def accepts(model: nn.Module, argument: str) -> bool:
    """Whether a model's `forward` has an argument of that name."""
    import inspect

    return argument in inspect.signature(model.forward).parameters


def cache_name(model: nn.Module) -> str:
    """What a model calls the keys and values that it is given and gives back: `past_key_values` before transformers
    5.24, which renames it, and `cache` since."""
    return "cache" if accepts(model, "cache") else "past_key_values"


def positions_of(model: Any) -> int | None:
    """How many positions a model has vectors for; None where there is no limit."""
    names = ("max_position_embeddings", "n_positions")
    found = next((getattr(model.config, name, None) for name in names if getattr(model.config, name, None)), None)
    # RoBERTa's two first rows are of padding.
    offset = 2 if re.search("roberta", str(model.config.model_type)) else 0
    return None if found is None else found - offset


def refuse_beyond(limit: int | None, pasts: State, inputs: Tensor) -> None:
    """That what is read has positions.

    Args:
        limit: how many the model has; None for any number.
        pasts: keys and values of what was read.
        inputs: what is to be read: numbers [R, T], or one distribution [R, V].

    Raises:
        ConfigError: there are not so many.
    """
    needed = pasts[0][0].shape[2] + (1 if inputs.is_floating_point() else inputs.shape[1])
    if limit is not None and needed > limit:
        raise ConfigError(
            f"This model has {limit} positions, and {needed} are asked for: lower --data.max-length or "
            "--data.max-source-length."
        )
