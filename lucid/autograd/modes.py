"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

Each is a context manager and a decorator, and counts for its own thread. The flag itself is a thread-local in
`lucid._kernels.core`, where every call reads it.
"""

from __future__ import annotations

import functools

from lucid._kernels import core
from lucid._kernels.core import is_grad_enabled

__all__ = [
    "enable_grad", "enforce_grad_layout_policy", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad",
    "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


CO_GENERATOR = 0x20  # of a code object's flags, as in `inspect`


class _Mode:
    """A gradient mode for the length of a `with` block or of a decorated function."""

    mode = True

    def __new__(cls, orig_func=None):
        self = object.__new__(cls)
        return self if orig_func is None else self(orig_func)

    def __enter__(self):
        self.before = core.set_grad(self.mode)

    def __exit__(self, *error):
        core.set_grad(self.before)

    def clone(self):
        """Another one: each call of a decorated function takes its own, as it may call itself."""
        return type(self)()

    def __call__(self, function):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & CO_GENERATOR:
            return self._wrap_generator(function)

        @functools.wraps(function)
        def decorated(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)

        return decorated

    def _wrap_generator(self, function):
        """The mode holds while the generator runs, and not while its caller does."""

        @functools.wraps(function)
        def decorated(*args, **kwargs):
            generator = function(*args, **kwargs)
            sent, thrown = None, None
            while True:
                try:
                    with self.clone():
                        value = generator.send(sent) if thrown is None else generator.throw(thrown)
                except StopIteration as stop:
                    return stop.value
                finally:
                    sent, thrown = None, None  # an error that leaves would hold itself
                try:
                    sent = yield value
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    thrown = error

        return decorated


class no_grad(_Mode):
    """Record nothing: results do not require grad, and memory for gradients is not kept.

    Parameters
    ----------
    orig_func : callable, optional
        What to decorate: `@lucid.no_grad` does without parentheses too.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with lucid.no_grad():
    ...     (x * 2).requires_grad
    False
    >>> @lucid.no_grad()
    ... def double(x):
    ...     return x * 2
    >>> double(x).requires_grad
    False
    """

    mode = False


class enable_grad(_Mode):
    """Record again, inside `no_grad`.

    Parameters
    ----------
    orig_func : callable, optional
        What to decorate: `@lucid.enable_grad` does without parentheses too.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.ones(2, requires_grad=True)
    >>> with lucid.no_grad(), lucid.enable_grad():
    ...     (x * 2).requires_grad
    True
    """


class set_grad_enabled(_Mode):
    """Record or not, from now on or for the length of a `with` block.

    Parameters
    ----------
    mode : bool
        Whether to record.

    Examples
    --------
    >>> import lucid
    >>> training = False
    >>> with lucid.set_grad_enabled(training):
    ...     lucid.is_grad_enabled()
    False
    """

    def __new__(cls, mode):
        return object.__new__(cls)

    def __init__(self, mode: bool):
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}")
        self.mode = mode
        self.before = core.set_grad(self.mode)

    def __repr__(self) -> str:
        return f"lucid.set_grad_enabled(mode={self.mode})"

    def __enter__(self):
        core.set_grad(self.mode)

    def clone(self):
        return type(self)(self.mode)

    def __call__(self, function):
        core.set_grad(self.before)  # a decorator changes nothing where it stands
        return super().__call__(function)


class inference_mode(_Mode):
    """As `no_grad`; the tensors made inside can never take part in a graph.

    Parameters
    ----------
    mode : bool, optional
        Whether inference mode is on (default) or off.

    Examples
    --------
    >>> import lucid
    >>> with lucid.inference_mode():
    ...     y = lucid.ones(2) * 2
    >>> y.is_inference()
    True
    """

    def __new__(cls, mode=True):
        self = object.__new__(cls)
        if callable(mode):
            self.__init__()
            return self(mode)
        return self

    def __init__(self, mode: bool = True):
        self.inference = bool(mode)

    def __enter__(self):
        self.before = core.set_inference(self.inference), core.set_grad(not self.inference and core.is_grad_enabled())
        if not self.inference:
            core.set_grad(True)

    def __exit__(self, *error):
        inference, grad = self.before
        core.set_inference(inference)
        core.set_grad(grad)

    def clone(self):
        return type(self)(self.inference)


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode.

    Returns
    -------
    bool

    Examples
    --------
    >>> import lucid
    >>> with lucid.inference_mode():
    ...     lucid.is_inference_mode_enabled()
    True
    """
    return core.is_inference()


class _WithoutEffect:
    """A setting of PyTorch's engine that there is no need for here, for a block or a decorated function."""

    def __init__(self, mode: bool):
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error) -> None:
        pass

    def clone(self):
        """Another one of the same value."""
        return type(self)(self.mode)

    def __call__(self, function):
        return function


class set_multithreading_enabled(_WithoutEffect):
    """Say whether `backward` may use threads of its own: it always runs in the thread that calls it.

    Parameters
    ----------
    mode : bool
        Whether it may.

    Examples
    --------
    >>> with lucid.autograd.set_multithreading_enabled(False):
    ...     pass
    """


class enforce_grad_layout_policy(_WithoutEffect):
    """Say whether gradients have to lie in memory as their parameters do: what layout they have is not promised here.

    Parameters
    ----------
    enable : bool, optional
        Whether they have to.

    Examples
    --------
    >>> with lucid.autograd.enforce_grad_layout_policy(False):
    ...     pass
    """

    def __init__(self, enable: bool = True):
        super().__init__(enable)
