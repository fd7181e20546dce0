"""The data doctor: looks at a corpus before anything is trained on it. What it finds is described in `inspection`."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from math import ceil, exp, log
from pathlib import Path
from statistics import linear_regression

from seqgan.data.corpus import Corpus
from seqgan.data.folders import SPLIT_NAMES
from seqgan.data.inspection import (
    Alike,
    Growth,
    Inspection,
    Leak,
    Lengths,
    Pairs,
    Punctuation,
    Split,
    Threshold,
    Unknown,
)
from seqgan.data.odd_characters import mixed_scripts, odd_characters
from seqgan.data.source_cut import decided
from seqgan.data.spaces import why_characters, words_in_a_sentence
from seqgan.data.tokenizers import Tokenizer, Words

PERCENTILES = (1, 5, 25, 50, 75, 90, 95, 99)
"""Of the lengths, nearest rank: the smallest length that so many percent of the sentences do not exceed."""
MIN_COUNTS = (1, 2, 3, 5, 10)
"""Thresholds that the vocabulary is tried with."""
GROWTH_POINTS = 40
"""Places of the training text where its vocabulary is counted, at equal ratios."""
PUNCTUATION = ".,;:!?"
"""Marks that a word may have at its end where a text was not tokenized."""
EXAMPLES = 5
"""Things that are listed of each kind."""


def inspect_corpus(
    corpus: Corpus,
    tokenizer: Tokenizer | None = None,
    alike: Sequence[Alike] = (),
    *,
    source_tokenizer: Tokenizer | None = None,
) -> Inspection:
    """Look at a corpus.

    Of pairs the sentences are the targets. Copies and leaks are then whole pairs: an answer that many sources share,
    such as a thank-you, is neither.

    Args:
        corpus: from `load_corpus`.
        tokenizer: decides what a token is; by default, words.
        alike: files that are known to be the same, from `identical_files`.
        source_tokenizer: of the sources of pairs; by default as for sentences.
    """
    tokenizer = tokenizer or Words()
    sentences = {name: lines for name in SPLIT_NAMES if (lines := getattr(corpus, name))}
    tokens = {name: [tokenizer.tokenize(line) for line in lines] for name, lines in sentences.items()}
    counts = {name: Counter(chain.from_iterable(lists)) for name, lists in tokens.items()}
    whole = sentences if corpus.sources is None else {name: _joined(corpus, name) for name in sentences}
    train = counts["train"]
    mixed = mixed_scripts(train)
    return Inspection(
        name=corpus.name,
        tokenizer=tokenizer.name,
        notes=tuple(corpus.notes),
        splits={name: describe_split(whole[name], tokens[name], counts[name], sentences[name]) for name in sentences},
        vocabulary=len(train),
        once=sum(count == 1 for count in train.values()),
        frequent=tuple(most_common(train, 20)),
        words_in_a_sentence=words_in_a_sentence(corpus.train),
        why_characters=why_characters(corpus.train, () if corpus.sources is None else corpus.sources.train),
        numbers_alone=all(map(str.isdecimal, train)) and len(set(map(len, tokens["train"]))) == 1,
        growth=vocabulary_growth(tokens["train"]),
        thresholds=tuple(threshold(counts, least) for least in MIN_COUNTS),
        unknown={name: unknown_tokens(tokens[name], counts[name], train) for name in sentences if name != "train"},
        leaks=tuple(find_leaks(whole)),
        alike=tuple(find_alike(whole, alike)),
        odd=tuple(odd_characters(_all_lines(corpus, sentences))),
        mixed_scripts=tuple(sorted(mixed, key=lambda token: (-train[token], token))[:EXAMPLES]),
        mixed_scripts_count=len(mixed),
        punctuation=sticking_punctuation(train if tokenizer.name == "words" else {}),
        pairs=describe_pairs(corpus, tokenizer, source_tokenizer),
        split_off=corpus.split_off,
    )


def _joined(corpus: Corpus, split: str) -> list[str]:
    """The pairs of a split, each as one line."""
    sources = getattr(corpus.sources, split)
    return [f"{source}\t{target}" for source, target in zip(sources, getattr(corpus, split), strict=True)]


def _all_lines(corpus: Corpus, sentences: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The sentences of each split, and behind them its sources under a name of their own."""
    lines: dict[str, Sequence[str]] = {}
    for name, targets in sentences.items():
        lines[name] = targets
        if corpus.sources is not None:
            lines[f"{name} sources"] = getattr(corpus.sources, name)
    return lines


