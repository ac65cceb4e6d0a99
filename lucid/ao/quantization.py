"""The marks of where a network would be quantized, which pass their input on until it is."""

from lucid.nn import Module
from lucid.ops._doc import like

__all__ = ["DeQuantStub", "FakeQuantizeBase", "ObserverBase", "QuantStub"]


class QuantStub(Module):
    """Where numbers would be quantized.

    Parameters
    ----------
    qconfig : optional
        How; not used.

    Examples
    --------
    >>> lucid.ao.quantization.QuantStub()(lucid.ones(2))
    Tensor([1.0, 1.0])
    """

    def __init__(self, qconfig=None):
        super().__init__()
        if qconfig:
            self.qconfig = qconfig

    def forward(self, x):
        return x


@like(QuantStub)
class DeQuantStub(QuantStub):
    """Where they would be numbers again.

    Examples
    --------
    >>> lucid.ao.quantization.DeQuantStub()(lucid.ones(2))
    Tensor([1.0, 1.0])
    """


class FakeQuantizeBase(Module):
    """What rounds as a quantized network would: there is none, and packages ask whether a module is one.

    Examples
    --------
    >>> isinstance(lucid.nn.Linear(1, 1), lucid.ao.quantization.FakeQuantizeBase)
    False
    """


class ObserverBase(Module):
    """What looks on to find out how to quantize: there is none, and packages ask whether a module is one.

    Examples
    --------
    >>> isinstance(lucid.nn.Linear(1, 1), lucid.ao.quantization.ObserverBase)
    False
    """
