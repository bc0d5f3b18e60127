"""The language: from YAML to an architecture with named parameters and inferred shapes."""

from typing import Any

from spec.architecture import Architecture, Operation, ResolvedLayer, TensorSpec
from spec.errors import Mark, Problem, SpecError, UnusedWarning
from spec.layer import LAYERS, Layer, Scope, Value, register
from spec.layers.activation import register_function
from spec.load import from_resolved, load, loads
from spec.reference import names

__all__ = [
    "LAYERS",
    "Architecture",
    "Layer",
    "Mark",
    "Operation",
    "Problem",
    "ResolvedLayer",
    "Scope",
    "SpecError",
    "TensorSpec",
    "UnusedWarning",
    "Value",
    "from_resolved",
    "load",
    "loads",
    "names",
    "register",
    "register_function",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from spec.version import installed_version

        return installed_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
