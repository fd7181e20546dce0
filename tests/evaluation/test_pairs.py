"""Answers judged: against sacreBLEU itself, plain loops, and a generator that knows the answer."""

import math
import re
from statistics import NormalDist

import numpy as np
import pytest
import torch
from support.tiny_pairs import WORDS, make_discriminator, make_generator, tiny_pairs

from seqgan.data.reading import Reading
from seqgan.decoding import greedy_decode
from seqgan.errors import ConfigError
from seqgan.evaluation import best_of
from seqgan.evaluation.adversarial_success import evaluator_reliability
from seqgan.evaluation.generate import answer_sources, likeliest_sentences, read_sources
from seqgan.evaluation.pairs import (
    HeldPairs,
    answers_of,
    chosen_pair_families,
    compare_answers,
    decoding_name,
    encoded,
    evaluate_answers,
    held_out_pairs,
    judge_answers,
    usual_pair_families,
)
from seqgan.generators import masked
from seqgan.metrics.metric import answer_metrics
from seqgan.metrics.significance import wilson_interval
from seqgan.metrics.translation import sacrebleu_difference


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_pairs(tmp_path_factory.mktemp("pairs"))


def values(report):
    return {entry.name: entry.value for entry in report}


class Translator(torch.nn.Module):
    """Writes each source word by its translation, and then ends: with certainty, at whatever place the row stands."""

    def __init__(self, text):
        super().__init__()
        self.vocabulary_size, self.start, self.end = len(text.vocabulary), text.vocabulary.start, text.vocabulary.end
        table = torch.zeros(len(text.source_vocabulary) + 1, dtype=torch.long)
        for word in text.source_vocabulary.tokens:
            table[text.source_vocabulary.encode([word])] = torch.tensor(text.vocabulary.encode([WORDS[word]]))
        self.table = torch.nn.Parameter(table.float(), requires_grad=False)
        self.modes = []

    def encode(self, source, mask):
        self.modes.append(self.training)
        wanted = torch.where(mask, self.table[source].long(), self.end)
        return torch.cat([wanted, torch.full_like(wanted[:, :1], self.end)], dim=1), torch.zeros(len(source)).long()

    def initial_state(self, rows, context=None):
        return context

    def step(self, tokens, state):
        wanted, place = state
        now = wanted.gather(1, place.clamp(max=wanted.shape[1] - 1).unsqueeze(1)).squeeze(1)
        return torch.nn.functional.one_hot(now, self.vocabulary_size) * 60.0, (wanted, place + 1)

    def forward(self, tokens, context=None):
        state, logits = context, []
        for column in tokens.unbind(1):
            scores, state = self.step(column, state)
            logits.append(scores)
        return torch.stack(logits, dim=1)


def word_by_word(source):
    return " ".join(WORDS[word] for word in source.split())


SOURCES = ["a dog runs now", "cat sleeps", "a bird runs", "dog sleeps", "a cat runs now"]


@pytest.mark.parametrize(("beam", "n_best"), [(1, 1), (3, 1), (3, 3), (0, 1), (0, 2)])
def test_each_answer_stands_in_its_sources_place(text, beam, n_best):
    generator = Translator(text).train()
    condition = encoded(text, SOURCES)
    rng = torch.Generator().manual_seed(0)
    found = answer_sources(
        generator, condition, text.max_length, text.tokenizer, text.vocabulary, rng=rng, beam=beam, n_best=n_best
    )
    assert [len(each) for each in found] == [n_best] * len(SOURCES)
    assert [each[0] for each in found] == [word_by_word(source) for source in SOURCES]
    if not beam:
        assert all(len(set(each)) == 1 for each in found)  # a generator that is certain draws the same
    assert generator.modes == [False]  # read with dropout off
    assert generator.training


