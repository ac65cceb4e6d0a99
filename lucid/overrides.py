"""Classes and modes that answer calls of Lucid's functions in their place, by `__torch_function__`.

An object with a `__torch_function__`, among the arguments of a public function or method, is asked for the result; a subclass of
Tensor has one by inheritance, which computes as for plain tensors and gives the result its own class. A `TorchFunctionMode` is
shown every call. The core finds what is to be asked (`pyx/core/override.pxi`) and comes here with it.

What is no operation (`Tensor.size`, properties) is made overridable by `attach`, when the first subclass or mode appears:
programs without any pay nothing for it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings

from lucid._kernels import core
from lucid._kernels.core import Attribute
from lucid.autograd.node import Supplied
from lucid.autograd.op import overridable
from lucid.ops._doc import like
from lucid.tensor import Tensor

__all__ = [
    "BaseTorchFunctionMode", "TorchFunctionMode", "enable_reentrant_dispatch", "get_default_nowrap_functions", "get_ignored_functions",
    "get_overridable_functions", "get_testing_overrides", "handle_torch_function", "has_torch_function", "has_torch_function_unary",
    "has_torch_function_variadic", "is_tensor_like", "is_tensor_method_or_property", "redispatch_function", "resolve_name",
    "wrap_torch_function",
]  # fmt: skip

# Functions that in PyTorch are Python's, which hand on parameters with defaults by keyword, and count plain tensors among `types`:
# these, and those of nn.functional but for the ones that are not.
PYTHON = "cdist norm split stft tensordot unique_consecutive lu pca_lowrank svd_lowrank unique unravel_index"
NOT_PYTHON = (
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc avg_pool1d avg_pool2d avg_pool3d "
    "adaptive_avg_pool1d prelu logsigmoid gelu hardshrink softplus softshrink linear bilinear pixel_shuffle pixel_unshuffle "
    "channel_shuffle native_channel_shuffle pairwise_distance pdist cosine_similarity one_hot scaled_dot_product_attention "
    "sigmoid tanh"
)
PYTHON_METHODS = (
    "__array__ __array_wrap__ __contains__ __deepcopy__ __dlpack__ __dlpack_device__ __format__ __get__ __len__ __reduce_ex__ __repr__ "
    "__reversed__ __rtruediv__ __set__ backward detach dim_order istft lu module_load norm register_hook register_post_accumulate_grad_hook resize "
    "resize_as split stft unique unique_consecutive"
)
VARIADIC = "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod chain_matmul einsum meshgrid"


class _Thread(threading.local):
    def __init__(self):
        self.modes = []
        self.skip = False


_thread = _Thread()


# ---------------------------------------------------------------------------------------------- the protocol


def _flattened(values):
    for value in values:
        if type(value) is tuple or type(value) is list:
            yield from _flattened(value)
        else:
            yield value


def _overloaded(values, plain: bool = False) -> list:
    """The first value of each class that overrides, subclasses before what they inherit from."""
    found = []
    if core.overrides_state():
        return found
    for value in values:
        if (
            (core.overrides(value) or plain and type(value) is Tensor)
            and not isinstance(value, (tuple, list))
            and all(type(value) is not type(one) for one in found)
        ):
            at = next((i for i, one in enumerate(found) if issubclass(type(value), type(one))), len(found))
            found.insert(at, value)
    return found


def _ask(func, overloaded: list, args: tuple, kwargs: dict):
    types = tuple(map(type, overloaded))
    if _thread.modes and core.overrides_state() < 2:
        with _without_mode() as mode:
            result = mode.__torch_function__(func, types, args, kwargs)
        if result is not NotImplemented:
            return result
    elif not overloaded:
        return func(*args, **kwargs)
    for one in overloaded:
        hook = one.__torch_function__
        if getattr(hook, "__self__", None) is one:
            warnings.warn(
                f"{type(one).__name__}.__torch_function__ is an instance's method, which is deprecated: make it a classmethod",
                DeprecationWarning, stacklevel=3,
            )  # fmt: skip
        result = hook(func, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for {resolve_name(func) or func!r} on types that implement __torch_function__: {list(types)}"
        + (f" nor in mode {_get_current_function_mode()}" if _thread.modes else "")
    )


def _is_python(spec) -> bool:
    namespace, _, name = spec.path.rpartition(".")
    return name in PYTHON.split() if not namespace else namespace == "nn.functional" and name not in NOT_PYTHON.split()


def _intercept(func, args: tuple, kwargs: dict):
    """What a call of one of Lucid's own functions gives where something overrides it."""
    if _thread.modes and (own := _thread.modes[-1]._own) is not None and core.overrides_state() < 2:
        return own(func, args, kwargs)
    spec = getattr(func, "op", None)
    name = getattr(func, "__name__", "")
    method = spec is None or func.__qualname__.startswith("Tensor.")
    plain = name in (PYTHON_METHODS if method else VARIADIC).split()
    if name == "einsum" and len(args) == 2 and isinstance(args[1], (tuple, list)):
        args = (args[0], *args[1])
    if not _thread.modes and name in ("tensor", "as_tensor", "asarray", "from_dlpack"):  # what takes others' tensors in
        with _switched_off(1):
            return func(*args, **kwargs)
    if name in ("sigmoid", "tanh") and func.__module__ == "lucid.nn.functional":
        return getattr(Tensor, name)(*args)
    if not method and spec.named.get(spec.path, func) is spec.function and _is_python(spec) and not spec.variadic:
        plain, values = True, spec.bind(args, kwargs)
        given = dict(zip(spec.parameters, values))
        args = tuple(values[: spec.required])
        kwargs = {one: given[one] for one in spec.parameters[spec.required :]}
    return _ask(func, _overloaded(_flattened((*args, *kwargs.values())), plain), args, kwargs)


