"""An import beside the framework that made the model: the same inputs, and the same outputs?"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.comparison import LIMITS, Wide, compare
from graphgen.errors import GraphError
from graphgen.files.model_kind import FOLDER, ONNX_MODEL, PROGRAM, model_kind
from graphgen.importers.imported import Imported

Array = NDArray[Any]
SAMPLES = 2
MOST_NUMBERS = 2**26
"""The most numbers of a value that is computed for a check."""

DTYPES = {"tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(int32)": np.int32,
          "tensor(int64)": np.int64, "tensor(bool)": np.bool_}  # fmt: skip


class UncheckedError(Exception):
    """Why an import cannot be compared with its framework, in a few words."""


@dataclass(frozen=True)
class Running:
    """A model that runs: its framework, what each input is like, and its outputs for inputs.

    A size is None where any will do.
    """

    framework: str
    shapes: Sequence[tuple[int | None, ...]]
    dtypes: Sequence[Any]
    run: Callable[[Sequence[Array]], Sequence[Array]]


def checked(imported: Imported, path: Path, outputs: Sequence[str] = ()) -> str:
    """Run an import and its model on random inputs, and say how far apart they are.

    `outputs` are the names of those that were asked for, of a folder of Hugging Face. Raises
    `GraphError` where they differ, and `UncheckedError` where that cannot be found out.
    """
    kind = model_kind(path)
    if kind == FOLDER:
        model = folder_running(path, imported, outputs)
    elif kind in RUNNERS:
        model = RUNNERS[kind](path)
    else:
        raise UncheckedError("this is no model in a file")
    given, count = model_inputs(imported, model)
    try:
        found = [np.asarray(y) for y in model.run(given)]
        expected = imported.outputs_of(*found, samples=count)
        inputs = imported.inputs_of(*given)
    except UncheckedError:
        raise
    # Whatever the framework says of inputs that are drawn at random.
    except Exception as error:
        words = " ".join(str(error).split())
        raise UncheckedError(
            f"{model.framework} does not run it on random inputs ({words:.200})"
        ) from error
    if any(y.dtype.kind == "f" and not np.isfinite(y).all() for y in expected):
        raise UncheckedError(f"{model.framework} gives no finite numbers for random inputs")
    wide = Wide.of(imported.net, imported.weights, inputs)
    largest = 0.0
    computed = wide.outputs()
    for name, y in zip(imported.net.outputs, expected, strict=True):
        actual = computed[name]
        limit = LIMITS.get(y.dtype.name, LIMITS["float32"])
        difference = compare(name, actual, y, limit)
        if not difference.agrees:
            raise GraphError(
                f"{path}: what was imported does not compute what {model.framework} computes on "
                f"random inputs, so nothing is written: {difference}; this is a defect of the "
                "importer, or a function that jumps"
            )
        largest = max(largest, difference.relative)
    return (
        f"checked against {model.framework} on random inputs: the outputs differ by {largest:.2g} "
        "of their spread"
    )


def model_inputs(imported: Imported, model: Running) -> tuple[list[Array], int]:
    """Draw random inputs as the model takes them, and say how many samples they hold.

    Inputs that are looked up in tables are indices.
    """
    net, rng, axes = imported.net, np.random.default_rng(0), imported.batch_axes
    unread = imported.unread or (False,) * len(axes)
    if len(model.shapes) != len(axes) or unread.count(False) != len(net.inputs):
        raise UncheckedError(f"{model.framework} takes {len(model.shapes)} inputs")
    fixed = [s[a] for s, a in zip(model.shapes, axes, strict=True) if a is not None]
    count = next((n for n in fixed if n is not None), SAMPLES if fixed else 1)
    names = iter(net.inputs.items())
    result = []
    for shape, axis, dtype, left in zip(model.shapes, axes, model.dtypes, unread, strict=True):
        name, inner = ("", ()) if left else next(names)
        sizes = sizes_of(shape, inner, axis, count)
        largest = count * max(map(prod, net.shapes.values()), default=0)
        if max(prod(sizes), largest) > MOST_NUMBERS:
            raise UncheckedError("its values have more numbers than are computed for a check")
        if name in net.index_inputs:
            drawn: Array = rng.integers(net.index_inputs[name], size=sizes)
        elif np.dtype(dtype).kind in "iub":
            drawn = np.ones(sizes)
        else:
            drawn = rng.standard_normal(sizes)
        result.append(drawn.astype(dtype))
    return result, count


def sizes_of(
    declared: Sequence[int | None], inner: Sequence[int], axis: int | None, count: int
) -> tuple[int, ...]:
    """Give the shape of an input of the model: as it declares it, or else as it was imported."""
    rank = len(declared) - (axis is not None)
    sizes = list(inner)
    if len(sizes) != rank:
        if prod(sizes) != 1:
            raise UncheckedError(f"an input of {rank} axes was imported as {list(inner)}")
        sizes = [1] * rank
    if axis is not None:
        sizes.insert(axis, count)
    return tuple(n if d is None else d for d, n in zip(declared, sizes, strict=True))


def onnx_running(path: Path) -> Running:
    """Open an ONNX file with onnxruntime."""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        words = " ".join(str(error).split())
        raise UncheckedError(f"onnxruntime does not open it ({words:.200})") from error
    declared = session.get_inputs()
    names = [each.name for each in declared]

    def run(arrays: Sequence[Array]) -> Sequence[Array]:
        results: Sequence[Array] = session.run(None, dict(zip(names, arrays, strict=True)))
        return results

    shapes = [tuple(n if isinstance(n, int) else None for n in i.shape) for i in declared]
    return Running("onnxruntime", shapes, [DTYPES.get(i.type, np.float32) for i in declared], run)


def program_running(path: Path) -> Running:
    """Open an exported program with torch."""
    from graphgen.comparison.reference import flattened
    from graphgen.importers.torch.program import read_program
    from graphgen.importers.torch.program_file import check_file, load

    torch = library("torch")
    check_file(path)
    program = load(path)
    read = read_program(program)
    nodes = {node.name: node for node in program.graph.nodes}
    dtypes = [
        np.dtype(str(nodes[name].meta["val"].dtype).removeprefix("torch."))
        for name in read.input_nodes
    ]

    def run(arrays: Sequence[Array]) -> Sequence[Array]:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tensors = [torch.from_numpy(np.array(x)) for x in arrays]
            args, named = torch.utils._pytree.tree_unflatten(tensors, program.call_spec.in_spec)
            result = program.module()(*args, **named)
        return [y.numpy() for y in flattened(result)[0]]

    return Running("torch", read.input_shapes, dtypes, run)


def folder_running(path: Path, imported: Imported, outputs: Sequence[str]) -> Running:
    """Load a folder of Hugging Face with transformers, as it is used by everybody."""
    from graphgen.importers.huggingface.examples import flags
    from graphgen.importers.huggingface.folder import model_class
    from graphgen.importers.huggingface.outputs import chosen_places

    torch, transformers = library("torch"), library("transformers")
    _, kind = model_class(path)
    transformers.logging.disable_progress_bar()
    try:
        model = kind.from_pretrained(path, local_files_only=True, trust_remote_code=False).eval()
    # Transformers raises what it likes.
    except Exception as error:
        words = " ".join(str(error).split())
        raise UncheckedError(f"transformers does not load it ({words:.200})") from error
    finally:
        transformers.logging.enable_progress_bar()
    names = list(imported.net.inputs)

    def run(arrays: Sequence[Array]) -> Sequence[Array]:
        given = {n: torch.from_numpy(np.array(x)) for n, x in zip(names, arrays, strict=True)}
        with torch.no_grad():
            result = model(**given, **flags(model))
        leaves, form = torch.utils._pytree.tree_flatten(result)
        return [leaves[i].float().numpy() for i in chosen_places(form, list(outputs) or None)]

    shapes = [(None,) * (len(shape) + 1) for shape in imported.net.inputs.values()]
    whole = [n in imported.net.index_inputs or n.endswith(("_ids", "_mask")) for n in names]
    return Running("transformers", shapes, [np.int64 if w else np.float32 for w in whole], run)


RUNNERS: dict[str, Callable[[Path], Running]] = {
    ONNX_MODEL: onnx_running,
    PROGRAM: program_running,
}


def library(name: str) -> Any:
    """Import a framework, or say that it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UncheckedError(f"{name} is not installed") from error
