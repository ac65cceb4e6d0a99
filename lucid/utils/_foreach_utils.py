"""How optimizers of packages sort the tensors of a group before they call `_foreach_*`."""

from __future__ import annotations

__all__ = ["_group_tensors_by_device_and_dtype"]


def _group_tensors_by_device_and_dtype(tensorlistlist, with_indices: bool = False) -> dict:
    """Lists of tensors, split by the dtype of the first list's.

    Parameters
    ----------
    tensorlistlist : sequence of sequences
        Lists of one length, whose entries belong together; those of the first are tensors.
    with_indices : bool, optional
        Whether the places in the lists are returned too.

    Returns
    -------
    dict
        (device, dtype) -> (lists of the tensors there, their places).
    """
    groups: dict = {}
    for i, row in enumerate(zip(*tensorlistlist, strict=True)):
        lists, places = groups.setdefault((row[0].device, row[0].dtype), ([[] for _ in row], []))
        for one, entry in zip(lists, row, strict=True):
            one.append(entry)
        if with_indices:
            places.append(i)
    return groups