core.set_interceptor(_intercept)


def has_torch_function(relevant_args) -> bool:
    """Whether one of some arguments overrides functions, or a mode is on.

    Parameters
    ----------
    relevant_args : iterable
        The arguments; a plain Tensor or Parameter overrides nothing.

    Returns
    -------
    bool
        Whether a function has to call `handle_torch_function`.

    Examples
    --------
    >>> from lucid import overrides
    >>> overrides.has_torch_function((lucid.ones(2), 3.0))
    False
    """
    if _thread.skip:
        _thread.skip = False
        return False
    return bool(_thread.modes and core.overrides_state() < 2) or any(core.overrides(one) for one in relevant_args)


@like(has_torch_function, arg="object: The argument.")
def has_torch_function_unary(arg) -> bool:
    """`has_torch_function` of one argument.

    Examples
    --------
    >>> lucid.overrides.has_torch_function_unary(lucid.ones(2))
    False
    """
    return has_torch_function((arg,))


@like(has_torch_function, args="object: The arguments.")
def has_torch_function_variadic(*args) -> bool:
    """`has_torch_function` of arguments one after the other.

    Examples
    --------
    >>> lucid.overrides.has_torch_function_variadic(lucid.ones(2), 3.0)
    False
    """
    return has_torch_function(args)


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """Ask the arguments that override functions, one after the other, for the result of a call.

    Parameters
    ----------
    public_api : callable
        The function that was called.
    relevant_args : iterable
        Those of its arguments that may override it.
    *args, **kwargs : object
        All of its arguments.

    Returns
    -------
    object
        The first result that is not `NotImplemented`: of the mode, of subclasses, then of what they inherit from.

    Raises
    ------
    TypeError
        If all return `NotImplemented`.

    Examples
    --------
    >>> from lucid.overrides import handle_torch_function, has_torch_function
    >>> class Two:
    ...     @classmethod
    ...     def __torch_function__(cls, func, types, args=(), kwargs=None):
    ...         return func.__name__
    >>> def twice(x):
    ...     if has_torch_function((x,)):
    ...         return handle_torch_function(twice, (x,), x)
    ...     return 2 * x
    >>> twice(Two()), lucid.exp(Two())
    ('twice', 'exp')
    """
    return _ask(public_api, _overloaded(relevant_args, plain=True), args, kwargs)


