"""Pruning: a parameter times a mask, computed anew before each call of the module.

`module.weight` becomes a plain tensor, the product of the parameter `weight_orig` and the buffer `weight_mask`, until `remove`.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable

import lucid
from lucid.nn.utils.convert_parameters import parameters_to_vector
from lucid.ops._doc import like

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "PruningContainer", "RandomStructured",
    "RandomUnstructured", "custom_from_mask", "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip


def _hooks(module, name: str | None = None) -> list:
    """The pruning methods at work in a module, by their keys among its hooks."""
    found = [(key, hook) for key, hook in module._forward_pre_hooks.items() if isinstance(hook, BasePruningMethod)]
    return [(key, hook) for key, hook in found if name is None or hook._tensor_name == name]


def _checked(amount):
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if (isinstance(amount, numbers.Integral) and amount < 0) or (not isinstance(amount, numbers.Integral) and not 0 <= amount <= 1):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")
    return amount


def _count(amount, n: int) -> int:
    """How many of `n` are pruned."""
    if isinstance(amount, numbers.Integral):
        if amount > n:
            raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={n}")
        return amount
    return round(amount * n)


class BasePruningMethod(ABC):
    """A way of pruning: `compute_mask(t, default_mask)` says what is kept. For subclasses, which also have a `PRUNING_TYPE`:
    "unstructured", "structured" (along `self.dim`) or "global".

    Examples
    --------
    >>> from lucid.nn.utils import prune
    >>> class Negative(prune.BasePruningMethod):
    ...     PRUNING_TYPE = "unstructured"
    ...     def compute_mask(self, t, default_mask):
    ...         return default_mask * (t > 0)
    >>> Negative().prune(lucid.tensor([1.0, -2.0]))
    Tensor([1.0, -0.0])
    """

    _tensor_name: str

    def __call__(self, module, inputs):
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t, default_mask):
        """The mask: what is kept of a tensor of importance, within a mask that was there."""

    def apply_mask(self, module):
        """The parameter times its mask."""
        if getattr(self, "_tensor_name", None) is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask, original = getattr(module, self._tensor_name + "_mask"), getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module, name: str, *args, importance_scores=None, **kwargs):
        """Prune a module's parameter by this method, within what is pruned already; returns the method."""
        method = cls(*args, **kwargs)
        method._tensor_name = name
        before = _hooks(module, name)
        original = getattr(module, name)
        if importance_scores is not None:
            if importance_scores.shape != original.shape:
                raise AssertionError(f"importance_scores should have the same shape as parameter {name} of {module}")
        else:
            importance_scores = original
        if before:
            ((key, old),) = before
            del module._forward_pre_hooks[key]
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            method = container
            default = getattr(module, name + "_mask").detach().clone(memory_format=lucid.contiguous_format)
        else:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            default = lucid.ones_like(original)
        try:
            module.register_buffer(name + "_mask", method.compute_mask(importance_scores, default_mask=default))
        except Exception:
            if not before:
                module.register_parameter(name, original)
                del module._parameters[name + "_orig"]
            raise
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t, default_mask=None, importance_scores=None):
        """A tensor with what is pruned set to zero, by the importance of its elements (their own)."""
        if importance_scores is not None and importance_scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        default_mask = lucid.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, default_mask=default_mask)

    def remove(self, module) -> None:
        """Make the pruned tensor the parameter, and forget the mask."""
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(name + "_orig")
        original.data = weight.data
        del module._buffers[name + "_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Pruning methods of one parameter, one after the other: each works on what those before have left.

    Parameters
    ----------
    *args : BasePruningMethod
        The methods, or one iterable of them.

    Examples
    --------
    >>> from lucid.nn.utils import prune
    >>> layer = prune.l1_unstructured(prune.l1_unstructured(lucid.nn.Linear(4, 1), "weight", 1), "weight", 1)
    >>> len(prune.PruningContainer(*next(iter(layer._forward_pre_hooks.values())))), int(layer.weight_mask.sum())
    (2, 2)
    """

    def __init__(self, *args):
        self._pruning_methods: tuple = ()
        if len(args) == 1 and isinstance(args[0], BasePruningMethod):
            self._tensor_name = args[0]._tensor_name
        elif args:
            args = args[0] if len(args) == 1 else args
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method) -> None:
        """Add a method of the same parameter. TypeError for what is none, ValueError for another parameter's."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self):
        return iter(self._pruning_methods)

    def __getitem__(self, idx):
        return self._pruning_methods[idx]

    def compute_mask(self, t, default_mask):
        """The mask of the newest method within one that was there."""
        method, mask = self._pruning_methods[-1], default_mask.to(dtype=t.dtype)
        if method.PRUNING_TYPE == "unstructured":
            place = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim + t.dim() * (method.dim < 0)
            if dim < 0:
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
            kept = mask.sum(dim=[one for one in range(t.dim()) if one != dim]) != 0
            place = tuple(kept if one == dim else slice(None) for one in range(t.dim()))
        elif method.PRUNING_TYPE == "global":
            place = (slice(None),) * t.dim()
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask = mask.clone()
        mask[place] = method.compute_mask(t[place], default_mask=mask[place]).to(dtype=mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing, but makes the mask.

    Examples
    --------
    >>> lucid.nn.utils.prune.Identity().prune(lucid.ones(2))
    Tensor([1.0, 1.0])
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        """The mask that was there."""
        return default_mask


class _Amount(BasePruningMethod):
    def __init__(self, amount):
        self.amount = _checked(amount)


class RandomUnstructured(_Amount):
    """Prunes elements drawn at random.

    Parameters
    ----------
    amount : int or float
        How many, or what part.

    Examples
    --------
    >>> int(lucid.nn.utils.prune.RandomUnstructured(0.5).prune(lucid.ones(10)).sum())
    5
    """

    PRUNING_TYPE = "unstructured"

    def _chosen(self, t, n: int):
        return lucid.topk(lucid.rand_like(t).view(-1), k=n).indices

    def compute_mask(self, t, default_mask):
        """The mask that was there without the elements that are pruned."""
        n = _count(self.amount, t.nelement())
        mask = default_mask.clone(memory_format=lucid.contiguous_format)
        if n:
            mask.view(-1)[self._chosen(t, n)] = 0
        return mask


class L1Unstructured(RandomUnstructured):
    """Prunes the elements of least absolute value.

    Parameters
    ----------
    amount : int or float
        How many, or what part.

    Examples
    --------
    >>> lucid.nn.utils.prune.L1Unstructured(1).prune(lucid.tensor([3.0, -1.0, 2.0]))
    Tensor([3.0, -0.0, 2.0])
    """

    def _chosen(self, t, n: int):
        return lucid.topk(lucid.abs(t).reshape(-1), k=n, largest=False).indices


class _Structured(_Amount):
    PRUNING_TYPE = "structured"

    def _kept(self, t, n: int):
        raise NotImplementedError

    def compute_mask(self, t, default_mask):
        """The mask that was there without the slices that are pruned. ValueError for a tensor of one dimension."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                f"{tuple(t.shape)} with {t.dim()} dims"
            )
        if not -t.dim() <= self.dim < t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {tuple(t.shape)}")
        n = _count(self.amount, t.shape[self.dim])
        if not n:
            return default_mask
        mask = lucid.zeros_like(t)
        place = [slice(None)] * t.dim()
        place[self.dim] = self._kept(t, n)
        mask[tuple(place)] = 1
        return mask * default_mask.to(dtype=mask.dtype)


class RandomStructured(_Structured):
    """Prunes slices along a dimension, drawn at random.

    Parameters
    ----------
    amount : int or float
        How many, or what part.
    dim : int, optional
        The dimension.

    Examples
    --------
    >>> int(lucid.nn.utils.prune.RandomStructured(1, dim=0).prune(lucid.ones(3, 2)).sum())
    4
    """

    def __init__(self, amount, dim: int = -1):
        super().__init__(amount)
        self.dim = dim

    def _kept(self, t, n: int):
        drawn = lucid.rand(t.shape[self.dim])
        return drawn > lucid.kthvalue(drawn, k=n).values


class LnStructured(_Structured):
    """Prunes the slices of least norm along a dimension.

    Parameters
    ----------
    amount : int or float
        How many, or what part.
    n : int or float or str
        Which norm, as `norm` has it.
    dim : int, optional
        The dimension.

    Examples
    --------
    >>> lucid.nn.utils.prune.LnStructured(1, 2, dim=0).prune(lucid.tensor([[1.0, 1.0], [2.0, 2.0]]))
    Tensor([[0.0, 0.0],
            [2.0, 2.0]])
    """

    def __init__(self, amount, n, dim: int = -1):
        super().__init__(amount)
        self.n, self.dim = n, dim

    def _kept(self, t, n: int):
        own = self.dim % t.dim()
        sizes = lucid.norm(t, p=self.n, dim=[one for one in range(t.dim()) if one != own])
        return lucid.topk(sizes, k=t.shape[own] - n, largest=True).indices


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask.

    Parameters
    ----------
    mask : Tensor
        What is kept: 1, the rest 0.

    Examples
    --------
    >>> lucid.nn.utils.prune.CustomFromMask(lucid.tensor([1, 0])).prune(lucid.ones(2))
    Tensor([1.0, 0.0])
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask):
        self.mask = mask

    def compute_mask(self, t, default_mask):
        """The mask within one that was there."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError("the mask has to be of the parameter's shape")
        return default_mask * self.mask.to(dtype=default_mask.dtype)


_AMOUNT = "int or float: How many, or what part."
_SCORES = "Tensor, optional: Looked at instead of the parameter; of its shape."
_NORM = "int or float or str: Which norm, as `norm` has it."


def identity(module, name: str):
    """Give a parameter a mask that prunes nothing.

    Parameters
    ----------
    module : nn.Module
        Whose parameter it is.
    name : str
        The parameter's name.

    Returns
    -------
    nn.Module
        The module.

    Examples
    --------
    >>> sorted(dict(lucid.nn.utils.prune.identity(lucid.nn.Linear(2, 1), "weight").named_buffers()))
    ['weight_mask']
    """
    Identity.apply(module, name)
    return module


@like(identity, amount=_AMOUNT)
def random_unstructured(module, name: str, amount):
    """Prune elements of a parameter drawn at random.

    Examples
    --------
    >>> int(lucid.nn.utils.prune.random_unstructured(lucid.nn.Linear(4, 2), "weight", 3).weight_mask.sum())
    5
    """
    RandomUnstructured.apply(module, name, amount)
    return module


@like(identity, amount=_AMOUNT, importance_scores=_SCORES)
def l1_unstructured(module, name: str, amount, importance_scores=None):
    """Prune the elements of a parameter of least absolute value, or importance.

    Examples
    --------
    >>> layer = lucid.nn.Linear(3, 1)
    >>> layer.weight.data = lucid.tensor([[3.0, 1.0, 2.0]])
    >>> lucid.nn.utils.prune.l1_unstructured(layer, "weight", 0.4).weight.tolist()
    [[3.0, 0.0, 2.0]]
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


@like(identity, amount=_AMOUNT)
def random_structured(module, name: str, amount, dim: int):
    """Prune slices of a parameter along a dimension, drawn at random.

    Examples
    --------
    >>> int(lucid.nn.utils.prune.random_structured(lucid.nn.Linear(4, 2), "weight", 1, 0).weight_mask.sum())
    4
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


@like(identity, amount=_AMOUNT, n=_NORM, importance_scores=_SCORES)
def ln_structured(module, name: str, amount, n, dim: int, importance_scores=None):
    """Prune the slices of a parameter of least norm along a dimension.

    Examples
    --------
    >>> layer = lucid.nn.Linear(2, 2)
    >>> layer.weight.data = lucid.tensor([[1.0, 1.0], [2.0, 2.0]])
    >>> lucid.nn.utils.prune.ln_structured(layer, "weight", 1, 2, 0).weight_mask.tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(parameters, pruning_method, importance_scores: dict | None = None, **kwargs) -> None:
    """Prune parameters of several modules as if they were one.

    Parameters
    ----------
    parameters : iterable of (nn.Module, str)
        The modules and their parameters' names.
    pruning_method : type
        The class of the method, an "unstructured" one.
    importance_scores : dict, optional
        Looked at instead of parameters, by (module, name).
    **kwargs : object
        What the class is made with, such as `amount`.

    Raises
    ------
    TypeError
        If `parameters` or `importance_scores` is something else, or the method is not "unstructured".

    Examples
    --------
    >>> from lucid.nn.utils import prune
    >>> a, b = lucid.nn.Linear(2, 1), lucid.nn.Linear(2, 1)
    >>> prune.global_unstructured([(a, "weight"), (b, "weight")], prune.L1Unstructured, amount=3)
    >>> int(a.weight_mask.sum() + b.weight_mask.sum())
    1
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    importance_scores = {} if importance_scores is None else importance_scores
    if not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    parameters = list(parameters)
    scores = parameters_to_vector([importance_scores.get(one, getattr(*one)) for one in parameters])
    default = parameters_to_vector(
        [getattr(module, name + "_mask", lucid.ones_like(getattr(module, name))) for module, name in parameters]
    )
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of type '
            f'{method.PRUNING_TYPE}'
        )
    container.add_pruning_method(method)
    mask = container.compute_mask(scores, default)
    at = 0
    for module, name in parameters:
        parameter = getattr(module, name)
        custom_from_mask(module, name, mask[at : at + parameter.numel()].view_as(parameter))
        at += parameter.numel()


@like(identity, mask="Tensor: What is kept: 1, the rest 0; of the parameter's shape.")
def custom_from_mask(module, name: str, mask):
    """Prune a parameter by a mask.

    Examples
    --------
    >>> lucid.nn.utils.prune.custom_from_mask(lucid.nn.Linear(2, 1), "bias", lucid.tensor([0])).bias.tolist() in ([0.0], [-0.0])
    True
    """
    CustomFromMask.apply(module, name, mask)
    return module


@like(identity)
def remove(module, name: str):
    """Make what is left of a pruned parameter the parameter, for good.

    Raises
    ------
    ValueError
        If the parameter is not pruned.

    Examples
    --------
    >>> from lucid.nn.utils import prune
    >>> layer = prune.remove(prune.identity(lucid.nn.Linear(2, 1), "weight"), "weight")
    >>> type(layer.weight).__name__, prune.is_pruned(layer)
    ('Parameter', False)
    """
    for key, hook in _hooks(module, name):
        hook.remove(module)
        del module._forward_pre_hooks[key]
        return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module) -> bool:
    """Whether a parameter of a module, or of one in it, is pruned.

    Parameters
    ----------
    module : nn.Module
        The module.

    Returns
    -------
    bool
        The answer.

    Examples
    --------
    >>> lucid.nn.utils.prune.is_pruned(lucid.nn.Linear(2, 1))
    False
    """
    return any(_hooks(one) for one in module.modules())
