"""The layers that torch has under the same names: found by name, with their signatures, and run."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import spec
from spec.layer import Layer
from spec.layers.multihead_attention import three
from spec.primitives import Shape

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
REQUIRED = inspect.Parameter.empty
MODULES = {
    name.lower(): kind
    for name, kind in vars(nn).items()
    if inspect.isclass(kind) and issubclass(kind, nn.Module)
}
VALUES = {"input", "tensor", "tensors", "other", "self", "mask", "condition", "weight", "bias"}


@dataclasses.dataclass(frozen=True)
class Counterpart:
    """What torch has under a layer's name: modules, by number of axes of space, or a function."""

    modules: tuple[type[nn.Module], ...] = ()
    function: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """Its full name, with `{1,2,3}d` for modules of several dimensions."""
        if self.function is not None:
            name = self.function.__name__
            place = "torch" if hasattr(torch, name) else "torch.Tensor"
            place = "torch.nn.functional" if self.function in vars(F).values() else place
            return f"{place}.{name}"
        first = self.modules[0].__name__
        if len(self.modules) == 1:
            return f"torch.nn.{first}"
        return f"torch.nn.{first[:-2]}{{1,2,3}}d"

    def parameters(self) -> dict[str, object]:
        """Give names and defaults; `REQUIRED` where there is none."""
        if self.function is not None:
            return function_parameters(self.function)
        kind = self.modules[0]
        named = dict(inspect.signature(kind.__init__).parameters)
        if issubclass(kind, nn.RNNBase):
            named = dict(inspect.signature(nn.RNNBase.__init__).parameters)
            del named["mode"]
            if kind is not nn.LSTM:
                del named["proj_size"]
            if kind is nn.RNN:
                named["nonlinearity"] = inspect.Parameter(
                    "nonlinearity", inspect.Parameter.KEYWORD_ONLY, default="tanh"
                )
        told = [p for p in named.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        return {p.name: p.default for p in told if p.name != "self"}


def counterpart(type_: str) -> Counterpart | None:
    """Find what torch has under a layer's name, in `torch.nn`, its functions, `torch` itself."""
    key = type_.replace("_", "")
    if key in MODULES:
        return Counterpart((MODULES[key],))
    several = tuple(MODULES[f"{key}{n}d"] for n in (1, 2, 3) if f"{key}{n}d" in MODULES)
    if several:
        return Counterpart(several)
    for place in (F, torch, Tensor):
        found = getattr(place, type_, None)
        if getattr(found, "__name__", "").startswith("_new_"):  # as torch_geometric puts there
            found = getattr(torch._C._VariableFunctions, type_)
        if callable(found) and not inspect.isclass(found):
            return Counterpart(function=found)
    return None


def function_parameters(function: Callable[..., Any]) -> dict[str, object]:
    """Read a function's parameters from its signature, or where it is built in from its text."""
    try:
        named = inspect.signature(function).parameters.values()
        found = {p.name: p.default for p in named if p.kind is not p.VAR_POSITIONAL}
    except ValueError:
        found = {}
        name = re.escape(function.__name__)
        for line in re.findall(
            rf"^\s*(?:\.\. function:: )?{name}\(((?:.|\n {{8}})*?)\)(?: ->|$)",
            function.__doc__ or "",
            re.M,
        ):
            for part in line.split(","):
                word, _, default = (side.strip().split(":")[0] for side in part.partition("="))
                if word.isidentifier():
                    found[word] = written(default) if default else REQUIRED
    return {name: default for name, default in found.items() if name not in VALUES}


def written(text: str) -> object:
    """Read a default as a docstring writes it."""
    words: dict[str, object] = {"None": None, "True": True, "False": False}
    if text in words:
        return words[text]
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return text.strip("'\"")


def plain(default: object) -> object:
    """Write one number for equal numbers along all axes."""
    if isinstance(default, tuple) and len(set(default)) == 1:
        return default[0]
    return default


def mismatches(type_: str) -> dict[str, tuple[object, object]]:
    """Compare the fields of a layer with torch's parameters: by name, both defaults.

    A field that follows from the input here may be required there.
    """
    found = counterpart(type_)
    assert found is not None
    theirs = {n: d for n, d in found.parameters().items() if n not in spec.guide.EVERYWHERE}
    ours = {
        field.name: REQUIRED if field.default is dataclasses.MISSING else plain(field.default)
        for field in dataclasses.fields(spec.LAYERS[type_])
    }
    absent = object()
    pairs = {
        name: (ours.get(name, absent), theirs.get(name, absent)) for name in {**ours, **theirs}
    }
    return {
        name: ("absent" if a is absent else a, "absent" if b is absent else b)
        for name, (a, b) in pairs.items()
        if (type(a), a) != (type(b), b) and not (a is None and b is REQUIRED) and not alike(a, b)
    }


def alike(a: object, b: object) -> bool:
    """Say whether two numbers are the same, as 1 and 1.0 are."""
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    return numbers and not isinstance(a, bool) and not isinstance(b, bool) and a == b


def shared_fields(type_: str, layer: Layer) -> dict[str, Any]:
    """Give the fields that torch has too."""
    found = counterpart(type_)
    assert found is not None
    theirs = found.parameters().keys() | TRANSLATED.get(type_, set())
    return {n: getattr(layer, n) for n in layer.field_names() if n in theirs}


TRANSLATED: Mapping[str, set[str]] = {
    "split": {"sizes", "sections", "index"},
    "chunk": {"index"},
    "expand": {"shape"},
    "masked_fill": {"value"},
    "einsum": {"equation"},
    "multihead_attention": {"causal"},
    **{name: {"other"} for name in COMPARISONS},
}
"""Fields under other names than torch's, that `ADAPT` puts into torch's words, by layer."""


ADAPT: Mapping[str, Callable[[dict[str, Any], Sequence[Tensor]], dict[str, Any]]] = {
    "reshape": lambda fields, x: {"shape": (len(x[0]), *fields["shape"])},
    "lp_pool1d": lambda fields, x: {  # which multiplies by the window's size as it is written
        **fields,
        "kernel_size": fields["kernel_size"][0],
    },
    "scaled_dot_product_attention": lambda fields, x: {**fields, "dropout_p": 0.0},
    "multihead_attention": lambda fields, x: {n: f for n, f in fields.items() if n != "causal"},
}
"""Fields that are said otherwise on purpose, by layer."""

RUN: Mapping[str, Callable[..., Any]] = {
    "add": lambda f, x, **fields: reduce(f, x),
    "multiply": lambda f, x, **fields: reduce(f, x),
    "maximum": lambda f, x: reduce(f, x),
    "minimum": lambda f, x: reduce(f, x),
    "arange": lambda f, x, start, end, step: f(start, end, step, dtype=torch.float64).expand(
        len(x[0]), -1
    ),
    "einsum": lambda f, x, equation: f(equation, *x),
    "masked_fill": lambda f, x, value: f(x[0], x[1] != 0, value),
    "where": lambda f, x: f(x[0] != 0, *x[1:]),
    "concat": lambda f, x, **fields: f(x, **fields),
    "multihead_attention": lambda f, x, causal: attended(f, x, causal),
    "lstm": lambda f, x: f(*x)[0],
    "gru": lambda f, x: f(*x)[0],
    "rnn": lambda f, x: f(*x)[0],
    "heaviside": lambda f, x, values: f(x[0], torch.tensor(values, dtype=x[0].dtype)),
    **{name: lambda f, x, other: f(*x, *[other] * (len(x) == 1)) for name in COMPARISONS},
    "kthvalue": lambda f, x, **fields: f(x[0], **fields).values,
    "median": lambda f, x, **fields: f(x[0], **fields).values,
    "gather": lambda f, x, dim: f(x[0], dim, x[1]),
    "stack": lambda f, x, **fields: f(x, **fields),
    "chunk": lambda f, x, index, **fields: f(*x, **fields)[index],
    "expand": lambda f, x, shape: f(*x, -1, *shape),
    "index_select": lambda f, x, dim, index: f(*x, dim, torch.tensor(index)),
    "squeeze": lambda f, x, dim: f(*x, tuple(range(1, x[0].ndim)) if dim is None else dim),
    "tile": lambda f, x, dims: f(*x, dims),
    "split": lambda f, x, sizes, sections, index, dim: f(x[0], list(sizes), dim)[index],
}
"""How a layer is called, where not by its inputs one after the other."""


def attended(module: nn.Module, x: Sequence[Tensor], causal: bool) -> Tensor:
    """Run attention of one value, two or three, axes in front counted as a batch."""
    query, key, value = (y.flatten(0, -3) for y in three(tuple(x)))
    pairs = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool)
    result: Tensor = module(query, key, value, attn_mask=pairs.triu(1) if causal else None)[0]
    return result.reshape(*x[0].shape)


