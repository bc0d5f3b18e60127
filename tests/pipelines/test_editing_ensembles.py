"""Editors that write several networks, whose values are averaged; and errors on two scales."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from graphgen import GraphSet
from metanet import EDITORS
from metanet.models.editor import Editor
from pipelines.inrs.decode import decode
from pipelines.tasks.editing import EditedValues, weights_of
from pipelines.tasks.registry import open_task
from pipelines.tasks.task import batch_of

TASK = {"task": "editing", "edit": "dilation"}
SIZES: dict[str, dict[str, Any]] = {"dws": {"hidden": 4, "layers": 2}, "mlp": {"hidden": 8}}


class Member(torch.nn.Module):
    """One member of an ensemble, as if it were alone."""

    def __init__(self, editor: Editor, number: int) -> None:
        super().__init__()
        self.editor, self.number = editor, number

    def forward(self, batch: Any) -> Any:
        return (self.editor(batch)[self.number],)


def settings_for(name: str, graph_set: GraphSet) -> dict[str, Any]:
    settings = SIZES.get(name, {"hidden": 8, "layers": 1})
    net = next(iter(graph_set.architectures.values()))
    return settings if name in ("gmn", "ng_gnn") else {**settings, "net": net}


@pytest.mark.parametrize("name", list(EDITORS))
@pytest.mark.parametrize("members", [1, 2, 4, 8])
def test_an_ensemble_is_the_mean_of_what_its_members_compute(
    name: str, members: int, digit_graphs: Path
) -> None:
    task: Any = open_task(TASK, GraphSet.open(digit_graphs))
    torch.manual_seed(0)
    editor = task.make(name, {**settings_for(name, task.graph_set), "members": members}).eval()
    with torch.no_grad():
        for scale in (p for n, p in editor.named_parameters() if n.endswith("scale")):
            scale.fill_(0.1)
        chosen = task.indices["test"]
        batch = batch_of(task.graph_set, chosen, editor)
        edited = editor(batch)
        assert len(edited) == members
        net = task.graph_set.architectures[batch.parts[0].template.architecture]
        offset = task.graph_set.records[chosen[0]]["offset"]
        own = torch.stack(
            [decode(net, weights_of(e.parts[0]), task.coordinates, offset) for e in edited]
        )
        found = task.values(EditedValues(editor), chosen)
    torch.testing.assert_close(found, own.mean(0), atol=1e-5, rtol=1e-5)
    errors = [
        task.measure(Member(editor, number), {}, chosen).scores["mse"] for number in range(members)
    ]
    whole = task.measure(editor, {}, chosen).scores["mse"]
    # Squared errors are convex; members that differ make it strict, and a control has but one.
    assert whole <= sum(errors) / members + 1e-6
    assert members == 1 or (max(errors) > min(errors) and whole < max(errors))


def test_errors_are_said_on_both_scales(digit_graphs: Path) -> None:
    task: Any = open_task(TASK, GraphSet.open(digit_graphs))
    editor = task.make("gmn", {"hidden": 8, "layers": 1}).eval()
    chosen = task.indices["test"]
    measured = task.measure(editor, {}, chosen)
    shown = task.show(EditedValues(editor), chosen)
    after, target = (2 * shown[name] - 1 for name in ("after", "target"))
    expected = (after - target).square().mean()
    assert measured.scores["signed_mse"] == pytest.approx(float(expected), rel=1e-5)
    assert measured.scores["signed_mse"] != pytest.approx(measured.scores["mse"])
    assert all(row["signed_mse"] == 4 * row["mse"] for row in measured.rows)
    assert json.dumps(measured.rows)
