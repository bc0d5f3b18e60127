"""Where outputs go: nothing of the user's is written over, and failures leave nothing behind."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import training_toys
from interruptions import run_until
from zoo_toys import contents

from pipelines.cli import main

COMMANDS = {
    "train": ("train", "graphs", "--params", "settings/embedding.yaml"),
    "search": ("search", "graphs", "--params", "settings/search.yaml"),
    "evaluate": ("evaluate", "runs/embedding", "graphs"),
    "edit": ("edit", "runs/editing/gmn-seed0", "net.yaml", "w.safetensors"),
    "compile": ("compile", "net.yaml", "w.safetensors"),
    "match": ("match", "net.yaml", "w.safetensors", "w.safetensors"),
}
WRONG = {
    "an input": {"train": "graphs", "search": "graphs", "evaluate": "graphs",
                 "edit": "w.safetensors", "compile": "w.safetensors", "match": "net.yaml"},
    "a folder of another kind": dict.fromkeys(COMMANDS, "runs/editing/gmn-seed0"),
    "a folder of something else": dict.fromkeys(COMMANDS, "settings"),
    "a file": dict.fromkeys(COMMANDS, "net.yaml"),
    "below a file": dict.fromkeys(COMMANDS, "net.yaml/out"),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    training_toys.make(folder)
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    training_toys.run_here(monkeypatch)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    work = Path(shutil.copytree(made, tmp_path / "work"))
    monkeypatch.chdir(work)
    return work


def gmn(command: str, out: str, *more: str) -> int:
    try:
        main([*COMMANDS[command], "--out", out, *more])
    except SystemExit as end:
        return int(str(end.code))
    return 0


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_there_is_not_written_over(
    work: Path, command: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = WRONG[what][command]
    if command == "evaluate" and what == "a folder of something else":
        out = "runs/editing"  # results may stand beside other files, but not beside runs
    before, names = contents(work), everything(work)
    assert gmn(command, out) == 2
    assert contents(work) == before
    assert everything(work) == names
    assert Path(out).parts[0] in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_twice_and_replaced(work: Path, command: str) -> None:
    out = "new/out" if command in ("train", "search", "evaluate", "compile") else "out.safetensors"
    assert gmn(command, out) == 0
    first = contents(work)
    # What was trained with the same settings is found again.
    assert gmn(command, out) == (0 if command in ("train", "search") else 2)
    assert contents(work) == first
    assert gmn(command, out, "--replace") == 0
    assert contents(work).keys() == first.keys()


def failing(number: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", ["full", "read only", "stopped"])
@pytest.mark.parametrize(
    "command",
    ["compile", "match", *(pytest.param(c, marks=pytest.mark.long) for c in ("edit", "evaluate"))],
)
def test_a_failure_leaves_no_trace(work: Path, command: str, how: str) -> None:
    action = {"full": failing(errno.ENOSPC), "read only": failing(errno.EROFS), "stopped": stop}
    code = {"stopped": 130}.get(how, 2)
    before, names = contents(work), everything(work)
    out = "new/deep/out" if command in ("evaluate", "compile") else "out.safetensors"
    codes = []
    for step in range(1, 60):
        reached = run_until(step, lambda: codes.append(gmn(command, out)), action[how])
        if not reached:
            break
        # Once the seal is there, the new output is whole: what fails after it changes nothing.
        if contents(work) == before:
            assert codes[-1] == code
            left = everything(work) - names
            assert {name for name in left if not name.endswith(".lock")} <= parents(left)
        new = Path("new") if Path("new").exists() else Path(out)
        shutil.rmtree(new) if new.is_dir() else new.unlink(missing_ok=True)
    assert codes[-1] == 0
    assert code in codes


def parents(names: set[str]) -> set[str]:
    """Give the folders of locks that could not be removed, which is the one thing that may stay."""
    return {str(p) for name in names if name.endswith(".lock") for p in Path(name).parents}
