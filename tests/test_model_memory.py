"""What is asked before a model is made costs little: none of its weights are drawn for it."""

import subprocess
import sys

import torch
from torch import nn

from seqgan.model_memory import refuse_giant

ALL_KINDS = """
import sys
from seqgan.build import build_discriminator, build_generator
from seqgan.config import DiscriminatorConfig, GeneratorConfig
from seqgan.data.vocabulary import Vocabulary
from seqgan.reached import KINDS
from seqgan.discriminators import CONDITIONAL_DISCRIMINATORS
from seqgan.generators import CONDITIONAL_GENERATORS

words = Vocabulary(["a", "b", "c"])
for name in KINDS["generator"]:
    sources = words if name in CONDITIONAL_GENERATORS else None
    build_generator(GeneratorConfig(name=name), words, 8, source_vocabulary=sources)
for name in KINDS["discriminator"]:
    config = DiscriminatorConfig(name=name)
    sources = (words, 8, "b") if name in CONDITIONAL_DISCRIMINATORS else ()
    build_discriminator(config, words, 8, 0, *sources)
print(len(KINDS["generator"]) + len(KINDS["discriminator"]), "torch._dynamo" in sys.modules)
"""


def test_players_are_built_without_loading_the_compiler_of_torch():
    """It is seconds of each command that does not train."""
    result = subprocess.run([sys.executable, "-c", ALL_KINDS], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    count, loaded = result.stdout.split()
    assert int(count) > 10
    assert loaded == "False"


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
