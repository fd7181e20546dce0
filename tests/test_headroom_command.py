"""`seqgan headroom`, and what an adversarial training says before its first round."""

import itertools
import json
import math
import random
import shutil

import msgspec
import pytest
import torch
from support.tiny import ADVERSARIAL, DISCRIMINATOR, GENERATOR, new_run

import seqgan
from seqgan.build import build_discriminator, build_generator, build_text
from seqgan.cli.main import main
from seqgan.errors import ConfigError
from seqgan.evaluation.headroom import deciding_part, headroom_of
from seqgan.evaluation.score import sequence_scores
from seqgan.jobs.headroom import OF_SOURCE
from seqgan.objectives import ALGORITHMS, GAD, RESIDUAL, SEQGAN
from seqgan.runs import open_run, save_weights
from seqgan.runs.load import load_discriminator, load_generator, load_text
from seqgan.runs.metric_log import read_metrics
from seqgan.settings.data import DataConfig
from seqgan.training import train_adversarially
from seqgan.training.players import LOOK_UPDATES

LINES = [
    f"the {' '.join(three)} ."
    for three in itertools.product(
        ("dog", "cat", "bird", "cow", "pig"), ("runs", "sleeps", "eats", "sings"), ("here", "there", "now")
    )
]
SMALL = RESIDUAL._replace(
    defaults={
        "discriminator": {"filters": 0.02, "embedding_size": 6},
        "adversarial": {**RESIDUAL.defaults["adversarial"], "rounds": 2, "discriminator_steps": 2, "batch_size": 16},
    }
)


