"""Which settings a run that goes on may be given anew."""

import msgspec

from seqgan.errors import ConfigError
from seqgan.settings.run import RunConfig, flat

CHANGEABLE = {
    "pretrain.epochs",
    "pretrain.patience",
    "pretrain.checkpoint_every",
    "adversarial.rounds",
    "adversarial.on_collapse",
    "data.cache",
    "data.workers",
    *("data.corpus", "data.valid", "data.valid_source", "data.begun_in"),
}
"""Settings that a resumed run may be given anew: how long it goes on, whether in spite of a collapse, and what has no
part in its numbers. Where its text is has none: that it is the same text its fingerprint says."""


def check_resumable(begun: RunConfig, now: RunConfig, where: str) -> None:
    """That a run can go on with these settings and still equal one that was never interrupted.

    Raises:
        ConfigError: a setting differs from the one that the run was begun with.
    """
    old, new = flat(msgspec.to_builtins(begun)), flat(msgspec.to_builtins(now))
    from_here = f", with its weights by --from {where}" if begun.adversarial is None else ""
    for key in sorted(old.keys() | new.keys()):
        moved = key == "data.source" and begun.data.target is None  # a file, and no extension
        if old.get(key) != new.get(key) and key not in CHANGEABLE and not moved:
            raise ConfigError(
                f"{where} was begun with {key} {old.get(key)!r}, and cannot be resumed with {new.get(key)!r}: leave it "
                f"out, or begin another run{from_here}."
            )
    rising = begun.adversarial is not None and begun.adversarial.baseline == "rising"
    if rising and old["adversarial.rounds"] != new["adversarial.rounds"]:
        raise ConfigError(
            f"{where} was begun with adversarial.rounds {old['adversarial.rounds']} and a baseline that rises over "
            "them: another number would have made other updates from the first round on. Begin another run."
        )
