"""Data sets: ``hf:NAME`` and files of tables, ``hf:FORMAT:FILE``, with a column behind ``#`` or without.

Hubs, folders and Parquet are read through the library `datasets`; text, CSV and JSON files as they stand.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seqgan.data.builders import refuse_builder
from seqgan.data.folders import SPLIT_NAMES, Splits
from seqgan.data.lines import raw_lines
from seqgan.data.pairs import TURN_SEPARATOR
from seqgan.data.quiet import quiet
from seqgan.data.table_files import read_csv, read_json
from seqgan.data.tables import LABELS, NUMBERS, TEXT, Column, Kind, Table, plain_column, table_rows
from seqgan.errors import CorpusError, nearest

DATASET_FORMATS = ("csv", "json", "parquet", "text")
"""Files that ``hf:FORMAT:FILE`` reads."""


class DataSetPart(NamedTuple):
    """Which part of a data set is meant, where a name alone does not say it."""

    configuration: str | None = None
    """The name of one of its configurations, such as a pair of languages."""
    split: str | None = None
    """The split that is the training text, a part of one included: ``train[:10%]``."""
    revision: str | None = None
    """A branch, tag or commit of its repository."""
    folder: str | None = None
    """The folder in it that has the data."""

    def given(self) -> list[str]:
        """The settings of those that are named."""
        return [f"data.set_{name}" for name, value in self._asdict().items() if value is not None]


def read_data_set(
    source: str,
    notes: list[str],
    part: DataSetPart = DataSetPart(),  # noqa: B008
    *,
    separator: str = TURN_SEPARATOR,
    keep_blank: bool = False,
) -> Splits:
    """The splits of ``hf:NAME`` or ``hf:FORMAT:FILE``.

    Args:
        source: the name, with ``#column`` behind it or not.
        notes: gets what the user should know.
        part: of a data set with a name.
        separator: the token between turns, where rows hold lists of them.
        keep_blank: of pairs, keep those whose source is blank.

    Raises:
        CorpusError: what cannot be read, and the mend.
    """
    kind, place, column = named(source, part)
    how: dict[str, Any] = {"separator": separator, "keep_blank": keep_blank}
    if kind in ("csv", "json", "text"):
        asked = [name for name in (column, *column.split(",")) if name]
        return {
            "train": table_rows(
                _file_table(kind, Path(place), asked, notes), column, f"{source}, split train", notes, **how
            )
        }
    return {
        split: table_rows(library_table(found), column, where, notes, **how)
        for split, (where, found) in library_splits(source, part).items()
    }


def named(source: str, part: DataSetPart = DataSetPart()) -> tuple[str, str, str]:  # noqa: B008
    """What a name ``hf:...`` says: the format of a file or nothing, the file or the data set's name, and the column.

    Raises:
        CorpusError: it names no data, an unknown format, a file that is not there, or parts of what is one file.
    """
    place, _, column = source.removeprefix("hf:").partition("#")
    kind, colon, file = place.partition(":")
    if not place or (colon and not file):
        raise CorpusError(f"{source} names no data: expected hf:NAME, or a file as in hf:csv:FILE.")
    if colon and kind not in DATASET_FORMATS:
        raise CorpusError(
            f"{source}: no file format is called {kind!r}.{nearest(kind, DATASET_FORMATS)} Known: "
            f"{', '.join(DATASET_FORMATS)}."
        )
    if colon and not os.path.isfile(file):
        raise CorpusError(f"{source}: there is no file {file}. Give the path of a {kind} file.")
    if colon and part.given():
        raise CorpusError(f"{source} is one file, and {part.given()[0]} is of a data set hf:NAME: leave it out.")
    return (kind, file, column) if colon else ("", place, column)


def library_splits(source: str, part: DataSetPart = DataSetPart()) -> dict[str, tuple[str, Any]]:  # noqa: B008
    """The splits of ``hf:NAME`` or ``hf:parquet:FILE`` that are used: for each what to call it in messages, and a
    `datasets.Dataset`, whose fields stay on the disk until they are read.

    Raises:
        CorpusError: what cannot be read, and the mend.
    """
    kind, place, _ = named(source, part)
    loaded = _loaded(source, place, part, parquet=kind == "parquet")
    splits = {}
    for split, names in SPLIT_NAMES.items():
        present = next((name for name in names if name in loaded), None)
        if present is not None:
            splits[split] = f"{source}, split {present}", loaded[present]
    if "train" not in splits:
        raise CorpusError(
            f"{source} has no split called train, only {', '.join(loaded)}. Say which is the training text with "
            "--data.set-split."
        )
    return splits


def _file_table(kind: str, path: Path, asked: Collection[str], notes: list[str]) -> Table:
    if kind == "csv":
        return read_csv(path, asked, notes)
    if kind == "json":
        return read_json(path)
    return {"text": plain_column(raw_lines(path, ""))}


def _loaded(source: str, place: str, part: DataSetPart, *, parquet: bool) -> Mapping[str, Any]:
    """The splits of a data set as the library has them."""
    try:
        with quiet():
            import datasets

            if parquet:
                return datasets.load_dataset("parquet", data_files=place)
            refuse_builder(source, place, datasets)
            return _loaded_by_name(datasets, place, part)
    except CorpusError:
        raise
    except Exception as error:
        # The library wraps what happened in errors of many kinds; the cause tells it.
        cause = error.__cause__ or error
        what = " ".join(str(cause).split())[:300].rstrip(".")
        mend = "Check the name and the network; a file needs none: hf:csv:FILE."
        if "Config name is missing" in what or "BuilderConfig" in what:
            mend = "Choose a configuration with --data.set-configuration."
        mend = "Check the parquet file." if parquet else mend
        raise CorpusError(f"{source} cannot be loaded: {type(cause).__name__}: {what}. {mend}") from error


def _loaded_by_name(datasets: Any, place: str, part: DataSetPart) -> Mapping[str, Any]:
    given: dict[str, Any] = {"name": part.configuration, "revision": part.revision, "data_dir": part.folder}
    given = {key: value for key, value in given.items() if value is not None}
    others = datasets.load_dataset(place, **given)
    first = next(iter(others.values()))
    if first.builder_name == "csv":  # its reader makes nothing of NA, and 7 of 007
        plain = {
            name: datasets.Value("string") if isinstance(feature, datasets.Value) else feature
            for name, feature in first.features.items()
        }
        given |= {"keep_default_na": False, "features": datasets.Features(plain)}
        others = datasets.load_dataset(place, **given)
    if part.split is None:
        return others
    chosen = datasets.load_dataset(place, split=part.split, **given)
    # What is trained on is not held out as well.
    taken = {name for name in others if name in part.split.replace("[", "+").split("+")}
    return {**{name: others[name] for name in others if name not in taken and name != "train"}, "train": chosen}


def library_table(data_set: Any) -> Table:
    """The columns of a `datasets.Dataset`."""
    return {name: _library_column(data_set, name, feature) for name, feature in data_set.features.items()}


def _library_column(data_set: Any, name: str, feature: Any) -> Column:
    def read() -> Sequence[Any]:
        # Row by row it would take a hundred times as long.
        column = data_set.select_columns([name]).with_format("arrow")[:].column(name)
        if getattr(feature, "dtype", "") in ("float16", "float32"):  # as many digits as they have
            import pyarrow

            return column.cast(pyarrow.string()).to_pylist()
        return [_with_names(feature, value) for value in column.to_pylist()]

    return Column(_kind(feature), read)


def _kind(feature: Any) -> Kind:
    """The kind of a column of the library."""
    if isinstance(feature, Mapping):
        return {name: _kind(each) for name, each in feature.items()}
    if isinstance(feature, list):
        return [_kind(feature[0])]
    sort, dtype = type(feature).__name__, str(getattr(feature, "dtype", "") or "")
    if sort == "Translation":
        return dict.fromkeys(feature.languages, TEXT)
    if sort == "TranslationVariableLanguages":
        return {"language": [TEXT], "translation": [TEXT]}
    if sort in ("List", "LargeList", "Sequence"):
        return [_kind(feature.feature)]
    if sort == "ClassLabel":
        return LABELS
    if sort != "Value":
        return sort.casefold()
    if "string" in dtype:
        return TEXT
    if dtype.startswith(("int", "uint", "float", "decimal")):
        return NUMBERS
    return {"bool": "booleans", "null": "nothing"}.get(dtype, dtype)


def _with_names(feature: Any, value: Any) -> Any:
    """A value with the names of its labels in place of their numbers."""
    if value is None:
        return None
    if isinstance(feature, Mapping):
        return {name: _with_names(each, value.get(name)) for name, each in feature.items()}
    if type(feature).__name__ in ("List", "LargeList", "Sequence") and isinstance(value, list):
        return [_with_names(feature.feature, each) for each in value]
    if type(feature).__name__ == "ClassLabel":
        return feature.int2str(value) if value >= 0 else None
    return value
