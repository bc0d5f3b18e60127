"""What is written to is a regular file of the folder: no link leads out, no pipe is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphgen.errors import GraphError
from graphgen.files import Journal, Kind, exclusive, read_document, write_document
from graphgen.files.regular import open_regular

KIND = Kind("a kind", 1, {"type": "object"}, "a test")


def link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "victim")


WAYS: dict[str, Callable[[Path], Any]] = {
    "link": link,
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/null"),
}


def lock(path: Path) -> None:
    with exclusive(path.parent):
        pass


OPENERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "journal": ("progress.journal", Journal),
    "lock": (".lock", lock),
    "document": ("index.json", lambda path: read_document(path, KIND)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # An empty file would be taken for a journal that was just begun.
    (tmp_path / "victim").write_text("")
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", OPENERS)
def test_what_is_no_file_of_the_folder_is_refused(folder: Path, kind: str, way: str) -> None:
    name, opened = OPENERS[kind]
    WAYS[way](folder / name)
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(GraphError, match="shared"):
        opened(folder / name)
    assert sorted(folder.parent.rglob("*")) == before
    assert (folder.parent / "victim").read_text() == ""


@pytest.mark.parametrize("kind", OPENERS)
def test_control_a_file_is_opened(folder: Path, kind: str) -> None:
    name, opened = OPENERS[kind]
    if kind == "document":
        write_document(folder / name, KIND, {})
    opened(folder / name)


def test_control_links_within_a_folder_are_read(folder: Path) -> None:
    write_document(folder / "real.json", KIND, {"a": 1})
    (folder / "index.json").symlink_to("real.json")
    assert read_document(folder / "index.json", KIND)["a"] == 1


def test_a_file_is_opened_and_made(folder: Path) -> None:
    path = folder / "a"
    os.close(open_regular(path, os.O_RDWR | os.O_CREAT))
    assert path.read_bytes() == b""
    with pytest.raises(FileNotFoundError):
        open_regular(folder / "b", os.O_RDWR)
