"""Networks merged by commands and by recipes of mergekit; barriers between networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import graphgen
import spec
from graphgen.files import read_weights, write_weights
from graphgen.testing import random_weights
from pipelines.barriers.number_words import ALPHABET, in_words, windows
from pipelines.barriers.settings import read_settings
from pipelines.barriers.stage import measure_barriers
from pipelines.cli import main
from pipelines.errors import PipelineError
from pipelines.merging.recipe import Recipe, read_recipe
from spec.errors import SpecError

NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 5}}, relu, {linear: {out_features: 2}}]\n"
MODELS = [{"model": "a", "parameters": {"weight": 0.25}}, {"model": "b"}]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    for seed, name in enumerate("abc"):
        weights = random_weights(spec.loads(NET), np.random.default_rng(seed), np.float32)
        write_weights(f"{name}.safetensors", weights)
    return tmp_path


def run(line: str) -> dict[str, Any]:
    main(["merge", "net.yaml", *line.split(), "--json"])
    return read_weights("out.safetensors")


def same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return all(np.array_equal(found[name], expected[name]) for name in expected)


def test_networks_are_aligned_and_merged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"{name}.safetensors" for name in "abc"]
    aligned = graphgen.align("net.yaml", files).networks()
    found = run(f"{' '.join(files)} --out out.safetensors")
    assert same(found, graphgen.average(aligned))
    assert not same(found, graphgen.average(files))
    document = json.loads(capsys.readouterr().out)
    assert document["networks"] == files
    assert all(b < a for a, b in zip(document["before"][1:], document["after"][1:], strict=True))
    line = "a.safetensors b.safetensors --as-they-lie --out out.safetensors --replace"
    assert same(run(f"{line} --method slerp --share 0.3"), graphgen.slerp(*files[:2], 0.3))
    task = graphgen.task_arithmetic(files[0], files[1:2], [-0.5])
    assert same(run(f"{line} --method task_arithmetic --share -0.5"), task)
    line = f"{' '.join(files)} --as-they-lie --out out.safetensors --replace --method ties"
    assert same(run(line), graphgen.ties(files[0], files[1:]))
    assert same(run(f"{line} --density 0.5"), graphgen.ties(files[0], files[1:], density=0.5))


def test_what_grows_beyond_its_dtype_is_not_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = (
        "a.safetensors b.safetensors --as-they-lie --method task_arithmetic --out out.safetensors"
    )
    with pytest.raises(SystemExit):
        run(f"{line} --share 1e39")
    error = capsys.readouterr().err
    assert "task_arithmetic of a.safetensors, b.safetensors" in error
    assert "0.weight" in error
    assert not Path("out.safetensors").exists()
    assert np.isfinite(run(f"{line} --share 1e30")["0.weight"]).all()


def test_networks_of_unequal_widths_are_merged(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = NET.replace("5", "7")
    Path("wide.yaml").write_text(wide)
    weights = random_weights(spec.loads(wide), np.random.default_rng(8), np.float32)
    write_weights("wide.safetensors", weights)
    files = ["a.safetensors", "wide.safetensors"]
    aligned = graphgen.align(["net.yaml", "wide.yaml"], files).networks()
    found = run(f"{' '.join(files)} --net wide.yaml --out out.safetensors")
    assert same(found, graphgen.average(aligned))
    assert {name: array.shape for name, array in found.items()} == {
        name: array.shape for name, array in weights.items()
    }
    document = json.loads(capsys.readouterr().out)
    assert document["after"][1] < document["before"][1]
    for line, message in (
        ("--net wide.yaml --net wide.yaml", "for each of the 1 networks after the first"),
        ("--net wide.yaml --as-they-lie", "only if they are aligned"),
    ):
        with pytest.raises(SystemExit):
            run(f"{' '.join(files)} {line} --out other.safetensors")
        assert message in capsys.readouterr().err
        assert not Path("other.safetensors").exists()


def test_a_file_with_no_numbers_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = dict(graphgen.files.read_weights("b.safetensors"))
    name = next(n for n, array in broken.items() if array.dtype.kind == "f")
    broken[name] = np.full_like(broken[name], np.nan)
    graphgen.files.write_weights("broken.safetensors", broken)
    with pytest.raises(SystemExit):
        run("a.safetensors broken.safetensors --out out.safetensors")
    assert "broken.safetensors: weights must be finite" in capsys.readouterr().err
    assert not Path("out.safetensors").exists()


def test_statistics_are_renormalised(here: Path) -> None:
    x = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    np.save("x.npy", x)
    ends = graphgen.align("net.yaml", ["a.safetensors", "b.safetensors"]).networks()
    middle = graphgen.average(ends)
    found = run("a.safetensors b.safetensors --inputs x.npy --out out.safetensors")
    assert same(found, graphgen.renormalise("net.yaml", middle, [x], ends, [1, 1]))
    assert not same(found, middle)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("linear", ("a", "b"), (0.25, 1.0), None, "bfloat16"),
        Recipe("slerp", ("b",), (0.3,), "a", None),
        Recipe("task_arithmetic", ("a", "b"), (0.25, -1.0), "c", "float32"),
        Recipe("ties", ("a", "b"), (0.25, 1.0), "c", None, (0.5, 0.75), False, 0.5),
    ],
    ids=lambda recipe: recipe.method,
)
def test_a_recipe_is_read_as_it_was_written(recipe: Recipe, here: Path) -> None:
    recipe.write("recipe.yaml")
    assert read_recipe("recipe.yaml") == recipe
    assert yaml.safe_load(Path("recipe.yaml").read_text())["merge_method"] == recipe.method
    with pytest.raises(graphgen.GraphError, match="recipe.yaml"):
        recipe.write("recipe.yaml")


def test_a_recipe_is_carried_out(here: Path) -> None:
    text = """
