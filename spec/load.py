"""Loading: from a YAML file, a text, or plain data to an `Architecture`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import spec.layers  # noqa: F401  registers the layers
from spec.architecture import Architecture
from spec.errors import SpecError, UnusedWarning
from spec.expand import Expander
from spec.plugin_layers import add_layers
from spec.reference import located
from spec.schema_problems import schema_problems
from spec.yaml_reader import Document, read, read_file


def load(path: str | os.PathLike[str], /, **variables: object) -> Architecture:
    """Load an architecture from a YAML file, with values for its variables.

        net = spec.load("net.yaml", width=32)
        net = spec.load("cnn")                    # a reference network, one of spec.names()

    A name without a suffix is that of a reference network, unless there is such a file. Raises
    `SpecError` with the problems of the file, each with its line and column, and warns
    (`UnusedWarning`) of variables, arguments and blocks that are not used.
    """
    return expand(read_file(located(path)), variables)


def loads(text: str, /, **variables: object) -> Architecture:
    """Load an architecture from YAML text; see `load`."""
    return expand(read(text, "<text>"), variables)


def from_resolved(form: Mapping[str, Any]) -> Architecture:
    """Build an architecture from its resolved form, `Architecture.resolved()`."""
    return expand(Document.from_data(form, "<resolved form>"), {})


def expand(document: Document, variables: Mapping[str, object]) -> Architecture:
    """Check a document against the schema and expand it, collecting the problems of both.

    Layers that it names and that are not known are those of plugins, if there are any.
    """
    try:
        return expanded(document, variables)
    except SpecError:
        if not add_layers(document.data):
            raise
    return expanded(document, variables)


def expanded(document: Document, variables: Mapping[str, object]) -> Architecture:
    """Expand a document by the layers that are known."""
    problems = schema_problems(document)
    SpecError.stop_at_limit(problems)
    if not isinstance(document.data, dict):
        raise SpecError(problems)
    expander = Expander(document, problems)
    net = expander.run(variables)
    for problem in expander.warnings:
        warnings.warn(str(problem), UnusedWarning, stacklevel=4)
    return net
