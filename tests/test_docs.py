"""Every block of every page runs as it stands, in order, in an empty folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_blocks import COMMENT, Block, PageError, Runner, blocks

import spec
from graphgen.evaluate.functions import FUNCTIONS as NUMPY_FUNCTIONS
from metanet import METANETS
from metanet.evaluate.functions import FUNCTIONS as TORCH_FUNCTIONS
from spec.functions import FUNCTIONS
from spec.plugins import MODULES

ROOT = Path(__file__).parent.parent
# What is on each page; `copied` blocks are checked by test_docs_results.py.
COUNTS = {
    "CHANGELOG.md": {},
    "CONTRIBUTING.md": {"elsewhere": 1},
    "README.md": {"elsewhere": 2, "python": 4, "sh": 3, "text": 6, "yaml": 1},
    "benchmarks/README.md": {"elsewhere": 1},
    "docs/explanation/computation_graph.md": {"python": 1, "text": 1},
    "docs/explanation/exact_symmetries.md": {"python": 2, "text": 1},
    "docs/explanation/expressivity.md": {"python": 1, "text": 1},
    "docs/explanation/graph.md": {"python": 2, "text": 2},
    "docs/explanation/loss_barriers.md": {},
    "docs/explanation/parameter_graph.md": {"python": 2, "text": 2},
    "docs/explanation/results.md": {"copied": 2},
    "docs/explanation/results_inrs.md": {"copied": 6},
    "docs/explanation/scale.md": {},
    "docs/explanation/symmetries.md": {"python": 3, "text": 3},
    "docs/explanation/views.md": {"python": 2, "text": 2},
    "docs/explanation/what_the_graph_buys.md": {},
    "docs/gallery.md": {},
    "docs/how_to/architecture.md": {"python": 2, "sh": 1, "text": 3, "yaml": 1},
    "docs/how_to/cluster.md": {"elsewhere": 1, "python": 1, "text": 1},
    "docs/how_to/compare_networks.md": {"python": 3, "sh": 1, "text": 4, "yaml": 2},
    "docs/how_to/compare_pairs.md": {"sh": 1, "text": 1, "yaml": 1},
    "docs/how_to/fine_tune.md": {"sh": 1, "text": 1, "yaml": 1},
    "docs/how_to/generation.md": {"python": 1, "sh": 1, "text": 2, "yaml": 2},
    "docs/how_to/gpu.md": {"python": 1, "text": 1},
    "docs/how_to/importing.md": {"python": 5, "sh": 3, "text": 7},
    "docs/how_to/inrs.md": {"python": 2, "sh": 1, "text": 3, "yaml": 2},
    "docs/how_to/installing.md": {"python": 1, "sh": 1, "text": 1, "yaml": 1},
    "docs/how_to/layer.md": {"python": 2, "text": 2},
    "docs/how_to/learned_optimizers.md": {"python": 3, "sh": 1, "text": 3, "yaml": 2},
    "docs/how_to/merge_networks.md": {"python": 6, "sh": 1, "text": 3},
    "docs/how_to/metanet.md": {"python": 4, "text": 1},
    "docs/how_to/networks_from_elsewhere.md": {"python": 1, "text": 1},
    "docs/how_to/other_libraries.md": {"python": 6, "text": 5},
    "docs/how_to/plugins.md": {"python": 1, "sh": 1, "text": 1, "yaml": 1},
    "docs/how_to/prune.md": {"python": 7, "sh": 1, "text": 6},
    "docs/how_to/python.md": {"python": 6, "text": 6, "yaml": 1},
    "docs/how_to/same_network.md": {"python": 4, "sh": 1, "text": 3},
    "docs/how_to/several_zoos.md": {"sh": 1, "text": 1, "yaml": 2},
    "docs/how_to/tasks.md": {"python": 4, "sh": 3, "text": 5, "yaml": 3},
    "docs/how_to/zoo.md": {"sh": 1, "text": 1, "yaml": 2},
    "docs/index.md": {},
    "docs/pipelines.md": {"elsewhere": 1},
    "docs/reference/command_line.md": {"sh": 1, "text": 1, "yaml": 1},
    "docs/predictor.md": {"python": 2, "sh": 1, "text": 3, "yaml": 1},
    "docs/reference/commands.md": {},
    "docs/reference/errors.md": {},
    "docs/reference/exports.md": {"python": 3, "text": 3},
    "docs/reference/files.md": {"python": 6, "sh": 1, "text": 3, "yaml": 2},
    "docs/reference/glossary.md": {},
    "docs/reference/graphgen.md": {},
    "docs/reference/language/checkpoints.md": {"python": 1, "text": 1, "yaml": 1},
    "docs/reference/language/errors.md": {"python": 2, "text": 2},
    "docs/reference/language/index.md": {"python": 2, "text": 2, "yaml": 1},
    "docs/reference/language/parts.md": {"python": 3, "text": 3, "yaml": 2},
    "docs/reference/language/structures.md": {"python": 2, "text": 2},
    "docs/reference/language/tensors.md": {"python": 4, "text": 4, "yaml": 1},
    "docs/reference/language/variables.md": {"python": 1, "text": 1},
    "docs/reference/metanet.md": {},
    "docs/reference/metanets/backends.md": {"python": 1, "text": 1},
    "docs/reference/metanets/editors.md": {"python": 3, "text": 3},
    "docs/reference/metanets/functions.md": {"python": 2, "text": 2},
    "docs/reference/metanets/gmn.md": {"python": 1, "text": 1},
    "docs/reference/metanets/index.md": {"python": 1, "text": 1},
    "docs/reference/onnx_coverage.md": {},
    "docs/reference/pipelines.md": {},
    "docs/reference/published.md": {},
    "docs/reference/published_sets.md": {"python": 2, "sh": 1, "text": 2, "yaml": 1},
    "docs/reference/refusals.md": {"python": 13, "text": 12},
    "docs/reference/spec.md": {},
    "docs/reference/stages/compile.md": {"python": 1, "sh": 2, "text": 3, "yaml": 2},
    "docs/reference/stages/evaluate.md": {"python": 1, "sh": 2, "text": 3},
    "docs/reference/stages/predict.md": {"python": 3, "sh": 2, "text": 4},
    "docs/reference/stages/tables.md": {"python": 1, "text": 1},
    "docs/reference/stages/train.md": {"sh": 3, "text": 1, "yaml": 3},
    "docs/reference/stages/zoo.md": {"python": 1, "sh": 1, "text": 2, "yaml": 2},
    "docs/tutorials/first_experiment.md": {"sh": 2, "text": 1, "yaml": 2},
    "docs/tutorials/quick_start.md": {"elsewhere": 2, "python": 3, "sh": 3, "text": 5, "yaml": 1},
    "docs/viewer.md": {"python": 2, "sh": 1, "text": 2, "yaml": 1},
}
# Pages that go on from what the pages before them made, in the folder of the first; each is
# understood by itself, so each has its own names in Python.
CHAPTERS = [
    [
        "docs/reference/stages/zoo.md",
        "docs/how_to/gpu.md",
        "docs/reference/stages/compile.md",
        "docs/how_to/several_zoos.md",
        "docs/reference/stages/train.md",
        "docs/how_to/fine_tune.md",
        "docs/reference/stages/evaluate.md",
        "docs/how_to/compare_pairs.md",
        "docs/reference/stages/predict.md",
    ],
]
# Blocks that are not run here, by page, first command and number of lines: why, and what is run.
COMMANDS = "tests/test_docs_commands.py"
CLUSTER = "tests/pipelines/test_zoo_cluster.py"
ELSEWHERE = {
    ("README.md", 'pip install ".[pipelines]"', 1): (
        "installs everything",
        "tests/test_docs_installs.py::test_what_is_installed_is_an_extra",
    ),
    ("README.md", "gmn new demo && cd demo && dvc repro", 1): (
        "runs for minutes",
        "tests/pipelines/test_starter.py::test_a_new_experiment_runs_outside_of_any_repository",
    ),
    ("docs/tutorials/quick_start.md", 'pip install ".[pipelines]"', 2): (
        "installs everything",
        "tests/test_docs_installs.py::test_what_is_installed_is_an_extra",
    ),
    ("docs/tutorials/quick_start.md", "gmn new demo && cd demo && dvc repro", 1): (
        "runs for minutes",
        "tests/pipelines/test_starter.py::test_a_new_experiment_runs_outside_of_any_repository",
    ),
    ("CONTRIBUTING.md", "make test", 4): (
        "runs these tests",
        f"{COMMANDS}::test_every_target_of_make_is_there",
    ),
    ("benchmarks/README.md", "export OMP_NUM_THREADS=1", 25): (
        "measures the machine, for minutes and with gigabytes",
        f"{COMMANDS}::test_every_benchmark_is_there",
    ),
    ("docs/how_to/cluster.md", "dask scheduler", 3): (
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
    found = (p for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "experiments/**/*.md")
             for p in ROOT.glob(pattern))  # fmt: skip
    others = {"results", "layers"}  # written by commands, and by `spec.guide`
    return sorted(str(p.relative_to(ROOT)) for p in found if p.parent.name not in others)


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
    monkeypatch.setenv(MODULES, "")
    monkeypatch.syspath_prepend(tmp_path / "empty")
    kept: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (registry, dict(registry))
        for registry in (spec.LAYERS, METANETS.known, FUNCTIONS, NUMPY_FUNCTIONS, TORCH_FUNCTIONS)
    ]
    yield
    for registry, before in kept:
        registry.clear()
        registry.update(before)


def test_every_page_is_counted() -> None:
    assert pages() == sorted(COUNTS)


def chapters() -> list[list[str]]:
    """Give all pages, those that go on from another one behind it."""
    together = {page for chapter in CHAPTERS for page in chapter}
    return [*CHAPTERS, *([page] for page in sorted(COUNTS) if page not in together)]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter[0])
def test_every_block_of_a_page_runs(chapter: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for page in chapter:
        assert run_page(ROOT / page, capsys, in_process=True) == COUNTS[page], page


@pytest.mark.long
@pytest.mark.parametrize(
    "chapter",
    [chapter for chapter in chapters() if any("sh" in COUNTS[page] for page in chapter)],
    ids=lambda chapter: chapter[0],
)
def test_every_command_runs_in_a_shell(
    chapter: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for page in chapter:
        assert run_page(ROOT / page, capsys, in_process=False) == COUNTS[page], page


def test_a_page_that_goes_on_from_another_links_to_it() -> None:
    for chapter in CHAPTERS:
        for page in chapter[1:]:
            before = {ROOT / other for other in chapter[: chapter.index(page)]}
            links = re.findall(r"\]\(([^)#]+\.md)", (ROOT / page).read_text(encoding="utf-8"))
            assert before & {((ROOT / page).parent / link).resolve() for link in links}, page


def test_what_is_run_elsewhere_is_on_a_page_and_in_a_test() -> None:
    shown = {key(block) for page in COUNTS for block in blocks(ROOT / page)}
    assert ELSEWHERE.keys() <= shown
    assert len(ELSEWHERE) == 8
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


def slug(heading: str) -> str:
    """Give the anchor of a heading, as GitHub and Sphinx make it."""
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def lost_links(page: Path) -> list[str]:
    """List the links of a page that lead to no file or no heading."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        path, _, anchor = "".join(link).partition("#")
        if path.startswith(("http", "mailto:")) or "pictures/" in path:  # drawn by the builder
            continue
        target = page.parent / path if path else page
        if not target.exists():
            lost.append("".join(link))
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            labels = re.findall(r"^\((\w+)\)=$", target.read_text(encoding="utf-8"), re.M)
            if anchor not in {*map(slug, headings), *labels}:
                lost.append("".join(link))
    return lost


@pytest.mark.parametrize("page", sorted(COUNTS))
def test_links_lead_to_pages_and_headings(page: str) -> None:
    assert lost_links(ROOT / page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Other\n\n## A heading: `of` it\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n[a](other.md) [b](other.md#a-heading-of-it) [c](#page) [d](https://x.org)\n"
        "[e](none.md) [f](other.md#none) [g](#other)\n",
        encoding="utf-8",
    )
    assert lost_links(page) == ["none.md", "other.md#none", "#other"]
