"""Every layer and every reference network: its graph is exact, and its symmetries hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphgen
import spec
from graphgen.testing import (
    assert_round_trip,
    assert_symmetric,
    random_inputs,
    random_weights,
    relative_error,
)
from graphgen.testing.symmetric import outputs
from graphgen.verify import verify_template
from spec.testing.examples import EXAMPLES, example_texts

NETS = sorted(Path(spec.__file__).parent.glob("nets/*.yaml"))
CUTS_THROUGH_NEURONS = "shape:\n    - 3"


def texts() -> list[str]:
    """List the examples of all layers that random networks do not draw."""
    every = [text for type_ in sorted(EXAMPLES) for text in example_texts(type_)]
    return [text for text in every if CUTS_THROUGH_NEURONS not in text]


def check(net: spec.Architecture) -> None:
    """Check the graph's invariants, the way there and back, and the symmetries."""
    rng = np.random.default_rng(0)
    verify_template(graphgen.template(net))
    weights = random_weights(net, rng)
    assert_round_trip(net, weights)
    group = graphgen.symmetries(net)
    x = random_inputs(net, rng)
    expected = outputs(net, weights, x)
    for _ in range(100):
        moved = outputs(net, group.sample(rng).apply(weights), x)
        assert relative_error(moved, expected) < 1e-10


@pytest.mark.parametrize("text", texts())
def test_every_layer_has_an_exact_graph(text: str) -> None:
    check(spec.loads(text))


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_every_reference_network_has_an_exact_graph(path: Path) -> None:
    check(spec.load(path))


def test_a_reshape_may_cut_through_neurons() -> None:
    check(spec.loads("inputs: {x: [4, 6]}\nlayers: [{reshape: {shape: [3, 8]}}]"))


ATTENTION = """
inputs: {x: [3, 6]}
layers:
  - linear: {out_features: 5, name: before}
  - multihead_attention: {num_heads: 4, num_kv_heads: 2, head_dim: 2, packed: false}
  - linear: {out_features: 2}
"""


def test_heads_nest_in_grouped_query_attention() -> None:
    # 2 pairs of key-value heads; in each 2 query heads; 2 dimensions of Q with K, and of V.
    attention = 2 * 2**2 * 2**2 * 2**2
    before = after = 120
    assert graphgen.symmetries(spec.loads(ATTENTION)).order == attention * before * after


def test_rotary_positions_pin_the_turned_features() -> None:
    turned = ATTENTION.replace("packed: false", "packed: false, rotary: 10000")
    plain, pinned = (graphgen.symmetries(spec.loads(text)).order for text in (ATTENTION, turned))
    assert plain == pinned * 2**2


def test_swapping_dimensions_of_queries_alone_is_no_symmetry() -> None:
    net = spec.loads(ATTENTION)
    rng = np.random.default_rng(0)
    weights, x = random_weights(net, rng), random_inputs(net, rng)
    assert_symmetric(net, weights, x, rng)
    name = next(name for name in weights if name.endswith("q_proj.weight"))
    swapped = {**weights, name: weights[name][[1, 0, *range(2, 8)]]}
    assert relative_error(outputs(net, swapped, x), outputs(net, weights, x)) > 1e-3


def test_the_tied_head_of_gpt2_is_marked() -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / "gpt2.yaml")
    weights = random_weights(net, np.random.default_rng(0))
    for kind in ("parameter", "computation"):
        graph = graphgen.compile(net, weights, kind)
        uses = [block for block in graph.blocks if block.tensor == "wte.weight"]
        assert [block.tied for block in uses] == [False, True]
        ids = graph.template.edge_parameters()
        first, second = (
            set(ids[block.edge_start : block.edge_start + block.num_edges]) for block in uses
        )
        assert first == second


def test_what_a_mixer_wrote_and_flattening_merged_is_read_as_one() -> None:
    check(
        spec.loads("""
inputs: {x: [3, 2]}
layers:
  - linear: {out_features: 4}
  - transpose: {dim0: 1, dim1: 2}
  - linear: {out_features: 2}
  - transpose: {dim0: 1, dim1: 2}
  - flatten
  - linear: {out_features: 2}
""")
    )
