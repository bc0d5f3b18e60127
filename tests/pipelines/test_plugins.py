"""Doors: packages with entry points and modules of one's own, used by commands as ours are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from spec import plugins
from spec.registry import Registry

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "my_metanetworks"
NET = """
inputs: {image: [1, 8, 8]}
layers:
  - conv2d: {out_channels: 2, kernel_size: 3, stride: 2}
  - channel_scale
  - relu
  - flatten
  - linear: {out_features: 2}
"""
PARAMS = """
zoo:
  dataset: stripes
  count: 14
  train_samples: 64
  test_samples: 64
  architectures: [{family: cnn, file: net.yaml}]
  training: {learning_rate: {log_uniform: [1e-3, 1e-1]}, epochs: 1}
compile: {seed: 0, splits: {train: 0.5, validation: 0.25, test: 0.25}}
train:
  task: ranking
  target: test_accuracy
  seeds: [0]
  models:
    mine:
      metanet: norms
      settings: {hidden: 8}
      training:
        {epochs: 2, batch_size: 4, learning_rate: 1e-2, weight_decay: 0.0, gradient_norm: 1.0}
"""


def installed(site: Path) -> Path:
    """Put the example where `pip install --no-deps --target` would, with its entry points."""
    shutil.copytree(EXAMPLE / "my_metanetworks", site / "my_metanetworks")
    project = (EXAMPLE / "pyproject.toml").read_text()
    dist = site / "my_metanetworks-0.1.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: my-metanetworks\nVersion: 0.1.0\n")
    points = re.sub(r'\[project\.entry-points\."(.*)"\]', r"[\1]", project).replace('"', "")
    (dist / "entry_points.txt").write_text(points[points.index("[graph_metanetworks") :])
    return site


def gmn(*words: str, cwd: Path, paths: list[Path], **variables: str) -> tuple[int, str]:
    """Run `gmn` in a process of its own, which finds packages in some folders, too."""
    environ = {k: v for k, v in os.environ.items() if k != plugins.MODULES}
    environ |= {"PYTHONPATH": os.pathsep.join(map(str, [ROOT, *paths])), **variables}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "pipelines.cli", *words],
        cwd=cwd, env=environ, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def clean() -> Iterator[None]:
    """Forget what was found of plugins, before and after."""
    before = dict(spec.LAYERS)
    plugins.offered.cache_clear()
    yield
    plugins.offered.cache_clear()
    spec.LAYERS.clear()
    spec.LAYERS.update(before)


@pytest.mark.long
def test_the_example_is_used_by_all_stages(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "params.yaml").write_text(PARAMS)
    code, said = gmn("zoo", "params.yaml", "--out", "zoo", "--workers", "2", cwd=tmp_path, paths=[])
    assert code == 2
    assert "`dataset`: expected one of digits, mnist, fashion_mnist, cifar10" in said
    for words in (
        ("zoo", "params.yaml", "--out", "zoo", "--workers", "2"),
        ("compile", "zoo", "--out", "graphs"),
        ("train", "graphs", "--out", "train"),
        ("evaluate", "train", "graphs", "--out", "results"),
    ):
        code, said = gmn(*words, cwd=tmp_path, paths=[site])
        assert code == 0, said
    made = json.loads((tmp_path / "zoo" / "index.json").read_text())["made"]
    assert re.fullmatch(r"0\.1\.0 [0-9a-f]{16}", made["how"]["plugins"]["my_metanetworks"])
    run = json.loads((tmp_path / "train" / "mine-seed0" / "settings.json").read_text())
    assert run["needs"] == {"my_metanetworks": "0.1.0"}
    # Without the package, what needs it says so.
    for words in (("predict", "train/mine-seed0", "graphs"), ("compile", "zoo", "--out", "more")):
        code, said = gmn(*words, cwd=tmp_path, paths=[])
        assert code == 2
        assert re.search(r"it needs my_metanetworks 0\.1\.0[ 0-9a-f]*, which is not found", said)


@pytest.mark.long
def test_the_tests_of_the_example_pass(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, site]))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_layer_of_a_package_is_found_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None
) -> None:
    with pytest.raises(spec.SpecError, match="channel_scale"):
        spec.loads(NET)
    site = installed(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    plugins.offered.cache_clear()
    assert "channel_scale" not in spec.LAYERS
    net = spec.loads(NET)
    assert [layer.type for layer in net.layers][1] == "channel_scale"
    weights = random_weights(net, np.random.default_rng(0))
    graphs = graphgen.GraphSet.write(tmp_path / "graphs", [(net, weights, {})])
    (row,) = graphs.index["architectures"].values()
    assert row["needs"] == {"my_metanetworks": "0.1.0"}
    assert sorted(plugins.offered("signals")) == ["chirps"]
    # The package goes, and the folder says what it needs.
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_metanetworks"]:
        del sys.modules[name]
    del spec.LAYERS["channel_scale"]
    plugins.offered.cache_clear()
    with pytest.raises(graphgen.GraphError, match=r"needs my_metanetworks 0\.1\.0, which is not f"):
        graphgen.GraphSet.open(tmp_path / "graphs")[0]


def test_metanets_of_a_package_are_found_when_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None
) -> None:
    with pytest.raises(metanet.MetanetError, match="unknown metanet 'norms'"):
        metanet.make_metanet("norms")
    monkeypatch.syspath_prepend(installed(tmp_path / "site"))
    plugins.offered.cache_clear()
    monkeypatch.setattr(metanet.METANETS, "known", dict(metanet.METANETS.known))
    assert metanet.make_metanet("norms", hidden=4).settings == {"hidden": 4, "outputs": 1}
    assert "norms" in list(metanet.METANETS)
    assert "norms" not in metanet.EDITORS
    with pytest.raises(metanet.MetanetError, match="does not take these settings: layers"):
        metanet.make_metanet("norms", layers=4)


def broken(site: Path, text: str) -> None:
    """Add a package whose layer `channel_scale` is what a text says."""
    dist = site / "broken-2.0.dist-info"
    dist.mkdir(parents=True)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    (dist / "entry_points.txt").write_text(
        "[graph_metanetworks.layers]\nchannel_scale = broken_layers:thing\n"
    )
    (site / "broken_layers.py").write_text(text)


BROKEN = {
    "import nothing_of_this_name": r"the plugin broken 2\.0 \(graph_metanetworks\.layers: "
    r"channel_scale = broken_layers:thing\) cannot be loaded: ModuleNotFoundError: No module named",
    "1 / 0": "cannot be loaded: ZeroDivisionError",
    "": "cannot be loaded: AttributeError: module 'broken_layers' has no attribute 'thing'",
    "thing = 3": "layers: 'channel_scale' is 3; expected a subclass of spec.Layer",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_package_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None, text: str
) -> None:
    broken(tmp_path / "site", text)
    monkeypatch.syspath_prepend(tmp_path / "site")
    plugins.offered.cache_clear()
    sys.modules.pop("broken_layers", None)
    with pytest.raises(spec.SpecError, match=BROKEN[text]):
        spec.loads(NET)
    # Nobody else is disturbed.
    assert spec.load("mlp").name == "mlp"
    with pytest.raises(spec.SpecError, match="no layer is called|unknown|linaer"):
        spec.loads(NET.replace("channel_scale", "linaer"))


def test_one_name_of_two_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None
) -> None:
    site = installed(tmp_path / "site")
    broken(site, "thing = 3")
    monkeypatch.syspath_prepend(site)
    plugins.offered.cache_clear()
    with pytest.raises(spec.SpecError, match="add the same name; uninstall one of them"):
        spec.loads(NET)


def test_registries_take_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spec.registry.offered", lambda group: {"a": 1, "b": 2, "c": 3})
    found: dict[str, Any] = {"a": 1, "b": "two", "c": 3}
    monkeypatch.setattr("spec.registry.load_plugin", lambda group, name: found.get(name))
    monkeypatch.setattr("spec.registry.load_all", lambda group: found)
    numbers = Registry("things", {"own": 0}, lambda x: isinstance(x, int), "a number", shared=True)
    assert "own" in numbers
    assert numbers["a"] == 1
    assert list(numbers.known) == ["own", "a"]  # the others were not asked for
    assert "b" not in numbers
    assert sorted(numbers) == ["a", "c", "own"]
    assert len(numbers) == 3
    with pytest.raises(spec.SpecError, match="the name 'own' is taken"):
        numbers.register("own")(5)
    with pytest.raises(spec.SpecError, match="'d' is 'x'; expected a number"):
        numbers.register("d")("x")
    alone = Registry("things", {}, lambda x: isinstance(x, int), "a number")
    with pytest.raises(spec.SpecError, match="'b' is 'two'; expected a number"):
        alone["b"]


MODULE = """
from spec import Layer, register

@register("twice")
class Twice(Layer):
    '''Add a value to itself.'''
    def expand(self, scope, *inputs):
        return scope.combine("add", inputs[0], inputs[0])
"""


def test_a_module_of_ones_own_is_imported_by_each_command(tmp_path: Path) -> None:
    (tmp_path / "my_module.py").write_text(MODULE)
    (tmp_path / "net.yaml").write_text(
        "inputs: {x: [3]}\nlayers: [linear: {out_features: 2}, twice]"
    )
    words = ("symmetries", "net.yaml")
    code, said = gmn(*words, cwd=tmp_path, paths=[])
    assert code == 2
    assert "twice" in said
    code, said = gmn(*words, "--import", "my_module", cwd=tmp_path, paths=[])
    assert code == 0, said
    assert gmn(*words, cwd=tmp_path, paths=[], GMN_IMPORT="my_module") == (0, said)
    code, said = gmn(*words, "--import", "no_module", cwd=tmp_path, paths=[])
    assert code == 3  # as where any library is missing
    assert "the module 'no_module' cannot be imported: ModuleNotFoundError" in said
