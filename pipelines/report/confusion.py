"""The section of a classification: which class is taken for which."""

from __future__ import annotations

from collections import Counter
from html import escape

from pipelines.report import tables
from pipelines.report.inputs import Content
from pipelines.report.layout import note, section

_MOST_CLASSES = 20


def confusion(content: Content) -> str:
    """A table of true and predicted classes for the best model, summed over its seeds."""
    model = next((m for m in content.models if any(r["model"] == m for r in content.rows)), None)
    if model is None:
        return ""
    pairs = Counter((r["true"], r["predicted"]) for r in content.rows if r["model"] == model)
    classes = sorted({name for pair in pairs for name in pair}, key=_order)
    if len(classes) > _MOST_CLASSES:
        return ""
    total = {c: sum(pairs[c, p] for p in classes) for c in classes}
    head = "".join(f'<th scope="col" class="number">{escape(c)}</th>' for c in classes)
    rows = []
    for true in classes:
        cells = ""
        for predicted in classes:
            share = 100 * pairs[true, predicted] / total[true] if total[true] else 0.0
            words = f"{share:.0f}" if pairs[true, predicted] else "·"
            cells += tables.number(f"<strong>{words}</strong>" if true == predicted else words)
        cells += tables.number(f"{total[true]:,}")
        rows.append(f'<tr><th scope="row">{escape(true)}</th>{cells}</tr>')
    body = tables.table(
        f'<tr><th scope="col">true class</th>{head}'
        '<th scope="col" class="number">networks</th></tr>',
        rows,
        f"Which class {model} takes for which",
    )
    remark = (
        f"{model}, all seeds, {content.split} networks: of those of the class of a row, the share "
        "in percent that is taken for the class of a column; the diagonal is right."
    )
    return section("Which class is taken for which", body + note(remark))


def _order(name: str) -> tuple[bool, int, str]:
    whole = name.lstrip("-").isdecimal()
    return not whole, int(name) if whole else 0, name
