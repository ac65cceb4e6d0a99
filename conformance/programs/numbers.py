"""Python numbers beside tensors whose dtype may not hold them: what is refused, what wraps, what becomes an infinity."""

from __future__ import annotations

import math
import warnings

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


# -- numbers that are tensors ------------------------------------------------------------------------------------------


@table("", [
    ("add", "lib.add(x, x, alpha=w)"), ("sub", "lib.sub(x, x, alpha=w)"), ("rsub", "lib.rsub(x, x, alpha=w)"), ("Tensor.sub_", "x.sub_(x, alpha=w)"),
    ("addcmul", "lib.addcmul(x, x, x, value=w)"), ("addcdiv", "lib.addcdiv(x, x, x, value=w)"), ("addr", "lib.addr(x, x, x, alpha=w)"),
    ("addmm", "lib.addmm(x[None], x[None], lib.ones(2, 2), beta=w)"), ("baddbmm", "lib.baddbmm(x[None, None], x[None, None], lib.ones(1, 2, 2), alpha=w)"),
    ("full", "lib.full((2,), w)"), ("full_like", "lib.full_like(x, w)"), ("Tensor.new_full", "x.new_full((2,), w)"), ("arange", "lib.arange(w)"),
    ("threshold", "lib.threshold(x, w, 0)"), ("nn.functional.leaky_relu", "F.leaky_relu(x, w)"), ("nn.functional.elu", "F.elu(x, w)"),
    ("nn.functional.softplus", "F.softplus(x, w)"), ("nn.functional.layer_norm", "F.layer_norm(x, (2,), eps=w)"), ("norm", "lib.norm(x, w)"),
    ("linalg.vector_norm", "lib.linalg.vector_norm(x, w)"), ("renorm", "lib.renorm(x[None], w, 0, 1.0)"), ("nan_to_num", "lib.nan_to_num(x, w)"),
    ("Tensor.index_add", "x.index_add(0, lib.tensor([0]), x[:1], alpha=w)"), ("cdist", "lib.cdist(x[None], x[None], w)"),
])  # fmt: skip
def a_tensor_that_needs_a_gradient_is_no_number(lib, name, text):
    """A number would not hand the gradient on: there the tensor is refused, and one that needs none is not."""
    x, w = lib.ones(2), lib.tensor(2.0, requires_grad=True)
    names = {"lib": lib, "F": lib.nn.functional, "x": x}
    yield raised(eval, text, names | {"w": w}), raised(eval, text, names | {"w": w.detach()})


@table("", [
    ("clamp", "lib.clamp(x, w)"), ("lerp", "lib.lerp(x, x + 1, w)"), ("pow", "x ** w"), ("masked_fill", "x.masked_fill(x > 0, w)"), ("mul", "x * w"),
    ("Tensor.fill_", "x.clone().fill_(w)"), ("quantile", "lib.quantile(x, w * 0.2)"), ("nn.functional.normalize", "F.normalize(x, 2.0, 0, w)"),
    ("nn.functional.triplet_margin_with_distance_loss", "F.triplet_margin_with_distance_loss(x[None], -x[None], x[None], margin=w)"),
    ("nn.functional.local_response_norm", "F.local_response_norm(x[None, None], 2, w)"),
    ("nn.functional.gumbel_softmax", "(lib.manual_seed(0), F.gumbel_softmax(x, tau=w))[1] * lib.tensor([1.0, 2.0])"),
    ("normal", "(lib.manual_seed(0), lib.normal(w, 1.0))[1] + 0 * w"),
])  # fmt: skip
def a_tensor_that_needs_a_gradient_among_numbers(lib, name, text):
    """Where tensors are taken too, or Python's own arithmetic is all there is, it gets its gradient."""
    w = lib.tensor(2.0, requires_grad=True)
    found = eval(text, {"lib": lib, "F": lib.nn.functional, "x": lib.tensor([1.0, 3.0]), "w": w})
    found.sum().backward()
    yield found.detach(), w.grad


# -- at the limits -----------------------------------------------------------------------------------------------------


@program("arange")
def ranges_of_whole_ends_and_a_fractional_step(lib):
    for numbers in ((1, 10, 0.3), (10, 1, -0.3), (0, 1, 0.1), (0, 6, 0.6), (-3, 3, 0.7), (0, 3, 0.1)):
        yield lib.arange(*numbers), lib.arange(*numbers, dtype=lib.float64)


