"""Faults in what is drawn and measured by a discriminator's odds. `mutants` plants them."""

from planted.mutant import Mutant

RESAMPLE = ("tests/decoding/test_resample.py",)
GUIDED = ("tests/decoding/test_guided.py",)
LIKELIHOOD = ("tests/evaluation/test_likelihood_residual.py",)

ODDS = (
    Mutant(
        "odds-another-rows-candidates",
        "A row takes one of several by the weights of other rows' candidates.",
        "decoding/best_of.py",
        "reward(*drawn, row).unflatten(0, (rows, n))",
        "reward(*drawn, row).unflatten(0, (n, rows)).T",
        RESAMPLE,
    ),
    Mutant(
        "odds-times-tau",
        "Log-odds are multiplied by tau.",
        "decoding/resample.py",
        "sample_tokens(rewards / tau, rng)",
        "sample_tokens(rewards * tau, rng)",
        RESAMPLE,
    ),
    Mutant(
        "odds-excluded-among-candidates",
        "Candidates are drawn with the symbols that are excluded.",
        "decoding/resample.py",
        "return ResampledGenerator(generator, self.discriminator, self.candidates, self.tau, self.told)",
        "return self",
        RESAMPLE,
    ),
    Mutant(
        "odds-energy-for-odds",
        "The discriminator's logit is taken for an energy, whose sign is the other one.",
        "evaluation/likelihood_residual.py",
        "log_probs = log_probs + sequence_scores",
        "log_probs = log_probs - sequence_scores",
        LIKELIHOOD,
    ),
    Mutant(
        "odds-one-partition-for-all-sources",
        "All sources share one partition function.",
        "evaluation/likelihood_residual.py",
        "    low = lower_log_partition(logits)",
        "    logits = logits.flatten()[None]\n    low = lower_log_partition(logits)",
        LIKELIHOOD,
    ),
    Mutant(
        "odds-bounds-exchanged",
        "The likelihood that is reported is by the estimate of the partition function which makes it better.",
        "evaluation/likelihood_residual.py",
        "        samples,\n        log_probs - high,",
        "        samples,\n        log_probs - low,",
        LIKELIHOOD,
    ),
    Mutant(
        "odds-without-tau",
        "Samples for the partition function count by undivided logits.",
        "evaluation/likelihood_residual.py",
        "max_length, rng=rng, advance=advance) / model.tau",
        "max_length, rng=rng, advance=advance)",
        LIKELIHOOD,
    ),
    Mutant(
        "guide-another-rows-prefix",
        "Continuations are judged behind the prefixes of other rows.",
        "decoding/guided.py",
        "torch.arange(rows, device=ids.device).repeat_interleave(k)",
        "torch.arange(rows, device=ids.device).repeat(k)",
        GUIDED,
    ),
    Mutant(
        "guide-excluded-symbols",
        "Symbols that are excluded come back by the discriminator's say.",
        "decoding/guided.py",
        "return GuidedGenerator(generator, self.discriminator, self.k, self.weight)",
        "return self",
        GUIDED,
    ),
    Mutant(
        "guide-reads-the-start",
        "The discriminator reads a symbol in the place of the start.",
        "decoding/guided.py",
        "read = _where(begun, after, before)",
        "read = after",
        GUIDED,
    ),
    Mutant(
        "guide-of-the-least-likely",
        "The k tokens are the generator's least likely ones.",
        "decoding/guided.py",
        "logits.topk(self.k, dim=1)  # [R, k]",
        "(-logits).topk(self.k, dim=1)\n        likeliest = -likeliest",
        GUIDED,
    ),
    Mutant(
        "steps-forget-the-state",
        "Each step of the recurrent discriminator begins anew.",
        "discriminators/rnn.py",
        "values, last = layer(values, hidden.unsqueeze(0).contiguous())",
        "values, last = layer(values, hidden.new_zeros(hidden.shape).unsqueeze(0))",
        ("tests/discriminators/test_steps.py",),
    ),
)
