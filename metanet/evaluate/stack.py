"""Many networks of one architecture in torch, run at once with their weights stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from metanet.errors import MetanetError
from metanet.evaluate import elementwise, normalise
from metanet.evaluate.arguments import check_inputs, check_one_count, check_one_kind
from metanet.evaluate.network import TORCH, all_values, run_operations
from metanet.options import shown
from metanet.sources import Net, architecture_of, weights_of
from spec import Architecture
from spec.architecture import Operation
from spec.primitives import Elementwise, Normalise, show


def run_stack(
    net: Net,
    weights: Mapping[str, Tensor],
    *inputs: Tensor,
    training: bool = False,
    dropout: Mapping[str, Tensor] | None = None,
    sizes: Tensor | None = None,
) -> Tensor:
    """Run many networks of one architecture at once, each as `run` would run it.

        weights = {name: torch.stack([one[name] for one in several]) for name in net.tensors}
        outputs = metanet.evaluate.run_stack(net, weights, images)   # (networks, N, ...)

    Every tensor of `weights` has an axis for the networks in front. An input is shared, (N, ...),
    or each network has its own, (networks, N, ...). The outputs of one network depend on its own
    weights alone, so the gradient of their sum is that of each network, side by side. While
    `training`, running statistics are updated in place, and dropout differs between networks.

    `dropout` gives each network its own rates, by the name of the value that a dropout gives:
    (networks,). `sizes`, (networks,), are batch sizes: of network i only the first `sizes[i]`
    samples count in its batch statistics, and what comes out for the others is to be ignored.

    Raises `MetanetError` where shapes or names do not fit.
    """
    net, weights = architecture_of(net), weights_of(weights)
    if dropout is not None and not isinstance(dropout, Mapping):
        raise MetanetError(f"`dropout` is {shown(dropout)}, expected a mapping of rates by name")
    _check(net, weights, inputs, dropout or {}, sizes)
    own = {name: weights[name] for name in net.tensors}
    if training:
        # vmap's rule for batch norm updates a copy, not the tensor, where that is not contiguous.
        own.update({name: weights[name].contiguous() for name in net.buffers})
    lies = tuple(
        0 if x.ndim == len(shape) + 2 else None
        for x, shape in zip(inputs, net.inputs.values(), strict=True)
    )
    rates = dict(dropout or {}) if training else {}

    def one(
        weights: Mapping[str, Tensor],
        inputs: tuple[Tensor, ...],
        rates: Mapping[str, Tensor],
        size: Tensor | None,
    ) -> Tensor:
        apply = partial(_train, rates, size) if training else _infer
        return run_operations(net, weights, inputs, apply)

    result = torch.vmap(
        one, in_dims=(0, lies, 0, None if sizes is None else 0), randomness="different"
    )(own, inputs, rates, sizes)
    for name in net.buffers if training else ():
        if own[name] is not weights[name]:
            weights[name].copy_(own[name])
    return result


def stack_values(
    net: Net, weights: Mapping[str, Tensor], names: Sequence[str], *inputs: Tensor
) -> tuple[Tensor, ...]:
    """Run many networks as `run_stack` does, and give values inside them by name.

    hidden, logits = stack_values(net, weights, ["1", "head"], images)   # (networks, N, ...)
    """
    net, weights = architecture_of(net), weights_of(weights)
    _check(net, weights, inputs, {}, None)
    own = {name: weights[name] for name in net.tensors}

    def one(weights: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        values = all_values(net, weights, inputs, _infer)
        return tuple(values[name] for name in names)

    return torch.vmap(one)(own)


def _infer(operation: Operation, *operands: Tensor) -> Tensor:
    return TORCH[type(operation.primitive)](operation.primitive, False, *operands)


def _train(
    rates: Mapping[str, Tensor], size: Tensor | None, operation: Operation, *operands: Tensor
) -> Tensor:
    primitive = operation.primitive
    if operation.output in rates:
        return elementwise.drop(operands[0], rates[operation.output])
    if size is not None and isinstance(primitive, Normalise) and operation.parameters:
        return normalise.run_padded(primitive, size, *operands)
    return TORCH[type(primitive)](primitive, True, *operands)


def _check(
    net: Architecture,
    weights: Mapping[str, Tensor],
    inputs: tuple[Tensor, ...],
    dropout: Mapping[str, Tensor],
    sizes: Tensor | None,
) -> None:
    if not net.tensors:
        raise MetanetError(f"{net.name!r} has no weights to stack; run it by `run`")
    first = next(iter(net.tensors))
    stack = weights.get(first)
    count = stack.shape[0] if stack is not None and stack.ndim else 0
    if missing := [name for name in net.tensors if name not in weights]:
        raise MetanetError(f"the weights of {net.name!r} lack {', '.join(missing)}")
    for name, tensor in net.tensors.items():
        if tuple(weights[name].shape) != (count, *tensor.shape):
            raise MetanetError(
                f"`{name}` of {net.name!r} has the shape {list(weights[name].shape)}; expected "
                f"{_listed('networks', tensor.shape)}, with {count} networks as in `{first}`: "
                "stack the weights of the networks along a new first axis"
            )
    check_inputs(net, inputs)
    for (name, shape), x in zip(net.inputs.items(), inputs, strict=True):
        shared, own = len(shape) + 1, len(shape) + 2
        fits = x.ndim in (shared, own) and tuple(x.shape[x.ndim - len(shape) :]) == tuple(shape)
        if not fits or (x.ndim == own and x.shape[0] != count):
            raise MetanetError(
                f"input `{name}` of {net.name!r} has the shape {list(x.shape)}; expected "
                f"{show(shape)} for all networks, or {_listed(count, 'N', shape)} with one for each"
            )
    check_one_kind(net, weights, inputs)
    samples = zip(inputs, net.inputs.values(), strict=True)
    check_one_count(net, [x.shape[x.ndim - len(shape) - 1] for x, shape in samples])
    known = dropouts(net)
    if not isinstance(dropout, Mapping):
        raise MetanetError(f"`dropout` is {shown(dropout)}, expected a mapping of tensors by name")
    for name, rates in dropout.items():
        if name not in known:
            raise MetanetError(
                f"{net.name!r} has no dropout that gives {name!r}; it has "
                f"{', '.join(map(repr, known)) or 'none'}"
            )
        if not isinstance(rates, Tensor) or tuple(rates.shape) != (count,):
            raise MetanetError(
                f"`dropout` of {name!r} has {_shape(rates)}; expected [{count}], a rate for each "
                "network"
            )
    if sizes is not None and (not isinstance(sizes, Tensor) or tuple(sizes.shape) != (count,)):
        raise MetanetError(
            f"`sizes` has {_shape(sizes)}; expected [{count}], a batch size for each network"
        )


def _shape(given: object) -> str:
    if isinstance(given, Tensor):
        return f"the shape {list(given.shape)}"
    return f"no shape, being {shown(given)}"


def _listed(*axes: object) -> str:
    flat = [a for axis in axes for a in (axis if isinstance(axis, tuple) else (axis,))]
    return f"[{', '.join(map(str, flat))}]"


def dropouts(net: Architecture) -> dict[str, float]:
    """List a network's dropout rates, by the name of the value that each dropout gives."""
    return {
        operation.output: float(dict(operation.primitive.arguments)["p"])
        for operation in net.operations
        if isinstance(operation.primitive, Elementwise)
        and operation.primitive.function == "dropout"
    }