def describe_split(
    lines: Sequence[str], tokens: Sequence[Sequence[str]], counts: Mapping[str, int], sentences: Sequence[str] = ()
) -> Split:
    """Sizes, lengths and copies of a split.

    Args:
        lines: in which copies are looked for: its sentences or, of pairs, these as lines.
        tokens: of its sentences.
        counts: of the tokens.
        sentences: of pairs, the targets; by default the lines.
    """
    repeated = Counter(lines)
    return Split(
        sentences=len(lines),
        tokens=sum(map(len, tokens)),
        distinct_tokens=len(counts),
        characters=sum(map(len, sentences or lines)),
        lengths=describe_lengths(tokens),
        copies=len(lines) - len(repeated),
        near_copies=len(repeated) - len(set(map(normalized, repeated))),
        most_repeated=tuple((line, count) for line, count in most_common(repeated, EXAMPLES) if count > 1),
    )


def describe_lengths(tokens: Sequence[Sequence[str]]) -> Lengths:
    """How long some token lists are."""
    counts = Counter(map(len, tokens))
    return Lengths(
        shortest=min(counts),
        mean=sum(length * count for length, count in counts.items()) / len(tokens),
        longest=max(counts),
        percentiles={str(percent): percentile(counts, percent) for percent in PERCENTILES},
        counts={str(length): counts[length] for length in sorted(counts)},
    )


def percentile(counts: Mapping[int, int], percent: float) -> int:
    """The smallest length that `percent` of the sentences do not exceed.

    Args:
        counts: sentences of each length.
        percent: above 0, up to 100.
    """
    needed = ceil(sum(counts.values()) * percent / 100)
    for length in sorted(counts):
        needed -= counts[length]
        if needed <= 0:
            return length
    return max(counts)


def normalized(line: str) -> str:
    """The same for sentences, or pairs with a tab between, that differ in upper case and white space only."""
    return "\t".join(" ".join(part.split()) for part in line.split("\t")).casefold()


