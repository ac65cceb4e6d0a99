"""What all tests share: hypothesis runs the same examples every time; the terminal, for a process that is about to end."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "lucid", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lucid")


def pytest_configure(config):
    os.environ["LUCID_TEST_STDERR"] = str(os.dup(2))  # later it is captured, and lost where a process ends at once
