"""JAX, through jax.numpy and the table of subjects/numpy.py: no views, no strides, gradients by another interface."""

import importlib.metadata

import numpy as np

from .. import results
from ..verdicts import Missing
from . import numpy


class Subject(numpy.Subject):
    package = "jax.numpy"
    thread_invariant = False  # nowhere claimed

    def __init__(self):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.array = jax.Array
        super().__init__()

    def is_tensor(self, value):
        return isinstance(value, (self.array, np.ndarray, np.generic))

    def is_absence(self, error):
        if isinstance(error, NotImplementedError) and "'out' argument" in str(error):
            return True
        return isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), self.array)

    def strided(self, flat, size, stride, offset):
        return self.module.asarray(super().strided(flat, size, stride, offset))

    def export(self, tensor):
        return super().export(np.asarray(tensor))

    def seed(self, seed):
        raise Missing("manual_seed")

    def describe(self):
        return results.Subject("jax", importlib.metadata.version("jax"))
