"""Aligned metrics against sacreBLEU's own calls."""

import pytest
import sacrebleu

from seqgan.errors import SeqganError
from seqgan.metrics import SPECIFICATION, chrf_entry, sacrebleu_entry

HYPOTHESES = [
    f"A dog {verb} in the {place}." for verb in ("runs", "sat", "eats") for place in ("park", "big house")
] * 3
REFERENCES = [f"The dog {verb} in the {place}." for verb in ("runs", "sits", "ate") for place in ("park", "house")] * 3


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [(sacrebleu_entry, sacrebleu.corpus_bleu, "sacrebleu"), (chrf_entry, sacrebleu.corpus_chrf, "chrf")],
)
def test_scores_and_intervals(ours, theirs, name):
    entry = ours(HYPOTHESES, REFERENCES)
    assert entry.name == name
    assert entry.value == pytest.approx(theirs(HYPOTHESES, [REFERENCES]).score)
    assert entry.low < entry.value < entry.high
    assert ours(HYPOTHESES, REFERENCES, intervals=False)[3:] == (None, None, "")
    # Five pairs alike: by Wilson's interval of 0 of 5, another may be unlike these with 3.84 / (3.84 + 5).
    same = ours(HYPOTHESES[:1] * 5, REFERENCES[:1] * 5)
    share = 1.959964**2 / (1.959964**2 + 5)
    assert same.low == pytest.approx(same.value * (1 - share))
    assert same.high == pytest.approx(same.value + share * (100 - same.value))


def test_equal_lines_score_a_hundred():
    assert sacrebleu_entry(REFERENCES, REFERENCES).value == pytest.approx(100)
    assert chrf_entry(REFERENCES, REFERENCES).value == pytest.approx(100)


def test_signatures_carry_that_of_sacrebleu():
    signature = sacrebleu_entry(HYPOTHESES, REFERENCES).signature
    for part in ("refs:aligned 18|hyps:18", "tok:13a|smooth:exp", "interval:bootstrap", f"spec:{SPECIFICATION}"):
        assert part in signature
    assert "nc:6" in chrf_entry(HYPOTHESES, REFERENCES).signature


def test_misuse_is_said_with_the_mend():
    with pytest.raises(SeqganError, match="18 hypotheses and 17 references: an aligned metric takes one"):
        sacrebleu_entry(HYPOTHESES, REFERENCES[1:])
    with pytest.raises(SeqganError, match="The hypotheses are not all strings"):
        chrf_entry([["a"]], ["a"])
