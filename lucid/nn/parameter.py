"""Parameter: a tensor that a Module counts among its parameters; and parameters whose shape is not known yet."""

from __future__ import annotations

import lucid
from lucid._kernels import core
from lucid.dtypes import BY_NUM
from lucid.ops._doc import doc
from lucid.tensor import NO_GRADIENT, Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "UninitializedTensorMixin", "is_lazy"]


class _Marking(type):
    """Of a class whose instances are also the tensors of other classes that it has marked."""

    def __instancecheck__(cls, instance) -> bool:
        if super().__instancecheck__(instance):
            return True
        mark = cls.__dict__.get("_mark")
        return mark is not None and isinstance(instance, Tensor) and getattr(instance, mark, False)


def _marked(data: Tensor, requires_grad: bool) -> Tensor | None:
    """A parameter of a user's class over the same memory; None of the classes that are here."""
    kind = type(data)
    if kind is Tensor or kind.__module__.partition(".")[0] in ("lucid", "torch"):
        return None
    found = data.detach()
    if type(found) is not kind:
        raise RuntimeError(
            f"Creating a Parameter from an instance of type {kind.__name__} requires that detach() returns an instance of the same type, "
            f"but return type {type(found).__name__} was found instead"
        )
    found.requires_grad_(requires_grad)
    found._is_param = True
    return found


class Parameter(Tensor, metaclass=_Marking):
    """A tensor that, as an attribute of a Module, is one of its parameters.

    A tensor of a class of your own stays one, and `isinstance` says of it that it is a Parameter too.

    Parameters
    ----------
    data : Tensor, optional
        Its values; memory is shared.
    requires_grad : bool, optional
        Default True.

    Examples
    --------
    >>> nn.Parameter(lucid.ones(2))
    Parameter containing:
    Parameter([1.0, 1.0], requires_grad=True)
    """

    __module__ = "lucid.nn.parameter"
    __torch_function__ = core.disabled_torch_function
    _mark = "_is_param"

    def __new__(cls, data=None, requires_grad=True):
        self = core.TensorBase.__new__(cls)
        if data is None:
            data = Tensor([])
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter needs a Tensor, got {type(data).__name__}")
        if requires_grad and data.is_inference() and not core.is_inference():
            raise RuntimeError(NO_GRADIENT)
        if data.is_meta:
            from lucid import meta

            return meta.MetaParameter(data, requires_grad)
        if (found := _marked(data, requires_grad)) is not None:
            return found
        self.array = data.array
        self._counter = core.version_of(data)
        self.requires_grad = requires_grad
        return self

    def __deepcopy__(self, memo):
        if id(self) not in memo:  # values alone: neither the gradient nor attributes of its own
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor, metaclass=_Marking):
    """A tensor that, as an attribute of a Module, is one of its buffers: state that is not trained. Its class stays as it is.

    Parameters
    ----------
    data : Tensor, optional
        Its values; memory is shared.
    persistent : bool, optional
        Whether it belongs to the Module's `state_dict` (default True).

    Examples
    --------
    >>> layer = nn.Identity()
    >>> layer.mean = nn.Buffer(lucid.zeros(1))
    >>> list(layer.state_dict())
    ['mean']
    """

    __module__ = "lucid.nn.parameter"
    __torch_function__ = core.disabled_torch_function
    _mark = "_is_buffer"

    def __new__(cls, data=None, *, persistent=True):
        data = Tensor([]) if data is None else data
        made = data.detach().requires_grad_(data.requires_grad)
        made.persistent, made._is_buffer = persistent, True
        return made


class UninitializedTensorMixin:
    """What a tensor has whose shape is not known yet: a dtype, and no elements to compute with.

    Operations read a tensor's `array`; here that is an error. What is below `_array` is the field itself.
    """

    _array = core.TensorBase.array
    cls_to_become: type[Tensor]

    def _hold(self, requires_grad: bool, device, dtype) -> None:
        self._array = lucid.empty(0, device=device, dtype=dtype).array
        self.requires_grad = requires_grad

    def materialize(self, shape, device=None, dtype=None) -> None:
        """Become a plain parameter or tensor of this shape, whose elements have no values yet.

        Parameters
        ----------
        shape : tuple of int
            The shape.
        device : optional
            The CPU.
        dtype : dtype, optional
            Default: the one it has.
        """
        self._array = lucid.empty(shape, device=device, dtype=self.dtype if dtype is None else dtype).array
        self.__class__ = self.cls_to_become

    @property
    def array(self):
        raise ValueError(
            "Attempted to use an uninitialized parameter. It has no elements before its shape is "
            "known: call the lazy module that holds it with an example first, or materialize(shape)."
        )

    @array.setter
    def array(self, value):
        self._array = value

    @property
    def shape(self):
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. Where `load_state_dict` says this, the given "
            "state is that of a lazy module before its first call: call that one first."
        )

    @property
    def dtype(self):
        """The dtype that the elements will have."""
        return BY_NUM[self._array.dtype.num]

    @property
    def data(self) -> Tensor:
        """A tensor without elements."""
        return core.wrap(self._array)

    @data.setter
    def data(self, value: Tensor):
        self._array = value._array if isinstance(value, UninitializedTensorMixin) else value.array

    def to(self, *args, **kwargs):
        """One of another dtype."""
        twin = self._twin()
        twin._array = self.data.to(*args, **kwargs).array
        return twin

    def share_memory_(self):
        """RuntimeError: there is no memory yet."""
        raise RuntimeError("Can't share memory on an uninitialized parameter or buffer: call the lazy module that holds it first.")

    def _arguments(self) -> tuple:
        """What the class makes such a one of."""
        return self.requires_grad, None, self.dtype

    def _twin(self):
        return type(self)(*self._arguments())

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self._twin())

    def __reduce_ex__(self, protocol):
        return type(self), self._arguments()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


def is_lazy(param) -> bool:
    """Whether something is an `UninitializedParameter` or an `UninitializedBuffer`."""
    return isinstance(param, UninitializedTensorMixin)


@doc()
class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; `materialize` makes it a `Parameter`.

    Parameters
    ----------
    requires_grad : bool, optional
        Default True.
    dtype : dtype, optional
        Of the elements that it will have; the default dtype.

    Examples
    --------
    >>> p = nn.UninitializedParameter()
    >>> p
    <UninitializedParameter>
    >>> p.materialize((2, 3))
    >>> type(p).__name__, p.shape
    ('Parameter', lucid.Size([2, 3]))
    """

    __module__ = "lucid.nn.parameter"
    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        self = core.TensorBase.__new__(cls)
        self._hold(requires_grad, device, dtype)
        return self


@doc()
class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape is not known yet; `materialize` makes it a plain tensor.

    Parameters
    ----------
    requires_grad : bool, optional
        Whether gradients are recorded. Default: False.
    dtype : dtype, optional
        Of the elements that it will have; the default dtype.
    persistent : bool, optional
        Whether it belongs to the Module's `state_dict` (default True).

    Examples
    --------
    >>> b = nn.UninitializedBuffer(dtype=lucid.float64)
    >>> b.materialize((2,))
    >>> type(b).__name__, b.dtype
    ('Tensor', lucid.float64)
    """

    __module__ = "lucid.nn.parameter"
    cls_to_become = Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        self = core.TensorBase.__new__(cls)
        self._hold(requires_grad, device, dtype)
        self.persistent = persistent
        return self

    def _arguments(self) -> tuple:
        return *super()._arguments(), self.persistent
