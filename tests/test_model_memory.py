"""What is asked before a model is made costs little: none of its weights are drawn for it."""

import subprocess
import sys

import torch
from torch import nn

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
