"""The embedded corpus `answers`: questions of everyday life, and answers that fit them.

A question has many answers, so that dialogue is one-to-many as it is among people, and yet whether an answer fits is a
fact: it must be of the kind that was asked for (a person to "who", a place to "where", a number to "how many"), and
speak of what the question speaks of. An answer may be good English and not fit: it answers another question.

A rule is a handful of templates for questions and for answers. ``{thing}`` stands for one of a set of words; a slot of
the question that the answer has too must hold the same words, and the others are the answer's own.
"""

import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from seqgan.data.pairs import Pair
from seqgan.errors import CorpusError

SLOTS: Mapping[str, tuple[str, ...]] = {
    "person": (
        *("anna", "ben", "clara", "david", "emma", "felix", "grace", "henry", "ida", "jack", "kate", "leo"),
        *("my mother", "my father", "our teacher", "the doctor", "the neighbour", "her brother"),
    ),
    "other": ("maria", "oscar", "paul", "rosa", "tom", "the cook", "his sister", "my uncle"),
    "thing": (
        *("book", "letter", "lamp", "clock", "camera", "guitar", "tent", "suitcase", "blanket", "mirror"),
        *("bicycle", "basket", "chair", "coat", "hat", "scarf", "map", "bottle", "candle", "kite"),
    ),
    "things": ("books", "letters", "lamps", "candles", "chairs", "coats", "bottles", "apples", "eggs", "cups"),
    "food": ("soup", "bread", "cake", "fish", "rice", "salad", "cheese", "pie", "stew", "pizza"),
    "place": (
        *("in the kitchen", "in the garden", "under the bed", "on the table", "behind the door", "in the cellar"),
        *("next to the window", "on the shelf", "in the hall", "near the stairs", "in the car", "on the balcony"),
    ),
    "time": (
        *("yesterday", "last night", "this morning", "on monday", "on friday", "two days ago", "last week"),
        *("in may", "an hour ago", "before lunch"),
    ),
    "number": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "thirty"),
    "colour": ("red", "blue", "green", "yellow", "black", "white", "brown", "grey", "golden", "purple"),
    "reason": (
        *("nobody else wanted to", "it was late", "there was no time left", "the weather was bad"),
        *("somebody had asked for it", "it was a holiday", "it looked nice", "there was nothing else to do"),
    ),
}
"""What a slot may hold. Those that a rule names otherwise (``verb``) are its own."""
ATTEMPTS = 1_000
"""Draws in a row of questions that were known already, before there are said to be no more."""
THING_VERBS = {"buy": "bought", "sell": "sold", "find": "found", "lose": "lost", "hide": "hid", "clean": "cleaned"}
FOOD_VERBS = {"cook": "cooked", "eat": "ate", "order": "ordered", "taste": "tasted", "burn": "burnt", "share": "shared"}
"""Verbs and their past. ``{verb}`` and ``{past}`` of one sentence, or of a question and its answer, are of one verb."""


class Rule(NamedTuple):
    """One kind of question."""

    kind: str
    """Its name."""
    questions: tuple[str, ...]
    """Templates of questions, all of which ask for the same."""
    answers: tuple[str, ...]
    """Templates of answers, each of which fits all of them."""
    verbs: Mapping[str, str] = {}
    """What ``{verb}`` and ``{past}`` may be."""


