"""What is to be said of a run that was made under a rule which has changed since."""

from seqgan.runs.directory import Run, is_run


def loss_note(run: Run) -> str | None:
    """That its generator was not pretrained by maximum likelihood, though the loss was called so; None where it was."""
    pretrained = not run.is_adversarial or is_run(run.folder.parent)
    if run.config.pretrain.weighting == "text" or not pretrained:
        return None
    return (
        f"{run.folder} was pretrained by an earlier version, whose loss weighed a token by the length of the sentences "
        "beside it and so was no likelihood: its sentences end too early or too late, and what is gained over it may "
        "be no more than that. Pretrain anew to know."
    )
