"""`seqgan score` and `seqgan sample --best-of`, as a user would call them, and the mistakes that users make."""

import io
import itertools
import math
import os
import sys
import types

import pytest
import torch
from support.products import product_run

import seqgan.jobs.score
from seqgan.cli.main import main
from seqgan.data.reading import read_text
from seqgan.evaluation.likelihood import sequence_log_probs
from seqgan.runs import open_run
from seqgan.runs.load import load_discriminator, load_generator

LINES = ["a dog runs .", "", "dog dog a . runs", "a zebra runs .", "two birds eats well in town . a dog runs ."]


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    printed, err = capsys.readouterr()
    assert printed == ""
    assert "Traceback" not in err
    (line,) = [line for line in err.split("\n") if line.startswith("seqgan: error")]
    return line


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    product_run(folder, "plain")
    product_run(folder, "prefixes", discriminator="rnn", per_token=True)
    product_run(folder, "critic", discriminator="residual-conv", generator="residual-conv", algo="wgan-gp")
    product_run(folder, "pairs", "seq2seq-gru", "two-tower-cnn")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("".join(f"{line}\n" for line in LINES))
    return made


def by_hand(folder, line):
    """The log-odds and the mean log-probability of one line, from the models alone."""
    made = open_run(folder)
    ids = [*made.vocabulary.encode(line.split()), 0][: made.config.data.max_length]
    tokens = torch.tensor([ids])
    mask = torch.ones_like(tokens, dtype=torch.bool)
    with torch.no_grad():
        score = load_discriminator(made)(tokens, mask).flatten()[-1].item()
        log_probs = load_generator(made)(tokens)[0].log_softmax(1)[torch.arange(len(ids)), tokens[0]]
    known = [value.item() for value, number in zip(log_probs, ids, strict=True) if number != 1]
    return score, sum(known) / len(known)


def test_each_line_has_its_log_odds_behind_it(here, capsys, monkeypatch):
    monkeypatch.setattr(seqgan.jobs.score, "BLOCK", 2)  # several blocks
    assert run("score", "--run", here / "plain", "--input", "lines.txt", "--likelihood") == 0
    out, err = capsys.readouterr()
    found = [line.split("\t") for line in out.split("\n")[:-1]]
    assert [columns[0] for columns in found] == LINES
    for line, *numbers in found:
        assert [float(number) for number in numbers] == pytest.approx(by_hand(here / "plain", line), abs=1e-4)
    length = open_run(here / "plain").config.data.max_length
    assert "1 of 5 lines are blank: read as empty sentences." in err
    assert f"1 of 5 lines exceed {length} tokens: judged by their first ones." in err
    assert "1 of 24 tokens are not in the vocabulary" in err


def test_a_pipe_a_file_and_silence(here, capsys, monkeypatch, tmp_path):
    content = b"\xef\xbb\xbfa dog runs .\r\n\ntwo birds"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert run("score", "--run", here / "plain", "--output", "out.txt", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    found = [line.split("\t") for line in (tmp_path / "out.txt").read_text().split("\n")[:-1]]
    assert [line for line, _ in found] == ["a dog runs .", "", "two birds"]
    assert all(math.isfinite(float(score)) for _, score in found)


def test_no_more_than_a_block_is_read_ahead(here, monkeypatch):
    """A file without an end: its first lines are judged all the same."""
    monkeypatch.setattr(seqgan.jobs.score, "BLOCK", 3)
    endless = types.SimpleNamespace(readline=lambda _: b"a dog runs .\n")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=endless))
    lines = seqgan.jobs.score.score_run(here / "plain", device="cpu")
    assert len(set(itertools.islice(lines, 7))) == 1
    lines.close()


def test_prefixes_have_scores_of_their_own(here, capsys):
    assert run("score", "--run", here / "prefixes", "--input", "lines.txt", "--per-token", "--quiet") == 0
    for line in capsys.readouterr().out.split("\n")[:-1]:
        text, score, prefixes = line.split("\t")
        values = prefixes.split(" ")
        assert len(values) == min(len(text.split()) + 1, open_run(here / "prefixes").config.data.max_length)
        assert values[-1] == score


