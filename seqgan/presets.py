"""Settings that go together: what each algorithm has in place of the general defaults, and what the papers used.

A preset holds for all commands; each takes the sections that it decides: `seqgan pretrain --preset seqgan-paper`, then
`seqgan adversarial --preset seqgan-paper`. Flags and `--config` win over it.
"""

from typing import Any

Settings = dict[str, dict[str, Any]]
"""Sections, and in each the settings that differ from the defaults."""

_CHARACTER_LINES = {"data": {"tokenizer": "characters", "max_length": 32}}
_WASSERSTEIN: Settings = {
    **_CHARACTER_LINES,
    "generator": {"name": "residual-conv", "hidden_size": 128, "layers": 5, "dropout": 0.0},
    "discriminator": {"name": "residual-conv", "hidden_size": 128, "layers": 5, "dropout": 0.0},
    "adversarial": {
        "rounds": 5000,
        "generator_learning_rate": 5e-4,
        "discriminator_learning_rate": 5e-4,
        "beta1": 0.5,
        "beta2": 0.9,
        "clip_norm": 0.0,
        "output_decay": 0.0,
        "warmup_steps": 0,
        "discriminator_steps": 5,
        "evaluate_every": 100,
        "evaluate_samples": 640,
    },
}
_PAPER: dict[str, Any] = {
    **_WASSERSTEIN["adversarial"],
    "algo": "wgan-gp",
    "generator_learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "discriminator_steps": 10,
    "penalty_weight": 10.0,
}
_RELAXED_WORDS: Settings = {
    "adversarial": {
        "rounds": 3000,
        "generator_learning_rate": 1e-4,
        "discriminator_learning_rate": 1e-4,
        "output_decay": 0.0,
        "warmup_steps": 0,
        "discriminator_steps": 5,
        "evaluate_every": 100,
    },
}
_RELGAN: dict[str, Any] = {**_RELAXED_WORDS["adversarial"], "clip_norm": 5.0, "discriminator_clip_norm": 5.0}

# Li et al. 2017: 25,000 words for both sides, two layers of 512, a hierarchy of LSTMs. Their plain gradient descent,
# and half of their negatives by a beam with reranking, are not here.
_DIALOGUE: Settings = {
    "data": {"shared_vocabulary": True, "max_vocabulary": 25_000, "max_length": 40},
    "generator": {"name": "seq2seq-lstm", "embedding_size": 512, "hidden_size": 512, "layers": 2, "dropout": 0.2},
    "discriminator": {"name": "hierarchical", "embedding_size": 512, "hidden_size": 512, "dropout": 0.2},
    "adversarial": {
        "algo": "dialogue",
        "batch_size": 64,
        "baseline": "critic",
        "teacher_forcing_steps": 1,
        "discriminator_steps": 5,
        "discriminator_pool": 64,
        "discriminator_batch_size": 64,
    },
}

_DIVERGENCES = ("jensen-shannon", "kl", "reverse-kl", "pearson", "hellinger")

