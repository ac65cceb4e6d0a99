"""Elementwise operations: templates over the registry. Truth here is NumPy, mathematics or finite differences."""

import doctest
import inspect
import math
import operator

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F
from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.op import REGISTRY
from lucid.ops import (
    activation,
    arithmetic,
    circular,
    classification,
    comparison,
    complex,
    distance,
    exponentials,
    loss,
    magnitude,
    margins,
    methods,
    special,
)

MODULES = (
    activation, arithmetic, circular, classification, comparison, complex, distance, exponentials, loss, magnitude, margins,
    special,
)  # fmt: skip
PATHS = sorted(
    path
    for path, spec in REGISTRY.items()
    if spec.forward.__module__ in {module.__name__ for module in MODULES} and not spec.name.startswith("_")
)


def parameters(path):
    spec = REGISTRY[path]
    return list(spec.parameters)


UNARY = [
    path
    for path in PATHS
    if parameters(path)[:1] == ["input_"]
    and path not in {"clamp", "clip"}
    and all(name in REGISTRY[path].defaults for name in parameters(path)[1:])
]
SMOOTH = [path for path in UNARY if REGISTRY[path].rules and path.rpartition(".")[2] not in {"frexp"}]
COMPLEX_ONLY = {"imag", "view_as_real"}
POINTS = {
    "acosh": (1.2, 3.0), "arccosh": (1.2, 3.0), "nn.functional.glu": (-2.0, 2.0), "view_as_complex": (-2.0, 2.0),
}  # fmt: skip
INSIDE = (0.15, 0.85)  # where every other function is smooth


def points(path, shape=(3, 4)):
    low, high = POINTS.get(path, INSIDE)
    values = np.random.default_rng(7).uniform(low, high, shape)
    return values[..., None].repeat(2, -1) if path == "view_as_complex" else values


@pytest.mark.parametrize("path", PATHS)
def test_the_docstring_has_its_sections_and_its_example_runs(path):
    function = REGISTRY[path].function
    text = inspect.getdoc(function)
    assert "Parameters\n----------" in text
    if path in {"nn.functional.nll_loss", "frexp"}:
        return  # written by hand, without an example of the short form
    names = {"lucid": lucid, "F": F, "Tensor": lucid.Tensor}
    example = doctest.DocTestParser().get_doctest(text, names, path, None, None)
    assert example.examples, f"{path} has no example"
    runner = doctest.DocTestRunner(verbose=False)
    said = []
    runner.run(example, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.mark.parametrize("path", [path for path in SMOOTH if path not in COMPLEX_ONLY])
def test_gradients_agree_with_differences(path):
    function = REGISTRY[path].function
    x = lucid.tensor(points(path), requires_grad=True)
    out = function(x)
    cotangent = np.random.default_rng(8).normal(size=out.shape)
    if out.is_complex():
        cotangent = cotangent + 1j * np.random.default_rng(9).normal(size=out.shape)
    found = lucid.autograd.grad(out, x, lucid.tensor(cotangent))[0].numpy()

    def loss_at(values):
        return float((np.conj(cotangent) * function(lucid.tensor(values)).numpy()).real.sum())

    base, step = x.detach().numpy(), 1e-6
    for at in [(0, 0), (1, 2), (2, 3)]:
        at = at if base.ndim == 2 else (*at, 0)
        up, down = base.copy(), base.copy()
        up[at] += step
        down[at] -= step
        expected = (loss_at(up) - loss_at(down)) / (2 * step)
        assert found[at] == pytest.approx(expected, rel=2e-5, abs=2e-7), at


@pytest.mark.parametrize("path", [path for path in UNARY if path not in COMPLEX_ONLY | {"view_as_complex"}])
def test_layouts_do_not_matter(path):
    function = REGISTRY[path].function
    dtype = np.int64 if path.startswith("bitwise") else np.float32
    values = (points(path, (4, 6)) * (100 if dtype is np.int64 else 1)).astype(dtype)
    kept = values.copy()

    def answer(array):
        found = function(lucid.from_numpy(array))
        return [one.detach().numpy() for one in (found if isinstance(found, tuple) else (found,))]

    expected = answer(values)
    wide = np.zeros((4, 12), dtype)
    wide[:, ::2] = values
    frozen = values.copy()
    frozen.flags.writeable = False
    for layout in (wide[:, ::2], np.asfortranarray(values), frozen):
        for a, b in zip(answer(layout), expected):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(values, kept)
    if path != "nn.functional.glu":
        assert function(lucid.zeros(0, 3, dtype=lucid.int64 if dtype is np.int64 else lucid.float32)) is not None


@pytest.mark.parametrize("path", [path for path in UNARY if "out" in parameters(path) and path != "frexp"])
def test_out_is_written_and_returned(path):
    function = REGISTRY[path].function
    x = lucid.tensor((points(path) * 100).astype(np.int64) if path.startswith("bitwise") else points(path))
    expected = function(x)
    out = lucid.empty_like(expected)
    assert function(x, out=out) is out
    np.testing.assert_array_equal(out.numpy(), expected.numpy())
    if expected.dtype is not lucid.bool:
        with pytest.raises(RuntimeError, match="cast|dtype"):
            function(x, out=lucid.empty(*expected.shape, dtype=lucid.bool))


NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum,
    "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin, "fmod": np.fmod, "remainder": np.remainder,
    "floor_divide": np.floor_divide, "atan2": np.arctan2, "hypot": np.hypot, "copysign": np.copysign,
    "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2, "eq": np.equal, "ne": np.not_equal, "lt": np.less,
    "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "logical_and": np.logical_and,
    "logical_or": np.logical_or, "logical_xor": np.logical_xor, "nextafter": np.nextafter,
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((3, 1), (1, 4)), ((2, 3, 4), (4,)), ((), (3,)), ((0, 3), (3,))])
def test_two_operands_broadcast(name, shapes):
    rng = np.random.default_rng(3)
    x, y = (rng.integers(-3, 4, shape).astype(np.float64) + 0.5 for shape in shapes)
    found = getattr(lucid, name)(lucid.tensor(x), lucid.tensor(y)).numpy()
    expected = NUMPY[name](x, y)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("name", [name for name in NUMPY if REGISTRY[name].rules and name not in ("nextafter", "floor_divide")])