@pytest.mark.parametrize("name", ["seq2seq-gru", "seq2seq-lstm", "seq2seq-transformer"])
def test_answers_do_not_depend_on_what_else_is_asked(text, name):
    generator = make_generator(text, name)
    together = answers_of(generator, text, SOURCES)
    assert together == [answers_of(generator, text, [source])[0] for source in SOURCES]
    assert answers_of(generator, text, SOURCES, beam=1) == together
    ids, mask = encoded(text, SOURCES)
    known = masked(generator.eval(), text.vocabulary.not_drawn)
    context = known.encode(ids, mask)
    greedy = greedy_decode(known, context=context, max_length=text.max_length).tokens
    assert together == [text.tokenizer.detokenize(text.vocabulary.decode(row)) for row in greedy.tolist()]
    assert answers_of(generator, text, SOURCES, beam=0, seed=1) == answers_of(generator, text, SOURCES, beam=0, seed=1)


def test_more_answers_than_a_beam_follows(text):
    condition = encoded(text, SOURCES)
    with pytest.raises(ConfigError, match="3 answers are asked for and the beam is 2"):
        answer_sources(
            make_generator(text), condition, 5, text.tokenizer, text.vocabulary, rng=torch.Generator(), beam=2, n_best=3
        )


def test_sources_are_read_as_a_run_reads_them(text):
    notes = []
    lines = ["a dog __eou__ cat zorp", "bird runs now a cat"]
    ids, mask = read_sources(
        lines, text.source_tokenizer, text.source_vocabulary, 4, turn_separator="__eou__", turns=1, note=notes.append
    )
    known = text.source_vocabulary
    assert ids[0, :2].tolist() == [*known.encode(["cat"]), known.unknown]
    assert mask.sum(dim=1).tolist() == [2, 4]
    assert ids[1].tolist() == known.encode(["bird", "runs", "now", "a"])
    assert notes == [
        "1 of 2 sources exceed 4 tokens: their end is cut.",
        "1 of 6 tokens of the sources are not in the vocabulary.",
    ]
    with pytest.raises(ConfigError, match=r"new\.en, line 2: blank"):
        read_sources(["a", " "], text.source_tokenizer, known, 4, turn_separator="__eou__", name="new.en")


def test_the_right_answers_are_worth_all_and_what_a_check_says(text):
    held = HeldPairs(SOURCES, [word_by_word(source) for source in SOURCES], "test")
    checks = {"as long": lambda source, answer: len(source.split()) == len(answer.split())}
    report = evaluate_answers(Translator(text), text, held=held, checks=checks)
    got = values(report)
    assert got["sacrebleu"] == pytest.approx(100)
    assert got["chrf"] == pytest.approx(100)
    assert got["as long"] == 1
    assert got["nll"] == pytest.approx(0, abs=1e-9)
    assert got["perplexity"] == pytest.approx(1)
    assert got["length-mean"] == np.mean([len(source.split()) for source in SOURCES])
    assert "fits" not in got  # no rules are known
    assert all("decoding:greedy" in entry.signature for entry in report if entry.name not in ("nll", "perplexity"))


def test_the_likelihood_is_of_references_given_their_own_sources(text):
    generator = make_generator(text).eval()
    held = held_out_pairs(text)
    assert held.split == "valid"
    report = evaluate_answers(generator, text, held=held, families=["nll"])
    total, tokens = 0.0, 0
    for source, reference in zip(held.sources, held.references, strict=True):
        words = [*text.vocabulary.encode(text.tokenizer.tokenize(reference)), text.vocabulary.end]
        row = torch.tensor([words])
        log_probs = generator(row, generator.encode(*encoded(text, [source]))).log_softmax(-1)[0]
        total -= sum(log_probs[place, word].item() for place, word in enumerate(words))
        tokens += len(words)
    nll, perplexity = report
    assert nll.value == pytest.approx(total / tokens, rel=1e-5)
    assert nll.low < nll.value < nll.high
    assert (perplexity.value, perplexity.low) == pytest.approx((math.exp(nll.value), math.exp(nll.low)))


