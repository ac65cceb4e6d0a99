"""Functions of `torch` itself whose namesakes in `nn.functional` take other arguments."""

import torch

from .spec import I, T, call, error

X, Y = T(3, 4), T(3, 4, low=0.1, high=1.0)
signs = torch.tensor([1, -1, 1])
sign = lambda *shape: T(*shape, low=0.5, high=1.0).map(lambda t: t.detach().sign() * (torch.arange(t.numel()).reshape(t.shape) % 2 * 2 - 1)).constant()
reductions = (0, 1, 2, 5)
stat = T(4, low=0.5, high=1.0).constant()

SAMPLES = {
    "kl_div": [*(call(X, Y, r) for r in reductions), call(X, X, log_target=True), call(X, Y), error(X, Y, "mean")],
    "poisson_nll_loss": [*(call(X, Y, True, False, 1e-8, r) for r in reductions), call(Y, Y, False, True, 1e-3, 1),
                         call(Y, X.constant(), True, True, 1e-8, 0)],
    "cosine_embedding_loss": [*(call(X, Y, signs, 0.2, r) for r in reductions), call(X, X, -signs), error(X, T(2, 4), signs)],
    "hinge_embedding_loss": [*(call(X, sign(3, 4), 0.5, r) for r in reductions), call(X, sign(3, 4))],
    "margin_ranking_loss": [*(call(X, Y, sign(3, 4), 0.3, r) for r in reductions), call(Y, X, sign(4))],
    "triplet_margin_loss": [*(call(X, Y, T(3, 4), 1.5, 2.0, 1e-6, False, r) for r in reductions), call(X, Y, T(3, 4)),
                            call(X, Y, T(3, 4), p=3.0, eps=1e-3, swap=True)],
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
