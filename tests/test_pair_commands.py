"""Pairs through all commands, as a user would, and the mistakes that users make with them."""

import io
import json
import shutil
import sys

import pytest
from support.tiny_pairs import write_pairs

from seqgan.cli.main import main

SMALL = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "2", "--quiet"]
SMALL_GAN = [
    *("--rounds", "2", "--adversarial.batch-size", "4", "--adversarial.discriminator-pool", "8", "--quiet"),
    *("--adversarial.warmup-steps", "2", "--adversarial.evaluate-samples", "5", "--adversarial.evaluate-every", "1"),
    *("--adversarial.discriminator-steps", "1", "--discriminator.embedding-size", "6", "--no-verdict"),
]
CONVOLUTIONS, LAYERS = ["--discriminator.filters", "0.02"], ["--discriminator.hidden-size", "8"]
"""Sizes of discriminators of one kind and of the other."""


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    (line,) = [line for line in err.split("\n") if line.startswith("seqgan: error")]
    return line


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with pairs and a pretrained run of each conditional generator."""
    folder = tmp_path_factory.mktemp("made")
    write_pairs(folder)
    for name in ("gru", "lstm", "transformer"):
        options = ["--generator.heads", 2] if name == "transformer" else []
        arguments = ["--corpus", folder / "pairs.tsv", "--valid", folder / "valid.tsv", "--run", folder / "runs" / name]
        assert run("pretrain", *arguments, *SMALL, "--generator", f"seq2seq-{name}", *options) == 0
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A folder of one's own, with those runs."""
    shutil.copytree(made / "runs", tmp_path / "runs")
    for name in ("pairs.tsv", "valid.tsv"):
        shutil.copy(made / name, tmp_path / name)
    (tmp_path / "new.en").write_text("a dog runs now\ncat sleeps\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow(reason="makes the steps that a plan is from")
def test_a_run_of_pairs_is_planned(here, capsys):
    few = [each for each in SMALL_GAN if each != "--no-verdict"]
    assert run("plan", "--run", "runs/gru", "--algo", "seqgan", *few, *CONVOLUTIONS) == 0
    assert "adversarial: rounds" in capsys.readouterr().out


@pytest.mark.slow(reason="trains and judges both players")
def test_the_whole_way(here, capsys, monkeypatch):
    options = [*CONVOLUTIONS, "--adversarial.rollouts", 2]
    assert run("adversarial", "--run", "runs/gru", "--algo", "csgan-nmt", *SMALL_GAN, *options) == 0
    child = "runs/gru/csgan-nmt"
    shown = [line.split("\t") for line in (here / child / "samples" / "round-000002.tsv").read_text().splitlines()]
    held = [line.split("\t")[0] for line in (here / "valid.tsv").read_text().splitlines()]
    assert [source for source, _ in shown] == held[:5]
    settings = (here / child / "config.yaml").read_text()
    assert "name: two-tower-cnn" in settings
    assert "discriminator_share: 0.7" in settings
    capsys.readouterr()

    def lines(*arguments):
        assert run("sample", "--run", child, "--quiet", *arguments) == 0
        return capsys.readouterr().out.split("\n")[:-1]

    assert len(lines("--source", "new.en")) == 2
    best = lines("--source", "new.en", "--beam", 3)
    several = lines("--source", "new.en", "--beam", 3, "--n-best", 2)
    assert several[::2] == best
    assert len(lines("--source", "new.en", "--n-best", 3, "--temperature", 0.5)) == 6
    piped = type("In", (), {"buffer": io.BytesIO((here / "new.en").read_bytes())})
    monkeypatch.setattr(sys, "stdin", piped)
    assert lines("--source", "-", "--beam", 3) == best

    assert run("evaluate", "--run", child, "--compare", "runs/gru", "--json", "out.json", "--beam", 2, "--quiet") == 0
    shown = capsys.readouterr().out
    assert "runs/gru/csgan-nmt against MLE, equal budget: " in shown
    assert "runs/gru/csgan-nmt against runs/gru: " in shown
    out = json.loads((here / "out.json").read_text())
    assert set(out["compared"]) == {"references", "runs/gru", "MLE, equal budget"}
    assert set(out["metrics"]) >= {"sacrebleu", "chrf", "nll", "perplexity", "distinct-2", "length-mean"}
    for name in ("sacrebleu", "chrf"):
        assert "version:" in out["metrics"][name]["signature"]
        assert "beam 2" in out["metrics"][name]["signature"]
    # After so little training answers may be so short that sacreBLEU and distinct-2 are not defined.
    for name in ("chrf", "nll", "perplexity", "length-mean"):
        assert out["metrics"][name]["low"] <= out["metrics"][name]["value"] <= out["metrics"][name]["high"]
    report = json.loads((here / child / "report.json").read_text())
    assert report["metrics"] == out["metrics"]


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize("discriminator", ["two-tower-cnn", "two-tower-rnn", "hierarchical"])
@pytest.mark.parametrize("generator", ["gru", "lstm", "transformer"])
def test_every_generator_with_every_discriminator(here, generator, discriminator):
    sizes = CONVOLUTIONS if discriminator == "two-tower-cnn" else LAYERS
    options = ["--discriminator", discriminator, *sizes, "--adversarial.rollouts", 2, "--rounds", 1]
    assert run("adversarial", "--run", f"runs/{generator}", "--algo", "csgan-nmt", *SMALL_GAN, *options) == 0
    assert f"name: {discriminator}" in (here / "runs" / generator / "csgan-nmt" / "config.yaml").read_text()


@pytest.mark.slow(reason="trains each algorithm three times")
@pytest.mark.parametrize(
    ("generator", "algo", "options"),
    [
        ("gru", "csgan-nmt", [*CONVOLUTIONS, "--adversarial.rollouts", 2]),
        ("lstm", "csgan-nmt", ["--adversarial.rollouts", 2, "--adversarial.discriminator-share", 0]),
        ("gru", "dialogue", ["--adversarial.credit", "sequence"]),
        ("transformer", "dialogue", ["--adversarial.credit", "rollouts", "--adversarial.rollouts", 2]),
        ("lstm", "dialogue", ["--adversarial.credit", "prefix"]),
        ("gru", "dialogue", ["--adversarial.credit", "prefix", "--discriminator.per-token"]),
        (
            "gru",
            "maligan",
            ["--adversarial.group-size", 2, "--adversarial.rollouts", 2, "--adversarial.baseline", "none"],
        ),
    ],
)
def test_a_resumed_run_equals_the_longer_one(here, generator, algo, options):
    common = ["adversarial", "--run", f"runs/{generator}", "--algo", algo]
    assert run(*common, "--name", "short", *SMALL_GAN, *options) == 0
    assert run(*common, "--name", "short", "--resume", "--rounds", 3, "--no-verdict", "--quiet") == 0
    assert run(*common, "--name", "long", *SMALL_GAN, *options, "--rounds", 3) == 0
    for player in ("generator", "discriminator"):
        short, long = (
            (here / "runs" / generator / name / f"{player}.safetensors").read_bytes() for name in ("short", "long")
        )
        assert short == long
    start = (here / "runs" / generator / "generator.safetensors").read_bytes()
    assert start != (here / "runs" / generator / "long" / "generator.safetensors").read_bytes()


@pytest.mark.slow(reason="trains a model")
@pytest.mark.parametrize(
    "options",
    [
        ["--tokenizer", "characters", "--data.shared-vocabulary"],
        ["--tokenizer", "sentencepiece", "--data.pieces", 20],
        ["--tokenizer", "sentencepiece", "--data.pieces", 25, "--data.shared-vocabulary"],
        ["--data.source-tokenizer", "characters"],
    ],
)
def test_other_tokenizers(here, capsys, options):
    assert run("pretrain", "--corpus", "pairs.tsv", "--valid", "valid.tsv", *SMALL, *options, "--run", "runs/t") == 0
    child = [*SMALL_GAN, "--adversarial.credit", "sequence", "--rounds", 1]
    assert run("adversarial", "--run", "runs/t", "--algo", "dialogue", *child) == 0
    capsys.readouterr()
    assert run("sample", "--run", "runs/t/dialogue", "--source", "new.en", "--quiet") == 0
    assert len(capsys.readouterr().out.split("\n")) == 3
    assert run("evaluate", "--run", "runs/t/dialogue", "--quiet", "--metrics", "sacrebleu", "nll") == 0


@pytest.mark.slow(reason="trains by commands")
def test_several_turns(here, capsys):
    lines = [f"is {a} in ? __eou__ {b} is .\tno {a}" for a in ("jo", "al") for b in ("ed", "bo")] * 4
    (here / "talk.tsv").write_text("\n".join(lines) + "\n")
    assert run("pretrain", "--corpus", "talk.tsv", "--valid", "talk.tsv", *SMALL, "--data.turns", 1) == 0
    child = [*SMALL_GAN, "--adversarial.credit", "prefix", "--rounds", 1]
    assert run("adversarial", "--run", "runs/talk", "--algo", "dialogue", *child) == 0
    answers = []
    for source in ("is jo in ? __eou__ ed is .", "ed is ."):
        (here / "new.txt").write_text(source + "\n")
        capsys.readouterr()
        assert run("sample", "--run", "runs/talk/dialogue", "--source", "new.txt", "--quiet") == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]  # of the turns the last one is read


