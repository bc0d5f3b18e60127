"""The CNN Wild Park (Kofinas et al. 2024): CNNs of many forms, checkpoints of ray.tune.

A checkpoint is `<run>/checkpoint_<number>/checkpoint.pt`, perhaps in a folder `cifar10_zooV2`, with
the `state_dict` as `model`, the CNN's form as `config`, an object of OmegaConf's, and what was
measured last as `last_result`. Objects are read as what the file says of them, and never made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.published.architectures import architecture
from pipelines.published.folders import identity, inside, matching, path_of
from pipelines.published.network_set import NetworkSet, StoredNetwork, finite, fitted
from pipelines.published.splits import read_splits
from pipelines.published.state_dict import integer, read_mapping, settings_of, tensors_of
from pipelines.zoo.fields import Field, text, word

OPTIONS: Mapping[str, Field] = {
    "checkpoints": Field(word(["last", "all"]), "last"),
    "split": Field(text, None),
}
PAPER = "Kofinas et al. 2024"
SIZE = 32
ACTIVATIONS = ("relu", "gelu", "tanh", "sigmoid", "leaky_relu", "none")
LISTS = ("kernel_size", "stride", "padding", "residual", "activation")
MOST_LAYERS = 64
_CHECKPOINT = r"checkpoint_([0-9]{1,9})", r"checkpoint\.pt"


class CnnWildPark(NetworkSet):
    """The set; a handle is the path of a checkpoint."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        found = matching(folder, r"[^.].*", *_CHECKPOINT)
        found += matching(folder, r"[^.].*", r"[^.].*", *_CHECKPOINT)
        found.sort(key=lambda parts: ([part.string for part in parts[:-2]], int(parts[-2][1])))
        runs = [
            [path_of(folder, parts) for parts in group]
            for _, group in groupby(found, lambda parts: [part.string for part in parts[:-2]])
        ]
        self._split: dict[Path, str] = {}
        texts = []
        if options["split"] is not None:
            texts.append(Path(options["split"]))
            self._split = split_of(texts[0], runs)
            runs = [run for run in runs if run[-1] in self._split]
        if options["checkpoints"] == "last":
            runs = [run[-1:] for run in runs]
        self.networks: Sequence[Sequence[Path]] = runs
        self.source = identity(folder, [path for run in runs for path in run], texts)

    def read(self, handle: Path) -> StoredNetwork:
        """Read a CNN, whose tensors are views of its mapped file."""
        data = read_mapping(inside(self.folder, handle))
        arrays = tensors_of(handle, data.get("model"), "model")
        variables = read_form(handle, settings_of(data.get("config")))
        head = arrays.get("fc.weight")
        variables["classes"] = 10 if head is None else int(head.shape[0])
        net = architecture("cnn_wild_park", {**variables, "size": SIZE}, handle)
        result = data.get("last_result")
        result = result if isinstance(result, Mapping) else {}
        metrics = {
            name: finite(result[key])
            for name, key in (("test_accuracy", "test/acc"), ("test_loss", "test/loss"))
            if key in result
        }
        recipe = settings_of(result.get("config"))
        training = read_recipe(recipe if isinstance(recipe, Mapping) else {})
        epochs = integer(data.get("iteration"))
        split = self._split.get(handle)
        return StoredNetwork(
            family="cnn_wild_park",
            net=net,
            weights=fitted(net, arrays, handle),
            source=handle.relative_to(self.folder).as_posix(),
            variables={**variables, "layers": len(variables["kernel_size"])},
            training=training if epochs is None else {"epochs": epochs, **training},
            metrics=metrics,
            about={} if split is None else {"split": split},
        )


def read_form(path: Path, config: Any) -> dict[str, Any]:
    """Check the form of a CNN: lists of one length, a number or a word for each convolution."""
    config = config if isinstance(config, Mapping) else {}
    channels, lists = config.get("channels"), {name: config.get(name) for name in LISTS}
    count = len(channels) - 1 if isinstance(channels, list) else 0
    whole = all(isinstance(values, list) and len(values) == count for values in lists.values())
    if not whole or not 1 <= count <= MOST_LAYERS:
        raise PipelineError(
            f"{path}: `config` has {', '.join(map(str, config)) or 'nothing that is read'}; "
            f"expected `channels` and, one entry shorter, {', '.join(LISTS)}; is it a checkpoint "
            "of CNN Wild Park?"
        )
    form: dict[str, Any] = {"channels": channels, **lists}
    for name, values in form.items():
        for i, value in enumerate(values):
            if name == "activation":
                good = value in ACTIVATIONS
            elif name == "residual":  # of an earlier layer, but not of the one before
                good = _whole(value) and value >= -1 and (value < 0 or value < i - 1)
            else:
                good = _whole(value) and 0 <= value <= 2**16
            if not good:
                raise PipelineError(f"{path}: `config.{name}[{i}]` is {value!r:.80}")
    return form


def read_recipe(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the settings of a run tell of its training."""
    optimizer = config.get("optimizer")
    optimizer = optimizer if isinstance(optimizer, Mapping) else {}
    told = {
        "optimizer": str(optimizer.get("_target_", "")).rpartition(".")[2].lower() or None,
        "learning_rate": finite(optimizer.get("lr")),
        "weight_decay": finite(optimizer.get("weight_decay")),
        "batch_size": integer(config.get("batch_size")),
    }
    return {name: value for name, value in told.items() if value is not None}


def split_of(path: Path, runs: Sequence[Sequence[Path]]) -> dict[Path, str]:
    """Give each checkpoint the split that a file of splits has for its run."""
    listed = read_splits(path, 3)
    found: dict[Path, str] = {}
    for run in runs:
        own = {listed[key] for one in run if (key := one.parts[-3:]) in listed}
        if len(own) > 1:
            raise PipelineError(f"{path}: checkpoints of {run[0].parent.parent.name} are in two")
        found |= dict.fromkeys(run, own.pop()) if own else {}
    return found


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
