"""A tiny corpus through all commands, as a user would, and the mistakes that users make."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support.kinds import CONDITIONAL_GENERATORS, ONE_SHOT_GENERATORS

from seqgan.cli.main import main
from seqgan.evaluation.trained import TRAINED_METRICS
from seqgan.metrics import METRICS, SPECIFICATION

LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")] * 3
SMALL = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "3"]
SMALL_GAN = [
    *(
        "--rounds",
        "2",
        "--adversarial.batch-size",
        "8",
        "--adversarial.rollouts",
        "2",
        "--discriminator.filters",
        "0.02",
    ),
    *("--adversarial.warmup-steps", "3", "--adversarial.evaluate-samples", "20", "--adversarial.evaluate-every", "1"),
    "--no-verdict",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("\n".join(LINES) + "\n")
    return tmp_path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [line for line in err.split("\n") if line.startswith("seqgan: error")]
    assert "Traceback" not in err
    return line


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """The run that most tests begin with."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "mine.txt").write_text("\n".join(LINES) + "\n")
    assert run("pretrain", "--corpus", folder / "mine.txt", "--run", folder / "runs" / "mine", *SMALL, "--quiet") == 0
    return folder


@pytest.fixture
def pretrained(here, trained_once):
    """A copy of it for each test, as if it had been trained there."""
    shutil.copytree(trained_once / "runs", here / "runs")
    settings = here / "runs" / "mine" / "config.yaml"
    settings.write_text(settings.read_text().replace(str(trained_once), str(here)))
    return here / "runs" / "mine"


@pytest.mark.slow(reason="trains and judges both players")
def test_the_whole_way(here, pretrained, capsys):
    assert run("adversarial", "--algo", "seqgan", *SMALL_GAN) == 0
    child = pretrained / "seqgan"
    assert {path.name for path in child.iterdir()} == {
        *("checkpoints", "config.yaml", "discriminator.safetensors", "generator.safetensors"),
        *("metrics.jsonl", "samples", "unseen.txt", "vocabulary.txt"),
    }
    assert sorted(path.name for path in (child / "samples").iterdir()) == [f"round-00000{n}.txt" for n in range(3)]
    capsys.readouterr()

    assert run("sample", "--run", child, "--count", 7, "--quiet") == 0
    first = capsys.readouterr().out
    assert len(first.split("\n")) == 8
    assert run("sample", "--run", child, "--count", 3, "--quiet") == 0
    assert first.startswith(capsys.readouterr().out)  # the same seed, the same first sentences
    assert run("sample", "--run", child, "--prefix", "the cat", "--output", "out.txt", "--temperature", "0.5") == 0
    assert all(line.startswith("the cat") for line in (here / "out.txt").read_text().split("\n")[:-1])
    capsys.readouterr()

    assert run("evaluate", "--run", child, "--compare", pretrained, "--count", 30, "--table-only") == 0
    shown = capsys.readouterr().out
    for name in ("bleu-2", "self-bleu-5", "nll", "distinct-4", "copied", "length-mean", "runs/mine/seqgan"):
        assert name in shown
    assert "hyps:30" in shown
    report = json.loads((child / "report.json").read_text())
    assert run("evaluate", "--run", child, "--count", 30, "--json", "-", "--quiet") == 0
    printed = json.loads(capsys.readouterr().out)
    assert report.pop("flags") == {"compare": str(pretrained), "count": 30, "table-only": True}
    assert set(report["compared"]) == {"real text", str(pretrained)}
    of_pretrained = json.loads((pretrained / "report.json").read_text())
    assert set(of_pretrained["compared"]) == {"real text"}
    assert of_pretrained["flags"] == {"count": 30}
    assert report.pop("weights_of") == {"..": of_pretrained["weights"]}
    assert report["compared"].pop(str(pretrained)) == of_pretrained["metrics"]
    assert printed == report
    assert set(printed) == {"run", "checkpoint", "weights", "specification", "metrics", "compared"}
    assert set(printed["metrics"]["bleu-2"]) == {"value", "low", "high", "signature"}


@pytest.mark.slow(reason="trains both players")
@pytest.mark.parametrize("tokenizer", ["characters", "sentencepiece"])
def test_other_tokenizers(here, capsys, tokenizer):
    assert (
        run("pretrain", "--corpus", "mine.txt", "--tokenizer", tokenizer, "--data.pieces", 40, *SMALL, "--quiet") == 0
    )
    assert run("adversarial", *SMALL_GAN, "--quiet") == 0
    capsys.readouterr()
    assert run("evaluate", "--run", "runs/mine/seqgan", "--count", 10, "--quiet") == 0
    shown = capsys.readouterr().out
    assert f"tok:{'characters' if tokenizer == 'characters' else 'words'}" in shown
    assert f"tok:{tokenizer}|vocabulary" in shown


@pytest.mark.slow(reason="trains three times")
def test_a_run_is_resumed_with_more_epochs_and_equals_the_longer_one(here):
    options = ["--corpus", "mine.txt", "--quiet", "--generator.hidden-size", 12, "--pretrain.patience", 9]
    assert run("pretrain", *options, "--run", "runs/long", "--epochs", 4) == 0
    assert run("pretrain", *options, "--run", "runs/short", "--epochs", 2) == 0
    assert run("pretrain", "--run", "runs/short", "--resume", "--epochs", 4, "--quiet") == 0
    weights = [(here / "runs" / name / "generator.safetensors").read_bytes() for name in ("long", "short")]
    assert weights[0] == weights[1]
    for name in ("long", "short"):
        assert run("adversarial", "--run", f"runs/{name}", *SMALL_GAN, "--quiet") == 0
    assert run("adversarial", "--run", "runs/long", "--resume", "--rounds", 4, "--no-verdict", "--quiet") == 0
    assert run("adversarial", "--run", "runs/short", "--name", "b", *SMALL_GAN, "--rounds", 4, "--quiet") == 0
    weights = [(here / "runs" / name / "generator.safetensors").read_bytes() for name in ("long/seqgan", "short/b")]
    assert weights[0] == weights[1]


