"""The operators of ONNX by domain and name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphgen.importers.onnx.node import Node

Reader = Callable[[Node], Any]
"""Adds an operator's layers; gives its output, or a list of them."""

OPERATORS: dict[tuple[str, str], Reader] = {}

KINDS: dict[tuple[str, str], str] = {}
"""What numbers the outputs hold, where these are not those of the first input."""


def onnx(*names: str, domain: str = "", gives: str = "") -> Callable[[Reader], Reader]:
    """Register what an operator becomes, in all versions of it.

    `gives` is the kind of numbers of each output, such as `b`, where it is not that of the input.
    """

    def add(read: Reader) -> Reader:
        for name in names:
            OPERATORS[domain, name] = read
            if gives:
                KINDS[domain, name] = gives
        return read

    return add
