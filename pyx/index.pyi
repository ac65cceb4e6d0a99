"""Moving elements by index and by mask.

Kernels that only move elements take them by size: `kernel["uint8_t" | "int16_t" | "int32_t" | "int64_t" |
"double complex"]` for 1, 2, 4, 8, 16 bytes. Indices are int64. `gather`, `scatter` and `scatter_reduce` return whether
one is out of range; nothing is read or written there, and what is written elsewhere is then of no use.
"""
from typing import Any

codes: dict[str, int]
#: The address of what `join_index` runs: for `core.joined_index`.
joiner: int

def check_index(index: Any, size: int, /) -> int:
    """The position of the first index outside [0, size), or -1."""

def join_index(index: Any, out: Any, size: int, more: bool, /) -> int:
    """Append one dimension's indices to those before it, as of all seen as one; the first out of range, or -1."""

def gather(x: Any, index: Any, out: Any, outer: int, axis: int, inner: int, m: int, full: bool = True, /) -> bool:
    """``out[o, k, i] = x[o, index, i]``: x is (outer, axis, inner), out is (outer, m, inner).

    The index is ``index[o, k, i]``, or ``index[k]`` if not `full`: index_select, embedding, take (1, numel, 1).
    """

def scatter(
    out: Any,
    index: Any,
    src: Any,
    outer: int,
    axis: int,
    inner: int,
    m: int,
    full: bool = True,
    scalar: bool = False,
    /,
) -> bool:
    """``out[o, index, i] = src[o, k, i]``, the last of equal indices stays: scatter, index_copy, put.

    With `scalar` ``src[0]`` is written everywhere: index_fill.
    """

def scatter_reduce(
    out: Any, index: Any, src: Any, outer: int, axis: int, inner: int, m: int, op: int, full: bool = True, /) -> bool:
    """``out[o, index, i] = op(out[o, index, i], src[o, k, i])`` by `codes`: scatter_add, index_add, index_reduce.

    Any element type; amax and amin of real ones.
    """

def embedding_bag(
    table: Any, index: Any, offsets: Any, weight: Any, out: Any, which: Any, rows: int, dim: int, padding: int, mean: bool, /) -> None:
    """Sums, means, or with `which` maxima of the (rows, dim) table's rows ``index[offsets[b]:offsets[b + 1]]`` but `padding`.

    `weight` has a factor for each index, or is None; `which` gets the row of each maximum, -1 where there is none.
    """

def masked_fill(out: Any, mask: Any, value: Any, /) -> None:
    """``out[mask] = value[0]``."""

def masked_select(x: Any, mask: Any, out: Any, /) -> int:
    """``x[mask]``, as far as `out` has room; returns how many."""

def masked_scatter(out: Any, mask: Any, src: Any, /) -> int:
    """``out[mask] = src[:n]``; returns n. ValueError where `src` is too short."""

def nonzero(x: Any, out: Any, sizes: tuple[int, ...], /) -> int:
    """The coordinates of what is not zero, (count, ndim), as far as `out` has room; returns the count."""

def triangle(x: Any, out: Any, batch: int, rows: int, cols: int, diagonal: int, upper: bool, /) -> None:
    """tril or triu of each matrix."""

def triangle_indices(out: Any, rows: int, cols: int, diagonal: int, upper: bool, /) -> int:
    """Rows, then columns, of the triangle's elements, (2, count); returns the count."""

def one_hot(index: Any, out: Any, classes: int, /) -> None:
    """``out[k, index[k]] = 1``, else 0, of (n, classes) int64."""

def bincount(index: Any, out: Any, /) -> None:
    """How often each number below ``len(out)`` occurs."""

def histogram(x: Any, edges: Any, weight: Any, out: Any, low: float, high: float, /) -> None:
    """How many elements, or the sum of their weights, fall into each of ``len(out)`` bins of one size from `low` to `high`, float32
    or float64; each but the last is without its upper end. Others, and NaN, do not count. With edges, rounding puts none beside
    its bin."""
