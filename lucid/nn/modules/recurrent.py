"""Recurrent networks."""

from __future__ import annotations

import math

import lucid
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops import recurrent
from lucid.ops._doc import doc, like
from lucid.tensor import Tensor

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]


def _reset(module: Module, hidden_size: int) -> None:
    bound = 1.0 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


@doc()
class RNNBase(Module):
    """Base of `RNN`, `LSTM` and `GRU`.

    Parameters
    ----------
    mode : {"LSTM", "GRU", "RNN_TANH", "RNN_RELU"}
        What a step computes.
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    num_layers : int, optional
        Layers, each on the results of the one before. Default: 1.
    bias : bool, optional
        Default: True.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second; not of the states. Default: False.
    dropout : float, optional
        The share of results that is dropped between layers in training. Default: 0.
    bidirectional : bool, optional
        Run over the sequence backwards too. Default: False.
    proj_size : int, optional
        Of an LSTM, the size that the hidden state is projected to. Default: 0, none.

    Examples
    --------
    >>> nn.RNNBase("GRU", 3, 4)(lucid.ones(5, 2, 3))[0].shape
    lucid.Size([5, 2, 4])
    """

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError("dropout should be a number in range [0, 1] representing the probability of an element being zeroed")
        if not isinstance(hidden_size, int):
            raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size < 0 or proj_size >= hidden_size:
            raise ValueError(f"proj_size should be 0 or a positive integer smaller than hidden_size, got {proj_size}")
        if proj_size and mode != "LSTM":
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if dropout > 0 and num_layers == 1:
            import warnings

            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={num_layers}", stacklevel=3,
            )  # fmt: skip
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        if mode not in recurrent.GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        directions, rows, state = 2 if bidirectional else 1, recurrent.GATES[mode] * hidden_size, proj_size or hidden_size
        self._names = []
        for layer in range(num_layers):
            width = state * directions if layer else input_size
            for direction in range(directions):
                suffix = f"l{layer}" + ("_reverse" if direction else "")
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, state)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
                shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
                for name, shape in shapes.items():
                    setattr(self, f"{name}_{suffix}", Parameter(lucid.empty(shape, device=device, dtype=dtype)))
                self._names.append([f"{name}_{suffix}" for name in shapes])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in ``±1 / sqrt(hidden_size)``."""
        _reset(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Nothing: it is for graphics processors."""

    @property
    def all_weights(self) -> list:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def _check_width(self, input: Tensor) -> None:
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}")

    def _states(self, hx, batch: int, batched: bool, dtype) -> tuple:
        """The first states with a batch dimension; RuntimeError where sizes do not fit."""
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
        count = self.num_layers * (2 if self.bidirectional else 1)
        if hx is None:
            return tuple(lucid.zeros(count, batch, size, dtype=dtype) for size in sizes)
        states = tuple(hx) if len(sizes) > 1 else (hx,)
        made = []
        for state, size, what in zip(states, sizes, ("hidden", "cell")):
            if state.dim() != (3 if batched else 2):
                raise RuntimeError(
                    f"For {'batched 3-D' if batched else 'unbatched 2-D'} input, {what} state should also be "
                    f"{3 if batched else 2}-D but got {state.dim()}-D tensor"
                )
            state = state if batched else state.unsqueeze(1)
            if tuple(state.shape) != (count, batch, size):
                raise RuntimeError(f"Expected {what} size {(count, batch, size)}, got {list(state.shape)}")
            made.append(state)
        return tuple(made)

    def _run(self, x: Tensor, states: tuple, batch_first: bool, sizes: list[int] | None = None) -> tuple[Tensor, tuple]:
        weights = [weight for group in self.all_weights for weight in group]
        groups = recurrent.grouped(self.mode, weights, self.bias, bool(self.proj_size))
        return recurrent.run(
            self.mode, x, states, groups, self.num_layers, self.dropout, self.training, self.bidirectional, batch_first, sizes
        )

    def forward(self, input, hx=None):
        if isinstance(input, tuple):  # nn.utils.rnn.PackedSequence
            return self._packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        self._check_width(input)
        batched, along = input.dim() == 3, 1 if self.batch_first else 0
        states = self._states(hx, input.shape[1 - along] if batched else 1, batched, input.dtype)
        out, last = self._run(input if batched else input.unsqueeze(1 - along), states, self.batch_first)
        if not batched:
            out, last = out.squeeze(1 - along), tuple(one.squeeze(1) for one in last)
        return out, (last if self.mode == "LSTM" else last[0])

    def _packed(self, input, hx):
        """The same for packed sequences; states are in the order that the sequences had before they were packed."""
        data, batch_sizes, order, back = input
        if data.dim() != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {data.dim()}")
        self._check_width(data)
        sizes = batch_sizes.tolist()
        states = self._states(hx, sizes[0], True, data.dtype)
        ordered = lambda states, order: states if order is None else tuple(one.index_select(1, order) for one in states)
        out, last = self._run(data, states if hx is None else ordered(states, order), False, sizes)
        last = ordered(last, back)
        return type(input)(out, batch_sizes, order, back), (last if self.mode == "LSTM" else last[0])

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0),
                              ("bidirectional", False)):  # fmt: skip
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


