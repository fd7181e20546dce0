"""`seqgan inspect`: the data doctor."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from seqgan.cli.options import CommonFlags, Switch, check_flags, parse
from seqgan.errors import ConfigError
from seqgan.settings.types import Seed


class InspectFlags(CommonFlags, frozen=True, kw_only=True):
    """What `seqgan inspect` takes."""

    corpus: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CORPUS")] = ""
    """An embedded corpus, a file with a sentence a line, a folder with train.*, valid.* and test.*, or hf:NAME."""
    valid: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Held-out sentences; without it the corpus's own, or some that are split off."""
    source: Annotated[str | None, tyro.conf.arg(metavar="FILE|EXT")] = None
    """What the sentences answer or translate: a file, beside a corpus that is one; or, for a folder of aligned files,
    the extension of the sources. A corpus whose name ends in .tsv holds source TAB target and needs none."""
    target: Annotated[str | None, tyro.conf.arg(metavar="EXT")] = None
    """The extension of the sentences in such a folder, as in --source en --target de."""
    valid_source: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """What the held-out sentences answer or translate, where valid is not itself of pairs."""
    set_configuration: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Of a data set hf:NAME that has several configurations, which."""
    set_split: Annotated[str | None, tyro.conf.arg(metavar="SPLIT")] = None
    """The split of a data set that is the training text, a part of it included, as in train[:10%]; by default train."""
    set_revision: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """A branch, tag or commit of a data set's repository."""
    set_folder: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """The folder of a data set that has the data."""
    blank_sources: Annotated[str, tyro.conf.arg(metavar="refuse|keep")] = "refuse"
    """What happens to pairs whose source is blank."""
    tokenizer: Annotated[str | None, tyro.conf.arg(metavar="words|characters|sentencepiece|ids")] = None
    """What a token is; by default words, or characters where sentences have no spaces."""
    seed: Seed = 0
    """Decides what is split off where nothing is held out."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None
    """Write all that was found as JSON, - for standard output in place of the table."""
    output: Annotated[str | None, tyro.conf.arg(metavar="FILE.html")] = None
    """Write a page with pictures."""
    overwrite: Switch = False
    """Replace a file that is there. What the command reads, and what belongs to a run, is never replaced."""


def main(arguments: Sequence[str]) -> None:
    """Parse, look, print."""
    about = "Look at a corpus before anything is trained on it: sizes, lengths, vocabulary, copies, leaks, advice."
    flags = check_flags(parse("inspect", about, InspectFlags(), arguments))
    if not flags.corpus:
        raise ConfigError("seqgan inspect needs a corpus: a name such as captions, a file, a folder or hf:NAME.")
    from seqgan.files import write_file
    from seqgan.jobs.inspect import Inspecting, check_tokenizer, inspect_text
    from seqgan.jobs.target import check_target

    read = what_is_read(flags)
    check_target("--json", flags.json, read, overwrite=flags.overwrite)
    check_target("--output", flags.output, read, overwrite=flags.overwrite)
    places = [os.path.realpath(name) for name in (flags.json, flags.output) if name is not None and name != "-"]
    if len(set(places)) < len(places):
        raise ConfigError(f"--json and --output are both {flags.json}: give each a file of its own.")
    check_tokenizer(flags.tokenizer)
    if flags.output is not None:
        from seqgan.reporting.figures import check_drawable

        check_drawable()  # before the work

    asked = {name: getattr(flags, name) for name in Inspecting.__struct_fields__}
    inspected = inspect_text(progress=flags.progress, **asked)
    if flags.json is not None:
        text = json.dumps(inspected.to_json(), indent=2, ensure_ascii=True) + "\n"
        if flags.json == "-":
            print(text, end="")
        else:
            write_file(Path(flags.json), text)
    if flags.json != "-":
        print(inspected.table())
    if flags.output is not None:
        write_file(Path(flags.output), inspected.page())
        flags.progress.note(f"Written: {flags.output}")


def what_is_read(flags: InspectFlags) -> dict[str, str | None]:
    """Files and folders, by the flags that name them; some may not be there."""
    from seqgan.data.folders import aligned_places

    texts = {"CORPUS": flags.corpus, "--valid": flags.valid, "--source": flags.source}
    aligned = {
        f"--{name} of {prefix}": place
        for name, extension in (("source", flags.source), ("target", flags.target))
        for prefix, place in aligned_places(flags.corpus, flags.valid, extension).items()
    }
    return {**texts, **aligned, "--valid-source": flags.valid_source}
