"""The discriminator as a reward of TRL's trainers themselves: a few updates of a tiny language model."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from support.products import product_run

from seqgan.exporting import ExportedDiscriminator, discriminator_reward_function

pytestmark = [
    pytest.mark.skipif(find_spec("trl") is None, reason="TRL is not installed: pip install 'seqgan[trl]'"),
    # What other people's packages warn of on import and use is not ours to mend.
    pytest.mark.filterwarnings("ignore"),
]

TEMPLATE = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
QUICK = "max_completion_length=6, logging_steps=1, report_to=[], save_strategy='no', use_cpu=True, bf16=False"
PROMPTS = ["a dog", "the cat", "two birds"] * 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return product_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def language_model(run, tmp_path, monkeypatch):
    """A random GPT-2 that writes the run's words, as a folder, and its tokenizer."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", "<unk>", *run.vocabulary.tokens]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    sizes = {"n_positions": 32, "n_embd": 16, "n_layer": 1, "n_head": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT2LMHeadModel(
            GPT2Config(vocab_size=len(words), pad_token_id=0, bos_token_id=1, eos_token_id=1, **sizes)
        )
    model.save_pretrained(tmp_path / "gpt2")
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=TEMPLATE, **special)
    wrapped.save_pretrained(tmp_path / "gpt2")
    return str(tmp_path / "gpt2"), wrapped


@pytest.mark.slow(reason="TRL's trainers")
@pytest.mark.parametrize("name", ["GRPO", "RLOO"])
def test_a_trainer_takes_it(name, run, language_model, tmp_path):
    import trl
    from datasets import Dataset

    trainer_of = {"GRPO": trl.GRPOTrainer, "RLOO": trl.RLOOTrainer}[name]
    config_of = {"GRPO": trl.GRPOConfig, "RLOO": trl.RLOOConfig}[name]
    # One trainer has conversations, the other plain text.
    conversations = name == "GRPO"
    prompts = [[{"role": "user", "content": text}] for text in PROMPTS] if conversations else PROMPTS
    written: list[list[str]] = []

    def record(prompts, completions, **others):
        written.append([text[0]["content"] if conversations else text for text in completions])
        return [0.0] * len(completions)

    model, tokenizer = language_model
    trainer = trainer_of(
        model=model,
        reward_funcs=[discriminator_reward_function(run), record],
        args=config_of(
            output_dir=str(tmp_path / "out"),
            max_steps=2,
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=6,
            learning_rate=0.01,
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            disable_tqdm=True,
            seed=1,
        ),
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        processing_class=tokenizer,
    )
    before = {name: value.clone() for name, value in trainer.model.named_parameters()}
    with torch.random.fork_rng():
        trainer.train()
    judge = ExportedDiscriminator.from_run(run)
    logged = [line["rewards/discriminator_cnn/mean"] for line in trainer.state.log_history if "reward" in line]
    assert logged == pytest.approx([sum(judge.score(texts)) / len(texts) for texts in written], abs=1e-4)
    assert len({text for texts in written for text in texts}) > 1
    assert any(not torch.equal(value, before[name]) for name, value in trainer.model.named_parameters())


@pytest.mark.slow(reason="TRL's trainers")
def test_the_guides_example_runs(run, language_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    guide = Path(__file__).parents[2] / "scripts" / "guides" / "after-training.md"
    (code,) = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.S)
    for written, here in (
        ("my-language-model", language_model[0]),
        ("runs/mine/seqgan", str(run.folder)),
        ('GRPOConfig("out", ', f'GRPOConfig("out", max_steps=1, {QUICK}, '),
    ):
        assert code.count(written) == 1
        code = code.replace(written, here)
    names: dict = {}
    with torch.random.fork_rng():
        exec(compile(code, guide.name, "exec"), names)
    (logged,) = [line for line in names["trainer"].state.log_history if "reward" in line]
    assert 0 < logged["rewards/discriminator_cnn/mean"] < 1  # a probability
