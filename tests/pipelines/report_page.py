"""Pages of reports: what tests write them from, and a parser that finds what is broken."""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

import spec
from pipelines.metrics import scores
from pipelines.metrics.predictions import summaries_of
from pipelines.report import write_report

HOSTILE = '<script>alert("x")</script>&\'"$\\frac{'
MLP = Path(spec.__file__).parent / "nets" / "mlp.yaml"
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects what the tests ask about, and what a browser would have to repair."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.charts: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        self.problems += [f"<{tag}> is never closed" for tag in self.open]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "svg" not in self.open:
            self.problems.append(f"<{tag}/> closes itself outside SVG")
        self._note(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()} closes another tag")

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.problems.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "srcset", "data", "action"):
                self.references.append(value or "")
            if name == "clip-path":
                self.references.append((value or "")[4:-1])
        if "data-chart" in names:
            self.charts.append(dict(attrs)["aria-label"] or "")
        if tag == "svg":
            self.images.append(dict(attrs))

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def experiment(
    folder: Path,
    *,
    models: tuple[str, ...] = ("gmn", "trees"),
    families: tuple[str, ...] = ("mlp", "cnn"),
    seeds: int = 2,
    networks: int = 60,
) -> dict[str, Any]:
    """Arguments of `write_report` for made-up results; the first model is the best."""
    rng = np.random.default_rng(0)
    nets = [spec.load(MLP, width=4 + i).resolved() for i in range(2)]
    zoo: list[dict[str, Any]] = []
    for index in range(networks):
        diverged = index % 10 == 9
        accuracy = math.nan if diverged else round(float(rng.uniform(0.1, 0.95)) * 500) / 500
        zoo.append(
            {
                "index": index,
                "family": families[index % len(families)],
                "architecture": f"{index % 7:012x}{0:052x}",
                "parameters": int(rng.integers(500, 40_000)),
                "training": {
                    "learning_rate": float(10 ** rng.uniform(-4, -1)),
                    "weight_decay": float(rng.choice([0.0, 1e-3])),
                    "optimizer": str(rng.choice(["sgd", "adam"])),
                    "epochs": 10,
                },
                "status": "diverged" if diverged else "trained",
                "metrics": {"test_accuracy": None if diverged else accuracy, "test_loss": 1.0},
            }
        )
    test = [network for network in zoo if network["status"] == "trained"][-networks // 2 :]
    predictions, rows, histories = [], [], {}
    for number, model in enumerate(models):
        for seed in range(seeds):
            true = [network["metrics"]["test_accuracy"] for network in test]
            predicted = [p + float(rng.normal()) * 0.05 * (1 + 2 * number) for p in true]
            rows.append({"model": model, "seed": seed, **scores(true, predicted)})
            predictions += [
                {
                    "model": model,
                    "seed": seed,
                    "network": network["index"],
                    "family": network["family"],
                    "split": "test",
                    "true": t,
                    "predicted": p,
                }
                for network, t, p in zip(test, true, predicted, strict=True)
            ]
            if model != "trees":
                place = folder / f"run{number}-{seed}" / "history.csv"
                place.parent.mkdir()
                header = "epoch,train_loss,validation_loss,validation_r2,validation_tau,seconds\n"
                lines = [f"{e},{1 / e},{1.2 / e},0.5,{1 - 1 / e},1.0\n" for e in range(1, 9)]
                place.write_text(header + "".join(lines))
                histories[f"{model}-seed{seed}"] = place
    return {
        "zoo_index": {
            "format": "graph-metanetworks/zoo",
            "version": 1,
            "hash": "f00d" * 16,
            "zoo": {"name": "tiny", "data": {"name": "digits", "test_size": 500}},
            "architectures": {f"{i:012x}{0:052x}": {"resolved": net} for i, net in enumerate(nets)},
            "shards": [],
            "networks": zoo,
        },
        "metrics": summaries_of(predictions, "test", rows),
        "predictions": predictions,
        "histories": histories,
        "settings": {"train": {"epochs": 8, "hidden": 32}},
        "costs": {
            model: {"training": 12.5, "prediction": 0.0042, "trials": 6 * number}
            for number, model in enumerate(models)
        },
    }


def written(folder: Path, arguments: dict[str, Any]) -> str:
    return write_report(folder / "report.html", **arguments).read_text(encoding="utf-8")


def held(text: str) -> dict[str, Any]:
    """Give the data that a page holds: its networks, what was predicted of them, and its charts."""
    (packed,) = re.findall(r'<script id="report-data" type="text/plain">([\w+/=]*)</script>', text)
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return found


def checked(text: str) -> Page:
    """Parse a page and check what holds for every report."""
    page = Page(text)
    assert page.problems == []
    assert len(page.ids) == len(set(page.ids))
    assert all(r == "data:," or (r.startswith("#") and r[1:] in page.ids) for r in page.references)
    shown = re.sub(r"<(script|style)[ >].*?</\1>", "", text, flags=re.DOTALL)
    assert "http" not in shown.replace("http-equiv", "")
    assert page.tags.count("script") == 4
    assert not {"img", "iframe", "object", "image"} & set(page.tags)
    assert "default-src 'none'" in text
    assert all(i.get("aria-label") or i.get("aria-hidden") == "true" for i in page.images)
    assert all(page.charts)
    assert len(page.charts) == len(held(text)["charts"])
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", shown)
    return page
