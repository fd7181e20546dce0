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
from seqgan.exporting.pretrained import PretrainedDiscriminator
from seqgan.objectives.rewards import log_odds
from seqgan.runs.directory import Run

Message = dict[str, Any]
"""A turn of a conversation: its role, and its content, a string or a list of parts."""
Text = str | Sequence[Message]
"""A prompt or a completion, in one of the two forms in which TRL has them."""


class DiscriminatorReward:
    """Log-odds of completions under a discriminator, called as TRL calls reward functions.

    Deterministic, without gradients, and it may be pickled: what is pickled is where it came from, and it is read from
    there again.

    Args:
        name: the folder of an adversarial run; or of an exported discriminator, or ``hf:owner/model``.
        value: what the log-odds are worth, elementwise, such as `seqgan.objectives.rewards.probability`, which is
            bounded. By default they are the reward themselves.
        with_prompt: judge a prompt and its completion as one text. Otherwise the completion is judged, alone or, by a
            discriminator that reads sources, as an answer to its prompt.
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
        judge = PretrainedDiscriminator.from_run(name) if is_run else PretrainedDiscriminator.from_pretrained(name)
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
            prompts: strings, or conversations.
            completions: strings, or what was said in answer: messages.
            others: the data set's columns, the trainer's state, and so on.

        Raises:
            ConfigError: not as many prompts as completions.
            CorpusError: a discriminator that reads sources is given a blank prompt.
        """
        if len(prompts) != len(completions):
            raise ConfigError(f"{len(prompts)} prompts and {len(completions)} completions: each has its own.")
        texts = [text_of(completion) for completion in completions]
        if self._with_prompt:
            texts = [text_of(prompt) + text for prompt, text in zip(prompts, texts, strict=True)]
        # A line feed is in no line that a discriminator was trained on.
        texts = [one_line(text) for text in texts]
        sources = None
        if self._of_pairs:
            separator = f" {self._judge.reading.turn_separator} "
            sources = [one_line(text_of(prompt, separator)) for prompt in prompts]
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


def text_of(text: Text, separator: str = " ") -> str:
    """The text itself, or what was said in messages: by a user or by the model, system prompts left out."""
    if isinstance(text, str):
        return text
    said = []
    for message in text:
        if message.get("role") == "system":
            continue
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = "".join(part.get("text", "") for part in content)
        said.append(content)
    return separator.join(said)


def one_line(text: str) -> str:
    """The text with a space in place of each line feed and tab, and none around it."""
    return text.translate({ord(character): " " for character in "\n\r\t"}).strip()


def _again(name: str, value: Callable[[Tensor], Tensor], with_prompt: bool, device: str) -> DiscriminatorReward:
    return DiscriminatorReward(name, value=value, with_prompt=with_prompt, device=device)
