"""The file of a model, and what belongs to it in its folder; nothing outside is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.refusal import ImportRefusalError

MOST_BYTES = 2**31
"""The most bytes of a model without external data, which is what its format can hold."""

MOST_NODES = 200_000
MOST_NESTED = 32


def read_file(path: str | os.PathLike[str]) -> Any:
    """Give the `ModelProto` of a file, without its external data."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import ModelProto

    file = Path(path)
    try:
        size = file.stat().st_size
        if not file.is_file():
            raise ImportRefusalError(f"{file}: expected a file of an ONNX model")
        if size > MOST_BYTES:
            raise ImportRefusalError(f"{file}: {size} bytes, expected at most {MOST_BYTES}")
        model = ModelProto()
        model.ParseFromString(file.read_bytes())
    except OSError as error:
        raise ImportRefusalError(f"{file}: {error.strerror or error}") from error
    except (DecodeError, RuntimeError, ValueError) as error:
        raise ImportRefusalError(f"{file}: this is no ONNX model: {error}") from error
    return model


def check_model(model: Any, source: str) -> None:
    """Refuse what is no model, or is larger or deeper than models are."""
    if not model.HasField("graph") or not model.graph.node:
        raise ImportRefusalError(f"{source}: the model has no graph with nodes")
    graph = model.graph
    stored = [t.name for t in graph.initializer]
    named = [v.name for v in (*graph.input, *graph.output)]
    if not all(isinstance(word, str) for word in (graph.name, *stored, *named)):
        raise ImportRefusalError(f"{source}: a name in the model is no text")
    left = [(model.graph, 0)] + [(function, 0) for function in model.functions]
    count = 0
    while left:
        graph, depth = left.pop()
        count += len(graph.node)
        if depth > MOST_NESTED or count > MOST_NODES:
            raise ImportRefusalError(
                f"{source}: expected at most {MOST_NODES} nodes, in subgraphs that are nested "
                f"{MOST_NESTED} deep at most"
            )
        for node in graph.node:
            words = (node.name, node.op_type, node.domain, *node.input, *node.output)
            if not all(isinstance(word, str) for word in words):
                raise ImportRefusalError(f"{source}: a name in the model is no text")
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    left.append((attribute.g, depth + 1))
                left.extend((inner, depth + 1) for inner in attribute.graphs)


def external_bytes(folder: Path | None, tensor: Any) -> NDArray[np.uint8]:
    """Give the bytes of a tensor that lie in a file beside the model, as a map of that file."""
    told = {entry.key: entry.value for entry in tensor.external_data}
    name, location = tensor.name, told.get("location", "")
    if folder is None:
        raise ImportRefusalError(
            f"the tensor {name!r} lies in the file {location!r}: give the model's path, so that "
            "its folder is known"
        )
    try:
        offset, length = int(told.get("offset", "0")), told.get("length")
        wanted = None if length is None else int(length)
    except ValueError as error:
        raise ImportRefusalError(
            f"the tensor {name!r} has no numbers as its place: {told}"
        ) from error
    root = os.path.realpath(folder)
    try:
        file = os.path.realpath(os.path.join(root, location))
        if not location or os.path.commonpath([root, file]) != root or file == root:
            raise ImportRefusalError(
                f"the tensor {name!r} lies in {location!r}, which is not inside the model's folder"
            )
        found = os.stat(file)
    except (OSError, ValueError) as error:
        raise ImportRefusalError(
            f"the tensor {name!r} lies in {location!r}, which cannot be read: {error}"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise ImportRefusalError(f"the tensor {name!r} lies in {location!r}, which is no file")
    count = found.st_size - offset if wanted is None else wanted
    if offset < 0 or count < 0 or offset + count > found.st_size:
        raise ImportRefusalError(
            f"the tensor {name!r} has {count} bytes from {offset} on in {location!r}, which has "
            f"{found.st_size}"
        )
    if not count:
        return np.zeros(0, dtype=np.uint8)
    return np.memmap(file, np.uint8, "r", offset, (count,))
