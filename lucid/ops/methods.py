"""The table of Tensor's methods: which operation each name is.

`METHODS` are operations under their own name, `INPLACE` those that also write to the tensor (`add_`). A method whose
arguments differ from the function's (`x.view(2, 3)`) stands in its family's file, in TENSOR_METHODS, and the file in
`OWN`. Python's operators are `BINARY` (each with its reflected and in-place form), `COMPARISONS` and `UNARY`.
"""

from __future__ import annotations

import numpy as np

from lucid._kernels import core
from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED, inplace, twin
from lucid.dtypes import BY_NUM
from lucid.ops import comparison, conversion, indexing, magnitude, permutation, random, reduction, shape, storage, view
from lucid.ops import complex as complex_
from lucid.ops._frame import is_half
from lucid.tensor import Tensor

METHODS = {
    "arithmetic": "add sub subtract mul multiply addcmul div divide true_divide floor_divide fmod remainder addcdiv "
    "reciprocal neg negative positive floor ceil round trunc fix frac lerp",
    "exponentials": "pow float_power square sqrt rsqrt exp exp2 expm1 log log2 log10 log1p erf erfc tanh sigmoid logit "
    "logaddexp logaddexp2 xlogy ldexp frexp",
    "magnitude": "abs absolute sign sgn copysign nextafter maximum minimum fmax fmin clamp clip clamp_min clamp_max "
    "nan_to_num",
    "circular": "sin cos tan asin arcsin acos arccos atan arctan sinh cosh asinh arcsinh acosh arccosh atanh arctanh "
    "deg2rad rad2deg sinc angle atan2 arctan2 hypot",
    "comparison": "eq ne not_equal lt less le less_equal gt greater ge greater_equal equal isclose allclose isnan "
    "isinf isfinite isposinf isneginf isreal signbit logical_not logical_and logical_or logical_xor bitwise_not "
    "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm heaviside",
    "complex": "conj conj_physical resolve_conj resolve_neg",
    "activation": "relu prelu hardshrink",
    "special": "lgamma digamma polygamma mvlgamma erfinv i0 igamma igammac",
    "linalg": "matmul mm bmm mv dot outer ger addmm addmv addr baddbmm addbmm",
    "einsum": "inner",
    "inverses": "inverse det slogdet",
    "norms": "norm",
    "softmax": "softmax log_softmax",
    "view": "expand_as view_as reshape_as ravel flatten unflatten squeeze unsqueeze clone contiguous detach "
    "broadcast_to",
    "permutation": "transpose swapaxes swapdims t movedim moveaxis adjoint",
    "pieces": "select narrow diagonal unfold as_strided split split_with_sizes chunk unsafe_split unsafe_chunk "
    "tensor_split hsplit vsplit dsplit unbind",
    "shape": "fliplr flipud roll rot90 tril triu diag_embed diag diagflat as_strided_scatter select_scatter "
    "slice_scatter diagonal_scatter",
    "selection": "repeat_interleave index_select index_add index_copy index_fill index_reduce take put take_along_dim",
    "scatter": "gather scatter scatter_add scatter_reduce",
    "indexing": "index_put",
    "masks": "masked_fill masked_select masked_scatter nonzero argwhere nonzero_static",
    "statistics": "bincount histc diff cov corrcoef quantile nanquantile histogram",
    "sorting": "unique unique_consecutive sort argsort msort topk kthvalue median nanmedian mode",
    "reduction": "sum nansum mean nanmean prod var std logsumexp",
    "extremes": "amax amin aminmax argmax argmin max min any all count_nonzero hash_tensor",
    "scans": "cumsum cumprod logcumsumexp cummax cummin",
    "random": "bernoulli multinomial",
    "products": "trace vdot kron cross matrix_power logdet dist",
    "decompositions": "qr svd geqrf",
    "factors": "cholesky cholesky_inverse cholesky_solve lu lu_solve orgqr ormqr triangular_solve",
    "matrices": "matrix_exp pinverse renorm",
    "stft": "stft istft",
    "copies": "narrow_copy unsafe_split_with_sizes",
}

INPLACE = {
    "arithmetic": "add sub subtract mul multiply addcmul div divide true_divide floor_divide fmod remainder addcdiv "
    "reciprocal neg negative floor ceil round trunc fix frac lerp",
    "exponentials": "pow float_power square sqrt rsqrt exp exp2 expm1 log log2 log10 log1p erf erfc tanh sigmoid logit "
    "xlogy ldexp",
    "magnitude": "abs absolute sign sgn copysign nextafter clamp clip clamp_min clamp_max nan_to_num",
    "circular": "sin cos tan asin arcsin acos arccos atan arctan sinh cosh asinh arcsinh acosh arccosh atanh arctanh "
    "deg2rad rad2deg sinc atan2 arctan2 hypot",
    "comparison": "eq ne not_equal lt less le less_equal gt greater ge greater_equal logical_not logical_and "
    "logical_or logical_xor bitwise_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd "
    "lcm heaviside",
    "complex": "conj_physical",
    "activation": "relu",
    "special": "lgamma digamma polygamma mvlgamma erfinv i0 igamma igammac",
    "shape": "tril triu",
    "linalg": "addmm addmv addr addbmm baddbmm",
    "matrices": "renorm",
    "scans": "cumsum cumprod",
    "scatter": "scatter scatter_add scatter_reduce",
    "selection": "index_add index_copy index_fill index_reduce put",
    "masks": "masked_fill masked_scatter",
}

OWN = (comparison, complex_, conversion, indexing, magnitude, permutation, random, reduction, shape, storage, view)

