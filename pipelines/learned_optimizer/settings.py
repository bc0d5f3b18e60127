"""The settings of learned optimizers: their schema, and the inner tasks that they describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metanet.models.learned_optimizer.features import FEATURES
from metanet.models.learned_optimizer.optimizer import LEARNABLE, OPTIONS, LearnedOptimizer
from pipelines import datasets
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.images import LOOK, Look, changed
from pipelines.options import check_options
from pipelines.settings import ABOVE_ZERO, NAME, POSITIVE, SEED, check_distinct, find_section
from pipelines.zoo.architectures import Family, check_family, read_description
from pipelines.zoo.fields import Place, read_ranges
from spec import SpecError

SECTION = "learned_optimizer"


def record(properties: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    """Give the schema of a mapping with required and optional fields, and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
    }


TASK = record(
    {"dataset": {"enum": list(datasets.NAMES)}, "file": {"type": "string"}, "batch_size": POSITIVE},
    {
        "variables": {"type": "object"},
        "downsample": POSITIVE,
        "size": POSITIVE,
        "grey": {"type": "boolean"},
        "horizon": POSITIVE,
    },
)
HORIZONS = {
    "anyOf": [
        POSITIVE,
        {"type": "array", "items": POSITIVE, "minItems": 2, "maxItems": 2},
    ]
}
TRAINING_TASK = {**TASK, "properties": {**TASK["properties"], "horizon": HORIZONS}}
META_TRAINING = record(
    {
        "epochs": POSITIVE,
        "unrolls": POSITIVE,
        "networks": POSITIVE,
        "truncation": POSITIVE,
        "learning_rate": ABOVE_ZERO,
        "gradient_norm": ABOVE_ZERO,
    },
    {
        "second_order": {"type": "boolean"},
        "objective": {"enum": ["mean", "log"]},
        "last": POSITIVE,
        "validation": POSITIVE,
        "curriculum": {"type": "number", "minimum": 0, "maximum": 1},
    },
)
MODEL = record(
    {"editor": {"type": "string"}},
    {
        "settings": {"type": "object"},
        "meta_training": META_TRAINING,
        "step_size": ABOVE_ZERO,
        "nominal": {"type": "boolean"},
        "annealed": {"type": "boolean"},
        "fan_in_power": {"type": "number", "minimum": 0, "maximum": 2},
        "gradients": {"type": "boolean"},
        "features": {"enum": list(FEATURES)},
        "to_scale": {"type": "boolean"},
        "bound": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    },
)
BASELINES = record(
    {
        "unrolls": POSITIVE,
        "schedules": {"type": "array", "items": {"enum": ["constant", "cosine"]}, "minItems": 1},
        "learning_rates": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": ABOVE_ZERO, "minItems": 1},
            "propertyNames": {"enum": ["adam", "sgd"]},
            "minProperties": 1,
        },
    },
    {"momentum": {"type": "number", "minimum": 0, "exclusiveMaximum": 1}},
)
SCHEMA = record(
    {
        "seeds": {"type": "array", "items": SEED, "minItems": 1},
        "horizon": POSITIVE,
        "training_tasks": {
            "anyOf": [TRAINING_TASK, {"type": "array", "items": TRAINING_TASK, "minItems": 1}]
        },
        "models": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": MODEL,
        },
        "meta_training": META_TRAINING,
        "baselines": BASELINES,
        "evaluation": record(
            {"unrolls": POSITIVE, "networks": POSITIVE, "images": POSITIVE}, {"points": POSITIVE}
        ),
        "test_tasks": {"type": "object", "minProperties": 1, "additionalProperties": TASK},
    }
)


