"""The view `spectra`: singular values of the weights of layers, by place."""

from __future__ import annotations

import torch
from torch import Tensor

from metanet.batch import Part, float_offsets
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
        shapes = {tensor.name: tensor.shape for tensor in part.template.tensors}
        offsets = float_offsets(part.template)
        weights = tensors_by_place(part.template).get("weight", {})
        names = [name for place in PLACES for name in weights.get(place, ())]
        names = [name for name in names if name in offsets and len(shapes[name]) >= 2]
        found = [spectrum(part.tensor(n).reshape(count, shapes[n][0], -1)) for n in names]
        if not found:
            return part.values.new_zeros(count, len(self.columns))
        middle = torch.stack(found[1:-1]).mean(0) if len(found) > 2 else torch.zeros_like(found[0])
        return finite(torch.cat([found[0], middle, found[-1]], 1))


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
