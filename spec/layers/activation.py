"""The functions of single numbers as layers, as in `torch.nn` and `torch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spec.errors import Problem, SpecError, quoted
from spec.functions import FUNCTIONS, NONE, PASSING, RESERVED, Function
from spec.layer import LAYERS, Layer, Scope, Value, register
from spec.primitives import Elementwise
from spec.records import make_record


class Activation(Layer):
    """`y = f(x)`, element by element; the fields are the function's constants."""

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        arguments = tuple((name, getattr(self, name)) for name in self.field_names())
        return scope.apply(Elementwise(self.type, arguments), *inputs)


def layer_of(function: Function) -> type[Layer]:
    """Make the layer of a function, whose fields are its constants."""
    fields = [(name, Any, constant) for name, constant in function.constants.items()]
    made: type[Layer] = make_record(function.name, fields, Activation, function.summary)
    return made


def register_function(
    name: str,
    summary: str,
    *,
    passes: str | Callable[..., str] = NONE,
    affine: bool = False,
    constants: Mapping[str, Any] | None = None,
) -> None:
    """Add a function of single numbers to the language, and the layer of its name.

        from spec.fields import number

        a = number(default=1.0)
        spec.register_function("snake", "`x + sin(a x)^2 / a`.", constants={"a": a})

    `constants` are fields of `spec.fields` by name. `passes` says which factors of x come out as
    they are: `linear` (all), `positive`, `odd` (1 and -1), `even` (the sign of x plays no part) or
    `none`; or it is a function of the constants that says so. `graphgen.register_function` and
    `metanet.register_function` add how it is computed. Raises `SpecError` for a name that is taken.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise wrong(f"the name of the function is {quoted(name)}, expected one such as 'snake'")
    if name in LAYERS or name in RESERVED:
        raise wrong(f"the name {quoted(name)} is taken; a function needs one of its own")
    if not isinstance(summary, str):
        raise wrong(f"`summary` is {quoted(summary)}, expected a sentence")
    if not callable(passes) and passes not in PASSING:
        raise wrong(f"`passes` is {quoted(passes)}, expected one of {', '.join(PASSING)}")
    constants = {} if constants is None else constants
    if not isinstance(constants, Mapping):
        raise wrong(f"`constants` is {quoted(constants)}, expected fields by name")
    for constant, kind in constants.items():
        if "kind" not in getattr(kind, "metadata", {}):
            raise wrong(
                f"the constant {quoted(constant)} is {quoted(kind)}, expected a field of "
                "`spec.fields`, such as `number(default=1.0)`"
            )
    function = Function(name, summary, dict(constants), passes, affine=affine)
    register(name)(layer_of(function))
    FUNCTIONS[name] = function


def wrong(message: str) -> SpecError:
    """Make the error for a function that cannot be added."""
    return SpecError([Problem(message, None)])


for _function in FUNCTIONS.values():
    register(_function.name)(layer_of(_function))
