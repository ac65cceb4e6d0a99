"""Memory that processes share, and how tensors in it go from one to another.

Design:

(a) `Memory` is a file without a name, mapped: it ends with the last process that maps it, however that one ends. Its root is an array
    of bytes over it, so that a tensor in shared memory is as any other.
(b) What travels is the file's descriptor: a process that is started with spawn inherits it, all others fetch it from the sender. A
    sender that ends therefore waits until what it sent was fetched.
(c) A process maps a file once, and knows it by its number: what is sent twice, or back, arrives as the same memory.
(d) Sharing moves a tensor to other memory, and all others that lie in its old one along with it. They are found among all the objects
    of the garbage collector, where the count of references says that there are some. Arrays of NumPy's stay where they are.
"""

from __future__ import annotations

import gc
import itertools
import mmap
import os
import signal
import sys
import tempfile
import threading
import time
import weakref
from multiprocessing import AuthenticationError, process, reduction, util
from multiprocessing.connection import Client, Listener
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import ForkingPickler

import numpy as np

from lucid._kernels import core
from lucid.nn.parameter import Parameter
from lucid.storage import UntypedStorage, bytes_of
from lucid.tensor import Tensor, root_of, storage_of

__all__ = ["init_reductions", "reduce_storage", "reduce_tensor"]

_array = core.TensorBase.array.__get__  # also of those that show none
PATIENCE = 5.0  # seconds that a process waits at its end for others to fetch what it sent
_known: weakref.WeakValueDictionary = weakref.WeakValueDictionary()  # from the numbers of a file to its Memory


class Memory(mmap.mmap):
    """Bytes that other processes may see.

    fd      the descriptor of the file, which `Memory` closes at its end
    nbytes  how many bytes: a file of none cannot be mapped, so that it is at least one byte longer
    """

    def __new__(cls, nbytes: int, fd: int | None = None):
        fd = _descriptor(nbytes) if fd is None else fd
        _make_room(fd)
        self = super().__new__(cls, fd, max(nbytes, 1), **({"trackfd": False} if sys.version_info >= (3, 13) else {}))
        self.fd, self.nbytes = fd, nbytes
        _known[_number(fd)] = self
        return self

    def __init__(self, *args):
        pass

    def __del__(self, close=os.close):
        close(self.fd)

    def row(self) -> np.ndarray:
        """The bytes as an array."""
        return np.ndarray(self.nbytes, np.uint8, self)

    def array(self, dtype: np.dtype, shape: tuple, strides: tuple, offset: int) -> np.ndarray:
        """A view of them; strides and offset are in bytes."""
        return np.ndarray(shape, dtype, self.row(), offset, strides)


def _descriptor(nbytes: int) -> int:
    """A new file without a name."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("lucid", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, max(nbytes, 1))
    return fd


def _number(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _make_room(fd: int) -> None:
    """Let the process open more files, where half of those that it may are open."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and fd > soft // 2 and soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def memory_of(array: np.ndarray) -> Memory | None:
    """The shared memory that an array lies in, if it does."""
    base = root_of(array).base
    return base if isinstance(base, Memory) else None


def share(holder: Tensor | UntypedStorage) -> Memory:
    """Move a tensor, or a storage, to shared memory, with all others that lie in its memory."""
    array = _array_of(holder)
    found = memory_of(array)
    if found is not None:
        return found
    root = root_of(array)
    own = 4 if array is root else 3  # references to each: here, and what its holder has
    holders = [holder] if sys.getrefcount(root) == sys.getrefcount(array) == own else _holders(root)
    address, nbytes = storage_of(root)
    memory = Memory(nbytes)
    if nbytes:
        memory.row()[:] = bytes_of(root, nbytes)
    for one in holders:
        array = _array_of(one)
        moved = memory.array(array.dtype, array.shape, array.strides, array.ctypes.data - address if array.size else 0)
        if isinstance(one, Tensor):
            one.array = moved
        else:
            one._lie(moved, memory.array(np.dtype(np.uint8), (one._nbytes,), (1,), one._address - address))
    return memory


def _array_of(holder: Tensor | UntypedStorage) -> np.ndarray:
    return _array(holder) if isinstance(holder, Tensor) else holder._array


def _holders(root: np.ndarray) -> list:
    """All tensors and storages in the memory of an array."""
    return [one for one in gc.get_objects() if issubclass(type(one), (Tensor, UntypedStorage)) and root_of(_array_of(one)) is root]


# ---------------------------------------------------------------------------------------------- to other processes


