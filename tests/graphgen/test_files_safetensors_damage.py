from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen.errors import GraphError
from graphgen.files import open_safetensors
from graphgen.files.safetensors_format import DTYPES, Array


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


def small_file() -> tuple[bytes, int]:
    """Return a small file and the number of bytes before its data."""
    arrays: dict[str, Array] = {
        "a": np.arange(4, dtype=np.float32).reshape(2, 2),
        "b": np.zeros(3, np.int8),
    }
    data = safetensors.numpy.save(arrays, {"k": "v"})
    return data, 8 + int.from_bytes(data[:8], "little")


def reference_reads(data: bytes) -> dict[str, tuple[str, list[int], bytes]] | None:
    try:
        found = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError:
        return None
    return {n: (t["dtype"], list(t["shape"]), bytes(t["data"])) for n, t in found}


def we_read(path: Path, data: bytes) -> dict[str, tuple[str, list[int], bytes]] | None:
    path.write_bytes(data)
    try:
        file = open_safetensors(path)
    except GraphError:
        return None
    names = {dtype: name for name, dtype in DTYPES.items()}
    return {n: (names[a.dtype], list(a.shape), a.tobytes()) for n, a in file.items()}


def test_every_truncation_and_any_addition_is_refused(folder: Path) -> None:
    data, _ = small_file()
    path = folder / "cut.safetensors"
    assert we_read(path, data) is not None
    assert all(we_read(path, data[:cut]) is None for cut in range(len(data)))
    assert we_read(path, data + b"\0") is None


def test_flipped_header_bits_are_refused_or_read_as_the_library_does(folder: Path) -> None:
    data, start = small_file()
    path = folder / "flipped.safetensors"
    refused = 0
    for position in range(start):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            ours = we_read(path, bytes(flipped))
            refused += ours is None
            assert ours is None or ours == reference_reads(bytes(flipped)), bytes(flipped[:start])
    assert refused > 0.8 * 8 * start


TOKENS = ["0", "1", "8", "16", "-0", "-1", "1.0", "1e1", "true", "null", '"F32"', '"F9"', '"a"']
TOKENS += ["[", "]", "{", "}", ",", ":", '"', " ", "\n", "\0", "NaN", "18446744073709551616", ""]
EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 6), st.sampled_from(TOKENS)),
    min_size=1,
    max_size=3,
)


@given(edits=EDITS)
@settings(max_examples=300, deadline=None)
def test_edited_headers_are_refused_or_read_as_the_library_does(
    folder: Path, edits: list[tuple[int, int, str]]
) -> None:
    data, start = small_file()
    text = data[8:start]
    for position, length, token in edits:
        text = text[:position] + token.encode() + text[position + length :]
    edited = len(text).to_bytes(8, "little") + text + data[start:]
    ours = we_read(folder / "edited.safetensors", edited)
    assert ours is None or ours == reference_reads(edited)


ENTRY = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
BAD_HEADERS: dict[str, tuple[str | bytes, str]] = {
    "not json": ("{,}", "cannot be parsed"),
    "not an object": ("[1]", "a header that is a list"),
    "not utf-8": (b'{"\xff":1}', "cannot be parsed"),
    "duplicate name": (f'{{"a":{ENTRY},"a":{ENTRY}}}', "'a' occurs twice"),
    "surrogate": (f'{{"\\ud800":{ENTRY}}}', "surrogates not allowed"),
    "deep": ("[" * 100_000, "cannot be parsed"),
    "metadata": (f'{{"__metadata__":{{"k":1}},"a":{ENTRY}}}', "found the metadata"),
    "entry": ('{"a":[1]}', "for the array 'a', expected an object"),
    "dtype": (f'{{"a":{ENTRY.replace("F32", "F4")}}}', "the dtype 'F4' for the array 'a'"),
    "negative": (f'{{"a":{ENTRY.replace("[2]", "[-2]")}}}', "out of range"),
    "bool size": (f'{{"a":{ENTRY.replace("[2]", "[2,true]")}}}', "the shape"),
    "float size": (f'{{"a":{ENTRY.replace("[2]", "[2.0]")}}}', "the shape"),
    "many axes": (f'{{"a":{ENTRY.replace("[2]", str([2] + [1] * 40))}}}', "up to 32"),
    "constant": (f'{{"a":{ENTRY[:-1]},"note":NaN}}}}', "NaN is no JSON"),
    "size": (f'{{"a":{ENTRY.replace("[2]", "[3]")}}}', "8 bytes .* expected 12 for F32"),
    "overflow": (f'{{"a":{ENTRY.replace("[2]", f"[0,{2**62},{2**62}]")}}}', "at most"),
    "offsets": (f'{{"a":{ENTRY.replace("[0,8]", "[0,8,8]")}}}', "the data_offsets"),
    "backwards": (f'{{"a":{ENTRY.replace("[0,8]", "[8,0]")}}}', "-8 bytes"),
    "gap": (f'{{"a":{ENTRY.replace("[0,8]", "[4,12]")}}}', "at byte 4 of the data"),
    "overlap": (f'{{"a":{ENTRY},"b":{ENTRY}}}', "'b' at byte 0 of the data, expected byte 8"),
    "beyond": (f'{{"a":{ENTRY},"b":{ENTRY.replace("[0,8]", "[8,16]")}}}', "expected 16, which"),
    "unused": ("{}", "8 bytes of data, expected 0"),
}


@pytest.mark.parametrize(("header", "message"), BAD_HEADERS.values(), ids=list(BAD_HEADERS))
def test_each_bad_header_has_its_message(tmp_path: Path, header: str | bytes, message: str) -> None:
    text = header if isinstance(header, bytes) else header.encode()
    path = tmp_path / "bad.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 8)
    with pytest.raises(GraphError, match=message) as caught:
        open_safetensors(path)
    assert str(path) in str(caught.value)
    good = f'{{"a":{ENTRY}}}'.encode()
    path.write_bytes(len(good).to_bytes(8, "little") + good + b"\0" * 8)
    assert open_safetensors(path).shapes == {"a": (2,)}


def test_control_a_reader_without_checks_accepts_what_the_library_refuses() -> None:
    accepted = []
    for name, (header, _) in BAD_HEADERS.items():
        text = header if isinstance(header, bytes) else header.encode()
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            continue
        if reference_reads(len(text).to_bytes(8, "little") + text + b"\0" * 8) is None:
            accepted.append(name)
    assert len(accepted) > 8
