"""A model of transformers as a discriminator: real and fake are read in one way, and nothing else tells them apart."""

import pytest
import torch
from support.tiny_models import write_model

pytest.importorskip("transformers")

from seqgan.build import build_discriminator
from seqgan.build_huggingface import with_discriminator_files
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.data.tokenizers import Words
from seqgan.data.vocabulary import Vocabulary
from seqgan.discriminators.huggingface import normal_form, padded
from seqgan.errors import ConfigError
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.tensors.rows import select_rows


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: write_model(root / name, name) for name in ("gpt2", "bert", "t5")}


def make(folders, judge="bert", generator="gpt2", conditional=False, **settings):
    """A judge of one model's texts that is another, with weights large enough to see."""
    config = with_discriminator_files(DiscriminatorConfig(name="huggingface", path=str(folders[judge]), **settings))
    tokenizer = read_model_tokenizer(folders[generator])
    vocabulary = tokenizer.vocabulary()
    source = vocabulary if conditional else None
    model = build_discriminator(
        config,
        vocabulary,
        20,
        source_vocabulary=source,
        max_source_length=9,
        tokenizers=(tokenizer, tokenizer if conditional else None),
        weights=True,
    )
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.5)
    return model.double().eval(), tokenizer, vocabulary


def rows(vocabulary, sentences, ended=True, width=20):
    """Token lists as ids and mask."""
    ids = [vocabulary.encode(tokens) + ([0] if ended else []) for tokens in sentences]
    tokens = torch.tensor([[*row, *[0] * (width - len(row))] for row in ids])
    return tokens, torch.arange(width) < torch.tensor([len(row) for row in ids]).unsqueeze(1)


def letters(tokenizer, text):
    """The same text in other tokens: no generator need cut it as the tokenizer does."""
    return [token for letter in text for token in tokenizer.tokenize(letter)]


@pytest.mark.parametrize(("judge", "pooling"), [("bert", "mean"), ("bert", "first"), ("gpt2", "last")])
def test_how_a_text_was_cut_and_spaced_does_not_show(folders, judge, pooling):
    model, tokenizer, vocabulary = make(folders, judge, pooling=pooling)
    text = "a cat runs ."
    spaced = [tokenizer.tokenize(each) for each in (text, f" {text}", f"{text}  ", "a cat  runs .")]
    tokens, mask = rows(vocabulary, [*spaced, letters(tokenizer, text), tokenizer.tokenize("the dog eats .")])
    assert len({tuple(row) for row in tokens.tolist()}) == 6
    with torch.no_grad():
        logits = model(tokens, mask)
    torch.testing.assert_close(logits[:5], logits[:1].expand(5))
    assert not torch.isclose(logits[5], logits[0])


def test_what_is_judged_is_a_reading_of_ids_alone(folders):
    """One function of ids for both sides: the same sentence has one logit, wherever it came from."""
    model, tokenizer, vocabulary = make(folders)
    sentence = tokenizer.tokenize("two birds eat .")
    real, real_mask = rows(vocabulary, [sentence], width=9)
    fake, fake_mask = rows(vocabulary, [sentence, tokenizer.tokenize("a")], width=30)
    with torch.no_grad():
        torch.testing.assert_close(model(real, real_mask), model(fake, fake_mask)[:1])
    assert model.texts(real, real_mask) == model.texts(fake, fake_mask)[:1] == ["two birds eat ."]


def test_whether_a_text_ended_shows_and_what_follows_does_not(folders):
    model, tokenizer, vocabulary = make(folders)
    tokens, mask = rows(vocabulary, [tokenizer.tokenize("the dog eats")])
    cut, cut_mask = rows(vocabulary, [tokenizer.tokenize("the dog eats")], ended=False)
    noise = torch.where(mask, tokens, torch.arange(5, 25))
    with torch.no_grad():
        ended, unended = model(tokens, mask), model(cut, cut_mask)
        torch.testing.assert_close(model(noise, mask), ended)
        torch.testing.assert_close(model(torch.where(cut_mask, cut, 7), cut_mask), unended)
    assert not torch.isclose(ended, unended)


@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_the_logit_is_the_models_own_vectors_and_a_line(folders, pooling):
    """Against the model called with a single text, as its makers call it."""
    model, tokenizer, vocabulary = make(folders, pooling=pooling)
    own = read_model_tokenizer(folders["bert"])
    texts = ["a cat runs .", "the dog"]
    tokens, mask = rows(vocabulary, [tokenizer.tokenize(text) for text in texts])
    with torch.no_grad():
        logits = model(tokens, mask)
        for row, text in enumerate(texts):
            ids = [3, *own.numbers(text), 0]
            vectors = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0]
            vector = {"mean": vectors.mean(0), "first": vectors[0], "last": vectors[-1]}[pooling]
            torch.testing.assert_close(logits[row], model.output(vector)[0])


