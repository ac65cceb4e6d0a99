"""Sorting and selection along the rows of x, seen as (rows, n), of any real dtype; `codes` names the ops of `select`.

NaN is greater than any number and -0 equals 0. Values come with their int64 positions; equal values keep their order.
"""
from typing import Any

codes: dict[str, int]

def sort(x: Any, values: Any, index: Any, rows: int, n: int, descending: bool = False, /) -> None:
    """Stable sort of each row."""

def topk(
    x: Any, values: Any, index: Any, rows: int, n: int, k: int, largest: bool = True, ordered: bool = True, /) -> None:
    """The k first of each row's descending (or ascending) order, in that order if `ordered`: (rows, k)."""

def select(x: Any, values: Any, index: Any, rows: int, n: int, op: int, k: int = 1, /) -> None:
    """One element of each row: kthvalue (k counts from 1), median, nanmedian (the lower one), mode."""

def searchsorted(
    edges: Any,
    x: Any,
    out: Any,
    edge_rows: int,
    n: int,
    rows: int,
    m: int,
    right: bool = False,
    sorter: Any = None,
    /,
) -> None:
    """Where each of (rows, m) values belongs in ascending edges, (1, n) or (rows, n): int64.

    With `sorter`, (edge_rows, n) of int64, ``edges[sorter]`` is ascending; raises ValueError if it is out of range.
    """

def runs(x: Any, values: Any, counts: Any = None, inverse: Any = None, index: Any = None, /) -> int:
    """Runs of equal elements of all of x; returns their number, to which `values` and `counts` are filled.

    Without `counts` and `inverse`, the values alone. ``inverse[i]`` is the run of element i, or of ``index[i]`` where x was
    sorted and came from there.
    """

def nms(boxes: Any, order: Any, threshold: float, room: Any, kept: Any, /) -> int:
    """Boxes (n, 4) of x1, y1, x2, y2, in an order, but those of which a box that is kept covers more than a part of the union.

    `kept` (int64) takes them, as many as are returned; `room` is six numbers a box.
    """
