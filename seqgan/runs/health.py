"""The training doctor: from the lines of a metric log to what is wrong with a training, and what mends it.

Each check is a pure function of log lines, of the rounds of an adversarial phase or of the epochs of a pretraining, and
gives a diagnosis or None. Levels are taken from the last `LAST` rounds, changes between these and the first ones. What
the reader is told while training and what a report says of a finished run come from the same functions.

| check | diagnosis | level |
| --- | --- | --- |
| `discriminator_accuracy` | discriminator certain (saturated), discriminator blind | warning |
| `reward_spread` | no reward signal | warning |
| `effective_samples` | few effective samples | warning |
| `left_out` | batches left out: loss or gradients not finite, with the tensor's name | warning |
| `not_finite` | numbers that are not finite | problem |
| `entropy` | entropy falling; collapse | warning; problem |
| `diversity` | distinct-2 falling; diversity collapsed | warning; problem |
| `likelihood` | likelihood lost; likelihood exploded | warning; problem |
| `length` | length drifting | warning |

A problem is a collapse: what `adversarial.on_collapse` acts on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from seqgan.objectives.algorithm import Algorithm, FixedGenerator, Relaxed, only_compares
from seqgan.settings.adversarial import AdversarialConfig

Logged = Mapping[str, Any]
"""A line of a metric log."""

LAST = 10
"""Rounds at either end that are averaged, so that one of them does not decide."""
FEWEST = 5
"""Rounds, from which on their mean says something."""
CERTAIN = 0.98
"""Accuracy from which a discriminator is certain: its rewards of samples are then all next to 0."""
BLIND = 0.015
"""Distance of its accuracy from one half at which it is blind. The mean of ten rounds of 128 sentences has a standard
error of 0.014."""
SMALL_SPREAD = 0.005
"""Reward spread, as a share of the mean reward's size or of 1 where that is larger, that teaches nothing. Trainings
that learn have a twentieth or more."""
FEW_SAMPLES = 2.0
"""Effective sample size at which one sample drives the update; of few samples a tenth of what is beyond the first."""
FALLING, COLLAPSED = 0.75, 0.5
"""Share of its first entropy, and of its first distinct bigrams, that a generator keeps when it is on the way, and when
it has collapsed. Over 100 rounds at the defaults it keeps nine tenths."""
SMALL_ENTROPY = 0.1
"""Nats a token by which entropy must have fallen, too: a task that leaves no choice has next to none from the start."""
RISEN_NLL = 0.05
"""Nats a token by which held-out likelihood may be lost before it is said."""
EXPLODED_NLL = math.log(2)
"""And when it has exploded: the perplexity has doubled."""
DRIFTED_LENGTH = 0.3
"""Share by which the mean length may change."""

LEFT_OUT = "/skipped"
"""How the name of a number ends that counts batches left out; below it stands, for each, the tensor at fault."""
RESTORED = "restored"
"""The round that both players were put back to, on a line of its own."""


class Diagnosis(NamedTuple):
    """What is wrong, or right, with a run."""

    level: str
    """``problem``, ``warning``, ``note`` or ``good``."""
    name: str
    text: str
    mend: str


class Circumstances(NamedTuple):
    """What a log does not say of its run."""

    always_told_apart: bool = False
    """The discriminator reads softmax vectors beside one-hot ones, which can always be told apart: that it does is no
    diagnosis."""
    from_nothing: bool = False
    """The generator was not pretrained, or its sentences are made longer step by step: how it began is no measure."""
    compared: int = 64
    """Samples that are weighed against one another."""
    in_pairs: bool = False
    """The discriminator compares a real sentence with a generated one, and its accuracy is the share of such pairs that
    it puts in the right order: one sentence alone it cannot tell apart."""
    rewards_nothing: bool = False
    """The generator stands still: how far the discriminator is ahead of it, or behind, is what was to be found out."""

    def accuracy_of(self, values: Sequence[float]) -> str:
        """The discriminator's accuracy over some rounds, as the beginning of a sentence."""
        rounds = f"over the last {len(values)} rounds"
        if self.in_pairs:
            return (
                f"It puts {fmean(values):.3f} of pairs of a real and a generated sentence in the right order {rounds}"
            )
        return f"Its accuracy is {fmean(values):.3f} {rounds}"


USUAL = Circumstances()

Check = Callable[[Sequence[Logged], Circumstances], Diagnosis | None]


def diagnose(log: Sequence[Logged], about: Circumstances = USUAL) -> dict[str, Diagnosis]:
    """All that is wrong, by the check that found it.

    Args:
        log: lines of a metric log, in order; what `condensed` leaves of them gives the same. Where there are rounds of
            an adversarial phase, these are judged.
        about: what they do not say.
    """
    checked = [line for line in log if line["phase"] == "adversarial"]
    if not checked:
        checked = [line for line in log if line["phase"] == log[-1]["phase"]]
    found = {check.__name__: check(checked, about) for check in CHECKS}
    return {name: diagnosis for name, diagnosis in found.items() if diagnosis is not None}


