"""The identity of a zoo: what was made otherwise is never mixed, nor left alone in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from zoo_toys import contents, use_toys

from graphgen import GraphError
from graphgen.files import write_document
from pipelines import PipelineError, provenance
from pipelines.inrs import generate as generate_inrs
from pipelines.provenance import imported
from pipelines.zoo import generate, open_zoo
from pipelines.zoo import work as work_module
from pipelines.zoo.index import INDEX, ZOO
from pipelines.zoo.work import GRAPHS

OTHER = {
    "code": ("made by other code", "code: "),
    "how": ("made in another way", "how.stack: 3 there, nothing now"),
    "with": ("begun with other versions", 'with.torch: "1.0" there, '),
}


@pytest.fixture
def make(
    write_zoo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    use_toys(monkeypatch)
    settings = write_zoo(count=5, networks_per_shard=2)

    def made(**options: Any) -> dict[str, Any]:
        return generate(settings, tmp_path / "zoo", **options)

    return made


def remake(folder: Path, finished: bool, change: Callable[[dict[str, Any]], None]) -> None:
    """Change by what a zoo was made; one that is not `finished` lacks its last shard."""
    index = json.loads((folder / INDEX).read_text())
    change(index)
    content = {k: v for k, v in index.items() if k not in ("format", "version", "hash")}
    write_document(folder / INDEX, ZOO, content)
    if not finished:
        (folder / "shard-00002.safetensors").unlink()


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("what", OTHER)
def test_a_zoo_that_was_made_otherwise_is_refused_and_replaced(
    make: Callable[..., dict[str, Any]], tmp_path: Path, what: str, finished: bool
) -> None:
    index, folder = make(), tmp_path / "zoo"
    other = {"code": "0", "how": {"device": "cuda", "stack": 3}, "with": {"torch": "1.0"}}[what]
    remake(folder, finished, lambda index: index["made"].update({what: other}))
    if what == "with" and finished:
        assert make()["made"]["with"] == other  # whole: no network of another version comes to it
        return
    before = contents(folder)
    with pytest.raises(PipelineError) as caught:
        make()
    words, line = OTHER[what]
    assert f"{folder}: holds a zoo {words}" in str(caught.value)
    assert line in str(caught.value)
    assert "--replace" in str(caught.value)
    assert contents(folder) == before
    assert make(replace=True) == index


def test_a_zoo_of_the_time_before_counts_as_made_by_other_code(
    make: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    index = make()
    remake(tmp_path / "zoo", True, lambda index: index.pop("made"))
    with pytest.raises(PipelineError, match="made by other code:\n  code: nothing there"):
        make()
    assert make(replace=True) == index


def test_control_equal_code_is_gone_on_with(
    make: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    index = make()
    before = contents(tmp_path / "zoo")
    remake(tmp_path / "zoo", False, lambda index: None)
    assert make() == make(replace=True) == index
    assert contents(tmp_path / "zoo") == before


def test_stacks_are_another_way_whatever_the_number_of_the_card(
    make: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    module = import_module("pipelines.zoo.generate")
    monkeypatch.setattr(module, "devices_of", lambda name: [name])
    for stack, how in ((None, 256), (7, 7)):
        with pytest.raises(PipelineError, match=f"(?s)made by other code|nothing there, {how}"):
            make(device="cuda:1", stack=stack)
    seen = []
    monkeypatch.setattr(module, "make_zoo", lambda out, settings, work, *_: seen.append(work))
    for device in ("cuda", "cuda:1"):
        make(device=device)
    assert [work.how for work in seen] == [{"device": "cuda", "stack": 256}] * 2


def test_any_device_is_all_gpus_or_one_by_one(
    make: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, seen = import_module("pipelines.zoo.generate"), []
    monkeypatch.setattr(module, "make_zoo", lambda _, __, work, workers, *___: seen.append(work))
    for count in (0, 2):
        monkeypatch.setattr("torch.cuda.device_count", lambda count=count: count)
        make(device="auto")
    assert [work.how for work in seen] == [{}, {"device": "cuda", "stack": 256}]
    assert {call[-1] for call in seen[1].calls(list(range(8)))} == {"cuda:0", "cuda:1"}


def test_the_code_of_a_zoo_is_all_that_changes_its_networks() -> None:
    zoo = imported("pipelines.zoo.task", apart=GRAPHS)
    inrs = imported("pipelines.inrs.task", apart=GRAPHS)
    both = {
        "spec.expand", "spec.load", "spec.layers.linear", "spec.layers.p4_conv2d",
        "metanet.evaluate.network", "metanet.evaluate.contract", "metanet.evaluate.window",
        "metanet.evaluate.scan", "pipelines.datasets.digits", "pipelines.datasets.cifar10",
        "pipelines.zoo.ranges", "pipelines.zoo.architectures", "pipelines.zoo.record",
        "pipelines.zoo.reproducibly",
    }  # fmt: skip
    assert both <= zoo & inrs
    stages = ("fit", "fit_stack", "feed", "schedule", "sampling", "stacked_optimizers", "settings")
    assert {f"pipelines.zoo.{name}" for name in stages} <= zoo
    names = ("fit", "decode", "members", "conventions", "settings")
    assert {f"pipelines.inrs.{name}" for name in names} <= inrs
    assert {"pipelines.signals.solids", "pipelines.signals.sine_waves"} <= inrs
    # Control: what has no say is not in it.
    for module in (
        "pipelines.zoo.store",
        "pipelines.workers.pool",
        "pipelines.cli",
        "metanet.models",
        "metanet.options",
        "graphgen",
        "graphgen.matching",
        "graphgen.importers.onnx",
        "graphgen.lower.parameter",
    ):
        assert module not in zoo | inrs


def test_a_name_of_a_lazy_package_counts_as_the_module_that_it_is_of() -> None:
    # The package alone lists hundreds of modules that the importing one never runs.
    found = imported("metanet.batch")
    assert "graphgen.graph_set" in found
    assert not {"graphgen.matching", "graphgen.symmetry", "graphgen"} & found
    # So does one that is taken from the package imported whole.
    found = imported("metanet.models.probes")
    assert {"graphgen.neurons", "graphgen.compile"} <= found
    assert "graphgen.surgery.prune" not in found
    # Control: it counts where it is used.
    assert "graphgen.matching.matching" in imported("pipelines.matching")


def test_the_code_of_a_run_has_the_kernels_in_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "metanet.kernels" in imported("pipelines.training.run")
    assert "metanet.kernels" not in imported("pipelines.zoo.task")  # control
    package = tmp_path / "kernels"
    (package / "source").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(provenance, "imported", lambda *modules, apart: {"kernels"})
    monkeypatch.setattr(provenance, "source_file", lambda name: package / "__init__.py")
    identities = set()
    for text in ("double one = 1;", "double one = 2;", "double one = 1;"):
        (package / "source" / "one.c").write_text(text)
        identities.add(provenance.code_of.__wrapped__("kernels"))
    assert len(identities) == 2


def test_every_kind_of_zoo_says_by_what_it_was_made(
    make: Callable[..., dict[str, Any]],
    write_inrs: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = make()["made"]
    two = generate_inrs(write_inrs(tmp_path / "inrs"), tmp_path / "inrs" / "zoo")["made"]
    assert one["how"] == two["how"] == {}
    assert one["code"] != two["code"]
    assert one["with"] == two["with"] == work_module.made_with()
    assert open_zoo(tmp_path / "zoo")["made"] == one
    with pytest.raises(GraphError, match="holds other things"):
        generate_inrs(tmp_path / "inrs" / "params.yaml", tmp_path / "inrs")
