"""What SECURITY.md promises, beside the catalogue: no network, no code from files, no commands to terminals."""

import pickle
import shutil
import socket
import sys

import pytest
from bad_inputs.cases import CANARY, Canary
from bad_inputs.run_folders import PARENT, copied, sealed

from seqgan.cli.main import main

QUIET = ["--device", "cpu", "--quiet"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A copy of a trained run, as `r`, and of its child below it."""
    monkeypatch.chdir(tmp_path)
    copied(PARENT)(tmp_path)
    return tmp_path / "r"


def test_the_canary_would_leave_a_mark():
    pickle.loads(pickle.dumps(Canary()))
    assert CANARY.is_dir()
    CANARY.rmdir()


COMMANDS = {
    "sample": ["sample", "--run", "r", "--count", "2", *QUIET],
    "evaluate": ["evaluate", "--run", "r/child", "--count", "4", "--metrics", "bleu", "nll", *QUIET],
    "compare": ["evaluate", "--run", "r/child", "--compare", "r", "--count", "4", "--table-only", *QUIET],
    "report": ["report", "r/child", "--quiet"],
    "inspect": ["inspect", "good.txt"],
    "plan": ["plan", "--run", "r", "--rounds", "1", "--adversarial.evaluate-samples", "4", *QUIET],
    "pretrain": ["pretrain", "--run", "r", "--resume", "--epochs", "3", *QUIET],
}


@pytest.mark.slow(reason="every command once")
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_asks_the_network(run, name, monkeypatch, capsys):
    def refuse(*arguments, **options):
        raise AssertionError(f"the network was asked for: {arguments}")

    for what in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, what, refuse)
    for what in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, what, refuse)
    assert main(COMMANDS[name]) == 0, capsys.readouterr().err


@pytest.mark.slow(reason="every command on every damaged file")
def test_no_file_of_a_run_runs_code(run):
    """Every file that a run has, one after the other, is a pickle whose reading would leave a mark."""
    files = [path for path in run.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {
        *(
            "config.yaml",
            "vocabulary.txt",
            "unseen.txt",
            "generator.safetensors",
            "discriminator.safetensors",
            "metrics.jsonl",
        ),
        *("state.pt", "state.json"),
    }
    whole = run.with_name("whole")
    shutil.copytree(run, whole)
    for path in [*files, *(run / name for name in ("report.json", "sweep.json", "verdict.json", "tokenizer.model"))]:
        path.write_bytes(pickle.dumps(Canary()))
        for name in ("report",) if path.name in ("metrics.jsonl", "verdict.json") else ("sample", "pretrain"):
            assert main(COMMANDS[name]) in (0, 2), (path, name)
        assert not CANARY.exists(), path
        shutil.rmtree(run)  # a training that goes on deletes old states
        shutil.copytree(whole, run)
    sealed(pickle.dumps(Canary()))(run)
    assert main(COMMANDS["pretrain"]) == 2
    assert not CANARY.exists()


class Terminal:
    """A standard output that is one."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self): ...

    def isatty(self):
        return True


HOSTILE = "\x1b]52;c;eA==\x07\x1b[2J\u202e\x9b31m"


def test_samples_command_no_terminal_and_are_exact_in_a_pipe(run, monkeypatch, capsys):
    vocabulary = run / "vocabulary.txt"
    first, *tokens = vocabulary.read_text().split("\n")
    hostile = [f"{token}{HOSTILE}" if token else token for token in tokens]
    vocabulary.write_text("\n".join([first, *hostile]))
    import seqgan.runs.load

    # The weights know the vocabulary that they were trained with; here another one is wanted.
    load_weights = seqgan.runs.load.load_weights
    monkeypatch.setattr(seqgan.runs.load, "load_weights", lambda model, path, _: load_weights(model, path))
    assert main(COMMANDS["sample"]) == 0
    assert HOSTILE in capsys.readouterr().out
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(COMMANDS["sample"]) == 0
    assert "\\x1b]52" in terminal.text
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(terminal.text)


@pytest.mark.parametrize("command", ["inspect", "report", "help"])
def test_names_command_no_terminal(run, command, capsys):
    name = f"c{HOSTILE}.txt"
    (run.parent / name).write_bytes((run.parent / "good.txt").read_bytes())
    settings = run.parent / "s.yaml"
    settings.write_text(f"data:\n  corpus: {ascii(name)[1:-1]!r}\n".replace("'", '"').replace("\\\\", "\\"))
    arguments = {
        "inspect": ["inspect", name],
        "report": ["report", f"r{HOSTILE}"],
        "help": ["pretrain", "--config", "s.yaml", "--help"],
    }[command]
    try:
        main(arguments)
    except SystemExit:
        assert command == "help"
    said = "".join(capsys.readouterr())
    assert not {"\x07", "\u202e", "\x9b"} & set(said)
    assert "\x1b]" not in said
    assert "\x1b[2J" not in said
