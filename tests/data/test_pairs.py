import json
import os
from pathlib import Path

import pytest

from seqgan.data.corpus import load_corpus, located, located_source
from seqgan.data.embedded import embedded_corpora, pair_check
from seqgan.data.pairs import Sources, last_turns
from seqgan.errors import CorpusError

EN, DE = ["one", "two", "three", "four"], ["eins", "zwei", "drei", "vier"]
TSV = "".join(f"{en}\t{de}\n" for en, de in zip(EN, DE, strict=True))
TRAIN = list(zip(EN, DE, strict=True))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes = TSV) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def lines(words: list[str]) -> str:
    return "".join(f"{word}\n" for word in words)


def languages(prefix: str, count: int = 4) -> None:
    write(f"{prefix}.en", lines(EN[:count]))
    write(f"{prefix}.de", lines(DE[:count]))


def pairs(corpus, split: str) -> list[tuple[str, str]]:
    return list(zip(getattr(corpus.sources, split), getattr(corpus, split), strict=True))


def all_pairs(corpus) -> list[tuple[str, str]]:
    return sorted(pairs(corpus, "train") + pairs(corpus, "valid"))


def real_corpus(name: str) -> Path:
    folder = Path(os.environ.get("SEQGAN_CORPORA", Path(__file__).parents[3] / "shared" / "corpora")) / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}: set SEQGAN_CORPORA to the folder of development corpora")
    return folder


# Ways in


def test_a_tsv_file_is_of_pairs(here):
    corpus = load_corpus(write("mine.tsv"))
    assert all_pairs(corpus) == sorted(TRAIN)
    assert corpus.name == "mine"
    assert corpus.notes == ["No validation pair: 1 of 4 pairs split off with seed 0."]


def test_a_folder_of_tsv_files_is_of_pairs(here):
    write("own/train.tsv")
    write("own/dev.tsv", "five\tfünf\n")
    write("own/test.tsv", "six\tsechs\nseven\tsieben\n")
    corpus = load_corpus("own")
    assert (corpus.train, corpus.valid, corpus.test) == (DE, ["fünf"], ["sechs", "sieben"])
    assert corpus.sources == Sources(EN, ["five"], ["six", "seven"])


def test_a_folder_of_two_languages_is_read_by_their_extensions(here):
    languages("own/train")
    write("own/validation.en", "five\n")
    write("own/validation.de", "fünf\n")
    write("own/train.fr", "un\ndeux\ntrois\nquatre\n")
    corpus = load_corpus("own", source="en", target="de")
    assert (corpus.train, corpus.valid, corpus.sources) == (DE, ["fünf"], Sources(EN, ["five"], []))
    assert load_corpus("own", source=".en", target=".de").sources == corpus.sources
    languages("own/test", 2)
    back = load_corpus("own", "own/test", source="de", target="en")
    assert (back.train, back.sources.train, back.valid) == (EN, DE, EN[:2])


def test_extensions_may_have_dots(here):
    write("own/train.tok.en", lines(EN))
    write("own/train.tok.de", lines(DE))
    assert all_pairs(load_corpus("own", source="tok.en", target="tok.de")) == sorted(TRAIN)


def test_what_the_names_of_two_files_begin_with_is_enough(here):
    languages("data/train")
    languages("data/held", 2)
    corpus = load_corpus("data/train", "data/held", source="en", target="de")
    assert pairs(corpus, "train") == TRAIN
    assert pairs(corpus, "valid") == TRAIN[:2]
    assert corpus.name == "train"
    assert corpus.notes == ["2 of 2 validation pairs also in the training text."]


def test_two_files_belong_together_line_by_line(here):
    target, source = write("answers.txt", lines(DE)), write("questions.txt", lines(EN))
    held, held_source = write("held.txt", "fünf\n"), write("asked.txt", "five\n")
    corpus = load_corpus(target, held, source=source, valid_source=held_source)
    assert (pairs(corpus, "train"), pairs(corpus, "valid")) == (TRAIN, [("five", "fünf")])
    assert load_corpus(target, write("held.tsv", "five\tfünf\n"), source=source).sources == corpus.sources


