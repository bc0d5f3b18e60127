"""The store: whatever a crash or a mishap leaves behind, the zoo that comes of it is the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from graphgen import GraphError
from graphgen.files import write_json
from pipelines import PipelineError
from pipelines.zoo.settings import ZooSettings, read_settings
from pipelines.zoo.store import Store
from pipelines.zoo.task import train

MADE = {"code": "1", "how": {}, "with": {"torch": "2.0"}}


@pytest.fixture
def settings(write_zoo: Callable[..., Path]) -> ZooSettings:
    return read_settings(write_zoo(count=5, networks_per_shard=2))


@pytest.fixture
def encoded(settings: ZooSettings) -> list[bytes]:
    text = json.dumps(settings.plain())
    return [one for index in range(5) for one in train(text, index)]


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    return folder


def fill(folder: Path, settings: ZooSettings, encoded: list[bytes]) -> tuple[str, list[int]]:
    """Add what is missing; give the hash and what was missing."""
    with Store(folder, settings, MADE, print) as store:
        missing = store.missing()
        for index in missing:
            store.add(encoded[index])
        return store.finish()["hash"], missing


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_finished_folder_holds_the_index_and_the_shards(
    zoo: Path, settings: ZooSettings, encoded: list[bytes]
) -> None:
    fill(zoo, settings, encoded)
    shards = [f"shard-0000{i}.safetensors" for i in range(3)]
    assert sorted(files(zoo)) == ["index.json", *shards]
    index = json.loads((zoo / "index.json").read_text())
    assert [(row["index"], row["shard"], row["row"]) for row in index["networks"]] == [
        (0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 1, 1), (4, 2, 0),
    ]  # fmt: skip
    assert [shard["file"] for shard in index["shards"]] == shards


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [0, 2, 4, 1, 3]])
def test_the_order_of_arrival_does_not_matter(
    zoo: Path, settings: ZooSettings, encoded: list[bytes], order: Iterable[int], tmp_path: Path
) -> None:
    with Store(zoo, settings, MADE, print) as store:
        for index in order:
            store.add(encoded[index])
        store.finish()
    (tmp_path / "other").mkdir()
    fill(tmp_path / "other", settings, encoded)
    assert files(zoo) == files(tmp_path / "other")


@pytest.mark.parametrize("damaged", [False, True])
def test_a_kill_at_any_moment_loses_nothing_that_was_added(
    zoo: Path,
    settings: ZooSettings,
    encoded: list[bytes],
    damaged: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added: list[int] = []
    if damaged:
        fill(zoo, settings, encoded)
        (zoo / "shard-00001.safetensors").write_bytes(b"")
        added = [0, 1, 4]
    snapshots: list[tuple[Path, set[int]]] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def wrapper(*args: Any, **options: Any) -> Any:
            # What a kill just before this call would leave.
            target = tmp_path / f"snapshot-{len(snapshots)}"
            shutil.copytree(zoo, target)
            snapshots.append((target, set(added)))
            return real(*args, **options)

        monkeypatch.setattr(os, name, wrapper)

    with monkeypatch.context():
        for name in ("write", "replace", "unlink", "ftruncate"):
            watched(name)
        with Store(zoo, settings, MADE, print) as store:
            for index in store.missing():
                store.add(encoded[index])
                added.append(index)
            expected = store.finish()["hash"]
        monkeypatch.undo()
    assert len(snapshots) > 20
    for folder, safe in snapshots:
        found, missing = fill(folder, settings, encoded)
        assert found == expected
        assert not safe & set(missing)
        assert files(folder) == files(zoo)


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_shard_is_named_and_made_again(
    zoo: Path,
    settings: ZooSettings,
    encoded: list[bytes],
    finished: bool,
    damage: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store(zoo, settings, MADE, print) as store:
        for index in range(5 if finished else 4):
            store.add(encoded[index])
        expected = store.finish()["hash"] if finished else None
    shard = zoo / "shard-00001.safetensors"
    content = bytearray(shard.read_bytes())
    if damage == "flipped":
        content[-3] ^= 1
    shard.write_bytes(content[: -7 if damage == "cut" else None])
    if damage == "gone":
        shard.unlink()
    found, missing = fill(zoo, settings, encoded)
    assert missing == ([2, 3] if finished else [2, 3, 4])
    out = capsys.readouterr().out
    assert str(shard) in out
    assert "2 networks are made again" in out
    assert expected in (found, None)
    # And now it is whole.
    assert fill(zoo, settings, encoded) == (found, [])
    assert capsys.readouterr().out == ""


def test_other_settings_are_refused_with_what_differs(
    zoo: Path, settings: ZooSettings, encoded: list[bytes], write_zoo: Callable[..., Path]
) -> None:
    other = read_settings(
        write_zoo(count=5, networks_per_shard=2, seed=3, training={"epochs": 1, "momentum": 0.5})
    )
    for finished in (False, True):
        if finished:
            fill(zoo, settings, encoded)
        else:
            with Store(zoo, settings, MADE, print) as store:
                store.add(encoded[0])
        before = files(zoo)
        with pytest.raises(PipelineError) as caught:
            Store(zoo, other, MADE, print)
        message = str(caught.value)
        assert f"{zoo}: holds a zoo of other settings" in message
        assert "zoo.seed: 0 there, 3 now" in message
        assert "zoo.training.momentum: 0.9 there, 0.5 now" in message
        assert 'zoo.training.epochs: {"integers": [1, 3]} there, 1 now' in message
        assert "Name another folder" in message
        assert files(zoo) == before


def test_another_architecture_in_the_same_file_is_another_zoo(
    zoo: Path, settings: ZooSettings, encoded: list[bytes], write_zoo: Callable[..., Path]
) -> None:
    fill(zoo, settings, encoded)
    file = write_zoo(count=5, networks_per_shard=2)
    mlp = file.parent / "mlp.yaml"
    mlp.write_text(mlp.read_text().replace('"relu"', '"tanh"'))
    with pytest.raises(PipelineError, match=r'activation: "relu" there, "tanh" now'):
        Store(zoo, read_settings(file), MADE, print)


@pytest.mark.parametrize("name", ["shard-00000.safetensors", "shard-00000.journal"])
def test_shards_of_unknown_origin_are_refused(
    zoo: Path, settings: ZooSettings, encoded: list[bytes], name: str
) -> None:
    with Store(zoo, settings, MADE, print) as store:
        for index in range(2 if name.endswith("tensors") else 1):
            store.add(encoded[index])
    progress = zoo / "progress.journal"
    content = bytearray(progress.read_bytes())
    content[100] ^= 1
    progress.write_bytes(content)
    with pytest.raises(PipelineError, match=f"progress.journal: damaged.*{name}"):
        Store(zoo, settings, MADE, print)
    progress.unlink()
    with pytest.raises(PipelineError, match=f"found {name}, but no record of the settings"):
        Store(zoo, settings, MADE, print)


def test_a_folder_of_something_else_is_refused(zoo: Path, settings: ZooSettings) -> None:
    write_json(zoo / "index.json", {"format": "graph-metanetworks/graph-set", "version": 1})
    message = r"holds a graph-metanetworks/graph-set .*/zoo does not take"
    with pytest.raises(GraphError, match=message):
        Store(zoo, settings, MADE, print)


def test_an_unfinished_zoo_has_no_index(
    zoo: Path, settings: ZooSettings, encoded: list[bytes]
) -> None:
    with Store(zoo, settings, MADE, print) as store:
        store.add(encoded[0])
        with pytest.raises(PipelineError, match="4 networks are still missing"):
            store.finish()
        with pytest.raises(PipelineError, match="network 0 is there already"):
            store.add(encoded[0])