def test_gradients_of_two_operands(name):
    rng = np.random.default_rng(4)
    x = lucid.tensor(rng.uniform(1, 2, (3, 1)), requires_grad=True)
    y = lucid.tensor(rng.uniform(2.1, 3, (4,)), requires_grad=True)
    cotangent = rng.normal(size=(3, 4))
    found = lucid.autograd.grad(getattr(lucid, name)(x, y), (x, y), lucid.tensor(cotangent))
    step = 1e-6
    for k, one in enumerate((x, y)):
        assert found[k].shape == one.shape
        values = [x.detach().numpy().copy(), y.detach().numpy().copy()]
        sides = []
        for sign in (1, -1):
            moved = [value.copy() for value in values]
            moved[k].flat[1] += sign * step
            sides.append(float((cotangent * NUMPY[name](*moved)).sum()))
        expected = (sides[0] - sides[1]) / (2 * step)
        assert found[k].numpy().flat[1] == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_computed_by_bits_is_exact_for_every_exponent(dtype):
    rng = np.random.default_rng(5)
    whole = rng.integers(-9, 10, (2, 2000))
    near = rng.normal(size=(2, 2000)) * np.exp(rng.normal(size=(2, 2000)) * 9)
    bits = rng.integers(0, 256, 16000 * np.dtype(dtype).itemsize, np.uint8).view(dtype).reshape(2, -1)
    odd = np.array([0.0, -0.0, 1.0, -3.0, np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal])
    multiples = rng.integers(-5000, 5000, 2000) * near[1].astype(dtype), near[1]
    for x, y in (whole, near, bits, multiples, [one.ravel() for one in np.meshgrid(odd, odd)]):
        x, y = np.asarray(x, dtype), np.asarray(y, dtype)
        with np.errstate(all="ignore"):
            left = np.fmod(x, y)
            turned = np.where((left != 0) & ((left < 0) != (y < 0)), left + y, left)
            expected = {"fmod": left, "remainder": turned, "nextafter": np.nextafter(x, y)}
        for name, values in expected.items():
            found = getattr(lucid, name)(lucid.tensor(x), lucid.tensor(y)).numpy()
            np.testing.assert_array_equal(found, values)
            np.testing.assert_array_equal(np.signbit(found[found == 0]), np.signbit(values[values == 0]))
        found = lucid.hypot(lucid.tensor(x), lucid.tensor(y)).numpy()
        with np.errstate(all="ignore"):
            true = np.hypot(x.astype(np.longdouble), y.astype(np.longdouble))
            rounded = true.astype(dtype)
            np.testing.assert_array_equal(np.isfinite(found), np.isfinite(rounded))
            error = np.abs(found - true)[np.isfinite(rounded)] / np.spacing(rounded[np.isfinite(rounded)])
        assert error.max() < 1.5


