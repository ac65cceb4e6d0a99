"""Control flow as a function, for programs that are compiled where there is a compiler. Here the branch is called."""

from __future__ import annotations

from lucid.tensor import Tensor

__all__ = ["cond"]


def cond(pred, true_fn, false_fn, operands=()):
    """One of two functions, called.

    Parameters
    ----------
    pred : bool, number or Tensor
        Which: a tensor has one element.
    true_fn, false_fn : callable
        What is called if it is true, and if it is not.
    operands : tuple or list, optional
        With what.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    RuntimeError
        If something is of another kind, or the tensor has several elements.

    Examples
    --------
    >>> x = lucid.ones(2)
    >>> lucid.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))
    Tensor([2.0, 2.0])
    """
    if not isinstance(pred, (bool, int, float, Tensor)) or (isinstance(pred, Tensor) and pred.numel() != 1):
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not callable(true_fn) or not callable(false_fn):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)):
        raise RuntimeError(f"Expect operands to be a tuple or a list, but got {operands!r}.")
    return (true_fn if pred else false_fn)(*operands)
