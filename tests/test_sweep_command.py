"""A sweep from its file to its page, with trainings in this process; and the mistakes that are found before any."""

import contextlib
import hashlib
import io
import json
import re

import pytest

from seqgan.cli.main import main

pytest.importorskip("optuna", reason="optuna is not installed: pip install 'seqgan[sweep]'")
pytest.importorskip("submitit", reason="submitit is not installed: pip install 'seqgan[sweep]'")

FILE = """
command: both
config:
  data: {corpus: mine.txt}
  generator: {embedding_size: 8, hidden_size: 12}
  pretrain: {epochs: 1}
  discriminator: {filters: 0.02}
  adversarial: {rounds: 2, batch_size: 8, warmup_steps: 2, evaluate_samples: 10, evaluate_every: 1}
space:
  adversarial.generator_learning_rate: {low: 1e-4, high: 1e-2, log: true}
  adversarial.rollouts: [1, 2]
objective: bleu-2
trials: 2
seeds: [0, 1]
"""
LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")] * 3


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("\n".join(LINES) + "\n")
    (tmp_path / "mine.yaml").write_text(FILE)
    return tmp_path


def fails(capsys, *arguments):
    """The one line of a command that must end with exit code 2."""
    capsys.readouterr()
    assert main(list(arguments)) == 2
    (line,) = [line for line in capsys.readouterr().err.split("\n") if line.startswith("seqgan: error")]
    return line


