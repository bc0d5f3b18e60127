"""Lazy packages: public names that are imported when somebody first uses them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from spec.version import installed_version


class LazyPackage(ModuleType):
    """A package that knows which of its modules each of its names comes from (PEP 562)."""

    __homes__: Mapping[str, tuple[str, str]]

    def __getattr__(self, name: str) -> Any:
        if name in self.__homes__:
            home, own = self.__homes__[name]
            value = getattr(import_module(home), own)
        elif name == "__version__":
            value = installed_version()
        elif name.isidentifier() and name[0] != "_" and find_spec(f"{self.__name__}.{name}"):
            value = import_module(f"{self.__name__}.{name}")
        else:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # Importing a module sets it in its package, where a function may have the same name.
        if name not in self.__homes__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__homes__, *self.__dict__.get("__all__", ())})


def lazily(package: str) -> None:
    """Let a package have the names that it tells type checkers of, without importing them yet.

        if TYPE_CHECKING:
            from graphgen.compile import compile, template
        else:
            lazily(__name__)

    Its other modules are imported when they are named, too.
    """
    module: Any = sys.modules[package]
    checked = next(
        each
        for each in ast.parse(module.__spec__.loader.get_source(package)).body
        if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"
    )
    module.__homes__ = {
        alias.asname or alias.name: (each.module, alias.name)
        for each in checked.body
        if isinstance(each, ast.ImportFrom) and each.module and each.module != package
        for alias in each.names
    }
    module.__class__ = LazyPackage
