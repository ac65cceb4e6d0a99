"""Modules as functions of their parameters: called with others than their own, and stacked."""

from __future__ import annotations

from lucid.autograd.node import Supplied
from lucid.tensor import Tensor

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with other parameters and buffers than its own, which stay as they are.

    Parameters
    ----------
    module : nn.Module
        What is called.
    parameter_and_buffer_dicts : dict or sequence of dict
        The tensors by their names in `named_parameters` and `named_buffers`, or in attributes; others are the module's. Where
        the call puts another tensor in the place of one, so does this in the dict, if it is one.
    args : tuple or object, optional
        What it is called with; what is no tuple is the only argument.
    kwargs : dict, optional
        Keywords.
    tie_weights : bool, optional
        Put a tensor in all places where the module has the same one.
    strict : bool, optional
        Every name has to be given, and no other.

    Returns
    -------
    object
        What the module returns.

    Raises
    ------
    ValueError
        If `parameter_and_buffer_dicts` is no dict nor sequence of dicts, or a name stands in two of them; if different tensors are
        given for one of the module.
    TypeError
        If what is given, or what it would replace, is no tensor.
    RuntimeError
        By `strict`.

    Examples
    --------
    >>> import lucid
    >>> layer = lucid.nn.Linear(2, 1)
    >>> lucid.func.functional_call(layer, {"weight": lucid.ones(1, 2), "bias": lucid.zeros(1)}, lucid.ones(2))
    Tensor([2.0])
    """
    given = parameter_and_buffer_dicts
    if isinstance(given, (tuple, list)):
        if not all(isinstance(part, dict) for part in given):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        names = [name for part in given for name in part]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{twice} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        given = {name: tensor for part in given for name, tensor in part.items()}
    elif not isinstance(given, dict):
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(given)}"
        )
    new = given
    if tie_weights or strict:
        held = dict(module.named_parameters(remove_duplicate=False)) | dict(module.named_buffers(remove_duplicate=False))
        if tie_weights:
            new = _tied(held, given) | given
        if strict and new.keys() != held.keys():
            raise RuntimeError(
                f"functional_call: missing {sorted(held.keys() - new.keys())}, unexpected {sorted(new.keys() - held.keys())}"
            )
    before = {}
    try:
        for name, tensor in new.items():
            before[name] = _exchange(module, name, tensor)
        args = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*args, **kwargs or {})
    finally:
        for name, tensor in before.items():
            after = _exchange(module, name, tensor)
            if name in given and after is not MISSING:  # what the call put in its place, if it did
                given[name] = after


MISSING = object()


def _tied(held: dict, given: dict) -> dict:
    """The tensors by all names that the module has for those in their places. ValueError where two are given for one."""
    by_tensor: dict[int, Tensor] = {}
    for name, tensor in held.items():
        if name in given and by_tensor.setdefault(id(tensor), given[name]) is not given[name]:
            names = [other for other, one in held.items() if one is tensor]
            raise ValueError(
                f"functional_call got multiple values for keys {names}, which are tied. Consider using tie_weights=False"
            )
    return {name: by_tensor[id(tensor)] for name, tensor in held.items() if id(tensor) in by_tensor}


def _exchange(module, name: str, tensor):
    """Put a tensor (or MISSING, nothing) where a name leads in a module; returns what was there."""
    from lucid.nn import Module

    *path, key = name.split(".")
    for one in path:
        module = getattr(module, one)
        if not isinstance(module, Module):
            raise TypeError(f"functional_call: {one!r} in {name!r} is no module, but a {type(module).__name__}")
    if tensor is not None and tensor is not MISSING and not isinstance(tensor, Tensor):
        raise TypeError(f"functional_call: {name!r} must be a Tensor, not {type(tensor).__name__}")
    for room in (module._parameters, module._buffers):
        if key in room:
            before = room[key]
            if tensor is MISSING:
                del room[key]
            else:
                room[key] = tensor
            return before
    before = getattr(module, key, MISSING)
    if before is not None and before is not MISSING and not isinstance(before, Tensor):
        raise TypeError(f"functional_call: {name!r} is no Tensor, but a {type(before).__name__}")
    if tensor is not MISSING:
        setattr(module, key, tensor)
    elif before is not MISSING:
        delattr(module, key)
    return before


def stack_module_state(models):
    """The parameters and the buffers of modules of one kind, each stacked: for `vmap` over `functional_call`.

    Parameters
    ----------
    models : sequence of nn.Module
        Of one class, all training or all evaluating.

    Returns
    -------
    params, buffers : dict
        Tensors by name, with a new first dimension over the models; leaves.

    Raises
    ------
    RuntimeError
        If there are no models, or they differ in class or mode.

    Examples
    --------
    >>> import lucid
    >>> params, buffers = lucid.func.stack_module_state([lucid.nn.Linear(2, 3) for _ in range(4)])
    >>> params["weight"].shape
    lucid.Size([4, 3, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({(model.training, type(model)) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class, and all training or not.")

    def stacked(name: str, tensors: list) -> Tensor:
        needed = {tensor.requires_grad for tensor in tensors}
        if len(needed) > 1:
            raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
        return Supplied.stack(tensors).detach().requires_grad_(needed.pop())

    def each(named) -> dict:
        parts = [dict(named(model)) for model in models]
        return {name: stacked(name, [part[name] for part in parts]) for name in parts[0]}

    return each(lambda model: model.named_parameters()), each(lambda model: model.named_buffers())


def replace_all_batch_norm_modules_(root):
    """Have every batch normalisation in a module use the statistics of its input alone, and keep none.

    Parameters
    ----------
    root : nn.Module
        The module, which is changed.

    Returns
    -------
    nn.Module
        The module itself.

    Examples
    --------
    >>> lucid.func.replace_all_batch_norm_modules_(lucid.nn.BatchNorm1d(3)).running_mean is None
    True
    """
    from lucid.nn.modules.normalization import _BatchNorm

    for module in root.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
