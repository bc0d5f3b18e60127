"""Calls, names and commands that the prose of the pages mentions are those of the packages."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_overloads

import pytest
from page_blocks import inline_code
from test_docs_commands import mistake

import graphgen
import graphgen.importers
import metanet
import metanet.constructions
import metanet.kernels
import pipelines.datasets
import pipelines.inrs.decode
import pipelines.signals
import pipelines.training
import spec
from graphgen.symmetry.permutation import Permutation
from metanet.backends.backend import Backend
from metanet.batch import Part

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "benchmarks/README.md",
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "layers"),
]
CALL = re.compile(r"\.?[A-Za-z_][\w.]*\(.*\)", re.S)
DOTTED = re.compile(r"(spec|graphgen|metanet|pipelines)(\.\w+)+")
FILES = re.compile(r"\.(py|yaml|json|md)$")
# What the variables of the prose are.
VARIABLES: dict[str, Any] = {
    "names": graphgen.NameMap,
    "Batch": metanet.Batch,
    "StatNN": metanet.StatNN,
    "batch": metanet.Batch,
    "graph": graphgen.Graph,
    "graphs": graphgen.GraphSet,
    "group": graphgen.Symmetries,
    "net": spec.Architecture,
    "part": Part,
    "scope": spec.Scope,
    "signals": pipelines.signals,
    "template": graphgen.Template,
}
# Where a name that stands alone is looked for.
OWNERS = (
    graphgen.export, graphgen.importers, metanet, metanet.constructions, graphgen.Graph,
    graphgen.Symmetries, Permutation, Backend, metanet.Editor, spec.Architecture, metanet.Metanet,
    pipelines.datasets, pipelines.inrs.decode, metanet.kernels, pipelines.training,
)  # fmt: skip
# Models and functions of others, and methods of classes that people write.
OPEN = {
    "dgl.graph((source, target), num_nodes=graph.num_nodes)",
    "editor(batch)",
    "igraph.Graph(n=graph.num_nodes, edges=graph.edge_index().T, directed=True)",
    "infer(*shapes)",
    "jraph.GraphsTuple(*graphs_tuple)",
    "shape('name')",
    "model.embed(batch)",
    'model.to("cuda")(batch.to("cuda"))',
    "torch.compile(model, dynamic=True)",
    'torch.load(weights_only=True, map_location="cpu")',
}


def calls(page: Path) -> Iterator[str]:
    yield from (code for code in inline_code(page) if CALL.fullmatch(code))


def found(name: str) -> tuple[Any, bool]:
    """Find what a name of the prose means, and whether it is called on an instance."""
    head, *rest = name.split(".")
    if head in VARIABLES and rest:
        owner, path = VARIABLES[head], rest
    elif head in ("spec", "graphgen", "metanet", "pipelines"):
        return dotted(name), False
    else:
        owner, path = next(o for o in OWNERS if hasattr(o, head)), [head, *rest]
    for part in path[:-1]:
        owner = getattr(owner, part)
    raw = inspect.getattr_static(owner, path[-1])
    is_method = inspect.isclass(owner) and not isinstance(raw, classmethod | staticmethod)
    return getattr(owner, path[-1]), is_method


def dotted(name: str) -> Any:
    """Import what a full name says; a module goes before a function of its name that leads on."""
    parts = name.split(".")
    result: Any = importlib.import_module(parts[0])
    for end, part in enumerate(parts[1:], start=2):
        module = ".".join(parts[:end])
        if end < len(parts) and is_module(module):
            result = importlib.import_module(module)
            continue
        if not hasattr(result, part):
            importlib.import_module(module)
        result = getattr(result, part)
    return result


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what it is in is no package
        return False


def check_call(text: str) -> None:
    """Compare a call of the prose with the signature; a name stands for the argument so named."""
    whole = text.removeprefix(".")
    closed = re.sub(r"(, |(?<=\())\.\.\.\)$", ")", whole)
    tree = ast.parse(closed, mode="eval").body
    assert isinstance(tree, ast.Call)
    function, is_method = found(ast.unparse(tree.func))
    errors = []
    for signature in map(inspect.signature, get_overloads(function) or [function]):
        try:
            return check_signature(text, tree, signature, is_method, closed != whole)
        except (AssertionError, TypeError, KeyError) as error:
            errors.append(error)
    raise errors[0]


def check_signature(
    text: str, tree: ast.Call, signature: inspect.Signature, is_method: bool, open_end: bool
) -> None:
    parameters = list(signature.parameters.values())[is_method:]
    bind: Callable[..., Any] = signature.bind_partial if open_end else signature.bind
    keywords = {k.arg: k.value for k in tree.keywords if k.arg}
    plain = [a for a in tree.args if not isinstance(a, ast.Starred)]
    bind(*([None] * is_method), *plain, **keywords)
    for argument, parameter in zip(tree.args, parameters, strict=False):
        if parameter.kind is parameter.VAR_POSITIONAL:
            break
        if isinstance(argument, ast.Name):
            assert argument.id == parameter.name, f"{text}: {argument.id} is {parameter.name}"
    by_name = {parameter.name: parameter for parameter in parameters}
    for starred in (a.value for a in tree.args if isinstance(a, ast.Starred)):
        assert isinstance(starred, ast.Name)
        assert by_name[starred.id].kind is inspect.Parameter.VAR_POSITIONAL, text
    for starred in (k.value for k in tree.keywords if k.arg is None):
        assert isinstance(starred, ast.Name)
        assert by_name[starred.id].kind is inspect.Parameter.VAR_KEYWORD, text
    if open_end:  # a table of what can be given: values are defaults
        for name, value in keywords.items():
            assert ast.literal_eval(value) == by_name[name].default, f"{text}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_calls_have_the_signatures_that_are_mentioned(page: Path) -> None:
    for text in calls(page):
        if text not in OPEN:
            check_call(text)


def test_how_many_calls_there_are() -> None:
    mentioned = [text for page in PAGES for text in calls(page)]
    assert len(mentioned) >= 90
    assert OPEN - set(mentioned) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_full_names_exist(page: Path) -> None:
    for code in inline_code(page):
        if DOTTED.fullmatch(code) and not FILES.search(code):
            dotted(code)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "errors.md"],  # which says what is told of mistakes
    ids=lambda page: page.name,
)
def test_commands_have_the_options_that_are_mentioned(page: Path) -> None:
    commands = [code for code in inline_code(page) if re.match(r"gmn [a-z-]+ \S", code)]
    assert [mistake(command) for command in commands if mistake(command)] == []


@pytest.mark.parametrize(
    "text",
    [
        "to_dot(graph, file)",
        "to_dot(graph, maximum=5)",
        "graphgen.verify()",
        "graphgen.symmetries(network)",
        "graphgen.loss_barrier(loss, a, b, c, d, e)",
        "MLP(net, augment=False, ...)",
        "ScaleGMN(net, both=False, ...)",
        "graph.edge_index(into=array)",
        "graph.weights(graph)",
        "spec.load(path, *variables)",
    ],
)
def test_another_signature_is_found(text: str) -> None:
    with pytest.raises((AssertionError, TypeError, KeyError)):
        check_call(text)


@pytest.mark.parametrize("name", ["graphgen.symetries", "graphgen.export.to_dott", "spec.nothing"])
def test_a_name_that_is_not_there_is_found(name: str) -> None:
    with pytest.raises(ImportError):
        dotted(name)