@pytest.mark.parametrize("name", ["lgamma", "erfinv"])
def test_special_functions_of_float32_are_rounded_once(name):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.uniform(-1, 1, 4000), rng.normal(size=4000), 10 ** rng.uniform(-38, 30, 4000),
                        1 - 10 ** rng.uniform(-7, 0, 1000), -2.457 + rng.uniform(-1e-3, 1e-3, 1000)])  # fmt: skip
    x = x.astype(np.float32)
    found = getattr(lucid, name)(lucid.tensor(x)).numpy()
    true = getattr(lucid, name)(lucid.tensor(x.astype(np.float64))).numpy()
    with np.errstate(all="ignore"):
        rounded = true.astype(np.float32)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(found[~finite], rounded[~finite])
    assert (np.abs(found[finite] - true[finite]) / np.spacing(np.abs(rounded[finite]))).max() < 0.6


def test_operators_meet_numbers_and_arrays():
    x = lucid.tensor([1.0, 2.0])
    array = np.array([3.0, 4.0])
    for made in (x + array, array + x):
        assert made.dtype is lucid.float64
        assert made.tolist() == [4.0, 6.0]
    assert (np.float32(2) * x).dtype is lucid.float32
    assert (1 - x).tolist() == [0.0, -1.0]
    assert (2**x).tolist() == [2.0, 4.0]
    assert (7 // lucid.tensor([2, -2])).tolist() == [3, -4]
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    for wrong in (lambda: x + None, lambda: x < "a", lambda: x + [1, 2], lambda: ~x):
        with pytest.raises(TypeError):
            wrong()


def test_integers_and_bools_as_pytorch_has_them():
    whole, mask = lucid.tensor([7, -7]), lucid.tensor([True, False])
    assert (whole / 2).dtype is lucid.float32
    assert lucid.exp(whole).dtype is lucid.float32
    assert (mask + mask).tolist() == [True, False]
    assert lucid.floor(whole).tolist() == [7, -7]
    for wrong in (lambda: mask - mask, lambda: -mask, lambda: whole // 0, lambda: whole % 0, lambda: whole**-1,
                  lambda: F.relu(mask)):  # fmt: skip
        with pytest.raises(RuntimeError):
            wrong()
    for wrong in (lambda: F.elu(whole), lambda: lucid.floor(mask), lambda: lucid.tensor([1.5]) & 1):
        with pytest.raises(NotImplementedError):
            wrong()


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_whole_numbers_are_divided_exactly(bits):
    edges = {sign * 2**power + step for power in range(bits) for sign in (-1, 1) for step in (-1, 0, 1)}
    edges = sorted(one for one in edges if -(2 ** (bits - 1)) <= one < 2 ** (bits - 1))
    pairs = [(x, y) for x in edges for y in edges if y and (x, y) != (edges[0], -1)]
    quotients = [abs(x) // abs(y) * (-1 if (x < 0) != (y < 0) else 1) for x, y in pairs]
    x, y = (lucid.tensor(one, dtype=getattr(lucid, f"int{bits}")) for one in zip(*pairs))
    assert (x // y).tolist() == [a // b for a, b in pairs]
    assert (x % y).tolist() == [a % b for a, b in pairs]
    assert x.fmod(y).tolist() == [a - q * b for (a, b), q in zip(pairs, quotients)]
    assert x.div(y, rounding_mode="trunc").tolist() == quotients


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("n", [1, 7, 16, 31, 33, 1023, 1040, 1 << 16])
def test_arithmetic_in_half_precision_is_that_of_float32_rounded_once(dtype, n):
    dtype = getattr(lucid, dtype)
    every = lucid.arange(-(1 << 15), 1 << 15, dtype=lucid.int16).view(dtype)  # NaN, infinities and all that is small
    x = every[lucid.randperm(1 << 16)[:n]]
    y = every[lucid.randperm(1 << 16)[:n]]
    rows = x[:1] if n < 3 else x[: n // 3 * 3].reshape(3, -1)
    for f in (operator.add, operator.sub, operator.mul, operator.truediv):
        for a, b in ((x, y), (x, 0.75), (0.75, y), (x, y[0]), (y[0], x), (rows, rows[:, :1] if n >= 3 else y), (x[::2], y[::2])):
            if isinstance(a, float) and f is operator.truediv:
                continue  # a reciprocal, rounded, and a product
            found = f(a, b)
            wanted = f(*[one.float() if isinstance(one, lucid.Tensor) else one for one in (a, b)]).to(dtype)
            assert found.dtype is dtype and lucid.equal(found.isnan(), wanted.isnan()), (f, n)
            assert lucid.equal(found.view(lucid.int16)[~found.isnan()], wanted.view(lucid.int16)[~wanted.isnan()]), (f, n)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    x = lucid.tensor([0.5, 1.5, 2.5]).to(getattr(lucid, dtype))
    assert lucid.exp(x).dtype is x.dtype
    expected = np.exp(np.float32([0.5, 1.5, 2.5]))
    np.testing.assert_allclose(lucid.exp(x).float().numpy(), expected, rtol=2**-8 if dtype == "bfloat16" else 2**-11)


HALVES = {
    "unary": lambda x, y, m, row: lucid.exp(x),
    "parameters": lambda x, y, m, row: F.leaky_relu(x, 0.3),
    "binary": lambda x, y, m, row: x - y,
    "broadcast": lambda x, y, m, row: row / x,
    "column": lambda x, y, m, row: x[:, :1].clone() * row,
    "number": lambda x, y, m, row: x * 0.1,
    "comparison": lambda x, y, m, row: x < y,
    "question": lambda x, y, m, row: lucid.isnan(x),
    "where": lambda x, y, m, row: lucid.where(m, x, y),
    "where_number": lambda x, y, m, row: lucid.where(m, 0.1, x),
    "three": lambda x, y, m, row: lucid.addcmul(x, y, x),
    "three_parameters": lambda x, y, m, row: lucid.lerp(x, y, y),
    "sum": lambda x, y, m, row: x.sum(0),
    "mean": lambda x, y, m, row: x.mean(-1, keepdim=True),
    "amax": lambda x, y, m, row: y.amax(),
    "gradient": lambda x, y, m, row: lucid.autograd.grad(F.silu(x.requires_grad_()), x, y)[0],
    "in_place": lambda x, y, m, row: x.clone().add_(y),
    "refused_by_the_fast_way": lambda x, y, m, row: x.T + y.T,
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 341), (40, 1030)])
def test_half_precision_has_the_bits_of_float32_rounded(dtype, name, shape):
    dtype = getattr(lucid, dtype)
    rng = np.random.default_rng(0)
    x, y = (lucid.from_numpy(rng.standard_normal(shape).astype("float32")).to(dtype) for _ in range(2))
    x[0, 0] = float("nan")
    mask, row = lucid.from_numpy(rng.random(shape) < 0.5), y[0].clone()
    found = HALVES[name](x.clone(), y, mask, row)
    wanted = HALVES[name](x.float(), y.float(), mask, row.float())
    assert found.dtype is (lucid.bool if wanted.dtype is lucid.bool else dtype)
    assert lucid.equal(lucid.nan_to_num(found.float(), 9.0), lucid.nan_to_num(wanted.to(dtype).float(), 9.0))


def test_leaky_relu_at_zero_takes_the_slope():
    x = lucid.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    F.leaky_relu(x, negative_slope=0.1).backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.float32([0.1, 0.1, 1.0]))


KINKS = {
    "relu": 0.0,
    "leaky_relu": 0.01,
    "elu": 1.0,
    "hardtanh": 1.0,
    "relu6": 0.0,
    "softplus": 0.5,
    "hardsigmoid": 1 / 6,
}


@pytest.mark.parametrize("name", KINKS)
def test_gradients_on_kinks(name):
    x = lucid.tensor([0.0], requires_grad=True)
    getattr(F, name)(x).backward()
    assert x.grad.item() == pytest.approx(KINKS[name])


def test_prelu_has_a_gradient_for_each_channel():
    x = lucid.tensor([[-1.0, 2.0, 0.0], [-3.0, -4.0, 5.0]], requires_grad=True)
    weight = lucid.tensor([0.1, 0.2, 0.3], requires_grad=True)
    F.prelu(x, weight).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.float32([[0.1, 1, 0.3], [0.1, 0.2, 1]]))
    np.testing.assert_allclose(weight.grad.numpy(), np.float32([-4, -4, 0]))


