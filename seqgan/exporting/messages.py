"""Prompts and completions as texts: strings, or conversations as chat templates take them, whose turns stay apart."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from seqgan.data.written import SPACES
from seqgan.errors import ConfigError

Message = Mapping[str, Any]
"""A turn of a conversation: its role, and its content, a string or a list of parts."""
Text = str | Message | Sequence[Message]
"""A prompt or a completion, in one of the forms in which trainers have them."""

MODEL = ("assistant", "model", "gpt", "bot", "ai", "chatbot")
"""Roles of the model that writes."""
PERSON = ("user", "human")
"""Roles of whom it talks with."""
NEITHER = ("system", "developer", "tool", "function", "ipython", "environment", "observation")
"""Roles of what was said by neither: instructions, and what tools gave back."""
TEXT_PARTS = (None, "text", "input_text", "output_text")
"""Types of the parts of a content that are text; others are images, calls of tools, thoughts."""


def text_of(text: Text, roles: Collection[str], name: str, separator: str = " ") -> str:
    """The text itself, or what was said in messages by those roles.

    Args:
        text: a string; or a message, or several. One without a role counts as the model's.
        roles: of `MODEL`, `PERSON` and `NEITHER`.
        name: what it is, for messages: ``Completion 3``.
        separator: between turns.

    Raises:
        ConfigError: it is neither; or a role is unknown.
    """
    if isinstance(text, str):
        return text
    messages = [text] if isinstance(text, Mapping) else text
    if messages is None or not isinstance(messages, Sequence):
        raise ConfigError(f"{name} is {_shown(text)}, expected a text or messages: give '' for an empty one.")
    said = [_content(message, name) for message in messages if _role(message, name) in roles]
    return joined([turn for turn in said if turn.strip()], separator)


def joined(texts: Sequence[str], separator: str = " ") -> str:
    """Texts one behind the other and apart; a single space is left out where there is white space already."""
    whole = ""
    for text in texts:
        apart = separator == " " and (whole[-1:].isspace() or text[:1].isspace())
        whole += text if not whole or not text or apart else separator + text
    return whole


def one_line(text: str) -> str:
    """The text with a space in place of each line feed, tab and the like, and none around it."""
    return text.translate(dict.fromkeys(map(ord, SPACES), " ")).strip()


def _role(message: Any, name: str) -> str:
    if not isinstance(message, Mapping):
        raise ConfigError(
            f"{name} has {_shown(message)} among its messages, expected a role and a content: give {{'role': "
            "'assistant', 'content': TEXT}."
        )
    role = str(message.get("role") or MODEL[0]).lower()
    if role not in (*MODEL, *PERSON, *NEITHER):
        known = ", ".join((*MODEL, *PERSON, *NEITHER))
        raise ConfigError(f"{name} has a message of the role {role!r}, which nobody here has. Known: {known}.")
    return role


def _content(message: Message, name: str) -> str:
    """The text of a message; none where there is no content, as beside the call of a tool."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, Sequence) else [content]
    texts = []
    for part in parts:
        if isinstance(part, Mapping) and part.get("type") not in TEXT_PARTS:
            continue
        text = part.get("text", "") if isinstance(part, Mapping) else part
        if text is not None and not isinstance(text, str):
            raise ConfigError(f"{name} has {_shown(text)} for a text in a message: give a string, or parts with one.")
        texts.append(text or "")
    return joined(texts)


def _shown(value: object) -> str:
    return "None" if value is None else f"{str(value)[:40]!r} ({type(value).__name__})"
