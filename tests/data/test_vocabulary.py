import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgan.data.vocabulary import (
    UNKNOWN_TEXT,
    Ids,
    Vocabulary,
    build_ids,
    build_vocabulary,
    fingerprint_of,
    read_vocabulary,
    write_vocabulary,
)
from seqgan.errors import CheckpointError, CorpusError

# Whatever a line can hold: no line feeds, and no halves of surrogate pairs.
TOKENS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


def test_ids_are_end_unknown_then_the_tokens_and_start_is_outside():
    vocabulary = Vocabulary(["a", "b", "c"])
    assert (vocabulary.end, vocabulary.unknown) == (0, 1)
    assert vocabulary.encode(["a", "b", "c"]) == [2, 3, 4]
    assert len(vocabulary) == 5
    assert vocabulary.start == 5


def test_words_that_are_not_known_become_the_unknown_symbol_and_no_end_is_appended():
    vocabulary = Vocabulary(["a", "b"])
    assert vocabulary.encode(["b", "zebra", "a"]) == [3, 1, 2]
    assert vocabulary.decode([3, 1, 2]) == ["b", UNKNOWN_TEXT, "a"]


def test_decoding_stops_at_the_first_end():
    vocabulary = Vocabulary(["a", "b"])
    assert vocabulary.decode([2, 0, 3, 0]) == ["a"]
    assert vocabulary.decode([0, 0]) == []
    assert vocabulary.decode([2, 3]) == ["a", "b"]


@pytest.mark.parametrize("wrong", [-1, 4, 5])
def test_an_id_that_no_model_puts_out_is_refused(wrong):
    with pytest.raises(ValueError, match=f"id {wrong} is none of the 4 symbols"):
        Vocabulary(["a", "b"]).decode([2, wrong])


def test_tokens_spelt_like_special_symbols_are_ordinary():
    vocabulary = Vocabulary(["<unk>", "<end>"])
    assert vocabulary.encode(["<unk>", "<end>", "?"]) == [2, 3, 1]
    assert vocabulary.decode([2, 3]) == ["<unk>", "<end>"]


def test_a_token_given_twice_is_refused():
    with pytest.raises(ValueError, match="'b' was given twice"):
        Vocabulary(["a", "b", "b"])


def test_vocabularies_are_equal_when_their_tokens_and_order_are():
    assert Vocabulary(["a", "b"]) == Vocabulary(("a", "b"))
    assert Vocabulary(["a", "b"]) != Vocabulary(["b", "a"])
    assert len({Vocabulary(["a", "b"]), Vocabulary(["a", "b"])}) == 1


def test_most_frequent_tokens_come_first_and_ties_are_alphabetical():
    sentences = [["z", "b", "b"], ["a", "b", "z"], ["c"]]  # b 3, z 2, a and c 1
    assert build_vocabulary(sentences).tokens == ("b", "z", "a", "c")
    assert build_vocabulary(reversed(sentences)).tokens == ("b", "z", "a", "c")


def test_rare_tokens_and_those_beyond_the_size_are_left_out():
    sentences = [["z", "b", "b"], ["a", "b", "z"], ["c"]]
    assert build_vocabulary(sentences, min_count=2).tokens == ("b", "z")
    assert build_vocabulary(sentences, max_size=3).tokens == ("b", "z", "a")


def test_a_text_of_one_word_is_refused_with_the_word():
    with pytest.raises(CorpusError, match="of 1 distinct tokens, the only token kept is 'spam'"):
        build_vocabulary([["spam", "spam"], ["spam"]])


def test_a_count_that_leaves_nothing_is_refused_with_the_setting():
    with pytest.raises(CorpusError, match=r"of 2 distinct tokens, no token is kept.*data.min_count"):
        build_vocabulary([["a"], ["b"]], min_count=2)


@settings(deadline=None)  # a file is synced each time
@given(st.lists(TOKENS, unique=True))
def test_a_vocabulary_file_gives_the_vocabulary_back(tmp_path_factory, tokens):
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    write_vocabulary(Vocabulary(tokens), path)
    assert read_vocabulary(path).tokens == tuple(tokens)


