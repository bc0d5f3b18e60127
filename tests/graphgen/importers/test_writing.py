"""What is traced is written as people write it, and reads back as the same network.

Any architecture of the language is a network that an importer could have traced: it is written
from that, and compared in its layers, wiring and tensors, and by what it computes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from oracles.traced_networks import network_of

import graphgen
import spec
from graphgen.importers import ImportRefusalError
from graphgen.importers.network import Network, Node, Weight
from graphgen.importers.writing import Written, write_network
from graphgen.importers.writing.checking import difference
from graphgen.importers.writing.graph import graph_of
from graphgen.importers.writing.names import wanted_names
from graphgen.importers.writing.saying import say
from graphgen.testing import random_inputs
from spec.testing.network import description

NETS = Path(spec.__file__).parent / "nets"
FILES = sorted([*NETS.glob("*.yaml"), *NETS.glob("published/*.yaml")])
CHUNK = 25


def same_values(net: spec.Architecture, network: Network, written: Written) -> None:
    """Compare what an architecture and what was written of it compute, number by number."""
    weights = {}
    by_place = {node.output: node for node in network.nodes}
    for place, layer in enumerate(net.layers):
        node = by_place.get(f"%{place}")
        for local, name in layer.tensors.items() if node is not None else ():
            weights[name] = positive(node.tensors[local].array)
    inputs = random_inputs(net, np.random.default_rng(0), 2)
    read = [x for x, name in zip(inputs, net.inputs, strict=True) if name not in written.unread]
    theirs = {name: positive(array) for name, array in written.weights.items()}
    with np.errstate(all="ignore"):
        a = graphgen.evaluate(net, weights, *inputs)
        b = graphgen.evaluate(written.net, theirs, *read)
    for x, y in zip(listed(a), listed(b), strict=True):
        np.testing.assert_array_equal(x, y)


def positive(array: np.ndarray) -> np.ndarray:
    """Give numbers that may be variances, in double precision."""
    return np.abs(array).astype(np.float64) if array.dtype.kind == "f" else array


def listed(values: object) -> list[object]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def check(net: spec.Architecture, named: bool) -> Written:
    network = network_of(net, named=named, scoped=named)
    written = write_network(network)
    assert written.level == 0, written.text
    assert spec.loads(written.text).hash == written.net.hash
    same_values(net, network, written)
    return written


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_network_of_the_package_is_written_and_read(file: Path) -> None:
    net = spec.load(file)
    if net.computed_indices:
        pytest.fail("a network of the package looks up computed indices")
    for named in (True, False):
        check(net, named)


@pytest.mark.parametrize("first", range(0, 100, CHUNK))
def test_any_network_is_written_and_read(first: int) -> None:
    for seed in range(first, first + CHUNK):
        net = spec.loads(description(Random(seed)))
        for named in (True, False):
            check(net, named)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 3000, 100))
def test_any_network_is_written_and_read_long(first: int) -> None:
    for seed in range(first, first + 100):
        net = spec.loads(description(Random(seed)))
        for named in (True, False):
            check(net, named)


def test_written_networks_are_as_short_as_those_of_people() -> None:
    ours = theirs = 0
    for file in FILES:
        written = write_network(network_of(spec.load(file)))
        ours += written.text.count("\n")
        theirs += file.read_text().count("\n")
    assert ours < 1.15 * theirs, f"{ours} lines, and people wrote {theirs}"


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "vit", "published/qwen3"])
def test_transformers_of_24_layers_take_a_page(name: str, named: bool) -> None:
    net = spec.load(NETS / f"{name}.yaml", depth=24)
    text = check(net, named).text
    assert text.count("\n") < 60
    assert "times: 24" in text


@pytest.mark.parametrize("named", [True, False])
def test_residual_networks_take_a_page(named: bool) -> None:
    net = spec.load(NETS / "published" / "resnext.yaml", blocks=[3, 4, 6, 3], size=64)
    assert len(net.layers) > 150
    assert check(net, named).text.count("\n") < 150


def chain(names: list[str], inputs: str = "x") -> Network:
    """Give a network of linear maps with these names of tensors."""
    rng = np.random.default_rng(0)
    nodes, at = [], inputs
    for place, name in enumerate(names):
        weight = Weight(name, rng.standard_normal((3, 3)).astype(np.float32))
        fields = {"out_features": 3, "bias": False}
        nodes.append(Node("linear", (at,), f"%{place}", (3,), fields, {"weight": weight}))
        at = f"%{place}"
    return Network({inputs: (3,)}, tuple(nodes), (at,))


HOSTILE = [
    "a.$b.weight", "a.${1 + 1}.weight", "a.*.weight", "no.weight", "null.weight", "true.weight",
    "3.weight", "0.weight", "linear.weight", "repeat.weight", "sequential.weight", "x.weight",
    "naïve.weight", "层.0.weight", "a b.weight", "a: b.weight", "'a'.weight", '"a".weight',
    "a\nb.weight", "..weight", ".weight", "weight", "-.weight", "a.weight.weight", "#.weight",
    "1e3.weight", "0x10.weight", "block.weight", "shape.weight", "i.weight", "a/b/kernel:0",
    "%0", "onnx::MatMul_1", "", "h.0.weight", "h.weight", "h.0.0.weight", "x", "name.weight",
    "{}.weight", "[0].weight", "&a.weight", "\x00.weight", "\u202e.weight", "w" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_any_kind(name: str) -> None:
    for names in ([name], [name, name + "2", name], ["a.0.weight", name, "a.1.weight", "1.weight"]):
        written = write_network(chain(names))
        assert written.level == 0
        assert len(written.weights) == len(names)


@pytest.mark.parametrize("seed", range(20))
def test_names_of_any_kind_together(seed: int) -> None:
    rng = Random(seed)
    names = [rng.choice(HOSTILE) for _ in range(rng.randint(2, 30))]
    inputs = rng.choice(["x", "0", "a", "$x", "no", "h.0", "y", "linear", "名", "x y", "block.0"])
    written = write_network(chain(names, inputs))
    assert written.level == 0
    assert list(written.net.inputs) == [inputs]


def test_a_wrong_shape_is_a_fault_of_the_importer() -> None:
    network = chain(["a.weight", "b.weight"])
    wrong = replace(network.nodes[1], shape=(4,))
    with pytest.raises(ImportRefusalError, match=r"gives \[4\].*gives \[3\]: a fault"):
        write_network(network.with_nodes([network.nodes[0], wrong]))


def test_many_names_that_count_are_one_expression() -> None:
    layers = "".join(
        f"  - linear: {{name: h.{i}, out_features: 3, inputs: x}}\n" for i in range(30)
    )
    net = spec.loads(
        f"inputs: {{x: [3]}}\nlayers:\n{layers}  - concat: {{inputs: "
        f"[x, {', '.join(f'h.{i}' for i in range(30))}]}}\n"
    )
    text = check(net, named=True).text
    assert "for n in range(30)" in text
    assert text.count("\n") < 12


BASE = """
inputs: {x: [4], y: [4]}
layers:
  - linear: {name: a, inputs: x, out_features: 4}
  - linear: {name: b, out_features: 4, parameters: {weight: a.weight}}
  - relu: {name: r}
  - subtract: {name: s, inputs: [a, r]}
  - lstm: {name: cell, inputs: two, hidden_size: 3}
  - add: {name: last, inputs: [s, y]}
