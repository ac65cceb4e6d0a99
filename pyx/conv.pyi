"""Convolution in up to three dimensions, of float32 and float64: forward, and its gradients.

Sizes of all three kernels: `x` (n, c_in, *size), `weight` (c_out, c_in // groups, *kernel), `g` and the forward's `out`
(n, c_out, *out_size), all flat, contiguous and of one dtype. `size`, `kernel`, `stride`, `padding`, `dilation` and
`out_size` are tuples of three; lower dimensions come with leading sizes, strides and dilations of 1 and paddings of 0.
`padding` counts the zeros before each dimension; those behind it follow from `out_size`. Results do not depend on the
number of threads.
"""
from numpy.typing import NDArray

Triple = tuple[int, int, int]

def conv(
    x: NDArray, weight: NDArray, bias: NDArray | None, out: NDArray,
    n: int, groups: int, c_in: int, c_out: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, dilation: Triple, out_size: Triple,
    /,
) -> None:
    """out = x convolved with weight (cross-correlation), plus bias (c_out)."""

def conv_backward_input(
    g: NDArray, weight: NDArray, bias: NDArray | None, out: NDArray,
    n: int, groups: int, c_in: int, c_out: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, dilation: Triple, out_size: Triple,
    /,
) -> None:
    """out (n, c_in, *size) = gradient of the forward's input, plus bias (c_in).

    Transposed convolution is this kernel: its input is `g`, its result `out`; `size` is then the result's and
    `out_size` the input's, `c_out` the input's channels and `c_in` the result's, the weight as PyTorch holds it.
    """

def conv_backward_weight(
    g: NDArray, x: NDArray, out: NDArray,
    n: int, groups: int, c_in: int, c_out: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, dilation: Triple, out_size: Triple,
    /,
) -> None:
    """out (c_out, c_in // groups, *kernel) = gradient of the forward's weight.

    The bias's gradient is `g` summed over all but its channels.
    """
