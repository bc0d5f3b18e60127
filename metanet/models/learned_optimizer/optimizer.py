"""A learned optimizer: an editor that turns gradients and momenta into updates of parameters."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from graphgen import Template
from metanet.errors import MetanetError
from metanet.models.editor import Editor
from metanet.models.learned_optimizer.fan_in import step_scales
from metanet.models.learned_optimizer.features import (
    CHANNELS,
    CONDITIONS,
    NOMINAL,
    OptimizerState,
    described,
)
from metanet.models.learned_optimizer.no_proposal import NoProposal
from metanet.models.learned_optimizer.per_parameter import PerParameterEditor
from metanet.models.registry import make_editor
from metanet.options import check, flag, mapping, number, shown

NONE, PER_PARAMETER = "none", "per_parameter"
OWN: dict[str, type[Editor]] = {PER_PARAMETER: PerParameterEditor, NONE: NoProposal}
LEARNABLE = ("gmn", "ng_gnn", *OWN)
OPTIONS = ("step_size", "nominal", "annealed", "gradients", "fan_in_power")
"""What a learned optimizer takes beside the settings of its editor."""
DECIDED = ("channels", "conditions", "members", "net")
"""Settings of editors that a learned optimizer decides."""
CHECKS = {
    "settings": mapping(), "step_size": number(0, 1e6, least_too=False), "nominal": flag(),
    "annealed": flag(), "gradients": flag(), "fan_in_power": number(-4, 4),
}  # fmt: skip
_LARGEST = 1.0
"""The bound of what is added to the nominal direction, and of the logarithm of a magnitude."""


class LearnedOptimizer(nn.Module):
    """Updates of networks' parameters, written by an editor with two members.

        optimizer = LearnedOptimizer("gmn", {"hidden": 16, "layers": 2})
        values, state = optimizer(template, values, gradients, state)

    For each parameter, the editor proposes a direction d and a logarithm m of a magnitude, of
    which the update is

        -step * anneal * width * (nominal + d) * exp(m)

    (Metz et al., 2022) with a learned step, at first `step_size`. The nominal term is the direction
    of Adam, or zero without `nominal` (Harrison et al., NeurIPS 2022); d and m begin near zero, and
    stay between -1 and 1, so that no network new to the optimizer is thrown far. `anneal` falls
    from 1 along a cosine, to 0 at the horizon; without `annealed` it is 1. `width` is a power of
    the fan-in, `step_scales`; with a `fan_in_power` of 0 it is 1, and what is learned begins as
    Adam with a cosine schedule. The update of a permuted network is permuted, if the editor is
    equivariant. The editor `none` proposes nothing, so that only the step is learned. Without
    `gradients`, the editor is shown none of what comes from them, and there is no nominal term: a
    negative control.
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
    ) -> None:
        super().__init__()
        given = {
            "settings": {} if settings is None else settings, "step_size": step_size,
            "nominal": nominal, "annealed": annealed, "gradients": gradients,
            "fan_in_power": fan_in_power,
        }  # fmt: skip
        for name, value in given.items():
            check(name, value, CHECKS)
        if isinstance(editor, str) and editor == NONE and not (nominal and gradients):
            raise MetanetError(
                f"the editor {NONE!r} proposes nothing, so it needs `nominal` and `gradients`, "
                "or networks would stay as they are"
            )
        self.name = editor
        self.options = {
            "step_size": step_size, "nominal": nominal, "annealed": annealed,
            "gradients": gradients, "fan_in_power": fan_in_power,
        }  # fmt: skip
        self.editor = make(editor, dict(settings or {}))
        self.nominal, self.gradients = nominal and gradients, gradients
        self.annealed, self.fan_in_power = annealed, fan_in_power
        self.log_step = nn.Parameter(torch.tensor(step_size).log())

    @property
    def settings(self) -> dict[str, Any]:
        """All options, resolved, as plain data: `LearnedOptimizer(**settings)` is alike."""
        own = {k: v for k, v in self.editor.settings.items() if k not in DECIDED}
        return {"editor": self.name, "settings": own, **self.options}

    def forward(
        self, template: Template, values: Tensor, gradients: Tensor, state: OptimizerState
    ) -> tuple[Tensor, OptimizerState]:
        """Give new parameters (networks, P) from the old ones and their gradients."""
        state = state.updated(gradients)
        # Without second derivatives, no meta-gradient flows through what the editor reads.
        seen = values if gradients.requires_grad else values.detach()
        batch = described(template, seen, gradients, state, show=self.gradients)
        (proposed,) = self.editor.changes(batch)
        direction, magnitude = (_LARGEST * (proposed / _LARGEST).tanh()).unbind(1)
        if self.nominal:
            direction = direction + state.normalised()[0][..., NOMINAL]
        step = self.log_step.exp()
        if self.annealed:
            step = step * cosine((state.steps - 1) / state.horizon)
        width = step_scales(template, self.fan_in_power).to(values)
        return values - step * width * direction * magnitude.exp(), state


def cosine(progress: float) -> float:
    """Fall from 1 to 0 along half a wave, as a share of the horizon passes; then stay there."""
    return (1 + math.cos(math.pi * min(progress, 1.0))) / 2


def make(name: str, settings: dict[str, Any]) -> Editor:
    """Make the editor of a learned optimizer, which reads what `described` gives."""
    given = sorted(set(settings) & set(DECIDED))
    if given:
        raise MetanetError(
            f"`settings` of {name!r} has {', '.join(given)}, which a learned optimizer decides"
        )
    settings = {**settings, "channels": CHANNELS, "conditions": CONDITIONS, "members": 2}
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
