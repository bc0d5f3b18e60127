"""The examples in docstrings, and the files and names that they use.

An example is an indented passage of a docstring. It runs in the namespace of its module, with the
names that `names` gives on top, in a folder with the files that `write_files` leaves.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import textwrap
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import hypothesis
import networkx
import numpy as np
import onnx
import pyarrow.parquet
import torch
import torch_geometric.loader
import transformers
from view_toys import write_view

import graphgen
import graphgen.files
import graphgen.testing
import metanet
import spec
from metanet.constructions.nfn_layer import NFNCoefficients
from metanet.models.flow.moments import by_parameter

NET = """\
vars: {width: 32}
inputs: {image: [3, 8, 8]}
layers:
  - conv2d: {out_channels: $width, kernel_size: 3, stride: 2}
  - batch_norm
  - relu
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: "${width * 2}"}
  - relu
  - linear: {out_features: 10, name: head}
"""
CHAIN = """\
inputs: {x: [4]}
layers:
  [linear: {out_features: 5}, relu, linear: {out_features: 5}, relu, linear: {out_features: 2}]
"""


@dataclass(frozen=True)
class Example:
    """An indented passage of a docstring: whose it is, and its text."""

    module: str
    owner: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.module}:{self.owner}"


def modules(package: str) -> Iterator[ModuleType]:
    """Import a package and all that is in it."""
    top = importlib.import_module(package)
    yield top
    for found in pkgutil.walk_packages(top.__path__, f"{package}."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def public(package: str) -> dict[str, Any]:
    """Give what a package makes public, by its place: names in an `__all__`, and their methods."""
    result: dict[str, Any] = {}
    for module in modules(package):
        exported = getattr(module, "__all__", ())
        if exported:
            result[f"{module.__name__}:"] = module
        for item in (getattr(module, name) for name in exported):
            if not (inspect.isfunction(item) or inspect.isclass(item)):
                item = getattr(item, "__wrapped__", None)  # of a cached function
            if item is None or not item.__module__.startswith(package):
                continue
            place = f"{item.__module__}:{item.__qualname__}"
            result[place] = item
            if inspect.isclass(item):
                for name, member in vars(item).items():
                    plain = getattr(member, "__func__", member)
                    plain = getattr(plain, "fget", plain)
                    if not name.startswith("_") and inspect.isfunction(plain):
                        result[f"{place}.{name}"] = plain
    return result


def passages(text: str) -> Iterator[str]:
    """Give the passages of code in a docstring.

    They are indented; where nothing but code follows the first line, that is its own margin, and
    what is code is told by its syntax.
    """
    code: list[str] = []
    for paragraph in [*inspect.cleandoc(text).split("\n\n")[1:], ""]:
        if paragraph.startswith("    ") or (paragraph and is_code(paragraph)):
            code.append(paragraph)
        elif code:
            yield textwrap.dedent("\n\n".join(code)) + "\n"
            code = []


def is_code(paragraph: str) -> bool:
    try:
        return any(not isinstance(s, ast.Expr) for s in ast.parse(paragraph).body)
    except SyntaxError:
        return False


def examples(package: str) -> Iterator[Example]:
    """Give the examples of all that a package makes public."""
    for place, item in public(package).items():
        module, _, owner = place.partition(":")
        for passage in passages(item.__doc__ or ""):
            yield Example(module, owner, passage)


def write_files(folder: Path) -> None:
    """Leave the files that examples read: a network, its weights, a graph set, a table."""
    rng = np.random.default_rng(0)
    (folder / "net.yaml").write_text(NET, encoding="utf-8")
    net = spec.loads(NET)
    weights = graphgen.testing.random_weights(net, rng, np.float32)
    graphgen.files.write_weights(folder / "net.safetensors", weights)
    networks = [
        (net, graphgen.testing.random_weights(net, rng, np.float32), record(i)) for i in range(8)
    ]
    write_view(graphgen.GraphSet.write(folder / "out/graphs", networks), "spectra")
    graphgen.export.write_parquet(graphgen.compile(net, weights), folder / "net")
    write_models(folder)


def record(i: int) -> dict[str, Any]:
    """Make what a graph set says of a network."""
    metrics = {"test_accuracy": 0.1 * i}
    return {"accuracy": 0.1 * i, "split": "train" if i < 4 else "test", "metrics": metrics}


def write_models(folder: Path) -> None:
    """Leave models of other frameworks: an ONNX file and two folders of Hugging Face."""
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    values = [[make.make_tensor_value_info(name, kind, ["N", 3])] for name in "xy"]
    graph = make.make_graph([make.make_node("Relu", ["x"], ["y"])], "relu", *values)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    sizes = {"vocab_size": 32, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    qwen = transformers.Qwen3Config(**sizes, intermediate_size=8, num_key_value_heads=1, head_dim=4)
    transformers.Qwen3ForCausalLM(qwen).save_pretrained(folder / "Qwen3-0.6B")
    bert = transformers.BertConfig(**sizes, intermediate_size=8)
    transformers.BertForMaskedLM(bert).save_pretrained(folder / "bert")


def names(package: str) -> dict[str, Any]:
    """Give the names that examples of a package use, made from the files."""
    rng = np.random.default_rng(0)
    common = {
        "GraphSet": graphgen.GraphSet, "Path": Path, "given": hypothesis.given, "json": json,
        "graphgen": graphgen, "jraph": SimpleNamespace(GraphsTuple=graphgen.export.GraphsTuple),
        "metanet": metanet, "networkx": networkx, "np": np, "pyarrow": pyarrow, "rng": rng,
        "spec": spec, "torch": torch, "torch_geometric": torch_geometric,
    }  # fmt: skip
    return common | (_of_metanet(rng) if package == "metanet" else _of_graphgen(rng))


def _of_graphgen(rng: np.random.Generator) -> dict[str, Any]:
    net = spec.load("net.yaml")
    weights, x = graphgen.files.read_weights("net.safetensors"), rng.standard_normal((2, 3, 8, 8))
    chain = spec.loads(CHAIN)
    graph = graphgen.compile(chain, graphgen.testing.random_weights(chain, rng, np.float32))

    def loss(arrays: dict[str, Any]) -> float:
        return float(np.square(graphgen.evaluate(net, arrays, x)).mean())

    return {
        "KIND": graphgen.files.Kind("example/rows", 1, {}, "an example"),
        "LATEST": graphgen.files.Kind("example/latest", 1, {}, "an example"),
        "a": weights,
        "b": graphgen.testing.random_weights(net, rng, np.float32),
        "graph": graph,
        "graph_set": graphgen.GraphSet.open("out/graphs"),
        "graphs": graphgen.GraphSet.open("out/graphs"),
        "group": graphgen.symmetries(net),
        "loss": loss,
        "model": module(weights),
        "module": module(weights),
        "net": net,
        "random_weights": graphgen.testing.random_weights,
        "rows": [{"values.float32": np.ones(3, np.float32)}],
        "template": graphgen.template(net),
        "weights": weights,
        "write_rows": graphgen.files.write_rows,
        "x": x,
    }


def module(weights: dict[str, Any]) -> torch.nn.Module:
    """Make the module of torch that net.yaml describes."""
    nn = torch.nn
    layers = {
        "0": nn.Conv2d(3, 32, 3, stride=2), "1": nn.BatchNorm2d(32), "2": nn.ReLU(),
        "3": nn.AdaptiveAvgPool2d(1), "4": nn.Flatten(), "5": nn.Linear(32, 64), "6": nn.ReLU(),
        "head": nn.Linear(64, 10),
    }  # fmt: skip
    made = nn.Sequential(OrderedDict(layers)).eval()
    made.load_state_dict({name: torch.from_numpy(x.copy()) for name, x in weights.items()})
    return made


def _of_metanet(rng: np.random.Generator) -> dict[str, Any]:
    net, generator = spec.loads(CHAIN), torch.Generator().manual_seed(0)
    several = [metanet.evaluate.initial_weights(net, generator) for _ in range(12)]
    graphs = [graphgen.compile(net, weights) for weights in several]
    batch = metanet.Batch.from_graphs(graphs)
    (part,) = batch.parts
    precise = [graphgen.compile(net, graphgen.testing.random_weights(net, rng)) for _ in range(4)]
    return {
        "DataLoader": torch.utils.data.DataLoader,
        "accuracies": torch.linspace(0, 1, 12),
        "batch": batch,
        "editor": metanet.GMNEditor(hidden=8, layers=1).eval(),
        "graph": graphs[0],
        "graph_set": graphgen.GraphSet.open("out/graphs"),
        "graphs": precise,
        "images": torch.ones(2, 4),
        "model": metanet.GMN(hidden=8, layers=1).eval(),
        "momenta": [torch.zeros_like(part.values)],
        "net": net,
        "other": graphs[1],
        "part": part,
        "several": several,
        "targets": torch.arange(12.0),
        "weights": several[0],
        "x": torch.ones(2, 4),
    }


def own_names(example: Example, names: dict[str, Any]) -> dict[str, Any]:
    """Give the names that one example needs otherwise than the rest of its package."""
    if example.module in ("spec.layer", "spec.records"):
        return {"dataclass": dataclass, "Primitive": spec.primitives.Primitive}
    if example.owner == "stream_features":
        return {"writer": SimpleNamespace(write=lambda columns: None)}
    if example.owner.startswith("Batch"):
        net = names["net"]
        stacks = {name: torch.zeros(3, *shape) for name, shape in net.parameters.items()}
        made = {"stacks": stacks, "template": graphgen.template(net)}
        if example.owner != "Batch.with_channels":
            return made
    if example.owner == "WeightSpaceLayer":
        return {"items": {"weight1": torch.zeros(2, 4, 3, 8), "bias1": torch.zeros(2, 4, 8)}}
    if example.module.startswith("metanet.testing"):  # errors are measured in float64
        return {name: names[name].double() for name in ("editor", "model")}
    if example.module.startswith("metanet.models.flow"):
        rows = np.stack([np.concatenate([v.ravel() for v in w.values()]) for w in names["several"]])
        labels, noise = torch.arange(12) % 10, torch.randn(*rows.shape)
        moments = by_parameter(rows)
        return {"labels": labels, "moments": moments, "noise": noise, "times": torch.rand(12)}
    if example.owner == "AccuracyPredictor":
        rng = np.random.default_rng(0)
        made = [
            graphgen.compile(n, graphgen.testing.random_weights(n, rng, np.float32))
            for n in [names["net"]] * 40
        ]
        return {"graphs": made, "accuracies": rng.random(len(made))}
    if example.place == "metanet.saved.saving:load":
        metanet.save(metanet.make_metanet("gmn", hidden=8, layers=1), "out/my-gmn")
    if example.owner == "TorchOptimizer":
        made = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
        learned = metanet.LearnedOptimizer("gmn", {"hidden": 8, "layers": 1})
        return {"learned": learned, "module": made, "x": torch.ones(2, 4)}
    if example.module.startswith("metanet.models.learned_optimizer"):
        values = torch.ones(2, 67)
        state = metanet.OptimizerState.first(values, horizon=10)
        template = graphgen.template(names["net"])
        return {"gradients": values, "state": state, "template": template, "values": values}
    if example.owner == "nfn_layer":
        zeros = torch.zeros
        return {
            "batch": metanet.Batch.from_graphs(names["graphs"]),
            "coefficients": NFNCoefficients(zeros(3, 7), zeros(3, 3), zeros(3, 2, 3, 2)),
        }
    if example.owner == "run":  # a network in memory, then one in files
        net = spec.load("net.yaml")
        weights = metanet.evaluate.initial_weights(net, torch.Generator().manual_seed(0))
        return {"net": net, "weights": weights, "images": torch.ones(2, 3, 8, 8)}
    if example.owner == "Batch.with_channels":
        values = names["part"].values.requires_grad_()
        editor = metanet.GMNEditor(hidden=8, layers=1, channels=3)
        return {"editor": editor, "loss": values.square().sum()}
    return {}