METHODS = sorted({name for names in methods.INPLACE.values() for name in names.split()} & {
    REGISTRY[path].name for path in PATHS})  # fmt: skip
NUMBERS = [0.3, -1.5, 2.0, 0.0, -0.0, 17.0, math.inf, -math.inf, math.nan, 0.6]


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64, lucid.int64])
@pytest.mark.parametrize("name", METHODS)
def test_in_place_equals_out_of_place(name, dtype):
    x = lucid.tensor(NUMBERS if dtype.is_floating_point else list(range(1, 11)), dtype=dtype)
    spec, more = methods.find(name).op, ()
    while len(more) < 4:
        try:
            wanted = spec.function(x, *more)
            break
        except TypeError:
            more += (lucid.tensor([2, 3, 1, 1, 2, 3, 4, 2, 1, 5], dtype=dtype),)
        except (RuntimeError, NotImplementedError):
            return  # not for this dtype
    target = x.clone()
    place, version = target.data_ptr(), core.version(target)
    if not dtypes.can_cast(wanted.dtype, dtype) or (spec.out_rule == "same" and wanted.dtype is not dtype):
        with pytest.raises(RuntimeError, match="dtype|output type"):
            getattr(target, f"{name}_")(*more)
        return
    assert getattr(target, f"{name}_")(*more) is target
    assert target.data_ptr() == place and core.version(target) == version + 1
    np.testing.assert_array_equal(target.numpy(), wanted.numpy().astype(target.numpy().dtype))


