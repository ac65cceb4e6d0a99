"""Where PyTorch keeps what a profile holds: `lucid.profiler.events`."""

import importlib
import sys

sys.modules[__name__] = importlib.import_module("lucid.profiler.events")
