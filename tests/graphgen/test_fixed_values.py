"""Fixed values: numbers in the file that no tensor holds, told in graphs, with exact symmetries."""

from __future__ import annotations

from math import factorial as f

import numpy as np
import pytest
import torch
from oracles.any_network import Case, check_backends, check_edit, check_network, check_order

import graphgen
import metanet
import spec
from graphgen.lower.parameter.fixed import MOST_RUNS
from graphgen.lower.parameter.folding import MOST_FOLDED
from graphgen.testing import random_inputs, random_weights

ROWS = "inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 6, name: a}\n"
END = "\n  - linear: {out_features: 2}"
NUMBERS = "  - constant: {values: [1, 1, 2, 2, 2, -1], name: c}\n"
NERF = """
inputs: {x: [5, 3]}
layers:
  - frequency_encoding: {num_frequencies: 4}
  - linear: {out_features: 8}
  - relu
  - linear: {out_features: 4}
"""
MASKED = """
inputs: {x: [4, 6]}
layers:
  - linear: {out_features: 6, name: q}
  - linear: {out_features: 6, name: k, inputs: x}
  - bilinear: {inputs: [q, k], out_features: 4, name: scores}
  - band_mask: {rows: 4, %s, name: seen}
  - affine: {scale: -1, shift: 1, name: hidden}
  - masked_fill: {inputs: [scores, hidden], value: -.inf}
  - softmax: {name: shares}
  - linear: {out_features: 2}
"""

MATRIX = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3, name: h}
  - linear: {out_features: 9, inputs: x}
  - reshape: {shape: [3, 3], name: change}
  - constant: {values: %s, name: c}
  - %s: {inputs: [change, c], name: matrix}
  - einsum: {inputs: [h, matrix], equation: "ni,nij->nj"}
  - linear: {out_features: 4}
  - linear: {out_features: 2}
"""

SUMMED = """
inputs: {x: [2]}
layers:
  - linear: {out_features: 3, name: h}
  - constant: {%s, name: c}
  - einsum: {inputs: [h, c], equation: "ni,nij->nj"}
  - tanh
  - linear: {out_features: 2}
"""
MAPS = """
inputs: {x: [1, 4, 3]}
layers:
  - conv2d: {out_channels: 3, kernel_size: 2}
  - reshape: {shape: [18], name: h}
  - constant: {values: %s, name: c}
  - multiply: {inputs: [h, c]}
  - linear: {out_features: 2}
"""

MASKED_WEIGHTS = """
inputs: {x: [2]}
layers:
  - constant: {values: %s, name: mask}
  - parameter: {shape: [4, 2], name: w}
  - multiply: {inputs: [%s], name: masked}
  - einsum: {inputs: [x, masked], equation: "ni,noi->no"}
  - tanh
  - linear: {out_features: 2}
