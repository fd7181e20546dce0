import itertools
import random
import string

import pytest

from seqgan.data import answers as module
from seqgan.data.answers import RULES, SLOTS, draw_answers, fits, is_answer, read_answers, read_question
from seqgan.errors import CorpusError


def filled(template: str, slots: dict[str, str], rule) -> list[str]:
    """All sentences of a template, where some slots are given already."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    choices = [[slots[name]] if name in slots else SLOTS[name] for name in names]
    return [template.format(**dict(zip(names, words, strict=True))) for words in itertools.product(*choices)]


def asked(rng: random.Random) -> tuple[str, set[str]]:
    """A question, and all answers that fit it: the templates filled in, which needs no reading of sentences."""
    rule = rng.choice(RULES)
    template = rng.choice(rule.questions)
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    verb = rng.choice(list(rule.verbs)) if rule.verbs else ""
    slots = {name: rng.choice(SLOTS[name]) for name in names if name in SLOTS}
    forms = {"verb": verb, "past": rule.verbs.get(verb, "")}
    slots |= forms
    answers = {answer for each in rule.answers for answer in filled(each, slots, rule)}
    return template.format(**slots), answers


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("who found the map last week ?", "i think ben found the map ."),
        ("do you know who ate the pie on monday ?", "it was the doctor who ate the pie ."),
        ("when did anna sell the tent ?", "it was in may that anna sold the tent ."),
        ("why did leo burn the stew ?", "because it was late , leo burnt the stew ."),
        ("did kate lose the hat ?", "no , kate did not lose the hat ."),
        ("is it true that kate lost the hat ?", "no , the cook lost the hat ."),
        ("is it true that kate lost the hat ?", "yes , kate lost the hat an hour ago ."),
        ("where is the lamp of ida ?", "you will find the lamp of ida under the bed ."),
        ("how many eggs are in the cellar ?", "there are no eggs in the cellar ."),
        ("how many eggs did you see in the cellar ?", "there are twelve eggs in the cellar ."),
        ("what colour is the coat of my father ?", "my father has a golden coat ."),
        ("whose kite is on the balcony ?", "the kite on the balcony belongs to emma ."),
        ("how much did jack pay for the clock ?", "the clock cost jack thirty coins ."),
    ],
)
def test_answers_that_fit(question, answer):
    assert fits(question, answer)
    assert fits(f" {question} ", answer.replace(" ", "  "))


@pytest.mark.parametrize(
    ("question", "answer", "good"),
    [
        ("who found the map last week ?", "i think ben found the book .", True),  # of something else
        ("who found the map last week ?", "i think ben sold the map .", True),  # another verb
        ("when did anna sell the tent ?", "anna sold the tent because it was late .", True),  # another kind
        ("when did anna sell the tent ?", "ben sold the tent in may .", True),  # of somebody else
        ("how many eggs are in the cellar ?", "there are six eggs in the hall .", True),
        ("how many eggs are in the cellar ?", "there are red eggs in the cellar .", False),
        ("did kate lose the hat ?", "no , kate lost the hat .", False),  # only others are said to have done it instead
        ("did kate lose the hat ?", "yes , kate lose the hat in may .", False),  # no English
        ("did kate lose the hat ?", "", False),
        ("did kate lose the hat", "no , kate did not lose the hat .", True),  # no question
        ("nonsense ?", "nonsense .", False),
    ],
)
def test_answers_that_do_not_fit_may_be_good_by_themselves(question, answer, good):
    assert not fits(question, answer)
    assert is_answer(answer) == good


def test_what_fits_is_what_the_templates_give():
    rng = random.Random(0)
    rounds = [asked(rng) for _ in range(60)]
    others = [answer for _, answers in rounds for answer in sorted(answers)[:3]]
    for question, answers in rounds:
        some = rng.sample(sorted(answers), min(20, len(answers)))
        assert all(fits(question, answer) for answer in some)
        assert [answer for answer in others if fits(question, answer)] == [a for a in others if a in answers]


def test_no_question_can_be_read_in_two_ways():
    rng = random.Random(1)
    for _ in range(500):
        question, _ = asked(rng)
        readings = list(module._readings(question, "questions"))
        assert readings == [read_question(question)]


def test_articles_are_right_whatever_stands_in_a_slot():
    assert not [word for name in ("thing", "colour") for word in SLOTS[name] if word[0] in "aeiou"]
    assert not set(SLOTS["person"]) & set(SLOTS["other"])


def test_splits_share_no_question_and_hold_fitting_pairs():
    splits = draw_answers({"train": 1_000, "valid": 100, "test": 100}, seed=3)
    assert {name: len(pairs) for name, pairs in splits.items()} == {"train": 1_000, "valid": 100, "test": 100}
    assert all(fits(*pair) for pairs in splits.values() for pair in pairs)
    questions = {name: {pair.source for pair in pairs} for name, pairs in splits.items()}
    assert not questions["train"] & questions["valid"] | questions["train"] & questions["test"]
    assert not questions["valid"] & questions["test"]
    assert (len(questions["train"]), len(questions["valid"])) == (500, 100)
    assert len(set(splits["train"])) == 1_000  # two different answers to each
    assert {read_question(question).rule.kind for question in questions["train"]} == {rule.kind for rule in RULES}
    assert draw_answers({"train": 1_000, "valid": 100, "test": 100}, seed=3) == splits


def test_answers_of_others_seldom_fit():
    pairs = draw_answers({"train": 600}, seed=0)["train"]
    turned = sum(fits(pair.source, other.target) for pair, other in itertools.pairwise(pairs))
    assert turned < 6
    assert all(read_answers(pair.target) for pair in pairs)


def test_sizes_that_cannot_be_drawn_are_refused():
    with pytest.raises(CorpusError, match="count pairs and cannot be negative"):
        draw_answers({"train": -1}, seed=0)
