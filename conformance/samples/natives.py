"""Functions of `torch` itself whose namesakes in `nn.functional` take other arguments."""

import math
from functools import partial

import torch

from .spec import FLOATS, I, L, S, T, V, call, error

floating_error = partial(call, tags="error", only=FLOATS)

stat = T(4, low=0.5, high=1.0).constant()

SAMPLES = {
    "batch_norm": [call(T(3, 4, 2), T(4), T(4), None, None, True, 0.1, 1e-5, False), call(T(3, 4), None, None, stat, stat, False, 0.1, 1e-3, True),
                   call(T(3, 4, 5), T(4), None, stat, stat, True, 0.3, 1e-5, True),
                   call(T(1, 4), T(4), T(4), None, None, True, 0.1, 1e-5, False), floating_error(T(4), None, None, None, None, True, 0.1, 1e-5, False)],
    "instance_norm": [call(T(3, 4, 5), T(4), T(4), None, None, True, 0.1, 1e-5, False), call(T(3, 4, 5), None, None, stat, stat, False, 0.1, 1e-3, True),
                      call(T(3, 4, 5), T(4), None, stat, stat, True, 0.3, 1e-5, True), error(T(3, 4, 5), None, None, None, None, False, 0.1, 1e-5, False),
                      call(T(3, 4, 1), T(4), T(4), None, None, True, 0.1, 1e-5, False)],
    "max_pool1d": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), (2,), 1, 0, 2), call(T(3, 9), 2, 3, ceil_mode=True), error(T(3, 9), 2, 1, 2)],
    "max_pool2d": [call(T(2, 3, 7, 6), 3), call(T(3, 7, 6), (3, 2), [], 1), call(T(3, 7, 6), 2, 1, 0, (1, 2)), call(T(3, 7, 6), 2, 3, ceil_mode=True), error(T(9), 2)],
    "max_pool3d": [call(T(2, 3, 4, 5, 4), 2), call(T(1, 4, 5, 4), (2, 3, 2), [], 1), call(T(1, 4, 5, 4), 2, 1, 0, (1, 2, 1)), call(T(1, 4, 5, 4), 2, 3, ceil_mode=True)],
    "max_pool1d_with_indices": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), (2,), 1, 0, 2), call(T(3, 9), 2, 3, ceil_mode=True)],
    "avg_pool1d": [call(T(2, 3, 9), 3), call(T(3, 9), 3, [], 1), call(T(3, 9), 3, 2, 1, count_include_pad=False), call(T(3, 9), 2, 3, ceil_mode=True), error(T(3, 9), 2, 1, 2)],
    "adaptive_avg_pool1d": [call(T(2, 3, 9), 4), call(T(3, 9), (2,)), error(T(3, 9), (2, 3))],
    "adaptive_max_pool1d": [call(T(2, 3, 9), 4), call(T(3, 9), (2,)), error(T(3, 9), (2, 3))],
    "embedding": [call(T(5, 3), I(4, high=4)), call(T(5, 3), I(2, 4, high=4), 2), call(T(5, 3), I(6, high=4), -1, True), call(T(5, 3), I(6, high=4), sparse=False),
                  error(T(5, 3), torch.tensor([5])), error(T(5), I(2, high=4)), error(T(5, 3), T(2))],
    "embedding_bag": [call(T(5, 3), I(6, high=4), L(0, 2, 2, 5), by_count, mode) for mode in (0, 1, 2) for by_count in (False, True)[: 2 - (mode == 2)]] + [
        call(T(5, 3), I(6, high=4), L(0, 2, 6), False, mode, False, None, True, None) for mode in (0, 1, 2)] + [
        call(T(5, 3), I(6, high=3), L(0, 2), False, mode, False, None, False, padding) for mode in (0, 1, 2) for padding in (1, -4)] + [
        call(T(5, 3), I(6, high=4), L(0, 2), False, 0, False, T(6), include_last_offset=False),
        call(T(5, 3), I(4, high=4).map(lambda t: t.int()), V([0, 2], torch.int32), mode=1), call(T(3, 5).map(lambda t: t.t()), I(4, high=4), L(0, 2)),
        error(T(5, 3), I(4, high=4), L(0, 2), mode=3), floating_error(T(5, 3), I(4, high=4), L(0, 2), mode=1, per_sample_weights=T(4)),
        error(T(5, 3), L(7), L(0)), error(T(5, 3), L(1), L(1))],
    "embedding_renorm_": [call(T(5, 3).constant(), I(6, high=5), 1.0, 2.0), call(T(5, 3).constant(), I(2, 2, high=5), 2.0, 1.0), call(T(5, 3).constant(), I(3, high=5), 1.5, math.inf),
                          call(T(4, 3).constant(), I(0, high=5), 0.1, 2.0), error(T(3).constant(), L(0), 1.0, 2.0), floating_error(T(3, 2).constant(), L(5), 1.0, 2.0),
                          error(T(3, 2).constant(), T(2, low=0.0, high=1.0, dtype=torch.float32).constant(), 1.0, 2.0)],
    "norm_except_dim": [call(T(3, 4)), call(T(4)), call(T(4), 3), call(T(2, 3, 4), 2, 1), call(T(2, 3, 4), 3, -1), call(T(2, 3, 4), 1, 2), call(T(3, 4), dim=-2, pow=4), error(T(3, 4), 2, 2)],
    "layer_norm": [call(T(2, 3, 4), (4,)), call(T(2, 3, 4), (3, 4), T(3, 4), T(3, 4)), call(T(2, 3), [3], T(3), None, 0.5, False), call(T(0, 4), (4,), cudnn_enable=True),
                   error(T(2, 3), (4,)), error(T(2, 3), (3,), T(2))],
    "frobenius_norm": [call(T(3, 4), 1), call(T(2, 3, 4), (0, 2), True), call(T(3, 4), ()), call(T(3, 4), dim=(-1,), keepdim=False), call(S(2, 9), 1),
                       error(T(3, 4), (0, 0)), error(T(2, 3, 4), (0, 1, 2)), error(T(3), 1)],
    "nuclear_norm": [call(T(3, 4)), call(T(2, 3, 3), (0, 2), True), call(T(2, 3, 4), True), call(T(2, 4, 3), keepdim=True), call(T(4, 3), dim=(1, 0)),
                     error(T(3)), error(T(3, 4), (0,)), error(T(3, 4), (0, 0))],
    "native_channel_shuffle": [call(T(2, 6, 3), 2), call(T(1, 6, 2, 2), 3), call(T(2, 4, 3), groups=4), error(T(2, 6), 2), error(T(2, 5, 2), 2), error(T(2, 4, 2), 0)],
    "segment_reduce": [call(T(6, 2), how, lengths=L(2, 0, 3, 1)) for how in ("sum", "mean", "prod", "max", "min")] + [
        call(T(6, 2), how, lengths=L(2, 0, 4), initial=0.5) for how in ("sum", "mean", "prod", "max", "min")] + [
        call(T(2, 4, 3), how, lengths=V([[1, 3], [4, 0]], torch.int64), axis=1) for how in ("sum", "max")] + [
        call(T(6), "mean", offsets=L(1, 3, 3, 5)), call(T(2, 4), "min", offsets=V([[0, 1, 4], [1, 1, 3]], torch.int64), axis=-1), call(T(6), "sum", lengths=V([2, 4], torch.int32), unsafe=True),
        call(V([1.0, 2.0, 2.0, 0.0, 0.0, 3.0]), "max", lengths=L(3, 3), initial=2), call(V([1.0, 2.0, 2.0, 0.0, 0.0, 3.0]), "min", lengths=L(3, 3)),
        call(V([1.0, 2.0, 0.0, 0.0, 0.0, 3.0]), "prod", lengths=L(3, 3)), call(T(0), "max", lengths=L(0, 0)), call(T(3, 0), "sum", lengths=L(3)),
        error(T(3), "total", lengths=L(3)), error(T(3), "sum"), floating_error(T(3), "sum", lengths=L(2)), floating_error(T(3), "sum", lengths=L(-1, 4)), error(T(3), "sum", indices=L(0, 0, 1)),
        floating_error(T(3, 2), "sum", lengths=L(1, 2), axis=1), floating_error(T(3), "sum", lengths=L(3), axis=1)],
    "bilinear": [call(T(3, 4), T(3, 2), T(5, 4, 2)), call(T(3, 4), T(3, 2), T(5, 4, 2), T(5)), error(T(3, 4), T(3, 2), T(5, 2, 4))],
    "affine_grid_generator": [call(T(2, 2, 3), [2, 3, 4, 5], align) for align in (True, False)] + [call(T(1, 3, 4), (1, 2, 3, 2, 2), False)],
    "grid_sampler": [call(T(1, 2, 4, 5), T(1, 3, 3, 2, low=-1.2, high=1.2), mode, padding, align)
                     for mode in (0, 1, 2) for padding in (0, 1, 2) for align in (True, False)],
    "conv_tbc": [call(T(5, 2, 3), T(2, 3, 4), T(4)), call(T(5, 2, 3), T(2, 3, 4), T(4), 1), error(T(5, 2, 3), T(2, 3, 4), T(5)), error(T(5, 2), T(2, 3, 4), T(4))],
}  # fmt: skip
SAMPLES["nn.functional.conv_tbc"] = SAMPLES["conv_tbc"]
