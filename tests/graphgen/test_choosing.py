"""What is chosen by rank or by index: torch's results, orders by hand, ties, messages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import factorial as f
from typing import Any

import numpy as np
import pytest
import torch
from oracles.any_network import Case, check_edit, check_network
from torch import Tensor

import graphgen
import metanet
import spec

ROUTED = """
inputs: {x: [3, 4]}
layers:
  - linear: {out_features: 4, name: in}
  - linear: {out_features: 3, bias: false, name: gate}
  - softmax
  - top_k: {k: 2}
  - normalize: {p: 1, dim: -1, name: shares}
"""
FUSED = (
    ROUTED
    + """  - parameter: {shape: [3, 4, 4], initial: normal, value: 0.5, name: gate_up_proj}
  - einsum: {inputs: [in, gate_up_proj], equation: 'bth,beih->btei', name: both}
  - chunk: {inputs: both, chunks: 2, dim: -1, index: 0}
  - silu: {name: g}
  - chunk: {inputs: both, chunks: 2, dim: -1, index: 1, name: u}
  - multiply: {inputs: [g, u], name: hidden}
  - parameter: {shape: [3, 4, 2], initial: normal, value: 0.5, name: down_proj}
  - einsum: {inputs: [hidden, down_proj], equation: 'btei,behi->bteh', name: y}
  - einsum: {inputs: [shares, y], equation: 'bte,bteh->bth', name: z}
  - linear: {out_features: 2}
"""
)
SEPARATE = (
    ROUTED
    + """  - repeat:
      times: 3
      index: e
      collect: parts
      layers:
        - swiglu: {name: "experts.$e", hidden_features: 2, inputs: in}
        - narrow: {inputs: shares, dim: -1, start: $e, length: 1, name: "w.$e"}
        - multiply: {inputs: ["experts.$e", "w.$e"]}
  - add: {inputs: parts}
  - linear: {out_features: 2}
"""
)
GROUPS = """
inputs: {x: [2, 4]}
layers:
  - linear: {out_features: 6, bias: false, name: gate}
  - sigmoid: {name: scores}
  - parameter: {shape: [6], name: bias}
  - unsqueeze: {dim: 1, name: row}
  - add: {inputs: [scores, row], name: choice}
  - unflatten: {inputs: choice, dim: 2, unflattened_size: [3, 2], name: groups}
  - top_k: {inputs: groups, k: 2}
  - sum: {dim: -1, keepdim: true}
  - top_k_mask: {k: 2, dim: 2, name: best}
  - multiply: {inputs: [groups, best]}
  - flatten: {start_dim: 2}
  - top_k_mask: {k: 2, name: chosen}
  - multiply: {inputs: [scores, chosen]}
  - linear: {out_features: 2}
"""
CLIP = """
inputs: {ids: [5]}
layers:
  - embedding: {num_embeddings: 7, embedding_dim: 4, name: h}
  - one_hot: {inputs: ids, num_classes: 7}
  - select: {dim: -1, index: 3}
  - hardmax: {dim: 1, first: true, name: place}
  - einsum: {equation: 'bt,btd->bd', inputs: [place, h]}
  - linear: {out_features: 2}
"""
BIASED = """
inputs: {x: [3, 4]}
layers:
  - linear: {out_features: 4, name: in}
  - linear: {out_features: 3, name: router}
  - top_k: {k: 2, value: -.inf}
  - softmax: {name: shares}
  - parameter: {shape: [3, 4, 4], initial: normal, value: 0.5, name: gate_up_proj}
  - parameter: {shape: [3, 4], initial: normal, value: 0.5, name: gate_up_proj_bias}
  - unsqueeze: {dim: 1, name: bias}
  - einsum: {inputs: [in, gate_up_proj], equation: 'bth,behi->btei', name: both}
  - add: {inputs: [both, bias], name: biased}
  - slice: {inputs: biased, dim: -1, start: 0, step: 2}
  - quick_gelu: {name: g}
  - slice: {inputs: biased, dim: -1, start: 1, step: 2}
  - shift_by: {value: 1, name: u}
  - multiply: {inputs: [g, u], name: hidden}
  - parameter: {shape: [3, 2, 4], initial: normal, value: 0.5, name: down_proj}
  - einsum: {inputs: [hidden, down_proj], equation: 'btei,beih->bteh', name: y}
  - einsum: {inputs: [shares, y], equation: 'bte,bteh->bth'}
  - linear: {out_features: 2}
"""
TOKENS = """
inputs: {x: [4, 4]}
layers:
  - linear: {out_features: 3, bias: false, inputs: x, name: router}
  - softmax
  - top_k: {k: 2, dim: 1, name: shares}
  - parameter: {shape: [3, 2, 4], initial: normal, value: 0.5, name: up}
  - einsum: {inputs: [x, up], equation: 'bth,beih->btei'}
  - relu: {name: hidden}
  - parameter: {shape: [3, 4, 2], initial: normal, value: 0.5, name: down}
  - einsum: {inputs: [hidden, down], equation: 'btei,behi->bteh', name: y}
  - einsum: {inputs: [shares, y], equation: 'bte,bteh->bth'}
  - linear: {out_features: 2}
