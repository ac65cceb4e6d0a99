"""Recurrent networks."""

from __future__ import annotations

import math

import lucid
from lucid._kernels import core
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
        Whether there are biases. Default: True.
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
        if not isinstance(input_size, int):
            raise TypeError(f"input_size should be of type int, got: {type(input_size).__name__}")
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
        self._all_weights = []
        for layer in range(num_layers):
            width = state * directions if layer else input_size
            for direction in range(directions):
                suffix = f"l{layer}" + ("_reverse" if direction else "")
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, state)}
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
                shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
                for name, shape in shapes.items():
                    setattr(self, f"{name}_{suffix}", Parameter(lucid.empty(shape, device=device, dtype=dtype)))
                self._all_weights.append([f"{name}_{suffix}" for name in shapes])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in ``±1 / sqrt(hidden_size)``."""
        _reset(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Nothing: it is for graphics processors."""

    @property
    def all_weights(self) -> list:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def __getstate__(self) -> dict:
        return vars(self) | {"_flat_weights_names": self._flat_weights_names, "_flat_weights": self._flat_weights}  # as PyTorch's have them

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({name: value for name, value in state.items() if name not in ("_flat_weights_names", "_flat_weights")})

    @property
    def _flat_weights_names(self) -> list:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list:
        return [getattr(self, name) for name in self._flat_weights_names]

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """ValueError unless the dtype is the weights', RuntimeError unless there are 3 dimensions, 2 if packed, and the last is `input_size`."""
        dtype = self.weight_ih_l0.dtype
        if input.dtype != dtype and not core.autocasting():
            raise ValueError(
                f"{self._get_name()}: input is of {input.dtype}, the weights are of {dtype}: convert the input with .to({dtype}), "
                f"or the module with .to({input.dtype})"
            )
        dims = 3 if batch_sizes is None else 2
        if input.dim() != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}")

    def get_expected_hidden_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the hidden state for a batch, or for packed data and its batch sizes."""
        batch = input.shape[0 if self.batch_first else 1] if batch_sizes is None else int(batch_sizes[0])
        return self.num_layers * (2 if self.bidirectional else 1), batch, self.proj_size or self.hidden_size

    def check_hidden_size(self, hx: Tensor, expected_hidden_size: tuple, msg: str = "Expected hidden size {}, got {}") -> None:
        """RuntimeError with the message unless a state has the shape."""
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden, batch_sizes: Tensor | None) -> None:
        """RuntimeError unless input and state fit the network and each other."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx, permutation: Tensor | None):
        """A state whose batch is in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _states(self, hx, input: Tensor, batch_sizes: Tensor | None = None, batched: bool = True):
        """The first state, with a batch dimension; RuntimeError where sizes do not fit."""
        pair = self.mode == "LSTM"
        if hx is None:
            self.check_input(input, batch_sizes)
            shape = self.get_expected_hidden_size(input, batch_sizes)
            hx = lucid.zeros(shape, dtype=input.dtype)
            return (hx, lucid.zeros(*shape[:2], self.hidden_size, dtype=input.dtype)) if pair else hx
        for state, what in zip(hx if pair else (hx,), ("hidden", "cell")):
            if state.dim() != (3 if batched else 2):
                raise RuntimeError(
                    f"For {'batched 3-D' if batched else 'unbatched 2-D'} input, {what} state should also be "
                    f"{3 if batched else 2}-D but got {state.dim()}-D tensor"
                )
        if not batched:
            hx = tuple(one.unsqueeze(1) for one in hx) if pair else hx.unsqueeze(1)
        self.check_forward_args(input, hx, batch_sizes)
        return hx

    def _run(self, x: Tensor, states, batch_first: bool, sizes: list[int] | None = None) -> tuple[Tensor, tuple]:
        groups = recurrent.grouped(self.mode, self._flat_weights, self.bias, bool(self.proj_size))
        pair = self.mode == "LSTM"
        out, last = recurrent.run(
            self.mode, x, tuple(states) if pair else (states,), groups, self.num_layers, self.dropout, self.training,
            self.bidirectional, batch_first, sizes,
        )  # fmt: skip
        return out, last if pair else last[0]

    def forward(self, input, hx=None):
        if isinstance(input, tuple):  # nn.utils.rnn.PackedSequence
            return self._packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        if input.dim() == 3:
            return self._run(input, self._states(hx, input), self.batch_first)
        along = 0 if self.batch_first else 1
        input = input.unsqueeze(along)
        out, last = self._run(input, self._states(hx, input, batched=False), self.batch_first)
        return out.squeeze(along), tuple(one.squeeze(1) for one in last) if self.mode == "LSTM" else last.squeeze(1)

    def _packed(self, input, hx):
        """The same for packed sequences; states are in the order that the sequences had before they were packed."""
        data, batch_sizes, order, back = input
        states = self._states(hx, data, batch_sizes)
        out, last = self._run(data, states if hx is None else self.permute_hidden(states, order), False, batch_sizes.tolist())
        return type(input)(out, batch_sizes, order, back), self.permute_hidden(last, back)

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
        What is applied to the sum. Default: "tanh".
    bias : bool, optional
        Whether there are biases. Default: True.
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
        Whether there are biases. Default: True.
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

    def get_expected_cell_size(self, input: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int]:
        """The shape of the cell state, as `get_expected_hidden_size`."""
        return *self.get_expected_hidden_size(input, batch_sizes)[:2], self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: tuple, batch_sizes: Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        sizes = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        for i, (one, size) in enumerate(zip(hidden, sizes)):
            self.check_hidden_size(one, size, f"Expected hidden[{i}] size {{}}, got {{}}")

    def permute_hidden(self, hx: tuple, permutation: Tensor | None) -> tuple:
        return hx if permutation is None else tuple(one.index_select(1, permutation) for one in hx)


class GRU(RNNBase):
    """Gated recurrent units.

    Parameters
    ----------
    input_size, hidden_size : int
        Sizes of the last dimension of input and state.
    num_layers : int, optional
        Layers, each on the results of the one before. Default: 1.
    bias : bool, optional
        Whether there are biases. Default: True.
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
            if one is not None and one.shape[:-1] != input.shape[:-1]:
                raise RuntimeError(f"Input batch size {list(input.shape[:-1])} doesn't match hidden batch size {list(one.shape[:-1])}")
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
        Whether there are biases. Default: True.
    nonlinearity : {"tanh", "relu"}, optional
        What is applied to the sum. Default: "tanh".

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
