"""Which format a file of weights has, and what to do about a file of another kind."""

from __future__ import annotations

from pathlib import Path

from graphgen.errors import GraphError
from spec.file_kind import (
    CHECKPOINT,
    FIRST_BYTES,
    NPZ,
    ONNX,
    PICKLE,
    SAFETENSORS,
    UNKNOWN,
    ZIP,
    binary_kind,
)

SAFETENSORS_SUFFIX, NPZ_SUFFIX, TORCH_SUFFIX, INDEX_SUFFIX = (
    ".safetensors",
    ".npz",
    ".pt",
    ".json",
)
_TORCH = "save model.state_dict() by torch.save, or write a .safetensors file"
_NUMPY = "it holds one array without a name; pass {name: numpy.load(path)} instead"
_NET = "an architecture is an argument of its own, before the weights"
_OTHERWISE = "convert it, or pass the arrays as a dict instead"
_BY_KIND = {
    PICKLE: f"reading a pickle runs code, so none is read; {_TORCH}",
    ONNX: "pass {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer} instead",
    "one array of numpy (.npy)": _NUMPY,
    "an HDF5 file": "open it with h5py.File(path) and pass {name: numpy.asarray(item)} instead",
}
_SUFFIXES = {SAFETENSORS: SAFETENSORS_SUFFIX, NPZ: NPZ_SUFFIX, CHECKPOINT: TORCH_SUFFIX}
_BY_SUFFIX = {
    ".npy": _NUMPY,
    ".yaml": _NET,
    ".yml": _NET,
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), _TORCH),
}


def weights_suffix(path: Path) -> str:
    """Say by a file's first bytes whether it is `.safetensors`, `.npz`, `.pt` or an index `.json`.

    A file that is damaged beyond recognition counts as what its own suffix says. Raises
    `GraphError` for a file of another kind, with what it is and what to do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(FIRST_BYTES)
    except OSError as error:
        raise GraphError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    own = path.suffix.lower()
    kind = binary_kind(start, size)
    if kind in _SUFFIXES:
        return _SUFFIXES[kind]
    if own in (SAFETENSORS_SUFFIX, NPZ_SUFFIX) and may_be_damaged(kind, start, own):
        return own
    what, advice = kind or UNKNOWN, _BY_KIND.get(kind or "", "")
    if not start:
        what, advice = "empty (0 bytes)", "fetch or write it again"
    elif kind is None and is_text(start):
        if start.lstrip()[:1] == b"{" and own not in (".yaml", ".yml"):
            return INDEX_SUFFIX
        what, advice = "text", _BY_SUFFIX.get(own, _NET)
    elif kind is not None and kind.endswith("archive"):
        advice = "unpack it and name a file of weights in it"
    if kind in (None, UNKNOWN):
        advice = advice or _BY_SUFFIX.get(own, "")
    advice = advice or _OTHERWISE
    raise GraphError(
        f"{path}: the file is {what}; weights are read from .safetensors, .npz and .pt files, and "
        f"the index.json of shards: {advice}"
    )


def may_be_damaged(kind: str | None, start: bytes, suffix: str) -> bool:
    """Say whether a file could have been one of this suffix, of which its reader says more."""
    if suffix == NPZ_SUFFIX and kind in (ZIP, "an empty zip archive"):
        return True
    return kind == UNKNOWN or (kind is None and bool(start) and not is_text(start))


def is_text(start: bytes) -> bool:
    """Say whether the first bytes of a file are text in UTF-8."""
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        if len(start) < FIRST_BYTES or error.start < FIRST_BYTES - 3:
            return False
        text = start[: error.start].decode()
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
