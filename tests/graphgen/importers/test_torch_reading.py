"""How modules of torch are read: their inputs, outputs, dtypes, and what they write in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import pytest
import torch
from oracles.imported_modules import difference, imported, made_random
from torch import nn
from torch.nn import functional as F

import graphgen
from graphgen.importers import ImportRefusalError, from_torch
from graphgen.importers.batches import with_batch
from graphgen.importers.imported import finish
from graphgen.importers.operators import convolution
from graphgen.importers.torch.operators.registry import OPERATORS
from graphgen.importers.torch.program import read_program


def x(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


class Function(nn.Module):
    """A linear map, and a function behind it."""

    def __init__(self, function: Callable[..., object], width: int = 6) -> None:
        super().__init__()
        self.map, self.function = nn.Linear(4, width), function

    def forward(self, x: torch.Tensor, *rest: torch.Tensor) -> object:
        return self.function(self.map(x), *rest)


def written(y: torch.Tensor) -> torch.Tensor:
    y[:, 0] = 1.0
    y[:, 2:4] *= 2
    y[:, 3:] = y[:, :2]
    y.relu_().add_(0.5)
    z = torch.zeros_like(y)
    z[:, 1:].copy_(y[:, 1:])
    return z


def masked(y: torch.Tensor) -> torch.Tensor:
    y[y > 0.5] = 0.0
    return y.masked_fill_(y < -0.5, 2.0)


def scattered(y: torch.Tensor) -> torch.Tensor:
    index = torch.tensor([4, 0])
    y = y.index_copy(1, index, y[:, :2])
    return y.index_add(1, index, torch.ones(3, 2, 6, dtype=y.dtype))


def without_gradient(y: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return y * 2


FUNCTIONS: list[Callable[..., object]] = [
    written, masked, scattered, without_gradient,
    lambda y: y.unfold(1, 3, 2), lambda y: y.tril(1) - y.triu(), lambda y: y.roll(1),
    lambda y: torch.stack([y, y + 1], -1).flatten(1), lambda y: torch.rot90(y, 1, (1, 2)),
    lambda y: y.topk(2)[0], lambda y: y.sort(-1)[0], lambda y: y.argmax(-1), lambda y: y.median(),
    lambda y: y.std(-1), lambda y: y.var(-1, unbiased=False), lambda y: torch.logcumsumexp(y, -1),
    lambda y: y.norm(dim=-1), lambda y: y.cumprod(-1), lambda y: y.diagonal(dim1=1, dim2=2),
    lambda y: torch.einsum("bii->b", y[:, :, :5]), lambda y: y @ y.mT, lambda y: y.prod(-1),
    lambda y: torch.where(y > 0, y, -y), lambda y: y.clamp(-1, 0.5), lambda y: y.abs().pow(1.5),
    lambda y: F.normalize(y, dim=-1), lambda y: torch.addcmul(y, y, y, value=2),
    lambda y: torch.lerp(y, y * y, 0.3), lambda y: y.softmax(-1).log(), lambda y: y.tan(),
    lambda y: torch.cdist(y, y * 2), lambda y: y.sinh() + y.cosh(), lambda y: torch.dist(y, y * y),
    lambda y: y.repeat_interleave(torch.tensor([1, 0, 2, 1, 1, 0]), 2), lambda y: y.logsumexp(-1),
    lambda y: y.movedim(1, 2), lambda y: y.view(3, -1, 2, 3).permute(0, 3, 1, 2).mT,
    lambda y: torch.tensordot(y, torch.ones(6, 2, dtype=y.dtype), 1), lambda y: y.mean((-1, -2)),
    lambda y: y[:, [0, 2], [1, 3]], lambda y: y[:, torch.tensor([True, False, True, False, True])],
    lambda y: y[..., None, :2].expand(-1, -1, 4, -1), lambda y: F.one_hot(y.argmax(-1), 6),
    lambda y: y.gather(2, y.argmax(-1, keepdim=True)), lambda y: y.split([1, 2, 3], -1)[1],
    lambda y: torch.atleast_3d(y).squeeze(), lambda y: y.any(-1), lambda y: (y > 0).sum(-1),
    lambda y: F.interpolate(y, 9, mode="linear"), lambda y: F.pad(y, (1, 2), value=3.0),
    lambda y: F.gumbel_softmax(y) if False else F.hardsigmoid(y), lambda y: y.new_ones(6) * y,
    lambda y: torch.outer(y[0, 0], torch.ones(2, dtype=y.dtype)), lambda y: y.double() * 2,
    lambda y: torch.meshgrid(torch.arange(5.0), torch.arange(6.0), indexing="ij")[0] * y,
    lambda y: F.layer_norm(y, (6,)), lambda y: torch.baddbmm(y, y @ y.mT, y, alpha=2),
    lambda y: (y.bool() & ~(y > 1)) | (y < 0), lambda y: y.flip(-1).chunk(4, -1)[-1],
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_functions(function: Callable[..., object]) -> None:
    imported(made_random(Function(function)), x(3, 5, 4))


def test_inputs_by_name_and_in_another_order() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.map = nn.Linear(4, 3)

        def forward(self, a: torch.Tensor, b: torch.Tensor, c: float | None = None) -> torch.Tensor:
            return self.map(a) - b

    module = made_random(Pair())
    found = from_torch(module, {"b": x(2, 3), "a": x(2, 4)})
    assert list(found.net.inputs.values()) == [(3,), (4,)]


def test_outputs_in_dicts_tuples_and_dataclasses() -> None:
    @dataclass
    class Output:
        logits: torch.Tensor
        states: tuple[torch.Tensor, ...]

    torch.export.register_dataclass(Output)
    for give in (
        lambda y: {"b": y, "a": (y + 1, [y * 2])},
        lambda y: Output(y, (y + 1, y * 2)),
        lambda y: (y, None, y.sum(-1)),
    ):
        module = made_random(Function(give))
        found = from_torch(module, x(3, 4))
        assert len(found.net.outputs) in (2, 3)


def test_an_output_that_is_given_twice() -> None:
    module = made_random(Function(lambda y: (y, y)))
    found = from_torch(module, x(3, 4))
    assert difference(found, module, x(3, 4)) < 1e-9


def test_an_input_that_plays_no_part() -> None:
    module = made_random(Function(lambda y, unread: y))
    found = from_torch(module, (x(3, 4), x(3, 9)))
    assert list(found.net.inputs.values()) == [(4,)]
    assert len(found.inputs_of(x(3, 4).numpy(), x(3, 9).numpy())) == 1


def test_weights_in_sixteen_bits_stay_as_they_are() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Tanh()).to(torch.bfloat16)
    found = from_torch(module, x(2, 4).to(torch.bfloat16))
    array = found.weights["0.weight"]
    assert array.dtype == ml_dtypes.bfloat16
    bits = module[0].weight.detach().view(torch.int16).numpy()
    assert np.array_equal(array.view(np.int16), bits)
    assert np.shares_memory(array, bits)


def test_what_computes_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU())
    inputs = torch.randn(2, 2, 5, 5)
    from_torch(module, inputs)

    def wrong(t: object, x: object, weight: object, bias: object, *rest: object) -> object:
        return convolution.convolution(
            t,
            x,
            weight,
            bias,
            stride=[1, 1],
            padding=[(0, 2), 1],
            dilation=[1, 1],  # type: ignore[arg-type]
        )

    monkeypatch.setitem(OPERATORS, "conv2d", wrong)
    with pytest.raises(ImportRefusalError, match="does not compute what Sequential computes"):
        from_torch(module, inputs)
    assert from_torch(module, inputs, check=False).net.layers


def test_data_and_randomness_are_refused_with_a_reason() -> None:
    for function, reason in (
        (lambda y: y if y.sum() > 0 else -y, "torch.export does not read Function"),
        (lambda y: y + torch.randn(6), "random"),
        (lambda y: torch.fft.fft(y).angle(), "operator of complex numbers"),
        (lambda y: torch.linalg.inv(y[:, :, :5]), "does not know this operator"),
        (lambda y: y.floor(), "does not know this operator"),
        (lambda y: y - y.mean(0), "samples"),
    ):
        module = made_random(Function(function))
        with pytest.raises(ImportRefusalError, match=reason):
            from_torch(module, (x(3, 5, 4),), batch_axis=0)


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(ImportRefusalError, match=r"expected a torch.nn.Module"):
        from_torch(torch.tanh, x(3, 4))


def test_buffers_that_are_no_statistics_are_constants() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("scale", torch.arange(4.0), persistent=False)
            self.map = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.map(x * self.scale)

    found = imported(made_random(Scaled()), x(2, 4))
    assert set(found.weights) == {"map.weight", "map.bias"}
    assert graphgen.symmetries(found.net).order == 1
    assert difference(found, made_random(Scaled(), seed=1), x(2, 4)) > 1e-3


def test_writing_into_an_input_is_the_network_s_own_matter() -> None:
    module = made_random(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 3)))
    inputs = x(2, 4)
    found = from_torch(module, inputs)
    assert len(found.net.outputs) == 1
    assert torch.equal(inputs, x(2, 4))


def test_a_module_that_counts_is_refused() -> None:
    class Counted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.map = nn.Linear(4, 3)
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.count.add_(1)
            return self.map(x) * self.count

    with pytest.raises(ImportRefusalError, match="changes 'count' while it runs"):
        from_torch(Counted(), torch.zeros(2, 4))


def test_a_program_of_any_length_is_that_of_its_example() -> None:
    class Open(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.map = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.map(x)
            return y.view(x.shape[0], -1) / (x.shape[1] // 2)

    length = torch.export.Dim("length", min=2, max=64)
    module = made_random(Open())
    program = torch.export.export(module, (x(2, 5, 4),), dynamic_shapes={"x": {0: length}})
    read = read_program(program)
    found = finish(*with_batch(read.trace, read.input_shapes))
    assert difference(found, module, x(3, 5, 4)) < 1e-9
