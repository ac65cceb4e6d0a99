"""Short-time transforms; the others have samples enough in PyTorch's database."""

import torch

from .spec import T, call, error

once = (torch.float32,)
C = lambda *shape: T(*shape, dtype=torch.complex64)
window = T(8, low=0.5, high=1.0, dtype=torch.float32).constant()

SAMPLES = {
    "stft": [call(T(24), 8, window=window, return_complex=True, only=once), call(T(2, 24), 8, 4, 8, window, False, "reflect", True, True, True, only=once),
             call(T(24), 8, 2, 6, T(6, low=0.5).constant(), pad_mode="constant", onesided=False, return_complex=True, only=once), error(T(4), 8, return_complex=True)],
    "istft": [call(C(5, 7), 8, window=window, only=once), call(C(2, 5, 7), 8, 4, window=window, length=20, only=once),
              call(C(5, 7), 8, 2, 8, window, False, only=once), call(C(5, 7), 8, 2, window=window, normalized=True, only=once),
              call(C(8, 7), 8, 2, window=window, onesided=False, return_complex=True, only=once), error(C(5, 7), 10), error(T(5, 7), 8)],
}  # fmt: skip
