"""Faults that programs of this field had, planted one at a time: the tests must notice each.

`scripts/mutants` runs them. A fault is a piece of source text, which must stand exactly once in its file, and what
stands there instead. Hardly any crashes by itself, and most train along with plausible curves. Those of training are
here; those of metrics, evaluation, data and odds have files of their own.
"""

import argparse
import fnmatch
import importlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from planted.mutant import Mutant
from planted.of_data import DATA
from planted.of_evaluation import EVALUATION
from planted.of_metrics import METRICS
from planted.of_odds import ODDS

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120
"""Seconds that one test may take: a fault that never ends is noticed as well."""

IMPORTED_ONCE = ("torch", "torch._dynamo", "msgspec", "nltk", "tyro", "sentencepiece", "safetensors.torch", "rich")
"""What takes seconds to import, for all processes that are forked together. Nothing of the package itself."""

ROLLOUT = ("tests/decoding/test_rollout.py",)
PAIRS = ("tests/decoding/test_pairs.py",)
SAMPLING = ("tests/decoding/test_sampling.py",)
OBJECTIVES = ("tests/objectives/test_objectives.py", "tests/objectives/test_weighing.py")
PLAYERS = ("tests/training/test_updates.py",)
BASELINES = ("tests/training/test_baselines.py",)
TENSORS = ("tests/tensors/test_tensors.py",)
CREDIT = ("tests/training/test_credit.py",)
MIXED = ("tests/training/test_players.py",)
CONDITIONAL = ("tests/training/test_conditional.py",)
FINE_TUNING = ("tests/objectives/test_fine_tuning.py",)
PRETRAINED = ("tests/generators/test_huggingface.py",)
JUDGES = ("tests/discriminators/test_huggingface.py",)
PROCESSES = ("tests/training/test_processes.py",)
TEXT_LIKELIHOOD = "tests/training/test_text_likelihood.py"


