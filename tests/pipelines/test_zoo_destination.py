"""Where a zoo is written: nothing of the user's is lost, and nothing that is finished."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from zoo_toys import contents, use_toys

import pipelines.cli
from graphgen import GraphError
from graphgen.files import write_json
from pipelines import PipelineError
from pipelines.inrs import generate as generate_inrs
from pipelines.zoo import generate

Make = Callable[..., dict[str, Any]]
FOREIGN: dict[str, Callable[[Path], Any]] = {
    "notes": lambda folder: (folder / "notes.md").write_text("of the user"),
    "folders": lambda folder: (folder / "thesis").mkdir(),
    "a graph set": lambda folder: write_json(
        folder / "index.json", {"format": "graph-metanetworks/graph-set", "version": 1}
    ),
    "another index": lambda folder: (folder / "index.json").write_text("[]"),
    "no JSON": lambda folder: (folder / "index.json").write_text("{"),
    "shards alone": lambda folder: (folder / "shard-00000.safetensors").write_bytes(b"weights"),
    "a journal alone": lambda folder: (folder / "shard-00000.journal").write_bytes(b"GMNJRNL1"),
    "another journal": lambda folder: (folder / "progress.journal").write_text("Dear diary"),
}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toys(monkeypatch)


@pytest.fixture(params=["zoo", "inrs"])
def make(
    request: pytest.FixtureRequest,
    write_zoo: Callable[..., Path],
    write_inrs: Callable[..., Path],
    tmp_path: Path,
) -> Make:
    zoo = request.param == "zoo"
    signals = {"name": "sine_waves", "train": 4, "test": 1, "points": 4}
    settings = (
        write_zoo(count=5, networks_per_shard=2)
        if zoo
        else write_inrs(tmp_path / "settings", signals=signals, networks_per_shard=2)
    )
    made = generate if zoo else generate_inrs
    return lambda folder, **options: made(settings, folder, **options)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_folder_of_anything_else_is_refused_and_stays(
    make: Make, tmp_path: Path, foreign: str, replace: bool
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    FOREIGN[foreign](folder)
    before = contents(tmp_path)
    with pytest.raises((PipelineError, GraphError), match="mine"):
        make(folder, replace=replace)
    assert contents(tmp_path) == before
    assert folder.is_dir()


def test_a_file_in_the_way_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "zoo").write_text("of the user")
    with pytest.raises(GraphError, match="zoo: is a file, expected a folder"):
        make(tmp_path / "zoo", replace=True)
    assert (tmp_path / "zoo").read_text() == "of the user"


def test_control_an_empty_folder_and_a_zoo_with_notes_are_taken(make: Make, tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    index = make(tmp_path / "zoo")
    (tmp_path / "zoo" / "notes.md").write_text("of the user")
    (tmp_path / "zoo" / "shard-00000.safetensors").write_bytes(b"")
    assert make(tmp_path / "zoo", replace=True) == index
    assert (tmp_path / "zoo" / "notes.md").read_text() == "of the user"


def test_what_fails_at_once_leaves_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Any:
        raise PipelineError("no data set")

    for module, name in (("zoo", "train"), ("inrs", "fit_stack")):
        monkeypatch.setattr(import_module(f"pipelines.{module}.generate"), name, failing)
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for folder in (tmp_path / "new" / "deep" / "zoo", tmp_path / "there"):
        with pytest.raises(PipelineError, match="no data set"):
            make(folder)
        assert sorted(tmp_path.rglob("*")) == before


def test_what_was_begun_stays_when_the_next_run_fails_at_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make(tmp_path / "zoo")
    (tmp_path / "zoo" / "shard-00001.safetensors").write_bytes(b"")
    with monkeypatch.context() as patched:
        patched.setattr(
            import_module("pipelines.zoo.work"),
            "run_all",
            lambda *_: (_ for _ in ()).throw(PipelineError("no")),
        )
        with pytest.raises(PipelineError):
            make(tmp_path / "zoo")
    assert not (tmp_path / "zoo" / "index.json").exists()
    assert make(tmp_path / "zoo") == index


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("shard-00001.safetensors", lambda p: (p.unlink(), p.mkdir()), "is a folder, where"),
        ("shard-00001.safetensors", lambda p: (p.unlink(), os.mkfifo(p)), "is no regular file"),
        ("index.json", lambda p: (p.unlink(), p.mkdir()), "is a folder"),
        ("shard-00001.safetensors", lambda p: moved(p), "leads out of"),
        ("index.json", lambda p: moved(p), "leads out of"),
        (".lock", lambda p: p.symlink_to(p.parent.parent / "victim"), "cannot be locked"),
        ("progress.journal", lambda p: moved(p.parent / "index.json", p), "no link"),
    ],
)
def test_links_and_folders_in_the_place_of_files_are_refused(
    make: Make, tmp_path: Path, name: str, change: Callable[[Path], Any], words: str
) -> None:
    make(tmp_path / "zoo")
    (tmp_path / "victim").write_text("outside")
    change(tmp_path / "zoo" / name)
    before = contents(tmp_path)
    for replace in (False, True):
        with pytest.raises((PipelineError, GraphError), match=words):
            make(tmp_path / "zoo", replace=replace)
        assert contents(tmp_path) == before


def moved(path: Path, link: Path | None = None) -> None:
    outside = path.parent.parent / f"outside-{path.name}"
    shutil.move(path, outside)
    (link or path).symlink_to(outside)


def faults(kind: str) -> Callable[[], BaseException]:
    if kind == "stop":
        return KeyboardInterrupt
    number = {"full": errno.ENOSPC, "read-only": errno.EROFS}[kind]
    return lambda: OSError(number, os.strerror(number))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, Any], list[str]]]:
    """Let the n-th call that writes fail; give the list of calls so far."""

    def arm(last: int, error: Callable[[], BaseException]) -> list[str]:
        calls: list[str] = []
        monkeypatch.undo()
        use_toys(monkeypatch)
        for name in ("write", "replace", "unlink", "ftruncate", "fsync", "open"):
            real = getattr(os, name)

            def wrapper(*args: Any, name: str = name, real: Any = real, **options: Any) -> Any:
                if name != "open" or args[1] & (os.O_CREAT | os.O_RDWR):
                    calls.append(name)
                    if len(calls) == last:
                        raise error()
                return real(*args, **options)

            monkeypatch.setattr(os, name, wrapper)
        return calls

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["full", "read-only", "stop"])
def test_a_fault_at_any_write_loses_nothing_that_was_made(
    make: Make,
    tmp_path: Path,
    kind: str,
    every: int,
    failing: Callable[[int, Any], list[str]],
) -> None:
    expected = make(tmp_path / "undisturbed")
    whole = contents(tmp_path / "undisturbed")
    calls = failing(0, faults(kind))
    make(tmp_path / "counted")
    total = len(calls)
    assert total > 30
    for last in range(1 + len(kind) % every, total + 1, every):
        folder = tmp_path / f"at-{last}"
        failing(last, faults(kind))
        # Some calls, as those that flush a folder, may fail.
        with contextlib.suppress(PipelineError, GraphError, KeyboardInterrupt):
            make(folder)
        failing(0, faults(kind))
        finished = {name: data for name, data in contents(folder).items() if "shard" in name}
        assert make(folder) == expected
        assert contents(folder) == whole
        for name, data in finished.items():
            if name.endswith("safetensors"):
                assert whole[name] == data
        shutil.rmtree(folder, ignore_errors=True)


def test_a_card_is_written_whole_and_replaces_only_when_told(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = make(tmp_path / "zoo")
    before = contents(tmp_path / "zoo")

    def card(*options: str) -> int:
        try:
            pipelines.cli.main(["card", str(tmp_path / "zoo"), "--out", *options])
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    page = tmp_path / "new" / "card.md"
    assert card(str(page)) == 0
    assert index["hash"] in page.read_text()
    page.write_text("of the user")
    assert card(str(page)) == 2
    assert "card.md: is there already" in capsys.readouterr().err
    assert page.read_text() == "of the user"
    assert card(str(page), "--replace") == 0
    assert index["hash"] in page.read_text()
    # A card never takes the place of a part of its zoo, nor leaves a folder for nothing.
    assert card(str(tmp_path / "zoo" / "index.json"), "--replace") == 2
    assert contents(tmp_path / "zoo") == before
    (tmp_path / "zoo" / "index.json").write_text(json.dumps({**index, "hash": "0"}))
    assert card(str(tmp_path / "other" / "card.md")) == 2
    assert not (tmp_path / "other").exists()
