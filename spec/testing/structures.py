"""Random structures: lists, branches, blocks and repetitions, as people write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spec.layer import Value
from spec.testing.listing import Entry, Listing, Unfit
from spec.testing.writers import ACTIVATIONS, FAMILIES, NORMS

Item = Callable[[Listing], object]


class Structures:
    """Writes structures; `item` writes anything, and `blocks` holds the blocks that are called."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.blocks: dict[str, Any] = {}

    def write(self, to: Listing) -> None:
        """Write any structure; raises `Unfit`."""
        ways = [self.residual, self.residual, self.parallel, self.repeat, self.sequential,
                self.when, self.block, self.block, self.collect, self.alike,
                self.entries]  # fmt: skip
        to.pen.pick(ways)(to)

    def filled(self, inner: Listing, *, keep: bool) -> list[Entry]:
        """Write one to three items into a list, and give its entries."""
        for _ in range(inner.pen.count(1, 3)):
            done = inner.attempt(keeping) if keep else inner.attempt(self.item)
            if not done:
                inner.draw(inner.pen.pick(["relu", "tanh"]))
        loose = [value for value in inner.unread() if value != inner.current]
        if loose:
            raise Unfit
        return inner.entries

    def sequential(self, to: Listing) -> None:
        """Write a list with a name of its own."""
        inner = to.inside()
        to.put("sequential", {"layers": self.filled(inner, keep=False)}, inner.current.shape)

    def residual(self, to: Listing) -> None:
        """Write a residual branch: over an identity, an automatic or an explicit shortcut."""
        pen, inner, side = to.pen, to.inside(), to.inside()
        way = pen.pick(["identity", "auto", "explicit"])
        if way == "identity":
            body = self.filled(inner, keep=True)
            to.put("residual", {"body": body, **pen.some(shortcut=way)}, inner.current.shape)
            return
        rank = len(to.current.shape)
        if not 1 <= rank <= 3:
            raise Unfit
        side.prefix += "s"
        width, stride, bias = pen.count(1, 4), pen.count(1, 2), pen.chance()
        if rank == 1:
            inner.add("linear", {"out_features": width})
            side.add("linear", {"out_features": width, "bias": bias})
        else:
            common: Entry = {"out_channels": width, "stride": stride}
            inner.add(f"conv{rank - 1}d", {**common, "kernel_size": 3, "padding": 1})
            if pen.chance():
                inner.draw(pen.pick(["batch_norm", "group_norm"]))
            side.add(f"conv{rank - 1}d", {**common, "kernel_size": 1, "bias": bias})
        inner.attempt(keeping)
        fields = {"body": inner.entries, "shortcut": "auto" if way == "auto" else side.entries}
        to.put("residual", fields, inner.current.shape)

    def parallel(self, to: Listing) -> None:
        """Write several branches from one value, merged."""
        pen = to.pen
        merge = pen.pick(["add", "multiply", "concat"])
        inners = [to.inside() for _ in range(pen.count(2, 3))]
        for place, inner in enumerate(inners):
            inner.prefix += "pqr"[place]
            if place == 0 or pen.chance(0.8):
                self.filled(inner, keep=True)
        shapes = [inner.current.shape for inner in inners]
        if not all(shapes) or len({shape[1:] for shape in shapes}) > 1:
            raise Unfit
        if merge != "concat" and len(set(shapes)) > 1:
            raise Unfit
        shape = shapes[0]
        if merge == "concat":
            shape = (sum(shape[0] for shape in shapes), *shape[1:])
        fields: Entry = {"branches": [inner.entries for inner in inners], "merge": merge}
        if merge == "concat" and pen.chance():
            fields["dim"] = 1
        to.put("parallel", fields, shape)

    def repeat(self, to: Listing) -> None:
        """Write a repetition, of the same layers or of growing ones."""
        pen, inner = to.pen, to.inside(repeated=True)
        times = pen.count(0, 3)
        shape = to.current.shape
        if to.several and not to.entries:
            raise Unfit
        if times and shape and not to.repeated and pen.chance(0.3):
            width = pen.count(1, 2)
            layers: list[Entry] = [{"linear": {"out_features": f"${{{width} + k}}"}}]
            fields: Entry = {"times": times, "index": "k", "layers": layers}
            shape = (*shape[:-1], width + times - 1)
        else:
            before = len(to.declared)
            fields = {"times": pen.number(times), "layers": self.filled(inner, keep=True)}
            if len(to.declared) > before and pen.chance(0.9):
                fields["share"] = pen.pick([True, "${2 > 1}"])
        to.entries.append({"repeat": fields})
        to.numbered += times * len(fields["layers"])
        if times:
            to.read.add(to.current.name)
            to.current = Value("", shape)
            to.draw(pen.pick([*ACTIVATIONS]))

    def collect(self, to: Listing) -> None:
        """Write a repetition whose results are collected, and merge them."""
        pen, x = to.pen, to.named()
        if to.repeated or not x.shape or (to.several and not to.entries):
            raise Unfit
        name, times = f"{to.prefix}{len(to.entries)}all", pen.count(0, 3)
        layers = self.filled(to.inside(repeated=True), keep=True)
        found = Value(name, x.shape)
        if pen.chance():
            layers.insert(0, {pen.pick(["add", "multiply"]): {"inputs": [x.name, name]}})
        to.entries.append({"repeat": {"times": times, "collect": name, "layers": layers}})
        to.numbered += times * len(layers)
        merge = pen.pick(["concat", "add", "multiply"])
        count = 1 + times if merge == "concat" else 1
        shape = (count * x.shape[0], *x.shape[1:])
        to.put(merge, {}, shape, x, found)

    def alike(self, to: Listing) -> None:
        """Write branches that are alike by one list."""
        pen, times = to.pen, to.pen.count(1, 3)
        merge = pen.pick(["concat", "add", "multiply"])
        shape = to.current.shape
        if not shape or (to.several and not to.entries):
            raise Unfit
        layers = self.filled(to.inside(), keep=True)
        layers.append({"elu": {"alpha": "${1 + k // 2}"}})
        fields: Entry = {"times": times, "index": "k", "merge": merge, "layers": layers}
        count = times if merge == "concat" else 1
        to.put("parallel", fields, (count * shape[0], *shape[1:]))

    def entries(self, to: Listing) -> None:
        """Write a list whose entries are collected, and merge them."""
        inner, shape = to.inside(), to.current.shape
        if to.repeated:
            raise Unfit
        name = f"{to.prefix}{len(to.entries)}all"
        layers = [*self.filled(inner, keep=True), {"tanh": None}]
        to.put("sequential", {"collect": name, "layers": layers}, shape)
        to.put(to.pen.pick(["add", "multiply"]), {}, shape, Value(name, shape))

    def when(self, to: Listing) -> None:
        """Write a layer that is left out, and one that is not."""
        if to.pen.chance() and to.entries:
            to.entries.append({to.pen.pick(["relu", "tanh"]): {"when": False}})
        to.draw(to.pen.pick(["relu", "tanh"]))
        next(iter(to.entries[-1].values()))["when"] = "${2 > 1}"

    def block(self, to: Listing) -> None:
        """Write a block, and call it once or twice."""
        pen, inner = to.pen, to.inside()
        inner.prefix = "in"
        name, before = f"block{len(self.blocks)}", len(to.declared)
        self.blocks[name] = {}
        try:
            layers = self.filled(inner, keep=True)
        except Unfit:
            del self.blocks[name]
            raise
        layers.append({"dropout": {"p": "$rate"}})
        layers.append({"elu": {"alpha": "${2 * rate + slope}"}})
        self.blocks[name] = {"args": {"rate": 0.25, "slope": None}, "layers": layers}
        shape = to.current.shape
        first = to.put(name, {"slope": 0.5}, shape)
        if pen.chance(0.8):
            share = {"share": first.name} if len(to.declared) > before and pen.chance(0.7) else {}
            to.put(name, {"slope": 1, "rate": 0, **share}, shape)


def keeping(to: Listing) -> None:
    """Write a layer that keeps the shape; raises `Unfit`."""
    pen, before = to.pen, to.current.shape
    families = [*FAMILIES["weighted"]] * 2, [*ACTIVATIONS], [*NORMS], [*FAMILIES["poolings"]]
    type_ = pen.pick(pen.pick(families))
    if type_ == "linear" and before:
        to.add("linear", {"out_features": before[-1], **pen.some(bias=False)})
    elif type_.startswith("conv") and "transpose" not in type_ and 2 <= len(before) <= 4:
        fields = {"out_channels": before[0], "kernel_size": 3, "padding": 1}
        to.add(f"conv{len(before) - 1}d", {**fields, **pen.some(groups=pen.divisor(before[0]))})
    else:
        to.draw(type_)
    if to.current.shape != before:
        raise Unfit
