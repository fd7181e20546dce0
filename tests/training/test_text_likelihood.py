"""That maximum likelihood is the text's: every token weighs the same, whatever stands beside it in its batch."""

import importlib
import random
import statistics

import pytest
import torch
from support.tiny import GENERATOR

from seqgan.build import build_generator, build_text
from seqgan.data import order
from seqgan.data.batches import Sequences, take
from seqgan.data.corpus import Corpus
from seqgan.data.store import StreamedSequences
from seqgan.data.text import encode_corpus
from seqgan.errors import ConfigError
from seqgan.evaluation.language_models import (
    BUDGET,
    judging_vocabulary,
    language_model_log_probs,
    train_language_model,
)
from seqgan.generators import LSTMGenerator
from seqgan.objectives import token_nll
from seqgan.settings.check import check
from seqgan.settings.data import DataConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig
from seqgan.training import processes
from seqgan.training.equal_budget import train_on
from seqgan.training.pretrain import pretrain, train_epoch
from seqgan.training.text_likelihood import batches_of_pass

module = importlib.import_module("seqgan.training.pretrain")
LENGTHS = [1, 1, 1, 2, 2, 3, 5, 9]


@pytest.fixture(params=["in memory", "streamed", "in blocks"])
def text(request, tmp_path, monkeypatch):
    """61 sentences of one to nine words, so that the last batch is no whole one."""
    monkeypatch.setenv("SEQGAN_CACHE", str(tmp_path / "cache"))
    drawn = random.Random(3)
    lines = [" ".join(drawn.choice("abcd") for _ in range(drawn.choice(LENGTHS))) for _ in range(61)]
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "valid.txt").write_text("a b\n")
    if request.param == "in blocks":
        monkeypatch.setattr("seqgan.data.batches.EXACT_SENTENCES", 10)
        monkeypatch.setattr(order, "BLOCK_SENTENCES", 10)
        monkeypatch.setattr(order, "POOL_BLOCKS", 2)
    streaming = "never" if request.param == "in memory" else "always"
    files = {"corpus": str(tmp_path / "train.txt"), "valid": str(tmp_path / "valid.txt")}
    made = build_text(DataConfig(**files, streaming=streaming, workers=1))
    assert isinstance(made.train, Sequences if streaming == "never" else StreamedSequences)
    return made


def gradients_of_passes(monkeypatch, generator, text, config, epochs):
    """The sum over some epochs' updates, at fixed weights."""

    def gather(model, optimizer, loss, *_):
        loss.backward()
        return loss.item()

    monkeypatch.setattr(module, "update", gather)
    generator.zero_grad()
    for epoch in range(1, epochs + 1):
        train_epoch(generator, None, text.train, config, seed=0, epoch=epoch)
    return [parameter.grad.clone() for parameter in generator.parameters()]


def gradients_of_the_text(generator, text):
    generator.zero_grad()
    whole = take(text.train, torch.arange(text.train.sentences))
    token_nll(generator(whole.tokens), whole.tokens, whole.mask).sum().backward()
    return [parameter.grad.clone() for parameter in generator.parameters()], int(whole.mask.sum())


def whole_text_generator(text):
    settings = GeneratorConfig(embedding_size=6, hidden_size=7, dropout=0.0)
    return build_generator(settings, text.vocabulary, text.max_length).double()


