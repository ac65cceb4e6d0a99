"""What packages reach for in PyTorch's own modules of data loading."""

from lucid.utils.data._utils import collate  # noqa: F401
