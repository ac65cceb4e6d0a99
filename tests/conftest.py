"""What all tests share: hypothesis runs the same examples every time."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "lucid", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lucid")