models:
  - model: a.safetensors
  - model: b.safetensors
    parameters: {weight: 0.5}
  - model: c.safetensors
    parameters: {weight: 2}
merge_method: task_arithmetic
base_model: a.safetensors
parameters: {lambda: 0.5}
dtype: float16
"""
    Path("recipe.yaml").write_text(text)
    found = run("--recipe recipe.yaml --out out.safetensors")
    tasks = ["b.safetensors", "c.safetensors"]
    expected = graphgen.task_arithmetic("a.safetensors", tasks, [0.25, 1.0])
    assert {str(array.dtype) for array in found.values()} == {"float16"}
    assert same(found, {n: x.astype(np.float16) for n, x in expected.items()})


def test_what_a_recipe_says_of_all_models_gives_way_to_what_it_says_of_one(here: Path) -> None:
    text = """
models:
  - model: a.safetensors
  - model: b.safetensors
    parameters: {weight: 0.5, density: 0.25}
  - model: c.safetensors
merge_method: ties
base_model: a.safetensors
parameters: {density: 0.75, weight: 2, normalize: false, lambda: 0.5, int8_mask: true}
"""
    Path("recipe.yaml").write_text(text)
    found = run("--recipe recipe.yaml --out out.safetensors")
    files = [f"{name}.safetensors" for name in "abc"]
    expected = graphgen.ties(
        files[0], files[1:], [0.5, 2.0], density=[0.25, 0.75], normalize=False, scale=0.5
    )
    assert same(found, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merge_method": "della"}, "'della' is not carried out here"),
        ({"merge_method": None}, "`merge_method` is missing; expected one of linear"),
        ({"models": [{"model": "a", "parameters": {"weight": np.nan}}]}, "is nan; expected a fin"),
        ({"slices": []}, "`slices` is not carried out here"),
        ({"tokenizer_source": "union"}, "`tokenizer_source` is not carried out here"),
        ({"parameters": {"normalize": False}}, "`normalize: false`"),
        ({"parameters": {"density": 0.5}}, "`density` is not carried out here"),
        ({"models": [{"model": "a", "parameters": {"weight": [0, 1]}}]}, "only one number"),
        ({"models": []}, "`models` is missing"),
        ({"models": [{"model": 5}]}, "a model is 5"),
        ({"dtype": "int8"}, "expected one of float16"),
        ({"merge_method": "slerp"}, "`slerp` needs `base_model`"),
        ({"merge_method": "task_arithmetic"}, "needs `base_model`"),
        ({"merge_method": "ties"}, "needs `base_model`"),
        (
            {"merge_method": "ties", "base_model": "c", "parameters": {"density": 0}},
            "`density` is 0.0",
        ),
        (
            {
                "merge_method": "slerp",
                "base_model": "a",
                "models": [{"model": "a"}, {"model": "b"}],
                "parameters": {"t": 5},
            },
            "`t` is 5.0; expected a number from 0 to 1",
        ),
    ],
)
def test_what_is_not_carried_out_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    good = {"merge_method": "linear", "models": MODELS}
    assert read_recipe(good).shares == (0.25, 1.0)
    with pytest.raises(PipelineError, match=message):
        read_recipe({**good, **change})


@pytest.mark.parametrize(
    "line",
    [
        "--out out.safetensors",
        "a.safetensors --recipe r.yaml --out out.safetensors",
        "a.safetensors --out out.safetensors",
        "a.safetensors b.safetensors --share 1 --out out.safetensors",
        "a.safetensors b.safetensors --density 0.5 --out out.safetensors",
        "a.safetensors b.safetensors --method ties --density 2 --out out.safetensors",
        "a.safetensors b.safetensors c.safetensors --method slerp --out out.safetensors",
    ],
)
def test_a_call_that_does_not_fit_writes_nothing(line: str, here: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        run(line)
    assert stop.value.code == 2
    assert not Path("out.safetensors").exists()


def test_numbers_in_words() -> None:
    words = {in_words(number) for number in range(10_000)}
    assert len(words) == 10_000
    assert {letter for word in words for letter in word} < set(ALPHABET)
    train, test = (
        "".join(ALPHABET[c] for c in windows(40, 50, t, 0).ravel()) for t in (False, True)
    )
    held_out = {in_words(number) for number in range(7, 10_000, 10)}
    assert held_out.isdisjoint(train.split("\n")[1:-1])
    assert held_out.issuperset(test.split("\n")[:-1])


@pytest.mark.long
def test_barriers_of_small_networks(tmp_path: Path) -> None:
    common = {"steps": 3, "batch_size": 8, "learning_rate": 1e-3}
    sizes = {"channels": 1, "size": 8, "classes": 10}
    networks = {
        "mlp": {"architecture": "mlp", "variables": {**sizes, "width": 4}, "data": "digits"},
        "vit": {"architecture": "vit", "variables": {**sizes, "depth": 1}, "data": "digits"},
    }
    settings = {
        "pairs": 1, "points": 3, "seed": 0,
        "networks": {name: {**own, **common} for name, own in networks.items()},
    }  # fmt: skip
    found = measure_barriers({"barriers": settings}, tmp_path / "out")
    assert [*found["mlp"][0]["ways"]] == ["as trained", "permutations", "signs and scales too"]
    assert [*found["vit"][0]["ways"]][-2:] == ["heads mixed too", "streams rotated too"]
    for (pair,) in found.values():
        for way in pair["ways"].values():
            ends = way["losses"]["plain"][0], way["losses"]["plain"][-1]
            assert np.allclose(ends, pair["losses"], rtol=1e-4)
            assert way["distance"] <= pair["ways"]["as trained"]["distance"] * (1 + 1e-6)
    assert json.loads((tmp_path / "out/barriers.json").read_text()) == found
    assert "| mlp |" in (tmp_path / "out/table.md").read_text()
    again = measure_barriers({"barriers": settings}, tmp_path / "again")
    assert again == found


def test_settings_of_barriers() -> None:
    file = Path(__file__).parents[2] / "experiments/loss-barriers/params.yaml"
    assert [*read_settings(file)["networks"]] == ["mlp", "cnn", "residual_cnn", "vit", "gpt"]
    with pytest.raises(SpecError, match="points"):
        read_settings({"barriers": {"pairs": 1, "points": 1, "seed": 0, "networks": {}}})
