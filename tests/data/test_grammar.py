import math
import random
import re
from collections import Counter
from itertools import pairwise, product

import pytest

from seqgan.data import grammar as module
from seqgan.data.grammar import Grammar, draw_splits, embedded_corpora, load_grammar
from seqgan.errors import CorpusError

# P(x x) = 0.5 * 0.4 * 0.7 + 0.3 * 0.7 * 0.4 = 0.224, by two parses, and so on; together with "x" they are all.
AMBIGUOUS = """
S -> A B [0.5] | B A [0.3] | 'x' [0.2]
A -> 'x' [0.4] | 'y' [0.6]
B -> 'x' [0.7] | 'y' [0.3]
"""
AMBIGUOUS_PROBABILITIES = {"x": 0.2, "x x": 0.224, "x y": 0.186, "y x": 0.246, "y y": 0.144}
ATTACHMENT = """
S -> NP VP [1.0]
NP -> D N [0.6] | NP PP [0.3] | 'she' [0.1]
VP -> V NP [0.5] | VP PP [0.3] | V [0.2]
PP -> P NP [0.6] | P P NP [0.4]
D -> 'the' [1.0]
N -> 'man' [0.5] | 'hill' [0.5]
V -> 'saw' [1.0]
P -> 'on' [0.7] | 'by' [0.3]
"""
PLURAL_PEOPLE = {"men", "women", "people", "boys", "girls", "children", "kids", "friends", "tourists", "students"}


@pytest.fixture(scope="module")
def captions():
    return load_grammar("captions")


@pytest.fixture(scope="module")
def drawn(captions):
    rng = random.Random(0)
    return [captions.draw(rng) for _ in range(5000)]


@pytest.fixture(scope="module")
def nltk_captions():
    from nltk.grammar import PCFG

    return PCFG.fromstring((module._folder() / "captions.pcfg").read_text(encoding="utf-8"))


def probabilities_of_parses(pcfg, tokens):
    """The probability of each of NLTK's parse trees, as the product over its productions."""
    from nltk.parse import BottomUpLeftCornerChartParser

    by_sides = Counter()
    for rule in pcfg.productions():
        by_sides[rule.lhs(), rule.rhs()] += rule.prob()
    trees = BottomUpLeftCornerChartParser(pcfg).parse(tokens)
    return [math.prod(by_sides[rule.lhs(), rule.rhs()] for rule in tree.productions()) for tree in trees]


def test_captions_have_a_real_vocabulary(captions):
    assert len(captions.words) >= 300
    assert list(captions.words) == sorted(set(captions.words))


def test_probabilities_of_each_left_hand_side_sum_to_one(nltk_captions):
    sums = Counter()
    for rule in nltk_captions.productions():
        sums[rule.lhs()] += rule.prob()
    assert all(total == pytest.approx(1, abs=1e-9) for total in sums.values())


def test_every_symbol_of_the_captions_is_used(nltk_captions):
    used = {symbol for rule in nltk_captions.productions() for symbol in rule.rhs()}
    assert {rule.lhs() for rule in nltk_captions.productions()} - used == {nltk_captions.start()}


@pytest.mark.parametrize("name", ["Nature", "StandLoc", "DishList"])  # nested places, relative clauses, coordination
def test_captions_are_recursive(nltk_captions, name):
    below = {}
    for rule in nltk_captions.productions():
        below.setdefault(str(rule.lhs()), set()).update(str(s) for s in rule.rhs() if not isinstance(s, str))
    reached, waiting = set(), set(below[name])
    while waiting:
        symbol = waiting.pop()
        reached.add(symbol)
        waiting |= below[symbol] - reached
    assert name in reached


def test_drawn_sentences_are_captions_of_sane_length(drawn):
    lengths = [len(tokens) for tokens in drawn]
    assert all(tokens[-1] == "." and tokens.count(".") == 1 and len(tokens) >= 4 for tokens in drawn)
    assert 10 <= sum(lengths) / len(lengths) <= 13.5
    assert max(lengths) <= module.LONGEST


def test_an_stands_before_vowels_and_a_before_consonants(drawn):
    # "uniform" begins with a vowel letter but a consonant sound; it is the only such word in the captions.
    pairs = {pair for tokens in drawn for pair in pairwise(tokens) if pair[0] in ("a", "an")}
    wrong = {(a, word) for a, word in pairs if (a == "an") != (word[0] in "aeiou" and word != "uniform")}
    assert pairs
    assert not wrong


