"""Reading YAML 1.2 (core schema) with a place for every value and all errors at once."""

from __future__ import annotations

import copy
import os
import re
from itertools import islice
from typing import Any

import yaml

from spec.context import Path
from spec.core_schema import resolve
from spec.errors import Mark, Problem, Source, SpecError, kind, quoted, shortened
from spec.file_kind import FIRST_BYTES, binary_kind
from spec.plain import MAX_DEPTH, NotPlainError, plain_copy
from spec.suggestions import suggest

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TYPES = {"null": type(None), "bool": bool, "int": int, "float": float, "str": str}
_BROKEN: Any = ...  # stands for a value whose own problem is already reported
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_HINTS = {
    "mapping values are not": "check the indentation, and quote a text that holds ': '",
    "expected ',' or": "close the bracket, and quote a text that holds , [ ] { or }",
    "escape": "single quotes leave backslashes alone",
    "": "check the indentation, the brackets and the quotes",
}


def read_file(path: str | os.PathLike[str]) -> Document:
    """Read the YAML file at `path`, which must be UTF-8; raises `SpecError` as `read` does."""
    if not isinstance(path, str | os.PathLike):
        raise SpecError([Problem(f"expected the path of a file, got {quoted(path)}", None)])
    file = os.fspath(path)
    try:
        with open(file, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
            what = binary_kind(data[:FIRST_BYTES], os.fstat(stream.fileno()).st_size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([Problem(f"{file}: cannot read the file: {reason}", None)]) from error
    if what is not None:
        raise SpecError([Problem(f"{file}: is {what}, expected text in YAML (UTF-8)", None)])
    return read(data.decode("utf-8", "surrogateescape"), file)


def read(text: str, file: str) -> Document:
    """Read one YAML document; `file` is the name that messages give.

    Raises `SpecError` with every problem of the text: syntax, duplicate or non-string keys, tags
    outside the core schema, bad aliases, and the limits on size, depth and expansion.

    >>> read("width: 16", "net.yaml").data
    {'width': 16}
    """
    if not isinstance(text, str):
        raise SpecError([Problem(f"{file}: expected YAML text, got {kind(text)}", None)])
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SpecError([Problem(f"{file}: larger than {MAX_BYTES >> 20} MiB", None)])
    text = text.removeprefix("\ufeff")
    source = Source(text, file)
    if found := _FORBIDDEN.search(text):
        code = ord(found[0])
        what = f"the character U+{code:04X} is not allowed in a YAML file"
        if 0xDC80 <= code <= 0xDCFF:  # how undecodable bytes come out of `surrogateescape`
            what = f"the byte 0x{code - 0xDC00:02x} is not UTF-8: save the file as UTF-8"
        raise SpecError([source.problem(what, source.mark_at(found.start(), text))])
    return Document(_Composer(source).compose(text), source)


class Document:
    """What a YAML file says, and where it says it.

    `data` is plain: dicts with string keys, lists, strings, ints, floats, bools and None; nothing
    in it is shared, not even what aliases stand for. A path is a sequence of keys and indices.
    The place of an alias is where it is used; what lies inside its value is placed at the anchor.
    """

    def __init__(self, root: _Node, source: Source) -> None:
        self.data, self.file = root.data, source.file
        self._root, self._source = root, source

    @classmethod
    def from_data(cls, data: Any, file: str) -> Document:
        """Wrap plain data that has no text; its problems name the path instead of a line.

        Raises `SpecError` where YAML could not have held the data.
        """
        try:
            return cls(_Node(plain_copy(data), Mark(file, 1, 1)), Source("", file))
        except NotPlainError as error:
            empty = cls(_Node({}, Mark(file, 1, 1)), Source("", file))
            raise SpecError([empty.problem(error.path, str(error))]) from None

    @property
    def has_text(self) -> bool:
        """Whether there is a text, in which problems have lines."""
        return self._source.lines != [""]

    def mark(self, path: Path) -> Mark:
        """Return the place of the value at `path`, or of its nearest ancestor in the file."""
        return self._find(path).mark

    def key_mark(self, path: Path) -> Mark:
        """Return the place of the key that leads to `path` (of a list entry: the entry itself)."""
        return self._find(path).key_mark

    def problem(
        self, path: Path, message: str, key: bool = False, trail: tuple[str, ...] = ()
    ) -> Problem:
        """Return a problem at the value at `path`, or at its key, with the source line."""
        message, trail = shortened(message), tuple(map(shortened, trail))
        if not self.has_text:
            where = ".".join(str(step)[:60] for step in path)
            return Problem(": ".join(filter(None, (self.file, where, message))), None, None, trail)
        mark = self.key_mark(path) if key else self.mark(path)
        return self._source.problem(message, mark, trail)

    def _find(self, path: Path) -> _Node:
        node = self._root
        for step in path:
            if step not in node.children:
                break
            node = node.children[step]
        return node


class _Node:
    __slots__ = ("children", "data", "height", "key", "key_mark", "mark", "plain", "size")

    def __init__(self, data: Any, mark: Mark, plain: bool = False) -> None:
        self.data, self.plain = data, plain
        self.mark = self.key_mark = mark
        self.size, self.height = 1, 0  # with all aliases expanded
        self.key: _Node | None = None  # in an open mapping: the key that waits for its value
        self.children: dict[str | int, _Node] = {}


class _Composer:
    """Builds the nodes of one document from the parser's events, without recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Node] = {}
        self.open: list[_Node] = []
        self.root: _Node | None = None
        self.total = 0

    def compose(self, text: str) -> _Node:
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self.take(event, self.source.mark(event.start_mark))
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.report(*self.syntax_error(error))
        root = self.root
        if not self.problems and (root is None or (root.plain and root.data is None)):
            self.report("the file is empty: expected a mapping", Mark(self.source.file, 1, 1))
        if self.problems or root is None:
            raise SpecError(self.problems)
        return root

    def take(self, event: Any, mark: Mark) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                self.stop("a second document starts here: a file holds one document", mark)
            if event.version == (1, 1):
                self.report("the file asks for YAML 1.1: write %YAML 1.2", mark)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.open) >= MAX_DEPTH:
                self.stop(f"lists and mappings nest deeper than {MAX_DEPTH} levels", mark)
            name = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
            if event.tag not in (None, "!", _TAG + name):
                self.refuse_tag(event.tag, mark)
            node = _Node([] if name == "seq" else {}, mark)
            node.size, node.height = -self.total, 1
            self.count(1, mark)
            self.open.append(node)
            self.anchors[event.anchor or ""] = node
        elif isinstance(event, yaml.CollectionEndEvent):
            node = self.open.pop()
            node.size += self.total
            self.attach(node)
        elif isinstance(event, yaml.ScalarEvent):
            node = _Node(self.scalar(event, mark), mark, event.tag is None and not event.style)
            node.size += len(event.value) // 1000  # as long strings multiply through aliases
            self.count(node.size, mark)
            self.anchors[event.anchor or ""] = node
            self.attach(node)
        elif isinstance(event, yaml.AliasEvent):
            self.attach(self.alias(event.anchor or "", mark))

    def attach(self, node: _Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        parent.height = max(parent.height, 1 + node.height)
        if isinstance(parent.data, list):
            parent.children[len(parent.data)] = node
            parent.data.append(node.data)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            if self.accepts(parent, key):
                node.key_mark = key.mark
                parent.children[key.data] = node
                parent.data[key.data] = node.data

    def accepts(self, parent: _Node, key: _Node) -> bool:
        if key.data is _BROKEN:
            return False
        if not isinstance(key.data, str):
            self.report(f"a key must be a string, got {kind(key.data)}: quote it", key.mark)
        elif key.plain and key.data == "<<":
            self.report("merge keys ('<<') are not read: write the keys themselves", key.mark)
        elif key.data in parent.data:
            first = parent.children[key.data].key_mark
            self.report(f"duplicate key {quoted(key.data)}: it stands first at {first}", key.mark)
        else:
            return True
        return False

    def alias(self, name: str, mark: Mark) -> _Node:
        node = self.anchors.get(name)
        if node is None or node in self.open:
            hint = suggest(name[:99], islice(self.anchors, 99)) if len(self.problems) < 20 else ""
            why = f"has no anchor before it{hint}" if node is None else "lies in its own value"
            self.report(f"the alias {quoted('*' + name)} {why}", mark)
            return _Node(_BROKEN, mark)
        self.count(node.size, mark)
        if len(self.open) + node.height > MAX_DEPTH:
            self.stop(f"through this alias, values nest deeper than {MAX_DEPTH} levels", mark)
        alias = _Node(copy.deepcopy(node.data), mark, node.plain)
        alias.size, alias.height, alias.children = node.size, node.height, node.children
        return alias

    def scalar(self, event: Any, mark: Mark) -> Any:
        text, tag = event.value, event.tag
        name = "str" if tag == "!" or (tag is None and event.style) else tag
        name = name.removeprefix(_TAG) if name else None
        if name is not None and name not in _TYPES:
            return self.refuse_tag(tag, mark)
        try:
            text.encode()  # the parser may let half a surrogate pair through
            data = text if name == "str" else resolve(text)
            if name == "float" and type(data) is int:
                data = float(data)
            if name is not None and type(data) is not _TYPES[name]:
                raise ValueError(f"{quoted(text)} does not fit its tag '!!{name}'")
        except ValueError as error:
            self.report(str(error), mark)
            return _BROKEN
        return data

    def refuse_tag(self, tag: str, mark: Mark) -> Any:
        self.report(f"the tag {quoted(tag.replace(_TAG, '!!'))} does not belong here", mark)
        return _BROKEN

    def count(self, nodes: int, mark: Mark) -> None:
        self.total += nodes
        if self.total > MAX_NODES:
            self.stop(f"more than {MAX_NODES:,} values, with all aliases expanded", mark)

    def report(self, message: str, mark: Mark) -> None:
        self.problems.append(self.source.problem(message, mark))
        SpecError.stop_at_limit(self.problems)

    def stop(self, message: str, mark: Mark) -> None:
        self.report(message, mark)
        raise SpecError(self.problems)

    def syntax_error(self, error: Exception) -> tuple[str, Mark]:
        places = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
        marks = [self.source.mark(place) for place in places if place]
        marks += [node.mark for node in reversed(self.open)] + [Mark(self.source.file, 1, 1)]
        end = (len(self.source.lines), len(self.source.lines[-1]) + 1)
        mark = next((m for m in marks if (m.line, m.column) < end), marks[0])
        problem = getattr(error, "problem", None) or str(error)
        char = (self.source.line(mark) or "")[mark.column - 1 : mark.column]
        if char == "\t" or "tab character" in problem:
            return "invalid YAML: a tab cannot indent: use spaces", mark
        if "cannot start any token" in problem:
            return f"invalid YAML: a value cannot start with {char!r}: quote it", mark
        hint = next(hint for part, hint in _HINTS.items() if part in problem)
        sentence = f"{getattr(error, 'context', None) or ''} {problem}".strip()
        return f"invalid YAML: {sentence}: {hint}", mark
