"""Players of pairs, one update at a time: against plain loops in which each sentence meets its own source alone."""

import copy

import pytest
import torch
from support.tiny_pairs import WORDS, make_discriminator, make_generator, tiny_pairs

from seqgan.data.batches import Batch
from seqgan.errors import ConfigError
from seqgan.objectives import CSGAN_NMT, DIALOGUE, MALIGAN, SEQGAN
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.tensors.condition import Condition
from seqgan.training.critic import Critic, critic_loss
from seqgan.training.rewards import bleu_of, mixed_reward
from seqgan.training.sampled import SampledPlayers, check_sampled


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_pairs(tmp_path_factory.mktemp("pairs"))


def make_players(text, algorithm, reward=None, generator="seq2seq-gru", discriminator="two-tower-cnn", **settings):
    players = make_generator(text, generator), make_discriminator(text, discriminator)
    rng = torch.Generator().manual_seed(3)
    return SampledPlayers(*players, text, algorithm, AdversarialConfig(**settings), rng, reward)


def drawn_next(players, *arguments):
    """What the next draw will be."""
    state = players.rng.get_state()
    drawn = players._draw(*arguments)
    players.rng.set_state(state)
    return drawn


def alone(model, real, row):
    """What a model makes of one source, by itself and without padding."""
    source, mask = real.condition
    length = int(mask[row].sum())
    return model.encode(source[row : row + 1, :length], mask[row : row + 1, :length])


def translation(text, real, row):
    """The words of a source in the other language, by the dictionary; in any order."""
    source, mask = real.condition
    words = text.source_vocabulary.decode(source[row][mask[row]].tolist())
    return sorted(WORDS[word] for word in words)


