"""Each algorithm in a form that trains in a moment: corpora, and the command lines of `seqgan`."""

from pathlib import Path
from typing import NamedTuple

from seqgan.data.embedded import PAIR_CORPORA
from seqgan.data.grammar import draw_splits, load_grammar
from seqgan.objectives import ALGORITHMS, Relaxed, SelfPlay

PAIRED = ("csgan-nmt", "dialogue")
SIZES = {"train": 48, "valid": 8}
LENGTH = 6

GENERATOR = "--generator.embedding-size 8 --generator.hidden-size 12"
SMALL = {
    "words": f"--generator.name lstm {GENERATOR}",
    "pairs": f"--generator.name seq2seq-gru {GENERATOR}",
}
"""Generators of the two pretrained runs that the others start from."""
PLAYERS = "--discriminator.embedding-size 4 --adversarial.batch-size 4 --adversarial.discriminator-pool 4"
PLAYERS += " --adversarial.discriminator-steps 1"
WHOLE = f"{PLAYERS} --discriminator.filters 0.02"
SAMPLED = f"{WHOLE} --adversarial.rollouts 2"
FROM_NOTHING = f"{PLAYERS} --discriminator rnn --discriminator.hidden-size 8 {GENERATOR}"
OWN = {
    "wgan-gp": "--generator.name gru --generator.state-noise 1",
    "wgan": "--generator.name gru --generator.state-noise 1",
    "gsgan": "--generator.name lstm --generator.state-noise 1",
    "relgan": "--generator.name relational --generator.heads 2",
}
"""Generators of the algorithms that start from nothing."""
REWARDED_WHOLE = {"gad": f"{WHOLE} --adversarial.group-size 4", "spin": "--adversarial.batch-size 4"}
"""Settings of the algorithms that complete no prefixes."""


class Form(NamedTuple):
    """A training, as a command."""

    command: list[str]
    """Of `seqgan`, without the lengths of its phases; runs in a folder that `write_corpora` has filled."""
    folder: str
    """The run that it makes, in that folder."""
    parent: str | None
    """The pretraining that it starts from, if it does."""
    steps: str
    """The flag with the number of its steps."""
    warmed_up: bool = True
    """Of an adversarial training, whether it has a discriminator, which is warmed up before the rounds."""


def write_corpora(folder: Path, length: int = LENGTH) -> None:
    """Beginnings of captions, and short number words, a few dozen of each: words/ and pairs/ in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, sentences in draw_splits(load_grammar("captions"), SIZES, seed=0).items():
        write_lines(folder / "words" / f"{split}.txt", [" ".join(tokens[:length]) for tokens in sentences])
    sizes = {split: 20 * size for split, size in SIZES.items()}
    for split, pairs in PAIR_CORPORA["numbers"].draw(sizes, 0).items():
        short = [pair for pair in pairs if max(len(side.split()) for side in pair) <= length]
        write_lines(folder / "pairs" / f"{split}.tsv", ["\t".join(pair) for pair in short[: SIZES[split]]])


def write_lines(path: Path, lines: list[str]) -> None:
    """A file of lines, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def forms() -> dict[str, Form]:
    """By name: both pretrainings, then each algorithm."""
    made = {}
    for corpus, generator in SMALL.items():
        command = f"pretrain --corpus {corpus} --run runs/{corpus} --pretrain.batch-size 8 --pretrain.patience 0"
        made[f"pretrain-{corpus}"] = Form([*f"{command} {generator}".split()], f"runs/{corpus}", None, "--epochs")
    for algo in ALGORITHMS:
        if isinstance(ALGORITHMS[algo], Relaxed):
            command = f"adversarial --corpus words --algo {algo} --run runs/{algo} {FROM_NOTHING} {OWN[algo]}"
            made[algo] = Form(command.split(), f"runs/{algo}", None, "--rounds")
            continue
        corpus = "pairs" if algo in PAIRED else "words"
        command = f"adversarial --run runs/{corpus} --algo {algo} --no-verdict {REWARDED_WHOLE.get(algo, SAMPLED)}"
        made[algo] = Form(
            command.split(),
            f"runs/{corpus}/{algo}",
            f"pretrain-{corpus}",
            "--rounds",
            not isinstance(ALGORITHMS[algo], SelfPlay),
        )
    return made
