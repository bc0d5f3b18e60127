"""Models on the Hugging Face Hub, by its library, which is imported when asked for."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from metanet.errors import MetanetError
from metanet.saved.folder import CARD, SETTINGS, WEIGHTS, path_of

HUB = "hf://"
CACHE = Path.home() / ".cache" / "graph-metanetworks" / "hub"
PLACE = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
REVISION = re.compile(r"([\w-][\w.-]*)?")
FILES = [SETTINGS, WEIGHTS, CARD]


def push_to_hub(folder: str | Path, name: str, *, private: bool = False) -> str:
    """Put a saved model on the Hugging Face Hub, as `owner/name`; gives its address there.

        metanet.push_to_hub("out/my-gmn", "me/my-gmn", private=True)
        model = metanet.load("hf://me/my-gmn")

    It needs `pip install "graph-metanetworks[hub]"`, and who you are: `hf auth login`. Of the
    folder nothing but the model and its card is sent. Raises `MetanetError` for a folder without a
    model, and where the hub refuses.
    """
    place = path_of(folder)
    if missing := [each for each in FILES if not (place / each).is_file()]:
        raise MetanetError(f"{place}: holds no saved model: {', '.join(missing)} missing")
    hub = library()
    try:
        client = hub.HfApi()
        client.create_repo(name, private=private, exist_ok=True)
        return str(client.upload_folder(repo_id=name, folder_path=place, allow_patterns=FILES))
    except Exception as error:
        raise MetanetError(f"{HUB}{name}: {str(error).partition(chr(10))[0]}") from error


def downloaded(name: str) -> Path:
    """Fetch a model, `hf://owner/name` or `hf://owner/name@revision`, into a folder of ours.

    The cache of the library has links that lead out of a model's folder, which is read only inside.
    """
    where, _, revision = name.removeprefix(HUB).partition("@")
    if not PLACE.fullmatch(where) or not REVISION.fullmatch(revision):
        raise MetanetError(f"{name}: expected {HUB}owner/name, or {HUB}owner/name@revision")
    hub = library()
    place = CACHE.joinpath(*where.split("/"), revision or "main")
    try:
        hub.snapshot_download(
            where, revision=revision or None, allow_patterns=FILES, local_dir=place
        )
    except Exception as error:
        raise MetanetError(f"{name}: {str(error).partition(chr(10))[0]}") from error
    return place


def library() -> ModuleType:
    """Import the hub's library; `MetanetError` with how to install it where it is missing."""
    try:
        import huggingface_hub
    except ImportError:
        raise MetanetError(
            'the Hugging Face Hub needs huggingface_hub: pip install "graph-metanetworks[hub]"'
        ) from None
    return huggingface_hub