def condensed(rounds: Sequence[Logged]) -> list[Logged]:
    """Those of the lines of a phase that its diagnoses depend on: some dozens, however long the training."""
    last_return = max((place for place, line in enumerate(rounds) if RESTORED in line), default=0)
    judged = [place for place, line in enumerate(rounds) if line.get("eval/nll") is not None]
    diverse = [place for place, line in enumerate(rounds) if line.get("eval/distinct-2") is not None]
    best = min(judged, key=lambda place: rounds[place]["eval/nll"], default=0)
    # Twice as many lines at either end: the judgement before the first round is one, and in some a number is missing.
    kept = {*range(2 * LAST), *range(len(rounds) - 2 * LAST, len(rounds))}
    kept |= {last_return, best, *diverse[:1], *diverse[-1:], *judged[:1], *judged[-1:]}
    return [line for place, line in enumerate(rounds) if place in kept]


def series(log: Sequence[Logged], name: str) -> list[float]:
    """The numbers of that name, in order; lines without it are passed over."""
    return [line[name] for line in log if line.get(name) is not None]


def since_return(rounds: Sequence[Logged]) -> Sequence[Logged]:
    """The lines since both players were last put back to an earlier round; all, where they never were."""
    return rounds[max((place for place, line in enumerate(rounds) if RESTORED in line), default=-1) + 1 :]


def recent(rounds: Sequence[Logged], name: str) -> list[float]:
    """The last `LAST` numbers of that name; none where there are too few to say anything."""
    values = series(since_return(rounds), name)[-LAST:]
    return values if len(values) >= FEWEST else []


