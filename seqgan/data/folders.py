"""Folders of train.*, valid.* and test.*: plain text, source TAB target, or two languages side by side."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqgan.data.lines import read_lines
from seqgan.data.pairs import Pair, read_aligned, read_tsv
from seqgan.errors import CorpusError, nearest

Splits = Mapping[str, Sequence[Any]]
"""By split either sentences, which are strings, or pairs."""
SPLIT_NAMES = {"train": ("train",), "valid": ("valid", "validation", "dev"), "test": ("test",)}
"""Names that files of a folder, and splits of a data set, may have."""


def read_folder(
    folder: Path,
    notes: list[str],
    source: str | None = None,
    target: str | None = None,
    *,
    keep_blank: bool = False,
) -> Splits:
    """The splits of a folder.

    Args:
        folder: where train.*, valid.* (or validation.*, dev.*) and test.* are, or folders of these names with the
            shards of a plain text.
        notes: gets what the user should know.
        source: extension of the files of sources; None where the folder has one file for each split.
        target: extension of the files of targets.
        keep_blank: of pairs, keep those whose source is blank.

    Raises:
        CorpusError: no such files, or more than one for a split, or an unaligned one.
    """
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise CorpusError(f"{folder} cannot be listed: {error.strerror}. Check the permissions.") from error
    if source is not None or target is not None:
        return _read_languages(folder, files, notes, *check_extensions(source, target), keep_blank=keep_blank)
    splits: dict[str, Sequence[Any]] = {}
    for split in SPLIT_NAMES:
        parts = split_files_of(folder, split, notes)
        if len(parts) == 1 and is_tsv(parts[0]) and parts[0].parent == folder:
            splits[split] = read_tsv(parts[0], notes, keep_blank=keep_blank)
        elif parts:
            splits[split] = [line for path in parts for line in read_lines(path, notes)]
    if "train" not in splits:
        listed = ", ".join(path.name for path in files[:5]) or "no files"
        raise CorpusError(
            f"{folder} has no train.*: expected train.txt, or a folder train of text files, and maybe valid.txt and "
            f"test.txt; it has {listed}."
        )
    paired = {split for split, lines in splits.items() if isinstance(lines[0], Pair)}
    if paired and paired != splits.keys():
        plain = sorted(splits.keys() - paired)
        raise CorpusError(
            f"{folder} has pairs for {' and '.join(sorted(paired))} and plain text for {' and '.join(plain)}: give "
            "all splits as pairs in .tsv files, or none."
        )
    return splits


def split_files_of(folder: Path, split: str, notes: list[str]) -> list[Path]:
    """The files of a split: one of its name, or else all those in a folder of its name, sorted; none where there are
    none.

    What begins with a dot is no text, and neither is a folder such as ``__pycache__``.

    Args:
        folder: of the text.
        split: of `SPLIT_NAMES`.
        notes: gets what has the split's name and is left alone, because something else is read.

    Raises:
        CorpusError: several files could be meant; or what is there in place of one, or of a part of the training
            text, is none.
    """
    names = SPLIT_NAMES[split]
    found = sorted(path for path in folder.iterdir() if _is_named(path, names))
    files = [path for path in found if path.is_file()]
    folders = [folder / name for name in names if (folder / name).is_dir()]
    others = [path for path in found if not path.is_file()]
    others = [path for path in others if not path.is_dir() or path.suffix in (".txt", ".tsv")]
    if len(files) > 1:
        listed = " and ".join(path.name for path in files)
        raise CorpusError(
            f"{folder} has {listed}: expected one file, or one folder of parts, for a split. {_two_languages(files)}"
            "For plain text name one file, with --valid for the held-out one."
        )
    parts: list[Path] = files
    read = files[0] if files else None
    for place in folders if read is None else ():
        parts = _parts_in(place, notes, strict=split == "train")
        if parts:
            read = place
            break
    if read is None and others:
        raise CorpusError(
            f"{others[0]} is {_no_file(others[0])}, where the {split} text of {folder} is expected: mend it."
        )
    if read is not None:
        notes += [
            f"The {split} text is {read}; {path.name}, {_no_file(path)} beside it, is left alone."
            for path in (*folders, *others)
            if path != read
        ]
    return parts


def _parts_in(place: Path, notes: list[str], *, strict: bool) -> list[Path]:
    """The files in a folder of parts, sorted; what else is there is refused where `strict`, and noted elsewhere.

    Raises:
        CorpusError: one of the parts is no file, and would be left out.
    """
    parts = []
    for path in sorted(place.iterdir()):
        if path.name.startswith(".") or (path.is_dir() and path.name.startswith("__")):
            continue
        if path.is_file():
            parts.append(path)
        elif strict:
            raise CorpusError(
                f"{path} is {_no_file(path)}, among the parts of a text: put text files there, and nothing else."
            )
        else:
            notes.append(f"{path} is {_no_file(path)}, among the parts of a text, and is left alone.")
    return parts


def is_of_split(path: Path, folder: Path) -> bool:
    """Whether a file, by whatever link, is or would be read from a folder as a split or as a part of one.

    Args:
        path: of the file, which need not be there.
        folder: of the text.
    """
    inside, place = folder.resolve(), path.parent.resolve() / path.name
    for names in SPLIT_NAMES.values():
        files = [other for other in _files_in(inside) if _is_named(other, names)]
        shards = [inside / name for name in names if not files]
        if (place.parent == inside and _is_named(place, names)) or place.parent in shards:
            return True
        known = (*files, *(other for shard in shards for other in _files_in(shard)))
        if path.exists() and any(os.path.samefile(path, other) for other in known):
            return True
    return False


def _files_in(folder: Path) -> list[Path]:
    """The files in a folder; none where it cannot be listed, which its reader says."""
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def _is_named(path: Path, names: Sequence[str]) -> bool:
    """Whether a file has the name of a split, and any extension."""
    return path.stem in names and path.suffix != ""


def _no_file(path: Path) -> str:
    """What something is that is no file."""
    return "a link to nothing" if not path.exists() else "a folder" if path.is_dir() else "no plain file"


def read_prefix(
    prefix: str, notes: list[str], source: str | None, target: str | None, *, keep_blank: bool = False
) -> list[Pair] | None:
    """The pairs of PREFIX.SOURCE and PREFIX.TARGET, with blank sources if asked; None where neither is a file.

    Raises:
        CorpusError: one of the two extensions has no such file, or the files are not aligned.
    """
    found = extensions(prefix)
    if not prefix or not found or (source is None and target is None):
        return None
    left, right = check_extensions(source, target)
    _refuse_unknown(prefix, left, right, found)
    return read_aligned(Path(f"{prefix}.{left}"), Path(f"{prefix}.{right}"), notes, keep_blank=keep_blank)


def aligned_places(corpus: str, valid: str | None, extension: str | None) -> dict[str, str]:
    """The files of one language that may be read, by what stands before their extension; not all need be there.

    Args:
        corpus: a prefix, or a folder whose files have the names of splits.
        valid: a prefix.
        extension: of the files; None where there are no languages.
    """
    aliases = [os.path.join(corpus, alias) for names in SPLIT_NAMES.values() for alias in names]
    prefixes = () if extension is None else (corpus, valid, *aliases)
    return {prefix: f"{prefix}.{extension}" for prefix in prefixes if prefix is not None}


def extensions(prefix: str) -> list[str]:
    """What follows PREFIX and a dot in the names of files, sorted."""
    folder, name = os.path.split(prefix)
    try:
        names = os.listdir(folder or ".")
    except (OSError, ValueError):
        return []
    ends = [other.removeprefix(f"{name}.") for other in names if name and other.startswith(f"{name}.")]
    return sorted(end for end in ends if end and os.path.isfile(f"{prefix}.{end}"))


def check_extensions(source: str | None, target: str | None) -> tuple[str, str]:
    """The two extensions of aligned files, without a dot in front.

    Raises:
        CorpusError: one is missing, or both are the same.
    """
    if source is None or target is None:
        given, missing = ("--source", "--target") if target is None else ("--target", "--source")
        raise CorpusError(
            f"{given} {source or target} is given without {missing}: aligned files need both extensions, as in "
            "--source en --target de."
        )
    source, target = source.removeprefix("."), target.removeprefix(".")
    if source == target:
        raise CorpusError(f"--source and --target are both {source!r}: sources and targets are different files.")
    return source, target


def is_tsv(path: str | Path) -> bool:
    """Whether a file's name says that it holds ``source TAB target``."""
    return str(path).lower().endswith(".tsv")


