"""What programs ask about exporting: it is never going on."""

__all__ = ["is_in_onnx_export"]


def is_in_onnx_export() -> bool:
    """Whether a module is being exported: False."""
    return False