def test_a_run_is_not_overwritten_unasked(pretrained, capsys):
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", *SMALL)
    assert "already holds a run: go on with --resume, replace it with --overwrite" in line
    assert run("pretrain", "--corpus", "mine.txt", *SMALL, "--overwrite", "--quiet") == 0


def test_a_folder_of_something_else_is_never_replaced(here, capsys):
    (here / "precious").mkdir()
    (here / "precious" / "thesis.tex").write_text("years of work")
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", "--run", "precious", "--overwrite")
    assert "precious exists and is no seqgan run, so it is left alone" in line
    assert (here / "precious" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "mine.txt is empty"),
        (b"\n \n", "mine.txt has only blank lines"),
        (b"one sentence\n", "1 sentence"),
        (b"fine\nna\xefve\n", "mine.txt, line 2: byte 3 of the line, 0xef, is not UTF-8"),
        (b"a\nb\0c\n", "mine.txt, line 2: a NUL byte"),
        (b"a b\na\tb\n", "mine.txt, line 2: a tab"),
        (b"a a\na a a\na\n", "Nothing to learn: of 1 distinct tokens, the only token kept is 'a'"),
    ],
)
def test_bad_text_is_one_line_and_leaves_nothing_behind(here, capsys, content, message):
    (here / "mine.txt").write_bytes(content)
    assert message in fails(capsys, "pretrain", "--corpus", "mine.txt", "--quiet")
    assert os.listdir(here) == ["mine.txt"]


