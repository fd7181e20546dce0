"""Settings that go together: what each algorithm has in place of the general defaults, and what the papers used.

A preset holds for all commands; each takes the sections that it decides: `seqgan pretrain --preset seqgan-paper`, then
`seqgan adversarial --preset seqgan-paper`. Flags and `--config` win over it.
"""

from typing import Any

Settings = dict[str, dict[str, Any]]
"""Sections, and in each the settings that differ from the defaults."""

PRESETS: dict[str, Settings] = {
    # Yu et al. 2017, section 4 and the authors' program. Their loss is a sum over the batch, clipped to a norm of 5:
    # for the mean over the batch that is a norm of 5 / 64. Their discriminator's batches of 64 are of both kinds.
    "seqgan-paper": {
        "generator": {
            "name": "lstm",
            "embedding_size": 32,
            "hidden_size": 32,
            "layers": 1,
            "dropout": 0.0,
            "initial_std": 0.1,
        },
        "pretrain": {"epochs": 120, "patience": 0, "batch_size": 64, "learning_rate": 0.01, "clip_norm": 5.0},
        "discriminator": {"name": "cnn", "embedding_size": 64, "filters": 1.0, "dropout": 0.25},
        "adversarial": {
            "algo": "seqgan",
            "rounds": 200,
            "batch_size": 64,
            "generator_steps": 1,
            "generator_learning_rate": 0.01,
            "clip_norm": 5 / 64,
            "rollouts": 16,
            "baseline": "none",
            "rollout_update_rate": 0.0,
            "discriminator_steps": 5,
            "discriminator_pool": 0,
            "discriminator_epochs": 3,
            "discriminator_batch_size": 32,
            "discriminator_learning_rate": 1e-4,
            "output_decay": 0.2,
            "warmup_steps": 50,
            "warmup_pool": 0,
            "warmup_epochs": 3,
            "warmup_accuracy": 1.0,
        },
    },
}
"""By the name that `--preset` takes."""
