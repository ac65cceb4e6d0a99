"""Modules that hold others."""

from __future__ import annotations

import itertools
import operator
import warnings
from collections import OrderedDict

from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.tensor import Tensor

__all__ = ["Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


def _at(index, n: int) -> int:
    index = operator.index(index)
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of range")
    return index % n


def _iterable(call: str, values):
    if not hasattr(values, "__iter__"):
        raise TypeError(f"{call} should be called with an iterable, but got type {type(values).__name__}")
    return values


def _pairs(call: str, values) -> list:
    """Names and values of a mapping, or of an iterable of pairs."""
    if hasattr(values, "items"):
        return values.items()
    values = list(_iterable(call, values))
    for i, pair in enumerate(values):
        if not hasattr(pair, "__iter__"):
            raise TypeError(f"{call}: element {i} should be a pair of name and value, but is of type {type(pair).__name__}")
        if len(pair) != 2:
            raise ValueError(f"{call}: element {i} has length {len(pair)}; a pair of name and value is required")
    return values


class _Ordered(Module):
    """What holds modules in order, under numbers or names."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def append(self, module: Module):
        """Add a module at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key):
        """Remove a module and return it."""
        found = self[key]
        del self[key]
        return found


def _sequential(operation: str, other) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(f"{operation} operator supports only objects of Sequential class, but {type(other)} is given.")
    return other


def _times(times) -> int:
    if not isinstance(times, int):
        raise TypeError(f"unsupported operand type(s) for *: 'Sequential' and '{type(times).__name__}'")
    if times <= 0:
        raise ValueError(f"Non-positive multiplication factor {times} for Sequential")
    return times


class Container(Module):
    """Modules under names, without a `forward`; deprecated, as a module holds others by itself.

    Parameters
    ----------
    **kwargs : nn.Module
        The modules.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore")
    >>> [name for name, _ in nn.Container(first=nn.Linear(1, 1)).named_children()]
    ['first']
    """

    def __init__(self, **kwargs):
        super().__init__()
        warnings.warn("nn.Container is deprecated. All of it's functionality is now implemented in nn.Module. Subclass that "
                      "instead.", FutureWarning, stacklevel=2)  # fmt: skip
        for name, module in kwargs.items():
            self.add_module(name, module)


class Sequential(_Ordered):
    """Calls its modules one after the other, each on the result of the one before.

    Parameters
    ----------
    *args : Module, or one OrderedDict of str to Module
        The modules, in order; without a dictionary their names are numbers.

    Examples
    --------
    >>> nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    Sequential(
      (0): Linear(in_features=3, out_features=2, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for number, module in enumerate(args):
                self.add_module(str(number), module)

    def forward(self, input):
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return list(self._modules.values())[_at(index, len(self))]

    def __setitem__(self, index, module: Module):
        setattr(self, list(self._modules)[_at(index, len(self))], module)

    def __delitem__(self, index):
        names = list(self._modules)
        for name in names[index] if isinstance(index, slice) else [names[_at(index, len(names))]]:
            del self._modules[name]
        self._renumber()

    def _renumber(self) -> None:
        modules = list(self._modules.values())
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __add__(self, other):
        return Sequential(*self, *_sequential("add", other))

    def __iadd__(self, other):
        return self.extend(_sequential("add", other))

    def __mul__(self, times: int):
        return Sequential(*(list(self) * _times(times)))

    __rmul__ = __mul__

    def __imul__(self, times: int):
        return self.extend(list(self) * (_times(times) - 1))

    def extend(self, sequential):
        """Add modules at the end; returns self."""
        for module in sequential:
            self.append(module)
        return self

    def insert(self, index: int, module: Module):
        """Add a module before another; returns self."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        modules = list(self._modules.values())
        if not -len(modules) <= index <= len(modules):
            raise IndexError(f"Index out of range: {index} among {len(modules)} modules")
        modules.insert(index, module)
        self._modules = {str(i): one for i, one in enumerate(modules)}
        return self


class ModuleList(_Ordered):
    """A list of modules.

    Parameters
    ----------
    modules : iterable of Module, optional
        The modules.

    Examples
    --------
    >>> layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    >>> len(layers), layers[1]
    (2, Tanh())
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return list(self._modules.values())[_at(index, len(self))]

    def __setitem__(self, index: int, module: Module):
        setattr(self, str(_at(index, len(self))), module)

    def __delitem__(self, index):
        modules = list(self._modules.values())
        del modules[index]
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __iadd__(self, modules):
        return self.extend(modules)

    def __add__(self, other):
        return ModuleList(itertools.chain(self, other))

    def extend(self, modules):
        """Add modules at the end; returns self."""
        for module in _iterable("ModuleList.extend", modules):
            self.append(module)
        return self

    def __repr__(self) -> str:
        """As a list; equal neighbours are counted."""
        if not len(self):
            return f"{self._get_name()}()"
        lines, first = [], 0
        texts = [repr(module) for module in self]
        for text, group in itertools.groupby(texts):
            count = len(list(group))
            last = first + count - 1
            head = f"({first}): " if count == 1 else f"({first}-{last}): {count} x "
            lines.append((head + text).replace("\n", "\n  "))
            first = last + 1
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"

    def insert(self, index: int, module: Module) -> None:
        """Add a module before another."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._modules = {str(i): one for i, one in enumerate(modules)}


