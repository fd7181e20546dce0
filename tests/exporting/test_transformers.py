"""A generator as a folder of transformers: the same model there, and nothing of a machine in it."""

import json
import re
from importlib.util import find_spec

import pytest
import torch
from support.tiny_models import write_model

transformers = pytest.importorskip("transformers")
if find_spec("peft") is None:  # not importorskip: it takes two seconds, also where these tests are left out
    pytest.skip("peft is not installed: pip install 'seqgan[hf]'", allow_module_level=True)

from seqgan.cli.main import main  # noqa: E402
from seqgan.errors import RunError  # noqa: E402
from seqgan.exporting import ExportedGenerator  # noqa: E402
from seqgan.exporting.folder import read_config  # noqa: E402
from seqgan.runs import open_run  # noqa: E402
from seqgan.runs.load import load_generator  # noqa: E402

pytestmark = pytest.mark.slow(reason="trains models of transformers by commands")

LINES = [f"{a} {b} {c} ." for a in ("a", "the") for b in ("dog", "cat", "bird") for c in ("runs", "sleeps", "eats")]
TOKENS = torch.tensor([[9, 40, 3, 0], [60, 7, 7, 200]])
"""Ids of the package."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("\n".join(LINES) + "\n")
    (tmp_path / "pairs.tsv").write_text("".join(f"{line}\t{line[:-2]}!\n" for line in LINES))
    return tmp_path


def exported(here, architecture, *, pairs=False, rank=0):
    """A run of one epoch, exported; its generator, and the folder."""
    write_model(here / architecture, architecture, lines=LINES)
    kind = "huggingface-seq2seq" if architecture in ("t5", "bart") else "huggingface"
    corpus = "pairs.tsv" if pairs else "mine.txt"
    arguments = ["--corpus", corpus, "--generator", kind, "--generator.path", architecture, "--run", "runs/a"]
    more = ["--epochs", "1", "--generator.lora-rank", str(rank), "--device", "cpu", "--quiet"]
    assert main(["pretrain", *arguments, *more]) == 0
    assert main(["export", "--run", "runs/a", "--format", "transformers", "--output", "out", "--quiet"]) == 0
    run = open_run("runs/a")
    return run, load_generator(run).eval(), here / "out"


def texts_of(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".md")}


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks for it by its old name
@pytest.mark.parametrize("rank", [0, 2], ids=["whole", "adapters"])
def test_a_causal_model_is_the_same_there(here, rank):
    run, generator, folder = exported(here, "gpt2", rank=rank)
    model, loading = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not any(loading.values())
    numbers = torch.tensor(run.vocabulary.numbers)
    before = torch.full((2, 1), run.vocabulary.symbols.start[-1])
    read = torch.cat([before, numbers[TOKENS[:, :-1]]], dim=1)
    with torch.no_grad():
        expected, found = generator(TOKENS), model(input_ids=read).logits[..., numbers]
        base = transformers.AutoModelForCausalLM.from_pretrained(here / "gpt2")(input_ids=read).logits[..., numbers]
    known = torch.arange(len(numbers)) != run.vocabulary.unknown  # which this model has not
    assert (found - expected)[..., known].abs().max() <= 1e-5
    assert (base - expected)[..., known].abs().max() > 1e-4  # what was learnt is in it

    # PEFT puts new adapters on it, which begin as nothing.
    import peft

    again = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules="all-linear", fan_in_fan_out=True))
    with torch.no_grad():
        assert torch.allclose(again(input_ids=read).logits[..., numbers], found, atol=1e-6)

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for line in LINES:
        assert tokenizer(line).input_ids == run.tokenizer.numbers(line)
    assert tokenizer.eos_token_id == run.vocabulary.symbols.end

    # What is drawn there is what is drawn here: every symbol of the training text, and no other.
    torch.manual_seed(0)
    written = model.generate(before[:1], num_return_sequences=30)[:, 1:]
    drawn = {run.vocabulary.numbers[id_] for id_ in range(len(numbers)) if id_ not in run.vocabulary.not_drawn}
    assert set(written.flatten().tolist()) <= drawn
    assert written.shape[1] <= run.config.data.max_length

    # Nothing of this machine, and the folder is ours to replace.
    for name, text in texts_of(folder).items():
        assert str(here) not in text, name
        assert name.startswith("tokenizer") or not re.search(r'"/\w', text), name
    assert main(["export", "--run", "runs/a", "--format", "transformers", "--output", "out", "--quiet"]) == 2
    assert main(["export", "--run", "runs/a", "--format", "transformers", "--output", "out", "--overwrite"]) == 0
    with pytest.raises(RunError, match="holds a model for transformers"):
        ExportedGenerator.from_pretrained(folder)


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_an_encoder_and_decoder_is_the_same_there(here, architecture):
    run, generator, folder = exported(here, architecture, pairs=True)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder)
    source, mask = TOKENS[:, :3], torch.ones(2, 3, dtype=torch.bool)
    numbers = torch.tensor(run.vocabulary.numbers)
    start = torch.tensor(generator.first).expand(2, -1)
    # One token more is read before the first where it is forced; its logits are not asked for.
    read = torch.cat([start, numbers[TOKENS[:, :-1]]], dim=1)
    encoder = numbers[source]
    for part, place in ((generator.before, 0), (generator.after, 1)):
        fixed = torch.tensor(part, dtype=torch.long).expand(2, -1)
        encoder = torch.cat([fixed, encoder] if place == 0 else [encoder, fixed], dim=1)
    with torch.no_grad():
        expected = generator(TOKENS, generator.encode(source, mask))
        found = model(input_ids=encoder, decoder_input_ids=read).logits[:, start.shape[1] - 1 :, numbers]
    known = torch.arange(len(numbers)) != run.vocabulary.unknown
    assert (found - expected)[..., known].abs().max() <= 1e-5
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    written = model.generate(**tokenizer("a dog runs .", return_tensors="pt"), max_new_tokens=4)
    assert written[0, : start.shape[1]].tolist() == generator.first


def test_the_card_says_what_the_run_knows_and_its_program_runs(here, capsys):
    run, generator, folder = exported(here, "llama", pairs=True)
    from huggingface_hub import ModelCard

    card = ModelCard.load(folder / "README.md")
    assert card.data.to_dict() == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["seqgan"],
    }
    assert "trained by maximum likelihood with seqgan" in card.text
    assert "corpus `pairs.tsv`, seed 0" in card.text
    assert f"with {sum(part.numel() for part in generator.model.parameters()):,} weights" in card.text
    assert re.search(r"\| pretrain \| 1 \| \S+ \| [\d.]+ \|", card.text)
    (program,) = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    text = json.loads(re.search(r'tokenizer\((".*?"), add', program).group(1))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    wanted = [*generator.before, *run.tokenizer.numbers("a source"), *generator.separator]
    assert tokenizer(text, add_special_tokens=False).input_ids == wanted
    exec(program.replace("FOLDER", str(folder)), {})
    assert capsys.readouterr().out


def test_adapters_that_travel_name_their_base_from_where_they_are(here):
    _, generator, _ = exported(here, "gpt2", rank=2)
    assert main(["export", "--run", "runs/a", "--output", "given/away", "--quiet"]) == 0
    assert json.loads((here / "given/away/config.json").read_text())["generator"]["path"] == "../../gpt2"
    assert str(here) not in (here / "given/away/config.json").read_text()
    assert read_config(here / "given/away", "generator").generator.path == str(here / "gpt2")
    # Together they may go anywhere.
    (here / "moved").mkdir()
    for name in ("given", "gpt2"):
        (here / name).rename(here / "moved" / name)
    there = ExportedGenerator.from_pretrained("moved/given/away").model
    assert torch.equal(there(TOKENS), generator(TOKENS))


def test_other_generators_and_discriminators_are_refused(here, capsys):
    small = ["--corpus", "mine.txt", "--generator.hidden-size", "4", "--epochs", "1", "--run", "runs/a", "--quiet"]
    assert main(["pretrain", *small]) == 0
    assert main(["export", "--run", "runs/a", "--format", "transformers", "--output", "out"]) == 2
    assert "has a lstm: export it with --format folder" in capsys.readouterr().err
    asked = ["--player", "discriminator", "--format", "transformers", "--output", "out"]
    assert main(["export", "--run", "runs/a", *asked]) == 2
    assert "is of generators" in capsys.readouterr().err
    assert not (here / "out").exists()
