"""Modules of `torch.nn` in their variants, each with its inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Case = tuple[Callable[[], nn.Module], tuple[torch.Tensor, ...]]


def x(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def indices(*shape: int, below: int = 4) -> torch.Tensor:
    return torch.randint(below, shape, generator=torch.Generator().manual_seed(1))


SEQUENCE, IMAGE, VOLUME = x(3, 4, 7), x(3, 4, 7, 6), x(2, 4, 5, 6, 5)
SPACES = {1: SEQUENCE, 2: IMAGE, 3: VOLUME}


class With(nn.Module):
    """A module with a layer in front and one behind, so that it has neighbours."""

    def __init__(self, inner: nn.Module, features: int, behind: int) -> None:
        super().__init__()
        self.first = nn.Linear(features, features)
        self.inner = inner
        self.last = nn.Linear(behind, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.inner(self.first(x)))


class Around(nn.Module):
    """A module between two functions, for one that changes nothing."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.inner(torch.tanh(x)))


class Looked(nn.Module):
    """A cell that is run for each item of a sequence, in a loop."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state, outputs = None, []
        for item in x.unbind(1):
            state = self.cell(item, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs, 1)


class Bounds(nn.Module):
    """A loss of each sample, between 0 and 1."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.loss(x.sigmoid(), y.sigmoid())


def activation(name: str, **options: Any) -> list[Case]:
    make = getattr(nn, name)
    return [
        (lambda: make(**options), (SEQUENCE * 3,)),
        (lambda: With(make(**options), 7, 7), (SEQUENCE,)),
    ]


def convolutions(dims: int, transposed: bool = False) -> list[Case]:
    name = f"Conv{'Transpose' * transposed}{dims}d"
    make: Any = getattr(nn, name)
    options: list[dict[str, Any]] = [
        {}, {"stride": 2, "padding": 1}, {"groups": 2, "bias": False}, {"dilation": 2},
    ]  # fmt: skip
    if transposed:
        options += [{"stride": 3, "output_padding": 1, "padding": 1, "dilation": 2}]
    else:
        options += [{"padding": "same"}, {"padding": "valid"}, {"padding": "same", "dilation": 2}]
        modes = ("reflect", "replicate", "circular")
        options += [{"padding": 1, "padding_mode": mode} for mode in modes]
    cases: list[Case] = [
        (lambda o=o: make(4, 6, 2, **o), (SPACES[dims],))  # type: ignore[misc]
        for o in options
    ]
    if not transposed and dims > 1:
        kernel, padding = (3, 2, 1)[:dims], (2, 0, 1)[:dims]
        cases.append((lambda: make(4, 6, kernel, padding=padding), (SPACES[dims],)))
    return cases


def pools(kind: str, dims: int) -> list[Case]:
    make: Any = getattr(nn, f"{kind}Pool{dims}d")
    if kind.startswith("Adaptive"):
        sizes: list[Any] = [1, 3, (2, 3, 2)[:dims]] + ([(None, 2, None)[:dims]] if dims > 1 else [])
        return [(lambda s=s: make(s), (SPACES[dims],)) for s in sizes]  # type: ignore[misc]
    options: list[dict[str, Any]] = [
        {}, {"stride": 1}, {"stride": 2, "padding": 1}, {"stride": 2, "ceil_mode": True},
        {"stride": 3, "padding": 1, "ceil_mode": True},
    ]  # fmt: skip
    if kind == "Max":
        options.append({"dilation": 2, "stride": 1})
    else:
        options.append({"padding": 1, "count_include_pad": False, "ceil_mode": True})
        if dims > 1:
            options.append({"divisor_override": 5})
    return [(lambda o=o: make(3, **o), (SPACES[dims],)) for o in options]  # type: ignore[misc]


def padding(name: str, dims: int) -> list[Case]:
    make: Any = getattr(nn, f"{name}Pad{dims}d")
    more = (1.5,) if name == "Constant" else ()
    sides = (1, 2, 3, 0, 1, 1)[: 2 * dims]
    return [
        (lambda: make(sides, *more), (SPACES[dims],)),
        (lambda: make(1, *more), (SPACES[dims],)),
    ]


