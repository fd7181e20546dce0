"""Players that learn through relaxed samples: every pair trains and resumes; turns, curriculum, refusals."""

import copy

import pytest
import torch
from support.kinds import RELAXED
from support.tiny import new_run, same_weights, tiny_text

from seqgan.algorithm_settings import refuse_other_rounds
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.decoding import sample
from seqgan.decoding.relaxed import teacher_helped_sample
from seqgan.errors import ConfigError
from seqgan.evaluation.evaluate import evaluate_generator, judge_while_training
from seqgan.objectives import SEQGAN, WGAN_GP
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.training.adversarial import check_settings, train_adversarially
from seqgan.training.relaxed import RelaxedPlayers

RELAXED_CONFIG = {
    "batch_size": 6,
    "discriminator_steps": 2,
    "discriminator_pool": 6,
    "evaluate_every": 1,
    "evaluate_samples": 8,
    "warmup_steps": 1,
}
CLAMPED = {"wgan": {"weight_clamp": 0.01}}
"""What bounds a critic that nothing else bounds."""
KINDS = ("gru", "lstm", "relational", "transformer", "residual-conv")
JUDGES = ("cnn", "many-view", "residual-conv", "rnn", "transformer")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


def generator_of(text, kind, **settings):
    config = GeneratorConfig(name=kind, embedding_size=8, hidden_size=12, heads=2, noise_size=5, **settings)
    return build_generator(config, text.vocabulary, text.max_length, seed=1)


def discriminator_of(text, kind, **settings):
    config = DiscriminatorConfig(
        name=kind, embedding_size=6, hidden_size=8, heads=2, filters=0.02, views=3 * (kind == "many-view"), **settings
    )
    return build_discriminator(config, text.vocabulary, text.max_length, seed=2)


def players_of(text, algo, kind="lstm", judge="rnn", **settings):
    own = {name: settings.pop(name) for name in RELAXED[algo].settings.__struct_fields__ if name in settings}
    config = AdversarialConfig(**{**RELAXED_CONFIG, **CLAMPED.get(algo, {}), **settings})
    rng = torch.Generator().manual_seed(3)
    players = generator_of(text, kind, state_noise=1.0), discriminator_of(text, judge)
    return RelaxedPlayers(*players, text, RELAXED[algo].with_settings(**own), config, rng)


PAIRS = [(kind, "rnn") for kind in KINDS] + [("gru", judge) for judge in JUDGES if judge != "rnn"]
EVERY_JUDGE = ("relgan", "wgan-gp")
"""Of judges these two ask for more than gradients: of several views, and of the gradient's own gradient."""
# Without Gumbel noise a Transformer's samples would all be alike, which is refused.
TRIPLES = [
    (algo, kind, judge)
    for algo in sorted(RELAXED)
    for kind, judge in PAIRS
    if (RELAXED[algo].gumbel or kind != "transformer") and (judge == "rnn" or algo in EVERY_JUDGE)
]


@pytest.mark.slow(reason="trains each pair of players three times")
@pytest.mark.parametrize(("algo", "kind", "judge"), TRIPLES)
def test_every_pair_trains_resumes_samples_and_is_judged(text, tmp_path, algo, kind, judge):
    noisy = {"drawn": RELAXED[algo].gumbel} if kind == "residual-conv" else {}
    noisy |= {"state_noise": 1.0} if algo != "relgan" and kind not in ("transformer", "residual-conv") else {}
    start = generator_of(text, kind, **noisy)
    critic = discriminator_of(text, judge, per_view=judge == "many-view" and algo in ("gsgan", "relgan"))
    results = []
    for stops in ([2], [1, 2]):
        run = new_run(text, tmp_path / f"run{len(stops)}")
        for rounds in stops:
            generator, discriminator = copy.deepcopy(start), copy.deepcopy(critic)
            # The temperature's way must not depend on how long the training is, which is other here.
            own = {"annealing_rounds": 4} if RELAXED[algo].anneals else {}
            config = AdversarialConfig(rounds=rounds, **RELAXED_CONFIG, **CLAMPED.get(algo, {}))
            judged = judge_while_training(generator, text, 8, 0, samples_folder=run.samples_folder)
            train_adversarially(
                generator,
                discriminator,
                text,
                RELAXED[algo].with_settings(**own),
                config,
                run=run,
                resume=rounds != stops[0],
                judge=judged,
            )
        results.append((generator, discriminator))
    assert same_weights(results[0][0], results[1][0])
    assert same_weights(results[0][1], results[1][1])
    assert not same_weights(results[0][0], start)
    assert not same_weights(results[0][1], critic)
    tokens, mask = sample(generator, 5, text.max_length, rng=torch.Generator().manual_seed(0))
    assert tokens.shape == (5, text.max_length)
    assert mask[:, 0].all()
    report = evaluate_generator(generator, text, 10)
    assert {"nll", "bleu-2"} <= {entry.name for entry in report}


