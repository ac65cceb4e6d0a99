"""What a mask leaves: reductions, scans, normalisations."""

import torch

from .spec import B, T, V, call, error

X, inf, nan = T(3, 4), float("inf"), float("nan")
NONE = V([[False] * 4, [True] * 4, [True, False, True, False]], torch.bool)  # a row that is masked out, one that is not


def along(*before, whole=True):
    """Calls along a dimension, with all kinds of masks; `before`: arguments between the tensor and `dim`."""
    made = [call(X, *before, 1), call(X, *before, 1, mask=B(3, 4)), call(X, *before, 0, mask=B(4)),
            call(X, *before, -1, mask=B(3, 1)), call(X, *before, 1, mask=NONE), call(T(), *before, 0, mask=B()),
            call(X, *before, dim=0, mask=V([1, 0, 2, 0], torch.int64)), call(X, *before, dim=1, mask=B()),
            call(X, *before, 1, mask=B(3, 4), dtype=torch.float64), call(T(2, 0), *before, 0, mask=B(2, 0)),
            call(V([[1.0, 0.0, inf, nan]]), *before, 1, mask=V([[True, True, False, False]], torch.bool)),
            error(X, *before, 2, mask=B(3, 4)), error(X, *before, 1, mask=B(2, 3, 4)), error(X, *before, 1, mask=B(3))]  # fmt: skip
    if whole:
        made += [call(X, *before), call(X, *before, mask=B(3, 4)), call(T(), *before, mask=B()), call(X, *before, mask=B(3, 4), keepdim=True)]
        made += [call(X, *before, 1, keepdim=True, mask=B(3, 4))]
    return made


several = [call(T(2, 3, 4), (0, 2), mask=B(3, 4)), call(T(2, 3, 4), dim=(-1, 0), keepdim=True, mask=B(2, 3, 4)),
           call(X, (), mask=B(3, 4)), error(X, (0, 0), mask=B(3, 4))]  # fmt: skip
moments = [call(X, 1, correction=0, mask=B(3, 4)), call(X, correction=2, mask=B(3, 4)), call(X, 0, False, mask=B(3, 4)),
           call(X, 0, unbiased=True, mask=NONE), error(X, 0, True, correction=1)]  # fmt: skip

SAMPLES = {
    "masked.sum": along() + several, "masked.prod": along() + several, "masked.mean": along() + several,
    "masked.amax": along() + several, "masked.amin": along() + several,
    "masked.argmax": along(), "masked.argmin": along(),
    "masked.median": along(whole=False) + [call(X), call(X, mask=NONE, keepdim=True)],
    "masked.logsumexp": along() + several,
    "masked.logaddexp": [call(X, X), call(X, X, input_mask=B(3, 4)), call(X, X, other_mask=B(4), input_mask=B(3, 1)),
                         call(X, X, dtype=torch.float64, other_mask=B(3, 4)), call(T(), T(3), input_mask=B()),
                         error(X, X, input_mask=B(3))],
    "masked.norm": along(2.0) + [call(X, p, d, mask=NONE) for p in (1, 3, 0, inf, -inf) for d in (None, 1)] + [call(X, ord=1.0)],
    "masked.var": along() + several + moments, "masked.std": along() + several + moments,
    "masked.cumsum": along(whole=False), "masked.cumprod": along(whole=False), "masked.softmax": along(whole=False),
    "masked.log_softmax": along(whole=False), "masked.softmin": along(whole=False),
    "masked.normalize": along(2.0, whole=False) + [call(X, 1.0, 1, eps=0.5, mask=B(3, 4)), call(X, inf, 0, mask=NONE)],
}  # fmt: skip
