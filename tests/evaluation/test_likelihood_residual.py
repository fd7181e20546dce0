"""The likelihood of a generator times a discriminator, where both can be summed over all sequences."""

import math

import pytest
import torch
from exact.enumeration import fixed_logits, make_toy, optimal_logits
from exact.listed import all_sequences
from exact.odds import PrefixDiscriminator, TableDiscriminator
from torch import nn

from seqgan.data.sequences import Sequences
from seqgan.decoding import ResampledGenerator
from seqgan.evaluation.likelihood_residual import answers_for, residual_likelihood, shown_partition
from seqgan.generators import Seq2SeqGRU
from seqgan.generators.masked import MaskedGenerator
from seqgan.progress import Progress
from seqgan.tensors.condition import Condition

TOY = make_toy()
TEXT = Sequences(TOY.tokens, TOY.mask)  # each sequence once: what is measured is a sum over them


def likelihood(model, seed=0, samples=0, text=TEXT, unknown=None):
    rng = torch.Generator().manual_seed(seed)
    return residual_likelihood(model, text, unknown, rng=rng, max_length=3, samples=samples)


@pytest.mark.parametrize("tau", [1.0, 0.5])
@pytest.mark.parametrize("name", ["exact", "moved", "any"])
def test_both_bounds_tend_to_the_likelihood_of_the_product(name, tau):
    exact = optimal_logits(TOY, "residual")
    logits = {"exact": exact, "moved": exact + 3, "any": fixed_logits(TOY)}[name]
    log_z = (TOY.probs.log() + logits / tau).logsumexp(0).item()
    expected = (TOY.probs.log() + logits / tau).sum().item() - len(logits) * log_z
    if name != "any" and tau == 1:
        assert expected == pytest.approx(TOY.data.log().sum().item(), abs=1e-12)  # the product is the data
    found = likelihood(ResampledGenerator(TOY.generator, TableDiscriminator(TOY, logits), 2, tau), samples=40_000)
    for bound, estimate in zip((found.upper, found.lower), found.log_partition, strict=True):
        assert estimate == pytest.approx(log_z, abs=0.02)
        # Each of the sentences has log Z once; logits have 32 bits.
        assert bound.log_prob == pytest.approx(expected + len(logits) * (log_z - estimate), abs=1e-4)
    assert found.samples == 40_000
    assert (found.lower.tokens, found.lower.sentences, found.lower.unknown) == (int(TOY.mask.sum()), len(TOY.probs), 0)
    weights = TOY.probs * (2 * logits / tau).exp()
    assert found.effective == pytest.approx(math.exp(2 * log_z) / weights.sum().item(), abs=0.02)  # E[w]^2 / E[w^2]


class Blind(MaskedGenerator):
    """The toy's generator, whatever the source: many sources are then many estimates of one partition function."""

    def encode(self, source, source_mask):
        return None


def test_in_the_mean_the_bounds_enclose_the_likelihood_of_the_data_and_come_nearer():
    model = ResampledGenerator(Blind(TOY.generator, []), TableDiscriminator(TOY, optimal_logits(TOY, "residual")), 2)
    rows = torch.arange(3_000) % len(TOY.probs)
    nothing = torch.zeros(len(rows), 1, dtype=torch.long)
    text = Sequences(TOY.tokens[rows], TOY.mask[rows], Condition(nothing, nothing == 0))
    exact = TOY.data.log()[rows]
    widths = []
    for samples in (12, 48):
        found = likelihood(model, samples=samples, text=text)
        gaps = exact - found.log_probs
        # log Z is 0, and of so many draws the estimates of it are on either side of it by more than chance.
        assert gaps.mean() > 3 * gaps.std() / len(rows) ** 0.5
        assert found.upper.log_prob > exact.sum() > found.lower.log_prob
        widths.append((found.upper.log_prob - found.lower.log_prob) / len(rows))
    assert widths[1] < 0.6 * widths[0]  # by 1 / K, less what the draw of the product lacks when K is small


def test_a_discriminator_of_prefixes_counts_by_the_whole_sentence():
    model = ResampledGenerator(TOY.generator, PrefixDiscriminator(TOY), 2)
    found = likelihood(model, samples=20_000)
    gained = found.log_probs + found.log_partition[1] - TOY.probs.log()
    torch.testing.assert_close(gained, optimal_logits(TOY, "residual"), atol=1e-5, rtol=0)  # logits in 32 bits


