"""A run's discriminator as a reward function, as the trainers of TRL take them: GRPO, RLOO, and others of that kind.

No line here needs TRL. A reward function is anything that takes prompts and completions, as text or as messages, and
returns a number for each.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqgan.errors import ConfigError
from seqgan.exporting.messages import MODEL, PERSON, Text, joined, one_line, text_of
from seqgan.exporting.players import ExportedDiscriminator
from seqgan.objectives.rewards import log_odds
from seqgan.runs.directory import Run


class DiscriminatorReward:
    """Log-odds of completions under a discriminator, called as TRL calls reward functions.

    Deterministic, without gradients, and it may be pickled: what is pickled is where it came from, and it is read from
    there again.

    Args:
        name: the folder of an adversarial run; or of an exported discriminator, or ``hf:owner/model``.
        value: what the log-odds are worth, elementwise, such as `seqgan.objectives.rewards.probability`, which is
            bounded. By default they are the reward themselves.
        with_prompt: judge a prompt and its completion as one text, turns with a space between them. Otherwise the
            completion is judged, alone or, by a discriminator that reads sources, as an answer to its prompt.
        device: where to compute.

    Raises:
        RunError: no such folder, or it holds no discriminator.
        ConfigError: with_prompt, of a discriminator that reads sources.
        CheckpointError: it is damaged.
    """

    def __init__(
        self,
        name: str | Path,
        *,
        value: Callable[[Tensor], Tensor] = log_odds,
        with_prompt: bool = False,
        device: str | torch.device = "cpu",
    ):
        self._options = (str(name), value, with_prompt, str(device))
        is_run = (Path(name) / "config.yaml").is_file()
        judge = ExportedDiscriminator.from_run(name) if is_run else ExportedDiscriminator.from_pretrained(name)
        self._judge = judge.to(device)
        self._value = value
        self._with_prompt = with_prompt
        self._of_pairs = judge.reading.source_vocabulary is not None
        if with_prompt and self._of_pairs:
            raise ConfigError("This discriminator judges answers to their prompts, apart: leave out with_prompt.")
        # Trainers log a reward under its function's name.
        self.__name__ = f"discriminator_{judge.kind}".replace("-", "_")

    def __call__(self, prompts: Sequence[Text], completions: Sequence[Text], **others: object) -> list[float]:  # noqa: ARG002
        """The reward of each completion. What else a trainer passes is not read.

        Args:
            prompts: strings, or conversations, of which is read what a person and the model said.
            completions: strings, or messages, of which is read what the model said.
            others: the data set's columns, the trainer's state, and so on.

        Raises:
            ConfigError: not as many prompts as completions; or one is neither a text nor messages, None for one.
            CorpusError: a discriminator that reads sources is given a blank prompt.
        """
        for given, name in ((prompts, "prompts"), (completions, "completions")):
            if isinstance(given, str) or not isinstance(given, Sequence):
                raise ConfigError(
                    f"{name} is {'a string' if isinstance(given, str) else f'a {type(given).__name__}'}, expected a "
                    "list with one for each completion."
                )
        if len(prompts) != len(completions):
            raise ConfigError(f"{len(prompts)} prompts and {len(completions)} completions: each has its own.")
        said = (*MODEL, *PERSON)
        texts = [text_of(each, MODEL, f"Completion {number}") for number, each in enumerate(completions, start=1)]
        if self._with_prompt:
            for place, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
                before = text_of(prompt, said, f"Prompt {place + 1}")
                # A string goes on where its prompt ended, within a word even; a turn is a new one.
                goes_on = isinstance(prompt, str) and isinstance(completion, str)
                texts[place] = before + texts[place] if goes_on else joined([before, texts[place]])
        # A line feed is in no line that a discriminator was trained on.
        texts = [one_line(text) for text in texts]
        sources = None
        if self._of_pairs:
            separator = f" {self._judge.reading.turn_separator} "
            asked = enumerate(prompts, start=1)
            sources = [one_line(text_of(prompt, said, f"Prompt {number}", separator)) for number, prompt in asked]
        scores = torch.tensor(self._judge.score(texts, sources), dtype=torch.float64)
        return self._value(scores).tolist()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, self._options


def discriminator_reward_function(
    run: Run | str | Path,
    *,
    value: Callable[[Tensor], Tensor] = log_odds,
    with_prompt: bool = False,
    device: str | torch.device = "cpu",
) -> DiscriminatorReward:
    """The reward function of a run's discriminator. Arguments and errors are those of `DiscriminatorReward`."""
    name = run.folder if isinstance(run, Run) else run
    return DiscriminatorReward(name, value=value, with_prompt=with_prompt, device=device)


def _again(name: str, value: Callable[[Tensor], Tensor], with_prompt: bool, device: str) -> DiscriminatorReward:
    return DiscriminatorReward(name, value=value, with_prompt=with_prompt, device=device)
