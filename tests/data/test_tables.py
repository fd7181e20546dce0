"""Tables are read as they stand, in every format alike."""

import csv
import json
from pathlib import Path

import pytest

from seqgan.data import table_files
from seqgan.data.corpus import load_corpus
from seqgan.data.quiet import quiet
from seqgan.data.tables import kind_of, shown
from seqgan.errors import CorpusError

AWKWARD = [
    *("NA", "N/A", "n/a", "null", "NULL", "Null", "None", "none", "nan", "NaN", "Nan", "-nan", "#N/A", "<NA>", "NONE"),
    *("000", "007", "1.50", "1e5", "1E400", "+1", "-0", "1,5", "0x1F", "1_000", "inf", "-inf", "Infinity"),
    *(
        "True",
        "true",
        "FALSE",
        "yes",
        "no",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "12:30",
        "1/2",
        "99999999999999999999",
    ),
    *(
        'say "so"',
        '"quoted"',
        "it's",
        "a;b",
        "a|b",
        "a,b",
        "# no comment",
        "  spaces  around ",
        "ﬁ Ünï 诗",
        "a\u2028b",
        "=1+1",
    ),
    *("\\N", "\\", "'", "[]", "{}", '["a"]', "id", "text "),
]
"""Fields that some reader of tables takes for something else than text."""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working folder; the library has a cache in it and no network."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(corpus, **options) -> list[str]:
    """The sentences of a corpus, in alphabetical order."""
    found = load_corpus(corpus, **options)
    assert found.sources is None
    return sorted([*found.train, *found.valid])


def read_pairs(corpus, **options) -> list[tuple[str, str]]:
    """The pairs of a corpus, in alphabetical order."""
    found = load_corpus(corpus, **options)
    return sorted(
        (*zip(found.sources.train, found.train, strict=True), *zip(found.sources.valid, found.valid, strict=True))
    )


def notes(corpus, **options) -> str:
    return " ".join(load_corpus(corpus, **options).notes)


def case(name: str) -> Path:
    path = Path(__file__).parents[3] / "shared" / "cases" / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


def write_table(kind: str, fields: list[str], column: str = "text") -> str:
    """A file of that format with the fields in a column, and its name as a corpus."""
    name = f"awkward.{kind}"
    if kind == "parquet":
        from datasets import Dataset

        with quiet():
            Dataset.from_dict({"number": list(range(len(fields))), column: fields}).to_parquet(name)
    elif kind in ("json", "array"):
        rows = [{"number": number, column: field} for number, field in enumerate(fields)]
        content = json.dumps(rows, indent=1) if kind == "array" else "".join(json.dumps(row) + "\n" for row in rows)
        Path(name).write_text(content)
    elif kind == "text":
        Path(name).write_text("".join(f"{field}\n" for field in fields))
    else:
        separator = {"csv": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}[kind]
        with open(name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=separator)
            writer.writerows([("number", column), *enumerate(fields)])
    form = {"semicolons": "csv", "tabs": "csv", "bars": "csv", "array": "json"}.get(kind, kind)
    return f"hf:{form}:{name}"


@pytest.mark.parametrize("kind", ["csv", "semicolons", "tabs", "bars", "json", "array", "parquet", "text"])
def test_all_formats_give_the_fields_as_they_stand(kind):
    assert read(write_table(kind, AWKWARD)) == sorted(AWKWARD)


@pytest.mark.parametrize("form", ["plain", "list", "iterator", "data set", "pandas", "arrow", "table", "rows"])
def test_files_and_objects_agree_with_them(form):
    import datasets
    import pandas
    import pyarrow

    Path("plain.txt").write_text("".join(f"{field}\n" for field in AWKWARD))
    made = {
        "plain": "plain.txt",
        "list": AWKWARD,
        "iterator": iter(AWKWARD),
        "data set": datasets.Dataset.from_dict({"text": AWKWARD}),
        "pandas": pandas.Series(AWKWARD),
        "arrow": pyarrow.chunked_array([AWKWARD]),
        "table": pandas.DataFrame({"text": AWKWARD, "n": range(len(AWKWARD))}),
        "rows": [{"id": "x", "text": field} for field in AWKWARD],
    }
    assert read(made[form]) == sorted(AWKWARD)


def test_the_cases_of_words_that_look_like_nothing():
    names = case("csv-null-words/names.csv")
    assert read(f"hf:csv:{names}") == sorted(["Nan", "Ann", "Null", "Bob", "NA", "nan", "null", "Eve"] * 5)
    assert len(read(f"hf:csv:{case('csv-null-words/null.csv')}")) == 39


