"""Fourier transforms, against NumPy in double precision: lengths of every plan, axes and batches that fill a tile or not."""

import numpy as np
import pytest

import lucid
from lucid._kernels import fft as kernels
from lucid._kernels import threads

# Of the radices 2, 3, 4 and 5, a general one, one and two steps, convolutions, rows that threads share.
LENGTHS = [1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 30, 49, 61, 64, 67, 100, 128, 134, 183, 210, 256, 257, 625, 1000, 1024, 3599]
LONG = [4098, 10007, 65536, 98304]
DTYPES = {"float32": "complex64", "float64": "complex128"}


def made(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype in DTYPES.values() else x).astype(dtype)


def near(found, wanted):
    """By the size of the whole, as rounding is."""
    eps = np.finfo(found.dtype).eps
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape and found.dtype.kind == wanted.dtype.kind
    scale = np.sqrt(np.mean(np.abs(wanted) ** 2)) if wanted.size else 1
    assert np.abs(found - wanted).max(initial=0) <= (8 + np.log2(wanted.size + 1)) * 2 * eps * scale


def wide(x):
    return x.astype("complex128" if x.dtype.kind == "c" else "float64")


def check_all(n, rows, inner, dtype):
    x = made((rows, n, inner), DTYPES[dtype], n)
    half, real = x[:, : n // 2 + 1], np.ascontiguousarray(x.real)
    at = {"dim": 1}
    for name in ("fft", "ifft"):
        ours, theirs = getattr(lucid.fft, name), getattr(np.fft, name)
        near(ours(lucid.tensor(x), **at).numpy(), theirs(wide(x), axis=1))
        near(ours(lucid.tensor(real), **at).numpy(), theirs(wide(real), axis=1))
    near(lucid.fft.rfft(lucid.tensor(real), **at).numpy(), np.fft.rfft(wide(real), axis=1))
    near(lucid.fft.irfft(lucid.tensor(half), n, **at).numpy(), np.fft.irfft(wide(half), n, axis=1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LENGTHS)
def test_every_length(n, dtype):
    for rows, inner in [(1, 1), (19, 1), (1, 16), (2, 21)]:
        check_all(n, rows, inner, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LONG)
def test_long_ones(n, dtype):
    check_all(n, 1, 1, dtype)
    check_all(n, 2, 3, dtype)


@pytest.mark.parametrize("dims", [(0, 1), (2, 0), (1, 2), (0, 1, 2), (1, 3, 0), (3, 2, 1, 0)])
@pytest.mark.parametrize("norm", ["backward", "forward", "ortho"])
def test_several_dimensions(dims, norm):
    x = made((3, 6, 5, 8), "complex64")
    real = np.ascontiguousarray(x.real)
    like = {"axes": dims, "norm": norm}
    near(lucid.fft.fftn(lucid.tensor(x), dim=dims, norm=norm).numpy(), np.fft.fftn(wide(x), **like))
    near(lucid.fft.fftn(lucid.tensor(real), dim=dims, norm=norm).numpy(), np.fft.fftn(wide(real), **like))
    near(lucid.fft.ifftn(lucid.tensor(real), dim=dims, norm=norm).numpy(), np.fft.ifftn(wide(real), **like))
    half = np.fft.rfftn(wide(real), **like)
    near(lucid.fft.rfftn(lucid.tensor(real), dim=dims, norm=norm).numpy(), half)
    sizes = [x.shape[dim] for dim in dims]
    found = lucid.fft.irfftn(lucid.tensor(half.astype("complex64")), s=sizes, dim=dims, norm=norm)
    near(found.numpy(), real)


@pytest.mark.parametrize("n", [5, 9, 14])
def test_cut_and_filled_up(n):
    x = made((3, 9), "float32")
    near(lucid.fft.fft(lucid.tensor(x), n).numpy(), np.fft.fft(wide(x), n))
    near(lucid.fft.rfft(lucid.tensor(x), n, dim=0).numpy(), np.fft.rfft(wide(x), n, axis=0))
    near(lucid.fft.hfft(lucid.tensor(x), n).numpy(), np.fft.hfft(wide(x), n))


def test_views_and_empty_batches():
    x = made((6, 40), "complex64")
    for view in (x.T, x[::2, ::-1], x[1:, 3:]):
        near(lucid.fft.fft(lucid.from_numpy(x)[1:, 3:]).numpy(), np.fft.fft(wide(x[1:, 3:])))
        near(lucid.fft.ifft(lucid.tensor(view), dim=0).numpy(), np.fft.ifft(wide(view), axis=0))
    assert lucid.fft.rfft(lucid.zeros(0, 6)).shape == (0, 4)
    assert lucid.fft.irfft(lucid.zeros(2, 0, 4), dim=-1).shape == (2, 0, 6)
    assert lucid.fft.fft(lucid.zeros(0, 6)).dtype is lucid.complex64


def test_what_a_real_signal_makes_exact():
    spectrum = lucid.fft.fft(lucid.tensor(made((3, 40), "float32"))).numpy()
    assert (spectrum[:, 0].imag == 0).all() and (spectrum[:, 20].imag == 0).all()
    assert np.array_equal(spectrum[:, 1:], spectrum[:, :0:-1].conj())
    # What a spectrum of a real signal cannot have is not looked at.
    half = lucid.fft.rfft(lucid.ones(8))
    assert lucid.fft.irfft(half + lucid.tensor([1j, 0, 0, 0, 1j])).tolist() == [1.0] * 8


@pytest.mark.parametrize("shape", [(37, 1000), (1, 1 << 17), (700, 60), (3, 2, 1009)])
def test_the_same_bits_on_any_number_of_threads(shape):
    x, before = lucid.tensor(made(shape, "complex64")), threads.get_num_threads()
    found = []
    for number in (1, 2, 3):
        threads.set_num_threads(number)
        found.append([lucid.fft.fft(x).numpy(), lucid.fft.fft2(x).numpy(), lucid.fft.fft2(x.real).numpy()])
    threads.set_num_threads(before)
    for other in found[1:]:
        assert all(map(np.array_equal, found[0], other))


def test_tables_are_kept_within_bounds():
    x = made(1 << 18, "complex64")
    for n in range(200_000, 200_000 + 40 * 64, 64):
        lucid.fft.fft(lucid.tensor(x[:n]))
    assert len(kernels.plans) < 40
    near(lucid.fft.fft(lucid.tensor(x[:200_000])).numpy(), np.fft.fft(wide(x[:200_000])))


def test_sizes_that_do_not_fit_raise():
    x, out = np.zeros(8, "complex64"), np.zeros(8, "complex64")
    call = (0, False, False, 0)
    for sizes in [(1, 9, 1, 1, 1), (2, 8, 1, 1, 1), (1, 0, 1, 1, 1), (1, 4, 1, 3, 2)]:
        with pytest.raises(ValueError):
            kernels.transform(x, out, *call, *sizes, 1.0)
    with pytest.raises(ValueError):
        kernels.transform(x, out[:4], *call, 1, 8, 1, 1, 1, 1.0)
    with pytest.raises(ValueError):
        kernels.transform(x.real.copy(), out, 1, False, False, 0, 1, 8, 2, 1, 1, 1.0)
    with pytest.raises(ValueError):
        kernels.mirror(out, False, (3, 3), (1,))
    with pytest.raises((ValueError, BufferError)):
        read_only = np.zeros(8, "complex64")
        read_only.flags.writeable = False
        kernels.transform(x, read_only, *call, 1, 8, 1, 1, 1, 1.0)


def test_what_dtype_out_may_have():
    x, y = lucid.ones(2, 4), lucid.ones(2, 4, dtype=lucid.complex64)
    wide = lucid.zeros(2, 4, dtype=lucid.complex128)
    for name in ("ifft", "ihfft"):
        with pytest.raises(RuntimeError, match="complex64"):
            getattr(lucid.fft, name)(x, out=wide)
    for name in ("fft", "ifft"):
        assert getattr(lucid.fft, name)(y, out=wide) is wide and wide[0, 0] == lucid.fft.fft(y)[0, 0] / (4 if name == "ifft" else 1)
    for name in ("irfft", "hfft", "irfftn", "hfftn", "irfft2", "hfft2"):
        function = getattr(lucid.fft, name)
        assert function(y, out=lucid.zeros(2, 6, dtype=lucid.float64)).tolist() == function(y).tolist()
        with pytest.raises(RuntimeError, match="floating point out"):
            function(y, out=lucid.zeros(2, 6, dtype=lucid.complex64))


@pytest.mark.parametrize("function", [lucid.fft.fftfreq, lucid.fft.rfftfreq])
def test_frequencies_are_of_the_dtype_of_out(function):
    wanted = function(4, dtype=lucid.float64)
    out = lucid.zeros(len(wanted), dtype=lucid.float64)
    assert function(4, out=out) is out and lucid.equal(out, wanted)
    for dtype, error in (("complex64", NotImplementedError), ("int64", RuntimeError), ("bool", RuntimeError)):
        dtype = getattr(lucid, dtype)
        for call in (lambda: function(4, dtype=dtype), lambda: function(4, out=lucid.zeros(len(wanted), dtype=dtype))):  # noqa: B023
            with pytest.raises(error, match="floating point or complex|not implemented"):
                call()
