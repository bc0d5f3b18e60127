"""What reports refuse, with its place."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines import PipelineError
from pipelines.report import write_report
from tests.pipelines.report_page import checked, experiment, written

WHOLE: dict[str, Any] = {"mean": 0.5, "std": 0.1}


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    return experiment(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predictions": [{"model": "a", "seed": 0}]}, r"predictions\[0\]: no value for network"),
        ({"predictions": "/nowhere/predictions.csv"}, "cannot be read as CSV"),
        *(
            ({"metrics": {"gmn": {"r2": score}}}, "metrics: of model 'gmn': expected scores as")
            for score in (
                0.5,
                {**WHOLE, "mean": "much"},
                {**WHOLE, "low": 0.1},
                {**WHOLE, "low": None, "high": 0.2},
                {**WHOLE, "networks": "many"},
                {**WHOLE, "difference": 0.1},
                {**WHOLE, "difference": {"to": "trees", "mean": 0.1}},
                {**WHOLE, "difference": {"to": 3, "mean": 0.1, "low": 0.0, "high": 0.2}},
            )
        ),
    ],
)
def test_refuses_with_the_place(
    tmp_path: Path, arguments: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        write_report(tmp_path / "report.html", **(arguments | change))
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("cell", "message"),
    [("nan", ":2: true is .* must be finite"), ("many", ":2: could not convert"), ("", ":2: ")],
)
def test_names_the_line_of_a_bad_csv(
    tmp_path: Path, arguments: dict[str, Any], cell: str, message: str
) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(f"model,seed,network,family,split,true,predicted\na,0,0,f,test,0.5,{cell}\n")
    with pytest.raises(PipelineError, match=re.escape(str(path)) + message):
        write_report(tmp_path / "report.html", **(arguments | {"predictions": path}))


def test_a_bad_history_names_its_line(tmp_path: Path, arguments: dict[str, Any]) -> None:
    path = arguments["histories"]["gmn-seed0"]
    path.write_text("epoch,train_loss\n1,0.5\n2,\n3,nan\n4,oops\n")
    with pytest.raises(PipelineError, match=re.escape(f"{path}:5: 'oops' is not a number")):
        write_report(tmp_path / "report.html", **arguments)
    path.write_text("epoch,train_loss\n1,0.5\n2,\n3,nan\n4,0.1\n")
    checked(written(tmp_path, arguments | {"histories": {"gmn-seed0": path.parent}}))


def test_a_folder_in_the_way(tmp_path: Path, arguments: dict[str, Any]) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(PipelineError, match="cannot be written"):
        write_report(tmp_path / "report.html", **arguments)
    assert os.listdir(tmp_path / "report.html") == []
