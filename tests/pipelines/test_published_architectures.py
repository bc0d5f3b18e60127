"""The architectures of published sets: all that holds for any network holds for them."""

from __future__ import annotations

import json
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracles.any_network import check_network
from published_forms import FORMS, config
from torch import Tensor, nn

from graphgen.evaluate import evaluate
from graphgen.testing import relative_error
from pipelines.errors import PipelineError
from pipelines.published import open_set
from pipelines.published.architectures import FOLDER, architecture

SIREN = {"dimensions": 2, "channels": 1, "frequency": 3, "names": ["seq.0", "seq.1", "seq.2"]}


def park(form: dict[str, Any], size: int = 8) -> dict[str, Any]:
    """Give the variables of a CNN of the park."""
    own = {name: form[name] for name in form if name not in ("n_layers", "n_classes")}
    return {**own, "classes": form["n_classes"], "size": size}


CASES = [
    ("small_cnn_zoo", {"units": 4, "activation": "tanh"}, factorial(4) ** 3),
    # The last layer's first channels are those of the first, to which they are added.
    ("cnn_wild_park", park(FORMS[0]), factorial(4) * factorial(8) * factorial(2)),
    # Of more channels than there are, only the first are added, and so they are apart.
    ("cnn_wild_park", park(FORMS[1]), factorial(2) * factorial(6) * factorial(4)),
    ("cnn_wild_park", park(FORMS[2]), factorial(4) ** 2),
    ("cnn_wild_park", park(FORMS[3]), factorial(5)),
    ("model_zoos_cnn", {"widths": [3, 2, 2], "hidden": 4, "activation": "silu"}, 6 * 2 * 2 * 24),
    ("model_zoos_cnn", {"widths": [2, 3, 2], "hidden": 4, "dropout": True}, 2 * 6 * 2 * 24),
    ("model_zoos_mlp", {"widths": [5, 4]}, factorial(5) * factorial(4)),
    ("inr", {**SIREN, "width": 4, "depth": 1, "scale": 0.5}, factorial(4) ** 2),
]


@pytest.mark.parametrize(("name", "variables", "order"), CASES)
def test_they_hold_what_any_network_does(name: str, variables: Any, order: int) -> None:
    check_network(architecture(name, variables, "here"), order)


def test_every_file_is_of_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {name for name, _, _ in CASES}


def test_variables_that_give_no_network_are_told() -> None:
    with pytest.raises(PipelineError, match="row 3: with activation='swishy'.*is no network"):
        architecture("small_cnn_zoo", {"activation": "swishy"}, "metrics.csv.gz: row 3")


class Block(nn.Module):
    """The basic block of a ResNet, by torchvision's names."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + getattr(self, "downsample", nn.Identity())(x))


class ResNet18(nn.Module):
    """ResNet-18 as ModelZoos has it: a first convolution of 3 x 3, and no first pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        width = 64
        for stage in range(4):
            own = 64 * 2**stage
            blocks = [Block(width, own, 2 if stage else 1), Block(own, own, 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            width = own
        self.fc = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


def test_resnets_of_model_zoos_compute_what_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = ResNet18()
    net.train()(torch.randn(4, 3, 8, 8))  # statistics that are not those of the beginning
    own = tmp_path / "run" / "checkpoint_000060"
    own.mkdir(parents=True)
    settings = config("Resnet18", "relu", **{"model::channels_in": 3})
    (own.parent / "params.json").write_text(json.dumps(settings))
    torch.save(net.state_dict(), own / "checkpoints")
    opened = open_set("model_zoos", tmp_path, {"size": 8})
    one = opened.read(opened.networks[0][0])
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(x)).numpy()
    assert relative_error(evaluate(one.net, one.weights, x), wanted) < 1e-5
    assert one.family == "resnet18"
    other = {**one.weights, "bn1.running_mean": np.zeros(64, np.float32)}
    assert relative_error(evaluate(one.net, other, x), wanted) > 1e-4
