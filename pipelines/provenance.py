"""Provenance: by which code and which versions something was made."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGES = ("spec", "graphgen", "metanet", "pipelines")
_RECORDED = ("graph-metanetworks", "numpy", "torch", "scikit-learn")
MADE_WITH = {"type": "object", "additionalProperties": {"type": "string"}}
LAZY = "lazily(__name__)"
EARLIER = Path(__file__).parent / "earlier_code.json"
"""Modules that were changed without changing a number, which count as they `was`."""


@lru_cache(maxsize=64)
def code_of(*modules: str, apart: tuple[str, ...] = ()) -> str:
    """Identify the code that modules run: a hash of their source, and of all of ours they import.

        code_of("pipelines.zoo.fit", apart=("graphgen.importers",))

    Comments, docstrings and layout do not count, so only a change that can change results changes
    it; sources in C count as they are. Packages that are named `apart` do not count, nor what only
    they import. A module that `earlier_code.json` lists counts as it was, unless it was changed
    since.
    """
    return hash_of(imported(*modules, apart=apart))


def hash_of(modules: Iterable[str]) -> str:
    """Hash modules of ours, each with the sources in C beside it."""
    digest = hashlib.sha256()
    for name in sorted(modules):
        path = source_file(name)
        digest.update(f"{name}\n{read_module(name)[1]}\n".encode())
        for kernel in sorted(path.parent.glob("source/*.[ch]")) if is_package(path) else ():
            digest.update(kernel.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=64)
def maker_of(*modules: str) -> str:
    """Identify what makes a result: the code that modules run, and the versions of what it needs.

    maker_of("pipelines.training.run")
    """
    versions = sorted(made_with().items())
    return hashlib.sha256(repr((code_of(*modules), versions)).encode()).hexdigest()


def imported(*modules: str, apart: tuple[str, ...] = ()) -> set[str]:
    """List modules of ours and all those of ours that they import, wherever in their code."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if any(name == one or name.startswith(f"{one}.") for one in apart):
            continue
        if name not in found and is_module(name):
            found.add(name)
            waiting += read_module(name)[0]
    return found


def read_module(name: str) -> tuple[list[str], str]:
    """Read what a module imports, and its essence; both as they were of one that counts so."""
    imports, essence = read_source(source_file(name))
    earlier = earlier_code().get(name)
    # A lazy package runs nothing, so what it lists anew is no change.
    if earlier is None or (identity_of(essence) != earlier["now"] and LAZY not in essence):
        return imports, essence
    return read_text(earlier["was"])


def identity_of(essence: str) -> str:
    """Identify an essence: its SHA-256."""
    return hashlib.sha256(essence.encode()).hexdigest()


@lru_cache(maxsize=1)
def earlier_code() -> dict[str, Any]:
    """Read which modules count as they were: `now`, the identity of the essence for which it does.

    It `was` another, and `why` says how it is known that no number is another.
    """
    found: dict[str, Any] = json.loads(EARLIER.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=2048)
def read_source(path: Path) -> tuple[list[str], str]:
    """Read what a source imports, each name that is a module itself as one, and its essence.

    That is the source without comments, docstrings and layout.
    """
    return read_text(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=2048)
def read_text(text: str) -> tuple[list[str], str]:
    """Read the text of a source as `read_source` does."""
    tree = ast.parse(text)
    imports: list[str] = []
    for node in statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imports += [alias.name, *used_of(alias, tree)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports += [home_of(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return imports, ast.unparse(tree)


def used_of(alias: ast.alias, tree: ast.Module) -> list[str]:
    """List the modules whose names a source takes from a lazy package that it imports whole."""
    if not homes(alias.name):
        return []
    own = alias.asname or alias.name
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == own
    }
    return [home_of(alias.name, name) for name in sorted(names)]


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Give a source's statements at every depth: imports and docstrings are nowhere else."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if is_for_types(node):
            continue
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            inside = getattr(node, field, ())
            if isinstance(inside, list):
                waiting += inside


def is_for_types(node: ast.AST) -> bool:
    """Say whether a statement is only for type checkers, as what a lazy package lists is."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@lru_cache(maxsize=64)
def homes(package: str) -> dict[str, str]:
    """Say in which module each name of a lazy package is; nothing of any other module."""
    if not is_module(package) or not is_package(source_file(package)):
        return {}
    tree = ast.parse(source_file(package).read_text(encoding="utf-8"))
    listed = [each for node in tree.body if is_for_types(node) for each in node.body]  # type: ignore[attr-defined]
    return {
        alias.asname or alias.name: own
        if is_module(own := f"{each.module}.{alias.name}")
        else each.module
        for each in listed
        if isinstance(each, ast.ImportFrom) and each.module
        for alias in each.names
    }


def home_of(module: str, name: str) -> str:
    """Say which module of ours a name comes from that is imported from a module or a package."""
    own = f"{module}.{name}"
    if is_module(own):
        return own
    home = homes(module).get(name, module)
    return home if home == module else home_of(home, name)


@lru_cache(maxsize=4096)
def is_module(name: str) -> bool:
    """Say whether a name is that of a module of ours."""
    if name.partition(".")[0] not in PACKAGES:
        return False
    return any(path.exists() for path in candidates(name))


def source_file(name: str) -> Path:
    """Find the source of a module of ours."""
    return next(path for path in candidates(name) if path.exists())


def is_package(path: Path) -> bool:
    """Say whether a source is that of a package, beside which there may be sources in C."""
    return path.name == "__init__.py"


def candidates(name: str) -> Iterator[Path]:
    """List where the source of a module of ours may be."""
    package, *rest = name.split(".")
    found = importlib.util.find_spec(package)
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place, *rest)
        yield path / "__init__.py"
        yield path.with_suffix(".py")


def made_with() -> dict[str, str]:
    """Give the versions of this package and of those that decide what numbers come out."""
    versions = {}
    for name in _RECORDED:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
