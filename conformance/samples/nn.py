"""Convolutions, pooling, normalisation, losses, upsampling, attention."""

import torch

from .spec import B, I, L, T, V, call, error

F = "nn.functional."
int64 = torch.int64
reductions = ("mean", "sum", "none")
inf = float("inf")
labels = V([[1, 2, 3], [1, 1, 2]], int64)
signs = V([1.0, -1.0, 1.0, -1.0])
log_softmax = lambda t: t.log_softmax(2)

conv1 = (T(2, 4, 9), T(6, 4, 3))
conv2 = (T(2, 4, 7, 8), T(6, 4, 3, 3))
conv3 = (T(1, 2, 5, 5, 6), T(4, 2, 3, 3, 2))
SAMPLES = {
    F + "conv1d": [call(*conv1), call(*conv1, T(6)), call(*conv1, T(6), 2, 1, 2), call(T(2, 4, 9), T(6, 2, 3), None, groups=2), call(T(4, 9), T(6, 4, 3)),
                   call(*conv1, padding="same"), call(*conv1, padding="valid"), error(T(2, 3, 9), T(6, 4, 3)), error(T(2, 4, 2), T(6, 4, 3))],
    F + "conv2d": [call(*conv2), call(*conv2, T(6)), call(*conv2, T(6), 2), call(*conv2, stride=(2, 1), padding=(1, 2)), call(*conv2, T(6), dilation=2),
                   call(*conv2, dilation=(1, 2), padding="same"), call(T(2, 4, 7, 8), T(6, 2, 3, 3), T(6), groups=2), call(T(2, 4, 5, 5), T(8, 1, 3, 3), groups=4),
                   call(T(2, 3, 6, 19), T(3, 1, 3, 2), T(3), (2, 3), (1, 2), (1, 2), 3), call(T(1, 4, 5, 4), T(4, 1, 2, 3), T(4), 1, 1, (2, 1), 4),
                   call(T(2, 4, 5, 5), T(6, 4, 1, 1)), call(T(4, 7, 8), T(6, 4, 3, 3)), call(T(0, 4, 7, 8), T(6, 4, 3, 3), T(6)), call(T(2, 3, 4, 4), T(5, 3, 4, 4)),
                   call(T(4, 8, 30, 31), T(16, 8, 3, 3), T(16), padding=1, tags="large"),
                   error(T(2, 4, 2, 2), T(6, 4, 3, 3)), error(T(2, 3, 7, 8), T(6, 4, 3, 3)), error(*conv2, T(5)), error(*conv2, stride=0)],
    F + "conv3d": [call(*conv3), call(*conv3, T(4), 2, 1), call(T(1, 4, 4, 4, 4), T(4, 2, 2, 2, 2), groups=2), call(T(2, 2, 4, 3, 5), T(4, 1, 2, 2, 2), T(4), (2, 1, 2), 1, groups=2)],
    F + "conv_transpose1d": [call(T(2, 4, 5), T(4, 6, 3)), call(T(2, 4, 5), T(4, 3, 3), T(6), 2, 1, 1, 2)],
    F + "conv_transpose2d": [call(T(2, 4, 4, 5), T(4, 1, 3, 2), T(4), (2, 3), 1, groups=4), call(T(2, 4, 4, 5), T(4, 6, 3, 3)), call(T(2, 4, 4, 5), T(4, 6, 3, 3), T(6), 2, 1), call(T(2, 4, 4, 5), T(4, 3, 3, 3), stride=2,
                             output_padding=1, groups=2, dilation=2)],
    F + "conv_transpose3d": [call(T(1, 2, 3, 3, 3), T(2, 3, 2, 2, 2)), call(T(1, 2, 3, 3, 3), T(2, 3, 2, 2, 2), T(3), 2, 1)],
    F + "max_pool1d": [call(T(2, 3, 9), 3), call(T(2, 3, 9), 3, 2, 1, 1), call(T(2, 3, 9), 2, ceil_mode=True), call(T(2, 3, 9), 2, return_indices=True)],
    F + "max_pool2d": [call(T(2, 3, 7, 8), 2), call(T(2, 3, 7, 8), 3, 2, 1), call(T(2, 3, 7, 8), (2, 3), (1, 2)), call(T(2, 3, 7, 8), 3, 2, ceil_mode=True),
                       call(T(2, 3, 7, 8), 2, dilation=2), call(T(3, 7, 8), 2), call(T(2, 3, 6, 6), 2, return_indices=True),
                       call(V([[[[1.0, 1.0], [1.0, float("nan")]]]]), 2), call(V([[[[2.0, 2.0], [2.0, 2.0]]]]), 2), error(T(2, 3, 4, 4), 5), error(T(2, 3, 4, 4), 2, padding=2)],
    F + "max_pool3d": [call(T(1, 2, 4, 5, 4), 2), call(T(1, 2, 4, 5, 4), 2, 1, 1)],
    **{F + f"fractional_max_pool2d{end}": [
        call(T(2, 3, 6, 7), 2, (3, 4)), call(T(2, 3, 6, 7), (2, 3), output_ratio=(0.5, 0.6)), call(T(3, 6, 7), 2, 3), call(T(2, 3, 6, 7), 3, 1, return_indices=True),
        call(T(2, 3, 12, 13), 3, 5, _random_samples=T(2, 3, 2, low=0, high=1).constant()), call(T(3, 12, 13), 3, (5, 7), None, True, T(1, 3, 2, low=0, high=1).constant()),
        call(T(2, 3, 6, 7), 1, (6, 7)), call(T(0, 3, 6, 7), 2, 3), call(T(1, 1, 4, 4).map(torch.round), 2, 2, return_indices=True),
        call(V([[[[1.0, float("nan"), 2.0, float("nan")], [1.0, 1.0, 1.0, 1.0], [-inf] * 4, [-inf] * 4]]]), 2, 2, return_indices=True),
        error(T(2, 3, 6, 7), 2), error(T(2, 3, 6, 7), 4, 4), error(T(6, 7), 2, 3), error(T(1, 2, 3, 6, 7), 2, 3), error(T(2, 3, 6, 7), (2, 2, 2), 3),
        error(T(2, 0, 6, 7), 2, 3), error(T(2, 3, 6, 7), 2, 3, _random_samples=T(2, 3, 3)), error(T(2, 3, 6, 7), 2, output_ratio=(0.5, 0.5, 0.5))] for end in ("", "_with_indices")},
    **{F + f"fractional_max_pool3d{end}": [
        call(T(2, 3, 6, 7, 5), 2, (3, 4, 2)), call(T(2, 3, 6, 7, 5), (2, 3, 1), output_ratio=(0.5, 0.6, 0.9)), call(T(3, 6, 7, 5), 2, 3),
        call(T(1, 2, 9, 8, 7), 3, (4, 3, 2), None, True, T(1, 2, 3, low=0, high=1).constant()), call(T(0, 3, 6, 7, 5), 2, 3), call(T(1, 1, 4, 4, 4).map(torch.round), 2, 2, return_indices=True),
        error(T(2, 3, 6, 7, 5), 2), error(T(2, 3, 6, 7, 5), 4, 4), error(T(6, 7, 5), 2, 3), error(T(2, 3, 6, 7, 5), 2, 3, _random_samples=T(2, 3, 2))] for end in ("", "_with_indices")},
    F + "avg_pool1d": [call(T(2, 3, 9), 3), call(T(2, 3, 9), 3, 2, 1, False, False), call(T(2, 3, 9), 2, ceil_mode=True)],
    F + "avg_pool2d": [call(T(2, 3, 7, 8), 2), call(T(2, 3, 7, 8), 3, 2, 1), call(T(2, 3, 7, 8), 3, 2, 1, count_include_pad=False), call(T(2, 3, 7, 8), 3, 2, ceil_mode=True),
                       call(T(2, 3, 7, 8), (2, 3), divisor_override=5), call(T(3, 7, 8), 2), error(T(2, 3, 4, 4), 5)],
    F + "avg_pool3d": [call(T(1, 2, 4, 5, 4), 2), call(T(1, 2, 4, 5, 4), 2, 1, 1, count_include_pad=False)],
    F + "adaptive_avg_pool1d": [call(T(2, 3, 9), 4), call(T(2, 3, 9), 1)],
    F + "adaptive_avg_pool2d": [call(T(2, 3, 7, 8), 1), call(T(2, 3, 7, 8), (3, 4)), call(T(2, 3, 7, 8), (None, 2))],
    F + "adaptive_max_pool1d": [call(T(2, 3, 9), 4)], F + "adaptive_max_pool2d": [call(T(2, 3, 7, 8), (3, 4)), call(T(2, 3, 7, 8), 2, return_indices=True)],
    F + "lp_pool1d": [call(T(2, 3, 8), 2.0, 2), call(T(2, 3, 8), inf, 3, 2), call(T(2, 3, 8), -inf, 2), call(T(2, 3, 8), 3.0, 3, 2, True)], F + "lp_pool2d": [call(T(2, 3, 6, 6), 2.0, 2), call(T(2, 3, 6, 6), inf, 2), call(T(2, 3, 6, 6, low=0.1), 1.5, (2, 3))],
    F + "fold": [call(T(1, 8, 12), (4, 5), (2, 2)), call(T(1, 8, 9), (4, 4), 2, padding=1, stride=2), call(T(8, 12), (4, 5), 2), call(T(0, 4, 4), 3, 2), call(T(1, 4, 4), 5, 2, 3, 1, 2),
                   error(T(1, 5, 4), 3, 2), error(T(1, 4, 5), 3, 2), error(T(1, 4, 4), 3, 0), error(T(1, 4, 4), 3, 2, 0), error(T(1, 4, 4), 3, 2, padding=-1), error(T(4), 3, 2)],
    F + "unfold": [call(T(1, 2, 4, 5), 2), call(T(2, 2, 5, 6), (2, 3), 1, 1, 2), call(T(2, 2, 5, 6), 2, dilation=2), call(T(0, 2, 4, 5), 2), call(T(2, 4, 5), 2),
                     error(T(2, 0, 4, 5), 2), error(T(2, 3), 2), error(T(1, 1, 2, 2), 3), error(T(1, 1, 2, 2), 1, stride=0), error(T(1, 1, 2, 2), 1, padding=-1), error(T(1, 1, 2, 2), (1, 1, 1))],
    F + "batch_norm": [call(T(4, 3, 5), T(3).constant(), T(3, low=0.5).constant()), call(T(4, 3, 5), T(3).constant(), T(3, low=0.5).constant(), T(3), T(3), True),
                       call(T(4, 3), None, None, training=True), call(T(4, 3, 2, 2), T(3).constant(), T(3, low=0.5).constant(), T(3), T(3), True, 0.3, 1e-3),
                       call(T(4, 3), T(3).constant(), T(3, low=0.5).constant(), T(3), None, False, 0.1, 0.5), error(T(1, 3), None, None, training=True)],
    F + "instance_norm": [call(T(2, 3, 5)), call(T(2, 3, 5), weight=T(3), bias=T(3), eps=0.1),
                             call(T(2, 3, 5), T(3).constant(), T(3, low=0.5).constant(), use_input_stats=False)],
    F + "layer_norm": [call(T(2, 3, 4), (4,)), call(T(2, 3, 4), (3, 4), T(3, 4), T(3, 4)), call(T(2, 3, 4), [4], T(4), None, 0.5), call(T(2, 1), (1,)), call(T(0, 4), (4,)),
                       call(T(301, 400), (400,), T(400), T(400), tags="large"), error(T(2, 3), (4,))],
    F + "group_norm": [call(T(2, 6, 4), 2), call(T(2, 6, 4), 3, T(6), T(6), 0.1), error(T(2, 6, 4), 4)],
    F + "rms_norm": [call(T(2, 3, 4), (4,)), call(T(2, 3, 4), (3, 4), T(3, 4), 0.1)],
    F + "local_response_norm": [call(T(2, 5, 4), 3), call(T(2, 5, 4, 4), 2, 0.1, 0.5, 2.0)],
    F + "mse_loss": [call(T(3, 4), T(3, 4), reduction=r) for r in reductions] + [call(T(0), T(0)), call(T(3, 4), T(4)), call(T(3), T(3), weight=T(3, low=0.1))],
    F + "l1_loss": [call(T(3, 4), T(3, 4), reduction=r) for r in reductions] + [call(V([1.0, 2.0]), V([1.0, 3.0]))],
    F + "smooth_l1_loss": [call(T(3, 4), T(3, 4), reduction=r, beta=b) for r in reductions for b in (1.0, 0.3, 0.0)] + [call(V([0.0, 1.0, 2.0]), V([1.0, 1.0, 1.0]))],
    F + "huber_loss": [call(T(3, 4), T(3, 4), reduction=r, delta=d) for r in reductions for d in (1.0, 0.3)] + [call(V([0.0, 1.0, 2.0]), V([1.0, 1.0, 1.0]))],
    F + "cross_entropy": [call(T(4, 5), I(4, high=5), reduction=r) for r in reductions] + [
        call(T(4, 5), I(4, high=5), T(5, low=0.1).constant()), call(T(4, 5), L(0, -100, 2, -100)), call(T(4, 5), L(0, 1, 2, 1), ignore_index=1), call(T(4, 5), L(1, 2, 3, 4), label_smoothing=0.2),
        call(T(4, 5), T(4, 5, low=0, high=1).constant()), call(T(5), L(3).map(lambda t: t[0])), call(T(2, 5, 3), I(2, 3, high=5)), call(T(2, 5, 3), I(2, 3, high=5), reduction="none", label_smoothing=0.1),
        call(T(4, 5), L(1, 0, 3, 4), T(5, low=0.1).constant(), label_smoothing=0.3), call(T(2, 3, low=-500, high=500), L(0, 2)), error(T(4, 5), L(5, 0, 0, 0)), error(T(4, 5), I(3, high=5))],
    F + "linear_cross_entropy": [call(T(4, 3), T(5, 3), I(4, high=5), reduction=r) for r in reductions] + [
        call(T(4, 3), T(5, 3), L(0, 1, 2, 1), linear_bias=T(5), weight=T(5, low=0.1).constant(), ignore_index=1), call(T(3), T(5, 3), L(3).map(lambda t: t[0]), label_smoothing=0.2),
        call(T(2, 3), T(5, 2, 3), I(2, 2, high=5), linear_bias=T(5, 2), options=None), call(T(4, 3), T(5, 3), T(4, 5, low=0, high=1).constant()), call(T(0, 3), T(5, 3), I(0, high=5)),
        call(T(4, 0), T(5, 0), I(4, high=5)), error(T(4, 3), T(5, 2), I(4, high=5)), error(T(4, 3), T(5), I(4, high=5)), error(T(3), T(5, 2, 3), I(2, high=5)), error(T(2, 2, 3), T(5, 3), I(2, high=5)),
        error(T(4, 3), T(5, 3), I(4, high=5), linear_bias=T(4)), error(T(4, 3), T(5, 3), T(4, 5, low=0, high=1), ignore_index=1), error(T(4, 3), T(5, 3), L(5, 0, 0, 0))],
    F + "nll_loss": [call(T(4, 5, high=0), I(4, high=5), reduction=r) for r in reductions] + [call(T(4, 5), I(4, high=5), T(5, low=0.1).constant(), ignore_index=2), call(T(2, 5, 3, 2), I(2, 3, 2, high=5)),
        error(T(4, 5), L(5, 0, 0, 0))],
    F + "binary_cross_entropy": [call(T(3, 4, low=0.05, high=0.95), T(3, 4, low=0, high=1), reduction=r) for r in reductions] + [
        call(V([0.0, 1.0, 0.0, 1.0]), V([0.0, 0.0, 1.0, 1.0]).constant()), call(T(3, low=0.1, high=0.9), T(3, low=0, high=1), T(3, low=0.1).constant()), error(V([1.5]), V([0.5]))],
    F + "binary_cross_entropy_with_logits": [call(T(3, 4), T(3, 4, low=0, high=1), reduction=r) for r in reductions] + [
        call(T(3, 4), T(3, 4, low=0, high=1), T(4, low=0.1).constant()), call(T(3, 4), T(3, 4, low=0, high=1), pos_weight=T(4, low=0.1).constant()), call(V([0.0, 200.0, -200.0]), V([0.0, 1.0, 0.5])),
        error(T(3), T(4))],
    F + "kl_div": [call(T(3, 4, high=0), T(3, 4, low=0.01, high=1), reduction=r) for r in (*reductions, "batchmean")] + [call(T(3, 4, high=0), T(3, 4, high=0), log_target=True),
        call(V([-1.0, -2.0]), V([0.0, 1.0]))],
    F + "poisson_nll_loss": [call(T(3, 4), T(3, 4, low=0.1), li, full) for li in (True, False) for full in (True, False)],
    F + "gaussian_nll_loss": [call(T(3, 4), T(3, 4), T(3, 4, low=0.1)), call(T(3, 4), T(3, 4), T(3, 1, low=0.1), True, 0.5)],
    F + "hinge_embedding_loss": [call(T(3, 4), V([[1.0, -1.0, 1.0, -1.0]])), call(T(4), V([1.0, -1.0, 1.0, -1.0]), 0.5, reduction="none")],
    F + "margin_ranking_loss": [call(T(4), T(4), V([1.0, -1.0, 1.0, -1.0])), call(T(4), T(4), V([1.0, -1.0, 1.0, -1.0]), 0.5, reduction="sum")],
    F + "soft_margin_loss": [call(T(4), V([1.0, -1.0, 1.0, -1.0]), reduction=r) for r in reductions],
    F + "multi_margin_loss": [call(T(3, 4), I(3, high=4)), call(T(3, 4), I(3, high=4), 2, 0.5, reduction="none")],
    F + "multilabel_margin_loss": [call(T(2, 4), V([[1, 0, -1, 2], [3, -1, 0, 0]], int64))],
    F + "multilabel_soft_margin_loss": [call(T(3, 4), T(3, 4, low=0, high=1).map(torch.round), reduction=r) for r in reductions],
    F + "cosine_embedding_loss": [call(T(4, 3), T(4, 3), V([1.0, -1.0, 1.0, -1.0])), call(T(4, 3), T(4, 3), V([1.0, -1.0, 1.0, -1.0]), 0.3, reduction="none")],
    F + "triplet_margin_loss": [call(T(4, 3), T(4, 3), T(4, 3)), call(T(4, 3), T(4, 3), T(4, 3), 0.5, 1.0, swap=True, reduction="none")],
    F + "ctc_loss": [call(T(6, 2, 4).map(log_softmax), labels, L(6, 6), L(3, 2), reduction=r) for r in reductions] + [
        call(T(6, 2, 4).map(log_softmax), labels, (6, 5), (3, 2)), call(T(6, 2, 4), L(1, 2, 3, 1, 1), L(6, 4), L(3, 2), reduction="none"),
        call(T(6, 2, 4), V([[0, 1, 2], [0, 0, 1]], int64), L(6, 5), L(3, 3), 3, "none"), call(T(6, 4), L(1, 1), L(6), L(2)), call(T(6, 2, 4), labels, L(6, 5), L(0, 0)),
        *(call(T(6, 2, 4), labels, L(2, 5), L(3, 3), reduction=r, zero_infinity=z) for r in reductions for z in (True, False)),
        call(T(6, 2, 4), labels, L(0, 0), L(0, 3), reduction="none"), call(T(6, 2, 4), V([[1, 2, 3], [1, 1, 2]], torch.int32), L(6, 6), L(3, 2)),
        call(V([[[0.0, float("-inf"), -1.0]], [[-1.0, float("-inf"), 0.0]]]), V([[2]], int64), [2], [1]), call(V([[[0.0, float("nan"), -1.0]]]), V([[1]], int64), [1], [1]),
        call(T(60, 3, 30).map(log_softmax), V([[k % 29 + 1 for k in range(20)], [1] * 20, [28, 29] * 10], int64), L(60, 50, 21), L(20, 20, 19), reduction="none"),
        error(T(6, 2, 4), labels, L(7, 6), L(3, 2)), error(T(6, 2, 4), labels, L(6, 6), L(4, 2)), error(T(6, 2, 4), labels, L(6, 6), L(-1, 2)), error(T(6, 2, 4), labels, L(6, 6), L(3, 2), 4),
        error(T(6, 2, 4), labels, L(6), L(3, 2)), error(T(6, 2, 4), labels, L(6, 6), (3, 2)), error(T(6, 2, 4), L(1, 2, 3, 1), L(6, 6), L(3, 2)), error(T(0, 2, 4), labels, L(0, 0), L(0, 0)),
        error(T(6, 2, 4), labels, V([6.0, 6.0]), L(3, 2)), error(T(6, 2, 4, dtype=int64), labels, L(6, 6), L(3, 2)), error(T(6, 2, 4), labels, L(6, 6), L(3, 2), reduction="all")],
    F + "interpolate": [call(T(1, 2, 3, 4), scale_factor=2), call(T(1, 2, 3, 4), size=(5, 7), mode="nearest"), call(T(1, 2, 3, 4), size=(5, 7), mode="nearest-exact"), call(T(1, 2, 5), size=8, mode="linear"),
                        *(call(T(1, 2, 3, 4), size=(5, 7), mode=m, align_corners=a) for m in ("bilinear", "bicubic") for a in (True, False)), call(T(1, 2, 6, 8), scale_factor=0.5, mode="area"),
                        call(T(1, 1, 2, 3, 3), scale_factor=2, mode="trilinear"), call(T(1, 2, 6, 8), size=(3, 3), mode="bilinear", antialias=True),
                        call(T(1, 2, 5), scale_factor=1.7, mode="linear", recompute_scale_factor=True), call(T(1, 2, 6, 8), size=(3, 3), mode="lanczos", antialias=True), call(T(0, 2, 3, 4), size=2, mode="bilinear"),
                        error(T(1, 2, 3, 4), size=0), error(T(1, 0, 3, 4), size=2), error(T(1, 2, 3), size=2, mode="bilinear"), error(T(1, 2, 3), size=2, scale_factor=2.0), error(T(1, 2, 3, 4), size=2, align_corners=True)],
    F + "upsample": [call(T(1, 2, 3, 4), size=(5, 7)), call(T(1, 2, 3, 4), scale_factor=2, mode="bilinear", align_corners=True)],
    F + "upsample_nearest": [call(T(1, 2, 3, 4), size=(5, 7)), call(T(1, 2, 5), scale_factor=1.7)],
    F + "upsample_bilinear": [call(T(1, 2, 3, 4), size=(5, 7)), call(T(1, 2, 3, 4), scale_factor=1.7)],
    F + "grid_sample": [call(T(1, 2, 4, 5), T(1, 3, 3, 2, low=-1.2, high=1.2), m, p, a) for m in ("bilinear", "nearest", "bicubic") for p in ("zeros", "border", "reflection") for a in (True, False)],
    F + "affine_grid": [call(T(2, 2, 3), [2, 1, 3, 4], align_corners=a) for a in (True, False)] + [call(T(1, 3, 4), [1, 1, 2, 3, 3], align_corners=False)],
    F + "pixel_shuffle": [call(T(1, 8, 3, 4), 2), call(T(9, 2, 2), 3)], F + "pixel_unshuffle": [call(T(1, 2, 4, 6), 2), call(T(1, 3, 6), 3)],
    F + "channel_shuffle": [call(T(1, 4, 3, 3), 2), call(T(2, 6, 2, 2), 3)],
    F + "scaled_dot_product_attention": [call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 4)), call(T(2, 2, 3, 4), T(2, 2, 3, 4), T(2, 2, 3, 4), is_causal=True), call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 6), T(3, 5)),
                                         call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 4), B(3, 5).map(lambda t: t | torch.eye(3, 5).bool())), call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 4), scale=0.3)],
    F + "embedding_bag": [call(I(3, 4, high=6), T(6, 3), mode=m) for m in ("sum", "mean", "max")] + [
        call(I(7, high=6), T(6, 3), L(0, 3, 3), mode=m, **more) for m in ("sum", "mean", "max") for more in ({}, {"padding_idx": 2}, {"padding_idx": -1})] + [
        call(I(7, high=6), T(6, 3), L(0, 3, 3, 7), mode=m, include_last_offset=True) for m in ("sum", "mean", "max")] + [
        call(I(7, high=6), T(6, 3), L(0, 3, 5), mode=m, include_last_offset=True) for m in ("sum", "mean")] + [
        call(I(7, high=6), T(6, 3), L(0, 2, 3), None, 2.0, True, m, True) for m in ("sum", "mean")] + [
        call(I(7, high=6), T(6, 3), L(0, 2, 3), mode="sum", per_sample_weights=T(7), padding_idx=p) for p in (None, 1)] + [
        call(I(2, 3, high=6), T(6, 3), mode="sum", per_sample_weights=T(2, 3), scale_grad_by_freq=True),
        call(I(2, 3, high=6), T(6, 3).constant(), max_norm=1.5), call(I(6, high=6), T(6, 3).constant(), L(0, 2), 1.5, 1.0, mode="sum"),
        call(V([[0, 1], [3, 3]], torch.int32), T(4, 2)), call(V([0, 1, 3], torch.int32), T(4, 2), L(0, 1), mode="max"), call(V([], int64), T(4, 2), L(0, 0)),
        call(V([], int64), T(4, 2), L(0, 0), mode="max"), call(V([], int64), T(4, 2), V([], int64)), call(V([[0, 1], [1, 0]], int64), V([[float("nan")], [1.0]]), mode="max"),
        call(V([[0, 1, 2]], int64), V([[1.0, 2.0], [1.0, 2.0], [0.0, 2.0]]), mode="max"), call(V([2, 2, 1], int64), T(3, 2), L(0, 2), mode="max", padding_idx=2),
        error(L(0, 1), T(4, 2)), error(I(2, 2, high=4), T(4, 2), L(0, 1)), error(I(2, 2, high=4), T(4, 2), mode="min"), error(L(0, 1), T(4, 2), L(1)), error(L(0, 1), T(4, 2), L(0, 3)),
        error(L(0, 4), T(4, 2), L(0)), error(L(0, -1), T(4, 2), L(0)), error(L(0, 1), T(4), L(0)), error(L(0, 1), T(4, 2), L(0), padding_idx=4), error(L(0, 1), T(4, 2), L(0), mode="max", sparse=True),
        error(L(0, 1), T(4, 2), L(0), mode="max", scale_grad_by_freq=True), error(L(0, 1), T(4, 2), L(0), per_sample_weights=T(2)), error(L(0, 1), T(4, 2), L(0), mode="sum", per_sample_weights=T(3)),
        error(I(1, 2, 2, high=4), T(4, 2)), error(L(0, 1), T(4, 2), V([], int64), include_last_offset=True), error(V([[0, 1]], torch.int16), T(4, 2)), error(L(0, 1), T(4, 2), V([[0]], int64))],
}  # fmt: skip


