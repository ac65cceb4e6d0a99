"""`spawn`: one function in several processes, which end together."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import sys
import time
import traceback
import warnings

__all__ = ["ProcessContext", "ProcessException", "ProcessExitedException", "ProcessRaisedException", "spawn", "start_processes"]

LONGEST = 60_000  # bytes of a traceback: a pipe holds as many while nobody reads


class ProcessException(Exception):
    """A process of `spawn` failed.

    Parameters
    ----------
    msg : str
        What happened.
    error_index : int
        The number of the process.
    pid : int
        Its number in the system.
    """

    def __init__(self, msg: str, error_index: int, pid: int):
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function raised, and `msg` has the traceback."""


class ProcessExitedException(ProcessException):
    """The process ended with `exit_code`, or by the signal `signal_name`."""

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


class ProcessContext:
    """Processes that run together.

    Parameters
    ----------
    processes : list of Process
        They have been started.
    errors : list of Connection
        Where each of them says what it raised.
    """

    def __init__(self, processes: list, errors: list):
        self.processes, self.errors = processes, errors
        self.sentinels = {process.sentinel: number for number, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """The numbers of the processes in the system."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait for a process to end.

        Parameters
        ----------
        timeout : float, optional
            How many seconds at the most.
        grace_period : float, optional
            Once one has failed, for how many seconds the others may end by themselves, before they are ended.

        Returns
        -------
        bool
            Whether all of them have ended.

        Raises
        ------
        ProcessRaisedException
            If the function raised in one of them; the others are ended.
        ProcessExitedException
            If one ended in another way.
        """
        for sentinel in multiprocessing.connection.wait(list(self.sentinels), timeout) if self.sentinels else ():
            number = self.sentinels.pop(sentinel)
            self.processes[number].join()
            if self.processes[number].exitcode:
                self._end(grace_period)
                self._report(number)
        return not self.sentinels

    def _end(self, grace_period: float | None) -> None:
        if grace_period is not None:
            self._wait(grace_period)
        for end in ("terminate", "kill"):
            for process in self.processes:
                if process.is_alive():
                    getattr(process, end)()
            self._wait(30 if grace_period is None else grace_period)

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0, end - time.monotonic()))

    def _report(self, number: int) -> None:
        process = self.processes[number]
        try:
            told = self.errors[number].recv_bytes().decode(errors="replace") if self.errors[number].poll() else None
        except EOFError:
            told = None
        if told is not None:
            raise ProcessRaisedException(f"\n\n-- Process {number} terminated with the following error:\n{told}", number, process.pid)
        code = process.exitcode
        if code >= 0:
            raise ProcessExitedException(f"process {number} terminated with exit code {code}", number, process.pid, code)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"<Unknown signal {-code}>"
        raise ProcessExitedException(f"process {number} terminated with signal {name}", number, process.pid, code, name)


def _run(function, number: int, args: tuple, error) -> None:
    try:
        function(number, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        error.send_bytes(traceback.format_exc().encode()[-LONGEST:])
        sys.exit(1)


def start_processes(fn, args=(), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"):
    """As `spawn`, by another way of starting processes: "fork", "spawn" or "forkserver".

    Returns
    -------
    ProcessContext or None
        The processes, unless they were waited for.
    """
    context = multiprocessing.get_context(start_method)
    processes, errors = [], []
    for number in range(nprocs):
        error, told = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, number, args, told), daemon=daemon)
        process.start()
        told.close()
        processes.append(process)
        errors.append(error)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(fn, args=(), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"):
    """Run `fn(i, *args)` in new processes, for `i` from 0 to `nprocs` - 1.

    Parameters
    ----------
    fn : callable
        A function of a module. Tensors among its arguments are the same memory in all processes.
    args : tuple, optional
        What it is called with, after the number of the process.
    nprocs : int, optional
        How many processes. Default: 1.
    join : bool, optional
        Whether to wait for their end. Default: True.
    daemon : bool, optional
        Whether they end with this process. Default: False.
    start_method : str, optional
        Another one than "spawn" is warned of: `start_processes` takes it.

    Returns
    -------
    ProcessContext or None
        The processes, unless they were waited for; its `join` waits for them.

    Raises
    ------
    ProcessRaisedException
        If the function raised in one of them: the message has its traceback, and the other processes are ended.
    ProcessExitedException
        If one ended in another way.

    Examples
    --------
    >>> import math
    >>> from lucid.multiprocessing import ProcessRaisedException, spawn
    >>> try:
    ...     spawn(math.log)
    ... except ProcessRaisedException as error:
    ...     error.error_index, str(error).splitlines()[-1].partition(":")[0]
    (0, 'ValueError')
    """
    if start_method != "spawn":
        warnings.warn(
            f"spawn() starts processes by spawn, not {start_method}: lucid.multiprocessing.start_processes takes other ways",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon)
