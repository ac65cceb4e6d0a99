from typing import Any

def copy(
    src: Any,
    dst: Any,
    sizes: tuple[int, ...],
    src_strides: tuple[int, ...],
    dst_strides: tuple[int, ...],
    src_offset: int = 0,
    dst_offset: int = 0,
    /,
) -> None:
    """``dst[view] = src[view]``: each buffer seen with `sizes`, its own strides and offset, in elements.

    `copy["uint8_t" | "int16_t" | "int32_t" | "int64_t" | "double complex"]` moves elements of 1, 2, 4, 8, 16 bytes.
    Strides have any sign; those of the source may be 0. The buffers must not overlap.
    """

def fill(out: Any, value: complex, /) -> None:
    """Set every element of a contiguous buffer, of any element type of `types.number`."""

def cast(src: Any, dst: Any, /) -> None:
    """Convert element by element between two contiguous buffers of equal length.

    Any of bool, uint8, int8, int16, int32, int64, float32, float64, told by the buffers' formats. To bool: ``x != 0``.
    Floats are truncated; what a result cannot hold wraps as it does in PyTorch.
    """
