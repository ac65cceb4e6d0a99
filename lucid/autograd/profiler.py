"""Where PyTorch keeps the recorder of a profile: `lucid.profiler.recording`."""

import importlib
import sys

sys.modules[__name__] = importlib.import_module("lucid.profiler.recording")
