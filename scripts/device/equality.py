"""Equality of the CPU and the device: logits, log-probabilities and gradients of one update, for all players."""

from functools import partial

import torch
from torch import nn
from torch.nn import functional

from device.check import Check, Place, Result
from device.models import (
    NumbersOfCpu,
    Sizes,
    make_discriminator,
    make_generator,
    player_names,
    sequences,
    sizes,
    sources,
)
from device.rounding import Results, compared, gradients, kept
from seqgan.decoding.sampling import advance
from seqgan.decoding.states import first_state, makes_all_at_once
from seqgan.discriminators import DISCRIMINATORS
from seqgan.generators import GENERATORS
from seqgan.objectives import binary_discriminator_loss, gradient_penalty, token_log_probs, token_nll
from seqgan.tensors.condition import context_of
from seqgan.tensors.modes import evaluating

SECONDS = 20.0


def checks() -> list[Check]:
    """One of each kind of player, and one of each critic that is differentiated twice."""
    made = []
    for conditional in (False, True):
        pairs = "pairs-" if conditional else ""
        made += [
            Check(
                f"{pairs}generator/{name}",
                "Its logits, those of its steps, its log-probabilities and the gradients of maximum likelihood are "
                "the CPU's.",
                SECONDS,
                partial(generator_equals, name, conditional),
            )
            for name in player_names(GENERATORS, conditional=conditional)
        ]
        made += [
            Check(
                f"{pairs}discriminator/{name}",
                "Its logits, with a graph and without, and its gradients, those of what it reads among them, are the "
                "CPU's.",
                SECONDS,
                partial(discriminator_equals, name, conditional),
            )
            for name in player_names(DISCRIMINATORS, conditional=conditional)
        ]
    return made


def penalty_checks() -> list[Check]:
    """One of each critic that algorithms with a bounded slope may have."""
    return [
        Check(
            f"penalty/{name}",
            "The gradient penalty and its gradients, for which the critic is differentiated twice, are the CPU's.",
            SECONDS,
            partial(penalty_equals, name),
        )
        for name in player_names(DISCRIMINATORS, conditional=False)
        if DISCRIMINATORS[name].distributions
    ]


def generator_equals(name: str, conditional: bool, place: Place) -> Result:
    size = sizes(quick=place.quick)
    model = make_generator(name, size, place.folder, conditional=conditional)
    return compared(model.eval(), partial(of_generator, size, conditional), place, size.rows * size.length)


def of_generator(size: Sizes, conditional: bool, model: nn.Module, device: torch.device) -> Results:
    """What a generator makes of random sentences."""
    tokens, mask = (each.to(device) for each in sequences(size, size.rows))
    condition = sources(size, size.rows).to(device) if conditional else None
    results = {}
    if makes_all_at_once(model):
        with NumbersOfCpu():
            logits = model.distributions(size.rows, torch.Generator(device))
    else:
        logits = model(tokens, context_of(model, condition))
        with evaluating(model):
            state = first_state(model, size.rows, context_of(model, condition))
            previous, steps = torch.full_like(tokens[:, 0], model.start), []
            for t in range(size.length):
                values, to_logits, state = advance(model, previous, state)
                steps.append(to_logits(values))
                previous = tokens[:, t]
        results["logits of steps"] = kept({"": torch.stack(steps, dim=1)})
    loss = token_nll(logits, tokens, mask).sum(dim=1).mean()
    return {
        **results,
        "logits": kept({"": logits}),
        "log-probabilities": kept({"": token_log_probs(logits, tokens)}),
        "gradient of": gradients(loss, model),
    }


def discriminator_equals(name: str, conditional: bool, place: Place) -> Result:
    size = sizes(quick=place.quick)
    model = make_discriminator(name, size, place.folder, conditional=conditional)
    reads = DISCRIMINATORS[name].distributions and not conditional
    compute = partial(of_discriminator, size, conditional, reads)
    return compared(model.eval(), compute, place, size.rows * size.length)


def of_discriminator(
    size: Sizes, conditional: bool, distributions: bool, model: nn.Module, device: torch.device
) -> Results:
    """What a discriminator says of random sentences: the first half are taken to be real."""
    tokens, mask = (each.to(device) for each in sequences(size, size.rows))
    condition = sources(size, size.rows).to(device) if conditional else None
    logits = model(tokens, mask, context_of(model, condition))
    half = size.rows // 2
    loss = binary_discriminator_loss(logits[:half], logits[half:])
    results = {"logits": kept({"": logits}), "gradient of": gradients(loss, model)}
    with evaluating(model):  # as in rollouts, where there are many rows: some players have another way then
        many = torch.arange(size.rows * 16, device=device) % size.rows
        context = context_of(model, None if condition is None else condition.select(many))
        results["logits of many rows"] = kept({"": model(tokens[many], mask[many], context)})
    if distributions:
        probs, _ = relaxed(size, model, device)
        logits = model(probs.requires_grad_(), mask)
        results["logits of distributions"] = kept({"": logits})
        results["gradient, through distributions, of"] = gradients(
            functional.softplus(-logits).mean(), model, probs=probs
        )
    return results


def penalty_equals(name: str, place: Place) -> Result:
    size = sizes(quick=place.quick)
    model = make_discriminator(name, size, place.folder, conditional=False)
    return compared(model.eval(), partial(of_penalty, size), place, size.length * max(size.rows, size.vocabulary))


def of_penalty(size: Sizes, model: nn.Module, device: torch.device) -> Results:
    """The penalty between random sentences and random distributions."""
    fake, real = relaxed(size, model, device)
    mask = sequences(size, size.rows)[1].to(device)
    with NumbersOfCpu():
        penalty = gradient_penalty(model, real, fake, mask, torch.Generator(device))
    return {"penalty": kept({"": penalty}), "gradient of": gradients(penalty, model)}


def relaxed(size: Sizes, model: nn.Module, device: torch.device):
    """Distributions, and one-hot vectors of sentences, in the precision of a model. [R, T, V], [R, T, V]"""
    tokens, _ = sequences(size, size.rows)
    numbers = torch.randn(*tokens.shape, size.vocabulary, generator=torch.Generator().manual_seed(7))
    dtype = next(model.parameters()).dtype
    real = functional.one_hot(tokens, size.vocabulary).to(dtype)
    probs = numbers.double().softmax(dim=2).float()  # the same ones in all precisions
    return probs.to(device, dtype), real.to(device)
