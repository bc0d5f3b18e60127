"""Compiling GPT-2 small, 124 M parameters: under a second and under 100 MB after import."""

from __future__ import annotations

import tempfile
from pathlib import Path

import fresh_compile
from checkpoints import write_random
from result import save

import spec

YAML = Path(spec.__file__).parent / "nets" / "gpt2.yaml"
SIZE: dict[str, object] = {
    "vocabulary": 50257,
    "length": 1024,
    "width": 768,
    "heads": 12,
    "depth": 12,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "gpt2.safetensors"
        write_random(weights, spec.load(YAML, **SIZE))
        save("compile_gpt2", fresh_compile.measure(YAML, SIZE, weights, 1.0, 100.0))


if __name__ == "__main__":
    main()
