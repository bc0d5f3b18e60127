"""What the page shows of values: one by one, in bins, and counted, against slow oracles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from drawing.values_pages import (
    bins_by_hand,
    bins_display,
    exact_display,
    expected_display,
    with_values,
)

import graphgen
import spec
from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.values import page_data
from graphgen.drawing.values.bins import Bins, binned, bins_of, bins_of_block
from graphgen.drawing.values.blocks import BlockValues
from graphgen.drawing.values.budget import EXACT_BLOCK, EXACT_PAGE, plan
from graphgen.drawing.values.packing import Buffer, Lists, rounded
from graphgen.drawing.values.statistics import Statistics, quantile
from graphgen.drawing.values.tiles import displayed, scalars, tiles
from graphgen.errors import GraphError
from graphgen.files import write_weights
from graphgen.testing import random_weights

SMALL = ("cnn", "gpt2", "mixer", "p4_cnn", "unet")
WIDE = "inputs: {x: [300]}\nlayers:\n  - linear: {out_features: 500, name: wide}\n  - relu\n"
WIDE += "  - linear: {out_features: 700, name: head}\n"


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("net", SMALL)
def test_each_exact_value_lies_where_its_edge_is(net: str) -> None:
    weights = random_weights(net, rng(), np.float32)
    page, numbers = page_data(net, weights)
    template = graphgen.template(net)
    turned = 0
    for index in with_values(page):
        expected = expected_display(template, weights, index)
        shown = exact_display(page, numbers, index)
        np.testing.assert_array_equal(shown, expected)
        turned += not np.array_equal(shown[::-1], expected)
    assert turned > 0  # control: the rows upside down are others


def test_values_that_are_not_finite_stay_and_are_counted() -> None:
    weights = random_weights("mlp", rng(), np.float32)
    weights["1.weight"][0, :3] = np.nan, np.inf, -np.inf
    page, numbers = page_data("mlp", weights)
    (index,) = (k for k, block in enumerate(page["blocks"]) if block["tensor"] == "1.weight")
    shown = exact_display(page, numbers, index)
    np.testing.assert_array_equal(shown[0, :3], weights["1.weight"][0, :3])
    found = page["blocks"][index]["statistics"]
    rest = weights["1.weight"][np.isfinite(weights["1.weight"])].astype(np.float64)
    assert (found["nan"], found["inf"], found["count"]) == (1, 2, rest.size + 3)
    assert found["mean"] == pytest.approx(rest.mean(), rel=1e-12)
    assert found["max"] == rest.max()
    json.dumps(page, allow_nan=False)  # the outputs are NaN, and said to be nothing


@pytest.mark.parametrize(
    "dtype", ["bfloat16", "float8_e4m3fn", "float16", "float64", "int8", "uint16", "bool"]
)
def test_statistics_are_exact_in_every_dtype(dtype: str) -> None:
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    values = (rng().normal(size=70_001) * 3).astype(kind)
    found = Statistics.of(lambda: pieces_of(values, 1000))
    wide = values.astype(np.float64)
    plain = found.plain()
    assert plain["count"] == values.size
    assert plain["mean"] == pytest.approx(wide.mean(), rel=1e-11)
    assert plain["std"] == pytest.approx(wide.std(), rel=1e-11)
    assert plain["rms"] == pytest.approx(np.sqrt(np.square(wide).mean()), rel=1e-11)
    assert (plain["min"], plain["max"]) == (wide.min(), wide.max())
    assert plain["zeros"] == np.count_nonzero(wide == 0)
    sizes = np.abs(wide.astype(np.float32))
    assert plain["q995"] == np.quantile(sizes, 0.995, method="inverted_cdf")
    assert plain["q995"] != np.quantile(sizes, 0.98, method="inverted_cdf") or kind.kind in "iub"
    shares = quantile(found.high)
    assert shares == pytest.approx(plain["q995"], rel=0.01)


def pieces_of(values: Any, size: int) -> list[Any]:
    whole = values if values.dtype.kind != "b" else values.view(np.uint8)
    whole = whole if whole.dtype.kind in "fiu" else whole.astype(np.float32)
    return [whole[begin : begin + size] for begin in range(0, whole.size, size)]


def test_a_large_mean_does_not_drown_the_deviation() -> None:
    values = 1e6 + rng().normal(size=10_000)
    found = Statistics.of(lambda: pieces_of(values, 300)).plain()
    assert found["std"] == pytest.approx(values.std(), rel=1e-9)
    naive = np.sqrt(np.mean(values.astype(np.float32) ** 2) - values.astype(np.float32).mean() ** 2)
    assert naive != pytest.approx(values.std(), rel=1e-3)  # control: one pass in float32


def test_the_histogram_counts_every_finite_value() -> None:
    values = rng().normal(size=5000).astype(np.float32)
    values[:2] = 1e6, -1e6
    found = Statistics.of(lambda: [values])
    bars = found.histogram()
    assert bars is not None
    assert (bars["below"], bars["above"]) == (1, 1)
    assert sum(bars["counts"]) + 2 == values.size
    edges = np.linspace(bars["low"], bars["high"], 49)
    inside = values[(values >= bars["low"]) & (values <= bars["high"])].astype(np.float64)
    expected = np.histogram(inside, edges)[0]
    assert np.abs(expected - bars["counts"]).sum() <= 2  # a value may round over an edge


@pytest.mark.parametrize("values", [[], [np.nan, np.inf], [0.0, 0.0], [3.0], [1e-45, -1e-45]])
def test_odd_values_have_statistics(values: list[float]) -> None:
    found = Statistics.of(lambda: [np.array(values, dtype=np.float64)])
    json.dumps([found.plain(), found.histogram()], allow_nan=False)
    assert found.plain()["count"] == len(values)


@pytest.mark.parametrize("most", [7, 64, 10**6])
def test_tiles_cover_a_display_once(most: int) -> None:
    template = graphgen.template("unet")
    weights = random_weights("unet", rng(), np.float32)
    for block in template.blocks[:12]:
        if block.tensor is None:
            continue
        array = np.asfortranarray(weights[block.tensor])
        found = np.full(MatrixView(block).shape, np.nan, dtype=np.float32)
        for values, rows, columns in tiles(block, array, most):
            assert values.size <= most
            assert np.isnan(found[np.ix_(rows, columns)]).all()
            found[np.ix_(rows, columns)] = values
        np.testing.assert_array_equal(found, displayed(block, weights[block.tensor]))


def test_a_reused_scalar_is_counted_once() -> None:
    template = graphgen.template("cnn", kind="computation")
    weights = random_weights("cnn", rng(), np.float32)
    block = next(b for b in template.blocks if b.tensor == "0.weight")
    assert block.num_edges > sum(piece.size for piece in scalars(block, weights["0.weight"]))


def test_bins_are_root_mean_squares_of_whole_cells() -> None:
    net = spec.loads(WIDE)
    weights = random_weights(net, rng(), np.float32)
    weights["head.weight"][0, 0] = np.nan
    page, numbers = page_data(net, weights)
    template = graphgen.template(net)
    some = [k for k in with_values(page) if page["blocks"][k]["values"]["mode"] == "bins"]
    assert len(some) == 2
    for index in some:
        block, values = template.blocks[index], page["blocks"][index]["values"]
        rows, columns = bins_of_block(block, 64)
        assert (values["rows"], values["columns"]) == (rows.count, columns.count)
        display = displayed(block, weights[str(block.tensor)])
        expected = bins_by_hand(display, rows, columns)
        shown = bins_display(page, numbers, index)
        np.testing.assert_allclose(shown, expected, rtol=2**-10)
        assert not np.allclose(shown[::-1], expected, rtol=2**-10)  # control
        norms = numbers[values["row_rms"] :][: values["row_rms_count"]]
        by_row = np.sqrt(np.nanmean(np.square(display.astype(np.float64)), axis=1))
        np.testing.assert_allclose(norms, by_row, rtol=2**-10)
        norms = numbers[values["column_rms"] :][: values["column_rms_count"]]
        by_column = np.sqrt(np.nanmean(np.square(display.astype(np.float64)), axis=0))
        np.testing.assert_allclose(norms, by_column, rtol=2**-10)


def test_bins_without_a_finite_value_are_nan() -> None:
    net = spec.loads(WIDE)
    block = next(b for b in graphgen.template(net).blocks if b.tensor == "wide.weight")
    array = np.full((500, 300), np.nan, dtype=np.float32)
    rows, columns = bins_of_block(block, 64)
    array[:, columns.edges[1] :] = 1
    found = binned(block, array, rows, columns)
    assert np.isnan(found.rms[:, 0]).all()
    assert (found.rms[:, 1:] == 1).all()
    assert (found.row_rms == 1).all()


@pytest.mark.parametrize(
    ("cells", "taps", "grain", "count"),
    [(768, 9, 0, 64), (3, 16, 0, 48), (2304, 1, 64, 36), (1000, 1, 0, 50), (50_257, 1, 0, 64)],
)
def test_bins_are_alike_and_within_their_grain(
    cells: int, taps: int, grain: int, count: int
) -> None:
    bins = bins_of(cells, taps, 64, grain)
    assert bins.count == count
    assert (bins.edges[0], bins.edges[-1]) == (0, cells * taps)
    sizes = np.diff(bins.edges)
    assert sizes.max() - sizes.min() <= taps
    if grain:
        assert grain % (sizes[0] // taps) == 0
    if bins.whole:
        assert (np.bincount(bins.of_cells()) * taps == sizes).all()


def test_the_plan_keeps_to_its_bounds() -> None:
    net = spec.load(Path(spec.__file__).parent / "nets" / "resnet.yaml", width=64)
    template = graphgen.template(net)
    blocks = {k: block for k, block in enumerate(template.blocks) if block.tensor is not None}
    found = plan(blocks)
    sizes = [blocks[k].num_edges for k in found.exact]
    assert max(sizes) <= EXACT_BLOCK
    assert sum(sizes) <= EXACT_PAGE
    assert found.exact | set(found.bins) == set(blocks)
    assert len(plan(blocks, times=3).exact) < len(found.exact)
    assert plan(blocks, most_bytes=1000).means is False


def test_rounding_is_to_ten_bits() -> None:
    values = rng().normal(size=1000).astype(np.float32)
    found = rounded(values)
    np.testing.assert_allclose(found, values, rtol=2**-11 * 1.001)
    assert not np.allclose(found, values, rtol=2**-13)
    assert (found.view(np.uint32) & 0x1FFF == 0).all()
    odd = rounded(np.array([np.nan, np.inf, -np.inf, 0.0]))
    np.testing.assert_array_equal(odd, [np.nan, np.inf, -np.inf, 0.0])


def test_lists_are_written_once() -> None:
    lists = Lists()
    assert [lists.add([1, 2]), lists.add(np.array([3])), lists.add([1, 2])] == [0, 1, 0]
    assert lists.plain() == [[1, 2], [3]]
    assert lists.size == 2  # 2 follows from 1
    lists.add(np.array([0.5, 0.5, 2.0]))
    assert lists.size == 4


def test_a_file_and_its_arrays_give_one_page(tmp_path: Path) -> None:
    weights = random_weights("mlp", rng(), np.float32)
    write_weights(tmp_path / "own.safetensors", weights)
    page, numbers = page_data("mlp", tmp_path / "own.safetensors")
    graph = graphgen.compile("mlp", weights)
    for again, others in (page_data("mlp", weights), page_data(graph)):
        np.testing.assert_array_equal(numbers, others)
        assert {**again, "name": ""} == {**page, "name": ""}


def test_without_weights_there_is_structure() -> None:
    page, numbers = page_data("mlp")
    assert numbers.size == 0
    assert all(block["values"] is None for block in page["blocks"])
    assert page["symmetries"]["families"]
    json.dumps(page, allow_nan=False)


def test_a_tied_block_has_a_matrix_of_its_own() -> None:
    weights = random_weights("gpt2", rng(), np.float32)
    template = graphgen.template("gpt2")
    buffer = Buffer()
    values = BlockValues(template, buffer)
    tied = next(k for k, block in enumerate(template.blocks) if block.tied)
    owner = next(
        k
        for k, block in enumerate(template.blocks)
        if block.tensor == template.blocks[tied].tensor and not block.tied
    )
    array = weights[str(template.blocks[tied].tensor)]
    first, second = values.shown(owner, array), values.shown(tied, array)
    assert first["statistics"] == second["statistics"]
    assert first["values"] != second["values"]


def test_weights_beside_a_graph_are_refused() -> None:
    weights = random_weights("mlp", rng())
    with pytest.raises(GraphError, match="leave them out"):
        page_data(graphgen.compile("mlp", weights), weights)
    with pytest.raises(GraphError, match="`examples`"):
        page_data("mlp", weights, examples=-1)


def test_bins_say_where_cells_are_cut() -> None:
    assert Bins(3, 16, 48).whole is False
    assert Bins(100, 1, 50).whole is True
