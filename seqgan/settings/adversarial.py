"""The settings of an adversarial training that all algorithms share; some speak of one kind of algorithm alone."""

from typing import Annotated

import tyro
from msgspec import Meta

from seqgan.settings.types import MOST, Count, Positive, Rate, Section, Share

USUAL_ALGORITHM = "seqgan"
"""The algorithm where none is named."""


class AdversarialConfig(Section, frozen=True, kw_only=True):
    """Both players."""

    rounds: Annotated[int, Meta(ge=1), tyro.conf.arg(aliases=["--rounds"], metavar="N")] = 100
    """Turns of both players."""
    batch_size: Positive = 64
    """Sentences per generator update."""
    generator_steps: Positive = 1
    """Generator updates per round."""
    generator_learning_rate: Rate = 3e-4
    """Learning rate of the generator's optimiser, which starts anew."""
    clip_norm: Annotated[float, Meta(ge=0)] = 5.0
    """The generator's gradients are scaled down to this norm; 0 leaves them as they are."""
    optimizer: Annotated[str, tyro.conf.arg(metavar="adam|rmsprop")] = "adam"
    """The optimiser of both players."""
    warmup_optimizer: Annotated[str | None, tyro.conf.arg(metavar="adam|rmsprop")] = None
    """The optimiser of the discriminator while it is trained alone; by default the same."""
    beta1: Share = 0.9
    """Decay of the first moment of both players' Adam."""
    beta2: Share = 0.999
    """Decay of its second moment."""
    credit: Annotated[str, tyro.conf.arg(metavar="rollouts|sequence|prefix|token")] = "rollouts"
    """What a token is worth: the reward of its prefix's completions by rollouts; its sentence's reward; its prefix's,
    by a discriminator that is trained on prefixes; or the discounted rewards of the tokens from it on."""
    rollouts: Positive = 16
    """Completions of each prefix, for credit rollouts."""
    memory: Annotated[float, Meta(ge=0, le=2**20), tyro.conf.arg(aliases=["--memory"], metavar="GIB")] = 4.0
    """GiB that the completions of a batch may take at once; with less there are more passes. 0 takes half of what is
    free: how the passes are cut, and with it the random numbers, then depends on the machine."""
    rollout_precision: Annotated[str, tyro.conf.arg(metavar="float32|bfloat16")] = "float32"
    """Precision of the matrix products of completions and their scores. bfloat16 takes a fraction of the time where the
    GPU or processor has units for it; rewards then carry errors of up to 0.01 or so. Updates are in float32."""
    discount: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """How much a later token's reward counts, for credit token."""
    group_size: Count = 0
    """Samples that are compared with one another, a divisor of batch_size; 0 compares all of a batch. With real_prefix,
    the completions of each prefix."""
    real_prefix: Count = 0
    """Tokens of real sentences that samples begin with at first, and that are learnt by maximum likelihood: the mixed
    training of maligan. Sentences that are no longer are learnt whole."""
    real_prefix_step: Positive = 5
    """By how much real_prefix falls from stage to stage, down to 0."""
    real_prefix_rounds: Positive = 1
    """Rounds of a stage."""
    baseline: Annotated[str, tyro.conf.arg(metavar="NAME")] = "none"
    """What rewards are compared with: none, constant, rising (from 0 to 1), running-mean, leave-one-out, critic (learnt
    from the prefix), log-partition (a running logarithm of the mean weight)."""
    baseline_value: float = 0.5
    """The constant baseline; in units of the mean weight for maligan and bgan."""
    critic_learning_rate: Rate = 1e-3
    """Learning rate of the critic's Adam, for baseline critic."""
    entropy_bonus: Annotated[float, Meta(ge=0)] = 0.0
    """Weight of the next-token distributions' entropy, which is added to what the generator maximises: summed over a
    sentence's tokens, the mean over sentences, as its reward is."""
    entropy_over: Annotated[str, tyro.conf.Suppress] = "sentences"
    """What that is a mean over: sentences; or tokens, those of a batch, given ones among them: that of runs made
    before."""
    teacher_forcing_steps: Count = 0
    """Maximum-likelihood updates on real sentences after each of the generator's updates."""
    standardize: bool = False
    """Advantages in units of the deviation of the rewards that are compared with one another, as gad has them."""
    kl_weight: Annotated[float, Meta(ge=0)] = 0.0
    """Weight of the distance to the generator as it was before the first round; 0 lets it go where it likes."""
    kl_estimator: Annotated[str, tyro.conf.arg(metavar="k1|k3")] = "k3"
    """How that distance is estimated: k3, a loss, or k1, a cost in the reward, whose gradient is exactly the KL's."""
    rollout_update_rate: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """Share of its old weights that the policy which completes prefixes keeps after each round: 0 completes with the
    generator itself, as the SeqGAN authors' program does. Their paper has a delayed copy, their settings say 0.8."""
    weight_clamp: Annotated[float, Meta(gt=0)] | None = None
    """The most that a weight of the discriminator may be, to which all are clamped after each of its updates; by
    default they are not."""
    curriculum_rounds: Count = 0
    """Rounds at each length, from one token up: the curriculum for relaxed samples; 0 begins at full length."""
    variable_length: bool = False
    """Each batch has a random length, up to the curriculum's; with teacher_helping each sequence has one anyway."""
    teacher_helping: bool = False
    """All tokens of a relaxed sample but the last are real; the last is at any place up to the curriculum's length."""
    places: Annotated[str, tyro.conf.Suppress] = "all"
    """Among which the places of teacher_helping, and the prefixes that a discriminator learns, are drawn: all up to T;
    or own, those of each sentence, or of the longest in its batch: that of runs made before, which cannot go on so."""
    discriminator_share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The discriminator's share of the reward; the rest is smoothed sentence BLEU against the sentence's own reference
    (lambda of csgan-nmt). 0 needs no discriminator. For pairs."""
    control: Annotated[str, tyro.conf.arg(aliases=["--control"], metavar="none|constant|random")] = "none"
    """Replace the discriminator's reward by a constant or by noise: what such a run gains was not learnt from it."""
    discriminator_steps: Count = 5
    """Pools of generated sentences per round, each drawn from the generator as it then is."""
    discriminator_surge: Count = 0
    """For algorithms on relaxed samples: pools of the first 25 rounds and of every 500th, in place of
    discriminator_steps (100 in the WGAN authors' program); 0 has as many in every round."""
    discriminator_stop: Annotated[float, Meta(ge=0.5, le=1)] = 1.0
    """A round has no further pools once the discriminator tells more than this share of a pool apart; of gad, where it
    compares, once it puts more than this share of the pairs in the right order."""
    label_smoothing: Annotated[float, Meta(ge=0, lt=0.5)] = 0.0
    """Real sentences are taken to be real with a probability of 1 less this, where the loss is a cross-entropy."""
    replay_share: Share = 0.0
    """Share of a pool that comes from earlier pools of the run, so that old faults are not forgotten."""
    discriminator_pool: Count = 64
    """Generated sentences in a pool, beside as many real ones; 0 for as many as the training text has."""
    discriminator_epochs: Positive = 1
    """Passes over a pool."""
    discriminator_batch_size: Positive | None = None
    """Sentences of each kind per discriminator update; by default batch_size."""
    discriminator_learning_rate: Rate = 5e-4
    """Learning rate of the discriminator's optimiser."""
    discriminator_clip_norm: Annotated[float, Meta(ge=0)] = 0.0
    """The discriminator's gradients are scaled down to this norm; 0 leaves them as they are."""
    output_decay: Annotated[float, Meta(ge=0)] = 0.2
    """L2 penalty on the discriminator's output layer, half-square convention, as in the SeqGAN authors' program."""
    decayed: Annotated[str, tyro.conf.Suppress] = "layer"
    """What that shrinks: layer, the output layer; named, parameters whose names begin with output, of which a
    discriminator with two towers has none. The latter is that of runs made before."""
    warmup_accuracy: Annotated[float, Meta(ge=0.5, le=1)] = 0.8
    """Before the first round the discriminator is trained alone until it tells this share of held-out sentences and
    fresh samples apart, at the threshold where it errs alike on both. Of relaxed samples, and where fewer than 100
    sentences are held out: this share of the training sentences and samples that it learns from, mean of 20 pools."""
    warmup_patience: Count = 200
    """Pools after which that training ends where the share of held-out sentences has not risen by 0.01 since; 0 never
    ends it so, nor is there such an end where fewer than 100 sentences are held out."""
    warmup_steps: Count = 1000
    """Most pools of that training of the discriminator alone. A certain discriminator rewards all sentences alike: more
    is not better."""
    pools: Annotated[str, tyro.conf.Suppress] = "together"
    """How pools are made: together, the samples of all that are shown between two changes of the generator at once, and
    the warm-up ends by held-out sentences; or apart, each when it is shown, and the warm-up ends by what it is shown:
    that of runs made before."""
    draws: Annotated[str, tyro.conf.Suppress] = "shared"
    """Random numbers of dropout on a CPU: shared, one for four values; or single, one for each: that of runs made
    before."""
    warmup_pool: Count | None = None
    """Generated sentences in a pool of the warm-up; by default one batch, 0 for as many as the training text has."""
    warmup_epochs: Positive = 1
    """Passes over such a pool."""
    evaluate_every: Positive = 10
    """Rounds between two evaluations on held-out text, each with a checkpoint."""
    evaluate_samples: Annotated[int, Meta(ge=2, le=MOST)] = 1000
    """Sentences generated for each."""
    on_collapse: Annotated[str, tyro.conf.arg(aliases=["--on-collapse"], metavar="warn|stop|restore")] = "warn"
    """When entropy, diversity or held-out likelihood collapse: only say so; stop; or go back to the newest evaluated
    round without a diagnosis, three times at most, and on from there at half the learning rates."""
