"""Mutations of files of weights: bytes, headers, and archives that say more than they hold."""

from __future__ import annotations

import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from graphgen.files.safetensors_format import DTYPES

NUMBERS = (
    -1, 0, 1, 2, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64,
    10**30, 10**5000, 1.5, 1e308, True, None, "3", [2], {},
)  # fmt: skip
WORDS = ("", "F32", "F64", "I64", "BF16", "F8_E5M2", "F4", "BOOL", "\ud800", "a" * 500, "../w",
         "__metadata__", "0.weight", "0.bias", "\0", "0.weight.npy")  # fmt: skip
ORDERS = ("<f4", ">f8", "|O", "<U3", "|V7", "<M8[s]", "f4,f4", "<c16", "|b1", "", "(2,3)f4",
          "nonsense", "|O8")  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Change a file of weights in one to three ways.

    mutated(Path("net.npz").read_bytes(), random.Random(0))
    """
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        mutate = rng.choice((*BYTES, *(NPZ if data[:2] == b"PK" else SAFETENSORS)))
        try:
            data = mutate(data, rng)
        except Exception:  # an earlier mutation broke what this one reads
            data = flipped(data, rng)
    return data


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Flip bits, most of them near the beginning or the end."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if changed:
            near = min(len(changed), rng.choice((16, 200, len(changed))))
            place = rng.randrange(near)
            place = rng.choice((place, len(changed) - 1 - place))
            changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """Take bytes away, from an end or from within."""
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice((data[:a], data[b:], data[:a] + data[b:]))


def grown(data: bytes, rng: random.Random) -> bytes:
    """Put bytes in."""
    place = rng.choice((0, 8, len(data), rng.randrange(len(data) + 1)))
    more = rng.choice((bytes(rng.randrange(1, 99)), data[:100], b"{" * 50, b"\xff" * 8, data))
    return data[:place] + more + data[place:]


def numbered(data: bytes, rng: random.Random) -> bytes:
    """Write a number over some bytes, as a length or an offset may stand there."""
    number = struct.pack("<Q", rng.choice((0, 1, 2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1)))
    width = rng.choice((2, 4, 8))
    place = rng.choice((0, rng.randrange(len(data) + 1)))
    return data[:place] + number[:width] + data[place + width :]


def other_kind(data: bytes, rng: random.Random) -> bytes:
    """Begin a file as one of another kind begins."""
    starts = (b"PK\x03\x04", b"PK\x05\x06", b"\x80\x04", b"\x93NUMPY", b"\x1f\x8b", b"\x08\x08\x12",
              b"inputs: {x: [2]}", b"{", b"", b"\x00" * 8)  # fmt: skip
    return rng.choice(starts) + data[rng.choice((0, 4, 8)) :]


def header_value(data: bytes, rng: random.Random) -> bytes:
    """Change one value of a safetensors header."""
    header, rest = opened(data)
    name = rng.choice([key for key in header if key != "__metadata__"])
    entry = header[name]
    field = rng.choice(("shape", "shape", "data_offsets", "data_offsets", "dtype", name))
    if field == "dtype":
        entry[field] = rng.choice((*WORDS, *DTYPES, *NUMBERS))
    elif field == name:
        header[name] = rng.choice((*NUMBERS, *WORDS))
    elif rng.random() < 0.3:
        entry[field] = rng.choice((*NUMBERS, [], [0] * 40, [2**31] * 3, entry["shape"] * 2))
    else:
        values = entry[field]
        values[rng.randrange(len(values))] = rng.choice(NUMBERS)
    return closed(header, rest)


def header_name(data: bytes, rng: random.Random) -> bytes:
    """Rename, add or drop what a safetensors header lists."""
    header, rest = opened(data)
    name = rng.choice(list(header))
    entry = header.pop(name) if rng.random() < 0.5 else header[name]
    if rng.random() < 0.7:
        header[rng.choice(WORDS)] = rng.choice((entry, rng.choice(NUMBERS), {"more": entry}))
    return closed(header, rest)


def header_text(data: bytes, rng: random.Random) -> bytes:
    """Break the JSON of a safetensors header: nesting, doubled names, numbers that are none."""
    header, rest = opened(data)
    text = json.dumps(header)
    deep = rng.choice((10, 500, 100_000))
    text = rng.choice((
        "[" * deep + "]" * deep,
        '{"a":' * deep + "1" + "}" * deep,
        text[:-1] + ", " + text[1:],
        text.replace("[", "[NaN, ", 1),
        text.replace('"shape"', '"shape": [2], "shape"', 1),
        text + text,
        text.replace("{", "{ " + " " * 1000, 1),
        json.dumps([header]),
        '"' + text.replace('"', "'") + '"',
    ))  # fmt: skip
    return len(text.encode()).to_bytes(8, "little") + text.encode() + rest


def opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def closed(header: dict[str, Any], rest: bytes) -> bytes:
    text = written(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + rest


def written(value: Any) -> str:
    """Write JSON; Python's own does not write integers of many digits."""
    if isinstance(value, dict):
        rows = (f"{json.dumps(key)}: {written(item)}" for key, item in value.items())
        return "{" + ", ".join(rows) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return "1" + "0" * 5000 if value == 10**5000 else json.dumps(value)


