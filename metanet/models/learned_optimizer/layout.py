"""Where the tensors of a network lie in a row of its parameters, and what each is to a neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import torch
from torch import Tensor

from graphgen import Template
from metanet.layout import scalars
from metanet.part import float_offsets

REFERENCE = 32
"""The fan-in at which a step is taken as it is."""
SUMMED = ("linear", "window1d", "window2d", "window3d", "recurrent")
"""Kinds of blocks whose edges a neuron sums; of a table it takes one row at a time."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The tensors of a network, one after the other.

        layout = Layout.of(template)

    Attributes:
        shapes: those of the tensors, in order.
        fan_ins: for each parameter, of how many its neuron takes the sum, float64 (P,); 32 where
            it takes none: at biases, scales, tables, positions.
        trained: which parameters are trained, (P,), None if all are.
        template: the graph's, or None if nothing is known of a graph.
    """

    shapes: tuple[tuple[int, ...], ...]
    fan_ins: Tensor
    trained: Tensor | None = None
    template: Template | None = None

    @classmethod
    def of(cls, template: Template) -> Layout:
        """Give the layout of a template's floating-point tensors."""
        return _of(template)

    @classmethod
    def without_graph(cls, shapes: Sequence[Sequence[int]], fan_ins: Sequence[int]) -> Layout:
        """Give the layout of tensors of which no graph is known."""
        sizes = torch.tensor([prod(shape) for shape in shapes])
        each = torch.tensor(list(fan_ins), dtype=torch.float64)
        return cls(tuple(tuple(shape) for shape in shapes), each.repeat_interleave(sizes))

    @property
    def sizes(self) -> list[int]:
        """The numbers of parameters of the tensors."""
        return [prod(shape) for shape in self.shapes]

    def step_scales(self, power: float) -> Tensor:
        """Give for each parameter the share of a step that it takes, float64 (P,).

        It is (32 / fan-in) ** power for weights of linear maps, convolutions and recurrences, and 1
        for others. With a power of 1, what an update of Adam's kind adds to a neuron's sum does not
        grow with the width (Yang et al., 2023, "A spectral condition for feature learning"; for
        learned optimizers: Thérien et al., 2024), so that one learned step suits narrow and wide
        networks.
        """
        return (REFERENCE / self.fan_ins) ** power

    def roots(self, numbers: Tensor) -> Tensor:
        """Give for each parameter the root mean square of its tensor's numbers.

        They are (networks, P) or (networks, P, channels), and count as constants.
        """
        parts = numbers.detach().split(self.sizes, 1)
        return torch.cat(
            [(part.square().mean(1, keepdim=True).sqrt() + 1e-8).expand_as(part) for part in parts],
            dim=1,
        )

    def factored(self, squares: Tensor) -> Tensor:
        """Give the mean of numbers (networks, P) over rows times that over columns, over their own.

        Rows are along a tensor's first axis, columns along its second; of a tensor with one axis,
        the numbers themselves (Shazeer & Stern, ICML 2018).
        """
        found = []
        for part, shape in zip(squares.split(self.sizes, 1), self.shapes, strict=True):
            if len(shape) < 2:
                found.append(part)
                continue
            whole = part.view(-1, shape[0], shape[1], prod(shape[2:]))
            rows, columns = whole.mean((2, 3), True), whole.mean((1, 3), True)
            means = columns.mean(2, True).clamp_min(1e-30)
            found.append((rows * columns / means).expand_as(whole).reshape(part.shape))
        return torch.cat(found, 1)


@lru_cache(maxsize=64)
def _of(template: Template) -> Layout:
    offsets = float_offsets(template)
    total = sum(size for _, size in offsets.values())
    fan_ins = torch.full((total,), float(REFERENCE), dtype=torch.float64)
    for block in template.blocks:
        if block.tensor is None or block.tied or block.kind not in SUMMED:
            continue
        start, size = offsets[block.tensor]
        own = scalars(template, block)
        fan_ins[slice(start, start + size) if own is None else own] = float(block.fan_in)
    specs = {tensor.name: tensor for tensor in template.tensors}
    trained = torch.ones(total, dtype=torch.bool)
    for name, (start, size) in offsets.items():
        trained[start : start + size] = specs[name].trainable
    return Layout(
        tuple(tuple(specs[name].shape) for name in offsets),
        fan_ins,
        None if bool(trained.all()) else trained,
        template,
    )
