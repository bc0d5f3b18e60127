"""PyTorch's checkpoints (.pt, .pth, .bin, .ckpt), read by torch without running what is in them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphgen.errors import GraphError, described
from graphgen.files.safetensors_format import DTYPES, Array
from spec.file_kind import CHECKPOINT

_CHUNK_BYTES = 1 << 24
_MOST_NESTED = 4
_EXTENSIONS = {dtype.name: dtype for dtype in DTYPES.values() if dtype.isbuiltin != 1}
_SHOWN = 8
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def read_torch(path: str | os.PathLike[str], section: str | None = None) -> dict[str, Array]:
    """Read the tensors of a checkpoint as arrays: a `state_dict`, or the only one inside of a dict.

    `section` names the `state_dict` that is meant where there are several, such as `model_ema`.
    Files that torch 1.6 or a later one wrote are memory-mapped. Raises `GraphError` where torch is
    not installed, and for a file that is damaged or holds anything that `weights_only` refuses.

    ```python
    read_torch("model.pt")["head.weight"].shape
    ```
    """
    torch = torch_for(path)
    tensors = _state_dict(path, load_checkpoint(path, torch), torch.Tensor, section)
    return {name: array_of_tensor(path, name, tensor, torch) for name, tensor in tensors.items()}


def is_zipped(path: str | os.PathLike[str]) -> bool:
    """Say whether torch 1.6 or a later one wrote a file, which is an archive then."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def load_checkpoint(path: str | os.PathLike[str], torch: Any) -> Any:
    """Load what `torch.save` wrote with `weights_only=True`; `GraphError` for anything else."""
    zipped = is_zipped(path)
    if zipped:
        _check_archive(path)
    # What torch takes for a file of another kind by its name is opened for it.
    mapped = zipped and not os.fspath(path).endswith(".safetensors")
    try:
        with open(path, "rb") as file:
            source = path if mapped else file
            return torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except RecursionError:
        raise GraphError(f"{path}: nested too deep; save model.state_dict() alone") from None
    # Torch raises a dozen kinds of errors on damaged bytes and on what it refuses.
    except Exception as error:
        reason = _COLOURS.sub("", str(error).strip().split("\n")[0])
        raise GraphError(
            f"{path}: the file is {CHECKPOINT}, which torch.load does not read with "
            f"weights_only=True ({type(error).__name__}: {reason:.300}); it has to be intact, with "
            "tensors alone: save model.state_dict(), not the model, or fetch the file again"
        ) from None


def torch_for(path: str | os.PathLike[str]) -> Any:
    """Give torch, by which a file is to be read; `GraphError` where it is not installed."""
    try:
        import torch
    except ImportError:
        raise GraphError(
            f"{path}: a checkpoint of PyTorch is read by torch, which is not installed; install "
            "torch, or write a .safetensors file where it is"
        ) from None
    return torch


def _check_archive(path: str | os.PathLike[str]) -> None:
    """Compare each member with its checksum, which torch does not."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if len(set(names)) != len(names):
                raise GraphError(f"{path}: a member of the archive is there twice; write it again")
            wrong = [m.filename for m in members if not _intact(archive, m)]
    except GraphError:
        raise
    except Exception as error:
        raise GraphError(
            f"{path}: the file is {CHECKPOINT}, but not intact ({type(error).__name__}: {error}); "
            "fetch or write it again"
        ) from None
    # Where torch is told to compute no checksums, none of them is right.
    if wrong and len(wrong) < len(members):
        raise GraphError(
            f"{path}: {wrong[0]!r} in it does not match its checksum; the file is damaged, so "
            "fetch or write it again"
        )


def _intact(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
        raise ValueError(f"{member.filename!r} is compressed, as torch.save never writes")
    try:
        with archive.open(member) as file:
            while file.read(_CHUNK_BYTES):
                pass
    except zipfile.BadZipFile as error:
        if "CRC" not in str(error):
            raise
        return False
    return True


def _state_dict(
    path: str | os.PathLike[str], found: Any, tensor: type, section: str | None
) -> Mapping[str, Any]:
    """Find the one mapping of names to tensors."""
    dicts = dict(_state_dicts(found, tensor, ""))
    places = ", ".join(repr(place) for place in dicts) or "none"
    if section is not None and section not in dicts:
        raise GraphError(f"{path}: has no section {section!r}; its sections with tensors: {places}")
    if not dicts:
        raise GraphError(
            f"{path}: holds {described(found)}{_keys(found)}, expected tensors by name; save "
            "model.state_dict()"
        )
    if section is None and len(dicts) > 1:
        raise GraphError(
            f"{path}: holds tensors in several sections: {places}; name the one that is meant, as "
            "`checkpoint: {section: ...}` in the architecture's file, or pass that part of what "
            "torch.load gives"
        )
    chosen = dicts[next(iter(dicts)) if section is None else section]
    others = {name: value for name, value in chosen.items() if not isinstance(value, tensor)}
    if others:
        listed = ", ".join(f"{name!r} ({described(v)})" for name, v in [*others.items()][:_SHOWN])
        raise GraphError(
            f"{path}: beside tensors it holds {listed}; pass the tensors alone, as a dict"
        )
    return chosen


def _state_dicts(
    value: Any, tensor: type, place: str, depth: int = 0
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return
    if any(isinstance(item, tensor) for item in value.values()):
        yield place, value
    elif depth < _MOST_NESTED:
        for key, item in value.items():
            yield from _state_dicts(item, tensor, f"{place}.{key}" if place else key, depth + 1)


def _keys(found: Any) -> str:
    if not isinstance(found, Mapping) or not found:
        return ""
    return f" of {', '.join(repr(key) for key in [*found][:_SHOWN])}"


def array_of_tensor(path: str | os.PathLike[str], name: str, tensor: Any, torch: Any) -> Array:
    """Give a tensor of a checkpoint as a read-only array; `GraphError` where it is none."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    try:
        plain = tensor.detach().resolve_conj().resolve_neg()
        if dtype in _EXTENSIONS:
            bits = torch.int16 if plain.element_size() == 2 else torch.uint8
            array: Array = plain.view(bits).numpy().view(_EXTENSIONS[dtype])
        else:
            array = plain.numpy()
    # Sparse, quantised and nested tensors, and those without data.
    except Exception as error:
        raise GraphError(
            f"{path}: {name!r} is a tensor of {tensor.dtype} and layout {tensor.layout}, which is "
            f"no plain array ({type(error).__name__}); save it as a dense tensor"
        ) from None
    if array.dtype not in DTYPES.values() and array.dtype != np.complex128:
        raise GraphError(f"{path}: {name!r} has the dtype {dtype}, expected plain numbers")
    array.setflags(write=False)
    return array
