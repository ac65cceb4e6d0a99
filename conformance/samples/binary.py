"""Functions of two numbers, element by element, with broadcasting."""

import torch

from .spec import S, T, V, binary, call, error, once

whole = (torch.int64, torch.bool)

SAMPLES = {
    "add": binary(alpha=[2, -3, 0.5, 0], numbers=(2, -3, 0.5, True)),
    "sub": binary(alpha=[2, -3, 0.5], numbers=(2, -3, 0.5)),
    "rsub": binary(alpha=[2, 0.5]),
    "mul": binary(numbers=(2, -3, 0.5, True)),
    "div": binary(rounding_mode=[None, "trunc", "floor"]),
    "true_divide": binary(), "floor_divide": binary(), "remainder": binary(), "fmod": binary(),
    "pow": binary(low=0.1, second=(-2.0, 3.0), numbers=(2, 3, 0.5, -1, 0)) + [
        call(2.0, T(3)), call(3, T(3)), call(T(3, 4), 2), call(V([0.0, 0.0, -2.0, -2.0]), V([0.0, 2.0, 2.0, 3.0])),
        call(V([0.0, -2.0, 3.0]), 3.0),
    ],
    "float_power": binary(low=0.1, second=(-2.0, 3.0)),
    "maximum": binary(numbers=()), "minimum": binary(numbers=()), "fmax": binary(numbers=()), "fmin": binary(numbers=()),
    "max": [*binary(numbers=()), call(T(3, 4), other=T(3, 4))], "min": [*binary(numbers=()), call(T(3, 4), other=T(4))],
    "atan2": binary(numbers=()), "hypot": binary(numbers=()), "copysign": binary(), "nextafter": binary(numbers=()),
    "logaddexp": binary(numbers=()), "logaddexp2": binary(numbers=()),
    "xlogy": binary(low=0.1), "special.xlogy": binary(low=0.1), "special.xlog1py": binary(low=0.1),
    "heaviside": binary(numbers=()), "special.zeta": binary(low=1.1, high=4.0, numbers=()),
    "eq": binary(), "ne": binary(), "lt": binary(), "le": binary(), "gt": binary(), "ge": binary(),
    "logical_and": binary(numbers=()), "logical_or": binary(numbers=()), "logical_xor": binary(numbers=()),
    "bitwise_and": binary(numbers=(2, 3), only=whole), "bitwise_or": binary(numbers=(2, 3), only=whole),
    "bitwise_xor": binary(numbers=(2, 3), only=whole),
    "bitwise_left_shift": binary(low=0, second=(0, 5), numbers=(2,), only=(torch.int64,)),
    "bitwise_right_shift": binary(low=0, second=(0, 5), numbers=(2,), only=(torch.int64,)),
    "gcd": binary(numbers=(), only=(torch.int64,)),
    "lcm": binary(numbers=(), only=(torch.int64,), special=False),  # PyTorch divides by zero: SIGFPE at the extremes
    "ldexp": binary(numbers=(), second=(-3, 3)),
    "isclose": binary(numbers=(), rtol=[0.1], atol=[0.5], equal_nan=[True, False]),
    "allclose": [call(T(3), T(3)), call(V([1.0, 2.0]), V([1.0, 2.0])), call(V([1.0]), V([1.1]), rtol=0.2),
                 call(V([float("nan")]), V([float("nan")]), equal_nan=True)],
    "equal": [call(T(3), T(3)), call(V([1.0, 2.0]), V([1.0, 2.0])), call(T(2), T(3)), call(T(0), T(0))],
    "dist": [call(T(3, 4), T(3, 4)), call(T(3, 4), T(4), 1), call(T(3), T(3), p=float("inf")), call(T(3), T(3), 0)],
}  # fmt: skip

# three operands
SAMPLES |= {
    "lerp": [call(T(3, 4), T(3, 4), 0.3), call(T(3, 4), T(4), 0.8), call(T(3, 4), T(3, 4), T(3, 4, low=0, high=1)),
             call(T(3, 1), T(1, 4), T()), call(S(), V([1.0]), 0.5)],
    "addcmul": [call(T(3, 4), T(3, 4), T(4)), call(T(3), T(2, 3), T(3), value=0.5), call(T(3), T(3), T(3), value=-2)],
    "addcdiv": [call(T(3, 4), T(3, 4), T(4, low=0.5)), call(T(3), T(2, 3), T(3, low=0.5), value=0.5)],
    "where": [call(V([True, False, True], torch.bool), T(3), T(3)), call(T(2, 1, dtype=torch.bool), T(3), T(2, 3)),
              call(T(3, 4, dtype=torch.bool), T(3, 4), 2.0), call(T(3, 4, dtype=torch.bool), 1, T(4)),
              call(T(3, dtype=torch.bool), 1.0, 2.0), call(T(3, 4, dtype=torch.bool)), call(T(dtype=torch.bool), T(), T(3)),
              call(S(3, 5).map(lambda t: t > 0).constant(), S(3, 5), T(5)), error(T(3, dtype=torch.bool), T(4), T(5))],
}  # fmt: skip

# Numbers beside half precision, dense enough that a rounding too many or too few is seen, and whole vectors:
# PyTorch rounds the elements behind the last one differently.
WIDE, ABOVE = T(16, 32), T(16, 32, low=0.1)
SINGLE, DOUBLE = V(0.1, torch.float32).constant(), V(-1.37, torch.float64).constant()
NUMBERS = (0.1, -1.37, 3, SINGLE, DOUBLE)

for name in ("add", "sub", "mul", "div", "floor_divide", "remainder", "fmod"):
    SAMPLES[name] += [*(once(WIDE, number) for number in NUMBERS), once(WIDE, WIDE)]
    if name != "fmod":
        SAMPLES[name] += [once(number, WIDE) for number in (0.1, DOUBLE)]
for name in ("add", "sub", "rsub"):
    SAMPLES[name] += [once(WIDE, WIDE, alpha=0.3), once(WIDE, 0.3, alpha=-1.37)]
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SAMPLES[name] += [once(V([0.1, 0.7, -1.37]), number) for number in (0.1, 0.7, -1.37)]
SAMPLES["rsub"] += [once(WIDE, 0.1)]
SAMPLES["div"] += [once(WIDE, other, rounding_mode=mode) for mode in ("trunc", "floor") for other in (WIDE, 0.1, SINGLE)]
SAMPLES["pow"] += [once(ABOVE, 0.1), once(ABOVE, DOUBLE), once(0.1, WIDE), once(ABOVE, ABOVE)]
SAMPLES["lerp"] += [once(WIDE, WIDE, 0.3), once(WIDE, WIDE, SINGLE), once(WIDE, WIDE, T(16, 32, low=0, high=1))]
SAMPLES["addcmul"] += [once(WIDE, WIDE, WIDE, value=0.3), once(WIDE, WIDE, WIDE)]
SAMPLES["addcdiv"] += [once(WIDE, WIDE, ABOVE, value=0.3)]
SAMPLES["where"] += [once(T(16, 32, dtype=torch.bool), WIDE, 0.1)]
SAMPLES["isclose"] += [once(WIDE, WIDE, rtol=0.1, atol=0.7)]
SAMPLES["maximum"] += [once(WIDE, SINGLE)]
for name in ("add", "sub", "mul", "div", "mod", "pow"):
    SAMPLES[f"Tensor.__r{name}__"] = [call(T(3, 4, low=0.5), 2), once(ABOVE, 0.1), once(ABOVE, 3)]
