"""Settings: one section of a parameters file, checked against a schema."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from spec.errors import SpecError
from spec.schema_problems import schema_problems
from spec.yaml_reader import read_file


def read_section(path: str | Path, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Read a stage's settings from YAML: the file's section of that name, or the whole file.

    Raises `SpecError` with the place of everything that the schema does not admit.
    """
    document = read_file(path)
    data = document.data
    section = (name,) if isinstance(data, dict) and name in data else ()
    problems = schema_problems(document, Draft202012Validator(schema), section)
    if problems:
        raise SpecError(problems)
    result: dict[str, Any] = data[name] if section else data
    return result


def settings_hash(*parts: Any) -> str:
    """Identify plain data: SHA-256 of its canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
