"""The safetensors header: a length, then JSON that says where each array's bytes lie."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import ml_dtypes
import numpy as np
import numpy.typing as npt

from graphgen.errors import GraphError

Array: TypeAlias = npt.NDArray[Any]

LENGTH_BYTES = 8
MAX_HEADER_BYTES = 100_000_000
_MAX_AXES = 32
_MAX_BYTES = 2**63 - 1
_ALIGNMENT = 8

# In the order in which the reference implementation lays arrays out: widest first.
DTYPES: dict[str, np.dtype[Any]] = {
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
    "F32": np.dtype("<f4"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F16": np.dtype("<f2"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_RANK = {name: rank for rank, name in enumerate(DTYPES)}


@dataclass(frozen=True)
class Entry:
    """One array of a file: its type, its shape, and its first and last byte after the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def dtype_name(dtype: np.dtype[Any]) -> str | None:
    """Return the format's name of `dtype` in either byte order, or None if it has none."""
    return _NAMES.get(dtype.newbyteorder("<") if dtype.byteorder == ">" else dtype)


def encode_header(
    arrays: Mapping[str, tuple[str, tuple[int, ...]]], metadata: Mapping[str, str]
) -> tuple[bytes, list[str]]:
    """Return the header's bytes, its length included, and the order in which the arrays follow.

    `arrays` gives each array's type (a key of `DTYPES`) and shape.
    """
    order = sorted(arrays, key=lambda name: (_RANK[arrays[name][0]], name))
    header: dict[str, object] = {}
    if metadata:
        header["__metadata__"] = {key: metadata[key] for key in sorted(metadata)}
    begin = 0
    for name in order:
        dtype, shape = arrays[name]
        end = begin + math.prod(shape) * DTYPES[dtype].itemsize
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    # Padded with spaces, so that the arrays start on a boundary of eight bytes.
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text, order


def header_length(start: bytes, file_bytes: int, file: str) -> int:
    """Return the header's length from the first bytes of a file of `file_bytes` bytes."""
    if file_bytes < LENGTH_BYTES:
        _refuse(file, f"found {file_bytes} bytes", f"at least {LENGTH_BYTES}")
    length = int.from_bytes(start[:LENGTH_BYTES], "little")
    limit = min(MAX_HEADER_BYTES, file_bytes - LENGTH_BYTES)
    if not 2 <= length <= limit:
        _refuse(
            file,
            f"found the header length {length} (first bytes {start[:LENGTH_BYTES]!r})",
            f"2 to {limit} in a file of {file_bytes} bytes",
        )
    return length


def decode_header(
    text: bytes, data_bytes: int, file: str
) -> tuple[dict[str, Entry], dict[str, str]]:
    """Check the header `text` of a file with `data_bytes` bytes after it; return what it lists."""
    try:
        header = json.loads(
            text.decode(),
            object_pairs_hook=_unique,
            parse_int=_natural,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        _refuse(file, f"found a header that cannot be parsed ({error})", "JSON in UTF-8")
    if not isinstance(header, dict):
        _refuse(file, f"found a header that is a {type(header).__name__}", "a JSON object")
    metadata = header.pop("__metadata__", None)
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        _refuse(file, f"found the metadata {metadata!r:.200}", "an object of strings")
    entries = {name: _entry(name, value, file) for name, value in header.items()}
    _check_layout(entries, data_bytes, file)
    return entries, metadata


def _entry(name: str, value: object, file: str) -> Entry:
    where = f"for the array {name!r}"
    if not isinstance(value, dict):
        _refuse(file, f"found {value!r:.80} {where}", "an object")
    dtype: Any = value.get("dtype")
    shape: Any = value.get("shape")
    offsets: Any = value.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        _refuse(file, f"found the dtype {dtype!r:.80} {where}", f"one of {', '.join(DTYPES)}")
    if not _all_naturals(shape) or len(shape) > _MAX_AXES:
        _refuse(file, f"found the shape {shape!r:.200} {where}", f"up to {_MAX_AXES} integers >= 0")
    if not _all_naturals(offsets) or len(offsets) != 2:
        _refuse(file, f"found the data_offsets {offsets!r:.200} {where}", "two integers >= 0")
    itemsize = DTYPES[dtype].itemsize
    if math.prod(size for size in shape if size) * itemsize > _MAX_BYTES:
        _refuse(file, f"found the shape {shape} {where}", f"at most {_MAX_BYTES} bytes")
    expected = math.prod(shape) * itemsize
    if offsets[1] - offsets[0] != expected:
        _refuse(
            file,
            f"found {offsets[1] - offsets[0]} bytes (data_offsets {offsets}) {where}",
            f"{expected} for {dtype} of shape {shape}",
        )
    return Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _check_layout(entries: Mapping[str, Entry], data_bytes: int, file: str) -> None:
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != position:
            _refuse(
                file,
                f"found the array {name!r} at byte {entry.begin} of the data",
                f"byte {position}, where the array before it ends",
            )
        position = entry.end
    if position != data_bytes:
        _refuse(
            file, f"found {data_bytes} bytes of data", f"{position}, which the header's arrays fill"
        )


def _all_naturals(value: Any) -> bool:
    # The parser gives no negative integers; bool is an int to Python.
    return isinstance(value, list) and all(type(item) is int for item in value)


def _natural(digits: str) -> int:
    if digits.startswith("-") or len(digits) > 19:
        raise ValueError(f"the number {digits:.30} is out of range")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the name {key!r} occurs twice")
        key.encode()
        found[key] = value
    return found


def _refuse(file: str, found: str, expected: str) -> NoReturn:
    raise GraphError(
        f"{file}: not an intact safetensors file: {found}, expected {expected}; the file is "
        "truncated, damaged or of another kind, so fetch or write it again"
    )