def test_unknown_tokens_are_in_neither_sum():
    model = ResampledGenerator(TOY.generator, TableDiscriminator(TOY, fixed_logits(TOY)), 2)
    found, all_of_them = likelihood(model, samples=8, unknown=1), likelihood(model, samples=8)
    ones = TOY.mask & (TOY.tokens == 1)
    log_q = TOY.generator(TOY.tokens).detach().log_softmax(2).gather(2, TOY.tokens.unsqueeze(2)).squeeze(2)
    assert found.lower.unknown == int(ones.sum())
    assert torch.equal(found.scored, (TOY.mask & ~ones).sum(1))
    left_out = torch.where(ones, log_q, 0.0).sum().item()
    assert all_of_them.lower.log_prob - found.lower.log_prob == pytest.approx(left_out, abs=1e-9)


class OfPairs(nn.Module):
    """Logits by table, of a source's first symbol and a sequence. [sources, A]"""

    def __init__(self, table, sequences):
        super().__init__()
        self.table, self.sequences = table, sequences

    def encode(self, source, source_mask):
        return source[:, 0]

    def forward(self, tokens, mask, context=None):
        number = (tokens.unsqueeze(1) == self.sequences).all(dim=2).int().argmax(dim=1)
        return self.table[context, number]


def test_each_source_has_a_partition_function_of_its_own():
    torch.manual_seed(0)
    generator = Seq2SeqGRU(4, 3, 4, 4).double().eval()
    for parameter in generator.parameters():
        nn.init.normal_(parameter, std=0.8)
    sequences, mask = all_sequences(3, 3, end=0)
    rng = torch.Generator().manual_seed(1)
    table = torch.randn(4, len(sequences), generator=rng, dtype=torch.float64) / 2
    table = table + torch.tensor([[0.0], [2], [-3], [5]])
    source = torch.tensor([[2, 1], [3, 0], [1, 3]])
    pairs = Sequences(sequences[:3], mask[:3], Condition(source, torch.ones_like(source, dtype=torch.bool)))
    log_q = []
    for row in range(3):
        own = pairs.condition.select(torch.full((len(sequences),), row))
        log_probs = generator(sequences, generator.encode(*own)).log_softmax(2)
        log_q.append(torch.where(mask, log_probs.gather(2, sequences.unsqueeze(2)).squeeze(2), 0.0).sum(1).detach())
    joint = torch.stack(log_q) + table[source[:, 0]]  # [3, A]
    assert joint.logsumexp(1).max() - joint.logsumexp(1).min() > 2
    expected = joint.log_softmax(1).diagonal()  # of the first pair the first sequence, and so on
    model = ResampledGenerator(generator, OfPairs(table, sequences), 2)
    found = likelihood(model, samples=8_000, text=pairs)
    torch.testing.assert_close(found.log_probs, expected, atol=0.06, rtol=0)
    assert found.lower.log_prob == pytest.approx(found.log_probs.sum().item(), abs=1e-9)
    assert found.upper.log_prob == pytest.approx(expected.sum().item(), abs=0.15)
    assert "by 8000 samples of each source, effective 0." in shown_partition(found, conditional=True)
    assert likelihood(model, text=pairs).samples == 64


class Told(Progress):
    """Keeps what is said."""

    def __init__(self, said):
        super().__init__()
        self.said = said

    def note(self, text):
        self.said.append(text)


def test_a_discriminator_that_is_too_sure_is_told():
    said = []
    judge = TableDiscriminator(TOY, 8 * optimal_logits(TOY, "residual"))
    model = ResampledGenerator(TOY.generator, judge, 2)
    rng = torch.Generator().manual_seed(0)
    found = residual_likelihood(model, TEXT, None, rng=rng, max_length=3, samples=20, progress=Told(said))
    assert found.effective * 20 < 4
    assert said == [
        f"Of 20 samples for the partition function, as much as {found.effective * 20:.1f} would carry if all weighed "
        "alike: the likelihood may be better than it is. Give more, or a discriminator that is less sure."
    ]


def test_many_sources_have_fewer_samples_each_and_it_is_said():
    said = []
    told = Told(said)
    assert answers_for(512, told) == 64
    assert said == []
    assert answers_for(700, told) == 46
    assert said == ["The partition function of each of 700 sources is estimated from 46 samples."]
    assert answers_for(10**6, told) == 32
