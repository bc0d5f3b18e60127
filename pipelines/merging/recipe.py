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

METHODS = ("linear", "slerp", "task_arithmetic", "ties")
DTYPES = ("float16", "bfloat16", "float32")
KNOWN = ("models", "merge_method", "base_model", "parameters", "dtype")
PARAMETERS = {
    "linear": ("normalize",),
    "slerp": ("t",),
    "task_arithmetic": ("lambda", "normalize"),
    "ties": ("density", "weight", "lambda", "normalize", "int8_mask"),
}
BASED = ("task_arithmetic", "ties")


@dataclass(frozen=True)
class Recipe:
    """How networks of one architecture are merged, as mergekit's configuration says it.

        recipe = read_recipe("recipe.yaml")
        merged = recipe.carry_out(weights)         # weights by the names of its models

    `models` are those that are merged and `shares` theirs; `base` is where slerp begins and what
    task vectors are added to. Of `slerp` there is one model beside it, and its share is `t`.
    Of `ties`, `densities` are those of the models, and `normalize` and `scale` (`lambda` there) are
    those of `graphgen.ties`.
    """

    method: str
    models: tuple[str, ...]
    shares: tuple[float, ...]
    base: str | None = None
    dtype: str | None = None
    densities: tuple[float, ...] | None = None
    normalize: bool = True
    scale: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """All models that are read, the base first."""
        return (*((self.base,) if self.base is not None else ()), *self.models)

    def carry_out(self, weights: Mapping[str, Arrays]) -> Arrays:
        """Merge the weights of the models, by name."""
        return self.merged([weights[name] for name in self.names])

    def merged(self, networks: Sequence[Arrays]) -> Arrays:
        """Merge networks in the order of `names`."""
        if self.method == "linear":
            return graphgen.average(networks, self.shares)
        if self.method == "slerp":
            return graphgen.slerp(networks[0], networks[1], self.shares[0])
        if self.method == "task_arithmetic":
            return graphgen.task_arithmetic(networks[0], networks[1:], self.shares)
        return graphgen.ties(
            networks[0],
            networks[1:],
            self.shares,
            density=1.0 if self.densities is None else self.densities,
            normalize=self.normalize,
            scale=self.scale,
        )

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
        if self.method == "ties":
            for entry, density in zip(content["models"], self.densities or (), strict=False):
                entry["parameters"]["density"] = density
            content["parameters"] = {"normalize": self.normalize, "lambda": self.scale}
        if self.base is not None:
            content["base_model"] = self.base
        if self.dtype is not None:
            content["dtype"] = self.dtype
        claim_file(Path(path), replace)
        write_bytes(Path(path), yaml.safe_dump(content, sort_keys=False).encode())


def read_recipe(path: AnySettings) -> Recipe:
    """Read a recipe of mergekit; `PipelineError` for what is not carried out here, by its name.

    Carried out are `linear`, `slerp` with one number `t`, `task_arithmetic` and `ties`, of whole
    models with one weight and density each.
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
    each = ("weight", "density") if method == "ties" else ("weight",)
    densities: dict[int, float] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or not entry.keys() <= {"model", "parameters"}:
            raise PipelineError(f"{place}: an entry of `models` is not `model` and `parameters`")
        own = own_numbers(entry.get("parameters"), each, f"{place}: `parameters` of a model")
        densities[len(models)] = own.get("density", numbers.get("density", 1.0))
        models.append((name_of(entry.get("model"), place), own.get("weight")))
    if method == "slerp":
        others = [name for name, weight in models if name != base and weight is None]
        if base is None or len(others) != 1 or len(models) > 2 or "t" not in numbers:
            raise PipelineError(
                f"{place}: `slerp` needs `base_model`, another of `models`, and a number `t`"
            )
        if not 0 <= numbers["t"] <= 1:
            raise PipelineError(f"{place}: `t` is {numbers['t']}; expected a number from 0 to 1")
        return Recipe(method, (others[0],), (numbers["t"],), base, dtype)
    if method == "linear" and numbers.get("normalize", 1.0) != 1.0:
        raise PipelineError(f"{place}: `normalize: false` of `linear` is not carried out here")
    if method in BASED and base is None:
        raise PipelineError(f"{place}: `{method}` needs `base_model`")
    if method == "task_arithmetic" and numbers.get("normalize", 0.0) != 0.0:
        raise PipelineError(f"{place}: `normalize` of `task_arithmetic` is not carried out here")
    if method in BASED:
        densities = {at: density for at, density in densities.items() if models[at][0] != base}
        models = [(name, weight) for name, weight in models if name != base]
    factor = numbers.get("lambda", 1.0)
    if method == "ties":
        kept = tuple(densities.values())
        if not all(0 < density <= 1 for density in kept):
            raise PipelineError(
                f"{place}: a `density` is {min(kept)} to {max(kept)}; expected what is above 0 and "
                "at most 1"
            )
        usual = numbers.get("weight", 1.0)
        shares = tuple(usual if weight is None else weight for _, weight in models)
        names = tuple(name for name, _ in models)
        normalize = bool(numbers.get("normalize", 1.0))
        return Recipe(method, names, shares, base, dtype, kept, normalize, factor)
    shares = tuple(factor * (1.0 if weight is None else weight) for _, weight in models)
    base = base if method == "task_arithmetic" else None
    return Recipe(method, tuple(name for name, _ in models), shares, base, dtype)


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
