"""Each example of each help runs, and its `--json` document is as its schema says."""

from __future__ import annotations

import json
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import generation_toys
import numpy as np
import onnx
import pair_toys
import predictor_toys
import pytest
import training_toys
import zoo_toys
from jsonschema import Draft202012Validator, ValidationError
from merged_toys import write_set

import graphgen
import pipelines.commands
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.cli import gmn, main
from pipelines.commands.command import Command
from tests.pipelines.test_learned_optimizer_saved import write_small

SCHEMAS = Path(str(pipelines.commands.__file__)).parent / "schemas"
EXAMPLES = 52
"""How many examples there are in all help."""
WORLDS = {
    "zoo": "experiment", "card": "experiment", "compile": "experiment", "train": "experiment",
    "evaluate": "experiment", "report": "experiment", "predict": "experiment",
    "search": "search", "union": "merging", "barriers": "barriers", "edit": "editing",
    "compare": "pairs",
    "inrs": "inrs", "flow": "flows", "sample": "flows", "quality": "flows",
    "meta-train": "optimizers", "meta-test": "optimizers",
    "fit": "fitting",
}  # fmt: skip
"""The folder in which a command's examples run, in this order; those of others in `network`."""
CALL = re.compile(r"gmn [^&>()#]*")
"""Of an example that is more than a call of `gmn`, that call is run."""
INSTEAD = {"model.pt2": "model.onnx"}
"""What is given instead: an export of torch takes seconds to make, and is imported elsewhere."""
NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]\n"
COMPILE = {"seed": 0, "splits": {"train": 0.5, "validation": 0.25, "test": 0.25}}


def examples() -> list[tuple[str, str]]:
    names = [*WORLDS, *(name for name in gmn.commands if name not in WORLDS)]
    return [(name, line) for name in names for line in command(name).examples]