def test_the_paired_bootstrap_draws_the_same_pairs_for_both(monkeypatch):
    from sacrebleu.metrics import BLEU

    words = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "one", "small", "dog", "run", "far", "away"]
    draw = np.random.default_rng(1)
    references = [" ".join(draw.choice(words, 9)) for _ in range(6)]

    def worn(line, share):
        return " ".join(word if draw.random() > share else "dog" for word in line.split())

    good, poor = ([worn(line, share) for line in references] for share in (0.1, 0.4))

    def bleu(lines, rows):
        return BLEU().corpus_score([lines[row] for row in rows], [[references[row] for row in rows]]).score

    rng, slow = np.random.default_rng(0), []
    for _ in range(25):
        rows = rng.integers(6, size=6).tolist()
        slow.append(bleu(good, rows) - bleu(poor, rows))
    monkeypatch.setattr("seqgan.metrics.translation.RESAMPLES", 25)
    gain, low, high = sacrebleu_difference(good, poor, references)
    assert gain == pytest.approx(bleu(good, range(6)) - bleu(poor, range(6)))
    # Of six pairs: Student's quantile with five degrees of freedom, 2.5706, times the root of 6/5, as a normal tail.
    tail = NormalDist().cdf(-2.5706 * math.sqrt(6 / 5))
    assert (low, high) == pytest.approx(tuple(np.quantile(slow, [tail, 1 - tail])), rel=1e-4)
    assert sacrebleu_difference(good, good, references) == (0, 0, 0)
    assert "better" in compare_answers(references, poor, references, "new", "old")
    assert "worse" in compare_answers(poor, references, references, "new", "old")
    assert "the same answers" in compare_answers(poor, poor, references, "new", "old")
    almost = [*poor[:-1], f"{poor[-1]} mat"]  # a difference of one pair, which many a draw does not have
    assert "cannot tell" in compare_answers(almost, poor, references, "new", "old")


@pytest.mark.slow(reason="trains judges")
def test_evaluators_are_asked_by_name_and_tell_who_listens(text):
    rng = np.random.default_rng(0)
    names = [f"{a}{b}" for a in "bcdfghjk" for b in "aeiou"]
    chosen = [rng.choice(names, 3).tolist() for _ in range(150)]
    sources = [f"who saw {' '.join(three)} ?" for three in chosen]
    references = [f"i saw {three[0]} and {three[1]} ." for three in chosen]
    deaf = ["i do not know ."] * len(sources)
    asked = ["adver-success", "machine-vs-random", "relevance"]
    judged = judge_answers(references, sources, references, text, asked)
    listening = values(judged)
    for entry in (entry for entry in judged if entry.low is not None):
        # The interval is the value's own, of as many texts as were tested, and not that of its complement.
        tested = int(re.search(r"tested:(\d+)", entry.signature)[1])
        ends = wilson_interval(round(entry.value * tested), tested)
        assert (entry.low, entry.high) == pytest.approx(ends, abs=1e-12), entry.name
    dull = values(judge_answers(deaf, sources, references, text, asked))
    assert listening["adver-success"] == pytest.approx(0.5, abs=0.05)  # the same text on both sides
    assert listening["relevance"] > 0.9 > 0.6 > dull["relevance"]
    assert dull["relevance"] == 0.5  # its answers are the same at all sources
    assert dull["adver-success"] < 0.05
    tokens = [[line.split() for line in lines] for lines in (references, deaf, sources)]
    assert dull["adver-success-error"] == evaluator_reliability(*tokens).error
    assert 0 <= dull["adver-success-error"] < 0.25


def test_which_metrics_are_meant():
    assert chosen_pair_families([], "mine", 5) == usual_pair_families()
    assert chosen_pair_families(["chrf", "nll", "chrf"], "mine", 5) == ("chrf", "nll")
    assert set(chosen_pair_families(["all"], "answers", 50)) == set(answer_metrics())
    assert set(chosen_pair_families(["all"], "mine", 50)) == set(answer_metrics()) - {"fits"}
    few = {name for name, metric in answer_metrics().items() if metric.least <= 9}
    assert set(chosen_pair_families(["all"], "answers", 9)) == few < set(answer_metrics())
    for asked, corpus, count, message in [
        (["self-bleu"], "answers", 50, "No metric of answers is called 'self-bleu'"),
        (["fits"], "mine", 50, "mine has none"),
        (["adver-success"], "answers", 19, "takes 20 answers at least"),
        (["relevance"], "answers", 9, "takes 10 answers at least"),
    ]:
        with pytest.raises(ConfigError, match=message):
            chosen_pair_families(asked, corpus, count)