def _read_languages(
    folder: Path, files: Sequence[Path], notes: list[str], source: str, target: str, *, keep_blank: bool
) -> Splits:
    names = {path.name for path in files}
    splits = {}
    for split, aliases in SPLIT_NAMES.items():
        begun = [alias for alias in aliases if {f"{alias}.{source}", f"{alias}.{target}"} & names]
        if len(begun) > 1:
            raise CorpusError(f"{folder} has {' and '.join(f'{name}.*' for name in begun)}: expected one for a split.")
        if begun:
            prefix = str(folder / begun[0])
            _refuse_unknown(prefix, source, target, extensions(prefix))
            ends = Path(f"{prefix}.{source}"), Path(f"{prefix}.{target}")
            splits[split] = read_aligned(*ends, notes, keep_blank=keep_blank)
    if "train" not in splits:
        _refuse_unknown(str(folder / "train"), source, target, extensions(str(folder / "train")))
    return splits


def _refuse_unknown(prefix: str, source: str, target: str, found: Sequence[str]) -> None:
    for flag, extension in (("--source", source), ("--target", target)):
        if extension not in found:
            there = ", ".join(f"{os.path.basename(prefix)}.{end}" for end in found) or f"no {prefix}.*"
            raise CorpusError(
                f"There is no {prefix}.{extension}, which {flag} {extension} asks for.{nearest(extension, found)} "
                f"Found: {there}."
            )


def _two_languages(files: Sequence[Path]) -> str:
    """The flags for files of one name that differ in their extensions, which are named."""
    ends = sorted(path.name.partition(".")[2] for path in files)
    if len(files) < 2 or len({path.name.partition(".")[0] for path in files}) > 1:
        return ""
    return (
        f"The extensions are {', '.join(ends)}: two languages side by side are pairs, which need "
        f"--source {ends[-1]} --target {ends[0]} or the other way round. "
    )
