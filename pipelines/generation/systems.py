"""What networks are drawn from: trained flows, and the baselines beside them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import graphgen
from graphgen import Template
from graphgen.files import read_document
from graphgen.files.sealed import parts_of, read_part
from metanet import Flow, Moments, gaussian
from pipelines.errors import PipelineError
from pipelines.generation import align, baselines
from pipelines.generation.baselines import read_moments
from pipelines.generation.population import size_of
from pipelines.generation.solve import solve
from pipelines.generation.trained import TrainedFlow
from pipelines.runs.collection import INDEX, RUNS, listed_runs
from pipelines.runs.result import SETTINGS
from pipelines.settings import settings_hash
from spec import Architecture


@dataclass(frozen=True)
class System(ABC):
    """What draws networks.

    Attributes:
        name: of its set of samples.
        model: the name of the flow in its settings, or of the baseline.
        run: the identity of what was trained.
        graph_set: the identity of the graph set that it was trained on.
        net: the architecture of the networks.
        offset: what their convention adds to the outputs.
        label: the label that `classes` are values of.
        classes: what can be asked for; nothing where there are no classes.
    """

    name: str
    model: str
    run: str
    graph_set: str
    net: Architecture
    offset: float
    label: str | None
    classes: Sequence[Any]

    @property
    def size(self) -> int:
        """The number of parameters of a network."""
        return size_of(self.net)

    @cached_property
    def template(self) -> Template:
        """The structure of the networks."""
        return graphgen.template(self.net)

    @abstractmethod
    def draw(self, noise: Tensor, labels: Tensor, steps: int, method: str) -> Tensor:
        """Turn noise (N, P), and classes (N,), into networks, where the noise is."""


@dataclass(frozen=True)
class FlowSystem(System):
    """A flow, solved in steps."""

    flow: Flow

    def draw(self, noise: Tensor, labels: Tensor, steps: int, method: str) -> Tensor:
        """Follow the flow from noise to networks."""
        flow, own = self.flow.to(noise.device).eval(), labels if self.classes else None
        with torch.no_grad():
            x = solve(lambda x, times: flow(x, times, own), noise, steps, method)
            return flow.restore(x)


@dataclass(frozen=True)
class NormalSystem(System):
    """A baseline, whose networks have the moments of training networks, whatever their class."""

    moments: Moments

    def draw(self, noise: Tensor, labels: Tensor, steps: int, method: str) -> Tensor:
        """Scale and shift noise."""
        return gaussian(self.moments, noise)


def systems_in(flows: Path) -> list[System]:
    """Read the flows that a stage made last and their baselines, or one flow.

    Raises `PipelineError` for flows that were trained on several graph sets, or by several codes.
    """
    if (flows / SETTINGS).exists():
        return [system_of(flows.name, TrainedFlow.load(flows))]
    sealed = read_document(flows / INDEX, RUNS)
    found: list[tuple[Path, TrainedFlow]] = []
    result: list[System] = []
    for name, (path, identity) in sorted(listed_runs(flows).items()):
        if name in (align.FILE, baselines.FILE):
            continue
        trained = TrainedFlow.load(path)
        if (
            trained.run != identity
            or name != f"{trained.about['name']}-seed{trained.about['seed']}"
        ):
            raise PipelineError(
                f"{path}: holds another run than {flows / INDEX} says; run `gmn flow` again"
            )
        found.append((path, trained))
        result.append(system_of(name, trained))
    if not found:
        raise PipelineError(f"{flows}: no finished flow in this folder; run `gmn flow`")
    check_one(found)
    if baselines.FILE in parts_of(sealed):
        path = read_part(flows, sealed, baselines.FILE)
        result += normal_systems(path, parts_of(sealed)[baselines.FILE], found[0][1])
    return result


def system_of(name: str, trained: TrainedFlow) -> System:
    """Give a flow as what draws networks."""
    about = trained.about
    return FlowSystem(
        name, about["name"], trained.run, about["trained_on"]["graph_set"], trained.net,
        trained.offset, trained.label, trained.classes, trained.flow,
    )  # fmt: skip


def normal_systems(path: Path, sha256: str, beside: TrainedFlow) -> list[System]:
    """Give the baselines of the file of moments that was made beside flows."""
    graph_set, net = beside.about["trained_on"]["graph_set"], beside.net
    return [
        NormalSystem(
            name, name, settings_hash("gaussian", name, sha256), graph_set, net,
            beside.offset, None, (), moments,
        )
        for name, moments in read_moments(path, net).items()
    ]  # fmt: skip


def check_one(found: Sequence[tuple[Path, TrainedFlow]]) -> None:
    """Raise `PipelineError` for flows whose samples do not belong into one table."""
    first, other = found[0]
    for path, trained in found[1:]:
        for what, one, two in (
            ("graph set", other.about["trained_on"], trained.about["trained_on"]),
            ("code", other.about["code"], trained.about["code"]),
            ("network", (other.net.hash, other.offset), (trained.net.hash, trained.offset)),
        ):
            if one != two:
                raise PipelineError(
                    f"{first} and {path} are of two kinds of {what}, so their samples do not "
                    "belong into one table; train them again by `gmn flow`"
                )
