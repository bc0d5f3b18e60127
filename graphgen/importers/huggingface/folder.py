"""A folder that `save_pretrained` wrote, or that was fetched from the hub."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files import read_weights
from graphgen.importers.batches import with_batch
from graphgen.importers.huggingface.examples import example_inputs, flags
from graphgen.importers.huggingface.modules import every_expert, padding_of
from graphgen.importers.huggingface.names import stored_names
from graphgen.importers.huggingface.outputs import chosen_outputs
from graphgen.importers.huggingface.skeleton import skeleton
from graphgen.importers.imported import Imported, finish
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch.arrays import to_numpy
from graphgen.importers.torch.program import read_program
from graphgen.importers.torch.quiet import quiet

CONFIG = "config.json"
MOST_CONFIG_BYTES = 1 << 22


def from_huggingface(
    folder: str | os.PathLike[str],
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    outputs: Sequence[str] | None = None,
) -> Imported:
    """Import a model of Hugging Face's transformers from its folder.

        net, weights = graphgen.importers.from_huggingface("Qwen3-0.6B")
        from_huggingface("bert", shapes={"input_ids": [128]}, outputs=["logits"])

    The folder has `config.json` and weights, in shards or not. No code of the folder is run. The
    weights are views of its files, and nothing of them is read. `shapes` has shapes of inputs
    without the batch, `outputs` the names of the outputs that are meant. Raises `GraphError`.
    """
    path = Path(folder)
    config, kind = model_class(path)
    arrays = read_weights(path)
    model = _built(path, kind, config)
    names, missing = stored_names(model, arrays)
    _check_shapes(path, model, names, arrays)
    if missing:
        model = _loaded(path, kind)
        arrays = {name: to_numpy(tensor) for name, tensor in model.state_dict().items()}
        names = {name: name for name in arrays}
    program = _exported(model, shapes)
    read = read_program(program, {name: arrays[stored] for name, stored in names.items()})
    read = read.of_outputs(chosen_outputs(program, outputs)).without(padding_of(model))
    network, axes = with_batch(read.trace, read.input_shapes, 0)
    return finish(network, axes, f"From {path.name}, a {kind.__name__} of transformers.")


def model_class(folder: Path) -> tuple[Any, Any]:
    """Give the config of a folder, checked, and the class of its model."""
    transformers = _transformers(folder)
    try:
        with (folder / CONFIG).open("rb") as file:
            text = file.read(MOST_CONFIG_BYTES + 1)
    except OSError as error:
        raise GraphError(f"{folder / CONFIG}: cannot be read ({error.strerror})") from error
    try:
        form = json.loads(text) if len(text) <= MOST_CONFIG_BYTES else None
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict) or not isinstance(form.get("model_type"), str):
        raise GraphError(
            f"{folder / CONFIG}: expected a JSON object with a `model_type`, of at most "
            f"{MOST_CONFIG_BYTES >> 20} MiB; fetch the folder again"
        )
    if form.get("quantization_config"):
        raise ImportRefusalError(
            f"{folder / CONFIG}: the weights are quantised; import the model that they come from"
        )
    listed = form.get("architectures") or []
    name = listed[0] if isinstance(listed, list) and listed else None
    kind = getattr(transformers, name, None) if isinstance(name, str) else None
    if name is not None and not _is_model(kind):
        raise ImportRefusalError(
            f"{folder / CONFIG}: transformers {transformers.__version__} has no model "
            f"{name!r:.80}; a newer one may, and code that comes with a folder is not run"
        )
    try:
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        if kind is None:
            kind = transformers.AutoModel._model_mapping[type(config)]
    # A config that is no such model's raises whatever its class comes across.
    except Exception as error:
        raise GraphError(
            f"{folder / CONFIG}: transformers cannot read it ({_short(error)}); fetch it again"
        ) from None
    return config, kind


def _built(folder: Path, kind: Any, config: Any) -> Any:
    """Build a model without its weights."""
    try:
        with quiet():
            return skeleton(kind, config)
    # Transformers raises what it comes across where sizes do not go together.
    except Exception as error:
        raise GraphError(
            f"{folder / CONFIG}: transformers cannot build {kind.__name__} ({_short(error)}); "
            "fetch it again"
        ) from None


def _check_shapes(
    folder: Path, model: Any, names: Mapping[str, str], arrays: Mapping[str, Any]
) -> None:
    """Raise `GraphError` where weights are those of a model of other sizes."""
    for name, tensor in model.state_dict().items():
        found = arrays[names[name]].shape if name in names else None
        if found is not None and tuple(found) != tuple(tensor.shape):
            raise GraphError(
                f"{folder}: the tensor {names[name]!r} has shape {list(found)}, expected "
                f"{list(tensor.shape)} by {CONFIG}; fetch the folder again"
            )


def _is_model(kind: Any) -> bool:
    from transformers import PreTrainedModel

    return isinstance(kind, type) and issubclass(kind, PreTrainedModel)


def _transformers(folder: Path) -> Any:
    try:
        import transformers
    except ImportError:
        raise GraphError(
            f"{folder}: folders of Hugging Face are read by transformers and torch, which are not "
            "installed: pip install torch transformers"
        ) from None
    return transformers


def _loaded(folder: Path, kind: Any) -> Any:
    """Load a model whose file has its tensors in another form than the model, by transformers."""
    try:
        with quiet():
            model, told = kind.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
            )
    except Exception as error:
        raise GraphError(
            f"{folder}: transformers cannot load the weights ({_short(error)}); fetch them again"
        ) from None
    if told["missing_keys"]:
        raise GraphError(
            f"{folder}: the weights lack {len(told['missing_keys'])} tensors of {kind.__name__}, "
            f"such as {sorted(told['missing_keys'])[0]!r}; fetch them again, or name the model "
            "that they are of in `architectures` of config.json"
        )
    return model.eval()


def _exported(model: Any, shapes: Mapping[str, Sequence[int]] | None) -> Any:
    import torch

    try:
        arguments = example_inputs(model, shapes) | flags(model)
        with torch.no_grad(), quiet(), every_expert(model):
            return torch.export.export(model, (), arguments, strict=False)
    except Exception as error:
        raise ImportRefusalError(
            f"{type(model).__name__}: torch.export cannot follow it ({_short(error)}); say by "
            "`shapes` what its inputs are like if the example does not fit, or import a part of it "
            "by from_torch"
        ) from None


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]:.300}"
