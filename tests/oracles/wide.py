"""Modules that ask for float32 by name, computed in float64 throughout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class Wide(TorchFunctionMode):
    """Turns every request for float32 into one for float64."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if function is torch.Tensor.float:
            return args[0].double()
        named = {key: _wide(value) for key, value in (kwargs or {}).items()}
        return function(*map(_wide, args), **named)


def _wide(given: Any) -> Any:
    return torch.float64 if given is torch.float32 else given


@contextmanager
def in_float64() -> Iterator[None]:
    """Let modules that are made, exported and run inside compute nothing in float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with Wide():
            yield
    finally:
        torch.set_default_dtype(before)
