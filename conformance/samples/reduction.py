"""Reductions and scans over dimensions."""

import torch

from .spec import S, T, V, call, error, once, reduction

inf, nan = float("inf"), float("nan")
scan = [call(T(3, 4), 0), call(T(3, 4), dim=1), call(T(2, 3, 4), -2), call(T(), 0), call(T(0, 3), 1), call(T(5), 0),
        call(S(2, 20), 1), call(V([[1.0, 0.0, 2.0, 0.0], [0.0, -1.0, -1.0, 3.0]]), 1), error(T(3), 1),
        call(T(301, 1000), 1, tags="large"), call(T(1000, 301), 0, tags="large")]  # fmt: skip
ties = [call(V([2.0, 1.0, 2.0, 2.0])), call(V([[2.0, 1.0, 2.0], [3.0, 3.0, 0.0]]), 1), call(V([[2.0, nan, 2.0], [nan, nan, 0.0]]), 1),
        call(V([[inf, -inf], [inf, inf]]), 1)]  # fmt: skip
tied = [call(*item.args[:1], item.args[1] if len(item.args) > 1 else 0) for item in ties]

SAMPLES = {
    "sum": reduction(dtype=[torch.float64, torch.int64]),
    "nansum": reduction(dtype=[torch.float64]),
    "mean": reduction(dtype=[torch.float64]),
    "nanmean": reduction(dtype=[torch.float64]),
    "prod": reduction(several=False, dtype=[torch.float64]) + [
        call(V([2.0, 0.0, 3.0])), call(V([0.0, 0.0, 3.0])), call(V([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]]), 1)],
    "amax": reduction(empty=False) + ties + [call(T(2, 3, 4), dim=()), call(T(2, 3), ())],
    "amin": reduction(empty=False) + ties,
    "aminmax": [call(T(3, 4)), call(T(3, 4), dim=1), call(T(3, 4), dim=0, keepdim=True), call(T()), call(V([2.0, nan, 1.0]))],
    "argmax": reduction(several=False, empty=False) + ties,
    "argmin": reduction(several=False, empty=False) + ties,
    "hash_tensor": reduction(empty=False, mode=[0]) + [
        error(T(3), mode=1), error(T(2, 0, 3), 1), error(T(3), mode=0.5), call(T(2, 0, 3), 0), call(T(2, 3), ()),
        error(T(3), dtype=torch.int64)],
    "any": reduction(), "all": reduction(),
    "count_nonzero": [call(T(3, 4)), call(S()), call(T(3, 4), 1), call(T(2, 3, 4), dim=(0, -1)), call(T(0, 3), 1), call(T()),
                      error(T(3), 1)],
    "var": reduction(correction=[0, 2, 1], unbiased=[False]) + [call(T(1)), call(T(3, 1), 1), call(T(3, 4), 1, unbiased=False)],
    "std": reduction(correction=[0, 2]) + [call(T(1)), call(T(3, 1), 1), call(V([2.0, 2.0, 2.0])), call(T(3, 4), False)],
    "var_mean": reduction(correction=[0]), "std_mean": reduction(correction=[0]),
    "logsumexp": reduction(whole=False) + [
        call(V([[1000.0, 1000.0], [-1000.0, -inf]]), 1), call(V([[-inf, -inf], [inf, 0.0]]), 1), call(V([[inf, -inf]]), 1)],
    "norm": [call(T(3, 4)), call(T()), call(V([0.0, 0.0])), call(S(2, 9), 2, 1)]
            + [call(T(3, 4), p) for p in (0, 1, 2, 3, 0.5, inf, -inf, "fro", "nuc")]
            + [call(T(2, 3, 4), p, d, k) for p in (1, 2, inf, "fro") for d, k in ((1, False), ((0, 2), True))],
    "linalg.vector_norm": [call(T(3, 4)), *(call(T(3, 4), p) for p in (0, 1, 2, 3, 0.5, -1, inf, -inf)),
                           call(T(3, 4), 2, 1), call(T(2, 3, 4), 3, (0, 2), True), call(V([0.0, 0.0])), call(S(2, 9), 1, 0)],
    "median": [call(T(5)), call(T(0).constant()), call(T(4)), call(T(3, 4), 1), call(T(3, 4), dim=0, keepdim=True), call(V([1.0, nan, 2.0])), *tied],
    "nanmedian": [call(T(5)), call(T(3, 4), 1), call(V([1.0, nan, 2.0]))],
    "mode": [call(T(5)), call(V([[1.0, 2.0, 2.0, 1.0], [3.0, 3.0, 1.0, 1.0]]), 1), call(T(3, 4), 0, True)],
    "quantile": [call(T(7), q) for q in (0.0, 0.3, 0.5, 1.0)] + [
        call(T(3, 5), 0.4, dim=1, interpolation=how) for how in ("linear", "lower", "higher", "nearest", "midpoint")] + [
        call(T(3, 5), V([0.1, 0.9]).constant(), 1, keepdim=True)],
    "nanquantile": [call(V([1.0, nan, 3.0, 2.0]), 0.5), call(T(3, 5), 0.4, dim=1)],
    "cumsum": scan + [call(T(3, 4), 1, dtype=torch.float64)], "cumprod": scan, "logcumsumexp": scan,
    "cummax": scan + tied, "cummin": scan + tied,
    "diff": [call(T(5)), call(T(3, 5), 2), call(T(3, 5), 1, 0), call(T(3, 5), dim=1, prepend=T(3, 1), append=T(3, 2))],
    "trace": [call(T(3, 3)), call(T(2, 4)), error(T(3))],
    "unique": [error(T(3, dtype=torch.complex64)), error(T(3, dtype=torch.complex64), dim=0), call(V([3.0, 1.0, 3.0, 2.0])), call(V([[1.0, 1.0], [2.0, 1.0]]), return_inverse=True, return_counts=True),
               call(V([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]]), dim=0)],
    "unique_consecutive": [error(T(3, dtype=torch.complex64)), call(V([1.0, 1.0, 2.0, 1.0])), call(V([1.0, 1.0, 2.0, 1.0]), return_inverse=True, return_counts=True)],
    "histc": [call(T(20), 5), call(T(20), bins=4, min=-1, max=1)],
    "bincount": [call(V([0, 2, 2, 5], torch.int64)), call(V([0, 1, 1], torch.int64), V([0.5, 1.0, 2.0]).constant()),
                 call(V([0, 1], torch.int64), minlength=5), error(V([-1], torch.int64))],
}  # fmt: skip

SAMPLES["norm"] += [call(T(3, 4), dtype=torch.float64)]
SAMPLES["linalg.vector_norm"] += [call(T(3, 4), dtype=torch.float64)]

# What float16 holds of numbers whose sum and whose squares it does not hold.
for name in ("sum", "mean", "nansum", "nanmean", "var", "std", "norm", "linalg.vector_norm", "logsumexp"):
    SAMPLES[name] += [once(V([[6e4, 5e4, 4e4], [6e4, -6e4, 3e4]]), **({"dim": 1} if name == "logsumexp" else {}))]
