"""Mixtures of experts, computed by all experts: the form that a network of fixed shape has."""

from __future__ import annotations

from typing import Any

NAME = "every_expert"


def use_every_expert(config: Any) -> None:
    """Let models of a config compute all experts, and weigh those that are not chosen by 0.

    What transformers computes by itself reads the experts that were chosen by their number, in
    shapes that depend on the choice.
    """
    try:
        from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS
    # Before version 5 each expert was a module of its own.
    except ImportError:
        return
    ALL_EXPERTS_FUNCTIONS.register(NAME, every_expert)
    for each in (config, config.get_text_config()):
        each._experts_implementation = NAME


def every_expert(experts: Any, states: Any, chosen: Any, shares: Any) -> Any:
    """Give each token the sum of its chosen experts' outputs, weighed by their shares.

    States are [tokens, hidden], the numbers and shares of the chosen experts [tokens, chosen].
    """
    import torch

    weights = states.new_zeros(states.shape[0], experts.num_experts)
    weights = weights.scatter(1, chosen, shares.to(states.dtype))
    name = "gate_up_proj" if experts.has_gate else "up_proj"
    inner = _mapped(experts, name, "th", states)
    inner = experts._apply_gate(inner) if experts.has_gate else experts.act_fn(inner)
    outer = _mapped(experts, "down_proj", "teh", inner)
    if getattr(experts, "has_post_expert_norm", False):
        outer = experts.post_expert_norm(outer)
    return torch.einsum("te,teo->to", weights, outer)


def _mapped(experts: Any, name: str, letters: str, states: Any) -> Any:
    import torch

    kernel = "eho" if experts.is_transposed else "eoh"
    mapped = torch.einsum(f"{letters},{kernel}->teo", states, getattr(experts, name))
    return mapped + getattr(experts, f"{name}_bias") if experts.has_bias else mapped
