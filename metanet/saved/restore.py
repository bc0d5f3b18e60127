"""Restoring: a module made again from its folder, its size compared before it takes much memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from graphgen import GraphError
from metanet.errors import MetanetError
from metanet.models.configured import ordinary
from metanet.saved.folder import SETTINGS, WEIGHTS
from spec import SpecError

Module = TypeVar("Module", bound=nn.Module)
State = Mapping[str, Tensor]
REFUSALS = (MetanetError, GraphError, SpecError, TypeError, ValueError, RuntimeError)
"""What making a model of wrong options raises; the last three are those of Python and torch."""
_SHOWN = 3


def restored(
    folder: Path, state: State, make: Callable[[State], Module], settings: Mapping[str, Any]
) -> Module:
    """Make a module, and give it the parameters of a folder; `make` is given them too.

    `settings` are those of its editor: the time to make one grows with their `layers`, each of
    which has parameters.

        restored(folder, state, lambda state: make_editor("gmn", **settings), settings)

    Raises `MetanetError` for settings that make no module, and for parameters that are not those of
    such a module, or not finite.
    """
    place = folder / SETTINGS
    layers = settings.get("layers", 0)
    if isinstance(layers, int) and layers > len(state):
        raise MetanetError(
            f"{place}: settings: `layers` is {layers}, but {folder / WEIGHTS} has the "
            f"parameters of {len(state)} at most"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            module = ordinary(lambda: make(state))
            if module is None:
                with torch.device("meta"):
                    check_state(folder, make(state).state_dict(), state)
                module = make(state)
            check_state(folder, module.state_dict(), state)
    except REFUSALS as error:
        if str(folder) in str(error):
            raise
        words = str(error).partition("\n")[0] or type(error).__name__
        raise MetanetError(f"{place}: settings: {words}") from None
    module.load_state_dict(dict(state))
    return module


def check_state(folder: Path, wanted: State, found: State) -> None:
    """Raise `MetanetError` for parameters of other names, shapes or dtypes, or not finite."""
    path = folder / WEIGHTS
    differing = [
        f"{name} is {described(found.get(name))}, expected {described(wanted.get(name))}"
        for name in sorted(wanted.keys() | found.keys())
        if described(found.get(name)) != described(wanted.get(name))
    ]
    if differing:
        more = f"; and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise MetanetError(
            f"{path}: not the parameters that {SETTINGS} asks for: "
            f"{'; '.join(differing[:_SHOWN])}{more}"
        )
    for name, tensor in found.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise MetanetError(f"{path}: {name}: got numbers that are not finite")


def described(tensor: Tensor | None) -> str:
    """Put dtype and shape of a tensor into words."""
    if tensor is None:
        return "missing"
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
