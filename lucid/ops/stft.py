"""Fourier transforms of short stretches of a signal, and back: windows, transforms and overlapping sums put together."""

from __future__ import annotations

import warnings

from lucid.autograd.op import op
from lucid.ops._frame import tensor_argument
from lucid.ops.arithmetic import add, div, mul
from lucid.ops.comparison import lt
from lucid.ops.complex import view_as_real
from lucid.ops.creation import arange, ones, zeros
from lucid.ops.extremes import any as any_
from lucid.ops.fft import fft, ifft, irfft, rfft
from lucid.ops.magnitude import abs
from lucid.ops.padding import pad
from lucid.ops.permutation import transpose
from lucid.ops.pieces import narrow, unfold
from lucid.ops.selection import index_add
from lucid.ops.view import expand, reshape, squeeze, unsqueeze
from lucid.tensor import Tensor


def _lengths(name: str, n_fft, hop_length, win_length, window) -> tuple[int, int]:
    """The hop's and the window's length, by default a quarter of the transform's and its own."""
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    if hop <= 0:
        raise RuntimeError(f"{name}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"{name}: expected 0 < win_length <= n_fft={n_fft}, but got win_length={length}")
    if window is not None and tuple(window.shape) != (length,):
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={length}, but got a window of size "
            f"{list(window.shape)}"
        )
    return hop, length


def _centred(window, n_fft: int, length: int, dtype) -> Tensor | None:
    """The window between zeros, of the transform's length; None where it would be ones."""
    if length == n_fft:
        return window
    before = (n_fft - length) // 2
    return pad(ones((length,), dtype=dtype) if window is None else window, (before, n_fft - length - before))


