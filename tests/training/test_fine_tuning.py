"""What fine-tuning adds to the players: the leash, replay, smoothing, stops, self-play; with pretrained models too."""

import copy

import msgspec
import pytest
import torch
from support.kinds import SAMPLED
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, new_run, players, same_weights, tiny_text
from support.tiny_models import write_model

from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.build_huggingface import with_discriminator_files, with_generator_files, with_own_tokenizer
from seqgan.decoding import Samples
from seqgan.errors import ConfigError, SeqganError
from seqgan.objectives import GAD, MALIGAN, REVERSE_KL, SEQGAN, SPIN
from seqgan.runs.metric_log import read_metrics
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.pretrain import PretrainConfig
from seqgan.settings.run import RunConfig
from seqgan.tensors.condition import Condition
from seqgan.tensors.own_weights import frozen_copy
from seqgan.training.adversarial import check_settings, make_players, train_adversarially
from seqgan.training.leash import length_correlation, sampling_ratio
from seqgan.training.pretrain import pretrain
from seqgan.training.replay import POOLS, Replay
from seqgan.training.self_play import SelfPlayPlayers


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def start(text):
    return players(text)


def settings(**changes):
    small = {"rounds": 2, "warmup_steps": 1, "credit": "sequence", "rollouts": 16, **changes}
    return msgspec.structs.replace(ADVERSARIAL, **small)


def alone(**changes):
    """Settings without those of rewards and discriminators."""
    return AdversarialConfig(**{"rounds": 2, "batch_size": 8, "evaluate_every": 1, "evaluate_samples": 10, **changes})


def trained(start, text, algorithm, config, **options):
    both = copy.deepcopy(start)
    train_adversarially(*both, text, algorithm, config, **options)
    return both


ALL = {
    **{"baseline": "leave-one-out", "group_size": 4, "standardize": True, "kl_weight": 0.1},
    "teacher_forcing_steps": 1,
}
CASES = {
    "gad": (GAD, ALL),
    "gad-k1": (GAD, {**ALL, "kl_estimator": "k1", "discriminator_stop": 0.6}),
    "smoothed": (SEQGAN, {"label_smoothing": 0.1, "kl_weight": 0.1, "replay_share": 0.5}),
    "spin": (SPIN.with_settings(iteration_rounds=1), {}),
}


@pytest.mark.slow(reason="trains models of transformers")
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_was_stopped_equals_one_that_was_not(text, start, tmp_path, name):
    algorithm, changes = CASES[name]
    results = []
    for stops in ([3], [1, 3]):
        run = new_run(text, tmp_path / f"run{len(stops)}")
        for rounds in stops:
            config = alone(rounds=rounds) if name == "spin" else settings(**changes, rounds=rounds)
            both = trained(start, text, algorithm, config, run=run, resume=rounds != stops[0])
        results.append(both)
    assert same_weights(results[0][0], results[1][0])
    assert same_weights(results[0][1], results[1][1])
    assert not same_weights(results[0][0], start[0])
    assert same_weights(results[0][1], start[1]) == (name == "spin")


@pytest.mark.slow(reason="trains models of transformers")
@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_a_leash_holds(text, start, tmp_path, estimator):
    distances = []
    for weight in (1e-6, 10.0):
        run = new_run(text, tmp_path / f"{estimator}{weight}")
        config = settings(
            rounds=8, evaluate_every=8, kl_weight=weight, kl_estimator=estimator, generator_learning_rate=0.01
        )
        trained(start, text, SEQGAN, config, run=run)
        logged = [line["generator/kl"] for line in read_metrics(run.metrics_path) if "generator/kl" in line]
        assert logged[0] == 0
        distances.append(logged[-1])
    assert distances[1] < 0.5 * distances[0]


def test_pairs_are_told_apart_by_their_order(text, start, rng):
    one = make_players(*copy.deepcopy(start), text, GAD, settings(baseline="leave-one-out"), rng)
    real, fake = torch.tensor([5.0, 7.0, 1.0, 9.0]), torch.tensor([4.0, 6.0, 2.0, 8.0])
    assert one._accuracy(real, fake) == 0.75


