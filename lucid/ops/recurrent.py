"""Recurrent networks: one step of each kind, and what runs it over a sequence.

A step takes the input's part of the gates ready made, so that a whole sequence's are one product. There are two ways over a
sequence: `_layer` runs a layer in one direction as one operation, which has a kernel and a gradient of its own; the steps
made of operations do what it does not (a projection, complex numbers, a gradient of the gradient) and say what it means.
"""

from __future__ import annotations

import numpy as np

from lucid._kernels import core
from lucid._kernels import recurrent as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.engine import grad
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._frame import C_NAMES, FLOAT32, FLOATING, cast, contiguous, copied
from lucid.ops.activation import relu
from lucid.ops.dropout import dropout
from lucid.ops.exponentials import sigmoid, tanh
from lucid.ops.joining import cat, stack
from lucid.ops.linalg import linear, product
from lucid.ops.pieces import split, unbind
from lucid.ops.reduction import sum as sum_
from lucid.tensor import Tensor

LAYER = {dtype: kernels.layer[C_NAMES[dtype]] for dtype in FLOATING}

# -- one step: (input's part of the gates, state, recurrent weight and bias, projection) -> new state -----------------------


def _lstm_step(gates: Tensor, state: tuple, weight, bias, projection=None) -> tuple:
    hidden, cell = state
    i, f, g, o = (gates + linear(hidden, weight, bias)).chunk(4, -1)
    cell = sigmoid(f) * cell + sigmoid(i) * tanh(g)
    hidden = sigmoid(o) * tanh(cell)
    return (hidden if projection is None else linear(hidden, projection)), cell


def _gru_step(gates: Tensor, state: tuple, weight, bias, projection=None) -> tuple:
    (hidden,) = state
    r, z, n = gates.chunk(3, -1)
    own_r, own_z, own_n = linear(hidden, weight, bias).chunk(3, -1)
    reset, update = sigmoid(r + own_r), sigmoid(z + own_z)
    new = tanh(n + reset * own_n)
    return ((hidden - new) * update + new,)


def _plain_step(activation):
    return lambda gates, state, weight, bias, projection=None: (activation(gates + linear(state[0], weight, bias)),)


STEPS = {"LSTM": _lstm_step, "GRU": _gru_step, "RNN_TANH": _plain_step(tanh), "RNN_RELU": _plain_step(relu)}


# -- one layer in one direction, as one operation ------------------------------------------------------------------------


GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
KEPT = {"LSTM": 2, "GRU": 1, "RNN_TANH": 0, "RNN_RELU": 0}  # what the kernel keeps for the gradient, in states


def _fits(mode: str, x: Tensor, state: tuple, parameters: tuple, sizes) -> bool:
    """Whether `_layer` takes these arguments; what fits nowhere is for the other way to refuse."""
    w_ih, w_hh, b_ih, b_hh, projection = parameters
    if len(state) != (2 if mode == "LSTM" else 1):
        return False
    if core.autocasting() or projection is not None or not x.dtype.is_floating_point or x.ndim != (3 if sizes is None else 2):
        return False
    batch, hidden = x.shape[1] if sizes is None else sizes[0] if sizes else 0, w_hh.shape[-1]
    rows = GATES[mode] * hidden
    shapes = [(w_ih, (rows, x.shape[-1])), (w_hh, (rows, hidden)), (b_ih, (rows,)), (b_hh, (rows,))]
    shapes += [(one, (len(state[0]), hidden)) for one in state]
    return (
        all(one is None or (one.dtype is x.dtype and one.shape == shape) for one, shape in shapes)
        and (b_ih is None) == (b_hh is None) and x.array.size > 0 < hidden
        and (len(state[0]) == batch if sizes is None else len(state[0]) >= max(sizes))
    )  # fmt: skip