@op("stft", composite=True)
def stft(
    input_: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window=None,
    center=True,
    pad_mode="reflect",
    normalized: bool = False,
    onesided=None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    r"""Fourier transforms of stretches of a signal, which may overlap.

    Parameters
    ----------
    input_ : Tensor
        A signal, or a batch of them: (length,) or (batch, length), floating or complex.
    n_fft : int
        The length of a transform.
    hop_length : int, optional
        How far one stretch starts after the other. Default: `n_fft // 4`.
    win_length : int, optional
        The length of the window, which stands in the middle of a stretch, zeros around it. Default: `n_fft`.
    window : Tensor, optional
        What each stretch is multiplied with, of shape (win_length,). Default: ones.
    center : bool, optional
        Whether the t-th stretch has its middle at t times the hop; the signal is padded for it at both ends.
        Default: True.
    pad_mode : str, optional
        How it is padded, as of `nn.functional.pad`. Default: "reflect".
    normalized : bool, optional
        Whether to divide by the root of `n_fft`. Default: False.
    onesided : bool, optional
        Whether to leave out the second half of each spectrum, whose conjugates the first half are. Default: True, of
        real signals and windows.
    return_complex : bool, optional
        Whether to return complex numbers, or pairs of real ones. Must be given for a real signal.
    align_to_window : bool, optional
        Without `center`: whether the stretches start where the window does, not the zeros before it. Default: False.

    Returns
    -------
    Tensor
        Complex, of shape (frequencies, stretches) with the batch's size before; as pairs with a last dimension of 2.

    Raises
    ------
    RuntimeError
        For lengths that do not fit together, or without `return_complex`.

    Notes
    -----
    .. math:: X_{\omega, t} = \sum_k w_k\, x_{t \cdot hop + k}\, e^{-2 \pi i \omega k / n}

    Examples
    --------
    >>> lucid.stft(lucid.ones(8), 4, hop_length=4, window=lucid.ones(4), center=False, return_complex=True).real
    Tensor([[4.0, 4.0],
            [0.0, 0.0],
            [0.0, 0.0]])
    """
    x = tensor_argument("stft", input_)
    if window is None:
        warnings.warn("stft: without a window the spectrum leaks; give one, such as hann_window(n_fft)", stacklevel=2)
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if x.dtype.kind < 2:
        raise RuntimeError("stft: expected a tensor of floating point or complex values")
    if x.ndim not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, but got {x.ndim}D")
    batched = x.ndim == 2
    x = x if batched else unsqueeze(x, 0)
    if center:
        x = squeeze(pad(unsqueeze(x, 0), (n_fft // 2, n_fft // 2), pad_mode), 0)
    is_complex = x.is_complex() or window is not None and window.is_complex()
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future release"
            )
        return_complex = True
    elif not return_complex:
        warnings.warn("stft: return_complex=False is deprecated: view_as_real gives the same of complex numbers", stacklevel=2)
    if not 0 < n_fft <= x.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {x.shape[-1]}, but got n_fft={n_fft}")
    hop, length = _lengths("stft", n_fft, hop_length, win_length, window)
    if onesided is not None and not isinstance(onesided, bool):
        raise (RuntimeError if isinstance(onesided, str) else TypeError)(f"stft(): argument 'onesided' must be bool, not {onesided!r}")
    if onesided is None:
        onesided = not is_complex
    elif onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if align_to_window:
        before = (n_fft - length) // 2
        x = pad(x, (before, n_fft - length - before))
    window = _centred(window, n_fft, length, x.dtype)
    frames = unfold(x, -1, n_fft, hop)
    if window is not None:
        frames = mul(frames, window)
    result = transpose((rfft if onesided else fft)(frames, norm="ortho" if normalized else None), 1, 2)
    if not batched:
        result = squeeze(result, 0)
    return result if return_complex else view_as_real(result)


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """Stretches (batch, count, n) summed where they lie, `hop` after one another."""
    batch, count, n = frames.shape
    where = add(unsqueeze(mul(arange(count), hop), 1), arange(n))
    total = zeros((batch, (count - 1) * hop + n), dtype=frames.dtype)
    return index_add(total, 1, reshape(where, (-1,)), reshape(frames, (batch, count * n)))


@op("istft", composite=True)
def istft(
    input_: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window=None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    r"""Inverse of `stft`: the signal that has these Fourier transforms, in the sense of least squares.

    Parameters
    ----------
    input_ : Tensor
        Complex, of shape (frequencies, stretches) or (batch, frequencies, stretches).
    n_fft, hop_length, win_length, window, center, normalized : optional
        As `stft` was given them.
    onesided : bool, optional
        Whether the second half of each spectrum was left out. Default: where there are fewer than `n_fft` frequencies.
    length : int, optional
        Of the result: cut, or filled up with zeros. Default: as far as there are stretches.
    return_complex : bool, optional
        Whether the signal was complex. Default: False.

    Returns
    -------
    Tensor
        Of shape (length,) or (batch, length).

    Raises
    ------
    RuntimeError
        For lengths that do not fit together, or where the windows leave gaps.

    Notes
    -----
    .. math:: x_s = \frac{\sum_t w_{s - t \cdot hop}\, y_{t,\, s - t \cdot hop}}{\sum_t w_{s - t \cdot hop}^2}

    where :math:`y_t` is the inverse transform of the t-th stretch.

    Examples
    --------
    >>> x = lucid.tensor([1.0, 2.0, 3.0, 4.0])
    >>> lucid.istft(lucid.stft(x, 4, window=lucid.ones(4), center=False, return_complex=True), 4, center=False)
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    x = tensor_argument("istft", input_)
    if not x.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if not x.numel():
        raise RuntimeError("istft: input tensor cannot be empty.")
    if x.ndim not in (2, 3):
        raise (IndexError if x.ndim < 2 else RuntimeError)(f"istft: expected a tensor with 2 or 3 dimensions, but got {x.ndim}")
    hop, win_length = _lengths("istft", n_fft, hop_length, win_length, window)
    if onesided is None:
        onesided = x.shape[-2] != n_fft
    wanted = n_fft // 2 + 1 if onesided else n_fft
    if x.shape[-2] != wanted:
        raise RuntimeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to match "
            f"{'n_fft / 2 + 1' if onesided else 'n_fft'} = {wanted}, but got {x.shape[-2]}."
        )
    if return_complex and onesided:
        raise RuntimeError("istft: complex output is incompatible with onesided input")
    if window is not None and window.is_complex() and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    batched = x.ndim == 3
    x = transpose(x if batched else unsqueeze(x, 0), 1, 2)
    norm = "ortho" if normalized else None
    if return_complex:
        frames = ifft(x, norm=norm)
    else:
        frames = irfft(x if onesided else narrow(x, -1, 0, n_fft // 2 + 1), n_fft, norm=norm)
    window = _centred(window, n_fft, win_length, x.dtype.to_real())
    if window is None:
        window = ones((n_fft,), dtype=x.dtype.to_real())
    elif window.dtype.kind < 2:
        window = window.to(x.dtype.to_real())
    signal = _overlapped(mul(frames, window), hop)
    weight = _overlapped(expand(mul(window, window), (1, x.shape[1], n_fft)), hop)
    whole = signal.shape[-1]
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - n_fft // 2 if center else whole
    there = min(end, whole) - start
    signal, weight = (narrow(one, -1, start, max(there, 0)) for one in (signal, weight))
    if any_(lt(abs(weight), 1e-11)).item():
        raise RuntimeError("istft: the windows leave gaps: the sum of their squares is 0 somewhere")
    signal = div(signal, weight)
    if end > whole:
        signal = pad(signal, (0, end - whole))
    return signal if batched else squeeze(signal, 0)
