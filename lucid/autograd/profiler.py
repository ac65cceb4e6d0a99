"""Where PyTorch keeps its older profiler: the names of `lucid.profiler`."""


def __getattr__(name: str):
    import importlib

    return getattr(importlib.import_module("lucid.profiler"), name)
