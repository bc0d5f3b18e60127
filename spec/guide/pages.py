"""All pages of the guide as files: of every layer, of the list, of the primitives."""

from __future__ import annotations

import inspect
from pathlib import Path

from spec.guide.families import by_family
from spec.guide.page import page, summary
from spec.guide.torch_differences import EVERYWHERE
from spec.layer import LAYERS
from spec.primitives import PRIMITIVES

HEAD = """# Layers

Every layer of the language has a page with its fields, an example, shapes, tensors, the primitives
that it expands to, and what PyTorch calls it. `gmn layers` prints this list, and `gmn layers NAME`
a page. An *inferred* field follows from the input or from other fields, and is checked where it is
written.

Layers that PyTorch has are compared with it by a test: the names of fields, defaults, the names and
shapes of tensors, and outputs in float64. What differs on purpose is said on the layer's page.
These parameters are nowhere:"""


def index() -> str:
    """Write the page that lists all layers."""
    parts = [HEAD, "\n".join(f"- `{name}`: {reason}." for name, reason in EVERYWHERE.items())]
    told = []
    for title, names in by_family(own=False):
        rows = [f"- [`{name}`]({name}.md): {summary(LAYERS[name])}" for name in names]
        parts += [f"## {title}", "\n".join(rows)]
        told += names
    parts.append("\n".join(["```{toctree}", ":hidden:", "", "primitives", *told, "```"]))
    return "\n\n".join(parts) + "\n"


def primitives() -> str:
    """Write the page of what layers expand to."""
    parts = [
        "# Primitives",
        "All layers expand into these operations, which are all that graphs, symmetries and "
        "evaluation know:",
        ", ".join(f"`{primitive.name}`" for primitive in PRIMITIVES) + ".",
    ]
    for primitive in PRIMITIVES:
        parts += [f"## {primitive.name}", inspect.cleandoc(primitive.__doc__ or "")]
    return "\n\n".join(parts) + "\n"


def texts() -> dict[str, str]:
    """Give the text of every page, by its file's name."""
    names = [name for _, family in by_family(own=False) for name in family]
    pages = {f"{name}.md": page(name) for name in sorted(names)}
    return {"index.md": index(), "primitives.md": primitives(), **pages}


def write(folder: Path) -> None:
    """Write all pages into a folder, and delete those of layers that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    written = texts()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in written:
            path.unlink()
