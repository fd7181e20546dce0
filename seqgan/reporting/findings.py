"""From a run's log to plain sentences about its health. Pure functions of log lines; nothing is read."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

Logged = Mapping[str, Any]

LAST = 10
"""Rounds at the end that are averaged, so that one of them does not decide."""
CERTAIN, BLIND = 0.98, 0.02
"""Accuracy from which a discriminator is certain; distance from one half at which it is blind."""
SMALL_SPREAD = 0.005
"""Reward spread, as a share of the mean reward's size or of 1 where that is larger, that teaches nothing."""
FEW_SAMPLES = 2.0
"""Effective sample size at which one sample drives the update."""
COLLAPSED, FALLING = 0.5, 0.75
"""Share of its first entropy that a generator keeps when it has collapsed, and when it is on the way."""
RISEN_NLL = 0.05
"""Nats a token by which held-out likelihood may be lost before it is said."""
MOVED_BLEU = 0.01
"""Differences of BLEU below this are chance."""
MOVED_SACREBLEU = 0.5
"""Likewise of sacreBLEU, from 0 to 100."""
DRIFTED_LENGTH = 0.3
"""Share by which the mean length may change."""


class Finding(NamedTuple):
    """A sentence about a run's health."""

    level: str
    """``problem``, ``warning``, ``note`` or ``good``."""
    name: str
    text: str
    mend: str


def log_findings(log: Sequence[Logged], rounds_asked: int = 0, *, wasserstein: bool = False) -> list[Finding]:
    """What a log says, the worst first.

    Args:
        log: lines of a run's metric log, in order.
        rounds_asked: rounds that the settings ask for; 0 in a pretrained run.
        wasserstein: the critic gives distances: that it tells all sentences apart is as it should be, and not said.
    """
    rounds = [line for line in log if line["phase"] == "adversarial"]
    found = [
        *not_finite(log),
        *([] if wasserstein else discriminator_accuracy(rounds)),
        *reward_spread(rounds),
        *effective_samples(rounds),
        *entropy(rounds),
        *likelihood(rounds),
        *quality_and_diversity(rounds),
        *answers(rounds),
        *length(rounds),
        *pretraining([line for line in log if line["phase"] == "pretrain"]),
    ]
    done = rounds[-1]["step"] if rounds else 0
    if rounds_asked and done < rounds_asked:
        text = f"{done:,} of {rounds_asked:,} rounds are in the log: the run was interrupted, or is not over."
        found.append(Finding("note", "not finished", text, "Go on with seqgan adversarial --resume."))
    order = ("problem", "warning", "note", "good")
    return sorted(found, key=lambda finding: order.index(finding.level))


def series(log: Sequence[Logged], name: str) -> list[float]:
    """The numbers of that name, in order; lines without it are passed over."""
    return [line[name] for line in log if line.get(name) is not None]