def first_finite_verb(tokens):
    """Place of the main verb: the first one that does not follow a relative pronoun; None in a caption without one."""
    for i, word in enumerate(tokens):
        if word in ("is", "are", "has", "have") and tokens[i - 1] not in ("who", "that"):
            return i
    return None


def test_verbs_agree_with_their_subjects(drawn):
    seen = Counter()
    for tokens in drawn:
        place = first_finite_verb(tokens)
        if place is None or tokens[0] == "there" or "while" in tokens[:place]:
            continue
        subject, verb = " ".join(tokens[:place]), tokens[place]
        if re.match("(two|three|four|several|some|a few) ", subject):
            expected = {"are", "have"}
        elif re.search(" and (an?|her|his) ", subject):
            # "a man and a woman"; garments joined to one another ("a coat and boots") have no second article.
            expected = {"are"}
        else:
            expected = {"is", "has"}  # also "a group of people"
        assert verb in expected, " ".join(tokens)
        seen[verb] += 1
    assert all(seen[verb] > 20 for verb in ("is", "are", "has", "have"))


def test_relative_clauses_agree_with_their_nouns(drawn):
    seen = Counter()
    for tokens in drawn:
        for noun, who, verb in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if who == "who":
                assert verb in (("are", "have") if noun in PLURAL_PEOPLE else ("is", "has")), " ".join(tokens)
                seen[verb] += 1
            elif who == "that":  # things and animals with a relative clause are all singular
                assert verb in ("is", "has"), " ".join(tokens)
    assert seen["is"] > 20
    assert seen["are"] > 20


def test_possessives_agree_with_their_owners(drawn):
    owners = {"his": {"man", "father"}, "her": {"woman", "lady", "mother"}}
    seen = Counter()
    for tokens in drawn:
        for pronoun in owners.keys() & set(tokens):
            assert owners[pronoun] & set(tokens[: tokens.index(pronoun)]), " ".join(tokens)
            seen[pronoun] += 1
    assert all(seen[pronoun] > 20 for pronoun in owners)


def test_drawn_sentences_parse_with_a_finite_probability(captions, drawn):
    for tokens in drawn[:1000]:
        assert captions.parses(tokens)
        assert -150 < captions.log_probability(tokens) < 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a man is",
        "a man are riding a horse along a beach .",
        "two men is walking along a beach .",
        "an man is walking along a beach .",
        "a man who are wearing a hat is walking along a beach .",
        "a man is walking along a beach . .",
        "a man is walking along a spaceship .",
    ],
)
def test_wrong_sentences_do_not_parse(captions, text):
    assert not captions.parses(text.split())
    assert captions.log_probability(text.split()) == -math.inf


def test_a_sentence_of_the_grammar_parses(captions):
    assert captions.parses(["a", "man", "is", "walking", "along", "a", "beach", "."])


def test_damaged_sentences_do_not_parse(captions, drawn):
    for tokens in drawn[:200]:
        assert not captions.parses(tokens[::-1])
        assert not captions.parses(tokens[:-1])
        assert not captions.parses(tokens[:-1] + tokens)


@pytest.mark.timeout(10)
def test_long_garbage_is_rejected_quickly(captions, drawn):
    rng = random.Random(1)
    for _ in range(500):
        assert not captions.parses(rng.choices(captions.words, k=40))
    joined = [word for tokens in drawn[:20] for word in tokens[:-1]]
    assert not captions.parses(joined)


def test_captions_have_one_parse_with_nltk_and_its_probability(captions, nltk_captions, drawn):
    short = [tokens for tokens in drawn if len(tokens) <= 10][:15]
    long = [tokens for tokens in drawn if len(tokens) > 10][:25]
    for tokens in short + long:
        probabilities = probabilities_of_parses(nltk_captions, tokens)
        assert len(probabilities) == 1
        assert captions.log_probability(tokens) == pytest.approx(math.log(probabilities[0]), abs=1e-9)


def test_ambiguous_sentences_get_the_sum_of_their_parses():
    toy = Grammar(AMBIGUOUS)
    for text, probability in AMBIGUOUS_PROBABILITIES.items():
        assert math.exp(toy.log_probability(text.split())) == pytest.approx(probability)
    sentences = [words for n in range(4) for words in product("xy", repeat=n)]
    assert math.fsum(math.exp(toy.log_probability(words)) for words in sentences) == pytest.approx(1)


