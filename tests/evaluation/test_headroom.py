"""What there is to gain, where the truth is known: laws that can be listed, and the embedded grammar."""

import math
import random
from collections import Counter

import pytest
import torch
from intervals.headroom import Law, coverage_of

from seqgan.build import build_text
from seqgan.data.corpus import Corpus
from seqgan.data.grammar import load_grammar
from seqgan.data.reading import Reading
from seqgan.data.sequences import Sequences
from seqgan.data.text import encode_corpus
from seqgan.evaluation.headroom import (
    LEAST_EFFECTIVE,
    SMALL,
    Headroom,
    deciding_part,
    headroom_of,
    share_told_apart,
    stopping_part,
)
from seqgan.evaluation.intervals import Estimate
from seqgan.objectives import diagnostics
from seqgan.objectives.density_ratio import calibration
from seqgan.settings.data import DataConfig

SEQUENCES = 40
rng = torch.Generator().manual_seed(5)
Q = torch.randn(SEQUENCES, generator=rng, dtype=torch.double).softmax(0)
P = (Q.log() + 0.8 * torch.randn(SEQUENCES, generator=rng, dtype=torch.double)).softmax(0)
LENGTH = torch.randint(2, 9, (SEQUENCES,), generator=rng)
EXACT = (P / Q).log()


def holds(estimate, truth):
    return estimate.low <= truth <= estimate.high


def draws(law, size, seed):
    return torch.multinomial(law, size, replacement=True, generator=torch.Generator().manual_seed(seed))


def seen(judge, seed, sentences=1000, samples=4000):
    """The numbers of a judge, from drawn sentences and samples."""
    real, fake = draws(P, sentences, seed), draws(Q, samples, seed + 1_000_000)
    return headroom_of(judge[real], judge[fake], LENGTH[real])


def gain_of(judge):
    """What a judge gains, by listing all sequences."""
    log_z = (Q * judge.exp()).sum().log()
    return ((P * judge).sum() - log_z).item() / (P * LENGTH).sum().item()


def told_apart(judge):
    """The share told apart by a threshold with equal errors, one that lies on equal logits deciding some of them by
    lot: sequences are taken for real in order, until as much of both laws together is."""
    taken, left = 0.0, 1.0
    for place in judge.argsort(descending=True).tolist():
        both = (P[place] + Q[place]).item()
        share = min(1.0, left / both)
        taken, left = taken + share * P[place].item(), left - share * both
    return taken


def js_bound(judge):
    on_real, on_fake = torch.nn.functional.logsigmoid(judge), torch.nn.functional.logsigmoid(-judge)
    return math.log(2) + ((P * on_real).sum() + (Q * on_fake).sum()).item() / 2


def test_the_exact_log_odds_gain_the_divergence_of_both_laws():
    kl = (P * EXACT).sum().item()
    mean = (P + Q) / 2
    js = ((P * (P / mean).log()).sum() + (Q * (Q / mean).log()).sum()).item() / 2
    assert gain_of(EXACT) == pytest.approx(kl / (P * LENGTH).sum().item(), abs=1e-12)
    assert js_bound(EXACT) == pytest.approx(js, abs=1e-12)
    found = seen(EXACT, 3, 4000, 16_000)
    assert holds(found.gain, gain_of(EXACT))
    assert holds(found.total_variation, (P - Q).abs().sum().item() / 2)
    assert holds(found.jensen_shannon, js)
    assert holds(found.told_apart, told_apart(EXACT))
    assert found.log_partition == pytest.approx((0, 0), abs=0.05)
    # By Kong, 1 / E_q[w^2] of weights with mean 1.
    assert found.effective == pytest.approx(1 / (Q * (2 * EXACT).exp()).sum().item(), rel=0.15)
    assert (found.sentences, found.samples) == (4000, 16_000)
    assert "nats a token to gain" in found.sentence
    assert found.perplexity.value == pytest.approx(math.exp(-found.gain.value))
    assert found.perplexity.low < found.perplexity.value < found.perplexity.high < 1


JUDGES = {"exact": EXACT, "shy": 0.5 * EXACT, "too sure": 1.8 * EXACT, "shifted": EXACT + 2, "coarse": EXACT.sign()}


