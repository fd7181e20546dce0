"""What counts as a molecule."""

import sys

import pytest

from seqgan.data.tokenizers import Characters
from seqgan.errors import ConfigError
from seqgan.evaluation import judge_sentences
from seqgan.metrics.molecules import is_valid_smiles

BENZENE, ETHANOL = "c1ccccc1", "CCO"


def test_molecules_are_valid_and_nothing_else_is():
    pytest.importorskip("rdkit", reason="RDKit is not installed: pip install 'seqgan[molecules]'")
    for smiles in (ETHANOL, BENZENE, "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "C#N"):
        assert is_valid_smiles(smiles)
    broken = ("CC(", "c1cccc", "C(C)(C)(C)(C)C", "hello", "C>>C")
    for smiles in (*broken, "", " ", "CCO ethanol", "CCO ", " CCO", "CCO\tx", "CCO\u00a0", "CCO\u2028CC("):
        assert not is_valid_smiles(smiles)


def test_the_share_of_samples_of_which_most_are_empty_is_that_of_the_others(capfd):
    pytest.importorskip("rdkit", reason="RDKit is not installed: pip install 'seqgan[molecules]'")
    samples = [*[""] * 297, ETHANOL, BENZENE, "CC("]
    report = judge_sentences(samples, None, None, Characters(), (), checks={"valid": is_valid_smiles})
    assert report["valid"].value == pytest.approx(2 / 300)
    assert capfd.readouterr().err == ""


def test_without_the_extra_it_is_said_in_a_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ConfigError, match=r"RDKit is missing: pip install 'seqgan\[molecules\]'"):
        is_valid_smiles(ETHANOL)
