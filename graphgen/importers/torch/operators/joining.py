"""Values put side by side, repeated, turned, moved on and surrounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphgen.importers.operators import joining, shapes, taking
from graphgen.importers.torch.operators.registry import aten
from graphgen.importers.traced import Constant, Traced
from graphgen.importers.tracer import Tracer


@aten("cat", "concat", "concatenate")
def cat(t: Tracer, parts: Sequence[Traced], dim: int = 0) -> Traced:
    return joining.concat(t, parts, dim)


@aten("stack")
def stack(t: Tracer, parts: Sequence[Traced], dim: int = 0) -> Traced:
    rank = len(parts[0].shape) + 1
    return joining.stack(t, parts, dim % rank)


@aten("repeat", "tile")
def repeat(t: Tracer, x: Traced, times: Sequence[int]) -> Traced:
    return joining.tile(t, x, list(times))


@aten("repeat_interleave")
def repeat_interleave(
    t: Tracer, x: Traced, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Traced:
    if dim is None:
        x, dim = shapes.reshape(t, x, (-1,)), 0
    if isinstance(repeats, Constant):
        counts = np.broadcast_to(repeats.array, x.shape[dim])
        return taking.index_select(t, x, dim, np.repeat(np.arange(x.shape[dim]), counts))
    if not isinstance(repeats, int):
        t.refuse("how often it repeats is computed")
    return joining.repeat_interleave(t, x, repeats, dim)


@aten("flip")
def flip(t: Tracer, x: Traced, dims: Sequence[int]) -> Traced:
    return joining.flip(t, x, dims)


@aten("fliplr")
def fliplr(t: Tracer, x: Traced) -> Traced:
    return joining.flip(t, x, [1])


@aten("flipud")
def flipud(t: Tracer, x: Traced) -> Traced:
    return joining.flip(t, x, [0])


@aten("roll")
def roll(t: Tracer, x: Traced, shifts: Any, dims: Any = ()) -> Traced:
    several = [[n] if isinstance(n, int) else list(n) for n in (shifts, dims)]
    return joining.roll(t, x, *several)


@aten("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
      "replication_pad1d", "replication_pad2d", "replication_pad3d", "_pad_circular")  # fmt: skip
def pad(t: Tracer, x: Traced, sizes: Sequence[int], *rest: Any, **named: Any) -> Traced:
    word = t.source.split(".")[1]
    modes = {"reflection": "reflect", "replication": "replicate", "_pad": "circular"}
    mode, value = "constant", 0.0
    if word == "pad":
        mode = named.get("mode", rest[0] if rest else "constant")
        value = named.get("value", rest[1] if len(rest) > 1 else None) or 0.0
    elif word == "constant_pad_nd":
        value = named.get("value", rest[0] if rest else 0.0)
    else:
        mode = modes[word.split("_pad")[0] or "_pad"]
    rank = len(x.shape)
    around = [(0, 0)] * rank
    for place in range(len(sizes) // 2):
        around[rank - 1 - place] = (sizes[2 * place], sizes[2 * place + 1])
    if not np.isfinite(value):
        t.refuse(f"it puts {value:g} around, and the language numbers that are finite")
    return joining.pad(t, x, around, mode, float(value))


@aten("rot90")
def rot90(t: Tracer, x: Traced, k: int = 1, dims: Sequence[int] = (0, 1)) -> Traced:
    first, second = dims
    turns = k % 4
    if turns == 2:
        return joining.flip(t, x, dims)
    if turns == 1:
        return shapes.transpose(t, joining.flip(t, x, [second]), first, second)
    if turns == 3:
        return joining.flip(t, shapes.transpose(t, x, first, second), [second])
    return x
