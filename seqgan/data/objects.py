"""Text that is in memory already, as the objects of a Python program: to the same tables that files are read to."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgan.data.data_sets import library_table
from seqgan.data.folders import SPLIT_NAMES
from seqgan.data.pairs import TURN_SEPARATOR
from seqgan.data.tables import Table, plain_column, table_rows
from seqgan.errors import CorpusError


def is_object(corpus: Any) -> bool:
    """Whether this is text in memory and no name of one."""
    return not isinstance(corpus, str | Path)


def object_splits(
    corpus: Any,
    column: str,
    source: Any,
    notes: list[str],
    *,
    separator: str = TURN_SEPARATOR,
    keep_blank: bool = False,
    name: str = "the corpus",
) -> dict[str, Sequence[Any]]:
    """The sentences or pairs of an object, by split.

    Args:
        corpus: sentences, pairs or rows of fields, one after the other; a column or a table of pandas, pyarrow or
            datasets; or several of them by split, such as a ``DatasetDict``.
        column: of a table, as behind the ``#`` of a name.
        source: a column of what the sentences answer or translate; None for plain text.
        notes: gets what the user should know.
        separator: the token between turns.
        keep_blank: of pairs, keep those whose source is blank.
        name: what it is, for messages.

    Raises:
        CorpusError: it holds no text, or sources and sentences are not as many.
    """
    how: dict[str, Any] = {"separator": separator, "keep_blank": keep_blank}
    if isinstance(corpus, Mapping) and any(alias in corpus for names in SPLIT_NAMES.values() for alias in names):
        if source is not None:
            raise CorpusError(f"{name} has splits, and source is one column: give the splits pairs, or column='en,de'.")
        splits = {}
        for split, aliases in SPLIT_NAMES.items():
            present = next((alias for alias in aliases if alias in corpus), None)
            if present is not None:
                table, pair = _table(corpus[present])
                splits[split] = table_rows(table, column or pair, f"{name}, split {present}", notes, **how)
        if "train" not in splits:
            raise CorpusError(f"{name} has no split called train, only {', '.join(map(str, corpus))}.")
        return splits
    table, pair = _table(corpus)
    if source is not None:
        sources, targets = _list(source), _list(corpus)
        if len(sources) != len(targets):
            raise CorpusError(f"{len(sources):,} sources and {len(targets):,} sentences: each sentence needs its own.")
        table, pair = {"source": plain_column(sources), "target": plain_column(targets)}, "source,target"
    return {"train": table_rows(table, column or pair, name, notes, **how)}


def _table(rows: Any) -> tuple[Table, str]:
    """An object as a table, and the columns that are meant where it has no names of its own."""
    datasets, pandas, arrow = (sys.modules.get(name) for name in ("datasets", "pandas", "pyarrow"))
    if datasets is not None and isinstance(rows, datasets.Dataset):
        return library_table(rows), ""
    if arrow is not None and isinstance(rows, arrow.Table | arrow.RecordBatch):
        return {name: plain_column(rows.column(name).to_pylist()) for name in rows.schema.names}, ""
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return {str(name): plain_column(_list(rows[name])) for name in rows.columns}, ""
    if isinstance(rows, Mapping):
        return {str(name): plain_column(_list(column)) for name, column in rows.items()}, ""
    values = _list(rows)
    if values and all(isinstance(value, Mapping) for value in values):
        names = dict.fromkeys(name for value in values for name in value)
        return {str(name): plain_column([value.get(name) for value in values]) for name in names}, ""
    if values and all(isinstance(value, tuple) and len(value) == 2 for value in values):
        sources, targets = zip(*values, strict=True)
        return {"source": plain_column(sources), "target": plain_column(targets)}, "source,target"
    return {"text": plain_column(values)}, ""


def _list(column: Any) -> list[Any]:
    """A column as plain values, what is missing as None."""
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if arrow is not None and isinstance(column, arrow.Array | arrow.ChunkedArray):
        return column.to_pylist()
    if pandas is not None and isinstance(column, pandas.Series):
        return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]
    if not isinstance(column, Iterable):
        raise CorpusError(
            f"A corpus is {type(column).__name__}: expected a name, or sentences, rows, a column or a table of them."
        )
    return list(column)
