"""Recurrent networks: one step of each kind, and what runs it over a sequence.

A step takes the input's part of the gates ready made, so that a whole sequence's are one product. Everything is made of
operations with gradients of their own.
"""

from __future__ import annotations

from lucid.autograd.op import op, torch_name
from lucid.ops.activation import relu
from lucid.ops.dropout import dropout
from lucid.ops.exponentials import sigmoid, tanh
from lucid.ops.joining import cat, stack
from lucid.ops.linalg import linear
from lucid.ops.pieces import split, unbind
from lucid.tensor import Tensor

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


# -- over a sequence ---------------------------------------------------------------------------------------------------


def _direction(step, x: Tensor, state: tuple, parameters, backwards: bool, sizes=None) -> tuple[Tensor, tuple]:
    """One layer in one direction: results (L, N, H), and the last state.

    With `sizes`, x is packed: of so many sequences there are elements at each place, and results are packed too.
    """
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
            result, state = _direction(STEPS[mode], x, tuple(one[at] for one in initial), parameters[at], direction == 1, sizes)
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
    tuple of three Tensors
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
    tuple of two Tensors
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
        state = STEPS[mode](linear(input_, w_ih, b_ih), tuple(hx) if several else (hx,), w_hh, b_hh)
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
    {"tuple of two Tensors" if several else "Tensor"}
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
