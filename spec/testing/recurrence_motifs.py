"""Random recurrences: linear ones with factors and terms of their own."""

from __future__ import annotations

from typing import Any

from spec.layer import Value
from spec.testing.listing import Listing, Unfit
from spec.testing.pen import Fields
from spec.testing.writers import WRITERS


def decayed(to: Listing) -> None:
    """Add a linear recurrence whose factors, terms and beginning are made of other values."""
    pen, x = to.pen, to.named()
    if not x.shape:
        raise Unfit
    dim = pen.count(1, len(x.shape))
    alike = [value for value in to.values if value.shape == x.shape]
    terms = pen.pick([x, *alike])
    share = to.add("sigmoid", {}, mapped(to, pen.pick(alike or [x])))
    if pen.chance(0.3):
        share = to.add("mean", {"dim": pen.count(1, len(x.shape)), "keepdim": True}, share)
    begun: list[Value] = []
    if pen.chance(0.4):
        index = pen.count(0, x.shape[dim - 1] - 1)
        begun = [to.add("select", {"dim": dim, "index": index}, pen.pick([x, *alike]))]
    to.add("linear_recurrence", {"dim": dim, **pen.some(reverse=True)}, share, terms, *begun)


def encoded(to: Listing) -> None:
    """Let a recurrent layer go on with the last states of another, or let others read these."""
    pen = to.pen
    to.named()
    sequences = [value for value in to.values if len(value.shape) == 2]
    type_ = pen.pick(["lstm", "gru", "rnn"])
    if not sequences:
        raise Unfit
    given = pen.pick(sequences)
    fields = WRITERS[type_].write(pen, given.shape)
    encoder = to.add(type_, fields, given)
    fields = pen.meaning(fields)
    cells = fields.get("num_layers", 1) * (1 + fields.get("bidirectional", False))
    hidden = fields.get("proj_size", 0) or fields["hidden_size"]
    states = [Value(f"{encoder.name}.h_n", (cells, hidden))]
    if type_ == "lstm":
        states.append(Value(f"{encoder.name}.c_n", (cells, fields["hidden_size"])))
    way = pen.pick(["tanh", "flatten", type_, type_])
    if way != type_:
        to.add(way, {}, pen.pick(states))
        return
    names = ("hidden_size", "num_layers", "bidirectional", "proj_size", "nonlinearity", "bias")
    others = [value for value in sequences if value.name != encoder.name]
    kept = {name: fields[name] for name in names if name in fields}
    to.add(type_, kept, pen.pick([*others, *sequences]), *states)


def scanned(to: Listing) -> None:
    """Run a cell over the items along an axis, from zeros or from a value that is there."""
    pen, x = to.pen, to.named()
    if not 2 <= len(x.shape) <= 3:
        raise Unfit
    dim, width = pen.count(1, len(x.shape)), pen.count(1, 3)
    length = x.shape[dim - 1]
    item = tuple(size for axis, size in enumerate(x.shape, 1) if axis != dim)
    state = (*item[:-1], width)
    begins = [value.name for value in to.values if value.shape == state]
    begun = {name: pen.pick([list(state), *begins]) for name in ("h", "c")}
    body: list[Any] = [
        {"linear": {"inputs": "item", "out_features": width, "name": "f"}},
        {"linear": {"inputs": "h", "out_features": width, "name": "g", **pen.some(bias=False)}},
        {pen.pick(["add", "multiply"]): {"inputs": ["f", "g"], "name": "new"}},
    ]
    fields: Fields = {"state": {"h": begun["h"]}, "body": body}
    if pen.chance():
        body += ["sigmoid", {"multiply": {"inputs": [str(len(body)), "c"], "name": "kept"}},
                 {"add": {"inputs": ["kept", "f"], "name": "memory"}},
                 {"tanh": {"name": "end"}}]  # fmt: skip
        fields |= {"state": begun, "next": {"h": "end", "c": "memory"}}
        fields |= pen.some(output=pen.pick(["kept", "end"]))
    else:
        body.append({pen.pick(["tanh", "relu", "silu"]): {"name": "end"}})
    if pen.chance(0.2):
        fields |= {"items": "now"}
        body[0] = {"linear": {"inputs": "now", "out_features": width, "name": "f"}}
    place = min(dim, len(state) + 1) - 1
    shape = (*state[:place], length, *state[place:])
    fields |= {"dim": dim} if dim > 1 or pen.chance() else {}
    to.read |= {name for name in begins if name in fields["state"].values()}
    result = to.put("scan", fields | pen.some(reverse=True), shape, x)
    if pen.chance(0.3):
        to.add("tanh", {}, Value(f"{result.name}.h", state))


def mapped(to: Listing, x: Value) -> Value:
    """Add a linear map of the last axis, mostly."""
    if to.pen.chance(0.7):
        return to.add("linear", {"out_features": x.shape[-1]}, x)
    return x