def _recurrent(gates: int, states: int) -> list:
    """Calls of a recurrent network: input size 3, over 5 steps; one of them beside vector lanes and tiles."""

    given = lambda *shape: T(*shape).map(tame)
    weight = lambda *shape: T(*shape, low=-0.5, high=0.5).map(tame)  # larger ones let a plain network's state explode
    tame = lambda t: t / 8 if t.is_complex() else t  # larger ones come near the poles of tanh

    def parameters(layers: int, directions: int, biases: bool, hidden: int) -> list:
        made = []
        for layer in range(layers):
            for _ in range(directions):
                width = hidden * directions if layer else 3
                made += [weight(hidden * gates, width), weight(hidden * gates, hidden)] + [given(hidden * gates), given(hidden * gates)] * biases
        return made

    def one(layers: int = 1, directions: int = 1, biases: bool = True, batch_first: bool = False, p: float = 0.0,
            batch: int = 2, hidden: int = 4):  # fmt: skip
        first = [given(layers * directions, batch, hidden) for _ in range(states)]
        x = given(batch, 5, 3) if batch_first else given(5, batch, 3)
        return call(x, first if states > 1 else first[0], parameters(layers, directions, biases, hidden), biases, layers, p, p > 0,
                    directions == 2, batch_first, tags="random" if p else ())  # fmt: skip

    return [one(), one(2), one(1, 2), one(2, 2), one(biases=False), one(batch_first=True), one(2, p=0.4), one(batch=9, hidden=19)]