MUTANTS = (
    # Axes mixed.
    Mutant(
        "axes-rollout-viewed",
        "Values [T, B, N] are read as [N, B, T] without a permutation.",
        "decoding/rollout.py",
        "return values.permute(2, 1, 0)",
        "return values.reshape(rollouts, batch, length)",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-time-and-sentence",
        "Values [T, B, N] become [N, T, B], and are then viewed as [N, B, T].",
        "decoding/rollout.py",
        "return values.permute(2, 1, 0)",
        "return values.permute(2, 0, 1).reshape(rollouts, batch, length)",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-forks",
        "Rewards of prefixes and forks are unflattened with the forks slowest.",
        "decoding/rollout.py",
        "rewards.unflatten(0, (-1, forks))",
        "rewards.unflatten(0, (forks, -1)).T",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-prefix-order",
        "Completions ordered by prefix are taken to be ordered by sentence.",
        "decoding/rollout.py",
        "position, sentence = goes_on.T.nonzero(as_tuple=True)",
        "sentence, position = goes_on.nonzero(as_tuple=True)",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-groups-not-put-back",
        "Rewards of completions sorted by length stay in that order.",
        "decoding/rollout.py",
        "rewards[rows] = part",
        "rewards[rows.sort().values] = part",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-owners",
        "A completion is scored with the context of another sentence.",
        "decoding/rollout.py",
        "owners = sentence.repeat_interleave(forks)",
        "owners = sentence.repeat(forks)",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-prefixes-tiled",
        "Prefixes are tiled a, b, a, b where the forks' states are a, a, b, b.",
        "decoding/rollout.py",
        "prefixes.repeat_interleave(forks, dim=0)",
        "prefixes.repeat(forks, 1)",
        ROLLOUT,
    ),
    Mutant(
        "axes-rollout-states",
        "Forks go on from the states of other rows.",
        "decoding/rollout.py",
        "torch.cat([alive_kept, len(alive) + forks_kept])",
        "torch.cat([alive_kept, forks_kept])",
        ROLLOUT,
    ),
    Mutant(
        "axes-rows-tiled",
        "Rows of a state are repeated a, b, a, b.",
        "tensors/rows.py",
        "state.repeat_interleave(times, dim=0)",
        "state.repeat(times, *[1] * (state.dim() - 1))",
        (*ROLLOUT, *TENSORS),
    ),
    Mutant(
        "axes-shared-sources",
        "Forks that share sources look at those of the rows that stood in their places before.",
        "tensors/rows.py",
        "self.index.index_select(0, index)",
        "self.index[torch.arange(len(index)) % len(self.index)]",
        PAIRS,
    ),
    Mutant(
        "axes-shared-sources-split",
        "Each thread's share of the rows looks at the first sources.",
        "tensors/rows.py",
        "for part in self.index.split(sizes)]",
        "for part in self.index.sort().values.split(sizes)]",
        PAIRS,
    ),
    Mutant(
        "axes-samples-as-rollouts",
        "One reward a sequence is laid along the axis of rollouts: all sequences get the mean.",
        "training/credit.py",
        ".reshape(1, -1, 1)",
        ".reshape(-1, 1, 1)",
        PLAYERS,
    ),
    Mutant(
        "axes-real-and-fake",
        "Logits of real and generated sequences are interleaved.",
        "training/sampled.py",
        "self.discriminator(*both, context).unflatten(0, (2, -1))",
        "self.discriminator(*both, context).unflatten(0, (-1, 2)).transpose(0, 1)",
        PLAYERS,
    ),
    # One off.
    Mutant(
        "shift-rollout-prefix",
        "The value of a token is that of the prefix before it; the last token's is a rollout's.",
        "decoding/rollout.py",
        "values[position, sentence, first:behind]",
        "values[position + 1, sentence, first:behind]",
        ROLLOUT,
    ),
    Mutant(
        "shift-rollout-last",
        "The last token is worth what its predecessor is, and not the sequence itself.",
        "decoding/rollout.py",
        "return values.permute(2, 1, 0)",
        "return values[[*range(length - 1), max(0, length - 2)]].permute(2, 1, 0)",
        ROLLOUT,
    ),
    Mutant(
        "shift-input-token",
        "The log-probability is that of the token read, not of the token predicted.",
        "objectives/policy_gradient.py",
        "logits.gather(-1, tokens.unsqueeze(-1))",
        "logits.gather(-1, tokens.roll(1, dims=-1).unsqueeze(-1))",
        OBJECTIVES,
    ),
    Mutant(
        "shift-advantages",
        "An advantage multiplies the next token's log-probability.",
        "objectives/policy_gradient.py",
        "log_probs * advantages.detach()",
        "log_probs * advantages.detach().roll(1, dims=-1)",
        OBJECTIVES,
    ),
    Mutant(
        "shift-teacher-forcing",
        "The generator reads the token that it is to predict.",
        "generators/inputs.py",
        "torch.cat([first, tokens[:, :-1]], dim=1)",
        "torch.cat([first[:, :0], tokens], dim=1)",
        ("tests/generators/test_generators.py",),
    ),
    Mutant(
        "start-teacher-forcing",
        "Teacher forcing begins with id 0 in place of the start symbol.",
        "generators/inputs.py",
        "torch.full_like(tokens[:, :1], start)",
        "torch.zeros_like(tokens[:, :1])",
        ("tests/generators/test_generators.py",),
    ),
    Mutant(
        "start-sampling",
        "Sampling begins with id 0 in place of the start symbol.",
        "decoding/sampling.py",
        "torch.full((rows,), generator.start, device=device)",
        "torch.zeros(rows, dtype=torch.long, device=device)",
        SAMPLING,
    ),
    Mutant(
        "start-rollout",
        "The rollout reads sentences without the start symbol.",
        "decoding/rollout.py",
        "torch.full((batch,), generator.start, device=device)",
        "torch.zeros(batch, dtype=torch.long, device=device)",
        ROLLOUT,
    ),
    # Noise.
    Mutant(
        "noise-lower-tail-cut",
        "Uniform numbers are kept away from 0 by far more than rounding asks for: Gumbel's lower tail is cut.",
        "decoding/relaxed.py",
        "uniform.clamp(min=torch.finfo(like.dtype).tiny)",
        "uniform.clamp(min=1e-6)",
        ("tests/decoding/test_relaxed.py::test_noise_is_the_formula_of_its_uniform_numbers_into_both_tails",),
    ),
    Mutant(
        "noise-upper-tail-cut",
        "Uniform numbers are kept away from 1: Gumbel's upper tail, which decides what is drawn, is cut.",
        "decoding/relaxed.py",
        "-uniform.clamp(min=torch.finfo(like.dtype).tiny)",
        "-uniform.clamp(min=torch.finfo(like.dtype).tiny, max=1 - 1e-4)",
        ("tests/decoding/test_relaxed.py::test_noise_is_the_formula_of_its_uniform_numbers_into_both_tails",),
    ),
    # Rounded probabilities.
    Mutant(
        "odds-rounded",
        "Log-odds are formed of a rounded and clamped probability.",
        "objectives/rewards.py",
        "    return logits\n",
        "    rounded = logits.sigmoid().clamp(1e-7, 1 - 1e-7)\n    return (rounded / (1 - rounded)).log()\n",
        OBJECTIVES,
    ),
    Mutant(
        "odds-rounded-bgan",
        "Weights of boundary seeking are formed of a rounded and clamped probability.",
        "objectives/bgan.py",
        "    return logits\n",
        "    rounded = logits.sigmoid().clamp(1e-7, 1 - 1e-7)\n    return (rounded / (1 - rounded)).log()\n",
        OBJECTIVES,
    ),
    Mutant(
        "log-probability-rounded",
        "log D is the logarithm of a rounded probability.",
        "objectives/rewards.py",
        "functional.logsigmoid(logits)",
        "logits.sigmoid().log()",
        OBJECTIVES,
    ),
    Mutant(
        "log-fake-rounded",
        "log(1 - D) is the logarithm of a rounded probability.",
        "objectives/rewards.py",
        "functional.softplus(logits)",
        "-(1 - logits.sigmoid()).log()",
        OBJECTIVES,
    ),
    # Weights.
    Mutant(
        "weights-over-positions",
        "Weights are compared along a sequence.",
        "objectives/advantages.py",
        "log_weights.softmax(dim=-2)",
        "log_weights.softmax(dim=-1)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-over-samples-and-positions",
        "Weights of all positions are in one sum.",
        "objectives/advantages.py",
        "log_weights.shape[-2] * log_weights.softmax(dim=-2)",
        "log_weights[0].numel() * log_weights.flatten(-2).softmax(-1).view_as(log_weights)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-over-groups",
        "Samples of different prefixes are in one sum, position by position.",
        "objectives/advantages.py",
        "log_weights.shape[-2] * log_weights.softmax(dim=-2)",
        "log_weights[..., 0].numel() * log_weights.flatten(0, -2).softmax(0).view_as(log_weights)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-logarithms-averaged",
        "The logarithms of the rollouts' weights are averaged, not the weights.",
        "objectives/advantages.py",
        "log_weights.logsumexp(dim=0) - math.log(log_weights.shape[0])",
        "log_weights.mean(dim=0)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-without-ended-sequences",
        "Sequences that have ended take no part in the sum of a position: long ones gain what short ones lose.",
        "objectives/advantages.py",
        "log_weights.shape[-2] * log_weights.softmax(dim=-2)",
        "mask.sum(dim=-2, keepdim=True) * log_weights.masked_fill(~mask, -torch.inf).softmax(dim=-2)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-sum-to-one",
        "Weights of a position sum to one, while the baseline counts in units of their mean.",
        "objectives/advantages.py",
        "log_weights.shape[-2] * log_weights.softmax(dim=-2)",
        "log_weights.softmax(dim=-2)",
        OBJECTIVES,
    ),
    Mutant(
        "weights-baseline-on-padding",
        "The baseline is subtracted from padding too.",
        "objectives/advantages.py",
        "torch.where(mask, weights - baseline, 0.0)",
        "torch.where(mask, weights, 0.0) - baseline",
        OBJECTIVES,
    ),
    Mutant(
        "weights-of-hellinger",
        "The logarithm of Hellinger's weight is half the logit.",
        "objectives/bgan.py",
        "2 * logits",
        "logits / 2",
        OBJECTIVES,
    ),
    Mutant(
        "weights-of-pearson",
        "Pearson's weight may be negative.",
        "objectives/bgan.py",
        ".clamp(min=torch.finfo(logits.dtype).tiny)",
        "",
        OBJECTIVES,
    ),
    # Dropout.
    Mutant(
        "dropout-scoring",
        "The discriminator scores with dropout on.",
        "training/rewards.py",
        "with evaluating(discriminator):",
        "with torch.no_grad():",
        PLAYERS,
    ),
    Mutant(
        "dropout-sampling",
        "Sequences are sampled with dropout on.",
        "decoding/sampling.py",
        "with evaluating(generator), alone():",
        "with torch.no_grad(), alone():",
        SAMPLING,
    ),
    Mutant(
        "dropout-completing",
        "Prefixes are completed with dropout on.",
        "decoding/rollout.py",
        "with evaluating(generator):",
        "with torch.no_grad():",
        ROLLOUT,
    ),
    Mutant(
        "dropout-update",
        "The policy that is updated has dropout on, the policy that samples off.",
        "training/players.py",
        "generator.eval()  # dropout off",
        "generator.train()  # dropout on",
        PLAYERS,
    ),
    # Gradients where none belong.
    Mutant(
        "gradient-advantages",
        "Advantages are not detached.",
        "objectives/policy_gradient.py",
        "log_probs * advantages.detach()",
        "log_probs * advantages",
        OBJECTIVES,
    ),
    Mutant(
        "gradient-reward",
        "Rewards carry a gradient into the discriminator.",
        "training/rewards.py",
        "with evaluating(discriminator):",
        "with evaluating(discriminator), torch.enable_grad():",
        PLAYERS,
    ),
    Mutant(
        "gradient-evaluating",
        "Evaluation mode records gradients.",
        "tensors/modes.py",
        "with torch.no_grad():",
        "with torch.enable_grad():",
        TENSORS,
    ),
    # Masks.
    Mutant(
        "mask-without-end",
        "The end symbol itself is masked.",
        "tensors/masking.py",
        "return torch.cat([torch.zeros_like(ended[..., :1]), ended[..., :-1]], dim=-1) == 0",
        "return ended == 0",
        (*TENSORS, *ROLLOUT),
    ),
    Mutant(
        "mask-polarity",
        "The mask is True at padding.",
        "tensors/masking.py",
        "ended[..., :-1]], dim=-1) == 0",
        "ended[..., :-1]], dim=-1) != 0",
        (*TENSORS, *ROLLOUT),
    ),
    Mutant(
        "mask-loss-polarity",
        "The policy loss keeps padding and drops real tokens.",
        "objectives/policy_gradient.py",
        "torch.where(mask, weighted, 0.0)",
        "torch.where(mask, 0.0, weighted)",
        OBJECTIVES,
    ),
    Mutant(
        "mask-loss-none",
        "The policy loss counts padding.",
        "objectives/policy_gradient.py",
        "torch.where(mask, weighted, 0.0)",
        "weighted",
        OBJECTIVES,
    ),
    Mutant(
        "mask-advantages-polarity",
        "Padding alone has advantages.",
        "objectives/advantages.py",
        "torch.where(mask, (values",
        "torch.where(~mask, (values",
        OBJECTIVES,
    ),
    Mutant(
        "mask-likelihood-none",
        "Maximum likelihood counts padding.",
        "objectives/mle.py",
        ".masked_fill(~mask, 0.0)",
        "",
        OBJECTIVES,
    ),
    Mutant(
        "mask-teacher-forcing-none",
        "Teacher forcing in the adversarial phase counts padding.",
        "training/players.py",
        "token_nll(logits, own.tokens, own.mask)",
        "token_nll(logits, own.tokens, torch.ones_like(own.mask))",
        PLAYERS,
    ),
    Mutant(
        "mask-discriminator-padding",
        "The padding of real sentences is shown to the discriminator as text.",
        "training/sampled.py",
        "functional.pad(sentences.mask, (0, missing))",
        "functional.pad(sentences.mask, (0, missing), value=True)",
        PLAYERS,
    ),
    Mutant(
        "warm-up-looks-at-what-it-learns",
        "The warm-up ends by sentences that the discriminator learns from, and not by held-out ones.",
        "training/sampled.py",
        "self.make_pools(self.valid, count,",
        "self.make_pools(self.real, count,",
        ("tests/training/test_warmup.py",),
    ),
    Mutant(
        "warm-up-pools-of-an-earlier-generator",
        "Samples that were drawn ahead are shown after the generator has changed.",
        "training/sampled.py",
        "self.pools = []  # they are of the generator as it was",
        "pass  # they are of the generator as it was",
        ("tests/training/test_warmup.py",),
    ),
    Mutant(
        "mask-convolutions-none",
        "Short sequences are judged by what stands after their end.",
        "discriminators/cnn.py",
        "            values = values * mask.unsqueeze(-1)\n",
        "            pass\n",
        ("tests/discriminators/test_discriminators.py",),
    ),
    Mutant(
        "mask-finished-rolled-out",
        "Sentences that have ended are completed all the same.",
        "decoding/rollout.py",
        "    position, sentence = _unfinished(mask, given)\n    values",
        "    mask = torch.ones_like(mask)\n    samples = Samples(tokens, mask)\n"
        "    position, sentence = _unfinished(mask, given)\n    values",
        ROLLOUT,
    ),
    Mutant(
        "mask-finished-forks",
        "Completions go on after their end symbol.",
        "decoding/rollout.py",
        "forks_going = drawn != generator.end if",
        "forks_going = drawn == drawn if",
        ROLLOUT,
    ),
    # Losses.
    Mutant(
        "loss-probability",
        "The loss holds probabilities in place of their logarithms.",
        "objectives/policy_gradient.py",
        "return chosen - logits.logsumexp(dim=-1)",
        "return (chosen - logits.logsumexp(dim=-1)).exp()",
        OBJECTIVES,
    ),
    Mutant(
        "loss-not-normalised",
        "Logits are taken for log-probabilities.",
        "objectives/policy_gradient.py",
        "return chosen - logits.logsumexp(dim=-1)",
        "return chosen",
        OBJECTIVES,
    ),
    Mutant(
        "loss-over-own-length",
        "The loss of a sequence is divided by its length.",
        "objectives/policy_gradient.py",
        "torch.where(mask, weighted, 0.0).sum(dim=1).mean()",
        "(torch.where(mask, weighted, 0.0).sum(dim=1) / mask.sum(dim=1)).mean()",
        OBJECTIVES,
    ),
    Mutant(
        "loss-over-tokens",
        "The loss is a mean over tokens.",
        "objectives/policy_gradient.py",
        "torch.where(mask, weighted, 0.0).sum(dim=1).mean()",
        "torch.where(mask, weighted, 0.0).sum() / mask.sum()",
        OBJECTIVES,
    ),
    Mutant(
        "loss-sign",
        "The generator learns what the discriminator dislikes.",
        "objectives/policy_gradient.py",
        "return -torch.where",
        "return torch.where",
        OBJECTIVES,
    ),
    Mutant(
        "loss-labels-swapped",
        "The discriminator learns that generated text is real.",
        "objectives/discriminator.py",
        "functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()",
        "functional.softplus(real_logits).mean() + functional.softplus(-fake_logits).mean()",
        OBJECTIVES,
    ),
    Mutant(
        "loss-players-swapped",
        "Generated logits are given as the real ones.",
        "training/sampled.py",
        "self.algorithm.discriminator_loss(real_logits, fake_logits)",
        "self.algorithm.discriminator_loss(fake_logits, real_logits)",
        PLAYERS,
    ),
    Mutant(
        "loss-likelihood-over-own-tokens",
        "A batch's likelihood is divided by its own tokens, so that a token weighs less beside longer sentences.",
        "objectives/mle.py",
        ".sum() / divisor",
        ".sum() / mask.sum()",
        ("tests/objectives/test_objectives.py::test_mle_loss_is_of_real_tokens_over_the_same_number_for_all_batches",),
    ),
    Mutant(
        "loss-likelihood-of-batches",
        "In training each batch is divided by its own tokens: the updates of a pass are no gradient of the likelihood.",
        "training/text_likelihood.py",
        'return None if config.weighting == "batch" else config.batch_size * mean_length(train)',
        "return None",
        (TEXT_LIKELIHOOD + "::test_the_updates_of_a_pass_are_the_gradient_of_the_texts_likelihood",),
    ),
    Mutant(
        "loss-likelihood-sorted-by-length",
        "Batches are of one length each, and the last, small one is of the longest sentences.",
        "training/text_likelihood.py",
        'by_length = config.weighting == "batch"',
        "by_length = True",
        (TEXT_LIKELIHOOD + "::test_the_batches_of_a_pass_are_draws_of_the_text",),
    ),
    Mutant(
        "loss-entropy-sign",
        "The entropy bonus is a penalty.",
        "training/sampled.py",
        "loss = loss - config.entropy_bonus * entropy_bonus(logits, own_sampled)",
        "loss = loss + config.entropy_bonus * entropy_bonus(logits, own_sampled)",
        PLAYERS,
    ),
    Mutant(
        "loss-entropy-over-tokens",
        "The entropy bonus is a mean over a batch's tokens.",
        "objectives/policy_gradient.py",
        "return torch.where(mask, entropies, 0.0).sum(dim=1).mean()",
        "return entropies[mask].mean()",
        PLAYERS,
    ),
    Mutant(
        "decay-by-name",
        "The penalty on the output layer looks for a name that two towers have not.",
        "training/optimizers.py",
        'if config.decayed == "layer" else None',
        'if config.decayed == "" else None',
        ("tests/training/test_reached.py",),
    ),
    Mutant(
        "beam-of-one-goes-on",
        "A beam of one with a length penalty goes on behind the likeliest end.",
        "decoding/beam_search.py",
        "    if beam == 1:\n",
        "    if beam == 0:\n",
        ("tests/decoding/test_beam_search.py",),
    ),
    # Rewards.
    Mutant(
        "reward-sign-probability",
        "SeqGAN's reward is the probability of being fake.",
        "objectives/rewards.py",
        "return logits.sigmoid()",
        "return (-logits).sigmoid()",
        OBJECTIVES,
    ),
    Mutant(
        "reward-sign-saturating",
        "The saturating reward is log(1 - D), which rewards what is fake.",
        "objectives/rewards.py",
        "functional.softplus(logits)",
        "-functional.softplus(logits)",
        OBJECTIVES,
    ),
    Mutant(
        "reward-of-another-divergence",
        "The non-saturating reward is the saturating one.",
        "objectives/divergences.py",
        '_of("non-saturating", log_probability)',
        '_of("non-saturating", negative_log_fake)',
        OBJECTIVES,
    ),
    Mutant(
        "reward-averaged-over-time",
        "All tokens get the mean of the values of all prefixes.",
        "objectives/advantages.py",
        "(values.mean(dim=0) - baseline)",
        "(values.mean(dim=0).mean(dim=-1, keepdim=True) - baseline)",
        OBJECTIVES,
    ),
    Mutant(
        "reward-first-rollout",
        "Of all rollouts the first alone counts.",
        "objectives/advantages.py",
        "(values.mean(dim=0) - baseline)",
        "(values[0] - baseline)",
        OBJECTIVES,
    ),
    # Baselines.
    Mutant(
        "baseline-added",
        "The baseline is added.",
        "objectives/advantages.py",
        "(values.mean(dim=0) - baseline)",
        "(values.mean(dim=0) + baseline)",
        OBJECTIVES,
    ),
    Mutant(
        "baseline-with-the-sample",
        "The mean of the others holds the sample itself.",
        "training/baselines.py",
        "(mean.sum(dim=-2, keepdim=True) - mean) / max(1, samples - 1)",
        "(mean.sum(dim=-2, keepdim=True) / samples).expand_as(mean)",
        BASELINES,
    ),
    Mutant(
        "baseline-over-time",
        "A sample is compared with its own other positions.",
        "training/baselines.py",
        "(mean.sum(dim=-2, keepdim=True) - mean) / max(1, samples - 1)",
        "(mean.sum(dim=-1, keepdim=True) - mean) / max(1, mean.shape[-1] - 1)",
        BASELINES,
    ),
    Mutant(
        "baseline-of-the-same-batch",
        "The running mean holds the batch that it is subtracted from.",
        "training/baselines.py",
        "return before",
        "return self.running_mean",
        BASELINES,
    ),
    Mutant(
        "baseline-over-padding",
        "The running mean counts padding.",
        "training/baselines.py",
        "masked_mean(values.mean(dim=0).expand(mask.shape), mask).item()",
        "values.mean().item()",
        BASELINES,
    ),
    # The policy that completes.
    Mutant(
        "policy-shared",
        "The lagging policy shares its weights' storage with the generator.",
        "training/sampled.py",
        "copy.deepcopy(generator) if config",
        "copy.copy(generator) if config",
        PLAYERS,
    ),
    Mutant(
        "policy-rate-reversed",
        "The rate says how much of the generator is taken, not of the old policy.",
        "training/sampled.py",
        "lagging.lerp_(live, 1 - rate)",
        "lagging.lerp_(live, rate)",
        PLAYERS,
    ),
    Mutant(
        "policy-not-used",
        "The generator completes prefixes, whatever lags behind.",
        "training/sampled.py",
        "            self.rollout_policy,\n            self._reward(own),",
        "            self.generator,\n            self._reward(own),",
        PLAYERS,
    ),
    Mutant(
        "policy-never-follows",
        "The lagging policy stays what it was.",
        "training/players.py",
        "        self.after_generator()\n",
        "",
        PLAYERS,
    ),
    # Credit, and what is learnt of it.
    Mutant(
        "credit-prefix-shows-the-future",
        "A prefix is judged with all of its sentence unmasked.",
        "training/credit.py",
        "return tokens.masked_fill(~within, end or 0), mask & within",
        "return tokens, mask",
        CREDIT,
    ),
    Mutant(
        "credit-prefix-off-by-one",
        "The prefix that is judged leaves out the token that is rewarded.",
        "training/credit.py",
        "mask[row], position + 1, end)",
        "mask[row], position.clamp(min=1), end)",
        CREDIT,
    ),
    Mutant(
        "credit-prefix-behind-the-end",
        "Behind the end the value is 0, and not that of the whole sentence.",
        "training/credit.py",
        "values.gather(1, torch.minimum(positions, last))",
        "torch.where(mask, values, 0.0)",
        CREDIT,
    ),
    Mutant(
        "credit-returns-behind-the-end",
        "Rewards of padding are added up as well.",
        "objectives/policy_gradient.py",
        "    rewards = torch.where(mask, rewards, 0.0)\n    returns",
        "    returns",
        CREDIT,
    ),
    Mutant(
        "credit-returns-discounted-from-the-start",
        "A return is of the rewards before its token, not of those from it on.",
        "objectives/policy_gradient.py",
        "for t in reversed(range(rewards.shape[-1])):",
        "for t in range(rewards.shape[-1]):",
        CREDIT,
    ),
    Mutant(
        "credit-prefix-lengths",
        "The discriminator is never trained on a whole sentence.",
        "training/credit.py",
        "torch.randint(1, tokens.shape[1] + 1, (len(tokens),)",
        "torch.randint(1, tokens.shape[1], (len(tokens),)",
        CREDIT,
    ),
    Mutant(
        "critic-reads-the-token",
        "The critic's expectation depends on the token whose reward it is compared with.",
        "training/critic.py",
        "torch.cat([start, tokens[:, :-1]], dim=1)",
        "tokens",
        BASELINES,
    ),
    Mutant(
        "critic-reads-padding",
        "What the critic knows of a source is its state behind the source's padding.",
        "training/critic.py",
        "hidden[torch.arange(len(hidden), device=hidden.device), last]",
        "hidden[:, -1]",
        ("tests/training/test_conditional.py::test_a_critic_reads_a_source_up_to_its_end_and_no_padding",),
    ),
    Mutant(
        "critic-learns-first",
        "The critic is compared with after it has seen the rewards.",
        "training/baselines.py",
        "        return gather_rows(predicted.detach(), ",
        "        predicted = self.critic(tokens.flatten(0, -2))\n        return gather_rows(predicted.detach(), ",
        BASELINES,
    ),
    Mutant(
        "mixed-prefix-unlearnt",
        "The real prefix is given, and not learnt by maximum likelihood.",
        "training/sampled.py",
        "        if given:\n            # What was given",
        "        if False:\n            # What was given",
        MIXED,
    ),
    Mutant(
        "mixed-prefix-rewarded",
        "The weights of completions reward the real tokens before them, too.",
        "training/sampled.py",
        "sampled = fake.mask & (positions >= given)",
        "sampled = fake.mask",
        MIXED,
    ),
    Mutant(
        "mixed-discriminator-sees-free-samples",
        "The discriminator learns the density ratio of another policy than the one that is weighed.",
        "training/sampled.py",
        "given = self._given(self.rounds if warming_up else self.rounds + 1)",
        "given = 0",
        MIXED,
    ),
    Mutant(
        "mixed-prefixes-interleaved",
        "Completions of one prefix do not lie beside each other, and are weighed against those of others.",
        "training/sampled.py",
        ".repeat_interleave(completions, dim=0)",
        ".repeat(completions, 1)",
        MIXED,
    ),
    # Sources.
    Mutant(
        "source-of-another-completion",
        "Completions are judged with the sources of others.",
        "training/rewards.py",
        "select_rows(context, part_row)",
        "select_rows(context, part_row.flip(0))",
        CONDITIONAL,
    ),
    Mutant(
        "source-repeated-in-rounds",
        "The samples of a source lie in a row, and its repetitions in rounds.",
        "training/sampled.py",
        "return repeat_rows(context_of(model, drawn.real.condition), drawn.completions)",
        "context = context_of(model, drawn.real.condition)\n    return join_rows(*[context] * drawn.completions)",
        CONDITIONAL,
    ),
    Mutant(
        "source-of-the-negative",
        "Generated sentences are shown with the sources of others.",
        "training/sampled.py",
        "context = join_rows(context, context)",
        "from seqgan.tensors.rows import select_rows\n"
        "        context = join_rows(context, select_rows(context, torch.arange(tokens.shape[1]).flip(0)))",
        CONDITIONAL,
    ),
    Mutant(
        "reference-of-another",
        "Completions are compared with the references of others.",
        "training/rewards.py",
        "real.select(row)",
        "real.select(row.flip(0))",
        CONDITIONAL,
    ),
    Mutant(
        "reference-end-counted",
        "The end symbol is a word of sentence BLEU.",
        "training/rewards.py",
        "mask & (tokens != end), real.tokens",
        "mask, real.tokens",
        CONDITIONAL,
    ),
    Mutant(
        "share-of-the-other",
        "The shares of discriminator and BLEU are exchanged.",
        "training/rewards.py",
        "share * reward(tokens, mask, row) + (1 - share) * second",
        "(1 - share) * reward(tokens, mask, row) + share * second",
        CONDITIONAL,
    ),
    Mutant(
        "forcing-on-others",
        "Teacher forcing is on other sentences than the policy step.",
        "training/sampled.py",
        "self.imitated = drawn.real if self.conditional else None",
        "self.imitated = None",
        CONDITIONAL,
    ),
    Mutant(
        "clamp-in-warm-up-only",
        "Weights are clamped now and then.",
        "training/sampled.py",
        "if self.config.weight_clamp is not None:",
        "if warming_up and self.config.weight_clamp is not None:",
        CONDITIONAL,
    ),
    Mutant(
        "warm-up-moments-taken-over",
        "The warm-up's optimiser goes on afterwards.",
        "training/sampled.py",
        "optimizer = self.warmup_optimizer if warming_up else self.discriminator_optimizer",
        "optimizer = self.warmup_optimizer",
        CONDITIONAL,
    ),
    # Pretrained models.
    Mutant(
        "tuning-kl-of-one-token",
        "A token costs its own distance from the reference, and not what follows from it.",
        "objectives/kl.py",
        "return ratios.flip(1).cumsum(dim=1).flip(1)",
        "return ratios",
        FINE_TUNING,
    ),
    Mutant(
        "tuning-kl-turned-round",
        "k3 has the generator where the reference belongs.",
        "objectives/kl.py",
        "torch.where(mask, reference_log_probs.detach() - log_probs, 0.0)",
        "torch.where(mask, log_probs - reference_log_probs.detach(), 0.0)",
        FINE_TUNING,
    ),
    Mutant(
        "tuning-spin-against-nothing",
        "Self-play compares likelihoods, and not how they changed since the iterate.",
        "objectives/spin.py",
        "(real - real_before.detach()) - (fake - fake_before.detach())",
        "real - fake",
        FINE_TUNING,
    ),
    Mutant(
        "tuning-positions-of-padding",
        "Padding on the left of a prompt moves the positions of its tokens.",
        "generators/huggingface.py",
        "positions = past_mask.long().cumsum(dim=1) - 1",
        "positions = torch.ones_like(past_mask).long().cumsum(dim=1) - 1",
        PRETRAINED,
    ),
    Mutant(
        "tuning-start-before-padding",
        "The start of a prompt stands before its padding.",
        "generators/huggingface.py",
        "taken = torch.where(place < head.shape[1], place, columns).clamp(min=0)",
        "taken = columns.expand_as(place)",
        PRETRAINED,
    ),
    Mutant(
        "tuning-blank-given-away",
        "The discriminator sees a leading blank, which real sentences never have.",
        "discriminators/huggingface.py",
        'return " ".join(text.split())',
        "return text",
        JUDGES,
    ),
    Mutant(
        "tuning-all-texts-closed",
        "A sample that was cut is shown to the discriminator as one that ended.",
        "discriminators/huggingface.py",
        "if closed and len(numbers) < room",
        "if len(numbers) < room",
        JUDGES,
    ),
    Mutant(
        "tuning-end-in-a-line",
        "A line that spells the end symbol ends there.",
        "data/model_tokenizer.py",
        "self._tokenizer.encode_special_tokens = True",
        "self._tokenizer.encode_special_tokens = False",
        ("tests/data/test_model_tokenizer.py",),
    ),
    # Several processes.
    Mutant(
        "processes-parts-alike",
        "The means of all processes' rows count alike, however many rows each has.",
        "training/processes.py",
        "return float(own) / max(1.0, float(whole)) / self.holders",
        "return 1 / count()",
        PROCESSES,
    ),
    Mutant(
        "processes-compare-their-own",
        "Each process normalises weights over its own samples, as if those of the others were copies of them.",
        "training/sampled.py",
        "values = gather_rows(values, config.batch_size, drawn.completions, dim=1)",
        "values = gather_rows(values, config.batch_size, drawn.completions, dim=1) - values.mean()",
        PROCESSES,
    ),
    Mutant(
        "processes-gradients-of-one",
        "Gradients are not summed.",
        "training/optimizers.py",
        "    sum_gradients(model)\n",
        "",
        PROCESSES,
    ),
    Mutant(
        "processes-draw-alike",
        "All processes draw the same samples.",
        "training/processes.py",
        "(seed + (rank() + 1) * 1_000_003)",
        "(seed + 1_000_003)",
        PROCESSES,
    ),
    Mutant(
        "processes-resume-alike",
        "All processes go on with the random numbers of the first one.",
        "training/engine.py",
        "state[name][rank()]",
        "state[name][0]",
        PROCESSES,
    ),
    *METRICS,
    *EVALUATION,
    *DATA,
    *ODDS,
)