def reduce_tensor(tensor: Tensor) -> tuple:
    """What a tensor is sent as, once it is in shared memory; RuntimeError for one that is in a graph.

    Its gradient stays behind, and so do attributes and hooks.
    """
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "A tensor that requires grad and is no leaf cannot be sent to another process, as graphs end with their process: "
            "send tensor.detach()"
        )
    memory, array = share(tensor), tensor.array
    offset = array.ctypes.data - memory.row().ctypes.data if array.size else 0
    return rebuild_tensor, (type(tensor), memory, array.dtype, array.shape, array.strides, offset, tensor.requires_grad)


def rebuild_tensor(cls, memory: Memory, dtype: np.dtype, shape: tuple, strides: tuple, offset: int, requires_grad: bool) -> Tensor:
    """The tensor that was sent."""
    tensor = core.TensorBase.__new__(cls)
    tensor.array = memory.array(dtype, shape, strides, offset)
    tensor._requires_grad = requires_grad
    return tensor


def reduce_storage(storage: UntypedStorage) -> tuple:
    """What a storage is sent as, once it is in shared memory."""
    memory = share(storage)
    return rebuild_storage, (memory, storage.data_ptr() - memory.row().ctypes.data if len(storage) else 0, len(storage))


def rebuild_storage(memory: Memory, offset: int, nbytes: int) -> UntypedStorage:
    """The storage that was sent."""
    storage = UntypedStorage._of(memory.row())
    return storage if nbytes == memory.nbytes else storage[offset : offset + nbytes]


def reduce_memory(memory: Memory) -> tuple:
    """What shared memory is sent as: a descriptor of its file."""
    if getattr(get_spawning_popen(), "method", None) == "spawn":
        return rebuild_memory, (memory.nbytes, reduction.DupFd(memory.fd))
    return rebuild_memory, (memory.nbytes, Offer(memory.fd))


def rebuild_memory(nbytes: int, handle) -> Memory:
    """The shared memory that was sent; RuntimeError if its sender has ended, and nobody had fetched it."""
    try:
        fd = handle.detach()
    except (ConnectionError, FileNotFoundError, EOFError) as error:
        raise RuntimeError(
            "A tensor that another process sent cannot be received any more: its memory is fetched from the sender, which has ended. "
            "Let the sender live until its tensors have arrived"
        ) from error
    known = _known.get(_number(fd))
    if known is None:
        return Memory(nbytes, fd)
    os.close(fd)
    return known


class Offer:
    """A descriptor that one other process fetches."""

    def __init__(self, fd: int):
        global _server
        with _starting:
            if _server is None:
                _server = _Server()
        self.address, self.key = _server.listener.address, next(_server.keys)
        _server.waiting[self.key] = os.dup(fd)

    def detach(self) -> int:
        """The descriptor, in the process that calls this."""
        with Client(self.address, authkey=process.current_process().authkey) as connection:
            connection.send((self.key, os.getpid()))
            return reduction.recv_handle(connection)


class _Server:
    """The thread of a process from which others fetch descriptors. Python's own (`resource_sharer`) has a file as its address, which it
    removes before the queues of a process that ends are empty."""

    def __init__(self):
        address = f"\0lucid-{os.getpid()}-{os.urandom(8).hex()}" if sys.platform == "linux" else None  # an address that is no file
        self.listener = Listener(address, "AF_UNIX", backlog=128, authkey=process.current_process().authkey)
        self.waiting, self.keys = {}, itertools.count()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they wake the threads that wait for them
        while True:
            try:
                with self.listener.accept() as connection:
                    key, pid = connection.recv()
                    reduction.send_handle(connection, self.waiting[key], pid)
                os.close(self.waiting.pop(key))
            except (OSError, EOFError, KeyError, AuthenticationError):  # who asked has ended meanwhile, or asked twice
                continue


_server, _starting = None, threading.Lock()


def _in_child(*_) -> None:
    """Begin without the server of the process that this one was forked from."""
    global _server, _starting
    if _server is not None:
        _server.listener.close()
        for fd in _server.waiting.values():
            os.close(fd)
    _server, _starting = None, threading.Lock()
    _wait_at_end()


def _wait_at_end() -> None:
    util.Finalize(None, _let_fetch, (os.getppid(),), exitpriority=-50)  # after queues have been emptied


def _let_fetch(parent: int) -> None:
    """Wait, in a process that another one started, until all that was sent was fetched, while somebody may."""
    end = time.monotonic() + PATIENCE if process.parent_process() is not None else 0
    while _server is not None and _server.waiting and os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.002)


def init_reductions() -> None:
    """Have `multiprocessing` send tensors as shared memory."""
    if hasattr(reduction, "DupFd"):  # where descriptors can be sent
        for cls, function in ((Tensor, reduce_tensor), (Parameter, reduce_tensor), (UntypedStorage, reduce_storage), (Memory, reduce_memory)):
            ForkingPickler.register(cls, function)
        util.register_after_fork(_in_child, _in_child)
        _wait_at_end()
