"""Metanets that read views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from metanet.models.metanet import Metanet
from metanet.models.view_inputs import ViewInputs, beneath
from metanet.options import OPTIONS


class Reader(Metanet, options=OPTIONS):
    """A metanet that reads views: those of `inputs`, which it keeps with their states."""

    inputs: ViewInputs

    def keep_view(self, view: Any) -> None:
        """Take a view that was made from training networks, such as an exam."""
        self.inputs.keep(view)

    def expect(self, state: Mapping[str, Tensor]) -> None:
        self.inputs.expect(beneath(state, "inputs."))
