"""What a file is, by its first bytes, when it is not the text that was expected."""

from __future__ import annotations

FIRST_BYTES = 512
"""As many bytes tell the kinds apart."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x93NUMPY", "one array of numpy (.npy)"),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a checkpoint of PyTorch"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"GGUF", "a GGUF file"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
CHECKPOINT, NPZ, SAFETENSORS = "a checkpoint of PyTorch", "an .npz archive", "a safetensors file"
ZIP, PICKLE, ONNX = "a zip archive", "a pickle", "an ONNX model"
UNKNOWN = "a binary file of an unknown kind"


def binary_kind(start: bytes, size: int) -> str | None:
    """Name a file that is no text, by its first 512 bytes and its size; None for what may be text.

    binary_kind(b"GGUF", 4)                     # "a GGUF file"
    """
    for magic, kind in _STARTS:
        if start.startswith(magic):
            return kind
    if start.startswith(b"PK\x03\x04"):
        return _zip_kind(start)
    # Before pickles, as which a header of 640 bytes begins.
    header = int.from_bytes(start[:8], "little")
    if len(start) > 8 and start[8:9] == b"{" and 2 <= header <= size - 8:
        return SAFETENSORS
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return PICKLE
    if start[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    if start[257:262] == b"ustar":
        return "a tar archive"
    # The fields of a ModelProto: its version, then a text or the graph.
    if start[:1] == b"\x08" and len(start) > 2 and 0 < start[1] < 32 and start[2] in b"\x12\x1a:":
        return ONNX
    return UNKNOWN if b"\x00" in start and not _may_be_utf16(start) else None


def _may_be_utf16(start: bytes) -> bool:
    """Say whether zeros are what text in UTF-16 has between its letters."""
    halves = start[::2], start[1::2]
    return any(
        zeros.count(0) * 2 > len(zeros) and letters.count(0) == 0
        for zeros, letters in (halves, halves[::-1])
    )


def _zip_kind(start: bytes) -> str:
    """Tell archives apart by the name of their first member."""
    name = start[30 : 30 + int.from_bytes(start[26:28], "little")]
    if name.endswith(b".npy"):
        return NPZ
    if name.endswith((b"/data.pkl", b"/version", b"/.format_version", b"/byteorder")):
        return CHECKPOINT
    return ZIP