@program("log1p")
def complex_logarithms_next_to_one(lib):
    for number in (1e-19 + 1e-18j, 1e-18 + 0.1j, 0.1 + 1e-18j, 1e-250 + 2e-250j, -1 + 1e250j, 1e250 + 1j, 0j, -1 + 0j, 0.3 - 0.4j, 2 + 1j):
        found = lib.log1p(lib.tensor(number, dtype=lib.complex128))
        yield f"{found.real.item():.12g} {found.imag.item():.12g}"


@program("lcm")
def common_multiples_beyond_the_dtype(lib):
    for name, one, two in (("int8", 127, 2), ("int8", -128, -1), ("int16", 32767, 2), ("int16", -32768, 3), ("int32", 2**31 - 1, 2), ("uint8", 255, 2)):
        dtype = getattr(lib, name)
        yield lib.lcm(lib.tensor([one], dtype=dtype), lib.tensor([two], dtype=dtype))


@program("linalg.lstsq")
def least_squares_with_limits_that_are_none(lib):
    a, b = lib.tensor([[1.0], [3.0]]), lib.tensor([[1.0], [2.0]])
    for driver in ("gelsd", "gelss"):
        for limit in (1.0, 0.5, 1.5):
            found = lib.linalg.lstsq(a, b, rcond=limit, driver=driver)
            yield found.solution, found.rank


@program("quantile", "nanquantile")
def gradients_of_quantiles_of_rows_with_nan(lib):
    nan = math.nan
    for name in ("quantile", "nanquantile"):
        for how in ("linear", "lower", "higher", "midpoint", "nearest"):
            for rows in ([1, nan, 2.0], [nan, nan, 1.0, 2.0], [nan, nan], [[1.0, nan, 3.0], [3.0, 2.0, 1.0]]):
                x = lib.tensor(rows, requires_grad=True)
                found = getattr(lib, name)(x, lib.tensor([0.0, 0.3, 1.0]), -1, interpolation=how)
                found.sum().backward()
                yield found.detach(), x.grad


@program("linalg.norm", "linalg.vector_norm", "einsum", "empty_strided", "tensor")
def what_is_refused_at_the_limits(lib):
    x, own = lib.ones(2, 3, 4), [0]
    own.append(own)
    yield raised(lib.linalg.norm, x, 1, (0, 1, 2)), raised(lib.linalg.norm, x, 2, ()), raised(lib.linalg.vector_norm, x, 2j)
    yield raised(lib.einsum, ""), raised(lib.einsum, "", [])
    for call in (lambda: lib.empty_strided((8, 8), (2**61, 1)), lambda: lib.tensor(own), lambda: lib.as_tensor(own)):
        try:
            call()
        except (RuntimeError, TypeError) as error:
            yield isinstance(error, TypeError)


# -- forms -------------------------------------------------------------------------------------------------------------


