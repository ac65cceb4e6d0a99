"""Tensors with a mask: elements that it leaves out take no part in reductions and are printed as `--`.

A MaskedTensor is a pair of plain tensors, its data and its mask. Functions come to it by `__torch_function__`, and are computed of the
data: elementwise ones keep the mask, those that move elements move it too, reductions are those of `lucid.masked`. Gradients are the
data's.
"""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid.ops import published
from lucid.ops.magnitude import where
from lucid.overrides import DisableTorchFunctionSubclass
from lucid.tensor import Tensor

__all__ = ["MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]


def _names(text: str) -> frozenset:
    return frozenset(text.split())


ELEMENTWISE = _names("""
    abs absolute acos arccos acosh arccosh angle asin arcsin asinh arcsinh atan arctan atanh arctanh bitwise_not ceil clamp clip conj_physical
    cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 fix floor frac lgamma log log10 log1p log2 logit i0 isnan nan_to_num neg negative
    positive pow rad2deg reciprocal round rsqrt sigmoid sign sgn signbit sin sinc sinh sqrt square tan tanh trunc
    add atan2 arctan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift div divide floor_divide fmod logaddexp
    logaddexp2 mul multiply nextafter remainder sub subtract true_divide eq ne le ge greater greater_equal gt less_equal lt less maximum
    minimum fmax fmin not_equal __eq__ __ne__ __rtruediv__ __rdiv__ __rsub__ __rpow__
    bfloat16 bool byte char double float half int long short to type ones_like zeros_like
""")
MOVING = _names("""
    select transpose swapaxes swapdims split chunk t __getitem__ expand expand_as view view_as reshape reshape_as flatten cat stack unsqueeze squeeze
    permute unbind unfold contiguous clone detach narrow movedim cpu to_dense
""")
REDUCTIONS = {"all", "amax", "amin", "argmax", "argmin", "mean", "prod", "std", "sum", "var"}
QUESTIONS = _names("""
    size dim ndimension numel nelement stride storage_offset is_contiguous is_floating_point is_complex is_signed element_size get_device
    item is_same_size __len__ __bool__ __float__ __int__ __hash__ register_hook retain_grad
""")
ATTRIBUTES = _names("""
    shape dtype device layout ndim requires_grad grad_fn is_leaf is_meta is_cuda is_cpu is_sparse is_quantized is_nested itemsize nbytes
    retains_grad names
""")


class MaskedTensor(Tensor):
    """A tensor some of whose elements do not count.

    Parameters
    ----------
    data : Tensor
        The elements: real numbers or bools.
    mask : Tensor
        Of the same shape and of bool: True where an element counts.
    requires_grad : bool, optional
        Whether gradients flow to it. Default: False.

    Raises
    ------
    TypeError
        For anything else, and where a function is called that is not for masked tensors.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from lucid.masked import masked_tensor
    >>> x = masked_tensor(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([[True, False], [True, True]]))
    >>> x + 1
    MaskedTensor(
      [
        [  2.0000,       --],
        [  4.0000,   5.0000]
      ]
    )
    >>> x.sum(), x.mean(0).to_tensor(0.0)
    (MaskedTensor(  8.0000, True), Tensor([2.0, 4.0]))
    """

    def __new__(cls, data, mask, requires_grad: bool = False):
        _check(data, mask)
        return cls._of(data.detach().clone().requires_grad_(requires_grad), mask)

    def __init__(self, *args, **kwargs):
        pass

    @classmethod
    def _of(cls, data: Tensor, mask: Tensor) -> MaskedTensor:
        """One of these very tensors."""
        self = core.TensorBase.__new__(cls)
        self.array, self._masked_data, self._masked_mask = data.array, data, mask
        return self

    def get_data(self) -> Tensor:
        """All elements."""
        return self._masked_data

    def get_mask(self) -> Tensor:
        """Where they count."""
        return self._masked_mask

    def to_tensor(self, value) -> Tensor:
        """The elements that count, and `value` in the place of the others."""
        return where(self._masked_mask, self._masked_data, value)

    @property
    def is_sparse(self) -> bool:
        return False

    def is_sparse_coo(self) -> bool:
        """Whether the layout is that: it never is."""
        return False

    def is_sparse_csr(self) -> bool:
        """The same of the other."""
        return False

    def tolist(self):
        raise RuntimeError(".tolist() is not supported for tensor subclasses, got MaskedTensor: call to_tensor(value) before")

    def numpy(self, *, force: bool = False):
        raise RuntimeError(".numpy() is not supported for tensor subclasses: call to_tensor(value) before")

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self._of(self._masked_data.__deepcopy__(memo), self._masked_mask.__deepcopy__(memo)))

    def __reduce_ex__(self, protocol):
        return MaskedTensor._of, (self._masked_data, self._masked_mask)

    def __repr__(self) -> str:
        data, mask = self._masked_data.detach(), self._masked_mask
        form = "{:8.4f}".format if data.is_floating_point() else "{}".format
        if not data.ndim:
            return f"MaskedTensor({form(data.item()) if mask else '--'}, {bool(mask)})"
        return "MaskedTensor(\n  " + _lines(data.tolist(), mask.tolist(), data.ndim, form).replace("\n", "\n  ") + "\n)"

    __str__ = __repr__

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        with DisableTorchFunctionSubclass():
            return _computed(func, args, kwargs or {})


def _check(data, mask) -> None:
    """TypeError or ValueError unless a masked tensor can be of these."""
    if is_masked_tensor(data) or not isinstance(data, Tensor):
        raise TypeError("data must be a Tensor")
    if is_masked_tensor(mask) or not isinstance(mask, Tensor):
        raise TypeError("mask must be a Tensor")
    if data.dim() != mask.dim():
        raise ValueError("data.dim() must equal mask.dim()")
    if data.size() != mask.size():
        raise ValueError("data.size() must equal mask.size()")
    if mask.dtype is not dtypes.bool_:
        raise TypeError("mask must have dtype bool.")
    if data.dtype.is_complex:
        raise TypeError(f"{data.dtype} is not supported in MaskedTensor.")


