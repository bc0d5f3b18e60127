"""Canonical maps of the spaces between tensors, from what the network computes there.

What a value is, as a function of the inputs, no symmetry changes but those of its own space: so its
moments over fixed inputs give a basis that all networks of one class share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.canonicalization.probes import normal, uniform
from graphgen.families.linear_maps import LinearMaps
from graphgen.families.maps import helmert
from graphgen.families.slots import Slot, seen

Floats = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]

RANK = 1e-11
"""An eigenvalue of so little beside the largest is none."""
TIED = 1e-9
"""What is no clearer than this decides nothing."""


class UndecidedError(Exception):
    """What the moments of a value leave open."""


def canonical_maps(family: LinearMaps, values: Values) -> tuple[Floats, float]:
    """Give the matrices that take a network to its canonical one, and how clear they are.

    The second is the smallest relative distance of any decision from a tie. Raises
    `UndecidedError`.
    """
    plain = [(slot, frame) for slot, frame in family.bond.values.items() if not frame.gains]
    group = family.group
    if group.orthogonal and not group.paired:
        return orthogonal_maps(family, [slot for slot, _ in plain], values)
    problem = "no value lies in the space"
    for slot, frame in sorted(plain, key=lambda own: own[1].dual):
        x = items(family, slot, values)
        try:
            maps, clear = (paired_maps if group.paired else linear_maps)(family, x)
        except UndecidedError as error:
            problem = str(error)
            continue
        if clear < TIED:
            problem = "its moments have no axes of their own"
            continue
        if not frame.dual:
            return maps, clear
        return np.linalg.inv(maps).transpose(0, 2, 1), clear
    raise UndecidedError(problem)


def items(family: LinearMaps, slot: Slot, values: Values) -> Floats:
    """Give a value in the space: (contexts, n, samples, others)."""
    array = np.ascontiguousarray(values[slot.owner]).astype(np.float64)
    view = seen(array, slot, family.bond.context, batch=True)
    return view.reshape(family.copies, family.group.size, len(array), -1)


def weights_of(samples: int) -> Floats:
    """Weigh samples, all positive."""
    return 0.25 + uniform("samples", samples) ** 2


def linear_maps(family: LinearMaps, x: Floats) -> tuple[Floats, float]:
    """Give invertible maps: a basis in which two second moments are diagonal, one of them 1."""
    samples = x.shape[2]
    if x.shape[2] * x.shape[3] < x.shape[1]:
        raise UndecidedError("it has fewer values than dimensions")
    sizes = np.sqrt(np.square(x).mean(axis=(2, 3), keepdims=True))
    if not (sizes > 0).all():
        raise UndecidedError("a dimension is always 0")
    first = np.einsum("cisk,cjsk->cij", x, x)
    second = np.einsum("cisk,cjsk,s->cij", x, x, weights_of(samples))
    result, clear = np.empty_like(first), 1.0
    for c in range(len(first)):
        scale = 1 / sizes[c, :, 0, 0]
        a = scale[:, None] * first[c] * scale
        roots, basis = np.linalg.eigh(a)
        if roots[0] < RANK * roots[-1]:
            raise UndecidedError("it has fewer dimensions than it could")
        whiten = (basis / np.sqrt(roots)).T * scale
        values, turn = np.linalg.eigh(whiten @ second[c] @ whiten.T)
        own = turn.T @ whiten
        signed, gap = signs_of(np.einsum("ij,jsk->isk", own, x[c]), np.ones(len(own)))
        result[c] = signed[:, None] * own
        clear = min(clear, gap, spread(values))
    return result * np.sqrt(samples * x.shape[3]), clear


def orthogonal_maps(family: LinearMaps, slots: list[Slot], values: Values) -> tuple[Floats, float]:
    """Give orthogonal maps: the axes of a second moment of all values in the space."""
    n, centred = family.group.size, family.group.centred
    rows = helmert(n) if centred else np.eye(n)
    total = np.zeros((family.copies, len(rows), len(rows)))
    xs = []
    for slot in slots:
        x = np.einsum("ij,cjsk->cisk", rows, items(family, slot, values))
        moment = np.einsum("cisk,cjsk,s->cij", x, x, weights_of(x.shape[2]))
        trace = np.trace(moment, axis1=1, axis2=2)
        if (trace > 0).all():
            total += moment / trace[:, None, None]
            xs.append(x / np.sqrt(trace)[:, None, None, None])
    if not xs:
        raise UndecidedError("all values in the space are 0")
    result, clear = np.empty((family.copies, n, n)), 1.0
    for c in range(family.copies):
        roots, basis = np.linalg.eigh(total[c])
        own = basis.T
        along = [np.einsum("ij,jsk->isk", own, x[c]) for x in xs]
        signed, gap = signs_of(sum_of(along), np.sqrt(np.maximum(roots, 0)))
        own = signed[:, None] * own
        result[c] = rows.T @ own @ rows + (1 / n if centred else 0.0)
        clear = min(clear, gap, spread(roots))
    if clear < TIED:
        raise UndecidedError("its moments have no axes of their own")
    return result, clear


def sum_of(values: list[Floats]) -> Floats:
    """Add values of several slots up, sample by sample: (items, samples, 1)."""
    result: Floats = np.sum([x.sum(axis=2, keepdims=True) for x in values], axis=0)
    return result


def paired_maps(family: LinearMaps, x: Floats) -> tuple[Floats, float]:
    """Give complex factors: pairs of size 1 whose mean, of weighed samples, is positive."""
    pairs = family.group.pairs()
    z = x[:, pairs[:, 0]] + 1j * x[:, pairs[:, 1]]
    sizes = np.sqrt(np.square(np.abs(z)).mean(axis=(2, 3)))
    if not (sizes > 0).all():
        raise UndecidedError("a pair is always 0")
    mean = np.einsum("cpsk,s->cp", z, normal("phases", x.shape[2]))
    about = np.abs(mean) / (sizes * np.sqrt(x.shape[2] * x.shape[3]))
    factors = np.conj(mean) / np.abs(mean)
    if not family.group.orthogonal:
        factors = factors / sizes
    return family.group.turning(factors), float(about.min())


def signs_of(x: Floats, sizes: Floats) -> tuple[Floats, float]:
    """Choose signs so that sums over weighed samples are positive; say how clear they are."""
    odd = np.einsum("isk,s->i", x, normal("signs", x.shape[1]))
    total = np.sqrt(np.square(x).sum(axis=(1, 2)))
    clear = np.abs(odd) / np.where(total > 0, total, 1.0)
    return np.where(odd < 0, -1.0, 1.0), float(clear.min(initial=1.0))


def spread(roots: Floats) -> float:
    """Say how far apart eigenvalues are, beside the largest."""
    if len(roots) < 2:
        return 1.0
    return float(np.diff(roots).min() / max(np.abs(roots).max(), 1e-300))