"""


def table(values: str, layer: str) -> str:
    return f"{ROWS}  - constant: {{{values}, name: c}}\n  - {layer}{END}"


def queries(values: str, inputs: str = "[c, queries]") -> str:
    """Write learned queries, that a fixed value is added to, and a mean over what they find."""
    return (
        "inputs: {x: [5, 4]}\nlayers:\n  - parameter: {shape: [3, 4], name: queries}\n"
        f"  - constant: {{values: {values}, shape: [3, 4], name: c}}\n"
        f"  - add: {{inputs: {inputs}}}\n  - linear: {{out_features: 4}}\n  - relu\n"
        f"  - mean: {{dim: 1}}{END}"
    )


NETS: dict[str, tuple[str, int]] = {
    "equal factors": (f"{ROWS}{NUMBERS}  - multiply: {{inputs: [a, c]}}{END}", f(2) * f(3)),
    "equal shifts": (f"{ROWS}{NUMBERS}  - add: {{inputs: [c, a]}}{END}", f(2) * f(3)),
    "equal bounds": (f"{ROWS}{NUMBERS}  - minimum: {{inputs: [a, c]}}{END}", f(2) * f(3)),
    "one number": (table("values: 2, shape: [6]", "multiply: {inputs: [a, c]}"), f(6)),
    "one number of one": (table("values: [2]", "multiply: {inputs: [a, c]}"), f(6)),
    "alternating": (table("values: [1, 2, 1, 2, 1, 2]", "add: {inputs: [a, c]}"), f(3) ** 2),
    "a row": (f"{ROWS}  - arange: {{end: 6, name: c}}\n  - add: {{inputs: [a, c]}}{END}", 1),
    "equal columns": (
        "inputs: {x: [2, 3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - constant: {values: [[1, 2, 1, 2], [3, 4, 3, 5]], name: c}\n"
        f"  - multiply: {{inputs: [a, c]}}\n  - mean: {{dim: 1}}{END}",
        f(2),
    ),
    "columns of other positions": (
        "inputs: {x: [2, 3]}\nlayers:\n  - linear: {out_features: 4, name: a}\n"
        "  - constant: {values: [[1, 2, 1, 2], [2, 1, 2, 1]], name: c}\n"
        f"  - multiply: {{inputs: [a, c]}}\n  - mean: {{dim: 1}}{END}",
        f(2) ** 2,
    ),
    "chosen by fixed ones": (
        f"{ROWS}  - linear: {{out_features: 6, inputs: x, name: b}}\n"
        "  - constant: {values: [0, 0, 1, 1, 1, 1], name: c}\n"
        f"  - where: {{inputs: [c, a, b]}}{END}",
        # of each unit only one of two values is read, and both may be exchanged
        f(2) * f(4),
    ),
    "one number beside queries": (queries("0"), f(3) * f(4) ** 2),
    "queries beside one number": (queries("2", "[queries, c]"), f(3) * f(4) ** 2),
    "rows beside queries": (queries("[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]"), f(2) * f(4) ** 2),
    "columns beside queries": (queries("[1, 2, 2, 2, 1, 2, 2, 2, 1, 2, 2, 2]"), f(3) ** 2 * f(4)),
    "the encoding of NeRF": (NERF, f(8)),
    # rows and columns of a matrix of neurons
    "an identity": (MATRIX % ("[[1, 0, 0], [0, 1, 0], [0, 0, 1]]", "add"), f(3) * f(4)),
    "one row": (MATRIX % ("[[1, 1, 1], [2, 2, 2], [2, 2, 2]]", "multiply"), f(2) * f(3) * f(4)),
    "a triangle": (MATRIX % ("[[1, 1, 1], [0, 1, 1], [0, 0, 1]]", "add"), f(4)),
    "a permutation": (MATRIX % ("[[0, 1, 0], [0, 0, 1], [1, 0, 0]]", "maximum"), f(3) * f(4)),
    "the same everywhere": (MATRIX % ("2, shape: [3, 3]", "add"), f(3) ** 2 * f(4)),
    # items of a fixed value that are summed with neurons
    "a matrix of one number": (SUMMED % "values: 2, shape: [3, 2]", f(3)),
    "two equal rows": (SUMMED % "values: [[1, 2], [3, 4], [1, 2]]", f(2)),
    "no equal rows": (SUMMED % "values: [[1, 2], [3, 4], [2, 1]]", 1),
    # neurons and positions on one axis
    "equal maps": (MAPS % ([1, 2, 3, 4, 5, 6] * 3), f(3)),
    "two equal maps": (MAPS % ([1, 2, 3, 4, 5, 6] * 2 + [1, 2, 3, 5, 4, 6]), f(2)),
    # weights of which some are masked
    "alternating masks": (
        MASKED_WEIGHTS % ("[[1, 0], [0, 1], [1, 0], [0, 1]]", "mask, w"),
        f(2) ** 2,
    ),
    "masks of one unit": (
        MASKED_WEIGHTS % ("[[1, 0], [1, 1], [1, 0], [1, 0]]", "w, mask"),
        f(3),
    ),
    "a fixed value as the output": (
        "inputs: {x: [3]}\nlayers:\n  - linear: {out_features: 2, name: a}\n"
        "  - constant: {values: [[1, 2], [3, 4]], name: c}\noutputs: [a, c]",
        1,
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_the_order_of_a_network_with_fixed_values(name: str) -> None:
    text, order = NETS[name]
    check_network(spec.loads(text), order)


def test_a_large_identity_is_two_rows_of_equal_numbers() -> None:
    numbers = [[int(i == j) for j in range(70)] for i in range(70)]
    text = MATRIX.replace("9", "4900").replace("3", "70")
    net = spec.loads(text % (numbers, "add"))
    kinds = [block.kind for block in graphgen.template(net).blocks]
    assert kinds.count("fixed") == 2
    assert graphgen.symmetries(net).order == f(70) * f(4)


TOLD = [
    ("values: [1, 1, 2, 2, 2, -1]", "values: [1, 1, 2, 2, 2, 1]"),
    ("values: [1, 1, 2, 2, 2, -1]", "values: [1, 2, 1, 2, 2, -1]"),
    ("values: 2, shape: [6]", "values: 3, shape: [6]"),
    ("values: 2, shape: [6]", "values: [2, 2, 2, 2, 2, 3]"),
]


@pytest.mark.parametrize(("first", "second"), TOLD)
@pytest.mark.parametrize("layer", ["multiply: {inputs: [a, c]}", "maximum: {inputs: [a, c]}"])
def test_nets_that_differ_in_a_constant_have_different_graphs(
    first: str, second: str, layer: str
) -> None:
    one, other = (spec.loads(table(values, layer)) for values in (first, second))
    case = Case(one)
    check_edit(case, other)
    structures = [graphgen.template(net) for net in (one, other)]
    same = sorted(first) == sorted(second)  # the same numbers, in another order of units
    assert same or structures[0].hash != structures[1].hash
    columns = [graphgen.features(one) for one in structures]
    told = [found.nodes.tobytes() + found.edges.tobytes() for found in columns]
    assert same or told[0] != told[1]


MASKS = ("after: 0", "before: 1", "after: 0, before: 1", "before: 0, after: 2", "columns: 4")


def test_masks_hide_what_they_say_and_are_told() -> None:
    nets = [spec.loads(MASKED % limits) for limits in MASKS]
    for net, other in zip(nets, nets[1:] + nets[:1], strict=True):
        case = Case(net)
        check_backends(case)
        check_order(graphgen.symmetries(net))
        check_edit(case, other)
    rng = np.random.default_rng(0)
    weights, (x,) = random_weights(nets[0], rng), random_inputs(nets[0], rng)
    form = nets[0].resolved()
    form["layers"].pop()
    shares = graphgen.evaluate(
        spec.from_resolved({**form, "outputs": ["shares"]}),
        {name: array for name, array in weights.items() if name[0] in "qks"},
        x,
    )
    assert np.array_equal(np.asarray(shares) > 0, np.broadcast_to(np.tri(4) > 0, (3, 4, 4)))


def test_nothing_of_nerfs_encoding_is_a_tensor() -> None:
    net = spec.loads(NERF)
    assert set(net.tensors) == {"1.weight", "1.bias", "3.weight", "3.bias"}
    assert net.shapes["0"] == (5, 27)
    assert not set(graphgen.template(net).edge_tensors) - set(net.tensors.values())
    x = np.random.default_rng(0).standard_normal((2, 5, 3))
    parts = [x] + [wave(2.0**i * x) for i in range(4) for wave in (np.sin, np.cos)]
    found = graphgen.evaluate(spec.loads(NERF.split("  - linear")[0]), {}, x)
    assert np.allclose(found, np.concatenate(parts, -1), atol=1e-14)


def test_long_rows_and_large_masks_stay_small_and_exact() -> None:
    units = MOST_RUNS + 6
    long = spec.loads(
        f"inputs: {{x: [2]}}\nlayers: [{{linear: {{out_features: {units}, name: a}}}}, "
        f"{{arange: {{end: {units}, name: c}}}}, {{multiply: {{inputs: [a, c]}}}}, "
        "{linear: {out_features: 1}}]"
    )
    assert graphgen.symmetries(long).order == 1
    assert len(graphgen.template(long).blocks) < 10
    side = 66
    assert side**2 > MOST_FOLDED
    mask = (
        f"inputs: {{x: [{side}, {side}]}}\nlayers: [{{band_mask: {{rows: {side}, %s, name: m}}}}, "
        "{multiply: {inputs: [x, m]}}, {linear: {out_features: 3}}, {linear: {out_features: 1}}]"
    )
    one, other = (spec.loads(mask % limits) for limits in ("after: 0", "after: 1"))
    assert graphgen.symmetries(one).order == f(3)
    assert graphgen.template(one).hash != graphgen.template(other).hash
    assert graphgen.template(one).num_nodes < 300
    check_backends(Case(one))


def test_fixed_values_take_the_dtype_of_the_network() -> None:
    net = spec.loads(
        "inputs: {x: [3]}\nlayers:\n  - constant: {values: [0.1, 0.2], name: c, inputs: x}\n"
        "  - embedding: {num_embeddings: 5, embedding_dim: 2, inputs: x, name: e}\n"
        "  - reshape: {shape: [1, 2], inputs: c, name: r}\n  - multiply: {inputs: [e, r]}"
    )
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(0)
        weights = random_weights(net, rng, dtype)
        (x,) = random_inputs(net, rng)
        ours = np.asarray(graphgen.evaluate(net, weights, x))
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        theirs = metanet.evaluate.run(net, tensors, torch.from_numpy(x)).numpy()
        assert ours.dtype == theirs.dtype == dtype
        exact = weights["e.weight"][x] * np.array([0.1, 0.2])
        assert np.allclose(ours, exact, atol=1e-15 if dtype is np.float64 else 1e-7)
        assert np.allclose(theirs, ours, atol=1e-15 if dtype is np.float64 else 1e-7)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("constant: {values: [[1, 2], [3]]}", "lists of one length side by side"),
        ("constant: {values: []}", "expected numbers, got an empty list"),
        ("constant: {values: [1, a]}", "expected a number or a list of them, got 'a'"),
        ("constant: {values: [1, 2], shape: [3]}", "`values` has 2 numbers"),
        ("arange: {end: -1}", "there is no number from 0 to -1 in steps of 1"),
        ("arange: {end: 1, step: 0}", "in steps of 0"),
        ("band_mask: {rows: 2, before: -1}", "at least 0"),
        ("masked_fill: {inputs: [x, x], value: [1]}", "expected one number"),
    ],
)
def test_wrong_numbers_are_refused(layer: str, said: str) -> None:
    with pytest.raises(spec.SpecError, match=said):
        spec.loads(f"inputs: {{x: [3]}}\nlayers: [{{{layer}}}]")
