"""Indexes, journals and records that were changed with their hashes: each change is found."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzz.json_mutations import change, load, sealed
from zoo_toys import MADE, fit_stack, train, use_toys

from graphgen import GraphError
from graphgen.files import Journal
from pipelines.inrs import generate as generate_inrs
from pipelines.inrs.settings import read_settings as read_inrs
from pipelines.zoo import generate, open_zoo
from pipelines.zoo.identity import OtherZooError
from pipelines.zoo.record import Record
from pipelines.zoo.settings import ZooSettings, read_settings
from pipelines.zoo.store import Store

Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folders(
    write_zoo: Callable[..., Path],
    write_inrs: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Path]:
    use_toys(monkeypatch)
    signals = {"name": "sine_waves", "train": 4, "test": 1, "points": 4}
    generate(write_zoo(count=5, networks_per_shard=2), tmp_path / "zoo")
    generate(write_zoo(count=2, checkpoints=2, networks_per_shard=3), tmp_path / "checkpoints")
    generate_inrs(write_inrs(tmp_path / "s", signals=signals), tmp_path / "inrs")
    return {name: tmp_path / name for name in ("zoo", "checkpoints", "inrs")}


def first(**changes: Any) -> Edit:
    return lambda index: index["networks"][0].update(changes)


def setting(**changes: Any) -> Edit:
    return lambda index: index["zoo"].update(changes)


def metric(**changes: Any) -> Edit:
    return lambda index: index["networks"][0]["metrics"].update(changes)


def deep(levels: int) -> Any:
    tree: Any = 1
    for _ in range(levels):
        tree = [tree]
    return tree


CHANGES: list[tuple[str, Edit, str]] = [
    ("zoo", setting(count=6), "networks: got 5, but its settings make 6"),
    ("zoo", setting(count=5.0), "zoo.count: got 5.0, expected type 'integer'"),
    ("zoo", setting(count=True), "zoo.count: got True"),
    ("zoo", setting(networks_per_shard=5), "shards: got 3, expected 1 of 5"),
    ("zoo", setting(networks_per_shard=0), "zoo.networks_per_shard: got 0"),
    ("zoo", setting(checkpoints=5, count=1), r"networks\[0\]: got .* not checkpoint 1 of 5"),
    ("zoo", setting(dataset=5), "zoo.dataset: got 5"),
    ("zoo", setting(architectures=[]), "zoo.architectures: got a list of 0"),
    ("zoo", setting(architectures=[{}]), r"zoo.architectures\[0\]: `family, weight"),
    ("zoo", setting(training=deep(150)), "zoo.training: got a list"),
    ("zoo", setting(training={"epochs": deep(150)}), "nests deeper than 100"),
    ("zoo", setting(signals={}), "zoo"),
    ("zoo", setting(signals={"name": "x", "train": 5, "test": 0}), "zoo"),
    ("zoo", first(index=1), r"networks\[0\]: got network 1 in row 0 of shard 0, expected 0"),
    ("zoo", first(row=1), r"networks\[0\]: got network 0 in row 1"),
    ("zoo", first(shard=-1), r"networks\[0\].shard: got -1"),
    ("zoo", first(shard=9), r"networks\[0\]: got row 0 of shard 9"),
    ("zoo", first(shard=0.0), r"networks\[0\].shard: got 0.0"),
    ("zoo", first(architecture="0" * 64), "its architecture '0000000000000000' is not there"),
    ("zoo", first(architecture="../x"), r"networks\[0\].architecture: got '../x'"),
    ("zoo", first(family=3), r"networks\[0\].family: got 3"),
    ("zoo", first(status="fine"), r"networks\[0\].status: got 'fine'"),
    ("zoo", first(parameters=10**400), r"networks\[0\].parameters: got 1000"),
    ("zoo", first(split="train"), r"networks\[0\]: Additional properties"),
    ("zoo", first(network=0), r"networks\[0\]: got .*'network': 0"),
    ("zoo", metric(test_accuracy=None), r"networks\[0\]: got .*said to have been trained"),
    ("zoo", metric(test_accuracy=1.5), r"networks\[0\].metrics.test_accuracy: got 1.5"),
    ("zoo", metric(test_loss=10**400), r"networks\[0\].metrics.test_loss: got 1000"),
    ("zoo", metric(test_loss="low"), r"networks\[0\].metrics.test_loss: got 'low'"),
    ("zoo", lambda index: index["networks"].reverse(), "got network 4 in row 0 of shard 2"),
    ("zoo", lambda index: index["networks"].pop(), "networks: got 4, but its settings make 5"),
    (
        "zoo",
        lambda index: index["shards"].reverse(),
        r"networks\[1\]|shards\[0\]: got 'shard-00002",
    ),
    ("zoo", lambda index: index["shards"][0].update(file="../x.safetensors"), r"shards\[0\].file"),
    ("zoo", lambda index: index["shards"][0].update(file="a.safetensors"), r"got 'a.safetensors'"),
    ("zoo", lambda index: index["shards"][0].update(rows=3), r"shards\[0\]: got .* of 3 networks"),
    ("zoo", lambda index: index["made"].update(code=5), "made.code: got 5"),
    ("zoo", lambda index: index.update(more=1), "Additional properties"),
    ("zoo", lambda index: index.update(networks=[]), "networks: got a list of 0"),
    ("checkpoints", first(checkpoint=2), r"networks\[0\]: got .*not checkpoint 1 of 2"),
    ("checkpoints", lambda index: index["networks"][0].pop("network"), "not checkpoint 1 of 2"),
    ("inrs", first(offset="half"), r"networks\[0\].offset: got 'half'"),
    ("inrs", first(split="validation"), r"networks\[0\].split: got 'validation'"),
    ("inrs", first(signal=None), r"networks\[0\].signal: got None"),
    ("inrs", metric(psnr=1e300), r"networks\[0\].metrics.psnr: got 1e\+300"),
    ("inrs", setting(copies=2), "networks: got 5, but its settings make 10"),
    ("inrs", setting(signals={"name": "digits"}), "zoo.signals: `train, test` is missing"),
    ("inrs", lambda index: index["zoo"].pop("signals"), "zoo"),
]


@pytest.mark.parametrize("kind", ["zoo", "checkpoints", "inrs"])
def test_a_changed_index_with_the_right_hash_is_refused(
    folders: dict[str, Path], kind: str
) -> None:
    path = folders[kind] / "index.json"
    whole = path.read_text()
    own = [(edit, words) for of, edit, words in CHANGES if of == kind]
    assert own
    for number, (edit, words) in enumerate(own):
        index = json.loads(whole)
        edit(index)
        path.write_bytes(sealed(json.dumps(index).encode()))
        with pytest.raises(GraphError) as caught:
            open_zoo(folders[kind])
        assert str(caught.value).startswith(str(path))
        assert re.search(words, str(caught.value)), f"change {number}: {caught.value}"


def test_control_indexes_are_read_and_sealed_as_they_are_written(folders: dict[str, Path]) -> None:
    for folder in folders.values():
        index = open_zoo(folder)
        path = folder / "index.json"
        path.write_bytes(sealed(path.read_bytes()))
        assert open_zoo(folder) == index


def record(write_zoo: Callable[..., Path]) -> tuple[ZooSettings, bytes]:
    settings = read_settings(write_zoo(count=5, networks_per_shard=2))
    return settings, train(json.dumps(settings.plain()), 0)[0]


def rewritten(encoded: bytes, edit: Edit) -> bytes:
    length = int.from_bytes(encoded[:8], "little")
    header = json.loads(encoded[8 : 8 + length])
    edit(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + encoded[8 + length :]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda h: h["about"].update(index=4), "shard-00000.journal: got network 4, expected 0 to"),
        (lambda h: h["about"].update(index=-1), "about.index: got -1"),
        (lambda h: h["about"].update(network=0), "shard-00000.journal: network 0: got"),
        (lambda h: h["about"].update(sha256="0" * 64), "network 0: the weights do not match"),
        (lambda h: h["about"].update(architecture="0" * 64), "got the hash"),
        (lambda h: h.update(resolved={}), "architectures"),
        (lambda h: h.update(resolved=[]), "resolved: got a list of 0"),
        (lambda h: h.update(about=[]), "about: got a list"),
        (lambda h: h["columns"].update({"values.float32": 2**50}), "cut off; expected 1125"),
        (lambda h: h["columns"].update({"values.float32": 1}), "bytes, expected"),
        (lambda h: h["columns"].update({"values.object": 1}), "columns"),
        (lambda h: h["columns"].update({"values.float32": -1}), "columns.values.float32: got -1"),
        (lambda h: h["about"].update(training=deep(200)), "training: got a list"),
        (lambda h: h["about"]["training"].update(epochs=deep(200)), "deeper than 100"),
    ],
)
def test_a_changed_record_of_a_journal_is_refused_and_replaced(
    write_zoo: Callable[..., Path], tmp_path: Path, edit: Edit, words: str
) -> None:
    settings, encoded = record(write_zoo)
    (tmp_path / "zoo").mkdir()
    with Store(tmp_path / "zoo", settings, MADE, print) as store:
        store.add(encoded)
    path = tmp_path / "zoo" / "shard-00000.journal"
    path.unlink()
    with Journal(path) as journal:
        journal.append(rewritten(encoded, edit))
    before = path.read_bytes()
    with pytest.raises(OtherZooError, match=words) as caught:
        Store(tmp_path / "zoo", settings, MADE, print)
    assert str(path) in str(caught.value)
    assert "--replace" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda e: e.update(number=9), "shard 9: the zoo has 5 networks, and no such shard"),
        (lambda e: e.update(number=1), "shard 1: got 'shard-00000.safetensors'"),
        (lambda e: e.update(number="0"), "number: got '0'"),
        (lambda e: e["networks"].pop(), "shard 0: networks: got 1 of shard 0, expected 2"),
        (lambda e: e["networks"][0].update(index=1), "got network 1 in row 0"),
        (lambda e: e.update(architectures={}), "the architecture of network 0 is not there"),
        (lambda e: e["shard"].update(file="../../x.safetensors"), "shard.file: got"),
        (lambda e: e.pop("networks"), "got 0 of shard 0"),
    ],
)
def test_a_changed_entry_of_the_progress_is_refused(
    write_zoo: Callable[..., Path], tmp_path: Path, edit: Edit, words: str
) -> None:
    settings, _ = record(write_zoo)
    text = json.dumps(settings.plain())
    (tmp_path / "zoo").mkdir()
    with Store(tmp_path / "zoo", settings, MADE, print) as store:
        for index in (0, 1):
            store.add(train(text, index)[0])
    path = tmp_path / "zoo" / "progress.journal"
    with Journal(path) as journal:
        begun, full = map(json.loads, journal.records())
    path.unlink()
    changed = copy.deepcopy(full)
    edit(changed)
    with Journal(path) as journal:
        for entry in (begun, changed):
            journal.append(json.dumps(entry).encode())
    with pytest.raises(OtherZooError, match=words) as caught:
        Store(tmp_path / "zoo", settings, MADE, print)
    assert str(path) in str(caught.value)


def test_records_decode_to_what_they_were_or_are_refused(
    write_zoo: Callable[..., Path], write_inrs: Callable[..., Path], tmp_path: Path
) -> None:
    inrs = json.dumps(read_inrs(write_inrs(tmp_path / "inrs")).plain())
    refused = 0
    for encoded in (record(write_zoo)[1], fit_stack(inrs, 0, "cpu")[0]):
        assert Record.decode(encoded).encode() == encoded
        length = int.from_bytes(encoded[:8], "little")
        for number in range(400):
            rng = random.Random(number)
            _, header = change(load(encoded[8 : 8 + length]), rng)
            size = rng.choice((len(header), len(header), rng.getrandbits(63), 0))
            data = size.to_bytes(8, "little") + header + encoded[8 + length :]
            data = data[: rng.choice((None, None, 5, 100, -1))]
            with contextlib.suppress(GraphError):
                Record.decode(data, "shard-00000.journal")
                continue
            refused += 1
            with pytest.raises(GraphError, match="^shard-00000.journal"):
                Record.decode(data, "shard-00000.journal")
    assert 300 < refused < 800