@op("_recurrent_layer")
def _layer(x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih, b_hh, hidden: Tensor, cell, mode: str, backwards: bool, sizes, saved: list):
    """Results and last states; `saved` takes what the gradient needs."""
    computed = FLOAT32 if x.dtype.itemsize == 2 else x.dtype.numpy
    w_ih, w_hh, b_ih, b_hh = (one if one is None else contiguous(cast(one.array, computed)) for one in (w_ih, w_hh, b_ih, b_hh))
    state, cell = (one if one is None else copied(cast(one.array, computed)) for one in (hidden, cell))
    rows, n = _rows(x, computed), state.shape[1]
    many = np.full(x.shape[0], x.shape[1]) if sizes is None else np.array(sizes, np.int64)
    bias = np.zeros(len(w_ih), computed) if b_ih is None else b_ih + b_hh
    kept = empty((len(rows), KEPT[mode] * n), computed)
    if mode == "GRU":  # the state's part of the third gate has to be known alone
        kept[...] = 0 if b_hh is None else b_hh[2 * n :]
        bias[2 * n :] = 0 if b_ih is None else b_ih[2 * n :]
    gates, previous, out = product(rows, w_ih.T), empty((len(rows), n), computed), empty((len(rows), n), computed)
    if len(many) == 1:
        own = product(state[: many[0]], w_hh.T)
        if mode == "GRU":
            gates[:, : 2 * n] += own[:, : 2 * n]
            kept += own[:, 2 * n :]
        else:
            gates += own
    _run(mode, backwards, many, w_hh, bias, gates, kept, previous, out, state, cell)
    saved[:] = many, bias, gates, kept, previous
    out = out.reshape(*x.shape[:-1], n)
    return tuple([wrap(cast(one, x.array.dtype)) for one in (out, state, cell) if one is not None])


def _rows(x: Tensor, dtype: np.dtype) -> np.ndarray:
    return contiguous(cast(x.array, dtype)).reshape(-1, x.shape[-1])


def _run(mode: str, backwards: bool, sizes: np.ndarray, weight: np.ndarray, *arrays) -> None:
    """The kernel; `arrays` from the bias on."""
    # Where it packs the weight, which does not pay for one step: at batch 1 an LSTM of 512 units took 2.7 times as long.
    room = empty((len(weight) * (weight.shape[1] + 31),), weight.dtype) if len(sizes) > 1 else None
    bias, *arrays = (one if one is None else flat(one) for one in arrays)
    LAYER[weight.dtype](kernels.codes[mode], weight.shape[1], backwards, sizes, flat(weight), bias, room, *arrays)


@_layer.vjp_joint("x", "w_ih", "w_hh", "b_ih", "b_hh", "hidden", "cell")
def _layer_backward(g, needs, x, w_ih, w_hh, b_ih, b_hh, hidden, cell, mode, backwards, sizes, saved):
    if core.is_grad_enabled():
        return _composed_backward(g, needs, (x, w_ih, w_hh, b_ih, b_hh, hidden, cell), mode, backwards, sizes)
    many, bias, gates, kept, previous = saved
    computed = gates.dtype
    shapes = (previous.shape, hidden.shape, hidden.shape)
    g_out, g_state, g_cell = (
        np.zeros(shape, computed) if one is None else copied(cast(one.array, computed))
        for one, shape in zip([*g, None][:3], shapes)
    )  # fmt: skip
    g_gates = empty(gates.shape, computed)
    own = empty(gates.shape, computed) if mode == "GRU" else g_gates
    weight = contiguous(cast(w_hh.array, computed))
    _run(mode, backwards, many, weight, bias, gates, kept, previous, g_out, g_state,
         None if cell is None else g_cell, g_gates, own)  # fmt: skip
    if len(many) == 1:
        g_state[: many[0]] += product(own, weight)
    result = lambda array: wrap(cast(array, x.array.dtype))
    return (
        result(product(g_gates, cast(w_ih.array, computed)).reshape(x.shape)) if needs[0] else None,
        result(product(g_gates.T, _rows(x, computed))) if needs[1] else None,
        result(product(own.T, previous)) if needs[2] else None,
        sum_(wrap(g_gates), 0).to(x.dtype) if needs[3] else None,
        sum_(wrap(own), 0).to(x.dtype) if needs[4] else None,
        result(g_state) if needs[5] else None,
        result(g_cell) if needs[6] else None,
    )


