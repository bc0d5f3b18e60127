"""Compiling a network of Llama 7B's shape from a sparse file: under 10 s and under 1 GB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import fresh_compile
from checkpoints import on_disk, write_sparse
from result import Measure, save

import spec

YAML = Path(spec.__file__).parent / "nets" / "llama.yaml"
SIZE: dict[str, object] = {
    "vocabulary": 32000,
    "length": 2048,
    "width": 4096,
    "heads": 32,
    "kv_heads": 32,
    "hidden": 11008,
    "depth": 32,
    "base": 10000,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "llama.safetensors"
        write_sparse(weights, spec.load(YAML, **SIZE))
        measures = fresh_compile.measure(YAML, SIZE, weights, 10.0, 1000.0)
        measures["file on the disk"] = Measure(on_disk(weights) / 1e6, "MB")
        save("compile_llama", measures)


if __name__ == "__main__":
    main()