def wrap_torch_function(dispatcher):
    """Make a function overridable.

    Parameters
    ----------
    dispatcher : callable
        Gives of a call's arguments those that may override it.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @lucid.overrides.wrap_torch_function(lambda x: (x,))
    ... def twice(x):
    ...     return 2 * x
    >>> twice(lucid.ones(2))
    Tensor([2.0, 2.0])
    """

    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


def redispatch_function(func, types, args, kwargs):
    """Call a function past its own override: what it calls in turn is overridden again, if it is the program's function.

    Parameters
    ----------
    func, types, args, kwargs
        What a `__torch_function__` was given.

    Returns
    -------
    object
        The function's result, as of plain tensors.

    Examples
    --------
    >>> lucid.overrides.redispatch_function(lucid.exp, (), (lucid.zeros(1),), {})
    Tensor([1.0])
    """
    if hasattr(func, "op") or func in _index():
        with _switched_off(2):
            return func(*args, **(kwargs or {}))
    _thread.skip = True
    try:
        return func(*args, **(kwargs or {}))
    finally:
        _thread.skip = False


def is_tensor_like(inp) -> bool:
    """Whether an object is a Tensor or has a `__torch_function__`.

    Parameters
    ----------
    inp : object
        The object.

    Returns
    -------
    bool
        The answer.

    Examples
    --------
    >>> lucid.overrides.is_tensor_like(lucid.ones(2)), lucid.overrides.is_tensor_like(6)
    (True, False)
    """
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


# ---------------------------------------------------------------------------------------------- subclasses


@functools.cache
def get_default_nowrap_functions() -> set:
    """The functions whose result a subclass leaves as it is: they give back a tensor that is stored somewhere.

    Returns
    -------
    set
        `Tensor.grad.__get__` and its like.

    Examples
    --------
    >>> lucid.Tensor.grad.__get__ in lucid.overrides.get_default_nowrap_functions()
    True
    """
    attach()
    return {Tensor.grad.__get__}


