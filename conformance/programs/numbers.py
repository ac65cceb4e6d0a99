"""Python numbers beside tensors whose dtype may not hold them: what is refused, what wraps, what becomes an infinity."""

from __future__ import annotations

import math

from . import program, raised, table

NUMBERS = (300, -1, True, 1.5, 1e5, 1e40, 1e300, 2**64, -(2**63) - 1, float("inf"), float("nan"), 1j)
FLOATING = ("float16", "bfloat16", "float32", "float64")
DTYPES = ("uint8", "int8", "int32", "int64", *FLOATING)


def _outcomes(lib, text: str, dtypes: tuple[str, ...]):
    """What `text` makes of each number `n` and a tensor `x` of each dtype: a tensor, or the exception's name."""
    mask, at = lib.tensor([True, False, True]), lib.tensor([0])
    for name in dtypes:
        for number in NUMBERS:
            x = lib.ones(3, dtype=getattr(lib, name))
            found = []
            names = {"lib": lib, "F": lib.nn.functional, "x": x, "n": number, "mask": mask, "at": at, "dt": x.dtype}
            error = raised(lambda names=names, found=found: found.append(eval(text, names)))
            yield name, repr(number), error, *found


@table("", [
    ("full", "lib.full((2,), n, dtype=dt)"), ("full_like", "lib.full_like(x, n)"),
    ("scalar_tensor", "lib.scalar_tensor(n, dtype=dt)"), ("add", "x + n"), ("add", "lib.add(x, x, alpha=n)"),
    ("mul", "n * x"), ("eq", "x == n"), ("lt", "x < n"), ("sub", "lib.sub(x, x, alpha=n)"),
    ("masked_fill", "x.masked_fill(mask, n)"), ("index_fill", "x.index_fill(0, at, n)"), ("scatter", "x.scatter(0, at, n)"),
    ("where", "lib.where(mask, x, n)"), ("index_add", "x.index_add(0, at, x[:1], alpha=n)"), ("clamp", "x.clamp(min=n)"),
    ("addcmul", "lib.addcmul(x, x, x, value=n)"), ("addmm", "lib.addmm(x[:, None], x[:, None], x[:1, None], alpha=n)"),
    ("addmm", "lib.addmm(x[:, None], x[:, None], x[:1, None], beta=n)"), ("constant_pad_nd", "lib.constant_pad_nd(x, (1, 0), n)"),
    ("threshold", "lib.threshold(x, 1, n)"), ("threshold", "lib.threshold(x, n, 1)"), ("linspace", "lib.linspace(0, n, 3, dtype=dt)"),
])  # fmt: skip
def a_number_beside_any_dtype(lib, name, text):
    yield from _outcomes(lib, text, DTYPES)


@table("Tensor", [
    ("fill_", "x.fill_(n)"), ("new_full", "x.new_full((2,), n)"), ("fill_diagonal_", "x[None].fill_diagonal_(n)"),
    ("__setitem__", "x.__setitem__(0, n)"), ("__setitem__", "x.__setitem__(slice(1, None), n)"),
    ("__setitem__", "x.__setitem__(mask, n)"),
])  # fmt: skip
def a_number_written_into_any_dtype(lib, name, text):
    yield from _outcomes(lib, f"({text}, x)[1]", DTYPES)


@table("nn.functional", [
    ("leaky_relu", "F.leaky_relu(x, n)"), ("elu", "F.elu(x, n)"), ("celu", "F.celu(x, n)"), ("hardshrink", "F.hardshrink(x, n)"),
    ("softplus", "F.softplus(x, threshold=n)"), ("softshrink", "F.softshrink(x, n)"), ("hardtanh", "F.hardtanh(x, 0, n)"),
])  # fmt: skip
def a_number_beside_floating_dtypes(lib, name, text):
    yield from _outcomes(lib, text, FLOATING)


@program("linalg.matrix_norm", "linalg.norm")
def norms_of_matrices_without_elements(lib):
    for shape in ((0, 3), (3, 0), (0, 0), (2, 0, 3)):
        for order in (2, -2, "nuc", "fro", 1, -1, math.inf, -math.inf):
            error = raised(lib.linalg.matrix_norm, lib.zeros(shape), order)
            yield error, "" if error else lib.linalg.matrix_norm(lib.zeros(shape), order)


LISTS = (
    [[True, False], [False, True]], [True, 1], [1, True], [1, 2.5], [2.5, 1, 2**60], [2**63], [2**63, 0.5], [0.5, 2**63], [300, -1], [2**31],
    [[1], [2, 3]], [[1], 2], [1, [2]], [[]], [[], []], [], [1.0, 1j], [True, 0.5], [float("inf"), 1], [float("nan"), 2], [1, "2"], [1, None],
    [[[1]], [[2.0]]], [1 + 2**-11 + 2**-40], ((1 + 2**-11 + 2**-40,),), [(1, 2), [3, 4]], [1e39, 1],
)  # fmt: skip


@table("", [("tensor", name) for name in (None, "bool", "uint8", "int32", "int64", "uint64", *FLOATING, "complex64")])
def lists_of_numbers(lib, name, dtype):
    """What nested lists make of a dtype, or imply."""
    for numbers in LISTS:
        found = []
        error = raised(lambda numbers=numbers, found=found: found.append(lib.tensor(numbers, dtype=dtype and getattr(lib, dtype))))
        yield repr(numbers), error, *found
