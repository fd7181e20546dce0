"""Bad sweeps: files that say what cannot be, texts that are gone, folders and journals of others."""

import functools
import io
import json
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import yaml

from bad_inputs.cases import EITHER, FINE, Canary, Case
from bad_inputs.run_folders import JSONS, PAIRS, PARENT, a_folder, a_pipe, base, cut, gone, write
from bad_inputs.texts import GOOD, pairs, text

Make = Callable[[Path], object]
FILE: dict[str, object] = {
    "command": "both",
    "config": {
        "data": {"corpus": "good.txt"},
        "generator": {"embedding_size": 4, "hidden_size": 5},
        "pretrain": {"epochs": 1},
        "discriminator": {"filters": 0.02},
        "adversarial": {"rounds": 1, "batch_size": 4, "warmup_steps": 1, "evaluate_samples": 4},
    },
    "space": {"adversarial.rollouts": [1, 2]},
    "objective": "bleu-2",
    "trials": 2,
    "seeds": [0, 1],
}
SWEEP = ["sweep", "s.yaml", "--device", "cpu", "--quiet"]
REPORT = [*SWEEP, "--report"]
CHANGES: dict[str, dict[str, object]] = {
    "an unknown command": {"command": "pretrian"},
    "a command that is a list": {"command": ["both"]},
    "a run that pretraining has not": {"command": "pretrain", "run": "r", "objective": "nll"},
    "no such run": {"command": "adversarial", "run": "none", "config": {}},
    "a run that is a file": {"command": "adversarial", "run": "good.txt", "config": {}},
    "sampled from nothing": {"command": "adversarial"},
    "an unknown sampler": {"sampler": "tpi"},
    "an unknown pruner": {"pruner": "hyperband"},
    "an unknown cluster": {"cluster": "slrum"},
    "slurm's flags for local workers": {"slurm": {"partition": "gpu"}},
    "lines of shell before slurm's job": {"cluster": "slurm", "slurm": {"setup": ["true"]}},
    "other options of slurm": {"cluster": "slurm", "slurm": {"additional_parameters": {"output": "x"}}},
    "an option in a name of slurm's": {"cluster": "slurm", "slurm": {"partition": "gpu --wait"}},
    "a cache of its own": {"config": {"data": {"corpus": "embedded:captions", "cache": "c"}}},
    "GPUs of slurm": {"cluster": "slurm", "gpus": [0]},
    "no objective": {"objective": []},
    "an unknown objective": {"objective": "blue-2"},
    "an objective twice": {"objective": ["bleu-2", "bleu-2"]},
    "an objective of another command": {"command": "pretrain", "objective": "bleu-2"},
    "an objective that is a number": {"objective": 3},
    "a pruner of several objectives": {"objective": ["bleu-2", "nll"], "pruner": "median"},
    "likelihoods of several vocabularies": {"objective": "nll", "space": {"data.min_count": [1, 2]}},
    "no trials": {"trials": 0},
    "trials below none": {"trials": -3},
    "half a trial": {"trials": 1.5},
    "trials beyond 64 bits": {"trials": 10**30},
    "no workers": {"workers": 0},
    "no seeds": {"seeds": []},
    "a seed twice": {"seeds": [1, 1]},
    "a seed below none": {"seeds": [-1]},
    "a seed beyond 64 bits": {"seeds": [2**70]},
    "a seed that is a text": {"seeds": ["one"]},
    "an unknown key": {"trails": 3},
    "no space": {"space": {}},
    "a space that is a list": {"space": ["adversarial.rollouts"]},
    "a space of null": {"space": None},
    "an unknown setting": {"space": {"adversarial.rolouts": [1, 2]}},
    "an unknown section": {"space": {"adversary.rollouts": [1, 2]}},
    "a section and no setting": {"space": {"adversarial": [1, 2]}},
    "a setting of no section": {"space": {"rollouts": [1, 2]}},
    "a setting below a setting": {"space": {"adversarial.rollouts.more": [1, 2]}},
    "an empty name": {"space": {"": [1]}},
    "no choices": {"space": {"adversarial.rollouts": []}},
    "a choice twice": {"space": {"adversarial.rollouts": [1, 1]}},
    "a choice of another type": {"space": {"adversarial.rollouts": [1, "many"]}},
    "a choice out of its range": {"space": {"adversarial.rollouts": [0, 1]}},
    "a choice that is a list": {"space": {"adversarial.rollouts": [[1], [2]]}},
    "a choice that is a mapping": {"space": {"adversarial.rollouts": [{"a": 1}]}},
    "a number for choices": {"space": {"adversarial.rollouts": 3}},
    "low alone": {"space": {"adversarial.rollouts": {"low": 1}}},
    "low above high": {"space": {"adversarial.rollouts": {"low": 4, "high": 1}}},
    "an unknown bound": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "lgo": True}}},
    "a range of texts": {"space": {"adversarial.credit": {"low": "a", "high": "b"}}},
    "a range of NaN": {"space": {"adversarial.generator_learning_rate": {"low": float("nan"), "high": 1}}},
    "a range to infinity": {"space": {"adversarial.generator_learning_rate": {"low": 1e-4, "high": float("inf")}}},
    "factors from nothing": {"space": {"adversarial.entropy_bonus": {"low": 0, "high": 1, "log": True}}},
    "factors with steps": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "log": True, "step": 1}}},
    "factors by a text": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "log": "yes"}}},
    "a step of none": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "step": 0}}},
    "a step below none": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "step": -1}}},
    "a step that misses": {"space": {"adversarial.rollouts": {"low": 1, "high": 4, "step": 2}}},
    "a range out of its setting's": {"space": {"adversarial.discount": {"low": 0.5, "high": 2.0}}},
    "a grid without an end": {"sampler": "grid", "space": {"adversarial.discount": {"low": 0.0, "high": 1.0}}},
    "a corner that cannot be": {"space": {"adversarial.group_size": [0, 3]}},
    "an algorithm that is none": {"space": {"algorithm.name": ["seqgan", "segan"]}},
    "settings that belong to another algorithm": {"space": {"algorithm.weight": [0.1, 0.2]}},
    "a corpus that is gone": {"config": {"data": {"corpus": "gone.txt"}}},
    "a corpus among the choices that is gone": {"space": {"data.corpus": ["good.txt", "gone.txt"]}},
    "a corpus that is a number": {"config": {"data": {"corpus": 3}}},
    "a corpus that is damaged": {"config": {"data": {"corpus": "bad.txt"}}},
    "a corpus that is empty": {"config": {"data": {"corpus": ""}}},
    "a validation text that is gone": {"config": {"data": {"corpus": "good.txt", "valid": "gone.txt"}}},
    "pairs for a generator of plain text": {"config": {"data": {"corpus": "pairs.tsv"}, "generator": {"name": "lstm"}}},
    "no such settings": {"config": "gone.yaml"},
    "settings that are a sweep": {"config": "s.yaml"},
    "settings that are a list": {"config": [1]},
    "a section that is a list": {"config": {"data": [1]}},
    "an unknown section of settings": {"config": {"date": {}}},
    "an unknown setting of all": {"config": {"generator": {"hiden_size": 3}}},
    "a model that is gone": {"config": {"discriminator": {"name": "huggingface", "path": "none"}}},
}
TEXTS: dict[str, str | bytes] = {
    "empty": "",
    "a list": "- a\n",
    "a number": "3\n",
    "not UTF-8": b"\xff\xfe",
    "a billion laughs": "a: &a [x, x]\nb: &b [*a, *a]\nspace: *b\n",
    "code": "!!python/object/apply:os.mkdir ['ran']\n",
    "a pickle with code": pickle.dumps(Canary()),
    "a key twice": "space: {}\nspace: {}\n",
    "nested 5,000 deep": "space: " + "[" * 5000,
    "without space": "objective: bleu-2\n",
    "without objective": "space: {adversarial.rollouts: [1]}\n",
    "a key that is a number": "1: 2\n",
    "a megabyte": "space:\n" + "".join(f"  a{i}: 1\n" for i in range(100_000)),
    "an escape": 'command: "\\e]0;x\\a"\nspace: {a.b: [1]}\nobjective: bleu-2\n',
}
FLAGS: dict[str, list[str]] = {
    "no file": ["sweep"],
    "no such file": ["sweep", "none.yaml"],
    "a folder as file": ["sweep", "."],
    "a report of nothing": REPORT,
    "a worker that detaches": [*SWEEP, "--worker", "--detach"],
    "a report that trains anew": [*REPORT, "--retry"],
    "workers below one": [*SWEEP, "--workers", "0"],
    "an unknown device": ["sweep", "s.yaml", "--device", "tpu"],
    "a folder that is a file": [*SWEEP, "--folder", "good.txt"],
    "a folder of other things": [*SWEEP, "--folder", "."],
    "a folder below a file": [*SWEEP, "--folder", "good.txt/x"],
    "a folder in /proc": [*SWEEP, "--folder", "/proc/x"],
    "a folder of 300 letters": [*SWEEP, "--folder", "x" * 300],
}


