"""A convolution whose windows are tiles, laid out as a sequence: an image cut into patches."""

from __future__ import annotations

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import MOVES, merged, view_of, whole

PLAIN = {"padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}


@rule(*sorted(MOVES))
def patches(session: Session, node: Node) -> Replacement | None:
    """`patches` where each item is read by one window, and windows are a sequence of tokens.

    Not with padding, gaps or groups, nor where the image does not divide into tiles.
    """
    view = view_of(session, node.output, MOVES)
    conv = session.made(view.base, "conv2d")
    if conv is None or not session.alone(view.base) or len(node.shape) != 2:
        return None
    channels, height, width = whole(conv.output, conv.shape).axes
    if view.axes != (merged((*height, *width)), channels):
        return None
    fields = conv.fields
    kernel, stride = (_both(fields.get(name, 1)) for name in ("kernel_size", "stride"))
    if kernel != stride or any(
        _both(fields.get(name, plain)) != _both(plain) for name, plain in PLAIN.items()
    ):
        return None
    size = kernel[0] if kernel[0] == kernel[1] else list(kernel)
    said = {"embed_dim": conv.shape[0], "patch_size": size}
    said |= {} if fields.get("bias", True) else {"bias": False}
    new = Replacement(session, node)
    return new.gives(new.add("patches", conv.inputs, said, conv.tensors, scope=conv.scope))


def _both(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)
