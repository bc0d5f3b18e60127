"""A zoo that takes another one's place: until it is whole, the other one stays whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import zoo_toys
from interruptions import INTERRUPTIONS, everywhere
from zoo_toys import contents, use_toys

from graphgen import GraphError
from graphgen.files import read_document
from graphgen.files.sealed import read_part
from pipelines import PipelineError
from pipelines.inrs import generate as generate_inrs
from pipelines.zoo import generate, replace
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.store import Store

Files = dict[str, Path]
Make = Callable[..., dict[str, Any]]
STATES = {"finished": 5, "begun": 3}


class Log:
    """What processes made and kept; it is written to without a step that may be interrupted."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def note(self, what: str) -> None:
        os.write(self.file, f"{what}\n".encode())

    def take(self) -> list[str]:
        words = os.pread(self.file, 1 << 20, 0).decode().split()
        os.ftruncate(self.file, 0)
        return words


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    use_toys(monkeypatch)
    log = Log(tmp_path / "log")
    add = Store.add

    def train(settings: str, index: int) -> list[bytes]:
        log.note(f"made-{index}")
        return zoo_toys.train(settings, index)

    def noted(self: Store, encoded: bytes) -> None:
        before = set(self.missing())
        add(self, encoded)
        for index in before - set(self.missing()):
            log.note(f"kept-{index}")

    monkeypatch.setattr(import_module("pipelines.zoo.generate"), "train", train)
    monkeypatch.setattr(Store, "add", noted)
    yield log
    os.close(log.file)


@pytest.fixture
def settings(write_zoo: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    """Write the settings of zoos: the old one has more shards than the new one."""
    given = {"old": {"count": 5, "seed": 1}, "new": {"count": 3}, "third": {"count": 2, "seed": 7}}
    file = write_zoo(count=1)
    files = {name: file.with_name(f"{name}.yaml") for name in given}
    for name, changes in given.items():
        write_zoo(networks_per_shard=2, **changes).rename(files[name])
    return files


def begin(file: Path, folder: Path, count: int, make: Make = generate, **options: Any) -> None:
    """Make some networks of a zoo, and be stopped."""
    add = Store.add
    added: list[bytes] = []

    def stopped(self: Store, encoded: bytes) -> None:
        if len(added) == count:
            raise KeyboardInterrupt
        added.append(encoded)
        add(self, encoded)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "add", stopped)
        try:
            make(file, folder, **options)
        except KeyboardInterrupt:
            return


def whole(folder: Path) -> str:
    """Check every byte of a finished zoo; give its hash."""
    index = read_document(folder / INDEX, ZOO)
    for shard in index["shards"]:
        read_part(folder, index, shard["file"])
    return str(index["hash"])


def kept(words: list[str]) -> set[str]:
    """List the networks of a log that need not be made again."""
    return {word.removeprefix("kept-") for word in words if "kept-" in word}


def check_resumed(before: list[str], after: list[str]) -> None:
    """Check that of three networks the one was made that had not been kept."""
    (lacking,) = {"0", "1", "2"} - kept(before)
    assert after == [f"made-{lacking}", f"kept-{lacking}"]


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.fixture(params=STATES)
def old(request: pytest.FixtureRequest, settings: Files, log: Log, tmp_path: Path) -> Path:
    """Make a zoo that is to be replaced, finished or begun."""
    begin(settings["old"], tmp_path / "old", STATES[request.param])
    (tmp_path / "old" / "notes.md").write_text("of the user")
    assert (tmp_path / "old" / INDEX).exists() == (request.param == "finished")
    return tmp_path / "old"


@pytest.fixture
def fresh(settings: Files, log: Log, tmp_path: Path) -> Path:
    """Make the new zoo in an empty folder."""
    generate(settings["new"], tmp_path / "fresh")
    log.take()
    return tmp_path / "fresh"


def interrupt_often(
    how: str, settings: Files, log: Log, old: Path, fresh: Path, folder: Path, every: int
) -> int:
    before, after = contents(old), {**contents(fresh), "notes.md": b"of the user"}
    new = whole(fresh)
    tried: list[bool] = []

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(old, folder)
        log.take()

    def work() -> None:
        generate(settings["new"], folder, replace=True)

    def interrupt(step: int, work: Callable[[], object]) -> bool:
        tried.append(step % every == 0)
        return INTERRUPTIONS[how](step, work) if tried[-1] else True

    def check() -> None:
        if not tried[-1]:
            return
        found = contents(folder)
        if (folder / INDEX).exists() and whole(folder) == new:
            assert found["notes.md"] == b"of the user"
        else:
            assert {name: found.get(name) for name in before} == before
        begun = kept(log.take())
        work()
        assert not {f"made-{index}" for index in begun} & set(log.take())
        assert contents(folder) == after
        assert hidden(folder) == []

    return everywhere(interrupt, prepare, work, check)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("how", ["killed", "stopped", "full"])
