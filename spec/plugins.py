"""Plugins: what other packages add by entry points, and modules that a user names.

A package adds things by entry points of the groups `graph_metanetworks.layers`, `.metanets`,
`.datasets`, `.tasks` and `.signals`, each loaded when a name is asked for that is not known:

    [project.entry-points."graph_metanetworks.layers"]
    gated_linear = "my_metanetworks.gated_linear:GatedLinear"
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from spec.errors import Problem, SpecError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PREFIX = "graph_metanetworks."
GROUPS = ("layers", "metanets", "datasets", "tasks", "signals")
MODULES = "GMN_IMPORT"
"""The environment variable with the modules that each process imports, with spaces between."""
OWN = ("spec", "graphgen", "metanet", "pipelines")


@lru_cache(maxsize=len(GROUPS))
def offered(group: str) -> Mapping[str, EntryPoint]:
    """List what packages add to a group, by name; nothing is imported.

    >>> sorted(offered("layers"))
    []
    """
    from importlib.metadata import entry_points  # slow, and rarely asked for

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"{PREFIX}{group}"):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise mistake(
                f"{described(other)} and {described(point)} add the same name; uninstall one of "
                "them"
            )
    return found


def load_plugin(group: str, name: str) -> Any | None:
    """Load what a package adds to a group under a name; None if none does.

    Raises `SpecError`, which names the package, for one that cannot be imported.
    """
    point = offered(group).get(name)
    if point is None:
        return None
    try:
        return point.load()
    except Exception as error:
        raise mistake(
            f"{described(point)} cannot be loaded: {type(error).__name__}: {error}; mend it, or "
            "uninstall it"
        ) from error


def load_all(group: str) -> dict[str, Any]:
    """Load all that packages add to a group; what cannot be loaded is left out with a warning."""
    found = {}
    for name in offered(group):
        try:
            found[name] = load_plugin(group, name)
        except SpecError as error:
            warnings.warn(str(error), stacklevel=2)
    return found


def described(point: EntryPoint) -> str:
    """Name a plugin: its package and version, and what it adds."""
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "a package"
    return f"the plugin {package} ({point.group}: {point.name} = {point.value})"


def import_modules(modules: Iterable[str]) -> None:
    """Import modules, which register what they add, here and in each process that this one starts.

    They are found from the current folder, too. Raises `SpecError` for one that cannot be imported.
    """
    wanted = list(dict.fromkeys([*asked_modules(), *modules]))
    os.environ[MODULES] = " ".join(wanted)
    import_asked()


def import_asked() -> None:
    """Import the modules that `GMN_IMPORT` names."""
    wanted = asked_modules()
    here = os.getcwd()
    if wanted and here not in sys.path:
        sys.path.insert(0, here)
    for module in wanted:
        try:
            import_module(module)
        except Exception as error:
            raise mistake(
                f"the module {module!r} cannot be imported: {type(error).__name__}: {error}; name "
                "modules as `import` does, installed or in the current folder"
            ) from error


def asked_modules() -> list[str]:
    """List the modules that `GMN_IMPORT` names."""
    return os.environ.get(MODULES, "").split()


def needed(things: Iterable[object]) -> dict[str, str]:
    """Say which packages things come from that are not ours, with their versions.

    >>> needed([dict])
    {'builtins': ''}
    """
    found = {str(getattr(thing, "__module__", "")).partition(".")[0] for thing in things}
    return {name: version_of(name) for name in sorted(found - {"", *OWN})}


def version_of(module: str) -> str:
    """Give the version of a module's package; nothing of one that has none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(module)
    except (PackageNotFoundError, ValueError):
        return str(getattr(sys.modules.get(module), "__version__", ""))


def advice(needs: Mapping[str, str]) -> str:
    """Say which packages are missing of those that something needs, and what to do; else nothing.

    >>> advice({"my_layers": "1.2"})
    '; it needs my_layers 1.2, which is not found: install it, or name its module by --import'
    """
    from importlib.util import find_spec

    missing = [
        f"{name} {version}".strip()
        for name, version in needs.items()
        if name not in sys.modules and find_spec(name) is None
    ]
    if not missing:
        return ""
    return (
        f"; it needs {', '.join(missing)}, which is not found: install it, or name its module by "
        "--import"
    )


def mistake(text: str) -> SpecError:
    """Make the error for a plugin."""
    return SpecError([Problem(text, None)])