@dataclass(frozen=True)
class TaskFamily:
    """What inner tasks are drawn from: an architecture with ranges, a data set, a batch size.

    `horizon` is the number of their steps, or the two ends of the numbers of which it is drawn.
    """

    dataset: str
    family: Family
    batch_size: int
    horizon: int | tuple[int, int]
    look: Look = LOOK

    @property
    def longest(self) -> int:
        """The largest horizon."""
        return self.horizon if isinstance(self.horizon, int) else self.horizon[1]

    def drawn_horizon(self, seed: Sequence[int], share: float = 1.0) -> int:
        """Draw a horizon, the logarithm uniformly, up to a share of the way to the largest."""
        if isinstance(self.horizon, int):
            return self.horizon
        low, high = self.horizon
        place = share * np.random.default_rng(list(seed)).random()
        return round(low * (high / low) ** place)

    def plain(self) -> dict[str, Any]:
        """Give it as plain data, with the description in the place of its file."""
        horizon = self.horizon if isinstance(self.horizon, int) else list(self.horizon)
        return {
            "dataset": self.dataset,
            "family": self.family.plain(),
            "batch_size": self.batch_size,
            "horizon": horizon,
            "look": asdict(self.look),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> TaskFamily:
        """Read the form that `plain` gives."""
        horizon = data["horizon"]
        return cls(
            data["dataset"],
            Family.from_plain(data["family"]),
            data["batch_size"],
            horizon if isinstance(horizon, int) else (horizon[0], horizon[1]),
            Look(**data["look"]),
        )


@dataclass(frozen=True)
class Settings:
    """The settings of both stages; `values` is the section as it was read, with its defaults."""

    values: Mapping[str, Any]
    training_tasks: tuple[TaskFamily, ...]
    test_tasks: Mapping[str, TaskFamily]


def read_settings(path: str | Path) -> Settings:
    """Read the section `learned_optimizer` of a YAML file, or a file that is that section.

        settings = read_settings("params.yaml")

    Files of architectures are found from the folder of the settings. Raises `SpecError` with the
    place of every mistake: options that an editor does not take, and what is wrong with the
    architectures at the extremes of their ranges.
    """
    root = find_section(path, SECTION, SCHEMA)
    values = root.value
    check_distinct(root / "seeds")
    for name in values["models"]:
        check_model(root / "models" / name)
    place, several = root / "training_tasks", isinstance(values["training_tasks"], list)
    places = [place / n for n in range(len(place.value))] if several else [place]
    horizon = values["horizon"]
    training = [task_family(one, "training_tasks", horizon) for one in places]
    tests = {
        name: task_family(root / "test_tasks" / name, name, horizon)
        for name in values["test_tasks"]
    }
    if root.problems:
        raise SpecError(root.problems)
    return Settings(
        values,
        tuple(family for family in training if family is not None),
        {name: family for name, family in tests.items() if family is not None},
    )


def check_model(place: Place) -> None:
    """Note an editor that no optimizer has, and options that are not taken."""
    model = place.value
    if model["editor"] not in LEARNABLE:
        (place / "editor").note(
            f"unknown editor {model['editor']!r} of a learned optimizer; expected one that takes "
            f"networks of any architecture and reads gradients: {', '.join(LEARNABLE)}"
        )
        return
    beside = {name: model[name] for name in OPTIONS if name in model}
    check_options(
        place / "settings" if "settings" in model else place,
        model.get("settings", {}),
        lambda options: LearnedOptimizer(model["editor"], dict(options), **beside),
    )


def task_family(place: Place, name: str, horizon: int) -> TaskFamily | None:
    """Read inner tasks; note every problem at `place`, and give None if there is one."""
    before = len(place.problems)
    data = place.value
    look = Look(data.get("downsample", 1), data.get("size"), data.get("grey", False))
    try:
        dataset = changed(data["dataset"], look)
    except PipelineError as error:
        key = next((name for name in ("size", "downsample") if name in data), "dataset")
        (place / key).note(str(error))
        dataset = None
    steps = data.get("horizon", horizon)
    if isinstance(steps, list) and steps[0] > steps[1]:
        (place / "horizon").note(f"expected the smaller number first, got {steps}")
    ranges = read_ranges(place / "variables") if data.get("variables") else {}
    document = read_description(data["file"], place)
    if document is None or len(place.problems) > before:
        return None
    family = Family(name, 1.0, ranges, document.data)
    check_family(family, document, dataset, place)
    if len(place.problems) > before:
        return None
    for corner in family.corners():
        if buffers := family.expand(corner).buffers:
            (place / "file").note(
                f"the architecture has running statistics ({', '.join(list(buffers)[:3])}), which "
                "no optimizer writes: use layer_norm or group_norm in the place of batch_norm"
            )
            return None
    steps = (steps[0], steps[1]) if isinstance(steps, list) else steps
    return TaskFamily(data["dataset"], family, data["batch_size"], steps, look)
