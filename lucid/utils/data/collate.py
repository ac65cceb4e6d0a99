"""Samples into a batch."""

from __future__ import annotations

import collections.abc as abc

import numpy as np

from lucid.dtypes import float64
from lucid.ops.conversion import as_tensor, tensor
from lucid.ops.joining import stack
from lucid.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def default_convert(data):
    """NumPy's arrays and numbers, also inside dictionaries, tuples and lists, as tensors; anything else as it is.

    Parameters
    ----------
    data : object
        Arrays and numbers, in lists, tuples and mappings.

    Returns
    -------
    object
        Of the same structure.

    Examples
    --------
    >>> import numpy as np
    >>> from lucid.utils.data import default_convert
    >>> default_convert({"x": np.array([1.0])})
    {'x': Tensor([1.0], dtype=lucid.float64)}
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biufc":
        return as_tensor(data)
    return _mapped(data, default_convert)


def _mapped(data, change):
    """The same structure with its parts changed."""
    if isinstance(data, abc.Mapping):
        return _like(data, {key: change(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(change(one) for one in data))
    if isinstance(data, tuple):
        return [change(one) for one in data]
    if isinstance(data, abc.Sequence) and not isinstance(data, (str, bytes)):
        return _like(data, [change(one) for one in data])
    return data


def _like(data, found):
    try:
        return type(data)(found)
    except TypeError:  # a kind that cannot be made of its parts
        return found


def default_collate(batch):
    """A list of samples as one batch: tensors and arrays are stacked, numbers become a tensor, structures go through.

    Parameters
    ----------
    batch : list
        Samples of one structure: tensors, arrays, numbers, strings, and dictionaries, tuples and lists of them.

    Returns
    -------
    object
        Of the samples' structure, with a dimension in front for the batch.

    Raises
    ------
    TypeError
        For samples of another kind.
    RuntimeError
        Where the samples' structures or shapes differ.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.data import default_collate
    >>> default_collate([(lucid.tensor([1.0]), 5), (lucid.tensor([2.0]), 6)])
    [Tensor([[1.0],
            [2.0]]), Tensor([5, 6])]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def _tensors(batch, *, collate_fn_map=None):
    return stack(batch, 0)


def _arrays(batch, *, collate_fn_map=None):
    if batch[0].dtype.kind not in "biufc":
        raise TypeError(f"default_collate: arrays of {batch[0].dtype} cannot be batched")
    return stack([as_tensor(one) for one in batch], 0)


# What collates samples of a type; packages enter their own.
default_collate_fn_map = {
    Tensor: _tensors,
    np.ndarray: _arrays,
    (np.bool_, np.number): lambda batch, *, collate_fn_map=None: as_tensor(np.array(batch)),
    float: lambda batch, *, collate_fn_map=None: tensor(batch, dtype=float64),
    int: lambda batch, *, collate_fn_map=None: tensor(batch),
    str: lambda batch, *, collate_fn_map=None: batch,
    bytes: lambda batch, *, collate_fn_map=None: batch,
}


def collate(batch, *, collate_fn_map: dict | None = None):
    """A list of samples as one batch, by a table of functions for their types; structures go through. TypeError for others."""
    first, table = batch[0], collate_fn_map or {}
    function = table.get(type(first)) or next((one for kind, one in table.items() if isinstance(first, kind)), None)
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, abc.Mapping):
        return _like(first, {key: collate([one[key] for one in batch], collate_fn_map=collate_fn_map) for key in first})
    if isinstance(first, abc.Sequence):
        if any(len(one) != len(first) for one in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)]
        if isinstance(first, tuple):
            return type(first)(*columns) if hasattr(first, "_fields") else columns
        return _like(first, columns)
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first).__name__}"
    )
