"""Names of modules and parameters, from what exporters call nodes and initialisers."""

from __future__ import annotations

import ast
import re
from typing import Any

PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
"""A parameter's name with the path of its module, as `encoder.layers.0.linear1.weight`."""

ANONYMOUS = re.compile(
    r"(onnx::\w+_\d+|_*(val|tensor|const|constant|initializer|init|param|p|t|_to_copy)?_*\d+|/.*|.*:.*)",
    re.IGNORECASE,
)
"""What exporters call tensors that have no name of their own."""

ROLES = {
    "MatMul": {1: "weight", 0: "weight"},
    "Gemm": {1: "weight", 2: "bias", 0: "weight"},
    "Conv": {1: "weight", 2: "bias"},
    "ConvTranspose": {1: "weight", 2: "bias"},
    "BatchNormalization": {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"},
    "InstanceNormalization": {1: "weight", 2: "bias"},
    "LayerNormalization": {1: "weight", 2: "bias"},
    "GroupNormalization": {1: "weight", 2: "bias"},
    "RMSNormalization": {1: "weight"},
    "PRelu": {1: "weight"},
    "Gather": {0: "weight"},
    "Add": {0: "bias", 1: "bias"},
    "Mul": {0: "weight", 1: "weight"},
    "LSTM": {1: "weight_ih", 2: "weight_hh", 3: "bias"},
    "GRU": {1: "weight_ih", 2: "weight_hh", 3: "bias"},
    "RNN": {1: "weight_ih", 2: "weight_hh", 3: "bias"},
}
"""What PyTorch calls a tensor, by the operator that reads it and the place among its inputs."""

LONGEST = 200


def is_path(name: str) -> bool:
    """Say whether a name is that of a module's parameter.

    >>> is_path("encoder.layers.0.linear1.weight"), is_path("onnx::MatMul_12")
    (True, False)
    """
    return PATH.fullmatch(name) is not None


def scope_of(node: Any) -> str:
    """Give the dotted path of the module that a node was part of, or nothing.

    Exporters say it in the node's name, `/encoder/layers.0/linear1/MatMul`, or beside it.
    """
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes" and len(entry.value) < 10_000:
            try:
                scopes = ast.literal_eval(entry.value)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(scopes, list) and len(scopes) > 1:
                return plain(str(scopes[-2]))
    name = node.name
    if not name.startswith("/"):
        return ""
    return plain(".".join(part for part in name.split("/")[1:-1] if part))


def plain(text: str) -> str:
    """Give a name without characters that names of the language do not have.

    >>> plain("onnx::MatMul_12"), plain("model/dense/kernel:0")
    ('onnx_MatMul_12', 'model.dense.kernel_0')
    """
    dotted = re.sub(r"[/.]+", ".", text)
    words = re.sub(r"[^\w.]+", "_", dotted, flags=re.ASCII)
    return words.strip("._")[:LONGEST]


class Names:
    """Gives each initialiser one name: its own, or one by its first reader's module and role."""

    def __init__(self) -> None:
        self._given: dict[int, str] = {}
        self._taken: set[str] = set()

    def of(self, key: int, name: str, scope: str, operator: str, place: int) -> str:
        """Name an initialiser as it is first read."""
        if key not in self._given:
            role = ROLES.get(operator, {}).get(place)
            wanted = plain(name)
            if role and scope and ANONYMOUS.fullmatch(name):
                wanted = f"{scope}.{role}"
            self._given[key] = self._free(wanted or "tensor")
        return self._given[key]

    def _free(self, wanted: str) -> str:
        found, number = wanted, 1
        while found in self._taken:
            number += 1
            found = f"{wanted}_{number}"
        self._taken.add(found)
        return found
