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

X, Y = T(2, 37), T(2, 37, dtype=torch.float32)
SAMPLES["stft"] += [call(X, 8, return_complex=True), call(T(37), 8, 3, return_complex=True), call(X, 8, 2, 5, return_complex=True),
             call(X, 8, 3, 6, T(6), return_complex=True), call(X, n_fft=7, hop_length=2, center=False, return_complex=True),
             call(X, 8, pad_mode="constant", normalized=True, return_complex=True), call(X, 8, onesided=False, return_complex=True),
             call(X, 8, 3, 5, T(5), return_complex=False), call(T(8), 8, center=False, return_complex=True),
             call(X, 8, 2, 4, T(4), center=False, align_to_window=True, return_complex=True),
             call(X, 8, 2, 5, center=False, align_to_window=False, return_complex=True),
             call(X, 8, 2, 4, C(4), return_complex=True),
             error(Y, 8), error(Y, 8, 0, return_complex=True), error(Y, 8, win_length=9, return_complex=True), error(Y, 0, return_complex=True),
             error(Y, 40, center=False, return_complex=True), error(Y, 8, window=T(7, dtype=torch.float32), return_complex=True),
             error(T(2, 2, 9, dtype=torch.float32), 4, return_complex=True), error(Y, 8, align_to_window=True, return_complex=True)]  # fmt: skip
SAMPLES["istft"] += [call(C(4, 9), 6, only=once), call(C(2, 5, 9), 8, only=once), call(C(5, 9), 8, 2, only=once), call(C(2, 5, 9), 8, 3, 6, only=once),
              call(C(2, 5, 9), 8, 2, 6, T(6, low=0.5, dtype=torch.float32), only=once), call(C(2, 5, 9), 8, length=11, only=once),
              call(C(2, 5, 9), 8, length=40, normalized=True, only=once),
              call(C(8, 9), 8, center=False, return_complex=True, only=once), call(C(8, 9), 8, onesided=False, only=once),
              error(T(5, 9, dtype=torch.float32), 8), error(C(5), 8), error(C(6, 9), 8, onesided=True), error(C(5, 9), 8, 0),
              error(C(5, 9), 8, window=T(7, dtype=torch.float32)), error(C(5, 9), 8, return_complex=True), error(C(5, 0), 8),
              error(C(5, 9), 8, 9, center=False)]  # fmt: skip
