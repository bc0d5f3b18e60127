"""Learned values that are spelled out: operations with them as operations with their tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from spec import Architecture, Operation
from spec.primitives import Contract, Elementwise, Fixed, Learned, Reshape


def without_learned(
    net: Architecture, operations: Sequence[Operation], outputs: Sequence[str]
) -> list[Operation]:
    """Let operations take the tensors of learned values, where a parameter may stand there.

    A matrix product of a value and a learned one is a linear map; a learned value that only axes of
    one are put around, and that is added to another or multiplies it, is a bias or a scale.
    """
    learned = {o.output: o for o in operations if isinstance(o.primitive, Learned)}
    if not learned:
        return [*operations]
    uses = Counter(name for operation in operations for name in operation.inputs)
    uses.update(outputs)
    known = {o.output: o for o in operations if isinstance(o.primitive, Fixed | Learned | Reshape)}
    made = [as_weight(o, learned) or as_bias(net, o, known, uses) or o for o in operations]
    while True:
        read = {name for operation in made for name in operation.inputs} | {*outputs}
        held = {name for name in uses if name in known and name not in read}
        if not held & {operation.output for operation in made}:
            return made
        made = [operation for operation in made if operation.output not in held]


def as_weight(operation: Operation, learned: Mapping[str, Operation]) -> Operation | None:
    """Give a product with the tensor of a learned value, if an operation is a matrix product so."""
    product = operation.primitive
    one = [place for place, name in enumerate(operation.inputs) if name in learned]
    if not isinstance(product, Contract) or product.values != 2 or operation.parameters:
        return None
    if len(one) != 1:
        return None
    value, weight = product.operands[1 - one[0]], product.operands[one[0]]
    summed = {*value, *weight} - {*product.output}
    if not summed or not summed <= {*value} & {*weight}:
        return None
    tensor = learned[operation.inputs[one[0]]].parameters
    made = Contract(f"{value},{weight}->{product.output}")
    return replace(
        operation, primitive=made, inputs=(operation.inputs[1 - one[0]],), parameters=tensor
    )


def as_bias(
    net: Architecture, operation: Operation, known: Mapping[str, Operation], uses: Counter[str]
) -> Operation | None:
    """Give a sum or product with the tensor of a learned value that has axes of one around."""
    both = operation.primitive
    if not isinstance(both, Elementwise) or both.function not in ("add", "multiply"):
        return None
    pairs = (operation.inputs, operation.inputs[::-1]) if len(operation.inputs) == 2 else ()
    for name, value in pairs:
        around = known.get(name)
        if around is None or not isinstance(around.primitive, Reshape) or uses[name] > 1:
            continue
        inner = known.get(around.inputs[0])
        if inner is None or not isinstance(inner.primitive, Learned) or uses[inner.output] > 1:
            continue
        whole = net.shapes[value] == net.shapes[operation.output]
        if not whole or isinstance(getattr(known.get(value), "primitive", None), Fixed | Learned):
            continue
        own, shape = net.tensors[inner.parameters[0]].shape, net.shapes[value]
        start = begins(own, around.primitive.target)
        if start is not None and own == shape[start : start + len(own)]:
            return replace(
                operation, primitive=replace(both, axis=start), inputs=(value,),
                parameters=inner.parameters,
            )  # fmt: skip
    return None


def begins(own: tuple[int, ...], target: tuple[int, ...]) -> int | None:
    """Give the axis at which a shape begins in another that has axes of one around it.

    >>> begins((3, 4), (1, 3, 4)), begins((4,), (4, 1, 1)), begins((3, 4), (3, 1, 4))
    (1, 0, None)
    """
    for start in range(len(target) - len(own) + 1) if own else ():
        if target == (*(1,) * start, *own, *(1,) * (len(target) - start - len(own))):
            return start
    return None