@pytest.mark.parametrize("name", JUDGES)
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    """scripts/coverage_headroom looks with more draws, and at longer tails."""
    judge, times = JUDGES[name], 200
    truths = {
        "gain": gain_of(judge),
        "jensen_shannon": max(js_bound(judge), 0.0),
        "total_variation": max((P - Q)[judge > 0].sum().item(), 0.0),
        "told_apart": told_apart(judge),
    }
    held = Counter()
    for seed in range(times):
        found = seen(judge, seed, 200, 500)
        held.update(what for what, truth in truths.items() if holds(getattr(found, what), truth))
    # 95 % within three standard deviations of a share of 200.
    assert all(held[what] >= times * (0.95 - 3 * math.sqrt(0.95 * 0.05 / times)) for what in truths), held


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_where_few_samples_carry_all_the_interval_is_wide_and_not_wrong(spread):
    """exp(F) has a tail that samples miss. Of spread 3 one sample in exp(9) carries as much as all."""
    held = coverage_of(Law(spread, 250, 500), 100)
    assert held.shares["gain"] >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 100)
    assert held.trusted == 1 if spread == 1 else held.trusted < 0.1


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_with_sources_each_has_a_partition_function(spread):
    """What a source adds to all its logits says nothing."""
    law = Law(spread, 120, 16, of_sources=0.5)
    assert coverage_of(law, 60).shares["gain"] >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 60)
    found = headroom_of(*law.draw(torch.Generator().manual_seed(0)))
    assert (found.sentences, found.samples) == (120, 16)


def test_the_share_told_apart_is_that_of_diagnostics_where_both_are_as_many():
    rng = torch.Generator().manual_seed(0)
    for size in (1, 2, 7, 50):
        real, fake = (torch.randn(size, generator=rng).mul(2).round() + shift for shift in (1, 0))  # with equal ones
        assert share_told_apart(real, fake) == pytest.approx(
            diagnostics.accuracy_at_equal_errors(real, fake).item(), abs=1e-6
        )
    # Three quarters of the sentences and one quarter of the samples are above the threshold.
    assert share_told_apart(torch.tensor([3.0, 3, 3, 0]), torch.tensor([3.0, 0, 0, 0] * 5)) == pytest.approx(0.75)


def test_a_judge_that_says_nothing_leaves_nothing_to_gain():
    found = headroom_of(torch.zeros(300), torch.zeros(400), torch.full((300,), 7))
    assert found.gain == (0, 0, 0)
    assert found.told_apart.value == 0.5
    assert found.effective == pytest.approx(1)
    assert "little to gain" in found.sentence


def judge_of_words(real, fake):
    """Naive Bayes over words, from some sentences of both: a judge that learnt by heart what there was to learn."""
    of_real, of_fake = (Counter(word for words in sentences for word in words) for sentences in (real, fake))
    totals = sum(of_real.values()), sum(of_fake.values())

    def logits(sentences):
        return torch.tensor(
            [
                sum(math.log((of_real[w] + 1) / totals[0] / ((of_fake[w] + 1) / totals[1])) for w in words)
                for words in sentences
            ],
            dtype=torch.double,
        )

    return logits


def test_the_grammar_against_itself_leaves_nothing_to_gain():
    grammar, rng = load_grammar("captions"), random.Random(0)
    parts = [[grammar.draw(rng) for _ in range(size)] for size in (300, 300, 500, 500, 1000, 2000)]
    logits = judge_of_words(*parts[:2])
    scale, shift = calibration(*map(logits, parts[2:4]))
    real, fake = (scale * logits(part) + shift for part in parts[4:])
    found = headroom_of(real, fake, torch.tensor([len(words) + 1 for words in parts[4]]))
    assert found.gain.low <= 0
    assert holds(found.gain, 0) or found.gain.high < 0  # what was learnt by heart may lose a little
    assert abs(found.gain.value) < SMALL
    assert found.jensen_shannon.low == found.total_variation.low == 0
    assert holds(found.told_apart, 0.5)


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_a_defect_of_known_size_is_what_there_is_to_gain(share):
    """A share of the grammar's sentences has a word that no sentence has. Then q is (1 - share) p
    on all sentences of p, whose divergence is -log(1 - share), and the log-odds of the others are endless."""
    grammar, rng = load_grammar("captions"), random.Random(1)
    held = 0
    for _ in range(10):
        real = [grammar.draw(rng) for _ in range(300)]
        fake = [rng.random() < share for _ in range(1000)]  # of the samples nothing else matters
        exact = torch.tensor([-math.inf if spoilt else -math.log(1 - share) for spoilt in fake], dtype=torch.double)
        lengths = torch.tensor([len(words) + 1 for words in real])
        found = headroom_of(torch.full((300,), -math.log(1 - share), dtype=torch.double), exact, lengths)
        held += holds(found.gain, -math.log(1 - share) / lengths.double().mean().item())
        assert found.gain.low < found.gain.high
    assert held >= 8


