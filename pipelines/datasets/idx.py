"""The IDX format of the MNIST files: a big-endian header, then unsigned bytes."""

from __future__ import annotations

import gzip
import zlib

import numpy as np
import numpy.typing as npt

from pipelines.errors import PipelineError

_UNSIGNED_BYTE = 8


def parse(compressed: bytes, file: str, dimensions: int) -> npt.NDArray[np.uint8]:
    """Read a gzipped IDX file of unsigned bytes as a read-only array of `dimensions` axes.

    Raises:
        PipelineError: the content is not gzipped, or its header or length is not as expected;
            the message names `file`.
    """
    try:
        content = gzip.decompress(compressed)
    except (OSError, EOFError, zlib.error) as error:
        raise PipelineError(f"{file}: expected gzip-compressed data: {error}") from error
    expected = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if content[:4] != expected:
        raise PipelineError(
            f"{file}: expected the IDX magic number {expected.hex()} "
            f"({dimensions} axes of unsigned bytes), got {content[:4].hex()}"
        )
    header = 4 + 4 * dimensions
    shape = np.frombuffer(content[:header].ljust(header, b"\0"), ">u4", offset=4)
    size = int(np.prod(shape, dtype=np.int64))
    if len(content) != header + size:
        raise PipelineError(
            f"{file}: the header gives the shape {tuple(map(int, shape))}, hence {header + size} "
            f"bytes in all, but the file holds {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