def test_chains_of_single_symbols_and_long_right_hand_sides_sum_up():
    # "a" is S, S A, or S A B: 0.25 + 0.5 * 0.5 + 0.5 * 0.2 = 0.6; the others have one parse.
    toy = Grammar(
        "S -> A [0.5] | 'a' [0.25] | 'a' 'b' 'c' [0.25]\nA -> 'a' [0.5] | 'a' 'b' 'd' [0.3] | B [0.2]\nB -> 'a' [1.0]"
    )
    found = {words: math.exp(toy.log_probability(words)) for n in range(5) for words in product("abcd", repeat=n)}
    expected = {("a",): 0.6, tuple("abc"): 0.25, tuple("abd"): 0.15}
    assert {words: p for words, p in found.items() if p > 0} == pytest.approx(expected)


def test_ambiguous_attachment_agrees_with_nltk():
    from nltk.grammar import PCFG

    toy, pcfg = Grammar(ATTACHMENT), PCFG.fromstring(ATTACHMENT)
    rng = random.Random(2)
    texts = [rng.choices(toy.words, k=rng.randint(1, 6)) for _ in range(100)]
    texts += [toy.draw(rng) for _ in range(40)]
    text = "she saw the man on the hill by the man on on the hill"
    texts.append(text.split())
    parses = []
    for tokens in texts:
        if len(tokens) > 14:  # longer ones have too many parses to list
            continue
        probabilities = probabilities_of_parses(pcfg, tokens)
        parses.append(len(probabilities))
        assert toy.parses(tokens) == bool(probabilities)
        assert math.exp(toy.log_probability(tokens)) == pytest.approx(sum(probabilities))
    assert 0 in parses
    assert max(parses) >= 5  # three phrases, each to hang on the verb or on a noun before it


def test_endlessly_recursive_sentences_have_catalan_many_parses():
    # n words have Catalan(n - 1) binary trees of n - 1 joins each.
    toy = Grammar("S -> S S [0.3] | 'a' [0.7]")
    for n in range(1, 9):
        expected = math.comb(2 * n - 2, n - 1) / n * 0.3 ** (n - 1) * 0.7**n
        assert math.exp(toy.log_probability(["a"] * n)) == pytest.approx(expected)


@pytest.mark.slow(reason="parses long sentences")
def test_tiny_probabilities_do_not_underflow():
    toy = Grammar("S -> 'a' S [0.001] | 'a' [0.999]")  # 0.001 ** 299 is 0 in floating point
    expected = 299 * math.log(0.001) + math.log(0.999)
    assert toy.log_probability(["a"] * 300) == pytest.approx(expected)


def test_draws_follow_the_probabilities():
    toy, rng, count = Grammar(AMBIGUOUS), random.Random(3), 20_000
    seen = Counter(" ".join(toy.draw(rng)) for _ in range(count))
    assert seen.keys() == AMBIGUOUS_PROBABILITIES.keys()
    for text, p in AMBIGUOUS_PROBABILITIES.items():
        # Four standard deviations of a binomial count: one in 16,000 honest draws would fail.
        assert abs(seen[text] - count * p) < 4 * math.sqrt(count * p * (1 - p))


def test_captions_choose_by_the_written_probabilities(nltk_captions, drawn):
    # "there" begins a caption by one production only. Fewer than 1 in 100 captions are too long and left out, which
    # moves a share by less than 0.01 of itself and others; the rest is four binomial standard deviations.
    p = next(r.prob() for r in nltk_captions.productions() if [str(s) for s in r.rhs()] == ["ThereClause"])
    share = sum(tokens[0] == "there" for tokens in drawn) / len(drawn)
    assert abs(share - p) < 0.01 * p + 4 * math.sqrt(p * (1 - p) / len(drawn))


def test_leaving_out_long_sentences_divides_by_a_constant():
    # Lengths 1, 2, 3 have probabilities 1/2, 1/4, 1/8; divided by their sum, 4/7, 2/7, 1/7.
    toy, rng, count = Grammar("S -> 'a' S [0.5] | 'a' [0.5]", longest=3), random.Random(4), 7000
    seen = Counter(len(toy.draw(rng)) for _ in range(count))
    for length, p in {1: 4 / 7, 2: 2 / 7, 3: 1 / 7}.items():
        assert abs(seen[length] - count * p) < 4 * math.sqrt(count * p * (1 - p))


def test_splits_are_distinct_and_have_their_sizes(captions):
    splits = draw_splits(captions, {"train": 1500, "valid": 300, "test": 200}, seed=0)
    assert {name: len(sentences) for name, sentences in splits.items()} == {"train": 1500, "valid": 300, "test": 200}
    assert len({tuple(tokens) for sentences in splits.values() for tokens in sentences}) == 2000