def test_two_columns_of_a_data_set_are_pairs(here, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(here / "cache"))
    rows = [{"q": en, "a": f"{de}\n" if de == "drei" else de, "n": 1} for en, de in TRAIN] + [{"q": " ", "a": None}]
    write("mine.json", "".join(json.dumps(row) + "\n" for row in rows))
    corpus = load_corpus("hf:json:mine.json#q,a")
    assert all_pairs(corpus) == sorted((en, f"{de} " if de == "drei" else de) for en, de in TRAIN)
    assert "1 blank pair skipped in hf:json:mine.json#q,a, split train." in corpus.notes
    for columns, message in [
        ("q,b", "no column is called 'b'"),
        ("q,", "#q, names no two columns"),
        ("q,q", "names no two columns"),
    ]:
        with pytest.raises(CorpusError, match=message):
            load_corpus(f"hf:json:mine.json#{columns}")
    write("mine.json", json.dumps({"q": "x", "a": "y"}) + "\n" + json.dumps({"q": "x", "a": " "}) + "\n")
    with pytest.raises(CorpusError, match=r"split train, row 2: the target is empty"):
        load_corpus("hf:json:mine.json#q,a")


def test_a_file_alone_is_plain_text_also_beside_another_language(here):
    languages("train")
    corpus = load_corpus("train.de")
    assert sorted(corpus.train + corpus.valid) == sorted(DE)
    assert corpus.sources is None


def test_lines_blank_on_both_sides_are_skipped_and_said(here):
    assert load_corpus(write("a.tsv", f"\n{TSV}\t\n  \n")).notes[0] == "3 blank lines skipped in a.tsv."
    write("t.en", "one\n\ntwo\n")
    write("t.de", "eins\n  \r\nzwei\r\n")
    corpus = load_corpus("t", source="en", target="de")
    assert all_pairs(corpus) == TRAIN[:2]
    assert corpus.notes[0] == "1 line skipped, blank in both t.en and t.de."


