"""The view `spectra`: singular values of the weights of layers, by place."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from metanet.batch import Part
from metanet.views.numbers import LEAST, entropy, finite
from metanet.views.view import NETWORK, View
from metanet.views.weight_statistics import PLACES, tensors_by_place

TOP = 4
OF_A_MATRIX = (
    *(f"singular_{k}" for k in range(1, TOP + 1)), "frobenius", "stable_rank", "least", "entropy",
)  # fmt: skip


class Spectra(View):
    """The largest singular values of the first, the middle and the last matrix of weights.

        Spectra().compute(batch.parts[0])        # (networks, 24)

    A kernel of a convolution is a matrix of out channels by all the rest. Beside four singular
    values stand the Frobenius norm, the stable rank, the least one and the entropy of the squares;
    those of middle layers are averaged. Singular values are not changed by exchanging rows or
    columns. A network without a matrix at a place has zeros there.
    """

    name = "spectra"
    level = NETWORK

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(f"{place}_{what}" for place in PLACES for what in OF_A_MATRIX)

    def compute(self, part: Part) -> Tensor:
        count = len(part.values)
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
    """Give the matrices of tensors that look alike, (networks, rows, columns) each.

    A symmetry may exchange single rows of those that read one layer, and columns of those that
    write to one: these are one matrix.
    """
    shapes = {tensor.name: tensor.shape for tensor in part.template.tensors}
    blocks = {b.tensor: b for b in reversed(part.template.blocks) if b.tensor and not b.tied}
    rows: dict[int, list[str]] = {}
    for name in names:
        if len(shapes[name]) >= 2 and 0 not in shapes[name]:
            rows.setdefault(blocks[name].source_group, []).append(name)
    columns: dict[tuple[int, ...], list[Tensor]] = {}
    for own in rows.values():
        found = [part.tensor(n).reshape(len(part.values), shapes[n][0], -1) for n in own]
        if len({one.shape[2] for one in found}) > 1:
            found = found[:1]
        key = tuple(sorted({blocks[name].target_group for name in own}))
        columns.setdefault(key, []).append(torch.cat(found, 1))
    return [torch.cat(own, 2) for own in columns.values()]


def spectrum(matrices: Tensor) -> Tensor:
    """Describe the singular values of matrices (networks, rows, columns), (networks, 8)."""
    # An unscaled matrix of huge numbers has no finite squares; the scale is put back at the end.
    scale = matrices.abs().amax((1, 2)).clamp_min(1e-30)[:, None]
    values = torch.linalg.svdvals(matrices / scale[:, None])
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
