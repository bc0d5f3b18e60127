"""Features of edges in runs are those of all edges at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphgen
import spec
from spec.testing import networks


@given(networks(), st.sampled_from(["parameter", "computation"]), st.integers(1, 40))
def test_runs_are_the_rows_of_features(net: spec.Architecture, kind: str, edges: int) -> None:
    try:
        template = graphgen.template(net, kind)
    except graphgen.GraphError:
        return  # no graph of this kind
    expected = graphgen.features(template).edges
    found = np.full_like(expected, np.nan)
    last = 0
    for run, columns in graphgen.stream_features(template, edges):
        assert run.start == last
        assert 0 < run.stop - run.start <= edges
        found[run] = columns
        last = run.stop
    assert last == template.num_edges
    assert np.array_equal(found, expected)


def test_coordinates_differ_inside_of_runs() -> None:
    template = graphgen.template(
        spec.loads("inputs: {x: [2, 5, 5]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 3}}]")
    )
    runs = [columns[:, -4:] for _, columns in graphgen.stream_features(template, 9)]
    assert len(np.unique(runs[0], axis=0)) == 9
    assert not np.array_equal(np.concatenate(runs), np.concatenate([runs[0][::-1], *runs[1:]]))


def test_a_large_graph_takes_the_memory_of_a_run() -> None:
    net = spec.loads("inputs: {x: [2000]}\nlayers: [{linear: {out_features: 1000}}]")
    template = graphgen.template(net)
    tracemalloc.start()
    total = sum(len(columns) for _, columns in graphgen.stream_features(template, 1 << 14))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == template.num_edges == 2_001_000
    assert peak < 40e6
    assert graphgen.features(template).edges.nbytes > 10 * peak


def test_what_is_no_graph_is_refused_at_once() -> None:
    with pytest.raises(graphgen.GraphError, match="`graph` is .*; expected a graph or a template"):
        graphgen.stream_features("net.yaml")  # type: ignore[arg-type]
    template = graphgen.template("mlp")
    with pytest.raises(graphgen.GraphError, match="`edges` is an int, 0; expected an integer of 1"):
        graphgen.stream_features(template, 0)