def test_a_byte_order_mark_and_crlf_are_taken_off(here):
    (here / "mine.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(LINES).encode())
    assert run("pretrain", "--corpus", "mine.txt", *SMALL, "--quiet") == 0
    tokens = (here / "runs" / "mine" / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    assert not any("\r" in token or "\ufeff" in token for token in tokens)


@pytest.mark.parametrize("too_long", ["cut", "drop"])
def test_long_lines_are_counted_and_said(here, capsys, too_long):
    (here / "mine.txt").write_text("\n".join([*LINES, "one " * 50]) + "\n")
    options = ["--data.max-length", 8, "--data.too-long", too_long, "--valid", "mine.txt"]
    assert run("pretrain", "--corpus", "mine.txt", *SMALL, *options) == 0
    verb = "cut" if too_long == "cut" else "dropped"
    assert f"1 of 55 training sentences exceed 8 tokens: {verb}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pretrian"], "Did you mean 'pretrain'?"),
        (["pretrain", "--corpus", "captoins"], "Did you mean 'captions'?"),
        (["pretrain", "--corpsu", "x"], "Unrecognized options: --corpsu, x. Did you mean --corpus?"),
        (["pretrain", "--Corpus", "x"], "Did you mean --corpus?"),
        (["pretrain", "--lr", "1e-3"], "Did you mean --pretrain.learning-rate?"),
        (["sample", "-n", "3"], "Did you mean --count?"),
        (["sample", "--num", "3"], "Did you mean --count?"),
        (["sample", "--out", "x"], "Did you mean --output?"),
        (["inspect", "mine.txt", "--out", "x"], "Did you mean --output?"),
        (["evaluate", "--out", "x"], "Did you mean --json?"),
        (["pretrain", "mine.txt", "--corpus", "x"], "mine.txt stands for --corpus mine.txt, and --corpus is given"),
        (["pretrain", "none.txt"], "There is no file or folder 'none.txt'"),
        (["sample", "none"], "none does not exist; expected the folder of a run"),
        (["pretrain", "--epochs", "many"], "many"),
        (["pretrain", "--epochs", "0"], "pretrain.epochs is 0, expected int >= 1"),
        (["pretrain", "--epochs"], "--epochs"),
        (["pretrain", "--seed", "-1"], "seed is -1"),
        (["pretrain", "--corpus", "mine.txt", "--tokenizer", "word"], "Did you mean 'words'?"),
        (["pretrain", "--corpus", "mine.txt", "--generator", "lstn"], "Did you mean 'lstm'?"),
        (["pretrain", "--corpus", "mine.txt", "--generator.tied"], "make them equal"),
        (["pretrain", "--corpus", "mine.txt", "--device", "gpu"], "choose auto, cpu, cuda, cuda:1"),
        (["pretrain", "--corpus", "mine.txt", "--valid", "none.txt"], "There is no file none.txt"),
        (["pretrain", "--config", "none.yaml"], "none.yaml: No such file"),
        (["pretrain", "--resume"], "runs/captions does not exist"),
        (["adversarial"], "No pretrained run under runs/"),
        (["adversarial", "--run", "mine.txt"], "mine.txt is a file; expected the folder of a run"),
        (["sample", "--run", "nowhere"], "nowhere does not exist"),
        (["sample", "--run", "."], "is no seqgan run"),
        (["sample", "--count", "0"], "--count is 0, expected int >= 1"),
        (["sample", "--temperature", "nan"], "--temperature is nan"),
        (["evaluate", "--samples", "mine.txt"], "--samples needs --references FILE"),
        (["evaluate", "--samples", "mine.txt", "--references", "mine.txt", "--metrics", "blue"], "mean 'bleu'?"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_with_the_mend(here, capsys, arguments, message):
    assert message in fails(capsys, *arguments)
    assert os.listdir(here) == ["mine.txt"]


def test_mistakes_with_a_run(pretrained, capsys):
    assert "Did you mean 'seqgan'?" in fails(capsys, "adversarial", "--algo", "seggan")
    assert "Did you mean 'seqgan'?" in fails(capsys, "adversarial", "--algo", "SeqGAN")
    assert "Did you mean 'wgan-gp'?" in fails(capsys, "adversarial", "--algo", "WGAN_GP")
    assert "Did you mean --adversarial.generator-learning-rate?" in fails(capsys, "adversarial", "--lr", "1")
    assert run("sample", pretrained, "--count", 1, "--quiet") == 0
    capsys.readouterr()
    assert "Did you mean 'cnn'?" in fails(capsys, "adversarial", "--discriminator", "cn")
    assert "'zebra', which the run's vocabulary does not" in fails(capsys, "sample", "--prefix", "a zebra")
    assert "shorten it" in fails(capsys, "sample", "--prefix", "a dog runs . .")
    assert "cannot be resumed with" in fails(capsys, "pretrain", "--run", pretrained, "--resume", "--seed", "3")
    assert "Did you mean 'constant'?" in fails(capsys, "adversarial", "--adversarial.baseline", "constnt")
    assert "weighs its samples" in fails(
        capsys, "adversarial", "--algo", "maligan", "--adversarial.baseline", "leave-one-out"
    )
    assert "choose none, constant or random" in fails(capsys, "adversarial", "--control", "noise")
    assert {path.name for path in pretrained.iterdir() if path.is_dir()} == {"checkpoints"}
    (pretrained / "generator.safetensors").write_bytes(b"\0" * 100)
    assert "generator.safetensors is damaged" in fails(capsys, "sample", "--run", pretrained)


def test_other_systems_sentences_are_judged(here, capsys):
    (here / "refs.txt").write_text("a dog runs .\nthe cat sleeps .\n")
    assert run("evaluate", "--samples", "mine.txt", "--references", "refs.txt", "--json", "out.json") == 0
    assert "bleu-2" in capsys.readouterr().out
    content = json.loads((here / "out.json").read_text())
    assert content["samples"] == "mine.txt"
    assert "refs:all 2|hyps:54" in content["metrics"]["bleu-3"]["signature"]


@pytest.mark.slow(reason="trains judges")
def test_every_metric_of_other_systems_sentences(here):
    (here / "refs.txt").write_text("\n".join(LINES[::-1]) + "\n")
    files = ["--samples", "mine.txt", "--references", "refs.txt", "--training", "mine.txt", "--real", "refs.txt"]
    assert run("evaluate", *files, "--metrics", "all", "sacrebleu", "chrf", "--json", "out.json", "--quiet") == 0
    content = json.loads((here / "out.json").read_text())
    assert content["specification"] == SPECIFICATION
    metrics, real = content["metrics"], content["compared"]["real text"]
    for entry in metrics.values():
        assert f"spec:{SPECIFICATION}|" in entry["signature"]
    for name in {**METRICS, **TRAINED_METRICS}:
        named = [entry for entry in metrics if entry == name or entry.startswith(f"{name}-")]
        assert named, name
        # Equally many real sentences, judged by the same models.
        assert all(metrics[entry]["signature"] == real[entry]["signature"] for entry in named)
    assert 0 < metrics["sacrebleu"]["value"] < 100
    assert "chrf" not in real  # other sentences are no translations of these
    assert metrics["copied"]["value"] == 1
    assert not {"nll", "grammatical"} & set(metrics)


def test_mistakes_with_metrics_that_train(here, pretrained, capsys):
    (here / "two.txt").write_text("a dog runs .\nthe cat sleeps .\n")
    files = ["--samples", "mine.txt", "--references", "two.txt"]
    assert "mine.txt has 54 lines where two.txt has 2" in fails(capsys, "evaluate", *files, "--metrics", "chrf")
    assert "novelty needs the training sentences: a run, or --training" in fails(
        capsys, "evaluate", *files, "--metrics", "novelty"
    )
    assert "needs 20 of each" in fails(capsys, "evaluate", *files, "--metrics", "adversarial-success")
    assert "Did you mean 'lm-last'?" in fails(capsys, "evaluate", *files, "--features", "lm-lst")
    assert "pip install 'seqgan[features]'" in fails(
        capsys, "evaluate", *files, "--features", "sentence-transformers:x"
    )
    assert "which only --samples can have" in fails(capsys, "evaluate", "--metrics", "sacrebleu")
    assert "--training is for --samples" in fails(capsys, "evaluate", "--training", "two.txt")


def test_fewer_real_sentences_than_samples_are_said(here, capsys):
    files = ["--samples", "mine.txt", "--references", "mine.txt", "--real", "two.txt", "--metrics", "unique"]
    (here / "two.txt").write_text("a dog runs .\nthe cat sleeps .\n")
    assert run("evaluate", *files) == 0
    assert "There are only 2 real sentences beside 54 samples." in capsys.readouterr().err


def test_settings_come_from_a_file_and_flags_win(here):
    (here / "s.toml").write_text(
        "seed = 4\n[pretrain]\nepochs = 1\nlearning_rate = 5e-3\n[generator]\nhidden_size = 6\n"
    )
    assert run("pretrain", "--corpus", "mine.txt", "--config", "s.toml", "--generator.hidden-size", 7, "--quiet") == 0
    text = (here / "runs" / "mine" / "config.yaml").read_text()
    for line in ("seed: 4", "learning_rate: 0.005", "hidden_size: 7", "epochs: 1"):
        assert line in text


@pytest.mark.slow(reason="trains twice")
def test_the_settings_of_one_run_serve_another_text(here, pretrained):
    (here / "other.txt").write_text("x y z x y z x y z\nz y x z y x z y x\ny y z y y z y y z\n")
    config = pretrained / "config.yaml"
    assert run("pretrain", "--config", config, "--corpus", "other.txt", "--seed", 9, "--quiet") == 0
    text = (here / "runs" / "other" / "config.yaml").read_text()
    for line in ("hidden_size: 12", "max_length: 10", "split_seed: 0", "valid: null"):
        assert line in text
    assert run("adversarial", "--run", pretrained, "--config", config, *SMALL_GAN, "--quiet") == 0
    # And the same text gives the same run.
    assert run("pretrain", "--config", config, "--run", "again", "--quiet") == 0
    again, first = (path / "generator.safetensors" for path in (here / "again", pretrained))
    assert again.read_bytes() == first.read_bytes()


def test_every_command_helps(capsys):
    assert run("--help") == 0
    for command in ("pretrain", "adversarial", "sample", "evaluate", "report", "inspect"):
        assert command in capsys.readouterr().out or command != "pretrain"
        with pytest.raises(SystemExit) as exit_:
            run(command, "--help")
        assert exit_.value.code == 0
        assert "--device" in capsys.readouterr().out


def test_results_alone_go_to_standard_output(pretrained, capsys):
    capsys.readouterr()
    assert run("sample") == 0
    out, err = capsys.readouterr()
    assert len(out.split("\n")) == 21
    assert "From runs/mine, which was trained last: maximum likelihood." in err


def test_an_interrupted_command_leaves_with_130(pretrained, monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgan.jobs.sample.generate_sentences", interrupt)
    assert run("sample") == 130


@pytest.mark.slow(reason="starts a command as a process")
def test_a_reader_that_leaves_early_is_no_error(pretrained):
    command = f"{sys.executable} -m seqgan sample --count 3000 --quiet | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert len(result.stdout.split("\n")) == 2


@pytest.mark.slow(reason="trains by commands")
def test_another_seed_of_the_second_phase_keeps_the_split_of_the_first(here, pretrained):
    from seqgan.runs import open_run
    from seqgan.runs.load import load_text

    assert run("adversarial", *SMALL_GAN, "--seed", "7", "--quiet") == 0
    parent, child = (load_text(open_run(folder)) for folder in (pretrained, pretrained / "seqgan"))
    assert parent.corpus == child.corpus
    assert open_run(pretrained / "seqgan").config.seed == 7


def test_a_changed_text_is_noticed_by_every_command(here, pretrained, capsys):
    (here / "mine.txt").write_text("\n".join(LINES[::-1]) + "\n")
    for command in (["evaluate"], ["adversarial", *SMALL_GAN]):
        assert "is not the text that the run was trained on" in fails(capsys, *command, "--run", pretrained)
    assert not (pretrained / "seqgan").exists()


def test_a_changed_vocabulary_is_noticed(pretrained, capsys):
    path = pretrained / "vocabulary.txt"
    first, *tokens = path.read_text().split("\n")[:-1]
    path.write_text("\n".join([first, *tokens[::-1], ""]))
    assert "was trained with another vocabulary" in fails(capsys, "sample", "--run", pretrained)


def test_a_run_is_used_from_any_folder(here, pretrained, monkeypatch):
    (here / "captions").mkdir()
    monkeypatch.chdir(here / "captions")
    assert run("evaluate", "--run", pretrained, "--count", 5, "--quiet") == 0


@pytest.mark.parametrize(
    "name",
    [".", "..", "../x", "checkpoints", "report.json", "tensorboard", "report.html", "x.writing", "/tmp/x", "a/b"],
)
def test_a_childs_name_leads_nowhere_else(pretrained, capsys, name):
    before = sorted(os.listdir(pretrained))
    assert "names a folder in the run" in fails(capsys, "adversarial", "--name", name, "--overwrite", *SMALL_GAN)
    assert sorted(os.listdir(pretrained)) == before


@pytest.mark.slow(reason="trains several runs")
def test_overwriting_does_not_take_children_along(pretrained, capsys):
    assert run("adversarial", *SMALL_GAN, "--quiet") == 0
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", *SMALL, "--overwrite")
    assert "holds the adversarial runs seqgan, which --overwrite would delete" in line
    assert "contradict each other" in fails(capsys, "pretrain", "--corpus", "mine.txt", "--resume", "--overwrite")
    assert run("adversarial", *SMALL_GAN, "--overwrite", "--quiet") == 0
    assert "no adversarial run called maligan to resume; it holds: seqgan" in fails(
        capsys, "adversarial", "--algo", "maligan", "--resume"
    )


def test_a_link_to_a_folder_is_followed(here):
    (here / "disk").mkdir()
    (here / "linked").symlink_to(here / "disk")
    for again in ([], ["--overwrite"]):
        assert run("pretrain", "--corpus", "mine.txt", "--run", "linked", *SMALL, *again, "--quiet") == 0
    assert (here / "linked").is_symlink()
    assert (here / "disk" / "generator.safetensors").exists()


def test_metrics_asked_for_by_name_are_computed_or_refused(here, pretrained, capsys):
    assert "grammatical needs an embedded corpus" in fails(capsys, "evaluate", "--metrics", "grammatical")
    files = ["--samples", "mine.txt", "--references", "mine.txt"]
    assert "nll needs a run" in fails(capsys, "evaluate", *files, "--metrics", "nll")
    assert "copied needs the training sentences" in fails(capsys, "evaluate", *files, "--metrics", "bleu", "copied")
    assert "there is no folder nowhere" in fails(capsys, "evaluate", "--json", "nowhere/x.json")
    assert "--compare names the run itself" in fails(capsys, "evaluate", "--compare", pretrained)


def test_empty_outputs_of_a_system_count(here, capsys):
    (here / "out.txt").write_text("a dog runs .\n\n\n")
    assert run("evaluate", "--samples", "out.txt", "--references", "mine.txt", "--json", "-") == 0
    out, err = capsys.readouterr()
    assert "hyps:3" in json.loads(out)["metrics"]["bleu-2"]["signature"]
    assert "2 of 3 lines of out.txt are blank" in err


def test_a_run_that_may_not_be_written_is_judged_all_the_same(pretrained, capsys, monkeypatch):
    from seqgan.errors import RunError

    def refuse(path, data):
        raise RunError(f"{path} could not be written: Read-only file system.")

    monkeypatch.setattr("seqgan.jobs.evaluate.write_file", refuse)
    assert run("evaluate", "--count", 5) == 0
    out, err = capsys.readouterr()
    assert "bleu-2" in out
    assert "not kept in the run" in err


def test_unknown_tokens_are_said_and_not_scored(here, capsys):
    (here / "valid.txt").write_text("a zebra runs .\n")
    assert run("pretrain", "--corpus", "mine.txt", "--valid", "valid.txt", *SMALL) == 0
    assert "1 of 5 held-out tokens are not in the vocabulary" in capsys.readouterr().err
    assert run("evaluate", "--count", 5, "--json", "-", "--quiet") == 0
    assert "tokens:4|unknown:left out 1" in json.loads(capsys.readouterr().out)["metrics"]["nll"]["signature"]


@pytest.mark.slow(reason="trains both players")
def test_a_rising_baseline_fixes_the_number_of_rounds(pretrained, capsys):
    assert run("adversarial", "--algo", "maligan", *SMALL_GAN, "--quiet") == 0
    assert "baseline that rises" in fails(capsys, "adversarial", "--algo", "maligan", "--resume", "--rounds", 9)


@pytest.mark.slow(reason="trains both players")
def test_without_a_warm_up_the_start_is_judged_and_kept(pretrained):
    options = ["--adversarial.warmup-steps", 0, "--adversarial.evaluate-every", 2]
    assert run("adversarial", *SMALL_GAN, *options, "--quiet") == 0
    assert sorted(os.listdir(pretrained / "seqgan" / "samples")) == ["round-000000.txt", "round-000002.txt"]


@pytest.mark.slow(reason="starts commands as processes")
def test_standard_output_that_is_full_or_knows_few_letters(pretrained):
    command = f"{sys.executable} -m seqgan"
    cases = {
        f"{command} sample --quiet > /dev/full": (2, "No space left on device"),
        f"{command} --help > /dev/full": (2, "No space left on device"),
        f"PYTHONIOENCODING=ascii {command} evaluate --count 5 --metrics bleu --quiet": (0, ""),
    }
    for line, (code, message) in cases.items():
        result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert result.returncode == code, result.stderr
        assert message in result.stderr
        assert "Traceback" not in result.stderr


def test_control_characters_in_names_do_not_reach_the_terminal(here, capsys):
    (here / "a\x1b[31mb.txt").write_text("")
    assert "\x1b" not in fails(capsys, "pretrain", "--corpus", "a\x1b[31mb.txt")


@pytest.mark.slow(reason="trains and judges both players")
def test_sequences_of_ids_all_the_way(here, capsys):
    folder = here / "numbers"
    folder.mkdir()
    for name, count in (("train", 40), ("valid", 8), ("test", 8)):
        (folder / f"{name}.txt").write_text("".join(f"{k % 5} {k % 3} 4 {k % 2}\n" for k in range(count)))
    assert run("pretrain", "--corpus", folder, "--tokenizer", "ids", "--data.max-vocabulary", 6, *SMALL) == 0
    assert run("adversarial", "--algo", "maligan", *SMALL_GAN) == 0
    capsys.readouterr()
    assert run("sample", "--run", "runs/numbers/maligan", "--count", 5, "--prefix", "4 2", "--quiet") == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("4 2 ") and len(line.split()) == 4 for line in lines)
    assert all(0 <= int(token) < 6 for line in lines for token in line.split())
    assert run("evaluate", "--run", "runs/numbers/maligan", "--count", 20, "--json", "-", "--quiet") == 0
    values = json.loads(capsys.readouterr().out)["metrics"]
    assert values["length-mean"]["value"] == 4
    assert "is not one of the ids 0 to 5" in fails(capsys, "sample", "--run", "runs/numbers/maligan", "--prefix", "7")
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", "--run", "x", "--tokenizer", "ids")
    assert "mine.txt, line 1: 'a' is no id" in line


@pytest.mark.slow(reason="trains both players")
def test_a_preset_holds_and_flags_win_over_it(pretrained, capsys):
    from seqgan.runs import open_run

    small = [*SMALL_GAN[:2], *SMALL_GAN[4:], "--adversarial.batch-size", "16"]
    assert run("adversarial", "--preset", "maligan-full", *small, "--quiet") == 0
    config = open_run(pretrained / "maligan").config
    settings = config.adversarial
    assert config.algorithm_name == "maligan"
    assert (settings.baseline, settings.real_prefix, settings.group_size) == ("rising", 30, 8)
    assert settings.rollouts == 2
    assert settings.batch_size == 16
    assert "No preset is called 'maligan'" in fails(capsys, "adversarial", "--preset", "maligan")
    line = fails(capsys, "adversarial", "--preset", "bgan", "--algo", "seqgan")
    assert "--preset bgan is of the algorithm bgan, and --algo is seqgan" in line
    line = fails(capsys, "pretrain", "--preset", "nothing", "--corpus", "mine.txt", "--run", "x")
    assert "Known: seqgan-paper" in line


def test_every_preset_is_of_settings_that_go_together():
    from seqgan.algorithm_settings import build_algorithm, with_algorithm
    from seqgan.model_settings import check_kinds
    from seqgan.settings.check import check
    from seqgan.settings.discriminator import DiscriminatorConfig
    from seqgan.settings.presets import PRESETS
    from seqgan.settings.run import RunConfig, with_settings
    from seqgan.training.adversarial import check_settings

    for name, preset in PRESETS.items():
        algo = preset.get("algorithm", {}).get("name", "seqgan")
        start = with_algorithm(RunConfig(discriminator=DiscriminatorConfig()), algo, ["adversarial"])
        config = check_kinds(check(with_settings(start, preset, name)))
        check_settings(
            config.adversarial,
            build_algorithm(config.algorithm),
            steps=config.generator.name not in ONE_SHOT_GENERATORS,
            state_noise=config.generator.state_noise,
            conditional=config.generator.name in CONDITIONAL_GENERATORS,
        )


@pytest.mark.slow(reason="trains both players twice")
def test_a_child_that_is_resumed_by_its_own_folder_is_told_its_command(here, pretrained, capsys, monkeypatch):
    assert run("adversarial", "--algo", "seqgan", *SMALL_GAN, "--quiet") == 0
    child = pretrained / "seqgan"
    command = "seqgan adversarial --algo seqgan --run runs/mine --name seqgan --resume"
    for more in ((), ("--corpus", "mine.txt")):
        line = fails(capsys, "adversarial", "--run", "runs/mine/seqgan", "--resume", *more)
        assert (
            f"runs/mine/seqgan is a child of the run runs/mine, whose generator it began with: go on with {command}"
            in line
        )
    assert run(*command.split()[1:], "--rounds", "3", "--no-verdict", "--quiet") == 0
    monkeypatch.chdir(child)
    assert f"--run {pretrained} --name seqgan" in fails(capsys, "adversarial", "--run", ".", "--resume")
    shutil.copytree(child, here / "alone")
    line = fails(capsys, "adversarial", "--run", here / "alone", "--resume")
    assert "alone began with the generator of a pretrained run, and no run is in the folder that holds it" in line
    assert "--corpus" not in line


@pytest.mark.slow(reason="trains by commands")
def test_from_nothing_with_a_corpus(here, capsys):
    line = fails(capsys, "adversarial", "--algo", "wgan-gp")
    assert "Or start wgan-gp from nothing, with --corpus FILE." in line
    assert "from nothing" not in fails(capsys, "adversarial", "--algo", "maligan")
    small = [
        *("--generator.hidden-size", "8", "--discriminator.hidden-size", "8", "--generator.layers", "1"),
        *("--discriminator.layers", "1", "--adversarial.batch-size", "6", "--adversarial.discriminator-pool", "6"),
        *("--adversarial.evaluate-every", "1", "--adversarial.evaluate-samples", "10", "--data.max-length", "20"),
    ]
    command = ("adversarial", "--algo", "wgan-gp", "--corpus", "mine.txt")
    assert run(*command, *small, "--rounds", 2, "--quiet") == 0
    folder = here / "runs" / "mine-wgan-gp"
    assert run(*command, "--rounds", 3, "--resume") == 0
    from seqgan.runs import open_run, read_metrics

    opened = open_run(folder)
    assert (opened.config.data.tokenizer, opened.config.data.max_length) == ("characters", 20)
    assert opened.config.generator.name == "residual-conv"
    logged = read_metrics(folder / "metrics.jsonl")
    assert [line["step"] for line in logged] == [0, 1, 2, 3]
    assert run("adversarial", "--algo", "wgan-gp", "--run", folder, "--rounds", 4, "--resume", "--quiet") == 0
    assert read_metrics(folder / "metrics.jsonl")[-1]["step"] == 4
    assert {"eval/js-1", "eval/js-4-floor"} <= set(logged[0])
    assert "eval/js-4" in logged[3]
    capsys.readouterr()
    assert run("sample", "--run", folder, "--count", 4, "--quiet") == 0
    assert len(capsys.readouterr().out.split("\n")) == 5
    assert run("evaluate", "--run", folder, "--count", 20, "--metrics", "nll", "js", "in-test", "--quiet") == 0
    shown = capsys.readouterr().out
    assert "mean of 2000 draws" in shown
    assert "in-test-4" in shown
    assert run("evaluate", "--run", folder, "--count", 2, "--metrics", "nll", "--draws", 7) == 0
    few = capsys.readouterr().out
    assert "mean of 7 draws" in few
    assert "real text" not in few  # a likelihood is a generator's alone
    assert "real text" in shown  # the floor of js, though the file has no test text beside
    assert "|hyps:20|" in shown
    assert "makes all positions at once" in fails(capsys, "sample", "--run", folder, "--temperature", "0.5")
    line = fails(capsys, "sample", "--run", folder, "--beam", "1", "--count", "3")
    assert "makes all positions at once, and has nothing to search: leave out --beam" in line
    assert "No pretrained run" in fails(capsys, "adversarial")  # this one was made from nothing


@pytest.mark.slow(reason="trains players of several kinds")
def test_other_players_than_the_algorithms_have_sizes_of_their_own(here, pretrained, capsys):
    from seqgan.runs import open_run
    from seqgan.settings.discriminator import DiscriminatorConfig
    from seqgan.settings.generator import GeneratorConfig

    tiny = ("--rounds", 1, "--adversarial.batch-size", 4, "--adversarial.discriminator-pool", 4, "--quiet")
    tiny += ("--adversarial.discriminator-steps", 1, "--adversarial.evaluate-samples", 4, "--data.max-length", 6)
    begun = ("adversarial", "--corpus", "mine.txt", *tiny)
    gru = ("--generator.name", "gru", "--generator.state-noise", "10", "--discriminator", "rnn")
    (here / "gru.yaml").write_text("generator: {name: gru, state_noise: 10}\ndiscriminator: {name: rnn}\n")
    for number, asked in enumerate((gru, ("--config", "gru.yaml"))):
        assert run(*begun, "--algo", "wgan-gp", "--run", f"gru{number}", *asked) == 0
        config = open_run(f"gru{number}").config
        # Not the five blocks of the algorithm's convolutions; that nothing is dropped is the algorithm's.
        assert config.generator == GeneratorConfig(name="gru", state_noise=10, dropout=0)
        assert config.discriminator == DiscriminatorConfig(name="rnn", dropout=0)
    small = ("--generator.hidden-size", 8, "--generator.embedding-size", 8, "--discriminator.hidden-size", 8)
    assert run(*begun, "--preset", "wgan-gp-recurrent", "--run", "press", *small) == 0
    config = open_run("press").config
    assert (config.generator.layers, config.discriminator.layers) == (1, 1)
    assert (config.generator.greedy, config.adversarial.teacher_helping) == (True, True)
    assert (
        run(*begun, "--algo", "gsgan", "--run", "attention", "--generator", "transformer", "--generator.heads", 4) == 0
    )
    # What is asked of many views is not asked of a network that has one.
    child = ("adversarial", "--algo", "relgan", "--discriminator", "cnn", "--discriminator.filters", "0.02")
    assert run(*child, *tiny[:-2]) == 0
    assert open_run(pretrained / "relgan").config.discriminator.per_view is False


@pytest.mark.slow(reason="trains a model")
def test_what_cannot_start_from_nothing(pretrained, here, capsys):
    line = fails(capsys, "adversarial", "--algo", "seqgan", "--corpus", "mine.txt")
    assert "seqgan improves a generator that was pretrained" in line
    line = fails(capsys, "adversarial", "--algo", "wgan-gp", "--corpus", "mine.txt", "--name", "x")
    assert "--name is of a child of a pretrained run" in line
    line = fails(capsys, "adversarial", "--algo", "wgan-gp", "--corpus", "mine.txt", "--run", pretrained)
    assert "Start from nothing" in line  # there the corpus says where the run's text is now
    line = fails(capsys, "adversarial", "--algo", "wgan-gp", "--adversarial.credit", "sequence")
    assert "adversarial.credit belongs to algorithms that reward samples" in line
    line = fails(capsys, "adversarial", "--algo", "wgan-gp")
    assert "all its samples would be alike" in line
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", "--run", "x", "--generator", "residual-conv")
    assert "has no likelihood to maximise" in line
    line = fails(capsys, "pretrain", "--corpus", "mine.txt", "--run", "x", "--generator.state-noise", "1")
    assert "relaxed samples alone" in line
    noisy = ("--generator", "transformer", "--generator.state-noise", "1")
    line = fails(capsys, "adversarial", "--algo", "gsgan", "--corpus", "mine.txt", *noisy, "--run", "x")
    assert "noise in a recurrent state, which a transformer has not" in line
    assert not (here / "runs" / "mine-wgan-gp").exists()
    small = ["--rounds", 1, "--discriminator.filters", "0.02", "--no-verdict", "--quiet"]
    assert run("adversarial", "--algo", "relgan", *small) == 0
    assert fails(capsys, "sample", "--run", here / "runs" / "mine", "--prefix", "zebra")


FEW = ["--temperatures", 0.7, 0.85, 1.15, "--sets", 2, "--count", 30]


@pytest.mark.slow(reason="sweeps of temperature")
def test_whether_it_helped(here, pretrained, capsys):
    assert run("adversarial", *SMALL_GAN[:-1]) == 0  # without --no-verdict
    child = pretrained / "seqgan"
    err = capsys.readouterr().err
    assert "Maximum likelihood of runs/mine goes on for at most 2 updates" in err
    first = json.loads((child / "verdict.json").read_text())
    assert first["sentence"] in err
    assert first["compared_with"] == "runs/mine"
    assert first["evidence"]["count"] == 20
    assert len(json.loads((child / "sweep.json").read_text())["points"]) == 5

    compare = ["evaluate", "--run", child, "--compare", pretrained, *FEW]
    assert run(*compare, "--quiet") == 0
    shown = capsys.readouterr().out
    verdict = json.loads((child / "verdict.json").read_text())
    lines = [line for line in shown.split("\n") if line]
    below = lines.index(verdict["sentence"])  # the answer stands first, what it rests on below it
    assert "interval of 95%" in lines[below - 1]
    assert any(line.startswith("Held-out nats a token") for line in lines[below + 1 :])
    for name in (pretrained, child):
        assert f"temperature           bleu-4 ↑       self-bleu-4             nll ↓  {name}" in shown
    assert run(*compare, "--equal-budget", "none", "--json", "-", "--quiet") == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {
        *("run", "checkpoint", "weights", "weights_of", "specification"),
        *("metrics", "compared", "sweep", "verdict"),
    }
    assert printed["verdict"]["weights_of"] == {"..": printed["sweep"][str(pretrained)]["weights"]}
    assert printed["verdict"]["weights"] == printed["sweep"][str(child)]["weights"] == printed["weights"]
    assert "equal_budget" not in printed["verdict"]["evidence"]
    assert [*printed["sweep"]] == [str(pretrained), str(child)]
    for folder in (pretrained, child):
        kept = json.loads((folder / "sweep.json").read_text())
        assert kept == printed["sweep"][str(folder)]
        assert {0.7, 0.85, 1.0, 1.15} <= {point["temperature"] for point in kept["points"]}
    assert json.loads((child / "verdict.json").read_text()) == printed["verdict"]
    assert not (pretrained / "verdict.json").exists()


@pytest.mark.slow(reason="sweeps of temperature for several seeds")
def test_several_seeds_and_budgets(here, pretrained, capsys):
    for seed in (1, 2):
        assert run("adversarial", *SMALL_GAN, "--seed", seed, "--name", f"s{seed}", "--quiet") == 0
    one, other = (pretrained / name for name in ("s1", "s2"))
    compare = ["evaluate", "--run", one, "--compare", pretrained, "--seeds-of", other, *FEW, "--quiet"]
    assert run(*compare, "--equal-budget", "time", "--json", "-") == 0
    printed = json.loads(capsys.readouterr().out)
    evidence = printed["verdict"]["evidence"]
    assert evidence["candidates"] == 2
    assert evidence["equal_budget"]["budget"] == "time"
    assert {str(one), str(other), str(pretrained)} <= set(printed["sweep"])
    (one / "metrics.jsonl").write_text("")
    assert run(*compare) == 0
    assert "was not given an equal budget: " in capsys.readouterr().out


@pytest.mark.slow(reason="sweeps of temperature")
def test_the_same_weights_twice_are_no_difference_and_scaled_ones_are_sharper_only(here, capsys):
    from safetensors.torch import load_file, save_file

    (here / "valid.txt").write_text("\n".join(LINES[:18]) + "\n")
    learn = ["--pretrain.learning-rate", 0.02, "--pretrain.batch-size", 8, "--quiet"]
    assert run("pretrain", "--corpus", "mine.txt", "--valid", "valid.txt", *SMALL, *learn) == 0
    pretrained = here / "runs" / "mine"
    assert run("adversarial", *SMALL_GAN, "--quiet") == 0
    weights = load_file(pretrained / "generator.safetensors")
    place = pretrained / "seqgan" / "generator.safetensors"
    compare = ["evaluate", "--run", place.parent, "--compare", pretrained, "--metrics", "unique", "--count", 500]
    for scale, kind in ((1.0, "no-difference"), (1.5, "sharper-only")):
        scaled = {name: value * scale if name.startswith("output") else value for name, value in weights.items()}
        save_file(scaled, place)
        options = ["--temperatures", 0.5, 0.6, 0.7, 0.85, 1.15, "--equal-budget", "none", "--sets", 5]
        assert run(*compare, *options, "--json", "-", "--quiet") == 0
        verdict = json.loads(capsys.readouterr().out)["verdict"]
        assert verdict["kind"] == kind, verdict["sentence"]


@pytest.mark.slow(reason="sweeps of temperature")
def test_a_sweep_alone_and_runs_that_have_none(here, pretrained, capsys):
    assert run("evaluate", "--run", pretrained, *FEW, "--json", "-", "--quiet") == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"run", "checkpoint", "weights", "compared", "metrics", "specification", "sweep"}
    assert (pretrained / "sweep.json").exists()

    (here / "other.txt").write_text("\n".join(["x y z ."] * 20 + ["z y x ."] * 20) + "\n")
    assert run("pretrain", "--corpus", "other.txt", *SMALL, "--quiet") == 0
    assert run("evaluate", "--run", pretrained, "--compare", "runs/other", "--count", 10, "--quiet") == 0
    assert "No verdict: " in (shown := capsys.readouterr().out)
    assert "have other held-out sentences" in shown
    settings = pretrained / "config.yaml"
    settings.write_text(settings.read_text().replace("state_noise: 0.0", "state_noise: 1.0"))
    assert run("evaluate", "--run", pretrained, "--temperatures", 0.5, "--count", 10, "--quiet") == 0
    assert "its first state has no temperature" in capsys.readouterr().out


