import itertools
import math

import pytest
import torch
from exact.listed import all_sequences, sequence_log_probs, tiny_generator
from support.kinds import CONDITIONAL_GENERATORS, ONE_SHOT_GENERATORS, PLAIN_GENERATORS

from seqgan.decoding import beam_search, greedy_decode, sample
from seqgan.tensors.rows import select_rows

SOURCE = torch.tensor([[3, 2, 4, 1, 0], [5, 1, 0, 0, 0], [2, 0, 0, 0, 0]])
SOURCE_MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2, [True, True] + [False] * 3])


def conditional(name, std=0.8):
    torch.manual_seed(0)
    generator = CONDITIONAL_GENERATORS[name](6, 4, embedding_size=4, hidden_size=6).double()
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, std=std)
    return generator.eval()


def likeliest(generator, length, alpha=0.0, context=None):
    """Every sequence there is, with its score, from the best on. Lists of (tokens, score, log-probability)."""
    tokens, mask = all_sequences(4, length, generator.end)
    if context is None:
        log_probs = sequence_log_probs(generator, tokens, mask)
    else:
        given = select_rows(context, torch.zeros(len(tokens), dtype=torch.long))
        chosen = generator(tokens, given).log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
        log_probs = torch.where(mask, chosen, 0.0).sum(1)
    scores = log_probs / ((5 + mask.sum(1)) / 6) ** alpha
    order = scores.argsort(descending=True)
    return tokens[order], mask[order], scores[order].detach(), log_probs[order].detach()


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("end", [0, None])
def test_a_beam_as_wide_as_all_sequences_finds_the_best_of_them(end, alpha):
    generator = tiny_generator(end=end)
    expected = likeliest(generator, 4, alpha)
    best = beam_search(generator, 4**4, rows=2, max_length=4, n_best=20, length_penalty=alpha)
    for row in range(2):
        for found, right in zip(best, expected, strict=True):
            torch.testing.assert_close(found[row], right[:20])


@pytest.mark.parametrize("name", sorted(CONDITIONAL_GENERATORS))
def test_each_source_has_its_own_best(name):
    generator = conditional(name)
    context = generator.encode(SOURCE, SOURCE_MASK)
    best = beam_search(generator, 4**3, context=context, max_length=3, n_best=5, length_penalty=1.0)
    assert best.tokens.shape == (3, 5, 3)
    for row in range(3):
        expected = likeliest(generator, 3, 1.0, select_rows(context, torch.tensor([row])))
        for found, right in zip(best, expected, strict=True):
            torch.testing.assert_close(found[row], right[:5])


def plain_search(generator, beam, length, alpha, n_best):
    """One row, lists, and every prefix read from its start."""
    alive, complete = [((), 0.0)], []
    for t in range(length):
        candidates = []
        for prefix, total in alive:
            tokens = torch.tensor([[*prefix, 0]])
            log_probs = generator(tokens)[0, t].log_softmax(-1).tolist()
            candidates += [((*prefix, v), total + log_probs[v]) for v in range(len(log_probs))]
        candidates.sort(key=lambda candidate: -candidate[1])
        for sequence, total in candidates[:beam]:
            if sequence[-1] == generator.end or t == length - 1:
                complete.append((total / ((5 + t + 1) / 6) ** alpha, total, sequence))
        alive = [candidate for candidate in candidates if candidate[0][-1] != generator.end][:beam]
    return sorted(complete, reverse=True)[:n_best]


@pytest.mark.parametrize("favour", [0.0, 1.5, 3.0])
@pytest.mark.parametrize(("beam", "alpha", "end"), [(1, 0.0, 0), (2, 0.0, 0), (3, 1.0, 0), (4, 3.0, 2), (3, 0.5, None)])
def test_a_narrow_beam_is_the_plain_loop_that_never_stops_early(beam, alpha, end, favour):
    generator = tiny_generator(end=end)
    generator.output_bias.data[end or 0] += favour
    best = beam_search(generator, beam, max_length=6, n_best=beam, length_penalty=alpha)
    expected = plain_search(generator, beam, 6, alpha, beam)
    torch.testing.assert_close(best.scores[0].tolist(), [score for score, _, _ in expected])
    torch.testing.assert_close(best.log_probs[0].tolist(), [total for _, total, _ in expected])
    found = [tuple(row[row_mask].tolist()) for row, row_mask in zip(best.tokens[0], best.mask[0], strict=True)]
    assert found == [sequence for _, _, sequence in expected]