def _composed_backward(g, needs, inputs, mode: str, backwards: bool, sizes) -> tuple:
    """The gradient as that of the steps made of operations, which can be differentiated again."""
    inputs = [one.view(one.shape) if need else one for one, need in zip(inputs, needs)]  # what lies behind does not count
    x, w_ih, w_hh, b_ih, b_hh, *state = inputs
    out, last = _steps(STEPS[mode], x, tuple(one for one in state if one is not None), (w_ih, w_hh, b_ih, b_hh, None), backwards, sizes)
    given = [(one, of) for one, of in zip((out, *last), g) if of is not None]
    wanted = [one for one, need in zip(inputs, needs) if need]
    outputs, given = zip(*given)
    found = iter(grad(outputs, wanted, given, create_graph=True, allow_unused=True))
    return tuple(next(found) if need else None for need in needs)


# -- over a sequence ---------------------------------------------------------------------------------------------------


def _direction(mode: str, x: Tensor, state: tuple, parameters: tuple, backwards: bool, sizes=None) -> tuple[Tensor, tuple]:
    """One layer in one direction: results (L, N, H), and the last state.

    With `sizes`, x is packed: of so many sequences there are elements at each place, and results are packed too.
    """
    if _fits(mode, x, state, parameters, sizes):
        return _as_one(mode, x, state, parameters, backwards, sizes)
    return _steps(STEPS[mode], x, state, parameters, backwards, sizes)


def _as_one(mode: str, x: Tensor, state: tuple, parameters: tuple, backwards: bool, sizes) -> tuple[Tensor, tuple]:
    out, *last = _layer(x, *parameters[:4], state[0], state[1] if len(state) > 1 else None, mode, backwards, sizes, [])
    return out, tuple(last)


def _steps(step, x: Tensor, state: tuple, parameters: tuple, backwards: bool, sizes) -> tuple[Tensor, tuple]:
    """The same, made of operations."""
    w_ih, w_hh, b_ih, b_hh, projection = parameters
    gates = linear(x, w_ih, b_ih)
    if sizes is not None:
        return _packed(step, split(gates, sizes, 0), state, (w_hh, b_hh, projection), backwards)
    rows = unbind(gates, 0)
    found = []
    for gates in reversed(rows) if backwards else rows:
        state = step(gates, state, w_hh, b_hh, projection)
        found.append(state[0])
    return stack(found[::-1] if backwards else found), state


def _packed(step, rows, first: tuple, parameters, backwards: bool) -> tuple[Tensor, tuple]:
    """Over a packed sequence: forwards, sequences end on the way and leave their states; backwards, they begin on it."""
    state, found, ended = first, [], []
    if backwards:
        rows = rows[::-1]
        state = tuple(one[: len(rows[0])] for one in first)
    for gates in rows:
        n, before = len(gates), len(state[0])
        if n < before:
            ended.append(tuple(one[n:] for one in state))
            state = tuple(one[:n] for one in state)
        elif n > before:
            state = tuple(cat([one, start[before:n]]) for one, start in zip(state, first))
        state = step(gates, state, *parameters)
        found.append(state[0])
    return cat(found[::-1] if backwards else found), tuple(cat(parts) for parts in zip(state, *ended[::-1]))