def test_a_factor_of_the_second_operand():
    rng = np.random.default_rng(5)
    for dtype in (np.float32, np.float64):
        x, y = rng.standard_normal((2, 1000)).astype(dtype)
        a, b = lucid.tensor(x), lucid.tensor(y)
        np.testing.assert_allclose(lucid.add(a, b, alpha=2.5).numpy(), x + 2.5 * y, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(a.sub_(b, alpha=3).numpy(), x - 3 * y, rtol=1e-6, atol=1e-6)
        half = lucid.tensor(x)[::2]
        half.add_(b[:500], alpha=-1)
        np.testing.assert_allclose(half.numpy(), x[::2] - y[:500], rtol=1e-6, atol=1e-6)


def test_operands_that_share_part_of_the_written_memory_are_refused():
    x = np.arange(2000.0)
    t = lucid.from_numpy(x.copy())
    for write in (
        lambda: t[1:].add_(t[:-1]), lambda: t[1:].copy_(t[:-1]), lambda: t.mul_(t[3]), lambda: t[1:9].copy_(t[:8]),
        lambda: lucid.mul(t[:-1], t[:-1], out=t[1:]), lambda: t[1:].__setitem__(lucid.arange(1999), t[:-1]),
        lambda: t.view(40, 50).copy_(t.view(50, 40).t()),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="single memory location"):
            write()
    np.testing.assert_array_equal(t.numpy(), x)


def test_operands_with_gaps_are_read_before_they_are_written():
    t = lucid.arange(12.0).reshape(3, 4)
    t.add_(t[:, :1])
    np.testing.assert_array_equal(t.numpy(), np.arange(12.0).reshape(3, 4) + np.arange(0.0, 12, 4)[:, None])
    x = np.arange(20000.0)
    t = lucid.from_numpy(x.copy())
    t[::2].copy_(t[::4].repeat_interleave(2))
    t[1::2].copy_(t[1:10001])
    x[::2] = np.repeat(x[::4], 2)
    x[1::2] = x[1:10001].copy()
    np.testing.assert_array_equal(t.numpy(), x)
    t = lucid.from_numpy(x.copy())
    assert lucid.mul(t, t, out=t) is t and t.add_(t) is t
    np.testing.assert_array_equal(t.numpy(), 2 * x * x)


def test_in_place_keeps_what_its_rules_need():
    x = lucid.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.mul_(lucid.tensor([3.0, 4.0], requires_grad=True)).abs_()
    y.pow_(2)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [18.0, 64.0])
    with pytest.raises(RuntimeError, match="leaf"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="cast"):
        lucid.tensor([1, 2]).mul_(0.5)
    with pytest.raises(RuntimeError, match="shape"):
        lucid.tensor([1.0]).add_(lucid.tensor([1.0, 2.0]))