def test_a_vocabulary_file_is_readable_and_starts_with_its_format(tmp_path):
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(Vocabulary([" ", "\u2028", "\r", "\\", "\x0c", "", "é"]), path)
    assert path.read_bytes() == "seqgan vocabulary 1\n \n\u2028\n\r\n\\\n\x0c\n\né\n".encode()
    assert list(tmp_path.iterdir()) == [path]  # nothing temporary is left


def test_tokens_that_a_line_cannot_hold_are_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "vocabulary.txt"
    write_vocabulary(Vocabulary(["old", "words"]), path)
    with pytest.raises(CorpusError, match=r"'a\\nb' holds a line feed"):
        write_vocabulary(Vocabulary(["a\nb", "c"]), path)
    with pytest.raises(CorpusError, match=r"'\\ud800', half of a surrogate pair"):
        write_vocabulary(Vocabulary(["a\ud800", "c"]), path)
    assert read_vocabulary(path).tokens == ("old", "words")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: found '', expected 'seqgan vocabulary 1'"),
        (b"the\ncat\n", "line 1: found 'the', expected 'seqgan vocabulary 1'"),
        (b"seqgan vocabulary 2\na\nb\n", "is of format 2, and this version of seqgan reads format 1: use the newer"),
        (b"seqgan ids 3\n7\n", "is of format 3"),
        (b"seqgan pretrained vocabulary 12\n{}\n", "is of format 12"),
        (b"seqgan vocabulary 0\na\nb\n", "line 1: found 'seqgan vocabulary 0', expected 'seqgan vocabulary 1'"),
        (b"seqgan vocabulary 1", "the file was cut"),
        (b"seqgan vocabulary 1\nthe\nca", "the file was cut"),
        (b"seqgan vocabulary 1\nthe\ncat\nthe\n", "line 4: 'the' stands in line 2 already"),
        (b"seqgan vocabulary 1\nthe\nc\xff\n", "line 3: not UTF-8"),
    ],
)
def test_a_damaged_vocabulary_file_is_refused_with_its_name_and_line(tmp_path, content, message):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_vocabulary(path)
    assert str(path) in str(caught.value)


def test_a_missing_vocabulary_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"vocabulary.txt cannot be read: No such file"):
        read_vocabulary(tmp_path / "vocabulary.txt")


def test_ids_are_numbers_and_nothing_else(tmp_path):
    ids = Ids(12)
    assert len(ids) == 12
    assert ids.encode(["0", "11", "3"]) == [0, 11, 3]
    assert ids.decode([0, 11, 3]) == ["0", "11", "3"]
    assert (ids.start, ids.end, ids.unknown) == (0, None, None)
    with pytest.raises(CorpusError, match="'12' is not one of the ids 0 to 11"):
        ids.encode(["12"])
    with pytest.raises(ValueError, match="The id 12 is none of 0 to 11"):
        ids.decode([12])
    write_vocabulary(ids, tmp_path / "vocabulary.txt")
    again = read_vocabulary(tmp_path / "vocabulary.txt")
    assert again == ids
    assert again.fingerprint() == ids.fingerprint() != Ids(13).fingerprint()


def test_a_vocabulary_of_numbers_is_not_that_of_ids():
    words = Vocabulary([str(number) for number in range(12)])
    assert words != Ids(12)
    assert words.fingerprint() != Ids(12).fingerprint()
    assert build_ids([["3", "1"], ["0", "2"]]) == Ids(4)
    assert build_ids([["3", "1"]], 9) == Ids(9)


def test_weights_belong_to_both_vocabularies():
    target, source, other = Vocabulary("ab"), Vocabulary("cd"), Vocabulary("dc")
    assert fingerprint_of(target) == fingerprint_of(target, target) == target.fingerprint()
    both = {fingerprint_of(*pair) for pair in ((target, source), (target, other), (source, target), (other, target))}
    assert len(both) == 4
    assert not both & {each.fingerprint() for each in (target, source, other)}
    assert fingerprint_of(Vocabulary("ab"), Vocabulary("cd")) == fingerprint_of(target, source)


def test_tokens_with_line_separators_of_other_kinds_come_back(tmp_path):
    tokens = ["a\u2028b", "\x85", "\x0b", "c\x1c", "\u2029"]
    write_vocabulary(Vocabulary(tokens), tmp_path / "vocabulary.txt")
    assert read_vocabulary(tmp_path / "vocabulary.txt").tokens == tuple(tokens)
