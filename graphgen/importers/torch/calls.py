"""What each node of a program becomes: constants are computed, all else adds layers."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphgen.errors import GraphError
from graphgen.importers.network import Weight
from graphgen.importers.operators.chosen import Chosen, in_order
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.torch.complex_values import MAKERS, is_complex, of_complex, pair
from graphgen.importers.torch.decomposing import short_name
from graphgen.importers.torch.folding import fold, foldable, without_items
from graphgen.importers.torch.operators import OPERATORS, VIEWS
from graphgen.importers.torch.operators.chosen import of_chosen
from graphgen.importers.torch.padding import where_no_padding
from graphgen.importers.torch.reading import COMPLEX, Reading, kind_of
from graphgen.importers.traced import Constant, Parameter

CHECKS = ("_assert", "sym_constrain", "_guard", "_check")
"""How operators begin that compute nothing."""

_OUTSIDE = re.compile(r"^(L\['self'\]|L__self__)\.?|@\d+(?=\.|$)")


def called(tracer: Reading, node: Any, known: Mapping[str, Any]) -> Any:
    """Give what a node of a program gives, of what is known of those before it.

    Raises `ImportRefusalError` for an operator that the importer does not know.
    """
    arguments, named = _resolved(node.args, known), _resolved(dict(node.kwargs), known)
    if node.target is operator.getitem:
        return arguments[0][arguments[1]]
    name = short_name(node)
    if name.startswith(CHECKS):
        return None
    tracer.node, tracer.source, tracer.scope = node, str(node.target), scope_of(node)
    if foldable(arguments) and foldable(named):
        return fold(tracer, node, arguments, named)
    known_ahead = without_items(node) or where_no_padding(tracer, node, name)
    if known_ahead is not None:
        return known_ahead
    if tracer.learned and name not in VIEWS:
        arguments, named = _learned(tracer, arguments), _learned(tracer, named)
    if name in MAKERS or is_complex([arguments, named]) or _becomes_complex(node, arguments):
        if name in ("to", "_to_copy") and not is_complex(arguments):
            return pair(arguments[0])
        return of_complex(tracer, name, arguments, named)
    if _holds_chosen([arguments, named]):
        found = of_chosen(tracer, name, arguments, named)
        if found is not None:
            return found
        arguments, named = plain(tracer, arguments), plain(tracer, named)
    if name not in OPERATORS:
        inside = [list(a.shape) for a in arguments if hasattr(a, "shape")]
        tracer.refuse(
            f"the importer does not know this operator, of {inside}",
            "write this part of the module by others",
        )
    try:
        return OPERATORS[name](tracer, *arguments, **named)
    except (GraphError, MixedSamplesError):
        raise
    except TypeError as error:
        tracer.refuse(f"the importer does not know this form of the operator ({error})")
    # A model may be of a kind that nobody has thought of: no part of it is imported.
    except Exception as error:
        tracer.refuse(f"the importer fails at this operator ({type(error).__name__}: {error})")


def _becomes_complex(node: Any, arguments: Sequence[Any]) -> bool:
    """Whether real numbers become complex ones, or meet a constant that is."""
    meets = [a for a in arguments if isinstance(a, Constant) and a.array.dtype.kind == "c"]
    return bool(meets) or (kind_of(node) == COMPLEX and not is_complex(list(arguments)))


def _learned(tracer: Reading, argument: Any) -> Any:
    """Give parts of tensors that are to be learned values as these."""
    if isinstance(argument, list):
        return [_learned(tracer, each) for each in argument]
    if isinstance(argument, dict):
        return {key: _learned(tracer, each) for key, each in argument.items()}
    if not isinstance(argument, Parameter) or argument.name not in tracer.learned:
        return argument
    whole = Weight(argument.name, tracer.stored[argument.name]).place
    return argument if tracer.weight(argument).place == whole else tracer.value(argument)


def _holds_chosen(argument: Any) -> bool:
    if isinstance(argument, (list, tuple, dict)):
        return any(
            map(_holds_chosen, argument.values() if isinstance(argument, dict) else argument)
        )
    return isinstance(argument, Chosen)


def plain(tracer: Reading, argument: Any) -> Any:
    """Give what stands for the largest items in their order."""
    if isinstance(argument, (list, tuple)):
        return [plain(tracer, each) for each in argument]
    if isinstance(argument, dict):
        return {key: plain(tracer, each) for key, each in argument.items()}
    if is_complex(argument):
        tracer.refuse("it gives complex numbers", "give both parts, by torch.view_as_real")
    return in_order(tracer, argument) if isinstance(argument, Chosen) else argument


def scope_of(node: Any) -> str:
    """Give the path of the module that an operator belongs to, as names of tensors have it."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [path for path, _ in stack.values() if not path.startswith("_empty_nn_module_stack")]
    return _OUTSIDE.sub("", paths[-1]) if paths else ""


def _resolved(argument: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(argument, (list, tuple)):
        return [_resolved(each, known) for each in argument]
    if isinstance(argument, dict):
        return {key: _resolved(each, known) for key, each in argument.items()}
    return known[argument.name] if type(argument).__name__ == "Node" else argument