def test_the_corpus_of_the_usual_size_can_be_drawn(captions):
    splits = draw_splits(captions, {"train": 10_000, "valid": 1_000, "test": 1_000}, seed=1)
    assert len({tuple(tokens) for sentences in splits.values() for tokens in sentences}) == 12_000
    assert {word for tokens in splits["train"] for word in tokens} <= set(captions.words)


def test_splits_depend_on_the_seed_alone(captions):
    sizes = {"train": 50, "test": 20}
    assert draw_splits(captions, sizes, seed=5) == draw_splits(load_grammar(), sizes, seed=5)
    assert draw_splits(captions, sizes, seed=5) != draw_splits(captions, sizes, seed=6)


def test_splits_may_take_every_sentence_there_is():
    splits = draw_splits(Grammar(AMBIGUOUS), {"train": 3, "empty": 0, "test": 2}, seed=0)
    assert splits["empty"] == []
    assert sorted(" ".join(s) for s in splits["train"] + splits["test"]) == sorted(AMBIGUOUS_PROBABILITIES)


def test_too_large_splits_say_how_many_sentences_there_were():
    with pytest.raises(CorpusError, match=r"5 distinct sentences drawn, but the splits need 6.*smaller splits"):
        draw_splits(Grammar(AMBIGUOUS), {"train": 4, "test": 2}, seed=0)


def test_negative_sizes_are_refused():
    with pytest.raises(CorpusError, match=r"\{'train': -1\} count sentences and cannot be negative"):
        draw_splits(Grammar(AMBIGUOUS), {"train": -1}, seed=0)


def test_captions_are_embedded():
    assert "captions" in embedded_corpora()


def test_a_misspelt_corpus_names_the_nearest_and_all():
    with pytest.raises(CorpusError, match=r"Unknown embedded corpus 'caption'\. Did you mean 'captions'\?.*captions"):
        load_grammar("caption")


def test_an_installed_package_has_its_corpora_inside(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "seqgan"
    (package / "corpora").mkdir(parents=True)
    (package / "corpora" / "toy.pcfg").write_text(AMBIGUOUS)
    (package / "corpora" / "README.md").write_text("not a grammar")
    monkeypatch.setattr(module, "_PACKAGE", package)
    assert embedded_corpora() == ["toy"]
    assert load_grammar("toy").words == ("x", "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("S -> 'a' [0.5] | 'b' [0.3]", "toy: Productions for S do not sum to 1"),
        ("S -> 'a' [1.0", "toy: .*Expected lines like"),
        ("S -> NP 'a' [1.0]", "toy: no production for NP. Quote words: 'NP'"),
        ("S -> 'a' [0.5] | [0.5]", "toy: S has an empty right-hand side"),
        ("S -> A [0.5] | 'a' [0.5]\nA -> S [1.0]", "toy: a symbol can become itself again"),
    ],
)
def test_what_is_no_grammar_is_refused(text, message):
    with pytest.raises(CorpusError, match=message):
        Grammar(text, origin="toy")


@pytest.mark.timeout(10)
def test_a_grammar_without_short_sentences_gives_up():
    endless = Grammar("S -> 'a' S [1.0]", origin="toy")
    with pytest.raises(CorpusError, match="toy: 1,000 draws in a row had more than 30 tokens"):
        endless.draw(random.Random(0))


def test_probabilities_that_miss_one_by_rounding_are_divided_by_their_sum():
    grammar = Grammar("S -> 'a' 'b' [0.6] | 'a' [0.2] | A [0.195]\nA -> 'c' 'd' 'e' [1.0]")
    probabilities = [math.exp(grammar.log_probability(list(sentence))) for sentence in ("ab", "a", "cde")]
    assert probabilities == pytest.approx([0.6 / 0.995, 0.2 / 0.995, 0.195 / 0.995])


def test_no_split_is_left_with_what_the_others_had_not_taken():
    # Ten sentences of 9 % and ten of 1 %, all of which are drawn, the likelier ones mostly first. Cut at random, half
    # of either split is likely, with a variance of 10 * 1/2 * 1/2 * 10/19.
    parts = (("abcdefghij", 0.09), ("klmnopqrst", 0.01))
    likely, rare = (" | ".join(f"'{letter}' [{share}]" for letter in letters) for letters, share in parts)
    grammar = Grammar(f"S -> {likely} | {rare}")
    in_last = [
        sum(tokens[0] in "abcdefghij" for tokens in draw_splits(grammar, {"train": 10, "valid": 10}, seed)["valid"])
        for seed in range(100)
    ]
    assert sum(in_last) / 100 == pytest.approx(5, abs=5 * (25 / 19) ** 0.5 / 10)
