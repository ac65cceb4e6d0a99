"""Functions of `torch` itself whose namesakes in `nn.functional` take other arguments."""

import torch

from .spec import I, T, call, error

stat = T(4, low=0.5, high=1.0).constant()

SAMPLES = {
    "batch_norm": [call(T(3, 4, 2), T(4), T(4), None, None, True, 0.1, 1e-5, False), call(T(3, 4), None, None, stat, stat, False, 0.1, 1e-3, True),
                   call(T(3, 4, 5), T(4), None, stat, stat, True, 0.3, 1e-5, True)],
    "instance_norm": [call(T(3, 4, 5), T(4), T(4), None, None, True, 0.1, 1e-5, False), call(T(3, 4, 5), None, None, stat, stat, False, 0.1, 1e-3, True),
                      call(T(3, 4, 5), T(4), None, stat, stat, True, 0.3, 1e-5, True), error(T(3, 4, 5), None, None, None, None, False, 0.1, 1e-5, False)],
    "max_pool1d": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), (2,), 1, 0, 2), call(T(3, 9), 2, 3, ceil_mode=True), error(T(3, 9), 2, 1, 2)],
    "max_pool2d": [call(T(2, 3, 7, 6), 3), call(T(3, 7, 6), (3, 2), [], 1), call(T(3, 7, 6), 2, 1, 0, (1, 2)), call(T(3, 7, 6), 2, 3, ceil_mode=True), error(T(9), 2)],
    "max_pool3d": [call(T(2, 3, 4, 5, 4), 2), call(T(1, 4, 5, 4), (2, 3, 2), [], 1), call(T(1, 4, 5, 4), 2, 1, 0, (1, 2, 1)), call(T(1, 4, 5, 4), 2, 3, ceil_mode=True)],
    "max_pool1d_with_indices": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), (2,), 1, 0, 2), call(T(3, 9), 2, 3, ceil_mode=True)],
    "avg_pool1d": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), 3, 2, 1, count_include_pad=False), call(T(3, 9), 2, 3, ceil_mode=True), error(T(3, 9), 2, 1, 2)],
    "adaptive_avg_pool1d": [call(T(2, 3, 9), 4), call(T(3, 9), (2,)), error(T(3, 9), (2, 3))],
    "adaptive_max_pool1d": [call(T(2, 3, 9), 4), call(T(3, 9), (2,)), error(T(3, 9), (2, 3))],
    "embedding": [call(T(5, 3), I(4, high=4)), call(T(5, 3), I(2, 4, high=4), 2), call(T(5, 3), I(6, high=4), -1, True), call(T(5, 3), I(6, high=4), sparse=False),
                  error(T(5, 3), torch.tensor([5])), error(T(5), I(2, high=4)), error(T(5, 3), T(2))],
    "bilinear": [call(T(3, 4), T(3, 2), T(5, 4, 2)), call(T(3, 4), T(3, 2), T(5, 4, 2), T(5)), error(T(3, 4), T(3, 2), T(5, 2, 4))],
    "affine_grid_generator": [call(T(2, 2, 3), [2, 3, 4, 5], align) for align in (True, False)] + [call(T(1, 3, 4), (1, 2, 3, 2, 2), False)],
    "grid_sampler": [call(T(1, 2, 4, 5), T(1, 3, 3, 2, low=-1.2, high=1.2), mode, padding, align)
                     for mode in (0, 1, 2) for padding in (0, 1, 2) for align in (True, False)],
    "conv_tbc": [call(T(5, 2, 3), T(2, 3, 4), T(4)), call(T(5, 2, 3), T(2, 3, 4), T(4), 1), error(T(5, 2, 3), T(2, 3, 4), T(5)), error(T(5, 2), T(2, 3, 4), T(4))],
}  # fmt: skip
SAMPLES["nn.functional.conv_tbc"] = SAMPLES["conv_tbc"]