PAIRS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "kl_div",
         "binary_cross_entropy")  # fmt: skip


@pytest.mark.filterwarnings("ignore:kl_div")
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_fused_losses_equal_their_composition(name, reduction):
    rng = np.random.default_rng(5)
    x, y = (lucid.tensor(rng.uniform(0.1, 0.9, (3, 5))) for _ in range(2))
    cotangent = lucid.tensor(rng.normal(size=(3, 5) if reduction == "none" else ()))
    found = []
    for target in (y, y.clone().requires_grad_()):  # a target that wants a gradient is composed of operations
        one = x.clone().requires_grad_()
        out = getattr(F, name)(one, target, reduction=reduction)
        found.append((out.detach().numpy(), lucid.autograd.grad(out, one, cotangent)[0].numpy()))
    for fused, composed in zip(*found):
        np.testing.assert_allclose(fused, composed, rtol=1e-9, atol=1e-12)


def test_second_gradients_of_activations():
    x = lucid.tensor([-1.3, 0.4, 2.1], dtype=lucid.float64, requires_grad=True)
    for name in ("elu", "celu", "selu", "gelu", "silu", "mish", "softplus", "logsigmoid", "tanhshrink", "hardswish"):
        function = getattr(F, name)
        first = lucid.autograd.grad(function(x).sum(), x, create_graph=True)[0]
        second = lucid.autograd.grad(first.sum(), x)[0].numpy()
        step = 1e-5
        sides = []
        for sign in (1, -1):
            moved = lucid.tensor(x.detach().numpy() + sign * step, requires_grad=True)
            sides.append(lucid.autograd.grad(function(moved).sum(), moved)[0].numpy())
        np.testing.assert_allclose(second, (sides[0] - sides[1]) / (2 * step), rtol=1e-5, atol=1e-8, err_msg=name)


def test_special_values():
    assert lucid.special.entr(lucid.tensor([math.e], dtype=lucid.float64)).item() == pytest.approx(-math.e)
    x = lucid.tensor([0.3, 1.7, 12.5], dtype=lucid.float64)
    step = 1e-5
    slope = (lucid.lgamma(x + step) - lucid.lgamma(x - step)) / (2 * step)
    np.testing.assert_allclose(lucid.digamma(x).numpy(), slope.numpy(), rtol=1e-8)
    y = lucid.tensor([-0.999, -0.2, 1e-9, 0.5, 1 - 1e-12], dtype=lucid.float64)
    np.testing.assert_allclose(lucid.erf(lucid.erfinv(y)).numpy(), y.numpy(), rtol=1e-14)
    z = lucid.tensor([0.1, 3.0, 24.9, 25.1, 300.0], dtype=lucid.float64)
    np.testing.assert_allclose(lucid.i0(z).numpy(), np.i0(z.numpy()), rtol=1e-13)