ALGORITHM_DEFAULTS: dict[str, Settings] = {
    # What these learn from is the discriminator's log-odds, which a penalty on its output layer bends.
    **{name: {"adversarial": {"output_decay": 0.0}} for name in ("bgan", *(f"bgan-{kind}" for kind in _DIVERGENCES))},
    # The paper lets it rise over the training.
    "maligan": {"adversarial": {"baseline": "rising", "output_decay": 0.0}},
    "bgan-reinforce": {"adversarial": {"baseline": "log-partition", "output_decay": 0.0}},
    # Rewards without a fixed sign, or of one sign only: uncentred, they drown the signal or favour a length.
    "reverse-kl": {"adversarial": {"baseline": "leave-one-out", "output_decay": 0.0}},
    "non-saturating": {"adversarial": {"baseline": "leave-one-out", "output_decay": 0.0}},
    "saturating": {"adversarial": {"baseline": "leave-one-out", "output_decay": 0.0}},
    # Li et al. 2017 and Yang et al. 2018, at learning rates for minutes and not days; the latter have a tenth of them.
    "dialogue": {
        "discriminator": {"name": "hierarchical"},
        "adversarial": {"rollouts": 5, "baseline": "critic", "teacher_forcing_steps": 1, "discriminator_steps": 5},
    },
    "csgan-nmt": {
        "discriminator": {"name": "two-tower-cnn"},
        "adversarial": {
            "rollouts": 20,
            "baseline": "constant",
            "baseline_value": 0.5,
            "discriminator_share": 0.7,
            "teacher_forcing_steps": 1,
            "optimizer": "rmsprop",
            "warmup_optimizer": "adam",
            "warmup_accuracy": 0.82,
            "weight_clamp": 1.0,
            "generator_learning_rate": 1e-4,
            "discriminator_learning_rate": 1e-3,
        },
    },
    # The paper's, but for learning rates (1e-6) and sizes: those are of models of billions of weights.
    "gad": {
        "adversarial": {
            "credit": "sequence",
            "group_size": 8,
            "baseline": "leave-one-out",
            "standardize": True,
            "kl_weight": 0.001,
            "output_decay": 0.0,
            "discriminator_steps": 1,
        }
    },
    # Chen et al. 2024; their learning rate, 5e-7, is for 7 billion weights.
    "spin": {"adversarial": {"optimizer": "rmsprop", "generator_learning_rate": 1e-4}},
    # Gulrajani et al. 2017 with a quarter of their channels and five times their learning rate, at which so small
    # players learn in minutes: a round is then some seconds on two cores.
    "wgan-gp": _WASSERSTEIN,
    "wgan": {
        **_WASSERSTEIN,
        "adversarial": {
            **{key: value for key, value in _WASSERSTEIN["adversarial"].items() if not key.startswith("beta")},
            "optimizer": "rmsprop",
            "generator_learning_rate": 5e-5,
            "discriminator_learning_rate": 5e-5,
            "discriminator_steps": 5,
            "weight_clamp": 0.01,
        },
    },
    # Sizes of Kusner and Hernandez-Lobato are for strings of twelve symbols; these are the package's.
    "gsgan": {
        **_RELAXED_WORDS,
        "generator": {"name": "lstm", "state_noise": 1.0, "dropout": 0.0},
        "discriminator": {"name": "rnn", "dropout": 0.0},
        "adversarial": {**_RELAXED_WORDS["adversarial"], "discriminator_steps": 1},
    },
    # Nie et al. 2019.
    "relgan": {
        "adversarial": _RELGAN,
        "generator": {"name": "relational", "embedding_size": 32, "hidden_size": 512, "heads": 2, "dropout": 0.0},
        "discriminator": {"name": "many-view", "embedding_size": 64, "per_view": True},
    },
}
"""What an algorithm has in place of the general defaults. Data and generator are of those that start from nothing."""

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
            "credit": "rollouts",
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
    # Che et al. 2017, section 3: one weight a sequence, normalised over the batch. What the paper leaves open (sizes,
    # learning rates, rounds) is the package's.
    "maligan-basic": {"adversarial": {"algo": "maligan", "credit": "sequence", "baseline": "rising"}},
    # The same with both variance reductions of the paper: weights of rollouts, normalised at each position, and mixed
    # training from 30 real words down by 5 (its language-model experiment). Completions per prefix are ours.
    "maligan-full": {
        "adversarial": {
            "algo": "maligan",
            "credit": "rollouts",
            "rollouts": 16,
            "baseline": "rising",
            "real_prefix": 30,
            "real_prefix_step": 5,
            "real_prefix_rounds": 10,
            "group_size": 8,
        }
    },
    # Pretrained models forget at the rates that small ones learn with: those of Wu et al. 2021 (TextGAIL, GPT-2 against
    # RoBERTa) for both players, and for maximum likelihood what is usual for models of that size. Their replay of human
    # texts is a step of teacher forcing here.
    "fine-tuning": {
        "pretrain": {"epochs": 3, "patience": 1, "batch_size": 16, "learning_rate": 5e-5, "clip_norm": 1.0},
        "adversarial": {
            "generator_learning_rate": 1e-5,
            "discriminator_learning_rate": 1e-5,
            "output_decay": 0.01,
            "clip_norm": 1.0,
            "discriminator_clip_norm": 1.0,
            "teacher_forcing_steps": 1,
            "credit": "sequence",
        },
    },
    # The figures of the paper on black-box distillation: 256 prompts, 8 answers of each.
    "gad-paper": {
        "adversarial": {
            "algo": "gad",
            "batch_size": 2048,
            "group_size": 8,
            "credit": "sequence",
            "baseline": "leave-one-out",
            "standardize": True,
            "kl_weight": 0.001,
            "generator_learning_rate": 1e-6,
            "discriminator_learning_rate": 1e-6,
            "output_decay": 0.0,
            "discriminator_steps": 1,
            "discriminator_pool": 2048,
            "discriminator_batch_size": 256,
            "rounds": 2400,
        },
    },
    # Hjelm et al. 2018 and the authors' program for text: 64 groups of 20 samples, one update each. Their generator is
    # of convolutions over noise; here it is the run's.
    "bgan": {
        "adversarial": {
            "algo": "bgan",
            "credit": "sequence",
            "baseline": "none",
            "batch_size": 1280,
            "group_size": 20,
            "generator_learning_rate": 1e-3,
            "beta1": 0.5,
            "discriminator_steps": 1,
            "discriminator_pool": 64,
            "discriminator_batch_size": 64,
            "discriminator_learning_rate": 1e-3,
        }
    },
    # The three ways of credit of Li et al. 2017: one reward a response; of completions; of prefixes.
    "dialogue-reinforce": {**_DIALOGUE, "adversarial": {**_DIALOGUE["adversarial"], "credit": "sequence"}},
    "dialogue-regs": {**_DIALOGUE, "adversarial": {**_DIALOGUE["adversarial"], "credit": "rollouts", "rollouts": 5}},
    "dialogue-regs-prefix": {**_DIALOGUE, "adversarial": {**_DIALOGUE["adversarial"], "credit": "prefix"}},
    # Yang et al. 2018, section 4.1 and the authors' program, for RNNSearch: for a GPU. Pretrain to convergence first.
    "csgan-nmt-paper": {
        "data": {"max_vocabulary": 30_000, "max_length": 50, "max_source_length": 50, "too_long": "drop"},
        "generator": {"name": "seq2seq-gru", "embedding_size": 512, "hidden_size": 1024},
        "discriminator": {"name": "two-tower-cnn", "embedding_size": 512, "filters": 1.0},
        "adversarial": {
            "algo": "csgan-nmt",
            "credit": "rollouts",
            "rollouts": 20,
            "baseline": "constant",
            "baseline_value": 0.5,
            "discriminator_share": 0.7,
            "teacher_forcing_steps": 1,
            "optimizer": "rmsprop",
            "warmup_optimizer": "adam",
            "warmup_accuracy": 0.82,
            "weight_clamp": 1.0,
            "generator_learning_rate": 1e-5,
            "discriminator_learning_rate": 1e-4,
            "discriminator_steps": 1,
            "discriminator_pool": 5000,
            "discriminator_epochs": 1,
        },
    },
    # Gulrajani et al. 2017, section 5.5, in full: for a GPU.
    "wgan-gp-paper": {
        "data": {"tokenizer": "characters", "max_length": 32, "max_vocabulary": 2047},
        "generator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "noise_size": 128, "dropout": 0.0},
        "discriminator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "dropout": 0.0},
        "adversarial": {**_PAPER, "rounds": 200_000},
    },
    # Arjovsky et al. 2017, algorithm 1 and their program's many critic updates at first, with the players of Gulrajani
    # et al. The bound biases the critic to simple functions: a baseline.
    "wgan-paper": {
        "data": {"tokenizer": "characters", "max_length": 32},
        "generator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "noise_size": 128, "dropout": 0.0},
        "discriminator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "dropout": 0.0},
        "adversarial": {
            **ALGORITHM_DEFAULTS["wgan"]["adversarial"],
            "algo": "wgan",
            "weight_clamp": 0.01,
            "discriminator_surge": 100,
            "rounds": 200_000,
        },
    },
    # Nie et al. 2019 and their program, whose schedule is of 5,000 steps however many are made.
    "relgan-paper": {
        "generator": {"name": "relational", "embedding_size": 32, "hidden_size": 512, "heads": 2, "dropout": 0.0},
        "pretrain": {"epochs": 150, "patience": 0, "batch_size": 64, "learning_rate": 0.01, "clip_norm": 5.0},
        "discriminator": {
            "name": "many-view",
            "embedding_size": 64,
            "views": 64,
            "filters": 1.0,
            "dropout": 0.25,
            "per_view": True,
        },
        "adversarial": {
            **_RELGAN,
            "algo": "relgan",
            "inverse_temperature": 100.0,
            "annealing": "exponential",
            "annealing_rounds": 5000,
        },
    },
    # Press et al. 2017: recurrent players, curriculum over lengths, variable length, teacher helping.
    "wgan-gp-recurrent": {
        "data": {"tokenizer": "characters", "max_length": 32},
        "generator": {
            "name": "gru",
            "embedding_size": 512,
            "hidden_size": 512,
            "dropout": 0.0,
            "state_noise": 10.0,
            "greedy": True,
        },
        "discriminator": {"name": "rnn", "embedding_size": 512, "hidden_size": 512, "dropout": 0.0},
        "adversarial": {
            **_PAPER,
            "rounds": 32 * 300,
            "generator_steps": 50,
            "curriculum_rounds": 300,
            "variable_length": True,
            "teacher_helping": True,
        },
    },
}
"""By the name that `--preset` takes."""
