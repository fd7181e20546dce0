"""`--memory` of the commands that draw samples."""

import json

import pytest
import torch
from support.products import product_run

from seqgan.cli.main import main
from seqgan.decoding import memory, sampling
from seqgan.evaluation.generate import ROWS
from seqgan.jobs.memory import holding_to

ANIMALS = ("dog", "cat", "bird", "cow", "horse", "fox", "owl")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    product_run(folder, "plain")
    product_run(folder, "critic", discriminator="residual-conv", generator="residual-conv", algo="wgan-gp")
    product_run(folder, "pairs", "seq2seq-gru", "two-tower-cnn")
    (folder / "sources").write_text("a dog runs now\ncat sleeps\n")
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """How many rows are drawn at once, call by call."""
    rows = []
    plain = sampling._sample

    def counted(generator, count, *others):
        rows.append(count)
        return plain(generator, count, *others)

    monkeypatch.setattr(sampling, "_sample", counted)
    return rows


def run(capsys, *arguments):
    assert main([str(argument) for argument in [*arguments, "--quiet"]]) == 0
    return capsys.readouterr().out


def fails(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.split("\n") if line.startswith("seqgan: error")]
    return line


def test_samples_are_drawn_in_passes_that_fit(made, drawn, capsys):
    arguments = ["sample", "--run", made / "plain", "--count", 30]
    whole = run(capsys, *arguments)
    assert drawn == [ROWS]
    drawn.clear()
    assert run(capsys, *arguments, "--memory", 4) == whole  # all fit: as without
    assert drawn == [ROWS]
    drawn.clear()
    parts = run(capsys, *arguments, "--memory", 0.002)
    assert sum(drawn) == ROWS
    assert len(set(drawn[:-1])) == 1
    # A row takes more than what is set apart for its scores.
    assert 10 < drawn[0] <= 0.002 * 2**30 / memory.SCORED_BYTES
    assert parts != whole  # the random numbers are others
    assert run(capsys, *arguments, "--memory", 0.002) == parts
    likeliest = [run(capsys, *arguments, "--top-k", 1, "--memory", size) for size in (0, 0.002)]
    assert likeliest[0] == likeliest[1]


@pytest.mark.parametrize("further", [["--n-best", 3], ["--best-of", 3]])
def test_the_least_is_one_answer_at_a_time(made, drawn, capsys, further):
    arguments = ["sample", "--run", made / "pairs", "--source", made / "sources", "--top-k", 1, *further]
    whole = run(capsys, *arguments)
    assert drawn == [6]
    drawn.clear()
    assert run(capsys, *arguments, "--memory", 1e-12) == whole
    assert drawn == [1] * 6


def test_the_best_of_more_is_drawn_in_passes(made, drawn, capsys):
    run(capsys, "sample", "--run", made / "plain", "--count", 2, "--best-of", 8, "--memory", 0.002)
    assert len(drawn) > 1
    assert sum(drawn) == ROWS


def test_a_runs_samples_are_judged_the_same_way(tmp_path, drawn, capsys):
    corpus, folder = tmp_path / "mine.txt", tmp_path / "mine"
    corpus.write_text("".join(f"the {animal} sees a {other}\n" for animal in ANIMALS for other in ANIMALS))
    small = ["--epochs", 1, "--generator.embedding-size", 4, "--generator.hidden-size", 4, "--device", "cpu"]
    run(capsys, "pretrain", "--corpus", corpus, "--run", folder, *small)
    drawn.clear()
    arguments = ["evaluate", "--run", folder, "--count", 20, "--metrics", "distinct", "--json", "-"]
    whole = json.loads(run(capsys, *arguments, "--memory", 4))
    assert drawn == [ROWS]
    drawn.clear()
    parts = json.loads(run(capsys, *arguments, "--memory", 0.002))
    assert len(drawn) > 1
    assert whole["metrics"].keys() == parts["metrics"].keys()
    assert json.loads((folder / "report.json").read_text())["flags"]["memory"] == 0.002


def test_the_budget_ends_with_the_command(made, drawn, capsys):
    run(capsys, "sample", "--run", made / "plain", "--count", 1, "--memory", 0.002)
    drawn.clear()
    run(capsys, "sample", "--run", made / "plain", "--count", 1)
    assert drawn == [ROWS]


def test_an_own_budget_goes_before_the_one_around(generator):
    device = torch.device("cpu")
    with memory.within(1):
        assert memory.rows_within(None, generator, 4, None, device) == 1
        assert memory.rows_within(2**30, generator, 4, None, device) > 1000
        with pytest.raises(KeyError), memory.within(2**30):
            raise KeyError
        assert memory.rows_within(None, generator, 4, None, device) == 1


def test_where_it_has_no_meaning_it_is_refused(made, capsys):
    line = fails(capsys, "sample", "--run", made / "plain", "--beam", 2, "--memory", 1)
    assert "--memory is of samples, and --beam searches" in line
    for command in ("sample", "evaluate"):
        line = fails(capsys, command, "--run", made / "critic", "--memory", 1)
        assert "(residual-conv) makes all positions at once: leave it out" in line
    sources = made / "sources"
    line = fails(capsys, "evaluate", "--samples", sources, "--references", sources, "--memory", 1)
    assert "--memory is of runs" in line
    assert "memory" in fails(capsys, "sample", "--run", made / "plain", "--memory", -1)


def test_less_than_can_be_held_to_is_told(caplog):
    for size, told in ((0, 0), (0.1, 1), (1, 0)):
        caplog.clear()
        with holding_to(size):
            pass
        assert len(caplog.messages) == told
    with holding_to(0.1):
        assert caplog.messages == [
            "--memory 0.1 is less than can be held to: about 0.16 GiB are the least that a pass may need."
        ]
