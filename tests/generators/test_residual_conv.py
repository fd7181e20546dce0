"""The generator of all positions at once."""

import pytest
import torch
from support.kinds import ONE_SHOT_GENERATORS

from seqgan.generators import ResidualConvGenerator


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=sorted(ONE_SHOT_GENERATORS))
def generator(request):
    torch.manual_seed(0)
    return ONE_SHOT_GENERATORS[request.param](7, hidden_size=6, layers=2, max_length=5).double()


def test_logits_of_every_position_from_the_given_random_numbers_alone(generator):
    logits = generator.distributions(4, seeded())
    assert logits.shape == (4, 5, 7)
    torch.manual_seed(9)
    assert torch.equal(generator.distributions(4, seeded()), logits)
    assert not torch.equal(generator.distributions(4, seeded(4)), logits)
    assert len(logits[:, 0].detach().unique(dim=0)) == 4


def test_a_row_does_not_depend_on_the_other_rows(generator, rng):
    noise = torch.randn(4, 128, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(generator(noise[2:3]), generator(noise)[2:3])


def test_every_parameter_learns(generator):
    generator.distributions(4, seeded()).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in generator.parameters())


def test_the_linear_map_gives_each_channel_its_positions(rng):
    """The paper's network: noise to channels x positions, blocks, one map of channels to symbols."""
    generator = ResidualConvGenerator(4, hidden_size=3, layers=1, noise_size=2, max_length=5).double()
    noise = torch.randn(1, 2, generator=rng, dtype=torch.float64)
    projected = generator.input(noise)[0]
    values = torch.stack([projected[5 * channel : 5 * channel + 5] for channel in range(3)])  # [C, T]
    values = generator.blocks[0](values.unsqueeze(0))[0]
    expected = generator.output.weight.squeeze(2) @ values + generator.output.bias.unsqueeze(1)  # [V, T]
    torch.testing.assert_close(generator(noise)[0], expected.T)


def test_default_sizes_are_the_papers():
    generator = ResidualConvGenerator(50)
    assert generator.input.weight.shape == (512 * 32, 128)
    assert len(generator.blocks) == 5
    assert generator.blocks[0].second.weight.shape == (512, 512, 5)
    assert (generator.max_length, generator.vocabulary_size, generator.end) == (32, 50, 0)