def target_words(text, tokens):
    return sorted(text.vocabulary.decode(tokens.tolist()))


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize("generator", ["seq2seq-gru", "seq2seq-lstm", "seq2seq-transformer"])
@pytest.mark.parametrize("discriminator", ["two-tower-cnn", "two-tower-rnn", "hierarchical"])
@pytest.mark.parametrize(("algorithm", "group"), [(SEQGAN, 0), (MALIGAN, 0), (MALIGAN, 3)])
def test_each_sentence_is_scored_with_its_own_source(text, generator, discriminator, algorithm, group):
    settings = {"batch_size": 6, "group_size": group, "credit": "sequence", "baseline": "constant"}
    players = make_players(text, algorithm, None, generator, discriminator, baseline_value=0.3, **settings)
    (tokens, mask), real, completions = drawn_next(players, 6, 0, group or 1)
    assert completions == (group or 1)
    assert len(real.tokens) == 6 // completions
    players.discriminator.eval()
    logits, log_probs = [], []
    with torch.no_grad():
        for i in range(6):
            source = i // completions
            row, row_mask = tokens[i : i + 1], mask[i : i + 1]
            logits.append(players.discriminator(row, row_mask, alone(players.discriminator, real, source)))
            scores = players.generator(row, alone(players.generator, real, source)).log_softmax(-1)
            log_probs.append(sum(scores[0, t, row[0, t]] for t in range(int(mask[i].sum()))))
    loss = 0.0
    for i in range(6):
        if algorithm is SEQGAN:
            advantage = logits[i].sigmoid() - 0.3
        else:
            size = group or 6
            rivals = range(i // size * size, i // size * size + size)
            advantage = size * logits[i].exp() / sum(logits[j].exp() for j in rivals) - 0.3
        loss -= advantage * log_probs[i] / 6
    assert players.update_generator()["generator/loss"] == pytest.approx(loss.item(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("group", [0, 4])
def test_completions_keep_their_source_and_their_reference(text, group):
    seen = []

    def reward(tokens, mask, real):
        seen.append((tokens, mask, real))
        return tokens.float().mean(dim=1)

    settings = {"group_size": group or 8, "real_prefix": 1} if group else {}
    players = make_players(text, CSGAN_NMT, reward, batch_size=8, rollouts=3, discriminator_share=0.0, **settings)
    players.update_generator()
    assert len(seen) > 1
    for tokens, _, real in seen:
        assert len(real.tokens) == len(tokens)
        for row in range(len(tokens)):
            assert translation(text, real, row) == target_words(text, real.tokens[row])
            if group:  # which begins with a real word of its own reference
                assert tokens[row, 0] == real.tokens[row, 0]


def test_real_and_generated_sentences_share_their_source(text):
    players = make_players(text, DIALOGUE, discriminator="hierarchical", discriminator_pool=8, batch_size=4)
    sources, judged = [], []
    encode, forward = players.discriminator.encode, players.discriminator.forward

    def watched_encode(source, source_mask):
        sources.append((source, source_mask))
        return encode(source, source_mask)

    def watched_forward(tokens, mask, context):
        judged.append((tokens, context))
        return forward(tokens, mask, context)

    players.discriminator.encode, players.discriminator.forward = watched_encode, watched_forward
    players.train_discriminator(8, 1)
    assert len(sources) == 2
    for (source, source_mask), (tokens, context) in zip(sources, judged, strict=True):
        assert len(tokens) == 8  # four real ones and four generated
        real = Batch(tokens[:4], torch.ones_like(tokens[:4], dtype=torch.bool), Condition(source, source_mask))
        for row in range(4):
            assert translation(text, real, row) == target_words(text, real.tokens[row])
        first = context
        while not isinstance(first, torch.Tensor):
            first = first[0]
        assert torch.equal(first[:4], first[4:])


def test_teacher_forcing_is_on_the_sentences_of_the_policy_step(text):
    players = make_players(text, DIALOGUE, credit="sequence", batch_size=5, teacher_forcing_steps=1, rollouts=16)
    forced = []
    encode = players.generator.encode

    def watched(source, source_mask):
        forced.append(source)
        return encode(source, source_mask)

    players.generator.encode = watched
    players._generators_turn()
    assert len(forced) == 3  # samples, policy gradient, imitation
    assert torch.equal(forced[0], forced[1])
    assert torch.equal(forced[1], forced[2])


def test_each_policy_step_is_followed_by_one_on_its_sources(text):
    players = make_players(
        text, DIALOGUE, credit="sequence", batch_size=5, group_size=0, generator_steps=2, teacher_forcing_steps=1
    )
    read = []
    encode = players.generator.encode

    def watched(source, source_mask):
        read.append(source)
        return encode(source, source_mask)

    players.generator.encode = watched
    players._generators_turn()
    assert len(read) == 6  # samples, policy gradient, imitation; and again
    for first in (0, 3):
        assert torch.equal(read[first], read[first + 1])
        assert torch.equal(read[first], read[first + 2])
    assert read[0].shape != read[3].shape or not torch.equal(read[0], read[3])


def test_the_share_of_the_discriminator_is_linear(text):
    players = make_players(text, CSGAN_NMT, batch_size=6)
    drawn = drawn_next(players, 6, 0)
    rows = torch.arange(6)
    judged = players._reward(drawn)(*drawn.samples, rows)
    bleu = bleu_of(*drawn.samples, drawn.real, end=players.generator.end)
    for share in (0.0, 0.7):
        mixed = make_players(text, CSGAN_NMT, batch_size=6, discriminator_share=share)
        values = mixed._reward(drawn)(*drawn.samples, rows)
        assert torch.allclose(values, share * judged + (1 - share) * bleu)


def test_a_reference_is_worth_one_and_leaves_its_end_out(text):
    real = Batch(*text.train)
    assert torch.allclose(bleu_of(real.tokens, real.mask, real, end=0), torch.tensor(1.0))
    without_end = real.mask & (real.tokens != 0)
    assert torch.allclose(bleu_of(real.tokens, without_end, real, end=0), torch.tensor(1.0))


def test_completions_name_the_row_of_their_reference(text):
    real = Batch(*text.train).select(torch.arange(6))
    reward = mixed_reward(None, 0.0, lambda tokens, mask, rows: (tokens == rows.tokens).all(dim=1).float(), real)
    row = torch.tensor([3, 1, 1, 5])
    assert reward(real.tokens[row], real.mask[row], row).tolist() == [1, 1, 1, 1]
    assert reward(real.tokens[row], real.mask[row], torch.tensor([3, 2, 1, 5])).tolist() == [1, 0, 1, 1]


def test_without_a_share_the_discriminator_is_left_alone(text):
    players = make_players(text, CSGAN_NMT, batch_size=4, discriminator_share=0.0, rollouts=2)
    before = copy.deepcopy(players.discriminator.state_dict())
    assert players.warmed_up
    values = players.play_round()
    assert not any(name.startswith("discriminator") for name in values)
    assert all(torch.equal(before[name], value) for name, value in players.discriminator.state_dict().items())


def test_warm_up_by_adam_then_rmsprop_and_clamped_after_each_update(text):
    settings = {"optimizer": "rmsprop", "warmup_optimizer": "adam", "weight_clamp": 0.05, "batch_size": 4}
    players = make_players(text, CSGAN_NMT, discriminator_pool=8, rollouts=2, **settings)
    assert isinstance(players.warmup_optimizer, torch.optim.Adam)
    assert isinstance(players.discriminator_optimizer, torch.optim.RMSprop)
    players.warm_up_discriminator()
    assert players.warmup_optimizer.state
    assert not players.discriminator_optimizer.state
    assert max(value.abs().max() for value in players.discriminator.parameters()) <= 0.05
    players.play_round()
    assert players.discriminator_optimizer.state
    assert max(value.abs().max() for value in players.discriminator.parameters()) <= 0.05


def test_a_constant_baseline_is_compared_with_the_discriminators_part_alone(text):
    players = make_players(text, CSGAN_NMT, baseline="constant", baseline_value=0.5, discriminator_share=0.7)
    assert players.baseline.value == pytest.approx(0.35)


def test_a_critic_learns_what_only_the_source_tells(text):
    condition = text.train.condition
    tokens = torch.zeros(len(condition.tokens), 3, dtype=torch.long)  # nothing to be learnt from these
    values = (condition.tokens[:, 0] % 2).float().reshape(1, -1, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        critic = Critic(len(text.vocabulary), len(text.source_vocabulary))
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
    for _ in range(60):
        loss = critic_loss(critic(tokens, condition), values, torch.ones_like(tokens, dtype=torch.bool))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.01
    assert values.var() > 0.1


@pytest.mark.parametrize(
    ("algorithm", "settings", "other", "words"),
    [
        (CSGAN_NMT, {"discriminator_share": 0.5}, False, "which only pairs have"),
        (MALIGAN, {"discriminator_share": 0.5}, True, "to which nothing can be added"),
        (DIALOGUE, {"discriminator_share": 0.5, "credit": "prefix"}, True, "rewards parts of them"),
    ],
)
def test_mixtures_that_make_no_sense(algorithm, settings, other, words):
    with pytest.raises(ConfigError, match=words):
        check_sampled(AdversarialConfig(**settings), algorithm, other=other)


def test_a_reward_without_a_part_is_refused(text):
    with pytest.raises(ConfigError, match="leaves it no part"):
        make_players(text, SEQGAN, lambda tokens, mask, real: tokens.float().mean(dim=1))


def test_a_critic_reads_a_source_up_to_its_end_and_no_padding():
    torch.manual_seed(0)
    critic = Critic(6, 5)
    tokens = torch.tensor([[1, 2, 0], [3, 0, 0]])
    source = torch.tensor([[1, 2, 3, 4], [4, 3, 0, 0]])
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    short = Condition(source[1:, :2], mask[1:, :2])
    alone = torch.cat([critic(tokens[:1], Condition(source[:1], mask[:1])), critic(tokens[1:], short)])
    torch.testing.assert_close(critic(tokens, Condition(source, mask)), alone)
    # Whatever stands behind the end, and however much of it.
    other, wider = source.clone(), torch.nn.functional.pad(source, (0, 3), value=2)
    other[1, 2:] = 1
    torch.testing.assert_close(critic(tokens, Condition(other, mask)), alone)
    torch.testing.assert_close(critic(tokens, Condition(wider, torch.nn.functional.pad(mask, (0, 3)))), alone)
    # The last token of a source is read.
    other[0, 3] = 1
    assert not torch.allclose(critic(tokens, Condition(other, mask))[0], alone[0])
