"""The reference networks that come with this package, by their names."""

from __future__ import annotations

import os
from pathlib import Path

from spec.errors import Problem, SpecError
from spec.suggestions import suggest

FOLDER = Path(__file__).parent / "nets"
PUBLISHED = "published"


def names(published: bool = False) -> list[str]:
    """List the reference networks by name, as `load` takes them.

    With `published`, those of the literature, each compared with its authors' code.

    >>> names()[:3], "published/clip" in names(published=True)
    (['albert', 'bert', 'cnn'], True)
    """
    beneath, prefix = (FOLDER / PUBLISHED, f"{PUBLISHED}/") if published else (FOLDER, "")
    return sorted(f"{prefix}{path.stem}" for path in beneath.glob("*.yaml"))


def located(net: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Give the path that an argument stands for: a path as it is, a name as that of its file.

    A name is that of a reference network unless there is such a file. Raises `SpecError` for a name
    of neither.
    """
    if not isinstance(net, str) or "." in net or not net or "\0" in net or os.path.lexists(net):
        return net
    first, *rest = net.split("/")
    if [first, *rest] != [PUBLISHED, *rest[:1]] and rest:
        return net
    known = names(published=bool(rest))
    if net in known:
        return FOLDER / f"{net}.yaml"
    hint = suggest(net, known) or f"; known: {', '.join(known)}"
    message = f"{net:.200}: there is no such file, and no reference network of this name{hint}"
    raise SpecError([Problem(message, None)])
