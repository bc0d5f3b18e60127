"""Weight-space layers against their formula, neuron by neuron."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from metanet import kernels
from metanet.models.weight_space import Item, States, WeightSpaceLayer
from metanet.models.weight_space.compiled import CompiledSteps
from metanet.models.weight_space.formula import update_at_once
from metanet.models.weight_space.layout import Layout
from metanet.models.weight_space.steps import Steps

SIZES = {0: 3, 1: 5, 2: 4, 3: 1}
NETWORKS = 3
ITEMS = [
    Item("weight1", (1, 0), 3), Item("bias1", (1,), 2), Item("weight2", (2, 1), 4),
    Item("bias2", (2,), 3), Item("also", (1,), 5), Item("rest", (), 4),
]  # fmt: skip
LISTS = {
    "all kinds": ITEMS,
    "grids alone": [Item("weight1", (1, 0), 3), Item("weight2", (2, 1), 2)],
    "one grid": [Item("weight1", (1, 0), 2)],
    "lines alone": [Item("bias1", (1,), 2), Item("bias2", (2,), 3)],
    "no neurons": [Item("rest", (), 4)],
    "one neuron": [Item("weight1", (3, 2), 2), Item("bias1", (3,), 2)],
}


@pytest.fixture(params=[1, 40, 1 << 17])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    for kind in (Steps, CompiledSteps):
        monkeypatch.setattr(kind, "chunk", request.param)
        monkeypatch.setattr(kind, "reuse", 0)
    return int(request.param)


@pytest.fixture(params=[False, True], ids=["torch", "kernels"], autouse=True)
def compiled(request: pytest.FixtureRequest) -> Iterator[bool]:
    assert kernels.available(), kernels.reason()
    if request.param:
        yield True
    else:
        with kernels.off():
            yield False


def layer_of(items: list[Item], dtype: torch.dtype = torch.float64) -> WeightSpaceLayer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = WeightSpaceLayer(items).to(dtype)
        with torch.no_grad():
            layer.scale.normal_()
            layer.shift.normal_()
    return layer


def states_of(
    items: list[Item], dtype: torch.dtype = torch.float64, networks: int = NETWORKS
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        item.name: torch.randn(
            networks, *(SIZES[axis] for axis in item.axes), item.width,
            generator=generator, dtype=dtype,
        ).requires_grad_()
        for item in items
    }  # fmt: skip


def by_hand(layer: WeightSpaceLayer, items: list[Item], states: Mapping[str, Tensor]) -> States:
    """The layer's formula for each item at each of its neurons, from averages taken there."""
    layout, maps = layer.layout, layer.maps()

    def average(item: Item, fixed: Mapping[int, int]) -> Tensor:
        rows = [
            states[item.name][:, *place]
            for place in product(*(range(SIZES[axis]) for axis in item.axes))
            if all(place[item.axes.index(axis)] == index for axis, index in fixed.items())
        ]
        return torch.stack(rows).mean(0)

    result = {}
    for item in items:
        span = layout.places[item.name]
        entries = []
        for place in product(*(range(SIZES[axis]) for axis in item.axes)):
            everything = [average(i, {}) for line in layout.lines for i in line.leads]
            everything += [average(i, {}) for i in layout.alone]
            change = torch.cat(everything, 1) @ maps.whole[span].T + maps.bias[span]
            for axis, index in zip(item.axes, place, strict=True):
                line = layout.lines[layout.number[axis]]
                there = torch.cat([average(i, {axis: index}) for i in line.items], 1)
                weight = maps.along[layout.number[axis]][line.places[item.name]]
                change = change + there @ weight.T
            state = states[item.name][:, *place]
            if len(item.axes) == 2:
                change = change + state @ maps.own[layout.grids.index(item)].T
            change = change / (1 + torch.exp(-change))
            change = change - change.mean(1, keepdim=True)
            change = change / (change.square().mean(1, keepdim=True) + 1e-5).sqrt()
            entries.append(state + change * maps.scale[span] + maps.shift[span])
        shape = tuple(SIZES[axis] for axis in item.axes)
        result[item.name] = torch.stack(entries, 1).unflatten(1, shape) if shape else entries[0]
    return layout.gather(result)


def tensors(states: States) -> list[Tensor]:
    return [*states.grids, *states.lines, states.whole]


def gradients(result: States, inputs: list[Tensor]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    loss = sum(
        (tensor * torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)).sum()
        for tensor in tensors(result)
    )
    assert isinstance(loss, Tensor)
    return list(torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True))


