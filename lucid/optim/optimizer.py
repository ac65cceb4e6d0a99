"""What optimizers have in common: groups of parameters with their settings, and a state for each parameter."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Self

import numpy as np

from lucid._kernels import core
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.modes import enable_grad, no_grad
from lucid.autograd.node import RemovableHandle, registered
from lucid.ops._frame import FLOAT32, cast, contiguous, is_half
from lucid.tensor import Tensor

__all__ = ["Optimizer"]


HOOKS = (
    "_pre_hooks", "_post_hooks", "_state_dict_pre_hooks", "_state_dict_post_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


NUMBERS = {"step", "eta", "mu", "mu_product"}  # of a state, which were Python's once


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

# Settings that came to the optimizers over time, and what groups that lack them are taken to say.
LATER = {
    "maximize": False, "foreach": None, "capturable": False, "differentiable": False, "fused": None, "amsgrad": False, "nesterov": False,
    "momentum": 0, "centered": False, "decoupled_weight_decay": required,
}  # fmt: skip


class Optimizer:
    """Base of all optimizers: a subclass gives `defaults` and `_update(group)`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        The parameters, or groups of them with settings of their own.
    defaults : dict
        The settings of groups that do not give them.

    Examples
    --------
    >>> import lucid
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> optimizer = lucid.optim.SGD([{"params": [p], "lr": 0.5}], lr=0.1)
    >>> isinstance(optimizer, lucid.optim.Optimizer), optimizer.param_groups[0]["lr"]
    (True, 0.5)
    """

    _opt_called: bool | None = None  # whether it has stepped since it has a schedule, which asks

    OptimizerPreHook = Callable[[Self, tuple, dict], tuple[tuple, dict] | None]
    OptimizerPostHook = Callable[[Self, tuple, dict], None]

    def __init__(self, params, defaults: dict):
        if isinstance(params, Tensor):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {type(params).__name__}"
            )
        if defaults.get("fused") and (defaults.get("foreach") or defaults.get("differentiable")):
            raise RuntimeError("fused=True goes neither with foreach=True nor with differentiable=True")
        self.defaults = defaults
        self.state: defaultdict = defaultdict(dict)
        self.param_groups: list[dict] = []
        self.__setstate__({})
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __setstate__(self, state: dict):
        self.__dict__.update(state)
        for name in HOOKS:
            self.__dict__.setdefault(name, OrderedDict())
        if type(self)._update is Optimizer._update:
            return
        for group in self.param_groups:  # as earlier versions wrote them
            for name, default in LATER.items():
                if name in self.defaults:
                    group.setdefault(name, self.defaults[name] if default is required else default)
        for values in self.state.values():
            for name in NUMBERS & values.keys():
                if not isinstance(values[name], Tensor):
                    values[name] = wrap(np.array(values[name], FLOAT32))

    def __init_subclass__(cls):
        if "step" in cls.__dict__ and not getattr(cls.step, "hooked", False):
            cls.step = _hooked(cls.step)

    def add_param_group(self, param_group: dict) -> None:
        """Add a group of parameters with settings of its own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        params = list(params)
        named = sum(isinstance(param, tuple) for param in params)
        if named:
            if named < len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            group["param_names"] = [name for name, _ in params]
            params = [param for _, param in params]
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + type(param).__name__)
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        group["params"] = params
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            group.setdefault(name, default)
        if len(set(params)) < len(params):
            import warnings

            warnings.warn("a group of parameters has some of them more than once: each is stepped as often", stacklevel=3)
        known = {id(param) for other in self.param_groups for param in other["params"]}
        if known & {id(param) for param in params}:
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for group in self.param_groups:
            for param in group["params"]:
                if param._grad is not None:
                    if set_to_none:
                        param._grad = None
                    else:
                        param._grad = param._grad.detach()
                        param._grad.zero_()

    def step(self, closure=None):
        """Change the parameters by one step.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients again; its result is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if self.defaults.get("differentiable") and _recorded(self):
            return loss
        before = core.set_grad(False)
        try:
            for group in self.param_groups:
                self._update(group)
        finally:
            core.set_grad(before)
        return loss

    def _update(self, group: dict) -> None:
        raise NotImplementedError(f"{type(self).__name__} defines neither step nor _update")

    def _begin(self, param: Tensor, group: dict) -> dict:
        """The state of a parameter before its first step."""
        return {}

    # ------------------------------------------------------------------------------------------ state

    def state_dict(self) -> dict:
        """The state and the groups, with numbers in the place of parameters."""
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        numbers, groups = {}, []
        for group in self.param_groups:
            packed = {name: value for name, value in group.items() if name != "params"}
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {numbers[id(param)] if isinstance(param, Tensor) else param: value for param, value in self.state.items()}
        found = {"state": state, "param_groups": groups}
        for hook in self._state_dict_post_hooks.values():
            changed = hook(self, found)
            found = found if changed is None else changed
        return found

    @no_grad
    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        ValueError
            If the groups do not match.
        """
        state_dict = dict(state_dict)
        for hook in self._load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = copy.deepcopy({"state": state_dict["state"], "param_groups": state_dict["param_groups"]})
        groups = saved["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(new["params"]) != len(own["params"]) for new, own in zip(groups, self.param_groups)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        params = {}
        for new, own in zip(groups, self.param_groups):
            params.update(zip(new["params"], own["params"]))
        self.state = defaultdict(dict)
        for key, value in saved["state"].items():
            param = params.get(key, key)
            if isinstance(param, Tensor) and param.is_floating_point():
                value = _like_parameter(value, param.dtype)
            self.state[param] = value
        for new, own in zip(groups, self.param_groups):
            new["params"] = own["params"]
            if "param_names" in own:
                new.setdefault("param_names", own["param_names"])
        self.__setstate__({"param_groups": groups})
        for hook in self._load_state_dict_post_hooks.values():
            hook(self)

    def register_step_pre_hook(self, hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called before each step."""
        return registered(self._pre_hooks, hook)

    def register_step_post_hook(self, hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called after each step."""
        return registered(self._post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer)` called before `state_dict`."""
        return registered(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called after `state_dict`; it may return another one."""
        return registered(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called before `load_state_dict`; it may return another one."""
        return registered(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer)` called after `load_state_dict`."""
        return registered(self._load_state_dict_post_hooks, hook, prepend)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"] + [""]
        return "\n".join([*lines[:-1], ")"])


observed = None  # `observers.block`, where there are observers


def _hooked(step):
    """A step with the hooks before and after it, which observers are shown as a block."""

    @functools.wraps(step)
    def hooked(self, *args, **kwargs):
        if getattr(self, "_opt_called", None) is False:
            self._opt_called = True
        before, after = getattr(self, "_pre_hooks", None), getattr(self, "_post_hooks", None)  # wrappers may have none
        if not before and not after and observed is None:
            return step(self, *args, **kwargs)
        with contextlib.nullcontext() if observed is None else observed(f"Optimizer.step#{type(self).__name__}.step"):
            for hook in list((before or {}).values()):
                changed = hook(self, args, kwargs)
                if changed is not None:
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(f"a hook before the step must return None or new (args, kwargs), but returned {changed}")
                    args, kwargs = changed
            result = step(self, *args, **kwargs)
            for hook in list((after or {}).values()):
                hook(self, args, kwargs)
            return result

    hooked.hooked = True
    return hooked


Optimizer.step = _hooked(Optimizer.step)
Optimizer.profile_hook_step = staticmethod(_hooked)


def _recorded(optimizer: Optimizer) -> bool:
    """A step made of recorded operations, for `differentiable=True`; False where there is none."""
    from lucid.optim import differentiable

    return differentiable.step(optimizer)


def _like_parameter(value, dtype, name=None):
    """A state whose tensors, but for the count of steps, have the parameter's dtype."""
    if isinstance(value, dict):
        return {name: _like_parameter(one, dtype, name) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_like_parameter(one, dtype, name) for one in value)
    return value.to(dtype) if isinstance(value, Tensor) and name != "step" else value


def require(holds: bool, message: str) -> None:
    """ValueError with this message where something does not hold."""
    if not holds:
        raise ValueError(message)


def check(**values) -> None:
    """ValueError for a negative setting."""
    names = {"lr": "learning rate", "eps": "epsilon value", "weight_decay": "weight_decay value", "momentum": "momentum value"}
    for name, value in values.items():
        if name == "lr" and isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not value >= 0.0:
            raise ValueError(f"Invalid {names.get(name, name)}: {value}")


def number(value: float, dtype: np.dtype = FLOAT32) -> Tensor:
    """A 0-d tensor that counts steps, or keeps another number that changes with them."""
    array = empty((), dtype)
    array.fill(value)
    return wrap(array)


def zeros_like(param: Tensor) -> Tensor:
    """A contiguous state of zeros for a parameter."""
    array = empty(param.array.shape, param.array.dtype)
    array.fill(0)
    return wrap(array)


def gradient_of(param: Tensor) -> np.ndarray:
    """The gradient as a contiguous array. RuntimeError where there is one that does not fit."""
    return contiguous(param._grad.array)


def _row(array):
    """A contiguous array for a step's kernel; of complex numbers their parts, each of which is a number of its own to a step."""
    if array is not None and array.dtype.kind == "c":
        array = array.reshape(-1).view(array.real.dtype)
    return None if array is None else flat(array)


def updated(kernel: dict, param: Tensor, arrays, *settings):
    """Run a step's kernel over a parameter and arrays of its shape, the gradient first (None for state that is not there).

    Half precision is stepped in float32, and rounded once.
    """
    array = param.array
    rows = core.rows_as_they_lie(array, arrays)
    if rows is not None:
        result = kernel[array.dtype](*rows, *settings)
        core.bump(param)
        return result
    shape = array.shape
    for one in arrays:
        if one is not None and one.shape != shape:
            raise RuntimeError(
                f"a parameter of shape {list(shape)} is stepped with a gradient or state of shape {list(one.shape)}: "
                "states that are loaded have to be those of the same parameters, in the same order"
            )
    if not array.size:
        return None
    half = is_half(param.dtype)
    made, *states = (None if one is None else contiguous(one) for one in (array, *arrays))
    if half:
        made, *states = (None if one is None else cast(one, FLOAT32) for one in (made, *states))
    result = kernel[made.real.dtype](_row(made), *map(_row, states), *settings)
    for old, new in zip(arrays[1:], states[1:]):  # the gradient, the first of them, is not written to
        if new is not old:  # of half precision, or loaded in another memory format
            old[...] = cast(new, old.dtype)
    if made is not array:
        array[...] = cast(made, array.dtype) if half else made
    core.bump(param)
    return result


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(optimizer: Optimizer, swapin_parameters: dict, swapin_optim_state: dict):
    """Within the block, an optimizer has other parameters, states and settings; afterwards its own again.

    Parameters
    ----------
    optimizer : Optimizer
        An optimizer that has made a step.
    swapin_parameters : dict
        The other parameters, in the order of its own.
    swapin_optim_state : dict
        Their states and settings, in the form of `state_dict`; what is written to its tensors in place stays.

    Returns
    -------
    context manager

    Raises
    ------
    RuntimeError
        If the optimizer has no state yet, or something does not fit it.

    Examples
    --------
    >>> x, y = lucid.ones(1, requires_grad=True), lucid.zeros(1, requires_grad=True)
    >>> optimizer = lucid.optim.SGD([x], lr=1.0, momentum=0.5)
    >>> x.grad, y.grad = lucid.ones(1), lucid.ones(1)
    >>> optimizer.step()
    >>> with lucid.optim.swap_in_optimizer_params_and_state(optimizer, {"y": y}, optimizer.state_dict()):
    ...     optimizer.step()
    >>> x.item(), y.item()
    (0.0, -1.5)
    """
    if not optimizer.state:
        raise RuntimeError("swap_in_optimizer_params_and_state: the optimizer has no state yet; let it make a step first")
    if not isinstance(swapin_optim_state, dict) or not isinstance(swapin_optim_state.get("state"), dict):
        raise RuntimeError("swap_in_optimizer_params_and_state: a state is a dictionary, as `state_dict` gives it")
    groups, states = swapin_optim_state.get("param_groups"), swapin_optim_state["state"]
    live, parameters = optimizer.param_groups, list(swapin_parameters.values())
    if not isinstance(groups, list) or len(groups) != len(live) or any(
        one.keys() != own.keys() or len(one["params"]) != len(own["params"]) for one, own in zip(groups, live)
    ):  # fmt: skip
        raise RuntimeError("swap_in_optimizer_params_and_state: the groups are not like the optimizer's")
    numbers = [number for group in groups for number in group["params"]]
    if len(numbers) != len(parameters) or states.keys() - set(numbers):
        raise RuntimeError("swap_in_optimizer_params_and_state: the parameters, or the states, are not as many as the optimizer's")
    before = optimizer.state, [dict(group) for group in live]
    rest = iter(parameters)
    optimizer.state = defaultdict(dict)
    for group, own in zip(groups, live):
        own.update(group, params=[next(rest) for _ in group["params"]])
        for number, parameter in zip(group["params"], own["params"]):
            optimizer.state[parameter] = dict(states.get(number, {}))
    try:
        yield
    finally:
        optimizer.state = before[0]
        for own, group in zip(live, before[1]):
            own.clear()
            own.update(group)