def converted(result, cls):
    """A result, and what is in a sequence of them, as tensors of a subclass."""
    if cls is Tensor:
        return result
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, (tuple, list)):
        parts = [converted(one, cls) for one in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def default(cls, func, types, args, kwargs):
    """What a subclass of Tensor answers a call that it does not override: the function's result, of its class."""
    if not all(issubclass(cls, one) for one in types):
        return NotImplemented
    with _switched_off(1):
        result = func(*args, **(kwargs or {}))
    return result if func in get_default_nowrap_functions() else converted(result, cls)


class _switched_off:
    """Overrides off in this thread: 1 for objects, 2 for modes too."""

    level = 1

    def __init__(self, level: int | None = None):
        self._level = self.level if level is None else level

    def __enter__(self):
        self._before = core.set_overrides_off(max(self._level, core.overrides_state()))

    def __exit__(self, *error):
        core.set_overrides_off(self._before)


class DisableTorchFunctionSubclass(_switched_off):
    """A block in which subclasses of Tensor are plain tensors, and objects override nothing; modes still see calls.

    Examples
    --------
    >>> class Mine(lucid.Tensor):
    ...     pass
    >>> with lucid.DisableTorchFunctionSubclass():
    ...     print(type(Mine([1.0]) + 1).__name__)
    Tensor
    """

    def __init__(self):
        super().__init__()


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """A block in which nothing is overridden, by modes neither.

    Examples
    --------
    >>> with lucid.overrides.BaseTorchFunctionMode(), lucid.DisableTorchFunction():
    ...     print(lucid.ones(1) + 1)
    [2.0]
    """

    level = 2


# ---------------------------------------------------------------------------------------------- modes


def push(mode, at: int | None = None) -> None:
    """Show this thread's calls to a mode, from now on before all others, or at its place among them."""
    _thread.modes.insert(len(_thread.modes) if at is None else at, mode)
    core.set_function_mode(True)


def drop(mode=None):
    """Show calls no longer to a mode, by default the newest; returns it."""
    at = -1 if mode is None else _thread.modes.index(mode)
    mode = _thread.modes.pop(at)
    core.set_function_mode(bool(_thread.modes))
    return mode


class TorchFunctionMode:
    """A block in which every call of a public function is shown to `__torch_function__`, whatever its arguments.

    What that calls in turn goes to the mode around it, or is computed.

    Examples
    --------
    >>> class Names(lucid.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     x = lucid.exp(lucid.zeros(2))
    zeros
    exp
    """

    _own = None  # of Lucid's own modes what is called with `func, args, kwargs` as they are, and takes care of the modes

    def __init__(self) -> None:
        pass

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def __enter__(self):
        attach()
        push(self)
        return self

    def __exit__(self, *error):
        drop()

    @classmethod
    def push(cls, *args, **kwargs):
        """A mode, to be entered. Older programs write so."""
        warnings.warn("`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`", stacklevel=2)
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that computes every call as it is.

    Examples
    --------
    >>> with lucid.overrides.BaseTorchFunctionMode():
    ...     print(lucid.ones(1) + 1)
    [2.0]
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def _without_mode():
    """The newest mode, which does not see what is called in the block."""
    mode = drop()
    try:
        yield mode
    finally:
        push(mode)


_pop_mode_temporarily = _without_mode


def _get_current_function_mode():
    """The newest mode that is on, or None."""
    return _thread.modes[-1] if _thread.modes else None


def _get_current_function_mode_stack() -> list:
    """The modes that are on, the newest last."""
    return list(_thread.modes)


@contextlib.contextmanager
def enable_reentrant_dispatch():
    """A block inside a `__torch_function__` in which subclasses are asked again.

    Returns
    -------
    context manager
        The block.

    Examples
    --------
    >>> with lucid.overrides.enable_reentrant_dispatch():
    ...     print(lucid.ones(1) + 1)
    [2.0]
    """
    before = core.set_overrides_off(0)
    try:
        yield
    finally:
        core.set_overrides_off(before)


# ---------------------------------------------------------------------------------------------- Tensor's attributes

SPECIAL = (
    "__array__ __array_wrap__ __bool__ __complex__ __contains__ __deepcopy__ __dir__ __dlpack__ __dlpack_device__ __float__ __format__ "
    "__getitem__ __index__ __int__ __invert__ __len__ __reduce_ex__ __repr__ __reversed__ __setitem__ __str__ _version"
)
NOT_OVERRIDDEN = {"array", "as_subclass", "set_", "tolist_scalar"}
attached = False


def attach() -> None:
    """Make the attributes of Tensor that are no operations overridable."""
    global attached
    if attached:
        return
    attached = True
    Supplied.load_all()
    for name in dir(Tensor):
        value = next(vars(kind)[name] for kind in Tensor.__mro__ if name in vars(kind))
        if name in NOT_OVERRIDDEN or name[0] == "_" and name not in SPECIAL.split() or hasattr(value, "op"):
            continue
        if isinstance(value, property):
            made = Attribute(name, value.fget, value.fset, value.__doc__, value.fdel)
        elif hasattr(value, "__set__"):
            made = Attribute(name, value.__get__, value.__set__, value.__doc__)
        elif callable(value):
            made = overridable(value) if hasattr(value, "__code__") else core.make_overridable(value)
            made.__name__, made.__qualname__, made.__module__, made.__doc__ = name, f"Tensor.{name}", "lucid", value.__doc__
        else:
            made = Attribute(name, lambda tensor, value=value: value, None, None)
        setattr(Tensor, name, made)


# ---------------------------------------------------------------------------------------------- lists

NAMESPACES = ("", "functional", "nn.functional", "nn.init", "linalg", "fft", "special")


@functools.cache
def _overridable() -> tuple[dict, dict]:
    """The functions that can be overridden by where they are, and the name of each."""
    import importlib

    attach()
    found, names = {}, {}
    for path in NAMESPACES:
        namespace = importlib.import_module(f"lucid.{path}" if path else "lucid")
        for name in dir(namespace):
            value = getattr(namespace, name)
            own = getattr(value, "__module__", "") == "lucid.questions" and name != "is_tensor"
            if (own or isinstance(getattr(value, "op", None), core.OpBase)) and not name.startswith("_"):
                names[value] = ".".join(filter(None, ("torch", path, name)))
                if not name.endswith("_") and (own or _takes_tensors(value.op)):
                    found.setdefault(namespace, []).append(value)
    methods = found[Tensor] = []
    for name in dir(Tensor):
        value = getattr(Tensor, name)
        if isinstance(value, Attribute):
            names[value.__get__], names[value.__set__] = f"torch.Tensor.{name}.__get__", f"torch.Tensor.{name}.__set__"
            found[value] = [value.__get__]
        elif callable(value) and name not in NOT_OVERRIDDEN and getattr(object, name, None) is not value:
            names[value] = f"torch.Tensor.{name}"
            methods.append(value)
    return found, names


def _takes_tensors(spec) -> bool:
    kinds = {name: str(kind) for name, kind in spec.forward.__annotations__.items() if name != "return"}
    return spec.name in VARIADIC.split() or "tensors" in spec.parameters or any("Tensor" in kind for kind in kinds.values())


def _index() -> dict:
    return _overridable()[1]


def get_overridable_functions() -> dict:
    """The functions that can be overridden.

    Returns
    -------
    dict
        Lists of functions by the module, class or property where they are.

    Examples
    --------
    >>> lucid.exp in lucid.overrides.get_overridable_functions()[lucid]
    True
    """
    return _overridable()[0]


def get_ignored_functions() -> set:
    """Public functions that cannot be overridden: they take no tensor.

    Returns
    -------
    set
        The functions.

    Examples
    --------
    >>> lucid.manual_seed in lucid.overrides.get_ignored_functions()
    True
    """
    import lucid

    known = {one for functions in get_overridable_functions().values() for one in functions}
    values = [getattr(lucid, name) for name in dir(lucid) if name[0].islower() and name[-1] != "_"]
    values += [getattr(Tensor, name) for name in dir(Tensor) if name[0].islower()]
    return {value for value in values if callable(value) and not isinstance(value, type) and value not in known}


def get_testing_overrides() -> dict:
    """For each function that can be overridden one of the same signature, which returns -1.

    Returns
    -------
    dict
        Functions by function.

    Examples
    --------
    >>> lucid.overrides.get_testing_overrides()[lucid.exp](lucid.ones(2))
    -1
    """
    import inspect

    def made(function):
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return lambda *args, **kwargs: -1

        def answer(*args, **kwargs):
            signature.bind(*args, **kwargs)
            return -1

        answer.__signature__ = signature
        return answer

    return {function: made(function) for functions in get_overridable_functions().values() for function in functions}


def resolve_name(f) -> str | None:
    """The name of a function that a `__torch_function__` was given, as PyTorch has it.

    Parameters
    ----------
    f : callable
        The function.

    Returns
    -------
    str or None
        `torch.exp`, `torch.Tensor.add`, `torch.Tensor.shape.__get__`; None for others.

    Examples
    --------
    >>> lucid.overrides.resolve_name(lucid.Tensor.add)
    'torch.Tensor.add'
    """
    return _index().get(f)


def is_tensor_method_or_property(func) -> bool:
    """Whether a function that a `__torch_function__` was given is a method or a property of tensors.

    Parameters
    ----------
    func : callable
        The function; of a property its `__get__`.

    Returns
    -------
    bool
        The answer.

    Examples
    --------
    >>> is_method = lucid.overrides.is_tensor_method_or_property
    >>> is_method(lucid.Tensor.add), is_method(lucid.add)
    (True, False)
    """
    name = _index().get(func, "")
    return name.startswith("torch.Tensor.") or getattr(func, "__name__", "") == "__get__"