def first_and_last(log: Sequence[Logged], name: str) -> tuple[float, float] | None:
    """Means over the first and the last rounds; None with fewer than two numbers."""
    values = series(log, name)
    if len(values) < 2:
        return None
    width = min(LAST, len(values) // 2)
    return fmean(values[:width]), fmean(values[-width:])


def not_finite(log: Sequence[Logged]) -> list[Finding]:
    """Numbers that were not finite are written as null."""
    names = sorted({name for line in log for name, value in line.items() if value is None})
    if not names:
        return []
    text = f"Not finite at some step: {', '.join(names)}."
    return [Finding("problem", "numbers that are not finite", text, "Lower the learning rates.")]


def discriminator_accuracy(rounds: Sequence[Logged]) -> list[Finding]:
    """A discriminator that is certain, or blind, teaches nothing."""
    values = series(rounds, "discriminator/accuracy")[-LAST:]
    if not values:
        return []
    accuracy = fmean(values)
    text = f"Its accuracy is {accuracy:.3f} over the last {len(values)} rounds"
    if accuracy >= CERTAIN:
        mend = "Train it less: fewer discriminator-steps, a lower learning rate, more dropout."
        return [Finding("warning", "discriminator certain", f"{text}: it rewards all samples nearly alike.", mend)]
    if abs(accuracy - 0.5) <= BLIND:
        mend = "Train it more, or make it larger; where the samples are as good as real ones this is the aim."
        return [Finding("warning", "discriminator blind", f"{text}: its rewards are noise.", mend)]
    return [Finding("good", "discriminator", f"{text}: neither certain nor blind.", "")]


def reward_spread(rounds: Sequence[Logged]) -> list[Finding]:
    """Equal rewards give no direction."""
    spread, reward = series(rounds, "generator/reward_std")[-LAST:], series(rounds, "generator/reward")[-LAST:]
    if not spread:
        return []
    size = max(1.0, abs(fmean(reward))) if reward else 1.0
    if fmean(spread) >= SMALL_SPREAD * size:
        return []
    text = (
        f"The rewards' spread is {fmean(spread):.2g} over the last {len(spread)} rounds: all tokens are worth the same."
    )
    return [Finding("warning", "no reward signal", text, "Look at the discriminator's accuracy; use another baseline.")]


def effective_samples(rounds: Sequence[Logged]) -> list[Finding]:
    """Importance weights that one sample has all of."""
    values = series(rounds, "generator/effective_sample_size")[-LAST:]
    if not values or fmean(values) >= FEW_SAMPLES:
        return []
    text = (
        f"The effective sample size is {fmean(values):.2f} over the last {len(values)} rounds: one drives each update."
    )
    return [
        Finding("warning", "few effective samples", text, "More samples to compare, or a less certain discriminator.")
    ]


def entropy(rounds: Sequence[Logged]) -> list[Finding]:
    """A generator whose next tokens become certain collapses."""
    ends = first_and_last(rounds, "generator/entropy")
    if ends is None or ends[0] <= 0 or ends[1] >= FALLING * ends[0]:
        return []
    text = f"Entropy fell from {ends[0]:.2f} to {ends[1]:.2f} nats a token."
    mend = "Lower the generator's learning rate, add an entropy-bonus, or stop earlier."
    if ends[1] < COLLAPSED * ends[0]:
        return [Finding("problem", "collapse", text, mend)]
    return [Finding("warning", "entropy falling", text, mend)]


def likelihood(rounds: Sequence[Logged]) -> list[Finding]:
    """Held-out likelihood lost in the adversarial phase."""
    values = series(rounds, "eval/nll")
    if len(values) < 2 or values[-1] - values[0] <= RISEN_NLL:
        return []
    text = f"Held-out NLL rose from {values[0]:.3f} to {values[-1]:.3f} nats a token."
    return [
        Finding("warning", "likelihood lost", text, "Fewer rounds, a lower learning rate, or teacher-forcing-steps.")
    ]


def quality_and_diversity(rounds: Sequence[Logged]) -> list[Finding]:
    """Whether quality was gained, and at what price."""
    quality, sameness = series(rounds, "eval/bleu-4"), series(rounds, "eval/self-bleu-4")
    if min(len(quality), len(sameness)) < 2:
        return []
    gained, lost = quality[-1] - quality[0], sameness[-1] - sameness[0]
    text = (
        f"BLEU-4 went from {quality[0]:.3f} to {quality[-1]:.3f}, self-BLEU-4 from {sameness[0]:.3f} to "
        f"{sameness[-1]:.3f}"
    )
    if gained > MOVED_BLEU and lost > MOVED_BLEU:
        mend = "A lower sampling temperature of the pretrained run does that for free: compare with it."
        return [Finding("warning", "sharper, perhaps not better", f"{text}: quality up, diversity down.", mend)]
    if gained < -MOVED_BLEU and lost > -MOVED_BLEU:
        return [
            Finding("warning", "quality lost", f"{text}: nothing was gained.", "Lower the generator's learning rate.")
        ]
    if gained > MOVED_BLEU:
        return [Finding("good", "quality", f"{text}: quality up, diversity kept.", "")]
    return [Finding("note", "quality and diversity", f"{text}: hardly moved, or traded for each other.", "")]


def answers(rounds: Sequence[Logged]) -> list[Finding]:
    """Of pairs, whether answers came nearer to their references, and whether they became alike."""
    quality, unique = series(rounds, "eval/sacrebleu"), series(rounds, "eval/unique")
    if len(quality) < 2:
        return []
    gained = quality[-1] - quality[0]
    text = f"sacreBLEU on validation pairs went from {quality[0]:.2f} to {quality[-1]:.2f}"
    if len(unique) > 1:
        text += f", the share of distinct answers from {unique[0]:.2f} to {unique[-1]:.2f}"
        if unique[-1] < FALLING * unique[0]:
            mend = "Lower the generator's learning rate, or add teacher-forcing-steps."
            return [Finding("warning", "answers alike", f"{text}: many sources now share an answer.", mend)]
    if abs(gained) <= MOVED_SACREBLEU:
        return [Finding("note", "answers", f"{text}: hardly moved.", "")]
    if gained > 0:
        return [Finding("good", "answers", f"{text}.", "")]
    mend = "Lower the generator's learning rate, or add teacher-forcing-steps."
    return [Finding("warning", "quality lost", f"{text}.", mend)]


def length(rounds: Sequence[Logged]) -> list[Finding]:
    """Samples that became longer or shorter."""
    ends = first_and_last(rounds, "generator/length")
    if ends is None or ends[0] <= 0 or abs(ends[1] / ends[0] - 1) <= DRIFTED_LENGTH:
        return []
    text = f"The mean length went from {ends[0]:.1f} to {ends[1]:.1f} tokens."
    return [Finding("warning", "length drifting", text, "Look at the samples: rewards may pay for length alone.")]


def pretraining(epochs: Sequence[Logged]) -> list[Finding]:
    """Where maximum likelihood was best."""
    values = [(line["eval/nll"], line["step"]) for line in epochs if line.get("eval/nll") is not None]
    if not values:
        return []
    best, epoch = min(values)
    last = values[-1]
    text = f"Held-out NLL was best after epoch {epoch}, at {best:.3f} nats a token"
    if epoch == last[1] and len(values) > 1:
        return [Finding("note", "pretraining", f"{text}, the last one: it may still fall.", "More --epochs.")]
    if last[0] - best > RISEN_NLL:
        return [Finding("note", "overfitting", f"{text}, and {last[0]:.3f} after epoch {last[1]}.", "")]
    return [Finding("good", "pretraining", f"{text}, of {last[1]}.", "")]
