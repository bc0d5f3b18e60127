"""What an exported program gives, and what it writes into tensors that it has stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphgen.importers.refusal import ImportRefusalError

CHANGED = ("BUFFER_MUTATION", "PARAMETER_MUTATION")


def given_as(program: Any, *kinds: str) -> list[Any]:
    """Give what a program gives that is of some kinds of torch's `OutputKind`."""
    (last,) = (node for node in program.graph.nodes if node.op == "output")
    specs = program.graph_signature.output_specs
    return [x for x, s in zip(last.args[0], specs, strict=True) if s.kind.name in kinds]


def changed(program: Any) -> dict[str, Any]:
    """Give what is written into stored tensors, by their placeholders."""
    signature = program.graph_signature
    names = {s.target: s.arg.name for s in signature.input_specs if s.target is not None}
    targets = [s.target for s in signature.output_specs if s.kind.name in CHANGED]
    pairs = zip(targets, given_as(program, *CHANGED), strict=True)
    return {names[target]: node for target, node in pairs if target in names}


def check_unchanged(
    stored: Mapping[str, Any], known: Mapping[str, Any], again: Mapping[str, Any]
) -> None:
    """Refuse a program that would compute another thing when it runs again."""
    for name, node in again.items():
        before: Any = getattr(stored[name], "array", None)
        after: Any = getattr(known[node.name], "array", None)
        if before is None or after is None or not np.array_equal(after, before):
            raise ImportRefusalError(
                f"the model changes {getattr(stored[name], 'name', name)!r} while it runs; "
                "expected one that computes the same each time: import it in eval mode, without a "
                "cache that it keeps"
            )
