"""If, Loop and Scan, where constants say which way they go and how often."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.operators import joining, taking
from graphgen.importers.traced import Constant

MOST_TURNS = 256


@onnx("If")
def if_(node: Node) -> Any:
    """Read the branch that a constant condition chooses."""
    known = node.known(0, "the condition")
    branch = node.attribute("then_branch" if bool(np.asarray(known).all()) else "else_branch")
    return tuple(node.run(branch, [], []))


@onnx("Loop")
def loop(node: Node) -> Any:
    """Read the body as often as constants say; what it gives in each turn is put side by side."""
    t, body = node.tracer, node.attribute("body")
    turns = node.integers(0, "how often it runs")[0] if node.has(0) else None
    going = bool(np.asarray(node.known(1, "the condition")).all()) if node.has(1) else True
    states, kinds = list(node.inputs[2:]), list(node.kinds[2:])
    rows: list[list[Any]] = [[] for _ in range(len(body.output) - 1 - len(states))]
    turn = 0
    while going and (turns is None or turn < turns):
        if turn >= MOST_TURNS:
            t.refuse(f"a loop of more than {MOST_TURNS} turns")
        start = [Constant(np.asarray(turn, np.int64)), Constant(np.asarray(True))]
        found = node.run(body, [*start, *states], ["i", "b", *kinds])
        if not isinstance(found[0], Constant):
            t.refuse("whether it goes on is computed; expected a constant number of turns")
        going = bool(found[0].array.all())
        states = found[1 : 1 + len(states)]
        for row, each in zip(rows, found[1 + len(states) :], strict=True):
            row.append(each)
        turn += 1
    if rows and not turn:
        t.refuse("a loop that never runs gives no items")
    return (*states, *(joining.stack(t, row, 0) for row in rows))


@onnx("Scan")
def scan(node: Node) -> Any:
    """Read the body for each item along an axis; states go from one to the next."""
    t, body = node.tracer, node.attribute("body")
    count = node.attribute("num_scan_inputs")
    inputs, kinds = list(node.inputs), list(node.kinds)
    if node.version < 9:
        t.refuse("its first version, of which batches are another one")
    split = len(inputs) - count
    states, lists = inputs[:split], inputs[split:]
    axes = node.attribute("scan_input_axes") or [0] * count
    back = node.attribute("scan_input_directions") or [0] * count
    length = lists[0].shape[axes[0]]
    if length > MOST_TURNS:
        t.refuse(f"a scan of {length} items, expected at most {MOST_TURNS}")
    rows: list[list[Any]] = [[] for _ in range(len(body.output) - split)]
    for turn in range(length):
        items = [
            taking.select(t, x, axis, length - 1 - turn if backward else turn)
            for x, axis, backward in zip(lists, axes, back, strict=True)
        ]
        found = node.run(body, [*states, *items], kinds)
        states = found[:split]
        for row, each in zip(rows, found[split:], strict=True):
            row.append(each)
    ends = node.attribute("scan_output_axes") or [0] * len(rows)
    turned = node.attribute("scan_output_directions") or [0] * len(rows)
    return (
        *states,
        *(
            joining.stack(t, row[::-1] if backward else row, axis)
            for row, axis, backward in zip(rows, ends, turned, strict=True)
        ),
    )


@onnx("SequenceMap")
def sequence_map(node: Node) -> Any:
    node.tracer.refuse("it maps a graph over a sequence")
