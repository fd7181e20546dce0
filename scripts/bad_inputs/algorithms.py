"""Settings of self-play, comparing discriminators, replay and other algorithms that make no sense together."""

from collections.abc import Iterator
from pathlib import Path

from bad_inputs.cases import FINE, Case
from bad_inputs.run_folders import PAIRS, PARENT, TINY_GAN, copied

ALONE = ["--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.evaluate-samples", "4", "--no-verdict"]
BOTH = [
    *ALONE,
    "--adversarial.warmup-steps",
    "1",
    "--adversarial.discriminator-pool",
    "4",
    "--discriminator.filters",
    "0.02",
]


def asked(*flags: str) -> list[str]:
    """Flags of the section `adversarial`."""
    return [flag if number % 2 else f"--adversarial.{flag}" for number, flag in enumerate(flags)]


def own(flag: str, value: str) -> list[str]:
    """A setting of the algorithm's own."""
    return [f"--algorithm.{flag}", value]


SPIN: dict[str, list[str]] = {
    "rollouts": asked("rollouts", "3"),
    "a credit": asked("credit", "token"),
    "a baseline": asked("baseline", "critic"),
    "a discriminator's steps": asked("discriminator-steps", "2"),
    "a warm-up": asked("warmup-steps", "7"),
    "a share of the reward": asked("discriminator-share", "0.5"),
    "an entropy bonus": asked("entropy-bonus", "0.1"),
    "a leash": asked("kl-weight", "0.1"),
    "groups": asked("group-size", "2"),
    "a clamp": asked("weight-clamp", "0.1"),
    "a control": ["--control", "constant"],
    "a weight of nothing": own("weight", "0"),
    "a weight below nothing": own("weight", "-1"),
    "a weight of NaN": own("weight", "nan"),
    "an iteration of no rounds": own("iteration-rounds", "0"),
    "an iteration of half a round": own("iteration-rounds", "0.5"),
    "a straight gradient": ["--algorithm.straight-through"],
    "a batch of none": asked("batch-size", "0"),
    "a discriminator for each token": [
        "--discriminator",
        "rnn",
        "--discriminator.per-token",
        *asked("credit", "token"),
    ],
    "replay": asked("replay-share", "0.5"),
    "smoothed labels": asked("label-smoothing", "0.1"),
    "an accuracy to stop at": asked("discriminator-stop", "0.9"),
    "a pool": asked("discriminator-pool", "32"),
    "passes over a pool": asked("discriminator-epochs", "3"),
    "a discriminator's learning rate": asked("discriminator-learning-rate", "0.01"),
    "a warm-up's pool": asked("warmup-pool", "8"),
    "a warm-up's accuracy": asked("warmup-accuracy", "0.9"),
    "another discriminator": ["--discriminator", "rnn"],
}
GAD: dict[str, list[str]] = {
    "smoothed labels": asked("label-smoothing", "0.1"),
    "self-play's weight": own("weight", "0.5"),
    "self-play's iterations": own("iteration-rounds", "5"),
    "a group of one": asked("group-size", "1"),
    "groups that divide nothing": asked("group-size", "3"),
    "an estimator of an unknown kind": asked("kl-weight", "0.1", "kl-estimator", "k2"),
    "an estimator without a leash": asked("kl-weight", "0", "kl-estimator", "k1"),
    "a leash below nothing": asked("kl-weight", "-1"),
    "annealing": own("annealing", "linear"),
    "a curriculum": asked("curriculum-rounds", "3"),
    "a penalty": own("penalty-weight", "3"),
    "rollouts beside a credit of sentences": asked("credit", "sequence", "rollouts", "3"),
    "a logit for each view": ["--discriminator", "many-view", "--discriminator.per-view"],
}
SEQGAN: dict[str, list[str]] = {
    "replay of everything": asked("replay-share", "1"),
    "replay below nothing": asked("replay-share", "-0.1"),
    "replay of NaN": asked("replay-share", "nan"),
    "replay that is a text": asked("replay-share", "half"),
    "labels that are half smooth": asked("label-smoothing", "0.5"),
    "a discount above one": asked("discount", "1.5"),
    "an unknown optimiser": asked("optimizer", "sgd"),
    "a moment of one": asked("beta1", "1"),
    "moments without Adam": asked("optimizer", "rmsprop", "beta1", "0.5"),
    "an unknown precision": asked("rollout-precision", "float8"),
    "an unknown collapse": ["--on-collapse", "pray"],
    "an unknown control": ["--control", "dice"],
    "a share of BLEU for plain text": asked("discriminator-share", "0.5"),
    "a warm-up to less than chance": asked("warmup-accuracy", "0.4"),
    "one sample to judge": asked("evaluate-samples", "1"),
    "an evaluation every no rounds": asked("evaluate-every", "0"),
    "a value without its baseline": asked("baseline-value", "0.7"),
    "a critic's rate without a critic": asked("critic-learning-rate", "0.1"),
    "credit of tokens by a cnn": asked("credit", "token"),
    "prefixes for a credit of sentences that fall": asked("real-prefix-step", "2"),
    "a rollout policy that never moves": asked("rollout-update-rate", "1"),
    "a clamp of nothing": asked("weight-clamp", "0"),
    "heads of convolutions": ["--discriminator.heads", "8"],
    "filters of a network without": ["--discriminator", "rnn"],  # BOTH has them
    "an unknown name": ["--adversarial.replay", "0.5"],
    "rounds of none": ["--rounds", "0"],
}
RELAXED: dict[str, list[str]] = {
    "relgan: replay": ["--algo", "relgan", *asked("replay-share", "0.5")],
    "relgan: rollouts": ["--algo", "relgan", *asked("rollouts", "4")],
    "relgan: an unknown annealing": ["--algo", "relgan", *own("annealing", "sudden")],
    "relgan: a temperature above one": ["--algo", "relgan", *own("inverse-temperature", "0.5")],
    "gsgan: a leash": ["--algo", "gsgan", *asked("kl-weight", "0.1")],
    "wgan-gp: a clamp": ["--algo", "wgan-gp", *asked("weight-clamp", "0.1")],
    "wgan-gp: a penalty below nothing": ["--algo", "wgan-gp", *own("penalty-weight", "-1")],
    "wgan: replay": ["--algo", "wgan", *asked("replay-share", "0.5")],
}


