"""Exchange of memory with other libraries by DLPack."""

from __future__ import annotations

import ctypes
import enum

from lucid.ops.conversion import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


class DLDeviceType(enum.IntEnum):
    """The kinds of devices that DLPack knows. Tensors here are of the first."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


def to_dlpack(tensor):
    """A capsule of DLPack over a tensor's memory, which can be used once.

    Parameters
    ----------
    tensor : Tensor
        What is handed on.

    Returns
    -------
    PyCapsule
        What `from_dlpack` takes, here and in other libraries.

    Examples
    --------
    >>> lucid.from_dlpack(lucid.utils.dlpack.to_dlpack(lucid.tensor([1.0, 2.0])))
    Tensor([1.0, 2.0])
    """
    return tensor.__dlpack__()


BFLOAT, UINT = 4, 1  # codes of dtypes


def renamed(capsule, was: int, now: int) -> bool:
    """Whether what a capsule holds is of the dtype with one code, which is then the other's: NumPy has no bfloat16 to exchange."""
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    kind = name(capsule)
    # The memory, the device and the number of dimensions come before it, and a version, a context, a deleter and flags before these.
    at = pointer(capsule, kind) + 20 + (32 if kind == b"dltensor_versioned" else 0)
    code = ctypes.c_uint8.from_address(at)
    found = code.value == was
    if found:
        code.value = now
    return found
