"""Conversations that are longer than a run reads, through all commands and what they write: the newest turns count."""

import json

import pytest
import torch
import yaml

from seqgan.cli.main import main
from seqgan.data.source_cut import fit_sources
from seqgan.evaluation.pairs import HeldPairs, encoded, evaluate_answers
from seqgan.exporting import ExportedDiscriminator, ExportedGenerator, discriminator_reward_function
from seqgan.runs.directory import open_run
from seqgan.runs.load import load_generator, load_text

OLD = "old words here __eou__ more old words __eou__ "
SHORT = ["who is in ? __eou__ is jo in ?", "is al in ?"]
LONG = [OLD + "who is in ? __eou__ is jo in ?", OLD * 3 + "so so many words that nobody reads __eou__ is al in ?"]
SMALL = [
    *("--generator.embedding-size", "8", "--generator.hidden-size", "12", "--epochs", "2", "--quiet"),
    *("--data.max-source-length", "9"),
]
SMALL_GAN = [
    *("--rounds", "1", "--adversarial.batch-size", "4", "--adversarial.discriminator-pool", "8", "--quiet"),
    *("--adversarial.warmup-steps", "2", "--adversarial.evaluate-samples", "5", "--adversarial.evaluate-every", "1"),
    *("--discriminator", "hierarchical", "--discriminator.hidden-size", "8", "--no-verdict"),
    *("--adversarial.credit", "sequence", "--algo", "dialogue"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of conversations, of which half are longer than it reads, and a child of it."""
    here = tmp_path_factory.mktemp("talk")
    names = ("jo", "al", "ed", "bo")
    lines = [f"{old}{a} or {b} ? __eou__ is {a} in ?\tno {a}\n" for a in names for b in names for old in ("", OLD)]
    (here / "talk.tsv").write_text("".join(lines))
    options = ["--corpus", here / "talk.tsv", "--valid", here / "talk.tsv", "--run", here / "run", *SMALL]
    assert main([*map(str, ["pretrain", *options])]) == 0
    assert main(["adversarial", "--run", str(here / "run"), *SMALL_GAN]) == 0
    for name, sources in (("short", SHORT), ("long", LONG)):
        (here / f"{name}.txt").write_text("".join(f"{source}\n" for source in sources))
    (here / "answers.txt").write_text("no jo\nno al\n")
    return here


def printed(capsys, *arguments):
    capsys.readouterr()
    assert main([*map(str, arguments)]) == 0
    return capsys.readouterr()


def test_what_is_sampled_and_scored_is_so_for_the_newest_turns(folder, capsys):
    child = folder / "run" / "dialogue"
    for more in ([], ["--beam", 3], ["--best-of", 3, "--scores"]):
        samples = [
            printed(capsys, "sample", "--run", child, "--source", folder / f"{name}.txt", *more)
            for name in ("short", "long")
        ]
        assert samples[0].out == samples[1].out
        assert "exceed" not in samples[0].err
        assert "2 of 2 sources exceed 9 tokens: their oldest turns are left out." in samples[1].err
    scores = [
        printed(capsys, "score", "--run", child, "--input", folder / "answers.txt", "--source", path, "--likelihood")
        for path in (folder / "short.txt", folder / "long.txt")
    ]
    numbers = [[line.split("\t")[2:] for line in each.out.splitlines()] for each in scores]
    assert len(numbers[0][0]) == 2
    assert numbers[0] == numbers[1]
    assert "2 of 2 sources exceed 9 tokens: their oldest turns are left out." in scores[1].err


def test_what_is_exported_reads_them_too(folder, tmp_path, capsys):
    child = folder / "run" / "dialogue"
    ExportedGenerator.from_run(child).save_pretrained(tmp_path / "generator")
    ExportedDiscriminator.from_run(child).save_pretrained(tmp_path / "judge")
    for generator in (ExportedGenerator.from_run(child), ExportedGenerator.from_pretrained(tmp_path / "generator")):
        assert generator.sample(sources=LONG) == generator.sample(sources=SHORT)
    answers = ["no jo", "no al"]
    expected = ExportedDiscriminator.from_run(child).score(answers, SHORT)
    assert expected[0] != expected[1]
    assert ExportedDiscriminator.from_pretrained(tmp_path / "judge").score(answers, LONG) == expected
    reward = discriminator_reward_function(tmp_path / "judge")
    assert reward(LONG, answers) == expected
    turns = [{"role": "user", "content": turn.strip()} for turn in LONG[0].split("__eou__")]
    assert reward([turns], answers[:1]) == pytest.approx(expected[:1], abs=1e-5)
    # A model that was exported before knows nothing of it, and goes on as it did.
    path = tmp_path / "judge" / "config.json"
    content = json.loads(path.read_text())
    assert content["data"].pop("source_cut") == "beginning"
    path.write_text(json.dumps(content))
    before = ExportedDiscriminator.from_pretrained(tmp_path / "judge")
    assert before.config.data.source_cut == "end-of-turns"
    first = " ".join(LONG[0].split()[:9])
    assert before.score(answers[:1], LONG[:1]) == before.score(answers[:1], [first]) != expected[:1]


def test_held_out_pairs_are_judged_by_them(folder):
    run = open_run(folder / "run")
    text = load_text(run)
    ids, mask = encoded(text, LONG)
    known = encoded(text, SHORT)
    assert torch.equal(ids, known[0])
    assert torch.equal(mask, known[1])
    generator = load_generator(run)
    held = [text.corpus.sources.valid[row::2] for row in (0, 1)]  # without old turns, and with them
    values = []
    for sources in held:
        references = ["no jo"] * len(sources)
        report = evaluate_answers(generator, text, families=["nll"], held=HeldPairs(sources, references, "valid"))
        values.append(report["nll"].value)
        assert ("|sources without their turns:16|" in report["nll"].signature) == (sources == held[1])
    assert values[0] == pytest.approx(values[1], abs=1e-6)


def test_a_run_that_was_made_before_goes_on_cutting_the_end(folder, tmp_path, capsys):
    config = yaml.safe_load((folder / "run" / "config.yaml").read_text())
    assert config["data"].pop("source_cut") == "beginning"
    old = tmp_path / "old"
    old.mkdir()
    for path in (folder / "run").iterdir():
        if path.is_file():
            (old / path.name).write_bytes(path.read_bytes())
    (old / "config.yaml").write_text(yaml.safe_dump(config))
    said = printed(capsys, "sample", "--run", old, "--source", folder / "long.txt", "--beam", 1)
    assert "2 of 2 sources exceed 9 tokens: their end is cut." in said.err
    run = open_run(old)
    (tokens,), _ = fit_sources(LONG[:1], run.source_tokenizer, 9, run.reading.cut)
    assert tokens == LONG[0].split()[:9]


def test_a_rule_that_is_none_is_refused_before_work(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    arguments = ["pretrain", "--corpus", str(folder / "talk.tsv"), "--data.source-cut", "left"]
    assert main(arguments) == 2
    assert "data.source_cut is 'left': choose auto, beginning or end." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
