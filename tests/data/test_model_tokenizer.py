"""The tokenizer of a pretrained model, and its vocabulary with numbers of its own."""

import json

import pytest
from support.tiny_models import LINES, write_tokenizer

pytest.importorskip("tokenizers")

from seqgan.data.model_tokenizer import ModelTokenizer, read_model_tokenizer
from seqgan.data.tokenizers import make_tokenizer
from seqgan.data.vocabulary import ModelVocabulary, SymbolNumbers, read_vocabulary, write_vocabulary
from seqgan.errors import CheckpointError, ConfigError, CorpusError


@pytest.fixture(params=["bytes", "words"])
def kind(request):
    return request.param


@pytest.fixture
def folder(tmp_path, kind):
    write_tokenizer(tmp_path / "model", kind)
    return tmp_path / "model"


ODD = ["", " two  spaces ", "tab\there", "Zoë ‘quotes’ 漢字 🙂", "<end> <pad> [SEP] [UNK] <unk>", "a\rb\u2028c"]


def test_a_tokenizer_of_bytes_gives_every_line_back(tmp_path):
    write_tokenizer(tmp_path)
    tokenizer = read_model_tokenizer(tmp_path)
    vocabulary = tokenizer.vocabulary()
    for line in [*LINES, *ODD]:
        ids = vocabulary.encode(tokenizer.tokenize(line))
        assert 0 not in ids
        assert 1 not in ids
        assert tokenizer.detokenize(vocabulary.decode(ids)) == line


def test_special_symbols_in_a_text_are_text(folder, kind):
    tokenizer = read_model_tokenizer(folder)
    vocabulary = tokenizer.vocabulary()
    for symbol in ("<end>", "<pad>", "[SEP]", "[CLS]", "[PAD]"):
        numbers = tokenizer.numbers(f"a {symbol} b")
        assert not set(numbers) & {0, 1, 3} if kind == "words" else not set(numbers) & {0, 1}
        assert vocabulary.end not in vocabulary.encode(tokenizer.tokenize(symbol))


def test_ids_are_the_models_numbers(folder):
    tokenizer = read_model_tokenizer(folder)
    vocabulary = tokenizer.vocabulary()
    for line in LINES:
        ids = vocabulary.encode(tokenizer.tokenize(line))
        assert [vocabulary.numbers[n] for n in ids] == tokenizer.numbers(line)
    assert vocabulary.numbers[0] == 0
    assert len(vocabulary.numbers) == len(vocabulary)
    assert vocabulary.start == len(vocabulary)


def test_nothing_that_is_no_text_can_come_out(folder, kind):
    tokenizer = read_model_tokenizer(folder)
    vocabulary = tokenizer.vocabulary()
    specials = {"<end>", "<pad>", "[SEP]", "[PAD]", "[UNK]", "[CLS]"}
    assert specials.isdisjoint(vocabulary.tokens)
    assert not any("\n" in tokenizer.detokenize([token]) for token in vocabulary.tokens)
    if kind == "bytes":
        assert len(vocabulary) == 2 + 290 - 2 - 1  # without two special symbols and the line feed
        assert vocabulary.symbols == SymbolNumbers(0, None, (0,), line=(tokenizer.numbers("\n")[0],))
    else:
        assert vocabulary.symbols == SymbolNumbers(0, 2, (3,), before=(3,), after=(0,), line=(0,))


def test_what_is_unknown_has_the_models_number_for_it(tmp_path):
    write_tokenizer(tmp_path, "words")
    tokenizer = read_model_tokenizer(tmp_path)
    vocabulary = tokenizer.vocabulary()
    ids = vocabulary.encode(tokenizer.tokenize("a 漢 cat"))
    assert ids[1] == 1
    assert vocabulary.numbers[1] == 2
    assert tokenizer.detokenize(vocabulary.decode(ids)) == "a [UNK] cat"


def test_a_vocabulary_is_written_and_read(folder, tmp_path):
    vocabulary = read_model_tokenizer(folder).vocabulary()
    write_vocabulary(vocabulary, tmp_path / "vocabulary.txt")
    again = read_vocabulary(tmp_path / "vocabulary.txt")
    assert isinstance(again, ModelVocabulary)
    assert (again, hash(again), again.fingerprint()) == (vocabulary, hash(vocabulary), vocabulary.fingerprint())
    assert again.numbers == vocabulary.numbers
    moved = ModelVocabulary(vocabulary.tokens, [n + 1000 for n in vocabulary.text_numbers], vocabulary.symbols)
    assert moved != vocabulary
    assert moved.fingerprint() != vocabulary.fingerprint()


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: text.replace("\n", "\nx ", 3), lambda text: ""]
)
def test_a_damaged_vocabulary_is_said(tmp_path, change):
    write_tokenizer(tmp_path)
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(read_model_tokenizer(tmp_path).vocabulary(), path)
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\n{change(rest)}")
    with pytest.raises(CheckpointError, match=r"vocabulary\.txt is damaged"):
        read_vocabulary(path)


def test_numbers_are_distinct():
    with pytest.raises(ValueError, match="distinct"):
        ModelVocabulary(["a", "b"], [3, 3], SymbolNumbers(0, None, (0,)))
    with pytest.raises(ValueError, match="distinct"):
        ModelVocabulary(["a", "b"], [0, 3], SymbolNumbers(0, None, (0,)))


def test_files_that_are_missing_or_damaged_are_said(tmp_path):
    with pytest.raises(ConfigError, match=r"has no tokenizer\.json"):
        read_model_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="cannot be read as a tokenizer"):
        read_model_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="cannot be read as a tokenizer"):
        read_model_tokenizer(tmp_path)
    write_tokenizer(tmp_path)
    for beside, message in (
        ("[1]", "tokenizer_config.json beside it holds no settings"),
        ("[" * 100_000, "nested too deep"),
        ('{"eos_token": [1]}', "eos_token is .1., and no text"),
    ):
        (tmp_path / "tokenizer_config.json").write_text(beside)
        with pytest.raises(ConfigError, match=message):
            read_model_tokenizer(tmp_path)
    with pytest.raises(ConfigError, match="none is named"):
        make_tokenizer("huggingface")


@pytest.mark.parametrize("content", ["[]", "{"])
def test_damaged_settings_of_a_tokenizer_are_said(tmp_path, content):
    write_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(ConfigError, match=r"with tokenizer_config\.json beside it"):
        read_model_tokenizer(tmp_path)


def test_a_tokenizer_without_an_end_is_refused(tmp_path):
    write_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "</nothing>"}}))
    with pytest.raises(CorpusError, match="no symbol that ends a text"):
        read_model_tokenizer(tmp_path).vocabulary()


def test_a_runs_file_is_enough_for_the_text(folder):
    before = read_model_tokenizer(folder)
    after = ModelTokenizer(before.text)
    for line in [*LINES, *ODD]:
        assert after.tokenize(line) == before.tokenize(line)
        assert after.detokenize(after.tokenize(line)) == before.detokenize(before.tokenize(line))