@pytest.mark.parametrize("beam", [1, 3])
def test_rows_that_end_early_disturb_no_other(beam):
    generator = conditional("seq2seq-gru", std=2.0)
    generator.output_bias.data[0] += 3.0
    sources = torch.tensor([(*row, 0) for row in itertools.product(range(1, 6), repeat=2)])
    context = generator.encode(sources, torch.ones_like(sources, dtype=torch.bool))
    options = {"max_length": 8, "n_best": min(beam, 2), "length_penalty": 0.4}
    best = beam_search(generator, beam, context=context, **options)
    assert best.mask.sum(2).unique().numel() > 2
    for row in range(len(sources)):
        alone = select_rows(context, torch.tensor([row]))
        expected = beam_search(generator, beam, context=alone, **options)
        torch.testing.assert_close(tuple(part[row : row + 1] for part in best), tuple(expected))


def test_a_search_stops_when_nothing_can_become_better():
    """An end of probability 0.9 at once: no other sequence can reach it, and the generator is asked no further."""
    generator = tiny_generator()
    for parameter in generator.parameters():
        torch.nn.init.zeros_(parameter)
    generator.output_bias.data = torch.tensor([0.9, 0.05, 0.03, 0.02], dtype=torch.float64).log()
    calls = []
    step = generator.step
    generator.step = lambda *arguments: calls.append(1) or step(*arguments)
    best = beam_search(generator, 4, max_length=50)
    assert len(calls) == 1
    assert best.tokens[0, 0].tolist() == [0] * 50
    assert best.log_probs.exp().item() == pytest.approx(0.9)
    # The second best is one symbol and the end, 0.05 * 0.9; the third another symbol and the end.
    best = beam_search(generator, 4, max_length=50, n_best=3)
    torch.testing.assert_close(best.log_probs[0].exp().tolist(), [0.9, 0.045, 0.027])
    assert len(calls) == 3


class Markov(torch.nn.Module):
    """Each symbol's distribution given the one before it, the start symbol last. [V + 1, V]"""

    end = 0

    def __init__(self, table):
        super().__init__()
        self.table = torch.nn.Parameter(torch.tensor(table, dtype=torch.float64))
        self.vocabulary_size = self.start = self.table.shape[1]

    def initial_state(self, rows, context=None):
        return torch.zeros(rows, 1)

    def step(self, tokens, state):
        return self.table[tokens].log(), state


CERTAIN_BEHIND_THE_FIRST = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.4, 0.1]]


def test_a_search_goes_on_while_a_longer_sequence_may_become_better():
    """The end has 0.5 at once; 1 has 0.4, and is then certain: after 13 tokens its logarithm is divided by 3."""
    generator = Markov(CERTAIN_BEHIND_THE_FIRST)
    best = beam_search(generator, 2, max_length=13, length_penalty=1.0)
    assert best.tokens[0, 0].tolist() == [1] * 13
    assert best.scores.item() == pytest.approx(math.log(0.4) / 3)
    # Five tokens at most divide it by (10 / 6) ** 0.4 = 1.23, and 0.92 / 1.23 is still more than 0.69.
    assert beam_search(generator, 2, max_length=5, length_penalty=0.4).tokens[0, 0].tolist() == [0] * 5


@pytest.mark.parametrize("alpha", [0.0, 0.6, 3.0])
def test_a_beam_of_one_ends_where_the_end_is_likeliest_whatever_the_length_penalty(alpha):
    best = beam_search(Markov(CERTAIN_BEHIND_THE_FIRST), 1, max_length=13, length_penalty=alpha)
    assert best.tokens[0, 0].tolist() == [0] * 13
    assert best.scores.item() == best.log_probs.item() == pytest.approx(math.log(0.5))


def test_hypotheses_that_end_together_leave_their_places_to_others():
    """Both of a beam of two end likeliest; both go on as well, with 2, and end then for certain."""
    generator = Markov([[1.0, 0.0, 0.0], [0.7, 0.0, 0.3], [0.6, 0.1, 0.3], [0.0, 0.55, 0.45]])
    best = beam_search(generator, 4, max_length=3, n_best=4)
    # 1 end, 2 end; then 1 2 end and 2 2 end, the likeliest of three tokens.
    expected = [0.55 * 0.7, 0.45 * 0.6, 0.55 * 0.3 * 0.6, 0.45 * 0.3 * 0.6]
    torch.testing.assert_close(best.log_probs[0].exp().tolist(), expected)
    narrow = beam_search(generator, 2, max_length=3, n_best=2, length_penalty=8.0)
    found = [tuple(row[row_mask].tolist()) for row, row_mask in zip(narrow.tokens[0], narrow.mask[0], strict=True)]
    assert found == [(1, 2, 0), (2, 2, 0)]