def test_sentences_of_what_was_found():
    def found(low, value, high, effective=0.5):
        none = Estimate(0.5, 0.4, 0.6)
        return Headroom(none, none, none, Estimate(value, low, high), (0.0, 0.0), effective, 100, 4000)

    assert found(-0.001, 0.0, 0.0015).sentence.startswith("There is little to gain here")
    assert "up to 0.0160 nats a token to gain" in found(0.008, 0.012, 0.016).sentence
    assert "No gain is certain" in found(-0.001, 0.002, 0.005).sentence
    for doubtful in (found(0.008, 0.012, 0.016, 0.9 * LEAST_EFFECTIVE), found(-math.inf, 0.012, 0.016)):
        assert "not to be trusted" in doubtful.sentence
    assert found(-math.inf, 0.1, 0.2).to_json()["gain"]["low"] is None


def test_what_is_too_few_is_told():
    with pytest.raises(ValueError, match="1 sentences and 4 samples"):
        headroom_of(torch.zeros(1), torch.zeros(4), torch.ones(1))
    with pytest.raises(ValueError, match="9 sentences and 3 samples of each source"):
        headroom_of(torch.zeros(9), torch.zeros(9, 3), torch.ones(9))


@pytest.mark.parametrize("too_long", ["cut", "drop"])
def test_no_sentence_that_stops_or_scales_decides(too_long, tmp_path):
    """Also where some are left out as too long, so that rows are no lines."""
    held_out = [" ".join(["word"] * (1 + number % 3)) + f" {number}" for number in range(40)]
    names = [str(number) for number in range(40)]
    corpus = Corpus("text", ["word word word", *names], held_out, [], [])
    text = encode_corpus(corpus, max_length=4, too_long=too_long)
    reading = Reading(*text.symbols[:2], max_length=4)
    stopping, deciding = stopping_part(text), deciding_part(text, reading)
    rows = [tuple(row.tolist()) for part in (stopping, deciding) for row in part.tokens]
    assert stopping.sentences + deciding.sentences == text.valid.sentences
    assert len(text.valid.tokens) == (40 if too_long == "cut" else 27)
    if too_long == "drop":  # what was cut has lost its number
        assert len(set(rows)) == len(rows)

    tested = corpus._replace(test=[*held_out[:3], "one more"])
    text = encode_corpus(tested, max_length=4, too_long=too_long)
    assert stopping_part(text).sentences == text.valid.sentences
    assert deciding_part(text, reading, drop_long=too_long == "drop").sentences == (4 if too_long == "cut" else 3)


def test_parts_are_bounded(monkeypatch, tmp_path):
    for name in ("MOST_STOPPING", "MOST_DECIDING"):
        monkeypatch.setattr(f"seqgan.evaluation.headroom.{name}", 5)
    (tmp_path / "text.txt").write_text("".join(f"a {number % 9}\n" for number in range(400)))
    text = build_text(DataConfig(corpus=str(tmp_path / "text.txt")))
    reading = Reading(*text.symbols[:2], max_length=text.max_length)
    assert [type(part) for part in (stopping_part(text), deciding_part(text, reading))] == [Sequences, Sequences]
    assert [part.sentences for part in (stopping_part(text), deciding_part(text, reading))] == [5, 5]