class ModuleDict(Module):
    """A dictionary of modules, in order of insertion.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional
        The modules.

    Examples
    --------
    >>> layers = nn.ModuleDict({"out": nn.Tanh()})
    >>> "out" in layers, layers["out"]
    (True, Tanh())
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module):
        self.add_module(key, module)

    def __delitem__(self, key: str):
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove a module and return it."""
        return self._modules.pop(key)

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """Names and modules."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def update(self, modules) -> None:
        """Add or replace modules."""
        for name, module in _pairs("ModuleDict.update", modules):
            self[name] = module


class _NotCalled(Module):
    """What holds parameters only."""

    def __call__(self, *args, **kwargs):
        raise RuntimeError(f"{type(self).__name__} should not be called.")


class ParameterList(_NotCalled):
    """A list of parameters; tensors become parameters.

    Parameters
    ----------
    values : iterable, optional
        The parameters.

    Examples
    --------
    >>> slopes = nn.ParameterList([lucid.ones(2), lucid.zeros(1)])
    >>> [p.shape for p in slopes.parameters()]
    [lucid.Size([2]), lucid.Size([1])]
    """

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        self.extend(values or ())

    def __len__(self) -> int:
        return self._size

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(len(self)))])
        return getattr(self, str(_at(index, len(self))))

    def __setitem__(self, index: int, value):
        setattr(self, str(_at(index, len(self))), _parameter(value))

    def append(self, value):
        """Add a parameter at the end; returns self."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values):
        """Add parameters at the end; returns self. TypeError for a single tensor."""
        if isinstance(values, Tensor):
            raise TypeError("ParameterList.extend should be called with an iterable, but got type " + type(values).__name__)
        for value in _iterable("ParameterList.extend", values):
            self.append(value)
        return self

    def __iadd__(self, values):
        return self.extend(values)

    def extra_repr(self) -> str:
        return "\n".join(f"  ({i}): {_about(value, lambda one: one.dtype)}" for i, value in enumerate(self))


class ParameterDict(_NotCalled):
    """A dictionary of parameters; tensors become parameters.

    Parameters
    ----------
    parameters : mapping or iterable of (str, Tensor), optional
        The parameters.

    Examples
    --------
    >>> slopes = nn.ParameterDict({"a": lucid.ones(2)})
    >>> slopes["a"]
    Parameter containing:
    Parameter([1.0, 1.0], requires_grad=True)
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._keys: dict = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str):
        return getattr(self, key)

    def __setitem__(self, key: str, value):
        self._keys[key] = None
        setattr(self, key, _parameter(value))

    def __delitem__(self, key: str):
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self):
        return iter(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __reversed__(self):
        return reversed(self._keys)

    def __or__(self, other):
        return self.copy().__ior__(other)

    def __ror__(self, other):
        made = other.copy()
        made.update(self)
        return made

    def __ior__(self, other):
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(list(self.items()))

    def clear(self) -> None:
        """Remove all."""
        for key in list(self):
            del self[key]

    def pop(self, key: str):
        """Remove a parameter and return it; KeyError where there is none."""
        if key not in self:
            raise KeyError(key)
        found = self[key]
        del self[key]
        return found

    def popitem(self) -> tuple:
        """Remove the parameter that came last; returns its name and itself."""
        key = list(self)[-1]
        return key, self.pop(key)

    def get(self, key: str, default=None):
        """The parameter of that name, or a default."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default=None):
        """The parameter of that name; where there is none, `default` becomes it."""
        if key not in self:
            self[key] = default
        return self[key]

    def fromkeys(self, keys, default=None) -> ParameterDict:
        """A new dictionary with these names, each with the same value."""
        return ParameterDict([(key, default) for key in keys])

    def extra_repr(self) -> str:
        return "\n".join(f"  ({key}): {_about(value, Tensor.type)}" for key, value in self.items())

    def keys(self):
        """The names."""
        return self._keys.keys()

    def items(self):
        """Names and parameters."""
        return ((key, self[key]) for key in self._keys)

    def values(self):
        """The parameters."""
        return (self[key] for key in self._keys)

    def update(self, parameters) -> None:
        """Add or replace parameters; those of a plain dictionary by their sorted names."""
        items = _pairs("ParameterDict.update", parameters)
        for name, value in sorted(items, key=lambda item: item[0]) if type(parameters) is dict else items:
            self[name] = value


def _about(value, kind) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(map(str, value.shape))
    return f"{type(value).__name__} containing: [{kind(value)} of size {size}]"


def _parameter(value):
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value