@pytest.mark.parametrize("algo", sorted(RELAXED))
def test_a_generator_of_all_positions_at_once_samples_as_it_is_trained(text, algo):
    drawn = RELAXED[algo].gumbel
    config = AdversarialConfig(**{**RELAXED_CONFIG, **CLAMPED.get(algo, {}), "output_decay": 0.0})
    rng = torch.Generator().manual_seed(3)
    generator, critic = generator_of(text, "residual-conv", drawn=drawn), discriminator_of(text, "rnn")
    players = RelaxedPlayers(generator, critic, text, RELAXED[algo], config, rng)
    state = rng.get_state()
    trained = players._fake(6, text.max_length)
    rng.set_state(state)
    tokens, mask = sample(generator, 6, text.max_length, rng=rng)
    ended = trained.tokens.masked_fill(~mask, generator.end)  # of wgan and wgan-gp padding is text
    assert torch.equal(ended, tokens)
    with pytest.raises(ConfigError, match=r"samples are the (likeliest|drawn) ones .* can be sampled and judged"):
        RelaxedPlayers(generator_of(text, "residual-conv", drawn=not drawn), critic, text, RELAXED[algo], config, rng)


@pytest.mark.slow(reason="trains to the end")
@pytest.mark.parametrize("algo", ["gsgan", "relgan"])
def test_a_generator_of_all_positions_at_once_learns_words_whose_letters_depend_on_one_another(tmp_path, algo):
    """From drawn tokens, each position by itself given the noise: that it can is why it is not refused."""
    words = ["abab", "baba", "cccc", "addd"]
    for name in ("corpus.txt", "valid.txt"):
        (tmp_path / name).write_text("\n".join(words * 60) + "\n")
    files = DataConfig(corpus=str(tmp_path / "corpus.txt"), valid=str(tmp_path / "valid.txt"), tokenizer="characters")
    text = build_text(files)
    sizes = {"embedding_size": 16, "hidden_size": 24, "layers": 2, "noise_size": 8, "dropout": 0.0, "drawn": True}
    generator = build_generator(GeneratorConfig(name="residual-conv", **sizes), text.vocabulary, text.max_length, 1)
    judge = DiscriminatorConfig(name="cnn", embedding_size=16, filters=0.05, dropout=0.0)
    critic = build_discriminator(judge, text.vocabulary, text.max_length, 2)
    config = AdversarialConfig(
        **{**RELAXED_CONFIG, "rounds": 100, "batch_size": 32, "discriminator_pool": 32, "warmup_steps": 0},
        **{"output_decay": 0.0, "generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3},
    )
    shares = []
    for train in (False, True):
        if train:
            train_adversarially(generator, critic, text, RELAXED[algo], config, from_nothing=True)
        tokens = sample(generator, 500, text.max_length, rng=torch.Generator().manual_seed(0)).tokens.tolist()
        made = [text.tokenizer.detokenize(text.vocabulary.decode(row)) for row in tokens]
        shares.append(sum(word in words for word in made) / len(made))
    assert shares[0] < 0.1
    assert shares[1] > 0.8


@pytest.mark.parametrize(
    "setting", [{"discriminator_share": 0.5}, {"discriminator_stop": 0.9}, {"warmup_optimizer": "rmsprop"}]
)
@pytest.mark.parametrize("algo", sorted(RELAXED))
def test_what_relaxed_players_do_not_read_is_refused_where_a_run_begins(text, algo, setting):
    config = AdversarialConfig(**{**RELAXED_CONFIG, **CLAMPED.get(algo, {}), **setting})
    with pytest.raises(ConfigError, match=f"{next(iter(setting))} belongs to algorithms that reward samples"):
        check_settings(config, RELAXED[algo], state_noise=1.0)
    check_settings(config, RELAXED[algo], state_noise=1.0, resumed=True)


def test_likeliest_tokens_are_not_sampled_where_drawn_ones_are_trained(text):
    for algo, resumed in (("gsgan", False), ("gsgan", True), ("wgan-gp", False)):
        config = AdversarialConfig(**RELAXED_CONFIG)
        asked = {"state_noise": 1.0, "greedy": True, "resumed": resumed}
        if algo == "gsgan" and not resumed:
            with pytest.raises(ConfigError, match="greedy samples the likeliest tokens, and gsgan trains on drawn"):
                check_settings(config, RELAXED[algo], **asked)
        else:
            check_settings(config, RELAXED[algo], **asked)


def test_weights_are_clamped_after_each_update_of_the_critic(text):
    players = players_of(text, "wgan", discriminator_steps=1)
    assert max(value.abs().max() for value in players.discriminator.parameters()) > 0.01
    players.train_discriminator(6, 1)
    assert max(value.abs().max() for value in players.discriminator.parameters()) <= 0.01


def test_the_critic_learns_nothing_in_the_generators_turn_and_the_generator_nothing_in_the_critics(text):
    players = players_of(text, "wgan-gp")
    generator, critic = copy.deepcopy(players.generator), copy.deepcopy(players.discriminator)
    players.train_discriminator(6, 1)
    assert same_weights(players.generator, generator)
    assert not same_weights(players.discriminator, critic)
    critic = copy.deepcopy(players.discriminator)
    for parameter in players.discriminator.parameters():
        parameter.grad = None
    players.update_generator()
    assert same_weights(players.discriminator, critic)
    assert not same_weights(players.generator, generator)
    assert all(parameter.grad is None for parameter in players.discriminator.parameters())
    assert all(parameter.requires_grad for parameter in players.discriminator.parameters())


def test_padding_is_text_where_the_algorithm_says_so(text):
    players = players_of(text, "wgan-gp")
    probs, mask = players._real(6, players.max_length)
    assert probs.shape == (6, text.max_length, len(text.vocabulary))
    assert mask.all()
    assert (probs.sum(-1) == 1).all()
    ends = players_of(text, "gsgan")
    _, mask = ends._real(6, ends.max_length)
    assert not mask.all()


def test_a_curriculum_adds_a_token_from_stage_to_stage_up_to_the_full_length(text):
    players = players_of(text, "wgan-gp", curriculum_rounds=2)
    lengths = []
    for players.rounds in range(2 * text.max_length + 3):
        lengths.append(players.length)
    full = text.max_length
    assert lengths == [min(full, 1 + step // 2) for step in range(2 * full + 3)]
    assert lengths[-1] == full
    players.rounds = 4
    assert players._fake(4, players._batch_length()).probs.shape[1] == 3
    players.play_round()


def test_variable_lengths_are_all_those_up_to_the_curriculums(text):
    players = players_of(text, "wgan-gp", curriculum_rounds=1, variable_length=True)
    players.rounds = 3
    assert {players._batch_length() for _ in range(100)} == {1, 2, 3, 4}


@pytest.mark.parametrize("variable_length", [False, True])
def test_with_teacher_helping_every_place_is_the_last_equally_often(text, variable_length):
    helped = {"curriculum_rounds": 1, "teacher_helping": True, "variable_length": variable_length}
    players = players_of(text, "wgan-gp", "gru", **helped)
    players.rounds = 3  # prefixes of one to four tokens
    for draw in (lambda: players._real(400, players._batch_length())[1], lambda: players._fake(400, 4).mask):
        counts = torch.zeros(5)
        for _ in range(4):
            counts += torch.bincount(draw().sum(1), minlength=5)
        # 1,600 draws of one place in four: 400, deviation 17.3.
        assert counts[0] == 0
        assert (counts[1:] - 400).abs().max() < 5 * 17.3


def test_with_teacher_helping_all_tokens_but_the_last_are_real(text):
    generator = generator_of(text, "gru", state_noise=1.0).double().eval()
    tokens = text.train.tokens[:4, :3]
    positions = torch.tensor([0, 1, 2, 2])
    rng = torch.Generator().manual_seed(0)
    probs, ids, mask = teacher_helped_sample(generator, tokens, positions, rng=rng, gumbel=False)
    assert mask.sum(1).tolist() == [1, 2, 3, 3]
    logits = generator(tokens)  # without noise in its state the steps are those of teacher forcing
    for row, position in enumerate(positions.tolist()):
        assert torch.equal(probs[row, :position].argmax(-1), tokens[row, :position])
        assert (probs[row, :position].amax(-1) == 1).all()
        torch.testing.assert_close(probs[row, position], logits[row, position].softmax(-1))
        assert ids[row, position] == logits[row, position].argmax()
    # The gradient reaches the generator through the last token alone.
    (gradient,) = torch.autograd.grad(probs[0, 1:].sum(), generator.output_bias, allow_unused=True, retain_graph=True)
    assert gradient is None or (gradient == 0).all()
    (gradient,) = torch.autograd.grad(probs[0, 0, 2], generator.output_bias)
    assert (gradient != 0).any()


def test_press_and_others_settings_together(text):
    players = players_of(
        text, "wgan-gp", "gru", curriculum_rounds=1, variable_length=True, teacher_helping=True, generator_steps=2
    )
    for _ in range(3):
        values = players.play_round()
    assert all(value == value for value in values.values())  # none is not a number


def test_the_temperature_follows_the_rounds_or_the_papers_constant(text):
    players = players_of(text, "relgan", rounds=101)
    players.rounds = 50
    assert players.temperature == pytest.approx(100**-0.5)
    players = players_of(text, "relgan", rounds=101, annealing_rounds=5000, inverse_temperature=1000)
    players.rounds = 100
    assert players.temperature == pytest.approx(1000 ** (-100 / 5000))


@pytest.mark.parametrize(
    ("settings", "steps", "message"),
    [
        ({"credit": "sequence"}, True, "adversarial.credit belongs to algorithms that reward samples"),
        ({"baseline": "constant"}, True, "adversarial.baseline belongs to algorithms"),
        ({"control": "random"}, True, "adversarial.control belongs to algorithms"),
        ({"teacher_helping": True}, False, "this one makes all positions at once"),
        ({"teacher_forcing_steps": 1}, False, "this one makes all positions at once"),
        ({"variable_length": True}, True, "set adversarial.curriculum_rounds"),
    ],
)
def test_settings_that_do_not_go_together_say_why(settings, steps, message):
    config = AdversarialConfig(**settings)
    with pytest.raises(ConfigError, match=message):
        check_settings(config, WGAN_GP, steps=steps, state_noise=1.0)


def test_samples_that_would_all_be_alike_are_refused():
    with pytest.raises(ConfigError, match="all its samples would be alike"):
        check_settings(AdversarialConfig(), WGAN_GP)
    check_settings(AdversarialConfig(), RELAXED["relgan"])
    with pytest.raises(ConfigError, match="scores its samples under a state without noise"):
        check_settings(AdversarialConfig(), SEQGAN, state_noise=1.0)


def test_rewards_need_a_generator_that_steps():
    with pytest.raises(ConfigError, match="this generator makes all positions at once"):
        check_settings(AdversarialConfig(), SEQGAN, steps=False)


def test_an_unknown_annealing_names_the_nearest():
    with pytest.raises(ConfigError, match=r"No annealing is called 'exponent'\. Did you mean 'exponential'"):
        RELAXED["relgan"].with_settings(annealing="exponent")


def test_several_logits_a_sentence_are_refused_where_one_is_bounded_or_rewarded():
    with pytest.raises(ConfigError, match="bounds the slope of one"):
        check_settings(AdversarialConfig(), WGAN_GP, state_noise=1.0, per_view=True)
    with pytest.raises(ConfigError, match="a reward is one number"):
        check_settings(AdversarialConfig(), SEQGAN, per_view=True)


def test_the_critic_moves_first_in_a_round(text):
    players = players_of(text, "wgan-gp")
    order = []
    players.train_discriminator = lambda pool, epochs, **others: order.append("critic") or {}
    players.update_generator = lambda: order.append("generator") or {}
    players.play_round()
    assert order == ["critic", "critic", "generator"]


def test_the_discriminators_gradients_are_clipped_where_that_is_asked_for(text):
    norms = []
    for bound in (0.0, 1e-3):
        players = players_of(text, "gsgan", discriminator_clip_norm=bound)
        players.train_discriminator(6, 1)
        norms.append(torch.cat([value.grad.flatten() for value in players.discriminator.parameters()]).norm().item())
    assert norms[0] > 0.01
    assert norms[1] == pytest.approx(1e-3, rel=1e-3)


def test_the_critic_has_many_turns_at_first_and_every_500th_round(text):
    players = players_of(text, "wgan", discriminator_steps=2, discriminator_surge=7)
    turns = []
    players.train_discriminator = lambda pool, epochs, **others: turns.append(players.rounds) or {}
    players.update_generator = dict
    for first in (0, 499, 999):
        players.rounds = first
        for _ in range(27 if first == 0 else 3):
            players.play_round()
    counts = [turns.count(number) for number in (0, 24, 25, 26, 499, 500, 501, 999, 1000, 1001)]
    assert counts == [7, 7, 2, 2, 2, 7, 2, 2, 7, 2]
    assert players_of(text, "wgan", discriminator_steps=2).discriminator_steps == 2
    with pytest.raises(ConfigError, match="discriminator_surge belongs to algorithms on relaxed samples"):
        check_settings(AdversarialConfig(discriminator_surge=3), SEQGAN)


def test_helped_by_a_teacher_neither_side_shows_what_follows_an_end(text):
    players = players_of(text, "gsgan", teacher_helping=True)
    lengths = {"real": [], "fake": []}
    for _ in range(50):
        probs, mask = players._real(6, players.max_length)
        lengths["real"] += mask.sum(1).tolist()
        shown = probs.argmax(-1).masked_fill(~mask, 1)
        fake = players._fake(6, players.max_length)
        lengths["fake"] += fake.mask.sum(1).tolist()
        given = fake.probs.argmax(-1).masked_fill(~fake.mask, 1)
        for tokens, real_mask in ((shown, mask), (given, fake.mask)):
            before_last = real_mask.sum(1, keepdim=True) - 1 > torch.arange(players.max_length)
            assert not ((tokens == 0) & before_last).any()  # an end symbol may only be the last that is shown
    # Both are cut by the same law: means of 300 lengths of deviation about 1.7, five deviations of their difference.
    means = [sum(values) / len(values) for values in lengths.values()]
    assert abs(means[0] - means[1]) < 0.7


def test_helped_by_a_teacher_a_perfect_generator_is_not_told_apart_by_its_ends(tmp_path):
    # Half of the sentences end after "a", and half go on for eight words more. What is shown up to the second place is
    # then as often "a </s>" as "a b", on both sides: drawn from each sentence's own places it was five times as often.
    lines = ["a", "a b b b b b b b b"] * 40
    (tmp_path / "half.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "valid.txt").write_text("a\n")
    text = build_text(DataConfig(corpus=str(tmp_path / "half.txt"), valid=str(tmp_path / "valid.txt")))
    players = players_of(text, "gsgan", teacher_helping=True)
    second, ends, before = 0, 0, 0
    for _ in range(60):
        probs, mask = players._real(64, players.max_length)
        assert len(probs) == 64
        there = mask.sum(1) == 2
        second += int(there.sum())
        ends += int((probs.argmax(-1)[:, 1] == text.vocabulary.end)[there].sum())
        tokens, last = players._real_places(64, players.max_length)
        before += int((last == 1).sum())
        # What precedes the shown place has not ended.
        columns = torch.arange(players.max_length)
        assert not ((tokens == text.vocabulary.end) & (columns < last.unsqueeze(1))).any()
    # Of 12 places in two sentences, of 2 and 10 tokens, two are second ones: 3,840 / 6 = 640, deviation 23.
    assert abs(second - 640) < 5 * 23
    assert abs(before - 640) < 5 * 23
    assert abs(ends / second - 0.5) < 5 * 0.5 / second**0.5


def test_all_positions_at_once_have_the_same_likelihood_while_training_as_in_the_table(text):
    generator = generator_of(text, "residual-conv").eval()
    watched = judge_while_training(generator, text, 4, 0)(0)["eval/nll"]
    judged = evaluate_generator(generator, text, 4, references=text.corpus.valid, families=("nll",))
    assert watched == pytest.approx(judged["nll"].value)


def test_a_run_whose_temperature_falls_over_its_rounds_cannot_be_made_longer():
    def config_of(rounds, algo, **own):
        return RunConfig(adversarial=AdversarialConfig(rounds=rounds), algorithm={"name": algo, **own})

    for algo in ("gsgan", "relgan"):
        with pytest.raises(ConfigError, match="a temperature that falls over them"):
            refuse_other_rounds(config_of(3, algo), config_of(6, algo), "here")
        fixed = {"annealing_rounds": 9}
        refuse_other_rounds(config_of(3, algo, **fixed), config_of(6, algo, **fixed), "here")
    constant = {"annealing": "constant"}
    refuse_other_rounds(config_of(3, "relgan", **constant), config_of(6, "relgan", **constant), "here")
    refuse_other_rounds(config_of(3, "wgan-gp"), config_of(6, "wgan-gp"), "here")


def test_a_critic_that_nothing_bounds_is_refused():
    with pytest.raises(ConfigError, match=r"wgan bounds its critic by adversarial\.weight_clamp alone"):
        check_settings(AdversarialConfig(), RELAXED["wgan"], state_noise=1.0)
    check_settings(AdversarialConfig(weight_clamp=0.1), RELAXED["wgan"], state_noise=1.0)
    check_settings(AdversarialConfig(), WGAN_GP, state_noise=1.0)