def test_pairs_in_one_file_or_in_two(here, capsys, tmp_path):
    pairs = [("a dog runs", "ein hund rennt"), ("cat sleeps", "hund"), ("a cat", "")]
    (tmp_path / "pairs.txt").write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    (tmp_path / "sources").write_text("".join(f"{source}\n" for source, _ in pairs))
    (tmp_path / "targets").write_text("".join(f"{target}\n" for _, target in pairs))
    assert run("score", "--run", here / "pairs", "--input", "pairs.txt", "--quiet") == 0
    together = capsys.readouterr().out
    assert run("score", "--run", here / "pairs", "--input", "targets", "--source", "sources", "--quiet") == 0
    assert capsys.readouterr().out == together
    made = open_run(here / "pairs")
    discriminator = load_discriminator(made)
    for line, (source, target) in zip(together.split("\n")[:-1], pairs, strict=True):
        assert line.startswith(f"{source}\t{target}\t")
        read = torch.tensor([made.source_vocabulary.encode(source.split())])
        ids = torch.tensor([[*made.vocabulary.encode(target.split()), 0]])
        context = discriminator.encode(read, torch.ones_like(read, dtype=torch.bool))
        expected = discriminator(ids, torch.ones_like(ids, dtype=torch.bool), context).item()
        assert float(line.split("\t")[2]) == pytest.approx(expected, abs=1e-4)


def test_the_best_of_more_scores_higher_and_is_scored_alike(here, capsys, tmp_path):
    means = []
    for n in (1, 4, 16):
        assert run("sample", "--run", here / "plain", "--best-of", n, "--count", 40, "--scores", "--quiet") == 0
        lines = capsys.readouterr().out.split("\n")[:-1]
        assert len(lines) == 40
        means.append(sum(float(line.split("\t")[1]) for line in lines))
    assert means[0] < means[1] < means[2]
    (tmp_path / "samples.txt").write_text("".join(line.split("\t")[0] + "\n" for line in lines))
    assert run("score", "--run", here / "plain", "--input", "samples.txt", "--quiet") == 0
    again = capsys.readouterr().out.split("\n")[:-1]
    for mine, theirs in zip(lines, again, strict=True):
        assert float(mine.split("\t")[1]) == pytest.approx(float(theirs.split("\t")[1]), abs=2e-4)
    assert run("sample", "--run", here / "plain", "--best-of", 16, "--count", 3, "--quiet") == 0
    assert capsys.readouterr().out.split("\n")[:-1] == [line.split("\t")[0] for line in lines[:3]]


def test_scores_of_plain_samples_are_of_those_samples(here, capsys):
    assert run("sample", "--run", here / "plain", "--count", 5, "--scores", "--quiet") == 0
    scored = capsys.readouterr().out.split("\n")[:-1]
    assert run("sample", "--run", here / "plain", "--count", 5, "--quiet") == 0
    assert [line.split("\t")[0] for line in scored] == capsys.readouterr().out.split("\n")[:-1]


def test_the_best_answer_to_each_source(here, capsys, tmp_path):
    (tmp_path / "sources").write_text("a dog runs now\ncat sleeps\n")
    assert run("sample", "--run", here / "pairs", "--source", "sources", "--best-of", 9, "--scores", "--quiet") == 0
    lines = capsys.readouterr().out.split("\n")[:-1]
    (tmp_path / "answers").write_text("".join(line.split("\t")[0] + "\n" for line in lines))
    assert run("score", "--run", here / "pairs", "--input", "answers", "--source", "sources", "--quiet") == 0
    for mine, theirs in zip(lines, capsys.readouterr().out.split("\n")[:-1], strict=True):
        assert float(mine.split("\t")[1]) == pytest.approx(float(theirs.split("\t")[2]), abs=2e-4)


