"""What is never compiled costs no import of the compiler, and is left alone once it is there."""

from __future__ import annotations

import subprocess
import sys

import torch

from metanet.uncompiled import uncompiled

# A process of its own, for here some test may have imported the compiler.
COMPILED_LATE = """
import logging, sys
import numpy as np, torch
import graphgen, metanet, spec
from graphgen.testing import random_weights

COMPILER = {"torch._dynamo", "torch._inductor", "sympy"}
assert not COMPILER & set(sys.modules), COMPILER & set(sys.modules)
net = spec.loads(
    "inputs: {x: [2]}\\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]"
)
rng = np.random.default_rng(0)
graphs = [graphgen.compile(net, random_weights(net, rng)) for _ in range(2)]
batches = [metanet.Batch.from_graphs(graphs[:n]) for n in (1, 2, 1, 2)]
for classes in (metanet.METANETS, metanet.EDITORS):
    for name, cls in classes.items():
        given = {"net": net} if "net" in cls.__signature__.parameters else {}
        other = cls(**given).double()
        if name != "statnn":  # which is fitted first
            other(batches[1])
        assert not COMPILER & set(sys.modules), (name, COMPILER & set(sys.modules))
torch.manual_seed(0)
model = metanet.GMN(hidden=4, layers=5).double()
expected = [model(batch) for batch in batches]
assert not COMPILER & set(sys.modules), COMPILER & set(sys.modules)

warned = []
compiled = torch.compile(model, dynamic=True, backend=sys.argv[1])
logging.getLogger("torch._dynamo").addFilter(warned.append)
logging.getLogger("torch._dynamo.convert_frame").addFilter(warned.append)
for batch, value in zip(batches, expected):
    torch.testing.assert_close(compiled(batch), value, rtol=1e-10, atol=1e-12)
    compiled(batch).sum().backward()
from torch._dynamo.utils import counters
print(counters["stats"]["unique_graphs"], [r.getMessage() for r in warned])
"""


def test_a_model_made_before_the_compiler_came_compiles_to_the_same_numbers() -> None:
    command = [sys.executable, "-c", COMPILED_LATE, "eager"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    graphs, warned = done.stdout.split(maxsplit=1)
    assert int(graphs) > 3, "what lies between the uncompiled is compiled"
    assert warned.strip() == "[]", "nothing is compiled over and over"


def test_torch_s_own_decorator_imports_the_compiler() -> None:
    own = (
        "import sys, torch; before = 'torch._dynamo' in sys.modules;"
        "torch.compiler.disable(print); print(before, 'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", own], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]


def test_what_is_uncompiled_breaks_the_graph_of_its_caller_alone() -> None:
    import torch._dynamo

    seen: list[bool] = []

    def inner(x: torch.Tensor) -> torch.Tensor:
        """Double."""
        seen.append(torch.compiler.is_compiling())
        return x * 2

    late = sys.modules.pop("torch._dynamo")  # as when it has not been imported yet
    try:
        wrapped = uncompiled(inner)
        assert wrapped(torch.ones(2)).tolist() == [2, 2]
    finally:
        sys.modules["torch._dynamo"] = late
    assert wrapped.__doc__ == "Double."
    assert wrapped.__name__ == "inner"

    def caller(x: torch.Tensor) -> torch.Tensor:
        return wrapped(x + 1) + 1

    torch._dynamo.reset()
    for call in (caller, torch.compile(caller, backend="eager")):
        assert call(torch.ones(2)).tolist() == [5, 5]
    torch._dynamo.reset()
    assert seen == [False] * 3

    plain: list[bool] = []

    def traced(x: torch.Tensor) -> torch.Tensor:
        plain.append(torch.compiler.is_compiling())
        return x * 2

    torch.compile(lambda x: traced(x), backend="eager")(torch.ones(2))
    assert plain[0], "a function without the decorator is traced"
