"""One layer of a recurrent network in one direction, of float32 and float64. All buffers are flat and of one dtype."""
from numpy.typing import NDArray

codes: dict[str, int]

def layer(
    mode: int, hidden: int, reverse: bool, sizes: NDArray, weight: NDArray, bias: NDArray, packed: NDArray | None, x: NDArray,
    kept: NDArray, previous: NDArray, out: NDArray, state: NDArray, cell: NDArray | None, g: NDArray | None = None,
    g_own: NDArray | None = None,
) -> None:
    """Run over the steps, `sizes` (int64) many rows of the batch at each: from the last one on if `reverse`.

    `weight` is (gates x hidden, hidden), `bias` (gates x hidden,) all that is added to the gates, `packed` has room for the
    weight with 31 columns more; None, which only one step may have, leaves the products with the weight to the caller, who
    adds them to `x` (and to `kept` of a GRU), or afterwards to the gradient of the state. `x` (total, gates x hidden) holds
    the input's part of the gates, and the gates afterwards; `state` and `cell` (batch, hidden; `cell` of an LSTM alone)
    hold the first and then the last state. `kept` is what the gradient needs besides: of an LSTM (total, 2 x hidden), of a
    GRU (total, hidden), which comes in holding the bias of the state's part of its third gate; else empty. `previous` and
    `out` (total, hidden) take the states before and after each step.

    With `g` this is the gradient: `out`, `state` and `cell` come in holding the gradients of what the first pass left in
    them, the latter two then those of the first state. Writes those of the gates to `g`, and of the state's part of them
    to `g_own`, which may be `g` but for a GRU.

    Raises
    ------
    ValueError
        If a buffer is not as long as the sizes say.
    """