def test_results_larger_than_the_caches_equal_small_ones():
    """They are stored in another way, wherever they begin and end."""
    n, part = 17_000_000, slice(-5000, None)
    x, y = lucid.linspace(-2, 2, n), lucid.linspace(1, 3, n)
    aligned, odd = np.zeros(n + 2, np.float32)[:n], np.zeros(n + 2, np.float32)[1:-1]
    calls = {
        "one operand": lambda x, y, out=None: lucid.neg(x, out=out),
        "a number": lambda x, y, out=None: lucid.mul(x, 1.7, out=out),
        "two operands": lambda x, y, out=None: lucid.add(x, y, out=out),
    }
    for name, call in calls.items():
        expected = call(x[part].clone(), y[part].clone()).numpy()
        assert (call(x, y).numpy()[part] == expected).all(), name
        for out in (aligned, odd):
            call(x, y, out=lucid.from_numpy(out))
            assert (out[part] == expected).all(), name
    assert (F.leaky_relu(x).numpy()[part] == F.leaky_relu(x[part].clone()).numpy()).all()
    bias = lucid.linspace(0, 1, 4099)
    rows = x[: 4147 * 4099].reshape((4147, 4099))
    assert ((rows + bias).numpy()[-1] == (rows[-1] + bias).numpy()).all()
    assert (x.mul_(1.7).numpy()[part] == lucid.linspace(-2, 2, n)[part].clone().mul(1.7).numpy()).all()


def test_out_of_another_dtype_is_refused_or_cast_as_the_operation_says():
    x, wide, whole = lucid.tensor([0.5, 2.5]), lucid.zeros(2, dtype=lucid.float64), lucid.zeros(2, dtype=lucid.int64)
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        lucid.floor(x, out=wide)
    with pytest.raises(TypeError, match="can't be cast"):
        lucid.cat([x], out=whole)
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        lucid.cumsum(x, 0, dtype=lucid.float32, out=wide)
    with pytest.raises(RuntimeError, match="Bad in-place call"):
        x.cumsum_(0, dtype=lucid.float64)
    with pytest.raises(RuntimeError, match="only supports bool"):
        lucid.all(x, 0, out=lucid.tensor(0.0))
    with pytest.raises(TypeError, match="inplace"):
        x.relu_(inplace=True)
    assert lucid.cumsum(x, 0, out=whole).tolist() == [0, 2] and lucid.sqrt(x, out=wide).tolist() == x.sqrt().tolist()
    assert lucid.any(lucid.ones(2, dtype=lucid.uint8), 0, out=lucid.tensor(False)).tolist() is True
    assert x.tolist() == [0.5, 2.5]
    z = lucid.tensor([3 + 4j])
    for dtype in (lucid.float16, lucid.float64, lucid.complex64):
        assert lucid.abs(z, out=lucid.zeros(1, dtype=dtype)).tolist() == [5]
    for dtype in (lucid.int64, lucid.complex32, lucid.complex128):
        with pytest.raises(RuntimeError):
            lucid.abs(z, out=lucid.zeros(1, dtype=dtype))
    narrow = lucid.tensor([1, 200], dtype=lucid.uint8)
    assert narrow.clamp_max_(lucid.tensor([100])).tolist() == [1, 100] and narrow.clamp_min_(lucid.tensor([258])).tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        lucid.clamp_min(narrow, 1, out=whole)
    assert F.hardtanh(narrow, -0.5, 1).tolist() == [1, 1]
    with pytest.raises(TypeError, match="source"):
        narrow.put_(lucid.tensor([0]), 1)
    with pytest.raises(RuntimeError, match="must match"):
        lucid.logaddexp(lucid.ones(3) * 1j, lucid.ones(4))


@pytest.mark.parametrize("shape", [(), (5,), (3, 1)])
def test_numbers_beside_half_precision_are_rounded_where_pytorch_rounds_them(shape):
    rounded = lucid.full(shape, 0.1, dtype=lucid.float16)  # 0.0999755859375
    single = lucid.tensor(0.1) if shape else 0.1
    for other in (0.1, single):
        assert (rounded - other == 0).all() and (rounded == other).all()
        assert ((rounded * 0 + 3) * other == 0.3).all()  # 0.1 as it is, then rounded once
    assert (lucid.index_add(lucid.zeros(1, dtype=lucid.float16), 0, lucid.tensor([0]), rounded.reshape(-1)[:1] * 0 + 1, alpha=0.1) == 0.1).all()


