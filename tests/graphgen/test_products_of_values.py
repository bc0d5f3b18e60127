"""matmul and einsum: torch's results, orders by hand, messages in the user's own letters."""

from __future__ import annotations

from math import factorial as f
from typing import Any

import numpy as np
import pytest
import torch
from oracles.any_network import Case, check_edit, check_network

import graphgen
import metanet
import spec

GCN = """
inputs: {x: [5, 3], adjacency: [5, 5]}
layers:
  - linear: {out_features: 6, bias: false, inputs: x, name: h}
  - einsum: {equation: 'bij,bjf->bif', inputs: [adjacency, h]}
  - relu: {name: r}
  - linear: {out_features: 4, bias: false, name: g}
  - matmul: {inputs: [adjacency, g]}
  - mean: {dim: 1}
  - linear: {out_features: 2}
"""
GAT = """
inputs: {x: [4, 3], adjacency: [4, 4]}
layers:
  - linear: {out_features: 6, bias: false, inputs: x, name: h}
  - linear: {out_features: 1, bias: false, inputs: h, name: source}
  - linear: {out_features: 1, bias: false, inputs: h, name: target}
  - transpose: {dim0: 1, dim1: 2, inputs: target, name: t}
  - add: {inputs: [source, t]}
  - leaky_relu: {negative_slope: 0.2, name: scores}
  - affine: {scale: -1, shift: 1, inputs: adjacency, name: none}
  - masked_fill: {inputs: [scores, none], value: -1000}
  - softmax: {name: shares}
  - matmul: {inputs: [shares, h]}
  - elu
  - linear: {out_features: 2}
"""
DLRM = """
inputs: {dense: [3], a: [5], b: [5]}
layers:
  - linear: {out_features: 4, inputs: dense, name: z}
  - linear: {out_features: 4, inputs: a, name: ea}
  - linear: {out_features: 4, inputs: b, name: eb}
  - einsum: {equation: 'nd,nd->n', inputs: [z, ea], name: za}
  - einsum: {equation: 'nd,nd->n', inputs: [z, eb], name: zb}
  - einsum: {equation: 'nd,nd->n', inputs: [ea, eb], name: ab}
  - reshape: {shape: [1], inputs: za, name: p}
  - reshape: {shape: [1], inputs: zb, name: q}
  - reshape: {shape: [1], inputs: ab, name: r}
  - concat: {inputs: [z, p, q, r]}
  - linear: {out_features: 5}
  - relu
  - linear: {out_features: 1}
"""
NETS: dict[str, tuple[str, int]] = {
    "a graph convolution": (GCN, f(6) * f(4)),
    "graph attention": (GAT, f(6)),
    "dot products of embeddings": (DLRM, f(4) * f(5)),
    "a form of three values": (
        "inputs: {x: [3], y: [3], z: [3]}\nlayers:\n"
        + "".join(f"  - linear: {{out_features: 4, inputs: {n}, name: l{n}}}\n" for n in "xyz")
        + "  - einsum: {equation: 'bi,bi,bj->bj', inputs: [lx, ly, lz]}\n"
        "  - linear: {out_features: 2}",
        f(4) ** 2,
    ),
    "items that are alike": (
        "inputs: {x: [3]}\nlayers:\n"
        + "".join(f"  - linear: {{out_features: 4, inputs: x, name: l{n}}}\n" for n in "ab")
        + "  - einsum: {equation: 'bi,bi->b', inputs: [la, lb]}\n  - reshape: {shape: [1]}",
        f(4) * 2,
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_the_order_of_a_network_of_products(name: str) -> None:
    text, order = NETS[name]
    check_network(spec.loads(text), order)


EQUATIONS: list[tuple[str, list[tuple[int, ...]]]] = [
    ("bij,bjk->bik", [(2, 3), (3, 4)]),
    ("nij,nkj->nik", [(2, 3), (4, 3)]),
    ("Bi,Bj->Bij", [(2,), (3,)]),
    ("bij,bkj->bk", [(2, 3), (4, 3)]),
    ("bij,bij->b", [(2, 3), (2, 3)]),
    ("...ij,...jk->...ik", [(5, 2, 3), (5, 3, 4)]),
    ("...ij,...jk->...ik", [(1, 2, 3), (5, 3, 4)]),
    ("...i,...i->...", [(2, 3), (1, 3)]),
    ("bij,bij->bji", [(2, 1), (2, 3)]),
    ("bi,bj,bk->bikj", [(2,), (3,), (2,)]),
    ("bhqd, bhkd -> bhqk", [(2, 3, 4), (2, 5, 4)]),
    ("bA,bA->bA", [(3,), (3,)]),
]


@pytest.mark.parametrize(("equation", "shapes"), EQUATIONS)
def test_an_equation_is_what_torch_makes_of_it(
    equation: str, shapes: list[tuple[int, ...]]
) -> None:
    names = "xyz"[: len(shapes)]
    inputs = {name: list(shape) for name, shape in zip(names, shapes, strict=True)}
    net = spec.loads(
        f"inputs: {inputs}\nlayers: [{{einsum: {{equation: '{equation}', "
        f"inputs: [{', '.join(names)}]}}}}]"
    )
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((3, *shape)) for shape in shapes]
    tensors = [torch.from_numpy(array) for array in arrays]
    expected = torch.einsum(equation, *tensors).numpy()
    graph = graphgen.compile(net, {}, "computation")
    found: list[Any] = [
        graphgen.evaluate(net, {}, *arrays),
        graphgen.evaluate(graph, *arrays),
        metanet.evaluate.run(net, {}, *tensors).numpy(),
    ]
    for result in found:
        assert result.shape == expected.shape == (3, *net.output_shapes[0])
        assert np.allclose(result, expected, atol=1e-12)


def test_products_of_other_axes_are_told() -> None:
    text = (
        "inputs: {x: [3, 3]}\nlayers:\n  - linear: {out_features: 3, name: a}\n"
        "  - linear: {out_features: 3, inputs: x, name: c}\n"
        "  - einsum: {equation: '%s', inputs: [a, c]}\n  - linear: {out_features: 2}"
    )
    nets = [
        spec.loads(text % equation)
        for equation in ("bij,bjk->bik", "bij,bkj->bik", "bij,bik->bjk", "bij,bij->bij",
                         "bij,bjk->bki", "bij,bji->bij")
    ]  # fmt: skip
    for net in nets:
        for other in nets:
            check_edit(Case(net), other)
    assert len({graphgen.template(net).hash for net in nets}) == len(nets)


X = "inputs: {x: [3, 4], y: [4, 5], z: [4]}\nlayers: [{%s}]\noutputs: o"


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("einsum: {equation: bij, inputs: [x, y]", "expected an arrow: 'bij,bjk->bik'"),
        ("einsum: {equation: 'bij->bji', inputs: [x, y]", "of 1 inputs, but there are 2"),
        ("einsum: {equation: 'bij->bji', inputs: [x]", "takes 2 to 8 inputs"),
        ("einsum: {equation: 'ij,jk->ik', inputs: [x, y]", "expected one letter, the batch"),
        ("einsum: {equation: '...ij,bjk->...ik', inputs: [x, y]", "expected `...` in front"),
        ("einsum: {equation: 'bii,bik->bik', inputs: [x, y]", "'i' comes twice in one value"),
        ("einsum: {equation: 'bij,bjk->bikk', inputs: [x, y]", "'k' comes twice in one value"),
        ("einsum: {equation: 'bqr,brs->bqt', inputs: [x, y]", "no input has the axis 't'"),
        ("einsum: {equation: 'bq1,b1s->bqs', inputs: [x, y]", "expected letters"),
        (
            "einsum: {equation: 'bqr,bsr->bqs', inputs: [x, y]",
            r"the axis 'r' of 'bqr,bsr->bqs' has 4 items in one input and 5 in another, got "
            r"\[N, 3, 4\] and \[N, 4, 5\]",
        ),
        ("einsum: {equation: 'bqr,brst->bqst', inputs: [x, y]", "needs 4 axes with the batch"),
        ("einsum: {equation: '...r,...s->...rs', inputs: [x, z]", "stands for as many axes"),
        ("einsum: {equation: 3, inputs: [x, y]", "expected a text|expected a string|3"),
        ("matmul: {inputs: [x, z]", "two values of as many axes"),
        ("matmul: {inputs: [y, x]", "rows of y as many as columns of x"),
    ],
)
def test_wrong_products_are_refused_in_the_letters_of_the_user(layer: str, said: str) -> None:
    with pytest.raises(spec.SpecError, match=said):
        spec.loads(X % (layer + ", name: o}"))
