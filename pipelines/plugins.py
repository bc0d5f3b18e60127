"""What plugins have a part in: which packages they are, and the identity of their code."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.provenance import read_source
from spec.layer import LAYERS
from spec.plugin_layers import words
from spec.plugins import needed


def foreign(things: Iterable[object], data: Any = None) -> dict[str, str]:
    """Say by which packages things are made that are not ours, each with version and code.

        foreign([METANETS["mine"]])                  # {"my_metanets": "0.1.0 1f0c..."}

    `data` is plain data that may name layers, as an architecture does. What is made by other code
    is another thing: these belong to its identity.
    """
    named = [LAYERS[word] for word in {*words(data)} & LAYERS.keys()]
    found = needed([*things, *named])
    return {name: f"{version} {code_of_package(name)}".strip() for name, version in found.items()}


def code_of_package(name: str) -> str:
    """Identify the code of a module or a package that was imported; nothing of one without files.

    It is a hash of its sources, without comments, docstrings and layout.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or not file.endswith(".py"):
        return ""
    path = Path(file)
    sources = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    digest = hashlib.sha256()
    for source in sources:
        own = source.relative_to(path.parent).as_posix()
        digest.update(f"{own}\n{read_source(source)[1]}\n".encode())
    return digest.hexdigest()[:16]
