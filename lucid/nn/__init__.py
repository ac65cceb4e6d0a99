"""Neural networks: functions, modules, parameters."""

from lucid.nn import functional, init  # noqa: F401