def file(changes: dict[str, object]) -> Make:
    return written(yaml.safe_dump({**FILE, **changes}))


def written(content: str | bytes) -> Make:
    def make(folder: Path) -> None:
        (folder / "good.txt").write_bytes(text(GOOD))
        (folder / "bad.txt").write_bytes(b"a b\n\xff\n")
        (folder / "pairs.tsv").write_bytes(pairs())
        (folder / "s.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def no_sweep(folder: Path) -> str:
    return "a sweep was begun" if (folder / "sweeps").exists() else ""


@functools.cache
def begun() -> Path:
    """A sweep of which a trial came to its end; nothing was trained."""
    from seqgan.cli.main import main
    from seqgan.sweeps.file import keep, read_sweep_file
    from seqgan.sweeps.space import OF_COMMAND, read_space
    from seqgan.sweeps.storage import distributions, open_study

    folder = Path(tempfile.mkdtemp(prefix="seqgan-bad-inputs-")).resolve()
    settings = {**FILE, "config": {"data": {"corpus": "embedded:captions"}}}
    (folder / "s.yaml").write_text(yaml.safe_dump(settings))
    sweep = read_sweep_file(folder / "s.yaml")
    keep(sweep, folder / "sweeps" / "s", folder / "s.yaml")
    study = open_study(folder / "sweeps" / "s", sweep)
    trial = study.ask(distributions(read_space(sweep.space, OF_COMMAND["both"], "")))
    trial.set_user_attr("values", {"0": [0.5], "1": [0.6]})
    study.tell(trial, [0.55])
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(["sweep", str(folder / "s.yaml"), "--folder", str(folder / "sweeps" / "s"), "--report"])
    if code:
        raise RuntimeError(said.getvalue())
    return folder


def in_the_middle(damage: Make) -> Make:
    """A sweep that was begun, damaged."""

    def make(folder: Path) -> None:
        shutil.copytree(begun(), folder, dirs_exist_ok=True)
        damage(folder / "sweeps" / "s")

    return make


def rewritten(folder: Path, changes: dict[str, object]) -> None:
    place = folder.parent.parent / "s.yaml"
    place.write_text(yaml.safe_dump({**yaml.safe_load(place.read_text()), **changes}))


STORES: dict[str, Make] = {
    "a journal that is text": write("trials.journal", "hello\n"),
    "a journal of other JSON": write("trials.journal", "{}\n[]\n"),
    "a journal that is binary": write("trials.journal", bytes(range(256)) + b"\n"),
    "a journal that is a folder": a_folder("trials.journal"),
    "a journal that is a pipe": a_pipe("trials.journal"),
    "a journal with code": write("trials.journal", pickle.dumps(Canary()) + b"\n"),
    "a journal of numbers": write("trials.journal", "1\n2\n"),
    "a journal of an unknown step": write("trials.journal", json.dumps({"op_code": 99, "worker_id": "x"}) + "\n"),
    "a journal nested deep": write("trials.journal", "[" * 100_000 + "\n"),
    "kept settings that are gone": gone("sweep.yaml"),
    "kept settings that are cut": cut("sweep.yaml", 0.5),
    "kept settings that are empty": write("sweep.yaml", ""),
    "kept settings that are a folder": a_folder("sweep.yaml"),
    "kept settings that are a pipe": a_pipe("sweep.yaml"),
    "another sweep's folder": lambda folder: rewritten(folder, {"space": {"adversarial.rollouts": [3, 4]}}),
    "other seeds": lambda folder: rewritten(folder, {"seeds": [7, 8]}),
    "another objective": lambda folder: rewritten(folder, {"objective": "nll"}),
}


def cases() -> Iterator[Case]:
    for name, changes in CHANGES.items():
        yield Case("sweep", name, file(changes), SWEEP, check=no_sweep)
    for name, content in TEXTS.items():
        said = "has a key that is no text" if name == "a key that is a number" else ""
        yield Case("sweep", f"the file: {name}", written(content), SWEEP, says=said, check=no_sweep)
    for name, flags in FLAGS.items():
        yield Case("sweep", name, file({}), flags, check=no_sweep)
    for name, run in {"a run of pairs from plain settings": PAIRS, "a run whose text is gone": PARENT}.items():

        def make(folder: Path, run: str = run) -> None:
            file({"command": "adversarial", "run": "r", "config": {}})(folder)
            shutil.copytree(base() / run, folder / "r")
            settings = (folder / "r" / "config.yaml").read_text()
            # By the same name beside the run it would be found again.
            settings = (
                settings.replace(str(base()), "/nowhere").replace("good.txt", "x.txt").replace("pairs.tsv", "x.tsv")
            )
            (folder / "r" / "config.yaml").write_text(settings)

        yield Case("sweep", name, make, SWEEP, check=no_sweep)
    for name, damage in STORES.items():
        yield Case("sweep", name, in_the_middle(damage), REPORT)
        if name.startswith(("another", "other", "kept")) and "gone" not in name:
            yield Case("sweep", f"gone on with: {name}", in_the_middle(damage), SWEEP)
    for name, damage in {
        "as it is": lambda _: None,
        "without its results": gone("results.json"),
        "a journal without its last line's end": lambda folder: (folder / "trials.journal").write_bytes(
            (folder / "trials.journal").read_bytes() + b'{"op_c'
        ),
    }.items():
        yield Case("sweep", f"begun: {name}", in_the_middle(damage), REPORT, FINE, "1 complete")
    for name, content in JSONS.items():
        made = in_the_middle(write("results.json", content))
        yield Case("sweep", f"results.json: {name}", made, ["report", "sweeps/s", "--quiet"])
        yield Case("sweep", f"results.json, made again: {name}", made, REPORT, EITHER)
