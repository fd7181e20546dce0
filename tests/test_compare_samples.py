"""Samples of a run that is compared: asked for more, it samples what lacks, and they are the same ones."""

import pytest
from support.tiny import players, tiny_text

from seqgan.data.tokenizers import metric_tokens
from seqgan.evaluation.temperatures import bleu_measure, sweep_temperatures
from seqgan.jobs import compare_samples
from seqgan.jobs.compare_samples import Contender, Samples, judge_samples
from seqgan.jobs.compare_table import sweep_table
from seqgan.progress import SILENT


@pytest.fixture(scope="module")
def contender(tmp_path_factory):
    text = tiny_text(tmp_path_factory.mktemp("text"))
    references = text.corpus.valid
    quality = bleu_measure([metric_tokens(text.tokenizer, line) for line in references])
    return Contender(None, players(text)[0].eval(), text, references, quality)


def samples_of(contender, temperatures=(0.7, 1.0)):
    return Samples(contender, temperatures, 10, 5, likelihood=True, progress=SILENT)


@pytest.fixture
def sampled(monkeypatch):
    """The temperatures and numbers of the sets that are sampled."""
    made = []

    def counted(generator, text, temperatures, count, *, sets, first_set, **options):
        made.append((tuple(temperatures), list(range(first_set, first_set + sets))))
        return sweep_temperatures(generator, text, temperatures, count, sets=sets, first_set=first_set, **options)

    monkeypatch.setattr(compare_samples, "sweep_temperatures", counted)
    return made


def test_sets_are_sampled_once_and_as_if_at_once(contender, sampled):
    samples = samples_of(contender)
    two, three = samples.first_sets(2), samples.first_sets(3)
    samples.add_temperature(0.5)
    four = samples.first_sets(4)
    assert samples.first_sets(2)._replace(points=two.points) == two
    assert sampled == [((0.7, 1.0), [0, 1]), ((0.7, 1.0), [2]), ((0.5,), [0, 1, 2]), ((0.5, 0.7, 1.0), [3])]
    at_once = sweep_temperatures(contender.generator, contender.text, (0.5, 0.7, 1.0), 10, sets=4, seed=5)
    assert four == samples.all_sets() == at_once
    assert three.points == samples.first_sets(3).points[1:]


def test_of_the_same_model_twice_no_more_is_sampled_than_the_first_look_needs(contender, sampled):
    ours, theirs = samples_of(contender), samples_of(contender)
    verdict = judge_samples([ours], theirs, 4, ("ours", "theirs"), SILENT)
    taken = verdict.evidence["sets"]
    assert verdict.evidence["looks"]["taken"] == taken - 1
    assert len(ours.all_sets().points[0].quality) == taken
    assert [numbers for _, numbers in sampled[:2]] == [[0, 1], [0, 1]]
    before = len(sampled)
    assert judge_samples([ours], theirs, 4, ("ours", "theirs"), SILENT) == verdict
    assert len(sampled) == before  # all sets are there


def test_several_candidates_have_all_their_sets(contender):
    ours = [samples_of(contender), samples_of(contender)]
    verdict = judge_samples(ours, samples_of(contender), 3, ("ours", "theirs"), SILENT)
    assert verdict.evidence["sets"] == 3
    assert verdict.evidence["looks"]["taken"] == 1


def test_the_table_says_how_many_sets_there_are(contender):
    few, more = samples_of(contender).first_sets(2), samples_of(contender).first_sets(4)
    assert sweep_table({"a": few, "b": few})[-1].startswith("2 sets of 10 samples")
    assert sweep_table({"a": few, "b": more})[-1].startswith("2 to 4 sets of 10 samples")
