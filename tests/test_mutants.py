"""The faults of `scripts/mutants` can still be planted: it would find out itself, but it is run seldom."""

import pytest
from planted.mutants import MUTANTS, ROOT, main, planted


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_that_a_fault_changes_stands_once(mutant):
    compile(planted(mutant, ROOT), mutant.file, "exec")
    assert mutant.instead != mutant.text
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).is_file()
        assert not name or f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_faults_have_names_of_their_own(capsys):
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert main(["mask-*", "--list"]) == 0
    assert "mask-polarity" in capsys.readouterr().out


def test_a_fault_whose_text_is_gone_says_so():
    with pytest.raises(ValueError, match=r"stands 0 times in seqgan/objectives/mle\.py"):
        planted(MUTANTS[0]._replace(file="objectives/mle.py"), ROOT)
