"""Restoring: a module made again from a result, its size compared before it takes much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from metanet import MetanetError
from metanet.models.configured import ordinary
from pipelines.errors import PipelineError
from pipelines.options import REFUSALS
from pipelines.runs.result import SETTINGS, WEIGHTS, Result

Module = TypeVar("Module", bound=nn.Module)
State = Mapping[str, Tensor]
_SHOWN = 3


def restored(
    result: Result, make: Callable[[State], Module], settings: Mapping[str, Any]
) -> Module:
    """Make a module, and give it the parameters of a result; `make` is given them too.

    `settings` are those of its editor: the time to make one grows with their `layers`, each of
    which has parameters.

        restored(result, lambda state: make_editor("gmn", **settings), settings)

    Raises `GraphError` for files that were changed, and `PipelineError` for settings that make no
    module, and for parameters that are not those of such a module, or not finite.
    """
    state = result.state()
    place = result.folder / SETTINGS
    layers = settings.get("layers", 0)
    if isinstance(layers, int) and layers > len(state):
        raise PipelineError(
            f"{place}: settings: `layers` is {layers}, but {result.folder / WEIGHTS} has the "
            f"parameters of {len(state)} at most"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            module = ordinary(lambda: make(state))
            if module is None:
                with torch.device("meta"):
                    check_state(result, make(state).state_dict(), state)
                module = make(state)
            check_state(result, module.state_dict(), state)
    except REFUSALS as error:
        if str(result.folder) in str(error):
            raise
        words = str(error).partition("\n")[0] or type(error).__name__
        raise PipelineError(f"{place}: settings: {words}") from None
    module.load_state_dict(dict(state))
    return module


@contextmanager
def applying(place: object) -> Iterator[None]:
    """Put a place, such as a run's folder, before what is wrong with a model or its use."""
    try:
        yield
    except (MetanetError, PipelineError) as error:
        raise PipelineError(f"{place}: {error}") from None


def check_state(result: Result, wanted: State, found: State) -> None:
    """Raise `PipelineError` for parameters of other names, shapes or dtypes, or not finite."""
    path = result.folder / WEIGHTS
    differing = [
        f"{name} is {described(found.get(name))}, expected {described(wanted.get(name))}"
        for name in sorted(wanted.keys() | found.keys())
        if described(found.get(name)) != described(wanted.get(name))
    ]
    if differing:
        more = f"; and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        raise PipelineError(
            f"{path}: not the parameters that {SETTINGS} asks for: "
            f"{'; '.join(differing[:_SHOWN])}{more}"
        )
    for name, tensor in found.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise PipelineError(f"{path}: {name}: got numbers that are not finite")


def described(tensor: Tensor | None) -> str:
    """Put dtype and shape of a tensor into words."""
    if tensor is None:
        return "missing"
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