# Refusals


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nc\n", r"mine.tsv, line 2: no tab, but source TAB target was expected. Plain text has a name"),
        ("a\tb\nc\td\te\n", r"mine.tsv, line 2: 2 tabs, but source TAB target was expected. Replace all but one"),
        ("a\tb\n\n\tc\n", r"mine.tsv, line 3: the source is empty"),
        ("a\tb\nc\t \n", r"mine.tsv, line 2: the target is empty"),
        ("a\tb\nc\t\0\n", r"mine.tsv, line 2: a NUL byte"),
        ("a\tb\n", r"mine.tsv: 1 pair. Give at least two different ones, a pair a line"),
        ("a\tb\na\tb\n", r"mine.tsv: 2 pairs, all alike"),
        ("", "is empty"),
        (b"a\tb\nc\t\xff\n", "line 2: byte 3 of the line, 0xff, is not UTF-8"),
    ],
)
def test_a_file_that_is_not_of_pairs_is_refused_with_its_line(here, content, message):
    with pytest.raises(CorpusError, match=message) as caught:
        load_corpus(write("mine.tsv", content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("en", "de", "message"),
    [
        ("a\nb\nc\n", "x\ny\n", r"t.en has 3 lines and t.de has 2 lines, but line i of one belongs to line i"),
        ("a\nb\n", "x\ny\n\n", r"t.en has 2 lines and t.de has 3 lines"),
        ("a\nb\n", "x\n\n", r"t.de, line 2: the target is empty"),
        ("a\n \nc\n", "x\ny\nz\n", r"t.en, line 2: the source is empty"),
        ("a\tb\nc\n", "x\ny\n", r"t.en, line 1: a tab, but one sentence a line"),
        ("\n\n", "x\ny\n", r"t.en has only blank lines"),
    ],
)
def test_files_that_are_not_aligned_are_refused(here, en, de, message):
    write("t.en", en)
    write("t.de", de)
    with pytest.raises(CorpusError, match=message):
        load_corpus("t", source="en", target="de")
    with pytest.raises(CorpusError, match=message):
        load_corpus("t.de", source="t.en")


def test_two_languages_without_their_extensions_are_named_with_the_flags(here):
    languages("own/train")
    with pytest.raises(CorpusError, match=r"extensions are de, en: .* pairs, which need --source en --target de"):
        load_corpus("own")
    with pytest.raises(CorpusError, match=r"no file or folder 'own/train'.*There is own/train.de, own/train.en: of al"):
        load_corpus("own/train")


@pytest.mark.parametrize(
    ("corpus", "options", "message"),
    [
        ("own", {"source": "en"}, r"--source en is given without --target: .*--source en --target de"),
        ("own", {"target": "de"}, r"--target de is given without --source"),
        ("own", {"source": "en", "target": ".en"}, r"--source and --target are both 'en'"),
        ("own/train", {"source": "en", "target": "en"}, r"--source and --target are both 'en'"),
        ("own/train", {"source": "en"}, r"--source en is given without --target"),
        (
            "own",
            {"source": "eng", "target": "de"},
            r"no own/train.eng, .*Did you mean 'en'\? Found: train.de, train.en",
        ),
        ("own/train", {"source": "en", "target": "dee"}, r"no own/train.dee, which --target dee asks.*mean 'de'"),
        ("nowhere", {"source": "en", "target": "de"}, r"There is no file or folder 'nowhere'"),
        ("own/train.de", {"source": "en"}, r"no file 'en', which --source names.* Did you mean 'own/train.en'\?"),
        ("own/train.de", {"source": "own/train.en", "target": "de"}, r"--target de is an extension .* is one file"),
        ("own/train.de", {"source": "own/train.de"}, r"given as source and as target"),
        ("mine.tsv", {"source": "own/train.en"}, r"mine.tsv holds its sources already"),
        (
            "captions",
            {"source": "en", "target": "de"},
            r"captions is an embedded corpus.*leave out --source and --targ",
        ),
        ("hf:csv:mine.csv", {"source": "en"}, r"columns #SOURCE,TARGET behind its name chooses: leave out --source"),
        ("mine.tsv", {"valid": "own/train.de"}, r"--valid own/train.de is not of pairs, and the training text is"),
        ("mine.tsv", {"valid": "nowhere.txt"}, r"--valid nowhere.txt is not of pairs"),
        ("mine.tsv", {"valid": "mine.tsv", "valid_source": "own/train.de"}, r"--valid mine.tsv holds its sources alr"),
        ("mine.tsv", {"valid_source": "own/train.de"}, r"--valid-source own/train.de has no targets: give --valid"),
        (
            "own/train.de",
            {"valid": "mine.tsv"},
            r"--valid mine.tsv, by its name, is of pairs, and the training text ha",
        ),
        (
            "own/train.de",
            {"valid": "own/train.de", "valid_source": "own/train.en"},
            r"--valid-source .* is of pairs, an",
        ),
        ("own/train.de", {"turns": 2}, r"own/train.de has no sources, whose last turns could be kept"),
        ("mixed", {}, r"mixed has pairs for train and plain text for valid: give all splits as pairs"),
        ("half", {"source": "en", "target": "de"}, r"no half/valid.de, which --target de asks for.* Found: valid.en"),
        ("double", {"source": "en", "target": "de"}, r"double has valid\.\* and dev\.\*: expected one for a split"),
        ("empty", {"source": "en", "target": "de"}, r"no empty/train.en, .* Found: no empty/train\.\*"),
    ],
)
def test_what_does_not_go_together_is_refused(here, corpus, options, message):
    languages("own/train")
    write("mine.tsv")
    write("mixed/train.tsv")
    write("mixed/valid.txt", "five\n")
    languages("half/train")
    write("half/valid.en", "five\n")
    for split in ("train", "valid", "dev"):
        languages(f"double/{split}")
    write("empty/readme.md", "nothing\n")
    with pytest.raises(CorpusError, match=message) as caught:
        load_corpus(corpus, **options)
    assert "\n" not in str(caught.value)


# Held-out text


def test_pairs_are_drawn_with_their_copies_where_they_fall(here):
    text = "".join(f"{number % 20}\t{number % 60}\n" for number in range(180))  # 60 pairs, three times each
    corpus = load_corpus(write("mine.tsv", text))
    assert len(corpus.valid) == 9
    assert sorted(all_pairs(corpus)) == sorted(3 * [(str(number % 20), str(number)) for number in range(60)])
    copies = sum(pair in pairs(corpus, "train") for pair in pairs(corpus, "valid"))
    assert corpus.notes[:2] == [
        "No validation pair: 9 of 180 pairs split off with seed 0.",
        f"{copies} of 9 validation pairs also in the training text.",
    ]


def test_by_the_rule_of_before_a_pair_is_on_one_side_and_its_source_may_be_on_both(here):
    text = "".join(f"{number % 20}\t{number % 60}\n" for number in range(180))  # 60 pairs, three times each
    corpus = load_corpus(write("mine.tsv", text), split="distinct")
    assert len(corpus.valid) == 3
    assert not set(pairs(corpus, "train")) & set(pairs(corpus, "valid"))
    assert all(int(source) == int(target) % 20 for source, target in all_pairs(corpus))
    assert corpus.notes == [
        "No validation pair: 3 of 180 pairs split off with seed 0, and 6 copies of them left out.",
        "3 of 3 validation sources also in the training text.",
    ]


def test_fingerprints_know_the_sources(here):
    first = load_corpus(write("a.tsv"))
    plain = first._replace(sources=None)
    assert plain.fingerprint() != first.fingerprint()
    swapped = first._replace(sources=first.sources._replace(train=first.sources.train[::-1]))
    assert swapped.fingerprint() != first.fingerprint()
    assert load_corpus(write("b.tsv")).fingerprint() == first.fingerprint()


def test_fingerprints_of_plain_text_are_what_they_were(here):
    corpus = load_corpus(write("a.txt", "a\nb\n"), write("b.txt", "c\n"))
    # printf "a\nb\n\n\nc\n\n\n" | sha256sum
    assert corpus.fingerprint() == "a24046a73acd549182cbe3bb9c38bdd1cf1debea5869777a901f0bae9eefe113"


# Turns


@pytest.mark.parametrize(
    ("separator", "sources", "told"),
    [
        ("__eou__", ["a b", "c"], ""),
        ("|", ["a | b", "c"], ""),
        ("|", ["a b", "| c"], ""),
        ("|", ["a b", "c"], "each source is one turn, and a long one is cut as such."),
        ("|", ["a|b", "a| b", "c"], "2 of 3 have it inside words: put a space on either side of it."),
        (".", ["a.", "b"], "1 of 2 have it inside words"),
    ],
)
@pytest.mark.parametrize("turns", [0, 1])
def test_a_separator_that_no_source_has_is_told(tmp_path, separator, sources, told, turns):
    path = tmp_path / "mine.tsv"
    path.write_text("".join(f"{source}\ty {n}\n" for n, source in enumerate(sources)))
    notes = load_corpus(path, path, turn_separator=separator, turns=turns).notes
    said = [note for note in notes if note.startswith(f"No training source has the turn separator '{separator}'")]
    assert bool(said) == bool(told)
    assert not told or told in said[0]


def test_a_separator_of_plain_text_is_told_to_do_nothing(tmp_path):
    (tmp_path / "mine.txt").write_text("a | b\nc\n" * 20)
    corpus = load_corpus(tmp_path / "mine.txt", turn_separator="|")
    assert any("The turn separator '|' is of sources" in note for note in corpus.notes)
    assert not any("separator" in note for note in load_corpus(tmp_path / "mine.txt").notes)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [(0, "a b __eou__ c __eou__  d"), (1, "d"), (2, "c __eou__ d"), (3, "a b __eou__ c __eou__ d")],
)
def test_the_last_turns_are_kept(turns, expected):
    assert last_turns("a b __eou__ c __eou__  d", turns=turns) == expected


