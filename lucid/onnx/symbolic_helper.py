"""What packages write down the ONNX form of their operators with."""

__all__ = ["parse_args"]


def parse_args(*descriptors: str):
    """A decorator that leaves its function as it is: nothing calls it."""
    return lambda function: function
