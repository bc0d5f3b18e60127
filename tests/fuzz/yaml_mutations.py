"""Mutations of YAML files: of the tree that a file holds, and of its text.

    text = mutated(path.read_text(), random.Random(0))

A mutation is a function of the file and the random numbers alone. What it gives is mostly no longer
valid, and nearly always still close to something that is.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DONORS = tuple(
    path.read_text(encoding="utf-8")
    for path in [
        *sorted((ROOT / "spec" / "nets").glob("*.yaml")),
        *sorted((ROOT / "experiments").rglob("architectures/*.yaml")),
    ]
)

# fmt: off
WRONG: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 1000, 1.5, -0.0, math.inf, -math.inf, math.nan, 1e308,
    1e-320, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, 10**19, 10**30, 10**299, -(10**18),
    "", " ", "a", "0", "1", "x", "null", "true", "no", "3", "1e5", ".", "..", "a/b", "0/0", "a.b.c",
    "\n", "\0", "\ufeff", "é", "日本", "𝄞", "a" * 41, "a" * 1_001, "a" * 20_000, "a." * 600,
    "$", "$$", "$$$", "${", "${}", "$1", "$x", "$i", "$width", "$undefined", "${width}", "${i + 1}",
    "${1 / 0}", "${9 ** 9 ** 9}", "${'a' * 10 ** 9}", "${[0] * 9999}", "${1" + " + 1" * 200 + "}",
    "${" + "(" * 99 + "1" + ")" * 99 + "}", "${__import__('os')}", "${2 ** 62}", "${0.1 + 0.2}",
    "${1 if true else x}", "${[1, 2]}", "${null}", "${true}", "${'relu'}", "x${1}y$width",
    "relu", "linear", "flatten", "identity", "batch_norm", "sequential", "repeat", "residual",
    "auto", "concat", "multiply", "add", "zeros", "layer", "block", "inputs", "name", "layers",
    [], [0], [1, 1], [-1], [3, 3], [None], ["x"], ["x", "x"], [[]], [[[[[[[[]]]]]]]], [1.5], ["$i"],
    [True], ["relu"], ["relu", 5], [{"relu": None}], [2**63] * 3, [2] * 30, [1] * 3_000,
    {}, {"a": 1}, {"relu": {}}, {"relu": 5}, {"linear": {"out_features": 4}}, {"": 1}, {"$x": {}},
    {"linear": {}}, {"name": "x"}, {"x": [3]}, {"layers": []}, {"a": {"b": {"c": {"d": {}}}}},
    {"relu": {}, "tanh": {}}, {"repeat": {"times": 1000, "layers": []}}, {"$norm": {}},
    {"residual": {"body": [], "shortcut": "auto"}}, {"parallel": {"branches": [[], []]}},
)
TEXTS = (
    "\0", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\t", "\r", "\n", "  ", "- ",
    ": ", "? ", "{", "}", "[", "]", ",", "&a ", "*a", "*a : ", "<<: *a", "<<: ", "!!int ",
    "!!binary ",
    "!!python/object/apply:os.system ", "!foo ", "%YAML 1.1\n---\n", "---\n", "...\n", "#", "'",
    '"', "\\", "|\n", ">-\n", "@", "`", "~", "0x", "0o", "1e999", "-", "=", "$", "${",
    "$$", "\udcff",
)
# fmt: on


class Pairs(list):  # type: ignore[type-arg]
    """A mapping as pairs, in which a key may stand twice."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    Pairs, lambda dumper, pairs: dumper.represent_mapping("tag:yaml.org,2002:map", pairs)
)


def mutated(text: str, rng: random.Random) -> str:
    """Give a file with one to four mutations of its tree, of its text, or of both."""
    if rng.random() < 0.75:
        try:
            tree = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            tree = None
        if isinstance(tree, dict | list):
            with contextlib.suppress(RecursionError):  # PyYAML cannot write what is very deep
                text = written(_with_mutations(tree, rng), rng)
        if rng.random() < 0.85:
            return text
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = rng.choice(OF_TEXTS)(text, rng)
    return text