@pytest.mark.slow(reason="trains four runs and judges them")
def test_the_whole_way(here, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'seqgan[report]'")
    from seqgan.sweeps.space import OF_COMMAND, read_space
    from seqgan.sweeps.workers import work

    calls = []

    def here_itself(process, watch):
        calls.append(process.arguments)
        with contextlib.redirect_stdout(io.StringIO()):
            return main([*process.arguments, "--quiet"])

    def one_worker(folder, sweep, count, device):
        assert count == 1
        work(folder, sweep, read_space(sweep.space, OF_COMMAND["both"], ""), device="cpu", runner=here_itself)
        return []

    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", one_worker)
    monkeypatch.setattr("seqgan.jobs.sweep_best.in_a_process", here_itself)
    assert main(["sweep", "mine.yaml", "--device", "cpu", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("mine: 2 complete; 2 in all.")
    folder = here / "sweeps" / "mine"
    results = json.loads((folder / "results.json").read_text())
    assert [trial["state"] for trial in results["trials"]] == ["complete", "complete"]
    (test,) = results["test"]
    assert test["trial"] == results["best"][0]
    assert {"bleu-2", "nll", "self-bleu-4"} <= set(test["means"])
    assert test["split"] == "valid"  # this corpus has no test text, and the reader is told
    assert "The corpus has no test text" in shown

    # What each seed is worth is the last evaluation that its run logged; and its runs are ordinary ones.
    for trial in results["trials"]:
        for seed, run in trial["runs"].items():
            logged = [json.loads(line) for line in (folder / run / "metrics.jsonl").read_text().split("\n")[:-1]]
            assert trial["seeds"][seed] == [logged[-1]["eval/bleu-2"]]
            settings = (folder / run / "config.yaml").read_text()
            assert f"rollouts: {trial['settings']['adversarial.rollouts']}\n" in settings
            assert f"\nseed: {seed}\n" in settings
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    for trial in results["trials"]:
        for seed, run in trial["runs"].items():
            now = hashlib.sha256((folder / run / "generator.safetensors").read_bytes()).hexdigest()
            assert trial["weights"][seed]["weights"]["sha256"] == now
        assert trial["outdated"] == {}
    commands = [call[0] for call in calls]
    assert [commands.count(name) for name in ("pretrain", "adversarial", "evaluate")] == [2, 4, 2]

    # Again: nothing is left to do, and nothing is done.
    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", lambda folder, sweep, count, device: [][:count])
    assert main(["sweep", "mine.yaml", "--device", "cpu", "--quiet"]) == 0
    assert capsys.readouterr().out == shown
    assert main(["sweep", "mine.yaml", "--report", "--quiet"]) == 0
    assert capsys.readouterr().out == shown
    # What came of it is shown wherever it is asked for, and whether the text is still there or not.
    (here / "elsewhere").mkdir()
    (here / "mine.txt").rename(here / "moved.txt")
    monkeypatch.chdir(here / "elsewhere")
    report = ["sweep", "../mine.yaml", "--folder", "../sweeps/mine", "--report"]
    assert main([*report, "--quiet"]) == 0
    assert capsys.readouterr().out == shown
    (here / "mine.yaml").write_text(FILE.replace("hidden_size: 12", "hidden_size: 13"))
    assert "config is" in fails(capsys, *report)
    monkeypatch.chdir(here)
    (here / "moved.txt").rename(here / "mine.txt")
    assert len(calls) == 8
    # A run of the best that has other weights is told, and is judged again.
    (best,) = [trial for trial in results["trials"] if trial["number"] == results["best"][0]]
    (here / "mine.yaml").write_text(FILE)
    first, second = (folder / run / "generator.safetensors" for run in best["runs"].values())
    first.write_bytes(second.read_bytes())
    assert main(["sweep", "mine.yaml", "--report", "--quiet"]) == 0
    told = f"Trial {best['number']}, seed 0: results.json is of weights of round"
    assert told in capsys.readouterr().out
    assert json.loads((folder / "results.json").read_text())["test"] == []
    assert main(["sweep", "mine.yaml", "--device", "cpu", "--quiet"]) == 0
    assert [call[0] for call in calls[8:]] == ["evaluate", "evaluate"]
    assert main(["sweep", "mine.yaml", "--device", "cpu", "--quiet"]) == 0
    assert len(calls) == 10  # what was judged again stays
    (test,) = json.loads((folder / "results.json").read_text())["test"]
    assert test["weights"]["0"] == test["weights"]["1"]
    (here / "mine.yaml").write_text(FILE.replace("seeds: [0, 1]", "seeds: [0, 2]"))
    assert "was begun with [0, 1]" in fails(capsys, "sweep", "mine.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("adversarial.rollouts: [1, 2]", "adversarial.group_size: [0, 3]"),
            "adversarial.group_size 3 cannot be begun",
        ),
        (("adversarial.rollouts: [1, 2]", "adversarial.algo: [seqgan, segan]"), "algo segan cannot be begun"),
        (("command: both", "command: adversarial"), "improves a generator that was pretrained"),
        (("hidden_size: 12", "hiden_size: 12"), "Did you mean 'hidden_size'?"),
        (("command: both", "command: adversarial\nrun: no-such"), "no-such does not exist"),
        (("corpus: mine.txt", "corpus: gone.txt"), "There is no file or folder 'gone.txt'"),
        (("corpus: mine.txt", "corpus: mine.txt, valid: gone.txt"), "There is no file"),
        (("corpus: mine.txt", "corpus: damaged.txt"), "damaged.txt, line 2: byte 1 of the line, 0xff, is not UTF-8"),
        (("corpus: mine.txt", "corpus: mine.txt, tokenizer: word"), "Did you mean 'words'?"),
        (("adversarial.rollouts: [1, 2]", "data.tokenizer: [words, ids]"), "a trial with"),
        (("discriminator: {filters: 0.02}", "discriminator: {name: huggingface, path: none}"), "none is no folder"),
    ],
)
def test_mistakes_are_found_before_anything_starts(here, capsys, change, said):
    (here / "damaged.txt").write_bytes(b"a dog runs .\n\xff\n")
    (here / "mine.yaml").write_text(FILE.replace(*change))
    assert said in fails(capsys, "sweep", "mine.yaml")
    assert not (here / "sweeps").exists()


def test_a_host_that_hands_jobs_on_needs_no_device_and_reads_no_text(here, monkeypatch, capsys):
    from seqgan.sweeps.file import read_sweep_file

    def never(*arguments, **given):
        raise AssertionError

    monkeypatch.setattr("seqgan.jobs.sweep_check.build_text", never)
    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", lambda folder, sweep, count, device: [])
    (here / "mine.yaml").write_text(FILE + "cluster: slurm\n")
    assert read_sweep_file(here / "mine.yaml").cluster == "slurm"
    assert main(["sweep", "mine.yaml", "--device", "cuda:9", "--detach", "--quiet"]) == 0
    for change in (("corpus: mine.txt", "corpus: gone.txt"), ("corpus: mine.txt", "corpus: mine.txt, valid: gone.txt")):
        (here / "mine.yaml").write_text(FILE.replace(*change) + "cluster: slurm\n")
        assert "There is no file or folder 'gone.txt'" in fails(capsys, "sweep", "mine.yaml", "--folder", "other")
    (here / "mine.yaml").write_text(FILE + "cluster: slurm\n")
    assert "cuda" in fails(capsys, "sweep", "mine.yaml", "--worker", "--folder", "third", "--device", "cuda:9")


def test_the_text_of_a_given_run_is_looked_for_as_well(here, capsys):
    small = ["--epochs", "1", "--generator.hidden-size", "12", "--quiet"]
    assert main(["pretrain", "--corpus", "mine.txt", "--run", "mine", *small]) == 0
    file = FILE.replace("command: both", "command: adversarial\nrun: mine").replace("  pretrain: {epochs: 1}\n", "")
    (here / "mine.yaml").write_text(re.sub("  (data|generator): .*\n", "", file))
    weights = here / "mine" / "generator.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-9])
    assert "generator.safetensors" in fails(capsys, "sweep", "mine.yaml")
    weights.write_bytes(whole)
    (here / "mine.txt").write_text("another text\nand a second line\n")
    assert "is not the text that the run was trained on" in fails(capsys, "sweep", "mine.yaml")
    (here / "mine.txt").unlink()
    assert "mine.txt" in fails(capsys, "sweep", "mine.yaml")
    assert "cuda" in fails(capsys, "sweep", "mine.yaml", "--device", "cuda:9")
    assert not (here / "sweeps").exists()


@pytest.mark.slow(reason="trains runs and judges them")
def test_a_sweep_from_python_is_that_of_its_command(here, monkeypatch, capsys):
    from support.tiny_sweeps import Played

    from seqgan.errors import ConfigError, RunError
    from seqgan.jobs.sweep import start_sweep, sweep_settings, sweep_so_far, work_on_sweep
    from seqgan.progress import Progress
    from seqgan.sweeps.space import OF_COMMAND, read_space
    from seqgan.sweeps.workers import work

    played = Played(lambda trial, seed: [0.1, 0.3 + trial / 10 + seed / 100], metric="bleu-2")
    started = []

    def one_worker(folder, sweep, count, device):
        started.append((folder, count, device))
        space = read_space(sweep.space, OF_COMMAND["both"], "")
        work(folder, sweep, space, device=device, runner=played)
        return []

    def never(*arguments, **given):
        raise AssertionError

    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", one_worker)
    # The trainings are played, and there is nothing that could be judged on test text.
    monkeypatch.setattr("seqgan.jobs.sweep.with_best_judged", lambda record, folder, **how: record)
    with pytest.raises(RunError, match=r"holds no sweep: begin it with seqgan sweep mine\.yaml"):
        sweep_so_far("mine.yaml")
    with pytest.raises(ConfigError, match="workers is 0, expected int >= 1"):
        sweep_settings("mine.yaml", workers=0)
    assert not (here / "sweeps").exists()

    swept = sweep_settings("mine.yaml", device="cpu")
    assert started == [(here / "sweeps" / "mine", 1, "cpu")]
    assert [(trial.number, trial.state) for trial in swept.record.trials] == [(0, "complete"), (1, "complete")]
    # Seeds 0 and 1 are worth 0.3 and 0.31, and in the second trial 0.1 more.
    assert [trial.means[0].value for trial in swept.record.trials] == pytest.approx([0.305, 0.405])
    assert swept.record.best == [1]
    assert main(["sweep", "mine.yaml", "--report", "--quiet"]) == 0
    assert capsys.readouterr().out == swept.table() + "\n"
    assert sweep_so_far(here / "mine.yaml", here / "sweeps" / "mine") == swept
    assert main(["sweep", "mine.yaml", "--device", "cpu", "--quiet"]) == 0
    assert capsys.readouterr().out == swept.table() + "\n"
    assert started[1:] == [(here / "sweeps" / "mine", 0, "cpu")]  # nothing is left to do

    said = io.StringIO()
    assert start_sweep("mine.yaml", "other", workers=2, device="cpu", progress=Progress(said)) == here / "other"
    assert started[-1] == (here / "other", 2, "cpu")
    report = "seqgan sweep mine.yaml --folder other --workers 2 --device cpu --report"
    assert said.getvalue().endswith(f"\nTo see what came of it: {report}\n")
    calls = len(played.calls)
    monkeypatch.setattr("seqgan.jobs.sweep.start_workers", never)
    assert work_on_sweep("mine.yaml", "other", device="cpu") == here / "other"
    assert len(played.calls) == calls  # no trial was left for it
    monkeypatch.setattr("seqgan.jobs.sweep.find_spec", lambda package: None)
    assert swept.write_page(Progress(said)) is None
    assert said.getvalue().endswith("its pictures are drawn by matplotlib: pip install 'seqgan[report]'.\n")


def test_flags_and_missing_things(here, monkeypatch, capsys):
    assert "--worker and --detach contradict" in fails(capsys, "sweep", "mine.yaml", "--worker", "--detach")
    assert "needs a file" in fails(capsys, "sweep")
    assert "holds no sweep" in fails(capsys, "sweep", "mine.yaml", "--report")
    monkeypatch.setattr("seqgan.sweeps.file.find_spec", lambda package: None)
    assert "pip install 'seqgan[sweep]'" in fails(capsys, "sweep", "mine.yaml")


def test_the_command_that_goes_on_has_the_folder_and_the_device():
    from seqgan.jobs.sweep import Sweeping

    assert Sweeping(file="mine.yaml").again() == "seqgan sweep mine.yaml"
    given = Sweeping(file="my file.yaml", folder="runs/search", workers=2, device="cpu")
    assert given.again("--report") == (
        "seqgan sweep 'my file.yaml' --folder runs/search --workers 2 --device cpu --report"
    )
