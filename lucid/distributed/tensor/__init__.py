"""Tensors of several processes; there are none, which is what `isinstance` says."""

__all__ = ["DTensor", "distribute_tensor"]


class DTensor:
    """A tensor that several processes share: NotImplementedError."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("DTensor: Lucid computes in one process")


def distribute_tensor(tensor, device_mesh=None, placements=None, **options):
    """Share a tensor among processes: NotImplementedError."""
    raise NotImplementedError("distribute_tensor: Lucid computes in one process")
