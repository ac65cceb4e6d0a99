"""Exchange of memory with other libraries by DLPack."""

from __future__ import annotations

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
