"""Sentences with sources as tensors: what belongs together stays together, whatever is done to it."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgan.build import as_read, build_text
from seqgan.data.batches import Sequences, draw_batch, encode_pairs, encode_sources, epoch_batches, take
from seqgan.data.corpus import Corpus, load_corpus
from seqgan.data.pairs import Sources
from seqgan.data.text import encode_corpus
from seqgan.data.tokenizers import Characters, Numbers, Words
from seqgan.data.vocabulary import Vocabulary
from seqgan.errors import ConfigError, CorpusError
from seqgan.settings.data import DataConfig
from seqgan.tensors.condition import Condition

LETTERS, DIGITS = Vocabulary(["a", "b", "c"]), Vocabulary(["1", "2"])  # ids from 2 on; the end is 0, unknown 1
CORPUS = Corpus(
    "small",
    ["ein hund", "eine katze schläft", "hund und katze"],
    ["eine maus"],
    [],
    [],
    Sources(["a dog", "a cat sleeps", "dog and cat und"], ["a mouse"], []),
)


# Encoding


def test_sources_are_their_tokens_without_an_end():
    (ids, mask), cut = encode_sources([["1", "2"], ["2"], ["9", "1", "2", "2"]], DIGITS, 3)
    assert ids.tolist() == [[2, 3, 0], [3, 0, 0], [1, 2, 3]]
    assert mask.tolist() == [[True, True, False], [True, False, False], [True] * 3]
    assert (ids.dtype, mask.dtype, cut) == (torch.int64, torch.bool, 1)


@pytest.mark.parametrize(
    ("sources", "length", "error", "message"),
    [
        ([["1"], []], 3, CorpusError, "Source 2 has no tokens"),
        ([], 3, CorpusError, "no sources to encode"),
        ([["1"]], 0, ConfigError, "max_source_length is 0, but it counts the tokens of a source"),
    ],
)
def test_sources_that_cannot_be_encoded_are_refused(sources, length, error, message):
    with pytest.raises(error, match=message):
        encode_sources(sources, DIGITS, length)


def test_a_sentence_that_is_dropped_takes_its_source_along():
    sources = [["1"], ["2"], ["1", "2"], ["2", "2"]]
    sentences = [["a", "b"], ["a", "b", "c"], ["c"], ["c", "c", "c", "c"]]
    sequences, long, cut = encode_pairs(sources, sentences, DIGITS, LETTERS, 5, 3, "drop")
    assert sequences.tokens.tolist() == [[2, 3, 0], [4, 0, 0]]
    assert sequences.condition.tokens.tolist() == [[2, 0], [2, 3]]
    assert sequences.condition.mask.tolist() == [[True, False], [True, True]]
    assert (long, cut) == (2, 0)
    sequences, long, cut = encode_pairs(sources, sentences, DIGITS, LETTERS, 1, 3, "cut")
    assert sequences.condition.tokens.tolist() == [[2], [3], [2], [3]]
    assert (long, cut) == (2, 2)


def test_a_sentence_needs_its_own_source():
    with pytest.raises(CorpusError, match="1 sources and 2 sentences"):
        encode_pairs([["1"]], [["a"], ["b"]], DIGITS, LETTERS, 5, 5)


# Batches


def pairs_of_lengths(lengths: list[int], source_lengths: list[int]) -> Sequences:
    """Pairs whose first ids tell the row they are in."""
    both = []
    for each in (lengths, source_lengths):
        tokens = torch.zeros(len(each), max(each), dtype=torch.long)
        tokens[:, 0] = torch.arange(len(each))
        both.append(Condition(tokens, torch.arange(max(each)) < torch.tensor(each).unsqueeze(1)))
    sentences, condition = both
    return Sequences(*sentences, condition)


def test_taken_sources_are_as_wide_as_the_longest_of_them():
    batch = take(pairs_of_lengths([2, 5, 3, 9], [4, 7, 2, 1]), torch.tensor([2, 0]))
    source, source_mask = batch.condition
    assert batch.tokens[:, 0].tolist() == source[:, 0].tolist() == [2, 0]
    assert (batch.tokens.shape, source.shape) == ((2, 3), (2, 4))
    assert source_mask.tolist() == [[True, True, False, False], [True] * 4]


def test_drawn_rows_have_their_sources(rng):
    sequences = pairs_of_lengths([1 + row % 3 for row in range(10)], [1 + row % 4 for row in range(10)])
    for size in (4, 10, 50):
        batch = draw_batch(sequences, size, rng)
        numbers = batch.condition.tokens[:, 0]
        assert torch.equal(batch.tokens[:, 0], numbers)
        assert torch.equal(batch.condition.lengths(), 1 + numbers % 4)


def test_pools_are_sorted_by_length_and_then_by_the_length_of_the_source():
    lengths = [1 + row % 2 for row in range(64)]
    source_lengths = [1 + row // 2 % 4 for row in range(64)]
    sequences = pairs_of_lengths(lengths, source_lengths)
    batches = epoch_batches(sequences, 8, seed=0, epoch=0, by_length=True)  # 8 pairs of lengths with 8 rows each
    assert sorted(torch.cat(batches).tolist()) == list(range(64))
    kinds = [{(lengths[row], source_lengths[row]) for row in rows.tolist()} for rows in batches]
    assert all(len(kind) == 1 for kind in kinds)
    assert kinds != sorted(kinds, key=min)


def test_sources_change_nothing_for_plain_text():
    sequences = pairs_of_lengths([1 + row % 7 for row in range(100)], [3] * 100)
    plain = sequences._replace(condition=None)
    both = (epoch_batches(each, 8, seed=1, epoch=2) for each in (sequences, plain))
    assert all(torch.equal(a, b) for a, b in zip(*both, strict=True))


def test_moving_sentences_moves_their_sources():
    moved = pairs_of_lengths([1, 2], [2, 1]).to(torch.device("meta"))
    assert {tensor.device.type for tensor in (*moved[:2], *moved.condition)} == {"meta"}
    plain = Sequences(moved.tokens, moved.mask).to(torch.device("meta"))
    assert plain.condition is None


# Vocabularies


def test_each_side_has_its_own_vocabulary():
    text = encode_corpus(CORPUS)
    assert set(text.vocabulary.tokens) == {"ein", "hund", "eine", "katze", "schläft", "und"}
    assert set(text.source_vocabulary.tokens) == {"a", "dog", "cat", "sleeps", "and", "und"}
    assert (text.max_length, text.max_source_length) == (4, 4)
    assert text.notes == [
        "1 of 3 held-out tokens are not in the vocabulary; they are left out of likelihoods.",
        "1 of 2 tokens of held-out sources are not in the vocabulary.",
    ]
    assert text.source_tokenizer is text.tokenizer


def test_held_out_text_of_another_kind_is_refused():
    with pytest.raises(CorpusError, match="None of the 6 held-out tokens is in the vocabulary"):
        encode_corpus(Corpus("other", ["a b", "b a"], ["x y z z", "y y z x"], [], []))  # cut to two words and the end


def test_a_shared_vocabulary_counts_both_sides():
    text = encode_corpus(CORPUS, shared_vocabulary=True, max_vocabulary=4)
    assert text.source_vocabulary is text.vocabulary
    assert text.source_tokenizer is text.tokenizer
    # "a", "dog", "cat" twice among the sources, "hund" and "katze" twice among the sentences, "und" once in each.
    assert text.vocabulary.tokens == ("a", "cat", "dog", "hund")
    back = text.vocabulary.decode(text.train.condition.tokens[0].tolist())
    assert back == ["a", "dog"]


def test_the_sides_may_have_different_tokenizers():
    text = encode_corpus(CORPUS, Words(), source_tokenizer=Characters())
    assert "d" in text.source_vocabulary.tokens
    assert "hund" in text.vocabulary.tokens
    assert text.max_source_length == len("dog and cat und")


def test_long_sources_are_cut_and_it_is_said():
    text = encode_corpus(CORPUS, max_source_length=2)
    assert text.train.condition.tokens.shape == (3, 2)
    assert "2 of 3 training sources exceed 2 tokens: their end is cut." in text.notes
    assert text.max_source_length == 2


@pytest.mark.parametrize(
    ("corpus", "options", "error", "message"),
    [
        (CORPUS, {"tokenizer": Numbers()}, CorpusError, "small has sources, and the tokenizer ids is for plain"),
        (CORPUS, {"source_tokenizer": Numbers()}, CorpusError, "small has sources, and the tokenizer ids"),
        (CORPUS._replace(sources=None), {"max_source_length": 3}, ConfigError, "data.max_source_length is of sources"),
        (CORPUS._replace(sources=None), {"shared_vocabulary": True}, ConfigError, "data.shared_vocabulary is of sour"),
        (CORPUS._replace(sources=None), {"source_tokenizer": Words()}, ConfigError, "data.source_tokenizer is of sour"),
        (
            CORPUS._replace(sources=Sources(["a", "a", "a"], ["a"], [])),
            {},
            CorpusError,
            "In the sources: Nothing to learn: .*the only token kept is 'a'",
        ),
    ],
)
def test_settings_that_do_not_fit_the_text_are_refused(corpus, options, error, message):
    with pytest.raises(error, match=message):
        encode_corpus(corpus, **options)


@pytest.fixture
def mine(tmp_path) -> str:
    path = tmp_path / "mine.tsv"
    path.write_text("".join(f"the number {n} here\tdie zahl {n * n} da\n" for n in range(60)), encoding="utf-8")
    return str(path)


def decoded(text) -> list[tuple[str, str]]:
    return [
        (
            text.source_tokenizer.detokenize(text.source_vocabulary.decode(source[mask].tolist())),
            text.tokenizer.detokenize(text.vocabulary.decode(tokens)),
        )
        for tokens, source, mask in zip(text.train.tokens.tolist(), *text.train.condition, strict=True)
    ]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("tokenizer", "source_tokenizer"),
    [("words", None), ("characters", None), ("sentencepiece", None), ("words", "sentencepiece")],
)
def test_settings_make_a_text_whose_pairs_come_back(mine, tokenizer, source_tokenizer, shared):
    if shared and source_tokenizer is not None:
        pytest.skip("a shared vocabulary has one tokenizer")
    config = DataConfig(
        corpus=mine, tokenizer=tokenizer, source_tokenizer=source_tokenizer, shared_vocabulary=shared, pieces=60
    )
    text = build_text(config)
    assert decoded(text) == list(zip(text.corpus.sources.train, text.corpus.train, strict=True))
    assert (text.source_vocabulary is text.vocabulary) == shared
    assert text.source_tokenizer.name == (source_tokenizer or tokenizer)
    if tokenizer == "sentencepiece":
        assert (text.source_tokenizer is text.tokenizer) == shared
        assert shared or text.source_tokenizer.model != text.tokenizer.model
    again = build_text(
        as_read(config, text), text.tokenizer, text.vocabulary, text.source_tokenizer, text.source_vocabulary
    )
    assert torch.equal(again.train.condition.tokens, text.train.condition.tokens)
    assert again.max_source_length == text.max_source_length > 0


def test_the_text_of_a_run_includes_its_sources(mine):
    config = DataConfig(corpus=mine)
    config = as_read(config, build_text(config))
    Path(mine).write_text(Path(mine).read_text(encoding="utf-8").replace("the number 7 ", "the number 8 "))
    with pytest.raises(CorpusError, match="is not the text that the run was trained on"):
        build_text(config)


def test_subwords_are_not_learnt_for_settings_that_are_refused(mine, monkeypatch):
    monkeypatch.setattr("seqgan.build.make_tokenizer", lambda *_, **__: pytest.fail("learnt"))
    with pytest.raises(CorpusError, match="has sources, and the tokenizer ids"):
        build_text(DataConfig(corpus=mine, tokenizer="ids"))
    Path(mine).with_suffix(".txt").write_text("a b\nb a\n")
    with pytest.raises(ConfigError, match="shared_vocabulary is of sources, and mine is plain text"):
        build_text(DataConfig(corpus=str(Path(mine).with_suffix(".txt")), shared_vocabulary=True))


# From files through everything that rows are moved by, and back


@settings(max_examples=25, deadline=None)
@given(
    numbers=st.lists(st.integers(0, 60), min_size=4, max_size=40).filter(lambda each: len(set(each)) > 2),
    limit=st.integers(2, 8),
    too_long=st.sampled_from(["cut", "drop"]),
    shared=st.booleans(),
    seed=st.integers(0, 5),
)
def test_a_sentence_keeps_its_source_on_all_ways(tmp_path_factory, numbers, limit, too_long, shared, seed):
    path = tmp_path_factory.mktemp("pairs") / "mine.tsv"
    # Each side says the number of its pair, in its first token, and is as long as the number says, in its own way.
    path.write_text(
        "".join(f"{n}{' x' * (n % 5)}\t{n}{' y' * (n % 7)}\n" for n in [*numbers, 0, 5, 7]), encoding="utf-8"
    )
    # Of the few that would be split off none may be short enough; all are where 8 tokens fit.
    valid = None if limit == 8 else path
    corpus = load_corpus(path, valid, seed=seed)
    text = encode_corpus(corpus, max_length=limit, too_long=too_long, shared_vocabulary=shared, max_source_length=4)
    source_vocabulary = text.source_vocabulary

    def check(tokens, mask, condition):
        rows = zip(tokens, mask, *condition, strict=True)
        for target_ids, target_mask, source_ids, source_ids_mask in rows:
            target = text.vocabulary.decode(target_ids[target_mask].tolist())
            asked = source_vocabulary.decode(source_ids[source_ids_mask].tolist())
            if "<unk>" not in (target[0], asked[0]):
                number = int(target[0])
                assert asked == [str(number), *["x"] * (number % 5)][:4]
                assert target == [str(number), *["y"] * (number % 7)][:limit]

    for split in (text.train, text.valid):
        check(*split)
        for epoch in range(2):
            batches = epoch_batches(split, 3, seed=seed, epoch=epoch)
            assert sorted(torch.cat(batches).tolist()) == list(range(len(split.tokens)))
            for rows in batches:
                check(*take(split, rows))
        for size in (2, 50):
            check(*draw_batch(split, size, torch.Generator().manual_seed(seed)))
