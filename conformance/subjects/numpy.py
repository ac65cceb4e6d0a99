"""NumPy, as far as its names can be read as PyTorch's: a small table, no gradients, promotion of its own.

Here to show what an adapter of a package with other names looks like, and to give a reader who knows NumPy a measure.
"""

from __future__ import annotations

import contextlib

import numpy as np
import torch

from .. import results
from ..cases import dtype_name
from ..verdicts import Missing
from .adapter import Adapter, from_numpy, to_numpy

# same name, same arguments as far as the table goes
SAME = [
    "abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "sin", "cos", "tan", "sinh",
    "cosh", "tanh", "sign", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "signbit", "reciprocal",
    "deg2rad", "rad2deg", "maximum", "minimum", "fmax", "fmin", "hypot", "copysign", "nextafter", "logaddexp",
    "logaddexp2", "fmod", "remainder", "floor_divide", "true_divide", "float_power", "gcd", "lcm", "heaviside",
    "ldexp", "frexp", "sinc", "trapezoid", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not",
    "logical_and", "logical_or", "logical_xor", "logical_not", "matmul", "outer", "inner", "kron", "dot", "vdot",
    "diag", "triu", "tril", "trace", "sum", "mean", "prod", "cumsum", "cumprod", "ravel", "stack",
]


def table(np):
    """Torch path -> function of a module with NumPy's names."""
    return {name: getattr(np, name) for name in SAME} | {
        "mul": np.multiply, "neg": np.negative, "positive": np.positive, "asin": np.arcsin, "acos": np.arccos,
        "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2,
        "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
        "pow": np.power, "add": lambda x, y, alpha=1: np.add(x, y if alpha == 1 else np.multiply(y, alpha)),
        "sub": lambda x, y, alpha=1: np.subtract(x, y if alpha == 1 else np.multiply(y, alpha)),
        "div": lambda x, y, rounding_mode=None: {None: np.true_divide, "floor": np.floor_divide,
                                                 "trunc": lambda a, b: np.trunc(a / b)}[rounding_mode](x, y),
        "cat": lambda parts, dim=0: np.concatenate(parts, dim), "permute": np.transpose, "flip": np.flip,
        "reshape": np.reshape, "transpose": np.swapaxes, "unsqueeze": np.expand_dims,
        "where": np.where, "round": lambda x, decimals=0: np.round(x, decimals), "clone": lambda x: x.copy(),
        "var": lambda x, dim=None, correction=1, keepdim=False: np.var(x, dim, ddof=correction, keepdims=keepdim),
        "argmax": lambda x, dim=None, keepdim=False: np.argmax(x, dim, keepdims=keepdim),
        "linalg.inv": np.linalg.inv, "linalg.det": np.linalg.det, "linalg.solve": np.linalg.solve,
        "nn.functional.relu": lambda x: np.maximum(x, 0), "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "nn.functional.leaky_relu": lambda x, negative_slope=0.01: np.where(x > 0, x, x * np.asarray(negative_slope, x.dtype)),
    }  # fmt: skip


class Subject(Adapter):
    package = "numpy"
    differentiable = False
    stream = False

    def __init__(self):
        super().__init__()
        self.table = table(self.module)

    def resolve(self, path):
        found = self.overrides.get(path) or self.table.get(path)
        if found is None:
            raise Missing(path)
        return found

    def is_tensor(self, value):
        return isinstance(value, (np.ndarray, np.generic))

    def is_absence(self, error):
        return isinstance(error, AttributeError) and isinstance(getattr(error, "obj", None), (np.ndarray, np.generic))

    def dtype(self, dtype):
        return np.dtype(dtype_name(dtype))

    def dtype_name(self, value):
        return str(value) if isinstance(value, np.dtype) else None

    def flat(self, storage, readonly=False):
        array = to_numpy(storage).copy()
        array.flags.writeable = not readonly
        return array

    def strided(self, flat, size, stride, offset):
        steps = tuple(s * flat.itemsize for s in stride)
        return np.lib.stride_tricks.as_strided(flat[offset:], size, steps, writeable=flat.flags.writeable)

    def leaf(self, tensor):
        return tensor

    def requires_grad(self, tensor):
        return False

    def export(self, tensor):
        return from_numpy(np.asarray(tensor))

    def other(self, value):
        if isinstance(value, torch.dtype):
            return self.dtype(value)
        if isinstance(value, (torch.device, torch.memory_format, torch.layout)):
            raise Missing(str(value))
        return value

    def seed(self, seed):
        np.random.seed(seed)

    def set_threads(self, threads):
        raise Missing("set_num_threads")

    @contextlib.contextmanager
    def quiet(self):
        with np.errstate(all="ignore"):
            yield

    def describe(self):
        return results.Subject("numpy", np.__version__)
