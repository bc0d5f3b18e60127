"""Every load ends soon and in little memory, whatever a description asks for."""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import time
from typing import TYPE_CHECKING, Any

import pytest

import spec
from spec.errors import MAX_PROBLEMS
from spec.layer_entry import MAX_LAYERS
from spec.plain import MAX_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0
MEGABYTES = 1024


def text_of(layers: Any, shape: list[int] | None = None, **keys: Any) -> str:
    """Write a description as JSON, which is YAML but for two numbers."""
    text = json.dumps({"inputs": {"x": shape or [8]}, **keys, "layers": layers})
    return text.replace("NaN", ".nan").replace("Infinity", ".inf")


def repeated(inner: list[Any], depth: int = 3, times: int = 1000) -> list[Any]:
    for _ in range(depth):
        inner = [{"repeat": {"times": times, "layers": inner}}]
    return inner


def calling(last: list[Any], blocks: int = 14, times: int = 4) -> dict[str, Any]:
    chain = {f"b{i}": {"layers": [f"b{i + 1}"] * times} for i in range(blocks - 1)}
    return {**chain, f"b{blocks - 1}": {"layers": last}}


def parallels(depth: int) -> list[Any]:
    return repeated([{"parallel": {"branches": [[], []]}}] * 9, depth)


LINEAR = {"linear": {"out_features": "${8 + 0 * i}"}}
LARGE = "${" + "len([i]) + " * 80 + "8}"
LONG: dict[str, str] = {
    "loops around nothing": text_of(repeated([])),
    "loops around what is off": text_of(repeated([{"relu": {"when": False}}])),
    "loops around a mistake": text_of(repeated(["rellu"])),
    "loops around an unknown variable": text_of(repeated([{"linear": {"out_features": "$q"}}])),
    "loops around a wrong shape": text_of(
        repeated([{"conv2d": {"out_channels": 1, "kernel_size": 2}}])
    ),
    "loops around layers": text_of(repeated(["relu"])),
    "loops around layers with expressions": text_of(repeated([LINEAR])),
    "loops around long expressions": text_of(repeated([{"linear": {"out_features": LARGE}}])),
    "loops around large lists": text_of(
        repeated([{"linear": {"out_features": "${len([0] * 9999) + len([i] * 9) - 10000}"}}])
    ),
    "loops around long names": text_of(
        repeated([{"relu": {"name": "$t$i"}}]), vars={"t": "x" * 990}
    ),
    "loops around long lists": text_of(
        repeated([{"split": {"sizes": "$t"}}]), vars={"t": [1] * 999}
    ),
    "loops around written lists": text_of(repeated([{"split": {"sizes": ["$i"] * 9_999}}])),
    "loops around branches": text_of(parallels(2)),
    "loops around names": text_of(repeated([{"relu": {"inputs": "a." * 300 + "x"}}])),
    "loops around recurrences": text_of(
        repeated([{"lstm": {"hidden_size": 8, "num_layers": 1000, "bidirectional": True}}]), [2, 8]
    ),
    "loops around variables": text_of(repeated([]), vars={f"v{n}": n for n in range(20_000)}),
    "blocks that call each other": text_of(["b0"], blocks=calling(["relu"])),
    "blocks that call each other for nothing": text_of(["b0"], blocks=calling([])),
    "blocks that call each other for a mistake": text_of(["b0"], blocks=calling(["rellu"])),
    "a block that calls itself": text_of(["b"], blocks={"b": {"layers": ["b", "b", "b", "b"]}}),
    "a name for each of many mistakes": text_of([f"rellu{n}" for n in range(30_000)]),
    "many wrong fields": text_of([{"linear": {"out_feature": n}} for n in range(15_000)]),
    "wrong fields deep inside": text_of(
        [{"residual": {"body": [{"linear": {"out_feature": n}} for n in range(15_000)]}}]
    ),
    "many layers": text_of(["relu"] * 60_000),
    "many expressions": text_of(
        [{"linear": {"out_features": f"${{{n} + 1}}"}} for n in range(15_000)]
    ),
    "many long expressions": text_of(
        [{"linear": {"out_features": "${" + f"{n}" + " + 1" * 60 + "}"}} for n in range(9_000)]
    ),
    "many wrong expressions": text_of(
        [{"linear": {"out_features": "${" + f"{n}" + " + 1" * 200 + "}"}} for n in range(4_000)]
    ),
    "many blocks": text_of([], blocks={f"b{n}": {"layers": ["rellu"]} for n in range(15_000)}),
    "many variables": text_of(
        ["$v9"], vars={f"v{n}": f"${{v{max(n - 1, 0)}}}" for n in range(9_000)}
    ),
    "many inputs": text_of(["relu"]).replace(
        '"x":', "".join(f'"x{n}": [1], ' for n in range(9_000)) + '"x":'
    ),
    "a long key": text_of([{"a" * 1_000_000: {}}]),
    "a long string": text_of([{"relu": {"name": "a" * 1_000_000}}]),
    "a long expression": text_of([{"relu": {"name": "$a" * 1_000_000}}]),
    "many names of one layer": text_of([{"add": {"inputs": ["x"] * 60_000}}]),
}  # fmt: skip


