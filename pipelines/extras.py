"""Extras: with which part of the installation a library comes."""

from __future__ import annotations

from importlib.util import find_spec

from pipelines.errors import PipelineError

LIBRARIES = {
    "torch": "pipelines",
    "torch_geometric": "pipelines",
    "dvc": "pipelines",
    "lightning_fabric": "pipelines",
    "jinja2": "pipelines",
    "matplotlib": "pipelines",
    "pooch": "pipelines",
    "sklearn": "pipelines",
    "scipy": "pipelines",
    "tqdm": "pipelines",
    "networkx": "export",
    "pyarrow": "export",
    "distributed": "dask",
}
"""The extra that commands need for each module which the core installation lacks."""


def to_install(module: str) -> str:
    """Say how to install the library of a module of `LIBRARIES`.

    >>> to_install("torch")
    'pip install "graph-metanetworks[pipelines]"'
    """
    return f'pip install "graph-metanetworks[{LIBRARIES[module]}]"'


def is_installed(module: str) -> bool:
    """Say whether a library can be found, without importing it.

    >>> is_installed("json")
    True
    """
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def require(*modules: str) -> None:
    """Raise `PipelineError` for a missing library, before work begins that will import it."""
    for module in modules:
        if not is_installed(module):
            raise PipelineError(
                f"this needs {module}, which is not installed: {to_install(module)}"
            ) from ModuleNotFoundError(f"No module named {module!r}", name=module)
