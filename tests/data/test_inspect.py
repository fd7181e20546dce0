"""The data doctor on texts whose faults were counted by hand."""

import random
from collections import Counter
from typing import NamedTuple

import pytest

from seqgan.data.advice import Setting, advice, findings
from seqgan.data.corpus import Corpus, load_corpus
from seqgan.data.inspect import (
    describe_pairs,
    find_leaks,
    identical_files,
    inspect_corpus,
    percentile,
    sticking_punctuation,
    threshold,
    unknown_tokens,
    vocabulary_growth,
)
from seqgan.data.odd_characters import kind_of, mixed_scripts, odd_characters
from seqgan.data.spaces import has_spaces
from seqgan.data.tokenizers import Characters, Numbers, Words


def corpus(train, valid=("held out one", "held out two"), test=()):
    return Corpus("hand", list(train), list(valid), list(test), [])


def names(found):
    return [finding.name for finding in findings(found)]


def test_sizes_are_counted():
    found = inspect_corpus(corpus(["a b c", "a b", "a  b", "d"], ["a x", "b b"], ["A B c"]))
    train = found.splits["train"]
    assert (train.sentences, train.tokens, train.distinct_tokens, train.characters) == (4, 8, 4, 13)
    assert (train.lengths.shortest, train.lengths.mean, train.lengths.longest) == (1, 2.0, 3)
    assert train.lengths.counts == {"1": 1, "2": 2, "3": 1}
    assert (train.copies, train.near_copies) == (0, 1)
    assert (found.vocabulary, found.once) == (4, 2)
    assert found.frequent == (("a", 3), ("b", 3), ("c", 1), ("d", 1))
    assert found.words_in_a_sentence == 2.0
    assert list(found.splits) == ["train", "valid", "test"]


def test_percentiles_are_by_nearest_rank():
    lengths = [random.Random(3).randint(1, 40) for _ in range(137)]
    counts = Counter(lengths)
    for percent in (1, 5, 50, 90, 99, 100):
        slow = next(n for n in range(41) if 100 * sum(length <= n for length in lengths) >= percent * len(lengths))
        assert percentile(counts, percent) == slow
    assert percentile({5: 99, 100: 1}, 99) == 5
    assert percentile({5: 98, 100: 2}, 99) == 100


def test_growth_of_a_text_without_repetition_is_linear():
    growth = vocabulary_growth([[f"w{i}" for i in range(j, j + 10)] for j in range(0, 1000, 10)])
    assert growth.exponent == pytest.approx(1)
    assert growth.scale == pytest.approx(1)
    assert growth.tokens[-1] == growth.distinct[-1] == 1000


def test_growth_of_one_word_is_none():
    growth = vocabulary_growth([["a"] * 500])
    assert growth.exponent == pytest.approx(0)
    assert set(growth.distinct) == {1}


def test_growth_recovers_a_square_root():
    # The k-th new word comes at token k * k, so that n tokens have floor(sqrt(n)) distinct ones.
    tokens = [f"new{int(n**0.5)}" if int(n**0.5) ** 2 == n else "new1" for n in range(1, 40_001)]
    growth = vocabulary_growth([tokens])
    assert growth.exponent == pytest.approx(0.5, abs=0.03)
    assert all(distinct == int(n**0.5) for n, distinct in zip(growth.tokens, growth.distinct, strict=True))


def test_a_text_of_one_token_has_no_law():
    assert vocabulary_growth([["a"]]).exponent == 0


def test_unknown_tokens_and_thresholds():
    train = Counter({"a": 5, "b": 2, "c": 1})
    valid = [["a", "x"], ["a", "b"], ["x", "y", "c"]]
    unknown = unknown_tokens(valid, Counter(token for line in valid for token in line), train)
    assert unknown.tokens == pytest.approx(3 / 7)
    assert unknown.distinct_tokens == pytest.approx(2 / 5)
    assert unknown.sentences == pytest.approx(2 / 3)
    assert unknown.most_frequent == (("x", 2), ("y", 1))
    kept = threshold({"train": train, "valid": Counter({"a": 1, "c": 3})}, 2)
    assert kept.vocabulary == 2
    assert kept.unknown == {"train": 1 / 8, "valid": 3 / 4}


