"""Attention between the linear maps of its queries, keys, values and output: in several heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphgen.importers.network import Node, Weight
from graphgen.importers.rules.attention import ATTENTION, scale_field
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.gates import common_scope
from graphgen.importers.rules.session import Replacement, Session
from graphgen.importers.rules.views import CHOICES, MOVES, View, merged, through, view_of, whole

STEPS = MOVES | CHOICES
NORMS = ("rms_norm", "layer_norm")


@dataclass(frozen=True)
class Operand:
    """Queries, keys or values: where they lie in what a linear map gives, and what turned them."""

    linear: Node
    view: View
    norm: Node | None
    over: str
    rotary: Node | None


@rule("linear")
def multihead_attention(session: Session, node: Node) -> Replacement | None:
    """`multihead_attention` where all that stands around is what it has: maps, heads, turns.

    The maps may be one, of queries, keys and values in this order, or three. Not where others read
    what one gives.
    """
    mixed = view_of(session, node.inputs[0], MOVES)
    core = session.made(mixed.base, ATTENTION)
    if core is None or not _only(session, node.inputs[0], core.output):
        return None
    q, k, v = (operand(session, name) for name in core.inputs[:3])
    if q is None or k is None or v is None:
        return None
    heads, size = _heads(core.shape)
    kv_heads, kv_size = _heads(session.shape(core.inputs[1]))
    front = core.shape[:-3]
    if size != kv_size or session.shape(core.inputs[2])[-1] != size or len(core.shape) < 3:
        return None
    if mixed != _joined(core) or node.shape[-1] != session.shape(q.linear.inputs[0])[-1]:
        return None
    widths = heads * size, kv_heads * size, kv_heads * size
    packed = q.linear.output == k.linear.output == v.linear.output
    starts = (0, widths[0], widths[0] + widths[1]) if packed else (0, 0, 0)
    total = sum(widths) if packed else 0
    for each, start, width, name in zip((q, k, v), starts, widths, core.inputs[:3], strict=True):
        if each.linear.shape[-1] != (total or width):
            return None
        if not _lies(each, start, session.shape(name), front):
            return None
    if not packed and len({q.linear.output, k.linear.output, v.linear.output}) != 3:
        return None
    if v.norm is not None or v.rotary is not None or not _all_read(session, core, q, k, v):
        return None
    fields = _fields(session, core, q, k, (heads, kv_heads, size))
    if fields is None:
        return None
    biases = [each.linear.fields.get("bias", True) for each in (q, k, v)]
    fields |= _biases(biases, node.fields.get("bias", True)) | ({} if packed else {"packed": False})
    if kv_heads != heads and not core.fields.get("enable_gqa"):
        return None
    inputs = _inputs(q, k, v, core.inputs[3:])
    new = Replacement(session, node)
    scope = common_scope(node.scope, q.linear.scope, k.linear.scope, v.linear.scope)
    tensors = _tensors(q, k, v, node, packed)
    return new.gives(new.add("multihead_attention", inputs, fields, tensors, scope=scope))


def operand(session: Session, value: str) -> Operand | None:
    """Follow queries, keys or values back to the linear map that they come from."""
    chain: list[tuple[Node, str]] = []
    norm = rotary = None
    base = value
    while True:
        node = session.maker(base)
        if node is None:
            return None
        if node.layer == "linear":
            break
        if node.layer == "rotary" and rotary is None and norm is None:
            rotary = node
        elif node.layer in NORMS and norm is None:
            norm = node
        elif node.layer not in STEPS:
            return None
        chain.append((node, base))
        base = node.inputs[0]
    view, over = whole(base, node.shape), "head"
    for step, output in reversed(chain):
        if step is norm:
            over = "all" if view.whole else "head"
        if step in (norm, rotary):
            continue
        moved = through(view, step, output, session.shape(output))
        if moved is None:
            return None
        view = moved
    if norm is not None and over == "head" and not _last_axis(session, value, norm):
        return None
    if rotary is not None and not _turns(rotary, _behind(session, value, rotary)):
        return None
    return Operand(node, view, norm, over, rotary)


def _last_axis(session: Session, value: str, norm: Node) -> bool:
    """Whether a norm goes over the features of what attention takes."""
    view = view_of(session, value, MOVES | {"rotary"})
    own = whole(norm.output, norm.shape)
    return view.base == norm.output and view.axes[-1] == own.axes[-1]


def _behind(session: Session, value: str, rotary: Node) -> View | None:
    view = view_of(session, value, MOVES)
    return view if view.base == rotary.output else None


def _turns(rotary: Node, view: View | None) -> bool:
    """Whether rotary positions go along the tokens and the features of what attention takes."""
    if view is None or view.base != rotary.output:
        return False
    own = whole(rotary.output, rotary.shape)
    dim = rotary.fields.get("dim", -2) % (len(rotary.shape) + 1) - 1
    return view.axes[-1] == own.axes[-1] and view.axes[-2] == own.axes[dim]


def _heads(shape: tuple[int, ...]) -> tuple[int, int]:
    return (shape[-3], shape[-1]) if len(shape) >= 3 else (0, 0)


def _joined(core: Node) -> View:
    """Give the view of attention's output in which the heads of a token are one after the other."""
    own = whole(core.output, core.shape)
    *front, heads, tokens, features = own.axes
    axes = (*front, tokens, merged((*heads, *features)))
    return View(core.output, core.shape, 0, axes)


