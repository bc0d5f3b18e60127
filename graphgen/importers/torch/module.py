"""A module of PyTorch and example inputs, exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen.errors import described
from graphgen.importers.batches import with_batch
from graphgen.importers.huggingface.modules import every_expert, own_flags, padding_of
from graphgen.importers.imported import Imported, finish
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch import agreement
from graphgen.importers.torch.program import read_program
from graphgen.importers.torch.quiet import evaluating, quiet


def from_torch(
    module: Any, inputs: Any, *, batch_axis: int | str | None = "auto", check: bool = True
) -> Imported:
    """Import a `torch.nn.Module`, as it computes on example inputs.

        net, weights = graphgen.importers.from_torch(module, (torch.zeros(1, 3, 32, 32),))

    `inputs` is a tensor, a tuple of them, or a dict by the names of `forward`'s arguments. The
    module is read in `eval` mode; its weights stay where they are. Where it is in memory, it is run
    on the inputs, and what it gives compared with what was imported, unless `check` is false.

    Models of transformers give no caches, compute mixtures by all experts, and are imported for ids
    without padding where they look for it, which a comment in the YAML says.

    Raises `ImportRefusalError` for what the language cannot say exactly.
    """
    two = twice(inputs) if batch_axis in ("auto", 0) else None
    if two is not None:
        try:
            return from_torch(module, two, batch_axis=0, check=check)
        # What stands first holds no samples: the example is taken as it is.
        except ImportRefusalError:
            pass
    program = exported(module, inputs)
    read = read_program(program).without(padding_of(module))
    network, axes = with_batch(read.trace, read.input_shapes, batch_axis)
    found = finish(network, axes, f"From the module {type(module).__name__} of PyTorch.")
    if check:
        agreement.check(found, module, program)
    return found


def twice(inputs: Any) -> Any:
    """Give an example of one sample as one of two, whose axis is told from others; else None."""
    import torch

    given = inputs.values() if isinstance(inputs, Mapping) else inputs
    given = [given] if isinstance(given, torch.Tensor) else list(given)
    tensors = [x for x in given if isinstance(x, torch.Tensor)]
    if not tensors or len(tensors) < len(given) or any(x.shape[:1] != (1,) for x in tensors):
        return None
    if isinstance(inputs, torch.Tensor):
        return torch.cat([inputs, inputs])
    if isinstance(inputs, Mapping):
        return {name: torch.cat([x, x]) for name, x in inputs.items()}
    return tuple(torch.cat([x, x]) for x in inputs)


def exported(module: Any, inputs: Any) -> Any:
    """Give the program of a module in eval mode, as `torch.export` has it."""
    import torch

    if not isinstance(module, torch.nn.Module):
        raise ImportRefusalError(f"expected a torch.nn.Module, got {described(module)}")
    named = dict(inputs) if isinstance(inputs, Mapping) else {}
    args = () if named else (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
    # What is given twice would be one input.
    args, named = _apart(torch, (args, named), set())
    named = own_flags(module) | named
    reasons = []
    for strict in (False, True):
        try:
            with torch.no_grad(), quiet(), evaluating(module), every_expert(module):
                return torch.export.export(module, args, named, strict=strict)
        # Torch raises dozens of kinds of errors on what it cannot export.
        except Exception as error:
            reasons.append(f"{type(error).__name__}: {_first_lines(error)}")
    raise ImportRefusalError(
        f"torch.export does not read {type(module).__name__}, as it says: {reasons[0]}; expected a "
        "module that runs on these inputs, whose course does not depend on their numbers"
    )


def _apart(torch: Any, given: Any, seen: set[int]) -> Any:
    """Give inputs of which none is the same object as another."""
    if isinstance(given, Mapping):
        return {key: _apart(torch, each, seen) for key, each in given.items()}
    if type(given) in (list, tuple):
        return type(given)(_apart(torch, each, seen) for each in given)
    if isinstance(given, torch.Tensor) and id(given) in seen:
        return given.clone()
    seen.add(id(given))
    return given


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).split("\n") if line.strip()]
    return " ".join(lines[:2])[:400] or "no reason"
