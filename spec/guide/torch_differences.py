"""Where a layer differs on purpose from PyTorch's of the same name, and why.

A test compares every layer that PyTorch has with it: fields, defaults, tensors and outputs. What is
not said here is equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EVERYWHERE: Mapping[str, str] = MappingProxyType(
    {
        "device": "weights come with the file that is compiled, and lie where it lies",
        "dtype": "each tensor has the type that its file gives it",
        "inplace": "values are never overwritten",
        "out": "values are never overwritten",
        "batch_first": "the batch always comes first",
        "layout": "values are dense",
        "requires_grad": "what is trained is a parameter, the rest is not",
    }
)
"""Parameters of PyTorch that no layer has, and why."""

BATCH = "the batch is axis 0 and stays, so the first axis that may be meant is 1"
GIVEN = "the axes are always named: all of them would take in the batch"
ADJOINT = "PyTorch admits `zeros` alone here, so there is nothing to choose"
PLACES = "gives a second output, of places in the input, and only what has one output is said"
ROW = "changes how rows are trained, not what a given table computes"
MORE = "PyTorch has none: "
PART = MORE + "a layer has one output, and this says which part it is"

DIFFERENCES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "add": {"alpha": "a factor of one operand is a layer of its own"},
        "amax": {"dim": GIVEN},
        "batch_norm": {
            "track_running_stats": "without running statistics a sample's answer would depend on "
            "the others of its batch"
        },
        "chunk": {"dim": BATCH, "index": PART},
        "concat": {"dim": BATCH},
        **{f"conv_transpose{n}d": {"padding_mode": ADJOINT} for n in (1, 2, 3)},
        **{f"adaptive_max_pool{n}d": {"return_indices": PLACES} for n in (1, 2, 3)},
        **{f"max_pool{n}d": {"return_indices": PLACES} for n in (1, 2, 3)},
        "divide": {"rounding_mode": "a quotient that is rounded has no gradient"},
        "embedding": {
            "padding_idx": ROW,
            "scale_grad_by_freq": ROW,
            "sparse": ROW,
            "max_norm": "would write into the table while it is read",
            "norm_type": "belongs to `max_norm`",
            "_weight": "weights come with the file that is compiled",
            "_freeze": ROW,
        },
        **{
            name: {"other": "PyTorch has it too, as a number or a value"}
            for name in ("eq", "ne", "lt", "le", "gt", "ge")
        },
        "argmin": {"dim": GIVEN},
        "kthvalue": {"dim": "the last axis, which there is meant by None"},
        "gather": {"sparse_grad": "a matter of training", "index": "the second input"},
        "one_hot": {"num_classes": "is always named: it may not depend on what comes in"},
        "expand": {"shape": "the sizes that follow one another there"},
        "hardtanh": {
            "min_value": "PyTorch's own old name of `min_val`",
            "max_value": "PyTorch's own old name of `max_val`",
        },
        **{
            name: {"dim": "the last axis; PyTorch's own default, by the rank, is deprecated there"}
            for name in ("softmax", "softmin", "log_softmax")
        },
        "einsum": {"equation": "the first argument there, before the values"},
        "linear": {"init_bound": MORE + "how W begins, as sinusoidal networks need it"},
        "multihead_attention": {
            "num_kv_heads": MORE + "heads that share keys and values",
            "head_dim": MORE + "heads wider or narrower than `embed_dim / num_heads`",
            "sliding_window": MORE + "there it is a mask too",
            "qk_norm_over": MORE + "what that norm is taken over",
            "causal": MORE + "there it is a mask that is passed to `forward`",
            "out_bias": MORE + "by default that of `bias`",
            "packed": MORE + "there `kdim` and `vdim` decide it",
            "rotary": MORE + "rotary positions",
            "rotary_size": MORE + "how many features turn",
            "rotary_interleaved": MORE + "which features turn together",
            "scale": MORE + "by default `head_dim ** -0.5`, as there",
            "add_bias_kv": "learned keys and values beside those of the context",
            "add_zero_attn": "a zero key and value beside those of the context",
            "query_bias": MORE + "a bias of one of three maps alone",
            "key_bias": MORE + "a bias of one of three maps alone",
            "value_bias": MORE + "a bias of one of three maps alone",
            "qk_norm": MORE + "a norm of the queries and keys",
            "qk_norm_eps": MORE + "belongs to `qk_norm`",
            "softcap": MORE + "scores that are kept below a number",
        },
        "scaled_dot_product_attention": {
            "attn_mask": "a bias or mask is the fourth input",
            "query": "the first input",
            "key": "the second input",
            "value": "the third input",
            "sliding_window": MORE + "there it is a mask",
            "softcap": MORE + "scores that are kept below a number",
        },
        "masked_fill": {"value": "PyTorch has it too, as a number or a value"},
        "subtract": {"alpha": "a factor of one operand is a layer of its own"},
        "repeat_interleave": {
            "dim": GIVEN,
            "output_size": "follows from `repeats`",
        },
        "roll": {"dims": GIVEN},
        "split": {
            "sizes": "the list of `split_size_or_sections`",
            "sections": MORE + "how many equal parts",
            "index": PART,
            "split_size_or_sections": "a size or a list there; `sections` or `sizes` here",
            "dim": BATCH,
        },
        "stack": {"dim": BATCH},
        "softplus": {"threshold": "the function is exact everywhere, without a rule for large x"},
        "upsample": {
            "recompute_scale_factor": "a matter of rounding, for factors that are no integers; "
            "where `nearest` by a factor such as 1.2 or 2.3 comes to the same size "
            "or the double one, PyTorch takes 1 or 2 for it in two dimensions on a CPU, and the "
            "factor itself elsewhere, as here",
        },
    }
)
"""By layer and field: what is otherwise, and why."""
