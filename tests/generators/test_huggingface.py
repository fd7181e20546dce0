"""Models of transformers as generators: the two laws, and the bookkeeping of their own numbers."""

import json

import pytest
import torch
from support.tiny_models import ARCHITECTURES, LINES, write_model
from test_layers import loaded_after

pytest.importorskip("transformers")

from seqgan.build import build_generator, build_text
from seqgan.build_huggingface import check_room, with_generator_files, with_own_tokenizer
from seqgan.data.model_tokenizer import read_model_tokenizer
from seqgan.decoding import beam_search, rollout, sample
from seqgan.errors import ConfigError
from seqgan.huggingface import _without_precision, build_model, cache_name, read_architecture
from seqgan.objectives import token_log_probs
from seqgan.settings.data import DataConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.settings.run import RunConfig
from seqgan.tensors.masking import mask_from_tokens
from seqgan.tensors.rows import join_rows, repeat_rows, select_rows

CAUSAL, DOUBLE = ("gpt2", "llama"), ("t5", "bart")
KINDS = [*((name, False) for name in CAUSAL), *((name, True) for name in (*CAUSAL, *DOUBLE))]
"""Architectures, and whether sentences have sources."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: write_model(root / name, name) for name in ARCHITECTURES}


def make(folder, architecture, conditional, *, weights=True, **settings):
    name = "huggingface-seq2seq" if architecture in DOUBLE else "huggingface"
    config = with_generator_files(GeneratorConfig(name=name, path=str(folder), **settings))
    vocabulary = read_model_tokenizer(folder).vocabulary()
    source = vocabulary if conditional else None
    generator = build_generator(config, vocabulary, 12, source_vocabulary=source, weights=weights).double()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for parameter in generator.parameters():
            if parameter.dim() > 1 and parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.5)  # distributions that differ
    return generator.eval(), vocabulary


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}{'-pairs' if kind[1] else ''}")
def kind(request, folders):
    architecture, conditional = request.param
    generator, vocabulary = make(folders[architecture], architecture, conditional)
    source = torch.tensor([[9, 4, 60, 7, 30], [5, 8, 77, 77, 77], [6, 2, 44, 77, 77], [3, 77, 77, 77, 77]])
    mask = torch.tensor([5, 2, 3, 1]).unsqueeze(1) > torch.arange(5)
    context = generator.encode(source, mask) if conditional else None
    tokens = torch.randint(2, 200, (4, 6), generator=torch.Generator().manual_seed(0))
    return architecture, generator, vocabulary, context, (source, mask) if conditional else None, tokens


def read(generator, tokens, state):
    previous = torch.full_like(tokens[:, 0], generator.start)
    logits = []
    for t in range(tokens.shape[1]):
        step_logits, state = generator.step(previous, state)
        logits.append(step_logits)
        previous = tokens[:, t]
    return torch.stack(logits, dim=1), state


def leaves(state):
    if state is None:
        return []
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in leaves(part)]


@torch.no_grad()
def test_stepping_gives_the_logits_that_forward_gives(kind):
    _, generator, _, context, _, tokens = kind
    torch.testing.assert_close(
        read(generator, tokens, generator.initial_state(4, context))[0], generator(tokens, context)
    )


@torch.no_grad()
def test_a_row_is_what_the_model_itself_says_of_its_own_numbers(kind):
    """Each row alone, without padding, cache or mapping: the model called as its makers call it."""
    architecture, generator, vocabulary, context, source, tokens = kind
    symbols, model, numbers = vocabulary.symbols, generator.model, list(vocabulary.numbers)
    logits = generator(tokens, context)
    for row, ids in enumerate(tokens.tolist()):
        answer = [numbers[n] for n in ids]
        given = [] if source is None else [numbers[n] for n in source[0][row][source[1][row]].tolist()]
        if architecture in DOUBLE:
            first = {"t5": [1], "bart": [0, 1]}[architecture]
            whole = torch.tensor([[*symbols.before, *given, *symbols.after]])
            read_ids = torch.tensor([[*first, *answer]])
            expected = model(input_ids=whole, decoder_input_ids=read_ids, use_cache=False).logits
        else:
            prompt = [0, *given, *symbols.line] if given else [0]
            expected = model(input_ids=torch.tensor([[*prompt, *answer]]), use_cache=False).logits
        expected = expected[0, -7:-1, numbers]
        torch.testing.assert_close(
            logits[row, :, [0, *range(2, len(numbers))]], expected[:, [0, *range(2, len(numbers))]]
        )


@torch.no_grad()
def test_rows_of_the_state_can_be_selected_repeated_and_joined(kind):
    _, generator, _, context, _, tokens = kind
    state = read(generator, tokens[:, :2], generator.initial_state(4, context))[1]
    assert {leaf.shape[0] for leaf in leaves(state)} == {4}
    both = join_rows(select_rows(state, torch.tensor([3, 0])), repeat_rows(state, 2))
    owners = torch.tensor([3, 0, 0, 0, 1, 1, 2, 2, 3, 3])
    alone = read(generator, tokens[owners, :2], generator.initial_state(10, select_rows(context, owners)))[1]
    following = torch.arange(2, 12)
    torch.testing.assert_close(generator.step(following, both)[0], generator.step(following, alone)[0])


@torch.no_grad()
def test_a_one_hot_distribution_is_its_token(kind):
    _, generator, vocabulary, context, _, tokens = kind
    state = read(generator, tokens[:, :1], generator.initial_state(4, context))[1]
    one_hot = torch.nn.functional.one_hot(tokens[:, 0], len(vocabulary)).double()
    torch.testing.assert_close(generator.step(one_hot, state)[0], generator.step(tokens[:, 0], state)[0])


def test_sampling_rollouts_and_beams_take_it_as_any_other(kind, rng):
    _, generator, vocabulary, context, _, _ = kind
    samples = sample(generator, 4, 5, context, rng=rng)
    assert samples.tokens.max() < len(vocabulary)
    assert not (samples.tokens == 1).any()  # a tokenizer of bytes knows everything
    values = rollout(generator, lambda tokens, mask, row: mask.sum(1).double(), samples, 2, context, rng=rng)
    assert values.shape == (2, 4, 5)
    found = beam_search(generator, 2, rows=4, context=context, max_length=4)
    with torch.no_grad():
        scores = token_log_probs(generator(found.tokens[:, 0], context), found.tokens[:, 0])
    torch.testing.assert_close(torch.where(found.mask[:, 0], scores, 0.0).sum(1), found.log_probs[:, 0])


def test_a_gradient_reaches_every_weight_through_the_prompt_too(kind):
    _, generator, _, _, source, tokens = kind
    generator.zero_grad()
    generator(tokens, generator.encode(*source) if source else None).logsumexp(-1).sum().backward()
    without = [name for name, p in generator.named_parameters() if p.grad is None or not p.grad.any()]
    # Positions beyond those read have no part; all else has.
    assert [name for name in without if "pos" not in name] == []


def test_what_has_no_number_has_no_probability(folders):
    generator, vocabulary = make(folders["gpt2"], "gpt2", False)
    assert vocabulary.symbols.unknown is None
    with torch.no_grad():
        probs = generator(torch.tensor([[5, 6]])).softmax(-1)
    assert (probs[..., 1] == 0).all()
    torch.testing.assert_close(probs.sum(-1), torch.ones(1, 2, dtype=torch.float64))
    assert probs.log_softmax(-1).mul(probs).isfinite().all()


# Adapters.


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "t5"])
def test_adapters_begin_as_nothing_and_are_all_that_is_trained_and_saved(folders, architecture):
    conditional = architecture in DOUBLE
    name = "huggingface-seq2seq" if conditional else "huggingface"
    vocabulary = read_model_tokenizer(folders[architecture]).vocabulary()
    source = vocabulary if conditional else None

    def build(rank):
        settings = GeneratorConfig(name=name, path=str(folders[architecture]), lora_rank=rank)
        settings = with_generator_files(settings)
        return build_generator(settings, vocabulary, 8, source_vocabulary=source, weights=True).eval()

    adapted, plain = build(2), build(0)
    tokens = torch.tensor([[4, 7, 9]])
    ids, mask = torch.tensor([[5, 6]]), torch.ones(1, 2, dtype=torch.bool)
    contexts = [each.encode(ids, mask) if conditional else None for each in (adapted, plain)]
    torch.testing.assert_close(adapted(tokens, contexts[0]), plain(tokens, contexts[1]))
    assert all("lora" in name for name in adapted.state_dict())
    adapted(tokens, contexts[0])[..., 4].sum().backward()
    trained = {name for name, p in adapted.named_parameters() if p.grad is not None}
    assert trained == set(adapted.state_dict())
    assert adapted.state_dict().keys().isdisjoint(plain.state_dict())


def test_tied_weights_are_saved_once(folders):
    generator, _ = make(folders["gpt2"], "gpt2", False)
    assert "model.lm_head.weight" not in generator.state_dict()
    other, _ = make(folders["gpt2"], "gpt2", False, weights=False)
    with torch.no_grad():
        other.model.lm_head.weight.zero_()
    other.load_state_dict(generator.state_dict())
    tokens = torch.tensor([[4, 7, 9]])
    torch.testing.assert_close(other(tokens), generator(tokens))
    with pytest.raises(RuntimeError, match="another model"):
        other.load_state_dict({"nothing": torch.zeros(1)})


# Files.


def test_a_folder_without_weights_is_an_architecture(tmp_path):
    folder = write_model(tmp_path / "bare", "gpt2", weights=False)
    config = with_generator_files(GeneratorConfig(name="huggingface", path=str(folder)))
    vocabulary = read_model_tokenizer(folder).vocabulary()
    first, again = (build_generator(config, vocabulary, 8, seed=4, weights=True) for _ in range(2))
    other = build_generator(config, vocabulary, 8, seed=5, weights=True)
    tokens = torch.tensor([[4, 7, 9]])
    assert torch.equal(first(tokens), again(tokens))
    assert not torch.equal(first(tokens), other(tokens))
    with pytest.raises(ConfigError, match="adapts trained weights"):
        with_generator_files(GeneratorConfig(name="huggingface", path=str(folder), lora_rank=2))


@pytest.mark.parametrize("name", ["dtype", "torch_dtype"])
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    ("architecture", "kind"), [("gpt2", "causal"), ("llama", "causal"), ("t5", "seq2seq"), ("bert", "encoder")]
)
def test_fresh_weights_have_all_digits_whatever_type_the_settings_name(architecture, kind, precision, name):
    settings = {"model_type": architecture, "vocab_size": 20, **ARCHITECTURES[architecture]}
    models = []
    for more in ({}, {name: precision}):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            models.append(build_model(json.dumps({**settings, **more}), kind))
    plain, named = (dict(model.named_parameters()) for model in models)
    drawn = [weight for weight in named.values() if len(weight.unique()) > 2]
    assert drawn
    for weight in drawn:
        assert weight.dtype == torch.float32
        assert not torch.equal(weight.to(getattr(torch, precision)).float(), weight)
    assert all(torch.equal(plain[key], named[key]) for key in plain)


def test_the_type_of_a_model_within_a_model_is_not_taken_either():
    settings = {
        "dtype": "bfloat16",
        "text_config": {"torch_dtype": "float16", "n": 1},
        "parts": [{"dtype": 1}, "dtype"],
    }
    assert _without_precision(settings) == {"text_config": {"n": 1}, "parts": [{}, "dtype"]}


def test_weights_come_from_safetensors_alone(tmp_path):
    folder = write_model(tmp_path / "pickled", "gpt2", weights=False)
    (folder / "pytorch_model.bin").write_bytes(b"anything")
    config = with_generator_files(GeneratorConfig(name="huggingface", path=str(folder)))
    with pytest.raises(ConfigError, match="pickle can run any code"):
        build_generator(config, read_model_tokenizer(folder).vocabulary(), 8, weights=True)


def test_quantised_weights_are_refused_and_what_is_no_weight_is_not(tmp_path):
    """Older files of GPT-2 hold its masks, which no model needs; their names end as those of weights do."""
    from safetensors.torch import load_file, save_file

    folder = write_model(tmp_path / "masked", "gpt2")
    path = folder / "model.safetensors"
    weights = load_file(path)
    masks = {"h.0.attn.bias": torch.ones(1, 1, 48, 48, dtype=torch.uint8), "h.1.attn.bias": torch.ones(2).bool()}
    halves = {name: value.bfloat16() for name, value in weights.items()}
    save_file(
        {**halves, **masks, **{f"transformer.{name}": mask.clone() for name, mask in masks.items()}},
        path,
        {"format": "pt"},
    )
    config = with_generator_files(GeneratorConfig(name="huggingface", path=str(folder)))
    vocabulary = read_model_tokenizer(folder).vocabulary()
    build_generator(config, vocabulary, 8, weights=True)
    name = next(name for name in weights if name.endswith("attn.c_attn.weight"))
    for kind in (torch.int8, torch.uint8, torch.float8_e4m3fn):
        save_file({**weights, name: weights[name].to(kind)}, path, {"format": "pt"})
        with pytest.raises(ConfigError, match=r"c_attn\.weight in .* as in a quantised model"):
            build_generator(config, vocabulary, 8, weights=True)


def test_nothing_that_comes_with_a_model_is_run(tmp_path):
    folder = write_model(tmp_path / "code", "gpt2")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "evil.py").write_text("raise SystemExit('run')\n")
    settings |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ConfigError, match="no architecture that transformers can build"):
        with_generator_files(GeneratorConfig(name="huggingface", path=str(folder)))


@pytest.mark.parametrize(
    ("name", "architecture", "message"),
    [
        ("huggingface", "t5", "use --generator huggingface-seq2seq"),
        ("huggingface-seq2seq", "gpt2", "which has no encoder"),
        ("huggingface", None, "is no folder"),
    ],
)
def test_a_model_of_another_kind_is_refused(folders, tmp_path, name, architecture, message):
    path = folders[architecture] if architecture else tmp_path / "nowhere"
    with pytest.raises(ConfigError, match=message):
        with_generator_files(GeneratorConfig(name=name, path=str(path)))


def test_a_model_without_keys_and_values_is_refused():
    from seqgan.generators.huggingface import HuggingFaceGenerator

    settings = {"model_type": "mamba", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "state_size": 4}
    with pytest.raises(ConfigError, match="keeps something else"):
        HuggingFaceGenerator(build_model(json.dumps(settings), "causal"), [0, 0, 1, 2], False, [0])


@pytest.mark.parametrize("content", ["[]", "{"])
def test_damaged_settings_of_generation_are_said(folders, tmp_path, content):
    write_model(tmp_path / "t5", "t5", lines=LINES)
    (tmp_path / "t5" / "generation_config.json").write_text(content)
    with pytest.raises(ConfigError, match=r"generation_config\.json cannot be read"):
        read_architecture(tmp_path / "t5", "seq2seq")


def test_too_long_sentences_are_refused_before_any_work(folders):
    config = with_generator_files(GeneratorConfig(name="huggingface", path=str(folders["gpt2"])))
    with pytest.raises(ConfigError, match="48 positions"):
        build_generator(config, read_model_tokenizer(folders["gpt2"]).vocabulary(), 48)


def test_a_prompt_and_its_answer_that_do_not_fit_are_said(folders):
    generator, _ = make(folders["gpt2"], "gpt2", True)
    source = torch.full((1, 47), 5)
    with pytest.raises(ConfigError, match="48 positions"):
        generator(torch.tensor([[4, 5]]), generator.encode(source, torch.ones_like(source, dtype=torch.bool)))


@pytest.mark.parametrize("architecture", ["gpt2", "bart"])
def test_the_longest_source_that_passes_is_the_longest_that_is_read(folders, architecture):
    generator, _ = make(folders[architecture], architecture, True)
    tokens = torch.full((1, 9), 5)

    def read(length):
        generator(tokens, generator.encode(torch.full((1, length), 5), torch.ones(1, length, dtype=torch.bool)))

    passes = [length for length in range(1, 60) if not raises(check_room, generator, 9, length)]
    assert passes == list(range(1, len(passes) + 1))
    read(passes[-1])
    assert raises(read, passes[-1] + 1)


def raises(function, *arguments):
    try:
        function(*arguments)
    except ConfigError:
        return True
    return False


def test_a_name_on_the_hub_is_fetched_and_nothing_else_is(folders, monkeypatch, tmp_path):
    import huggingface_hub

    from seqgan.huggingface import model_folder

    asked = []

    def fetch(name, allow_patterns):
        asked.append((name, allow_patterns))
        if name == "none":
            raise OSError("no network here")
        return str(folders["gpt2"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert model_folder("hf:some/name") == folders["gpt2"]
    assert asked == [("some/name", ["*.json", "*.safetensors"])]
    with pytest.raises(ConfigError, match=r"could not be fetched from the hub \(OSError: no network here\)"):
        model_folder("hf:none")
    with pytest.raises(ConfigError, match="is no folder"):
        model_folder("some/name")
    assert len(asked) == 2


@pytest.mark.slow(reason="starts a process")
def test_the_package_loads_without_the_extra():
    loaded = loaded_after("import seqgan.build")
    assert not loaded & {"transformers", "peft", "tokenizers", "huggingface_hub"}


# Text.


def test_a_text_of_a_pretrained_generator_has_its_tokens(folders, tmp_path):
    (tmp_path / "text.txt").write_text("\n".join([*LINES, "Über ‘<end>’ goes  on "]) + "\n")
    (tmp_path / "valid.txt").write_text("a dog sleeps .\n")
    data = DataConfig(corpus=str(tmp_path / "text.txt"), valid=str(tmp_path / "valid.txt"))
    generator = GeneratorConfig(name="huggingface", path=str(folders["gpt2"]))
    text = build_text(with_own_tokenizer(RunConfig(data=data, generator=generator)).data)
    for line, ids, mask in zip(text.corpus.train, *text.train[:2], strict=True):
        assert text.tokenizer.detokenize(text.vocabulary.decode(ids.tolist())) == line
        # Ends once, at the end: "<end>" in a line is text.
        assert (ids[mask] == 0).nonzero().tolist() == [[int(mask.sum()) - 1]]
        assert torch.equal(mask, mask_from_tokens(ids, 0))
    assert not any("come back" in note for note in text.notes)


class Before524(torch.nn.Module):
    def forward(self, input_ids=None, past_key_values=None, use_cache=None):
        pass


class Since524(torch.nn.Module):
    def forward(self, input_ids=None, cache=None, use_cache=None):
        pass


def test_the_cache_has_the_name_that_the_model_s_own_forward_gives_it(folders):
    assert cache_name(Before524()) == "past_key_values"
    assert cache_name(Since524()) == "cache"
    model = build_model(read_architecture(folders["gpt2"], "causal"), "causal")
    result = model(input_ids=torch.tensor([[3, 4]]), use_cache=True)
    assert cache_name(model) in result.keys()  # noqa: SIM118, of a record of transformers, not a dict
    # What was kept of two tokens and read again is what reading three at once gives.
    kept = {cache_name(model): result[cache_name(model)]}
    last = model(input_ids=torch.tensor([[5]]), use_cache=True, **kept).logits[0, -1]
    assert torch.allclose(last, model(input_ids=torch.tensor([[3, 4, 5]])).logits[0, -1], atol=1e-6)