outputs: [s, cell.h_n, last]
""".replace("  - lstm", "  - reshape: {name: two, shape: [2, 2]}\n  - lstm")

CHANGES = {
    "a field": ("name: b, out_features: 4", "name: b, out_features: 4, bias: false"),
    "what is read": ("inputs: [a, r]", "inputs: [r, a]"),
    "which value": ("cell.h_n", "cell.c_n"),
    "which input": ("inputs: [s, y]", "inputs: [s, x, y]"),
    "a tied tensor": (", parameters: {weight: a.weight}", ""),
    "a kind": ("relu: {name: r}", "gelu: {name: r}"),
    "a layer": ("  - relu: {name: r}\n", "  - relu\n  - relu: {name: r}\n"),
    "the outputs": ("outputs: [s, cell.h_n", "outputs: [cell.h_n, s"),
}


def compared(text: str) -> str | None:
    """Compare a text with the network of the base."""
    network = network_of(spec.loads(BASE))
    said = say(network)
    graph = graph_of(network, said, wanted_names(said, network.inputs))
    return difference(graph, spec.loads(text))


def test_nothing_differs_from_the_network_itself() -> None:
    assert compared(BASE) is None


@pytest.mark.parametrize("what", [*CHANGES])
def test_whatever_is_written_otherwise_is_found(what: str) -> None:
    """Controls of the comparison that every text goes through."""
    before, after = CHANGES[what]
    assert before in BASE
    text = BASE.replace(before, after)
    assert compared(text) is not None


@pytest.mark.parametrize("text", ["a\nlayers: []", "\x00\u2028\ud800", "{}", "x" * 5000, "ünï"])
def test_what_a_model_was_stays_in_its_comment(text: str) -> None:
    network = replace(chain(["a.weight"]), origin=text, name=text.replace("\ud800", "") or "n")
    plain = write_network(chain(["a.weight"]))
    assert write_network(network).net.hash == plain.net.hash


@pytest.mark.parametrize("named", [True, False])
def test_large_networks_are_written_in_seconds(named: bool) -> None:
    """Of 24 layers of 60 nodes, and of 1,200 that are alike in nothing."""
    inner = "".join(
        f"      - layer_norm: {{name: n{k}}}\n      - linear: {{name: u{k}, out_features: 6}}\n"
        f"      - gelu\n      - linear: {{name: d{k}, out_features: 4}}\n"
        for k in range(14)
    )
    alike = spec.loads(
        f"inputs: {{x: [5, 4]}}\nblocks:\n  layer:\n    inputs: [x]\n    layers:\n{inner}"
        "      - add: {inputs: [x, d13]}\n"
        "layers: [{repeat: {times: 24, layers: [{layer: {name: layers.$i}}]}}]\n"
    )
    rng = Random(0)
    other = "".join(
        f"  - {rng.choice(['relu', 'tanh', 'gelu', 'silu', 'layer_norm', 'sigmoid', 'elu'])}\n"
        for _ in range(1200)
    )
    for net, most in ((alike, 60), (spec.loads(f"inputs: {{x: [4]}}\nlayers:\n{other}"), 1300)):
        network = network_of(net, named=named, scoped=named)
        before = time.process_time()
        written = write_network(network)
        assert time.process_time() - before < 8
        assert written.level == 0
        assert written.text.count("\n") < most
