"""The settings of the merge stage: which graph sets become one, and the views that it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.settings import NAME, find_section
from pipelines.views.settings import VIEWS, check_views, entry_of, families, is_made
from pipelines.zoo.fields import Place

SECTION = "merge"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["zoos"],
    "properties": {
        "zoos": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["graphs"],
                "properties": {
                    "graphs": {"type": "string", "minLength": 1},
                    "dataset": {"type": "string", "minLength": 1},
                },
            },
        },
        "views": VIEWS,
    },
}


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read the section `merge`, with all data sets named and paths as they are seen from here.

        read_settings("merge.yaml")["zoos"]["digits"]["dataset"]

    Raises `SpecError` with the place of every mistake: an exam of several data sets is one.
    """
    place = find_section(path, SECTION, SCHEMA, check)
    section: dict[str, Any] = place.value
    zoos = {
        name: {
            "graphs": str(Path(path).parent / zoo["graphs"]),
            "dataset": zoo.get("dataset", name),
        }
        for name, zoo in section["zoos"].items()
    }
    return {"zoos": zoos, "views": section.get("views", [])}


def check(place: Place) -> None:
    """Note what is wrong with views, such as one that needs networks of one data set."""
    section = place.value
    if "views" not in section:
        return
    check_views(place / "views")
    datasets = {zoo.get("dataset", name) for name, zoo in section["zoos"].items()}
    for number, entry in enumerate(section["views"]):
        family, _ = entry_of(entry)
        if len(datasets) > 1 and family in families() and is_made(family):
            (place / "views" / number).note(mixed(family, datasets))


def mixed(family: str, datasets: set[str]) -> str:
    """Say why a view cannot be made of networks of several data sets."""
    return (
        f"`{family}` is made of networks that share a data set's inputs and classes, but these are "
        f"of {', '.join(sorted(datasets))}: keep it in the graph set of each zoo, by `compile: "
        "views:`, or give zoos of one data set the same `dataset`"
    )