def _step(gates: int, states: int) -> list:
    state = [T(2, 4) for _ in range(states)] if states > 1 else T(2, 4)
    weights = (T(4 * gates, 3), T(4 * gates, 4))
    return [call(T(2, 3), state, *weights), call(T(2, 3), state, *weights, T(4 * gates), T(4 * gates))]


SAMPLES |= {
    "lstm": _recurrent(4, 2), "gru": _recurrent(3, 1), "rnn_tanh": _recurrent(1, 1), "rnn_relu": _recurrent(1, 1),
    "lstm_cell": _step(4, 2), "gru_cell": _step(3, 1), "rnn_tanh_cell": _step(1, 1), "rnn_relu_cell": _step(1, 1),
}  # fmt: skip

for _name in ("binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "hinge_embedding_loss",
              "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss",
              "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss"):  # fmt: skip
    _first = SAMPLES[F + _name][0]
    SAMPLES[F + _name] += [call(*_first.args, size_average=False), call(*_first.args, reduce=False)]  # of older programs
SAMPLES[F + "huber_loss"] += [call(T(3), T(3), weight=T(3, low=0.1))]
SAMPLES[F + "l1_loss"] += [call(T(3), T(3), weight=T(3, low=0.1))]
SAMPLES[F + "triplet_margin_loss"] += [call(T(4, 3), T(4, 3), T(4, 3), eps=0.1)]
SAMPLES[F + "lp_pool2d"] += [call(T(2, 3, 6, 7, low=0.1), 3.0, 2, 3), call(T(2, 3, 7, 7, low=0.1), 2.0, 2, ceil_mode=True)]

