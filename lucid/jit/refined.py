"""`jit.isinstance`, which looks into containers."""

import builtins
from types import UnionType
from typing import Union, get_args, get_origin

__all__ = ["isinstance"]


def isinstance(obj, target_type) -> bool:  # noqa: A001
    """Whether an object is of a type such as ``list[int]``, ``Optional[dict[str, Tensor]]``, or of one of several.

    Parameters
    ----------
    obj : object
        What is asked about.
    target_type : type, or tuple of them
        The types of lists, dictionaries and tuples say those of what is in them.

    Returns
    -------
    bool

    Raises
    ------
    RuntimeError
        If a container's type does not say what is in it.

    Examples
    --------
    >>> lucid.jit.isinstance([1, 2], list[int]), lucid.jit.isinstance({"a": 1}, dict[str, str])
    (True, False)
    """
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    kind, inner = get_origin(target_type), get_args(target_type)
    if kind in (Union, UnionType):
        return any(isinstance(obj, one) for one in inner)
    if target_type in (list, dict, tuple):
        raise RuntimeError(f"jit.isinstance(): {target_type.__name__} does not say what is in it, as {target_type.__name__}[int] does")
    if kind is None:
        return builtins.isinstance(obj, target_type)
    if not builtins.isinstance(obj, kind):
        return False
    if kind is tuple:
        return len(obj) == len(inner) and all(map(isinstance, obj, inner))
    parts = [obj.keys(), obj.values()] if kind is dict else [obj]
    return all(isinstance(one, wanted) for values, wanted in zip(parts, inner) for one in values)
