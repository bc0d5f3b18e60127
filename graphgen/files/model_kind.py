"""Which files are models of other frameworks, and what others hold."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from graphgen.errors import GraphError
from graphgen.files.folder import is_folder
from spec.file_kind import FIRST_BYTES, ONNX, PICKLE, UNKNOWN, binary_kind

ONNX_MODEL, PROGRAM, FOLDER = "onnx", "program", "folder"
CONFIG = "config.json"
MOST_MEMBERS = 1 << 16

_YAML = "an architecture in YAML or a model"
_TENSORS = (
    "it holds tensors, and not what is computed with them: write the architecture in YAML, or "
    "import the model as a whole: an .onnx file, a .pt2 file of torch.export.save, a folder of "
    "Hugging Face (config.json and weights), or a torch.nn.Module in Python by "
    "graphgen.importers.from_torch"
)
_SCRIPT = (
    "save torch.export.export(torch.jit.load(path), inputs) by torch.export.save as a .pt2 file, "
    "or export it to ONNX"
)
_CONVERT = "export the model to ONNX, which most frameworks can, and name that file"


def model_kind(path: str | os.PathLike[str]) -> str | None:
    """Say which kind of model of another framework stands at a path; None if there is none.

    `"onnx"` is an ONNX file, `"program"` an exported program of PyTorch (`.pt2`), `"folder"` what
    `save_pretrained` of Hugging Face writes (with its `config.json`).

        model_kind("net.yaml")              # None
    """
    place = Path(path)
    if is_folder(place):
        return FOLDER if (place / CONFIG).is_file() else None
    suffix = place.suffix.lower()
    if not place.is_file() or suffix in (".yaml", ".yml"):
        return None
    if suffix == ".onnx" or kind_of(place) == ONNX:
        return ONNX_MODEL
    if suffix == ".pt2" or "archive_format" in members(place):
        return PROGRAM
    return None


def check_architecture(path: str | os.PathLike[str]) -> None:
    """Raise `GraphError` for a file or folder that holds no architecture, with what to do."""
    place = Path(path)
    if is_folder(place):
        raise GraphError(
            f"{place}: is a folder without a {CONFIG}; expected the YAML file of an architecture, "
            "or a model: an .onnx or .pt2 file, or a folder of Hugging Face with its config.json"
        )
    if place.name == CONFIG:
        raise GraphError(
            f"{place}: is the configuration of a model, which is read with its weights; name the "
            f"folder, {place.parent}"
        )
    kind = kind_of(place)
    if kind is None:
        return
    if "constants.pkl" in members(place):
        raise GraphError(f"{place}: is a program of TorchScript, which is not imported; {_SCRIPT}")
    if kind == PICKLE:
        raise GraphError(
            f"{place}: is a pickle, expected {_YAML}; reading a pickle runs code, so none is read: "
            "save the model by torch.export.save or torch.onnx.export"
        )
    if place.suffix.lower() in (".safetensors", ".npz", ".pt", ".pth", ".bin", ".ckpt"):
        what = "an unknown binary file" if kind == UNKNOWN else kind
        raise GraphError(f"{place}: is {what}, expected {_YAML}; {_TENSORS}")
    if kind not in (UNKNOWN, "an empty zip archive"):
        raise GraphError(f"{place}: is {kind}, expected {_YAML}; {_CONVERT}")


def kind_of(path: Path) -> str | None:
    """Name a file that is no text by its first bytes; None for text and for what is unreadable."""
    try:
        with path.open("rb") as file:
            return binary_kind(file.read(FIRST_BYTES), path.stat().st_size)
    except OSError:
        return None


def members(path: Path) -> set[str]:
    """Give the names of the members at the top of a zip archive, without its own folder."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return set()
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_MEMBERS]
    # A damaged archive raises a dozen kinds of errors, and is none of these.
    except Exception:
        return set()
    return {name.split("/")[1] for name in names if name.count("/") == 1}
