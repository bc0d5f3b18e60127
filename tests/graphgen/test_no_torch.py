from __future__ import annotations

import subprocess
import sys

BLOCK = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {forbidden}:
            raise ImportError(f"{{name}} must not be imported")

sys.meta_path.insert(0, Refuse())
"""
FRAMEWORKS = {
    "torch", "torch_geometric", "jax", "sklearn", "scipy", "networkx", "pyarrow", "dgl", "dvc",
    "hypothesis",
}  # fmt: skip
WORK = """
import tempfile

import numpy as np

import graphgen
import graphgen.testing
import spec
import spec.testing

net = spec.loads(
    "inputs: {x: [2, 6, 6]}\\nlayers: [{conv2d: {out_channels: 3, kernel_size: 3}}, batch_norm, "
    "gelu, {max_pool2d: {kernel_size: 2}}, flatten, {linear: {out_features: 2}}]"
)
rng = np.random.default_rng(0)
weights = graphgen.testing.random_weights(net, rng)
graph = graphgen.compile(net, weights)
graph.verify()
graphgen.testing.assert_round_trip(net, weights)
(x,) = graphgen.testing.random_inputs(net, rng)
error = graphgen.testing.assert_symmetric(net, weights, x, rng)
with tempfile.TemporaryDirectory() as folder:
    graphgen.GraphSet.write(folder, [(net, weights, {})])
    graphgen.GraphSet.open(folder).verify()
print(graph.num_nodes, graph.num_edges, graphgen.evaluate(net, weights, x).shape, error < 1e-10)
"""


def run(program: str, forbidden: set[str]) -> subprocess.CompletedProcess[str]:
    program = BLOCK.format(forbidden=sorted(forbidden)) + program
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=120
    )


def test_graphs_are_compiled_and_evaluated_without_any_framework() -> None:
    done = run(WORK, FRAMEWORKS)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "13 95 (3, 2) True\n"


def test_the_language_needs_no_numpy() -> None:
    done = run(
        "import spec; print(spec.loads('inputs: {x: [3]}\\nlayers: [relu]').output_shapes)",
        {*FRAMEWORKS, "numpy"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "((3,),)\n"


def test_the_refusal_works() -> None:
    assert (
        "numpy must not be imported" in run("import graphgen; graphgen.compile", {"numpy"}).stderr
    )
    assert "torch must not be imported" in run("import metanet; metanet.GMN", FRAMEWORKS).stderr
