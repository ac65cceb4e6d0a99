"""How an exported program writes values down: arguments of calls, and the structure of inputs and outputs."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import lucid
from lucid.utils import _pytree

__all__ = ["DTYPES", "Place", "Structure", "argument", "constant", "name_of"]

DTYPES = {
    1: lucid.uint8, 2: lucid.int8, 3: lucid.int16, 4: lucid.int32, 5: lucid.int64, 6: lucid.float16, 7: lucid.float32, 8: lucid.float64,
    9: lucid.complex32, 10: lucid.complex64, 11: lucid.complex128, 12: lucid.bool, 13: lucid.bfloat16, 28: lucid.uint16,
    34: lucid.uint32, 35: lucid.uint64,
}  # fmt: skip
MEMORY_FORMATS = {1: lucid.contiguous_format, 2: lucid.channels_last, 3: lucid.channels_last_3d, 4: lucid.preserve_format}


@dataclass(frozen=True, slots=True)
class Place:
    """The value of an earlier step."""

    at: int


CONSTANTS = {
    "as_none": lambda value: None,
    **dict.fromkeys(["as_int", "as_string", "as_bool", "as_ints", "as_strings", "as_bools", "as_int_lists"], lambda value: value),
    "as_float": float,  # infinities and NaN are strings
    "as_floats": lambda values: [float(value) for value in values],
    "as_float_lists": lambda rows: [[float(value) for value in row] for row in rows],
    "as_complex": lambda value: complex(float(value["real"]), float(value["imag"])),
    "as_scalar_type": DTYPES.__getitem__,
    "as_memory_format": MEMORY_FORMATS.__getitem__,
    "as_layout": lambda value: lucid.strided,
    "as_device": lambda value: lucid.device("cpu"),
}  # fmt: skip
NAMED = ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool", "as_optional_tensor")
LISTS = ("as_tensors", "as_optional_tensors", "as_sym_ints", "as_sym_floats", "as_sym_bools", "as_nested_tensors")


def constant(written: dict):
    """A value that stands in the program itself."""
    ((kind, value),) = written.items()
    return CONSTANTS[kind](value)


def name_of(written: dict) -> str | None:
    """The name of the value that is meant, or None where the program has the value itself."""
    if "name" in written:  # a tensor among tensors
        return written["name"]
    ((kind, value),) = written.items()
    if kind == "as_name":
        return value
    return name_of(value) if kind in NAMED else None


def argument(written, places: dict[str, int]):
    """An argument: a constant, the place of a value, or a list of such."""
    if isinstance(written, list):  # tensors among tensors
        return [argument(one, places) for one in written]
    name = name_of(written)
    if name is not None:
        return Place(places[name])
    ((kind, value),) = written.items()
    if kind in NAMED:
        return argument(value, places)
    if kind in LISTS:
        return [argument(one, places) for one in value]
    if kind == "as_string_to_argument":
        return {key: argument(one, places) for key, one in value.items()}
    if kind not in CONSTANTS:
        raise NotImplementedError(f"export.load: the program passes a {kind.removeprefix('as_')}, which Lucid does not have")
    return constant(written)


@dataclass(frozen=True)
class Structure:
    """How values lie in containers.

    Attributes
    ----------
    kind : str or None
        The container's class by its full name; None for a value.
    context : object
        Keys of a dictionary, names of fields.
    parts : list of Structure
        What is inside.
    """

    kind: str | None
    context: object
    parts: list[Structure]

    @staticmethod
    def read(text: str) -> Structure:
        """The structure that a program has as JSON."""
        version, tree = json.loads(text)
        if version != 1:
            raise ValueError(f"export.load: structures of version {version} are not read")
        return Structure._of(tree)

    @staticmethod
    def _of(tree: dict) -> Structure:
        context = tree["context"] and json.loads(tree["context"])
        return Structure(tree["type"], context, [Structure._of(part) for part in tree["children_spec"]])

    def leaves(self, value, where: str) -> Iterator[tuple[str, object]]:
        """The values in containers of this structure, and where they lie.

        Raises
        ------
        ValueError
            If the containers are others.
        """
        if self.kind is None:
            yield where, value
            return
        name = self.kind.rpartition(".")[2]
        if name in ("dict", "OrderedDict"):
            if not isinstance(value, dict) or set(value) != set(self.context):
                raise self._differs(value, where, f"with the keys {self.context}")
            parts = [(f"{where}[{key!r}]", value[key]) for key in self.context]
        elif name in ("tuple", "list", "namedtuple"):
            fits = isinstance(value, list if name == "list" else tuple) and hasattr(value, "_fields") == (name == "namedtuple")
            if not fits or len(value) != len(self.parts):
                raise self._differs(value, where, f"of {len(self.parts)}")
            parts = [(f"{where}[{i}]", part) for i, part in enumerate(value)]
        else:
            values, _ = self._node(where).flatten_fn(value)
            if len(values) != len(self.parts):
                raise self._differs(value, where, f"of {len(self.parts)}")
            parts = [(f"{where}[{i}]", part) for i, part in enumerate(values)]
        for part, (at, inside) in zip(self.parts, parts, strict=True):
            yield from part.leaves(inside, at)

    def _differs(self, value, where: str, what: str) -> ValueError:
        found = f"{type(value).__name__}" + (f" of {len(value)}" if hasattr(value, "__len__") and not isinstance(value, str) else "")
        return ValueError(f"{where} is a {found}, but the program was exported with a {self.kind.rpartition('.')[2]} {what}")

    def _node(self, where: str):
        for kind, node in _pytree.SUPPORTED_NODES.items():
            if f"{kind.__module__}.{kind.__qualname__}" == self.kind:
                return node
        raise NotImplementedError(f"{where} is a {self.kind}: tell lucid.utils._pytree.register_pytree_node how it is taken apart")

    def built(self, leaves: Iterator):
        """Containers of this structure around values."""
        if self.kind is None:
            return next(leaves)
        parts = [part.built(leaves) for part in self.parts]
        name = self.kind.rpartition(".")[2]
        if name == "list":
            return parts
        if name in ("tuple", "Size"):
            return (tuple if name == "tuple" else lucid.Size)(parts)
        if name in ("dict", "OrderedDict"):
            return (dict if name == "dict" else OrderedDict)(zip(self.context, parts, strict=True))
        if isinstance(self.context, list) and len(self.context) == len(parts) and all(isinstance(key, str) for key in self.context):
            return OrderedDict(zip(self.context, parts, strict=True))  # a class that only the model's code knows, by its fields
        return self._node("the result").unflatten_fn(parts, self.context)