def test_a_round_stops_training_a_discriminator_that_is_ahead(text, start, rng):
    one = make_players(
        *copy.deepcopy(start), text, SEQGAN, settings(discriminator_stop=0.5, discriminator_steps=9), rng
    )
    asked = []

    def certain(pool, epochs, **others):
        asked.append(pool)
        return {"discriminator/accuracy": [0.4, 0.5, 0.9][len(asked) - 1]}

    one.train_discriminator = certain
    one._discriminators_turn()
    assert len(asked) == 3


def test_smoothing_is_the_cross_entropy_of_a_softer_target(text, start):
    config = settings(label_smoothing=0.2, discriminator_pool=8, discriminator_steps=1)
    losses = {}
    for smoothing in (0.0, 0.2):
        torch.manual_seed(0)
        with_it = msgspec.structs.replace(config, label_smoothing=smoothing)
        one = make_players(*copy.deepcopy(start), text, SEQGAN, with_it, torch.Generator().manual_seed(0))
        one._judge_both = lambda *_: (
            torch.tensor([1.0, -2.0], requires_grad=True),
            torch.tensor([0.5, 0.0], requires_grad=True),
        )
        losses[smoothing] = one.train_discriminator(8, 1)["discriminator/loss"]
    real = torch.tensor([1.0, -2.0])
    soft = torch.nn.functional.binary_cross_entropy_with_logits(real, torch.full((2,), 0.8))
    hard = torch.nn.functional.binary_cross_entropy_with_logits(real, torch.ones(2))
    assert losses[0.2] - losses[0.0] == pytest.approx((soft - hard).item(), abs=1e-6)


RATIOS = [algorithm for algorithm in SAMPLED.values() if algorithm.needs_log_odds]


@pytest.mark.parametrize(
    ("algorithm", "changes", "message"),
    [
        (SEQGAN, {"kl_estimator": "k2", "kl_weight": 1.0}, "choose k1 or k3"),
        (SEQGAN, {"kl_estimator": "k1"}, "belongs to kl_weight"),
        (MALIGAN, {"standardize": True}, "weighed against one another"),
        (GAD, {"standardize": True, "batch_size": 1}, "adversarial.batch_size is 1"),
        (GAD, {"label_smoothing": 0.1}, "of a discriminator that minimises a cross-entropy"),
        *((each, {"replay_share": 0.2}, "replay_share is 0.2: it is of samples of earlier") for each in RATIOS),
        *((each, {"weight_clamp": 1.0}, "learns from the log-odds of data over the generator") for each in RATIOS),
        *((each, {"label_smoothing": 0.1}, "bounds the logits, whose mean odds") for each in (MALIGAN, REVERSE_KL)),
        (SPIN, {"kl_weight": 1.0}, "kl_weight belongs to algorithms that reward samples"),
        (SPIN, {"group_size": 4}, "group_size belongs to algorithms that reward samples"),
    ],
)
def test_settings_that_do_nothing_are_refused(algorithm, changes, message):
    config = msgspec.structs.replace(
        msgspec.structs.replace(RunConfig(), adversarial=ADVERSARIAL).adversarial, rollouts=16
    )
    config = msgspec.structs.replace(config, **changes, warmup_steps=1000)
    with pytest.raises(ConfigError, match=message):
        check_settings(config, algorithm)


# Self-play.


def test_self_play_learns_the_text_from_its_own_past(text, start, rng):
    config = settings(rounds=30, generator_learning_rate=0.01, batch_size=16)
    generator, discriminator = copy.deepcopy(start)
    one = SelfPlayPlayers(generator, discriminator, text, SPIN.with_settings(iteration_rounds=10), config, rng)
    first = one.play_round()
    assert first["generator/loss"] == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert (first["generator/real_gain"], first["generator/fake_gain"]) == (0, 0)
    for _ in range(8):
        last = one.play_round()
    assert last["generator/real_gain"] > last["generator/fake_gain"]
    assert same_weights(one.before, start[0])
    one.play_round()  # the tenth
    assert same_weights(one.before, generator)
    assert same_weights(discriminator, start[1])


