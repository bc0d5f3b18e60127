from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.batch import float_offsets
from spec.testing import networks

MLP = """
inputs: {x: [3]}
layers: [{linear: {out_features: %d}}, batch_norm, relu, {linear: {out_features: 2}}]
"""


def graphs_of(widths: list[int], dtype: Any = np.float64) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    nets = [spec.loads(MLP % width) for width in widths]
    return [graphgen.compile(net, random_weights(net, rng, dtype)) for net in nets]


@given(st.lists(networks(), min_size=1, max_size=4), st.data())
def test_every_network_is_where_the_batch_says(
    nets: list[spec.Architecture], data: st.DataObject
) -> None:
    rng = np.random.default_rng(0)
    known = [graphgen.compile(net, random_weights(net, rng)) for net in nets]
    graphs = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=8))
    batch = metanet.Batch.from_graphs(graphs)
    assert batch.num_networks == len(graphs)
    assert len(batch.parts) == len({graph.template.architecture for graph in graphs})
    places = [position for part in batch.parts for position in part.positions]
    assert sorted(places) == list(range(len(graphs)))
    assert torch.equal(torch.tensor(places)[batch.order], torch.arange(len(graphs)))
    for part in batch.parts:
        for row, place in enumerate(part.positions):
            graph = graphs[place]
            assert part.template is graph.template
            for name, (start, size) in float_offsets(part.template).items():
                expected = torch.tensor(graph.tensors[name]).reshape(-1)
                assert torch.equal(part.values[row, start : start + size], expected)
                assert torch.equal(part.tensor(name)[row], expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, ml_dtypes.bfloat16])
def test_a_batch_of_a_set_is_the_batch_of_its_graphs(tmp_path: Path, dtype: Any) -> None:
    widths = [4, 5, 4, 6, 5, 4]
    graphs = graphs_of(widths, dtype)
    rows: list[Any] = [
        (spec.loads(MLP % width), graph.weights(), {})
        for width, graph in zip(widths, graphs, strict=True)
    ]
    stored = graphgen.GraphSet.write(tmp_path, rows, rows_per_shard=2)
    chosen = [5, 1, 0, 1, 3]
    from_set = metanet.Batch.from_set(stored, chosen)
    from_graphs = metanet.Batch.from_graphs([graphs[i] for i in chosen])
    assert len(from_set.parts) == len(from_graphs.parts) == 3
    for a, b in zip(from_set.parts, from_graphs.parts, strict=True):
        assert a.positions == b.positions
        assert torch.equal(a.values, b.values)
        assert a.values.dtype == (torch.float64 if dtype is np.float64 else torch.float32)


def test_a_batch_owns_its_values() -> None:
    graphs = graphs_of([4, 4])
    before = graphs[0].tensors["0.weight"].copy()
    metanet.Batch.from_graphs(graphs).parts[0].values.zero_()
    assert np.array_equal(graphs[0].tensors["0.weight"], before)


def test_a_batch_says_in_one_line_what_it_holds() -> None:
    held = {repr(metanet.Batch.from_graphs(graphs_of(widths))) for widths in ([4], [4, 5, 4])}
    assert held == {f"<Batch: networks {n}, architectures {k}>" for n, k in ((1, 1), (3, 2))}


def test_a_batch_is_converted_as_a_whole() -> None:
    batch = metanet.Batch.from_graphs(graphs_of([4, 5, 4]))
    half = batch.to(torch.float16)
    assert [part.values.dtype for part in half.parts] == [torch.float16] * 2
    assert [part.positions for part in half.parts] == [(0, 2), (1,)]
    assert torch.equal(half.order, batch.order)


def test_what_cannot_be_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(metanet.MetanetError, match="at least one network, got none"):
        metanet.Batch.from_graphs([])


def test_tensors_of_several_dtypes_are_held_by_the_widest_and_come_back() -> None:
    (graph,) = graphs_of([4])
    weights = {**graph.weights(), "0.bias": graph.tensors["0.bias"].astype(np.float32)}
    mixed = graph.template.bind(weights)
    batch = metanet.Batch.from_graphs([mixed])
    assert batch.parts[0].values.dtype == torch.float64
    assert torch.equal(
        batch.parts[0].tensor("0.bias")[0].float(), torch.from_numpy(weights["0.bias"])
    )
    (again,) = batch.graphs([mixed])
    assert {n: (x.dtype, x.tobytes()) for n, x in again.tensors.items()} == {
        n: (x.dtype, x.tobytes()) for n, x in weights.items()
    }


