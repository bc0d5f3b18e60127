"""A learned optimizer as one of PyTorch, for any module and training loop."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from metanet.errors import MetanetError
from metanet.models.learned_optimizer.optimizer import LearnedOptimizer
from metanet.models.learned_optimizer.placement import (
    Placement,
    by_names,
    importing,
    in_graph,
    without_graph,
)
from metanet.models.learned_optimizer.state import COUNTS, OptimizerState
from metanet.options import check, number, shown
from metanet.sources import Net, architecture_of

RATE = {"lr": number(0, 1e6)}
STATE = ("momenta", "squares")


class TorchOptimizer(torch.optim.Optimizer):
    """A `torch.optim.Optimizer` whose steps a learned optimizer takes.

        optimizer = metanet.TorchOptimizer(module, learned, horizon=100, inputs=x)
        for _ in range(3):
            optimizer.zero_grad()
            module(x).square().mean().backward()
            optimizer.step()

    `params` are a module, or what every optimizer of PyTorch takes: parameters, or groups of them.
    Steps get smaller towards the `horizon`, where the learned optimizer is an annealed one, and
    end there. `lr` multiplies steps, for each group its own, so that schedulers work; 1 is what
    was meta-trained.

    A learned optimizer that reads a graph needs the `module`, and `inputs` by which it is imported
    (`graphgen.importers.from_torch`) or its architecture `net`, of which the module's `state_dict`
    is a checkpoint. It sees all of the module's weights, and changes those in `params`. One that
    sees each parameter alone needs neither; a `module` tells it tables and norms apart.

    Parameters without a gradient stay as they are, with their momenta. Numbers are computed in the
    learned optimizer's dtype, updates are added in the wider one of that and the parameter's.
    Raises `MetanetError` for what does not fit.
    """

    def __init__(
        self,
        params: nn.Module | Iterable[Any],
        learned: LearnedOptimizer,
        horizon: int,
        *,
        module: nn.Module | None = None,
        inputs: Any = None,
        net: Net | None = None,
        lr: float = 1.0,
    ) -> None:
        if not isinstance(learned, LearnedOptimizer):
            raise MetanetError(
                f"`learned` is {shown(learned)}, expected a LearnedOptimizer, as "
                "pipelines.learned_optimizer.load_optimizer(folder) gives"
            )
        check("horizon", horizon, COUNTS)
        check("lr", lr, RATE)
        if isinstance(params, nn.Module):
            module = params if module is None else module
            params = list(params.parameters())
        if module is not None and not isinstance(module, nn.Module):
            raise MetanetError(f"`module` is {shown(module)}, expected a torch.nn.Module")
        if inputs is not None and net is not None:
            raise MetanetError("`inputs` and `net` both say what the graph is; give one of them")
        self._net = None if net is None else architecture_of(net)
        self._module, self._inputs = module, inputs
        self._placement: Placement | None = None
        try:
            super().__init__(params, {"lr": lr, "horizon": horizon, "steps": 0})
        except (KeyError, TypeError, ValueError) as error:
            raise MetanetError(f"`params` is {shown(params)}: {error}") from None
        device = self.param_groups[0]["params"][0].device
        self._learned = copy.deepcopy(learned).to(device).eval().requires_grad_(False)
        if learned.needs_graph and (module is None or (inputs is None and net is None)):
            raise MetanetError(
                f"the editor {learned.name!r} reads a graph; give the `module`, and `inputs` by "
                "which it is imported, or its architecture `net`"
            )
        self._placed()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters, as of then; see `torch.optim.Optimizer.add_param_group`."""
        super().add_param_group(param_group)
        self._placement = None
        group = self.param_groups[-1]
        check("lr", group["lr"], RATE)
        check("horizon", group["horizon"], COUNTS)
        group["steps"] = max(one["steps"] for one in self.param_groups)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; give what `closure` gives, which computes losses and gradients anew."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = {id(p): group for group in self.param_groups for p in group["params"]}
        placement = self._placed()
        moved = [
            id(p) in groups and p.grad is not None and p.requires_grad for p in placement.tensors
        ]
        if not any(moved):
            return loss
        self._check_seen(placement)
        change, state = self._change(placement, moved)
        momenta = [placement.spread(column) for column in state.momenta[0].unbind(1)]
        squares = placement.spread(state.squares[0])
        changes = placement.spread(change[0])
        for i, (tensor, here) in enumerate(zip(placement.tensors, moved, strict=True)):
            if not here:
                continue
            own = self.state[tensor]
            own["step"] = own.get("step", 0) + 1
            own["momenta"] = torch.stack([one[i].view(tensor.shape) for one in momenta], -1)
            own["squares"] = squares[i].view(tensor.shape)
            wide = torch.promote_types(tensor.dtype, change.dtype)
            rate = groups[id(tensor)]["lr"]
            new = tensor.to(wide).add(changes[i].view(tensor.shape).to(wide), alpha=rate)
            tensor.copy_(new)
        for group in self.param_groups:
            group["steps"] = state.steps
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`; momenta keep their dtype, also of parameters of 16 bits."""
        super().load_state_dict(state_dict)
        saved = [i for group in state_dict["param_groups"] for i in group["params"]]
        own = [p for group in self.param_groups for p in group["params"]]
        for number_of, parameter in zip(saved, own, strict=True):
            for name in STATE:
                if name in state_dict["state"].get(number_of, {}):
                    kept = state_dict["state"][number_of][name]
                    self.state[parameter][name] = kept.clone().to(parameter.device)

    def _change(self, placement: Placement, moved: list[bool]) -> tuple[Tensor, OptimizerState]:
        """Give the change of all numbers of the layout, (1, P), and the state after it."""
        learned, tensors = self._learned, placement.tensors
        dtype, decays = learned.log_step.dtype, learned.features.decays
        steps = max(group["steps"] for group in self.param_groups)
        horizon = self.param_groups[0]["horizon"]
        states = [self.state.get(p, {}) for p in tensors]

        def row(parts: Iterable[Tensor]) -> Tensor:
            return placement.gathered([part.to(dtype) for part in parts])

        values = row(p.detach().reshape(-1) for p in tensors)
        if placement.constants is not None:
            values = values + placement.constants.to(values)
        gradients = row(
            p.grad.to_dense().reshape(-1) if here and p.grad is not None else p.new_zeros(p.numel())
            for p, here in zip(tensors, moved, strict=True)
        )
        momenta = row(
            own["momenta"].flatten(0, -2) if own else p.new_zeros(p.numel(), len(decays))
            for p, own in zip(tensors, states, strict=True)
        )
        squares = row(
            own["squares"].reshape(-1) if own else p.new_zeros(p.numel())
            for p, own in zip(tensors, states, strict=True)
        )
        counts = present = None
        done = [own["step"] if own else 0 for own in states]
        if not all(moved) or any(count != steps for count in done):
            counts = row(each(tensors, done))
            present = row(each(tensors, moved)) > 0
        state = OptimizerState(steps, horizon, momenta[None], squares[None], counts, decays)
        return learned.change(placement.layout, values[None], gradients[None], state, present)

    def _placed(self) -> Placement:
        """Find where the parameters lie, once for all steps."""
        if self._placement is None:
            parameters = [p for group in self.param_groups for p in group["params"]]
            checked(parameters)
            module = self._module
            if module is None or (self._inputs is None and self._net is None):
                self._placement = without_graph(parameters, module)
            else:
                read = importing(self._inputs) if self._net is None else by_names(self._net)
                self._placement = in_graph(module, read)
                known = {id(tensor) for tensor in self._placement.tensors}
                if any(id(p) not in known for p in parameters):
                    self._placement = None
                    raise MetanetError("`params` has parameters that the `module` has not")
        return self._placement

    def _check_seen(self, placement: Placement) -> None:
        """Raise `MetanetError` for a parameter with a gradient that the graph does not have."""
        lost = [
            p
            for p, own in ((placement.tensors[i], own) for i, own in placement.unseen.items())
            if p.grad is not None and bool((p.grad.to_dense().flatten()[own] != 0).any())
        ]
        if lost and self._module is not None:
            parameters = self._module.named_parameters()
            names = [name for name, p in parameters if any(p is one for one in lost)]
            raise MetanetError(
                f"the graph does not have all of {', '.join(names)}, and they have gradients: what "
                "was imported is not what was trained; give `inputs` on which the module uses "
                "them, or the parameters alone, and an optimizer that sees no graph"
            )

    def __getstate__(self) -> dict[str, Any]:
        own = ("_net", "_module", "_inputs", "_placement", "_learned")
        return {**super().__getstate__(), **{name: getattr(self, name) for name in own}}


def each(tensors: Iterable[Tensor], numbers: Iterable[float]) -> list[Tensor]:
    """Give each tensor's elements a number."""
    return [
        torch.full((one.numel(),), float(n), dtype=torch.float64, device=one.device)
        for one, n in zip(tensors, numbers, strict=True)
    ]


def checked(parameters: Iterable[Tensor]) -> None:
    """Raise `MetanetError` for parameters that are not real, or not on one device."""
    parameters = list(parameters)
    wrong = {str(p.dtype) for p in parameters if not p.is_floating_point()}
    if wrong:
        raise MetanetError(f"expected parameters of real numbers, got {', '.join(sorted(wrong))}")
    places = sorted({str(p.device) for p in parameters})
    if len(places) > 1:
        raise MetanetError(f"expected parameters on one device, got {', '.join(places)}")
