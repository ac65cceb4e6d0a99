"""The functions of `torch.nn.functional`."""

from lucid.ops import published

globals().update(published("nn.functional"))
__all__ = sorted(published("nn.functional"))

GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}


def assert_int_or_pair(arg, arg_name: str, message: str) -> None:
    """AssertionError, with the name put into the message, unless an argument is an int or of two elements."""
    if not isinstance(arg, int) and len(arg) != 2:
        raise AssertionError(message.format(arg_name))


def __getattr__(name: str):
    if name == "grad":
        from lucid.nn import grad

        return grad
    raise AttributeError(f"module 'lucid.nn.functional' has no attribute {name!r}")
