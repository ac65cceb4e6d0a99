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

#: The address of the function that copies between arrays: what `core.move` calls.
arrays: int
#: The address of the function that converts contiguous elements between dtypes: what `core.cast` calls.
convert: int
