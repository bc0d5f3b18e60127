"""Recipes of mergekit, as far as they are carried out here: its YAML, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

import graphgen
from graphgen.files import claim_file, write_bytes
from pipelines.errors import PipelineError
from pipelines.zoo.fields import AnySettings, read_document

Arrays = dict[str, Any]

METHODS = ("linear", "slerp", "task_arithmetic")
DTYPES = ("float16", "bfloat16", "float32")
KNOWN = ("models", "merge_method", "base_model", "parameters", "dtype")
PARAMETERS = {"linear": ("normalize",), "slerp": ("t",), "task_arithmetic": ("lambda", "normalize")}


@dataclass(frozen=True)
class Recipe:
    """How networks of one architecture are merged, as mergekit's configuration says it.

        recipe = read_recipe("recipe.yaml")
        merged = recipe.carry_out(weights)         # weights by the names of its models

    `models` are those that are merged and `shares` theirs; `base` is where slerp begins and what
    task vectors are added to. Of `slerp` there is one model beside it, and its share is `t`.
    """

    method: str
    models: tuple[str, ...]
    shares: tuple[float, ...]
    base: str | None = None
    dtype: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All models that are read, the base first."""
        return (*((self.base,) if self.base is not None else ()), *self.models)

    def carry_out(self, weights: Mapping[str, Arrays]) -> Arrays:
        """Merge the weights of the models, by name."""
        return merged(self.method, [weights[name] for name in self.names], self.shares)

    def write(self, path: str | Path, replace: bool = False) -> None:
        """Write the recipe as mergekit reads it."""
        content: dict[str, Any] = {"merge_method": self.method}
        if self.method == "slerp":
            content["models"] = [{"model": name} for name in self.names]
            content["parameters"] = {"t": self.shares[0]}
        else:
            content["models"] = [
                {"model": name, "parameters": {"weight": share}}
                for name, share in zip(self.models, self.shares, strict=True)
            ]
        if self.base is not None:
            content["base_model"] = self.base
        if self.dtype is not None:
            content["dtype"] = self.dtype
        claim_file(Path(path), replace)
        write_bytes(Path(path), yaml.safe_dump(content, sort_keys=False).encode())


def merged(method: str, networks: Sequence[Arrays], shares: Sequence[float]) -> Arrays:
    """Merge networks, of which the first is the base of slerp and of task vectors."""
    if method == "linear":
        return graphgen.average(networks, shares)
    if method == "slerp":
        return graphgen.slerp(networks[0], networks[1], shares[0])
    return graphgen.task_arithmetic(networks[0], networks[1:], shares)


def read_recipe(path: AnySettings) -> Recipe:
    """Read a recipe of mergekit; `PipelineError` for what is not carried out here, by its name.

    Carried out are `linear`, `slerp` with one number `t`, and `task_arithmetic`, of whole models
    with one weight each.
    """
    data = read_document(path).data
    place = "recipe" if isinstance(path, Mapping) else str(path)
    if not isinstance(data, Mapping):
        raise PipelineError(
            f"{place}: expected a recipe of mergekit, with `merge_method` and `models`"
        )
    unknown = [str(key) for key in data if key not in KNOWN]
    if unknown:
        raise PipelineError(
            f"{place}: `{unknown[0]}` is not carried out here; known are {', '.join(KNOWN)}: merge "
            "by mergekit, or leave it out"
        )
    method = data.get("merge_method")
    if method not in METHODS:
        known = ", ".join(METHODS)
        if method is None:
            raise PipelineError(f"{place}: `merge_method` is missing; expected one of {known}")
        raise PipelineError(
            f"{place}: the `merge_method` {method!r} is not carried out here; those that are: "
            f"{known}"
        )
    dtype = data.get("dtype")
    if dtype is not None and dtype not in DTYPES:
        raise PipelineError(f"{place}: `dtype` is {dtype!r}; expected one of {', '.join(DTYPES)}")
    numbers = own_numbers(data.get("parameters"), PARAMETERS[method], f"{place}: `parameters`")
    base = name_of(data["base_model"], place) if "base_model" in data else None
    entries = data.get("models")
    if not isinstance(entries, list) or not entries:
        raise PipelineError(f"{place}: `models` is missing; expected a list of `model: FOLDER`")
    models: list[tuple[str, float | None]] = []
    for entry in entries:
        if not isinstance(entry, Mapping) or not entry.keys() <= {"model", "parameters"}:
            raise PipelineError(f"{place}: an entry of `models` is not `model` and `parameters`")
        own = own_numbers(entry.get("parameters"), ("weight",), f"{place}: `parameters` of a model")
        models.append((name_of(entry.get("model"), place), own.get("weight")))
    if method == "slerp":
        others = [name for name, weight in models if name != base and weight is None]
        if base is None or len(others) != 1 or len(models) > 2 or "t" not in numbers:
            raise PipelineError(
                f"{place}: `slerp` needs `base_model`, another of `models`, and a number `t`"
            )
        return Recipe(method, (others[0],), (numbers["t"],), base, dtype)
    if method == "linear" and numbers.get("normalize", 1.0) != 1.0:
        raise PipelineError(f"{place}: `normalize: false` of `linear` is not carried out here")
    if method == "task_arithmetic":
        if base is None:
            raise PipelineError(f"{place}: `task_arithmetic` needs `base_model`")
        if numbers.get("normalize", 0.0) != 0.0:
            raise PipelineError(
                f"{place}: `normalize` of `task_arithmetic` is not carried out here"
            )
        models = [(name, weight) for name, weight in models if name != base]
    factor = numbers.get("lambda", 1.0)
    shares = tuple(factor * (1.0 if weight is None else weight) for _, weight in models)
    kept = base if method == "task_arithmetic" else None
    return Recipe(method, tuple(name for name, _ in models), shares, kept, dtype)


def own_numbers(given: Any, known: Sequence[str], place: str) -> dict[str, float]:
    """Read parameters that are single numbers, not gradients over layers or filters of tensors."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise PipelineError(f"{place}: expected {', '.join(known)} with a number each")
    for key, value in given.items():
        if key not in known:
            raise PipelineError(
                f"{place}: `{key}` is not carried out here; known are {', '.join(known)}"
            )
        if not isinstance(value, (int, float)):
            raise PipelineError(
                f"{place}: `{key}` is {value!r}; only one number for all tensors is carried out"
            )
        if not isfinite(value):
            raise PipelineError(f"{place}: `{key}` is {value}; expected a finite number")
    return {str(key): float(value) for key, value in given.items()}


def name_of(value: Any, place: str) -> str:
    """Read the name of a model: a path, from the current folder as mergekit takes it."""
    if not isinstance(value, str) or not value:
        raise PipelineError(f"{place}: a model is {value!r}; expected the path of its weights")
    return value
