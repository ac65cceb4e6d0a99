"""Measuring how long statements take, and tables of what was measured."""

from lucid.utils.benchmark.utils import common, compare, fuzzer
from lucid.utils.benchmark.utils import timer as timers
from lucid.utils.benchmark.utils.common import *  # noqa: F403
from lucid.utils.benchmark.utils.compare import *  # noqa: F403
from lucid.utils.benchmark.utils.compare import Colorize  # noqa: F401
from lucid.utils.benchmark.utils.fuzzer import *  # noqa: F403
from lucid.utils.benchmark.utils.timer import *  # noqa: F403
from lucid.utils.benchmark.utils.timer import Language  # noqa: F401

__all__ = [*common.__all__, *compare.__all__, *fuzzer.__all__, *timers.__all__]
