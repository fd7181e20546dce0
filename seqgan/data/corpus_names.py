"""What the name of a corpus means: an embedded one, a data set, a file or a folder; and what to call it for short."""

import os
import re
from pathlib import Path

from seqgan.data.data_sets import DATASET_FORMATS
from seqgan.data.embedded import embedded_corpora
from seqgan.data.folders import extensions

EMBEDDED = "embedded:"
"""What a corpus's name may begin with, so that no file or folder is meant."""


def is_embedded(corpus: str) -> bool:
    """Whether an embedded corpus is meant."""
    if corpus.startswith(EMBEDDED):
        return corpus.removeprefix(EMBEDDED) in embedded_corpora()
    return corpus in embedded_corpora() and not os.path.exists(corpus)


def dataset_file(corpus: str) -> str | None:
    """The file in ``hf:FORMAT:FILE#column``; None where the corpus has another name."""
    beginning, kind, file = [*corpus.partition("#")[0].split(":", 2), "", ""][:3]
    return file if beginning == "hf" and kind in DATASET_FORMATS and file else None


def read_place(corpus: str) -> str:
    """The file or folder that a corpus is read from, as far as its name is that of one."""
    return dataset_file(corpus) or corpus


def located(corpus: str, *, prefix: bool = False) -> str:
    """The same corpus under a name that means it from any working folder.

    Args:
        corpus: what `load_corpus` takes.
        prefix: it may be what the names of aligned files begin with.
    """
    if is_embedded(corpus):
        return EMBEDDED + corpus.removeprefix(EMBEDDED)
    file = dataset_file(corpus)
    if file is not None:
        place, hash_sign, column = corpus.partition("#")
        return f"{place.removesuffix(file)}{os.path.abspath(file)}{hash_sign}{column}"
    there = corpus and (os.path.exists(corpus) or (prefix and extensions(corpus)))
    return os.path.abspath(corpus) if there else corpus


def located_source(corpus: str, source: str | None) -> str | None:
    """The same file of sources under a name that means it from any working folder; an extension stays what it is."""
    is_file = corpus != "" and os.path.isfile(corpus) and not is_embedded(corpus)
    return source if source is None or not is_file else located(source)


def corpus_name(source: str | Path) -> str:
    """A short name for a corpus, fit for a folder: of a file or folder its own, without the extension."""
    text = str(source).removeprefix("hf:").removeprefix(EMBEDDED).partition("#")[0]
    return re.sub(r"[^\w.-]+", "-", Path(text).absolute().stem).strip(".-") or "corpus"


def own_name(corpus: str) -> str:
    """`corpus_name`, marked where an embedded corpus that is not meant has it."""
    name = corpus_name(corpus)
    # By its name a corpus is known to be drawn from rules.
    return f"own-{name}" if name in embedded_corpora() and not is_embedded(corpus) else name
