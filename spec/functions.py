"""The functions of single numbers: their names, their constants, and which factors pass through.

One entry here says all that the packages need to know of a function but how to compute it:
`graphgen/evaluate/functions.py` says that in numpy, `metanet/evaluate/functions.py` in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spec.fields import choice, number

LINEAR = "linear"
POSITIVE = "positive"
ODD = "odd"
EVEN = "even"
SIGN = "sign"
NONE = "none"
PASSING = (LINEAR, POSITIVE, ODD, EVEN, SIGN, NONE)
"""What factors of its input come out of a function, as they are: all numbers; all positive ones; 1
and -1; or none. Of an even function the sign of the input plays no part; of one that reads nothing
but the sign a positive factor plays none."""


@dataclass(frozen=True)
class Function:
    """A function of single numbers.

    `constants` are fields of `spec.fields` by name, `passes` is a word of `PASSING` or gives one
    for the constants, `problem` says what is wrong with constants, or nothing. An `affine` one is
    no activation.
    """

    name: str
    summary: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    passes: str | Callable[..., str] = NONE
    problem: Callable[..., str] = lambda **constants: ""
    affine: bool = False

    def passing(self, constants: Mapping[str, Any]) -> str:
        """Say which factors pass through the function with these constants."""
        return self.passes if isinstance(self.passes, str) else self.passes(**constants)


FUNCTIONS: dict[str, Function] = {}
"""Every function by the name that people write."""


def define(name: str, summary: str, **rest: Any) -> None:
    """Add a function."""
    FUNCTIONS[name] = Function(name, summary, **rest)


def limits(low: float | None, high: float | None) -> str:
    """Give what passes through what cuts off at two limits: of crossed ones `high` is all."""
    if {low, high} <= {0, None}:
        return POSITIVE
    if low is None or high is None:
        return NONE
    return EVEN if low >= high else ODD if low == -high else NONE


def power(exponent: float) -> str:
    """Give what passes through a power."""
    if exponent in (0, 1):
        return LINEAR if exponent else EVEN
    return NONE if exponent % 1 else EVEN if exponent % 2 == 0 else ODD


def no_limit(min: float | None, max: float | None) -> str:
    """Ask for one of two limits."""
    return "" if (min, max) != (None, None) else "`clamp` needs `min` or `max`, or both"


def crossed(min_val: float, max_val: float) -> str:
    """Ask for limits in their order."""
    said = f"`min_val` is {min_val:g} and `max_val` is {max_val:g}; expected no less"
    return "" if min_val <= max_val else said


def zero(alpha: float) -> str:
    """Ask for what can be divided by."""
    return "" if alpha else "`alpha` is 0, which cannot be divided by"


define("relu", "`x` where positive, 0 elsewhere.", passes=POSITIVE)
define("relu6", "`x` between 0 and 6, else the nearer of them.")
define("leaky_relu", "`x` where positive, `negative_slope x` elsewhere.", passes=POSITIVE,
       constants={"negative_slope": number(default=0.01)})  # fmt: skip
define("elu", "`x` where positive, `alpha (exp(x) - 1)` elsewhere.",
       passes=lambda alpha: NONE if alpha else POSITIVE,
       constants={"alpha": number(default=1.0)})  # fmt: skip
define("celu", "`x` where positive, `alpha (exp(x / alpha) - 1)` elsewhere.", problem=zero,
       constants={"alpha": number(default=1.0)})  # fmt: skip
define("selu", "An `elu` with the two constants of Klambauer et al. 2017.")
define("gelu", "`x` times the normal distribution function at `x`, exactly or by a tanh.",
       constants={"approximate": choice(("none", "tanh"), default="none")})  # fmt: skip
define("quick_gelu", "`x sigmoid(1.702 x)`.")
define("silu", "`x sigmoid(x)`.")
define("mish", "`x tanh(softplus(x))`.")
define("sigmoid", "`1 / (1 + exp(-x))`.")
define("log_sigmoid", "`log(sigmoid(x))`.")
define("tanh", "The hyperbolic tangent.", passes=ODD)
define("softplus", "`log(1 + exp(beta x)) / beta`.",
       constants={"beta": number(default=1.0, minimum=1e-12)})  # fmt: skip
define("softsign", "`x / (1 + |x|)`.", passes=ODD)
define("hardtanh", "`x` between `min_val` and `max_val`, else the nearer of them.",
       constants={"min_val": number(default=-1.0), "max_val": number(default=1.0)},
       passes=lambda min_val, max_val: limits(min_val, max_val), problem=crossed)  # fmt: skip
define("hardsigmoid", "`x / 6 + 1 / 2` between 0 and 1, else the nearer of them.")
define("hardswish", "`x hardsigmoid(x)`.")
define("hardshrink", "0 where `|x|` is at most `lambd`, `x` elsewhere.", passes=ODD,
       constants={"lambd": number(default=0.5)})  # fmt: skip
define("softshrink", "`x` moved towards 0 by `lambd`, and no further.", passes=ODD,
       constants={"lambd": number(default=0.5, minimum=0)})  # fmt: skip
define("tanhshrink", "`x - tanh(x)`.", passes=ODD)
define("threshold", "`x` where it is above `threshold`, `value` elsewhere.",
       constants={"threshold": number(), "value": number()},
       passes=lambda threshold, value: NONE if threshold or value else POSITIVE)  # fmt: skip
define("clamp", "`x` between `min` and `max`, else the nearer of them.", problem=no_limit,
       constants={"min": number(default=None), "max": number(default=None)},
       passes=lambda min, max: limits(min, max))  # fmt: skip
define("sine", "`sin(frequency x)`, with frequency 30 in Sitzmann et al. 2020.", passes=ODD,
       constants={"frequency": number(default=1.0)})  # fmt: skip
define("cosine", "`cos(frequency x)`.", passes=EVEN,
       constants={"frequency": number(default=1.0)})  # fmt: skip
define("exp", "The exponential function.")
define("log", "The natural logarithm.")
define("sqrt", "The square root.")
define("rsqrt", "`1 / sqrt(x)`.")
define("reciprocal", "`1 / x`.", passes=ODD)
define("abs", "`|x|`.", passes=POSITIVE)
define("square", "`x^2`.", passes=EVEN)
define("power", "`x` to the power of `exponent`, as `torch.pow`.", passes=power,
       constants={"exponent": number()})  # fmt: skip
define("sign", "-1, 0 or 1.", passes=ODD)
define("heaviside", "0 where `x` is negative, `values` where it is 0, else 1.", passes=SIGN,
       constants={"values": number()})  # fmt: skip
define("erf", "The error function.", passes=ODD)
define("scale_by", "`factor x`.", constants={"factor": number()}, passes=LINEAR, affine=True)
define("shift_by", "`x + value`.", constants={"value": number()}, affine=True)

RESERVED = frozenset(
    (
        "input", "bias", "scale", "add", "batch_norm", "layer_norm", "group_norm", "max_pool",
        "mean_pool", "prelu", "band_mask", "softmax", "rms_norm", "instance_norm", "multiply",
        "product", "mean", "max", "sum", "resample", "slice", "take", "concat", "grid_lookup",
        "hash_lookup", "lstm", "gru", "rnn_tanh", "rnn_relu", "rotary", "sinusoid", "one_hot",
        "output", "identity", "dropout", "maximum", "where", "logsumexp", "fixed", "recurrence",
        "kthvalue",
    )
)  # fmt: skip
"""What else happens to a value, so that no function may have the name."""

BUILT_IN = tuple(FUNCTIONS)
"""The functions that come with the package, which have columns of their own in features."""
