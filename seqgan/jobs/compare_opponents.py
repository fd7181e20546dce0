"""All opponents of a run side by side: the pretrained run that it began with, and the controls; as JSON, as a table and
in a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seqgan.data.batches import encode_sentences
from seqgan.data.lines import count
from seqgan.decoding.resample import ResampledGenerator
from seqgan.evaluation.evaluate import bounded_likelihood
from seqgan.evaluation.intervals import Estimate
from seqgan.evaluation.opponents import OPPONENTS
from seqgan.evaluation.temperatures_nll import NLL_SENTENCES
from seqgan.evaluation.verdict import Verdict
from seqgan.jobs.compare_samples import Contender
from seqgan.progress import printable
from seqgan.training.engine import device_of

GENERATOR, PRODUCT = "generator", "generator times discriminator"
"""What a likelihood is of."""
TWO_SEEDS = (
    "Of two seeds the interval hardly ever decides: with one degree of freedom it is many times as wide as their "
    "spread. Name more with --seeds-of."
)


class Opponent(NamedTuple):
    """One of them."""

    kind: str
    """A key of `OPPONENTS`."""
    run: str
    """Its folder; empty where it has none of its own."""
    verdict: Verdict | None
    """On the run beside it; None where it was left out."""
    left_out: str = ""
    """Why."""
    about: Mapping[str, Any] = {}
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """One of the `controls` of verdict.json."""
        content: dict[str, Any] = {"opponent": self.kind, "title": OPPONENTS[self.kind], "run": self.run or None}
        if self.verdict is None:
            return {**content, "kind": None, "left_out": self.left_out}
        evidence = self.verdict.evidence
        return {
            **content,
            "kind": self.verdict.kind,
            "sentence": self.verdict.sentence,
            "metrics": evidence["metrics"],
            "nll": None if evidence["nll"]["reference"] is None else evidence["nll"]["reference"]["temperature_1"],
            "nll_of": GENERATOR,
            **{key: evidence[key] for key in ("at_equal_diversity", "sets", "looks", "covers") if key in evidence},
            **({"about": {key: value for key, value in self.about.items() if key != "asked"}} if self.about else {}),
        }


def likelihood_at_1(contenders: Sequence[Contender], verdict: Verdict) -> tuple[float | None, str]:
    """Nats a token of held-out text at temperature 1 under what was judged, the mean of several seeds, and what that is
    of. Of a resampled generator by the estimate of the partition function that makes the text less likely.

    Args:
        contenders: what was judged.
        verdict: on it; has the likelihoods of generators whose steps are what they draw by.
    """
    if not any(isinstance(each.generator, ResampledGenerator) for each in contenders):
        known = verdict.evidence["nll"]["candidate"]
        return (None if known is None else known["temperature_1"]), GENERATOR
    values = [_of_product(each) for each in contenders]
    known_values = [value for value in values if value is not None]
    return (sum(known_values) / len(values) if len(known_values) == len(values) else None), PRODUCT


def _of_product(contender: Contender) -> float | None:
    """Of the same held-out sentences that a sweep takes."""
    text, model = contender.text, contender.generator
    assert isinstance(model, ResampledGenerator)
    tokens = [text.tokenizer.tokenize(line) for line in contender.references[:NLL_SENTENCES]]
    sequences, _ = encode_sentences(tokens, text.vocabulary, text.max_length, "cut")
    likelihood, _ = bounded_likelihood(model, sequences.to(device_of(model)), text)
    return likelihood.nll_per_token if likelihood.tokens else None


def with_opponents(
    verdict: Verdict, name: str, opponents: Sequence[Opponent], nll: tuple[float | None, str]
) -> Verdict:
    """The verdict with all opponents in it.

    Args:
        verdict: on the run beside the one that it began with.
        name: of the run.
        opponents: all, that one among them.
        nll: what `likelihood_at_1` gave.
    """
    verdict.evidence["nll_at_temperature_1"] = {"value": nll[0], "of": nll[1]}
    controls = [each.to_json() for each in opponents]
    return verdict._replace(controls=controls, controls_sentence=sentence_of(name, opponents))


def sentence_of(name: str, opponents: Sequence[Opponent]) -> str:
    """Whether a run is better than all of its opponents at equal diversity, or which it is not better than.

    That it is better than all takes no other level: it is said where each answer says so (Berger 1982).
    """
    judged = {each.kind: each.verdict.kind for each in opponents if each.verdict is not None}
    others = [f"{OPPONENTS[kind]} ({found.replace('-', ' ')})" for kind, found in judged.items() if found != "better"]
    listed = [OPPONENTS[kind] for kind in judged]
    shown = f"At equal diversity {name} is shown to be better than"
    if not others:
        sentence = f"{shown} {_all(listed)}"
    elif len(others) == len(judged):
        sentence = f"{shown} none of its opponents: not than {_all(others, 'or')}"
    else:
        better = [OPPONENTS[kind] for kind, found in judged.items() if found == "better"]
        sentence = f"{shown} {_all(better)}, but not than {_all(others, 'or')}"
    left_out = [f"{OPPONENTS[each.kind]}, as {each.left_out}" for each in opponents if each.verdict is None]
    return f"{sentence}. Left out: {'; '.join(left_out)}." if left_out else f"{sentence}."


def _all(names: Sequence[str], word: str = "and") -> str:
    """Names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def opponents_table(verdict: Verdict) -> list[str]:
    """A row for the run and for each opponent: likelihood, difference at equal diversity with its interval, answer.

    Args:
        verdict: with opponents.
    """
    evidence = verdict.evidence
    quality = evidence["metrics"]["quality"]
    own = evidence["nll_at_temperature_1"]
    width = max(len(each["title"]) for each in verdict.controls) + 2
    head = f"{'opponent':{width}}{'nll ↓':>9}{quality + ' of it less':>20}{'interval':>20}  answer"
    lines = [
        head,
        f"{printable(evidence['candidate'])[: width - 1]:{width}}{_number(own['value'], 4):>9}  ({own['of']})",
    ]
    for each in verdict.controls:
        if each["kind"] is None:
            lines.append(f"{each['title']:{width}}{'left out':>9}")
            continue
        cells = f"{_number(each['nll'], 4):>9}"
        at = each.get("at_equal_diversity")
        if at is None:
            cells += f"{'n/a':>20}{'':>20}"
        else:
            difference = Estimate.from_json(at["difference"])
            interval = f"{_number(difference.low, 4, '+')} to {_number(difference.high, 4, '+')}"
            cells += f"{_number(difference.value, 4, '+'):>20}{interval:>20}"
        lines.append(f"{each['title']:{width}}{cells}  {each['kind']}{_made(each)}")
    diversity = evidence["metrics"]["diversity"]
    return [*lines, "", f"nll of held-out text at temperature 1; {quality} at the {diversity} that the run has there"]


def _made(control: Mapping[str, Any]) -> str:
    """What a control is, behind its answer."""
    about = control.get("about", {})
    parts = []
    if "sizes" in about:
        parts.append(f"{about['parameters']:,} parameters, dropout {about['dropout']:g}")
    if "cost_ratio" in about:
        parts.append(f"{about['cost_ratio']:.2f} of the run's processor time a sentence")
    if "best_update" in about:
        parts.append(f"{count(about['best_update'], 'more update')}")
    return f"  ({'; '.join(parts)})" if parts else ""


def _number(value: float | None, places: int, sign: str = "") -> str:
    return "n/a" if value is None else f"{value:{sign}.{places}f}"