def command(name: str) -> Command:
    found = gmn.commands[name]
    assert isinstance(found, Command)
    return found


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def write_params(folder: Path, **sections: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(json.dumps(sections))


def write_network(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "net.yaml").write_text(NET)
    net, rng = spec.load(folder / "net.yaml"), np.random.default_rng(0)
    for name in ("weights", "a", "b"):
        weights = random_weights(net, rng, np.float32)
        write_weights(folder / f"{name}.safetensors", weights)
    (folder / "big.yaml").write_text(NET.replace("out_features: 3", "out_features: 5"))
    big = random_weights(spec.load(folder / "big.yaml"), np.random.default_rng(1), np.float32)
    write_weights(folder / "big.safetensors", big)
    models = [{"model": "a.safetensors"}, {"model": "b.safetensors"}]
    (folder / "recipe.yaml").write_text(json.dumps({"merge_method": "linear", "models": models}))
    x = rng.standard_normal((5, 4), np.float32)
    first = graphgen.Checkpoint.read(net, folder / "weights.safetensors").weights
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", graphgen.evaluate(net, first, x))
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Gemm", ["x", "w"], ["y"])],
        "one",
        [value("x", onnx.TensorProto.FLOAT, ["n", 4])],
        [value("y", onnx.TensorProto.FLOAT, ["n", 3])],
        [onnx.numpy_helper.from_array(np.ones((4, 3), np.float32), "w")],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), folder / "model.onnx")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folders in which examples run."""
    root = tmp_path_factory.mktemp("examples")
    write_network(root / "network")
    section = {"seeds": [0], "target": "test_accuracy", "models": {"gmn": training_toys.SMALL}}
    architecture = {"family": "cnn", "file": "net.yaml"}
    zoo = {**training_toys.ZOO, "count": 8, "architectures": [architecture]}
    write_params(root / "experiment", zoo=zoo, compile=COMPILE, train=section)
    net = root / "experiment/net.yaml"
    net.write_text(training_toys.CNN)
    rng = np.random.default_rng(1)
    weights = random_weights(spec.load(net), rng, np.float32)
    write_weights(root / "experiment/weights.safetensors", weights)
    write_params(root / "search", train={"seeds": [0], **training_toys.TASKS["search"]})
    training_toys.write_graphs(root / "search/out/graphs")
    write_params(root / "merging", union={"zoos": {n: {"graphs": n} for n in ("one", "two")}})
    small = {"steps": 2, "batch_size": 4, "learning_rate": 1e-3, "data": "digits"}
    small |= {"architecture": "mlp", "variables": {"channels": 1, "size": 8, "classes": 10}}
    write_params(
        root / "barriers",
        barriers={"pairs": 1, "points": 3, "seed": 0, "networks": {"mlp": small}},
    )
    for seed, (name, kind) in enumerate({"one": "small", "two": "large"}.items()):
        write_set(root / "merging" / name, kind, seed)
    editor = {**training_toys.TASKS["editing"], "models": {"gmn": training_toys.SMALL}}
    write_params(root / "editing", train={"seeds": [0], **editor})
    training_toys.write_graphs(root / "editing/out/graphs")
    (root / "editing/siren.yaml").write_text(training_toys.SIREN)
    weights = random_weights(spec.loads(training_toys.SIREN), rng, np.float32)
    write_weights(root / "editing/weights.safetensors", weights)
    (root / "pairs").mkdir()
    pair_toys.finished(root / "pairs/results", pair_toys.predictions())
    pair_toys.write(root / "pairs", pair_toys.task(pair_toys.pair("good", "bad")))
    siren = {"family": "siren", "file": "siren.yaml"}
    waves = {"name": "sine_waves", "train": 2, "test": 1, "points": 30, "amplitude": [0, 1]}
    fit = {"steps": 1, "learning_rate": 1e-2}
    write_params(
        root / "inrs",
        inrs={"signals": waves, "architecture": siren, "convention": "standard", "fit": fit},
    )
    (root / "inrs/siren.yaml").write_text(
        "inputs: {x: [1]}\nlayers: [{linear: {out_features: 1}}]\n"
    )
    (root / "flows/out").mkdir(parents=True)
    generation_toys.write_settings(root / "flows")
    generation_toys.write_graphs(root / "flows/out/graphs")
    (root / "fitting").mkdir()
    predictor_toys.write_settings(root / "fitting")
    (root / "optimizers").mkdir()
    write_small(root / "optimizers").rename(root / "optimizers/params.yaml")
    return root


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let all work be done in this process, and networks be drawn instead of trained."""
    training_toys.run_here(monkeypatch)
    monkeypatch.setattr("pipelines.workers.begin_server", lambda preload: None)
    zoo_toys.use_toys(monkeypatch)
    for stage in ("generation.train", "learned_optimizer.meta_train"):
        module = import_module(f"pipelines.{stage}")
        monkeypatch.setattr(module, "execute", generation_toys.here)
    drawing = import_module("pipelines.generation.quality")
    monkeypatch.setattr(drawing, "picture", lambda *arguments: b"a picture")
    return root


@pytest.mark.parametrize(("name", "line"), examples(), ids=lambda value: value)
def test_an_example_runs_and_its_document_is_valid(
    name: str,
    line: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if (name, line[-10:]) in (("compile", "afetensors"), ("predict", "model.onnx")):
        monkeypatch.chdir(here / "network")
    else:
        monkeypatch.chdir(here / WORLDS.get(name, "network"))
    if name == "edit" and not Path("out/train").exists():
        main(["train", "out/graphs", "--out", "out/train", "--quiet"])
        capsys.readouterr()
    call = CALL.search(line)
    assert call is not None
    arguments = [INSTEAD.get(part, part) for part in shlex.split(call[0])[1:]]
    assert arguments[0] == name
    main([*arguments, "--json"])
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    Draft202012Validator(schema(name)).validate(document)
    assert captured.err.strip(), "what is said to people goes to stderr"


def test_every_command_has_an_example_and_a_schema() -> None:
    assert len(examples()) == EXAMPLES
    for name in gmn.commands:
        assert command(name).examples, name
        Draft202012Validator.check_schema(schema(name))
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*gmn.commands, "error"}


@pytest.mark.parametrize("name", gmn.commands)
def test_help_shows_the_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--help"])
    shown = capsys.readouterr().out
    assert all(example in shown for example in command(name).examples)


def test_a_document_that_is_not_as_its_schema_says_is_found() -> None:
    good = {"folder": "demo"}
    validator = Draft202012Validator(schema("new"))
    validator.validate(good)
    for wrong in ({}, {"folder": 3}, {**good, "more": 1}):
        with pytest.raises(ValidationError):
            validator.validate(wrong)