def test_flags_of_the_verdict_that_do_not_go_together(here, pretrained, capsys):
    files = ["--samples", "mine.txt", "--references", "mine.txt"]
    assert "whose sentences are as they are" in fails(capsys, "evaluate", *files, "--temperatures", 0.5)
    assert "name the run to beat" in fails(capsys, "evaluate", "--seeds-of", pretrained)
    assert "give one or the other" in fails(capsys, "evaluate", "--table-only", "--temperatures", 0.5)
    assert "choose updates, time, none" in fails(capsys, "evaluate", "--equal-budget", "money")
    assert "give one above 0" in fails(capsys, "evaluate", "--temperatures", 0)
    assert "nowhere does not exist" in fails(capsys, "evaluate", "--compare", pretrained, "--seeds-of", "nowhere")
    twice = ["--run", pretrained, "--compare", "x", "--seeds-of", pretrained]
    assert "names a run twice" in fails(capsys, "evaluate", *twice)


RARE = [f"{name} walks to {place} ." for name in ("ann", "ben", "eva") for place in ("work", "town")] * 4
RARE += [f"name{number} walks to town ." for number in range(12)]


def test_what_the_text_never_has_and_the_unknown_symbol_are_drawn_and_searched_for_where_they_are_asked_for(
    here, capsys
):
    (here / "rare.txt").write_text("\n".join(RARE) + "\n")
    few = ["--epochs", "12", "--pretrain.patience", "0", *SMALL[:4], "--data.min-count", "2"]
    assert run("pretrain", "--corpus", "rare.txt", *few, "--quiet") == 0
    capsys.readouterr()
    for how in (
        ["--count", 60],
        ["--count", 60, "--temperature", 2],
        ["--beam", 200],
        ["--count", 9, "--prefix", "ann"],
    ):
        assert run("sample", "--run", "runs/rare", *how) == 0
        out, err = capsys.readouterr()
        assert "<unk>" not in out
        assert err.count("The training text has words outside the vocabulary, and samples have none") == 1
        assert run("sample", "--run", "runs/rare", *how, "--all-symbols") == 0
        out, err = capsys.readouterr()
        lines = out.split("\n")[:-1]
        there = sum("<unk>" in line for line in lines)
        assert "has words outside" not in err
        if "--prefix" not in how:
            assert there
            assert f"The unknown symbol, <unk>, stands in {there} of {len(lines)} lines." in err
    assert run("evaluate", "--run", "runs/rare", "--count", 20, "--metrics", "unique", "nll", "--table-only") == 0
    out = capsys.readouterr().out
    assert "|drawn:of known tokens alone" in out
    assert "|vocabulary:10 unmasked|temperature:1|" in out