@doc()
class RNN(RNNBase):
    """A plain recurrent network: ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    num_layers : int, optional
        Layers, each on the results of the one before. Default: 1.
    nonlinearity : {"tanh", "relu"}, optional
        Default: "tanh".
    bias : bool, optional
        Default: True.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second; not of the states. Default: False.
    dropout : float, optional
        The share of results that is dropped between layers in training. Default: 0.
    bidirectional : bool, optional
        Run over the sequence backwards too. Default: False.

    Examples
    --------
    >>> import lucid
    >>> out, state = lucid.nn.RNN(3, 4)(lucid.zeros(5, 2, 3))
    >>> out.shape, state.shape
    (lucid.Size([5, 2, 4]), lucid.Size([1, 2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device=None, dtype=None,
    ):  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout,
                         bidirectional, device=device, dtype=dtype)  # fmt: skip
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory. The state is a tuple of hidden and cell state.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    num_layers : int, optional
        Layers, each on the results of the one before. Default: 1.
    bias : bool, optional
        Default: True.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second; not of the states. Default: False.
    dropout : float, optional
        The share of results that is dropped between layers in training. Default: 0.
    bidirectional : bool, optional
        Run over the sequence backwards too. Default: False.
    proj_size : int, optional
        The size that the hidden state is projected to. Default: 0, none.

    Examples
    --------
    >>> import lucid
    >>> out, (hidden, cell) = lucid.nn.LSTM(3, 4, num_layers=2)(lucid.zeros(5, 2, 3))
    >>> out.shape, hidden.shape, cell.shape
    (lucid.Size([5, 2, 4]), lucid.Size([2, 2, 4]), lucid.Size([2, 2, 4]))
    """

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Gated recurrent units.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    num_layers : int, optional
        Layers, each on the results of the one before. Default: 1.
    bias : bool, optional
        Default: True.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second; not of the states. Default: False.
    dropout : float, optional
        The share of results that is dropped between layers in training. Default: 0.
    bidirectional : bool, optional
        Run over the sequence backwards too. Default: False.

    Examples
    --------
    >>> import lucid
    >>> out, state = lucid.nn.GRU(3, 4, bidirectional=True)(lucid.zeros(5, 2, 3))
    >>> out.shape, state.shape
    (lucid.Size([5, 2, 8]), lucid.Size([2, 2, 4]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


@doc()
class RNNCellBase(Module):
    """Base of the cells: one step at a time.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    bias : bool
        Whether there are biases.
    num_chunks : int
        Gates of the cell.

    Examples
    --------
    >>> [p.shape for p in nn.RNNCellBase(3, 4, False, 1).parameters()]
    [lucid.Size([4, 3]), lucid.Size([4, 4])]
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device=None, dtype=None):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        make = lambda *shape: Parameter(lucid.empty(shape, device=device, dtype=dtype))
        rows = num_chunks * hidden_size
        self.weight_ih, self.weight_hh = make(rows, input_size), make(rows, hidden_size)
        self.register_parameter("bias_ih", make(rows) if bias else None)
        self.register_parameter("bias_hh", make(rows) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in ``±1 / sqrt(hidden_size)``."""
        _reset(self, self.hidden_size)

    def _step(self, function, input, states: tuple):
        for what, one in (("input", input), ("hidden", states[0])):
            if one is not None and one.dim() not in (1, 2):
                raise ValueError(f"{self._get_name()}: Expected {what} to be 1D or 2D, got {one.dim()}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.shape[-1]}, expected {self.input_size}")
        for one in states:
            if one is not None and one.shape[-1] != self.hidden_size:
                raise RuntimeError(f"hidden has inconsistent hidden_size: got {one.shape[-1]}, expected {self.hidden_size}")
        shape = (*input.shape[:-1], self.hidden_size)
        states = tuple(lucid.zeros(shape, dtype=input.dtype) if one is None else one for one in states)
        state = states if len(states) > 1 else states[0]
        return function(input, state, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else f", bias={self.bias}")
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text + (f", nonlinearity={nonlinearity}" if nonlinearity != "tanh" else "")


@doc()
class RNNCell(RNNCellBase):
    """One step of `RNN`.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    bias : bool, optional
        Default: True.
    nonlinearity : {"tanh", "relu"}, optional
        Default: "tanh".

    Examples
    --------
    >>> nn.RNNCell(3, 4)(lucid.ones(2, 3)).shape
    lucid.Size([2, 4])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(getattr(recurrent, f"rnn_{self.nonlinearity}_cell"), input, (hx,))


@like(RNNCell)
class LSTMCell(RNNCellBase):
    """One step of `LSTM`; the state is a tuple of hidden and cell state.

    Examples
    --------
    >>> hidden, cell = nn.LSTMCell(3, 4)(lucid.ones(2, 3))
    >>> hidden.shape, cell.shape
    (lucid.Size([2, 4]), lucid.Size([2, 4]))
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        return self._step(recurrent.lstm_cell, input, (None, None) if hx is None else tuple(hx))


@like(RNNCell)
class GRUCell(RNNCellBase):
    """One step of `GRU`.

    Examples
    --------
    >>> nn.GRUCell(3, 4)(lucid.ones(2, 3)).shape
    lucid.Size([2, 4])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        return self._step(recurrent.gru_cell, input, (hx,))
