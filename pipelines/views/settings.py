"""The views that `compile: views:` asks for."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.settings import POSITIVE, admits
from pipelines.zoo.fields import Place
from spec.errors import quoted
from spec.schema_problems import given
from spec.suggestions import suggest

if TYPE_CHECKING:
    from metanet.views import View

VIEWS: dict[str, Any] = {
    "type": "array",
    "items": {"type": ["object", "string"], "additionalProperties": {"type": "object"}},
}
TARGET = "test_accuracy"
SIZE = {"if": {"type": "null"}, "else": POSITIVE}
NETWORKS = {"if": {"type": "array"}, "then": {"items": SIZE, "minItems": 1}, "else": SIZE}
MADE = ("networks", "target")
"""What the settings say of a view that is made from networks, beside its own options."""
LOWER = ("loss", "error")
"""How the names of numbers end that are lower for better networks, beside those of scores."""


@dataclass(frozen=True)
class Asked:
    """A view that a graph set is to keep.

    Attributes:
        family: the view's name.
        options: those of the view, or of its making.
        target: what the networks that it is made from are ranked by; None of one that is not made.
        networks: from how many of the training networks it is made; None for all.
    """

    family: str
    options: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None
    networks: int | None = None

    @property
    def name(self) -> str:
        """The view's name in the graph set."""
        return self.family if self.networks is None else f"{self.family}-{self.networks}"


def asked_views(entries: list[Any]) -> list[Asked]:
    """List the views that settings ask for, one for each number of training networks.

        asked_views(["spectra", {"exam": {"networks": [1500, 150]}}])      # three

    Without `networks`, or where it is null, one from all training networks is asked for.
    """
    if not entries:
        return []  # which needs no torch
    from metanet.views.made import is_made

    known: dict[str, type[View]] = families()
    asked: list[Asked] = []
    for family, options in map(entry_of, entries):
        if not is_made(known[family]):
            asked.append(Asked(family, options))
            continue
        own = {name: value for name, value in options.items() if name not in MADE}
        numbers = options.get("networks")
        sizes = numbers if isinstance(numbers, list) else [numbers]
        asked += [Asked(family, own, options.get("target", TARGET), size) for size in sizes]
    return asked


def entry_of(entry: Any) -> tuple[str, dict[str, Any]]:
    """Give the name of the view that an entry asks for, and its options."""
    if isinstance(entry, str):
        return entry, {}
    ((name, options),) = entry.items()
    return name, dict(options)


def families() -> dict[str, type[View]]:
    """Give all views by name."""
    from metanet.views import VIEWS

    return dict(VIEWS)


def source_of(family: str) -> str:
    """Give the name of the view that one is made of: its own, or as that of an exam."""
    from metanet.views import made

    return made.source_of(families()[family]).name


def making_options(family: str) -> dict[str, Any]:
    """Give the options that the making of a view takes, with their defaults."""
    kind: Any = families()[source_of(family)]
    taken = inspect.signature(kind.make).parameters.values()
    return {one.name: one.default for one in taken if one.kind is one.KEYWORD_ONLY}


def check_views(place: Place, datasets: Collection[str] = ()) -> None:
    """Note entries of `views` that ask for no view, for one twice, or with wrong options.

    Of networks of several `datasets`, those are wrong too that are made from networks.
    """
    from metanet.views.made import is_made

    known = families()
    before: set[str] = set()
    for number, entry in enumerate(place.value):
        if isinstance(entry, dict) and len(entry) != 1:
            (place / number).note(
                "`views`: an entry is the name of one view, alone or with its options, as "
                f"`{{exam: {{steps: 300}}}}`; got {', '.join(map(quoted, entry)) or 'none'}"
            )
            continue
        family, options = entry_of(entry)
        own = place / number / family if options else place / number
        if family not in known:
            (place / number).note(
                f"`views`: unknown view {quoted(family)}{suggest(family, list(known))}; known: "
                f"{', '.join(known)}"
            )
            continue
        made = is_made(known[family])
        if family in before:
            (place / number).note(
                f"`views` has {family!r} twice; an entry has all sizes, as "
                "`{exam: {networks: [1500, 150]}}`"
                if made
                else f"`views` has {family!r} twice"
            )
        before.add(family)
        if made and len(datasets) > 1:
            (place / number).note(mixed(family, datasets))
        (check_made if made else check_plain)(own, family, options)


def mixed(family: str, datasets: Collection[str]) -> str:
    """Say why a view cannot be made of networks of several data sets."""
    return (
        f"`{family}` is made of networks that share a data set's inputs and classes, but these are "
        f"of {', '.join(sorted(datasets))}: keep it in the graph set of each zoo, by `compile: "
        "views:`, or give zoos of one data set the same `dataset`"
    )


def check_plain(place: Place, family: str, options: Mapping[str, Any]) -> None:
    """Note options, which only what is made from networks takes."""
    for name in options:
        (place / name).note(
            f"`{family}` has no option {quoted(name)}, expected none: write `{family}`", key=True
        )


def check_made(place: Place, family: str, options: Mapping[str, Any]) -> None:
    """Note options that the making of a view does not take."""
    from metanet.options import UnfitError
    from metanet.views.exam import OPTIONS

    defaults = making_options(family)
    names = [*MADE, *defaults]
    for name, value in options.items():
        if name not in names:
            (place / name).note(
                f"`{family}` has no option {quoted(name)}{suggest(name, names)}; it takes "
                f"{', '.join(names)}",
                key=True,
            )
        elif name == "networks":
            check_networks(place / name)
        elif name == "target":
            check_target(place / name)
        elif value is not None or defaults[name] is not None:
            try:
                OPTIONS[name].read(value)
            except UnfitError:
                (place / name).note(
                    f"`{name}` is {given(value)}, expected {OPTIONS[name].expected}"
                )


def check_target(place: Place) -> None:
    """Note targets that do not rank networks by how many answers they get right."""
    if not isinstance(place.value, str) or not place.value:
        place.note(f"`target` is {given(place.value)}, expected the name of a number")
    elif not is_share(place.value):
        place.note(
            f"`target` is {quoted(place.value)}, expected a metric that is higher for better "
            "networks, as `test_accuracy`: the best ones are asked"
        )


def is_share(target: str) -> bool:
    """Say whether a target may be a share of right answers, as far as its name says."""
    from pipelines.metrics.score import SCORES
    from pipelines.tasks.targets import split_name

    section, name = split_name(target)
    last = name.rpartition("_")[2]
    return section == "metrics" and last not in (
        *LOWER,
        *(score for score, known in SCORES.items() if known.higher is False),
    )


def check_networks(place: Place) -> None:
    """Note numbers of training networks that are none, or twice there."""
    value = place.value
    if not admits(NETWORKS, value):
        place.note(
            f"`networks` is {given(value)}, expected a number of training networks, null for all, "
            "or a list of these"
        )
    elif isinstance(value, list) and len(set(value)) < len(value):
        place.note("`networks` has the same number twice")
