"""Mutations of JSON, and the hash by which documents of ours are sealed."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

DEEP = "@deep@"
VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 0.5, 1.0, 1e308, -1e308, 2**31, 2**63, 10**30, 10**18, 999),
    *("", "x", "..", "../outside/index.json", "/etc/passwd", "a/b", "a\\b", "\x00", "é", "\ud800"),
    *("9" * 400, "a" * 100_000, [], {}, [1], {"a": 1}, [[[[]]]], [None], DEEP),
)


def load(data: bytes) -> Any:
    """Read JSON; `ValueError` for what is none, or nests too deep."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nests too deep") from None


def change(tree: Any, rng: random.Random) -> tuple[str, bytes]:
    """Change one place of a tree; say what was done, and give the tree as JSON."""
    places = list(spots(tree))
    if not places:
        return "another value", text(rng.choice(VALUES), 0)
    # Indexes are mostly rows: what is above them would hardly ever be chosen.
    near = [place for place in places if len(place) <= 3]
    place = rng.choice(near if near and rng.random() < 0.5 else places)
    *above, key = place
    node = tree
    for step in above:
        node = node[step]
    name = ".".join(map(str, place))
    action = rng.choice(("set", "set", "set", "drop", "add", "swap", "double"))
    value = rng.choice(VALUES)
    if key in ("version", "format") and rng.random() < 0.5:
        action, value = "set", rng.choice((999, "graph-metanetworks/run", 0, 1.0, "1"))
    if action == "set":
        node[key] = value
        words = f"{name} set to {str(value)[:30]!r}"
    elif action == "drop":
        del node[key]
        words = f"{name} dropped"
    elif action == "add":
        if isinstance(node, dict):
            node[rng.choice(("extra", "", "..", "__class__", "shard", "signal"))] = value
        else:
            node.insert(rng.randrange(len(node) + 1), value)
        words = f"{str(value)[:30]!r} added beside {name}"
    elif action == "double":
        if isinstance(node, list):
            node.append(node[key])
        elif isinstance(node[key], int | float):
            node[key] *= 2
        words = f"{name} doubled"
    else:
        other = rng.choice(list(node if isinstance(node, dict) else range(len(node))))
        node[key], node[other] = node[other], node[key]
        words = f"{name} swapped with {other}"
    return words, text(tree, rng.choice((40, 90, 300, 5000)))


def spots(tree: Any, place: tuple[Any, ...] = ()) -> Any:
    """List the places of a tree, each as the keys that lead there."""
    children: Any = ()
    if isinstance(tree, dict):
        children = tree.items()
    elif isinstance(tree, list):
        children = enumerate(tree)
    for key, value in children:
        yield (*place, key)
        yield from spots(value, (*place, key))


def text(tree: Any, depth: int) -> bytes:
    """Give JSON, with so many lists in each other where the tree says `DEEP`."""
    return deepened(json.dumps(tree, sort_keys=True), depth).encode()


def deepened(words: str, depth: int) -> str:
    return words.replace(json.dumps(DEEP), "[" * depth + "]" * depth)


def sealed(data: bytes) -> bytes:
    """Give a document with the hash that fits it; data that cannot have one as they are."""
    try:
        whole = json.loads(data)
        if not isinstance(whole, dict) or "hash" not in whole:
            return data
        del whole["hash"]
        canonical = json.dumps(whole, sort_keys=True, separators=(",", ":"))
        whole["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
        return json.dumps(whole, sort_keys=True).encode()
    except (ValueError, RecursionError):
        return data
