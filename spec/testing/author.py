"""Random descriptions: layers in lists, branches, blocks and repetitions, as authored YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from hypothesis import strategies as st

from spec.testing.flow import Flow
from spec.testing.layers import (
    ACTIVATIONS,
    NORMS,
    POOLINGS,
    WEIGHTED,
    WRITERS,
    Fields,
    Pen,
    Writer,
)

Entry = dict[str, Any]
Written = tuple[list[Entry], Flow]

FAMILIES: tuple[Mapping[str, Writer], ...] = (
    WEIGHTED,
    ACTIVATIONS,
    NORMS,
    POOLINGS,
    POOLINGS,  # twice, since they fit rarely
    {name: WRITERS[name] for name in ("dropout", "identity", "flatten")},
)
MAX_DEPTH = 2


class Author:
    """Writes one description with choices from `draw`."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.pen = Pen(draw)
        self.blocks: dict[str, Any] = {}
        self.named: list[str] = []
        self.names = 0

    def name(self, prefix: str) -> str:
        """Make a name that is new in the whole description."""
        self.names += 1
        return f"{prefix}{self.names}"

    def document(self) -> Entry:
        """Write a whole description."""
        pen = self.pen
        entries, flow, inputs = self.beginning()
        for _ in range(pen.pick((2, 3, 1, 4, 0))):
            more, flow = self.item(flow, keep=False, depth=0)
            entries += more
        if pen.count(0, 4) < 4:
            more, flow = self.ending(flow)
            entries += more
        result: Entry = {"name": "random", "inputs": inputs, "layers": entries}
        if self.named and pen.count(0, 3) == 3:
            entries.append({"softsign": {"name": "end"}})
            result["outputs"] = pen.pick([[self.named[0], "end"], ["end", self.named[-1]], "end"])
        if self.pen.variables:
            result["vars"] = self.pen.variables
        if self.blocks:
            result["blocks"] = self.blocks
        return result

    def beginning(self) -> tuple[list[Entry], Flow, dict[str, list[int]]]:
        """Write what comes first: a weighted layer of the input, or the sum of two of them."""
        pen = self.pen
        flow = pen.draw(inputs(pen))
        if pen.count(0, 7) == 7:
            type_, writer = self.choose(WEIGHTED, flow, keep=False)
            fields, after = writer.write(pen, flow, False)
            entries: list[Entry] = [
                {type_: {**fields, "inputs": source, "name": f"stem_{source}"}} for source in "ab"
            ]
            entries.append({"add": {"inputs": ["stem_a", "stem_b"]}})
            return entries, after, {"a": list(flow.shape), "b": list(flow.shape)}
        shape = {"x": list(flow.shape)}
        entries = []
        for family in (NORMS, ACTIVATIONS):
            if pen.count(0, 7) == 7 and self.fitting(family, flow, keep=True):
                more, flow = self.layer(family, flow, keep=True)
                entries += more
        more, flow = self.layer(WEIGHTED, flow, keep=False, **pen.some(name="stem"))
        if "name" in next(iter(more[0].values())):
            self.named.append("stem")
        return entries + more, flow, shape

    def ending(self, flow: Flow) -> Written:
        """Write a head: flatten all axes, then a linear map."""
        entries: list[Entry] = [{"flatten": {}}] if flow.rank > 1 else []
        flow = flow.flattened(0, flow.rank - 1) if flow.rank > 1 else flow
        more, flow = self.layer({"linear": WEIGHTED["linear"]}, flow, keep=False)
        return entries + more, flow

    def item(self, flow: Flow, *, keep: bool, depth: int, once: bool = True) -> Written:
        """Write one layer or structure; `once`: it will not be read several times."""
        structures: list[Callable[..., Written]] = []
        if depth < MAX_DEPTH:
            structures = [self.residual, self.repeat, self.sequential, self.shared, self.when]
            if once:
                structures.append(self.fork)
                if depth == 0:
                    structures.append(self.block)
        way = self.pen.count(0, 2 * len(structures))
        if way < len(structures):
            return structures[way](flow, keep=keep, depth=depth + 1, once=once)
        families = [f for f in FAMILIES if self.fitting(f, flow, keep)]
        return self.layer(self.pen.pick(families), flow, keep=keep)

    def stream(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write one to three items, one after the other."""
        entries: list[Entry] = []
        for _ in range(self.pen.count(1, 3)):
            more, flow = self.item(flow, keep=keep, depth=depth, once=once)
            entries += more
        return entries, flow

    def fitting(self, family: Mapping[str, Writer], flow: Flow, keep: bool) -> list[str]:
        """List the types that may follow, keeping the shape and the neurons if need be."""
        return [name for name, w in family.items() if w.fits(flow) and (w.keeps(flow) or not keep)]

    def choose(self, family: Mapping[str, Writer], flow: Flow, keep: bool) -> tuple[str, Writer]:
        """Draw a type that fits."""
        type_ = self.pen.pick(self.fitting(family, flow, keep))
        return type_, family[type_]

    def layer(
        self, family: Mapping[str, Writer], flow: Flow, *, keep: bool, **common: Any
    ) -> Written:
        """Write one layer of a family."""
        type_, writer = self.choose(family, flow, keep)
        fields, flow = writer.write(self.pen, flow, keep)
        return [{type_: {**fields, **common}}], flow

    def residual(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write a residual branch: over an identity, an automatic or an explicit shortcut."""
        ways = ["identity"] if keep else ["identity", "explicit", "auto"]
        way = self.pen.pick(ways)
        if way != "identity" and not (flow.channels or flow.features):
            way = "identity"
        if way == "identity":
            body, after = self.stream(flow, keep=True, depth=depth, once=once)
            fields: Fields = {"body": body, **self.pen.some(shortcut="identity")}
        else:
            body, shortcut, after = self.reshaping(flow)
            more, _ = self.stream(after, keep=True, depth=depth, once=once)
            automatic = way == "auto" and not (flow.rank > 1 and flow.features)
            fields = {"body": body + more, "shortcut": "auto" if automatic else shortcut}
        return [{"residual": fields}], after

    def reshaping(self, flow: Flow) -> tuple[list[Entry], list[Entry], Flow]:
        """Write two branches to one new shape."""
        width = self.pen.count(1, 6)
        if flow.features:
            both: list[Entry] = [{"linear": {"out_features": width}}]
            return both, list(both), Flow((*flow.shape[:-1], width), flow.rank - 1)
        stride = self.pen.count(1, 2)
        type_ = f"conv{flow.rank - 1}d"
        common = {"out_channels": width, "stride": stride}
        body: list[Entry] = [{type_: {**common, "kernel_size": 3, "padding": 1}}]
        if self.pen.chance():
            body.append({"batch_norm": self.pen.some(affine=False)})
        shortcut: list[Entry] = [{type_: {**common, "kernel_size": 1, "bias": self.pen.chance()}}]
        space = tuple((size - 1) // stride + 1 for size in flow.shape[1:])
        return body, shortcut, Flow((width, *space))

    def repeat(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write a repetition, of the same layers or of growing ones."""
        times = self.pen.count(0, 3)
        if flow.features and not keep and times and self.pen.chance():
            width = self.pen.count(1, 3)
            grown: Entry = {"linear": {"out_features": f"${{{width} + k}}"}}
            fields: Fields = {"times": times, "index": "k", "layers": [grown]}
            return [{"repeat": fields}], Flow((*flow.shape[:-1], width + times - 1), flow.rank - 1)
        layers, _ = self.stream(flow, keep=True, depth=depth, once=False)
        return [{"repeat": {"times": self.pen.number(times), "layers": layers}}], flow

    def sequential(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write a list with a name of its own."""
        layers, flow = self.stream(flow, keep=keep, depth=depth, once=once)
        name = {"name": self.name("part")} if once else {}
        return [{"sequential": {**name, "layers": layers}}], flow

    def shared(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write one layer twice, with shared tensors, and an activation between."""
        weighted = {**WEIGHTED, **NORMS}
        if not self.fitting(weighted, flow, keep=True):
            return self.layer(ACTIVATIONS, flow, keep=True)
        (entry,), flow = self.layer(weighted, flow, keep=True)
        ((type_, fields),) = entry.items()
        fields.pop("affine", None)
        fields.pop("elementwise_affine", None)
        locals_ = ["weight"]
        if fields.get("bias", True) and self.pen.chance():
            locals_.append("bias")
        if type_ == "batch_norm" and self.pen.chance():
            locals_ += ["running_mean", "running_var", "num_batches_tracked"]
        name = self.name("shared")
        fields = {**fields, "parameters": {local: f"{name}.{local}" for local in locals_}}
        between, _ = self.layer(ACTIVATIONS, flow, keep=True)
        return [{type_: fields}, *between, {type_: dict(fields)}], flow

    def when(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write a layer that is left out, and one that is not."""
        out: list[Entry] = []
        if self.fitting(NORMS, flow, keep=True):
            out, _ = self.layer(NORMS, flow, keep=True, when=False)
        kept, _ = self.layer(ACTIVATIONS, flow, keep=True, when="${2 > 1}")
        return [*out, *kept], flow

    def fork(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write two branches from one named value, and their sum."""
        root, left, right = self.name("v"), self.name("v"), self.name("v")
        first, _ = self.stream(flow, keep=True, depth=depth, once=once)
        second, _ = self.stream(flow, keep=True, depth=depth, once=once)
        end, _ = self.layer(ACTIVATIONS, flow, keep=True, name=left)
        start, _ = self.layer(ACTIVATIONS, flow, keep=True, inputs=root)
        finish, _ = self.layer(ACTIVATIONS, flow, keep=True, name=right)
        operands = self.pen.pick([[left, right], [right, left, root], [left, right, right]])
        if depth == 1:
            self.named += [root, left]
        return [
            {"identity": {"name": root}}, *first, *end, *start, *second, *finish,
            {"add": {"inputs": operands}},
        ], flow  # fmt: skip

    def block(self, flow: Flow, *, keep: bool, depth: int, once: bool) -> Written:
        """Write a block, and call it once or twice."""
        name = self.name("block")
        layers, _ = self.stream(flow, keep=True, depth=depth, once=once)
        layers.append({"dropout": {"p": "$rate"}})
        layers.append({"elu": {"alpha": "${2 * rate + slope}"}})
        self.blocks[name] = {"args": {"rate": 0.25, "slope": None}, "layers": layers}
        calls: list[Entry] = [{name: {"slope": 0.5, "name": self.name("call")}}]
        if self.pen.chance():
            calls.append({name: {"slope": 1, "rate": 0}})
        return calls, flow


def inputs(pen: Pen) -> st.SearchStrategy[Flow]:
    """Give a strategy of inputs: features, channels over space, features over space."""
    size, space = st.integers(1, 6), st.integers(1, 7)
    features = st.builds(lambda n: Flow((n,), 0, fresh=True), size)
    maps = st.builds(
        lambda n, shape: Flow((n, *shape), 0, fresh=True),
        size,
        st.lists(space, min_size=1, max_size=2),
    )
    sequences = st.builds(
        lambda shape, n: Flow((*shape, n), len(shape), fresh=True),
        st.lists(st.integers(1, 4), min_size=1, max_size=2),
        size,
    )
    return st.one_of(features, maps, maps, sequences)


def text_of(document: Entry) -> str:
    """Write a description as YAML."""
    return str(yaml.safe_dump(document, sort_keys=False))


def documents() -> st.SearchStrategy[str]:
    """Give a strategy of whole descriptions."""

    @st.composite
    def document(draw: st.DrawFn) -> str:
        return text_of(Author(draw).document())

    return document()


def single_layer_documents(type_: str) -> st.SearchStrategy[str]:
    """Give a strategy of descriptions of one layer."""
    writer = WRITERS[type_]

    @st.composite
    def document(draw: st.DrawFn) -> str:
        pen = Pen(draw)
        flow = draw(inputs(pen).filter(writer.fits))
        fields, _ = writer.write(pen, flow, False)
        if type_ == "add":
            fields = {"inputs": ["x"] * pen.count(2, 3)}
        entry = {type_: {"name": "layer", **fields}}
        result: Entry = {"inputs": {"x": list(flow.shape)}, "layers": [entry]}
        if pen.variables:
            result["vars"] = pen.variables
        return text_of(result)

    return document()
