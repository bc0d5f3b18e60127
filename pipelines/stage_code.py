"""Which code a command runs: what stages depend on, so that no other change runs them again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from graphgen.files import write_bytes
from pipelines.errors import PipelineError
from pipelines.provenance import (
    LAZY,
    hash_of,
    imported,
    is_module,
    is_package,
    read_module,
    read_source,
    source_file,
)

COMMANDS = "pipelines.commands"
APART = (COMMANDS, "graphgen.importers", "graphgen.drawing.page")
"""What reads the command line and models of others, and the page of the viewer: no stage has it."""
CODE = (".py", ".pyc")


def write_code(commands: Sequence[str], folder: str | Path) -> dict[str, str]:
    """Write which code commands run: a file for each with a hash, which alone changes if it does.

        write_code(["compile", "train"], "out/code")     # out/code/compile, out/code/train

    A file whose hash is the same stays as it is. Raises `PipelineError` for what is no command.
    """
    found = {command: code_of_command(command) for command in commands}
    Path(folder).mkdir(parents=True, exist_ok=True)
    for command, code in found.items():
        path = Path(folder, command)
        text = f"{code}\n".encode()
        if not path.is_file() or path.read_bytes() != text:
            write_bytes(path, text)
    return found


def code_of_command(command: str) -> str:
    """Identify the code of a command: its modules, all of ours that they import, and their data.

    Comments, docstrings and layout do not count, nor how the command line is read.
    """
    own = f"{COMMANDS}.{command.replace('-', '_')}"
    if not is_module(own):
        raise PipelineError(f"{command!r} is no command of gmn; `gmn --help` lists them")
    modules = sorted({name for name in read_source(source_file(own))[0] if is_module(name)} - {own})
    found = imported(*modules, apart=APART)
    # A lazy package runs nothing; who takes a name from it has the module of that name.
    code = hash_of(name for name in found if LAZY not in read_module(name)[1])
    digest = hashlib.sha256(code.encode())
    for path in data_of(found):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def data_of(modules: set[str]) -> list[Path]:
    """List what lies beside the sources of packages: schemas, architectures, templates."""
    packages = {source_file(name).parent for name in modules if is_package(source_file(name))}
    return sorted(
        path
        for package in packages
        for path in package.rglob("*")
        if path.is_file()
        and path.suffix not in CODE
        and not any((above / "__init__.py").is_file() for above in between(path, package))
    )


def between(path: Path, package: Path) -> list[Path]:
    """List the folders from a file up to a package, which is left out: one of its own has data."""
    above = list(path.parents)
    return above[: above.index(package)]
