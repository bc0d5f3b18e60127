"""Every example in a docstring of what spec, graphgen and metanet make public runs."""

from __future__ import annotations

import importlib
import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest
from docstring_examples import (
    Example,
    examples,
    names,
    own_names,
    passages,
    public,
    write_files,
)

import spec
from graphgen.evaluate.functions import FUNCTIONS as IN_NUMPY
from metanet.evaluate.functions import FUNCTIONS as IN_TORCH
from spec.functions import FUNCTIONS

PACKAGES = ("spec", "graphgen", "metanet")
EXAMPLES = [example for package in PACKAGES for example in examples(package)]
# Passages by their places and first lines, and why they are not run.
NOT_RUN = {
    ("graphgen.export.dgl:to_dgl", "result = graphgen.export.to_dgl(graph)"): "needs DGL",
    ("graphgen.export.pandas:to_pandas", "graphgen.export.to_pandas(graph_set.records)"): (
        "needs pandas"
    ),
    (
        "graphgen.graph_set:GraphSet.to_pandas",
        'graphs.to_pandas().groupby("family")["metrics.test_accuracy"].mean()',
    ): "needs pandas",
    (
        "graphgen.template:EdgeBlock",
        "source = source_start + sum(source_strides[i] * c[i])",
    ): "a formula",
    (
        "metanet.saved.hub:push_to_hub",
        'metanet.push_to_hub("out/my-gmn", "me/my-gmn", private=True)',
    ): "writes to the Hub",
    ("metanet.backends.backend:Backend.update_edges", "n = rms_norm(e)"): "a formula",
    (
        "metanet.models.learned_optimizer.optimizer:LearnedOptimizer",
        "-step * anneal * width * (nominal + d) * exp(m)",
    ): "a formula",
    (
        "metanet.models.gmn.trunk:Trunk",
        "m = act(A norm(e) + B norm(x_source) + C norm(x_target) + MLP(block, norm(u)))",
    ): "the narrow form's formulas",
    (
        "metanet.models.gmn.trunk:Trunk",
        "m = act(A norm(e) + B norm(x_source) + C norm(x_target) + D block + G norm(u))",
    ): "the paper's",
}
# Examples that write a graph set where others read one.
WRITERS = {"GraphSet.write", "replacing"}


def key(example: Example) -> tuple[str, str]:
    return example.place, example.text.splitlines()[0]


def run(example: Example) -> None:
    module = importlib.import_module(example.module)
    known = names(example.module.partition(".")[0])
    namespace = vars(module) | known | own_names(example, known)
    if example.owner in WRITERS:
        shutil.rmtree("out/graphs")
    exec(compile(example.text, example.place, "exec", dont_inherit=True), namespace)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    write_files(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "files")
    monkeypatch.chdir(tmp_path / "files")
    return tmp_path / "files"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if key(e) not in NOT_RUN], ids=lambda e: e.place
)
def test_an_example_runs(example: Example) -> None:
    registries: list[dict[str, Any]] = [spec.LAYERS, FUNCTIONS, IN_NUMPY, IN_TORCH]
    before = [dict(registry) for registry in registries]
    try:
        run(example)
    finally:
        for registry, entries in zip(registries, before, strict=True):
            registry.clear()
            registry.update(entries)


def test_what_is_not_run_is_there() -> None:
    assert NOT_RUN.keys() <= {key(example) for example in EXAMPLES}
    assert len(NOT_RUN) == 9


def test_examples_are_found() -> None:
    places = {example.place for example in EXAMPLES}
    assert places >= {
        "spec.load:load", "spec.architecture:Architecture", "graphgen.compile:compile",
        "graphgen.graph:Graph", "graphgen.graph_set:GraphSet.write", "graphgen.export.dot:to_dot",
        "graphgen.matching.matching:match", "metanet.batch:Batch", "metanet.models.gmn:GMN",
        "metanet.testing.predictions:assert_invariant",
    }  # fmt: skip
    assert len(EXAMPLES) >= 70


def test_every_public_name_says_what_it_is() -> None:
    for package in PACKAGES:
        for place, item in public(package).items():
            inherited = inspect.isfunction(item) and "." in item.__qualname__
            assert item.__doc__ or inherited, place


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("net = spec.load('missing.yaml')\n", spec.SpecError),
        ("graphgen.compile(net, 'net.safetensors', knd='parameter')\n", TypeError),
        ("this is a formula\n", SyntaxError),
        ("undefined_name\n", NameError),
    ],
)
def test_a_wrong_example_is_found(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(Example("graphgen.compile", "compile", text))


def test_passages_are_found() -> None:
    indented = (
        "Do it.\n\n        first()\n\n        if second:\n            third()\n\n"
        "    Then `fourth`, as here.\n\n        fifth()\n    "
    )
    assert list(passages(indented)) == [
        "first()\n\nif second:\n    third()\n",
        "fifth()\n",
    ]
    assert list(passages("Do it.\n\n    first = second()\n    ")) == ["first = second()\n"]
    assert list(passages("Do it.\n\n    Words of prose.\n\n    Word\n    ")) == []
    assert list(passages("Do it.")) == []
