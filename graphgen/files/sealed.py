"""Sealed folders: parts, and a seal that names them; a new set takes an old one's place at once.

New parts are written beside the old ones under hidden names, then the seal is swapped, which is the
one moment of change, and then the parts get their plain names. A process killed at any point leaves
the old set whole or the new one; what it left unfinished is tidied up by the next writer.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphgen.errors import GraphError
from graphgen.files.atomic import flush_folder, remove_leftovers, write_json
from graphgen.files.destination import claim, making
from graphgen.files.document import Kind, peek, read_document, seal_content, within
from graphgen.files.lock import exclusive

PARTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["file", "sha256"],
        "properties": {
            "file": {"type": "string", "pattern": r"^[^./\\\x00][^/\\\x00]*$", "maxLength": 200},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    },
}
_NEW, _OLD = ".new-", ".old-"
_DIGITS = 16
_CHUNK_BYTES = 1 << 24


class Replacement:
    """A set that is being written into a folder; made by `replacing`."""

    def __init__(self, folder: Path, seal: str, kind: Kind) -> None:
        self.folder = folder
        self._seal = seal
        self._kind = kind
        self._parts: dict[str, str] = {}

    def add(self, name: str, write: Callable[[Path], object]) -> str:
        """Let `write` write a part to the path it is given; give the part's SHA-256 in hex."""
        unfinished = staged(self.folder, name, secrets.token_hex(_DIGITS // 2))
        try:
            write(unfinished)
            sha256 = file_hash(unfinished)
            unfinished.replace(staged(self.folder, name, sha256))
        finally:
            unfinished.unlink(missing_ok=True)
        self._parts[name] = sha256
        return sha256

    def adopt(self, name: str, identity: str) -> None:
        """Take as a part what is in place already, or lies at `staged(folder, name, identity)`."""
        self._parts[name] = identity

    def forget(self, names: Iterable[str]) -> None:
        """Remove what was begun for parts of these names and is not what was sealed."""
        known = known_parts(self.folder / self._seal, self._kind)
        kept = {staged(self.folder, name, sha256) for name, sha256 in known.items()}
        for name in names:
            _remove_hidden(self.folder, _NEW, name, kept)

    @property
    def parts(self) -> list[dict[str, str]]:
        """The parts, as a seal names them."""
        return [{"file": name, "sha256": sha256} for name, sha256 in sorted(self._parts.items())]

    def commit(self, content: Mapping[str, Any], keep: bool = False) -> dict[str, Any]:
        """Seal the set: from here on the folder holds it, and no longer the one before.

        With `keep`, parts of the one before that this one lacks stay beside it.
        """
        path = self.folder / self._seal
        sealed = seal_content(path, self._kind, content)
        gone = sorted(known_parts(path, self._kind).keys() - parts_of(sealed).keys())
        flush_folder(self.folder)
        if gone and not keep:
            # A process that is killed before it removes them tells the next one.
            write_json(_gone_file(path), {"of": sealed["hash"], "names": gone})
        write_json(path, sealed)
        tidy(self.folder, self._seal, self._kind, resumable=True)
        return sealed


@contextlib.contextmanager
def replacing(
    folder: Path,
    seal: str,
    kind: Kind,
    replace: bool,
    among: Sequence[str] | None = None,
    resumable: bool = False,
) -> Iterator[Replacement]:
    """Write a set of `kind` into a folder; without `commit`, nothing has changed.

        with replacing(Path("out/graphs"), "index.json", KIND, replace=True) as new:
            sha256 = new.add("shard-00000.safetensors", lambda path: write_rows(path, rows))
            new.commit({"shards": [{"file": "shard-00000.safetensors", "sha256": sha256}]})

    The folder is the set's own, or has other files beside the parts, whose names are then `among`.
    What a stopped process had begun is removed, unless it is `resumable`. Raises `GraphError` where
    the folder holds anything else, where it holds such a set and `replace` is false, and while
    another process writes there.
    """
    claim(folder, seal, kind, replace, among)
    with making(folder), exclusive(folder):
        claim(folder, seal, kind, replace, among)  # somebody may have come before
        tidy(folder, seal, kind, resumable)
        try:
            yield Replacement(folder, seal, kind)
        finally:
            remove_leftovers(folder)
            tidy(folder, seal, kind, resumable)


def tidy(folder: Path, seal: str, kind: Kind, resumable: bool) -> None:
    """Finish a change that was sealed, and remove what was begun for one that was not."""
    known = known_parts(folder / seal, kind)
    settle(folder, known)
    for name in _gone(folder / seal, kind):
        if name not in known:
            remove(folder / name)
    _gone_file(folder / seal).unlink(missing_ok=True)
    if not resumable:
        _remove_hidden(folder, _NEW, kept={staged(folder, n, sha) for n, sha in known.items()})


def part_path(folder: Path, name: str, sha256: str) -> Path:
    """Find a part of a sealed folder; `GraphError` for a name or a link that leads out of it."""
    path = staged(folder, name, sha256)
    if not path.exists():
        path = folder / name
    if not within(folder, path):
        raise GraphError(
            f"{path}: leads out of {folder}, and a shared folder is read only inside itself; put "
            "the file in its place (with DVC, use `cache.type` reflink, hardlink or copy)"
        )
    return path


def read_part(folder: Path, sealed: Mapping[str, Any], name: str) -> Path:
    """Find a part, and compare it with its hash; `GraphError` names the file that differs."""
    sha256 = parts_of(sealed).get(name)
    if sha256 is None:
        raise GraphError(
            f"{folder}: has no part {name!r}; its parts: {', '.join(parts_of(sealed))}"
        )
    path = part_path(folder, name, sha256)
    if not path.is_file():
        raise GraphError(
            f"{path}: no such file, though {folder} is said to have it; fetch it again"
        )
    if (found := file_hash(path)) != sha256:
        raise GraphError(
            f"{path}: changed or damaged: found the SHA-256 {found}, expected {sha256}; write or "
            "fetch the file again"
        )
    return path


def staged(folder: Path, name: str, sha256: str) -> Path:
    """Give the hidden path of a part before it gets its plain name."""
    plain = Path(name)
    if not name or name != plain.name or name.startswith(".") or "\\" in name or "\0" in name:
        raise GraphError(
            f"{folder}: got the part {name[:80]!r}, expected the plain name of a file in the folder"
        )
    return folder / f".{plain.stem}{_NEW}{sha256[:_DIGITS]}{plain.suffix}"


def parts_of(sealed: Mapping[str, Any]) -> dict[str, str]:
    """List the parts that a seal names, by their hash: its `parts`, or its `shards`."""
    entries = sealed.get("parts") or sealed.get("shards") or []
    return {entry["file"]: entry["sha256"] for entry in entries}


def known_parts(seal: Path, kind: Kind) -> dict[str, str]:
    """List the parts that an intact seal names; of a damaged one nothing is known."""
    try:
        return parts_of(read_document(seal, kind))
    except GraphError:
        return {}


def settle(folder: Path, parts: Mapping[str, str]) -> None:
    """Give the parts of a set their plain names, in the place of those of the set before it."""
    for name, sha256 in parts.items():
        new, place = staged(folder, name, sha256), folder / name
        if not new.exists():
            continue
        if place.is_dir():
            place.rename(folder / f".{name}{_OLD}{secrets.token_hex(_DIGITS // 2)}")
        new.replace(place)
    _remove_hidden(folder, _OLD)
    flush_folder(folder)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _gone_file(seal: Path) -> Path:
    return seal.with_name(f".{seal.name}.gone")


def _gone(seal: Path, kind: Kind) -> list[str]:
    """List the parts of the set before the one that is sealed now, if they were not removed yet."""
    try:
        found = peek(_gone_file(seal))
        if not isinstance(found, dict) or found["of"] != peek(seal, kind.most_bytes)["hash"]:
            return []
        names = [str(name) for name in found["names"]]
        for name in names:
            staged(seal.parent, name, "")  # raises for a name that leads elsewhere
        return names
    except (GraphError, KeyError, TypeError):
        return []


def _remove_hidden(
    folder: Path, mark: str, name: str | None = None, kept: Collection[Path] = ()
) -> None:
    """Remove what is hidden by a mark, of one part or of all."""
    stem = "*" if name is None else glob.escape(Path(name).stem)
    for path in folder.glob(f".{stem}{mark}{'[0-9a-f]' * _DIGITS}*"):
        if path not in kept:
            with contextlib.suppress(FileNotFoundError):
                remove(path)
