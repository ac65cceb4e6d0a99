"""Tensors from nothing and from each other."""

import numpy as np
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
    "arange": [call(*a, only=once) for a in ((5,), (2, 7), (2, 9, 3), (0.0, 1.0, 0.3), (5, 0, -2), (3.0,), (0, 0))] + [call(5, dtype=torch.float64, only=once), call(3.0, requires_grad=True, only=once), error(1, 5, -1), error(1, 5, 0), error(0, inf)],
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
SAMPLES["resize_as_"] = [call(T(2, 3).constant(), T(3, 2)), call(T(6).constant(), T(2, 1, 3), memory_format=torch.contiguous_format)]
SAMPLES |= {
    "empty_strided": [call((2, 3), (1, 2), only=once, tags=U), call((4,), (3,), dtype=torch.int64, only=once, tags=U),
                      call((2,), (1,), requires_grad=True, only=once, tags=U)],
    "asarray": [call([1, 2]), call([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64), call(T(3)), call(T(2), copy=True), call(2.5, requires_grad=True)],
    "as_tensor": [call([1.0, 2.0]), call(T(2, 3)), call(T(3), dtype=torch.float64), call(True)],
    "from_numpy": [call(np.arange(6.0).reshape(2, 3), only=once), call(np.array([1, -2, 3], np.int16), only=once), call(np.array([True]), only=once),
                   call(np.arange(8.0)[::2], only=once), error([1.0])],
    "frombuffer": [call(bytearray(range(16)), dtype=torch.int16, only=once), call(bytearray(range(16)), dtype=torch.uint8, count=5, offset=3, only=once),
                   call(bytearray(bytes(8)), dtype=torch.float32, requires_grad=True, only=once), error(bytearray(3), dtype=torch.int16)],
    "from_dlpack": [call(T(2, 3).constant()), call(T(4).map(lambda t: t[::2]).constant()), call(T(2).constant(), copy=True)],
    "zero_": [call(T(3).constant()), call(T(2, 3).map(lambda t: t[:, 1]).constant())],
    "fill_": [call(T(3).constant(), 2), call(T(2, 3).map(lambda t: t[:, 1]).constant(), T())],
    "fill": [call(T(3), 2), call(T(2, 3), -1.5), call(T(2), T())],
    "view_as_real": [call(T(3, dtype=torch.complex64), only=once), call(T(2, 3, dtype=torch.complex128).map(lambda t: t.t()), only=once), error(T(2))],
    "view_as_complex": [call(T(3, 2), only=once), call(T(2, dtype=torch.float64), only=once), call(T(0, 2), only=once), error(T(3, 3))],
    "imag": [call(T(3, dtype=torch.complex64), only=once), call(T(2, 2, dtype=torch.complex128), only=once), error(T(2))],
}
for name in ("zeros", "ones"):
    SAMPLES[name] += [call(2, requires_grad=True, only=once)]
for name in ("zeros_like", "ones_like", "empty_like", "full_like"):
    value = (2.5,) if name == "full_like" else ()
    tags = U if name == "empty_like" else ()
    SAMPLES[name] += [call(T(1, 2, 3, 4), *value, memory_format=torch.channels_last, tags=tags),
                      call(T(3).constant(), *value, dtype=torch.float32, requires_grad=True, tags=tags)]
SAMPLES["empty"] += [call(1, 2, 3, 4, memory_format=torch.channels_last, only=once, tags=U), call(2, requires_grad=True, only=once, tags=U)]
SAMPLES["full"] += [call((2,), 1.5, requires_grad=True, only=once)]
SAMPLES["linspace"] += [call(0, 1, 3, requires_grad=True, only=once)]
SAMPLES["logspace"] += [call(0, 1, 3, requires_grad=True, only=once)]
SAMPLES["eye"] += [call(2, requires_grad=True, only=once)]
SAMPLES["scalar_tensor"] = [call(2.5, only=once), call(3, dtype=torch.int64, only=once), call(1.5, requires_grad=True, only=once)]
SAMPLES["empty_permuted"] = [call((2, 3), (1, 0), only=once, tags=U), call((2, 3, 4), (2, 0, 1), dtype=torch.int64, only=once, tags=U),
                             call((2,), (0,), requires_grad=True, only=once, tags=U)]
SAMPLES["tensor"] += [call([1.0], requires_grad=True, only=once)]
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
    "signal.windows.exponential": [call(6, only=once), call(7, tau=2.5, only=once), call(6, center=1.0, sym=False, only=once), call(1, center=1.0, sym=False, only=once)],
    "signal.windows.gaussian": [call(6, only=once), call(7, std=2.5, sym=False, only=once), error(3, std=0.0)],
    "signal.windows.kaiser": [call(6, only=once), call(7, beta=2.5, sym=False, only=once), call(4, beta=0.0, only=once)],
}
for _name in [*(name for name in SAMPLES if "window" in name), "signal.windows.exponential", "signal.windows.gaussian",
              "signal.windows.general_cosine", "signal.windows.general_hamming", "signal.windows.kaiser", "kaiser_window"]:  # fmt: skip
    _more = {"signal.windows.general_cosine": {"a": [0.5, 0.3, 0.2]}, "signal.windows.general_hamming": {"alpha": 0.6},
             "signal.windows.gaussian": {"std": 2.0}}.get(_name, {})  # fmt: skip
    SAMPLES.setdefault(_name, [])
    SAMPLES[_name] += [call(6, **_more, only=once), call(5, **_more, dtype=torch.float64, only=once),
                       call(5, **_more, requires_grad=True, only=once)]  # fmt: skip
SAMPLES |= {f"fft.{name}": [*(call(n, only=once) for n in (0, 1, 4, 6)), call(5, d=0.5, dtype=torch.float64, only=once), call(3, requires_grad=True, only=once)]
            for name in ("fftfreq", "rfftfreq")}  # fmt: skip
SAMPLES["range"] = [call(1, 4, only=once), call(0.5, 3.0, 0.5, only=once), call(3, 1, -1, only=once), call(0, 2.5, only=once), call(1, 4, dtype=torch.int64, only=once),
                    call(1.5, 4, dtype=torch.int64, only=once), call(start=1, end=2, step=0.25, requires_grad=True, only=once), call(2, 2, only=once),
                    error(3, 1), error(1, 0, 0), error(5), error(0, float("inf"))]  # fmt: skip
