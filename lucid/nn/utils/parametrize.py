"""Parametrizations: a parameter of a module that is computed from other tensors each time it is looked at.

The module gets a class of its own, in which the parameter's name is a property; what it is computed from, and by which
modules, is in `module.parametrizations[name]`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import contextmanager, suppress

from lucid.autograd.modes import no_grad
from lucid.nn.modules.container import ModuleDict, ModuleList
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.tensor import Tensor

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip

_kept: dict[tuple[int, str], Tensor] = {}
_depth = 0


@contextmanager
def cached():
    """Compute each parametrized tensor once, while a block runs.

    Returns
    -------
    context manager
        Of the block.

    Examples
    --------
    >>> from lucid.nn.utils import parametrize
    >>> with parametrize.cached():
    ...     pass
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _kept.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    (module.register_parameter if isinstance(tensor, Parameter) else module.register_buffer)(name, tensor)


def _put(tensor: Tensor, value: Tensor) -> None:
    """Have a tensor hold another one's elements, itself staying the object that optimizers know."""
    if value is not tensor:
        tensor.data = value.detach()


def _check(found, like: tuple, what: str, unless: str = "") -> None:
    """ValueError unless something is a tensor of this (shape, dtype)."""
    if not isinstance(found, Tensor):
        raise ValueError(f"{what} must be a tensor, got {type(found).__name__}")
    for name, one, other in zip(("shape", "dtype"), (found.shape, found.dtype), like):
        if other is not None and one != other:
            raise ValueError(f"{what} may not have another {name} than the parameter{unless}: {one}, expected {other}")


UNLESS = ", unless `unsafe` is set"


class ParametrizationList(ModuleList):
    """The modules that compute a parameter one after the other, and the tensors that the first one gets.

    Parameters
    ----------
    modules : sequence of Module
        At least one; `right_inverse`, where it has one, gives the originals for a wanted parameter.
    original : Tensor
        The parameter or buffer as it is.
    unsafe : bool, optional
        Whether shape and dtype may change (default False).

    Examples
    --------
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """

    def __init__(self, modules, original: Tensor, unsafe: bool = False):
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        like = original.shape, original.dtype
        new = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):
                        new = module.right_inverse(new)
        self.is_tensor = isinstance(new, Tensor)
        if not self.is_tensor and not isinstance(new, Sequence):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(new).__name__}"
            )
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            _check(new, (None, like[1]), "what `right_inverse` returns")
            _put(original, new)
            _register(self, "original", original)
        else:
            for i, one in enumerate(new):
                _check(one, (None, None), f"element {i} of what `right_inverse` returns")
                if isinstance(original, Parameter):
                    one = Parameter(one.detach(), original.requires_grad)
                _register(self, f"original{i}", one)
        if not unsafe:
            _check(self(), like, "what a parametrization returns", UNLESS)

    def _originals(self) -> list[Tensor]:
        return [getattr(self, "original" if self.is_tensor else f"original{i}") for i in range(self.ntensors)]

    @no_grad
    def right_inverse(self, value: Tensor) -> None:
        """Set the originals such that the parameter is this value."""
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
            value = module.right_inverse(value)
        if self.is_tensor:
            value = [value]
        elif not isinstance(value, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
        if len(value) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of length {len(value)}."
            )
        for original, one in zip(self._originals(), value):
            _check(one, (None, original.dtype), "what `right_inverse` returns")
        for original, one in zip(self._originals(), value):
            _put(original, one)

    def forward(self) -> Tensor:
        first, *others = self
        result = first(*self._originals())
        for module in others:
            result = module(result)
        return result


def _refuse_state(self):
    raise RuntimeError("Serialization of parametrized modules is only supported through state_dict().")


def _deepcopy(self, memo):
    twin = memo[id(self)] = object.__new__(type(self))
    twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return twin


def _own_class(module: Module) -> None:
    """Give a module a class of its own, for properties."""
    cls = type(module)
    added = {"__getstate__": _refuse_state, "__module__": cls.__module__}
    if not hasattr(cls, "__deepcopy__"):
        added["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), added)


def _own_property(module: Module, name: str) -> None:
    def get(self):
        compute = self.parametrizations[name]
        if not _depth:
            return compute()
        key = id(self), name
        if key not in _kept:
            _kept[key] = compute()
        return _kept[key]

    def put(self, value):
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(get, put))


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """Have a parameter or buffer of a module computed by another module, from then on.

    Parameters
    ----------
    module : Module
        Whose parameter it is.
    tensor_name : str
        Its name; of one that is parametrized already, the module gets what the others return.
    parametrization : Module
        What computes it from the original. `right_inverse`, if it has one, is asked for the original of the present value.
    unsafe : bool, optional
        Whether shape and dtype may change (default False).

    Returns
    -------
    Module
        The module itself.

    Raises
    ------
    ValueError
        If there is no such tensor, or what the parametrization returns does not fit.

    Examples
    --------
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> lucid.equal(layer.weight, layer.weight.T)
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        present = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            like = before.shape, before.dtype
            after = parametrization(before)
            _check(after, like, "what a parametrization returns", UNLESS)
            if hasattr(parametrization, "right_inverse"):
                with suppress(NotImplementedError):
                    _check(parametrization.right_inverse(after), like, "what `right_inverse` returns", UNLESS)
        present.append(parametrization)
        present.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _own_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrization, or one of this tensor.

    Parameters
    ----------
    module : Module
        Any.
    tensor_name : str, optional
        Default: any.

    Returns
    -------
    bool
        Whether there is one.

    Examples
    --------
    >>> nn.utils.parametrize.is_parametrized(nn.Linear(2, 2))
    False
    """
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor a plain parameter or buffer again.

    Parameters
    ----------
    module : Module
        Whose tensor it is.
    tensor_name : str
        Its name.
    leave_parametrized : bool, optional
        Keep the value that was computed (default), rather than the original.

    Returns
    -------
    Module
        The module itself.

    Raises
    ------
    ValueError
        If it is not parametrized, or there are several originals and the original is asked for.

    Examples
    --------
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    >>> type(nn.utils.parametrize.remove_parametrizations(layer, "weight")).__name__
    'Linear'
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    present = module.parametrizations[tensor_name]
    if present.is_tensor:
        original = present.original
        if leave_parametrized:
            with no_grad():
                _put(original, getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrized.

    Parameters
    ----------
    module : Module
        Any.

    Returns
    -------
    type
        Its class, if it is not parametrized.

    Examples
    --------
    >>> nn.utils.parametrize.type_before_parametrizations(nn.Linear(2, 2)).__name__
    'Linear'
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: Module, tensor_name: str | None = None) -> Module:
    """Parametrize a module as another one is, with the other one's originals.

    Parameters
    ----------
    from_module, to_module : Module
        Both.
    tensor_name : str, optional
        Of which tensor; default: all.

    Returns
    -------
    Module
        `to_module`.

    Examples
    --------
    >>> one = nn.utils.parametrize.register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    >>> other = nn.utils.parametrize.transfer_parametrizations_and_params(one, nn.Linear(2, 2))
    >>> lucid.equal(one.weight, other.weight)
    True
    """
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for one in source:
            register_parametrization(to_module, name, one)
        target = to_module.parametrizations[name]
        for own in ("original",) if source.is_tensor else [f"original{i}" for i in range(source.ntensors)]:
            setattr(target, own, getattr(source, own))
    return to_module