def test_leaks_are_counted_across_all_splits():
    leaks = find_leaks({"train": ["a b", "c d", "c d"], "valid": ["a b", "a b", "C  d", "e"], "test": ["e", "f"]})
    assert [(leak.split, leak.of, leak.sentences, leak.near) for leak in leaks] == [
        ("valid", "train", 2, 1),
        ("test", "valid", 1, 0),
    ]
    assert leaks[0].share == 0.5
    assert leaks[0].examples == ("a b",)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.txt").write_text("a b c .\nd e f .\n")
    (tmp_path / "valid.txt").write_text("x y .\nz .\n")
    (tmp_path / "test.txt").write_text("x y .\nz .\n")
    return tmp_path


def test_identical_files_are_said_to_be_so_byte_for_byte(folder):
    alike = identical_files(folder)
    assert [(each.first, each.second, each.files) for each in alike] == [("valid", "test", ("valid.txt", "test.txt"))]
    found = inspect_corpus(load_corpus(folder), Words(), alike)
    worst = findings(found)[0]
    assert (worst.level, worst.name) == ("problem", "identical splits")
    assert "valid.txt and test.txt are identical byte for byte" in worst.text
    assert "leakage" not in names(found)  # said once


def test_the_same_sentences_in_other_bytes_are_alike_too(folder):
    (folder / "test.txt").write_bytes(b"x y .\r\nz .\r\n")
    assert identical_files(folder) == []
    worst = findings(inspect_corpus(load_corpus(folder)))[0]
    assert "valid and test hold the same sentences in the same order" in worst.text


def test_files_that_differ_are_not_alike(folder):
    (folder / "test.txt").write_text("x y .\nz !\n")
    assert identical_files(folder) == []
    assert identical_files(folder / "train.txt") == []
    assert names(inspect_corpus(load_corpus(folder)))[0] == "leakage"


ODD = {
    "\x1b": "control character",
    "\x85": "control character",
    "\u2028": "control character",
    "\u200b": "zero-width character",
    "\u00ad": "zero-width character",
    "\u202e": "direction control",
    "\ufeff": "byte-order mark inside",
    "\ufffd": "replacement character",
    "\ue000": "private-use character",
    "\ufdd0": "unassigned character",
    chr(0xD800): "surrogate",
    "\u00a0": "unusual space",
    "\u3000": "unusual space",
    "a": None,
    " ": None,
    "é": None,
    "字": None,
    "👍": None,
}


@pytest.mark.parametrize(("character", "kind"), ODD.items(), ids=lambda value: ascii(value))
def test_every_kind_of_odd_character(character, kind):
    assert kind_of(character) == kind
    found = odd_characters({"train": ["fine", f"x{character}y{character}", f"{character}z"], "valid": ["fine"]})
    if kind is None:
        assert found == []
        return
    (odd,) = found
    assert (odd.kind, odd.count, odd.sentences, odd.where) == (kind, 3, 2, "train 2")
    assert odd.example == f"x{character}y{character}"
    assert odd.characters[0].startswith(f"U+{ord(character):04X} ")


def test_forms_that_are_not_composed_and_wrongly_decoded_text():
    (odd,) = odd_characters({"train": ["café", "cafe\u0301"]})
    assert (odd.kind, odd.sentences, odd.where) == ("not composed (NFC)", 1, "train 2")
    wrong = "déjà vu — “so”".encode().decode("cp1252", errors="ignore")
    kinds = [odd.kind for odd in odd_characters({"train": [wrong, "naïve Ångström"]})]
    assert "wrongly decoded UTF-8" in kinds
    assert odd_characters({"train": ["naïve Ångström Ñandú â Ã"]}) == []


def test_letters_that_look_alike():
    assert mixed_scripts(["paypal", "p\u0430ypal", "мир", "Ω", "naïve", "東京tower", "x2"]) == ["p\u0430ypal"]


def test_punctuation_that_sticks():
    sticking = sticking_punctuation({"dog": 2, "dog,": 3, "home.": 1, ".": 9, "...": 1, "3.5": 1, "e.g.": 1, "3.": 2})
    assert (sticking.tokens, sticking.both) == (5, 1)
    assert sticking.share == 5 / 20
    assert sticking.examples == ("dog,", "e.g.", "home.")
    clean = inspect_corpus(corpus(["the dog , runs .", "a cat sits ."]))
    assert "punctuation" not in names(clean)
    raw = inspect_corpus(corpus(["The dog, runs.", "A cat sits."]))
    assert "punctuation" in names(raw)