def first_and_last(rounds: Sequence[Logged], name: str) -> tuple[float, float] | None:
    """Means over the first and the last rounds; None with fewer than two numbers."""
    values, latest = series(rounds, name), series(since_return(rounds), name)
    if len(values) < 2 or not latest:
        return None
    width = min(LAST, len(values) // 2)
    return fmean(values[:width]), fmean(latest[-width:])


def discriminator_accuracy(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """A discriminator that is certain, or blind, teaches nothing."""
    values = recent(rounds, "discriminator/accuracy")
    if not values or about.always_told_apart or about.rewards_nothing:
        return None
    accuracy = fmean(values)
    text = about.accuracy_of(values)
    if accuracy >= CERTAIN:
        mend = "Train it less: fewer discriminator-steps, a lower learning rate, more dropout."
        return Diagnosis("warning", "discriminator certain", f"{text}: it rewards all samples nearly alike.", mend)
    if abs(accuracy - 0.5) <= BLIND:
        mend = "Train it more, or make it larger; where the samples are as good as real ones this is the aim."
        return Diagnosis("warning", "discriminator blind", f"{text}: its rewards are noise.", mend)
    return None


def reward_spread(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:  # noqa: ARG001
    """Equal rewards give no direction."""
    spread, reward = recent(rounds, "generator/reward_std"), recent(rounds, "generator/reward")
    size = max(1.0, abs(fmean(reward))) if reward else 1.0
    if not spread or fmean(spread) >= SMALL_SPREAD * size:
        return None
    text = (
        f"The rewards' spread is {fmean(spread):.2g} over the last {len(spread)} rounds: all tokens are worth the same."
    )
    return Diagnosis("warning", "no reward signal", text, "Look at the discriminator's accuracy; use another baseline.")


def effective_samples(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """Importance weights that one sample has all of."""
    values = recent(rounds, "generator/effective_sample_size")
    if not values or fmean(values) >= min(FEW_SAMPLES, 1 + (about.compared - 1) / 10):
        return None
    text = (
        f"The effective sample size is {fmean(values):.2f} over the last {len(values)} rounds: one drives each update."
    )
    mend = "More samples to compare, or a less certain discriminator."
    return Diagnosis("warning", "few effective samples", text, mend)


def left_out(lines: Sequence[Logged], about: Circumstances) -> Diagnosis | None:  # noqa: ARG001
    """Batches whose loss or gradients were not finite, and where that was seen first."""
    counts: dict[str, int] = {}
    latest = since_return(lines)[-LAST:]
    for line in latest:
        for name, value in line.items():
            player, found, tensor = name.partition(f"{LEFT_OUT}/")
            if found and value:
                counts[f"{tensor} of the {player}"] = counts.get(f"{tensor} of the {player}", 0) + int(value)
    if not counts:
        return None
    where = ", ".join(f"{count} by {tensor}" for tensor, count in counts.items())
    text = f"Batches left out of the last {len(latest)} log lines, since a loss or gradient was not finite: {where}."
    return Diagnosis("warning", "batches left out", text, "Lower that player's learning rate, or clip its gradients.")


def nulls(lines: Sequence[Logged]) -> list[str]:
    """Names of the numbers that were not finite in lines without a batch left out."""
    whole = [line for line in lines if not any(LEFT_OUT in name for name in line)]
    return sorted({name for line in whole for name, value in line.items() if value is None})


def not_finite(lines: Sequence[Logged], about: Circumstances) -> Diagnosis | None:  # noqa: ARG001
    """Numbers that were not finite are written as null; those of batches left out are another diagnosis."""
    names = nulls(since_return(lines)[-LAST:])
    if not names:
        return None
    text = f"Not finite at some step: {', '.join(names)}."
    return Diagnosis("problem", "numbers that are not finite", text, "Lower the learning rates.")


def entropy(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """A generator whose next tokens become certain collapses."""
    # Relaxed samples are made certain on purpose: their temperature falls, or the discriminator has them so.
    if about.from_nothing or not recent(rounds, "generator/entropy") or "generator/temperature" in rounds[-1]:
        return None
    ends = first_and_last(rounds, "generator/entropy")
    if ends is None or ends[1] >= FALLING * ends[0] or ends[0] - ends[1] < SMALL_ENTROPY:
        return None
    text = f"Entropy fell from {ends[0]:.2f} to {ends[1]:.2f} nats a token."
    mend = "Lower the generator's learning rate, add an entropy-bonus, or stop earlier."
    if ends[1] < COLLAPSED * ends[0]:
        return Diagnosis("problem", "collapse", text, mend)
    return Diagnosis("warning", "entropy falling", text, mend)


def diversity(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """Samples that share their bigrams: the same words again and again."""
    values, latest = series(rounds, "eval/distinct-2"), series(since_return(rounds), "eval/distinct-2")
    if about.from_nothing or not latest or len(values) < 2 or latest[-1] >= FALLING * values[0]:
        return None
    text = f"The share of distinct bigrams in samples fell from {values[0]:.3f} to {latest[-1]:.3f}."
    mend = "Lower the generator's learning rate, add an entropy-bonus, or stop earlier."
    if latest[-1] < COLLAPSED * values[0]:
        return Diagnosis("problem", "diversity collapsed", text, mend)
    return Diagnosis("warning", "distinct-2 falling", text, mend)


def likelihood(lines: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """Held-out likelihood lost since it was best."""
    values, latest = series(lines, "eval/nll"), series(since_return(lines), "eval/nll")
    if about.from_nothing or not latest or len(values) < 2:
        return None
    best, now, pretraining = min(values), latest[-1], lines[-1]["phase"] == "pretrain"
    text = f"Held-out NLL rose from {best:.3f} to {now:.3f} nats a token"
    if now - best > EXPLODED_NLL:
        text += f": its perplexity is {math.exp(min(now - best, 99.0)):.3g} times what it was."
        mend = "Lower the generator's learning rate, add teacher-forcing-steps, or stop earlier."
        if pretraining:
            mend = "Lower the learning rate; set pretrain.patience to stop after the best epoch."
        return Diagnosis("problem", "likelihood exploded", text, mend)
    # Maximum likelihood passes its best in any case: patience is for that.
    if now - best <= RISEN_NLL or pretraining:
        return None
    mend = "Fewer rounds, a lower learning rate, or teacher-forcing-steps."
    return Diagnosis("warning", "likelihood lost", f"{text}.", mend)


def length(rounds: Sequence[Logged], about: Circumstances) -> Diagnosis | None:
    """Samples that became longer or shorter."""
    ends = first_and_last(rounds, "generator/length") if recent(rounds, "generator/length") else None
    if about.from_nothing or ends is None or abs(ends[1] - ends[0]) <= DRIFTED_LENGTH * ends[0]:
        return None
    text = f"The mean length went from {ends[0]:.1f} to {ends[1]:.1f} tokens."
    return Diagnosis("warning", "length drifting", text, "Look at the samples: rewards may pay for length alone.")


OF_GENERATOR: tuple[Check, ...] = (not_finite, entropy, diversity, likelihood, length, left_out)
"""What is wrong with a generator itself: one with none of these is healthy."""
OF_REWARDS: tuple[Check, ...] = (discriminator_accuracy, reward_spread, effective_samples)
"""What is wrong with that which it learns from."""
CHECKS = (*OF_GENERATOR, *OF_REWARDS)


def circumstances_of(config: AdversarialConfig, algorithm: Algorithm | None, *, from_nothing: bool) -> Circumstances:
    """Those of an adversarial phase.

    Args:
        config: of both players.
        algorithm: the record; None where it is one that this process does not know.
        from_nothing: whether its generator was not pretrained.
    """
    relaxed = isinstance(algorithm, Relaxed)
    always_told_apart = isinstance(algorithm, Relaxed) and not algorithm.gumbel  # it reads the softmax itself
    in_pairs = relaxed or only_compares(algorithm)
    longer = config.curriculum_rounds > 0
    compared = config.group_size or config.batch_size
    still = isinstance(algorithm, FixedGenerator)
    return Circumstances(always_told_apart, from_nothing or longer, compared, in_pairs, still)
