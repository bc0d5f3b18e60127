"""Reads folders of Hugging Face: `config.json` and safetensors, by the classes of transformers."""

from graphgen.importers.huggingface.folder import from_huggingface

__all__ = ["from_huggingface"]
