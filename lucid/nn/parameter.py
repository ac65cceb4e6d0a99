"""Parameter: a tensor that a Module counts among its parameters."""

from __future__ import annotations

from lucid._kernels import core
from lucid.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that, as an attribute of a Module, is one of its parameters.

    Parameters
    ----------
    data : Tensor
        Its values; memory is shared.
    requires_grad : bool, optional
        Default True.

    Examples
    --------
    >>> nn.Parameter(lucid.ones(2))
    Parameter containing:
    Parameter([1.0, 1.0], requires_grad=True)
    """

    __module__ = "lucid.nn.parameter"

    def __new__(cls, data=None, requires_grad=True):
        return Tensor.__new__(cls)

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            data = Tensor([])
        if not isinstance(data, Tensor):
            raise TypeError(f"Parameter needs a Tensor, got {type(data).__name__}")
        self.array = data.array
        self._counter = core.version_of(data)
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that, as an attribute of a Module, is one of its buffers: state that is not trained.

    Parameters
    ----------
    data : Tensor
        Its values; memory is shared.
    persistent : bool, optional
        Whether it belongs to the Module's `state_dict` (default True).

    Examples
    --------
    >>> layer = nn.Identity()
    >>> layer.mean = nn.Buffer(lucid.zeros(1))
    >>> list(layer.state_dict())
    ['mean']
    """

    __module__ = "lucid.nn.parameter"

    def __new__(cls, data=None, persistent=True):
        return Tensor.__new__(cls)

    def __init__(self, data=None, persistent=True):
        data = Tensor([]) if data is None else data
        self.array = data.array
        self._counter = core.version_of(data)
        self.persistent = persistent
