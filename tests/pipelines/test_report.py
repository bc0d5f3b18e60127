"""The report: a valid, self-contained, deterministic page, whatever parts are missing."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spec
from pipelines.metrics import scores
from pipelines.report import architectures, networks, write_report
from pipelines.report.page import own
from pipelines.report.provenance import provenance
from tests.pipelines.report_page import HOSTILE, MLP, Page, checked, experiment, held, written


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    return experiment(tmp_path)


def test_has_every_part_in_order(tmp_path: Path, arguments: dict[str, Any]) -> None:
    arguments |= {"graph_set_hash": "beef" * 16, "split_sizes": {"train": 20, "test": 27}}
    text = written(tmp_path, arguments)
    page = checked(text)
    headings = [
        "Predicting test accuracy from weights: tiny",
        "Best at predicting the test accuracy of unseen networks is gmn",
        "Scores",
        "What tells models apart",
        "Cost",
        "Predicted against true test accuracy",
        "By family",
        "Learning curves",
        "The zoo",
        "How it was made",
    ]
    places = [page.text.rindex(heading) for heading in headings]
    assert places == sorted(places)
    assert "Networks in each split: 20 train, 27 test." in page.text
    assert "ceiling of the test set" in page.text
    assert "hidden: 32" in text
    assert "f00d" * 16 in page.text
    assert "beef" * 16 in page.text
    assert "Without learning curves: trees." in page.text
    assert "all 54 6 7 " in page.text
    # Intervals of R2 and tau, and of differences; a panel per model; loss and tau of the one with
    # histories; the histogram; learning rate, weight decay, optimizer and parameters, but not the
    # epochs, which do not vary.
    assert len(page.charts) == 4 + 2 + 2 + 1 + 4
    assert not any("epochs" in label for label in page.charts)
    assert page.tags.count("figure") == page.tags.count("figcaption") == 13


def test_the_parser_finds_broken_pages(tmp_path: Path, arguments: dict[str, Any]) -> None:
    text = written(tmp_path, arguments)
    assert Page(text.replace("</table>", "", 1)).problems
    assert Page(text.replace("</figure>", "</div>", 1)).problems
    assert Page(text.replace("<h1>", "<h1/>", 1)).problems
    with pytest.raises(AssertionError):
        checked(text.replace("<h1>", '<img src="https://example.org/x.png"><h1>', 1))
    with pytest.raises(AssertionError):
        checked(text.replace("<h1>", '<p id="main">url(//example.org)</p><h1>', 1))


def test_numbers_are_those_of_the_metrics(tmp_path: Path, arguments: dict[str, Any]) -> None:
    page = checked(written(tmp_path, arguments))
    for summary in arguments["metrics"].values():
        r2 = summary["r2"]
        assert f"{r2['mean']:.3f} [{r2['low']:.3f}, {r2['high']:.3f}]" in page.text
    best = arguments["metrics"]["gmn"]["r2"]["mean"]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"<strong>{best:.3f}" in text
    assert f"<strong>{arguments['metrics']['trees']['r2']['mean']:.3f}" not in text


def test_family_scores_are_means_over_seeds(tmp_path: Path, arguments: dict[str, Any]) -> None:
    page = checked(written(tmp_path, arguments))
    rows = [
        [p for p in arguments["predictions"] if (p["model"], p["seed"], p["family"]) == key]
        for key in (("gmn", 0, "mlp"), ("gmn", 1, "mlp"))
    ]
    taus = [scores([p["true"] for p in r], [p["predicted"] for p in r])["tau"] for r in rows]
    assert f"gmn {np.mean(taus):.3f} " in page.text
    assert not np.isclose(*taus)


def test_same_arguments_same_bytes(tmp_path: Path, arguments: dict[str, Any]) -> None:
    first = write_report(tmp_path / "a.html", **arguments).read_bytes()
    assert write_report(tmp_path / "b" / "c.html", **arguments).read_bytes() == first
    arguments["predictions"][0]["predicted"] += 0.1
    assert write_report(tmp_path / "a.html", **arguments).read_bytes() != first
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["c.html"]


def test_csv_and_rows_give_the_same_page(tmp_path: Path, arguments: dict[str, Any]) -> None:
    rows = arguments["predictions"]
    path = tmp_path / "predictions.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    by_rows = written(tmp_path, arguments)
    assert written(tmp_path, arguments | {"predictions": path}) == by_rows


def test_hostile_names_are_text(tmp_path: Path) -> None:
    arguments = experiment(
        tmp_path, models=(HOSTILE, "日本 ]]>--><!--"), families=(HOSTILE + "f", "π\ud800")
    )
    zoo = arguments["zoo_index"]
    zoo["zoo"]["name"] = HOSTILE
    zoo["hash"] = HOSTILE
    for network in zoo["networks"]:
        network["status"] += HOSTILE
        network["training"][HOSTILE] = network["index"]
        network["training"]["optimizer"] += HOSTILE
    arguments["settings"] = {HOSTILE: [HOSTILE, tmp_path, np.float32(1), {1, 2}]}
    arguments["graph_set_hash"] = HOSTILE
    arguments["split_sizes"] = {HOSTILE: 3, "test": 4}
    page = checked(written(tmp_path, arguments))
    assert HOSTILE in page.text
    # The legends and tables of the page, and the words inside the drawings.
    assert page.text.count("<script>alert") > 20


def test_hostile_target_reaches_the_drawings(tmp_path: Path, arguments: dict[str, Any]) -> None:
    arguments["settings"]["target"] = HOSTILE
    for network in arguments["zoo_index"]["networks"]:
        network["metrics"] = {HOSTILE: network["index"]}
    page = checked(written(tmp_path, arguments))
    assert "ceiling" not in page.text
    assert f"{HOSTILE} of unseen networks" in page.text


def test_one_seed_one_family_one_model(tmp_path: Path) -> None:
    arguments = experiment(tmp_path, models=("gmn",), families=("cnn",), seeds=1)
    page = checked(written(tmp_path, arguments))
    assert "gmn predicts the test accuracy of unseen networks with R²" in page.text
    assert "(one seed)" in page.text
    assert "Next comes" not in page.text
    assert "By family" not in page.text
    table = page.text[page.text.index("Scores") : page.text.index("Means over seeds")]
    assert "±" not in table
    assert len(page.charts) == 1 + 2 + 1 + 4


def test_a_lone_network_of_a_family_has_no_tau(tmp_path: Path, arguments: dict[str, Any]) -> None:
    for row in arguments["predictions"]:
        row["family"] = "mlp" if row["network"] == arguments["predictions"][0]["network"] else "cnn"
    page = checked(written(tmp_path, arguments))
    assert "gmn – 0." in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"histories": {}},
        {"histories": {"gmn-seed0": None, "gmn-seed1": "/nowhere/history.csv"}},
        {"predictions": []},
        {"metrics": {}},
        {"settings": {}},
        {"zoo_index": {}},
        {"zoo_index": {"networks": [{"index": 0}, {"index": 1, "metrics": None}]}},
        {"metrics": {}, "predictions": [], "histories": {}, "settings": {}, "zoo_index": {}},
    ],
    ids=lambda change: "+".join(change),
)
def test_parts_may_be_missing(
    tmp_path: Path, arguments: dict[str, Any], change: dict[str, Any]
) -> None:
    page = checked(written(tmp_path, arguments | change))
    assert page.tags.count("h1") == 1
    assert "nan" not in page.text.replace("Kendall", "").lower().split()


def test_hyperparameters_are_read_from_the_zoo(tmp_path: Path, arguments: dict[str, Any]) -> None:
    for network in arguments["zoo_index"]["networks"]:
        network["training"] = {"warmth": network["index"] / 7, "nested": {"a": 1}, "seed": 3}
        del network["parameters"]
    labels = checked(written(tmp_path, arguments)).charts
    assert [label for label in labels if "against" in label and "networks," in label] == [
        "test accuracy against warmth of 54 networks, coloured by family"
    ]


def test_other_targets_have_no_ceiling(tmp_path: Path, arguments: dict[str, Any]) -> None:
    arguments["settings"]["compile"] = {"target": "test_loss"}
    page = checked(written(tmp_path, arguments))
    assert "Predicting test loss from weights" in page.text
    assert "ceiling" not in page.text


def test_test_size_gives_the_ceiling(tmp_path: Path, arguments: dict[str, Any]) -> None:
    del arguments["zoo_index"]["zoo"]["data"]
    assert "ceiling" not in checked(written(tmp_path, arguments)).text
    page = checked(written(tmp_path, arguments | {"test_size": 1000}))
    assert "measured on 1,000 examples" in page.text


def test_close_results_are_called_close(tmp_path: Path, arguments: dict[str, Any]) -> None:
    page = checked(written(tmp_path, arguments))
    assert "not told apart (" not in page.text
    assert "Next comes trees with R²" in page.text
    behind = arguments["metrics"]["trees"]["r2"]["difference"]
    assert f"a difference of −{-behind['mean']:.3f} [" in page.text
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "≈</span>" not in text
    behind["high"] = 0.01
    page = checked(written(tmp_path, arguments))
    assert "the two are not told apart (a difference of −" in page.text
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("≈</span>") == 2
    best = arguments["metrics"]["gmn"]["r2"]["mean"]
    assert f"<strong>{best:.3f}" not in text


def test_without_intervals_nothing_is_ranked(tmp_path: Path, arguments: dict[str, Any]) -> None:
    for summary in arguments["metrics"].values():
        for name in summary.keys() - {"seeds"}:
            summary[name] = {key: summary[name][key] for key in ("mean", "std")}
    arguments["metrics"]["trees"]["tau"]["mean"] = 0.99
    page = checked(written(tmp_path, arguments))
    r2 = arguments["metrics"]["gmn"]["r2"]
    assert f"{r2['mean']:.3f} ± {r2['std']:.3f}" in page.text
    assert "what is a rank and what chance is not known" in page.text
    assert "What tells models apart" not in page.text
    assert "trees ranks the networks best" in page.text
    best = arguments["metrics"]["gmn"]["r2"]["mean"]
    assert f"<strong>{best:.3f}" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_costs_are_shown_in_their_units(tmp_path: Path, arguments: dict[str, Any]) -> None:
    page = checked(written(tmp_path, arguments))
    assert "training s prediction ms trials" in page.text
    assert "trees 12.5 4.2 6" in page.text
    assert "Cost" not in checked(written(tmp_path, arguments | {"costs": {}})).text


def test_useless_models_are_called_so(tmp_path: Path, arguments: dict[str, Any]) -> None:
    for summary in arguments["metrics"].values():
        summary["r2"]["mean"] -= 5
    page = checked(written(tmp_path, arguments))
    assert "No model predicts the test accuracy better than its mean does" in page.text


def test_predictions_out_of_range_stay_visible(tmp_path: Path, arguments: dict[str, Any]) -> None:
    for row in arguments["predictions"][:3]:
        row["predicted"] = -1e7
    page = checked(written(tmp_path, arguments))
    assert "seeds 0, 1; 3 out of range" in page.text


def test_many_networks_keep_the_page_light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = experiment(tmp_path, models=("gmn",), seeds=1, networks=4000)
    text = written(tmp_path, arguments)
    assert len(held(text)["ids"]) == 4000
    assert "are not in this page" not in checked(text).text
    assert len(text) < 1_000_000
    monkeypatch.setattr(networks, "MOST_NUMBERS", 20_000)
    text = written(tmp_path, arguments)
    kept = held(text)["ids"]
    assert f"{4000 - len(kept):,} networks are not in this page" in checked(text).text
    assert 1000 < len(kept) < 2000
    tested = {str(row["network"]) for row in arguments["predictions"]}
    assert set(kept) <= tested  # those first that something was predicted of


def test_every_seed_of_every_system_is_held(tmp_path: Path, arguments: dict[str, Any]) -> None:
    data = held(written(tmp_path, arguments))
    place = {name: i for i, name in enumerate(data["ids"])}
    systems = {system["name"]: system for system in data["systems"]}
    for row in arguments["predictions"]:
        system = systems[row["model"]]
        run = system["told"]["test accuracy"][system["seeds"].index(str(row["seed"]))]["values"]
        assert run[place[str(row["network"])]] == pytest.approx(row["predicted"], rel=6e-4)
        true = data["truth"]["test accuracy"]["values"][place[str(row["network"])]]
        assert true == pytest.approx(row["true"], rel=6e-4)
    known = sum(value is not None for s in systems.values() for run in s["told"]["test accuracy"]
                for value in run["values"])  # fmt: skip
    assert known == len(arguments["predictions"])


def test_each_range_has_its_own_scale(tmp_path: Path, arguments: dict[str, Any]) -> None:
    zoo = arguments["zoo_index"]
    rng = np.random.default_rng(1)
    zoo["zoo"]["training"] = {
        "narrow": {"log_uniform": [0.1, 0.2]}, "even": {"uniform": [1e-3, 10]},
        "few": {"integers": [1, 3]}, "many": {"integers": [1, 40]},
        "which": {"choice": [8, 16, 32, 64, 128, 256, 512]}, "fixed": 0.9,
    }  # fmt: skip
    constants = {f"constant {i}": i for i in range(30)}
    for i, network in enumerate(zoo["networks"]):
        network["training"] = {
            **constants, "narrow": float(rng.uniform(0.1, 0.2)), "even": 1e-3 + i / 6,
            "few": 1 + i % 3, "many": 1 + i % 40, "which": 8 * 2 ** (i % 7), "unknown": 10.0**-i,
        }  # fmt: skip
    data = held(written(tmp_path, arguments))
    panels = {c["name"]: c["scale"] for c in data["charts"] if c["kind"] == "setting"}
    assert panels == {
        "narrow": "log", "even": "linear", "few": "choice", "many": "linear", "which": "choice",
        "unknown": "log", "parameters": "log",
    }  # fmt: skip


def test_pictures_are_shared_where_they_are_the_same(arguments: dict[str, Any]) -> None:
    zoo = arguments["zoo_index"]
    nets = [
        spec.load(MLP, width=width, activation=activation).resolved()
        for width in (4, 5)
        for activation in ("relu", "tanh")
    ]
    zoo["architectures"] = {f"{i:012x}" + "0" * 52: {"resolved": n} for i, n in enumerate(nets)}
    for i, network in enumerate(zoo["networks"]):
        network |= {"architecture": f"{i % 4:012x}" + "0" * 52, "family": "mlp"}
    of = architectures.pictures(zoo, zoo["networks"])
    assert [of["picture_of"][f"{i:012x}"] for i in range(4)] == [0, 0, 1, 1]
    assert of["svg"][0] != of["svg"][1]
    assert all(svg.startswith("<svg") for svg in of["svg"])


def test_the_library_is_the_one_that_is_named() -> None:
    table = dict(re.findall(r"\| `(uPlot\S+)` \| `([0-9a-f]{64})` \|", own("uplot/README.md")))
    folder = files("pipelines.report") / "uplot"
    assert set(table) == {"uPlot.iife.min.js", "uPlot.min.css"}
    for name, digest in table.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert hashlib.sha256(content + b" ").hexdigest() != digest
    assert "(v1.6.32)" in own("uplot/uPlot.iife.min.js")
    assert "Copyright (c) 2022 Leon Sorokin" in own("uplot/LICENSE")


def test_it_says_how_it_was_made(tmp_path: Path, arguments: dict[str, Any]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    run = root / "gmn-seed0"
    run.mkdir()
    (run / "cost.csv").write_text("epoch,seconds,part\n1,1.5,training\n0,8.0,search\n")
    assert provenance(root, root, {}, {})["stages"] == []
    assert provenance(root, root, {}, {})["commit"] is None
    stages = {"train": {"cmd": "gmn train <x>", "desc": "Train"}, "report": {"cmd": "gmn report"}}
    (root / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    for arguments_of_git in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"),
    ):
        subprocess.run(["git", *arguments_of_git], cwd=root, check=True)
    found = provenance(root, root, {"gmn-seed0": run}, {"gmn": {"hidden": 77}})
    assert re.fullmatch("[0-9a-f]{40}", found["commit"])
    assert [stage["seconds"] for stage in found["stages"]] == [1.5, None]
    page = checked(written(tmp_path, arguments | {"provenance": found}))
    for words in ("train gmn train <x> Train 1.5", found["commit"], found["machine"], "hidden: 77"):
        assert words in page.text
    (root / "dvc.yaml").write_text("stages: {}")
    assert provenance(root, root, {}, {})["commit"] == f"{found['commit']} (with changes)"


def test_other_splits(tmp_path: Path, arguments: dict[str, Any]) -> None:
    rows = arguments["predictions"]
    arguments["predictions"] = [
        row | {"split": "wide" if row["network"] % 3 else "train"} for row in rows
    ]
    page = checked(written(tmp_path, arguments))
    assert "scores are those on wide." in page.text
    assert "is a network of the wide split" in page.text
