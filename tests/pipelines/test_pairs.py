"""Pairs of systems over many tasks: what is ahead, what is level, and what is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pair_toys import (
    COUNT,
    ERRORS,
    SEEDS,
    about,
    finished,
    measured,
    pair,
    predictions,
    rows_of,
    task,
    write,
)

import pipelines
from graphgen import GraphError
from graphgen.files import write_bytes
from pipelines.cli import main
from pipelines.errors import PipelineError
from pipelines.pairs import compare_pairs
from pipelines.pairs.measuring import AHEAD, BEHIND, LEVEL
from pipelines.pairs.settings import read_tasks
from pipelines.pairs.table import adds
from spec import SpecError
from spec.yaml_reader import read_file

ROOT = Path(__file__).parents[2]


def test_what_is_ahead_behind_and_level_is_said(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    pairs = [pair("good", "bad"), pair("bad", "good"), pair("good", "same")]
    found = rows_of(tmp_path, task(*pairs))
    assert [row.statement for row in found] == [AHEAD] * 3 + [BEHIND] * 3 + [LEVEL] * 3
    for row, other in zip(found[:3], found[3:6], strict=True):
        assert (row.gain, row.low, row.high) == pytest.approx(
            (-other.gain, -other.high, -other.low)
        )
        assert row.low < row.gain < row.high
        assert (row.networks, row.seeds) == (COUNT, (SEEDS, SEEDS))


def test_differences_are_those_of_other_tables(tmp_path: Path) -> None:
    table_of = predictions()
    finished(tmp_path / "results", table_of)
    own = [row for row in table_of if row["model"] in ("good", "bad")]
    expected = pipelines.compare(own)["bad"]
    for row in rows_of(tmp_path, task(pair("bad", "good"), scores=["r2", "tau"])):
        far = expected[row.score]["difference"]
        assert (row.gain, row.low, row.high) == pytest.approx(
            (far["mean"], far["low"], far["high"])
        )
        assert row.means[0] == pytest.approx(expected[row.score]["mean"])
    (error,) = rows_of(tmp_path, task(pair("good", "bad"), scores=["mae"]))
    assert np.exp(error.gain) == pytest.approx(error.means[1] / error.means[0])
    (plain,) = rows_of(tmp_path, task(pair("good", "bad"), scores=["mae"], scale="difference"))
    assert plain.gain == pytest.approx(expected["mae"]["difference"]["mean"])


def test_columns_are_scores_by_their_geometric_mean(tmp_path: Path) -> None:
    table_of = predictions()
    finished(tmp_path / "results", table_of)
    own = {"scores": ["loss"], "better": "lower", "scale": "geometric"}
    (row,) = rows_of(tmp_path, task(pair("good", "bad"), **own))
    logs = {m: np.mean([np.log(r["loss"]) for r in table_of if r["model"] == m]) for m in ERRORS}
    assert row.means == pytest.approx((np.exp(logs["good"]), np.exp(logs["bad"])))
    assert row.gain == pytest.approx(logs["bad"] - logs["good"])
    assert (row.statement, row.ratio) == (AHEAD, True)
    higher = rows_of(tmp_path, task(pair("good", "bad"), **{**own, "better": "higher"}))
    assert higher[0].statement == BEHIND


def test_measures_of_seeds_have_intervals_over_seeds(tmp_path: Path) -> None:
    systems = {
        "gmn": [4.0, 4.1, 3.9, 4.0],
        "mlp": [5.0, 5.2, 4.9, 5.1],
        "noise": [5.6, 2.9, 4.9, 3],
    }
    measured(tmp_path / "results", {**systems, "one": [1.0]})
    pairs = [pair("gmn", "mlp"), pair("gmn", "noise"), pair("gmn", "one")]
    file = write(tmp_path, task(*pairs, scores=["frechet"], better="lower", scale="ratio"))
    found, missing = compare_pairs(file, tmp_path / "out")
    assert [row.statement for row in found] == [AHEAD, LEVEL]
    assert found[0].networks is None
    assert [(one.pair, one.why[:17]) for one in missing] == [("gmn / one", "frechet: one seed")]


def test_what_is_not_there_is_listed_and_not_made_up(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    later = task(pair("good", "bad"), title="a later experiment", results="elsewhere")
    wider = task(pair("good", "bad"), title="wider", split="wider")
    file = write(tmp_path, task(pair("good", "bad"), pair("good", "none")), later, wider)
    rows, missing = compare_pairs(file, tmp_path / "out")
    assert {row.title for row in rows} == {"made-up networks"}
    assert [one.why for one in missing] == [
        "no none in results; there are: bad, good, same",
        "no results in elsewhere yet",
        "no good and no bad in results; there are: none for the split 'wider'",
    ]
    text = (tmp_path / "out/table.md").read_text()
    assert "| accuracy | a later experiment |  | no results in elsewhere yet |" in text
    assert text.count("a later experiment") == 1
    assert "15 / ?" in text
    assert "0 / 4" in text
    assert set(about(tmp_path / "out")["results"]) == {"results"}
    again = finished(tmp_path / "elsewhere", predictions())
    rows, missing = compare_pairs(file, tmp_path / "out", replace=True)
    assert len(rows) == 6
    assert set(about(tmp_path / "out")["results"]) == {"results", again.name}


def test_nothing_is_written_without_results_or_over_others(tmp_path: Path) -> None:
    file = write(tmp_path, task(pair("good", "bad")))
    with pytest.raises(PipelineError, match="tasks.yaml: no pair has results yet: made-up"):
        compare_pairs(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    finished(tmp_path / "results", predictions())
    compare_pairs(file, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(GraphError, match="already.*--replace"):
        compare_pairs(file, tmp_path / "out")
    write_bytes(tmp_path / "results/predictions.csv", b"model,seed\n")
    with pytest.raises(GraphError, match=r"predictions\.csv: changed or damaged"):
        compare_pairs(file, tmp_path / "out", replace=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def as_classes(row: dict[str, Any]) -> dict[str, Any]:
    return {"true": int(5 * row["true"]), "predicted": int(5 * row["predicted"]), "probability": 1}


def as_labels(row: dict[str, Any]) -> dict[str, Any]:
    each = {f"{side} {name}": row[side] for side in ("true", "predicted") for name in "ab"}
    return {**each, "predicted b": 2 * row["predicted"] - row["true"]}


def as_errors(row: dict[str, Any]) -> dict[str, Any]:
    return {"mse": row["loss"] ** 2, "signed_mse": 4 * row["loss"] ** 2}


@pytest.mark.parametrize(
    ("form", "scores"),
    [
        (as_classes, ["accuracy", "balanced_accuracy"]),
        (as_labels, ["mse", "r2"]),
        (as_errors, ["mse", "psnr"]),
    ],
)
def test_tables_of_every_task_are_compared(form: Any, scores: list[str], tmp_path: Path) -> None:
    named = ("model", "seed", "network", "split")
    table_of = [{**{k: row[k] for k in named}, **form(row)} for row in predictions()]
    finished(tmp_path / "results", table_of)
    rows = rows_of(tmp_path, task(pair("good", "bad"), pair("same", "good"), scores=scores))
    assert [row.statement for row in rows] == [AHEAD] * 2 + [LEVEL] * 2
    expected = pipelines.compare(table_of)
    for row in rows:
        each = tuple(expected[name][row.score]["mean"] for name in (row.with_it, row.without))
        assert row.means == pytest.approx(each)


def test_what_is_not_finite_is_not_compared(tmp_path: Path) -> None:
    table_of = predictions()
    table_of[-1]["loss"] = float("inf")
    finished(tmp_path / "results", table_of)
    own = {"scores": ["loss"], "better": "lower", "scale": "geometric"}
    file = write(tmp_path, task(pair("good", "bad"), pair("good", "same"), **own))
    rows, missing = compare_pairs(file, tmp_path / "out")
    assert [row.without for row in rows] == ["same"]
    assert missing[0].why == "loss: not a finite number for all of them"


def test_results_of_other_networks_are_refused_with_their_file(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions()[:-1])
    with pytest.raises(
        PipelineError, match=r"results/predictions\.csv: .*not the 200 of the first"
    ):
        rows_of(tmp_path, task(pair("good", "bad")))
    finished(tmp_path / "results", [{**row, "seed": "one"} for row in predictions()])
    with pytest.raises(
        PipelineError, match=r"predictions\.csv:2: expected .* whole number as seed"
    ):
        rows_of(tmp_path, task(pair("good", "bad")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scores": ["r3"]}, "of the score 'r3' it is not known whether higher is better"),
        ({"scores": ["r2", "r2"]}, "`scores` has 'r2' twice"),
        ({"scores": ["accuracy"]}, "good has no score 'accuracy' in .*; its scores: r2, tau, mae"),
        ({"scores": ["loss"], "better": "best"}, "best"),
        ({"scores": ["r2"], "scale": "geometric"}, "is of columns of .*; there are: loss"),
        ({"scores": ["r2", "tau"], "better": "higher"}, "of r2, tau it is; leave it out"),
        ({"scores": ["r2"], "better": "lower"}, "of r2 it is; leave it out"),
        ({"scores": ["seed"], "better": "lower"}, "'seed' is no score"),
        ({"scores": ["r2", "predicted"], "better": "lower"}, "'predicted' is no score"),
        ({"scores": ["true a"], "better": "lower"}, "'true a' is no score"),
        ({"pairs": [pair("good", "good")]}, "compares 'good' with itself"),
        ({"pairs": [pair("good", "bad")] * 2}, "compares 'good' and 'bad' twice"),
        ({"pairs": [{"with": "good"}]}, "without"),
        ({"title": "a | b"}, "title"),
        ({"result": "results"}, "result"),
    ],
)
def test_mistakes_are_told_with_their_place(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    finished(tmp_path / "results", predictions())
    with pytest.raises(SpecError, match=rf"tasks\.yaml:\d+:\d+: (.|\n)*{words}"):
        rows_of(tmp_path, task(pair("good", "bad"), **changes) if "pairs" not in changes
                else {**task(), **changes})  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_better_is_of_scores_of_which_it_is_not_known(tmp_path: Path) -> None:
    columns = [
        {**row, "accuracy": row["true"] - row["loss"], "mse": row["loss"] ** 2}
        for row in predictions()
    ]
    for row in columns:
        del row["true"], row["predicted"]
    finished(tmp_path / "results", columns)
    for better, loss in (("lower", AHEAD), ("higher", BEHIND)):
        own = {"scores": ["accuracy", "loss", "mse"], "better": better}
        rows = rows_of(tmp_path, task(pair("good", "bad"), **own))
        assert [row.statement for row in rows] == [AHEAD, loss, AHEAD]


def test_a_pair_stands_once_whatever_its_split(tmp_path: Path) -> None:
    finished(tmp_path / "results", [*predictions(), *predictions("wider")])
    one = task(pair("good", "bad"))
    for split in ("test", "wider"):
        with pytest.raises(SpecError, match="compares 'good' and 'bad' twice"):
            rows_of(tmp_path, one, {**one, "split": split})
        assert len(rows_of(tmp_path, one, {**one, "split": split, "group": "another"})) == 6


def test_measures_of_no_split_are_not_of_one(tmp_path: Path) -> None:
    measured(tmp_path / "results", {"gmn": [4.0, 4.1], "mlp": [5.0, 5.2]})
    own = task(pair("gmn", "mlp"), scores=["frechet"], better="lower")
    assert len(rows_of(tmp_path, own)) == 1
    with pytest.raises(SpecError, match=r"tasks\.yaml:\d+:\d+: .*of no split; leave `split` out"):
        rows_of(tmp_path, {**own, "split": "test"})


def test_an_interval_is_written_so_that_it_shows_what_is_said(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    (row,) = rows_of(tmp_path, task(pair("bad", "good"), scores=["tau"]))

    def written(low: float, gain: float, high: float, scale: str) -> str:
        return adds(replace(row, low=low, gain=gain, high=high, scale=scale))

    behind = written(-0.0091, -0.0046, -0.00003, "difference")
    assert behind == "−0.00460 [−0.00910, −0.00003]"
    assert written(0.00003, 0.0046, 0.0091, "difference") == "+0.00460 [+0.00003, +0.00910]"
    assert written(-0.0091, -0.0046, 0.00003, "difference") == "−0.0046 [−0.0091, 0.0000]"
    assert written(1e-4, 0.05, 0.1, "ratio") == "×1.0513 [1.0001, 1.1052]"
    assert written(-1e-4, 0.05, 0.1, "ratio") == "×1.05 [1.00, 1.11]"
    assert written(-5.0, -4.0, -3.0, "ratio") == "×0.0183 [0.00674, 0.0498]"


def test_results_and_comparisons_do_not_take_each_others_place(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    before = {path.name: path.read_bytes() for path in (tmp_path / "results").iterdir()}
    file = write(tmp_path, task(pair("good", "bad")))
    for out in ("results", "out/../results"):
        with pytest.raises(
            SpecError, match=r"tasks\.yaml:\d+:\d+: results is where the comparison"
        ):
            compare_pairs(file, tmp_path / out, replace=True)
    finished(tmp_path / "others", predictions())
    with pytest.raises(GraphError, match="holds a graph-metanetworks/results .*does not take"):
        compare_pairs(file, tmp_path / "others", replace=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "results").iterdir()} == before
    compare_pairs(file, tmp_path / "out")
    with pytest.raises(GraphError, match="holds a graph-metanetworks/pairs .*does not take"):
        finished(tmp_path / "out", predictions())
    with pytest.raises(GraphError, match="got the format 'graph-metanetworks/pairs'"):
        compare_pairs(write(tmp_path, task(pair("good", "bad"), results="out")), tmp_path / "more")


def marks(figure: str) -> list[str]:
    root = ElementTree.fromstring(figure)
    ids = [str(element.get("id")) for element in root.iter()]
    assert len(set(ids) - {"None"}) == len([one for one in ids if one != "None"])
    return [one for one in ids if one.startswith("pairs-mark-")]


def test_the_figure_has_a_mark_for_each_row(tmp_path: Path) -> None:
    finished(tmp_path / "results", predictions())
    tasks = [
        task(pair("good", "bad"), pair("same", "good"), title='<& "quoted">'),
        task(pair("good", "bad"), group="another", scores=["loss"], better="lower"),
    ]
    rows = rows_of(tmp_path, *tasks)
    figure = (tmp_path / "out/figure.svg").read_text()
    assert figure.startswith("<svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in figure
    assert marks(figure) == [f"pairs-mark-{i}" for i in range(len(rows))]
    assert rows_of(tmp_path, *tasks) == rows
    assert (tmp_path / "out/figure.svg").read_text() == figure
    assert len(rows_of(tmp_path, tasks[1])) == 1
    assert marks((tmp_path / "out/figure.svg").read_text()) == ["pairs-mark-0"]


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    finished(tmp_path / "results", predictions())
    write(tmp_path, task(pair("good", "bad")), task(pair("a", "b"), title="other", results="no"))
    main(["compare", "tasks.yaml", "--out", "out"])
    said = capsys.readouterr().out
    assert said.count("ahead") == 3
    assert "accuracy: other: no results in no yet" in said
    with pytest.raises(SystemExit) as stop:
        main(["compare", "none.yaml", "--out", "more"])
    assert stop.value.code == 2
    assert "none.yaml" in capsys.readouterr().err


def test_the_tasks_of_this_project_are_read() -> None:
    folder = ROOT / "experiments/what-the-graph-buys"
    tasks = read_tasks(folder / "tasks.yaml")
    read = {str(path.resolve()) for path in (t.folder for t in tasks)}
    made = set()
    for file in [ROOT / "dvc.yaml", *ROOT.glob("experiments/**/dvc.yaml")]:
        for stage in read_file(file).data["stages"].values():
            drawn = stage.get("matrix", {}).get("family", [""])
            for out in stage.get("outs", ()):
                name = out if isinstance(out, str) else next(iter(out))
                folders = [name.replace("${item.family}", family) for family in drawn]
                made |= {str((file.parent / own).parent) for own in folders}
    assert read <= made
    deps = read_file(folder / "dvc.yaml").data["stages"]["compare"]["deps"]
    of_results = {(folder / dep).resolve().parent for dep in deps if dep.endswith("results.json")}
    assert {str(path) for path in of_results} <= read
    assert len(tasks) == 40
