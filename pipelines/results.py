"""Results: the files of scores that a stage writes together, and of what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphgen.files import Kind, read_document, replacing
from graphgen.files.sealed import PARTS, Replacement, read_part

INDEX = "results.json"
RESULTS = Kind(
    "graph-metanetworks/results",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["of", "parts"],
        "properties": {"of": {"type": "object"}, "parts": PARTS},
    },
    "`gmn evaluate`, `gmn quality` or `gmn meta-test`",
)


@contextmanager
def writing_results(out: Path, files: Sequence[str], replace: bool) -> Iterator[Replacement]:
    """Write results into a folder that may hold other files beside these.

        with writing_results(Path("results"), ["metrics.json"], replace=False) as new:
            new.add("metrics.json", lambda path: write_json(path, metrics))
            new.commit({"of": {"graph_set": graphs.hash}, "parts": new.parts})

    Raises `GraphError` where results are there already and `replace` is false.
    """
    with replacing(out, INDEX, RESULTS, replace, among=files) as new:
        yield new


def read_results(folder: Path) -> dict[str, Any]:
    """Read of what the results in a folder are; `GraphError` where there are none."""
    return read_document(folder / INDEX, RESULTS)


def result_file(folder: Path, name: str) -> Path:
    """Find a file of results, compared with its hash; `GraphError` if it is missing or changed."""
    return read_part(folder, read_results(folder), name)