def _lies(each: Operand, start: int, shape: tuple[int, ...], front: tuple[int, ...]) -> bool:
    """Whether `[front, heads, tokens, features]` lie so in the map's output, from a start on."""
    heads, tokens, size = shape[-3:]
    own = whole(each.linear.output, each.linear.shape)
    if each.linear.shape[:-1] != (*front, tokens):
        return False
    wanted = (*own.axes[:-2], merged(((heads, size),)), own.axes[-2], merged(((size, 1),)))
    return each.view.offset == start and each.view.axes == wanted


def _only(session: Session, value: str, base: str) -> bool:
    """Whether nothing else reads what lies between two values."""
    while True:
        if not session.alone(value):
            return False
        if value == base:
            return True
        node = session.maker(value)
        if node is None:
            return False
        value = node.inputs[0]


def _all_read(session: Session, core: Node, *operands: Operand) -> bool:
    """Whether nothing but this attention reads what the maps of its operands give."""
    inside = {core.output}
    waiting = list(core.inputs[:3])
    while waiting:
        node = session.maker(waiting.pop())
        if node is None or node.output in inside:
            continue
        inside.add(node.output)
        if node.layer != "linear":
            waiting += node.inputs
    return all(
        reader.output in inside and name not in session.outputs
        for key in inside - {core.output}
        for name in session.nodes[key].outputs
        for reader in session.readers(name)
    ) and not any(name in session.outputs for key in inside - {core.output}
                  for name in session.nodes[key].outputs)  # fmt: skip


def _fields(
    session: Session, core: Node, q: Operand, k: Operand, sizes: tuple[int, int, int]
) -> dict[str, Any] | None:
    heads, kv_heads, size = sizes
    fields: dict[str, Any] = {"num_heads": heads}
    width = session.shape(q.linear.inputs[0])[-1]
    fields |= {} if kv_heads == heads else {"num_kv_heads": kv_heads}
    fields |= {} if heads * size == width else {"head_dim": size}
    fields |= {"causal": True} if core.fields.get("is_causal") else {}
    for name in ("sliding_window", "softcap"):
        fields |= {name: core.fields[name]} if core.fields.get(name) is not None else {}
    scale = core.fields.get("scale")
    fields |= {} if scale is None else scale_field(scale, size)
    turned, normed = _rotary(q, k, size), _normed(q, k)
    return None if turned is None or normed is None else fields | turned | normed


def _rotary(q: Operand, k: Operand, size: int) -> dict[str, Any] | None:
    if q.rotary is None and k.rotary is None:
        return {}
    if q.rotary is None or k.rotary is None:
        return None
    first, second = (
        {name: value for name, value in each.fields.items() if name != "dim"}
        for each in (q.rotary, k.rotary)
    )
    if first != second or first.get("offset") or first.get("scaling", "none") != "none":
        return None
    fields: dict[str, Any] = {"rotary": first.get("base", 10000.0)}
    turned = first.get("size")
    fields |= {} if turned in (None, size) else {"rotary_size": turned}
    return fields | ({"rotary_interleaved": True} if first.get("interleaved") else {})


def _normed(q: Operand, k: Operand) -> dict[str, Any] | None:
    if q.norm is None and k.norm is None:
        return {}
    if q.norm is None or k.norm is None or (q.norm.layer, q.over) != (k.norm.layer, k.over):
        return None
    epsilons = [each.fields.get("eps") for each in (q.norm, k.norm)]
    if epsilons[0] != epsilons[1] or (epsilons[0] is None and q.norm.layer == "rms_norm"):
        return None
    for each in (q, k):
        norm = each.norm
        assert norm is not None
        if not norm.fields.get("elementwise_affine", True) or not norm.fields.get("bias", True):
            return None
        shape = norm.fields.get("normalized_shape")
        if shape is not None and len(shape) != 1:
            return None
        if each.over == "head" and norm.shape[-1] != each.view.sizes[-1]:
            return None
    fields: dict[str, Any] = {"qk_norm": q.norm.layer}
    fields |= {} if q.over == "head" else {"qk_norm_over": "all"}
    eps = 1e-5 if epsilons[0] is None else epsilons[0]
    return fields | ({} if eps == 1e-5 else {"qk_norm_eps": eps})


def _biases(biases: list[bool], out: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if len(set(biases)) == 1:
        fields |= {} if biases[0] else {"bias": False}
        return fields | ({} if out == biases[0] else {"out_bias": out})
    names = ("query_bias", "key_bias", "value_bias")
    fields |= {name: False for name, bias in zip(names, biases, strict=True) if not bias}
    return fields | ({} if out else {"out_bias": False})


def _inputs(q: Operand, k: Operand, v: Operand, rest: tuple[str, ...]) -> tuple[str, ...]:
    three = tuple(each.linear.inputs[0] for each in (q, k, v))
    if rest:
        return (*three, *rest)
    if len(set(three)) == 1:
        return three[:1]
    return three[:2] if three[1] == three[2] else three


def _tensors(q: Operand, k: Operand, v: Operand, out: Node, packed: bool) -> dict[str, Weight]:
    found: dict[str, Weight] = {}
    if packed:
        found |= {f"in_proj_{local}": weight for local, weight in q.linear.tensors.items()}
    else:
        for letter, each in zip("qkv", (q, k, v), strict=True):
            found |= {
                f"{letter}_proj.{name}": weight for name, weight in each.linear.tensors.items()
            }
    found |= {f"out_proj.{local}": weight for local, weight in out.tensors.items()}
    for letter, each in zip("qk", (q, k), strict=True):
        if each.norm is not None:
            found |= {f"{letter}_norm.{name}": w for name, w in each.norm.tensors.items()}
    return found
