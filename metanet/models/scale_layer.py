"""The layers of ScaleGMN: functions of states that keep, or do not see, their scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metanet.models.scales import Scale, edge_scales


class ScaleInvariant(nn.Module):
    """A function of states that their scale does not change: (..., inputs) to (..., outputs).

    An MLP(x); of the normed state where it may be of any size, and MLP(x) + MLP(-x) where it may be
    negative. Paper, section 4.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(inputs, outputs), nn.Linear(outputs, outputs)

    def forward(self, states: Tensor, scale: Scale) -> Tensor:
        """Apply to states of a scale."""
        states = unit(states) if scale.size else states
        if not scale.sign:
            result: Tensor = self.outer(nn.functional.silu(self.inner(states)))
            return result
        linear = nn.functional.linear(states, self.inner.weight)
        both = nn.functional.silu(linear + self.inner.bias)
        both = both + nn.functional.silu(self.inner.bias - linear)
        result = self.outer(both)
        return result


class ScaleEquivariant(nn.Module):
    """A function of states that scales with them: a linear map times an invariant of them all."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.invariant = ScaleInvariant(inputs, outputs)

    def forward(self, states: Tensor, scale: Scale) -> Tensor:
        """Apply to states of a scale."""
        result: Tensor = self.linear(states) * self.invariant(states, scale)
        return result


class ScaleGMNLayer(nn.Module):
    """One round of updates of nodes and edges that keeps their scales apart."""

    def __init__(self, hidden: int, scales: tuple[Scale, ...], bidirectional: bool) -> None:
        super().__init__()
        self.scales, self.edge_scales = scales, edge_scales(scales)
        directions = 2 if bidirectional else 1
        self.by_node = nn.Linear(hidden, hidden, bias=False)
        self.by_edge = nn.Linear(hidden, hidden, bias=False)
        self.back_node: nn.Linear | None = None
        if bidirectional:
            self.back_node = nn.Linear(hidden, hidden, bias=False)
            self.back_edge = nn.Linear(hidden, hidden, bias=False)
            self.back_message = ScaleInvariant(hidden, hidden)
            self.back_target = ScaleInvariant(hidden, hidden)
        self.update = ScaleEquivariant((1 + directions) * hidden, hidden)
        self.edge_linear = nn.Linear(hidden, hidden, bias=False)
        self.edge_invariant = ScaleInvariant(hidden, hidden)
        self.ends = nn.ModuleList(ScaleInvariant(hidden, hidden) for _ in range(2))

    def forward(
        self, nodes: list[Tensor], edges: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Give the next states."""
        known = [[state] for state in nodes]
        for index, edge in enumerate(edges):
            source, target = nodes[index], nodes[index + 1]
            messages = self.by_edge(edge) * self.by_node(source).unsqueeze(1)
            known[index + 1].append(messages.mean(2))
            if self.back_node is not None:
                known[index].append(self.returned(index, source, target, edge, messages))
        known[0].insert(1, torch.zeros_like(nodes[0]))
        if self.back_node is not None:
            known[-1].append(torch.zeros_like(nodes[-1]))
        new_edges = []
        for index, edge in enumerate(edges):
            at_source = self.ends[0](nodes[index], self.scales[index])
            at_target = self.ends[1](nodes[index + 1], self.scales[index + 1])
            own = self.edge_invariant(edge, self.edge_scales[index])
            gate = nn.functional.silu(own + (at_source.unsqueeze(1) + at_target.unsqueeze(2)))
            new_edges.append(edge + self.edge_linear(edge) * gate)
        new_nodes = [
            state + self.update(torch.cat(parts, dim=-1), scale)
            for state, parts, scale in zip(nodes, known, self.scales, strict=True)
        ]
        return new_nodes, new_edges

    def returned(
        self, index: int, source: Tensor, target: Tensor, edge: Tensor, messages: Tensor
    ) -> Tensor:
        """Average what targets tell their source, which must scale with the source.

        A sign is its own inverse, so the edge times the target's state does. A positive factor
        would have to be divided out, which explodes for small weights; there the source's own state
        is multiplied by invariants of its message and of the target.
        """
        if self.back_node is None:
            return torch.zeros_like(source)
        own, other = self.scales[index], self.scales[index + 1]
        if not own.size and not other.size:
            return (self.back_edge(edge) * self.back_node(target).unsqueeze(2)).mean(1)
        told = self.back_message(messages, other) + self.back_target(target, other).unsqueeze(2)
        return nn.functional.silu(told).mean(1) * self.back_node(source)


def unit(states: Tensor) -> Tensor:
    """Divide states by their length; what is too small to be divided becomes zero."""
    largest = states.detach().abs().amax(-1, keepdim=True)  # so that no square is lost
    some = largest > 1e-30
    scaled = torch.where(some, states / torch.where(some, largest, 1), 0)
    squares = scaled.square().sum(-1, keepdim=True)
    return scaled * torch.where(some, squares, 1).rsqrt()