def planted(mutant: Mutant, root: Path) -> str:
    """The source of the file with the fault in it.

    Raises:
        ValueError: the text that it changes does not stand there exactly once.
    """
    source = (root / "seqgan" / mutant.file).read_text(encoding="utf-8")
    count = source.count(mutant.text)
    if count != 1:
        raise ValueError(
            f"{mutant.name}: {mutant.text!r} stands {count} times in seqgan/{mutant.file} and must stand there once: "
            "write the fault anew in scripts/planted."
        )
    return source.replace(mutant.text, mutant.instead)


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """The first test that fails in a copy of package and tests, or None. Runs in a process of its own.

    The process is forked, so that the libraries that take seconds to import are imported once.
    """
    import pytest

    result, log = copy / "failure.txt", copy / "log.txt"
    result.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 3
        try:
            output = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.chdir(copy)
            os.environ["PYTHONPATH"] = str(copy)
            sys.path[:] = [
                str(copy),
                *(entry for entry in sys.path if Path(entry).resolve() not in (ROOT, ROOT / "scripts")),
            ]
            sys.dont_write_bytecode = True  # two faults of one length within a second look alike to the cache
            options = ["-x", "-q", "-p", "no:cacheprovider", f"--timeout={LIMIT}"]
            code = pytest.main([*options, *tests], plugins=[Recorder(result)])
        finally:
            sys.stdout.flush()
            os._exit(int(code))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0:
        return None
    if result.exists():
        return result.read_text(encoding="utf-8")
    raise RuntimeError(f"pytest ended with {status}:\n{log.read_text(encoding='utf-8')[-3000:]}")


