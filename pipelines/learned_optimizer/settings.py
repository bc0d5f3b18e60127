"""The settings of learned optimizers: their schema, and the inner tasks that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metanet.models.learned_optimizer.features import FEATURES
from metanet.models.learned_optimizer.optimizer import LEARNABLE, OPTIONS, LearnedOptimizer
from pipelines import datasets
from pipelines.errors import PipelineError
from pipelines.learned_optimizer.images import downsampled
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
    {"variables": {"type": "object"}, "downsample": POSITIVE},
)
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
        "training_tasks": TASK,
        "models": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": MODEL,
        },
        "meta_training": META_TRAINING,
        "baselines": BASELINES,
        "evaluation": record({"unrolls": POSITIVE, "networks": POSITIVE, "images": POSITIVE}),
        "test_tasks": {"type": "object", "minProperties": 1, "additionalProperties": TASK},
    }
)


@dataclass(frozen=True)
class TaskFamily:
    """What inner tasks are drawn from: an architecture with ranges, a data set, a batch size."""

    dataset: str
    family: Family
    batch_size: int
    downsample: int = 1

    def plain(self) -> dict[str, Any]:
        """Give it as plain data, with the description in the place of its file."""
        return {
            "dataset": self.dataset,
            "family": self.family.plain(),
            "batch_size": self.batch_size,
            "downsample": self.downsample,
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> TaskFamily:
        """Read the form that `plain` gives."""
        return cls(**{**data, "family": Family.from_plain(data["family"])})


@dataclass(frozen=True)
class Settings:
    """The settings of both stages; `values` is the section as it was read, with its defaults."""

    values: Mapping[str, Any]
    training_tasks: TaskFamily
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
    training = task_family(root / "training_tasks", "training_tasks")
    tests = {name: task_family(root / "test_tasks" / name, name) for name in values["test_tasks"]}
    found = {name: family for name, family in tests.items() if family is not None}
    if root.problems or training is None:
        raise SpecError(root.problems)
    return Settings(values, training, found)


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


def task_family(place: Place, name: str) -> TaskFamily | None:
    """Read inner tasks; note every problem at `place`, and give None if there is one."""
    before = len(place.problems)
    data = place.value
    downsample = data.get("downsample", 1)
    try:
        dataset = downsampled(data["dataset"], downsample)
    except PipelineError as error:
        (place / ("downsample" if "downsample" in data else "dataset")).note(str(error))
        dataset = None
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
    return TaskFamily(data["dataset"], family, data["batch_size"], downsample)