def most_common(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    """The most frequent first, ties in alphabetical order."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def vocabulary_growth(tokens: Sequence[Sequence[str]]) -> Growth:
    """Distinct tokens after more and more of a text, and the power law through them by least squares of logarithms."""
    total = sum(map(len, tokens))
    places = sorted({max(1, round(total ** (point / GROWTH_POINTS))) for point in range(1, GROWTH_POINTS + 1)})
    seen: set[str] = set()
    at, distinct = [], []
    following = iter(places)
    place = next(following)
    for read, token in enumerate(chain.from_iterable(tokens), start=1):
        seen.add(token)
        if read == place:
            at.append(read)
            distinct.append(len(seen))
            place = next(following, 0)
    if len(at) < 2:
        return Growth(tuple(at), tuple(distinct), 0.0, float(len(seen)))
    slope, intercept = linear_regression([log(n) for n in at], [log(n) for n in distinct])
    return Growth(tuple(at), tuple(distinct), slope, exp(intercept))


def threshold(counts: Mapping[str, Mapping[str, int]], least: int) -> Threshold:
    """What remains of the vocabulary when rarer tokens than `least` become unknown.

    Args:
        counts: of the tokens of each split.
        least: occurrences in the training text that a token needs.
    """
    known = {token for token, count in counts["train"].items() if count >= least}
    unknown = {
        name: sum(count for token, count in tokens.items() if token not in known) / max(1, sum(tokens.values()))
        for name, tokens in counts.items()
    }
    return Threshold(least, len(known), unknown)


def unknown_tokens(tokens: Sequence[Sequence[str]], counts: Mapping[str, int], known: Mapping[str, int]) -> Unknown:
    """What of a held-out split is not in the training text.

    Args:
        tokens: of its sentences.
        counts: of its tokens.
        known: those of the training text.
    """
    unknown = {token: count for token, count in counts.items() if token not in known}
    with_unknown = sum(not unknown.keys().isdisjoint(sentence) for sentence in tokens) if unknown else 0
    return Unknown(
        tokens=sum(unknown.values()) / max(1, sum(counts.values())),
        distinct_tokens=len(unknown) / max(1, len(counts)),
        sentences=with_unknown / len(tokens),
        most_frequent=tuple(most_common(unknown, EXAMPLES)),
    )


def find_leaks(sentences: Mapping[str, Sequence[str]]) -> list[Leak]:
    """Sentences of a later split that stand in an earlier one: validation in training, test in both."""
    leaks = []
    for of, split in combinations(sentences, 2):
        known = set(sentences[of])
        leaked = [line for line in sentences[split] if line in known]
        nearly_known = set(map(normalized, known))
        near = sum(line not in known and normalized(line) in nearly_known for line in sentences[split])
        if leaked or near:
            share = len(leaked) / len(sentences[split])
            examples = tuple(dict.fromkeys(leaked))[:EXAMPLES]
            leaks.append(Leak(split, of, len(leaked), share, near, examples))
    return leaks


def find_alike(sentences: Mapping[str, Sequence[str]], files: Sequence[Alike] = ()) -> list[Alike]:
    """Splits that are one: by their files where those are known, else by their sentences."""
    known = {(pair.first, pair.second): pair for pair in files}
    same = [pair for pair in combinations(sentences, 2) if sentences[pair[0]] == sentences[pair[1]] or pair in known]
    return [known.get(pair) or Alike(*pair, byte_for_byte=False, files=()) for pair in same]


def identical_files(source: str | Path) -> list[Alike]:
    """The splits of a folder whose files have the same bytes; none where the corpus is no folder."""
    folder = Path(source)
    if not os.path.isdir(folder):
        return []
    files = {}
    for split, names in SPLIT_NAMES.items():
        found = [path for path in sorted(folder.iterdir()) if path.stem in names and path.suffix and path.is_file()]
        if found:
            files[split] = found[0]
    sums = {}
    for split, path in files.items():
        with path.open("rb") as file:
            sums[split] = hashlib.file_digest(file, "sha256").digest()
    return [
        Alike(first, second, byte_for_byte=True, files=(files[first].name, files[second].name))
        for first, second in combinations(files, 2)
        if sums[first] == sums[second]
    ]


def sticking_punctuation(counts: Mapping[str, int]) -> Punctuation:
    """Words of a training text that end in a mark of punctuation.

    Args:
        counts: of its tokens.
    """
    sticking = {
        token: count
        for token, count in counts.items()
        if len(token) > 1 and token[-1] in PUNCTUATION and token[-2].isalpha() and token[0].isalnum()
    }
    both = [token for token in sticking if token[:-1] in counts]
    total = sum(sticking.values())
    examples = tuple(token for token, _ in most_common(sticking, EXAMPLES))
    return Punctuation(total, total / max(1, sum(counts.values())), len(both), examples)


def describe_pairs(corpus: Corpus, tokenizer: Tokenizer, source_tokenizer: Tokenizer | None = None) -> Pairs | None:
    """The sources of a corpus of pairs beside their targets; None for plain text."""
    source_tokenizer = source_tokenizer or tokenizer
    sources = corpus.sources
    if sources is None:
        return None
    by_split = {name: lines for name in SPLIT_NAMES if (lines := getattr(sources, name))}
    tokens = {name: [source_tokenizer.tokenize(line) for line in lines] for name, lines in by_split.items()}
    counts = {name: Counter(chain.from_iterable(lists)) for name, lists in tokens.items()}
    held_out = [name for name in by_split if name != "train"]
    lengths = {name: describe_lengths(lists) for name, lists in tokens.items()}
    targets = describe_lengths([tokenizer.tokenize(line) for line in corpus.train])
    identical = {
        name: sum(source == target for source, target in zip(lines, getattr(corpus, name), strict=True))
        for name, lines in by_split.items()
    }
    train_sources, train_targets = set(sources.train), set(corpus.train)
    return Pairs(
        splits=lengths,
        length_ratio=targets.mean / max(lengths["train"].mean, 1e-9),
        identical=identical,
        distinct_tokens={name: len(of_split) for name, of_split in counts.items()},
        unknown={name: threshold({"train": counts["train"], name: counts[name]}, 1).unknown[name] for name in held_out},
        known={name: sum(line in train_sources for line in by_split[name]) for name in held_out},
        conversations=decided("auto", sources.train) == "beginning",
        targets={name: sum(line in train_targets for line in getattr(corpus, name)) for name in held_out},
    )