# In-place forms that are functions too, by namespace.
FUNCTIONS = {
    "": "abs acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil celu clamp clamp_max "
    "clamp_min clip conj_physical cos cosh deg2rad erf erfc exp exp2 expm1 fix floor frac ldexp log log10 log1p log2 "
    "logit nan_to_num neg negative rad2deg reciprocal relu round rsqrt selu sigmoid sin sinc sinh sqrt square tan tanh "
    "threshold trunc xlogy i0 gcd lcm addmv",
    "nn.functional": "celu elu hardtanh leaky_relu relu selu threshold",
}

BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "pow", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift", "matmul": "matmul",
}  # fmt: skip
# Operators that overrides are told of by their own names; of the others they see the method.
OVERRIDDEN = (
    "__rsub__ __rtruediv__ __floordiv__ __rfloordiv__ __rmod__ __pow__ __rpow__ __ipow__ __and__ __iand__ __or__ __ior__ __xor__ __ixor__ "
    "__lshift__ __rlshift__ __ilshift__ __rshift__ __rrshift__ __irshift__ __rmatmul__ __eq__"
)
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
UNARY = {"neg": "neg", "pos": "positive", "abs": "abs"}


def foreign(function, reflected: bool, x, y):
    """A binary operator whose other operand is no tensor: numbers and NumPy's arrays, or `NotImplemented`."""
    if isinstance(y, np.generic):
        y = y.item()
    elif isinstance(y, np.ndarray) and y.dtype.num in BY_NUM:
        y = core.wrap(y)
    if not isinstance(y, (bool, int, float, complex, core.TensorBase)) and not core.overrides(y):
        return NotImplemented
    return function(y, x) if reflected else function(x, y)


def reciprocal_times(other, self):
    """What `__rtruediv__` makes of another tensor, which `/` never asks for, or in half precision: times the reciprocal, as
    PyTorch computes it."""
    one = self.reciprocal
    if not isinstance(other, Tensor) and not is_half(self.dtype):
        return vars(Tensor)["div"](other, self)
    return one() * other


def spec_of(name: str):
    """An operation by its name as a method or as a function of the top namespace; None if it is not declared."""
    return DECLARED.get(f"Tensor.{name}") or DECLARED.get(name) or DECLARED.get(f"nn.functional.{name}")


def find(name: str):
    """The function of an operation, by its name as a method or as a function of the top namespace."""
    spec = spec_of(name)
    if spec is None:
        raise LookupError(f"no operation is declared for the method {name!r}")
    return spec.function


class Later:
    """Stands for a method until its family is loaded, and loads it when it is asked for."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def __get__(self, tensor, owner):
        Supplied.load_all()
        return vars(Tensor)[self.name].__get__(tensor, owner)


def attach(later: tuple) -> None:
    """Give Tensor its methods; those of the families in `later` are attached by `attach_rest`."""
    for family, names in METHODS.items():
        for name in names.split():
            setattr(Tensor, name, Later(name) if family in later else twin(find(name), "Tensor", name))
    for family, names in INPLACE.items():
        for name in names.split():
            setattr(Tensor, f"{name}_", Later(f"{name}_") if family in later else inplace(find(name), f"{name}_"))
    for module in OWN:
        for name, own in module.TENSOR_METHODS.items():
            setattr(Tensor, name, own)
    for name, operation in BINARY.items():
        function = vars(Tensor)[operation]
        setattr(Tensor, f"__{name}__", operator(function, f"__{name}__"))
        setattr(Tensor, f"__r{name}__", operator(function, f"__r{name}__", name not in ("add", "mul")))
        written = f"{operation}_"
        setattr(Tensor, f"__i{name}__", operator(vars(Tensor).get(written) or inplace(function, written), f"__i{name}__"))
    Tensor.__rtruediv__ = operator(reciprocal_times, "__rtruediv__", True, checked=False)  # as PyTorch's, which is Python
    Tensor.__div__, Tensor.__rdiv__, Tensor.__idiv__ = Tensor.__truediv__, Tensor.__rtruediv__, Tensor.__itruediv__
    for name in COMPARISONS:
        setattr(Tensor, f"__{name}__", operator(vars(Tensor)[name], f"__{name}__"))
    for name, operation in UNARY.items():
        setattr(Tensor, f"__{name}__", vars(Tensor)[operation])


def attach_rest(later: tuple) -> None:
    """Give Tensor the methods of the families in `later`, in whose stead nothing else was put."""
    for family in later:
        for name in METHODS.get(family, "").split():
            _replace(name, twin(find(name), "Tensor", name))
        for name in INPLACE.get(family, "").split():
            _replace(f"{name}_", inplace(find(name), f"{name}_"))


def _replace(name: str, made) -> None:
    if isinstance(vars(Tensor)[name], Later):
        setattr(Tensor, name, made)


def inplace_functions(namespace: str) -> dict:
    """The in-place forms, of operations that are loaded, which PyTorch publishes as functions: `nn.functional.relu_`."""
    names = [name for name in FUNCTIONS.get(namespace, "").split() if spec_of(name)]
    found = {f"{name}_": inplace(find(name), f"{name}_") for name in names}
    return found if namespace else found | {one.__name__: one for one in (storage.as_strided_, storage.detach_, storage.index_put_)}


def operator(function, name: str, reflected: bool = False, checked: bool = True):
    """The method of a binary operator."""
    made = core.make_operator(function, reflected, foreign, name in OVERRIDDEN.split(), checked)
    made.__name__, made.__qualname__ = name, f"Tensor.{name}"
    made.__doc__ = f"The operator `{name}`; see `{function.__name__}`."
    return made
