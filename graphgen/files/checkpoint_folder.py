"""Which file of a folder is its checkpoint."""

from __future__ import annotations

import re
from pathlib import Path

from graphgen.errors import GraphError

INDEX_SUFFIX = ".index.json"
TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt")
_SHARD = re.compile(r"-[0-9]{1,9}-of-[0-9]{1,9}$")
_KINDS = (("model", (".safetensors",)), ("pytorch_model", TORCH_SUFFIXES), ("model", (".npz",)))


def file_in(folder: Path) -> Path:
    """Give the file of weights that a folder holds, or the index of its shards.

        file_in(Path("gpt2"))                   # gpt2/model.safetensors

    Safetensors come before files of torch, and those before `.npz`; of several, the one that is
    called as `save_pretrained` does. Raises `GraphError` where there is none, or no such one.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise GraphError(f"{folder}: cannot be read ({error.strerror}); check the folder") from None
    for usual, suffixes in _KINDS:
        whole = [p for p in files if p.suffix in suffixes and not _SHARD.search(p.stem)]
        endings = tuple(f"{suffix}{INDEX_SUFFIX}" for suffix in suffixes)
        indices = [path for path in files if path.name.endswith(endings)]
        found = [*whole, *indices]
        named = [p for p in found if p.name.split(".")[0] == usual]
        if len(named) == 1 or len(found) == 1:
            return (named if len(named) == 1 else found)[0]
        if found:
            raise GraphError(
                f"{folder}: holds several files of weights; name the one that is meant: "
                + ", ".join(path.name for path in found[:8])
            )
        shards = [p.name for p in files if p.suffix in suffixes]
        if shards:
            raise GraphError(
                f"{folder}: holds shards ({', '.join(shards[:3])}), but no index that says which "
                f"tensor is where; fetch it too: *{suffixes[0]}{INDEX_SUFFIX}"
            )
    raise GraphError(
        f"{folder}: is a folder without weights; expected a .safetensors, .npz, .pt, .pth or .bin "
        f"file in it, or the index of shards, *{INDEX_SUFFIX}"
    )
