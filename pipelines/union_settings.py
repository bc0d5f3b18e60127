"""The settings of a union of zoos: which graph sets become one, and the views that it keeps."""

from __future__ import annotations

from typing import Any

from pipelines.settings import NAME, find_section, folder_of
from pipelines.views.settings import VIEWS, check_views
from pipelines.zoo.fields import AnySettings, Place

SECTION = "union"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["zoos"],
    "properties": {
        "zoos": {
            "type": "object",
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


def read_settings(path: AnySettings) -> dict[str, Any]:
    """Read the section `union`, with all data sets named and paths as they are seen from here.

        read_settings("union.yaml")["zoos"]["digits"]["dataset"]

    Raises `SpecError` with the place of every mistake: an exam of several data sets is one.
    """
    place = find_section(path, SECTION, SCHEMA, check)
    section: dict[str, Any] = place.value
    zoos = {
        name: {
            "graphs": str(folder_of(path) / zoo["graphs"]),
            "dataset": zoo.get("dataset", name),
        }
        for name, zoo in section["zoos"].items()
    }
    return {"zoos": zoos, "views": section.get("views", [])}


def check(place: Place) -> None:
    """Note that there are no zoos, and what is wrong with views of their networks."""
    zoos = place.value["zoos"]
    if not zoos:
        (place / "zoos").note(
            "`zoos` is empty, expected a name for each zoo, with its graph set: "
            "`{digits: {graphs: out/graphs}}`"
        )
    if "views" in place.value:
        datasets = {zoo.get("dataset", name) for name, zoo in zoos.items()}
        check_views(place / "views", datasets)
