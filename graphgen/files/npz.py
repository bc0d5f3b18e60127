"""Numpy's `.npz` archives, without pickle and with every checksum checked."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping

import numpy as np

from graphgen.errors import GraphError
from graphgen.files.atomic import atomic_path
from graphgen.files.safetensors_format import Array

_SUFFIX = ".npy"
# The zip record at the end of the file, and the count that stands in it for 65535 and more.
_END_BYTES = 22
_COUNTED_ELSEWHERE = 0xFFFF
# What numpy writes. Others unpack to more, and take more memory to do so.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# An archive may unpack to so many bytes, or to so many times its own.
_ALWAYS_BYTES, _TIMES = 1 << 28, 100

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read all arrays of a `.npz` file, as `numpy.savez` writes it.

    Raises `GraphError` for a damaged archive and for arrays of Python objects.
    """
    arrays: dict[str, Array] = {}
    place = ""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_count(path, archive)
            _check_size(path, archive)
            for member in archive.infolist():
                place = f", array {member.filename.removesuffix(_SUFFIX)!r}"
                if not member.filename.endswith(_SUFFIX):
                    raise GraphError(
                        f"{path}: found the member {member.filename!r}, expected only "
                        f"'*{_SUFFIX}'; the archive was not written by numpy.savez"
                    )
                name = member.filename.removesuffix(_SUFFIX)
                if name in arrays:
                    raise GraphError(
                        f"{path}: found the array {name!r} twice; write the file again"
                    )
                arrays[name] = _read_member(archive, member)
    except GraphError:
        raise
    # The zip, zlib and npy parsers raise a dozen kinds of errors on damaged bytes.
    except Exception as error:
        raise GraphError(
            f"{path}{place}: cannot be read as .npz ({type(error).__name__}: {error}); expected an "
            "archive written by numpy.savez, without Python objects; write or fetch it again"
        ) from error
    return arrays


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write `arrays` to a `.npz` file atomically; equal arrays give equal bytes."""
    for name, array in arrays.items():
        # Numpy would store the extension types, bfloat16 and the like, as unnamed raw bytes.
        if array.dtype.kind not in "biufc" or array.dtype.isbuiltin == 2:
            raise GraphError(
                f"{path}: the array {name!r} has the dtype {array.dtype}, which .npz cannot "
                "hold; write a .safetensors file, or convert the array with .astype"
            )
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", allowZip64=True) as archive,
    ):
        # Not numpy.savez, whose keyword arguments cannot name an array "file".
        for name in sorted(arrays):
            with archive.open(name + _SUFFIX, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, arrays[name], allow_pickle=False)


def _check_count(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> None:
    # One wrong bit in the directory can hide members, and zipfile does not count them.
    found = len(archive.infolist())
    with open(path, "rb") as file:
        file.seek(-_END_BYTES - len(archive.comment), os.SEEK_END)
        expected = int.from_bytes(file.read(_END_BYTES)[10:12], "little")
    if expected not in (found, _COUNTED_ELSEWHERE):
        raise ValueError(f"the directory lists {found} members instead of {expected}")


def _check_size(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> None:
    unpacked, packed = sum(m.file_size for m in archive.infolist()), os.path.getsize(path)
    if unpacked > max(_ALWAYS_BYTES, _TIMES * packed):
        raise ValueError(
            f"its {packed} bytes unpack to {unpacked}, more than {_TIMES} times as many; if that "
            "is meant, write it with numpy.savez, uncompressed"
        )


def _check_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Compare an array's shape with its bytes before memory is taken for it."""
    if member.compress_type not in _COMPRESSIONS:
        raise ValueError(f"unknown compression {member.compress_type}")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ValueError(f"unknown version {version} of the format")
        shape, _, dtype = HEADERS[version](file)
        if dtype.hasobject:
            raise ValueError("Object arrays hold pickles, which are not read")
        expected = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or member.file_size - file.tell() != expected:
            raise ValueError(
                f"found {member.file_size - file.tell()} bytes after the header, "
                f"expected {expected} for {dtype} of shape {list(shape)}"
            )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    _check_header(archive, member)
    with archive.open(member) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
        # The checksum is compared when the end is reached.
        if file.read(1):
            raise ValueError("there are bytes after the array")
    return array
