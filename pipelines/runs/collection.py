"""Collections: the runs of a stage in one folder, which change together.

`runs.json` names the runs that a stage made last, by their identity. What other settings made may
stand beside them and does not count; so what is read from the folder is of one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphgen.errors import GraphError
from graphgen.files import Kind, read_document, replacing
from graphgen.files.sealed import PARTS, Replacement, part_path, parts_of
from pipelines.errors import PipelineError

if TYPE_CHECKING:  # a report lists runs, and needs no torch for that
    from pipelines.runs.job import Job

INDEX = "runs.json"
RUNS = Kind(
    "graph-metanetworks/runs",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["stage", "parts", "missing"],
        "properties": {
            "stage": {"type": "string"},
            "parts": PARTS,
            "missing": {"type": "array", "items": {"type": "string"}},
        },
    },
    "`gmn train`, `gmn search`, `gmn flow` or `gmn meta-train`",
)
RUN_VERSION = 2
"""Of what a training run says of itself: since 2 a regression says its loss."""
RESULT = Kind(
    "graph-metanetworks/run",
    RUN_VERSION,
    {
        "type": "object",
        "required": ["run", "asked", "parts"],
        "properties": {"run": {"type": "string"}, "asked": {"type": "string"}, "parts": PARTS},
    },
    "`gmn train`",
)
"""What a report has to know of a training run."""


@contextmanager
def collecting(out: Path, jobs: Sequence[Job], replace: bool) -> Iterator[Replacement]:
    """Open a folder for work on some runs, by the only process that may; see `commit`.

    Raises `PipelineError` where the result of another run would be lost and `replace` is false or
    another stage's runs are there, and `GraphError` for a folder that holds other things, or in
    which another process works.
    """
    check_places(out, jobs, replace)
    with replacing(out, INDEX, RUNS, replace=True, resumable=True) as new:
        check_places(out, jobs, replace)
        yield new
        if replace:
            new.forget(job.folder_name for job in jobs)


def check_places(out: Path, jobs: Sequence[Job], replace: bool) -> None:
    """Raise `PipelineError` where a run's place is another's and it may not be replaced."""
    if (out / INDEX).exists() and jobs:
        stage = read_document(out / INDEX, RUNS)["stage"]
        if stage != jobs[0].stage:
            raise PipelineError(
                f"{out}: holds the runs of `gmn {stage}`, whose place those of `gmn "
                f"{jobs[0].stage}` do not take; name another folder"
            )
    taken = [] if replace else [job.folder_name for job in jobs if job.displaced()]
    if taken:
        more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        raise PipelineError(
            f"{out}: {', '.join(taken[:3])}{more}: trained by other settings, by other code or "
            "versions, or on another graph set, or damaged; name another folder, or pass "
            "`--replace` (in Python `replace=True`) to train them again and put the new ones in "
            "their place"
        )


def commit(
    new: Replacement,
    jobs: Sequence[Job],
    replace: bool = False,
    kept: Mapping[str, str] | None = None,
) -> None:
    """Put the finished ones of all the runs that the settings ask for in their places, together.

    One that would displace another run is left where it was made, unless `replace`. `kept` are the
    identities of further runs that are in their places, by name.
    """
    missing = []
    for name, identity in (kept or {}).items():
        new.adopt(name, identity)
    for job in jobs:
        if job.finished() and (replace or not job.displaced()):
            job.complete()
            new.adopt(job.folder_name, job.hash)
        else:
            missing.append(job.folder_name)
    content = {"stage": jobs[0].stage, "parts": new.parts, "missing": missing}
    new.commit(content, keep=True)


def listed_runs(folder: Path) -> dict[str, tuple[Path, str]]:
    """List the folders of the runs that a stage made last, and each one's identity, by their names.

    Raises `GraphError` for a damaged list and for a run that is not there.
    """
    result = {}
    for name, identity in parts_of(read_document(folder / INDEX, RUNS)).items():
        path = part_path(folder, name, identity)
        if not path.exists():
            raise GraphError(f"{path}: there is no such run, though {folder / INDEX} lists it")
        result[name] = path, identity
    return result


def run_folder(folder: str | Path) -> Path:
    """Find a run by the folder of its name, though it may not have been moved there yet."""
    folder = Path(folder)
    try:
        return listed_runs(folder.parent)[folder.name][0]
    except (GraphError, KeyError):
        return folder


def read_missing(folder: Path) -> list[str]:
    """List the runs that the settings asked for and that were not finished."""
    missing: list[str] = read_document(folder / INDEX, RUNS)["missing"]
    return missing


def stage_of(folder: Path) -> str:
    """Say which stage made the runs in a folder."""
    return str(read_document(folder / INDEX, RUNS)["stage"])
