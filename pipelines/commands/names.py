"""Names that a shell completes: of reference networks, layers, models of settings, variables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

FILE, FOLDER = CompletionItem("", type="file"), CompletionItem("", type="dir")
"""What lets the shell complete a path."""


def beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    """Give the names that begin as what was typed."""
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def reference_networks() -> list[str]:
    """List the architectures that come with the language."""
    return sorted(path.stem for path in nets().glob("*.yaml"))


def nets() -> Path:
    """Give the folder of the reference networks."""
    import spec

    return Path(str(spec.__file__)).parent / "nets"


def layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a layer."""
    from spec.guide.families import by_family

    return beginning(incomplete, sorted(name for _, names in by_family() for name in names))


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a model of the settings that `--params` names."""
    settings = read(ctx.params.get("params") or "params.yaml")
    sections = [settings, *(part for part in settings.values() if isinstance(part, dict))]
    found = [part["models"] for part in sections if isinstance(part.get("models"), dict)]
    return beginning(incomplete, sorted({str(name) for part in found for name in part}))


def variables(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a variable of the architecture, up to its `=`."""
    given = Path(ctx.params.get("net") or ctx.params.get("source") or "")
    if str(given) in reference_networks() and not given.exists():
        given = nets() / f"{given}.yaml"
    found = read(given).get("vars")
    names = found if isinstance(found, dict) else {}
    return beginning(incomplete, (f"{name}=" for name in names))


def devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a device."""
    return beginning(incomplete, ("auto", "cpu", "cuda", "mps"))


def schedulers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the address of a scheduler."""
    return beginning(incomplete, ("local", "tcp://"))


def read(path: str | Path) -> dict[str, Any]:
    """Read a YAML file, which may be no such file while somebody types."""
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}
