"""From a run's log to plain sentences about its health. Pure functions of log lines; nothing is read."""

from collections.abc import Sequence

from seqgan.data.lines import count
from seqgan.runs.health import (
    FALLING,
    LEFT_OUT,
    RESTORED,
    RISEN_NLL,
    USUAL,
    Circumstances,
    Diagnosis,
    Logged,
    diagnose,
    nulls,
    recent,
    series,
)
from seqgan.settings.run import RunConfig

PLAYERS = ("generator", "discriminator", "critic")
MOVED_BLEU = 0.01
"""Differences of BLEU below this are chance."""
MOVED_SACREBLEU = 0.5
"""Likewise of sacreBLEU, from 0 to 100."""


def log_findings(log: Sequence[Logged], rounds_asked: int = 0, about: Circumstances = USUAL) -> list[Diagnosis]:
    """What a log says, the worst first.

    Args:
        log: lines of a run's metric log, in order.
        rounds_asked: rounds that the settings ask for; 0 in a pretrained run.
        about: what the log does not say.
    """
    rounds = [line for line in log if line["phase"] == "adversarial"]
    sick = diagnose(log, about) if log else {}
    found = [
        *sick.values(),
        *([] if "not_finite" in sick else once_not_finite(log)),
        *over(log),
        *([] if "discriminator_accuracy" in sick or about.always_told_apart else discriminator(rounds, about)),
        *quality_and_diversity(rounds),
        *answers(rounds),
        *pretraining([line for line in log if line["phase"] == "pretrain"]),
    ]
    done = rounds[-1]["step"] if rounds else 0
    if rounds_asked and done < rounds_asked:
        verb = "is" if rounds_asked == 1 else "are"
        text = f"{done:,} of {count(rounds_asked, 'round')} {verb} in the log: the run was interrupted, or is not over."
        found.append(Diagnosis("note", "not finished", text, "Go on with seqgan adversarial --resume."))
    order = ("problem", "warning", "note", "good")
    return sorted(found, key=lambda finding: order.index(finding.level))


def rule_findings(config: RunConfig, *, pretrained: bool) -> list[Diagnosis]:
    """What was trained under a rule that has changed since.

    Args:
        config: of the run.
        pretrained: whether its generator was.
    """
    if config.pretrain.weighting == "text" or not pretrained:
        return []
    text = (
        "An earlier version's loss weighed a token by the length of the sentences beside it: the generator ends its "
        "sentences too early or too late, and what is gained over it may be no more than that."
    )
    return [Diagnosis("warning", "not pretrained by maximum likelihood", text, "Pretrain anew.")]


def discriminator(rounds: Sequence[Logged], about: Circumstances) -> list[Diagnosis]:
    """One of which nothing is wrong."""
    values = recent(rounds, "discriminator/accuracy")
    if not values:
        return []
    text = f"{about.accuracy_of(values)}: neither certain nor blind."
    return [Diagnosis("good", "discriminator", text, "")]


def once_not_finite(log: Sequence[Logged]) -> list[Diagnosis]:
    """Numbers that were not finite, and are again."""
    names = nulls(log)
    text = f"Not finite at some step, and finite in the end: {', '.join(names)}."
    return [Diagnosis("warning", "numbers were not finite", text, "Lower the learning rates.")] if names else []


def over(log: Sequence[Logged]) -> list[Diagnosis]:
    """What was mended while it trained: batches left out, and returns to an earlier round."""
    found = []
    returns = [(line["step"], line[RESTORED]) for line in log if line.get(RESTORED) is not None]
    if returns:
        text = ", ".join(f"after round {step} to round {best:g}" for step, best in returns)
        mend = "Lower the learning rates from the start."
        found.append(Diagnosis("warning", "went back", f"Both players collapsed and went back: {text}.", mend))
    counts = [f"{sum(numbers):g} of the {player}" for player in PLAYERS if (numbers := series(log, player + LEFT_OUT))]
    if counts:
        text = f"Batches left out in all, since a loss or gradient was not finite: {', '.join(counts)}."
        found.append(Diagnosis("note", "batches left out in all", text, ""))
    return found


def quality_and_diversity(rounds: Sequence[Logged]) -> list[Diagnosis]:
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
        return [Diagnosis("warning", "sharper, perhaps not better", f"{text}: quality up, diversity down.", mend)]
    if gained < -MOVED_BLEU and lost > -MOVED_BLEU:
        return [
            Diagnosis("warning", "quality lost", f"{text}: nothing was gained.", "Lower the generator's learning rate.")
        ]
    if gained > MOVED_BLEU:
        return [Diagnosis("good", "quality", f"{text}: quality up, diversity kept.", "")]
    return [Diagnosis("note", "quality and diversity", f"{text}: hardly moved, or traded for each other.", "")]


def answers(rounds: Sequence[Logged]) -> list[Diagnosis]:
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
            return [Diagnosis("warning", "answers alike", f"{text}: many sources now share an answer.", mend)]
    if abs(gained) <= MOVED_SACREBLEU:
        return [Diagnosis("note", "answers", f"{text}: hardly moved.", "")]
    if gained > 0:
        return [Diagnosis("good", "answers", f"{text}.", "")]
    mend = "Lower the generator's learning rate, or add teacher-forcing-steps."
    return [Diagnosis("warning", "quality lost", f"{text}.", mend)]


def pretraining(epochs: Sequence[Logged]) -> list[Diagnosis]:
    """Where maximum likelihood was best."""
    values = [(line["eval/nll"], line["step"]) for line in epochs if line.get("eval/nll") is not None]
    if not values:
        return []
    best, epoch = min(values)
    last = values[-1]
    text = f"Held-out NLL was best after epoch {epoch}, at {best:.3f} nats a token"
    if epoch == last[1] and len(values) > 1:
        return [Diagnosis("note", "pretraining", f"{text}, the last one: it may still fall.", "More --epochs.")]
    if last[0] - best > RISEN_NLL:
        return [Diagnosis("note", "overfitting", f"{text}, and {last[0]:.3f} after epoch {last[1]}.", "")]
    return [Diagnosis("good", "pretraining", f"{text}, of {last[1]}.", "")]