def test_the_old_zoo_is_whole_until_the_new_one_is(
    how: str, every: int, settings: Files, log: Log, old: Path, fresh: Path, tmp_path: Path
) -> None:
    assert interrupt_often(how, settings, log, old, fresh, tmp_path / "zoo", every) > 30


def test_control_a_zoo_that_is_removed_at_once_is_seen(
    settings: Files,
    log: Log,
    old: Path,
    fresh: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = replace._opened

    def careless(folder: Path, *rest: Any) -> Store:
        replace.remove_zoo(folder)
        return opened(folder, *rest)

    monkeypatch.setattr(replace, "_opened", careless)
    with pytest.raises((AssertionError, GraphError)):
        interrupt_often("killed", settings, log, old, fresh, tmp_path / "zoo", 1)


def test_what_was_begun_is_gone_on_with_and_other_settings_do_not(
    settings: Files, log: Log, old: Path, fresh: Path
) -> None:
    before = contents(old)
    log.take()
    begin(settings["new"], old, 2, replace=True)
    begun = log.take()
    begin(settings["third"], old, 1, replace=True)
    assert len(hidden(old)) == 2
    assert {name: contents(old)[name] for name in before} == before
    # The zoo that is there is finished or left alone, and what was begun stays.
    with pytest.raises(PipelineError, match="of other settings"):
        generate(settings["new"], old)
    assert len(hidden(old)) == 2
    log.take()
    generate(settings["new"], old, replace=True)
    check_resumed(begun, log.take())
    assert contents(old) == {**contents(fresh), "notes.md": b"of the user"}


def test_what_was_begun_stays_whatever_becomes_of_the_old_zoo(
    settings: Files, log: Log, old: Path, fresh: Path
) -> None:
    log.take()
    begin(settings["new"], old, 2, replace=True)
    begun = log.take()
    generate(settings["old"], old)  # finishes it, or leaves it alone
    for path in old.glob("[!.]*"):
        path.unlink()  # by hand
    log.take()
    generate(settings["new"], old)
    check_resumed(begun, log.take())
    assert contents(old) == contents(fresh)


def test_a_file_system_without_links_gets_copies(
    settings: Files, log: Log, old: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    generate(settings["new"], old, replace=True)
    assert contents(old) == {**contents(fresh), "notes.md": b"of the user"}


def test_what_was_begun_and_is_damaged_is_made_again(
    settings: Files, log: Log, old: Path, fresh: Path
) -> None:
    begin(settings["new"], old, 2, replace=True)
    journal = next(old.glob(".zoo.new-*/progress.journal"))
    content = bytearray(journal.read_bytes())
    content[100] ^= 1
    journal.write_bytes(content)
    generate(settings["new"], old, replace=True)
    assert contents(old) == {**contents(fresh), "notes.md": b"of the user"}


def test_a_link_in_the_place_of_the_new_folder_is_refused(
    settings: Files, log: Log, old: Path, tmp_path: Path
) -> None:
    begin(settings["new"], old, 2, replace=True)
    new = next(old.glob(".zoo.new-*"))
    shutil.move(new, tmp_path / "outside")
    new.symlink_to(tmp_path / "outside")
    before = contents(tmp_path / "outside"), contents(old)
    with pytest.raises(PipelineError, match="is a link"):
        generate(settings["new"], old, replace=True)
    assert before == (contents(tmp_path / "outside"), contents(old))


def test_what_fails_at_once_leaves_the_old_zoo_as_it_was(
    settings: Files, log: Log, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Any:
        raise PipelineError("no data set")

    before = sorted(old.rglob("*")), contents(old)
    monkeypatch.setattr(import_module("pipelines.zoo.generate"), "train", failing)
    with pytest.raises(PipelineError, match="no data set"):
        generate(settings["new"], old, replace=True)
    assert before == (sorted(old.rglob("*")), contents(old))


def test_inrs_take_the_place_of_a_zoo_in_the_same_way(
    log: Log, old: Path, write_inrs: Callable[..., Path], tmp_path: Path
) -> None:
    signals = {"name": "sine_waves", "train": 4, "test": 1, "points": 4}
    file = write_inrs(tmp_path / "settings", signals=signals, networks_per_shard=2)
    before = contents(old)
    begin(file, old, 3, generate_inrs, replace=True)
    assert hidden(old)
    assert {name: contents(old)[name] for name in before} == before
    generate_inrs(file, old, replace=True)
    generate_inrs(file, tmp_path / "inrs")
    assert contents(old) == {**contents(tmp_path / "inrs"), "notes.md": b"of the user"}