@pytest.mark.parametrize("name", LISTS)
def test_a_layer_is_its_formula_at_every_neuron(name: str, chunk: int) -> None:
    items = LISTS[name]
    layer, states = layer_of(items), states_of(items)
    inputs = [*states.values(), *layer.parameters()]
    found = layer(layer.layout.gather(states))
    expected = by_hand(layer, items, states)
    pairs = [*zip(tensors(found), tensors(expected), strict=True)]
    pairs += zip(gradients(found, inputs), gradients(expected, inputs), strict=True)
    for ours, wanted in pairs:
        torch.testing.assert_close(ours, wanted, rtol=1e-9, atol=1e-10)
    with torch.no_grad():
        layer.whole.bias += 1e-3
        moved = layer(layer.layout.gather(states))
    differences = zip(tensors(moved), tensors(found), strict=True)
    assert max((a - b).abs().max().item() for a, b in differences) > 1e-6


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LISTS)
def test_chunks_compute_what_whole_tensors_do(name: str, dtype: torch.dtype, chunk: int) -> None:
    items = LISTS[name]
    layer, states = layer_of(items, dtype), states_of(items, dtype)
    inputs = [*states.values(), *layer.parameters()]

    def twice(at_once: bool) -> States:
        given = layer.layout.gather(states)
        for _ in range(2):
            given = update_at_once(layer.layout, given, layer.maps()) if at_once else layer(given)
        return given

    found, expected = twice(False), twice(True)
    tolerance = 1e-11 if dtype == torch.float64 else 1e-3
    pairs = [*zip(tensors(found), tensors(expected), strict=True)]
    pairs += zip(gradients(found, inputs), gradients(expected, inputs), strict=True)
    for ours, wanted in pairs:
        assert (ours - wanted).abs().max() <= tolerance * (1 + wanted.abs().max())


def test_gradients_of_some_outputs_are_enough(chunk: int) -> None:
    layer, states = layer_of(ITEMS), states_of(ITEMS)
    inputs = [*states.values(), *layer.parameters()]
    chosen: list[Callable[[States], Tensor]] = [
        lambda s: s.whole, lambda s: s.grids[0], lambda s: s.lines[1]
    ]  # fmt: skip
    for choose in chosen:
        both = []
        for step in (layer, lambda s: update_at_once(layer.layout, s, layer.maps())):
            loss = choose(step(layer.layout.gather(states))).pow(3).sum()
            both.append(
                torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)
            )
        for ours, wanted in zip(*both, strict=True):
            torch.testing.assert_close(ours, wanted, rtol=1e-9, atol=1e-10)


def test_gradients_can_be_derived_again() -> None:
    items = [Item("weight1", (1, 3), 2), Item("rest", (), 2)]
    layer, states = layer_of(items), states_of(items, networks=1)

    def outputs(*inputs: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(states, inputs, strict=True))
        return tuple(tensors(layer(layer.layout.gather(given))))

    assert torch.autograd.gradcheck(outputs, tuple(states.values()))
    assert torch.autograd.gradgradcheck(outputs, tuple(states.values()))


def test_transformations_of_torch_take_a_layer() -> None:
    layer, states = layer_of(ITEMS), states_of(ITEMS)
    plain = {name: state.detach() for name, state in states.items()}

    def loss(given: dict[str, Tensor]) -> Tensor:
        result: Tensor = layer(layer.layout.gather(given)).whole.pow(3).sum()
        return result

    loss(states).backward()
    found = torch.func.grad(loss)(plain)
    each = torch.func.vmap(torch.func.grad(loss))({n: s.unsqueeze(1) for n, s in plain.items()})
    for name, state in states.items():
        assert state.grad is not None
        torch.testing.assert_close(found[name], state.grad, rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(each[name].squeeze(1), state.grad, rtol=1e-9, atol=1e-10)


def test_low_precision_is_computed_by_the_formula() -> None:
    layer, states = layer_of(ITEMS, torch.bfloat16), states_of(ITEMS, torch.bfloat16)
    given = layer.layout.gather(states)
    by_formula = update_at_once(layer.layout, given, layer.maps())
    pairs = zip(tensors(layer(given)), tensors(by_formula), strict=True)
    assert all(torch.equal(ours, wanted) for ours, wanted in pairs)
    layer, states = layer_of(ITEMS, torch.float32), states_of(ITEMS, torch.float32)
    given = layer.layout.gather(states)
    full = layer(given)
    with torch.autocast("cpu", torch.bfloat16):
        low = layer(given)
    for ours, wanted in zip(tensors(low), tensors(full), strict=True):
        assert 0 < (ours - wanted).abs().max() < 0.2


@pytest.mark.parametrize("reuse", [False, True])
def test_states_are_written_over_only_where_that_is_asked_for(reuse: bool) -> None:
    layer, states = layer_of(ITEMS), states_of(ITEMS)
    given = layer.layout.gather(states)
    before = [tensor.clone() for tensor in tensors(given)]
    with torch.no_grad():
        layer(given, reuse)
    changed = [not torch.equal(*pair) for pair in zip(tensors(given), before, strict=True)]
    assert changed == [reuse] * len(given.grids) + [False] * (len(changed) - len(given.grids))
    given = layer.layout.gather(states_of(ITEMS))
    layer(given, reuse).whole.sum().backward()
    assert all(torch.equal(*pair) for pair in zip(tensors(given), before, strict=True))


@given(
    st.lists(st.sampled_from([(), (0,), (1,), (2,), (1, 0), (2, 1), (0, 2)]), min_size=1),
    st.data(),
)
def test_items_are_found_where_the_layout_put_them(
    axes: list[tuple[int, ...]], data: st.DataObject
) -> None:
    items = [
        Item(f"{number}", own, data.draw(st.integers(1, 3))) for number, own in enumerate(axes[:6])
    ]
    layout, states = Layout(items), states_of(items, networks=2)
    found = layout.scatter(layout.gather(states))
    assert list(found) == [item.name for item in items]
    assert all(torch.equal(found[name], state) for name, state in states.items())
    assert layout.gather(states).whole.shape[1] == layout.width
