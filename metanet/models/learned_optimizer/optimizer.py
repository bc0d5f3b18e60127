"""A learned optimizer: an editor that turns gradients and momenta into updates of parameters."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from graphgen import Template
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.editor import Editor
from metanet.models.learned_optimizer.features import FEATURES, Features, Shown
from metanet.models.learned_optimizer.layout import Layout
from metanet.models.learned_optimizer.no_proposal import NoProposal
from metanet.models.learned_optimizer.per_parameter import PerParameterEditor
from metanet.models.learned_optimizer.state import OptimizerState
from metanet.models.registry import make_editor
from metanet.options import check, choice, flag, mapping, number, shown

NONE, PER_PARAMETER = "none", "per_parameter"
OWN: dict[str, type[PerParameterEditor] | type[NoProposal]] = {
    PER_PARAMETER: PerParameterEditor, NONE: NoProposal,
}  # fmt: skip
"""Editors that see no graph."""
LEARNABLE = ("gmn", "ng_gnn", *OWN)
DECIDED = ("channels", "conditions", "members", "net")
"""Settings of editors that a learned optimizer decides."""
CHECKS = {
    "settings": mapping(), "step_size": number(0, 1e6, least_too=False), "nominal": flag(),
    "annealed": flag(), "gradients": flag(), "fan_in_power": number(-4, 4),
    "features": choice(*FEATURES), "to_scale": flag(),
    "bound": number(0, 100, least_too=False),
}  # fmt: skip
OPTIONS = tuple(name for name in CHECKS if name != "settings")
"""What a learned optimizer takes beside the settings of its editor."""
SMALLEST_SCALE = 1e-3
"""The least scale of a tensor to which steps are taken, that of tensors that begin at zero."""


class LearnedOptimizer(nn.Module):
    """Updates of networks' parameters, written by an editor with two members.

        optimizer = LearnedOptimizer("gmn", {"hidden": 16, "layers": 2})
        values, state = optimizer(template, values, gradients, state)

    For each parameter, the editor proposes a direction d and a logarithm m of a magnitude, of
    which the update is

        -step * anneal * width * (nominal + d) * exp(m)

    (Metz et al., 2022) with a learned step, at first `step_size`. The nominal term is the direction
    of Adam, or zero without `nominal` (Harrison et al., NeurIPS 2022); d and m begin near zero, and
    stay between -`bound` and `bound`, so that no network new to the optimizer is thrown far.
    `anneal` falls from 1 along a cosine, to 0 at the horizon; without `annealed` it is 1. `width`
    is a power of the fan-in, `Layout.step_scales`; with a `fan_in_power` of 0 it is 1, and what is
    learned begins as Adam with a cosine schedule. With `to_scale`, it has the root mean square of
    the tensor's weights as a factor (Metz et al., 2022, "VeLO"). The update of a permuted network
    is permuted, if the editor is equivariant. The editor `none` proposes nothing, so that only the
    step is learned. `features` are `relative` or `normalised` (`features.FEATURES`), whatever the
    editor. Without `gradients`, the editor is shown none of what comes from them, and there is no
    nominal term: a negative control.
    """

    def __init__(
        self,
        editor: str,
        settings: dict[str, Any] | None = None,
        *,
        step_size: float = 1e-3,
        nominal: bool = True,
        annealed: bool = True,
        gradients: bool = True,
        fan_in_power: float = 1.0,
        features: str = "relative",
        to_scale: bool = False,
        bound: float = 1.0,
    ) -> None:
        super().__init__()
        options = {
            "step_size": step_size, "nominal": nominal, "annealed": annealed,
            "gradients": gradients, "fan_in_power": fan_in_power, "features": features,
            "to_scale": to_scale, "bound": bound,
        }  # fmt: skip
        given = {} if settings is None else settings
        for name, value in {"settings": given, **options}.items():
            check(name, value, CHECKS)
        if isinstance(editor, str) and editor == NONE and not (nominal and gradients):
            raise MetanetError(
                f"the editor {NONE!r} proposes nothing, so it needs `nominal` and `gradients`, "
                "or networks would stay as they are"
            )
        self.name, self.options = editor, options
        self.features = FEATURES[features]
        self.editor = make(editor, dict(settings or {}), self.features)
        self.nominal, self.gradients = nominal and gradients, gradients
        self.annealed, self.fan_in_power = annealed, fan_in_power
        self.to_scale, self.bound = to_scale, float(bound)
        self.log_step = nn.Parameter(torch.tensor(step_size).log())

    @property
    def settings(self) -> dict[str, Any]:
        """All options, resolved, as plain data: `LearnedOptimizer(**settings)` is alike."""
        own = {k: v for k, v in self.editor.settings.items() if k not in DECIDED}
        return {"editor": self.name, "settings": own, **self.options}

    @property
    def needs_graph(self) -> bool:
        """Whether the editor reads a graph, and not each parameter alone."""
        return self.name not in OWN

    def first(self, values: Tensor, horizon: int) -> OptimizerState:
        """Begin an inner training of parameters (networks, P), of so many steps."""
        return OptimizerState.first(values, horizon, self.features.decays)

    def forward(
        self, template: Template, values: Tensor, gradients: Tensor, state: OptimizerState
    ) -> tuple[Tensor, OptimizerState]:
        """Give new parameters (networks, P) from the old ones and their gradients."""
        change, state = self.change(Layout.of(template), values, gradients, state)
        return values + change, state

    def change(
        self,
        layout: Layout,
        values: Tensor,
        gradients: Tensor,
        state: OptimizerState,
        present: Tensor | None = None,
    ) -> tuple[Tensor, OptimizerState]:
        """Give the change of parameters (networks, P), of those with gradients, `present`."""
        if state.decays != self.features.decays:
            raise MetanetError(
                f"the state has momenta of the decays {', '.join(map(str, state.decays))}, and the "
                f"optimizer reads {', '.join(map(str, self.features.decays))}; begin with "
                "`optimizer.first(values, horizon)`"
            )
        state = state.updated(gradients, present)
        # Without second derivatives, no meta-gradient flows through what the editor reads.
        seen = values if gradients.requires_grad else values.detach()
        shown = self.features.shown(layout, seen, gradients, state, show=self.gradients)
        direction, magnitude = (
            self.bound * (self.proposed(layout, shown) / self.bound).tanh()
        ).unbind(1)
        if self.nominal:
            direction = direction + state.direction()
        step = self.log_step.exp()
        if self.annealed:
            step = step * cosine((state.steps - 1) / state.horizon)
        width = layout.step_scales(self.fan_in_power).to(values)
        if self.to_scale:
            width = width * layout.roots(values).clamp_min(SMALLEST_SCALE)
        change = -(step * width * direction * magnitude.exp())
        if layout.trained is not None:
            change = change * layout.trained.to(change)
        return change, state

    def proposed(self, layout: Layout, shown: Shown) -> Tensor:
        """Give what the editor proposes, (networks, 2, P)."""
        if isinstance(self.editor, (PerParameterEditor, NoProposal)):
            numbers = torch.cat([shown.values.unsqueeze(2), shown.beside], dim=2)
            return self.editor.proposed(numbers, shown.conditions)
        if layout.template is None:
            raise MetanetError(f"the editor {self.name!r} reads a graph, and there is none")
        places = tuple(range(len(shown.values)))
        part = Part(
            layout.template, shown.values, places, extra=shown.beside, conditions=shown.conditions
        )
        return self.editor.changes(Batch((part,)))[0]


def cosine(progress: float) -> float:
    """Fall from 1 to 0 along half a wave, as a share of the horizon passes; then stay there."""
    return (1 + math.cos(math.pi * min(progress, 1.0))) / 2


def make(name: str, settings: dict[str, Any], features: Features) -> Editor:
    """Make the editor of a learned optimizer, which reads features."""
    given = sorted(set(settings) & set(DECIDED))
    if given:
        raise MetanetError(
            f"`settings` of {name!r} has {', '.join(given)}, which a learned optimizer decides"
        )
    read = {"channels": features.channels, "conditions": features.conditions, "members": 2}
    settings = {**settings, **read}
    if isinstance(name, str) and name in OWN:
        return OWN[name](**settings)
    if not isinstance(name, str) or name not in LEARNABLE:
        raise MetanetError(
            f"unknown editor {shown(name)} of a learned optimizer; expected one that takes "
            f"networks of any architecture and reads gradients: {', '.join(LEARNABLE)}"
        )
    if name == "gmn":
        # Weights come relative to their tensor, and updates relative to their own scale.
        settings = {"fan_in_power": 0.0, **settings}
    return make_editor(name, **settings)
