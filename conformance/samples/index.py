"""Indexing, scattering, sorting."""

import torch

from .spec import B, I, L, T, V, call, error

Y, X = T(3, 4), T(2, 3, 4)
int64, nan, inf = torch.int64, float("nan"), float("inf")
tie = V([2.0, 1.0, 2.0, 0.0, 1.0, 2.0])

SAMPLES = {
    "gather": [call(Y, 0, I(2, 4, high=3)), call(Y, 1, I(3, 6, high=4)), call(Y, -1, V([[0, 0, 0]], int64)), call(T(), 0, L(0)),
               call(Y, 0, V([], int64).map(lambda t: t.reshape(0, 4))), error(Y, 0, V([[3]], int64)), error(Y, 0, V([[-1]], int64)),
               error(Y, 0, L(1)), error(Y, 0, T(1, 1, dtype=torch.int32).constant())],
    "take_along_dim": [call(Y, I(3, 2, high=4), 1), call(Y, I(5, high=12))],
    "take": [call(Y, I(2, 3, high=12)), call(Y, L(-1, 0, 0)), error(Y, L(12))],
    "index_select": [call(Y, 0, L(2, 0, 0)), call(Y, 1, L(3)), call(X, -2, I(5, high=3)), call(T(), 0, L(0)), call(Y, 0, V([], int64)),
                     error(Y, 0, L(3)), error(Y, 0, L(-1)), error(Y, 0, V([[0]], int64)), error(Y, 0, V([0.0], torch.float32).constant())],
    "masked_fill": [call(Y, B(3, 4), 7), call(Y, B(4), -inf), call(Y, B(3, 1), 0.5), call(Y, B(), T()), call(T(), B(), 2), error(Y, B(3), 1)],
    "masked_select": [call(Y, B(3, 4)), call(Y, B(4)), call(T(4), B(3, 4)), call(Y, B()), error(Y, B(3))],
    "masked_scatter": [call(Y, B(3, 4), T(12)), error(Y, V([[True] * 4], torch.bool), T(2))],
    "scatter": [call(Y, 0, V([[0, 1, 2, 0]], int64), T(1, 4)), call(Y, 1, V([[0], [1], [2]], int64), 5.0), call(T(), 0, L(0, 0), 5.0), call(Y, 1, V([[0], [1], [2]], int64), value=2.5),
                call(Y, 1, V([[0], [1], [2]], int64), T(3, 1), reduce="add"), call(Y, 0, V([[0, 0, 1, 2]], int64), T(1, 4), reduce="multiply"),
                error(Y, 0, V([[3, 0, 0, 0]], int64), T(1, 4))],
    "scatter_add": [call(Y, 0, I(5, 4, high=3), T(5, 4)), call(Y, 1, V([[0, 0, 0]], int64), T(1, 3)), call(T(3), 0, L(1, 1, 1), T(3)),
                    error(Y, 0, V([[3, 0, 0, 0]], int64), T(1, 4)), error(Y, 0, I(4, 5, high=3), T(4, 4))],
    "scatter_reduce": [call(Y, 0, I(5, 4, high=3), T(5, 4), how, include_self=own)
                       for how in ("sum", "prod", "mean", "amax", "amin") for own in (True, False)],
    "index_add": [call(Y, 0, L(0, 2, 0), T(3, 4)), call(Y, 1, L(1, 1), T(3, 2), alpha=2), error(Y, 0, L(3), T(1, 4))],
    "index_copy": [call(Y, 0, L(0, 2), T(2, 4)), error(Y, 0, L(3), T(1, 4))],
    "index_fill": [call(Y, 0, L(0, 2), 5.0), call(T(), 0, L(0, 0), 5.0), call(Y, 1, L(-1), 2), call(Y, 0, L(1), T().constant()), error(Y, 0, L(3), 1.0)],
    "index_put": [call(Y, (L(0, 2),), T(2, 4)), call(Y, (L(0, 0), L(1, 1)), T(2), accumulate=True), call(Y, (B(3, 4),), T())],
    "index_reduce": [call(Y, 0, L(0, 2, 0), T(3, 4), how) for how in ("prod", "mean", "amax", "amin")],
    "select_scatter": [call(Y, T(4), 0, 1)], "slice_scatter": [call(Y, T(2, 4), 0, 1, 3), call(Y, T(3, 2), 1, 0, 4, 2)],
    "diagonal_scatter": [call(T(3, 3), T(3))],
    "Tensor.__getitem__": [call(X, key) for key in (
        0, -1, slice(1, None), slice(None, None, 2), (0, 1), (slice(None), 1), (..., 0), (None, 0), (slice(0, 0),), ..., None,
        (0, 1, 2), (slice(None), None, slice(1, 3)), True, [0, 1], (slice(5, 9),))] + [
        call(X, L(1, 0, 1)), call(X, (L(1, 0), L(2, 2))), call(X, (slice(None), L(1, -1))), call(X, (L(0, 1), slice(None), L(3, 0))),
        call(Y, B(3, 4)), call(Y, (B(3), 1)), call(X, (..., B(4))), call(Y, (I(2, 2, high=3),)), call(X, (0, L(1, 2))), call(Y, V([], int64)),
        error(X, 2), error(X, (0, 0, 0, 0)), error(X, L(2)), error(Y, B(4, 4)), error(X, 1.5), error(X, slice(None, None, -1)), error(T(), 0)],
    "Tensor.__setitem__": [call(X, 0, 1.5), call(X, (slice(None), 1), T(2, 4)), call(X, (..., 0), T(3)), call(Y, B(3, 4), 2.0),
                           call(Y, L(0, 0), T(2, 4)), call(Y, (L(0, 1), L(1, 1)), T(2)), call(Y, slice(None, None, 2), T(4)),
                           call(Y, B(3, 4), T()), error(Y, 0, T(3)), error(Y, 3, 1.0), error(Y, L(5), 1.0)],
    "nonzero": [call(V([[0.0, 1.0], [2.0, 0.0]])), call(T(3, 4)), call(T()), call(V([0.0, nan, -0.0])), call(T(0, 3)),
                call(V([[0.0, 1.0], [2.0, 0.0]]), as_tuple=True)],
    "nonzero_static": [call(V([[0.0, 1.0], [2.0, 0.0]]), size=2), call(T(3), size=5), call(V([0.0, 1.0]), size=3, fill_value=7)],
    "argwhere": [call(V([[0.0, 1.0], [2.0, 0.0]]))],
    "sort": [call(T(7)), call(tie, stable=True), call(Y, 0), call(Y, 1, True), call(X, -2, descending=True), call(T()), call(T(0)),
             call(V([nan, 1.0, inf, -inf, nan, 0.0, -0.0]), stable=True), call(V([nan, 1.0, inf]), descending=True),
             call(tie, descending=True, stable=True), call(T(301, 1000), 1, tags="large"), error(Y, 2)],
    "argsort": [call(T(7)), call(tie, stable=True), call(Y, 0, True), call(tie, descending=True, stable=True)],
    "msort": [call(Y)],
    "topk": [call(T(7), 3), call(Y, 2, 0), call(Y, 2, 1, False), call(Y, 4, dim=-1, largest=True, sorted=True), call(T(), 1), call(T(), 0), call(T(5), 0),
             call(V([1.0, nan, 3.0, inf]), 2), call(T(5), 5, sorted=False), error(T(3), 4), error(T(3), -1)],
    "kthvalue": [call(T(7), 3), call(Y, 2, 0), call(Y, 1, 1, True), error(T(3), 4), error(T(3), 0)],
    "searchsorted": [call(V([1.0, 3.0, 3.0, 5.0]), T(2, 3, low=0, high=6)), call(V([1.0, 3.0, 3.0, 5.0]), V([3.0, 5.0]), right=True),
                     call(V([[1.0, 3.0], [2.0, 4.0]]), V([[3.0], [1.0]])), call(V([1.0, 3.0]), 2.0), call(V([1.0, 3.0]), V([3.0]), side="right")],
    "bucketize": [call(T(2, 3), V([-1.0, 0.0, 1.0])), call(V([0.0, 1.0]), V([0.0, 1.0]), right=True), call(2.0, V([1.0, 3.0]))],
    "isin": [call(Y, T(3)), call(V([1.0, 2.0, 3.0]), V([2.0])), call(V([1.0, 2.0]), V([2.0]), invert=True), call(V([1.0]), 1.0),
             call(V([1.0, 2.0, 3.0]), V([3.0, 2.0]), assume_unique=True)],
    "nn.functional.one_hot": [call(I(3, 2, high=4)), call(I(3, high=4), 6), call(I(high=3)), error(L(-1)), error(L(4), 3)],
    "nn.functional.embedding": [call(I(2, 3, high=5), T(5, 4)), call(I(4, high=5), T(5, 4), 2), call(L(2, 2, -1 + 1), T(5, 4), padding_idx=-3),
                                call(I(4, high=5), T(5, 4), scale_grad_by_freq=True), call(V([], int64), T(5, 4)),
                                call(I(6, high=5), T(5, 4, low=1).constant(), None, 1.0), call(I(6, high=5), T(5, 4, low=1).constant(), max_norm=1.0, norm_type=1.0), error(L(5), T(5, 4)), error(L(-1), T(5, 4))],
}  # fmt: skip