def _about(what: str, verbs: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of what people do with things, or with food."""
    return (
        Rule(
            f"who-{what}",
            (f"who {{past}} the {{{what}}} {{time}} ?", f"do you know who {{past}} the {{{what}}} {{time}} ?"),
            (
                f"{{person}} {{past}} the {{{what}}} .",
                f"i think {{person}} {{past}} the {{{what}}} .",
                f"it was {{person}} who {{past}} the {{{what}}} .",
            ),
            verbs,
        ),
        Rule(
            f"when-{what}",
            (f"when did {{person}} {{verb}} the {{{what}}} ?",),
            (
                f"{{person}} {{past}} the {{{what}}} {{time}} .",
                f"it was {{time}} that {{person}} {{past}} the {{{what}}} .",
            ),
            verbs,
        ),
        Rule(
            f"why-{what}",
            (f"why did {{person}} {{verb}} the {{{what}}} ?",),
            (
                f"{{person}} {{past}} the {{{what}}} because {{reason}} .",
                f"because {{reason}} , {{person}} {{past}} the {{{what}}} .",
            ),
            verbs,
        ),
        Rule(
            f"whether-{what}",
            (f"did {{person}} {{verb}} the {{{what}}} ?", f"is it true that {{person}} {{past}} the {{{what}}} ?"),
            (
                f"yes , {{person}} {{past}} the {{{what}}} {{time}} .",
                f"no , {{person}} did not {{verb}} the {{{what}}} .",
                f"no , {{other}} {{past}} the {{{what}}} .",
            ),
            verbs,
        ),
    )


RULES = (
    *_about("thing", THING_VERBS),
    *_about("food", FOOD_VERBS),
    Rule(
        "where",
        ("where did {person} put the {thing} ?", "where is the {thing} of {person} ?"),
        (
            "the {thing} of {person} is {place} .",
            "{person} put the {thing} {place} .",
            "you will find the {thing} of {person} {place} .",
        ),
    ),
    Rule(
        "how-many",
        ("how many {things} are {place} ?", "how many {things} did you see {place} ?"),
        (
            "there are {number} {things} {place} .",
            "i saw {number} {things} {place} .",
            "there are no {things} {place} .",
        ),
    ),
    Rule(
        "colour",
        ("what colour is the {thing} of {person} ?",),
        ("the {thing} of {person} is {colour} .", "{person} has a {colour} {thing} ."),
    ),
    Rule(
        "whose",
        ("whose {thing} is {place} ?", "who left a {thing} {place} ?"),
        ("the {thing} {place} belongs to {person} .", "{person} left a {thing} {place} ."),
    ),
    Rule(
        "price",
        ("how much did {person} pay for the {thing} ?",),
        ("{person} paid {number} coins for the {thing} .", "the {thing} cost {person} {number} coins ."),
    ),
)
"""All kinds of questions."""


class Reading(NamedTuple):
    """How a sentence can be understood."""

    rule: Rule
    """Whose question, or answer, it is."""
    slots: dict[str, str]
    """What stands in its slots; ``verb`` stands for ``past`` too."""


def read_question(question: str) -> Reading | None:
    """What a question asks; None where it is none of this corpus. No question can be read in two ways."""
    return next(_readings(question, "questions"), None)


def read_answers(answer: str) -> list[Reading]:
    """All the kinds of question that an answer is grammatical for; some fit several, none where it is no answer."""
    return list(_readings(answer, "answers"))


def is_answer(answer: str) -> bool:
    """Whether a sentence is an answer to some question: good by itself."""
    return bool(read_answers(answer))


def fits(question: str, answer: str) -> bool:
    """Whether an answer is of the kind that the question asks for, and speaks of the same."""
    asked = read_question(question)
    if asked is None:
        return False
    return any(
        given.rule.kind == asked.rule.kind
        and all(asked.slots.get(name, words) == words for name, words in given.slots.items())
        for given in read_answers(answer)
    )


def draw_answers(sizes: Mapping[str, int], seed: int) -> dict[str, list[Pair]]:
    """Splits of pairs; no question is in two of them.

    In the first split each question has two answers, which differ; in the others it has one.

    Args:
        sizes: pairs of each split, by the split's name.
        seed: the same seed and sizes give the same splits.

    Raises:
        CorpusError: there are not so many questions.
    """
    if min(sizes.values()) < 0:
        raise CorpusError(f"Split sizes {dict(sizes)} count pairs and cannot be negative.")
    rng = random.Random(seed)
    first = next(iter(sizes))
    questions: set[str] = set()
    known_in_a_row = 0
    drawn = {}
    for name, size in sizes.items():
        pairs: list[Pair] = []
        while len(pairs) < size:
            rule = rng.choice(RULES)
            slots = _draw_slots(rule, rng)
            question = rng.choice(rule.questions).format(**slots)
            if question in questions:
                known_in_a_row += 1
                if known_in_a_row == ATTEMPTS:
                    raise CorpusError(
                        f"{len(questions):,} distinct questions drawn, and {ATTEMPTS:,} draws in a row brought nothing "
                        "new. Ask for smaller splits."
                    )
                continue
            known_in_a_row = 0
            questions.add(question)
            answers = dict.fromkeys([_answer(rule, question, rng)])
            while name == first and len(answers) < 2:
                answers[_answer(rule, question, rng)] = None
            pairs += [Pair(question, answer) for answer in answers]
        rng.shuffle(pairs)
        drawn[name] = pairs[:size]
    return drawn


def _answer(rule: Rule, question: str, rng: random.Random) -> str:
    """A fitting answer: what the question says stays, and the answer's own slots are drawn."""
    asked = read_question(question)
    assert asked is not None
    said = _with_past(rule, asked.slots)
    return rng.choice(rule.answers).format(**{**_draw_slots(rule, rng), **said})


def _draw_slots(rule: Rule, rng: random.Random) -> dict[str, str]:
    slots = {name: rng.choice(words) for name, words in SLOTS.items()}
    if rule.verbs:
        slots["verb"] = rng.choice(list(rule.verbs))
    return _with_past(rule, slots)


def _with_past(rule: Rule, slots: Mapping[str, str]) -> dict[str, str]:
    return {**slots, "past": rule.verbs[slots["verb"]]} if "verb" in slots else dict(slots)


def _readings(sentence: str, side: str) -> Iterator[Reading]:
    """The rules and slots with which a template of that side gives the sentence, white space apart."""
    sentence = " ".join(sentence.split())
    for rule in RULES:
        for template in getattr(rule, side):
            match = _pattern(template, tuple(rule.verbs.items())).fullmatch(sentence)
            if match:
                slots = match.groupdict()
                past = slots.pop("past", None)
                if past is not None:
                    slots["verb"] = next(verb for verb, form in rule.verbs.items() if form == past)
                yield Reading(rule, slots)


@cache
def _pattern(template: str, verbs: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """The sentences of a template, with a group for each of its slots. No template has one slot twice."""
    words = {**SLOTS, "verb": tuple(verb for verb, _ in verbs), "past": tuple(past for _, past in verbs)}
    pattern = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(
        re.sub("{(.*?)}", lambda slot: f"(?P<{slot[1]}>{'|'.join(map(re.escape, words[slot[1]]))})", pattern)
    )
