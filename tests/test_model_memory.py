"""What is asked before a model is made costs little: none of its weights are drawn for it."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from seqgan.cli.main import main
from seqgan.model_memory import refuse_giant

ALL_KINDS = """
import sys
from seqgan.build import build_discriminator, build_generator
from seqgan.settings.discriminator import DiscriminatorConfig
from seqgan.settings.generator import GeneratorConfig
from seqgan.data.vocabulary import Vocabulary
from seqgan.discriminators import DISCRIMINATORS
from seqgan.generators import GENERATORS
from seqgan.kinds import built_kinds

words = Vocabulary(["a", "b", "c"])
generators, discriminators = (
    {name: pairs for pairs in (False, True) for name in built_kinds(kinds, conditional=pairs)}
    for kinds in (GENERATORS, DISCRIMINATORS)
)
for name, pairs in generators.items():
    sources = words if pairs else None
    build_generator(GeneratorConfig(name=name), words, 8, source_vocabulary=sources)
for name, pairs in discriminators.items():
    config = DiscriminatorConfig(name=name)
    sources = (words, 8, "b") if pairs else ()
    build_discriminator(config, words, 8, 0, *sources)
print(len(generators) + len(discriminators), "torch._dynamo" in sys.modules)
"""


@pytest.mark.slow(reason="starts a process")
def test_players_are_built_without_loading_the_compiler_of_torch():
    """It is seconds of each command that does not train."""
    result = subprocess.run([sys.executable, "-c", ALL_KINDS], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    count, loaded = result.stdout.split()
    assert int(count) > 10
    assert loaded == "False"


HEAVY = ("torch._dynamo", "torch._inductor", "torch.onnx", "sympy", "transformers", "datasets", "pandas", "matplotlib")
COMMANDS = """
import sys
from seqgan.cli.main import main

for line in sys.stdin.read().splitlines():
    assert main(line.split()) == 0, line
    print("loaded:", [name for name in sys.argv[1:] if name in sys.modules], line)
"""


@pytest.mark.slow(reason="starts processes")
def test_commands_that_train_nothing_load_nothing_heavy(tmp_path, monkeypatch):
    """Those that train load the compiler of torch: its optimisers do at their first step (torch 2.13)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("".join(f"a dog runs {number} .\n" for number in range(60)))
    sizes = "--generator.hidden-size 4 --generator.embedding-size 4"
    rounds = "--rounds 1 --adversarial.warmup-steps 1 --adversarial.batch-size 4 --adversarial.discriminator-pool 4"
    for line in (
        f"pretrain --corpus text.txt --run runs/a --epochs 1 {sizes} --quiet",
        f"adversarial --run runs/a {rounds} --discriminator.filters 0.02 --no-verdict --quiet",
    ):
        assert main(line.split()) == 0
    lines = [
        "inspect text.txt --quiet",
        "sample --run runs/a --count 1 --quiet",
        "score --run runs/a/seqgan --input text.txt --quiet",
        "evaluate --run runs/a/seqgan --count 20 --table-only --metrics length bleu --quiet",
    ]
    result = subprocess.run(
        [sys.executable, "-c", COMMANDS, *HEAVY],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    loaded = [line for line in result.stdout.splitlines() if line.startswith("loaded:")]
    assert loaded == [f"loaded: [] {line}" for line in lines]


def test_weights_are_drawn_as_if_nothing_had_been_asked():
    def make():
        return nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2), nn.LSTM(2, 2), nn.TransformerEncoderLayer(2, 1))

    torch.manual_seed(0)
    refuse_giant(make, "The model", trained=True)
    asked = make()
    torch.manual_seed(0)
    for one, other in zip(asked.parameters(), make().parameters(), strict=True):
        assert torch.equal(one, other)
        assert not one.is_meta