@program("addmm", "addmv", "addr", "addbmm", "baddbmm")
def factors_before_the_tensors(lib):
    """The order of arguments that PyTorch once had."""
    x, a, b = lib.ones(2, 2), lib.ones(2, 2, 3), lib.ones(2, 3, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lib.addmm(2, x, 3, a[0], b[0]), lib.addmm(2, x, a[0], b[0]), x.addmm(2, a[0], b[0]), x.addmm(2, 3, a[0], b[0])
        yield x[0].addmv(2, 3, x, x[0]), lib.addr(2, x, 3, x[0], x[0]), lib.baddbmm(2, a @ b, 3, a, b)
        yield lib.addbmm(2, x, 3, a, b), x.clone().addbmm_(2, 3, a, b), x.clone().addmm_(2, a[0], b[0])
    yield raised(lib.addmm, x, a[0], b[0], x), raised(lambda: lib.addmm(2, x, 3, a[0], b[0], beta=2)), raised(lib.addmm, 2, 3, 4, x, x, x)


@program("cat", "stack")
def images_with_their_channels_last_are_joined_so(lib):
    x = lib.arange(120.0).reshape(2, 3, 4, 5).contiguous(memory_format=lib.channels_last)
    deep = lib.arange(240.0).reshape(2, 3, 4, 5, 2).contiguous(memory_format=lib.channels_last_3d)
    others = (x, x.contiguous(), x.double(), lib.empty(0))
    for dim in range(4):
        yield lib.cat((x, x + 1), dim), lib.cat((x, x + 1), dim).stride(), lib.stack((x, x + 1), dim), lib.stack((x, x + 1), dim).stride()
    yield [lib.cat((x, one), 1).stride() for one in others], lib.stack((x, x), 4).stride(), lib.stack((x, x.contiguous())).stride()
    yield lib.cat((x[:, :, 1:], x[:, :, 1:]), 1).stride(), lib.cat((x.permute(1, 0, 2, 3),) * 2, 1).stride()
    yield lib.cat((deep, deep), 1).stride(), lib.stack((deep, deep), 1).stride(), lib.stack((deep, deep), 5).stride()
    w = x.clone().requires_grad_()
    (lib.cat((w, w * 2), 1) * lib.arange(240.0).reshape(2, 6, 4, 5)).sum().backward()
    yield w.grad


@program("mean", "Tensor.mean")
def a_complex_mean_of_what_is_not_finite(lib):
    inf, nan = math.inf, math.nan
    for values in ([complex(nan, 1), 1 + 2j], [complex(1, nan), 2j], [complex(inf, 1), 1 + 0j], [complex(1, -inf)], [1 + 2j, 3j, 5 - 1j]):
        for dtype in (lib.complex64, lib.complex128):
            x = lib.tensor(values, dtype=dtype)
            yield x.mean(), x[None].mean(1), x[:, None].mean(0, keepdim=True), lib.stack([x, x]).mean((0, 1))
    yield lib.zeros(0, dtype=lib.complex64).mean(), lib.zeros(2, 0, dtype=lib.complex64).mean(1)


@table("segment_reduce", [(reduce, initial) for reduce in ("max", "min", "sum", "mean", "prod") for initial in (None, 1.0, math.nan)])
def segments_with_nan_and_zeros(lib, reduce, initial):
    nan = math.nan
    for data in ([1.0, nan, 2.0, 3.0, nan, nan], [2.0, 2.0, 0.0, 0.0, 1.0, nan], [nan, 0.0, 0.0, 1.0, 1.0, 0.5], [2.0, 0.0, 4.0, 3.0, 3.0, 2.0]):
        for dtype in (lib.float32, lib.float64):
            x = lib.tensor(data, dtype=dtype, requires_grad=True)
            y = lib.segment_reduce(x, reduce, lengths=lib.tensor([3, 2, 1, 0]), initial=initial)
            y.backward(lib.tensor([1.0, 2.0, -0.5, 3.0], dtype=dtype))
            yield y, x.grad
    x = lib.arange(12.0).reshape(2, 3, 2).requires_grad_()
    y = lib.segment_reduce(x, reduce, offsets=lib.tensor([[0, 1, 3], [1, 1, 2]]), axis=1, initial=initial)
    y.backward(lib.arange(8.0).reshape(2, 2, 2))
    yield y, x.grad


@program("masked.prod", "masked.sum", "masked.mean", "masked.amax")
def masked_reductions_over_no_dimensions(lib):
    x, mask = lib.arange(6.0).reshape(2, 3) + 1, lib.tensor([[True, False, True], [True, True, False]])
    for dim in ([], (), None, (0,), [0, 1]):
        yield [getattr(lib.masked, name)(x, dim=dim, mask=mask) for name in ("prod", "sum", "mean", "amax")]


@program("geqrf", "ormqr", "orgqr", "linalg.householder_product")
def reflections_are_laid_out_by_columns(lib):
    for shape in ((3, 2), (4, 3, 2), (2, 1, 3, 2), (3, 1)):
        a, tau = lib.geqrf(lib.arange(1.0, 1 + math.prod(shape)).sin().view(shape))
        yield a, a.stride(), tau.stride()
        other = lib.ones(*shape[:-2], 3, 4)
        results = lib.ormqr(a, tau, other), lib.ormqr(a, tau, other.mT, left=False), lib.orgqr(a, tau), lib.linalg.householder_product(a, tau)
        yield results, [one.stride() for one in results]


@program("cdist", "pdist")
def distances_of_nan(lib):
    for p in (1.0, 2.0, float("inf")):
        x = lib.tensor([[float("nan"), 1.0], [0.0, 2.0], [0.0, 1.0]], requires_grad=True)
        y = lib.tensor([[0.0, 2.0]], requires_grad=True)
        lib.cdist(x, y, p).sum().backward()
        yield x.grad + 0, y.grad + 0
        yield lib.autograd.grad(lib.pdist(x, p).sum(), x)[0] + 0
