"""The pages that `seqgan report` and `seqgan inspect` write: every part, hostile content, missing pieces, mistakes."""

import html
import json
import os
import re
import shlex

import pytest
from support.hand_made_runs import (
    adversarial_log,
    adversarial_run,
    beside_controls,
    evaluated,
    pretrained_run,
    swept,
    write_lines,
)
from support.well_formed import well_formed

from seqgan.cli.main import main
from seqgan.data.tokenizers import Words
from seqgan.data.vocabulary import Vocabulary
from seqgan.runs import create_run
from seqgan.settings.adversarial import AdversarialConfig
from seqgan.settings.data import DataConfig
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig

PARTS = ("curves", "plane", "metrics", "health", "samples", "memorisation", "settings", "repeat")
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "a & b &amp; c",
    "bell \x07 escape \x1b[31m red",
    "right \u202eto left\u202c mark",
    "zero\u200bwidth",
    "x" * 5000,
    "</li></ol></section>",
    "$\\frac{1}{0}$ {{7*7}} %s {0}",
)


REAL = {"bleu-4": {"value": 0.7, "signature": "bleu|refs:9"}}
"""Of real text."""


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("seqgan: error")
    return line


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parent(here):
    return pretrained_run(here / "mine")


@pytest.fixture
def child(parent):
    return adversarial_run(parent / "seqgan")


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures are drawn by nothing: where a test is of other parts."""
    monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")


def text_of(content):
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", " ", content.partition("<body>")[2]))


def report(*arguments):
    assert run("report", *arguments, "--output", "page.html", "--quiet", "--overwrite") == 0
    with open("page.html", encoding="utf-8") as file:
        content = file.read()
    tags = well_formed(content)
    assert set(PARTS) <= set(tags.ids)
    return content


@pytest.mark.slow(reason="draws every picture")
def test_every_part_of_a_run(parent, child):
    for folder in (parent, child):
        evaluated(folder)
        swept(folder, 0.01 if folder is child else 0.0)
    evaluated(child, compared={"real text": {"bleu-4": {"value": 0.7777, "signature": "bleu|refs:9"}}})
    evidence = {"at_equal_diversity": {"difference": {"value": -0.05, "low": -0.06, "high": -0.04}}}
    (child / "verdict.json").write_text(json.dumps({"sentence": "It did not help.", "evidence": evidence}))
    content = report("mine/seqgan")
    said = text_of(content)
    assert content.index('id="curves"') < content.index('id="metrics"') < content.index('id="samples"')
    assert "It did not help." in said
    assert re.search(r"at equal diversity: difference +-0\.05 \[-0\.06, -0\.04\]", said)
    assert "Seqgan from mine, 6 of 6 rounds, on words of mine.txt" in said
    for title in (
        "Held-out likelihood, nats a token",
        "BLEU-4",
        "Discriminator: accuracy",
        "Over sampling temperatures",
    ):
        assert f'aria-label="{title}' in content
    for word in ("pretraining", "warm-up", "adversarial"):
        assert f">{word}</text>" in content
    assert "From 3 at epoch 1 to 1.5 at 4; then from 1.5 at round 0 to 1.5 at 6." in said
    assert re.search(r"0\.6100\s+\[0\.5900, 0\.6300\]", said)
    assert "0.7777" in said
    assert "bleu|refs:9" in said
    assert "longest-copied" in said
    assert "neither certain nor blind" in said
    for line in ("a b .", "b a .", "a a .", "b b ."):
        assert f"<li><bdi>{line}</bdi></li>" in content
    assert "Round 0" in said
    assert "adversarial.rounds" in said
    assert "name: seqgan" in said  # the whole config.yaml
    assert "seqgan pretrain --config mine/config.yaml --run mine-again" in said
    assert "T 0.8: 0.810 / 0.700" in said
    assert "sweep.json" not in said  # nothing is missing


@pytest.mark.slow(reason="draws every picture twice")
def test_the_same_input_gives_the_same_bytes(parent, child):
    assert report("mine/seqgan") == report("mine/seqgan")


def test_a_run_beside_its_opponents_has_a_table_and_a_picture(parent, child, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "seqgan.reporting.charts.intervals", lambda rows, key, x: drawn.append((rows, x)) or "<svg ></svg>"
    )
    monkeypatch.setattr("seqgan.reporting.figures._svg", lambda draw, key, width, height: "<svg ></svg>")
    beside_controls(child, ("bleu-4<i>", "self-bleu-4"))
    content = report("mine/seqgan")
    said = re.sub(r"\s+", " ", text_of(content))
    assert "mine/seqgan beside each opponent At equal diversity it is shown to be better than one." in said
    assert "the run 1.2500 generator times discriminator –" in said
    assert "MLE as it began 1.5000 generator +0.0200 [+0.0100, +0.0310] better" in said
    assert "MLE of equal budget – – left out: none was <asked> for" in said
    assert "MLE of equal parameters – generator – cannot-tell" in said
    ((rows, axis),) = drawn
    assert [tuple(row) for row in rows] == [("MLE as it began", 0.02, (0.01, 0.031)), ("another", -0.01, None)]
    assert axis == "bleu-4i: the run less the opponent, better →"
    assert "MLE as it began: +0.0200 [+0.0100, +0.0310]; another: -0.0100." in said


def test_the_page_goes_into_the_run_where_no_file_is_named(child, capsys, no_pictures):
    assert run("report", "mine/seqgan") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "Written: mine/seqgan/report.html" in err
    assert (child / "report.html").exists()


@pytest.mark.slow(reason="draws every picture")
def test_several_runs_are_laid_over_one_another(parent, child):
    adversarial_run(parent / "b", algo="maligan", log=adversarial_log(6, **{"generator/effective_sample_size": 9.0}))
    evaluated(child)
    content = report("mine/seqgan", "mine/b")
    said = text_of(content)
    assert content.count('class="legend"') == 2
    assert "var(--series-1)" in content
    assert "mine/seqgan: seqgan from mine" in said
    assert "mine/b: maligan from mine" in said
    assert "What differs from the defaults or between the runs" in said
    assert "Generator: effective sample size" in said
    # The pretraining that both share is drawn once, in the colour of text.
    picture = content[content.index('id="held-out-likelihood-nats-a-token"') :].partition("</figure>")[0]
    assert "stroke: var(--ink)" in picture
    assert "seqgan evaluate --run mine/b --compare mine" in said


def test_hostile_content_is_shown_and_not_obeyed(here, no_pictures):
    name = "<b>\"'&\u202e"
    corpus = "<script>alert(2)</script>.txt"
    parent = pretrained_run(here / name, corpus=corpus)
    child = adversarial_run(parent / "x<i>", corpus=corpus, samples={0: HOSTILE, 3: ["\ud800", "", " "]})
    metrics = {
        "<script>": {"value": 1.0, "signature": "<script>alert(3)</script>"},
        "copied": {"value": 0, "signature": ""},
    }
    evaluated(child, metrics, compared={"<img>": metrics})
    (child / "verdict.json").write_text(json.dumps({"sentence": HOSTILE[0], "evidence": list(HOSTILE)}))
    folder = f"{name}/x<i>"
    content = report(folder, name)
    assert not re.search(r"<(script|img|i|b)\b", content)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u200b\ud800]", content)
    said = text_of(content)
    assert "<script>document.title='owned'</script>" in said
    assert "bell ␇ escape ␛[31m red" in said
    assert "right ⟨U+202E⟩to left" in said
    assert "(5,000 characters)" in said
    assert "⟨U+FFFD⟩" not in said
    assert said.count("(empty)") == 2
    assert "x" * 601 not in content
    assert "$\\frac{1}{0}$ {{7*7}} %s {0}" in said


def test_a_pretrained_run_alone(parent, no_pictures):
    said = text_of(report("mine"))
    assert "Maximum likelihood, 4 epochs" in said
    assert "A pretrained run keeps none" in said
    assert "seqgan sample --run mine" in said
    assert "Not evaluated yet" in said


def test_a_run_from_nothing(here):
    log = [{"phase": "adversarial", "step": 0, "eval/js-4": 0.9, "eval/js-4-floor": 0.1}]
    log += [
        {"phase": "adversarial", "step": n, "generator/temperature": 1 / n, "eval/js-4": 0.9 - n / 10} for n in (1, 2)
    ]
    adversarial_run(here / "gan", algo="wgan-gp", log=log, samples={0: []})
    said = text_of(report("gan"))
    assert "Wgan-gp from nothing" in said
    assert "Divergence of character 4-grams" in said
    assert "Generator: temperature" in said
    assert "The file is empty." in said
    assert "seqgan adversarial --corpus mine.txt --config gan/config.yaml --run gan-again" in said


def test_real_text_stands_once_before_the_runs(parent, child, no_pictures):
    evaluated(parent, compared={"real text": REAL})
    evaluated(child, compared={"real text": REAL, "mine": REAL}, flags={"compare": "mine", "count": 9})
    content = report("mine", "mine/seqgan")
    heads = re.findall(r'<th scope="col">(.*?)</th>', content.partition('<table class="metrics">')[2])[:4]
    assert [head.replace("<wbr>", "") for head in heads] == ["metric", "real text", "mine", "mine/seqgan"]
    assert "0.7000" in content
    assert "seqgan evaluate --run mine-again/seqgan --compare mine-again --count 9" in text_of(content)


def test_other_real_text_is_a_column_of_its_own(parent, child, no_pictures):
    evaluated(parent, compared={"real text": REAL})
    evaluated(child, compared={"real text": {"bleu-4": {"value": 0.6, "signature": "bleu|refs:9|hyps:5"}}})
    assert "real text, beside mine/ seqgan" in text_of(report("mine", "mine/seqgan"))


def test_a_run_of_pairs(here, no_pictures):
    folder = here / "mt"
    config = RunConfig(
        data=DataConfig(corpus="pairs.tsv", max_length=9, max_source_length=9),
        generator=GeneratorConfig(name="seq2seq-gru"),
        discriminator=DiscriminatorConfig(name="two-tower-cnn"),
        algorithm={"name": "csgan-nmt"},
        adversarial=AdversarialConfig(rounds=2),
    )
    create_run(folder, config, Words(), Vocabulary(["a", "b"]), Words(), Vocabulary(["c", "d"]))
    log = [
        {"phase": "adversarial", "step": n, "eval/sacrebleu": 20.0 + n, "eval/chrf": 40.0, "eval/unique": 0.9}
        for n in range(3)
    ]
    write_lines(folder / "metrics.jsonl", log)
    (folder / "samples").mkdir()
    (folder / "samples" / "round-000002.tsv").write_text("c <i>d</i>\ta b\nd\t\n")
    evaluated(folder, compared={"references": REAL}, comparisons=["mt against mle: +1.00 sacreBLEU: better."])
    content = report("mt")
    said = " ".join(text_of(content).split())
    assert "sacreBLEU on validation pairs" in said
    assert "went from 20.00 to 22.00" in said
    assert "mt against mle: +1.00 sacreBLEU: better." in said
    assert "has no temperature curve" in said
    assert "sweep.json" not in said
    assert "c <i>d</i> a b d (empty)" in said  # each source, then its answer


def test_a_wasserstein_critic_is_not_told_to_be_worse(here, no_pictures):
    certain = adversarial_log(**{"discriminator/accuracy": 1.0})
    adversarial_run(here / "w", log=certain, algo="wgan-gp")
    adversarial_run(here / "s", log=certain, algo="seqgan")
    assert "discriminator certain" not in text_of(report("w"))
    assert "discriminator certain" in text_of(report("s"))


@pytest.mark.parametrize("log", [[], adversarial_log(6)[:1], adversarial_log(6)[:2], adversarial_log(6)[:4]])
def test_a_run_that_was_interrupted(parent, log, no_pictures):
    adversarial_run(parent / "seqgan", log=log)
    said = text_of(report("mine/seqgan"))
    assert "of 6 rounds are in the log: the run was interrupted" in said


def test_a_log_whose_last_line_was_cut(child, no_pictures):
    path = child / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert "5 of 6 rounds" in text_of(report("mine/seqgan"))


def test_nulls_in_a_log(parent, no_pictures):
    adversarial_run(parent / "seqgan", log=adversarial_log(6, **{"generator/reward": None, "eval/nll": None}))
    assert "Not finite at some step: eval/nll, generator/reward." in text_of(report("mine/seqgan"))


def test_of_many_checkpoints_some_are_left_out(parent, no_pictures):
    adversarial_run(parent / "seqgan", samples={number: [f"line {number}"] for number in range(60)})
    content = report("mine/seqgan")
    assert content.count("<h4>Round ") == 24
    assert "36 checkpoints between these are left out." in content
    assert "line 0<" in content
    assert "line 59<" in content


def test_so_many_samples_as_are_asked_for(parent, no_pictures):
    adversarial_run(parent / "seqgan", samples={0: [f"line {n}" for n in range(30)]})
    assert report("mine/seqgan", "--samples", 3).count("<li><bdi>") == 3


def test_mistakes_are_one_line_and_leave_nothing_behind(here, parent, capsys):
    (here / "file.txt").write_text("a\n")
    before = sorted(os.listdir(here)), sorted(os.listdir(parent))
    for arguments, message in (
        ([], "seqgan report needs the folder of a run"),
        (["nowhere"], "nowhere does not exist"),
        (["file.txt"], "file.txt is a file; expected the folder of a run"),
        (["."], "is no seqgan run"),
        (["mine", "nowhere"], "nowhere does not exist"),
        (["mine", "mine"], "mine is named twice"),
        (["mine", "--output", "none/x.html"], "there is no folder none"),
        (["mine", "--output", "mine"], "is a folder"),
        (["mine", "--samples", "0"], "--samples is 0"),
        (["mine", "--outptu", "x"], "Did you mean --output?"),
    ):
        assert message in fails(capsys, "report", *arguments)
    for arguments, message in (
        ([], "seqgan inspect needs a corpus"),
        (["nothing"], "There is no file or folder 'nothing'"),
        (["file.txt"], "1 sentence"),
        (["captions", "--tokenizer", "word"], "Did you mean 'words'?"),
        (["captions", "--json", "none/x.json"], "there is no folder none"),
        (["captions", "--output", "none/x.html"], "there is no folder none"),
    ):
        assert message in fails(capsys, "inspect", *arguments)
    (parent / "report.json").write_text("{")
    assert "report.json cannot be read" in fails(capsys, "report", "mine")
    (parent / "report.json").unlink()
    assert (sorted(os.listdir(here)), sorted(os.listdir(parent))) == before


def test_without_matplotlib_the_extra_is_named(parent, capsys, monkeypatch):
    monkeypatch.setattr("seqgan.reporting.figures.find_spec", lambda name: None)
    assert "pip install 'seqgan[report]'" in fails(capsys, "report", "mine")
    assert "pip install 'seqgan[report]'" in fails(capsys, "inspect", "captions", "--output", "x.html")
    assert run("inspect", "captions", "--quiet") == 0  # the table needs no pictures


@pytest.mark.slow(reason="trains twice")
def test_a_small_part_of_training_gives_a_page_and_its_commands_give_the_same_weights(here, no_pictures):
    lines = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat") for c in ("runs", "sits", "eats")] * 3
    (here / "mine.txt").write_text("\n".join(lines) + "\n")
    small = ["--generator.embedding-size", 4, "--generator.hidden-size", 6, "--epochs", 1, "--seed", 5, "--quiet"]
    assert run("pretrain", "--corpus", "mine.txt", "--run", "one run", *small) == 0
    gan = ["--rounds", 1, "--adversarial.rollouts", 1, "--adversarial.warmup-steps", 1, "--discriminator.filters", 0.02]
    gan += ["--adversarial.evaluate-samples", 8, "--adversarial.batch-size", 4, "--quiet", "--run", "one run"]
    assert run("adversarial", "--algo", "maligan", "--name", "b", *gan) == 0
    content = report("one run/b")
    commands = html.unescape(re.findall(r"<pre[^>]*><code>(.*?)</code>", content, re.S)[-1]).split("\n")
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "seqgan"
        assert run(*arguments, "--quiet", *(["--count", 5] if arguments[0] == "evaluate" else [])) == 0
    for name in ("generator.safetensors", "b/generator.safetensors", "b/discriminator.safetensors"):
        assert (here / "one run" / name).read_bytes() == (here / "one run-again" / name).read_bytes()
    assert (here / "one run-again" / "b" / "report.html").exists()


# The data doctor


@pytest.fixture
def corpus(here):
    folder = here / "texts"
    folder.mkdir()
    train = [
        "a dog runs .",
        "a dog runs .",
        "A dog  runs .",
        "the cat <b>sits</b> .",
        "x\u200by \x1b[31m .",
        "\u202eabc .",
    ]
    (folder / "train.txt").write_text("\n".join(train) + "\n", encoding="utf-8")
    for name in ("valid", "test"):
        (folder / f"{name}.txt").write_text("a dog runs .\nthe zebra & co .\n")
    return folder


def test_inspect_prints_a_table_that_a_terminal_does_not_obey(corpus, capsys):
    assert run("inspect", "texts") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.search(r"sentences +6 +2 +2", out)
    assert "valid.txt and test.txt are identical byte for byte" in " ".join(out.split())
    assert "1 valid sentence (50.0 %) also in train" in out
    assert "control character: 1 in 1 sentences. U+001B Cc" in out
    assert "\\x1b[31m" in out
    assert "\\u202e" in out
    assert not re.search(r"[\x1b\u202e\u200b]", out)


def test_inspect_as_json(corpus, capsys):
    assert run("inspect", "texts", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["splits"]["train"]["copies"] == 1
    assert found["splits"]["train"]["near_copies"] == 1
    assert found["alike"] == [
        {"first": "valid", "second": "test", "byte_for_byte": True, "files": ["valid.txt", "test.txt"]}
    ]
    assert [leak["sentences"] for leak in found["leaks"]] == [1, 1, 2]
    assert found["findings"][0]["name"] == "identical splits"
    assert {odd["kind"] for odd in found["odd"]} == {"control character", "zero-width character", "direction control"}
    assert run("inspect", "texts", "--json", "found.json") == 0
    assert "Settings" in capsys.readouterr().out
    with open("found.json", encoding="utf-8") as file:
        assert json.load(file) == found


@pytest.mark.parametrize("tokenizer", ["words", "characters", "sentencepiece"])
def test_inspect_as_a_page(corpus, tokenizer):
    assert run("inspect", "texts", "--tokenizer", tokenizer, "--output", "page.html", "--quiet") == 0
    content = (corpus.parent / "page.html").read_text(encoding="utf-8")
    tags = well_formed(content)
    assert {"pictures", "findings", "advice", "splits", "vocabulary", "copies", "characters", "repeat"} <= set(tags.ids)
    assert not re.search(r"<b>|[\x1b\u202e\u200b]", content)
    assert "⟨U+202E⟩abc" in content
    assert run("inspect", "texts", "--tokenizer", tokenizer, "--output", "again.html", "--quiet") == 0
    assert (corpus.parent / "again.html").read_text(encoding="utf-8") == content


def test_inspect_takes_held_out_sentences_from_a_file(corpus, capsys):
    assert run("inspect", "texts/train.txt", "--valid", "texts/valid.txt", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["splits"]) == ["train", "valid"]
    assert found["unknown"]["valid"]["tokens"] == pytest.approx(3 / 9)


@pytest.fixture
def aligned_files(here):
    folder = here / "pairs"
    folder.mkdir()
    for name in ("train", "valid"):
        (folder / f"{name}.en").write_text("a dog\na <b>cat</b>\n")
        (folder / f"{name}.de").write_text("ein hund\neine katze\n")
    return folder


def test_inspect_takes_aligned_files_as_pretrain_does(aligned_files, capsys):
    pairs = ["inspect", "pairs", "--source", "en", "--target", "de"]
    assert run(*pairs, "--output", "page.html", "--json", "found.json", "--quiet") == 0
    out = capsys.readouterr().out
    assert re.search(r"of the sources +train +valid", out)
    assert re.search(r"also in train +- +2", out)
    with open("found.json", encoding="utf-8") as file:
        found = json.load(file)
    assert found["pairs"]["known"] == {"valid": 2}
    assert found["findings"][0]["name"] == "identical splits"
    with open("page.html", encoding="utf-8") as file:
        content = file.read()
    well_formed(content)
    assert "<b>" not in content
    assert "The sources: targets have 1.00 tokens for each of theirs" in text_of(content)
    command = "seqgan inspect pairs --source en --target de --tokenizer words --output inspect.html"
    assert command in text_of(content)
    assert run(*shlex.split(command)[1:], "--quiet") == 0


def test_inspect_refuses_sources_as_pretrain_does(aligned_files, capsys):
    assert "--source" in fails(capsys, "inspect", "pairs")
    assert "--tokenizer words" in fails(
        capsys, "inspect", "pairs", "--source", "en", "--target", "de", "--tokenizer", "ids"
    )


def test_inspect_takes_characters_where_there_are_no_spaces(here, capsys):
    (here / "names.txt").write_text("emma\nolivia\nava\nmia\n")
    assert run("inspect", "names.txt", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tokenizer"] == "characters"
    assert found["advice"][0]["flag"] == "--tokenizer characters"