def test_a_separator_is_a_token_and_none_is_needed_at_the_end():
    assert last_turns("a __eou__ b __eou__", turns=1) == "b"
    assert last_turns("a x__eou__ b", turns=1) == "a x__eou__ b"
    assert last_turns("a | b | c", "|", 2) == "b | c"
    assert last_turns("__eou__", turns=1) == "__eou__"
    assert last_turns("a", turns=5) == "a"


def test_turns_are_kept_in_all_splits(here):
    write("own/train.tsv", "a __eou__ b\tx\nc\ty\n")
    write("own/valid.tsv", "d __eou__ e\tz\n")
    assert load_corpus("own", turns=1).sources == Sources(["b", "c"], ["e"], [])
    assert load_corpus("own", turns=1, turn_separator="__eot__").sources.valid == ["d __eou__ e"]


# Places


def test_names_mean_the_same_files_from_any_folder(here):
    languages("data/train")
    assert located("data/train", prefix=True) == str(here / "data" / "train")
    assert located("data/train") == "data/train"
    assert located("captions", prefix=True) == "embedded:captions"
    assert located("hf:csv") == "hf:csv"  # a format without a file is no place
    assert located_source("data/train.de", "data/train.en") == str(here / "data" / "train.en")
    (here / "en").mkdir()
    assert located_source("data", "en") == "en"  # an extension, whatever else has its name
    assert located_source("data/train", "en") == "en"
    assert located_source("data/train.de", None) is None


