"""Settings that go together: what the papers used, beside what each algorithm has in place of the general defaults.

A preset holds for all commands; each takes the sections that it decides: `seqgan pretrain --preset seqgan-paper`, then
`seqgan adversarial --preset seqgan-paper`. Flags and `--config` win over it.
"""

from typing import Any

Settings = dict[str, dict[str, Any]]
"""Sections, and in each the settings that differ from the defaults."""

# Gulrajani et al. 2017, section 5.5: neither clipping, nor decay, nor a critic that is trained beforehand.
_WASSERSTEIN: dict[str, Any] = {
    "generator_learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "discriminator_steps": 10,
    "beta1": 0.5,
    "beta2": 0.9,
    "clip_norm": 0.0,
    "output_decay": 0.0,
    "warmup_steps": 0,
    "evaluate_every": 100,
    "evaluate_samples": 640,
}

# Li et al. 2017: 25,000 words for both sides, two layers of 512, a hierarchy of LSTMs. Their plain gradient descent,
# and half of their negatives by a beam with reranking, are not here.
_DIALOGUE: Settings = {
    "data": {"shared_vocabulary": True, "max_vocabulary": 25_000, "max_length": 40},
    "generator": {"name": "seq2seq-lstm", "embedding_size": 512, "hidden_size": 512, "layers": 2, "dropout": 0.2},
    "discriminator": {"name": "hierarchical", "embedding_size": 512, "hidden_size": 512, "dropout": 0.2},
    "algorithm": {"name": "dialogue"},
    "adversarial": {
        "batch_size": 64,
        "baseline": "critic",
        "teacher_forcing_steps": 1,
        "discriminator_steps": 5,
        "discriminator_pool": 64,
        "discriminator_batch_size": 64,
    },
}

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
        "algorithm": {"name": "seqgan"},
        "adversarial": {
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
    "maligan-basic": {"algorithm": {"name": "maligan"}, "adversarial": {"credit": "sequence", "baseline": "rising"}},
    # The same with both variance reductions of the paper: weights of rollouts, normalised at each position, and mixed
    # training from 30 real words down by 5 (its language-model experiment). Completions per prefix are ours.
    "maligan-full": {
        "algorithm": {"name": "maligan"},
        "adversarial": {
            "credit": "rollouts",
            "rollouts": 16,
            "baseline": "rising",
            "real_prefix": 30,
            "real_prefix_step": 5,
            "real_prefix_rounds": 10,
            "group_size": 8,
        },
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
        "algorithm": {"name": "gad"},
        "adversarial": {
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
        "algorithm": {"name": "bgan"},
        "adversarial": {
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
        },
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
        "algorithm": {"name": "csgan-nmt"},
        "adversarial": {
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
        "algorithm": {"name": "wgan-gp", "penalty_weight": 10.0},
        "adversarial": {**_WASSERSTEIN, "rounds": 200_000},
    },
    # Arjovsky et al. 2017, algorithm 1 and their program's many critic updates at first, with the players of Gulrajani
    # et al. The bound biases the critic to simple functions: a baseline.
    "wgan-paper": {
        "data": {"tokenizer": "characters", "max_length": 32},
        "generator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "noise_size": 128, "dropout": 0.0},
        "discriminator": {"name": "residual-conv", "hidden_size": 512, "layers": 5, "dropout": 0.0},
        "algorithm": {"name": "wgan"},
        "adversarial": {
            "optimizer": "rmsprop",
            "generator_learning_rate": 5e-5,
            "discriminator_learning_rate": 5e-5,
            "discriminator_steps": 5,
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
        "algorithm": {
            "name": "relgan",
            "inverse_temperature": 100.0,
            "annealing": "exponential",
            "annealing_rounds": 5000,
        },
        "adversarial": {
            "rounds": 3000,
            "generator_learning_rate": 1e-4,
            "discriminator_learning_rate": 1e-4,
            "discriminator_steps": 5,
            "clip_norm": 5.0,
            "discriminator_clip_norm": 5.0,
            "output_decay": 0.0,
            "warmup_steps": 0,
            "evaluate_every": 100,
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
        "algorithm": {"name": "wgan-gp", "penalty_weight": 10.0},
        "adversarial": {
            **_WASSERSTEIN,
            "rounds": 32 * 300,
            "generator_steps": 50,
            "curriculum_rounds": 300,
            "variable_length": True,
            "teacher_helping": True,
        },
    },
}
"""By the name that `--preset` takes."""
