"""Tensors from nothing and from each other."""

import torch

from .spec import T, call, error

once = (torch.float32,)
inf = float("inf")
U = "uninitialised"

SAMPLES = {
    "zeros": [call(2, 3, only=once), call((2, 0), only=once), call((), only=once), call(3, dtype=torch.int64, only=once), error(-1)],
    "ones": [call(2, 3, only=once), call(3, dtype=torch.bool, only=once)],
    "full": [call((2, 3), 1.5, only=once), call((2,), 3, only=once), call((2,), True, only=once), call((2,), 3, dtype=torch.float64, only=once)],
    "empty": [call(2, 3, only=once, tags=U)],
    "arange": [call(*a, only=once) for a in ((5,), (2, 7), (2, 9, 3), (0.0, 1.0, 0.3), (5, 0, -2), (3.0,), (0, 0))] + [call(5, dtype=torch.float64, only=once), error(1, 5, -1), error(1, 5, 0), error(0, inf)],
    "range": [call(0.0, 5.0, 0.5, only=once)],
    "linspace": [call(0, 1, 5, only=once), call(-1.0, 2.0, 7, only=once), call(3, 3, 1, only=once), call(0, 1, 0, only=once), call(0, 10, 4, dtype=torch.int64, only=once), error(0, 1, -1)],
    "logspace": [call(0, 2, 5, only=once), call(-1.0, 1.0, 4, base=2.0, only=once)],
    "eye": [call(3, only=once), call(2, 4, only=once), call(0, only=once), error(-1)],
    "tensor": [call([1.0, 2.0], only=once), call([[1, 2], [3, 4]], only=once), call(3.5, only=once), call([True, False], only=once), call([], only=once), call([1, 2.5], only=once),
               call([1, 2], dtype=torch.float64, only=once), error([[1], [2, 3]])],
    "zeros_like": [call(T(2, 3)), call(T(2, 3), dtype=torch.float64), call(T(2, 3).map(lambda t: t.mT))], "ones_like": [call(T(2, 3))],
    "full_like": [call(T(2, 3), 2), call(T(2), 1.5, dtype=torch.float64)], "empty_like": [call(T(2, 3), tags=U)],
    "Tensor.new_zeros": [call(T(2), (3, 4))], "Tensor.new_ones": [call(T(2), (3,), dtype=torch.int64)], "Tensor.new_full": [call(T(2), (3,), 2.5)],
    "Tensor.new_tensor": [call(T(2), [1.0, 2.0])], "Tensor.fill_": [call(T(3), 2), call(T(2, 3).map(lambda t: t[:, 1]), 1.5)], "Tensor.zero_": [call(T(3))],
    "Tensor.copy_": [call(T(2, 3), T(3)), call(T(2), T(2, dtype=torch.int64)), error(T(2), T(3))],
    "tril_indices": [call(3, 4, only=once), call(3, 3, -1, only=once)], "triu_indices": [call(3, 4, only=once), call(3, 3, 1, only=once)],
    "complex": [call(T(3), T(3))], "polar": [call(T(3, low=0), T(3))],
    "result_type": [call(T(2), T(2, dtype=torch.int64)), call(T(2), 1.5), call(T(dtype=torch.float64), T(2))], "can_cast": [call(torch.float64, torch.float32, only=once), call(torch.float32, torch.int64, only=once)],
    "promote_types": [call(torch.int64, torch.float32, only=once), call(torch.uint8, torch.int8, only=once)], "broadcast_shapes": [call((2, 1), (1, 3), only=once), error((2,), (3,))],
}  # fmt: skip
SAMPLES |= {f"signal.windows.{name}": [call(m, sym=sym, only=once) for m in (0, 1, 6, 7) for sym in (True, False)]
            for name in ("hann", "hamming", "bartlett", "blackman", "cosine", "nuttall")}  # fmt: skip
SAMPLES |= {
    f"{name}_window": [call(m, only=once) for m in (0, 1, 6, 7)] + [call(6, False, only=once)]
    for name in ("hann", "bartlett", "blackman")
}
SAMPLES |= {
    "kaiser_window": [call(m, only=once) for m in (0, 1, 6)] + [call(7, False, 5.0, only=once), call(6, True, 0.0, dtype=torch.float64, only=once)],
    "hamming_window": [call(m, only=once) for m in (0, 1, 7)] + [call(6, False, 0.6, 0.3, only=once), error(-1), error(3, dtype=torch.int64)],
    "signal.windows.general_cosine": [call(m, a=[0.4, 0.5, 0.2], sym=sym, only=once) for m in (0, 1, 7) for sym in (True, False)],
    "signal.windows.general_hamming": [call(m, alpha=0.6, sym=sym, only=once) for m in (0, 1, 7) for sym in (True, False)],
    "signal.windows.exponential": [call(6, only=once), call(7, tau=2.5, only=once), call(6, center=1.0, sym=False, only=once)],
    "signal.windows.gaussian": [call(6, only=once), call(7, std=2.5, sym=False, only=once), error(3, std=0.0)],
    "signal.windows.kaiser": [call(6, only=once), call(7, beta=2.5, sym=False, only=once), call(4, beta=0.0, only=once)],
    "fft.fftfreq": [call(n, only=once) for n in (1, 4, 5)] + [call(6, 0.5, dtype=torch.float64, only=once)],
    "fft.rfftfreq": [call(n, only=once) for n in (1, 4, 5)] + [call(6, 0.5, dtype=torch.float64, only=once)],
}
