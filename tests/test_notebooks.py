"""Notebooks run from top to bottom, and hold no outputs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
# What each prints, by patterns.
SAID = {
    "see_a_network": {"group": r"permutations\n  P0: of 4", "found": r"\n\w[\w ]+ 0\.0\n$"},
    "ask_about_a_checkpoint": {"accuracy": r"^0\.[89]", "barrier": r"matched +barrier"},
    "a_metanet_from_scratch": {
        "r2": r"GMN (-?\d\.\d+), MLP (-?\d+\.\d+)",
        "same": r"GMN: (\S+) and \1\n",
    },
}


def cells(notebook: Path) -> list[str]:
    """Give the code of a notebook that has no outputs, cell by cell."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    for cell in code:
        assert cell["outputs"] == [], f"{notebook.name}: outputs; clear them before a commit"
        assert cell["execution_count"] is None, f"{notebook.name}: numbers of cells; clear them"
    return ["".join(cell["source"]) for cell in code]


def shown(value: Any) -> str:
    """Give what a notebook shows of the value of a cell."""
    rich = getattr(value, "_repr_html_", None)
    return str(rich()) if rich else repr(value)


def run(notebook: Path) -> list[str]:
    """Run the cells in one namespace; give what each shows as its last expression."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    results = []
    for number, code in enumerate(cells(notebook)):
        place = f"{notebook.name}[{number}]"
        *body, last = ast.parse(code).body
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body, []), place, "exec"), namespace)
            value = eval(compile(ast.Expression(last.value), place, "eval"), namespace)
            results.append("" if value is None else shown(value))
        else:
            exec(compile(code, place, "exec", dont_inherit=True), namespace)
    return results


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} == SAID.keys()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(
    notebook: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert any(run(notebook))
    printed = capsys.readouterr().out
    said = {name: re.search(pattern, printed) for name, pattern in SAID[notebook.stem].items()}
    assert all(said.values()), printed
    if learned := said.get("r2"):
        assert float(learned[1]) > 0.5 > float(learned[2])  # GMN reads it, an MLP does not


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ({"source": ["1 / 0"], "outputs": [], "execution_count": None}, ZeroDivisionError),
        ({"source": ["1"], "outputs": [{}], "execution_count": None}, AssertionError),
        ({"source": ["1"], "outputs": [], "execution_count": 3}, AssertionError),
    ],
)
def test_a_wrong_notebook_is_found(
    cell: dict[str, Any], error: type[Exception], tmp_path: Path
) -> None:
    path = tmp_path / "wrong.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", **cell}]}), encoding="utf-8")
    with pytest.raises(error):
        run(path)