@contextlib.contextmanager
def soon(seconds: float = SECONDS) -> Iterator[None]:
    """Allow so many seconds of a machine that takes 50 ms for a million additions.

    Virtual processors are at times half as fast as at others. What the tests before have left in
    memory is not gone through by the collector, as nobody else has it there.
    """
    paces = [pace()]
    gc.freeze()
    try:
        start = time.process_time()
        yield
        taken = time.process_time() - start
    finally:
        gc.unfreeze()
    paces.append(pace())
    assert taken < seconds * min(4, max(1, *paces)), f"{taken:.2f} s, at {paces} times the pace"


def pace() -> float:
    start = time.process_time()
    sum(n + 1 for n in range(1_000_000))
    return (time.process_time() - start) / 0.05


def problems(text: str) -> tuple[spec.Problem, ...]:
    with soon():
        with pytest.raises(spec.SpecError) as caught:
            spec.loads(text)
        message = str(caught.value)
    assert len(message) < 200_000
    return caught.value.problems


SOME = (
    "loops around nothing", "loops around what is off", "loops around a mistake",
    "blocks that call each other for nothing", "many long expressions", "wrong fields deep inside",
)  # fmt: skip


@pytest.mark.parametrize(
    "what", [what if what in SOME else pytest.param(what, marks=pytest.mark.long) for what in LONG]
)
def test_every_load_ends_soon(what: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = problems(LONG[what])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
    assert all(problem.mark for problem in found)


LONG_AXIS = 10**12
CHOICES: dict[str, list[int]] = {
    "pad: {pad: [10, 99999999999]}": [4, LONG_AXIS + 10 + 99_999_999_999],
    "pad: {pad: [3, -4], mode: reflect}": [4, LONG_AXIS - 1],
    "pad: {pad: [-3, 9999999999], mode: circular}": [4, LONG_AXIS + 9_999_999_996],
    "flip: {dims: 2}": [4, LONG_AXIS],
    "roll: {shifts: -7, dims: 2}": [4, LONG_AXIS],
    "slice: {dim: 2, start: -1, step: -2}": [4, LONG_AXIS // 2],
    "select: {dim: 2, index: -1}": [4],
    "narrow: {dim: 2, start: 3, length: 999999999}": [4, 999_999_999],
    "chunk: {chunks: 7, dim: 2, index: 6}": [4, LONG_AXIS - 6 * -(-LONG_AXIS // 7)],
    "tile: {dims: [1000]}": [4, 1000 * LONG_AXIS],
    "expand: {shape: [9, 4, -1]}": [9, 4, LONG_AXIS],
    "repeat_interleave: {repeats: 999, dim: 2}": [4, 999 * LONG_AXIS],
    "conv1d: {out_channels: 2, kernel_size: 4, padding: same, padding_mode: circular}": [
        2, LONG_AXIS],
    "relative_position_bias: {num_heads: 2, max_distance: 99}": [2, 4, 4],
    "arange: {end: 1.0e12}": [LONG_AXIS],
    "band_mask: {rows: 1000000, before: 3}": [10**6, 10**6],
}  # fmt: skip


@pytest.mark.parametrize("layer", CHOICES)
def test_axes_of_any_size_are_read_soon(layer: str) -> None:
    with soon(1):
        net = spec.loads(f"inputs: {{x: [4, {LONG_AXIS}]}}\nlayers: [{{{layer}}}]")
    assert [*net.output_shapes[0]] == CHOICES[layer]


@pytest.mark.parametrize(
    ("shape", "layer", "told"),
    [
        ([4, 8], "tile: {dims: [1001]}", "repeats an axis more than 1,000 times"),
        ([70000, 8], "relative_position_bias: {num_heads: 2}", "at most 65,536 queries"),
        ([4, 8], "relative_position_bias: {num_heads: 2, num_buckets: 3}", "expected at least 4"),
        ([4, 8], "window_position_bias: {num_heads: 2, window_size: 65}", "at most 4,096 can be"),
        ([4, 8], "alibi: {num_heads: 1001}", "expected an integer from 1 to 1,000"),
    ],
)
def test_choices_of_many_items_are_bounded(shape: list[int], layer: str, told: str) -> None:
    with pytest.raises(spec.SpecError, match=told):
        spec.loads(f"inputs: {{x: {shape}}}\nlayers: [{{{layer}}}]")


def test_what_is_within_the_limits_loads() -> None:
    net = spec.loads(text_of(repeated(["relu"], 2, 100)))
    assert len(net.layers) == MAX_LAYERS
    assert len(spec.loads(text_of(repeated([LINEAR], 2, 40))).layers) == 1_600
    off = repeated([{"relu": {"when": "${i == 0}"}}], 2, 100)
    assert len(spec.loads(text_of(off)).layers) == 100
    assert len(spec.loads(text_of(["b0"], blocks=calling(["relu"], 6))).layers) == 1024


def test_the_first_hundred_mistakes_are_told() -> None:
    text = text_of([{"linear": {"out_features": f"$q{n}"}} for n in range(MAX_PROBLEMS)])
    for more in ("", ', "$q"'):
        with pytest.raises(spec.SpecError) as caught:
            spec.loads(f"{text[:-2]}{more}]}}")
        assert len(caught.value.problems) == MAX_PROBLEMS
        assert str(caught.value).endswith("These are the first 100 problems; there may be more.")
    with pytest.raises(spec.SpecError) as caught:
        spec.loads(text_of([{"linear": {"out_features": f"$q{n}"}} for n in range(99)]))
    assert len(caught.value.problems) == 99
    assert "first 100" not in str(caught.value)


LARGEST = 2**63 - 1
SIZES = [  # an input's shape, layers, and words of what is wrong
    ([2**63], [], "at most 2^63 - 1"), ([MAX_INTEGER - 1], [], "at most 2^63 - 1"),
    ([0], [], "at least 1"), ([-3], [], "at least 1"), ([True], [], "got true"),
    ([1.5], [], "got 1.5"), ([2**62, 2], [], "more than 2^63 - 1 elements"),
    ([1] * 25, [], "at most 24 axes"), ([4.0], [], "got 4.0"),
    ([8], [{"linear": {"out_features": 2**63}}], "at most 2^63 - 1"),
    ([8], [{"linear": {"out_features": LARGEST}}], "more than 2^63 - 1 elements"),
    ([8], [{"linear": {"out_features": "${2 ** 900}"}}], "at most 2^63 - 1"),
    ([8], [{"linear": {"out_features": 10**400}}], "too large"),
    ([8], [{"linear": {"out_features": float("inf")}}], "inf"),
    ([8], [{"linear": {"out_features": float("nan")}}], "nan"),
    ([8], [{"linear": {"out_features": True}}], "true"),
    ([8], [{"linear": {"out_features": "${true}"}}], "true"),
    ([2, 8], [{"lstm": {"hidden_size": 2, "num_layers": 10**18}}], "to 1,000"),
    ([2], [{"hash_encoding": {"levels": 10**18}}], "to 1,000"),
    ([2], [{"hash_encoding": {"levels": 900, "growth": 1e300}}], "intervals"),
    ([2**62], [{"split": {"sections": 2**62}}], "to 1,000"),
    ([8], [{"split": {"sizes": [1] * 1_001}}], "at most 1,000 entries"),
    ([8], [{"reshape": {"shape": [1] * 30 + [8]}}], "at most 24 axes"),
    ([8], [{"reshape": {"shape": [2**62, 2**62, -1]}}], "do not divide"),
    ([2, 4, 4], [{"conv2d": {"out_channels": 2, "kernel_size": 1, "padding": LARGEST}}],
     "elements"),
    ([2, 4, 4], [{"upsample": {"scale_factor": LARGEST}}], "elements"),
    ([2, 4, 4], [{"adaptive_avg_pool2d": {"output_size": LARGEST}}], "elements"),
    ([2, 8], [{"multihead_attention": {"num_heads": 2, "head_dim": LARGEST}}], "elements"),
    ([2, 4], [{"mean": {"dim": 2**70}}], "from -24 to 24"),
    ([4], [{"mean": {"dim": 1}}, "batch_norm"], "`batch_norm` needs an axis of channels"),
    ([4], [{"mean": {"dim": 1}}, {"group_norm": {"num_groups": 1}}], "needs an axis of channels"),
    ([4], [{"mean": {"dim": 1}}, "layer_norm"], "is not the end of [N]"),
    ([4], [{"mean": {"dim": 1}}, "rms_norm"], "is not the end of [N]"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "layers", "words"), SIZES)
def test_sizes_have_bounds(shape: list[Any], layers: list[Any], words: str) -> None:
    found = problems(text_of(layers, shape))
    assert words in "\n".join(map(str, found))
    assert all(problem.mark for problem in found)


def test_the_largest_sizes_load() -> None:
    assert spec.loads(text_of(["relu"], [LARGEST])).output_shapes == ((LARGEST,),)
    pool = {"max_pool2d": {"kernel_size": [3, 1]}}
    residual = {"residual": {"body": [pool], "shortcut": "auto"}}
    assert spec.loads(text_of([residual], [2, LARGEST // 2, 1])).output_shapes[0][1] > 2**60
    net = spec.loads(text_of([{"linear": {"out_features": LARGEST // 8, "bias": False}}]))
    assert spec.from_resolved(net.resolved()).hash == net.hash
    assert str(LARGEST // 8) in str(net)


def test_values_between_layers_have_names_of_their_own() -> None:
    for names in (("a", "a/0"), ("a/0", "a")):
        layers = [{"linear": {"out_features": 8, "name": name}} for name in names]
        assert "two " in str(problems(text_of(layers))[0])


WORKING = {  # descriptions that ask for much by little
    "collected": "layers:\n"
    " - repeat: {times: 1000, collect: a, layers: [relu]}\n"
    " - repeat: {times: 1000, collect: b, layers: [{add: {inputs: a}}, relu]}\n"
    " - add: {inputs: b}",
    "so far": "layers:\n - repeat: {times: 1000, collect: a, layers: [{add: {inputs: [x, a]}}]}\n"
    " - add: {inputs: a}",
    "branches": "layers: [{parallel: {times: 1000, layers: ["
    "{parallel: {times: 1000, layers: [relu]}}]}}]",
    "nested": f"layers: [{{{'parallel: {times: 2, layers: [{' * 15}relu: {{}}{'}]}' * 15}}}]",
    "names": "layers: [{repeat: {times: 1000, layers: ["
    "{add: {inputs: \"${['x' for i in range(1000)]}\"}}]}}]",
    "turns": "layers: [{repeat: {times: 1000, share: true, layers: [{repeat: {times: 9, "
    "share: true, layers: [{linear: {out_features: 4}}]}}]}}]",
    "calls": "blocks: {"
    + ", ".join(f"b{i}: {{layers: [{{b{i + 1}: {{name: n}}}}, {{b{i + 1}: {{share: n}}}}]}}"
                for i in range(13))
    + ", b13: {layers: [{linear: {out_features: 4}}]}}\nlayers: [b0]",
    "shapes": "layers: [{repeat: {times: 1000, layers: [{linear: {out_features: "
    "\"${shape('x')[0] + sum([0 for i in range(5000)])}\"}}]}}]",
    "arguments": "blocks: {b: {args: {a0: [1], "
    + ", ".join(f"a{i}: '${{a{i - 1} + a{i - 1}}}'" for i in range(1, 40))
    + "}, layers: [relu]}}\nlayers: [b]",
}  # fmt: skip


@pytest.mark.parametrize("name", WORKING)
def test_no_description_takes_long(name: str) -> None:
    with soon(), contextlib.suppress(spec.SpecError):
        spec.loads(f"inputs: {{x: [4]}}\n{WORKING[name]}")
