"""Destinations: where an output may be written without anything of the user's being lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphgen.errors import GraphError, instance
from graphgen.files.document import Kind, peek

OURS = "graph-metanetworks/"
SEALS = frozenset({"index.json", "results.json", "runs.json", "settings.json"})
"""The files that name the parts of a set."""
_ADVICE = "pass `--replace` (in Python `replace=True`)"


def claim(
    folder: Path, seal: str, kind: Kind, replace: bool, among: Sequence[str] | None = None
) -> None:
    """Raise `GraphError` unless a set of `kind` may be written into the folder.

    `seal` is the file that names the set's parts. With `among`, the folder may hold other files
    than these, but no set of another kind.
    """
    instance(replace, bool, "replace")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise GraphError(f"{folder}: is a file, expected a folder; name another")
    if among is not None:
        _check_alone(folder, seal, kind)
    if (folder / seal).exists():
        _check_kind(folder, seal, kind)
        if not replace:
            raise GraphError(
                f"{folder}: holds a {kind.format} already; name another folder, or {_ADVICE} to "
                "put the new one in its place"
            )
        return
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if among is not None:
        found = [] if replace else [name for name in found if name in among]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        advice = "name a folder of its own" if among is None else f"name another, or {_ADVICE}"
        raise GraphError(
            f"{folder}: holds other things ({', '.join(found[:3])}{more}), and no {kind.format}; "
            f"{advice}"
        )


def claim_file(path: str | os.PathLike[str], replace: bool) -> None:
    """Raise `GraphError` unless a file may be written: nothing is there, or `replace` is true.

    claim_file("aligned.safetensors", replace=False)
    """
    instance(replace, bool, "replace")
    target = Path(path)
    if target.is_dir():
        raise GraphError(f"{target}: is a folder, expected a file; name a file in it")
    if not target.parent.is_dir():
        raise GraphError(f"{target}: {target.parent} is not an existing folder; create it first")
    if target.exists() and not replace:
        raise GraphError(f"{target}: is there already; name another file, or {_ADVICE}")


@contextlib.contextmanager
def making(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; those that stay empty go again when the block raises."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _check_alone(folder: Path, seal: str, kind: Kind) -> None:
    for name in sorted(SEALS - {seal}):
        found = None
        with contextlib.suppress(GraphError):
            found = peek(folder / name)
        form = found.get("format") if isinstance(found, dict) else None
        if isinstance(form, str) and form.startswith(OURS):
            raise GraphError(
                f"{folder}: holds a {form[:80]} ({name}), beside which a {kind.format} does not "
                "go; name another folder"
            )


def _check_kind(folder: Path, seal: str, kind: Kind) -> None:
    try:
        found = peek(folder / seal, kind.most_bytes)
    except GraphError as error:
        raise GraphError(
            f"{error}; so what {folder} holds is not known, and stays: name another folder"
        ) from None
    got = found.get("format") if isinstance(found, dict) else None
    if got != kind.format:
        raise GraphError(
            f"{folder}: holds a {str(got or 'file')[:80]} ({seal}), whose place a {kind.format} "
            "does not take; name another folder"
        )
