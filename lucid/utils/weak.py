"""Weak references to tensors, and dicts with keys that are the same object rather than equal."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Mapping, MutableMapping

from lucid.tensor import Tensor

__all__ = ["TensorWeakRef", "WeakIdKeyDictionary", "WeakIdRef", "WeakTensorKeyDictionary"]


class WeakIdRef(weakref.ref):
    """A weak reference that equals those to the same object."""

    __slots__ = ("_id",)

    def __init__(self, key, callback=None):
        super().__init__(key, callback)
        self._id = id(key)

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other) -> bool:
        mine = self()
        return self is other if mine is None else mine is other()


class WeakIdKeyDictionary(MutableMapping):
    """A dict that does not keep its keys: an entry goes with its key. Keys are the same if they are one object.

    Parameters
    ----------
    dict : mapping, optional
        Entries to begin with.
    ref_type : type, optional
        The class of its references to keys.
    """

    def __init__(self, dict=None, ref_type=WeakIdRef):
        self.data, self.ref_type = {}, ref_type
        mine = weakref.ref(self)

        def forget(reference):
            if (alive := mine()) is not None:
                alive.data.pop(reference, None)

        self._forget = forget
        self.update(dict or {})

    def __getitem__(self, key):
        return self.data[self.ref_type(key)]

    def __setitem__(self, key, value):
        self.data[self.ref_type(key, self._forget)] = value

    def __delitem__(self, key):
        del self.data[self.ref_type(key)]

    def __contains__(self, key) -> bool:
        try:
            return self.ref_type(key) in self.data
        except TypeError:  # of which there are no weak references
            return False

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self):
        for reference in self.keyrefs():
            if (key := reference()) is not None:
                yield key

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        by_id = [{id(key): value for key, value in each.items()} for each in (self, other)]
        return by_id[0] == by_id[1]

    __hash__ = None

    def __copy__(self):
        return type(self)(self, self.ref_type)

    copy = __copy__

    def __deepcopy__(self, memo):
        made = self.copy()
        for key, value in self.items():
            made[key] = copy.deepcopy(value, memo)
        return made

    def __or__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        made = type(self)(other, self.ref_type)
        made.update(self)
        return made

    def __ior__(self, other):
        self.update(other)
        return self

    def keyrefs(self) -> list:
        """The references to its keys."""
        return list(self.data)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x}>"


WeakTensorKeyDictionary = WeakIdKeyDictionary


class TensorWeakRef:
    """A weak reference to a tensor: called, it gives the tensor, or None where that is gone.

    Parameters
    ----------
    tensor : Tensor
        AssertionError for anything else.
    """

    def __init__(self, tensor: Tensor):
        if not isinstance(tensor, Tensor):
            raise AssertionError(f"expected a Tensor, got {type(tensor)}.")
        self.ref = weakref.ref(tensor)

    def __call__(self) -> Tensor | None:
        return self.ref()
