"""Aligned metrics against sacreBLEU's own calls."""

import math

import pytest
import sacrebleu

from seqgan.errors import SeqganError
from seqgan.metrics import SPECIFICATION, chrf_entry, sacrebleu_entry
from seqgan.metrics.translation import (
    TOKENIZATIONS,
    check_tokenization,
    sacrebleu_difference,
    sacrebleu_tokenization,
)

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


CHINESE = ["我今天去学校", "他们在公园里玩", "猫坐在树上", "她喜欢喝茶"]
ANSWERS = ["我今天去学校了", "他们在公园里跑", "猫坐在树下", "她喜欢喝水"]


def test_text_without_spaces_is_judged_by_characters():
    entry = sacrebleu_entry(ANSWERS, CHINESE)
    assert entry.value == pytest.approx(sacrebleu.corpus_bleu(ANSWERS, [CHINESE], tokenize="char").score)
    assert entry.value == pytest.approx(75.98, abs=0.01)
    assert "|tok:char|" in entry.signature
    zh = sacrebleu_entry(ANSWERS, CHINESE, tokenize="zh")
    assert zh.value == pytest.approx(sacrebleu.corpus_bleu(ANSWERS, [CHINESE], tokenize="zh").score)
    assert "|tok:zh|" in zh.signature


@pytest.mark.parametrize(
    ("spaced", "characters", "tokens"),
    [(0, False, "char"), (49, False, "char"), (50, False, "13a"), (50, True, "char")],
)
def test_the_references_alone_decide_the_tokens(spaced, characters, tokens):
    references = ["a b"] * spaced + ["ab"] * (100 - spaced)
    assert sacrebleu_tokenization(references, characters=characters) == tokens
    for hypotheses in (["x y z"] * 100, ["xyz"] * 100):
        if not characters:
            assert f"|tok:{tokens}|" in sacrebleu_entry(hypotheses, references).signature


def test_one_reference_with_a_space_among_few_does_not_make_words_of_the_others():
    assert sacrebleu_tokenization([*CHINESE, "他们 在 公园"]) == "char"
    assert sacrebleu_tokenization(["house", "tree", "ice cream"]) == "char"
    assert sacrebleu_tokenization(["a house", "trees"]) == "13a"


def test_no_hypothesis_of_four_tokens_is_not_defined_and_never_0():
    for tokens in ("13a", "intl", "none"):
        entry = sacrebleu_entry(CHINESE, CHINESE, tokenize=tokens)
        assert (entry.value, entry.low) == (None, None)
        assert entry.note == f"not defined: no hypothesis has 4 tokens of sacreBLEU's {tokens}; " + (
            "seqgan evaluate --sacrebleu-tokenize char counts characters"
        )
    short = sacrebleu_entry(["ab"], ["abc"], tokenize="char")
    assert short.note == "not defined: no hypothesis has 4 tokens of sacreBLEU's char"
    assert all(map(math.isnan, sacrebleu_difference(CHINESE, ANSWERS, CHINESE, tokenize="13a")))


def test_empty_lines_are_said():
    assert chrf_entry(["", ""], ["", " "]).value is None
    entry = chrf_entry(["", ""], ["ab", "cd"])
    assert (entry.value, entry.note) == (0.0, "0 by definition: all hypotheses are empty")


def test_tokens_that_there_are_not():
    with pytest.raises(SeqganError, match="--flag is 'words': choose 13a, intl, char"):
        check_tokenization("words", "--flag")
    with pytest.raises(SeqganError, match="sacreBLEU's tokenize is 'words': choose 13a, intl, char"):
        sacrebleu_entry(ANSWERS, CHINESE, tokenize="words")
    for tokens in TOKENIZATIONS:
        try:
            check_tokenization(tokens)
        except SeqganError as error:
            assert "pip install 'sacrebleu[" in str(error)  # noqa: PT017
