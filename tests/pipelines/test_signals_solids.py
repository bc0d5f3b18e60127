"""Signed distances: against known points, what is inside, and what makes a distance exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.signals.solids import KINDS, Solid, random_solid

Points = np.ndarray

# What is inside, by the definitions.
INSIDE: dict[str, Callable[..., np.ndarray]] = {
    "sphere": lambda x, y, z, r: x**2 + y**2 + z**2 < r**2,
    "box": lambda x, y, z, a, b, c: (abs(x) < a) & (abs(y) < b) & (abs(z) < c),
    "torus": lambda x, y, z, r, t: (
        (x**2 + y**2 + z**2 + r**2 - t**2) ** 2 < 4 * r**2 * (x**2 + y**2)
    ),
    "cylinder": lambda x, y, z, r, h: (x**2 + y**2 < r**2) & (abs(z) < h),
    "capsule": lambda x, y, z, r, h: x**2 + y**2 + np.maximum(abs(z) - h, 0) ** 2 < r**2,
    "cone": lambda x, y, z, r, h: (z > -h) & (np.hypot(x, y) < r * (h - z) / (2 * h)),
}
KNOWN = [
    ("sphere", (0.3,), (0, 0, 0), -0.3),
    ("sphere", (0.3,), (0, 0.3, 0.4), 0.2),
    ("box", (0.1, 0.2, 0.3), (0, 0, 0), -0.1),
    ("box", (0.1, 0.2, 0.3), (0.4, 0.6, 0.3), 0.5),
    ("box", (0.1, 0.2, 0.3), (0.05, -0.1, 0.7), 0.4),
    ("torus", (0.4, 0.1), (0.4, 0, 0), -0.1),
    ("torus", (0.4, 0.1), (0, 0, 0.3), 0.4),
    ("torus", (0.4, 0.1), (0, 0, 0), 0.3),
    ("cylinder", (0.3, 0.5), (0, 0, 0), -0.3),
    ("cylinder", (0.3, 0.5), (0, 0.6, 0.9), 0.5),
    ("cylinder", (0.3, 0.5), (0, 0, 0.45), -0.05),
    ("capsule", (0.1, 0.3), (0, 0, 0.6), 0.2),
    ("capsule", (0.1, 0.3), (0.5, 0, 0.2), 0.4),
    ("cone", (0.3, 0.2), (0, 0, 0.5), 0.3),
    ("cone", (0.3, 0.2), (0, 0, -0.5), 0.3),
    ("cone", (0.3, 0.2), (0, 0.6, -0.6), 0.5),
    # Base 0.6, slant height 0.5: the inscribed radius is area over half the circumference.
    ("cone", (0.3, 0.2), (0, 0, -0.05), -0.12 / 0.8),
]


def scattered(count: int = 400) -> Points:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3))


@pytest.mark.parametrize(("kind", "size", "point", "distance"), KNOWN)
def test_known_distances(kind: str, size: tuple, point: tuple, distance: float) -> None:
    assert Solid(kind, size).distance([point])[0] == pytest.approx(distance, abs=1e-12)
    # Moved and turned by a quarter around x: (x, y, z) -> (x, -z, y).
    quarter = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    moved = Solid(kind, size, (0.1, 0.2, 0.3), quarter)
    x, y, z = point
    assert moved.distance([(x + 0.1, -z + 0.2, y + 0.3)])[0] == pytest.approx(distance, abs=1e-12)


@given(st.integers(0, 10**6))
def test_negative_is_inside(seed: int) -> None:
    solid = random_solid(np.random.default_rng(seed))
    own = (scattered() - solid.center) @ np.array(solid.rotation)
    inside = INSIDE[solid.kind](*own.T, *solid.size)
    np.testing.assert_array_equal(solid.distance(scattered()) < 0, inside)


@given(st.integers(0, 10**6))
def test_a_step_along_the_gradient_by_the_distance_ends_on_the_surface(seed: int) -> None:
    solid = random_solid(np.random.default_rng(seed))
    assert share_of_exact(solid) > 0.99
    # A distance never grows faster than one walks.
    ends = scattered()[::-1]
    change = np.abs(solid.distance(scattered()) - solid.distance(ends))
    assert (change <= np.linalg.norm(scattered() - ends, axis=1) + 1e-12).all()


def share_of_exact(solid: Solid) -> float:
    """Where the gradient has length one and leads to the surface, a distance is exact."""
    points = scattered()
    gradient = solid.gradient(points)
    unit = np.abs(np.linalg.norm(gradient, axis=1) - 1) < 1e-5
    feet = points - solid.distance(points)[:, None] * gradient
    return float((unit & (np.abs(solid.distance(feet)) < 1e-5)).mean())


def test_control_a_level_function_that_is_no_distance_is_found() -> None:
    class Stretched(Solid):
        def distance(self, points: Points) -> Points:
            return np.linalg.norm(np.asarray(points) / [0.2, 0.3, 0.4], axis=1) - 1

    assert share_of_exact(Stretched("sphere", (0.3,))) < 0.05


def test_rotations_are_rotations_and_labels_read_back() -> None:
    rng = np.random.default_rng(1)
    solids = [random_solid(rng) for _ in range(100)]
    for solid in solids:
        turn = np.array(solid.rotation)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(turn) == pytest.approx(1)
        assert Solid.from_labels(solid.labels()) == solid
    assert {solid.kind for solid in solids} == set(KINDS)
    # Uniform over all rotations, the mean of the matrices is zero.
    assert np.abs(np.mean([solid.rotation for solid in solids], axis=0)).max() < 0.25