def test_halves_divided_and_rounded_down_go_through_pytorchs_steps():
    x, y = (lucid.tensor(one, dtype=lucid.float16) for one in ([7.0, -7.0, 1.0, 0.0, -5.5], [2.0, 2.0, 0.0, -3.0, 0.5]))
    assert (x // y).tolist() == [3.0, -4.0, float("inf"), 0.0, -11.0]
    out = lucid.zeros(5, dtype=lucid.float16)
    lucid.div(x, y, rounding_mode="floor", out=out)
    assert out.tolist() == (x // y).tolist() == x.clone().div_(y, rounding_mode="floor").tolist()


@pytest.mark.parametrize("write", [
    lambda t, i: t[:6].scatter_(0, i, t[:6]), lambda t, i: t[:6].scatter_add_(0, i, t[:6]), lambda t, i: t[:3].index_add_(0, i, t[:3]),
    lambda t, i: t[:3].index_copy_(0, i, t[1:4]), lambda t, i: t[:3].put_(i, t[:3]), lambda t, i: t[:3].index_put_((i,), t[:3]),
    lambda t, i: i.index_fill_(0, i, 1), lambda t, i: i.__setitem__(i, 1), lambda t, i: i.scatter_(0, i, 1),
    lambda t, i: lucid.scatter(t[:3] + 0, 0, i, t[3:6], out=t[3:6]), lambda t, i: lucid.gather(t[:3], 0, i, out=t[:3]),
    lambda t, i: lucid.nonzero(i, out=i), lambda t, i: t[:6].index_reduce_(0, i, t[:3], "mean"), lambda t, i: t[1:3].bernoulli_(t[:2]),
    lambda t, i: lucid.linalg.cross(t[:3], t[3:6], out=t[:3]), lambda t, i: lucid.max(t.view(3, 4), 0, out=(t[2:6], lucid.arange(4))),
])  # fmt: skip
def test_what_is_scattered_to_lies_apart_from_indices_and_sources(write):
    t, i = lucid.arange(12.0), lucid.tensor([0, 2, 1])
    with pytest.raises(RuntimeError, match="single memory location"):
        write(t, i)
    np.testing.assert_array_equal(t.numpy(), np.arange(12.0))
    np.testing.assert_array_equal(i.numpy(), [0, 2, 1])


@pytest.mark.parametrize("call, at", [
    (lambda x, **out: lucid.sum(x, 0, **out), 0), (lambda x, **out: lucid.amax(x, 1, **out), 0), (lambda x, **out: lucid.mean(x, 1, **out), 2),
    (lambda x, **out: lucid.matmul(x, x[0], **out), 1),
    (lambda x, **out: lucid.linalg.inv(x, **out), None), (lambda x, **out: lucid.softmax(x, 0, **out), 5),
    (lambda x, **out: lucid.t_copy(x, **out), None), (lambda x, **out: lucid.var(x, 1, **out), 1),
])  # fmt: skip
def test_results_may_go_to_a_piece_of_what_is_read(call, at):
    memory = lucid.tensor(np.random.default_rng(0).standard_normal(25))
    x = memory[:16].view(4, 4)
    expected = call(x).numpy().copy()
    out = x if at is None else memory[at : at + expected.size].view(expected.shape)
    call(x, out=out)
    np.testing.assert_array_equal(out.numpy(), expected)


def test_no_result_is_written_where_one_of_several_cannot_be():
    x, values, indices = lucid.rand(3, 3), lucid.zeros(3, 3), lucid.zeros(3, 1, dtype=lucid.int64).expand(3, 3)
    with pytest.raises(RuntimeError, match="single memory location"):
        lucid.sort(x, out=(values, indices))
    assert not values.any()


@pytest.mark.parametrize("name", ["sum", "nansum", "mean", "nanmean"])
def test_what_is_reduced_into_a_wider_out_is_not_rounded_before(name):
    x = lucid.tensor([1.0, 0.0, 1.0], dtype=lucid.float16) * 3000
    for dtype in (lucid.float32, lucid.float64):
        out = getattr(lucid, name)(x, 0, out=lucid.zeros((), dtype=dtype))
        assert out.item() == lucid.zeros((), dtype=dtype).add_(6000).div_(3 if "mean" in name else 1).item()
    large = lucid.tensor([3e38, 3e38])
    assert getattr(lucid, name)(large, 0, out=lucid.zeros((), dtype=lucid.float64)).item() >= large[0].item()
    with pytest.raises(RuntimeError, match="dtype"):
        getattr(lucid, name)(large, 0, dtype=lucid.float32, out=lucid.zeros((), dtype=lucid.float64))
