"""The synthetic experiment's oracle, against reference scores that another program worked out."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from seqgan.decoding import sample
from seqgan.errors import CorpusError
from seqgan.generators.oracle import draw_oracle, load_oracle
from seqgan.objectives import token_nll

CORPORA = Path(os.environ.get("SEQGAN_CORPORA", Path(__file__).parents[3] / "shared" / "corpora"))
RNG = np.random.default_rng(0)


def nll(oracle, tokens):
    return token_nll(oracle(tokens), tokens, torch.ones_like(tokens, dtype=torch.bool))


@pytest.fixture
def arrays():
    """A small oracle in the file's layout, double precision."""
    shapes = {"embedding": (7, 3), "w_out": (4, 7), "b_out": (7,)}
    for gate in "ifoc":
        shapes |= {f"w_{gate}": (3, 4), f"u_{gate}": (4, 4), f"b_{gate}": (4,)}
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


def test_scores_equal_the_plain_equations(arrays, tmp_path):
    np.savez(tmp_path / "oracle.npz", **arrays)
    tokens = RNG.integers(0, 7, size=(5, 6))
    a = arrays

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    expected = np.zeros((5, 6))
    for k, sequence in enumerate(tokens):
        h = c = np.zeros(4)
        previous = 0
        for t, token in enumerate(sequence):
            x = a["embedding"][previous]
            i, f, o = (sigmoid(x @ a[f"w_{g}"] + h @ a[f"u_{g}"] + a[f"b_{g}"]) for g in "ifo")
            c = f * c + i * np.tanh(x @ a["w_c"] + h @ a["u_c"] + a["b_c"])
            h = o * np.tanh(c)
            logits = h @ a["w_out"] + a["b_out"]
            expected[k, t] = np.log(np.exp(logits).sum()) - logits[token]
            previous = token
    actual = nll(load_oracle(tmp_path / "oracle.npz"), torch.from_numpy(tokens))
    np.testing.assert_allclose(actual.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-9)])
def test_the_published_oracle_gives_the_reference_scores(dtype, tolerance):
    folder = CORPORA / "oracle_seqgan"
    if not folder.is_dir():
        pytest.skip(f"no corpora at {CORPORA}; set SEQGAN_CORPORA to their folder")
    oracle = load_oracle(folder / "params.npz").to(dtype)
    check = np.load(folder / "check.npz", allow_pickle=False)
    for name in ("drawn20", "uniform20", "drawn40"):
        actual = nll(oracle, torch.from_numpy(check[name]))
        np.testing.assert_allclose(actual.numpy(), check[f"{name}_nll"], atol=tolerance, rtol=0)


def test_a_fresh_oracle_is_as_hard_as_the_published_one(rng):
    # Six fresh oracles of this size were seen to score their own samples between 5.81 and 6.08, uniform tokens
    # between 11.09 and 11.30; 64 sequences of 20 add a deviation of about 0.05.
    oracle = draw_oracle(seed=3)
    own = sample(oracle, 64, 20, rng=rng)
    assert own.mask.all()
    assert 5.6 < nll(oracle, own.tokens).mean() < 6.2
    uniform = torch.randint(0, 5000, (64, 20), generator=rng)
    assert 11.0 < nll(oracle, uniform).mean() < 11.6


def test_sharpening_alone_lowers_the_oracles_score(rng):
    oracle = draw_oracle(vocabulary_size=500, seed=1)
    scores = [nll(oracle, sample(oracle, 200, 20, rng=rng, temperature=1 / alpha).tokens).mean() for alpha in (1, 1.5)]
    assert scores[1] < scores[0] - 0.5


def test_an_oracle_is_drawn_from_its_seed_and_frozen():
    a, b, c = (draw_oracle(50, 4, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.output_weight, b.output_weight)
    assert not torch.equal(a.output_weight, c.output_weight)
    assert not any(parameter.requires_grad for parameter in a.parameters())


def test_files_that_hold_no_oracle(arrays, tmp_path):
    path = tmp_path / "oracle.npz"
    with pytest.raises(CorpusError, match="There is no file"):
        load_oracle(path)
    path.write_text("no arrays")
    with pytest.raises(CorpusError, match=r"cannot be read as an \.npz"):
        load_oracle(path)
    np.savez(path, embedding=arrays["embedding"])
    with pytest.raises(CorpusError, match="has no array called b_c, b_f"):
        load_oracle(path)
    np.savez(path, **{**arrays, "u_f": np.zeros((3, 4))})
    with pytest.raises(CorpusError, match=r"u_f is \(3, 4\), and the other arrays need \(4, 4\)"):
        load_oracle(path)
    for kind in ("float16", "int64", "bool"):
        np.savez(path, **{**arrays, "b_out": arrays["b_out"].astype(kind)})
        with pytest.raises(CorpusError, match=f"b_out is of {kind}, expected float32 or float64"):
            load_oracle(path)
    np.savez(path, **{**arrays, "b_out": arrays["b_out"] * np.nan})
    with pytest.raises(CorpusError, match="b_out holds what is no finite number"):
        load_oracle(path)
    for name, empty in {"embedding": arrays["embedding"][:0], "w_out": arrays["w_out"][:0]}.items():
        np.savez(path, **{**arrays, name: empty})
        with pytest.raises(
            CorpusError, match=rf"{name} is \(0, \d\), and an oracle has one symbol and number at least"
        ):
            load_oracle(path)


def test_a_pickled_array_is_not_unpickled(arrays, tmp_path):
    path = tmp_path / "oracle.npz"
    np.savez(path, **{**arrays, "b_out": np.array([object()] * 7)})
    with pytest.raises(CorpusError, match="cannot be read"):
        load_oracle(path)