# Replay.


def pool(number, size=6, length=4, source=None):
    tokens = torch.full((2, size, length), number)
    tokens[1] += 50
    mask = torch.ones(2, size, length, dtype=torch.bool)
    if source is None:
        return tokens, mask, None
    ids = torch.full((size, source), number)
    return tokens, mask, Condition(ids, torch.ones_like(ids, dtype=torch.bool))


def test_a_share_of_a_pool_is_of_earlier_ones_and_pairs_stay_together(rng):
    replay = Replay(1 / 3)
    tokens, _, _ = replay(*pool(1, source=2), rng)
    assert (tokens[0] == 1).all()
    tokens, _, condition = replay(*pool(2, source=3), rng)
    assert tokens[0, :, 0].tolist() == [1, 1, 2, 2, 2, 2]
    assert (tokens[1] == tokens[0] + 50).all()
    assert condition.tokens.tolist() == [[1, 1, 0], [1, 1, 0], *[[2, 2, 2]] * 4]
    assert condition.mask.tolist() == [*[[True, True, False]] * 2, *[[True] * 3] * 4]
    # What is kept is what came, and not what was shown: nothing is shown for ever.
    for number in range(3, 3 + POOLS):
        replay(*pool(number, source=2), rng)
    assert {int(n) for each in replay.pools for n in each["tokens"][:, :, 0].flatten()} == {
        n + side for n in range(3, 3 + POOLS) for side in (0, 50)
    }


def test_no_share_keeps_nothing(rng):
    replay = Replay(0.0)
    given = pool(1)
    assert all(a is b for a, b in zip(replay(*given, rng), given, strict=True))
    assert replay.pools == []


# Checks of what is sampled.


def test_what_is_sampled_is_what_is_trained(text, start, rng):
    samples = Samples(torch.tensor([[4, 5, 0], [6, 0, 0]]), torch.tensor([[True] * 3, [True, True, False]]))
    generator = copy.deepcopy(start[0])
    assert sampling_ratio(generator, samples) == pytest.approx(1.0, abs=1e-5)
    forward = generator.forward
    generator.forward = lambda tokens, context=None: forward(tokens) * 1.5
    with pytest.raises(SeqganError, match="times as likely"):
        sampling_ratio(generator, samples)


def test_the_correlation_of_reward_and_length_by_hand():
    mask = torch.arange(4) < torch.tensor([[1], [2], [4]])
    assert length_correlation(torch.tensor([[[3.0], [2.0], [0.0]]]), mask) == pytest.approx(-1.0)
    assert length_correlation(torch.tensor([[[1.0], [1.0], [1.0]]]), mask) == 0
    # By token: means over each sentence's own.
    per_token = torch.tensor([[[1.0, 9, 9, 9], [1.0, 3.0, 9, 9], [4.0, 4, 4, 4]]])
    lengths, rewards = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 2.0, 4.0])
    assert length_correlation(per_token, mask) == pytest.approx(torch.corrcoef(torch.stack([lengths, rewards]))[0, 1])


# Pretrained models.


@pytest.fixture(scope="module")
def pretrained(text, tmp_path_factory):
    """A text in the tokens of a tiny GPT-2, that GPT-2 with adapters, and a tiny BERT as its judge."""
    pytest.importorskip("transformers")
    pytest.importorskip("peft")
    root = tmp_path_factory.mktemp("models")
    lines = list(dict.fromkeys(text.corpus.train))
    folders = {name: write_model(root / name, name, lines=lines) for name in ("gpt2", "bert")}
    (root / "text.txt").write_text("\n".join(lines * 4) + "\n")
    (root / "valid.txt").write_text("\n".join(lines[:3]) + "\n")
    config = RunConfig(
        data=msgspec.structs.replace(RunConfig().data, corpus=str(root / "text.txt"), valid=str(root / "valid.txt")),
        generator=GeneratorConfig(name="huggingface", path=str(folders["gpt2"])),
    )
    own = build_text(with_own_tokenizer(config).data)
    judging = with_discriminator_files(DiscriminatorConfig(name="huggingface", path=str(folders["bert"])))
    plain = with_generator_files(config.generator)
    adapted = with_generator_files(msgspec.structs.replace(config.generator, lora_rank=2))
    built = {
        name: build_generator(each, own.vocabulary, own.max_length, weights=True).eval()
        for name, each in (("plain", plain), ("adapted", adapted))
    }
    judge = build_discriminator(judging, own.vocabulary, own.max_length, tokenizers=(own.tokenizer, None), weights=True)
    return own, built, judge


