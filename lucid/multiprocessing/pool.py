"""The pool of `multiprocessing`, under PyTorch's name of its module."""

from multiprocessing.pool import Pool

__all__ = ["Pool"]
