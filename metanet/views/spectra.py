"""The view `spectra`: singular values of the weights of layers, by place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from graphgen import EdgeBlock
from metanet.batch import Part
from metanet.views.numbers import LEAST, entropy, finite
from metanet.views.view import NETWORK, View, part_of
from metanet.views.weight_statistics import PLACES, tensors_by_place

TOP = 4
RANK = {"group": 0, "out": 1}
"""The order of axes in a matrix; the rest are columns."""
HUGE = 1e30
"""What stands for an infinite weight."""
OF_A_MATRIX = (
    *(f"singular_{k}" for k in range(1, TOP + 1)), "frobenius", "stable_rank", "least", "entropy",
)  # fmt: skip


class Spectra(View):
    """The largest singular values of the first, the middle and the last matrix of weights.

        Spectra().compute(batch.parts[0])        # (networks, 24)

    A kernel of a convolution is a matrix of out channels by all the rest, for each of its groups.
    Beside four singular values stand the Frobenius norm, the stable rank, the least one and the
    entropy of the squares; those of middle layers are averaged. Singular values are not changed by
    exchanging rows or columns. A network without a matrix at a place has zeros there.
    """

    name = "spectra"
    level = NETWORK
    columns = tuple(f"{place}_{what}" for place in PLACES for what in OF_A_MATRIX)

    def compute(self, part: Part) -> Tensor:
        count = len(part_of(part).values)
        found: list[Tensor] = []
        cells = part.values.new_zeros(count, len(PLACES), len(OF_A_MATRIX))
        for place, together in tensors_by_place(part.template).get("weight", {}).items():
            found = [
                torch.stack([spectrum(one) for one in matrices]).mean(0)
                for names in together
                if (matrices := matrices_of(part, names))
            ]
            if found:
                cells[:, PLACES.index(place)] = torch.stack(found).mean(0)
        return finite(cells.flatten(1))


def matrices_of(part: Part, names: Sequence[str]) -> list[Tensor]:
    """Give the matrices of tensors that look alike, (networks, groups, rows, columns) each.

    A symmetry may exchange single rows of those that read one layer, and columns of those that
    write to one: these are one matrix.
    """
    blocks = {b.tensor: b for b in reversed(part.template.blocks) if b.tensor and not b.tied}
    rows: dict[int, list[Tensor]] = {}
    targets: dict[int, set[int]] = {}
    for name in names:
        block = blocks[name]
        found = matrix(part, name, block)
        if found is not None:
            rows.setdefault(block.source_group, []).append(found)
            targets.setdefault(block.source_group, set()).add(block.target_group)
    columns: dict[tuple[int, ...], list[Tensor]] = {}
    for source, several in rows.items():
        columns.setdefault(tuple(sorted(targets[source])), []).append(joined(several, 2))
    return [joined(several, 3) for several in columns.values()]


def joined(matrices: Sequence[Tensor], axis: int) -> Tensor:
    """Put matrices side by side along an axis; the first one, where they are not of one size."""
    sizes = {(*one.shape[:axis], *one.shape[axis + 1 :]) for one in matrices}
    return torch.cat(list(matrices), axis) if len(sizes) == 1 else matrices[0]


def matrix(part: Part, name: str, block: EdgeBlock) -> Tensor | None:
    """Give a tensor as matrices of out by in, a group of channels each; None of a vector."""
    (tensor,) = (one for one in part.template.tensors if one.name == name)
    if len(tensor.shape) < 2 or 0 in tensor.shape or not {"in", "out"} & set(block.axes):
        return None
    count, own = len(part.values), part.tensor(name)
    if block.tensor_strides is not None or "out" not in block.axes:
        return own.reshape(count, 1, tensor.shape[0], -1)
    ordered = sorted(range(len(block.axes)), key=lambda axis: RANK.get(block.axes[axis], 2))
    groups, rows = (
        math.prod(n for n, role in zip(block.shape, block.axes, strict=True) if role == which)
        for which in ("group", "out")
    )
    own = own.reshape(count, *block.shape).permute(0, *(axis + 1 for axis in ordered))
    return own.reshape(count, groups, rows, -1)


def spectrum(matrices: Tensor) -> Tensor:
    """Describe the singular values of matrices (networks, groups, rows, columns), (networks, 8).

    The matrices of several groups are the blocks of one.
    """
    matrices = matrices.nan_to_num(0.0, HUGE, -HUGE)
    # An unscaled matrix of huge numbers has no finite squares; the scale is put back at the end.
    scale = matrices.abs().amax((1, 2, 3)).clamp_min(1e-30)[:, None]
    values = torch.linalg.svdvals(matrices / scale[:, None, None]).flatten(1)
    if matrices.shape[1] > 1:
        values = values.sort(1, descending=True).values
    squares = values.square()
    total = squares.sum(1, keepdim=True)
    top = torch.nn.functional.pad(values[:, :TOP], (0, max(0, TOP - values.shape[1])))
    # Of nothing but zeros, whose scale is none.
    return torch.cat(
        [
            top * scale,
            total.sqrt() * scale,
            total / squares[:, :1].clamp_min(LEAST),
            values[:, -1:] * scale,
            entropy(squares / total.clamp_min(LEAST)).unsqueeze(1),
        ],
        1,
    )