class Sources(NamedTuple):
    train: list[str]
    valid: list[str]
    test: list[str]


def test_pairs():
    class Paired(NamedTuple):
        train: list[str]
        sources: Sources
        valid: list[str]
        test: list[str]

    pairs = describe_pairs(Paired(["a b", "c d e f"], Sources(["x", "c d e f"], ["v"], []), ["v"], []), Words())
    assert pairs.length_ratio == pytest.approx(3 / 2.5)
    assert pairs.identical == {"train": 1, "valid": 1}
    assert pairs.splits["train"].longest == 4
    assert describe_pairs(corpus(["a", "b"]), Words()) is None


def test_copies_and_leaks_of_pairs_are_of_whole_pairs(tmp_path):
    lines = {
        "train": ["hi there\tyes .", "how are you\tfine", "hi there\tyes .", "HI there\tyes .", "ok ?\tyes ."],
        # A pair that was trained on, a source with another answer, an answer to another source, and nothing known.
        "valid": ["hi there\tyes .", "hi there\tno", "really ?\tyes .", "what\tis this"],
    }
    for name, pairs in lines.items():
        (tmp_path / f"{name}.tsv").write_text("\n".join(pairs) + "\n")
    found = inspect_corpus(load_corpus(tmp_path), Words())
    train = found.splits["train"]
    assert (train.sentences, train.copies, train.near_copies) == (5, 1, 1)
    assert (train.tokens, train.characters) == (9, 24)  # of the targets alone: four of five characters, one of four
    assert train.most_repeated == (("hi there\tyes .", 2),)
    assert [(leak.split, leak.of, leak.sentences, leak.share) for leak in found.leaks] == [("valid", "train", 1, 0.25)]
    assert found.pairs.known == {"valid": 2}
    assert found.pairs.targets == {"valid": 2}
    # hi there hi there really ? what: "really" and "what" are new.
    assert found.pairs.unknown == {"valid": pytest.approx(2 / 7)}
    # hi there how are you HI ok ?
    assert found.pairs.distinct_tokens == {"train": 8, "valid": 5}
    said = {finding.name: finding.text for finding in findings(found)}
    assert said["leakage"] == "1 valid pair (25.0 %) also in train."
    assert said["known sources in valid"].startswith("2 of 4 valid sources (50.0 %) also in train, and 2 targets")
    assert said["copies in train"].startswith("1 of 5 train pairs (20.0 %)")


def test_long_sources_are_advised_to_be_cut(tmp_path):
    pairs = [f"w{n} w\tx" for n in range(199)] + [f"{'w ' * 50}\tx"]
    (tmp_path / "train.tsv").write_text("\n".join(pairs) + "\n")
    found = inspect_corpus(load_corpus(tmp_path / "train.tsv", seed=0), Words())
    (said,) = [each.text for each in advice(found) if "source" in each.flag] or ["lose their end."]
    assert said.endswith("lose their end.")
    flags = [setting.flag for setting in advice(found)]
    longest = found.pairs.splits["train"].longest
    assert ("--data.max-source-length 2" in flags) == (longest == 50)


def test_advice_for_conversations_says_that_old_turns_are_left_out(tmp_path):
    pairs = [f"w{n} __eou__ w\tx" for n in range(199)] + [f"{'w ' * 50}\tx"] * 2
    (tmp_path / "train.tsv").write_text("\n".join(pairs) + "\n")
    (tmp_path / "valid.tsv").write_text("w\tx\n")
    found = inspect_corpus(load_corpus(tmp_path), Words())
    (said,) = [each.text for each in advice(found) if each.flag == "--data.max-source-length 3"]
    assert said.endswith("the longest has 50 tokens. Longer ones lose their oldest turns.")


