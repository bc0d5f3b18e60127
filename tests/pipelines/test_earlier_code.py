"""Modules that were changed without changing a number count as they were."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from pipelines import provenance
from pipelines.zoo.work import GRAPHS

# The identity of the code of zoos that people have.
ZOOS = {
    "pipelines.zoo.task": "a8205696377a82a4",
    "pipelines.inrs.task": "60e8392db4230a99",
}


def identity(module: str) -> str:
    return str(provenance.code_of.__wrapped__(module, apart=GRAPHS))[:16]


@pytest.fixture
def clean() -> Iterator[None]:
    provenance.earlier_code.cache_clear()
    yield
    provenance.earlier_code.cache_clear()


@pytest.mark.parametrize("module", ZOOS)
def test_finished_zoos_stay(module: str, clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity(module) == ZOOS[module]
    # Control: without the list they would be made anew.
    monkeypatch.setattr(provenance, "earlier_code", dict)
    assert identity(module) != ZOOS[module]


def test_what_is_listed_is_what_is_there(clean: None) -> None:
    for name, entry in provenance.earlier_code().items():
        essence = provenance.read_source(provenance.source_file(name))[1]
        assert entry["why"]
        if provenance.LAZY in essence:
            continue  # whatever it lists
        assert provenance.identity_of(essence) == entry["now"], (
            f"{name} was changed again: if it changes no number, run "
            f"`python tests/earlier_code.py {name}`, and else take its entry out of "
            f"{provenance.EARLIER}"
        )
        assert essence != entry["was"]


def test_names_that_a_lazy_package_lists_anew_change_nothing(
    clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> str:
        return str(provenance.code_of.__wrapped__("pipelines.training.run"))

    before, read = run(), provenance.read_source

    def more(path: Path) -> tuple[list[str], str]:
        imports, essence = read(path)
        return imports, essence + f"\n__all__ += {[path.parent.name]!r}"

    own = provenance.source_file("graphgen")
    monkeypatch.setattr(provenance, "read_source", lambda p: more(p) if p == own else read(p))
    assert run() == before
    own = provenance.source_file("graphgen.graph")  # control
    assert run() != before


def test_a_module_that_is_changed_again_counts_as_it_is(
    clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = dict(provenance.earlier_code())
    now = provenance.read_source(provenance.source_file("spec.load"))[1]
    assert provenance.read_module("spec.load")[1] == entries["spec.load"]["was"] != now
    entries["spec.load"] = {**entries["spec.load"], "now": "0" * 64}
    monkeypatch.setattr(provenance, "earlier_code", lambda: entries)
    assert provenance.read_module("spec.load")[1] == now
    assert import_module("spec.load").__name__ == "spec.load"
