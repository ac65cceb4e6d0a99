"""The queues of `multiprocessing`, under PyTorch's name of their module."""

from multiprocessing.queues import Queue, SimpleQueue

__all__ = ["Queue", "SimpleQueue"]
