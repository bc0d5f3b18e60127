"""What is said where a file cannot be imported: always which file, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphgen.errors import GraphError
from graphgen.importers.refusal import ImportRefusalError
from spec import SpecError

INSTALL = {
    "onnx": '"graph-metanetworks[onnx]"',
    "torch": '"graph-metanetworks[metanet]"',
    "transformers": "transformers",
}
"""What is to be installed for each library."""


@contextmanager
def of_file(path: Path) -> Iterator[None]:
    """Put the name of a file before the errors of its import that do not have it.

    What is damaged may break whatever an importer relies on; that is a refusal, too.
    """
    try:
        yield
    except (GraphError, SpecError) as error:
        kind = GraphError if type(error) is GraphError else ImportRefusalError
        raise kind(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    except ModuleNotFoundError as error:
        if error.name not in INSTALL:
            raise
        raise GraphError(
            f"{path}: is read by {error.name}, which is not installed: pip install "
            f"{INSTALL[error.name]}"
        ) from error
    except (ImportError, MemoryError, RecursionError):
        raise
    except Exception as error:
        words = " ".join(str(error).split())
        raise ImportRefusalError(
            f"{path}: the importer fails on it ({type(error).__name__}: {words:.200}); the file is "
            "damaged, or this is a defect of the importer"
        ) from error