def test_what_a_critic_says_is_called_so(here, capsys):
    assert run("score", "--run", here / "critic", "--input", "lines.txt") == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == len(LINES)
    assert "The critic of wgan-gp has no zero" in err
    line = fails(capsys, "score", "--run", here / "critic", "--input", "lines.txt", "--likelihood")
    assert "has no likelihood: leave out --likelihood" in line


def test_mistakes_are_one_line(here, capsys, tmp_path):
    plain, pairs, given = here / "plain", here / "pairs", ["--input", "lines.txt"]
    assert "Name an adversarial run with --run" in fails(capsys, "score", *given)
    assert "no file.txt cannot be read" in fails(capsys, "score", "--run", plain, "--input", "no file.txt")
    os.mkfifo(tmp_path / "pipe")  # without a writer, so that to wait for one would be forever
    assert "a pipe, a socket or a device" in fails(capsys, "score", "--run", plain, "--input", "pipe")
    assert "leave out --source" in fails(capsys, "score", "--run", plain, "--source", "lines.txt", *given)
    line = fails(capsys, "score", "--run", plain, "--per-token", *given)
    assert "one logit a sentence: leave out --per-token" in line
    assert "lines.txt, line 1: 0 tabs" in fails(capsys, "score", "--run", pairs, *given)
    (tmp_path / "short").write_text("a dog\n")
    (tmp_path / "long").write_text("ein hund\nzwei\n")
    line = fails(capsys, "score", "--run", pairs, "--input", "long", "--source", "short")
    assert "short ends before line 2" in line
    assert "both standard input" in fails(capsys, "score", "--run", pairs, "--source", "-")
    (tmp_path / "blank").write_text("a\tein\n \tein\n")
    assert "blank, line 2: the source is blank" in fails(capsys, "score", "--run", pairs, "--input", "blank")
    (tmp_path / "empty").write_text("")
    assert "empty is empty" in fails(capsys, "score", "--run", plain, "--input", "empty", "--output", "out.txt")
    assert not (tmp_path / "out.txt").exists()
    assert list(tmp_path.glob("*.writing")) == []
    for flag in (["--best-of", 3], ["--scores"]):
        assert f"{flag[0]} is of samples, and --beam" in fails(capsys, "sample", "--run", plain, "--beam", 3, *flag)


def test_without_a_discriminator_there_is_no_score(here, capsys, tmp_path):
    (tmp_path / "corpus").mkdir()
    product_run(tmp_path / "corpus")
    folder = tmp_path / "corpus" / "run"
    settings = (folder / "config.yaml").read_text()
    start = settings.index("discriminator:")
    (folder / "config.yaml").write_text(settings[:start])  # what stands behind is of the two players
    for arguments in (["score", "--input", "lines.txt"], ["sample", "--best-of", 2], ["sample", "--scores"]):
        line = fails(capsys, arguments[0], "--run", folder, *arguments[1:])
        assert "was pretrained only and has no discriminator: name an adversarial run" in line


def test_log_probabilities_are_the_generators(here):
    """The helper of these tests against the package's own sum, for a line whose words are all known."""
    made = open_run(here / "plain")
    sequences, _ = read_text(made.reading, ["a dog runs ."])
    mean = sequence_log_probs(load_generator(made), sequences).item() / 5
    assert by_hand(here / "plain", "a dog runs .")[1] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("named", [True, False])
def test_long_scoring_shows_how_far_it_is(here, capsys, monkeypatch, named):
    """Of a file it is known how many lines there are, whether or not the last one has an end."""
    monkeypatch.setattr("seqgan.progress.SHORT_SECONDS", 0)
    text = "a dog runs .\na dog\nruns"
    with open("unended.txt", "w") as file:
        file.write(text)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert run("score", "--run", here / "plain", "--input", "unended.txt" if named else "-", "--output", "out.tsv") == 0
    assert f"Lines judged: 3{' of 3' if named else ''}, " in capsys.readouterr().err
