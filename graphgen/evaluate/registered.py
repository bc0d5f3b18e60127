"""How functions of single numbers are computed by a library, and how others are added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphgen.errors import described
from spec.functions import FUNCTIONS

A = TypeVar("A")


@dataclass(frozen=True)
class Evaluations(Generic[A]):
    """The functions that a `library` computes, by name, each of `operand` and its constants.

    A `package` has them, whose `register_function` adds one; mistakes are its `error`.
    """

    library: str
    package: str
    operand: str
    error: type[Exception]
    functions: dict[str, Callable[..., A]]

    def add(self, name: str) -> Callable[[Callable[..., A]], Callable[..., A]]:
        """Give the decorator that adds the evaluation of a function that the language has."""
        if not isinstance(name, str) or name not in FUNCTIONS:
            raise self.error(
                f"the language has no function {described(name)}; `spec.register_function` adds one"
            )

        def put(evaluation: Callable[..., A]) -> Callable[..., A]:
            if not callable(evaluation):
                raise self.error(
                    f"the evaluation of {name!r} is {described(evaluation)}, expected a function "
                    f"of {self.operand} and the constants"
                )
            self.functions[name] = evaluation
            return evaluation

        return put

    def __call__(self, name: str, x: A, constants: Mapping[str, Any]) -> A:
        """Compute a function of each number; the result has the shape of x."""
        if name not in self.functions:
            raise self.error(
                f"the function {name!r} cannot be evaluated in {self.library}: say how, by "
                f"`@{self.package}.register_function({name!r})`"
            )
        result = self.functions[name](x, **constants)
        before, after = (list(getattr(value, "shape", ())) for value in (x, result))
        if before != after:
            raise self.error(
                f"the function {name!r} gave {after} of {before}: in {self.library}, it is not "
                "computed number by number"
            )
        return result
