"""Modules as functions of their parameters: called with others than their own, and stacked."""

from __future__ import annotations

from lucid.autograd.op import Supplied
from lucid.tensor import Tensor

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with other parameters and buffers than its own, which stay as they are.

    Parameters
    ----------
    module : nn.Module
        What is called.
    parameter_and_buffer_dicts : dict or sequence of dict
        The tensors by their names in `named_parameters` and `named_buffers`; others are the module's.
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
        If `parameter_and_buffer_dicts` is no dict nor sequence of dicts, or a name stands in two of them.
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
    places: dict[str, tuple] = {}  # name -> the dict of a module that holds the tensor, and its key there
    for prefix, part in module.named_modules(remove_duplicate=False):
        for room in (part._parameters, part._buffers):
            for key, tensor in room.items():
                if tensor is not None:
                    places[f"{prefix}.{key}" if prefix else key] = (room, key)
    if strict and (given.keys() != places.keys()):
        raise RuntimeError(
            f"functional_call: missing {sorted(places.keys() - given.keys())}, "
            f"unexpected {sorted(given.keys() - places.keys())}"
        )
    if tie_weights:
        by_tensor = {id(room[key]): given[name] for name, (room, key) in places.items() if name in given}
        tied = {name: by_tensor[id(room[key])] for name, (room, key) in places.items() if id(room[key]) in by_tensor}
        given = tied | given
    before = {name: places[name][0][places[name][1]] for name in given if name in places}
    try:
        for name in before:
            room, key = places[name]
            room[key] = given[name]
        args = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*args, **kwargs or {})
    finally:
        for name, tensor in before.items():
            room, key = places[name]
            room[key] = tensor


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
