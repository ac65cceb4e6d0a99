"""Neural networks: functions, modules, parameters, initial weights."""

from lucid.nn import functional, init  # noqa: F401
from lucid.nn.modules import *  # noqa: F403
from lucid.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter  # noqa: F401

from lucid.nn import utils  # noqa: F401, isort: skip