def recurrent(name: str, **options: Any) -> list[Case]:
    make: Any = getattr(nn, name)
    variants: list[dict[str, Any]] = [
        {}, {"bias": False}, {"num_layers": 2, "bidirectional": True}, {"dropout": 0.5,
        "num_layers": 2},
    ]  # fmt: skip
    every = [{"batch_first": first, **o, **options} for first in (False, True) for o in variants]
    cases: list[Case] = [(lambda o=o: make(7, 5, **o), (SEQUENCE,)) for o in every]  # type: ignore[misc]
    return [*cases, (lambda: make(7, 5, **options), (x(4, 7),))]


def norms(name: str, **options: Any) -> list[Case]:
    make: Any = getattr(nn, name)
    dims = int(name[-2])
    shapes = [(SPACES[dims],), *([(x(5, 4),)] if name == "BatchNorm1d" else [])]
    variants: list[dict[str, Any]] = [{}, {"affine": False}, {"eps": 0.1, **options}]
    return [(lambda o=o: make(4, **o), given) for given in shapes for o in variants]  # type: ignore[misc]


def attention() -> list[Case]:
    source, memory = x(6, 3, 8), x(5, 3, 8, seed=2)
    turned, behind = source.transpose(0, 1).contiguous(), memory.transpose(0, 1).contiguous()
    make: Any = nn.MultiheadAttention
    return [
        (lambda: make(8, 2), (source, source, source)),
        (lambda: make(8, 2), (source, memory, memory)),
        (lambda: make(8, 2, batch_first=True, bias=False), (turned, behind, behind)),
        (lambda: make(8, 4, kdim=5, vdim=7), (source, x(5, 3, 5), x(5, 3, 7))),
        (lambda: make(8, 2, add_bias_kv=True), (source, memory, memory)),
        (lambda: make(8, 2, add_zero_attn=True), (source, memory, memory)),
        (lambda: make(8, 2), (x(6, 8), x(5, 8), x(5, 8))),
    ]


def transformers(name: str) -> list[Case]:
    source, memory = x(6, 3, 8), x(5, 3, 8, seed=2)
    variants: list[dict[str, Any]] = [
        {}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True, "bias": False},
    ]  # fmt: skip
    layer: Any = getattr(nn, name if name.endswith("Layer") else f"{name}Layer", None)

    def made(o: dict[str, Any]) -> nn.Module:
        if name == "Transformer":
            sizes = {"num_encoder_layers": 1, "num_decoder_layers": 2, "dim_feedforward": 12}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it cannot be as fast
                return nn.Transformer(8, 2, **sizes, **o)  # type: ignore[arg-type]
        one: nn.Module = layer(8, 2, 12, **o)
        if name.endswith("Layer"):
            return one
        stack: Any = getattr(nn, name)
        options = {"enable_nested_tensor": False} if name == "TransformerEncoder" else {}
        return stack(one, 2, norm=nn.LayerNorm(8), **options)  # type: ignore[no-any-return]

    def given(o: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        both = source, memory
        if o.get("batch_first"):
            both = source.transpose(0, 1).contiguous(), memory.transpose(0, 1).contiguous()
        return both[:1] if "Encoder" in name else both

    return [(lambda o=o: made(o), given(o)) for o in variants]  # type: ignore[misc]


def lazy(name: str, *arguments: Any) -> list[Case]:
    given = SPACES.get(int(name[-2]), SEQUENCE) if name[-1] == "d" else SEQUENCE

    def made() -> nn.Module:
        module = getattr(nn, name)(*arguments).double()
        module(given)
        return module  # type: ignore[no-any-return]

    return [(made, (given,))]


def losses(name: str, *options: dict[str, Any], inside: bool = False) -> list[Case]:
    make: Any = getattr(nn, name)
    wrap: Any = Bounds if inside else (lambda loss: loss)
    given = x(3, 4), x(3, 4, seed=2)
    mean = "batchmean" if name == "KLDivLoss" else "mean"
    every: list[dict[str, Any]] = [{"reduction": "none"}, {"reduction": mean}, *options]
    return [(lambda o=o: wrap(make(**o)), given) for o in every]  # type: ignore[misc]


def one(make: Callable[[], nn.Module], *given: torch.Tensor) -> list[Case]:
    return [(make, given or (SEQUENCE,))]