def array_header(data: bytes, rng: random.Random) -> bytes:
    """Write another header before one array of an archive."""
    members = unpacked(data)
    name = rng.choice(list(members))
    order, shape = rng.choice(ORDERS), [rng.choice(NUMBERS[:18]) for _ in range(rng.randrange(4))]
    words = f"({', '.join('1' + '0' * 400 if n == 10**5000 else repr(n) for n in shape)},)"
    text = rng.choice((
        f"{{'descr': {order!r}, 'fortran_order': {rng.choice((False, True, 3))}, "
        f"'shape': {words}, }}",
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': {words}, }}",
        "(" * rng.choice((10, 150, 5000)),
        "{'descr': '<f4', 'shape': (2,)}",
        "__import__('os').getpid()",
        "[" + "1," * rng.choice((10, 30_000)) + "]",
        "'\\d'",
    )).encode()  # fmt: skip
    version = rng.choice(((1, 0), (2, 0), (3, 0), (4, 0), (0, 0)))
    width = 2 if version == (1, 0) else 4
    length = (len(text) + 1) % 256**width
    body = members[name][128:]
    start = b"\x93NUMPY" + bytes(version) + length.to_bytes(width, "little")
    return packed({**members, name: start + text + b"\n" + body}, rng)


def object_array(data: bytes, rng: random.Random) -> bytes:
    """Put an array of Python objects, of texts or of raw bytes among the others."""
    members = unpacked(data)
    stream = io.BytesIO()
    array: Any = rng.choice((
        np.array([{"a": 1}, None], dtype=object), np.array(["text"]), np.zeros(2, "M8[s]"),
        np.zeros(2, ml_dtypes.bfloat16), np.zeros(2, [("a", "f4"), ("b", "i2")]), np.zeros((0, 3)),
    ))  # fmt: skip
    np.save(stream, array, allow_pickle=True)
    return packed({**members, rng.choice((*members, "more.npy")): stream.getvalue()}, rng)


def member_name(data: bytes, rng: random.Random) -> bytes:
    """Rename a member, or add one that is no array."""
    members = unpacked(data)
    name = rng.choice(list(members))
    other = rng.choice((*WORDS, "../../w.npy", "/w.npy", "folder/", ".npy", "a\\b.npy"))
    members[other.replace("\ud800", "?")] = members.pop(name) if rng.random() < 0.5 else b"text"
    return packed(members, rng)


def twice(data: bytes, rng: random.Random) -> bytes:
    """Put a member in twice."""
    members = unpacked(data)
    name = rng.choice(list(members))
    stream = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, members[name])
    return stream.getvalue()


def bomb(data: bytes, mebibytes: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Add an array of zeros that is packed to a thousandth or less."""
    size = mebibytes << 20
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size},), }}".encode()
    start = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("bomb.npy")
        info.compress_type = method
        with archive.open(info, "w", force_zip64=True) as member:
            member.write(start)
            for _ in range(mebibytes):
                member.write(bytes(1 << 20))
    return stream.getvalue()


def directory_number(data: bytes, rng: random.Random) -> bytes:
    """Change a size, an offset, a flag or a method in a zip's directory or before a member."""
    mark = rng.choice((b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"))
    places = [i for i in range(len(data)) if data.startswith(mark, i)]
    place = rng.choice(places) + rng.randrange(4, 46)
    number = rng.choice((0, 1, 8, 9, 12, 14, 99, 0x7FFF, 0xFFFF, 2**31, 2**32 - 1))
    width = rng.choice((2, 4))
    return data[:place] + struct.pack("<Q", number)[:width] + data[place + width :]


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes], rng: random.Random) -> bytes:
    stream = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name or "w", member)
    return stream.getvalue()


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped, cut, grown, numbered, other_kind,
)  # fmt: skip
SAFETENSORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    header_value, header_value, header_value, header_name, header_text,
)  # fmt: skip
NPZ: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    array_header, array_header, object_array, member_name, twice, directory_number,
    directory_number,
)  # fmt: skip
