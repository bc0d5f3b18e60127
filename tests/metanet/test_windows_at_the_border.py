"""Windows and norms at sizes that torch's own operators refuse: the sizes that numpy knows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import graphgen
import spec
from graphgen.testing import relative_error
from metanet.evaluate import run

OPERATORS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


@pytest.mark.parametrize("dims", OPERATORS)
@pytest.mark.parametrize("counted", [True, False])
def test_means_over_windows_that_fit_with_their_padding_alone(dims: int, counted: bool) -> None:
    refused = 0
    for kernel, stride, padding, size in product((1, 2, 3), (1, 2), (0, 1), (1, 2, 3)):
        if 2 * padding > kernel or size + 2 * padding < kernel:
            continue
        fields = {"kernel_size": kernel, "stride": stride, "padding": padding}
        layer = {f"avg_pool{dims}d": {**fields, "count_include_pad": counted}}
        form = {"name": "n", "inputs": {"x": [2] + [size] * dims}, "layers": [layer]}
        net = spec.loads(str(form))
        x = np.random.default_rng(0).standard_normal((2, 2, *(size,) * dims))
        expected = graphgen.evaluate(net, {}, x)
        assert relative_error(run(net, {}, torch.from_numpy(x)).numpy(), expected) < 1e-10
        try:
            theirs = OPERATORS[dims](
                torch.from_numpy(x), kernel, stride, padding, count_include_pad=counted
            )
        except RuntimeError:
            refused += 1
            continue
        assert relative_error(theirs.numpy(), expected) < 1e-10
        wrong = graphgen.evaluate(net, {}, x + 1)
        assert relative_error(theirs.numpy(), wrong) > 1e-3
    assert (refused > 0) == (dims == 3)


@pytest.mark.parametrize("space", [[1], [1, 1], [1, 1, 1], [2]])
def test_an_instance_of_one_position_is_its_own_mean(space: list[int]) -> None:
    net = spec.loads(f"inputs: {{x: {[3, *space]}}}\nlayers: [instance_norm]")
    x = np.random.default_rng(0).standard_normal((2, 3, *space))
    mine = run(net, {}, torch.from_numpy(x)).numpy()
    assert np.allclose(mine, graphgen.evaluate(net, {}, x), rtol=0, atol=1e-12)
    assert np.any(mine) == (space == [2])
