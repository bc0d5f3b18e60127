from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples on every run, and no judgement of a busy machine's speed.
settings.register_profile(
    "tests",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")
