"""Reads ONNX models: files with their data, or `ModelProto` objects, of all versions."""

from graphgen.importers.onnx.model import from_onnx

__all__ = ["from_onnx"]
