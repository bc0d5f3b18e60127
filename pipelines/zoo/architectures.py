"""The architectures of a zoo: descriptions with ranges for their variables, checked at corners."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.datasets import Dataset
from pipelines.zoo.fields import Place, numbers_out_of_json
from pipelines.zoo.ranges import Range, parse
from spec import Architecture, SpecError
from spec.errors import Problem, kind, quoted
from spec.load import expand
from spec.suggestions import suggest
from spec.yaml_reader import Document, read_file

MAX_CORNERS = 200


@dataclass(frozen=True)
class Family:
    """One entry of a zoo's `architectures`.

    `description` is the architecture's file as plain data, so that nothing has to be read again;
    `weight` is the entry's share among all entries.
    """

    name: str
    weight: float
    variables: Mapping[str, Range]
    description: Mapping[str, Any]

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Family:
        """Read the form that `plain` gives."""
        ranges = {name: parse(value) for name, value in data["variables"].items()}
        return cls(data["family"], data["weight"], ranges, data["description"])

    def plain(self) -> dict[str, Any]:
        """Give the entry as plain data, with the description in the place of its file."""
        return {
            "family": self.name,
            "weight": self.weight,
            "variables": {name: range_.plain() for name, range_ in self.variables.items()},
            "description": dict(self.description),
        }

    @cached_property
    def document(self) -> Document:
        """The description as a document."""
        return Document.from_data(self.description, self.name)

    def expand(self, variables: Mapping[str, Any]) -> Architecture:
        """Give the architecture for values of the variables; `SpecError` if there is none."""
        return expand(self.document, variables)

    def corners(self) -> Iterator[dict[str, Any]]:
        """List the combinations of the variables' extreme values.

        Where there are more than `MAX_CORNERS`, these: each value of each variable, with all others
        at their first and with all others at their last one.
        """
        values = {name: range_.extremes() for name, range_ in self.variables.items()}
        total = 1
        for options in values.values():
            total *= len(options)
        if total <= MAX_CORNERS:
            for combination in itertools.product(*values.values()):
                yield dict(zip(values, combination, strict=True))
            return
        for end in (0, -1):
            others = {name: options[end] for name, options in values.items()}
            for name, options in values.items():
                yield from ({**others, name: option} for option in options)


def check_family(family: Family, document: Document, dataset: Dataset | None, place: Place) -> None:
    """Note every problem of an entry at its corners: expansion, input and output shapes.

    `document` is the description as it was read, `place` the entry in the settings.
    """
    known = _variables(document)
    unknown = [name for name in family.variables if name not in known]
    for name in unknown:
        hint = suggest(name, known) or f"; its variables are {', '.join(known) or 'none'}"
        spot = place / "variables" / name
        spot.note(f"{document.file} has no variable {name!r}{hint}", key=True)
    if unknown:
        return
    seen: set[tuple[object, str]] = set()
    for corner in family.corners():
        values = ", ".join(f"{name}={quoted(value)}" for name, value in corner.items())
        try:
            net = expand(document, corner)
        except SpecError as error:
            asked = f"with {values}, " if values else ""
            phrase = f"{asked}as {place.document.mark((*place.path, 'file'))} asks"
            for problem in error.problems:
                _note(place, seen, _called(problem, phrase))
        else:
            mismatch = _mismatch(net, dataset) if dataset else None
            if mismatch and (None, mismatch) not in seen:
                seen.add((None, mismatch))
                (place / "file").note(f"{mismatch}{f' (with {values})' if values else ''}")


def read_description(file: str, place: Place) -> Document | None:
    """Read the description that an entry at `place` names, from the folder of the settings."""
    path = Path(place.document.file).parent / file
    try:
        there = path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        there = False
    if not there:
        (place / "file").note(
            f"`file`: there is no file {path}; paths begin at the folder of the settings"
        )
        return None
    try:
        document = read_file(path)
    except SpecError as error:
        place.problems.extend(error.problems)
        return None
    if not isinstance(document.data, dict):
        message = f"expected the description of an architecture, got {kind(document.data)}"
        place.problems.append(document.problem((), message))
        return None
    bad = [
        document.problem(p, "expected a finite number") for p in numbers_out_of_json(document.data)
    ]
    place.problems.extend(bad)
    return None if bad else document


def _variables(document: Document) -> list[str]:
    data = document.data
    variables = data.get("vars") if isinstance(data, dict) else None
    return list(variables) if isinstance(variables, dict) else []


def _mismatch(net: Architecture, dataset: Dataset) -> str | None:
    """Say how the shapes of a network do not fit a data set."""
    image = tuple(dataset.train_images.shape[1:])
    inputs = " and ".join(f"{name} {list(shape)}" for name, shape in net.inputs.items())
    if tuple(net.inputs.values()) != (image,):
        return (
            f"the architecture takes {inputs}, but an image of {dataset.name} is {list(image)}: "
            "give it one input of that shape"
        )
    if net.output_shapes != ((dataset.classes,),):
        outputs = " and ".join(str(list(shape)) for shape in net.output_shapes)
        return (
            f"the architecture gives {outputs}, but {dataset.name} has {dataset.classes} classes: "
            f"give it one output of shape [{dataset.classes}]"
        )
    return None


def _called(problem: Problem, phrase: str) -> Problem:
    return dataclasses.replace(problem, trail=(*problem.trail, phrase))


def _note(place: Place, seen: set[tuple[object, str]], problem: Problem) -> None:
    if (problem.mark, problem.message) not in seen:
        seen.add((problem.mark, problem.message))
        place.problems.append(problem)
