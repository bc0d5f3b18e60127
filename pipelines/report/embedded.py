"""The section of an embedding: labels read from it against the true ones."""

from __future__ import annotations

from pipelines.report import drawing, plots
from pipelines.report.inputs import Content, Prediction
from pipelines.report.layout import grid, note, section
from pipelines.report.nearest import nearest


def embedded(content: Content) -> str:
    """Predicted against true labels, a panel for each model and label; and nearest networks."""
    marks = [key.removeprefix("true ") for key in (content.rows[0] if content.rows else {})]
    names = [name for name in marks if f"predicted {name}" in (content.rows or [{}])[0]]
    body = ""
    for number, name in enumerate(names):
        points = {
            model: [
                Prediction(
                    model,
                    int(row["seed"]),
                    row["network"],
                    row["family"],
                    row["split"],
                    float(row[f"true {name}"]),
                    float(row[f"predicted {name}"]),
                )
                for row in content.rows
                if row["model"] == model
            ]
            for model in content.models
        }
        window = plots.limits([p for own in points.values() for p in own])
        panels = []
        for index, (model, own) in enumerate(points.items()):
            seed = min((p.seed for p in own), default=None)
            run = [p for p in own if p.seed == seed]
            if not run:
                continue
            beyond = plots.outside(run, window)
            svg = plots.predicted_against_true(
                run,
                content.families,
                window,
                name=f"embedded{number}-{index}",
                description=f"{name} read from the embedding of {model} against the true one, "
                f"{len(run)} networks, seed {seed}",
            )
            detail = f"seed {seed}" + (f"; {beyond} out of range" if beyond else "")
            panels.append(drawing.figure_html(svg, f"{model}: {name}", detail))
        body += grid(panels, "small")
    remark = (
        f"Each point is a network of the {content.split} split, its label as a linear regression "
        "from the embedding gives it; the regression was fitted on training networks, the "
        "embedding without any label. On the dashed line it is exact."
    )
    known = section("What the embedding knows", note(remark) + body) if body else ""
    return known + nearest(content)
