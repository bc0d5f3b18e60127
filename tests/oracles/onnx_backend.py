"""The models that the onnx package tests backends with, imported and compared with its outputs.

`python tests/oracles/onnx_backend.py docs/reference/onnx_coverage.md` writes the counts anew.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

import graphgen
from graphgen.importers import from_onnx

STORED = ("simple", "pytorch-converted", "pytorch-operator")
TOLERANCES = {"float16": 5e-3, "bfloat16": 3e-2}
TOLERANCE = 1e-4
"""For outputs of other dtypes, as the issue of all comparisons; both absolute and relative."""


@dataclass(frozen=True)
class Case:
    """A model, inputs for it, and the outputs that it is to give."""

    group: str
    name: str
    model: onnx.ModelProto
    inputs: list[Any]
    outputs: list[Any]

    @property
    def is_several(self) -> bool:
        """Whether it has two or more operators."""
        return len(self.model.graph.node) > 1


def stored_cases() -> Iterator[Case]:
    """Read the models that the package has as files."""
    root = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for group in STORED:
        for folder in sorted((root / group).iterdir()):
            model = onnx.load(folder / "model.onnx")
            data = folder / "test_data_set_0"
            arrays = [
                [_tensor(file) for file in sorted(data.glob(f"{word}_*.pb"), key=_number)]
                for word in ("input", "output")
            ]
            yield Case(group, folder.name, model, *arrays)


def _number(file: Path) -> int:
    return int(file.stem.rsplit("_", 1)[1])


def _tensor(file: Path) -> Any:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(file.read_bytes())
    return _array(tensor)


def made_cases() -> Iterator[Case]:
    """Make the models of single operators, and of what these are defined by."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = collect_testcases(None)
    for case in made:
        inputs, outputs = ([_array(x) for x in arrays] for arrays in case.data_sets[0])
        yield Case("node", case.name, case.model, inputs, outputs)


def _array(x: Any) -> Any:
    if not isinstance(x, onnx.TensorProto):
        return x
    return x if x.data_type == onnx.TensorProto.STRING else numpy_helper.to_array(x)


def compare(case: Case) -> None:
    """Import a model, and compare what it computes; `AssertionError` where it differs."""
    found = from_onnx(case.model)
    inputs = [np.asarray(x, float) if _is_real(x) else np.asarray(x) for x in case.inputs]
    with np.errstate(all="ignore"):
        made = graphgen.evaluate(found.net, found.weights, *found.inputs_of(*inputs))
    graphgen.verify(graphgen.compile(found.net, found.weights))
    results = made if isinstance(made, tuple) else (made,)
    outputs = found.outputs_of(*(np.asarray(x) for x in case.outputs))
    for result, output, stored in zip(results, outputs, case.outputs, strict=True):
        want = np.asarray(output, float)
        if len(want) == 1:
            want = np.broadcast_to(want, (len(result), *want.shape[1:]))
        tolerance = TOLERANCES.get(str(np.asarray(stored).dtype), TOLERANCE)
        np.testing.assert_allclose(result, want, rtol=tolerance, atol=tolerance)


def _is_real(x: Any) -> bool:
    return np.asarray(x).dtype.kind not in "iub"


def outcome(case: Case) -> str:
    """Say `same`, or the reason of a refusal."""
    try:
        compare(case)
    except graphgen.GraphError as error:
        return str(error)
    return "same"


KINDS = {
    "what a shape, an axis or a number of turns is, is an input of the model": (
        r"is computed|is computed;|of no said length|depends on numbers that are computed"
    ),
    "the types are strings, complex, of 8 bits or fewer, or sequences": (
        r"holds (string|complex|of the type)|is no tensor|none of real or whole|a sequence|"
        r"reads text|constant of text"
    ),
    "numbers are rounded, drawn at random, or bits": r"rounded numbers|draws|drops|the bits of",
    "training": r"it trains|statistics of the batch",
    "nothing that is computed depends on an input": r"depends on no input",
}


def kind_of(reason: str) -> str:
    """Give the kind of a refusal's reason."""
    return next((k for k, words in KINDS.items() if re.search(words, reason)), "other reasons")


def table(cases: list[tuple[Case, str]]) -> str:
    """Write the counts as a page."""
    rows = []
    for group in (*STORED, "node"):
        mine = [(case, told) for case, told in cases if case.group == group]
        counts = []
        for several in (False, True):
            some = [told for case, told in mine if case.is_several == several]
            counts += [len(some), sum(told == "same" for told in some)]
        rows.append(f"| `{group}` | " + " | ".join(map(str, counts)) + " |")
    kinds = Counter(kind_of(told) for _, told in cases if told != "same")
    reasons = [f"| {kind} | {count} |" for kind, count in kinds.most_common()]
    return "\n".join(
        [
            HEAD.format(version=onnx.__version__),
            "| group | of one operator | the same | of several | the same |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "None is wrong. What is refused, by reason:",
            "",
            "| reason | models |",
            "|---|---|",
            *reasons,
            "",
        ]
    )


HEAD = """# ONNX: what is imported

The package onnx {version} has models to test backends with: files from PyTorch, and one for each
case of each operator, with what the operator is defined by as a second one of several operators.
Each is imported, evaluated and compared with the outputs that belong to it, and its graph verified.
`python tests/oracles/onnx_backend.py docs/reference/onnx_coverage.md` writes this page.
"""


if __name__ == "__main__":
    every = [(case, outcome(case)) for case in (*stored_cases(), *made_cases())]
    Path(sys.argv[1]).write_text(table(every), encoding="utf-8")