def test_a_source_and_its_answer_are_one_text_of_two_sides(folders):
    model, tokenizer, vocabulary = make(folders, conditional=True)
    own = read_model_tokenizer(folders["bert"])
    sources, answers = ["a dog", "two birds eat", "the cat"], ["runs .", "well in town", "sleeps ."]
    source, source_mask = rows(vocabulary, [tokenizer.tokenize(each) for each in sources], ended=False)
    tokens, mask = rows(vocabulary, [tokenizer.tokenize(each) for each in answers])
    with torch.no_grad():
        context = model.encode(source, source_mask)
        logits = model(tokens, mask, context)
        for row in range(3):
            first, second = [3, *own.numbers(sources[row]), 0], [*own.numbers(answers[row]), 0]
            vectors = model.model(
                input_ids=torch.tensor([first + second]),
                token_type_ids=torch.tensor([[0] * len(first) + [1] * len(second)]),
            ).last_hidden_state[0]
            torch.testing.assert_close(logits[row], model.output(vectors.mean(0))[0])
        order = torch.tensor([1, 2, 0])
        shuffled = model(tokens, mask, select_rows(context, order))
    assert not torch.isclose(shuffled, logits).any()
    with pytest.raises(ConfigError, match="how a sequence fits a source"):
        model(tokens, mask)


def test_texts_and_sources_that_do_not_fit_are_cut(folders):
    model, tokenizer, vocabulary = make(folders, conditional=True)
    long = [tokenizer.tokenize("漢" * 30)] * 2
    source, source_mask = rows(vocabulary, long, ended=False, width=120)
    with torch.no_grad():
        context = model.encode(source, source_mask)
        assert context[0].shape[1] <= 24
        tokens, mask = rows(vocabulary, [letters(tokenizer, "a b " * 40), tokenizer.tokenize("a")], width=200)
        assert model(tokens, mask, context).isfinite().all()


def test_an_empty_text_has_a_logit(folders):
    for judge in ("bert", "gpt2"):
        model, _, vocabulary = make(folders, judge)
        tokens, mask = rows(vocabulary, [[], []])
        mask[1] = False
        with torch.no_grad():
            assert model(tokens, mask).isfinite().all()


def test_it_reads_the_texts_of_any_tokenizer(folders):
    config = with_discriminator_files(DiscriminatorConfig(name="huggingface", path=str(folders["bert"])))
    vocabulary = Vocabulary(["cat", "a", "runs", "."])
    model = build_discriminator(config, vocabulary, 8, tokenizers=(Words(), None), weights=True).eval()
    tokens, mask = rows(vocabulary, [["a", "cat", "runs", "."], ["what", "runs"]], width=8)
    assert model.texts(tokens, mask) == ["a cat runs .", "<unk> runs"]
    assert model(tokens, mask).shape == (2,)


def test_adapters_and_the_head_are_all_that_learns(folders):
    pytest.importorskip("peft")
    model, tokenizer, vocabulary = make(folders, lora_rank=2)
    assert {name.split(".")[0] for name in model.state_dict()} == {"model", "output"}
    assert all("lora" in name or name.startswith("output") for name in model.state_dict())
    model(*rows(vocabulary, [tokenizer.tokenize("a cat")])).sum().backward()
    assert {n for n, p in model.named_parameters() if p.requires_grad} == set(model.state_dict())


def test_what_it_cannot_read_is_said(folders):
    model, _, _ = make(folders)
    with pytest.raises(ValueError, match="reads texts"):
        model(torch.full((1, 2, 5), 0.2), torch.ones(1, 2, dtype=torch.bool))
    with pytest.raises(ConfigError, match="an encoder and a decoder"):
        with_discriminator_files(DiscriminatorConfig(name="huggingface", path=str(folders["t5"])))


def test_rows_are_padded_on_the_right():
    numbers, real = padded([[5], [], [6, 7]], 9, torch.device("cpu"))
    assert numbers.tolist() == [[5, 9], [9, 9], [6, 7]]
    assert real.tolist() == [[True, False], [False, False], [True, True]]
    assert normal_form("  a\t b\u2028c ") == "a b c"