def cases() -> Iterator[Case]:
    made = copied(PARENT)
    for algo, flags in (("spin", SPIN), ("gad", GAD), ("seqgan", SEQGAN)):
        usual = ALONE if algo == "spin" else BOTH
        for name, line in flags.items():
            arguments = ["adversarial", "--run", "r", "--name", "made", "--algo", algo, *usual, *line, "--quiet"]
            yield Case("algorithm", f"{algo}: {name}", made, arguments, check=_unmade)
    for name, line in RELAXED.items():
        yield Case("algorithm", name, made, ["adversarial", "--run", "r", "--name", "made", *line], check=_unmade)
    for algo in ("relgan", "gsgan", "wgan", "wgan-gp"):
        line = ["adversarial", "--run", "r", "--name", "made", "--algo", algo, "--quiet"]
        yield Case("algorithm", f"{algo}: pairs", copied(PAIRS), line, check=_unmade)
    for algo, more in {"spin": ALONE, "gad": [*BOTH, *asked("group-size", "2")]}.items():
        line = ["adversarial", "--run", "r", "--name", "made", "--algo", algo, *more, "--device", "cpu", "--quiet"]
        yield Case("algorithm", f"{algo}: plain text", made, line, FINE)
        yield Case("algorithm", f"{algo}: of pairs", copied(PAIRS), line, FINE)
        nothing = ["adversarial", "--corpus", "good.txt", "--algo", algo, "--run", "made", "--quiet"]
        yield Case("algorithm", f"{algo}: from nothing", made, nothing, check=_unmade)
    replay = ["adversarial", "--run", "r", "--name", "made", *TINY_GAN, *asked("replay-share", "0.5")]
    yield Case("algorithm", "seqgan: replay", made, replay, FINE)


def _unmade(folder: Path) -> str:
    return "a run was made" if (folder / "r" / "made").exists() or (folder / "made").exists() else ""
