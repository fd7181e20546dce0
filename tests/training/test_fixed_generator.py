"""The discriminator trained to the end against a generator that stands still."""

import copy
import itertools
import math

import msgspec
import pytest
import torch
from support.tiny import DISCRIMINATOR, GENERATOR, new_run, same_weights
from torch.nn import functional

from seqgan.algorithm_settings import shared_settings
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.data.batches import Sequences
from seqgan.data.reading import Reading
from seqgan.errors import ConfigError
from seqgan.evaluation.headroom import deciding_part, stopping_part
from seqgan.evaluation.score import sequence_scores
from seqgan.objectives import RESIDUAL
from seqgan.runs.load import load_discriminator, load_model
from seqgan.settings.data import DataConfig
from seqgan.settings.run import RunConfig
from seqgan.training import train_adversarially
from seqgan.training.fixed_generator import Best, FixedGeneratorPlayers, held_out_loss, rescale_logits

CONFIG = shared_settings(
    RESIDUAL, rounds=6, batch_size=16, discriminator_steps=4, discriminator_pool=16, discriminator_learning_rate=0.01
)


def make_text(folder, *, test=False):
    words = ["dog", "cat", "bird", "cow", "pig"], ["runs", "sleeps", "eats", "sings"], ["here", "there", "now"]
    lines = [f"the {' '.join(three)} ." for three in itertools.product(*words)]
    (folder / "train.txt").write_text("\n".join(lines[::2] * 8) + "\n")
    (folder / "valid.txt").write_text("\n".join(lines[1::2] * 4) + "\n")
    if test:
        (folder / "test.txt").write_text("\n".join(lines[::3]) + "\n")
    return build_text(DataConfig(corpus=str(folder)))


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return make_text(tmp_path_factory.mktemp("text"))


def players_of(text):
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length, seed=1)
    return generator, build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length, seed=2)


def trained(text, config=CONFIG, algorithm=RESIDUAL, **more):
    generator, discriminator = players_of(text)
    result = train_adversarially(generator, discriminator, text, algorithm, config, seed=3, progress=False, **more)
    return generator, discriminator, result


def test_the_generator_stands_still_and_the_best_discriminator_is_kept(text):
    before, _ = players_of(text)
    generator, _, result = trained(text)
    assert same_weights(before, generator)
    losses = [line["held_out/loss"] for line in result.log]
    assert len(losses) == 6
    assert min(losses) < math.log(2) - 0.05  # random sentences are told from real ones


def test_the_kept_discriminator_has_the_loss_of_the_best_look_and_needs_no_scale(text):
    players = FixedGeneratorPlayers(*players_of(text), text, RESIDUAL, CONFIG, torch.Generator().manual_seed(0))
    losses = [players.play_round()["held_out/loss"] for _ in range(6)]
    last = copy.deepcopy(players.discriminator.state_dict())
    with players.as_kept():
        real, fake = players.logits_of(players.stopping_pool).double()
    assert all(torch.equal(value, last[name]) for name, value in players.discriminator.state_dict().items())
    loss = (functional.softplus(-real).mean() + functional.softplus(fake).mean()).item() / 2
    assert loss == pytest.approx(min(losses), abs=1e-5)
    seen = held_out_loss(real, fake)
    assert seen["held_out/scale"] == pytest.approx(1, abs=1e-3)
    assert seen["held_out/shift"] == pytest.approx(0, abs=1e-3)
    assert players.best.round == losses.index(min(losses)) + 1


def test_parts_of_the_held_out_text_have_no_sentence_in_common(text, tmp_path):
    stopping = {text.tokenizer.detokenize(text.vocabulary.decode(ids)) for ids in stopping_part(text).tokens.tolist()}
    reading = Reading(*text.symbols, text.max_length)
    assert stopping_part(text).sentences + deciding_part(text, reading).sentences == text.valid.sentences
    assert stopping_part(text).sentences == math.ceil(text.valid.sentences / 2)
    rows = [ids.tolist() for ids in text.valid.tokens]
    assert stopping_part(text).tokens.tolist() == rows[0::2]
    assert stopping <= set(text.corpus.valid)
    tested = make_text(tmp_path, test=True)
    assert stopping_part(tested).sentences == tested.valid.sentences
    deciding = deciding_part(tested, reading)
    lines = [text.vocabulary.decode(row[keep].tolist()) for row, keep in zip(*deciding[:2], strict=True)]
    assert list(map(text.tokenizer.detokenize, lines)) == tested.corpus.test


