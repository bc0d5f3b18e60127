"""Options of models: what each may be, in one place, by its name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from reprlib import Repr
from typing import Any

from metanet.errors import MetanetError
from metanet.sources import architecture_of

BACKENDS = ("block", "pyg")
FORMS = ("narrow", "paper")
"""The forms of a GMN's layers; see `metanet.models.gmn.form`."""
AGGREGATIONS = ("sum", "root", "mean")
"""How a node collects the messages of a block; see `metanet.backends.backend.POWERS`."""
STATISTICS = ("mean", "deviation", "variance", "quantiles")
"""What a readout may take of a block's edges."""
OUTPUTS, ANSWERS = "outputs", "answers"
"""What it may take beside them: the mean state of output neurons, and their answers at probes."""
INGREDIENTS = (
    "activations", "heads", "running_statistics", "tap_coordinates", "bias_nodes", "direction",
)  # fmt: skip
"""What a GMN may be `without`; see `metanet.models.gmn.ablation`."""


class UnfitError(ValueError):
    """A value that an option does not take."""


@dataclass(frozen=True)
class Option:
    """What an option may be: in words, and as the function that reads it or raises `UnfitError`."""

    expected: str
    read: Callable[[Any], Any]


def integer(least: int, most: int) -> Option:
    """Admit integers of a range."""

    def read(value: Any) -> int:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise UnfitError
        if not least <= int(value) <= most:
            raise UnfitError
        return int(value)

    return Option(f"an integer from {least} to {most}", read)


def number(least: float, most: float, *, least_too: bool = True, most_too: bool = True) -> Option:
    """Admit finite numbers of a range, with or without its ends."""

    def read(value: Any) -> float:
        if not isinstance(value, Real) or isinstance(value, bool):
            raise UnfitError
        if not (isinstance(value, Integral) or math.isfinite(value)):
            raise UnfitError
        value = int(value) if isinstance(value, Integral) else float(value)
        if not least <= value <= most:
            raise UnfitError
        if (value == least and not least_too) or (value == most and not most_too):
            raise UnfitError
        return float(value)

    from_least = f"at least {least:g}" if least_too else f"more than {least:g}"
    to_most = f"at most {most:g}" if most_too else f"less than {most:g}"
    return Option(f"a number, {from_least} and {to_most}", read)


def flag() -> Option:
    """Admit True and False."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise UnfitError
        return value

    return Option("True or False", read)


def choice(*names: str) -> Option:
    """Admit one of several names."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise UnfitError
        return value

    return Option(f"one of {', '.join(names)}", read)


def names_of(*names: str, of_these: Sequence[str] = ()) -> Option:
    """Admit a list of names, each at most once; `of_these`: at least one of them."""

    def read(value: Any) -> list[str]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple, set, frozenset)):
            raise UnfitError
        given = sorted(given, key=str) if isinstance(given, (set, frozenset)) else list(given)
        if any(not isinstance(name, str) or name not in names for name in given):
            raise UnfitError
        if len(set(given)) < len(given) or (of_these and not set(given) & set(of_these)):
            raise UnfitError
        return given

    needed = f", at least one of {', '.join(of_these)}" if of_these else ""
    return Option(f"a list of some of {', '.join(names)}{needed}", read)


def mapping() -> Option:
    """Admit a mapping of names to values."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise UnfitError
        return dict(value)

    return Option("a mapping of names to values", read)


def text() -> Option:
    """Admit texts, of which the model says later what they name."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise UnfitError
        return value

    return Option("a name", read)


def distinct() -> Option:
    """Admit a list of names, each at most once, of which the model says later what they name."""

    def read(value: Any) -> list[str]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or len(set(map(repr, given))) < len(given):
            raise UnfitError
        if not all(isinstance(name, str) for name in given):
            raise UnfitError
        return list(given)

    return Option("a list of names, each at most once", read)


WIDTH = integer(1, 65536)
COUNT = integer(0, 65536)
OPTIONS: Mapping[str, Option] = {
    "hidden": WIDTH,
    "edge_hidden": WIDTH,
    "layers": integer(1, 1000),
    "outputs": WIDTH,
    "members": integer(1, 1024),
    "heads": integer(1, 1024),
    "kernel_taps": integer(1, 256),
    "channels": integer(1, 1024),
    "conditions": COUNT,
    "probes": COUNT,
    "learned_inputs": COUNT,
    "node_features": COUNT,
    "dropout": number(0, 1, most_too=False),
    "fan_in_power": number(-4, 4),
    "backend": choice(*BACKENDS),
    "form": choice(*FORMS),
    "taps": choice("folded", "parallel"),
    "aggregation": choice(*AGGREGATIONS),
    "activation": choice("silu", "relu"),
    "readout": names_of(*STATISTICS, OUTPUTS, ANSWERS, of_these=STATISTICS),
    "without": names_of(*INGREDIENTS),
    "norm": flag(),
    "multiply": flag(),
    "global_state": flag(),
    "positions": flag(),
    "standardise_probes": flag(),
    "checkpoint": flag(),
    "augment": flag(),
    "align": flag(),
    "folded": flag(),
    "bidirectional": flag(),
    "metanet": text(),
    "settings": mapping(),
    "views": distinct(),
    "width": WIDTH,
    "bins": integer(1, 1024),
    "view_dropout": number(0, 1, most_too=False),
    "net": Option("an architecture", architecture_of),
    "trees": integer(1, 10_000),
    "learning_rate": number(0, 10, least_too=False),
    "leaves": integer(2, 65536),
    "min_samples_leaf": integer(1, 2**31 - 1),
    "l2": number(0, 1e12),
    "features_per_split": number(0, 1, least_too=False),
    "seed": integer(0, 2**32 - 1),
    "classes": COUNT,
}
"""Every option of this package's models. Its default is where the model or its part declares it."""


def check(name: str, value: Any, options: Mapping[str, Option] = OPTIONS) -> Any:
    """Give the value that an option takes, in its plain form.

        check("hidden", np.int64(64))            # 64

    Raises `MetanetError` that names the option, what it got and what was expected.
    """
    try:
        return options[name].read(value)
    except UnfitError:
        raise MetanetError(
            f"`{name}` is {shown(value)}, expected {options[name].expected}"
        ) from None


def named(kind: str) -> str:
    """Name a thing by its kind, with an article."""
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


class Short(Repr):
    """Representations of a few words, whatever is shown."""

    def repr_int(self, x: int, level: int) -> str:
        return f"an integer of {x.bit_length()} bits" if abs(x) > 10**30 else repr(x)

    def repr_instance(self, x: Any, level: int) -> str:
        return f"{float(x):g}" if isinstance(x, Real) else named(type(x).__name__)


SHORT = Short()
SHORT.maxstring = 80


def shown(value: Any) -> str:
    """Show a value of any kind and size in a few words."""
    return SHORT.repr(value)


def nearest(name: Any, known: Sequence[str]) -> str:
    """Say which known name is meant, and list all of them."""
    close = get_close_matches(name, known, 1) if isinstance(name, str) else []
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{meant}known: {', '.join(known) or 'none'}"


def plain(name: str, value: Any) -> Any:
    """Give a value as JSON holds it, an architecture in its resolved form.

    Raises `MetanetError` for what JSON cannot hold.
    """
    if hasattr(value, "resolved"):
        return value.resolved()
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(name, item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: plain(name, item) for key, item in value.items()}
    raise MetanetError(
        f"`{name}` is {shown(value)}, expected plain data (numbers, texts, lists, mappings) or an "
        "architecture, so that settings can be written to a file"
    )
