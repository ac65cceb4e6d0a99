"""Python's `multiprocessing` under PyTorch's name. Tensors that go to another process are copied, as arrays are."""

from multiprocessing import *  # noqa: F403