@pytest.mark.slow(reason="trains judges")
def test_what_embedded_pairs_are_judged_by(here, capsys):
    tiny = [*SMALL, "--generator.embedding-size", 4, "--generator.hidden-size", 4, "--epochs", 1]
    assert run("pretrain", "--corpus", "answers", *tiny, "--pretrain.batch-size", 512) == 0
    asked = ["fits", "adver-success", "machine-vs-random", "relevance"]
    options = ["--count", 30, "--metrics", *asked, "--json", "-", "--quiet"]
    capsys.readouterr()
    assert run("evaluate", "--run", "runs/answers", *options) == 0
    out = json.loads(capsys.readouterr().out)
    assert set(out["metrics"]) == {*asked, "adver-success-error"}
    assert out["compared"]["references"]["fits"]["value"] == 1
    assert "by the rules of answers" in out["metrics"]["fits"]["signature"]
    assert "adver-success" not in out["compared"]["references"]
    assert "takes 20 answers at least" in fails(
        capsys, "evaluate", "--run", "runs/answers", "--count", 12, "--metrics", "adver-success"
    )
    capsys.readouterr()
    assert run("evaluate", "--run", "runs/gru", "--compare", "runs/answers", "--metrics", "chrf") == 0
    assert "was trained on other text (answers)" in capsys.readouterr().err