@op("_recurrent", composite=True)
def run(mode: str, x: Tensor, states: tuple, parameters: list, num_layers: int, p: float, train: bool, bidirectional: bool,
        batch_first: bool, sizes: list[int] | None = None) -> tuple[Tensor, tuple]:  # fmt: skip
    """All layers: `states` are (layers x directions, N, H), `parameters` a tuple for each layer and direction; with
    `sizes` x is packed."""
    x = x.transpose(0, 1) if batch_first else x
    initial = [unbind(one, 0) for one in states]
    directions = 2 if bidirectional else 1
    last = []
    for layer in range(num_layers):
        results = []
        for direction in range(directions):
            at = layer * directions + direction
            result, state = _direction(mode, x, tuple(one[at] for one in initial), parameters[at], direction == 1, sizes)
            results.append(result)
            last.append(state)
        x = cat(results, -1) if bidirectional else results[0]
        if p and train and layer < num_layers - 1:
            x = dropout(x, p)
    return (x.transpose(0, 1) if batch_first else x), tuple(stack(one) for one in zip(*last))


def grouped(mode: str, params, has_biases: bool, projected: bool = False) -> list:
    """A flat list of parameters, as a tuple for each layer and direction."""
    size = 2 + 2 * has_biases + projected
    if len(params) % size:
        raise RuntimeError(f"{mode.lower()}: {len(params)} parameters, not a multiple of {size}")
    made = []
    for start in range(0, len(params), size):
        w_ih, w_hh, *rest = params[start : start + size]
        biases = rest[:2] if has_biases else (None, None)
        made.append((w_ih, w_hh, *biases, rest[-1] if projected else None))
    return made


@op("lstm", composite=True)
def lstm(
    input_: Tensor, hx, params, has_biases: bool, num_layers: int, dropout: float, train: bool, bidirectional: bool,
    batch_first: bool,
) -> tuple:  # fmt: skip
    """Long short-term memory over a sequence.

    Parameters
    ----------
    input_ : Tensor
        Of shape (L, N, I), or (N, L, I) if `batch_first`.
    hx : sequence of two Tensors
        The first hidden and cell states, (layers x directions, N, H).
    params : sequence of Tensor
        For each layer and direction: weight_ih, weight_hh, then with biases bias_ih and bias_hh, then with a projection of
        the hidden state weight_hr.
    has_biases, num_layers, dropout, train, bidirectional, batch_first
        As for `nn.LSTM`.

    Returns
    -------
    tuple of (Tensor, Tensor, Tensor)
        The results (L, N, directions x H), the last hidden and the last cell states.

    Notes
    -----
    .. math:: c' = \\sigma(f) c + \\sigma(i) \\tanh(g), \\quad h' = \\sigma(o) \\tanh(c')

    Examples
    --------
    >>> x, state, weights = lucid.ones(3, 1, 2), lucid.zeros(1, 1, 1), (lucid.zeros(4, 2), lucid.zeros(4, 1))
    >>> out, h, c = lucid.lstm(x, (state, state), weights, False, 1, 0.0, False, False, False)
    >>> out.shape, h.shape, c.shape
    (lucid.Size([3, 1, 1]), lucid.Size([1, 1, 1]), lucid.Size([1, 1, 1]))
    """
    hidden, cell = hx
    out, (h, c) = run("LSTM", input_, (hidden, cell), grouped("LSTM", params, has_biases, hidden.shape[-1] != cell.shape[-1]),
                      num_layers, dropout, train, bidirectional, batch_first)  # fmt: skip
    return out, h, c


