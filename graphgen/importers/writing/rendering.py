"""Writes columns as the plain data of a description: layers, repetitions, and calls of blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphgen.importers.writing.columns import Column, first
from graphgen.importers.writing.counting import counted
from graphgen.importers.writing.expressions import Coordinates, Setting, escaped
from graphgen.importers.writing.graph import Graph, Target
from graphgen.importers.writing.naming import Names, nodes_of, reads_current, taken
from graphgen.importers.writing.saying import Said, plain
from graphgen.importers.writing.scopes import Scope, Standing
from graphgen.importers.writing.variables import Arguments, Pool, UnwritableError

LOOPS = ("i", "j", "k", "m")
Entry = Any


@dataclass
class Renderer:
    """Writes the scopes of a network; `blocks` has what was written of each."""

    graph: Graph
    scopes: Mapping[int, Scope]
    names: Names
    silent: set[tuple[int, int]]
    pool: Pool = field(default_factory=Pool)
    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    arguments: dict[int, Arguments] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    shared: dict[int, int] = field(default_factory=dict)

    def network(self) -> list[Entry]:
        """Write the network's own list."""
        coordinates: list[Coordinates] = [(0,)]
        return self._list(self.scopes[0], self.scopes[0].columns, [0], coordinates, 0, None)

    def _block(self, number: int) -> None:
        """Write the body of a block, and find its arguments."""
        if number in self.blocks:
            return
        scope = self.scopes[number]
        owners = [*range(len(scope.starts))]
        arguments = Arguments(self.pool, taken={*scope.names})
        self.blocks[number] = {}
        coordinates: list[Coordinates] = [(owner,) for owner in owners]
        layers = self._list(scope, scope.columns, owners, coordinates, 0, arguments)
        self.arguments[number] = arguments
        block: dict[str, Any] = {}
        if self._is_asked(scope, layers):
            block["inputs"] = scope.names
        args = {name: _default(values) for name, values in arguments.values.items()}
        if args:
            required = {name: value for name, value in args.items() if value is None}
            block["args"] = required | args
        self.blocks[number] = {**block, "layers": layers}

    def _is_asked(self, scope: Scope, layers: list[Entry]) -> bool:
        return scope.several or any(scope.names[0] in text for text in _input_texts(layers))

    def _list(
        self,
        scope: Scope,
        columns: Sequence[Column],
        owners: list[int],
        coordinates: list[Coordinates],
        loops: int,
        arguments: Arguments | None,
    ) -> list[Entry]:
        found = []
        if loops > len(LOOPS):
            raise UnwritableError("repetitions are nested too deep")
        setting = Setting(coordinates, LOOPS[:loops], arguments, self.pool)
        for column in columns:
            one = Standing(column, owners, coordinates, loops)
            if column.is_leaf:
                found.append(self._leaf(scope, one, setting))
            elif column.repeats:
                counts = column.counts
                inner = [o for o, n in zip(owners, counts, strict=True) for _ in range(n)]
                turns = [
                    (*at, turn)
                    for at, n in zip(coordinates, counts, strict=True)
                    for turn in range(n)
                ]
                fields = {"times": setting.express(counts, "times")}
                fields |= {"index": LOOPS[loops]} if loops else {}
                fields |= {"share": True} if self._share(column) else {}
                layers = self._list(scope, column.body(), inner, turns, loops + 1, arguments)
                found.append({"repeat": {**fields, "layers": layers}})
            else:
                found.append(self._call(scope, one, setting))
        return found

    def _share(self, column: Column) -> bool:
        """Say whether all turns have the tensors of the first; remember it of their nodes."""
        turns = [(nodes_of(turn), nodes_of(tree[0])) for tree in column.trees for turn in tree[1:]]
        pairs = [pair for row in turns for pair in zip(*row, strict=len(row[0]) == len(row[1]))]
        owners = self.graph.owners
        shares = all(len(a) == len(b) for a, b in turns) and any(owners[a] for a, _ in pairs)
        if not shares or any(owners[a] != owners[b] for a, b in pairs):
            return False
        for a, b in pairs:
            self.shared.setdefault(a, b)
        return True

    def _leaf(self, scope: Scope, one: Standing, setting: Setting) -> Entry:
        nodes = one.column.trees
        said = [self.graph.said[node] for node in nodes]
        entry: dict[str, Any] = {}
        if not self.silent.issuperset((0, node) for node in nodes):
            entry["name"] = setting.express(
                [
                    self.names.nodes[node].removeprefix(scope.prefixes[owner])
                    for node, owner in zip(nodes, one.owners, strict=True)
                ],
                "name",
            )
        entry |= self._inputs(scope, one, setting)
        written = {name for each in said for name in each.fields}
        for name in said[0].resolved.fields:
            if name in written:
                entry[name] = setting.express(_alike([_value(each, name) for each in said]), name)
        if "parametrizations" in written:
            made = plain_map(said[0].fields["parametrizations"])
            entry["parametrizations"] = escaped(made)
        parameters = self._parameters(scope, one, setting)
        if parameters:
            entry["parameters"] = parameters
        return {said[0].node.layer: entry} if entry else said[0].node.layer

    def _parameters(self, scope: Scope, one: Standing, setting: Setting) -> dict[str, Any]:
        """Say of tensors that are another layer's whose they are."""
        found: dict[str, Any] = {}
        nodes = one.column.trees
        for local in self.graph.said[nodes[0]].node.tensors:
            owners = [self.graph.owners[node][local] for node in nodes]
            own = [(self._first(node), local) for node in nodes]
            kept = (one.column.key, local) in self.graph.kept
            if owners == own:
                if kept:
                    names = [self.names.tensor(node, local) for node in nodes]
                    found[local] = setting.express(names, "index")
                continue
            texts = [self.names.tensor(place, theirs) for place, theirs in owners]
            prefixes = [scope.prefixes[instance] for instance in one.owners]
            if all(
                scope.starts[instance] <= place < node
                for (place, _), instance, node in zip(owners, one.owners, nodes, strict=True)
            ):  # one of its own that has none yet is said in full
                texts = [t.removeprefix(p) for t, p in zip(texts, prefixes, strict=True)]
            found[local] = setting.express(texts, "tensor")
        return found

    def _first(self, node: int) -> int:
        """Give the node whose tensors a node has by sharing, or itself."""
        while node in self.shared:
            node = self.shared[node]
        return node

    def _inputs(self, scope: Scope, one: Standing, setting: Setting) -> dict[str, Any]:
        if reads_current(self.graph, scope, one, self.scopes):
            return {}
        found = [
            setting.express(self._seen(scope, vector, one.owners), "input")
            for vector in taken(self.graph, one, self.scopes)
        ]
        return {"inputs": counted(found) if len(found) > 1 else found[0]}

    def _seen(self, scope: Scope, vector: list[Target], owners: list[int]) -> list[str]:
        """Give the names of values as they are seen from within instances of a scope."""
        pairs = [*zip(vector, owners, strict=True)]
        outside = [(t, owner) for t, owner in pairs if t[0] < scope.starts[owner]]
        entering = ""
        for name, given in zip(scope.names, scope.entering, strict=False):
            if outside and all(given[owner] == target for target, owner in outside):
                entering = entering or name
        found = []
        for target, owner in pairs:
            if target[0] < scope.starts[owner]:
                found.append(entering or self.names.of(target))
            else:
                found.append(self.names.of(target).removeprefix(scope.prefixes[owner]))
        return found

    def _call(self, scope: Scope, one: Standing, setting: Setting) -> Entry:
        number = one.column.key[1]
        self._block(number)
        block, arguments = self.scopes[number], self.arguments[number]
        place = {start: row for row, start in enumerate(block.starts)}
        rows = [place[first(tree)] for tree in one.column.trees]
        entry: dict[str, Any] = {}
        if not self.silent.issuperset((number, block.starts[row]) for row in rows):
            entry["name"] = setting.express(
                [
                    self.names.calls[number, block.starts[row]].removeprefix(scope.prefixes[owner])
                    for row, owner in zip(rows, one.owners, strict=True)
                ],
                "name",
            )
        entry |= self._inputs(scope, one, setting)
        for name, vector in arguments.values.items():
            values = [vector[row] for row in rows]
            default = _default(vector)
            if any(repr(value) != repr(default) for value in values):
                entry[name] = setting.express(values, name)
        return {self.titles[number]: entry} if entry else self.titles[number]