def test_a_changed_vocabulary_of_sources_is_noticed(here, capsys):
    path = here / "runs" / "gru" / "source_vocabulary.txt"
    head, *tokens = path.read_text().splitlines()
    path.write_text("\n".join([head, *reversed(tokens)]) + "\n")
    message = "was trained with another vocabulary than vocabulary.txt or source_vocabulary.txt"
    assert message in fails(capsys, "sample", "--run", "runs/gru", "--source", "new.en")
    assert message in fails(capsys, "adversarial", "--run", "runs/gru", "--algo", "dialogue", *SMALL_GAN)
    resumed = fails(capsys, "pretrain", "--run", "runs/gru", "--resume", "--epochs", 3, "--quiet")
    assert "vocabulary.txt or source_vocabulary.txt is not the one" in resumed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sample", "runs/gru answers sources: give them with --source FILE"),
        ("sample --source gone.en", "There is no file gone.en"),
        ("sample --source blank.en", "blank.en, line 2: blank"),
        ("sample --source pairs.txt", "pairs.txt, line 1: a tab"),
        ("sample --source new.en --count 3", "--count is of runs of plain text"),
        ("sample --source new.en --prefix ein", "--prefix is of runs of plain text"),
        ("sample --source new.en --beam 2 --n-best 3", "--n-best is 3, and a beam of 2 finds 2: widen --beam"),
        ("sample --source new.en --beam 2 --temperature 2", "--beam searches and draws nothing"),
        ("sample --source new.en --length-penalty 1", "give --beam as well"),
        ("sample --source new.en --length-penalty 0.6", "give --beam as well"),
        ("sample --source new.en --beam 1 --length-penalty 0.6", "--length-penalty is 0.6, and a beam of 1 takes"),
        ("sample --source new.en --beam 1 --length-penalty 1", "a beam of 1 takes the likeliest token at each step"),
        ("evaluate --metrics self-bleu", "No metric of answers is called 'self-bleu'"),
        ("evaluate --metrics fits", "fits is by the rules of an embedded corpus"),
        ("evaluate --references new.en", "--references is of runs of plain text"),
        ("evaluate --temperatures 1 0.5", "is of runs of plain text"),
        ("evaluate --metrics relevance", "takes 10 answers at least"),
        ("adversarial --algo wgan-gp", "wgan-gp makes text from noise and reads no sources"),
        ("adversarial --algo relgan", "relgan makes text from noise and reads no sources"),
        ("adversarial --algo seqgan --discriminator cnn", "--discriminator is cnn, and this text has sources"),
        ("adversarial --algo csgan-nmt --adversarial.credit prefix", "credit prefix rewards parts of them"),
        ("adversarial --algo maligan --adversarial.discriminator-share 0.5", "nothing can be added"),
    ],
)
def test_mistakes_are_one_line_with_the_mend(here, capsys, arguments, message):
    (here / "blank.en").write_text("a dog\n \n")
    shutil.copy("pairs.tsv", "pairs.txt")
    command, *rest = arguments.split()
    assert message in fails(capsys, command, "--run", "runs/gru", *rest)


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("a b\n", "", "mine.tsv, line 1: no tab"),
        ("a\tb\nc\td\te\n", "", "mine.tsv, line 2: 2 tabs"),
        ("a\tb\n\tc\n", "", "mine.tsv, line 2: the source is empty"),
        ("a\tb\nc\t \n", "", "mine.tsv, line 2: the target is empty"),
        ("a b\tb a\nb a\ta b\n" * 15, "--generator lstm", "--generator is lstm, and this text has sources"),
    ],
)
def test_bad_pairs_are_one_line_and_leave_nothing_behind(here, capsys, content, arguments, message):
    (here / "mine.tsv").write_text(content)
    assert message in fails(capsys, "pretrain", "--corpus", "mine.tsv", *arguments.split(), "--quiet")
    assert not (here / "runs" / "mine").exists()