@pytest.mark.slow(reason="trains models of transformers")
@pytest.mark.parametrize("name", [*sorted(SAMPLED), "spin"])
def test_every_algorithm_trains_a_pretrained_model(pretrained, name):
    text, generators, judge = pretrained
    algorithm = SPIN if name == "spin" else SAMPLED[name]
    both = {"rounds": 1, "batch_size": 4}
    config = alone(**both) if name == "spin" else settings(**both, discriminator_pool=4, discriminator_steps=1)
    generator, discriminator = trained((generators["plain"], judge), text, algorithm, config)
    assert not same_weights(generator, generators["plain"])
    assert same_weights(discriminator, judge) == (name == "spin")


def test_rollouts_reward_a_pretrained_model(pretrained):
    text, generators, judge = pretrained
    config = settings(rounds=1, batch_size=4, discriminator_pool=4, credit="rollouts", rollouts=2)
    assert not same_weights(trained((generators["plain"], judge), text, SEQGAN, config)[0], generators["plain"])


def test_maximum_likelihood_lowers_the_held_out_likelihood(pretrained):
    text, generators, _ = pretrained
    generator = copy.deepcopy(generators["plain"])
    result = pretrain(generator, text, PretrainConfig(epochs=2, batch_size=16, learning_rate=0.02))
    assert result.best_nll < 5  # of 289 symbols, log 289 = 5.67


@pytest.mark.slow(reason="trains models of transformers")
def test_adapters_alone_are_trained_resumed_and_held_by_the_leash(pretrained, tmp_path):
    text, generators, judge = pretrained
    start = generators["adapted"], judge
    base = {name: p.clone() for name, p in start[0].named_parameters() if not p.requires_grad}
    results = []
    for stops in ([2], [1, 2]):
        run = new_run(text, tmp_path / f"run{len(stops)}")
        for rounds in stops:
            config = settings(**ALL, rounds=rounds)
            both = trained(start, text, GAD, config, run=run, resume=rounds != stops[0])
        results.append(both)
    assert same_weights(results[0][0], results[1][0])
    assert same_weights(results[0][1], results[1][1])
    assert not same_weights(results[0][0], start[0])
    for name, parameter in results[0][0].named_parameters():
        assert parameter.requires_grad or torch.equal(parameter, base[name])
    logged = read_metrics(run.metrics_path)
    assert next(line for line in logged if "generator/sampling_ratio" in line)["generator/sampling_ratio"] == (
        pytest.approx(1.0, abs=1e-3)
    )


def test_a_frozen_copy_shares_what_is_frozen(pretrained):
    generator = pretrained[1]["adapted"]
    copied = frozen_copy(generator)
    for (name, one), other in zip(generator.named_parameters(), copied.parameters(), strict=True):
        assert (one is other) == (not one.requires_grad), name
    assert same_weights(generator, copied)


def test_the_builders_refuse_what_cannot_be(pretrained, text):
    own, _, _ = pretrained
    config = GeneratorConfig(name="huggingface", path="nowhere")
    with pytest.raises(ConfigError, match="cut by another tokenizer"):
        build_generator(config, text.vocabulary, text.max_length)
    with pytest.raises(ConfigError, match="reads texts"):
        build_discriminator(DiscriminatorConfig(name="huggingface", path="nowhere"), own.vocabulary, own.max_length)
    assert GENERATOR.path is None
    assert DISCRIMINATOR.path is None
