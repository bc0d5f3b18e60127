"""The ModelZoos (Schürholt et al. 2022): a folder of ray.tune for each network.

In it are the settings, `params.json`, a line for each epoch in `result.json`, and the checkpoints
`checkpoint_<epoch>/checkpoints`, each a `state_dict`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.published.architectures import architecture
from pipelines.published.folders import (
    found_file,
    identity,
    inside,
    matching,
    parse_json,
    path_of,
    read_json,
    read_text,
)
from pipelines.published.network_set import NetworkSet, StoredNetwork, finite, fitted
from pipelines.published.state_dict import integer, read_mapping, tensors_of
from pipelines.zoo.fields import Field, word
from pipelines.zoo.fields import integer as whole_number

OPTIONS: Mapping[str, Field] = {
    "checkpoints": Field(word(["last", "all"]), "last"),
    "size": Field(whole_number(1, 4096, optional=True), None),
}
PAPER = "Schürholt et al. 2022"
ACTIVATIONS = {
    "leakyrelu": "leaky_relu",
    **{name: name for name in ("relu", "tanh", "sigmoid", "silu", "gelu", "elu", "celu")},
}
CNNS: Mapping[str, Mapping[str, Any]] = {
    "CNN": {"widths": [8, 6, 4], "size": 28},
    "CNN2": {"widths": [6, 9, 6], "size": 28},
    "CNN3": {"widths": [16, 32, 15], "kernels": [3, 3, 3], "pooled": 3, "size": 32},
}
RESNET = {"width": 64, "blocks": [2, 2, 2, 2], "imagenet": False}
SCORES = {
    "test_accuracy": "test_acc",
    "test_loss": "test_loss",
    "train_accuracy": "train_acc",
    "train_loss": "train_loss",
}
NOT_MEASURED = -999
TRAINING = {
    "optimizer": "optim::optimizer",
    "learning_rate": "optim::lr",
    "weight_decay": "optim::wd",
    "momentum": "optim::momentum",
    "dropout": "model::dropout",
    "init_type": "model::init_type",
    "batch_size": "training::batchsize",
    "seed": "seed",
}
PARAMS, RESULT = "params.json", "result.json"


class ModelZoos(NetworkSet):
    """One zoo; a handle is the path of a checkpoint."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        self._size = options["size"]
        self._config, self._log = lru_cache(16)(read_config), lru_cache(16)(read_log)
        found = matching(folder, r"[^.].*", r"checkpoint_([0-9]{1,9})", r"checkpoints")
        found.sort(key=lambda parts: (parts[0].string, int(parts[1][1])))
        runs = [
            [path_of(folder, parts) for parts in group]
            for _, group in groupby(found, lambda parts: parts[0].string)
        ]
        if options["checkpoints"] == "last":
            runs = [run[-1:] for run in runs]
        self.networks: Sequence[Sequence[Path]] = runs
        texts = [found_file(run[0].parent.parent, PARAMS, "a run of ModelZoos") for run in runs]
        logs = [run[0].parent.parent / RESULT for run in runs]
        listed = [path for run in runs for path in run]
        self.source = identity(folder, [*listed, *(log for log in logs if log.exists())], texts)

    def read(self, handle: Path) -> StoredNetwork:
        """Read a network, whose tensors are views of its mapped file."""
        run = inside(self.folder, handle).parent.parent
        config = self._config(run / PARAMS)
        epoch = int(handle.parent.name.rpartition("_")[2])
        family, name, variables = form_of(run / PARAMS, config, self._size)
        net = architecture(name, variables, run / PARAMS)
        arrays = tensors_of(handle, read_mapping(handle))
        training = {ours: config[theirs] for ours, theirs in TRAINING.items() if theirs in config}
        return StoredNetwork(
            family=family,
            net=net,
            weights=fitted(net, arrays, handle),
            source=handle.relative_to(self.folder).as_posix(),
            variables=variables,
            training={"epochs": epoch, **training},
            metrics=self._log(run / RESULT).get(epoch, {}),
        )


def form_of(
    path: Path, config: Mapping[str, Any], size: int | None
) -> tuple[str, str, dict[str, Any]]:
    """Say which network settings ask for: its family, its architecture, and the variables."""
    kind, dropout = str(config.get("model::type")), finite(config.get("model::dropout", 0))
    activation = ACTIVATIONS.get(str(config.get("model::nlin")))
    if kind == "Resnet18":
        own = {"channels": _whole(path, config, "model::channels_in"), "size": size or 32}
        classes = {"classes": _whole(path, config, "model::o_dim")}
        return "resnet18", "resnet", {**own, **classes, **RESNET}
    if kind not in CNNS and kind != "MLP":
        raise PipelineError(
            f"{path}: `model::type` is {kind!r:.80}, expected {', '.join(CNNS)}, MLP or Resnet18; "
            "other networks, such as sparsified ones, are not read"
        )
    if activation is None or dropout is None:
        name = "model::nlin" if activation is None else "model::dropout"
        raise PipelineError(f"{path}: `{name}` is {config.get(name)!r:.80}")
    variables: dict[str, Any] = {"activation": activation}
    if kind == "MLP":
        hidden = config.get("model::h_dim")
        return "mlp", "model_zoos_mlp", {
            **variables,
            "inputs": _whole(path, config, "model::i_dim"),
            "widths": hidden if isinstance(hidden, list) else [hidden],
            "outputs": _whole(path, config, "model::o_dim"),
            "dropout": dropout > 0,
            "bias": bool(config.get("model::use_bias", True)),
        }  # fmt: skip
    variables |= {**CNNS[kind], "channels": _whole(path, config, "model::channels_in")}
    if size is not None:
        variables["size"] = size
    # CNN3 has its layers of dropout even where they drop nothing.
    return kind.lower(), "model_zoos_cnn", {**variables, "dropout": dropout > 0 or kind == "CNN3"}


def _whole(path: Path, config: Mapping[str, Any], name: str) -> int:
    value = integer(config.get(name))
    if value is None:
        raise PipelineError(f"{path}: `{name}` is {config.get(name)!r:.80}, expected an integer")
    return value


def read_config(path: Path) -> dict[str, Any]:
    """Read the settings of a run."""
    config = read_json(path)
    if not isinstance(config, dict):
        raise PipelineError(f"{path}: expected settings by name")
    return config


def read_log(path: Path) -> dict[int, dict[str, float | None]]:
    """Read what was measured at each epoch; nothing where there is no log."""
    if not path.exists():
        return {}
    result: dict[int, dict[str, float | None]] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        row = parse_json(line, f"{path}:{number}")
        epoch = integer(row.get("training_iteration")) if isinstance(row, dict) else None
        if epoch is None:
            raise PipelineError(f"{path}:{number}: has no `training_iteration`")
        result[epoch] = {
            ours: finite(row[theirs])
            for ours, theirs in SCORES.items()
            if theirs in row and row[theirs] != NOT_MEASURED
        }
    return result
