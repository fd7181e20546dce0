"""The residual model: a pretrained generator times what a discriminator knows that it does not.

The generator stands still while a discriminator learns to tell its samples from the text, until held-out text says that
it learns no more. With an optimal discriminator the product q exp(F) is the data, whatever the generator q; what one
falls short of that is what the held-out likelihood of the product says. It is the control for every adversarial
training: what is to be gained from one discriminator is gained here without an update of the generator.

Source: Deng, Bakhtin, Ott, Szlam, Ranzato 2020, "Residual Energy-Based Models for Text Generation" (arXiv:2004.11714).

Implementation details, with their source:

1. Negatives are fresh samples at each update; the paper has as many as there are sentences, drawn once.
2. The loss is the discriminator's cross-entropy, which is noise contrastive estimation of the energy with the generator
   as the noise (Ma and Collins 2018, arXiv:1809.01812).
3. The weights that are kept are those with the least loss on held-out text, after a scale and a shift of the logits
   that are fitted to the same text: a discriminator that was trained for long is too sure (`calibration` of
   density_ratio.py).
4. A text is drawn by resampling one of several samples, as the paper's "top-k joint sampling" does.
"""

from typing import Annotated

from msgspec import Meta

from seqgan.objectives.algorithm import FixedGenerator, OwnSettings
from seqgan.objectives.discriminator import binary_discriminator_loss
from seqgan.settings.types import Count


class ResidualSettings(OwnSettings, frozen=True, kw_only=True):
    """Settings of residual."""

    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 16
    """Samples of which one is taken by its odds, where a command does not say how many."""
    tau: Annotated[float, Meta(gt=0)] = 1.0
    """What the logits are divided by then: 1 samples the model, towards 0 the most real one is taken."""
    patience: Count = 10
    """Rounds without a lower loss on held-out text after which the training ends; 0 makes all rounds."""
    weight_decay: Annotated[float, Meta(ge=0)] = 0.01
    """Decay of all the discriminator's weights, decoupled from the gradient (AdamW)."""


def residual(settings: ResidualSettings) -> FixedGenerator:
    """The algorithm with these settings."""
    return FixedGenerator(
        binary_discriminator_loss,
        settings.candidates,
        settings.tau,
        settings.patience,
        settings.weight_decay,
        name="residual",
        settings=settings,
        made=residual,
        defaults={
            "adversarial": {
                "rounds": 200,
                "warmup_steps": 0,
                "output_decay": 0.0,
                "discriminator_steps": 32,
                "discriminator_learning_rate": 1e-3,
            },
        },
    )


RESIDUAL = residual(ResidualSettings())