def test_names_of_decodings():
    assert [decoding_name(beam) for beam in (0, 1, 5)] == [
        "sampled at temperature 1",
        "greedy",
        "beam 5, length penalty 0.6",
    ]


@pytest.mark.parametrize("all_symbols", [False, True])
def test_the_likeliest_sentences_of_plain_text_from_the_best_on(all_symbols):
    from seqgan.data.tokenizers import Words
    from seqgan.data.vocabulary import Vocabulary
    from seqgan.generators import GRUGenerator

    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = GRUGenerator(4, embedding_size=4, hidden_size=5).eval()
    vocabulary = Vocabulary(["x", "y"])
    found = likeliest_sentences(generator, 50, 7, 2, Words(), vocabulary, all_symbols=all_symbols)
    drawn = [0, 1, 2, 3] if all_symbols else [0, 2, 3]  # 1 is the unknown symbol
    sequences = [(0,), *((a, b) for a in drawn[1:] for b in drawn)]
    scores = {}
    for ids in sequences:
        log_probs = generator(torch.tensor([ids]))[0, :, drawn].log_softmax(-1)
        score = sum(log_probs[place, drawn.index(number)].item() for place, number in enumerate(ids))
        scores[" ".join(vocabulary.decode(ids))] = score / ((5 + len(ids)) / 6) ** 0.6
    best = sorted(scores, key=scores.get, reverse=True)
    assert found == best[:7]
    with pytest.raises(ConfigError, match="3 sentences are asked for and the beam is 2"):
        likeliest_sentences(generator, 2, 3, 2, Words(), vocabulary)


def test_all_pairs_that_are_given_are_judged_however_many(text):
    held = HeldPairs(["a dog runs"] * 1200, ["ein rennt hund"] * 1200, "test")
    answers = [*["ein rennt hund"] * 1199, "ein"]
    report = evaluate_answers(make_generator(text), text, families=("length",), held=held, answers=answers)
    assert report["length-mean"].value == pytest.approx((3 * 1199 + 1) / 1200)


def test_equal_answers_are_called_that():
    assert compare_answers(["a b"] * 3, ["a b"] * 3, ["a c"] * 3, "one", "two") == "one against two: the same answers."


def test_unknown_words_of_references_are_in_neither_sum_of_the_likelihood(text):
    generator = make_generator(text).eval()
    with torch.no_grad():
        generator.output_weight.zero_()
        generator.output_bias.zero_()
    held = HeldPairs(["dog runs", "a cat"], ["zebra hund zebra", "okapi"], "valid")
    nll, perplexity = evaluate_answers(generator, text, held=held, families=["nll"])
    # All symbols are equally likely; "hund" and two ends are scored.
    assert nll.value == pytest.approx(math.log(len(text.vocabulary)), rel=1e-5)
    assert perplexity.value == pytest.approx(len(text.vocabulary), rel=1e-5)
    assert "|tokens:3|unknown:left out 3|" in nll.signature


@pytest.mark.parametrize("n", [1, 3])
def test_each_best_answer_stands_in_its_sources_place_with_its_own_score(text, n, monkeypatch):
    monkeypatch.setattr(best_of, "ROWS", 2 * n)  # two sources at once
    discriminator = make_discriminator(text).eval()
    condition = encoded(text, SOURCES)
    rng = torch.Generator().manual_seed(0)
    found = best_of.best_answers(
        Translator(text), discriminator, condition, n, Reading(text.tokenizer, text.vocabulary, max_length=5), rng=rng
    )
    assert [answer for answer, _ in found] == [word_by_word(source) for source in SOURCES]
    for source, (answer, score) in zip(SOURCES, found, strict=True):
        tokens = torch.tensor([[*text.vocabulary.encode(answer.split()), 0]])
        context = discriminator.encode(*encoded(text, [source]))
        with torch.no_grad():
            alone = discriminator(tokens, torch.ones_like(tokens, dtype=torch.bool), context)
        assert score == pytest.approx(alone.mean().item(), abs=1e-5)