def _with_mutations(tree: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        tree = rng.choice(OF_TREES)(tree, rng)
    return tree


def written(tree: Any, rng: random.Random) -> str:
    """Write a tree as YAML, in one of its styles."""
    style = rng.choice((None, None, False, True))
    return str(yaml.dump(tree, Dumper=_Dumper, default_flow_style=style, sort_keys=False))


# Mutations of trees


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a tree as its container and key."""
    rest = [tree]
    while rest:
        node = rest.pop()
        keys: Any = ()
        if isinstance(node, dict):
            keys = list(node)
        elif isinstance(node, list) and not isinstance(node, Pairs):
            keys = range(len(node))
        for key in keys:
            yield node, key
            rest.append(node[key])


def _place(tree: Any, rng: random.Random, kinds: type | tuple[type, ...] = object) -> Any:
    found = [(node, key) for node, key in places(tree) if isinstance(node[key], kinds)]
    return rng.choice(found) if found else None


def replace(tree: Any, rng: random.Random) -> Any:
    """Put a value of any kind in the place of any value."""
    if place := _place(tree, rng):
        place[0][place[1]] = _copied(rng.choice(WRONG))
    return tree if place and rng.random() < 0.99 else _copied(rng.choice(WRONG))


def replace_scalar(tree: Any, rng: random.Random) -> Any:
    """Put another scalar in the place of one."""
    if place := _place(tree, rng, (int, float, str, bool, type(None))):
        scalars = [value for value in WRONG if not isinstance(value, list | dict)]
        place[0][place[1]] = rng.choice(scalars)
    return tree


def change_number(tree: Any, rng: random.Random) -> Any:
    """Make a number a little or much larger or smaller."""
    if place := _place(tree, rng, (int, float)):
        node, key = place
        value = node[key]
        node[key] = rng.choice(
            (value + 1, value - 1, -value, value * 2, value * 1000, value * 10**15, float(value),
             str(value), [value], [value] * 3)
        )  # fmt: skip
    return tree


def delete(tree: Any, rng: random.Random) -> Any:
    """Leave a value out."""
    if place := _place(tree, rng):
        del place[0][place[1]]
    return tree


def rename(tree: Any, rng: random.Random) -> Any:
    """Give a key another name, of this file or any."""
    mappings = [(node, key) for node, key in places(tree) if isinstance(node, dict)]
    if mappings:
        node, key = rng.choice(mappings)
        other = rng.choice([key[:-1], f"{key}x", *(k for _, k in mappings), *WORDS])
        items = [(other if k == key else k, v) for k, v in node.items()]
        node.clear()
        node.update(items)
    return tree


def repeat_key(tree: Any, rng: random.Random) -> Any:
    """Write a key of a mapping twice."""
    if place := _place(tree, rng, dict):
        pairs = list(place[0][place[1]].items())
        if pairs:
            pairs.insert(rng.randrange(len(pairs) + 1), rng.choice(pairs))
            place[0][place[1]] = Pairs(pairs)
    return tree


def duplicate(tree: Any, rng: random.Random) -> Any:
    """Write an entry of a list again, once or many times."""
    if place := _place(tree, rng, list):
        items = place[0][place[1]]
        if items:
            at = rng.randrange(len(items))
            items[at:at] = [_copied(items[at]) for _ in range(rng.choice((1, 1, 2, 30, 300)))]
    return tree


def swap(tree: Any, rng: random.Random) -> Any:
    """Exchange two values."""
    found = list(places(tree))
    if len(found) > 1:
        (a, i), (b, j) = rng.sample(found, 2)
        a[i], b[j] = _copied(b[j]), _copied(a[i])
    return tree


def graft(tree: Any, rng: random.Random) -> Any:
    """Put a value of another file in the place of one."""
    other = yaml.safe_load(rng.choice(DONORS))
    place, donor = _place(tree, rng), _place(other, rng)
    if place and donor:
        place[0][place[1]] = donor[0][donor[1]]
    return tree


def nest(tree: Any, rng: random.Random) -> Any:
    """Put a value inside lists, mappings or structures."""
    if place := _place(tree, rng):
        node, key = place
        for _ in range(rng.choice((1, 1, 2, 5, 12, 40, 90))):
            node[key] = rng.choice(NESTS)(node[key])
    return tree


def insert(tree: Any, rng: random.Random) -> Any:
    """Add a key to a mapping or an entry to a list."""
    if place := _place(tree, rng, (dict, list)):
        node = place[0][place[1]]
        if isinstance(node, dict):
            node[rng.choice(WORDS)] = _copied(rng.choice(WRONG))
        elif not isinstance(node, Pairs):
            node.insert(rng.randrange(len(node) + 1), _copied(rng.choice(WRONG)))
    return tree


def call_blocks(tree: Any, rng: random.Random) -> Any:
    """Add blocks that call each other, themselves, or nothing."""
    if isinstance(tree, dict):
        count, times = rng.choice((1, 3, 14)), rng.choice((1, 2, 4))
        last: list[Any] = rng.choice(
            ([], ["relu"], ["b0"], [{"relu": {"when": False}}], ["nothing"])
        )
        blocks = {f"b{i}": {"layers": [f"b{i + 1}"] * times} for i in range(count)}
        tree["blocks"] = {**blocks, f"b{count}": {"layers": last}}
        if isinstance(tree.get("layers"), list):
            tree["layers"].insert(rng.randrange(len(tree["layers"]) + 1), "b0")
    return tree


def name_inputs(tree: Any, rng: random.Random) -> Any:
    """Name the inputs of an entry: earlier ones, several, or none."""
    entries = [node[key] for node, key in places(tree) if _is_fields(node, key)]
    if entries:
        names = [n["name"] for n in entries if isinstance(n.get("name"), str)] or ["x"]
        count = rng.choice((1, 1, 2, 3, 0))
        value: Any = [rng.choice([*names, "x", "image", "0", "1"]) for _ in range(count)]
        rng.choice(entries)["inputs"] = value[0] if count == 1 else value
    return tree


def _is_fields(node: Any, key: Any) -> bool:
    return isinstance(node, dict) and len(node) == 1 and isinstance(node[key], dict)


NESTS: tuple[Callable[[Any], Any], ...] = (
    lambda value: [value],
    lambda value: {"a": value},
    lambda value: [{"sequential": {"layers": value}}],
    lambda value: [{"repeat": {"times": 3, "layers": value}}],
    lambda value: [{"repeat": {"times": 1000, "layers": value}}],
    lambda value: [{"residual": {"body": value}}],
    lambda value: [{"parallel": {"branches": [value, []]}}],
)
WORDS = (
    "name", "inputs", "outputs", "vars", "blocks", "layers", "when", "parameters", "output_shape",
    "args", "times", "index", "body", "shortcut", "branches", "merge", "dim", "weight", "bias",
    "out_features", "kernel_size", "linear", "relu", "repeat", "sequential", "x", "width", "<<", "",
    "$norm", "${'relu'}", "true", "null", "1", "a b", "$",
)  # fmt: skip
OF_TREES: tuple[Callable[[Any, random.Random], Any], ...] = (
    replace, replace, replace_scalar, replace_scalar, change_number, change_number, delete, rename,
    repeat_key, duplicate, swap, graft, nest, insert, call_blocks, name_inputs,
)  # fmt: skip


# Mutations of texts


def flip(text: str, rng: random.Random) -> str:
    """Flip bits of bytes."""
    data = bytearray(text.encode("utf-8", "surrogateescape"))
    for _ in range(rng.choice((1, 1, 3, 20)) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data.decode("utf-8", "surrogateescape")


def cut(text: str, rng: random.Random) -> str:
    """Leave a part out, or all that follows."""
    start = rng.randrange(len(text) + 1)
    return text[:start] + rng.choice((text[start + rng.randrange(40) :], ""))


def repeat_lines(text: str, rng: random.Random) -> str:
    """Write some lines again, once or many times."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    part = lines[at : at + rng.choice((1, 1, 3, 9))]
    return "".join(lines[:at] + part * rng.choice((2, 2, 3, 500)) + lines[at:])


def put_in(text: str, rng: random.Random) -> str:
    """Put something in: control characters, or what means something in YAML."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(TEXTS) + text[at:]


def indent(text: str, rng: random.Random) -> str:
    """Move a line to the right or to the left."""
    lines = text.splitlines(keepends=True)
    if lines:
        at = rng.randrange(len(lines))
        lines[at] = rng.choice((" ", "  ", "\t", "    ")) + lines[at] if rng.random() < 0.5 else (
            lines[at].lstrip(" ")
        )  # fmt: skip
    return "".join(lines)


def swap_lines(text: str, rng: random.Random) -> str:
    """Exchange two lines."""
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        i, j = rng.sample(range(len(lines)), 2)
        lines[i], lines[j] = lines[j], lines[i]
    return "".join(lines)


def join(text: str, rng: random.Random) -> str:
    """Put a part of another file at the end or in the middle."""
    other = rng.choice(DONORS)
    at, start = rng.randrange(len(text) + 1), rng.randrange(len(other))
    return text[:at] + other[start : start + rng.choice((20, 200, 2000))] + text[at:]


OF_TEXTS: tuple[Callable[[str, random.Random], str], ...] = (
    flip, cut, repeat_lines, put_in, put_in, indent, swap_lines, join,
)  # fmt: skip


def _copied(value: Any) -> Any:
    if isinstance(value, Pairs):
        return Pairs((key, _copied(item)) for key, item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
