"""Sets of samples: the graph sets that a stage draws, which change together.

`samples.json` names the sets that were drawn last. What other settings drew may stand beside them
and does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from graphgen import GraphError, GraphSet
from graphgen.files import Kind, read_document, replacing
from graphgen.files.sealed import PARTS, Replacement, part_path, parts_of, staged
from graphgen.graph_set import INDEX as SET_INDEX
from pipelines.errors import PipelineError
from pipelines.generation.baselines import BASELINES
from pipelines.generation.settings import RESERVED, SAMPLE
from pipelines.generation.systems import System
from pipelines.graphs import open_graphs
from pipelines.provenance import MADE_WITH, made_with
from pipelines.runs.result import HASH
from pipelines.settings import NAME, settings_hash

INDEX = "samples.json"
MODEL = {"type": "string", **NAME, "not": {"enum": [n for n in RESERVED if n not in BASELINES]}}
HOW = {**SAMPLE, "required": list(SAMPLE["properties"])}
SAMPLES = Kind(
    "graph-metanetworks/samples",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["code", "made_with", "sample", "sets", "parts"],
        "properties": {
            "code": HASH,
            "made_with": MADE_WITH,
            "sample": HOW,
            "sets": {"type": "object", "additionalProperties": HASH},
            "parts": PARTS,
        },
    },
    "`gmn sample`",
)
ABOUT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "run", "trained_on", "sample", "code", "identity"],
    "properties": {
        "name": MODEL,
        "run": HASH,
        "trained_on": HASH,
        "code": HASH,
        "identity": HASH,
        "sample": HOW,
    },
}
"""What the graph set of some samples says of how they were drawn."""
_ABOUT = Draft202012Validator(ABOUT)


@dataclass(frozen=True)
class Plan:
    """A set that is to be drawn: from which system, by which settings and code, into `out`."""

    out: Path
    system: System
    settings: Mapping[str, Any]
    code: str

    @property
    def name(self) -> str:
        """The name of the set's folder."""
        return self.system.name

    @cached_property
    def identity(self) -> str:
        """The identity of everything that decides the set."""
        return settings_hash(
            "sample", self.name, self.system.model, self.system.run, self.system.graph_set,
            dict(self.settings), self.code,
        )  # fmt: skip

    @property
    def work_folder(self) -> Path:
        """Where the set is written: beside its place, hidden, and this set's alone."""
        return staged(self.out, self.name, self.identity)

    def about(self) -> dict[str, Any]:
        """Give what the set says of how it was drawn."""
        return {
            "name": self.system.model,
            "run": self.system.run,
            "trained_on": self.system.graph_set,
            "sample": dict(self.settings),
            "code": self.code,
            "identity": self.identity,
        }

    def drawn(self) -> bool:
        """Say whether the set is there, whole, be it in its place or where it was written."""
        return any(self._is_mine(place) for place in (self.out / self.name, self.work_folder))

    def displaced(self) -> bool:
        """Say whether something else than this set stands in its place."""
        place = self.out / self.name
        return place.exists() and not self._is_mine(place)

    def _is_mine(self, folder: Path) -> bool:
        try:
            found = GraphSet.open(folder)
            if found.index["about"].get("identity") != self.identity:
                return False
            found.verify()
        except GraphError:
            return False
        return True


@contextmanager
def sampling(out: Path, plans: Sequence[Plan], replace: bool) -> Iterator[Replacement]:
    """Open a folder for sets of samples; see `committed`.

    Raises `PipelineError` where another set would be lost and `replace` is false, and `GraphError`
    for a folder that holds other things, or in which another process works.
    """
    check_places(out, plans, replace)
    with replacing(out, INDEX, SAMPLES, replace=True, resumable=True) as new:
        check_places(out, plans, replace)
        yield new
        if replace:
            new.forget(plan.name for plan in plans)


def check_places(out: Path, plans: Sequence[Plan], replace: bool) -> None:
    """Raise `PipelineError` where a set's place is another's and it may not be replaced."""
    taken = [] if replace else [plan.name for plan in plans if plan.displaced()]
    if taken:
        more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        raise PipelineError(
            f"{out}: {', '.join(taken[:3])}{more}: drawn by other settings, other code or from "
            "another flow, or damaged; name another folder, or pass `--replace` (in Python "
            "`replace=True`) to draw them again and put the new ones in their place"
        )


def committed(new: Replacement, plans: Sequence[Plan]) -> dict[str, GraphSet]:
    """Put all sets in their places, together; give them by name."""
    places = {plan.name: plan for plan in plans}
    hashes = {}
    for name, plan in places.items():
        place = new.folder / name if plan._is_mine(new.folder / name) else plan.work_folder
        hashes[name] = GraphSet.open(place).hash
        new.adopt(name, plan.identity)
    about = {"code": plans[0].code, "made_with": made_with(), "sample": dict(plans[0].settings)}
    new.commit({**about, "sets": hashes, "parts": new.parts}, keep=True)
    return {name: GraphSet.open(new.folder / name) for name in places}


def open_samples(folder: Path) -> dict[str, GraphSet]:
    """Open the sets of samples that were drawn last in a folder, or the folder if it is one.

    Raises `GraphError` for what is missing or was changed, and `PipelineError` for graph sets that
    were not drawn from a flow.
    """
    if (folder / SET_INDEX).exists():
        return {folder.name: open_set(folder)}
    sealed = read_document(folder / INDEX, SAMPLES)
    result = {}
    for name, identity in parts_of(sealed).items():
        path = part_path(folder, name, identity)
        result[name] = found = open_set(path)
        about = found.index["about"]
        if found.hash != sealed["sets"].get(name) or about["identity"] != identity:
            raise PipelineError(
                f"{path}: holds another set than {folder / INDEX} says; run `gmn sample` again"
            )
    return result


def open_set(folder: Path) -> GraphSet:
    """Open one set of samples."""
    found = open_graphs(folder)
    about = found.index["about"]
    if "sample" not in about:
        raise PipelineError(f"{folder}: not drawn from a flow; expected a folder of `gmn sample`")
    for error in _ABOUT.iter_errors(about):
        place = ".".join(["about", *map(str, error.absolute_path)])
        raise PipelineError(
            f"{folder / SET_INDEX}: {place}: {error.message[:160]}; run `gmn sample` again"
        )
    return found
