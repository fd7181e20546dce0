"""What a metric reads, its signature names: other text, another signature. Over all records."""

from typing import NamedTuple, get_args

import pytest
from support.tiny_pairs import make_generator, tiny_pairs

from seqgan.data.grammar import Grammar, load_grammar
from seqgan.data.tokenizers import Characters, Words
from seqgan.evaluation.evaluate import judge_sentences, likelihood_entries, text_id
from seqgan.evaluation.language_models import Budget
from seqgan.evaluation.pairs import HeldPairs, evaluate_answers, judge_answers
from seqgan.evaluation.trained import Judges
from seqgan.metrics import METRICS, OF_MODELS, Metric
from seqgan.metrics.metric import Need, answer_metrics, every_metric, sentence_metrics

SMALL = Budget(embedding_size=4, hidden_size=4, batch_size=16, epochs=1, max_length=12)
WORDS = ["a", "dog", "cat", "bird", "runs", "sleeps", "eats", "the", "big", "red"]
LINES = [" ".join(WORDS[(start + step) % len(WORDS)] for step in range(4)) for start in range(len(WORDS))] * 3
OTHER = {
    "another line": [*LINES[:-1], "no such line here"],
    "another order": LINES[::-1],
    "another word of a line": [LINES[0] + " now", *LINES[1:]],
    "as many of other words": [line.replace("dog", "cow") for line in LINES],
}
GRAMMAR = "S -> 'a' Noun [1.0]\nNoun -> 'dog' [0.5] | 'cat' [0.5]"


class Read(NamedTuple):
    """What may be read beside samples."""

    references: list[str] | None = LINES
    training: list[str] | None = LINES
    grammar: Grammar | None = None


def signatures(name, read, tokenizer=Words):
    judges = Judges(budget=SMALL)
    report = judge_sentences(
        LINES, read.references, read.training, tokenizer(), (name,), read.grammar, max_length=30, judges=judges
    )
    return {entry.name: entry.signature for entry in report}


def differ(first, second):
    assert first.keys() == second.keys()
    assert first
    return [name for name in first if first[name] == second[name]] == []


OF_REFERENCES = [name for name, each in sentence_metrics().items() if each.reads_references and name != "nll"]
OF_TRAINING = [name for name, each in sentence_metrics().items() if each.reads_training]
BY_MODELS = [name for name in OF_MODELS if name in OF_REFERENCES]


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("tokenizer", [Words, Characters])
@pytest.mark.parametrize("name", [name for name in OF_REFERENCES if name in METRICS])
def test_two_files_of_references_never_give_one_signature(name, tokenizer, other):
    assert differ(signatures(name, Read(), tokenizer), signatures(name, Read(references=other), tokenizer))


@pytest.mark.slow(reason="trains judges")
@pytest.mark.parametrize("name", BY_MODELS)
def test_two_files_of_references_never_give_one_signature_to_models(name):
    other = OTHER["as many of other words"]
    assert differ(signatures(name, Read()), signatures(name, Read(references=other)))


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
@pytest.mark.parametrize("name", [name for name in OF_TRAINING if name in METRICS])
def test_two_training_texts_never_give_one_signature(name, other):
    assert differ(signatures(name, Read()), signatures(name, Read(training=other)))


@pytest.mark.slow(reason="trains judges")
@pytest.mark.parametrize("name", [name for name in OF_TRAINING if name in OF_MODELS])
def test_two_training_texts_never_give_one_signature_to_models(name):
    assert differ(signatures(name, Read()), signatures(name, Read(training=OTHER["as many of other words"])))


def test_two_grammars_never_give_one_signature():
    one, two = Grammar(GRAMMAR), Grammar(GRAMMAR.replace("0.5", "0.25", 1).replace("0.5", "0.75", 1))
    names = [name for name, metric in every_metric().items() if "grammar" in metric.needs]
    assert names
    for name in names:
        assert differ(signatures(name, Read(grammar=one)), signatures(name, Read(grammar=two)))
        again = signatures(name, Read(grammar=load_grammar()))
        assert again == signatures(name, Read(grammar=load_grammar()))


def test_what_a_metric_does_not_read_its_signature_leaves_out():
    for name, metric in METRICS.items():
        without = Read(
            references=LINES if metric.reads_references else None, training=LINES if metric.reads_training else None
        )
        assert signatures(name, Read()) == signatures(name, without)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return tiny_pairs(tmp_path_factory.mktemp("pairs"))


SOURCES = ["a dog runs now", "cat sleeps", "a bird runs", "dog sleeps", "a cat runs now"] * 4
RIGHT = ["ein hund jetzt rennt", "schläft katze", "ein rennt vogel", "schläft hund", "ein katze jetzt rennt"] * 4


@pytest.mark.slow(reason="trains judges")
def test_two_files_of_pairs_never_give_one_signature(text):
    of_pairs = [name for name, each in answer_metrics().items() if name in OF_MODELS and "generator" not in each.needs]
    of_pairs.remove("fits")  # by the rules of an embedded corpus, and counted as a check is
    for name in of_pairs:
        found = [
            {entry.name: entry.signature for entry in judge_answers(RIGHT, sources, right, text, (name,))}
            for sources, right in ((SOURCES, RIGHT), (SOURCES[::-1], RIGHT), (SOURCES, RIGHT[::-1]))
        ]
        assert differ(found[0], found[1])
        assert differ(found[0], found[2])
    checks = {"short": lambda source, answer: len(answer) < len(source)}
    first, second = (
        judge_answers(RIGHT, sources, RIGHT, text, (), checks=checks)["short"] for sources in (SOURCES, SOURCES[::-1])
    )
    assert first.signature != second.signature


def test_two_held_out_texts_never_give_one_signature_to_a_generators_answers(text):
    generator = make_generator(text)
    found = []
    for held in (HeldPairs(SOURCES, RIGHT, "test"), HeldPairs(SOURCES, RIGHT[::-1], "test")):
        report = evaluate_answers(generator, text, held=held)
        found.append({entry.name: entry.signature for entry in report})
    assert differ(*found)


def test_two_held_out_texts_never_give_one_signature_to_a_likelihood():
    from exact.listed import tiny_generator

    from seqgan.data.corpus import Corpus
    from seqgan.data.text import encode_corpus

    corpus = encode_corpus(Corpus("mine", ["a b", "b c", "c a"], ["a c"], [], []), Words())
    generator = tiny_generator(len(corpus.vocabulary))
    one, two = (
        {entry.name: entry.signature for entry in likelihood_entries(generator, corpus, lines)}
        for lines in (["a b", "b c"], ["a c", "b c"])
    )
    assert differ(one, two)


def test_every_need_is_named_by_a_signature_or_by_a_name():
    # A need that is added is to be decided here: how do two of it give two signatures?
    named = {"references", "training", "real", "characters", "aligned", "grammar", "sources", "generator", "judge"}
    assert set(get_args(Need)) == named
    for need in ("references", "real", "characters", "aligned", "judge"):
        assert Metric("mine", len, (need,)).reads_references
    for need in ("training", "real", "judge"):
        assert Metric("mine", len, (need,)).reads_training


def test_lines_that_join_alike_have_names_of_their_own():
    assert text_id(["a b", "c"]) != text_id(["a", "b c"])
    assert text_id(["a\nb", "c"]) != text_id(["a", "b\nc"])
    assert len({text_id(lines) for lines in (["a\nb"], ["a", "b"], ["3a", "b"], ['["a\\nb"]'])}) == 4
