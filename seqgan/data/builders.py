"""Names that the datasets library takes for one of its own builders, and not for a data set.

Without a file, a builder reads whatever lies in the working folder: that of pickles runs what is in them, up to some
version of the library, and no builder is the data set that somebody meant.
"""

from typing import Any

from seqgan.errors import CorpusError

RUNNING = frozenset(("pandas", "generator", "spark", "sql", "cache", "eval", "harbor", "webdataset"))
"""Those that unpickle, run or fetch something in some version, whatever the installed one says of them."""


def refuse_builder(source: str, place: str, library: Any) -> None:
    """That a name of a data set is none of a builder; asked before the library is.

    Args:
        source: the corpus, for the message.
        place: its name for the library.
        library: `datasets`.

    Raises:
        CorpusError: it is one.
    """
    name = place.strip().strip("/")
    if name in RUNNING or name in library.packaged_modules._PACKAGED_DATASETS_MODULES:
        raise CorpusError(
            f"{source}: {name} is a builder of the datasets library and no data set: name a data set as hf:OWNER/NAME, "
            "or a file as in hf:csv:FILE."
        )
