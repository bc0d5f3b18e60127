"""With the variables of the originals, files have as many parameters as the originals."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

import spec
from published.network import FOLDER

COLOURS: dict[str, Any] = {"channels": 3, "size": 224, "patch": 16, "classes": 1000}
PLANETOID: dict[str, Any] = {"nodes": 2708, "features": 1433, "classes": 7}
ORIGINALS: dict[str, tuple[int, dict[str, Any]]] = {
    "alexnet": (60_965_224, {
        "size": 227, "widths": [96, 256, 384, 384, 256], "features": [4096, 4096], "classes": 1000,
    }),
    "capsules": (8_215_568, {
        "size": 28, "width": 256, "kernel": 9, "types": 32, "inner": 8, "classes": 10, "outer": 16,
        "hidden": [512, 1024],
    }),
    "dcgan": (3_576_704 + 2_765_568, {
        "noise": 100, "colours": 3, "generator": 64, "discriminator": 64, "stages": 3,
    }),
    "edsr": (40_729_627, {"width": 256, "depth": 32}),
    "gat": (92_373, {**PLANETOID, "heads": 8, "width": 8}),
    "gcn": (23_063, {**PLANETOID, "hidden": 16}),
    "gmlp": (19_422_656, {**COLOURS, "width": 256, "hidden": 1536, "depth": 30}),
    "lenet5": (60_000 + 840, {"size": 32, "kernel": 5, "C5": 120, "F6": 84, "classes": 10}),
    "mlp_mixer": (59_880_472, {
        **COLOURS, "width": 768, "tokens": 384, "hidden": 3072, "depth": 12,
    }),
    "nerf": (595_844, {
        "depth": 8, "width": 256, "skip": 4, "frequencies": 10, "view_frequencies": 4,
    }),
    "resmlp": (15_350_872, {**COLOURS, "width": 384, "hidden": 1536, "depth": 12}),
}  # fmt: skip


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_original_has_as_many_parameters(name: str) -> None:
    count, variables = ORIGINALS[name]
    net = spec.load(FOLDER / "published" / f"{name}.yaml", **variables)
    assert sum(map(prod, net.parameters.values())) == count
