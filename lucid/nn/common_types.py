"""What annotations of layers say of sizes: a number, or one for each dimension; and of results."""

from typing import TypeVar

from lucid.tensor import Tensor

_T = TypeVar("_T")
_scalar_or_tuple_any_t = _T | tuple[_T, ...]
_scalar_or_tuple_1_t = _T | tuple[_T]
_scalar_or_tuple_2_t = _T | tuple[_T, _T]
_scalar_or_tuple_3_t = _T | tuple[_T, _T, _T]
_scalar_or_tuple_4_t = _T | tuple[_T, _T, _T, _T]
_scalar_or_tuple_5_t = _T | tuple[_T, _T, _T, _T, _T]
_scalar_or_tuple_6_t = _T | tuple[_T, _T, _T, _T, _T, _T]
_size_any_t, _size_1_t, _size_2_t, _size_3_t, _size_4_t, _size_5_t, _size_6_t = (
    kind[int]
    for kind in (
        _scalar_or_tuple_any_t, _scalar_or_tuple_1_t, _scalar_or_tuple_2_t, _scalar_or_tuple_3_t, _scalar_or_tuple_4_t,
        _scalar_or_tuple_5_t, _scalar_or_tuple_6_t,
    )
)  # fmt: skip
_size_any_opt_t, _size_2_opt_t, _size_3_opt_t = (
    int | None | kind[int | None] for kind in (tuple[_T, ...], tuple[_T, _T], tuple[_T, _T, _T])
)
_ratio_any_t, _ratio_2_t, _ratio_3_t = (kind[float] for kind in (_scalar_or_tuple_any_t, _scalar_or_tuple_2_t, _scalar_or_tuple_3_t))
_tensor_list_t = _scalar_or_tuple_any_t[Tensor]
_maybe_indices_t = _scalar_or_tuple_2_t[Tensor]
