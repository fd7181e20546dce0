"""The oracle of the synthetic experiment: a frozen LSTM with random parameters, whose samples are the "real" data.

As its distribution is known, a generator's samples can be scored by it, and both divergences computed. It has no end
symbol, and its start symbol is token 0 of the vocabulary, an ordinary token.

Source: Yu et al. 2017 (arXiv:1609.05473), section 4, and the parameters in the authors' program.
"""

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqgan.errors import CorpusError
from seqgan.files import read_file
from seqgan.generators.lstm import LSTMGenerator

MOST_BYTES = 2**28
"""Of a file of parameters, and of what it unfolds to; that of the paper has 3 MB."""
GATES = ("i", "f", "c", "o")
"""The gates' names in a file of parameters, in the order in which torch stacks them; c is the candidate cell."""


def load_oracle(path: str | Path) -> LSTMGenerator:
    """An oracle from a file of NumPy arrays.

    Args:
        path: an .npz with `embedding` [V, E]; for each gate g of i, f, o, c: `w_g` [E, H], `u_g` [H, H], `b_g` [H];
            `w_out` [H, V] and `b_out` [V]. Matrices multiply row vectors from the right.

    Returns:
        The generator, in evaluation mode and without gradients, in the arrays' precision.

    Raises:
        CorpusError: no such file, not of this kind, or shapes that do not fit each other.
    """
    names = ["embedding", "w_out", "b_out", *(f"{part}_{gate}" for gate in GATES for part in "wub")]
    try:
        content = read_file(Path(path), MOST_BYTES)
        _check_members(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            missing = sorted(set(names) - set(file.files))
            if missing:
                raise CorpusError(f"{path} has no array called {', '.join(missing)}: it is no file of an LSTM oracle.")
            arrays = {name: torch.from_numpy(file[name]) for name in names}
    except FileNotFoundError as error:
        raise CorpusError(f"There is no file {path}: expected an .npz with an oracle's parameters.") from error
    # A file that is cut ends the reader in many ways.
    except (OSError, ValueError, TypeError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile) as error:
        if isinstance(error, CorpusError):
            raise
        what = " ".join(str(error).split())[:200].rstrip(".")
        raise CorpusError(f"{path} cannot be read as an .npz of arrays ({what}): restore it from a copy.") from error
    for name, array in arrays.items():
        if array.dtype not in (torch.float32, torch.float64):
            kind = str(array.dtype).removeprefix("torch.")
            raise CorpusError(f"{path}: {name} is of {kind}, expected float32 or float64: save it anew as one of them.")
        if not bool(array.isfinite().all()):
            raise CorpusError(f"{path}: {name} holds what is no finite number: restore the file from a copy.")
        if not array.numel():
            raise CorpusError(
                f"{path}: {name} is {tuple(array.shape)}, and an oracle has one symbol and number at least."
            )
    if arrays["embedding"].dim() != 2 or arrays["w_out"].dim() != 2:
        raise CorpusError(f"{path}: embedding and w_out have two axes in an oracle's file: restore it from a copy.")
    vocabulary_size, embedding_size = arrays["embedding"].shape
    hidden_size = arrays["w_out"].shape[0]
    expected = {"w_out": (hidden_size, vocabulary_size), "b_out": (vocabulary_size,)}
    for gate in GATES:
        expected[f"w_{gate}"] = (embedding_size, hidden_size)
        expected[f"u_{gate}"] = (hidden_size, hidden_size)
        expected[f"b_{gate}"] = (hidden_size,)
    for name, shape in expected.items():
        if tuple(arrays[name].shape) != shape:
            raise CorpusError(f"{path}: {name} is {tuple(arrays[name].shape)}, and the other arrays need {shape}.")

    oracle: Any = _empty(vocabulary_size, embedding_size, hidden_size).to(arrays["embedding"].dtype)
    (layer,) = oracle.layers
    with torch.no_grad():
        oracle.embedding.weight.copy_(arrays["embedding"])
        layer.weight_ih_l0.copy_(torch.cat([arrays[f"w_{gate}"].T for gate in GATES]))
        layer.weight_hh_l0.copy_(torch.cat([arrays[f"u_{gate}"].T for gate in GATES]))
        layer.bias_ih_l0.copy_(torch.cat([arrays[f"b_{gate}"] for gate in GATES]))
        # torch's LSTM has two biases where the oracle has one.
        layer.bias_hh_l0.zero_()
        oracle.output_weight.copy_(arrays["w_out"].T)
        oracle.output_bias.copy_(arrays["b_out"])
    return oracle


def _check_members(content: bytes) -> None:
    """That the arrays of an .npz are as large as they say, and together not beyond reason, before any is made.

    Raises:
        ValueError: they are not.
        zipfile.BadZipFile: it is no such file.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise ValueError(f"it unfolds to more than {MOST_BYTES:,} bytes")
        for member in archive.infolist():
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(file)
                if math.prod(shape) * dtype.itemsize > member.file_size:
                    raise ValueError(f"{member.filename} says that it is larger than it is")


def draw_oracle(vocabulary_size: int = 5000, size: int = 32, seed: int = 0) -> LSTMGenerator:
    """A fresh oracle: all parameters standard normal, with one bias a gate.

    Scores under different oracles differ by some tenths of a nat: compare methods on the same one.

    Args:
        vocabulary_size: V.
        size: of the embedding and the hidden state.
        seed: another seed, another oracle.
    """
    oracle = _empty(vocabulary_size, size, size)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in oracle.named_parameters():
            # Two standard normal biases would have a variance of 2 between them.
            parameter.zero_() if "bias_hh" in name else parameter.normal_(generator=rng)
    return oracle


def _empty(vocabulary_size: int, embedding_size: int, hidden_size: int) -> LSTMGenerator:
    oracle = LSTMGenerator(vocabulary_size, embedding_size, hidden_size, start=0, end=None)
    return oracle.requires_grad_(False).eval()
