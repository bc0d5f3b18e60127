"""CNN Wild Park and ModelZoos: checkpoints of ray.tune, read as the networks that torch runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_forms import CONFIGS, FORMS, config, form
from published_sets import ParkCnn, write_cnn_wild_park, write_model_zoo, zoo_module

import graphgen
from graphgen.evaluate import evaluate
from graphgen.testing import relative_error
from pipelines.errors import PipelineError
from pipelines.published import NetworkSet, StoredNetwork, open_set


def save(path: Path, **fields: Any) -> None:
    """Write a checkpoint of the park's first CNN, with plain settings, but for these fields."""
    net = ParkCnn(FORMS[0])
    torch.save({"model": net.state_dict(), "config": FORMS[0], "iteration": 10, **fields}, path)


def doubled(one: StoredNetwork) -> dict[str, np.ndarray]:
    return {name: array.astype(np.float64) for name, array in one.weights.items()}


def assert_torch(opened: NetworkSet, nets: dict[str, torch.nn.Module], count: int) -> None:
    """Check that each network computes what its module does, and another does not."""
    read = [opened.read(handle) for run in opened.networks for handle in run]
    assert len(read) == count
    for one in read:
        shape = next(iter(one.net.inputs.values()))
        x = np.random.default_rng(0).standard_normal((2, *shape))
        with torch.no_grad():
            wanted = nets[one.source].double()(torch.from_numpy(x)).numpy()
        assert relative_error(evaluate(one.net, doubled(one), x), wanted) < 1e-12
        # A first layer whose weights are in another order is another network's.
        first = next(name for name in one.weights if name.endswith("weight"))
        other = {**doubled(one), first: np.flip(doubled(one)[first])}
        assert relative_error(evaluate(one.net, other, x), wanted) > 1e-4
        graphgen.compile(one.net, one.weights).verify()


def test_cnns_of_the_park_compute_what_the_authors_do(tmp_path: Path) -> None:
    nets = write_cnn_wild_park(tmp_path / "cifar10_zooV2", FORMS)
    assert_torch(open_set("cnn_wild_park", tmp_path / "cifar10_zooV2"), nets, 4)
    opened = open_set("cnn_wild_park", tmp_path, {"checkpoints": "all"})
    assert [len(run) for run in opened.networks] == [2, 2, 2, 2]
    one = opened.read(opened.networks[2][0])
    assert one.source.startswith("cifar10_zooV2/NN_tune_00002/checkpoint_000010")
    assert one.metrics == {"test_accuracy": pytest.approx(0.21), "test_loss": 2.0}
    assert one.training == {
        "epochs": 10, "optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.0,
        "batch_size": 512,
    }  # fmt: skip
    assert one.variables["residual"] == [-1, -1, 0, 1]
    assert one.variables["layers"] == 4


def test_the_park_may_leave_classes_to_the_last_layer(tmp_path: Path) -> None:
    write_cnn_wild_park(tmp_path, FORMS[:1], [10])
    (path,) = tmp_path.rglob("checkpoint.pt")
    own = {name: value for name, value in FORMS[0].items() if name not in ("n_layers", "n_classes")}
    save(path, config=own)
    opened = open_set("cnn_wild_park", tmp_path)
    assert opened.read(opened.networks[0][0]).net.output_shapes == ((10,),)
    torch.save({"model": {"layers.0.weight": torch.ones(4, 3, 3, 3)}, "config": own}, path)
    with pytest.raises(graphgen.GraphError, match=r"fc\.weight"):
        opened.read(opened.networks[0][0])


def test_what_is_added_is_part_of_the_function(tmp_path: Path) -> None:
    """A reader that forgot the residuals would compute something else."""
    nets = write_cnn_wild_park(tmp_path, FORMS[:1], [10])
    (net,) = nets.values()
    x = torch.randn(2, 3, 32, 32)
    without = ParkCnn(form(residual=[-1, -1, -1]))
    without.load_state_dict(net.state_dict())
    with torch.no_grad():
        assert relative_error(without(x).numpy(), net(x).numpy()) > 1e-3


