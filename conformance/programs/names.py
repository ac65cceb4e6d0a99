"""Names that are no functions of tensors: dtypes, their limits, devices, generators, initialisers."""

from __future__ import annotations

from . import program, raised


@program("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex32", "chalf", "complex64", "complex128", "cfloat",
         "cdouble", "dtype.__repr__", "dtype.__reduce__")  # fmt: skip
def what_dtypes_say_of_themselves(lib):
    import pickle

    names = "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex32 complex64 complex128"
    for name in (names + " half float double short int long chalf cfloat cdouble").split():
        dtype = getattr(lib, name)
        yield name, dtype.itemsize, dtype.is_floating_point, dtype.is_complex, dtype.is_signed
        yield repr(dtype).rpartition(".")[2], pickle.loads(pickle.dumps(dtype)) is dtype


@program("uint16", "uint32", "uint64")
def what_the_larger_unsigned_integers_do(lib):
    for name in ("uint16", "uint32", "uint64"):
        yield from _unsigned(lib, name)


def _unsigned(lib, name):
    import io

    import numpy as np

    dtype, last = getattr(lib, name), 2 ** int(name[4:]) - 1
    x = lib.tensor([[3, last, 0], [last // 2 + 1, 7, 3]], dtype=dtype)
    yield x, x.tolist(), x[0, 1].item(), int(x[1, 1]), bool(x[0, 2]), [4, 5, 6, 7][x[1, 2]], str(x.tolist()[0])
    yield lib.iinfo(dtype).max, lib.iinfo(dtype).min, lib.iinfo(dtype).bits, raised(lib.finfo, dtype), x.type().rpartition(".")[2]
    for other in (lib.bool, lib.uint8, lib.int8, lib.int16, lib.int32, lib.int64, lib.float16, lib.bfloat16, lib.float32, lib.float64,
                  lib.complex64):  # fmt: skip
        yield x.to(other), lib.tensor([0, 1, 100]).to(other).to(dtype), raised(lib.eq, x, lib.ones(3, dtype=other))
    yield lib.tensor([1.5, -1.5, 70000.0, 2.0**63]).double().to(dtype) if name == "uint64" else lib.tensor([1.5, -1.5, 300.0]).to(dtype)
    for value in (-1, -(2**16), 2**16, 2**32, 2**63, 2**64, 1.5, -1.5, float("nan"), 1j, True):
        yield raised(lib.tensor, [value], dtype=dtype), raised(lib.tensor(0, dtype=dtype).fill_, value) if value != 2**64 else 0
    yield str(x.numpy().dtype), lib.from_numpy(x.numpy()), lib.from_dlpack(x), np.from_dlpack(x).tolist(), lib.frombuffer(bytearray(16), dtype=dtype)
    file = io.BytesIO()
    lib.save([x.t(), x[1:].clone()], file)
    file.seek(0)
    yield lib.load(file), x.clone(), x.t().contiguous(), x.view(lib.uint8), x.flatten()[1:]
    yield x.sort(), x.sort(0, True), x.unique(), lib.cat([x, x]), lib.stack([x, x], 1), x.roll(1, 0), x[:, lib.tensor([2, 0])], x[x == 3]
    yield x.sum(), x.sum(0), x.prod(1), x.cumsum(0), x.any(), x.all(1), x == last, x != x.t().contiguous().t(), lib.equal(x, x.clone())
    yield x & 5, x | 1, x ^ x, x * 3, x / 3, x.sqrt(), x.isnan(), x.isfinite(), x.signbit(), x.ceil(), lib.where(x == 3, x, 1), x.reciprocal()
    yield lib.zeros(2, dtype=dtype), lib.ones(2, dtype=dtype), lib.full((2,), -1, dtype=dtype), lib.empty(3, dtype=dtype).shape, x.new_full((2,), 3)
    lib.manual_seed(3)
    yield lib.randint(9, (20,), dtype=dtype), raised(lib.randint, -1, 5, (2,), dtype=dtype), raised(x.random_), raised(lib.rand, 2, dtype=dtype)
    for refused in (lambda: x + 1, lambda: x - x, lambda: x < x, lambda: x // 2, lambda: x % 2, lambda: -x, lambda: ~x, lambda: x.abs(),
                    lambda: x.max(), lambda: x.argmin(), lambda: x.cummax(0), lambda: lib.hash_tensor(x), lambda: x + lib.tensor([1]),
                    lambda: lib.cat([x, x.long()]), lambda: x.requires_grad_(), lambda: lib.ones(3)[x[0]], lambda: x.mean(),
                    lambda: x.add_(1.5), lambda: lib.clamp(x, 1, 2), lambda: x << 1, lambda: lib.maximum(x, x)):  # fmt: skip
        yield raised(refused)


@program("complex32", "chalf", "Tensor.chalf")
def what_complex_numbers_of_halves_do(lib):
    x = lib.tensor([[1 + 2j, -0.5j, 3], [4, 70000, 1e-8 + 1j]], dtype=lib.complex32)
    yield x, x.tolist(), x[0, 0].item(), x.real, x.imag, x.real.data_ptr() == x.data_ptr(), lib.view_as_real(x), x.type().rpartition(".")[2]
    yield lib.finfo(lib.complex32).max, raised(lib.iinfo, lib.complex32), x.t().contiguous(), x[:, 1:], x.clone(), x.flatten()[1:]
    for other in (lib.bool, lib.int64, lib.float16, lib.bfloat16, lib.float32, lib.float64, lib.complex64, lib.complex128):
        yield lib.tensor([0, 1, 100]).to(other).to(lib.complex32), (lib.ones(3, dtype=other) + x[0]), x[0, :1].abs().to(other)
    yield x.to(lib.complex64), x.chalf() is x, lib.ones(2, dtype=lib.float64).chalf(), lib.ones(2).half().chalf()
    yield x[:, 0] + x[:, 2], x[0] - 1, x[0] * 2j, -x, x[:, 0].abs(), x == x.clone(), x != 3, x.conj().resolve_conj(), lib.where(x == 3, x, 1), x[0].sgn()
    yield lib.cat([x, x]), lib.stack([x, x], 1), x.roll(1, 0), x[:, lib.tensor([2, 0])], x[x == 3], x.isnan(), x.isinf(), x.isreal(), x.any()
    yield lib.zeros(2, dtype=lib.complex32), lib.ones(2, dtype=lib.complex32), lib.full((2,), 1j, dtype=lib.complex32), x.new_full((2,), 3)
    yield lib.complex(x.real, x.imag), lib.view_as_complex(lib.ones(3, 2).half()), lib.ones(2).half() + 1j, lib.ones(2).half() * lib.tensor(2j)
    lib.manual_seed(3)
    yield lib.rand(5, dtype=lib.complex32), lib.randn(5, dtype=lib.complex32), raised(lib.randint, 5, (2,), dtype=lib.complex32)
    for refused in (lambda: x < x, lambda: x & x, lambda: x // 2, lambda: x % 2, lambda: x.float().add_(x)):
        yield raised(refused)


@program(*(f"{kind}.{name}" for kind in ("finfo", "iinfo")
           for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__new__", "__repr__", "__str__")))  # fmt: skip
def limits_as_objects(lib):
    for kind, first, second in ((lib.finfo, lib.float32, lib.float64), (lib.iinfo, lib.int8, lib.int64)):
        one, same, other = kind(first), kind(first), kind(second)
        yield one == same, one != same, one == other, one != other, raised(hash, one)
        for order in (one.__class__.__lt__, one.__class__.__le__, one.__class__.__gt__, one.__class__.__ge__):
            yield order(one, other) is NotImplemented
        yield repr(one), str(other), raised(kind, "no dtype")


@program("device.__lt__", "device.__le__", "device.__gt__", "device.__ge__")
def devices_have_no_order(lib):
    cpu = lib.device("cpu")
    yield raised(lambda: cpu < cpu), raised(lambda: cpu <= cpu), raised(lambda: cpu > cpu), raised(lambda: cpu >= cpu)


@program("Generator.__new__", "Generator.__reduce__", "Generator.get_offset", "Generator.set_offset")
def generators_as_objects(lib):
    import pickle

    source = lib.Generator().manual_seed(7)
    lib.rand(3, generator=source)
    again = pickle.loads(pickle.dumps(source))
    yield lib.rand(4, generator=source), lib.rand(4, generator=again), again.initial_seed()
    yield raised(source.get_offset), raised(source.set_offset, 4)


@program("Tensor.__delitem__", "Tensor.__repr__", "Tensor.is_inference", "get_device", "numel", "is_floating_point")
def questions_to_a_tensor(lib):
    x = lib.tensor([[1.0, 2.0], [3.0, 4.0]])

    def delete():
        del x[0]

    yield raised(delete), isinstance(repr(x), str), x.is_inference()
    yield lib.get_device(x), lib.numel(x), lib.is_floating_point(x), lib.is_floating_point(lib.ones(1, dtype=lib.int64))


@program("linalg.LinAlgError")
def the_error_of_linear_algebra(lib):
    yield issubclass(lib.linalg.LinAlgError, RuntimeError)
    try:
        lib.linalg.inv(lib.zeros(2, 2))
    except lib.linalg.LinAlgError:
        yield "a singular matrix has no inverse"


@program("autograd.enable_grad", "autograd.no_grad", "autograd.set_grad_enabled", "autograd.inference_mode")
def modes_under_their_other_name(lib):
    for name in ("enable_grad", "no_grad", "set_grad_enabled", "inference_mode"):
        yield getattr(lib.autograd, name) is getattr(lib, name)


INITIALISERS = ("uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_", "dirac_", "xavier_uniform_",
                "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_")  # fmt: skip


@program(*(f"nn.init.{name}" for name in INITIALISERS), "nn.init.calculate_gain")
def initial_values(lib):
    init, made = lib.nn.init, lambda *shape: lib.zeros(*shape)
    yield init.uniform_(made(3, 5)), init.uniform_(made(20), -2.0, 3.0), init.normal_(made(4, 5)), init.normal_(made(20), 1.0, 0.1)
    yield init.trunc_normal_(made(4, 6)), init.trunc_normal_(made(30), 1.0, 2.0, -1.0, 1.5)
    yield init.constant_(made(2, 3), 0.3), init.ones_(made(3)), init.zeros_(lib.ones(3)), init.eye_(made(3, 4))
    yield init.dirac_(made(3, 2, 3)), init.dirac_(made(4, 2, 3, 3), 2)
    yield init.xavier_uniform_(made(3, 5)), init.xavier_uniform_(made(4, 2, 3), 2.0), init.xavier_normal_(made(3, 5)), init.xavier_normal_(made(4, 3), 0.5)
    yield init.kaiming_uniform_(made(3, 5)), init.kaiming_uniform_(made(3, 5), 0.2, "fan_out", "leaky_relu")
    yield init.kaiming_normal_(made(4, 2, 3)), init.kaiming_normal_(made(3, 5), mode="fan_out", nonlinearity="relu")
    yield init.orthogonal_(made(3, 3)).abs(), init.sparse_(made(6, 4), 0.3)
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        yield init.calculate_gain(name)
    yield init.calculate_gain("leaky_relu", 0.3), raised(init.calculate_gain, "nothing")
    yield raised(init.xavier_uniform_, made(3)), raised(init.kaiming_uniform_, made(3, 4), mode="fan"), raised(init.eye_, made(3))
    yield init.uniform_(made(2)) is None, init.constant_(lib.zeros(2, requires_grad=True), 3.0)


@program(*(f"nn.init.{name}" for name in ("uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal",
                                          "kaiming_uniform", "kaiming_normal", "orthogonal", "sparse")))  # fmt: skip
def initial_values_by_their_older_names(lib):
    import warnings

    warnings.simplefilter("ignore")
    init = lib.nn.init
    for name in ("uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"):
        yield getattr(init, name)(lib.zeros(3, 4))
    yield init.constant(lib.zeros(2), 0.5), init.dirac(lib.zeros(2, 2, 3)), init.orthogonal(lib.zeros(2, 3)).abs(), init.sparse(lib.zeros(5, 2), 0.4)


@program("use_deterministic_algorithms", "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode",
         "set_deterministic_debug_mode", "is_deterministic_algorithms_warn_only_enabled")  # fmt: skip
def deterministic_results_are_asked_for(lib):
    def seen():
        return (lib.are_deterministic_algorithms_enabled(), lib.is_deterministic_algorithms_warn_only_enabled(),
                lib.get_deterministic_debug_mode())  # fmt: skip

    try:
        yield seen()
        lib.use_deterministic_algorithms(True, warn_only=True)
        yield seen()
        lib.use_deterministic_algorithms(True)
        yield seen()
        for mode in (0, 1, 2, "default", "warn", "error"):
            lib.set_deterministic_debug_mode(mode)
            yield seen()
        yield raised(lib.set_deterministic_debug_mode, 5), raised(lib.set_deterministic_debug_mode, "x")
        yield raised(lib.set_deterministic_debug_mode, 1.5), raised(lib.use_deterministic_algorithms, "a")
    finally:
        lib.use_deterministic_algorithms(False)


@program("set_float32_matmul_precision", "get_float32_matmul_precision", "set_num_interop_threads", "set_warn_always",
         "is_warn_always_enabled", "set_default_device", "get_default_device", "set_flush_denormal",
         "get_num_interop_threads")  # fmt: skip
def settings_are_remembered(lib):
    import warnings

    yield lib.get_float32_matmul_precision(), lib.is_warn_always_enabled(), lib.get_default_device().type
    try:
        lib.set_float32_matmul_precision("high")
        yield lib.get_float32_matmul_precision()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield raised(lib.set_float32_matmul_precision, "x"), lib.get_float32_matmul_precision()
        lib.set_warn_always(True)
        lib.set_default_device("cpu:0")
        yield lib.is_warn_always_enabled(), lib.get_default_device().index, lib.ones(2)
    finally:
        lib.set_float32_matmul_precision("highest")
        lib.set_warn_always(False)
        lib.set_default_device(None)
    yield lib.get_default_device().type, raised(lib.set_warn_always, 3), raised(lib.set_num_interop_threads, 0)
    yield raised(lib.set_num_interop_threads, "a"), isinstance(lib.get_num_interop_threads(), int)
    yield isinstance(lib.set_flush_denormal(False), bool), raised(lib.set_flush_denormal, 3)


@program("set_anomaly_enabled", "is_anomaly_enabled", "is_anomaly_check_nan_enabled")
def anomaly_detection_is_switched(lib):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for mode, check in ((True, True), (True, False), (False, True)):
                lib.set_anomaly_enabled(mode, check)
                yield lib.is_anomaly_enabled(), lib.is_anomaly_check_nan_enabled()
        finally:
            lib.set_anomaly_enabled(False)


@program("typename", "Tensor.type")
def names_of_types(lib):
    for one in (lib.ones(2), lib.tensor([1]), 3, "a", None, int, lib.nn.ReLU):
        yield lib.typename(one).rpartition(".")[2]
    yield lib.typename(lib.ones(2)).partition(".")[2], lib.typename(3)


@program("device.__enter__", "device.__exit__", "Generator")
def a_device_for_a_block(lib):
    with lib.device("cpu") as place:
        yield lib.ones(2), place.type
    yield lib.Generator(device=None).device.type, lib.Generator("cpu").device.type


@program("testing.assert_close")
def what_is_close(lib):
    import importlib

    close = importlib.import_module(f"{lib.__name__}.testing").assert_close
    t, inf, nan = lib.tensor, float("inf"), float("nan")
    x = t([1.0, 2.0])
    square = t([[1.0, 2.0], [3.0, 4.0]])
    half = {"dtype": lib.float16}
    for actual, expected, options in (
        (x, x, {}), (x, x + 1e-7, {}), (x, x + 1e-3, {}), (x, x.double(), {}), (x, x.double(), {"check_dtype": False}),
        (x, t([1.0, 2.0, 3.0]), {}), (t([nan]), t([nan]), {}), (t([nan]), t([nan]), {"equal_nan": True}),
        (t([inf]), t([inf]), {}), (t([inf]), t([-inf]), {}), (t([1, 2]), t([1, 2]), {}), (t([1, 2]), t([1, 3]), {}),
        (t([2**62 + 1]), t([2**62]), {}), (t([True]), t([False]), {}), (1, 1, {}), (1, 1.0, {}), (1.0, 1.0 + 1e-9, {}),
        (1.0, 1.1, {}), (True, False, {}), ([x, x], [x, x], {}), ([x], [x, x], {}), ([x], (x,), {}), ({"a": x}, {"a": x}, {}),
        ({"a": x}, {"b": x}, {}), ({"a": x}, {"a": x + 1}, {}), (x, [1.0, 2.0], {}), (x, 1.0, {}), (None, None, {}),
        (x, None, {}), ("a", "a", {}), (x, x, {"rtol": 1}), (x, x + 1, {"rtol": 0, "atol": 2}),
        (x, x * 1.5, {"rtol": 0.6, "atol": 0}), (square, square.clone().t().contiguous().t(), {}),
        (square, square.clone().t().contiguous().t(), {"check_stride": True}), (t([1 + 1j]), t([1 + 1j]), {}),
        (t([1.0], **half), t([1.001], **half), {}), (t([1.0]), t([1]), {"check_dtype": False}), (t([]), t([]), {}),
        (t(1.0), t(1.0), {}), (t(1.0), t(1.1), {}), (1j, 1j, {}), (nan, nan, {}), (nan, nan, {"equal_nan": True}),
    ):  # fmt: skip
        yield raised(close, actual, expected, **options)
    try:
        close(x, x + 1, msg=lambda text: "see: " + text[:11])
    except AssertionError as error:
        yield str(error)


@program("tensor_split", "hsplit", "vsplit", "dsplit", "isin", "orgqr", "ormqr", "cholesky_solve", "special.airy_ai", "special.spherical_bessel_j0", "pow",
         "float_power", "bitwise_and", "bitwise_left_shift", "remainder", "xlogy", "special.zeta", "bucketize", "searchsorted", "repeat_interleave",
         "linalg.lstsq", "linalg.tensorsolve", "result_type", "Tensor.copy_", "Tensor.resize_", "Tensor.tensor_split", "Tensor.hsplit")  # fmt: skip
def names_that_one_of_several_forms_has(lib):
    x, i = lib.linspace(-1.0, 2.0, 16).reshape(4, 4) + 2 * lib.eye(4), lib.tensor([[0, 1, 1, 0]] * 4)
    p = x.abs() + 0.5
    for name in ("tensor_split", "hsplit", "vsplit", "dsplit"):
        function, y = getattr(lib, name), x.reshape(2, 2, 4) if name == "dsplit" else x
        yield function(y, sections=2), function(y, indices=[1]), getattr(y, name)(sections=2), getattr(y, name)(indices=(1,))
    yield lib.tensor_split(x, tensor_indices_or_sections=lib.tensor(2), dim=1)
    yield lib.isin(i, test_element=1), lib.isin(element=1, test_elements=i), lib.isin(elements=i, test_element=2)
    yield lib.orgqr(x, input2=x[0]), lib.ormqr(x, input2=x[0], input3=x), lib.cholesky_solve(x, input2=p.tril())
    yield lib.special.airy_ai(x=x), lib.special.spherical_bessel_j0(x=p), lib.special.zeta(self=2, other=p)
    yield lib.pow(self=2, exponent=x), lib.float_power(self=2, exponent=x), lib.remainder(self=1, other=p), lib.xlogy(self=1, other=p)
    yield lib.bitwise_and(self=1, other=i), lib.bitwise_left_shift(self=1, other=i)
    edges = x.flatten().sort()[0]
    yield lib.bucketize(self=1.0, boundaries=edges), lib.searchsorted(sorted_sequence=edges, self=0.5)
    yield lib.repeat_interleave(repeats=i[0]), lib.repeat_interleave(input=x, repeats=2)
    yield lib.linalg.lstsq(input=x, b=x[:, :2])[0], lib.linalg.tensorsolve(input=x, other=x[0])
    yield lib.result_type(tensor=i, other=1.0) is lib.float32, lib.zeros(4).copy_(other=x[0]), lib.zeros(4).resize_(size=(2,))


@program("jit.isinstance")
def types_of_what_is_in_containers(lib):
    from typing import Optional, Union

    x = lib.ones(1)
    for value, kind in (
        ([1], list[int]), ([1, "a"], list[int]), ((1, "a"), tuple[int, str]), ((1,), tuple[int, str]), ([1], tuple[int]), ({"a": 1}, dict[str, int]),
        ({"a": x}, dict[str, lib.Tensor]), ({"a": x}, dict[str, int]), (None, Optional[int]), ("a", Optional[int]), (True, int), (3, (int, str)),  # noqa: UP045
        ([[x]], list[list[lib.Tensor]]), ([None, 1], list[Optional[int]]), (3.0, Union[int, str]),  # noqa: UP007, UP045
    ):  # fmt: skip
        yield lib.jit.isinstance(value, kind)
    yield [raised(lib.jit.isinstance, value, list) for value in (1, [1])]