def _default(vector: list[Any]) -> Any:
    """Give the default of an argument: what most calls give, if that is more than a half."""
    texts = Counter(map(repr, vector))
    text, count = texts.most_common(1)[0]
    if 2 * count <= len(vector):
        return None
    value = next(value for value in vector if repr(value) == text)
    return escaped(value) if not isinstance(value, str) else None


def _value(said: Said, name: str) -> Any:
    return said.fields[name] if name in said.fields else plain(said.resolved.fields[name])


def _alike(values: list[Any]) -> list[Any]:
    """Write one number for a list of equal ones, where another instance does."""
    if not any(type(value) is int for value in values):
        return values
    return [
        value[0]
        if isinstance(value, list) and value and all(item == value[0] for item in value)
        else value
        for value in values
    ]


def plain_map(value: Any) -> Any:
    """Give plain data for nested maps and tuples."""
    if isinstance(value, Mapping):
        return {key: plain_map(item) for key, item in value.items()}
    return plain(value)


def _input_texts(entries: Sequence[Entry]) -> list[str]:
    """List what entries say that they take."""
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, str):
            continue
        fields = next(iter(entry.values()))
        given = fields.get("inputs", [])
        found += given if isinstance(given, list) else [given]
        found += _input_texts(fields.get("layers", []))
    return found