# The same functions where torch itself has them.
SAMPLES |= {
    "binary_cross_entropy_with_logits": [call(T(3, 4), T(3, 4, low=0, high=1)), call(T(3, 4), T(3, 4, low=0, high=1), T(4, low=0.1).constant(), None, 2),
                                         call(T(3, 4), T(3, 4, low=0, high=1), None, T(4, low=0.1).constant(), 0), call(T(3), T(3, low=0, high=1), pos_weight=T(3, low=0.1).constant(), reduction=2),
                                         call(T(4), T(3, 4, low=0, high=1), reduction=-1), error(T(3, 4), T(4)), error(T(3, 4), T(3, 4), reduction="mean")],
    "kl_div": [call(T(3, 4, high=0), T(3, 4, low=0.1, high=1), r) for r in (0, 1, 2, 3)] + [call(T(3, high=0), T(3, high=0), log_target=True), error(T(3), T(3), "sum")],
    "poisson_nll_loss": [call(T(3, 4, low=0.1), T(3, 4, low=0.1), n, f, e, r) for r, n, f, e in ((0, True, False, 0.1), (1, False, True, 0.1), (2, False, False, 0.5))] + [error(T(3), T(3))],
    "margin_ranking_loss": [call(T(4), T(4), signs), call(T(3, 4), T(3, 4), signs), *(call(T(4), T(4), signs, 0.5, r) for r in (0, 1, 2))],
    "hinge_embedding_loss": [call(T(4), signs), *(call(T(4), signs, 0.5, r) for r in (0, 1, 2))],
    "cosine_embedding_loss": [call(T(4, 3), T(4, 3), signs), *(call(T(4, 3), T(4, 3), signs, 0.3, r) for r in (0, 1, 2))],
    "triplet_margin_loss": [call(T(4, 3), T(4, 3), T(4, 3)), *(call(T(4, 3), T(4, 3), T(4, 3), m, 1.0, 0.1, True, r) for m, r in ((0.5, 0), (2.0, 1), (-1.0, 2)))],
    "ctc_loss": [call(T(6, 2, 4), labels, L(6, 5), L(3, 2)), call(T(6, 2, 4), L(1, 2, 3), L(6, 5), L(1, 2)), *(call(T(6, 2, 4), V([[0, 1, 2], [0, 0, 1]], int64), (2, 5), (3, 2), 3, r, True) for r in (0, 1, 2)), error(T(6, 2, 4), labels, L(6, 5), L(3, 2), 0, "mean")],
    "convolution": [call(T(2, 4, 9), T(6, 4, 3), T(6), (1,), (0,), (1,), False, (0,), 1), call(T(2, 4, 7, 8), T(6, 2, 3, 3), None, (2, 1), (1, 0), (1, 2), False, (0, 0), 2),
                    call(T(2, 4, 5), T(4, 6, 3), T(6), (2,), (1,), (1,), True, (1,), 1)],
    "grid_sampler_2d": [call(T(1, 2, 4, 5), T(1, 3, 3, 2, low=-1.2, high=1.2), m, p, a) for m in range(3) for p in range(3) for a in (True, False)] + [error(T(1, 2, 4, 5), T(2, 3, 3, 2), 0, 0, False)],
    "grid_sampler_3d": [call(T(1, 2, 3, 4, 5), T(1, 2, 3, 3, 3, low=-1.2, high=1.2), m, p, a) for m in range(2) for p in range(3) for a in (True, False)] + [error(T(1, 2, 3, 4, 5), T(1, 2, 3, 3, 3), 2, 0, False)],
    F + "lp_pool3d": [call(T(1, 2, 4, 4, 4, low=0.1), 2.0, 2), call(T(1, 2, 5, 5, 5, low=0.1), 3.0, 2, 3, True), call(T(1, 2, 4, 4, 4, low=0.1), 1.5, (2, 1, 2))],
    **{F + f"adaptive_max_pool{n}d_with_indices": [call(T(2, 3, *(6,) * n), 2), call(T(2, *(5,) * n), (3,) * n), call(T(1, 2, *(4,) * n), 1, return_indices=True), error(T(1, 2, *(4,) * n), -1)] for n in (1, 2, 3)},
    **{F + f"max_pool{n}d_with_indices": [call(T(2, 3, *(6,) * n), 2), call(T(1, 2, *(7,) * n), 3, 2, 1), call(T(1, 2, *(6,) * n), 2, 1, 0, 2, True), call(T(1, 2, *(4,) * n), 2, return_indices=True)] for n in (1, 2, 3)},
    "group_norm": [*SAMPLES[F + "group_norm"], call(T(2, 6, 4), 3, T(6), T(6), 0.1, False)],
    "native_layer_norm": [call(T(2, 6, 4), [4], None, None, 1e-5), call(T(2, 6, 4), [6, 4], T(6, 4), T(6, 4), 0.1), call(T(0, 4), [4], None, None, 1e-5), call(T(5), [5], T(5), None, 1e-5),
                          error(T(2, 4), [3], None, None, 1e-5)],
    "native_batch_norm": [call(T(3, 4, 2), T(4), T(4), T(4).constant(), T(4, low=0.5).constant(), t, 0.2, 0.1) for t in (True, False)] + [
                          call(T(3, 4), None, None, None, None, True, 0.1, 1e-5), call(T(1, 4), T(4), T(4), None, None, True, 0.1, 1e-5), error(T(0, 4), None, None, None, None, True, 0.1, 1e-5),
                          error(T(4), None, None, None, None, True, 0.1, 1e-5)],
    "native_group_norm": [call(T(2, 6, 2, 2), T(6), T(6), 2, 6, 4, 3, 0.1), call(T(2, 6, 2, 2), None, None, 4, 3, 4, 1, 1e-5), call(T(0, 6, 2), None, None, 0, 6, 2, 2, 1e-5),
                          error(T(2, 6, 4), None, None, 2, 6, 5, 2, 1e-5), error(T(2, 6, 4), None, None, 2, 6, 4, 4, 1e-5), error(T(2, 6, 4), None, None, 2, 6, 4, 0, 1e-5)],
    **{name: SAMPLES[F + name] for name in ("rms_norm", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle")},
}  # fmt: skip

SAMPLES[F + "scaled_dot_product_attention"] += [
    call(T(2, 4, 3, 4), T(2, 2, 5, 4), T(2, 2, 5, 4), enable_gqa=True), call(T(2, 3, 4), T(2, 5, 4), T(2, 5, 4), dropout_p=0.4, tags="random"),
    # scores of minus infinity alone, of the first query or of all; more queries than keys, and the reverse
    call(V([[[1.0, 2.0]] * 3]).constant(), V([[[-inf, 1.0], [1.0, 0.5], [0.5, 1.0]]]).constant(), T(1, 3, 2), is_causal=True),
    call(V([[[1.0, 2.0]] * 2]).constant(), V([[[-inf, -1.0]] * 3]).constant(), T(1, 3, 2)),
    call(T(2, 40, 3), T(2, 5, 3), T(2, 5, 3), is_causal=True), call(T(2, 3, 3), T(2, 40, 3), T(2, 40, 3), is_causal=True)]
_attention = (T(12, 4), T(12), None, None, False, 0.0, T(4, 4), T(4))
_later = lambda *shape: B(*shape).map(lambda t: t & (torch.arange(t.shape[-1]) > 0))  # the first key is always seen
SAMPLES[F + "multi_head_attention_forward"] = [
    call(T(3, 2, 4), T(5, 2, 4), T(5, 2, 4), 4, 2, *_attention),
    call(T(3, 4), T(5, 4), T(5, 4), 4, 1, *_attention, False, None, False),
    call(T(3, 2, 4), T(5, 2, 4), T(5, 2, 4), 4, 2, T(12, 4), None, T(1, 1, 4), T(1, 1, 4), True, 0.0, T(4, 4), None, False, _later(2, 5), True, T(3, 5).constant()),
    call(T(3, 2, 6), T(3, 2, 6), T(3, 2, 6), 6, 3, T(18, 6), T(18), None, None, False, 0.0, T(6, 6), T(6), need_weights=False, is_causal=True,
         attn_mask=T(3, 3, low=0, high=0.1).map(lambda t: torch.full((3, 3), float("-inf"), dtype=t.dtype).triu(1)).constant()),
    call(T(3, 2, 4), T(5, 2, 6), T(5, 2, 3), 4, 2, None, T(12), None, None, False, 0.0, T(4, 4), T(4), use_separate_proj_weight=True,
         q_proj_weight=T(4, 4), k_proj_weight=T(4, 6), v_proj_weight=T(4, 3), average_attn_weights=False),
    call(T(3, 2, 4), T(5, 2, 4), T(5, 2, 4), 4, 2, *_attention, static_k=T(4, 5, 2), static_v=T(4, 5, 2)),
    call(T(3, 2, 4), T(5, 2, 4), T(5, 2, 4), 4, 2, T(12, 4), T(12), None, None, False, 0.4, T(4, 4), T(4), tags="random")]  # fmt: skip
