"""Bad command lines."""

from collections.abc import Iterator

from bad_inputs.cases import EITHER, FINE, Case
from bad_inputs.run_folders import PARENT, copied

COMMANDS = ("pretrain", "adversarial", "sample", "evaluate", "report", "inspect", "plan")
LINES: dict[str, list[str]] = {
    "no command of that name": ["smaple"],
    "an empty command": [""],
    "a command with a path": ["../sample"],
    "a private module": ["options"],
    "a command with an escape": ["\x1b[2J"],
    "sample: a run that is a file": ["sample", "--run", "r/config.yaml"],
    "sample: no such run": ["sample", "--run", "none"],
    "sample: a folder that is no run": ["sample", "--run", "."],
    "sample: a name of 300 letters": ["sample", "--run", "x" * 300],
    "sample: a name with an escape": ["sample", "--run", "\x1b]52;c;eA==\x07"],
    "sample: no default run": ["sample"],
    "sample: none": ["sample", "--run", "r", "--count", "0"],
    "sample: minus one": ["sample", "--run", "r", "--count", "-1"],
    "sample: too many": ["sample", "--run", "r", "--count", "99999999999999"],
    "sample: half a sentence": ["sample", "--run", "r", "--count", "1.5"],
    "sample: temperature 0": ["sample", "--run", "r", "--temperature", "0"],
    "sample: temperature -1": ["sample", "--run", "r", "--temperature", "-1"],
    "sample: temperature nan": ["sample", "--run", "r", "--temperature", "nan"],
    "sample: temperature inf": ["sample", "--run", "r", "--temperature", "inf"],
    "sample: top-p 2": ["sample", "--run", "r", "--top-p", "2"],
    "sample: top-p 0": ["sample", "--run", "r", "--top-p", "0"],
    "sample: top-p nan": ["sample", "--run", "r", "--top-p", "nan"],
    "sample: top-k -1": ["sample", "--run", "r", "--top-k", "-1"],
    "sample: beam 0": ["sample", "--run", "r", "--beam", "0"],
    "sample: beam of a million": ["sample", "--run", "r", "--beam", "1000000"],
    "sample: beam and temperature": ["sample", "--run", "r", "--beam", "2", "--temperature", "0.5"],
    "sample: beam and prefix": ["sample", "--run", "r", "--beam", "2", "--prefix", "a"],
    "sample: more than the beam": ["sample", "--run", "r", "--beam", "2", "--count", "3"],
    "sample: n-best of plain text": ["sample", "--run", "r", "--n-best", "2"],
    "sample: a source for plain text": ["sample", "--run", "r", "--source", "good.txt"],
    "sample: an unknown word first": ["sample", "--run", "r", "--prefix", "zzz"],
    "sample: a long prefix": ["sample", "--run", "r", "--prefix", "a dog " * 5000],
    "sample: seed -1": ["sample", "--run", "r", "--seed", "-1"],
    "sample: output into no folder": ["sample", "--run", "r", "--output", "no/where.txt"],
    "sample: output is a folder": ["sample", "--run", "r", "--output", "r"],
    "sample: output has 300 letters": ["sample", "--run", "r", "--output", "x" * 300, "--quiet"],
    "sample: output to a device": ["sample", "--run", "r", "--output", "/dev/null", "--quiet"],
    "sample: output into /proc": ["sample", "--run", "r", "--output", "/proc/x", "--quiet"],
    "sample: length penalty without a beam": ["sample", "--run", "r", "--length-penalty", "1"],
    "sample: length penalty nan": ["sample", "--run", "r", "--beam", "2", "--length-penalty", "nan"],
    "sample: length penalty inf": ["sample", "--run", "r", "--beam", "2", "--length-penalty", "inf"],
    "evaluate: samples and run": ["evaluate", "--run", "r", "--samples", "good.txt"],
    "evaluate: samples without references": ["evaluate", "--samples", "good.txt"],
    "evaluate: an unknown metric": ["evaluate", "--run", "r", "--metrics", "blue"],
    "evaluate: compared with itself": ["evaluate", "--run", "r", "--compare", "r"],
    "evaluate: one sentence": ["evaluate", "--run", "r", "--count", "1"],
    "evaluate: too many": ["evaluate", "--run", "r", "--count", "99999999999999"],
    "evaluate: unknown features": ["evaluate", "--run", "r", "--metrics", "frechet", "--features", "bert"],
    "evaluate: JSON into no folder": ["evaluate", "--run", "r", "--json", "no/where.json"],
    "evaluate: sacrebleu of a run": ["evaluate", "--run", "r", "--metrics", "sacrebleu"],
    "evaluate: temperature 0": ["evaluate", "--run", "r", "--temperatures", "0", "--count", "10"],
    "evaluate: temperature nan": ["evaluate", "--run", "r", "--temperatures", "nan", "--count", "10"],
    "evaluate: a temperature twice": ["evaluate", "--run", "r", "--temperatures", "1", "1", "--count", "10"],
    "evaluate: a tokenizer for a run": ["evaluate", "--run", "r", "--tokenizer", "characters"],
    "evaluate: an unknown tokenizer": [
        *("evaluate", "--samples", "good.txt", "--references", "good.txt", "--tokenizer", "bytes")
    ],
    "evaluate: draws -1": ["evaluate", "--run", "r", "--draws", "-1"],
    "report: no run": ["report"],
    "report: no such run": ["report", "none"],
    "report: twice the same": ["report", "r", "r/"],
    "report: output into no folder": ["report", "r", "--output", "no/where.html"],
    "report: no samples": ["report", "r", "--samples", "0"],
    "inspect: nothing": ["inspect"],
    "inspect: an unknown tokenizer": ["inspect", "good.txt", "--tokenizer", "bytes"],
    "inspect: JSON into no folder": ["inspect", "good.txt", "--json", "no/where.json"],
    "adversarial: an unknown algorithm": ["adversarial", "--run", "r", "--algo", "segqan"],
    "adversarial: a name that leads out": ["adversarial", "--run", "r", "--name", "../out"],
    "adversarial: an absolute name": ["adversarial", "--run", "r", "--name", "/tmp/out"],
    "adversarial: a name with a slash": ["adversarial", "--run", "r", "--name", "a/b"],
    "adversarial: the name of the folder": ["adversarial", "--run", "r", "--name", "."],
    "adversarial: the name of a file of the run": ["adversarial", "--run", "r", "--name", "config.yaml"],
    "adversarial: a name that is taken for unfinished": ["adversarial", "--run", "r", "--name", "a.writing"],
    "adversarial: a name of 300 letters": ["adversarial", "--run", "r", "--name", "x" * 300, "--quiet"],
    "adversarial: resume of nothing": ["adversarial", "--run", "r", "--resume"],
    "adversarial: an unknown discriminator": ["adversarial", "--run", "r", "--discriminator", "cnnn"],
    "adversarial: an unknown credit": ["adversarial", "--run", "r", "--adversarial.credit", "half"],
    "adversarial: an unknown baseline": ["adversarial", "--run", "r", "--adversarial.baseline", "top"],
    "adversarial: groups that divide nothing": ["adversarial", "--run", "r", "--adversarial.group-size", "7"],
    "adversarial: a pool of trillions": ["adversarial", "--run", "r", "--adversarial.discriminator-pool", "9" * 13],
    "adversarial: NaN": ["adversarial", "--run", "r", "--adversarial.baseline-value", "nan"],
    "adversarial: a setting of another algorithm": ["adversarial", "--run", "r", "--adversarial.penalty-weight", "3"],
    "adversarial: sampled from nothing": ["adversarial", "--corpus", "good.txt", "--algo", "seqgan", "--run", "made"],
    "adversarial: terabytes": [
        *("adversarial", "--run", "r", "--discriminator.embedding-size", "1000000", "--quiet"),
        *("--discriminator", "transformer", "--discriminator.hidden-size", "1000000"),
    ],
    "plan: hours nan": ["plan", "--run", "r", "--hours", "nan"],
    "plan: hours -1": ["plan", "--run", "r", "--hours", "-1"],
    "plan: no such run": ["plan", "--run", "none"],
    "pretrain: where a file is": ["pretrain", "--corpus", "good.txt", "--run", "good.txt", "--quiet"],
    "pretrain: where other things are": ["pretrain", "--corpus", "good.txt", "--run", ".", "--quiet"],
    "pretrain: where a run is": ["pretrain", "--corpus", "good.txt", "--run", "r", "--quiet"],
    "pretrain: below a file": ["pretrain", "--corpus", "good.txt", "--run", "good.txt/x", "--quiet"],
    "pretrain: a run of 300 letters": ["pretrain", "--corpus", "good.txt", "--run", "x" * 300, "--quiet"],
    "pretrain: an empty run": ["pretrain", "--corpus", "good.txt", "--run", "", "--resume", "--quiet"],
    "pretrain: into /proc": ["pretrain", "--corpus", "good.txt", "--run", "/proc/x", "--quiet"],
}
READABLE: dict[str, list[str]] = {
    "sample: the last of two counts": ["sample", "--run", "r", "--count", "3", "--count", "2", "--quiet"],
    "sample: an equals sign": ["sample", "--run=r", "--count=2", "--quiet"],
    "sample: a tiny temperature": ["sample", "--run", "r", "--temperature", "1e-30", "--quiet"],
    "sample: a huge temperature": ["sample", "--run", "r", "--temperature", "1e30", "--quiet"],
    "sample: a tiny top-p": ["sample", "--run", "r", "--top-p", "1e-30", "--quiet"],
    "sample: top-k beyond the vocabulary": ["sample", "--run", "r", "--top-k", "1000000", "--quiet"],
    "sample: an empty prefix": ["sample", "--run", "r", "--prefix", "", "--quiet"],
    "sample: a wide beam": ["sample", "--run", "r", "--beam", "1000", "--count", "3", "--quiet"],
    "the version": ["--version"],
    "help": ["help"],
    "report: a run without samples": ["report", "r", "--quiet"],
}


def cases() -> Iterator[Case]:
    make = copied(PARENT)
    for name, line in LINES.items():
        yield Case("command line", name, make, line)
    for name, line in READABLE.items():
        codes = EITHER if "temperature" in name or "prefix" in name else FINE
        yield Case("command line", name, make, line, codes)
    for command in COMMANDS:
        for name, flags in {
            "an unknown flag": ["--nothing", "3"],
            "a flag without its value": ["--seed" if command != "report" else "--output"],
            "a flag of another command": ["--rollouts", "3"],
            "too many words": ["a", "b", "c"] if command != "report" else ["none", "none2"],
            "two dashes": ["--"],
            "one dash": ["-"],
            "an escape": ["--\x1b[31mred"],
            "a flag of 100,000 letters": ["--" + "x" * 100_000],
        }.items():
            if command in ("inspect", "pretrain") and name in ("two dashes", "one dash"):
                continue  # a text of that name; a training with all defaults
            yield Case("command line", f"{command}: {name}", make, [command, *flags])
