"""What somebody's network gives for some inputs, whatever kind of thing it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.comparison.outputs import limit_of, named_outputs
from graphgen.comparison.torch_module import TorchModule, array_of_tensor, module_in
from graphgen.dtypes import is_real
from graphgen.errors import GraphError, described
from spec import Architecture

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Reference:
    """The outputs that were given, and the limit for their difference from a description's.

    `torch` is the module that gave them, if it is one of torch.
    """

    outputs: list[tuple[str, NDArray[Any]]]
    limit: float
    torch: TorchModule | None = None


def refer(net: Architecture, module: object, inputs: Arrays) -> Reference:
    """Call a module of torch, a session of onnxruntime, or a function of arrays on some inputs.

    Raises `GraphError` for a module in training mode, for what cannot be called with the inputs,
    and for outputs that are not those of the architecture.
    """
    torch = module_in(module, net)
    if torch is not None:
        result = torch.call(inputs)
    elif hasattr(module, "get_inputs") and hasattr(module, "run"):
        result = run_session(module, inputs)
    elif callable(module):
        result = call(module, inputs)
    else:
        raise GraphError(
            f"`module` is {described(module)}; expected a torch.nn.Module, an onnxruntime session, "
            "or a function that takes arrays and gives them"
        )
    found, names = flattened(result)
    arrays, dtypes = [], []
    for value in found:
        array, dtype = array_of_tensor(value)
        arrays.append(array)
        dtypes.append(dtype)
    outputs = named_outputs(net, arrays, names, "the module gives")
    real = [d for d, a in zip(dtypes, arrays, strict=True) if is_real(a.dtype)]
    if torch is not None:
        real += torch.dtypes
    return Reference(outputs, limit_of(real or ["float32"]), torch)


def call(function: Callable[..., Any], inputs: Arrays) -> Any:
    """Call a function with arrays: by name where all its parameters are called so, or in order."""
    positional, named = bound(function, inputs)
    try:
        return function(*positional, **named)
    # Whatever somebody's function raises.
    except Exception as error:
        raise failed(error, inputs) from error


def bound(function: Callable[..., Any], inputs: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """Give the arguments of a call, by position and by name."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return list(inputs.values()), {}
    positional_only = inspect.Parameter.POSITIONAL_ONLY
    if all(n in parameters and parameters[n].kind != positional_only for n in inputs):
        return [], dict(inputs)
    return list(inputs.values()), {}


def failed(error: Exception, inputs: Mapping[str, Any]) -> GraphError:
    """Say that a module cannot be called with the inputs."""
    given = ", ".join(f"{name} {list(x.shape)} {x.dtype}" for name, x in inputs.items())
    words = " ".join(str(error).split())
    return GraphError(
        f"`module` raises {type(error).__name__} ({words:.300}) for the inputs {given}; check "
        "their order, shapes and dtypes, or wrap the module in a function that takes them so"
    )


def run_session(session: Any, inputs: Arrays) -> dict[str, Any]:
    """Run a session of onnxruntime, by the names of its inputs or in their order."""
    declared = session.get_inputs()
    if len(declared) != len(inputs):
        raise GraphError(
            f"the session takes {len(declared)} inputs ({', '.join(i.name for i in declared)}), "
            f"the description {len(inputs)} ({', '.join(inputs)})"
        )
    by_name = {i.name for i in declared} == set(inputs)
    feed = {}
    for i, x in zip(declared, inputs.values(), strict=True):
        array = inputs[i.name] if by_name else x
        feed[i.name] = np.ascontiguousarray(array, ONNX_DTYPES.get(i.type, array.dtype))
    try:
        results = session.run(None, feed)
    except Exception as error:
        raise failed(error, feed) from error
    return dict(zip((o.name for o in session.get_outputs()), results, strict=True))


ONNX_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


def flattened(result: Any) -> tuple[list[Any], list[str] | None]:
    """List the arrays of a result in order, and their names if it has names.

    Left out is what a dictionary or dataclass holds beside arrays, such as None and caches.
    """
    if isinstance(result, Mapping):
        named = {str(name): value for name, value in result.items()}
    elif is_dataclass(result) and not isinstance(result, type):
        named = {field.name: getattr(result, field.name) for field in fields(result)}
    elif isinstance(result, (list, tuple)):
        found: list[Any] = []
        for item in result:
            found += [] if item is None else flattened(item)[0]
        return found, None
    elif is_array(result) or isinstance(result, (int, float)):
        return [result], None
    else:
        raise GraphError(
            f"`module` gives {described(result)}; expected arrays or tensors, alone or in a list, "
            "a tuple, a dictionary or a dataclass"
        )
    arrays = {name: value for name, value in named.items() if is_array(value)}
    for name, value in named.items():
        if isinstance(value, (list, tuple)) and value and all(map(is_array, value)):
            arrays |= {f"{name}.{i}": item for i, item in enumerate(value)}
    if not arrays:
        raise GraphError(
            f"`module` gives {described(result)} of {', '.join(named) or 'nothing'}, none of which "
            "is an array; wrap it in a function that gives the outputs"
        )
    return list(arrays.values()), list(arrays)


def is_array(value: object) -> bool:
    """Say whether something is an array or a tensor."""
    return hasattr(value, "__array__") and hasattr(value, "shape") and hasattr(value, "dtype")