def test_the_park_has_the_split_of_its_file(tmp_path: Path) -> None:
    write_cnn_wild_park(tmp_path / "cifar10_zooV2", FORMS)
    split = {
        part: {
            "path": [
                f"cifar10_zooV2/NN_tune_{run:05d}/checkpoint_{n:06d}/checkpoint.pt"
                for run in runs
                for n in (10, 20)
            ],
            "score": [0.5] * 2 * len(runs),
        }
        for part, runs in {"train": [0, 3], "val": [1], "test": []}.items()
    }
    (tmp_path / "cnn_park_splits.json").write_text(json.dumps(split))
    options = {"split": str(tmp_path / "cnn_park_splits.json"), "checkpoints": "all"}
    opened = open_set("cnn_wild_park", tmp_path, options)
    found = {(one.source[25:27], one.about["split"]) for run in opened.networks
             for one in map(opened.read, run)}  # fmt: skip
    assert found == {("00", "train"), ("03", "train"), ("01", "validation")}


def test_objects_of_the_park_are_never_made(tmp_path: Path) -> None:
    """A file may name any class or function: it is told of, and nothing of it runs."""

    class Harmful:
        def __init__(self, function: Any, *arguments: Any) -> None:
            self.called = function, arguments

        def __reduce__(self) -> Any:
            return self.called

    write_cnn_wild_park(tmp_path / "set", FORMS[:1], [10])
    (path,) = (tmp_path / "set").rglob("checkpoint.pt")
    touched = tmp_path / "touched"
    for bad in (Harmful(eval, f"open({str(touched)!r}, 'w')"), Harmful(exec, "1 / 0"),
                Harmful(os.mkdir, str(touched)), Harmful(Path.touch, touched)):  # fmt: skip
        save(path, config=bad)
        opened = open_set("cnn_wild_park", tmp_path / "set")
        with pytest.raises(PipelineError, match="checkpoint.pt"):
            opened.read(opened.networks[0][0])
        save(path, beside=bad)
        if bad.called[0] in (eval, exec):  # torch refuses the modules and methods of others
            opened.read(opened.networks[0][0])
        else:
            with pytest.raises(PipelineError, match="weights_only"):
                opened.read(opened.networks[0][0])
        assert not touched.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"residual": [-1, -1, 1]}, "residual"),  # of the layer before
        ({"residual": [-1, -1]}, "one entry shorter"),
        ({"activation": ["relu", "relu", "swishy"]}, r"activation\[2\]. is 'swishy'"),
        ({"channels": [3, 4, 8, -6]}, r"channels\[3\]. is -6"),
        ({"kernel_size": [3, 5, True]}, "kernel_size"),
        ({"kernel_size": [3, 5, 60001]}, "cnn_wild_park is no network"),
        ({"channels": [3, 4, 8, 7]}, "fc.weight|layers"),
    ],
)
def test_other_forms_are_told(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    write_cnn_wild_park(tmp_path, FORMS[:1], [10])
    (path,) = tmp_path.rglob("checkpoint.pt")
    save(path, config=form(**fields))
    opened = open_set("cnn_wild_park", tmp_path)
    with pytest.raises((PipelineError, graphgen.GraphError), match=told):
        opened.read(opened.networks[0][0])


def test_networks_of_model_zoos_compute_what_the_authors_do(tmp_path: Path) -> None:
    nets = write_model_zoo(tmp_path, [*CONFIGS, CONFIGS[-1]])
    opened = open_set("model_zoos", tmp_path)
    assert_torch(opened, nets, 6)
    one = opened.read(opened.networks[1][0])
    assert one.family == "cnn"
    assert one.training == {
        "epochs": 2, "optimizer": "adam", "learning_rate": 0.0003, "weight_decay": 0.0,
        "dropout": 0.5, "init_type": "uniform", "batch_size": 10, "seed": 7,
    }  # fmt: skip
    assert one.metrics == pytest.approx(
        {"test_accuracy": 0.21, "test_loss": 0.0, "train_accuracy": 0.4, "train_loss": 0.5}
    )


def test_epochs_of_model_zoos_are_checkpoints(tmp_path: Path) -> None:
    write_model_zoo(tmp_path, CONFIGS[:2], epochs=(0, 5, 10))
    opened = open_set("model_zoos", tmp_path, {"checkpoints": "all"})
    first = [opened.read(handle) for handle in opened.networks[0]]
    assert [one.training["epochs"] for one in first] == [0, 5, 10]
    # Before the first epoch nothing was measured on the images for training.
    assert set(first[0].metrics) == {"test_accuracy", "test_loss"}
    assert first[1].metrics["test_accuracy"] == pytest.approx(0.5)


def test_a_resnet_and_an_mlp_of_model_zoos(tmp_path: Path) -> None:
    own = tmp_path / "run"
    (own / "checkpoint_50").mkdir(parents=True)
    mlp = torch.nn.Module()
    mlp.module_list = torch.nn.ModuleList(
        [torch.nn.Linear(14, 6), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(6, 3)]
    )
    settings = config("MLP", "relu", 0.1) | {
        "model::i_dim": 14, "model::h_dim": [6], "model::o_dim": 3, "model::use_bias": True,
    }  # fmt: skip
    (own / "params.json").write_text(json.dumps(settings))
    torch.save(mlp.state_dict(), own / "checkpoint_50" / "checkpoints")
    opened = open_set("model_zoos", tmp_path)
    one = opened.read(opened.networks[0][0])
    x = np.random.default_rng(0).standard_normal((2, 14))
    wanted = torch.nn.Sequential(*mlp.module_list).eval().double()(torch.from_numpy(x))
    assert relative_error(evaluate(one.net, doubled(one), x), wanted.detach().numpy()) < 1e-12
    assert one.metrics == {}
    (own / "params.json").write_text(json.dumps(config("Resnet18", **{"model::channels_in": 3})))
    opened = open_set("model_zoos", tmp_path)
    with pytest.raises(graphgen.GraphError, match=r"conv1\.weight"):
        opened.read(opened.networks[0][0])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (config("ARDCNN"), "`model::type` is 'ARDCNN'"),
        (config(word="swishy"), "`model::nlin` is 'swishy'"),
        (config(**{"model::channels_in": "one"}), "`model::channels_in`"),
        (config("CNN2"), "module_list"),
        (config(dropout=0.5), "module_list"),
        ([], "settings by name"),
    ],
)
def test_other_settings_are_told(tmp_path: Path, settings: Any, told: str) -> None:
    write_model_zoo(tmp_path, CONFIGS[:1], [1])
    (path,) = tmp_path.rglob("params.json")
    path.write_text(json.dumps(settings))
    opened = open_set("model_zoos", tmp_path)
    with pytest.raises((PipelineError, graphgen.GraphError), match=told):
        opened.read(opened.networks[0][0])


def test_damaged_logs_and_files_are_told(tmp_path: Path) -> None:
    write_model_zoo(tmp_path, CONFIGS[:1], [1])
    (log,) = tmp_path.rglob("result.json")
    (file,) = tmp_path.rglob("checkpoints")
    whole = file.read_bytes()
    for content, told in ((b'{"training_iteration"', "result.json:1"), (b"[]\n", "result.json:1"),
                          (b"\xff\xfe", "no text")):  # fmt: skip
        log.write_bytes(content)
        opened = open_set("model_zoos", tmp_path)
        with pytest.raises(PipelineError, match=told):
            opened.read(opened.networks[0][0])
    log.unlink()
    for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[:-9], b"\x80\x02."):
        file.write_bytes(content)
        opened = open_set("model_zoos", tmp_path)
        with pytest.raises(PipelineError, match="checkpoints"):
            opened.read(opened.networks[0][0])
    torch.save(zoo_module(CONFIGS[0]), file)  # the whole module, a pickled class
    with pytest.raises(PipelineError, match="checkpoints"):
        opened.read(opened.networks[0][0])
    (next(tmp_path.rglob("params.json"))).unlink()
    with pytest.raises(PipelineError, match=r"params\.json"):
        open_set("model_zoos", tmp_path)
