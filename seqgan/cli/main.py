"""The table of commands. Nothing heavy is imported before one of them is chosen."""

import importlib
import os
import signal
import sys
from collections.abc import Sequence

from seqgan import __version__
from seqgan.errors import SeqganError, nearest

COMMANDS = {
    "pretrain": "train a generator by maximum likelihood, from a corpus into a run",
    "adversarial": "train the generator against a discriminator, from a run into a child run",
    "sample": "sentences from a run, one a line",
    "evaluate": "the metric table of a run, or of a file of sentences",
}

HELP = f"""\
usage: seqgan COMMAND [OPTIONS]

Discrete sequence GANs: pretrain, train adversarially, sample, and judge honestly.

{chr(10).join(f"  {name:<12} {what}" for name, what in COMMANDS.items())}

Each command takes --help, which describes all its options. To begin:

  seqgan pretrain                       an embedded corpus into runs/captions
  seqgan pretrain --corpus FILE         your own text, a sentence a line
  seqgan adversarial --algo seqgan      the newest run, against a discriminator
  seqgan sample --run runs/captions     twenty sentences
"""

MENDABLE, OURS, INTERRUPTED = 2, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is returned: 0 done, 2 the user can mend it, 1 a fault of ours, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if arguments else MENDABLE
    if arguments[0] in ("-V", "--version"):
        print(f"seqgan {__version__}")
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        return _fail(f"no command is called {name!r}.{nearest(name, COMMANDS)} Commands: {', '.join(COMMANDS)}.")
    debug = "--debug" in rest
    try:
        # A terminated training should leave as an interrupted one does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        module = importlib.import_module(f"seqgan.cli.{name}")
        module.main([argument for argument in rest if argument != "--debug"])
    except SeqganError as error:
        if debug:
            raise
        return _fail(str(error))
    except KeyboardInterrupt:
        if debug:
            raise
        print("\nseqgan: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if debug:
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"seqgan: fault: {what} This is an error of seqgan; --debug shows where.", file=sys.stderr)
        return OURS
    return 0


def _fail(message: str) -> int:
    # One line, whatever a file name or a library put into the message.
    print(f"seqgan: error: {' '.join(message.split())}", file=sys.stderr)
    return MENDABLE
