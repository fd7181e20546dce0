"""The synthetic experiment, where all densities are known."""

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator

from seqgan.build import build_text
from seqgan.data.batches import Sequences
from seqgan.errors import CorpusError
from seqgan.evaluation.oracle import draw_sequences, judge_by_oracle, score_against_oracle, write_oracle_corpus
from seqgan.generators.oracle import draw_oracle
from seqgan.settings.data import DataConfig


@pytest.fixture
def players():
    """An oracle of three tokens and length three, and another generator: both can be listed."""
    torch.manual_seed(1)
    generator = tiny_generator(3, end=None)
    torch.manual_seed(2)
    oracle = tiny_generator(3, end=None)
    for parameter in oracle.parameters():
        parameter.data.normal_()
    return generator, oracle


def test_scores_are_the_expectations_over_all_sequences(players):
    generator, oracle = players
    tokens, mask = all_sequences(3, 3, None)
    log_p = sequence_log_probs(oracle, tokens, mask).detach()
    log_q = sequence_log_probs(generator, tokens, mask).detach()
    p, q = log_p.exp(), log_q.exp()
    held_out = draw_sequences(oracle, 40_000, 3, seed=1)
    train = Sequences(tokens[:4], mask[:4])
    scores = score_against_oracle(generator, oracle, held_out, train, samples=40_000, seed=2)
    middle = ((p + q) / 2).log()
    expected = {
        "nll_oracle": -(q * log_p).sum() / 3,
        "nll_gen": -(p * log_q).sum() / 3,
        "nll_train": -log_q[:4].mean() / 3,
        "entropy": -(q * log_q).sum() / 3,
        "kl": (p * (log_p - log_q)).sum() / 3,
        "reverse_kl": (q * (log_q - log_p)).sum() / 3,
        "js": (p * (log_p - middle)).sum() / 2 + (q * (log_q - middle)).sum() / 2,
    }
    # Values of a sequence spread by about one: 40,000 draws leave 0.005, and a third of it a token.
    for name, value in expected.items():
        assert getattr(scores, name) == pytest.approx(value.item(), abs=0.02), name
    assert scores.nll_train == pytest.approx(expected["nll_train"].item())
    assert scores.reverse_kl == pytest.approx(scores.nll_oracle - scores.entropy)


def test_the_oracle_itself_is_perfect(players):
    _, oracle = players
    held_out = draw_sequences(oracle, 100, 3, seed=1)
    scores = score_against_oracle(oracle, oracle, held_out, held_out, samples=100)
    assert scores.kl == scores.reverse_kl == 0
    assert scores.js == pytest.approx(0)
    assert scores.nll_oracle == scores.entropy


def test_the_first_draws_are_the_same_however_many_are_asked_for(players):
    generator, _ = players
    few, many = draw_sequences(generator, 10, 3, seed=4), draw_sequences(generator, 1500, 3, seed=4)
    assert len(many.tokens) == 1500
    assert torch.equal(few.tokens, many.tokens[:10])


def test_a_judge_measures_the_first_and_every_so_many(players):
    generator, oracle = players
    held_out = draw_sequences(oracle, 10, 3, seed=1)
    judge = judge_by_oracle(generator, oracle, held_out, held_out, every=5, samples=10)
    assert [bool(judge(done)) for done in (0, 1, 2, 5, 9, 10)] == [True, True, False, True, False, True]
    assert set(judge(0)) == {
        f"eval/{n}" for n in ("nll-oracle", "nll-gen", "nll-train", "entropy", "kl", "reverse-kl", "js")
    }


def test_a_corpus_of_ids_is_read_as_it_was_drawn(tmp_path):
    oracle = draw_oracle(vocabulary_size=30, size=4, seed=1)
    write_oracle_corpus(oracle, tmp_path, {"train": 50, "valid": 20}, 6, seed=3)
    text = build_text(DataConfig(corpus=str(tmp_path), tokenizer="ids", max_vocabulary=30))
    assert len(text.vocabulary) == 30
    assert text.max_length == 6
    assert text.train.mask.all()
    assert torch.equal(text.train.tokens, draw_sequences(oracle, 50, 6, seed=6).tokens)
    assert (text.vocabulary.start, text.vocabulary.end) == (0, None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1 2\n3 4 5\n", "train.txt, line 2 has 3 ids and .*train.txt, line 1 has 2"),
        ("1 2\n3 x\n", "train.txt, line 2: 'x' is no id"),
        ("1 2\n3 04\n", "train.txt, line 2: '04' is no id"),
        ("1 2\n3 9\n", "'9' is not one of the ids 0 to 4"),
        ("1 2 3\n3 4 1\n", "valid.txt, line 1 has 2 ids and the training sequences have 3"),
    ],
)
def test_what_is_no_corpus_of_ids(tmp_path, lines, message):
    (tmp_path / "train.txt").write_text(lines)
    (tmp_path / "valid.txt").write_text("0 1\n")
    with pytest.raises(CorpusError, match=message):
        build_text(DataConfig(corpus=str(tmp_path), tokenizer="ids", max_vocabulary=5))


def test_an_id_that_would_need_a_giant_model_is_refused(tmp_path):
    (tmp_path / "train.txt").write_text("1 2\n3 30000000\n")
    (tmp_path / "valid.txt").write_text("0 1\n")
    with pytest.raises(CorpusError, match="The largest id is 30,000,000"):
        build_text(DataConfig(corpus=str(tmp_path), tokenizer="ids"))


def test_sequences_without_an_end_are_never_longer_than_they_are(tmp_path):
    (tmp_path / "train.txt").write_text("1 2 0\n3 4 1\n")
    (tmp_path / "valid.txt").write_text("0 1 1\n")
    assert build_text(DataConfig(corpus=str(tmp_path), tokenizer="ids", max_length=32)).max_length == 3
    assert build_text(DataConfig(corpus=str(tmp_path), tokenizer="ids", max_length=2)).max_length == 2
