"""The model hub, for those who name it: folders that come from there, and go there. Nothing else asks the network."""

from pathlib import Path

from seqgan.errors import ConfigError, RunError

PREFIX = "hf:"
"""What the name of a model on the hub begins with; all others are folders."""


def fetch(name: str | Path) -> Path:
    """The folder of that name: on this machine, or fetched from the hub.

    Args:
        name: a folder; or ``hf:owner/model``, and a revision behind an ``@`` if it is to be a certain one.

    Raises:
        ConfigError: huggingface_hub is not installed.
        RunError: no such folder; or the hub does not give it.
    """
    if not str(name).startswith(PREFIX):
        folder = Path(name)
        if not folder.is_dir():
            raise RunError(f"There is no folder {folder}: give one that seqgan export made, or hf:owner/model.")
        return folder
    repository, _, revision = str(name).removeprefix(PREFIX).partition("@")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ConfigError(_missing(str(name))) from error
    try:
        return Path(snapshot_download(repository, revision=revision or None))
    # The hub's client raises errors of many kinds: of the network, of names, of rights.
    except Exception as error:
        raise RunError(f"{name} could not be fetched ({_first_line(error)}): check name, network and login.") from error


def push(folder: Path, name: str, *, private: bool = True) -> None:
    """Upload a folder to the hub, as the user whom huggingface_hub knows; the model is made if there is none.

    Args:
        folder: what `save_pretrained` wrote.
        name: ``hf:owner/model``.
        private: whether a new one is seen by its owner alone.

    Raises:
        ConfigError: no such name, or huggingface_hub is not installed.
        RunError: the hub does not take it.
    """
    if not name.startswith(PREFIX):
        raise ConfigError(f"{name!r} names no model on the hub: write hf:owner/model.")
    repository = name.removeprefix(PREFIX)
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ConfigError(_missing(name)) from error
    try:
        api = HfApi()
        api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=str(folder))
    except Exception as error:
        raise RunError(f"{name} was not taken ({_first_line(error)}): check name, network and login.") from error


def _missing(name: str) -> str:
    return f"{name} is on the hub, and the package huggingface_hub is not installed: pip install huggingface_hub."


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
