"""Matrices as tiny pictures: at most 64 by 64 bins, in sixteen colours that suit any background."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.values.bins import binned, bins_of_block
from graphgen.drawing.values.tiles import displayed
from graphgen.template import EdgeBlock

SIDES = ((32, 64), (64, 48))
"""How many matrices are drawn with how many bins along a side, at most; more with 32."""
EXACT = 4096
NEGATIVE, POSITIVE, SIZE, MISSING = (43, 119, 192), (209, 73, 63), (134, 104, 205), (234, 193, 0)
LEVELS = 7
FAINTEST = 0.1


def side_for(matrices: int) -> int:
    """Choose the bins along a side, so that a picture of many matrices stays small."""
    return next((side for most, side in SIDES if matrices <= most), 32)


def picture(block: EdgeBlock, array: NDArray[Any], side: int, strip: bool) -> str:
    """Draw a block's values as a data URI: one by one where they are few, else by their size."""
    if block.num_edges <= (side if strip else EXACT):
        values = displayed(block, array)
        return data_uri(signed(values), (NEGATIVE, POSITIVE))
    rows, columns = bins_of_block(block, side)
    return data_uri(sized(binned(block, array, rows, columns).rms), (SIZE, SIZE))


def signed(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the colours of signed values, whose depth ends at the 99.5 % quantile; 15 is NaN."""
    finite = np.abs(values[np.isfinite(values)])
    high = float(np.quantile(finite, 0.995)) if finite.size else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(values / high, -1, 1) if high > 0 else np.sign(values)
    return indexed(share)


def sized(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the colours of root mean squares: the least is faint, however near to the largest."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return indexed(values)
    low, high = float(finite.min()), float(np.quantile(finite, 0.995))
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.sign(values)
    return indexed(FAINTEST + (1 - FAINTEST) * share if high > 0 else share)


def indexed(share: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the place in the palette of shares from -1 to 1."""
    missing = np.isnan(share)
    index = np.rint(np.where(missing, 0, share) * LEVELS).astype(np.int8) + LEVELS
    index[missing] = 2 * LEVELS + 1
    return np.asarray(index, np.uint8)


def data_uri(
    index: NDArray[np.uint8], ends: tuple[tuple[int, int, int], tuple[int, int, int]]
) -> str:
    """Write an image of sixteen colours, which are the clearer the nearer they are to the middle.

    A reader whose background is dark sees small values dark, others see them light.
    """
    low, high = ends
    colours = bytes([*low * LEVELS, *high * (LEVELS + 1), *MISSING])
    depth = [round(255 * abs(k - LEVELS) / LEVELS) for k in range(2 * LEVELS + 1)]
    height, width = index.shape
    even = np.zeros((height, width + width % 2), np.uint8)
    even[:, :width] = index
    lines = np.zeros((height, 1 + even.shape[1] // 2), np.uint8)
    lines[:, 1:] = even[:, ::2] << 4 | even[:, 1::2]
    parts = (
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
        chunk(b"PLTE", colours),
        chunk(b"tRNS", bytes([*depth, 255])),
        chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        chunk(b"IEND", b""),
    )
    image = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return "data:image/png;base64," + base64.b64encode(image).decode()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Write a part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
