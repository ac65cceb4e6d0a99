"""What programs ask about exporting to ONNX, which is never going on, and how packages say what their operators become there."""

__all__ = ["is_in_onnx_export", "register_custom_op_symbolic"]


def is_in_onnx_export() -> bool:
    """Whether a module is being exported: False."""
    return False


def register_custom_op_symbolic(symbolic_name: str, symbolic_fn, opset_version: int, custom_opsets=None) -> None:
    """Take what an operator becomes in ONNX: nothing asks for it."""
