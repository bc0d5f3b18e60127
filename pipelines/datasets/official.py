"""Published data files: found in a folder, or downloaded, and always checked by their MD5."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.errors import PipelineError


def read(file: str, md5: str, root: Path | None, fetch: Callable[[Path], object]) -> bytes:
    """Return the content of a published file, from `root`, else from the user's cache folder.

    Where neither has it, `fetch(cache_folder)` is called to put it there.

    Args:
        file: the path inside either folder, such as `"mnist/t10k-labels-idx1-ubyte.gz"`.
        md5: the published checksum, in hexadecimal.
        root: the folder to look in first.
        fetch: downloads the file; a failure is an `OSError` or a `ValueError`.

    Raises:
        PipelineError: the file cannot be had, or its checksum is another one.
    """
    cache = cache_folder()
    for folder in (root, cache):
        if folder is not None and (folder / file).is_file():
            return _verified(folder / file, md5)
    try:
        fetch(cache)
    except (OSError, ValueError) as error:
        searched = f"not in {root}, " if root is not None else ""
        raise PipelineError(
            f"{file} is {searched}not in {cache}, and could not be downloaded:\n{error}\n"
            f"Put the official file, MD5 {md5}, at $GMN_DATA/{file}, "
            "where the environment variable GMN_DATA names a folder."
        ) from error
    return _verified(cache / file, md5)


def download(file: str, md5: str, urls: Sequence[str], cache: Path) -> Path:
    """Download `file` to `cache / file` from the first of `urls` that serves it, with progress.

    Raises:
        OSError: none of `urls` served a file with the checksum `md5`; the message has each reason.
    """
    import pooch

    target = cache / file
    reasons = []
    for url in urls:
        try:
            pooch.retrieve(url, f"md5:{md5}", target.name, target.parent, progressbar=True)
        except (OSError, ValueError) as error:
            reasons.append(f"  {url}: {error}")
        else:
            return target
    raise OSError("\n".join(reasons))


def cache_folder() -> Path:
    """Return the folder of this user that keeps downloads, laid out like `GMN_DATA`."""
    import pooch

    return Path(pooch.os_cache("graph-metanetworks"))


def _verified(path: Path, md5: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PipelineError(f"{path} cannot be read: {error.strerror}") from error
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise PipelineError(
            f"{path}: expected the published file, MD5 {md5}, got MD5 {found} "
            f"({len(content)} bytes); delete it to have it downloaded, or put the official file "
            "in the folder that GMN_DATA names"
        )
    return content
