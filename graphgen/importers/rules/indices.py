"""An index that is compared with a number is asked for as one of a table's rows."""

from __future__ import annotations

from graphgen.importers.network import Node
from graphgen.importers.rules.engine import rule
from graphgen.importers.rules.session import Replacement, Session


@rule("eq", "ne", "gt")
def compared_index(session: Session, node: Node) -> Replacement | None:
    """Whether an index is c is item c of its `one_hot`: masks of padding, beside an embedding.

    An input of indices is not taken for numbers. Refused: other numbers than indices of the table,
    and comparisons by size but for `gt: 0`.
    """
    other = node.fields.get("other")
    if len(node.inputs) != 1 or other is None or session.maker(node.inputs[0]) is not None:
        return None
    (index,) = node.inputs
    sizes = [
        int(reader.fields["num_embeddings"])
        for reader in session.readers(index)
        if reader.layer == "embedding"
    ]
    if not sizes or other % 1 or not 0 <= other < min(sizes) or (node.layer == "gt" and other):
        return None
    new = Replacement(session, node)
    hot = new.add("one_hot", [index], {"num_classes": min(sizes)})
    dim = len(node.shape) + 1
    chosen = new.add("select", [hot], {"dim": dim, "index": int(other)})
    return new.gives(chosen if node.layer == "eq" else new.scaled(chosen, -1.0, 1.0))
