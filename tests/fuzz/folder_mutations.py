"""Mutations of folders of ours: of their files, and of what indexes, journals and shards say."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from fuzz.journal_mutations import change_journal
from fuzz.json_mutations import change, load, sealed

JUNK = (b"", b"{}", b"null", b"\x00" * 64, b"{" * 3000, b"\xff\xfe", b"PK\x03\x04", b"GMNJRNL1")
NAMES = (
    *("shard-abc.journal", "shard-00099.journal", "shard-00000.journal", "shard-00001.safetensors"),
    *(
        "progress.journal",
        "notes.md",
        ".lock",
        ".index.tmp-0123456789abcdef.json",
        "shard--1.journal",
    ),
    *("shard-99999999999999999999.safetensors", ".shard-00000.new-0123456789abcdef.safetensors"),
)


def mutate(folder: Path, rng: random.Random, which: str = "*") -> str:
    """Change something in a folder, a file of such a name; say what, in words.

        done = mutate(tmp_path / "zoo", random.Random(7))

    A changed file is, every other time, sealed again: hashes that name it are made to fit.
    """
    for _ in range(20):
        files = sorted(p for p in folder.rglob(which) if p.is_file() and not p.is_symlink())
        if not files:
            break
        path = rng.choice(files)
        before = path.read_bytes()
        mutator = rng.choice(CONTENT if rng.random() < 0.75 else PLACES)
        with contextlib.suppress(FileNotFoundError, ValueError):
            done = mutator(path, rng)
            if not done:
                continue
            words = f"{path.relative_to(folder)}: {done}"
            changed = path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24
            if changed and path.read_bytes() != before and rng.random() < 0.5:
                reseal(folder, before, path.read_bytes())
                words += ", sealed again"
            return words
    return "nothing"


def reseal(folder: Path, before: bytes, after: bytes) -> None:
    """Make the hashes fit by which the other files name one that has changed."""
    old, new = (hashlib.sha256(data).hexdigest().encode() for data in (before, after))
    for path in folder.rglob("*.json"):
        if path.is_file() and not path.is_symlink() and old in (data := path.read_bytes()):
            path.write_bytes(sealed(data.replace(old, new)))


def flip(path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    if not data:
        return ""
    count = rng.choice((1, 1, 3, 30))
    for _ in range(count):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return f"{count} bits flipped"


def cut(path: Path, rng: random.Random) -> str:
    data = path.read_bytes()
    kept = rng.choice((0, 1, 8, len(data) // 2, max(len(data) - 1, 0)))
    path.write_bytes(data[:kept])
    return f"cut to {kept} bytes"


def append(path: Path, rng: random.Random) -> str:
    with path.open("ab") as file:
        file.write(rng.randbytes(rng.choice((1, 8, 500))))
    return "bytes appended"


def junk(path: Path, rng: random.Random) -> str:
    data = rng.choice(JUNK)
    path.write_bytes(data)
    return f"replaced by {data[:12]!r}"


def extend(path: Path, rng: random.Random) -> str:
    size = rng.choice((1 << 20, 1 << 28))
    os.truncate(path, size)
    return f"extended to {size} bytes by a hole"


def edit_json(path: Path, rng: random.Random) -> str:
    if path.suffix != ".json":
        return ""
    words, data = change(load(path.read_bytes()), rng)
    seal = rng.random() < 0.8
    path.write_bytes(sealed(data) if seal else data)
    return f"{words}{', with its hash' if seal else ''}"


def edit_header(path: Path, rng: random.Random) -> str:
    """Change what a safetensors file says of its arrays."""
    if path.suffix != ".safetensors":
        return ""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    words, header = change(load(data[8 : 8 + length]), rng)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])
    return f"in its header, {words}"


def edit_journal(path: Path, rng: random.Random) -> str:
    if path.suffix != ".journal":
        return ""
    words, data = change_journal(path.read_bytes(), rng)
    path.write_bytes(data)
    return words


def remove(path: Path, rng: random.Random) -> str:
    path.unlink()
    return "removed"


def rename(path: Path, rng: random.Random) -> str:
    target = path.with_name(rng.choice(NAMES))
    if target.is_dir():
        return ""
    path.replace(target)
    return f"renamed to {target.name}"


def copy(path: Path, rng: random.Random) -> str:
    target = path.with_name(rng.choice(NAMES))
    if target.exists():
        return ""
    shutil.copy(path, target)
    return f"copied to {target.name}"


def swap(path: Path, rng: random.Random) -> str:
    others = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
    if not others:
        return ""
    other = rng.choice(others)
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)
    return f"swapped with {other.name}"


def folder_instead(path: Path, rng: random.Random) -> str:
    path.unlink()
    path.mkdir()
    if rng.random() < 0.5:
        (path / "inside").write_text("a file in it")
    return "a folder in its place"


def link_outside(path: Path, rng: random.Random) -> str:
    """Lead to a file outside that would do, so that nothing but the link is wrong."""
    outside = outside_of(path)
    outside.write_bytes(path.read_bytes())
    path.unlink()
    relative = rng.random() < 0.5
    path.symlink_to(os.path.relpath(outside, path.parent) if relative else outside)
    return "a link that leads outside"


def lock_link(path: Path, rng: random.Random) -> str:
    outside = outside_of(path)
    outside.write_text("what is outside")
    lock = path.with_name(".lock")
    lock.unlink(missing_ok=True)
    lock.symlink_to(outside)
    return "a lock beside it that leads outside"


def link_loop(path: Path, rng: random.Random) -> str:
    path.unlink()
    path.symlink_to(rng.choice((path.name, "nowhere")))
    return "a link to nothing"


def pipe(path: Path, rng: random.Random) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a pipe in its place"


def outside_of(path: Path) -> Path:
    """Name a file outside of a folder that is two levels above it or more."""
    place = path.parent.parent / "outside"
    place.mkdir(exist_ok=True)
    return place / path.name


Mutator = Callable[[Path, random.Random], str]
CONTENT: tuple[Mutator, ...] = (
    *(flip, cut, append, junk, extend),
    *(edit_json,) * 8,
    *(edit_header,) * 3,
    *(edit_journal,) * 6,
)
PLACES: tuple[Mutator, ...] = (
    *(remove, rename, copy, swap, folder_instead, link_outside, lock_link, link_loop, pipe),
)
