"""Neural networks: functions, modules, parameters."""

from lucid.nn import functional  # noqa: F401