def test_unaligned_files_and_settings_of_pairs_for_plain_text(here, capsys):
    (here / "new.de").write_text("ein hund\n")
    unaligned = fails(capsys, "pretrain", "--corpus", "new.de", "--source", "new.en", "--quiet")
    assert "new.en has 2 lines and " in unaligned
    assert "new.de has 1 line, but line i of one belongs to line i of the other" in unaligned
    (here / "plain.txt").write_text("a b\nb a\n" * 20)
    pretrain = ["pretrain", "--corpus", "plain.txt", *SMALL]
    assert "this text has no sources, which it needs" in fails(capsys, *pretrain, "--generator", "seq2seq-gru")
    assert run(*pretrain) == 0
    adversarial = ["adversarial", "--run", "runs/plain"]
    assert "which only pairs have" in fails(capsys, *adversarial, "--adversarial.discriminator-share", 0.5)
    assert "has no sources, which it needs" in fails(capsys, *adversarial, "--discriminator", "hierarchical")
    sample = ["sample", "--run", "runs/plain"]
    assert "reads no sources: leave out --source" in fails(capsys, *sample, "--source", "new.en")
    assert "--n-best is of answers to sources" in fails(capsys, *sample, "--n-best", 2)
    assert "--beam is of runs of pairs" in fails(capsys, "evaluate", "--run", "runs/plain", "--beam", 2, "--table-only")
    two = fails(capsys, "evaluate", "--run", "runs/plain", "--compare", "runs/gru", "--table-only")
    assert "name two alike" in two


def test_blank_sources_are_kept_from_training_to_sampling(here, capsys):
    lines = (here / "pairs.tsv").read_text()
    (here / "blank.tsv").write_text(f"{lines}\tein hund\n" * 2)
    (here / "new.en").write_text("a dog runs now\n\n")
    small = ["--corpus", "blank.tsv", "--run", "runs/blank", *SMALL[:-1]]
    assert run("pretrain", *small) == 2
    assert "the source is empty" in capsys.readouterr().err
    assert run("pretrain", *small, "--data.blank-sources", "keep") == 0
    assert "blank sources kept, read as '__eou__' alone" in capsys.readouterr().err
    assert run("sample", "--run", "runs/blank", "--source", "new.en", "--quiet") == 0
    assert len(capsys.readouterr().out.split("\n")) == 3
    assert run("sample", "--run", "runs/gru", "--source", "new.en", "--quiet") == 2
    assert "new.en, line 2: blank" in capsys.readouterr().err
