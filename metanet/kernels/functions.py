"""A compiled library: its functions, with the types that their source declares."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

DECLARATION = re.compile(r"^EXPORT void (\w+)\(([^)]*)\)", re.MULTILINE)


def signatures(source: str) -> dict[str, list[Any]]:
    """Read the exported functions of a C source, and the ctypes of their parameters."""
    return {
        name: [kind_of(parameter) for parameter in parameters.split(",")]
        for name, parameters in DECLARATION.findall(source)
    }


def kind_of(parameter: str) -> Any:
    """Give the ctype of a declared parameter."""
    if "*" in parameter:
        return ctypes.c_void_p
    return ctypes.c_double if "double" in parameter else ctypes.c_int64


class Library:
    """The functions of a compiled source, as methods that take tensors and numbers.

    Raises `OSError` if the file cannot be loaded, `AttributeError` if a function is not in it.
    """

    def __init__(self, path: str, source: str) -> None:
        self._library = ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
        for name, kinds in signatures(source).items():
            function = getattr(self._library, name)
            function.argtypes, function.restype = kinds, None
            setattr(self, name, with_tensors(function))

    def __getattr__(self, name: str) -> Callable[..., None]:
        raise AttributeError(f"the kernels have no function {name!r}")


def with_tensors(function: Callable[..., None]) -> Callable[..., None]:
    """Let a function of ctypes take contiguous tensors for its pointers."""

    def call(*arguments: Tensor | float | None) -> None:
        function(*[a.data_ptr() if isinstance(a, Tensor) else a for a in arguments])

    return call
