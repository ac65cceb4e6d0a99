"""How far a result may be from PyTorch's. One table, and a reason on each exception.

The rule: within `atol + rtol * |expected|` of PyTorch in the same dtype, or within that plus twice PyTorch's own
distance from the truth (float64). The second half lets nobody be blamed for being the more accurate one. In half
precision and in large cases also: within the tolerance of the truth plus what that moves by with the last place of the numbers given.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

# (rtol, atol): PyTorch's own defaults
DEFAULT = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}

# How many times the tolerance each check may take: a gradient is a chain of roundings, a second one twice that.
FACTOR = {"grad": 5.0, "grad2": 10.0, "tangent": 10.0, "vmap": 5.0, "steps": 10.0, "module_grad": 5.0}

# Largest distance from the truth in ULP that an elementwise function may have where PyTorch itself is closer; beyond
# it, twice PyTorch's worst on the same case is allowed.
ULP = 4.0

# In half precision a result is computed in float32 and rounded to the nearest. Where PyTorch does so in every element of a case
# that is asked for, of functions of several steps with some room for another order of them: cut off digits, or a second
# rounding, take up to 1.
NEAREST = 0.51
ONCE = 0.75


# Every element is a sum of products, all of one length. Where the terms cancel an element says little of its rounding:
# PyTorch's own is then taken to be its largest in the tensor.
SUMS = ("conv*", "nn.functional.conv*", "grid_sampler_*", "nn.functional.grid_sample", "fft.*")


@dataclass(frozen=True)
class Exception_:
    op: str
    rtol: float
    atol: float
    reason: str
    dtype: str = "*"
    check: str = "*"


EXCEPTIONS = (
    Exception_("linalg.*", 2e-4, 2e-5, "different LAPACK builds round differently; errors grow with the condition",
               "float32"),
    Exception_("linalg.*", 2e-4, 2e-5, "as float32", "complex64"),
    Exception_("nn.functional.scaled_dot_product_attention", 3e-5, 3e-5, "the samples' scores are in the hundreds, where "
               "float32 numbers are 3e-5 apart; the exponential makes that a relative error of each weight", "float32"),
    Exception_("nn.functional.multi_head_attention_forward", 3e-5, 6e-5, "as scaled_dot_product_attention", "float32"),
    Exception_("nn.functional.grouped_mm", 1.6e-2, 1e-2, "PyTorch refuses float64, so that there is no truth to ask for; a second gradient "
               "is a sum of two products, each rounded to a hundredth of itself, that may cancel", "bfloat16", "grad2"),
    Exception_("optim.Muon", 1.3e-6, 1e-5, "as float32: the steps are made in bfloat16 whatever the dtype, and where PyTorch's "
               "product rounds the other way a parameter moves by some percent of the rate", "float64", "steps"),
)  # fmt: skip


def pooled(op: str) -> bool:
    """Whether PyTorch's own error is that of the whole tensor."""
    return any(fnmatchcase(op, pattern) for pattern in SUMS)


def tolerance(op: str, dtype: str, check: str = "value") -> tuple[float, float]:
    """(rtol, atol) for a result of this dtype; (0, 0) for integers and bool."""
    if dtype not in DEFAULT:
        return 0.0, 0.0
    rtol, atol = DEFAULT[dtype]
    for item in EXCEPTIONS:
        if fnmatchcase(op, item.op) and fnmatchcase(dtype, item.dtype) and fnmatchcase(check, item.check):
            rtol, atol = max(rtol, item.rtol), max(atol, item.atol)
    factor = FACTOR.get(check, 1.0)
    return rtol * factor, atol * factor
