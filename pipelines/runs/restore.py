"""Restoring: a module made again from a result; and the place of what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from torch import nn

from metanet import MetanetError
from metanet.saved.restore import State
from metanet.saved.restore import restored as made_again
from pipelines.errors import PipelineError
from pipelines.runs.result import SETTINGS, Result

__all__ = ["State", "applying", "restored"]

Module = TypeVar("Module", bound=nn.Module)


def restored(
    result: Result, make: Callable[[State], Module], settings: Mapping[str, Any]
) -> Module:
    """Make a module, and give it the parameters of a result, as `metanet.load` does.

    `make` is given them too, and `settings` are those of the editor, whose `layers` are counted
    first: `restored(result, lambda state: make_editor("gmn", **settings), settings)`.

    Raises `GraphError` for files that were changed, and `PipelineError` for settings that make no
    module, and for parameters that are not those of such a module, or not finite.
    """
    state = result.state()
    try:
        return made_again(result.folder, state, make, settings)
    except (MetanetError, PipelineError) as error:
        said = str(error)
        place = "" if str(result.folder) in said else f"{result.folder / SETTINGS}: settings: "
        raise PipelineError(f"{place}{said}") from None


@contextmanager
def applying(place: object) -> Iterator[None]:
    """Put a place, such as a run's folder, before what is wrong with a model or its use."""
    try:
        yield
    except (MetanetError, PipelineError) as error:
        raise PipelineError(f"{place}: {error}") from None