def test_the_cases_of_headers_numbers_and_separators():
    folder = case("csv-header-and-numbers")
    assert read(f"hf:csv:{folder / 'digits.csv'}") == [f"{number:03}" for number in range(40)]
    assert read(f"hf:csv:{folder / 'bool.csv'}") == ["False"] * 20 + ["True"] * 20
    lines = (folder / "nohead.csv").read_text().splitlines()
    assert read(f"hf:csv:{folder / 'nohead.csv'}") == sorted(lines)
    assert "no line of column names" in notes(f"hf:csv:{folder / 'nohead.csv'}")
    assert read(f"hf:csv:{folder / 'semi.csv'}") == sorted(lines)
    assert "Semicolons separate the fields" in notes(f"hf:csv:{folder / 'semi.csv'}")


def test_the_cases_of_nested_columns():
    folder = case("hf-nested-columns")
    rows = [
        json.loads(line)["translation"] for line in (folder / "trans.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    corpus = f"hf:json:{folder / 'trans.jsonl'}"
    assert read_pairs(f"{corpus}#translation.en,translation.de") == sorted((row["en"], row["de"]) for row in rows)
    assert read(f"{corpus}#translation.de") == sorted(row["de"] for row in rows)
    with pytest.raises(CorpusError, match=r"columns are: id \(text\), translation \({en: text, de: text}\)"):
        load_corpus(corpus)
    with pytest.raises(CorpusError, match=r"name one field, as in #translation.en, or two of pairs, as in #tr"):
        load_corpus(f"{corpus}#translation")
    dialogues = [
        json.loads(line)["dialog"] for line in (folder / "dialog.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    expected = [(a, b) for a, b, _ in dialogues] + [(f"{a} __eou__ {b}", c) for a, b, c in dialogues]
    assert read_pairs(f"hf:json:{folder / 'dialog.jsonl'}") == sorted(expected)


# Lines of names


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("name\nEmma\nOlivia\n", ["Emma", "Olivia"]),
        ("Emma\nOlivia\nEmma\n", ["Emma", "Emma", "Olivia"]),  # no column is called what it holds
        ("12\n13\n", None),  # numbers: it is not said that they are the text
        ("1,a dog\n2,a cat\n", ["a cat", "a dog"]),
        (",line\n0,a dog\n1,a cat\n", ["a cat", "a dog"]),  # as pandas writes it
        ("pos,so good\nneg,so bad\npos,very good\n", None),
        ("line\n\na dog\n\na cat\n", ["a cat", "a dog"]),
        ("id,line\n1,a dog\n\n2,a cat\n\n", ["a cat", "a dog"]),
        ('line\n"a\nb, c"\nd\n', ["a b, c", "d"]),
        ("line\r\na dog\r\na cat\r\n", ["a cat", "a dog"]),
        ("\ufeffline\na dog\na cat\n", ["a cat", "a dog"]),
    ],
)
def test_a_line_of_names_is_told_from_one_of_text(content, expected):
    Path("a.csv").write_bytes(content.encode())
    if expected is None:
        with pytest.raises(CorpusError, match="does not say which column"):
            load_corpus("hf:csv:a.csv")
    else:
        assert read("hf:csv:a.csv") == expected


def test_a_doubtful_line_of_names_is_said_and_can_be_decided():
    Path("a.csv").write_text("Emma\nOlivia\nAva\n")
    assert "'Emma'. If it is text, say #1 behind" in notes("hf:csv:a.csv")
    assert read("hf:csv:a.csv#1") == ["Ava", "Emma", "Olivia"]
    assert read("hf:csv:a.csv#Emma") == ["Ava", "Olivia"]
    assert "If it is text" not in notes("hf:csv:a.csv#Emma")
    Path("a.csv").write_text("one,eins\ntwo,zwei\nthree,drei\n")
    assert read_pairs("hf:csv:a.csv#1,2") == [("one", "eins"), ("three", "drei"), ("two", "zwei")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,a\n2,b,c\n", r"a.csv, line 3: 3 fields separated by commas, and the first line has 2"),
        ("id,text\n1,a\n2\n", r"a.csv, line 3: 1 field separated by commas"),
        ('id,text\n1,a\n2,"b\n3,c\n', r"a.csv, line 3: unexpected end of data"),
        ('id,text\n1,"a" b\n', r"a.csv, line 2: .*expected after"),
        ("\n\n", "a.csv has only blank lines"),
        ("", "a.csv is empty"),
        ("text\n", "holds no text"),
    ],
)
def test_a_broken_csv_file_is_refused_with_its_line(content, message):
    Path("a.csv").write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_corpus("hf:csv:a.csv")


def test_fields_longer_than_the_readers_limit_are_read_and_the_limit_is_left():
    limit = csv.field_size_limit()
    Path("a.csv").write_text(f"text\n{'x' * 200_000}\nb\n")
    assert [len(line) for line in read("hf:csv:a.csv")] == [1, 200_000]
    assert csv.field_size_limit() == limit


def test_quotes_in_a_file_with_tabs_may_be_text():
    Path("a.csv").write_text('id\tline\n1\t"Well," he said\n2\ta 5" pipe\n')
    assert read("hf:csv:a.csv") == ['"Well," he said', 'a 5" pipe']


# JSON


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}\n[1]\n', r"line 2: expected a JSON object, and found \[\"1\"\]"),
        ('[{"text": "a"},\n{"text" "b"}]', r"line 2: no JSON at character 9"),
        ("[]", "has no rows"),
        ("nothing", "line 1: no JSON at character 1"),
        ("[" * 100_000, "nested deeper than can be read"),
    ],
)
def test_a_broken_json_file_is_refused_with_its_line(content, message):
    Path("a.json").write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_corpus("hf:json:a.json")


