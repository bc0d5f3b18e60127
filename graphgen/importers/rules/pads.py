"""Zeros around a value that a convolution reads are its padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session

CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")


@rule(*CONVOLUTIONS)
def padding(session: Session, node: Node) -> Replacement | None:
    """Zeros that are put around the axes of space, and around no other, are the padding."""
    pad = session.made(node.inputs[0], "pad")
    if pad is None or node.fields.get("padding_mode", "zeros") != "zeros":
        return None
    if pad.fields.get("mode", "constant") != "constant" or pad.fields.get("value"):
        return None
    space = int(node.layer[4])
    numbers = [int(n) for n in pad.fields["pad"]] + [0] * (2 * space)
    own = sides(node.fields.get("padding", 0), space)
    if own is None or min(numbers) < 0 or any(numbers[2 * space :]):
        return None
    around = []
    for axis, (before, behind) in enumerate(own):
        place = 2 * (space - 1 - axis)
        around.append([before + numbers[place], behind + numbers[place + 1]])
    said = [a if a == b else [a, b] for a, b in around]
    new = Replacement(session, node)
    fields = {**node.fields, "padding": said[0] if said.count(said[0]) == space
              and isinstance(said[0], int) else said}  # fmt: skip
    return new.gives(new.add(node.layer, pad.inputs, fields, node.tensors))


def sides(padding: Any, space: int) -> list[tuple[int, int]] | None:
    """Give the padding before and behind each axis; None where a word says it."""
    if isinstance(padding, str):
        return None
    if not isinstance(padding, Sequence):
        padding = [padding] * space
    pairs = [(side, side) if isinstance(side, int) else side for side in padding]
    return [(int(a), int(b)) for a, b in pairs]
