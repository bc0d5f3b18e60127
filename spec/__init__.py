"""The language: from YAML to an architecture with named parameters and inferred shapes."""

from spec.architecture import Architecture, Operation, ResolvedLayer, TensorSpec
from spec.errors import Mark, Problem, SpecError, UnusedWarning
from spec.layer import LAYERS, Layer, Scope, Value, register
from spec.layers.activation import register_function
from spec.load import from_resolved, load, loads

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
    "register",
    "register_function",
]