def _one_state(path: str, mode: str, sentence: str, formula: str):
    """The operation of a network whose state is one tensor."""

    def function(
        input_: Tensor, hx: Tensor, params, has_biases: bool, num_layers: int, dropout: float, train: bool,
        bidirectional: bool, batch_first: bool,
    ) -> tuple:  # fmt: skip
        out, (h,) = run(mode, input_, (hx,), grouped(mode, params, has_biases), num_layers, dropout, train, bidirectional,
                        batch_first)  # fmt: skip
        return out, h

    gates = 3 if mode == "GRU" else 1
    function.__name__ = function.__qualname__ = path
    function.__doc__ = f"""{sentence}

    Parameters
    ----------
    input_ : Tensor
        Of shape (L, N, I), or (N, L, I) if `batch_first`.
    hx : Tensor
        The first states, (layers x directions, N, H).
    params : sequence of Tensor
        For each layer and direction: weight_ih, weight_hh, and with biases bias_ih and bias_hh.
    has_biases, num_layers, dropout, train, bidirectional, batch_first
        As for `nn.RNN`.

    Returns
    -------
    tuple of (Tensor, Tensor)
        The results (L, N, directions x H), and the last states.

    Notes
    -----
    .. math:: {formula}

    Examples
    --------
    >>> x, state = lucid.ones(3, 1, 2), lucid.zeros(1, 1, 1)
    >>> weights = lucid.zeros({gates}, 2), lucid.zeros({gates}, 1)
    >>> out, h = lucid.{path}(x, state, weights, False, 1, 0.0, False, False, False)
    >>> out.shape, h.shape
    (lucid.Size([3, 1, 1]), lucid.Size([1, 1, 1]))
    """
    return op(path, composite=True)(function)


gru = _one_state("gru", "GRU", "Gated recurrent units over a sequence.", "h' = (1 - z) n + z h")
rnn_tanh = _one_state("rnn_tanh", "RNN_TANH", "A plain recurrent network with tanh over a sequence.",
                      "h' = \\tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})")  # fmt: skip
rnn_relu = _one_state("rnn_relu", "RNN_RELU", "A plain recurrent network with relu over a sequence.",
                      "h' = \\max(0, W_{ih} x + b_{ih} + W_{hh} h + b_{hh})")  # fmt: skip


def _cell(path: str, mode: str, several: bool, gates: int, result: float):
    """The operation of one step; the number of its gates, and what the example prints."""

    def function(input_: Tensor, hx, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None):
        if mode in ("LSTM", "GRU") and not (input_.is_floating_point() or input_.is_complex()):
            raise RuntimeError(f"{path}: result type Float can't be cast to the desired output type {torch_name(input_.dtype)}")
        state, parameters = tuple(hx) if several else (hx,), (w_ih, w_hh, b_ih, b_hh, None)
        # A plain network's step is two operations, and faster so.
        if gates > 1 and input_.ndim == 2 and len(input_) == len(state[0]) and _fits(mode, input_, state, parameters, [len(input_)]):
            state = _as_one(mode, input_, state, parameters, False, [len(input_)])[1]
        else:
            state = STEPS[mode](linear(input_, w_ih, b_ih), state, w_hh, b_hh)
        return state if several else state[0]

    function.__name__ = function.__qualname__ = path
    function.__doc__ = f"""One step of `{path.removesuffix("_cell")}`.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, I).
    hx : {"sequence of two Tensors" if several else "Tensor"}
        The state, (N, H){"; hidden and cell" if several else ""}.
    w_ih, w_hh : Tensor
        Weights, (gates x H, I) and (gates x H, H).
    b_ih, b_hh : Tensor, optional
        Biases, (gates x H,).

    Returns
    -------
    {"tuple of (Tensor, Tensor)" if several else "Tensor"}
        The new state.

    Examples
    --------
    >>> x, state, w_ih, w_hh = lucid.ones(1, 2), lucid.ones(1, 1), lucid.zeros({gates}, 2), lucid.zeros({gates}, 1)
    >>> {"hidden, cell" if several else "hidden"} = lucid.{path}(x, {"(state, state)" if several else "state"}, w_ih, w_hh)
    >>> hidden
    Tensor([[{result}]])
    """
    return op(path, composite=True)(function)


lstm_cell = _cell("lstm_cell", "LSTM", True, 4, 0.23105858)
gru_cell = _cell("gru_cell", "GRU", False, 3, 0.5)
rnn_tanh_cell = _cell("rnn_tanh_cell", "RNN_TANH", False, 1, 0.0)
rnn_relu_cell = _cell("rnn_relu_cell", "RNN_RELU", False, 1, 0.0)