def test_numbers_and_truth_values_of_a_named_column_are_text():
    Path("a.json").write_text('{"n": 1.50, "t": true}\n{"n": 1e400, "t": false}\n{"n": 10, "t": null}\n')
    assert read("hf:json:a.json#n") == ["1.50", "10", "1e400"]
    assert read("hf:json:a.json#t") == ["false", "true"]
    from datasets import Dataset

    with quiet():
        Dataset.from_dict({"n": [7, 8], "t": [True, False]}).to_parquet("a.parquet")
    assert read("hf:parquet:a.parquet#n") == ["7", "8"]
    assert read("hf:parquet:a.parquet#t") == ["false", "true"]


def test_an_array_of_strings_and_a_compressed_file_are_read(monkeypatch):
    import gzip

    Path("a.json").write_text('["a dog", "a cat"]')
    assert read("hf:json:a.json") == ["a cat", "a dog"]
    Path("a.json.gz").write_bytes(gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'))
    assert read("hf:json:a.json.gz") == ["a", "b"]
    monkeypatch.setattr(table_files, "MOST_UNPACKED", 20)
    with pytest.raises(CorpusError, match="more than 20 bytes when decompressed"):
        load_corpus("hf:json:a.json.gz")
    monkeypatch.setattr(table_files, "MOST_UNPACKED", 2**20)
    Path("a.json.gz").write_bytes(Path("a.json.gz").read_bytes()[:-9])
    with pytest.raises(CorpusError, match="cannot be decompressed"):
        load_corpus("hf:json:a.json.gz")


# Which column


def rows_of(*rows) -> str:
    Path("rows.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "hf:json:rows.json"


@pytest.mark.parametrize("first", ["id", "ID", "index", "key", "number"], ids=lambda name: f"called {name}")
def test_what_numbers_the_rows_is_passed_over_beside_text(first):
    counted = ["q-008", "q-009", "q-010"] if first == "number" else ["x", "c", "b"]
    rows = [{first: name, "line": line} for name, line in zip(counted, ["one", "two", "three"], strict=True)]
    assert read(rows_of(*rows)) == ["one", "three", "two"]
    assert read(rows_of(*({first: row[first]} for row in rows))) == sorted(counted)  # and not where it is alone
    assert read(f"{rows_of(*rows)}#{first}") == sorted(counted)


def test_a_column_that_does_not_count_is_not_passed_over():
    with pytest.raises(CorpusError, match=r"columns are: year \(text\), line \(text\)"):
        load_corpus(rows_of({"year": "1990", "line": "a"}, {"year": "1980", "line": "b"}))


def test_other_nested_layouts():
    answers = {"text": ["in town", "there"], "answer_start": [1, 2]}
    corpus = rows_of(
        {"id": "7", "question": "where?", "answers": answers}, {"question": "who?", "answers": {"text": ["me"]}}
    )
    assert read_pairs(f"{corpus}#question,answers.text.0") == [("where?", "in town"), ("who?", "me")]
    with pytest.raises(CorpusError, match=r"'answers.text' holds lists, and a source has one target"):
        load_corpus(f"{corpus}#question,answers.text")

    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    assert read_pairs(rows_of({"id": "1", "messages": said}, {"id": "2", "messages": [*said, *said]})) == sorted(
        [("hi", "hello")] * 2 + [("hi __eou__ hello", "hi"), ("hi __eou__ hello __eou__ hi", "hello")]
    )
    shared = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    assert read_pairs(f"{rows_of({'conversations': shared}, {'conversations': [*shared, *shared]})}#conversations")[
        0
    ] == (
        "a",
        "b",
    )
    corpus = rows_of({"context": ["a", "b"], "response": "c"}, {"context": ["d"], "response": "e"})
    assert read_pairs(f"{corpus}#context,response") == [("a __eou__ b", "c"), ("d", "e")]
    assert read_pairs(f"{corpus}#context,response", turn_separator="|")[0] == ("a | b", "c")

    both = {"language": ["de", "en"], "translation": ["eins", "one"]}
    corpus = rows_of({"t": both}, {"t": {"language": ["en", "de"], "translation": ["two", "zwei"]}})
    assert read_pairs(f"{corpus}#t.en,t.de") == [("one", "eins"), ("two", "zwei")]


def test_words_of_a_sentence_are_not_taken_for_turns_unasked():
    corpus = rows_of({"id": "x", "tokens": ["a", "dog"], "tags": [1, 2]}, {"id": "y", "tokens": ["b"], "tags": [1]})
    with pytest.raises(CorpusError, match=r"tokens \(list of text\), tags \(list of numbers\)"):
        load_corpus(corpus)


def test_names_with_dots_are_columns_before_they_are_fields():
    assert read(f"{rows_of({'a.b': 'x', 'a': {'b': 'y'}}, {'a.b': 'z', 'a': {'b': 'w'}})}#a.b") == ["x", "z"]


def test_kinds_are_seen_from_values():
    assert shown(kind_of([{"a": 1, "b": ["x"]}, {"b": []}, None])) == "{a: numbers, b: list of text}"
    assert kind_of(["a", 1, None, True]) == "text"
    assert kind_of(["a", {"b": 1}]) == "mixed"
    assert kind_of([None]) == "nothing"


# Data sets


def test_labels_are_names(here):
    import datasets

    features = datasets.Features(
        {"label": datasets.ClassLabel(names=["bad", "good"]), "line": datasets.Value("string")}
    )
    rows = datasets.Dataset.from_dict({"label": [1, 0, -1], "line": ["x", "y", "z"]}, features=features)
    assert read(rows, column="label") == ["bad", "good"]
    assert read(rows) == ["x", "y", "z"]
    with quiet():
        rows.select([0, 1]).to_parquet("a.parquet")
    assert read_pairs("hf:parquet:a.parquet#label,line") == [("bad", "y"), ("good", "x")]
    assert (
        load_corpus(rows.select([2, 0, 1])).train + load_corpus(rows.select([2, 0, 1])).valid
    )  # rows in another order


def test_parts_of_a_data_set_can_be_named(monkeypatch):
    import datasets

    asked = []

    def load_dataset(place, split=None, **given):
        asked.append((place, split, given))
        made = {
            name: datasets.Dataset.from_dict({"text": [f"{name} {n}" for n in range(3)]})
            for name in ("train", "extra", "test")
        }
        return made["extra"] if split else made

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    from seqgan.data.data_sets import DataSetPart

    found = load_corpus("hf:a/b", part=DataSetPart("de-en", "extra[:50%]", "v2", "data"))
    assert sorted(found.train + found.valid) == ["extra 0", "extra 1", "extra 2"]
    assert found.test == ["test 0", "test 1", "test 2"]
    named = {"name": "de-en", "revision": "v2", "data_dir": "data"}
    assert asked == [("a/b", None, named), ("a/b", "extra[:50%]", named)]
    assert load_corpus("hf:a/b", part=DataSetPart(split="test")).test == []  # what is trained on is not held out
    for corpus, what in (("captions", "is of a data set hf:NAME"), ("hf:text:x.txt", "there is no file")):
        with pytest.raises(CorpusError, match=what):
            load_corpus(corpus, part=DataSetPart(split="test"))


def test_a_folder_of_csv_files_is_read_as_it_stands(here):
    (here / "set").mkdir()
    (here / "set" / "train.csv").write_text("id,text\n1,NA\n2,007\n3,null\n")
    (here / "set" / "test.csv").write_text("id,text\n1,nan\n2,010\n")
    found = load_corpus(f"hf:{here / 'set'}")
    assert sorted(found.train + found.valid) == ["007", "NA", "null"]
    assert found.test == ["nan", "010"]


@pytest.mark.parametrize(("name", "form"), [("a.csv", "csv"), ("a.jsonl", "json"), ("a.JSON", "json")])
def test_a_table_given_as_plain_text_gets_the_hint(name, form):
    Path(name).write_text("a b\nb c\nc d\n")
    assert f"{name} is read as plain text, a sentence a line; as a table it is hf:{form}:{name}." in notes(name)


def test_a_parquet_file_given_as_plain_text_is_told():
    Path("a.parquet").write_bytes(b"PAR1\x00")
    with pytest.raises(CorpusError, match=r"give it as hf:parquet:a.parquet"):
        load_corpus("a.parquet")


# Blank sources


def test_a_blank_source_is_kept_where_it_is_asked_for():
    Path("a.tsv").write_text("hi\tyes\n \tno\nyou\tme\n")
    with pytest.raises(CorpusError, match=r"line 2: the source is empty.*--data.blank-sources keep"):
        load_corpus("a.tsv")
    expected = [("__eou__", "no"), ("hi", "yes"), ("you", "me")]
    assert read_pairs("a.tsv", blank_sources="keep") == expected
    assert "1 blank source kept" in notes("a.tsv", blank_sources="keep")
    Path("a.en").write_text("hi\n\nyou\n")
    Path("a.de").write_text("yes\nno\nme\n")
    assert read_pairs("a.de", source="a.en", blank_sources="keep") == expected
    assert read_pairs("a", source="en", target="de", blank_sources="keep") == expected
    corpus = rows_of({"s": "hi", "t": "yes"}, {"s": None, "t": "no"}, {"s": "you", "t": "me"})
    assert read_pairs(f"{corpus}#s,t", blank_sources="keep") == expected
    Path("a.tsv").write_text("hi\tyes\nno\t\n")
    with pytest.raises(CorpusError, match=r"line 2: the target is empty"):
        load_corpus("a.tsv", blank_sources="keep")


# Objects


def test_pairs_in_memory():
    sources, targets = ["one", "two", "three"], ["eins", "zwei", "drei"]
    expected = sorted(zip(sources, targets, strict=True))
    assert read_pairs(targets, source=sources) == expected
    assert read_pairs(iter(expected)) == expected
    assert read_pairs({"en": sources, "de": targets}, column="en,de") == expected
    found = load_corpus(targets, ["vier"], source=sources, valid_source=["four"], name="numbers!")
    assert (found.valid, found.sources.valid, found.name) == (["vier"], ["four"], "numbers!")
    with pytest.raises(CorpusError, match="2 sources and 3 sentences"):
        load_corpus(targets, source=sources[:2])
    with pytest.raises(CorpusError, match="give both, or neither"):
        load_corpus(targets, ["vier"], source=sources)


def test_splits_in_memory():
    import datasets

    splits = {"train": ["a", "b"], "validation": ["c"], "test": ["d"]}
    made = datasets.DatasetDict({name: datasets.Dataset.from_dict({"text": lines}) for name, lines in splits.items()})
    for corpus in (splits, made):
        found = load_corpus(corpus)
        assert found[1:4] == (["a", "b"], ["c"], ["d"])
    assert load_corpus(made["train"]["text"], made["test"]["text"]).valid == ["d"]


def test_missing_values_of_pandas_are_blank_and_words_are_not():
    import pandas

    frame = pandas.DataFrame({"line": ["nan", None, "NA", float("nan"), pandas.NA], "n": [1, 2, 3, 4, 5]})
    assert read(frame) == ["NA", "nan"]
    assert read(frame, column="n") == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ([], "holds no text"),
        ([b"a", b"b"], r"The columns are: text \(bytes\)"),
        (7, "A corpus is int: expected a name, or sentences"),
        ({"valid": ["a"]}, "has no split called train, only valid"),
    ],
)
def test_objects_without_text_are_refused(corpus, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(corpus)


def test_a_name_has_its_column_behind_it():
    with pytest.raises(CorpusError, match="say the column behind it"):
        load_corpus("hf:csv:a.csv", column="text")
