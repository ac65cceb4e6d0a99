"""Weight and spectral normalisation by hooks, as older programs and states have them; newer: `parametrizations`.

The weight is no parameter any more: before each call a hook computes it from parameters of other names.
"""

from __future__ import annotations

import warnings

import lucid
from lucid.autograd.modes import no_grad
from lucid.nn import functional as F
from lucid.nn.modules.conv import _ConvTransposeNd
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter, is_lazy
from lucid.nn.utils import parametrizations
from lucid.nn.utils.parametrizations import scaled
from lucid.ops._doc import like

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


class _Norm:
    """A hook that computes the parameter `name`; subclasses say from what (`parts`), and how (`compute`)."""

    what: str
    parts: tuple[str, ...]

    def __init__(self, name: str):
        self.name = name

    def __call__(self, module: Module, inputs) -> None:
        setattr(module, self.name, self.compute(module, module.training))

    def compute(self, module: Module, training: bool):
        raise NotImplementedError

    def take(self, module: Module):
        """The weight, which is no parameter of the module from now on."""
        if any(isinstance(hook, type(self)) and hook.name == self.name for hook in module._forward_pre_hooks.values()):
            raise RuntimeError(f"Cannot register two {self.what} hooks on the same parameter {self.name}")
        weight = getattr(module, self.name)
        if weight is None:
            raise ValueError(f"{self.what} cannot be applied as parameter `{self.name}` is None")
        if is_lazy(weight):
            raise ValueError(
                f"{self.what}: the module can't have uninitialized parameters. Call it with an example before applying this"
            )
        del module._parameters[self.name]
        return weight

    @classmethod
    def remove(cls, module: Module, name: str) -> Module:
        """Make the weight of a module a parameter again."""
        for key, hook in module._forward_pre_hooks.items():
            if isinstance(hook, cls) and hook.name == name:
                with no_grad():
                    weight = hook.compute(module, False)
                for part in ("", *cls.parts):
                    delattr(module, name + part)
                module.register_parameter(name, Parameter(weight.detach()))
                del module._forward_pre_hooks[key]
                return module
        raise ValueError(f"{cls.what} of '{name}' not found in {module}")


class WeightNorm(_Norm):
    what, parts = "weight_norm", ("_g", "_v")

    def __init__(self, name: str, dim: int | None):
        super().__init__(name)
        self.dim = -1 if dim is None else dim

    def compute(self, module, training):
        return scaled(getattr(module, self.name + "_v"), getattr(module, self.name + "_g"), self.dim)


class SpectralNorm(_Norm):
    what, parts = "spectral_norm", ("_orig", "_u", "_v")

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float):
        super().__init__(name)
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps

    def matrix(self, weight):
        """The weight with its outputs as rows."""
        return weight.movedim(self.dim, 0).flatten(1)

    def compute(self, module, training):
        weight, u, v = (getattr(module, self.name + part) for part in self.parts)
        matrix = self.matrix(weight)
        if training:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(lucid.mv(matrix.t(), u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(lucid.mv(matrix, v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # the next call overwrites them, and gradients need them
        return weight / lucid.dot(u, lucid.mv(matrix, v))


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Have a weight computed from its norms and its direction: the older form of `parametrizations.weight_norm`.

    Parameters
    ----------
    module : Module
        Whose weight it is.
    name : str, optional
        Its name (default "weight"); the parameters are ``name_g`` and ``name_v``.
    dim : int, optional
        Along which each slice has a norm of its own (default 0); None or -1: there is one norm.

    Returns
    -------
    Module
        The module itself.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> list(layer.state_dict())
    ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn("nn.utils.weight_norm is deprecated: use nn.utils.parametrizations.weight_norm", FutureWarning, stacklevel=2)
    hook = WeightNorm(name, dim)
    weight = hook.take(module)
    module.register_parameter(name + "_g", Parameter(lucid.norm_except_dim(weight.detach(), 2, hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute(module, False))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Take back what `weight_norm` did; the weight stays as it is.

    Parameters
    ----------
    module : Module
        Whose weight it is.
    name : str, optional
        Its name (default "weight").

    Returns
    -------
    Module
        The module itself.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> list(nn.utils.remove_weight_norm(layer).state_dict())
    ['bias', 'weight']
    """
    return WeightNorm.remove(module, name)


@like(parametrizations.spectral_norm, name="str, optional: Its name (default \"weight\"); the parameter is ``name_orig``.")
def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Have a weight divided by its largest singular value: the older form of `parametrizations.spectral_norm`.

    Examples
    --------
    >>> list(nn.utils.spectral_norm(nn.Linear(3, 2)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = hook.take(module)
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.detach())
    for part, size in zip(("_u", "_v"), hook.matrix(weight).shape):
        drawn = weight.detach().new_empty(size).normal_(0, 1)
        module.register_buffer(name + part, F.normalize(drawn, dim=0, eps=eps))
    module.register_forward_pre_hook(hook)
    return module


@like(remove_weight_norm)
def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Take back what `spectral_norm` did; the weight stays as it is.

    Examples
    --------
    >>> list(nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(3, 2))).state_dict())
    ['bias', 'weight']
    """
    return SpectralNorm.remove(module, name)
