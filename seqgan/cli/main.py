"""The table of commands. Nothing heavy is imported before one of them is chosen."""

import contextlib
import errno
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from seqgan import __version__
from seqgan.errors import ConfigError, SeqganError, nearest
from seqgan.files import WINDOWS, cannot_write
from seqgan.interrupt import SIGNALS, Interrupted, raise_interrupted
from seqgan.launched import launched
from seqgan.progress import printable

COMMANDS = {
    "pretrain": "train a generator by maximum likelihood, from a corpus into a run",
    "adversarial": "train the generator against a discriminator, from a run into a child run",
    "sample": "sentences from a run, one a line",
    "evaluate": "the metric table of a run, or of a file of sentences",
    "score": "how real each line of a text looks to a run's discriminator",
    "export": "a run's generator or discriminator as a folder that travels, or as a graph",
    "report": "one page with pictures of one or several runs",
    "inspect": "the data doctor: what is in a corpus, what is wrong with it, which settings suit it",
    "sweep": "search settings by many runs, with several workers, and compare what came of them",
    "plan": "hours and memory of a training, before it begins",
    "headroom": "what a perfect use of a discriminator could gain, before an adversarial training begins",
}

TRAINING = ("pretrain", "adversarial")
"""Commands that several processes may do together."""

HELP = f"""\
usage: seqgan COMMAND [OPTIONS]

Discrete sequence GANs: pretrain, train adversarially, sample, and judge honestly.

{chr(10).join(f"  {name:<12} {what}" for name, what in COMMANDS.items())}

Each command takes --help, which describes all its options. To begin:

  seqgan pretrain                       an embedded corpus into runs/captions
  seqgan pretrain --corpus FILE         your own text, a sentence a line
  seqgan adversarial --algo seqgan      the newest run, against a discriminator
  seqgan sample --run runs/captions     twenty sentences

Exit codes: 0 done; 2 you can mend it, and one line says how; 1 a fault of seqgan; 130 interrupted (SIGINT), 143
terminated (SIGTERM): a training has then saved a state, and goes on with --resume. A second signal ends it at once.
"""

MENDABLE, OURS = 2, 1
LONGEST_LINE = 1_000
"""Characters of an error: a path may have thousands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is returned: those of the help."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Arrows and other people's letters, where the output's encoding lacks them. Windows gives files and pipes
            # one that lacks most.
            stream.reconfigure(encoding="utf-8" if WINDOWS else None, errors="backslashreplace")
    try:
        code = _run([argument for argument in arguments if argument != "--debug"])
        sys.stdout.flush()
        return code
    except SeqganError as error:
        if debug:
            raise
        return _fail(str(error))
    except KeyboardInterrupt as error:
        if debug:
            raise
        signalled = error if isinstance(error, Interrupted) else Interrupted()
        with contextlib.suppress(OSError):  # the terminal may be what went away
            _say(f"\nseqgan: interrupted. {_one_line(str(signalled))}".rstrip())
        return signalled.exit_code
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough. Python would complain once more when it flushes.
        _leave_standard_output()
        return 0
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _leave_standard_output()
            if error.filename is None:
                return _fail(f"standard output: {error.strerror}. Free some space, or choose another place.")
            return _fail(str(cannot_write(Path(os.fsdecode(error.filename)), error)))
        if isinstance(error, OSError) and error.filename is not None:
            # Whatever the system says of a file or folder that was named, the user can see to.
            return _fail(f"{error.filename}: {error.strerror}. Check the path, its length and its permissions.")
        if isinstance(error, ValueError) and "embedded null" in str(error):
            return _fail("A path has a NUL character in it, which no name of a file or folder has: correct it.")
        no_memory = ("not enough memory", "out of memory", "can't allocate memory")
        if isinstance(error, MemoryError) or any(words in str(error) for words in no_memory):
            what = " ".join(str(error).split())[:200].rstrip(".")
            return _fail(f"The memory is not enough{f' ({what})' if what else ''}: choose smaller sizes or batches.")
        what = _one_line(f"{type(error).__name__}: {error}")
        _say(f"seqgan: fault: {what} This is an error of seqgan; --debug shows where.")
        return OURS
    except BaseException as error:
        # What a library in Rust raises where it gave up, such as tokenizers on files that are damaged: no Exception.
        if debug or type(error).__name__ != "PanicException":
            raise
        return _fail(
            f"A library that reads a model's files gave up ({error}): check tokenizer.json, or restore it from a copy."
        )


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if arguments else MENDABLE
    if arguments[0] in ("-V", "--version"):
        print(f"seqgan {__version__}")
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        raise ConfigError(f"no command is called {name!r}.{nearest(name, COMMANDS)} Commands: {', '.join(COMMANDS)}.")
    if launched() > 1 and name not in TRAINING:
        raise ConfigError(f"{name} computes in one process, and {launched()} were started: call it without torchrun.")
    if threading.current_thread() is threading.main_thread():
        # A terminated command leaves as an interrupted one does; what is ignored (nohup) stays so.
        for number in SIGNALS:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, raise_interrupted)
    importlib.import_module(f"seqgan.cli.{name}").main(rest)
    return 0


def _leave_standard_output() -> None:
    """Nobody reads it any longer; what Python still flushes into it at the end goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    _say(f"seqgan: error: {_one_line(message)}")
    return MENDABLE


def _say(line: str) -> None:
    """The last line. Of several processes only the first to fail has one: what ends the others is that it did."""
    if launched() > 1:
        from seqgan.training.processes import first_to_fail

        if not first_to_fail():
            return
    print(line, file=sys.stderr)


def _one_line(message: str) -> str:
    """Whatever a file name or a library put into the message: no line breaks, no control characters, no pages."""
    line = " ".join(message.split())
    if len(line) > LONGEST_LINE:  # what was found is at its beginning, the mend at its end
        line = f"{line[: LONGEST_LINE // 2]} ... {line[-LONGEST_LINE // 2 :]}"
    return printable(line)