def _lines(data: list, mask: list, ndim: int, form) -> str:
    if ndim == 1:
        return "[" + ", ".join(form(one) if counts else "      --" for one, counts in zip(data, mask)) + "]"
    parts = [_lines(one, counts, ndim - 1, form).replace("\n", "\n  ") for one, counts in zip(data, mask)]
    return "[\n  " + ",\n  ".join(parts) + "\n]"


def _computed(func, args: tuple, kwargs: dict):
    """What a call gives of which an argument is a masked tensor."""
    op = getattr(func, "op", None)
    name = getattr(getattr(func, "__self__", None), "__name__", "") if func.__name__ == "__get__" else func.__name__
    if op is not None and name.startswith("__") and not name.startswith("__r") and name != "__getitem__":
        name = op.name + ("_" if name.startswith("__i") and name != "__invert__" else "")
    elif op is not None and not name.endswith("_"):
        name = op.name
    mine = next((one for one in args if isinstance(one, MaskedTensor)), None)
    if func.__name__ == "__get__":
        if name == "grad":
            return None if mine._masked_data.grad is None else MaskedTensor._of(mine._masked_data.grad, mine._masked_mask)
        if name in ATTRIBUTES:
            return func(mine._masked_data)
    elif name in REDUCTIONS:
        return _reduced(name, *args, **kwargs)
    elif name in ("softmax", "_softmax"):
        return _of_rows(*args, **kwargs)
    elif name in ("backward", "requires_grad_"):
        func(*_parts(args, "_masked_data"), **_parts(kwargs, "_masked_data"))
        return None if name == "backward" else mine
    elif name == "where" and len(args) == 3:
        if not all(isinstance(one, MaskedTensor) for one in args[1:]):
            raise TypeError("where: both values have to be MaskedTensors")
        return MaskedTensor._of(*(func(args[0], *_parts(args[1:], part)) for part in ("_masked_data", "_masked_mask")))
    elif name in QUESTIONS:
        return func(*_parts(args, "_masked_data"), **kwargs)
    elif name in ELEMENTWISE or name in MOVING or name.removesuffix("_") in ELEMENTWISE:
        data = func(*_parts(args, "_masked_data"), **_parts(kwargs, "_masked_data"))
        if name in MOVING:
            mask = func(*_parts(args, "_masked_mask"), **_parts(kwargs, "_masked_mask"))
            return MaskedTensor._of(data, mask) if isinstance(data, Tensor) else tuple(map(MaskedTensor._of, data, mask))
        mask = _common_mask(args)
        return mine if name.removesuffix("_") in ELEMENTWISE and name not in ELEMENTWISE else MaskedTensor._of(data, mask.expand(data.shape))
    raise TypeError(f"{name or func!r}: not for a MaskedTensor; call it with get_data() or to_tensor(value)")


def _parts(values, part: str):
    """Values, with data or masks in the place of masked tensors."""
    if isinstance(values, dict):
        return {name: _parts(one, part) for name, one in values.items()}
    if type(values) in (tuple, list):
        return type(values)(_parts(one, part) for one in values)
    return getattr(values, part) if isinstance(values, MaskedTensor) else values


def _common_mask(args: tuple) -> Tensor:
    """The mask of the masked tensors among arguments; ValueError if they have several."""
    first, *others = [one._masked_mask for one in args if isinstance(one, MaskedTensor)]
    if not all(first is one or (first.shape == one.shape and bool((first == one).all())) for one in others):
        raise ValueError("Input masks must match: compute of get_data() where they need not")
    return first


def _reduced(name: str, x: MaskedTensor, dim=None, keepdim: bool = False, **more) -> MaskedTensor:
    """A reduction, of what counts; so does a result for which something does."""
    data, mask = x._masked_data, x._masked_mask
    if name == "all":
        found = (data.bool() | ~mask).all() if dim is None else (data.bool() | ~mask).all(dim, keepdim)
    else:
        found = published("masked")[name](data, dim, keepdim=keepdim, mask=mask, **more)
    return MaskedTensor._of(found, mask.any().reshape(found.shape) if dim is None else mask.any(dim, keepdim))


def _of_rows(x: MaskedTensor, dim: int, *args, dtype=None, **kwargs) -> MaskedTensor:
    return MaskedTensor._of(published("masked")["softmax"](x._masked_data, dim, dtype=dtype, mask=x._masked_mask), x._masked_mask)


def masked_tensor(data: Tensor, mask: Tensor, requires_grad: bool = False) -> MaskedTensor:
    """A masked tensor of copied elements, a leaf: see `MaskedTensor`.

    Examples
    --------
    >>> lucid.masked.masked_tensor(lucid.tensor([1, 2]), lucid.tensor([True, False]))
    MaskedTensor(
      [1,       --]
    )
    """
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data: Tensor, mask: Tensor) -> MaskedTensor:
    """A masked tensor of a tensor itself, in whose graph it is.

    Examples
    --------
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> lucid.masked.as_masked_tensor(x, lucid.tensor([True, False])).exp().sum().backward()
    >>> x.grad
    Tensor([2.7182817, 0.0])
    """
    _check(data, mask)
    return MaskedTensor._of(data, mask.detach().clone())


def is_masked_tensor(obj) -> bool:
    """Whether an object is a MaskedTensor.

    Examples
    --------
    >>> lucid.masked.is_masked_tensor(lucid.ones(2))
    False
    """
    return isinstance(obj, MaskedTensor)