def test_it_ends_once_held_out_text_is_told_apart_no_better(text):
    still = msgspec.structs.replace(CONFIG, rounds=50, discriminator_learning_rate=1e-12)
    said = []
    generator, discriminator = players_of(text)
    rounds = []
    result = train_adversarially(
        generator,
        discriminator,
        text,
        RESIDUAL.with_settings(patience=3),
        still,
        seed=3,
        progress=False,
        on_round=lambda number, values: (rounds.append(number), said.append(values["held_out/loss"])),
    )
    best = said.index(min(said)) + 1
    assert result.rounds == best + 3 < 50
    unending = RESIDUAL.with_settings(patience=0)
    assert trained(text, msgspec.structs.replace(still, rounds=8), unending)[2].rounds == 8


def test_a_resumed_training_gives_what_the_uninterrupted_one_gives(text, tmp_path):
    _, whole, result = trained(text)
    algorithm = {"name": "residual", **msgspec.to_builtins(RESIDUAL.settings)}
    sections = {"algorithm": algorithm, "adversarial": CONFIG, "discriminator": DISCRIMINATOR}
    run = new_run(text, tmp_path / "run", data=DataConfig(max_length=text.max_length), **sections)
    trained(text, msgspec.structs.replace(CONFIG, rounds=3, evaluate_every=1), run=run)
    _, resumed, again = trained(text, msgspec.structs.replace(CONFIG, evaluate_every=1), run=run, resume=True)
    assert again.rounds == result.rounds == 6
    assert same_weights(whole, resumed)
    assert same_weights(load_discriminator(run), whole)
    model = load_model(run)
    assert (model.candidates, model.tau) == (16, 1.0)
    assert same_weights(model.discriminator, whole)
    assert load_model(run, candidates=1) is not model


def test_scaling_logits_by_the_last_layer(text):
    for name, own in (("cnn", {"filters": 0.02}), ("bidirectional", {}), ("transformer", {"heads": 2}), ("rnn", {})):
        config = msgspec.structs.replace(DISCRIMINATOR, name=name, embedding_size=8, **own)
        discriminator = build_discriminator(config, text.vocabulary, text.max_length).eval()
        before = sequence_scores(discriminator, text.valid)
        rescale_logits(discriminator, 0.5, -2.0)
        torch.testing.assert_close(sequence_scores(discriminator, text.valid), 0.5 * before - 2.0)


def test_what_makes_no_sense_is_refused(text):
    generator, discriminator = players_of(text)

    def refused(match, **settings):
        with pytest.raises(ConfigError, match=match):
            train_adversarially(generator, discriminator, text, RESIDUAL, progress=False, **settings)

    refused("nothing else", discriminator_steps=0)
    refused("decays weights with Adam", optimizer="rmsprop")
    refused("algorithms whose generator learns", generator_learning_rate=0.1)
    refused("algorithms that reward samples", rollouts=3)
    bare = copy.deepcopy(discriminator)
    bare.last, bare.output = bare.output, None
    with pytest.raises(ConfigError, match="no linear layer called output"):
        FixedGeneratorPlayers(generator, bare, text, RESIDUAL, CONFIG, torch.Generator())
    few = text._replace(valid=text.valid.some(60))
    with pytest.raises(ConfigError, match=r"30 held-out sentences .* would stop"):
        train_adversarially(generator, discriminator, few, RESIDUAL, CONFIG, progress=False)


def test_settings_of_a_run_are_read(text):
    config = RunConfig(algorithm={"name": "residual", "candidates": 4})
    assert config.algorithm_name == "residual"
    with pytest.raises(ConfigError, match="candidates"):
        RESIDUAL.with_settings(candidates=0)


def test_a_discriminator_of_prefixes_is_looked_at_by_whole_sentences(text):
    generator, _ = players_of(text)
    config = msgspec.structs.replace(DISCRIMINATOR, name="rnn", per_token=True, hidden_size=8)
    discriminator = build_discriminator(config, text.vocabulary, text.max_length, seed=2)
    train_adversarially(generator, discriminator, text, RESIDUAL, CONFIG, seed=3, progress=False)
    players = FixedGeneratorPlayers(generator, discriminator, text, RESIDUAL, CONFIG, torch.Generator().manual_seed(0))
    values = players.play_round()
    pool = players.stopping_pool
    real = sequence_scores(discriminator, Sequences(pool.tokens[0], pool.mask[0]))
    fake = sequence_scores(discriminator, Sequences(pool.tokens[1], pool.mask[1]))
    assert held_out_loss(real, fake)["held_out/loss"] == pytest.approx(values["held_out/loss"], abs=1e-5)


def test_a_discriminator_that_says_nothing_is_said(text):
    players = FixedGeneratorPlayers(*players_of(text), text, RESIDUAL, CONFIG, torch.Generator().manual_seed(0))
    players.best = Best(1, math.log(2), 0.0, 0.0, {})
    players.rounds = 12
    assert players.why_finished.startswith("Held-out text was not told apart in 12 rounds")
