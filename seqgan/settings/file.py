"""The mapping in a file of settings, YAML or TOML. It comes from anywhere: what it can cost is bounded by its size.

YAML's aliases are refused, since some lines of them stand for more than any memory holds; so are keys that stand twice,
of which YAML would take the last without a word, and all tags but those of plain values.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgan.errors import ConfigError
from seqgan.files import read_file

if TYPE_CHECKING:
    import yaml

MOST_BYTES = 200_000
"""Of a file of settings; a whole one has some thousand."""


def read_settings(path: Path) -> dict[str, Any]:
    """The mapping in a YAML or TOML file of settings; some of them or all.

    Raises:
        ConfigError: no such file, not YAML or TOML, or no mapping of settings in it.
    """
    import tomllib

    import yaml

    kind = "TOML" if path.suffix == ".toml" else "YAML"
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
        settings = tomllib.loads(text) if kind == "TOML" else _load_yaml(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}. Save the settings as UTF-8.") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. Give a YAML or TOML file of settings.") from error
    except RecursionError as error:
        raise ConfigError(f"{path} cannot be read as {kind}: nested too deep. Settings have two levels.") from error
    # Readers of numbers and dates raise whatever they raise: a number may have more digits than Python converts.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        what = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path} cannot be read as {kind}: {what}. Mend the file at that place.") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{path} holds no settings: expected sections such as 'adversarial:' with keys under them.")
    return settings


def _load_yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Plain values, each where it stands."""

        def compose_node(self, parent: "yaml.Node | None", index: Any) -> "yaml.Node | None":
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                raise yaml.MarkedYAMLError(
                    problem=f"the alias *{event.anchor}, where a value was expected", problem_mark=event.start_mark
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: "yaml.MappingNode", deep: bool = False) -> dict[Hashable, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key.value!r} stands there twice", problem_mark=key.start_mark
                    )
                seen.add(str(key.value))
            return super().construct_mapping(node, deep)

    return yaml.load(text, Loader)