def test_held_out_lines_of_a_text_with_copies_are_no_problem(tmp_path):
    lines = [f"w{n % 20} w" for n in range(200)]
    (tmp_path / "one.txt").write_text("\n".join(lines) + "\n")
    found = inspect_corpus(load_corpus(tmp_path / "one.txt"), Words())
    (leak,) = [finding for finding in findings(found) if finding.name == "leakage"]
    assert (leak.level, leak.text) == ("note", "10 valid sentences (100.0 %) also in train.")
    # The same in files that were given is one.
    (tmp_path / "train.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "valid.txt").write_text("w1 w\n")
    (leak,) = [f for f in findings(inspect_corpus(load_corpus(tmp_path), Words())) if f.name == "leakage"]
    assert leak.level == "problem"


def test_odd_characters_of_sources_are_found(tmp_path):
    (tmp_path / "pairs.tsv").write_text("\n".join(["a\u200bb\tx", *(f"{n}\ty" for n in range(20))]) + "\n")
    (odd,) = inspect_corpus(load_corpus(tmp_path / "pairs.tsv"), Words()).odd
    assert odd.kind == "zero-width character"
    assert odd.where.split()[1] == "sources"


def flags(found):
    return [setting.flag for setting in advice(found)]


def test_advice_of_the_tokenizer():
    assert flags(inspect_corpus(corpus(["emma", "olivia"], ["ava"])))[0] == "--tokenizer characters"
    assert not has_spaces(["emma", "olivia"])
    assert flags(inspect_corpus(corpus(["1 2 3", "4 5 6"], ["1 2 6"])))[0] == "--tokenizer ids"
    assert flags(inspect_corpus(corpus(["1 2 3", "4 5 6"], ["1 2 6"]), Numbers()))[0] == "--tokenizer ids"
    assert flags(inspect_corpus(corpus(["a b c d"] * 50, ["a b x y"])))[0] == "--tokenizer sentencepiece"
    assert flags(inspect_corpus(corpus(["a b c d"] * 50, ["a b c d"])))[0] == ""
    assert flags(inspect_corpus(corpus(["我爱你 真的", "你爱我 真的"], ["你爱我 真的"])))[0] == "--tokenizer characters"


def test_advice_of_the_length_keeps_99_percent_and_counts_the_end():
    lines = ["a b c"] * 99 + ["a " * 50]
    assert "--data.max-length 4" in flags(inspect_corpus(corpus(lines)))
    assert not any("max-length" in flag for flag in flags(inspect_corpus(corpus(["a b c"] * 100))))
    assert "--data.max-length 6" in flags(inspect_corpus(corpus(["a b c"] * 99 + ["a " * 50]), Characters()))


def test_advice_of_the_threshold_loses_one_percent_at_most():
    rare = [f"rare{number}" for number in range(5_001)]
    # 5,001 words once among 600,000 tokens are 0.8 %; twice they would be 1.7 %.
    lines = [" ".join(["a", "b", "c", "d"] * 30)] * 5_000
    for number, word in enumerate(rare):
        lines[number % 5_000] += f" {word}"
    found = inspect_corpus(corpus(lines, ["a b"]))
    assert found.vocabulary == 5_005
    assert "--data.min-count 10" in flags(found)
    assert not any("min-count" in flag for flag in flags(inspect_corpus(corpus(lines[:100], ["a b"]))))


def test_copies_and_small_splits_are_found():
    found = inspect_corpus(corpus(["a b", "a b", "c d"], ["e f", "e g"]))
    said = {finding.name: finding for finding in findings(found)}
    assert said["copies in train"].level == "warning"
    assert "1 of 3 train sentences (33.3 %) occurred before" in said["copies in train"].text
    assert said["no test text"].level == "note"
    assert "2 valid sentences" in said["small valid split"].text
    assert found.splits["train"].most_repeated == (("a b", 2),)


def test_advice_knows_the_length_that_is_taken_by_itself():
    def setting(lengths: list[int]) -> Setting:
        text = Corpus("mine", [" ".join("ab"[n % 2] for n in range(length)) for length in lengths], ["a b"], [], [])
        return next(each for each in advice(inspect_corpus(text, Words())) if "long" in each.text)

    assert setting([255] * 300) == Setting("", "data.max_length as it is: the longest sentence has 256 tokens.")
    long = setting([300] * 200 + [255, 256])
    assert long.flag == "--data.max-length 301"
    assert "201 training sentences of more than 256 tokens, end symbol included, are cut there" in long.text
    assert setting([10] * 199 + [500]).flag == "--data.max-length 11"  # 99 % of them
