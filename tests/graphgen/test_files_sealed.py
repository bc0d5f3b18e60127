"""Sealed folders: at every moment the earlier set is whole, or the new one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interruptions import INTERRUPTIONS, everywhere, kill

import graphgen
import spec
from graphgen.errors import GraphError
from graphgen.files import Kind, read_document, replacing, write_bytes, write_document
from graphgen.files.document import canonical
from graphgen.files.sealed import PARTS, part_path, read_part, staged
from graphgen.testing import random_weights

SEAL = "seal.json"
KIND = Kind(
    "graph-metanetworks/test",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["parts"],
        "properties": {"parts": PARTS, "note": {"type": "string", "maxLength": 8}},
    },
    "a test",
)
OLD = {"a.txt": b"old a", "b.txt": b"old b", "c.txt": b"the same"}
NEW = {"a.txt": b"new a", "c.txt": b"the same", "d.txt": b"new d"}


def write(folder: Path, parts: dict[str, bytes], **options: Any) -> None:
    with replacing(folder, SEAL, KIND, replace=True, **options) as new:
        for name, data in parts.items():
            new.add(name, lambda path, data=data: write_bytes(path, data))
        new.commit({"parts": new.parts})


def read(folder: Path) -> dict[str, bytes]:
    sealed = read_document(folder / SEAL, KIND)
    return {
        entry["file"]: read_part(folder, sealed, entry["file"]).read_bytes()
        for entry in sealed["parts"]
    }


def fresh(folder: Path, parts: dict[str, bytes] | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if parts is not None:
        write(folder, parts)


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_an_interruption_anywhere_leaves_the_old_set_or_the_new_one(
    tmp_path: Path, how: str
) -> None:
    folder, seen = tmp_path / "set", []

    def check() -> None:
        found = read(folder)
        assert found in (OLD, NEW)
        seen.append(found == NEW)
        # The next writer tidies up, whatever there was.
        write(folder, NEW)
        names = {path.name for path in folder.iterdir()}
        assert names == {*NEW, SEAL}

    steps = everywhere(
        INTERRUPTIONS[how], lambda: fresh(folder, OLD), lambda: write(folder, NEW), check
    )
    assert steps > 10
    assert not all(seen)
    assert seen[-1]


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_a_first_set_is_whole_or_absent(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "some" / "set"

    def check() -> None:
        if (folder / SEAL).exists():
            assert read(folder) == NEW
        elif how != "killed":
            left = [p for p in tmp_path.rglob("*") if p.is_file()]
            assert left == []
        write(folder, NEW)
        assert {path.name for path in folder.iterdir()} == {*NEW, SEAL}
        shutil.rmtree(tmp_path / "some")

    assert everywhere(INTERRUPTIONS[how], lambda: None, lambda: write(folder, NEW), check) > 5


def test_writing_in_place_would_be_found(tmp_path: Path) -> None:
    """The control: parts that are written over one by one are seen half done."""
    folder = tmp_path / "set"

    def careless() -> None:
        for name, data in NEW.items():
            write_bytes(folder / name, data)
        (folder / "b.txt").unlink()
        parts = [{"file": n, "sha256": "0" * 64} for n in NEW]
        write_document(folder / SEAL, KIND, {"parts": parts})

    with pytest.raises(GraphError, match=r"(no such file|changed or damaged)"):
        everywhere(kill, lambda: fresh(folder, OLD), careless, lambda: read(folder))


def test_graph_sets_are_whole_at_every_moment(tmp_path: Path) -> None:
    folder = tmp_path / "graphs"
    rng = np.random.default_rng(0)
    net = spec.loads("inputs: {x: [3]}\nlayers: [{linear: {out_features: 2}}]")
    networks = [(net, random_weights(net, rng, np.float32), {"place": i}) for i in range(5)]

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        graphgen.GraphSet.write(folder, networks, rows_per_shard=2)

    def check() -> None:
        graphs = graphgen.GraphSet.open(folder)
        graphs.verify()
        assert len(graphs) in (5, 2)
        for i in range(len(graphs)):
            expected = networks[i if len(graphs) == 5 else i + 3][1]
            assert all(np.array_equal(a, expected[n]) for n, a in graphs[i].weights().items())

    def work() -> None:
        graphgen.GraphSet.write(folder, networks[3:], rows_per_shard=1, replace=True)

    for how in INTERRUPTIONS:
        assert everywhere(INTERRUPTIONS[how], prepare, work, check) > 8


def test_parts_and_other_files_share_a_folder_when_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(GraphError, match=r"holds other things \(notes\.txt\)"):
        write(tmp_path, OLD)
    write(tmp_path, OLD, among=OLD)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    (tmp_path / "d.txt").write_text("mine too")
    (tmp_path / SEAL).unlink()
    with (
        pytest.raises(GraphError, match=r"holds other things \(d\.txt\), .*--replace"),
        replacing(tmp_path, SEAL, KIND, replace=False, among=["d.txt"]),
    ):
        raise AssertionError("nothing is written over unasked")


def test_names_and_links_do_not_lead_outside(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (tmp_path / "secret.txt").write_text("secret")
    write(folder, OLD)
    for name in ("../secret.txt", "/etc/passwd", "a/b", ".hidden", "", "..", "a\\b", "a\0b"):
        with pytest.raises(GraphError, match="expected the plain name"):
            part_path(folder, name, "0" * 64)
        content = {"parts": [{"file": name, "sha256": "0" * 64}]}
        with pytest.raises(GraphError, match=r"parts\[0\]\.file"):
            write_document(folder / SEAL, KIND, content)
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(GraphError, match="leads out of"):
        read(folder)
    # The control: a link inside is followed.
    (folder / "a.txt").unlink()
    (folder / "aa.txt").write_bytes(OLD["a.txt"])
    (folder / "a.txt").symlink_to(folder / "aa.txt")
    assert read(folder) == OLD


def test_a_seal_that_names_files_of_others_removes_none(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (tmp_path / "precious.txt").write_text("precious")
    write(folder, OLD)
    whole = {"format": KIND.format, "version": 1, "parts": [{"file": "../precious.txt"}]}
    (folder / SEAL).write_text(json.dumps({**whole, "hash": "0"}))
    write(folder, NEW)
    assert read(folder) == NEW
    assert (tmp_path / "precious.txt").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"note": 5}, "note: got 5, expected type 'string'"),
        ({"note": "x" * 1000}, "note: got 'xx.*expected maxLength 8"),
        ({"parts": {}}, "parts: got a mapping of 0, expected type 'array'"),
        ({"more": 1}, ".*more"),
        ({"parts": None}, "parts: got None"),
    ],
)
def test_content_is_checked_with_its_place(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / SEAL
    with pytest.raises(GraphError, match=message):
        write_document(path, KIND, {"parts": [], **change})
    assert not path.exists()
    # A hostile writer has the right hash.
    write_document(path, Kind(KIND.format, 1, {}, "an enemy"), {"parts": [], **change})
    with pytest.raises(GraphError, match=f"{SEAL}: {message}"):
        read_document(path, KIND)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "5", "null", '"x"', "[" * 100_000, '{"a":' * 100_000, "NaN",
        '{"format": "graph-metanetworks/test", "version": 1, "parts": [], "x": 1e999, "hash": ""}',
        '{"format": "graph-metanetworks/test", "version": 1, "parts": [], "hash": null}',
        '{"format": "graph-metanetworks/test", "version": 999, "parts": [], "hash": ""}',
        "1" * 10_000, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "\0" * 100,
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / SEAL
    path.write_text(text)
    with pytest.raises(GraphError, match=SEAL):
        read_document(path, KIND)


def test_the_hash_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / SEAL
    sealed = write_document(path, KIND, {"parts": [], "note": "hello"})
    assert read_document(path, KIND) == sealed
    for changed in ({**sealed, "note": "hallo"}, {k: v for k, v in sealed.items() if k != "note"}):
        path.write_text(canonical(path, changed))
        with pytest.raises(GraphError, match="does not match its hash"):
            read_document(path, KIND)


def test_staged_names_differ_by_content(tmp_path: Path) -> None:
    names = {staged(tmp_path, name, sha * 64) for name in ("a.b", "a.c", "ab") for sha in "01"}
    assert len(names) == 6
    assert all(path.name.startswith(".") and path.parent == tmp_path for path in names)
