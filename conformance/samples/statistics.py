"""Derivatives of sampled functions, histograms, sums to a shape."""

import torch

from .spec import REALS, T, V, call, error

edges, inf = V([-3.0, -1.0, 0.5, 3.0]).constant(), float("inf")

SAMPLES = {
    "gradient": [call(T(5)), call(T(3, 4)), call(T(3, 4), spacing=0.5), call(T(3, 4), spacing=[2.0, 3]), call(T(3, 4), dim=1),
                 call(T(3, 4, 3), dim=(0, -1), spacing=2), call(T(3, 4), edge_order=2), call(T(5), spacing=[V([0.0, 1.0, 1.5, 3.0, 7.0])]),
                 call(T(5), spacing=[V([0.0, 1.0, 1.5, 3.0, 7.0])], edge_order=2), call(T(2, 3)), call(T(2, 3), spacing=T(low=1)),
                 call(T(3, 4), spacing=[V([0.0, 1.0, 3.0]), V([1.0, 2.0, 4.0, 8.0])], dim=(0, 1)), call(T()), call(T(2, 3), dim=()),
                 call(T(2), spacing=[V([1.0, 3.0])]), error(T(1)), error(T(2), edge_order=2), error(T(3), edge_order=3), error(T(3, 3), spacing=[1.0]),
                 error(T(3), dim=1), error(T(3, 3), dim=(0, 0))],
    "histogram": [call(T(40).constant(), 5, only=REALS), call(T(4, 5).constant(), bins=4, range=(-1.0, 1.0), only=REALS), call(T(9).constant(), edges, only=REALS),
                  call(T(9).constant(), 3, weight=T(9).constant(), only=REALS), call(T(9).constant(), 3, density=True, only=REALS),
                  call(T(0).constant(), 3, only=REALS), call(T().constant(), 3, only=REALS), call(V([2.0, 2.0]).constant(), 3, only=REALS),
                  call(V([-1.0, 0.0, 1.0, 3.0, 4.0]).constant(), 4, range=(-1.0, 3.0), only=REALS), call(V([1.0, float("nan")]).constant(), edges, only=REALS),
                  call(T(9).constant(), edges, weight=T(9).constant(), density=True, only=REALS),
                  error(T(9, dtype=torch.float32), 0), error(T(9, dtype=torch.float32), 3, range=(2.0, 1.0)), error(V([1.0, inf], torch.float32), 3), error(T(9, dtype=torch.float32), 3, weight=T(8, dtype=torch.float32)), error(T(9, dtype=torch.float32), T(2, 3)),
                  error(T(9, dtype=torch.float32), 3, range=(1.0, 2.0, 3.0))],
    "histogramdd": [call(T(20, 2).constant(), [3, 4], only=REALS), call(T(2, 10, 3).constant(), 2, only=REALS),
                    call(T(20, 2).constant(), bins=[edges, edges], only=REALS), call(T(20, 2).constant(), 3, range=[-1.0, 1.0, 0.0, 2.0], only=REALS),
                    call(T(20, 2).constant(), 3, weight=T(20).constant(), only=REALS), call(T(20, 2).constant(), [2, 3], density=True, only=REALS),
                    call(T(0, 2).constant(), [2, 3], only=REALS), error(T(5, dtype=torch.float32), [2]), error(T(5, 2, dtype=torch.float32), [2]), error(T(5, 2, dtype=torch.float32), [2, 0]),
                    error(T(5, 2, dtype=torch.float32), 2, range=[0.0, 1.0]), error(T(5, 2, dtype=torch.float32), 2, weight=T(4, dtype=torch.float32))],
    "Tensor.sum_to_size": [call(T(2, 3, 4), 3, 4), call(T(2, 3, 4), (1, 1, 4)), call(T(2, 3), 2, 3), call(T(2, 3), (1,)), call(T(), ()), call(T(0, 3), 1, 3),
                           error(T(2, 3), 2), error(T(3), 1, 3)],
}  # fmt: skip