def run(*words):
    return main([*map(str, words), "--device", "cpu"])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The algorithm with small networks and few rounds."""
    monkeypatch.setitem(ALGORITHMS, RESIDUAL.name, SMALL)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    rng = random.Random(0)
    for name, size in (("train", 300), ("valid", 80), ("test", 70)):
        (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in rng.choices(LINES, k=size)))
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "2"]
    assert run("pretrain", "--corpus", folder, "--run", folder / "run", *sizes, "--quiet") == 0
    return folder / "run"


@pytest.fixture
def made(pretrained, tmp_path):
    shutil.copytree(pretrained, tmp_path / "run")
    return tmp_path / "run"


def test_the_command_trains_a_discriminator_once_and_says_what_it_is_worth(made, capsys, tmp_path):
    words = ["headroom", "--run", made, "--samples", "400"]
    assert run(*words) == 0
    out, err = capsys.readouterr()
    child = open_run(made / "residual")
    rows = out.split("\n")
    assert [row[:10].strip() for row in rows[1:8]] == [
        *("told apart", "total vari", "Jensen-Sha", "gain, nats", "perplexity", "log of the", "effective"),
    ]
    assert rows[-2].endswith(".")
    assert "All numbers are of 70 sentences of the test text." in err
    kept = json.loads(child.headroom_path.read_text())
    assert kept["sentence"] == rows[-2]
    recipe = {"samples": 400, "seed": 0, "text": child.config.data.fingerprint, "of": "test text"}
    assert kept["recipe"] == {**recipe, "seqgan": seqgan.__version__}
    assert kept["weights"]["sha256"] == kept["weights_of"][".."]["sha256"]

    # The numbers are those of the players as they are, on the test text.
    text = load_text(child)
    deciding = deciding_part(text, child.reading)
    judge, generator = load_discriminator(child), load_generator(child)
    real = sequence_scores(judge, deciding)
    rng = torch.Generator().manual_seed(0)
    drawn = seqgan.sample(generator, 400, child.config.data.max_length, rng=rng)
    with torch.no_grad():
        expected = headroom_of(real, judge(*drawn), deciding.mask.sum(dim=1))
    assert kept["gain"]["value"] == pytest.approx(expected.gain.value, abs=1e-5)
    assert kept["told_apart"]["value"] == pytest.approx(expected.told_apart.value, abs=1e-9)

    # Again: nothing is trained, and Python finds the same.
    before = child.metrics_path.read_bytes()
    assert run(*words, "--json", tmp_path / "found.json", "--quiet") == 0
    assert capsys.readouterr() == (out, "")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found == {name: kept[name] for name in found}
    again = seqgan.headroom(child, samples=400, device="cpu")
    assert again.to_json() == found
    assert child.metrics_path.read_bytes() == before
    assert run(*words, "--json", tmp_path / "found.json") == 2
    assert "found.json exists: replace it with --overwrite" in capsys.readouterr().err
    assert run(*words, "--json", tmp_path / "found.json", "--overwrite", "--quiet") == 0
    capsys.readouterr()
    assert run(*words, "--json", "-", "--quiet", "--seed", "1") == 0
    other = json.loads(capsys.readouterr().out)
    assert other["gain"]["value"] != found["gain"]["value"]
    assert other["sentences"] == 70


def test_a_discriminator_of_other_weights_is_refused(made, capsys):
    seqgan.headroom(made, samples=200, device="cpu")
    generator = load_generator(open_run(made))
    with torch.no_grad():
        next(generator.parameters()).add_(0.1)
    save_weights(generator, open_run(made).generator_path, open_run(made).vocabulary_fingerprint)
    capsys.readouterr()
    assert run("headroom", "--run", made, "--quiet") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "residual was trained against other weights than" in line
    assert "give another --name" in line
    found = seqgan.headroom(made, name="second", samples=200, device="cpu")
    assert open_run(made / "second").headroom_path.exists()
    assert math.isfinite(found.gain.value)


def test_a_training_that_runs_out_of_time_is_gone_on_with(made):
    with pytest.raises(ConfigError, match=r"minutes is 1e-09, and no round of .* was at its end by then: give more"):
        seqgan.headroom(made, samples=200, minutes=1e-9, device="cpu")
    said = []

    class Progress(type(seqgan.jobs.headroom.SILENT)):
        def note(self, line):
            said.append(line)

    seqgan.headroom(made, samples=200, device="cpu", progress=Progress())
    assert any("is not at its end: it goes on." in line for line in said)
    rounds = [line["step"] for line in read_metrics(open_run(made / "residual").metrics_path)]
    assert max(rounds) == 2
    seqgan.headroom(made, samples=200, rounds=3, device="cpu")
    assert max(line["step"] for line in read_metrics(open_run(made / "residual").metrics_path)) == 3


def test_mistakes_are_told_in_a_line(made, capsys, tmp_path):
    for words, message in (
        (["--name", "../other"], "it names a folder in the run"),
        (["--samples", "3"], "--samples is 3"),
        (["--minutes", "-1"], "--minutes is -1"),
        (["--json", tmp_path / "none" / "file.json"], "there is no folder"),
        (["--json", made / "config.yaml"], "is a file of the run"),
        (["--discriminator", "nobody"], "nobody"),
    ):
        capsys.readouterr()
        assert run("headroom", "--run", made, "--quiet", *words) == 2, words
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert not (made / "residual").exists()
    with pytest.raises(ConfigError, match="samples is 3"):
        seqgan.headroom(made, samples=3)


def test_a_child_that_is_none_is_refused(made):
    seqgan.headroom(made, samples=200, device="cpu")
    with pytest.raises(ConfigError, match=r"The discriminator of .*residual is cnn, and --discriminator is rnn"):
        seqgan.headroom(made, discriminator="rnn", device="cpu")
    shutil.copytree(made / "residual", made / "other")
    config = (made / "other" / "config.yaml").read_text()
    section = config[config.index("algorithm:") : config.index("adversarial:")]
    (made / "other" / "config.yaml").write_text(config.replace(section, "algorithm:\n  name: seqgan\n"))
    with pytest.raises(ConfigError, match="was trained by seqgan, whose generator does not stand still"):
        seqgan.headroom(made, name="other", device="cpu")


def test_pairs_have_samples_of_each_source(tmp_path):
    rng = random.Random(0)
    for name, size in (("train", 300), ("valid", 120), ("test", 80)):
        pairs = (f"{line.split()[1]} ?\t{line}\n" for line in rng.choices(LINES, k=size))
        (tmp_path / f"{name}.tsv").write_text("".join(pairs))
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "1"]
    assert run("pretrain", "--corpus", tmp_path, "--run", tmp_path / "run", *sizes, "--quiet") == 0
    found = seqgan.headroom(tmp_path / "run", samples=60 * OF_SOURCE, device="cpu")
    assert (found.sentences, found.samples) == (60, OF_SOURCE)
    assert found.gain.low <= found.gain.value <= found.gain.high
    with pytest.raises(ConfigError, match="come from 10 held-out sentences, and 50 are the least"):
        seqgan.headroom(tmp_path / "run", samples=10 * OF_SOURCE, device="cpu")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Enough held-out sentences for a look, and for halves of it."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "text.txt").write_text("\n".join(LINES[::2] * 8) + "\n")
    (folder / "valid.txt").write_text("\n".join(LINES[1::2] * 5) + "\n")
    return build_text(DataConfig(corpus=str(folder / "text.txt"), valid=str(folder / "valid.txt")))


WARMING = msgspec.structs.replace(
    ADVERSARIAL, warmup_steps=LOOK_UPDATES, rounds=1, batch_size=16, discriminator_learning_rate=0.01
)


def trained(text, algorithm=SEQGAN, config=WARMING, **arguments):
    """The log and what was said."""
    said = []

    class Progress(type(seqgan.jobs.headroom.SILENT)):
        def note(self, line):
            said.append(line)

    torch.manual_seed(0)
    generator = build_generator(GENERATOR, text.vocabulary, text.max_length)
    discriminator = build_discriminator(DISCRIMINATOR, text.vocabulary, text.max_length)
    done = train_adversarially(
        generator, discriminator, text, algorithm, config, progress=Progress(), seed=1, **arguments
    )
    return done.log, [line for line in said if line.startswith("Before the first round")]


def test_a_training_says_before_its_first_round_what_there_is_to_gain(text):
    log, said = trained(text)
    (line,) = [line for line in log if "headroom/gain" in line]
    assert line["phase"] == "warmup"
    assert line["step"] == LOOK_UPDATES
    assert 0.5 <= line["headroom/told_apart"] <= 1
    (said,) = said
    assert f"{line['headroom/told_apart']:.1%} told apart" in said
    assert "seqgan headroom --run RUN measures it" in said


@pytest.mark.parametrize(
    ("algorithm", "change"),
    [
        (GAD, {"warmup_steps": 25}),
        (SEQGAN, {"credit": "prefix"}),
        (SEQGAN, {"warmup_steps": 3}),  # which is over before a look
    ],
)
def test_where_logits_are_no_log_odds_of_whole_sentences_nothing_is_said(text, algorithm, change):
    log, said = trained(text, algorithm, msgspec.structs.replace(WARMING, **change))
    assert said == []
    assert not any(name.startswith("headroom/") for line in log for name in line)


def test_a_resumed_training_does_not_say_it_again(text, tmp_path):
    folder = new_run(text, tmp_path / "run", adversarial=WARMING, algorithm={"name": "seqgan"})
    _, said = trained(text, run=folder)
    assert len(said) == 1
    log, said = trained(text, config=msgspec.structs.replace(WARMING, rounds=2), run=folder, resume=True)
    assert [line["step"] for line in log if line["phase"] == "adversarial"] == [1, 2]
    assert said == []
    written = read_metrics(folder.metrics_path)
    assert sum("headroom/gain" in line for line in written) == 1


def test_what_is_asked_of_a_training_that_is_not_made_is_refused(made, capsys):
    assert run("headroom", "--run", made, "--rounds", "1", "--samples", "400", "--quiet") == 0
    assert run("headroom", "--run", made / "residual", "--rounds", "5") == 2
    assert "is used as it is: leave out --rounds" in capsys.readouterr().err


def test_too_little_text_to_decide_is_told_before_a_discriminator_is_trained(pretrained, tmp_path):
    shutil.copytree(pretrained.parent, tmp_path / "moved", ignore=shutil.ignore_patterns("run"))
    lines = (tmp_path / "moved" / "valid.txt").read_text().splitlines()[:60]
    (tmp_path / "moved" / "valid.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "moved" / "test.txt").write_text("\n".join(lines[:10]) + "\n")
    sizes = ["--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "1"]
    assert run("pretrain", "--corpus", tmp_path / "moved", "--run", tmp_path / "few", *sizes, "--quiet") == 0
    with pytest.raises(ConfigError, match="come from 10 held-out sentences, and 50 are the least"):
        seqgan.headroom(tmp_path / "few", device="cpu")
    assert not (tmp_path / "few" / "residual").exists()
