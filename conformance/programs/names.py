"""Names that are no functions of tensors: dtypes, their limits, devices, generators, initialisers."""

from __future__ import annotations

from . import program, raised


@program("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128", "cfloat",
         "cdouble", "dtype.__repr__", "dtype.__reduce__")  # fmt: skip
def what_dtypes_say_of_themselves(lib):
    import pickle

    names = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128"
    for name in (names + " half float double short int long cfloat cdouble").split():
        dtype = getattr(lib, name)
        yield name, dtype.itemsize, dtype.is_floating_point, dtype.is_complex, dtype.is_signed
        yield repr(dtype).rpartition(".")[2], pickle.loads(pickle.dumps(dtype)) is dtype


@program(*(f"{kind}.{name}" for kind in ("finfo", "iinfo")
           for name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__new__", "__repr__", "__str__")))  # fmt: skip
def limits_as_objects(lib):
    for kind, first, second in ((lib.finfo, lib.float32, lib.float64), (lib.iinfo, lib.int8, lib.int64)):
        one, same, other = kind(first), kind(first), kind(second)
        yield one == same, one != same, one == other, one != other, one == 3
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