"""
ROWS = "inputs: {x: [5, 3]}\nlayers:\n  - linear: {out_features: 4}\n"
END = "  - linear: {out_features: 2}\n"
NETS: dict[str, tuple[str, int]] = {
    "the largest neurons": (ROWS + "  - top_k: {k: 2}\n" + END, f(4)),
    "the largest places": (ROWS + "  - top_k: {k: 2, dim: 1, value: -1}\n" + END, f(4)),
    "a median of neurons": (ROWS + "  - median\n", f(4)),
    "a rank over neurons and places": (
        ROWS + "  - flatten\n  - kthvalue: {k: 3, keepdim: true}\n",
        f(4),
    ),
    "a place among neurons, which tells them apart": (ROWS + "  - argmax: {dim: 2}\n", 1),
    "codes that may be exchanged": (
        ROWS + "  - hardmax\n" + END.replace("}", ", bias: false}") + "  - tanh\n" + END,
        f(4) * f(2),
    ),
    # features before and behind, experts, hidden units of each
    "experts in one tensor": (FUSED, f(4) ** 2 * f(3) * f(2) ** 3),
    "experts one by one": (SEPARATE, f(4) ** 2 * f(3) * f(2) ** 3),
    "experts with biases, gates and values in turn": (BIASED, f(4) ** 2 * f(3) * f(2) ** 3),
    "experts that choose tokens": (TOKENS, f(4) * f(3) * f(2) ** 3),
    # groups, experts of each
    "experts in groups": (GROUPS, f(3) * f(2) ** 3),
    "the place of a token": (CLIP, f(4)),
}


@pytest.mark.parametrize("name", NETS)
def test_the_order_of_a_network_that_chooses(name: str) -> None:
    text, order = NETS[name]
    check_network(spec.loads(text), order)


def test_experts_in_one_tensor_compute_what_they_do_one_by_one() -> None:
    one, each = spec.loads(FUSED), spec.loads(SEPARATE)
    case = Case(each)
    weights = dict(case.weights)
    swiglus = [layer for layer in each.layers if layer.type == "swiglu"]
    gates, ups, downs = (
        np.stack([weights.pop(layer.tensors[local]) for layer in swiglus])
        for local in ("gate_proj.weight", "up_proj.weight", "down_proj.weight")
    )
    weights |= {"gate_up_proj": np.concatenate([gates, ups], 1), "down_proj": downs}
    named = dict(zip([n for n in one.tensors if n[0] == "1"],
                     [n for n in weights if n[0] == "1"], strict=True))  # fmt: skip
    found = graphgen.evaluate(one, {n: weights[named.get(n, n)] for n in one.tensors}, *case.inputs)
    assert np.abs(found - case.expected[0]).max() < 1e-12


def results(layer: str, *arrays: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    names = "xy"[: len(arrays)]
    shapes = {n: list(a.shape[1:]) for n, a in zip(names, arrays, strict=True)}
    head, _, rest = layer.partition(": {")
    text = f"{{{head}: {{inputs: [{', '.join(names)}], name: o, {rest}}}"
    net = spec.loads(f"inputs: {shapes}\nlayers: [{text}]")
    graph = graphgen.compile(net, {}, "computation")
    return [
        np.asarray(graphgen.evaluate(net, {}, *arrays)),
        np.asarray(graphgen.evaluate(graph, *arrays)),
        metanet.evaluate.run(net, {}, *map(torch.from_numpy, arrays)).numpy(),
    ]


def masked(x: Tensor, k: int, dim: int, largest: bool, value: float) -> Tensor:
    places = x.topk(k, dim, largest).indices
    return torch.full_like(x, value).scatter(dim, places, x.gather(dim, places))


@pytest.mark.parametrize(("k", "dim", "largest"), [*product((1, 2, 4), (1, -1), (True, False))])
@pytest.mark.parametrize("value", ["0", "-.inf", "2.5"])
def test_the_largest_are_those_of_torch(k: int, dim: int, largest: bool, value: str) -> None:
    x = np.random.default_rng(0).standard_normal((3, 4, 5))
    number = float(value.replace(".inf", "inf"))
    expected = masked(torch.from_numpy(x), k, dim, largest, number).numpy()
    layer = f"top_k: {{k: {k}, dim: {dim}, largest: {str(largest).lower()}, value: {value}}}"
    for found in results(layer, x):
        assert np.array_equal(found, expected)
    mask = layer.replace("top_k", "top_k_mask").replace(f", value: {value}", "")
    for found in results(mask, x):
        assert np.array_equal(found, (expected == x) * 1.0)


TIES = np.array([[1.0, 3.0, 3.0, 0.0, 3.0]])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("top_k: {k: 1}", [0, 3, 3, 0, 3]),
        ("top_k: {k: 4, largest: false, value: 9}", [1, 3, 3, 0, 3]),
        ("top_k_mask: {k: 2}", [0, 1, 1, 0, 1]),
        ("hardmax: {dim: 1}", [0, 1, 1, 0, 1]),
        ("hardmax: {dim: 1, first: true}", [0, 1, 0, 0, 0]),
        ("argmax: {dim: 1, keepdim: true}", [1]),
        ("argmin: {dim: 1, keepdim: true}", [3]),
    ],
)
def test_of_equal_items_all_are_chosen_or_the_first(layer: str, expected: list[int]) -> None:
    for found in results(layer, TIES):
        assert found.tolist() == [expected]


def test_a_choice_among_few_that_are_finite_keeps_them() -> None:
    x = np.array([[0.5, -np.inf, -np.inf]])
    for k in (1, 2, 3):
        for found in results(f"top_k: {{k: {k}, value: -.inf}}", x):
            assert found.tolist() == x.tolist()


COMPARED: dict[str, Callable[..., Any]] = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_two_values_compare_as_numbers_do(name: str) -> None:
    x, y = np.random.default_rng(0).integers(3, size=(2, 4, 5)).astype(float)
    for found in results(f"{name}: {{}}", x, y):
        assert np.array_equal(found, COMPARED[name](x, y))
    for found in results(f"{name}: {{other: 1}}", x):
        assert np.array_equal(found, COMPARED[name](x, 1))


CODES = """
inputs: {x: [3, 4], t: [2]}
layers:
  - linear: {out_features: 5, inputs: x, name: a}
  - argmin: {dim: 2, name: places}
  - %s
