"""Saving and loading tensors and what holds them.

A file is a zip archive: `structure.json` says how dictionaries, lists and numbers are nested, and each storage is a .npy file.
Reading it executes nothing, whatever the file holds. Tensors that share memory share it again after loading.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import OrderedDict

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty, wrap
from lucid.tensor import Size, Tensor

__all__ = ["load", "save"]

FORMAT = "lucid/1"


def save(obj, f) -> None:
    """Write tensors, numbers, strings, None, and dictionaries, lists and tuples of them, to a file.

    Parameters
    ----------
    obj : object
        A `state_dict`, say.
    f : str, path or binary file
        Where it goes. A file that cannot be finished is not left behind half written where `f` is a path.

    Raises
    ------
    TypeError
        Naming what cannot be saved and where it stands.
    """
    arrays: dict = {}
    structure = _packed(obj, arrays, "obj")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("structure.json", json.dumps({"format": FORMAT, "object": structure}))
        for number, array in enumerate(arrays.values()):
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            archive.writestr(f"{number}.npy", data.getbuffer())
    if hasattr(f, "write"):
        f.write(buffer.getbuffer())
        return
    with open(f, "wb") as file:
        file.write(buffer.getbuffer())


def _packed(obj, arrays: dict, where: str):
    if isinstance(obj, Tensor):
        array = np.asarray(obj.array, order="C")
        if obj.dtype is dtypes.bfloat16:
            array = array.view(np.uint16)
        key = (obj.data_ptr(), tuple(obj.shape), obj.stride(), obj.dtype.name) if array.size else id(obj)
        numbers = list(arrays)
        if key not in arrays:
            arrays[key] = array
            numbers.append(key)
        return {"tensor": numbers.index(key), "dtype": obj.dtype.name, "shape": list(obj.shape),
                "requires_grad": obj.requires_grad and obj.is_leaf}  # fmt: skip
    if obj is None or isinstance(obj, (bool, int, str)):
        return obj
    if isinstance(obj, float):
        return obj if np.isfinite(obj) else {"float": str(obj)}
    if isinstance(obj, complex):
        return {"complex": [repr(obj.real), repr(obj.imag)]}
    if isinstance(obj, dtypes.dtype):
        return {"dtype_": obj.name}
    if isinstance(obj, dict):
        kind = "ordered" if isinstance(obj, OrderedDict) else "dict"
        return {kind: [[_packed(k, arrays, where), _packed(v, arrays, f"{where}[{k!r}]")] for k, v in obj.items()]}
    if isinstance(obj, Size):
        return {"size": list(obj)}
    if isinstance(obj, (list, tuple)):
        kind = "list" if isinstance(obj, list) else "tuple"
        return {kind: [_packed(one, arrays, f"{where}[{i}]") for i, one in enumerate(obj)]}
    raise TypeError(f"save: {where} is a {type(obj).__name__}, which a file cannot hold: save a state_dict() instead")


def load(f, map_location=None, *, weights_only: bool = True):
    """Read what `save` wrote. Nothing in the file is executed.

    Parameters
    ----------
    f : str, path or binary file
        Where it is.
    map_location : optional
        Accepted for PyTorch's sake: there is one device.
    weights_only : bool, optional
        Accepted for PyTorch's sake: a file holds nothing else.

    Raises
    ------
    ValueError
        If the file was not written by `save`, or is damaged.
    """
    try:
        with zipfile.ZipFile(f) as archive:
            header = json.loads(archive.read("structure.json"))
            if header.get("format") != FORMAT:
                raise ValueError(f"load: the file has format {header.get('format')!r}, expected {FORMAT!r}")
            arrays = {}
            for name in archive.namelist():
                if name.endswith(".npy"):
                    arrays[int(name[:-4])] = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            tensors: dict = {}
            return _unpacked(header["object"], arrays, tensors)
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, EOFError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"load: not a file of lucid.save, or a damaged one: {error}") from None


def _unpacked(packed, arrays, tensors):
    if not isinstance(packed, dict):
        return packed
    if "tensor" in packed:
        number, dtype = packed["tensor"], getattr(dtypes, packed["dtype"])
        if number not in tensors:
            stored = arrays[number]
            stored = stored.view(dtype.numpy) if dtype is dtypes.bfloat16 else stored
            if stored.dtype != dtype.numpy or list(stored.shape) != packed["shape"]:
                raise ValueError("load: a tensor's data does not match its description")
            array = empty(stored.shape, dtype.numpy)
            array[...] = stored
            tensors[number] = wrap(array)
            if packed["requires_grad"]:
                tensors[number].requires_grad_()
        return tensors[number]
    ((kind, value),) = packed.items()
    if kind in ("dict", "ordered"):
        made = OrderedDict() if kind == "ordered" else {}
        for key, one in value:
            made[_unpacked(key, arrays, tensors)] = _unpacked(one, arrays, tensors)
        return made
    if kind in ("list", "tuple"):
        items = [_unpacked(one, arrays, tensors) for one in value]
        return items if kind == "list" else tuple(items)
    if kind == "size":
        return Size(value)
    if kind == "float":
        return float(value)
    if kind == "complex":
        return complex(float(value[0]), float(value[1]))
    if kind == "dtype_":
        return getattr(dtypes, value)
    raise ValueError(f"load: unknown kind of value {kind!r}")
