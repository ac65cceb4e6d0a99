"""Functions of two numbers, element by element, with broadcasting."""

import torch

from .spec import S, T, V, binary, call, error

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