def test_networks_of_one_architecture_and_two_dtypes_are_refused() -> None:
    with pytest.raises(metanet.MetanetError, match="dtype"):
        metanet.Batch.from_graphs([*graphs_of([4]), *graphs_of([4], np.float32)])
    with pytest.raises(metanet.MetanetError, match="dtype"):
        metanet.Batch.from_graphs([*graphs_of([4]), *graphs_of([5], np.float32)])


DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn]


@pytest.mark.parametrize("dtype", DTYPES)
def test_graphs_come_back_in_the_dtype_that_went_in(dtype: Any) -> None:
    graphs = graphs_of([4, 5, 4], dtype)
    batch = metanet.Batch.from_graphs(graphs)
    for before, after in zip(graphs, batch.graphs(graphs), strict=True):
        for name, array in before.weights().items():
            assert after.weights()[name].dtype == array.dtype
            assert np.array_equal(after.weights()[name], array)


@pytest.mark.parametrize("dtype", DTYPES[:4])
def test_an_editor_writes_the_dtype_that_went_in(dtype: Any) -> None:
    graphs = graphs_of([4, 5, 4], dtype)
    editor = metanet.GMNEditor(hidden=8, layers=1)
    with torch.no_grad():
        editor.scale.fill_(1.0)
        (edited,) = (editor.double() if dtype is np.float64 else editor)(graphs)
    for before, after in zip(graphs, edited.graphs(graphs), strict=True):
        assert all(
            array.dtype == before.weights()[name].dtype for name, array in after.weights().items()
        )
        assert after.weights()["0.weight"].dtype == dtype
        assert not np.array_equal(after.weights()["0.weight"], before.weights()["0.weight"])


def test_narrow_dtypes_share_a_batch() -> None:
    graphs = [graphs_of([4], dtype)[0] for dtype in DTYPES[1:]]
    weights = graphs[0].weights()
    weights["0.bias"] = weights["0.bias"].astype(np.float16)
    graphs.append(graphs[0].template.bind(weights))
    batch = metanet.Batch.from_graphs(graphs)
    assert [part.values.dtype for part in batch.parts] == [torch.float32]
    for converted in (batch, batch.to(torch.float64)):
        for before, after in zip(graphs, converted.graphs(graphs), strict=True):
            for name, array in before.weights().items():
                assert after.weights()[name].dtype == array.dtype
                assert np.array_equal(after.weights()[name], array)


def test_a_value_that_its_dtype_cannot_hold_is_named() -> None:
    graphs = graphs_of([4], np.float16)
    batch = metanet.Batch.from_graphs(graphs)
    batch.parts[0].values[0, 0] = 1e5
    with pytest.raises(metanet.MetanetError, match="dtype float16, which cannot hold 100000"):
        batch.graphs(graphs)
    batch.parts[0].values[0, 0] = torch.inf
    assert np.isinf(batch.graphs(graphs)[0].weights()["0.weight"]).sum() == 1


def test_wide_floats_are_refused() -> None:
    with pytest.raises(metanet.MetanetError, match="at most 64 bits, got"):
        metanet.Batch.from_graphs(graphs_of([4], np.longdouble))


def test_only_its_own_graphs_come_back() -> None:
    graphs = graphs_of([4, 5])
    batch = metanet.Batch.from_graphs(graphs)
    wrong: list[Any] = [graphs[:1], graphs[::-1], None, 5, [None, None], graphs[0]]
    for originals in wrong:
        with pytest.raises(metanet.MetanetError, match="expected"):
            batch.graphs(originals)


def test_places_that_are_none_are_named() -> None:
    (part,) = metanet.Batch.from_graphs(graphs_of([4, 4])).parts
    twice = metanet.Batch((replace(part, positions=(0, 0)),))
    with pytest.raises(metanet.MetanetError, match="expected each of 0 to 1 once"):
        _ = twice.order
    with pytest.raises(metanet.MetanetError, match="at least one network, got none"):
        metanet.Batch(())