# Real pairs


def test_real_translations_are_aligned():
    folder = real_corpus("multi30k_en_de")
    corpus = load_corpus(folder, source="en", target="de")
    assert [len(split) for split in corpus.sources] == [10_000, 1_014, 1_000]
    assert corpus.sources.train == (folder / "train.en").read_text(encoding="utf-8").splitlines()
    assert corpus.train == (folder / "train.de").read_text(encoding="utf-8").splitlines()
    with pytest.raises(CorpusError, match="--source en --target de"):
        load_corpus(folder)


def test_real_dialogue_is_read():
    folder = real_corpus("dailydialog_en")
    corpus = load_corpus(folder)
    assert [len(split) for split in corpus.sources] == [10_000, 828, 2_156]
    expected = [tuple(line.split("\t")) for line in (folder / "test.tsv").read_text(encoding="utf-8").splitlines()]
    assert pairs(corpus, "test") == expected


# Embedded pairs


@pytest.mark.slow(reason="draws whole corpora")
@pytest.mark.parametrize("name", ["answers", "numbers"])
def test_embedded_pairs_are_the_same_for_everybody_and_right(here, name):
    corpus = load_corpus(name)
    assert [len(split) for split in corpus.sources] == [10_000, 1_000, 1_000]
    assert load_corpus(f"embedded:{name}", seed=7) == corpus
    assert (corpus.name, corpus.notes) == (name, [])
    assert name in embedded_corpora()
    right = pair_check(name)
    assert all(right(*pair) for split in ("train", "valid", "test") for pair in pairs(corpus, split)[:300])
    moved = zip(corpus.sources.test, corpus.test[1:], strict=False)
    assert sum(right(*pair) for pair in moved) < 10
    sources = [set(split) for split in corpus.sources]
    assert not sources[0] & sources[1] | sources[0] & sources[2] | sources[1] & sources[2]


def test_only_embedded_pairs_can_be_checked(here):
    assert pair_check("captions") is None
    assert pair_check(load_corpus(write("numbers.tsv")).name) is None  # own-numbers
    assert load_corpus("captions").sources is None