"""


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("one_hot: {inputs: places, num_classes: 5}", lambda a, i, t: torch.eye(5)[i]),
        ("index_select: {inputs: [a, places], dim: 2}",
         lambda a, i, t: torch.stack([x[:, j] for x, j in zip(a, i, strict=True)])),
        ("index_select: {inputs: [a, t], dim: 1}",
         lambda a, i, t: torch.stack([x[j] for x, j in zip(a, t, strict=True)])),
        ("gather: {inputs: [a, j], dim: 2}", lambda a, i, t: a.gather(2, i[..., None])),
    ],
)  # fmt: skip
def test_indices_that_are_computed_choose_as_those_of_an_input(
    layer: str, expected: Callable[..., Tensor]
) -> None:
    text = CODES.replace(", t: [2]", "" if "t]" not in layer else ", t: [2]") % layer
    if "j]" in layer:
        text = text.replace(
            "- gather", "- unsqueeze: {inputs: places, dim: 2, name: j}\n  - gather"
        )
    if "t]" in layer:
        text = text.replace("  - argmin: {dim: 2, name: places}\n", "")
    net = spec.loads(text)
    case = Case(net)
    x, *rest = map(torch.from_numpy, case.inputs)
    weights = {n: torch.from_numpy(w) for n, w in case.weights.items()}
    a = torch.nn.functional.linear(x, weights["a.weight"], weights["a.bias"])
    wanted = expected(a, a.argmin(2), rest[0] if rest else None).numpy()
    graph = graphgen.compile(net, case.weights, "computation")
    for found in (
        case.expected[0],
        graphgen.evaluate(graph, *case.inputs),
        metanet.evaluate.run(net, weights, x, *rest).numpy(),
    ):
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() < 1e-12


def test_the_class_that_is_asked_for_is_told() -> None:
    nets = [spec.loads(CLIP.replace("index: 3", f"index: {index}")) for index in (3, 4)]
    assert check_edit(Case(nets[0]), nets[1])


def test_positive_factors_of_scores_play_no_part_in_a_choice() -> None:
    text = ROWS + "  - top_k_mask: {k: 2%s}\n" + END
    for more in ("", ", dim: 1", ", largest: false"):
        group = graphgen.scalings(spec.loads(text % more))
        # along neurons one factor of all, along places one of each
        assert (group.signs, group.scales) == (0, 4 if "dim" in more else 1)
    # what is kept has its factor still, which the map behind divides out
    assert graphgen.scalings(spec.loads(ROWS + "  - top_k: {k: 2}\n" + END)).scales == 1
    assert graphgen.scalings(spec.loads(ROWS + "  - top_k: {k: 2, value: 1}\n" + END)).scales == 0


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("top_k: {k: 7}", "`k` is 7, but axis 2 of .N, 4, 5. has 5 items"),
        ("kthvalue: {k: 5, dim: 1}", "`k` is 5, but axis 1 of .N, 4, 5. has 4 items"),
        ("top_k: {k: 2, value: [1, 2]}", "`value` is a list, expected one number"),
        ("eq: {}", "`eq` needs either `other` or a second input"),
        ("argmax", "`argmax` needs the field `dim`"),
        ("hardmax: {dim: 0}", "the batch axis"),
        ("gather: {inputs: [x, y], dim: 1}", "of equal sizes along all others"),
        ("topk", "did you mean 'top_k'"),
        ("MoE", "did you mean .*`top_k`, and experts"),
    ],
)
def test_wrong_choices_are_refused(layer: str, said: str) -> None:
    inputs = "{x: [4, 5], y: [4, 4]}" if "y]" in layer else "{x: [4, 5]}"
    with pytest.raises(spec.SpecError, match=said):
        spec.loads(f"inputs: {inputs}\nlayers: [{layer}]")