def test_scores_are_normalised_by_the_length_with_its_end():
    generator = tiny_generator()
    best = beam_search(generator, 5, max_length=6, n_best=5, length_penalty=1.3)
    lengths = best.mask.sum(2)
    torch.testing.assert_close(best.scores, best.log_probs / ((5 + lengths) / 6) ** 1.3)
    assert (best.scores.diff(dim=1) <= 0).all()


@pytest.mark.parametrize("name", [*sorted(PLAIN_GENERATORS), *sorted(CONDITIONAL_GENERATORS)])
def test_a_beam_of_one_is_greedy(name):
    if name in PLAIN_GENERATORS:
        torch.manual_seed(0)
        generator, context = PLAIN_GENERATORS[name](7, embedding_size=4, hidden_size=6).double().eval(), None
    else:
        generator = conditional(name)
        context = generator.encode(SOURCE, SOURCE_MASK)
    tokens, mask = greedy_decode(generator, rows=3, context=context, max_length=6)
    drawn = sample(generator, 3, 6, context, rng=torch.Generator(), top_k=1)
    assert torch.equal(tokens, drawn.tokens)
    assert torch.equal(mask, drawn.mask)


def test_fewer_sequences_than_asked_for_leave_places_empty():
    best = beam_search(tiny_generator(), 6, max_length=1, n_best=6)
    assert best.mask[0].any(1).tolist() == [True] * 4 + [False] * 2
    assert (best.scores[0, 4:] == -torch.inf).all()
    assert (best.log_probs[0, 4:] == -torch.inf).all()
    assert best.log_probs[0, :4].exp().sum().item() == pytest.approx(1.0)
    assert (best.tokens[0, 4:] == 0).all()
    # A vocabulary of the end alone has one sequence, however long the search may take.
    best = beam_search(Markov([[1.0], [1.0]]), 2, max_length=4, n_best=2)
    assert best.mask[0].sum(1).tolist() == [1, 0]
    assert best.log_probs[0].tolist() == [0.0, -math.inf]


def test_dropout_is_off_and_no_row_is_no_search():
    generator = tiny_generator(dropout=0.9).train()
    first, second = (beam_search(generator, 3, max_length=5) for _ in range(2))
    torch.testing.assert_close(tuple(first), tuple(second))
    assert generator.training
    assert beam_search(generator, 3, rows=0, max_length=5).tokens.shape == (0, 1, 5)


def test_what_cannot_be_searched_is_refused():
    generator = tiny_generator()
    with pytest.raises(ValueError, match="A beam of 2 cannot find the 3 best"):
        beam_search(generator, 2, max_length=3, n_best=3)
    with pytest.raises(ValueError, match="A beam of 0"):
        beam_search(generator, 0, max_length=3)
    with pytest.raises(ValueError, match="length_penalty is -1"):
        beam_search(generator, 2, max_length=3, length_penalty=-1)
    with pytest.raises(ValueError, match="ResidualConvGenerator makes all positions at once"):
        beam_search(ONE_SHOT_GENERATORS["residual-conv"](5), 2, max_length=3)


def test_a_generator_that_begins_with_noise_is_not_searched():
    from seqgan.data.tokenizers import Words
    from seqgan.data.vocabulary import Vocabulary
    from seqgan.errors import ConfigError
    from seqgan.evaluation.generate import likeliest_sentences
    from seqgan.generators import LSTMGenerator

    vocabulary = Vocabulary(["a", "b"])
    generator = LSTMGenerator(len(vocabulary), 4, 4)
    assert greedy_decode(generator, rows=2, max_length=3).tokens.shape == (2, 3)
    generator.state_noise = 10.0
    message = "has its chance in the noise of its first state"
    with pytest.raises(ValueError, match=message):
        greedy_decode(generator, rows=2, max_length=3)
    with pytest.raises(ConfigError, match=message):
        likeliest_sentences(generator, 1, 1, 3, Words(), vocabulary)