@pytest.mark.slow(reason="trains a tokenizer and a run")
def test_single_bytes_that_the_text_never_has_are_not_drawn(here, capsys):
    (here / "tiny.txt").write_text("ab ab\nab ba\nba ba\naab b\n" * 5)
    assert run("pretrain", "--corpus", "tiny.txt", "--tokenizer", "sentencepiece", *SMALL, "--quiet") == 0
    assert run("adversarial", "--run", "runs/tiny", "--algo", "seqgan", *SMALL_GAN, "--quiet") == 0
    out = here / "out.txt"
    for folder in ("runs/tiny", "runs/tiny/seqgan"):
        for how in ([], ["--temperature", 5], ["--best-of", 2, "--scores"] if "/seqgan" in folder else ["--beam", 300]):
            assert (
                run("sample", "--run", folder, "--count", 200, "--quiet", "--output", "out.txt", "--overwrite", *how)
                == 0
            )
            lines = (here / "out.txt").read_text(encoding="utf-8").split("\n")[:-1]
            assert set("".join(line.split("\t")[0] for line in lines)) <= set("ab ")
    judged = (here / "runs" / "tiny" / "seqgan" / "samples" / "round-000002.txt").read_text(encoding="utf-8")
    assert set(judged) <= set("ab \n")
    assert run("export", "--run", "runs/tiny", "--output", "model", "--quiet") == 0
    from seqgan.exporting import ExportedGenerator

    model = ExportedGenerator.from_pretrained("model")
    assert set("".join(model.sample(200, temperature=5.0))) <= set("ab ")
    capsys.readouterr()
    assert run("sample", "--run", "runs/tiny", "--count", 200, "--temperature", 5, "--all-symbols") == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 200
    assert "\ufffd" not in out
    assert "of 200 lines changed, so that each is a line of text" in err
