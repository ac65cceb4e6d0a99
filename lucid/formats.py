"""How a tensor lies in memory, as arguments: memory formats, and layouts."""

from __future__ import annotations

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "layout", "legacy_contiguous_format", "memory_format", "preserve_format",
    "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc", "sparse_csr", "strided",
]  # fmt: skip


class _Constant:
    """One of a few values that are known by their names in the top namespace."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"lucid.{self.name}"

    def __reduce__(self):
        return self.name


class memory_format(_Constant):
    """The order of a tensor's dimensions in memory: `contiguous_format` (that of the indices), `channels_last` (a batch of
    images with the channels of a pixel together), `channels_last_3d`, or `preserve_format` (as the input's).
    """

    __slots__ = ()


class layout(_Constant):
    """The kind of a tensor's memory: `strided`, which all have; others have names, so that programs can compare them."""

    __slots__ = ()


_Constant.__module__ = memory_format.__module__ = layout.__module__ = "lucid"
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
legacy_contiguous_format = contiguous_format


def format_name(given: memory_format | None, default: str = "preserve_format") -> str:
    """The name of a memory format that was given as an argument. TypeError for anything else."""
    if given is None:
        return default
    if not isinstance(given, memory_format):
        raise TypeError(f"argument 'memory_format' must be a memory_format, not {type(given).__name__}")
    return given.name


strided = layout("strided")
sparse_bsc, sparse_bsr, sparse_coo, sparse_csc, sparse_csr = map(layout, ("sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc", "sparse_csr"))