def refused(type_: str, layer: Layer, shapes: Sequence[Shape]) -> bool:
    """Say whether torch is known to refuse a layer for shapes that it may have here.

    Of average pooling, only that of volumes has to have no kernel larger than its input.
    """
    if type_ != "avg_pool3d":
        return False
    kernel: tuple[int, ...] = vars(layer)["kernel_size"]
    return any(one > size for one, size in zip(kernel, shapes[0][-3:], strict=True))


def build(type_: str, layer: Layer, x: Sequence[Tensor]) -> nn.Module | None:
    """Make torch's module with the fields of a layer; None for a function."""
    found = counterpart(type_)
    assert found is not None
    if found.function is not None:
        return None
    place = max(0, x[0].ndim - 3) if len(found.modules) > 1 else 0
    fields = shared_fields(type_, layer)
    fields = ADAPT[type_](fields, x) if type_ in ADAPT else fields
    if "batch_first" in found.parameters() or issubclass(found.modules[0], nn.RNNBase):
        fields["batch_first"] = True
    return found.modules[place](**fields).double().eval()


def run(type_: str, layer: Layer, module: nn.Module | None, x: Sequence[Tensor]) -> Tensor:
    """Run torch's module, or its function with the fields of a layer."""
    fields: dict[str, Any] = {}
    called: Any = module
    if module is None:
        found = counterpart(type_)
        assert found is not None
        called = found.function
        fields = shared_fields(type_, layer)
        fields = ADAPT[type_](fields, x) if type_ in ADAPT else fields
    else:
        fields = {name: getattr(layer, name) for name in TRANSLATED.get(type_, ())}
    with torch.no_grad():
        if type_ in RUN:
            return torch.as_tensor(RUN[type_](called, x, **fields))
        return torch.as_tensor(called(*x, **fields))


def padded_before(module: nn.Module, pairs: Sequence[tuple[int, int]], mode: str) -> nn.Module:
    """Let a module pad its input first, by a pair (before, behind) for each axis of space."""
    flat = [n for pair in reversed(pairs) for n in pair]
    mode = "constant" if mode == "zeros" else mode
    module.register_forward_pre_hook(lambda _, x: F.pad(x[0], flat, mode))
    return module
