"""Two sets of weights, tensor by tensor, modulo the symmetries of their architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import frexp, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_real
from graphgen.errors import GraphError
from graphgen.matching import Match, match
from spec import Architecture

Array = NDArray[Any]
Arrays = Mapping[str, Array]

MOST_MATCHED = 3_000_000
"""The most parameters that are matched unasked: some ten seconds."""
MOST_POWER = 400
"""Numbers of more powers of two, or less, are matched as numbers near one."""
ROUNDING = 1e-5
"""The relative difference up to which moved weights are the same to rounding, in float32."""
STATES = ("equal", "permuted", "signed", "scaled", "transposed", "part", "shape", "different")


@dataclass(frozen=True)
class TensorDiff:
    """What became of a tensor.

    `name` is the first network's, `other` the second's. `state` is

    - `equal`: the same numbers;
    - `permuted`, `signed`, `scaled`: the same once a symmetry of the network is applied, which
      changes the order, signs, or sizes of neurons: the function is the same;
    - `transposed`: the same in another order of axes, which is another function;
    - `part`: a selection of the first's rows and columns (of a pruned copy, or a widened one);
    - `shape`: of another shape; `different`: none of these, or equal as it stands, but not with
      others that are the same once a symmetry is applied.

    `relative` is how far apart the numbers are as they stand, the norm of the difference by that of
    the first; `aligned` the same after the symmetry that brings the networks closest; None where
    shapes differ.
    """

    name: str
    other: str
    state: str
    relative: float | None = None
    aligned: float | None = None
    note: str = ""

    def __str__(self) -> str:
        told = self.state
        if self.state == "different":
            far = self.relative or self.aligned or 0.0
            told += f" by {far:.2g} of its norm"
            if self.aligned is not None and self.relative and self.aligned < 0.9 * self.relative:
                told += f", {self.aligned:.2g} once aligned"
        name = self.name if self.name == self.other else f"{self.name} = {self.other}"
        return f"~ {name}: {told}{f', {self.note}' if self.note else ''}"


@dataclass(frozen=True)
class Compared:
    """All tensors of two networks, and how symmetries were taken into account."""

    tensors: tuple[TensorDiff, ...]
    how: str

    def counts(self) -> dict[str, int]:
        """Count tensors by state."""
        found = [tensor.state for tensor in self.tensors]
        return {state: found.count(state) for state in STATES if state in found}

    def __str__(self) -> str:
        listed = ", ".join(f"{count} {state}" for state, count in self.counts().items())
        lines = [f"weights: {listed} ({self.how})"]
        return "\n".join([*lines, *(str(t) for t in self.tensors if t.state != "equal")])


def of_one_graph(
    net: Architecture, ours: Arrays, theirs: Arrays, names: Mapping[str, str], align: bool | None
) -> Compared:
    """Compare weights of one architecture, by its names; `names` are what they are called there."""
    found = [one_tensor(name, names.get(name, name), ours[name], theirs[name]) for name in ours]
    if all(tensor.state == "equal" for tensor in found):
        return Compared(tuple(found), "as they stand")
    total = sum(prod(shape) for shape in net.parameters.values())
    if align is False or (align is None and total > MOST_MATCHED):
        asked = "not asked for" if align is False else f"of {total:,} parameters only if asked for"
        return Compared(tuple(found), f"as they stand; symmetries {asked}")
    try:
        power = extreme((*ours.values(), *theirs.values()))
        aligned = match(net, by_power(ours, -power), by_power(theirs, -power))
    except GraphError as error:
        return Compared(tuple(found), f"as they stand; not matched: {error}")
    with np.errstate(over="ignore", invalid="ignore"):  # what grows beyond a dtype is another
        distance = np.ldexp(aligned.distance, power)
        tensors = tuple(modulo(found, ours, theirs, aligned))
    return Compared(tensors, f"modulo symmetries: {aligned.how}, distance {distance:.3g}")


def extreme(arrays: Iterable[Array]) -> int:
    """Give the power of two of the largest number, where squares have no size; else 0."""
    tops = [float(np.abs(a).max(initial=0)) for a in arrays if is_real(a.dtype)]
    top = max((top for top in tops if np.isfinite(top)), default=0.0)
    power = frexp(top)[1]
    return power if abs(power) > MOST_POWER else 0


def by_power(arrays: Arrays, power: int) -> dict[str, Array]:
    """Multiply what is floating point by a power of two, which keeps the symmetries."""
    if not power:
        return dict(arrays)
    return {n: np.ldexp(a, power) if a.dtype.kind == "f" else a for n, a in arrays.items()}


def modulo(
    found: Sequence[TensorDiff], ours: Arrays, theirs: Arrays, aligned: Match
) -> list[TensorDiff]:
    """Say which tensors are the same after a symmetry: one for all, in which the most are."""
    ordered = aligned.permutation.apply(dict(theirs))
    moved = ordered if aligned.scaling is None else aligned.scaling.apply(ordered)
    left = {name: relative(ours[name], moved[name]) for name in ours}
    frames = (
        {tensor.name for tensor in found if tensor.state == "equal"},
        {name for name in ours if same(ours[name], ordered[name])},
        {name for name in ours if left[name] <= ROUNDING},
    )
    best = max(frames, key=len)
    result = []
    for tensor in found:
        name, state, note = tensor.name, tensor.state, tensor.note
        if name in best and state != "equal":
            signed = np.array_equal(np.abs(ordered[name]), np.abs(moved[name]))
            state = "permuted" if name in frames[1] else "signed" if signed else "scaled"
        elif name not in best and state == "equal":
            state, note = "different", "equal as it stands, but not where others are moved"
        far = None if state == "equal" else left[name]
        result.append(TensorDiff(name, tensor.other, state, tensor.relative, far, note))
    return result


def of_two_graphs(pairs: Mapping[str, str], ours: Arrays, theirs: Arrays) -> Compared:
    """Compare weights of two architectures, of the tensors that both have."""
    found = [
        one_tensor(name, other, ours[name], theirs[other])
        for name, other in pairs.items()
        if name in ours and other in theirs
    ]
    return Compared(tuple(found), "as they stand: the graphs differ")


def one_tensor(name: str, other: str, a: Array, b: Array) -> TensorDiff:
    """Compare two tensors as they stand."""
    note = "" if a.dtype == b.dtype else f"{a.dtype} -> {b.dtype}"
    if a.shape != b.shape:
        told = f"{list(a.shape)} -> {list(b.shape)}"
        kept = selected(a, b)
        if kept is None:
            return TensorDiff(name, other, "shape", note=told)
        return TensorDiff(name, other, "part", note=f"{told}{kept}")
    far = relative(a, b)
    if same(a, b):
        return TensorDiff(name, other, "equal", 0.0, note=note)
    if a.ndim == 2 and a.shape[0] == a.shape[1] > 1 and same(a, b.T):
        return TensorDiff(name, other, "transposed", far, note=note)
    return TensorDiff(name, other, "different", far, note=note)


def same(a: Array, b: Array) -> bool:
    """Say whether two arrays hold the same numbers."""
    return a.shape == b.shape and bool(np.all((a == b) | ((a != a) & (b != b))))


def relative(a: Array, b: Array) -> float:
    """Give the norm of the difference by that of the first."""
    kind = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    one, other = (np.asarray(side, dtype=kind) for side in (a, b))
    top = max(float(np.abs(side).max(initial=0)) for side in (one, other))
    if 0 < top < np.inf:  # squares of what is huge or tiny are none
        one, other = one / top, other / top
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        far, size = float(np.linalg.norm(one - other)), float(np.linalg.norm(one))
        if 0 < top < np.inf and not size and one.any():
            return float(np.inf)
        return far / (size or float(np.linalg.norm(other)) or 1.0)


def selected(a: Array, b: Array) -> str | None:
    """Say how many rows and columns of one array the other is, in words; None if it is none.

    The numbers of one row and one column say which they are, so that they must differ.
    """
    if a.ndim != b.ndim or not a.ndim or not (is_real(a.dtype) and b.size and a.size):
        return None
    flat = a.reshape(-1)
    order = np.argsort(flat, kind="stable")
    taken = []
    for axis in range(a.ndim):
        fibre = b[tuple(slice(None) if k == axis else 0 for k in range(a.ndim))]
        at = np.minimum(np.searchsorted(flat[order], fibre), len(flat) - 1)
        taken.append(np.unravel_index(order[at], a.shape)[axis])
    if not same(a[np.ix_(*taken)], b):
        return None
    told = [
        f"{len(set(rows.tolist()))} of {size} along axis {axis}"
        for axis, (rows, size) in enumerate(zip(taken, a.shape, strict=True))
        if not np.array_equal(rows, np.arange(size))
    ]
    return f": {', '.join(told)}" if told else ""