class Recorder:
    """Writes down the first test, or file, that fails."""

    def __init__(self, path: Path):
        self.path = path

    def pytest_runtest_logreport(self, report) -> None:
        self.pytest_collectreport(report)

    def pytest_collectreport(self, report) -> None:
        if report.failed and not self.path.exists():
            self.path.write_text(report.nodeid, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants", description="Plant known faults one at a time: the tests must notice each."
    )
    parser.add_argument("names", nargs="*", help="faults to plant, * for any characters: 'mask-*' (default: all)")
    parser.add_argument("--list", action="store_true", help="print the faults and plant none")
    options = parser.parse_args(arguments)
    chosen = [m for m in MUTANTS if not options.names or any(fnmatch.fnmatch(m.name, n) for n in options.names)]
    if not chosen:
        parser.error(f"no fault is called {' or '.join(options.names)}: see --list")
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name:36} {mutant.file:30} {mutant.fault}")
        return 0
    sources = [planted(mutant, ROOT) for mutant in chosen]  # all of them, before anything is run

    for name in IMPORTED_ONCE:
        importlib.import_module(name)
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder).resolve()
        for name in ("seqgan", "tests", "scripts", "corpora"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy / name)

        started = time.monotonic()
        failure = first_failure(copy, sorted({test for mutant in chosen for test in mutant.tests}))
        if failure is not None:
            print(f"Without any fault, {failure} fails: mend that first.")
            return 1
        print(f"Without a fault the tests pass ({time.monotonic() - started:.0f} s).")
        survivors = []
        for mutant, source in zip(chosen, sources, strict=True):
            started = time.monotonic()
            path = copy / "seqgan" / mutant.file
            original = path.read_text(encoding="utf-8")
            path.write_text(source, encoding="utf-8")
            failure = first_failure(copy, list(mutant.tests))
            path.write_text(original, encoding="utf-8")
            seconds = time.monotonic() - started
            print(f"{mutant.name:36} {seconds:5.1f} s  {failure or 'SURVIVES: ' + mutant.fault}")
            if failure is None:
                survivors.append(mutant.name)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} faults are noticed.")
    if survivors:
        print("No test notices " + ", ".join(survivors) + ".")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
