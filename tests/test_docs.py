"""Every block of every page runs as it stands, in order, in an empty folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_blocks import COMMENT, Block, PageError, Runner, blocks

import spec
from graphgen.evaluate.functions import FUNCTIONS as NUMPY_FUNCTIONS
from metanet.evaluate.functions import FUNCTIONS as TORCH_FUNCTIONS
from spec.functions import FUNCTIONS

ROOT = Path(__file__).parent.parent
# What is on each page; `copied` blocks are checked by test_docs_results.py.
COUNTS = {
    "CHANGELOG.md": {},
    "CONTRIBUTING.md": {"elsewhere": 1},
    "README.md": {"copied": 1, "elsewhere": 2, "python": 4, "sh": 3, "text": 4, "yaml": 2},
    "benchmarks/README.md": {"elsewhere": 1},
    "docs/computation_graph.md": {"python": 1, "text": 1},
    "docs/exports.md": {"python": 3, "text": 3},
    "docs/files.md": {"python": 6, "sh": 1, "text": 3, "yaml": 2},
    "docs/gallery.md": {},
    "docs/generation.md": {"python": 1, "sh": 1, "text": 2, "yaml": 2},
    "docs/glossary.md": {},
    "docs/graph.md": {"python": 2, "text": 2},
    "docs/importing.md": {"python": 5, "sh": 3, "text": 7},
    "docs/index.md": {"python": 2, "text": 2, "yaml": 1},
    "docs/inrs.md": {"python": 2, "sh": 1, "text": 3, "yaml": 2},
    "docs/language.md": {"python": 17, "text": 17, "yaml": 5},
    "docs/learned_optimizers.md": {"python": 3, "sh": 1, "text": 3, "yaml": 2},
    "docs/metanets.md": {"python": 14, "text": 11},
    "docs/onnx_coverage.md": {},
    "docs/parameter_graph.md": {"python": 2, "text": 2},
    "docs/pipelines.md": {"elsewhere": 2, "python": 10, "sh": 14, "text": 21, "yaml": 11},
    "docs/predictor.md": {"python": 2, "sh": 1, "text": 3, "yaml": 1},
    "docs/published.md": {},
    "docs/published_sets.md": {"python": 2, "sh": 1, "text": 2, "yaml": 1},
    "docs/refusals.md": {"python": 13, "text": 12},
    "docs/results.md": {"copied": 7},
    "docs/scale.md": {},
    "docs/symmetries.md": {"python": 3, "text": 3},
    "docs/tasks.md": {"python": 4, "sh": 3, "text": 5, "yaml": 3},
    "docs/viewer.md": {"python": 1, "yaml": 1},
    "docs/views.md": {"python": 1, "text": 1},
    "docs/what_the_graph_buys.md": {},
}
# Blocks that are not run here, by page, first command and number of lines: why, and what is run.
COMMANDS = "tests/test_docs_commands.py"
CLUSTER = "tests/pipelines/test_zoo_cluster.py"
ELSEWHERE = {
    ("README.md", "git clone <this repository> && cd graph-metanetworks", 2): (
        "installs everything, and runs for minutes",
        f"{COMMANDS}::test_the_stages_of_the_default_experiment_run",
    ),
    ("README.md", 'pip install ".[pipelines]"', 2): (
        "installs everything",
        "tests/pipelines/test_accuracy.py"
        "::test_the_predictor_in_the_box_answers_without_a_run",
    ),
    ("CONTRIBUTING.md", "make test", 4): (
        "runs these tests",
        f"{COMMANDS}::test_every_target_of_make_is_there",
    ),
    ("benchmarks/README.md", "export OMP_NUM_THREADS=1", 22): (
        "measures the machine, for minutes and with gigabytes",
        f"{COMMANDS}::test_every_benchmark_is_there",
    ),
    ("docs/pipelines.md", "dask scheduler", 3): (
        "needs several machines",
        f"{CLUSTER}::test_a_cluster_makes_the_same_zoo_though_its_workers_are_killed",
    ),
    ("docs/pipelines.md", "cd experiments/varying-cnns", 2): (
        "needs the files of CIFAR-10",
        f"{COMMANDS}::test_stages_are_commands_with_known_options",
    ),
}  # fmt: skip


def pages() -> list[str]:
    """Give every page that people write: those in `results` are written by commands."""
    found = (p for pattern in ("*.md", "docs/*.md", "benchmarks/**/*.md", "experiments/**/*.md")
             for p in ROOT.glob(pattern))  # fmt: skip
    return sorted(str(p.relative_to(ROOT)) for p in found if p.parent.name != "results")


def key(block: Block) -> tuple[str, str, int]:
    lines = block.text.splitlines()
    return str(block.page.relative_to(ROOT)), COMMENT.sub("", lines[0]), len(lines)


def run_page(page: Path, capsys: pytest.CaptureFixture[str], *, in_process: bool) -> Counter[str]:
    """Run the blocks of a page in the current folder; count them by what was done with them."""
    runner = Runner(lambda: capsys.readouterr().out, in_process)
    done: Counter[str] = Counter()
    for block in blocks(page):
        if block.files:
            done["copied"] += 1
        elif page.is_relative_to(ROOT) and key(block) in ELSEWHERE:
            done["elsewhere"] += 1
        else:
            runner.run(block)
            done[block.kind] += 1
    return done


@pytest.fixture(autouse=True)
def _own_folder_and_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    kept: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (registry, dict(registry))
        for registry in (spec.LAYERS, FUNCTIONS, NUMPY_FUNCTIONS, TORCH_FUNCTIONS)
    ]
    yield
    for registry, before in kept:
        registry.clear()
        registry.update(before)


def test_every_page_is_counted() -> None:
    assert pages() == sorted(COUNTS)


@pytest.mark.parametrize("page", sorted(COUNTS))
def test_every_block_of_a_page_runs(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_page(ROOT / page, capsys, in_process=True) == COUNTS[page]


@pytest.mark.long
@pytest.mark.parametrize("page", [page for page in COUNTS if "sh" in COUNTS[page]])
def test_every_command_runs_in_a_shell(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_page(ROOT / page, capsys, in_process=False) == COUNTS[page]


def test_what_is_run_elsewhere_is_on_a_page_and_in_a_test() -> None:
    shown = {key(block) for page in COUNTS for block in blocks(ROOT / page)}
    assert ELSEWHERE.keys() <= shown
    assert len(ELSEWHERE) == 6
    for reason, test in ELSEWHERE.values():
        file, name = test.split("::")
        assert reason
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("in_process", [True, False])
@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("```python\nundefined_name\n```\n", NameError, "undefined_name"),
        (
            "```python\nprint(1)\n```\n\n```text\n2\n```\n",
            PageError,
            r"page.md:6: shown:\n2\n\nprinted:\n1",
        ),
        ("```text\n2\n```\n", PageError, "page.md:2: no block before it prints this"),
        ("```python\nprint(1)\n```\n```python\n```\n```text\n1\n```\n", PageError, "printed:\n"),
        ("```sh\ngmn check missing.yaml\n```\n", PageError, "page.md:2: exit code 2"),
        ("```sh\nfalse\ntrue\n```\n", PageError, "page.md:2: exit code 1"),
        ("```sh\ngmn --version | false\n```\n", PageError, "page.md:2: exit code 1"),
        ("```yaml\nname: a\n```\n", PageError, "page.md:2: the first line is not the file's name"),
        ("Text.\n\n```\n1\n```\n", PageError, "page.md:4: language '', not one of python"),
        ("```pyton\n1\n```\n", PageError, "page.md:2: language 'pyton'"),
        ("Text.\n\n    gmn check\n", PageError, "page.md:3: indented code"),
        ("- item\n\n  ~~~\n  1\n  ~~~\n", PageError, "page.md:4: language ''"),
        ("> ```\n> 1\n> ```\n", PageError, "page.md:2: language ''"),
        ("<pre>\n1\n</pre>\n", PageError, "page.md:1: code in HTML"),
    ],
)
def test_a_wrong_page_is_found(
    content: str,
    error: type[BaseException],
    words: str,
    in_process: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "page.md"
    page.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=words):
        run_page(page, capsys, in_process=in_process)


@pytest.mark.parametrize("in_process", [True, False])
def test_blocks_share_a_folder_and_a_namespace(
    in_process: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```yaml\n# net.yaml\ninputs: {x: [3]}\nlayers: [tanh]\n```\n\n"
        "```python\nimport spec\n\nnet = spec.load('net.yaml')\n```\n\n"
        "```sh\ngmn check net.yaml  # its layers\n```\n\n```text\n...\n0 ... tanh ...\n...\n```\n\n"
        "```python\nprint(len(net.layers))\n```\n\n```text\n1\n```\n",
        encoding="utf-8",
    )
    assert run_page(page, capsys, in_process=in_process) == {
        "yaml": 1, "python": 2, "sh": 1, "text": 2,
    }  # fmt: skip


def test_an_error_points_to_the_line_of_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n```python\n1\n1 / 0\n```\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        run_page(page, capsys, in_process=True)
    assert caught.traceback[-1].lineno + 1 == 5