@pytest.mark.parametrize(
    "updates", [0, 3]
)  # an epoch that is a pass of 8 updates, and 8 epochs of 3, which are 3 passes
def test_the_updates_of_a_pass_are_the_gradient_of_the_texts_likelihood(monkeypatch, text, updates):
    generator = whole_text_generator(text)
    expected, tokens = gradients_of_the_text(generator, text)
    config = PretrainConfig(batch_size=8, epoch_updates=updates)
    found = gradients_of_passes(monkeypatch, generator, text, config, epochs=8 if updates else 1)
    passes = 3 if updates else 1
    for ours, theirs in zip(found, expected, strict=True):
        # One constant: of a batch of 8 the mean number of tokens.
        torch.testing.assert_close(ours, passes * theirs / (8 * tokens / 61), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("world", [2, 3, 6])  # with 6 the last batch, of 5 rows, is all processes'
def test_the_parts_of_several_processes_are_that_gradient_too(monkeypatch, text, world):
    generator = whole_text_generator(text)
    expected, tokens = gradients_of_the_text(generator, text)
    sums = [torch.zeros_like(parameter) for parameter in generator.parameters()]
    monkeypatch.setattr(processes, "count", lambda: world)
    for rank in range(world):
        monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
        parts = gradients_of_passes(monkeypatch, generator, text, PretrainConfig(batch_size=8), 1)
        sums = [a + b for a, b in zip(sums, parts, strict=True)]
    for ours, theirs in zip(sums, expected, strict=True):
        torch.testing.assert_close(ours, theirs / (8 * tokens / 61), rtol=1e-6, atol=1e-9)


def test_batches_of_one_length_with_their_own_mean_are_not_that_gradient(monkeypatch, text):
    generator = whole_text_generator(text)
    expected, _ = gradients_of_the_text(generator, text)
    found = gradients_of_passes(monkeypatch, generator, text, PretrainConfig(batch_size=8, weighting="batch"), 1)
    ours, theirs = (torch.cat([each.flatten() for each in both]) for both in (found, expected))
    assert torch.nn.functional.cosine_similarity(ours, theirs, dim=0) < 0.99


def test_the_logged_loss_is_the_mean_over_tokens(monkeypatch, text):
    generator = whole_text_generator(text)
    whole = take(text.train, torch.arange(text.train.sentences))
    nll = token_nll(generator(whole.tokens), whole.tokens, whole.mask).sum().item() / int(whole.mask.sum())
    monkeypatch.setattr(module, "update", lambda model, optimizer, loss, *_: loss.item())
    for weighting in ("text", "batch"):
        config = PretrainConfig(batch_size=8, weighting=weighting)
        values = train_epoch(generator, None, text.train, config, seed=0, epoch=1)
        assert values["generator/loss"] == pytest.approx(nll, rel=1e-6)


def corpus_of(lines):
    random.Random(0).shuffle(lines)
    return encode_corpus(Corpus("toy", lines, lines[:100], [], []))


def next_probs(generator, text, prefix):
    """The next symbol's distribution behind some words."""
    ids = torch.tensor([[*text.vocabulary.encode(prefix.split()), text.vocabulary.end]])
    generator.eval()
    with torch.no_grad():
        return generator(ids)[0, -1].softmax(0)


ENDS = ["a"] * 320 + ["a b b b b b b b b"] * 320
"""Half of the sentences end after their first word. A mean over each batch's own tokens, in batches of one length, has
tokens of the short ones weigh five times those of the long ones: it learns 5 / (5 + 1)."""


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize("way", ["pretraining", "equal budget", "language model that judges"])
def test_a_sentence_ends_as_often_as_in_the_text(way):
    text = corpus_of(list(ENDS))
    torch.manual_seed(0)
    if way == "language model that judges":
        tokens = [line.split() for line in text.corpus.train]
        model = train_language_model(tokens, tokens[:200], judging_vocabulary(tokens), budget=BUDGET)
        end = float(torch.tensor(language_model_log_probs(model, [["a"]])[0]).exp())
    else:
        generator = LSTMGenerator(len(text.vocabulary), 16, 32, end=text.vocabulary.end)
        config = PretrainConfig(epochs=25, patience=0, learning_rate=5e-3)
        if way == "pretraining":
            pretrain(generator, text, config)
        else:
            train_on(generator, text, config, updates=250)
        end = next_probs(generator, text, "a")[text.vocabulary.end].item()
    assert end == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow(reason="trains a model")
def test_the_last_small_batch_counts_as_what_it_is():
    # One line in 641: 0.0016 of the first words are its. As a batch of its own it had 0.04.
    text = corpus_of([f"{word} x" for word in ["a", "b", "c", "d"]] * 160 + ["z q q q q q q q q q"])
    torch.manual_seed(0)
    generator = LSTMGenerator(len(text.vocabulary), 16, 32, end=text.vocabulary.end)
    pretrain(generator, text, PretrainConfig(epochs=30, patience=0))
    (first,) = text.vocabulary.encode(["z"])
    ids = torch.tensor([[text.vocabulary.end]])
    with torch.no_grad():
        assert generator(ids)[0, 0].softmax(0)[first].item() < 0.005


def test_the_rule_of_a_run_is_one_of_two():
    with pytest.raises(ConfigError, match=r"pretrain\.weighting is 'both': choose text or batch"):
        check(RunConfig(generator=GENERATOR, pretrain=PretrainConfig(weighting="both")))


def test_the_batches_of_a_pass_are_draws_of_the_text():
    # Half of 100 sentences have two tokens, half ten; batches of 8, and one of 4, in 60 passes.
    lengths = torch.tensor([2, 10]).repeat(50)
    mask = torch.arange(10) < lengths.unsqueeze(1)
    train = Sequences(mask.long(), mask)
    passes = [batches_of_pass(train, PretrainConfig(batch_size=8), 0, number) for number in range(1, 61)]
    long = {size: [] for size in (4, 8)}
    for rows in (rows for batches in passes for rows in batches):
        long[len(rows)].append((lengths[rows] == 10).sum().item())
    # Drawn without repetition of 100: a share of 1/2, with the hypergeometric variance; within five standard errors.
    assert statistics.mean(long[4]) == pytest.approx(2, abs=5 * (4 / 4 * 96 / 99 / 60) ** 0.5)
    of_batch = 8 / 4 * 92 / 99
    assert statistics.variance(long[8]) == pytest.approx(of_batch, abs=5 * of_batch * (2 / len(long[8])) ** 0.5)
