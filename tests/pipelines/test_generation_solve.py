"""Solving a flow: the error of a solver is of its order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.errors import PipelineError
from pipelines.generation.solve import solve


def test_the_error_of_a_solver_shrinks_by_its_order() -> None:
    start = torch.ones(1, 1, dtype=torch.float64)

    def error(method: str, steps: int) -> float:
        return abs(
            float(solve(lambda x, times: x * times[:, None], start, steps, method)) - np.exp(0.5)
        )

    assert 1.7 < error("euler", 20) / error("euler", 40) < 2.3
    assert 3.5 < error("heun", 20) / error("heun", 40) < 4.5
    with pytest.raises(PipelineError, match="expected one of euler, heun"):
        solve(lambda x, times: x, start, 1, "rk4")
