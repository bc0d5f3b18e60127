"""A record file that a crash at any moment leaves readable up to its last whole record."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType

from graphgen.errors import GraphError
from graphgen.files.atomic import write_bytes
from graphgen.files.regular import open_regular

_FILE_MAGIC = b"GMNJRNL1"
_FRAME_MAGIC = b"FRAM"
_LENGTH_BYTES = 8
_DIGEST_BYTES = 32
_HEADER_BYTES = len(_FRAME_MAGIC) + _LENGTH_BYTES + _DIGEST_BYTES
_CHUNK_BYTES = 1 << 24


class Journal:
    """An append-only file of byte records; opening it creates it or replays what is intact.

    A frame is a magic number, the payload's length (8 bytes, little-endian), the SHA-256 of
    length and payload, and the payload. Opening drops the first broken frame and everything
    after it, and `dropped_bytes` says how much that was: 0 after a clean end. One process at a
    time may have a journal open. Raises `GraphError` if the file is no journal.

    ```python
    with Journal("shard-00000.journal") as journal:
        done = len(journal.records())
        journal.append(b"one more")
    ```
    """

    path: Path
    dropped_bytes: int

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not os.path.lexists(self.path):
            write_bytes(self.path, _FILE_MAGIC)
        try:
            # A link could lead to a file that is none of ours, which would be written to.
            self._descriptor: int | None = open_regular(self.path, os.O_RDWR)
        except OSError as error:
            raise GraphError(
                f"{path}: cannot be opened as a journal ({error.strerror}); expected a file "
                "that can be read and written, and no link"
            ) from error
        self._spans: list[tuple[int, int]] = []
        try:
            self.dropped_bytes = self._replay(self._descriptor)
        except BaseException:
            self.close()
            raise

    def append(self, payload: bytes | bytearray | memoryview) -> None:
        """Add a record, and return when it is on the disk.

        When that fails, for instance with the `OSError` of a full disk, the file is left
        without the record and further appends are possible.
        """
        descriptor = self._open()
        payload = memoryview(payload).cast("B")
        end = self._end()
        begin = end + _HEADER_BYTES
        length = len(payload).to_bytes(_LENGTH_BYTES, "little")
        digest = hashlib.sha256(length)
        digest.update(payload)
        try:
            _write(descriptor, _FRAME_MAGIC + length + digest.digest(), end)
            _write(descriptor, payload, begin)
            os.fsync(descriptor)
        except BaseException as error:
            os.ftruncate(descriptor, end)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(self.path)
            raise
        self._spans.append((begin, len(payload)))

    def records(self) -> list[bytes]:
        """Return the payloads of all intact records, oldest first."""
        descriptor = self._open()
        return [_read(descriptor, length, begin) for begin, length in self._spans]

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __len__(self) -> int:
        return len(self._spans)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_descriptor", None) is not None:
            self.close()

    def _open(self) -> int:
        if self._descriptor is None:
            raise GraphError(f"{self.path}: the journal is closed; open it with Journal(path)")
        return self._descriptor

    def _replay(self, descriptor: int) -> int:
        size = os.fstat(descriptor).st_size
        start = _read(descriptor, min(size, len(_FILE_MAGIC)), 0)
        if start != _FILE_MAGIC[: len(start)]:
            raise GraphError(
                f"{self.path}: not a journal: found the first bytes {start!r}, expected "
                f"{_FILE_MAGIC!r}; move the file away or choose another path"
            )
        if size < len(_FILE_MAGIC):
            _write(descriptor, _FILE_MAGIC, 0)
            os.fsync(descriptor)
            return size
        while (length := _intact_payload(descriptor, self._end(), size)) is not None:
            self._spans.append((self._end() + _HEADER_BYTES, length))
        dropped = size - self._end()
        if dropped:
            os.ftruncate(descriptor, self._end())
            os.fsync(descriptor)
        return dropped

    def _end(self) -> int:
        return sum(self._spans[-1]) if self._spans else len(_FILE_MAGIC)


def _intact_payload(descriptor: int, position: int, size: int) -> int | None:
    """Return the payload's length of the frame at `position`, or None if it is not whole."""
    if size - position < _HEADER_BYTES:
        return None
    header = _read(descriptor, _HEADER_BYTES, position)
    magic, rest = header[: len(_FRAME_MAGIC)], header[len(_FRAME_MAGIC) :]
    length_bytes, expected = rest[:_LENGTH_BYTES], rest[_LENGTH_BYTES:]
    length = int.from_bytes(length_bytes, "little")
    begin = position + _HEADER_BYTES
    if magic != _FRAME_MAGIC or length > size - begin:
        return None
    digest = hashlib.sha256(length_bytes)
    for offset in range(0, length, _CHUNK_BYTES):
        digest.update(_read(descriptor, min(_CHUNK_BYTES, length - offset), begin + offset))
    return length if digest.digest() == expected else None


def _read(descriptor: int, length: int, position: int) -> bytes:
    parts = []
    while length > 0:
        os.lseek(descriptor, position, os.SEEK_SET)
        part = os.read(descriptor, min(length, _CHUNK_BYTES))
        if not part:
            raise GraphError("the journal became shorter while it was read; open it only once")
        parts.append(part)
        length -= len(part)
        position += len(part)
    return b"".join(parts)


def _write(descriptor: int, data: bytes | memoryview, position: int) -> None:
    view = memoryview(data)
    while view:
        os.lseek(descriptor, position, os.SEEK_SET)
        written = os.write(descriptor, view)
        view = view[written:]
        position += written
