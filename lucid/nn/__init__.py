"""Neural networks: functions, modules, parameters, initial weights."""

from lucid._later import later as _later
from lucid.nn import functional, init  # noqa: F401
from lucid.nn.modules import *  # noqa: F403
from lucid.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter  # noqa: F401

from lucid.nn import utils  # noqa: F401, isort: skip


def factory_kwargs(kwargs) -> dict:
    """Of a module's keywords those that a function which makes tensors takes: device, dtype, memory_format.

    Parameters
    ----------
    kwargs : dict or None
        The keywords; those in its own entry `factory_kwargs` are taken too.

    Returns
    -------
    dict

    Raises
    ------
    TypeError
        If there are others, or one is there twice.

    Examples
    --------
    >>> lucid.nn.factory_kwargs({"dtype": lucid.float64})
    {'dtype': lucid.float64}
    """
    kwargs = dict(kwargs or {})
    found = dict(kwargs.pop("factory_kwargs", {}))
    if unknown := kwargs.keys() - {"device", "dtype", "memory_format"}:
        raise TypeError(f"unexpected kwargs {unknown}")
    if twice := kwargs.keys() & found.keys():
        raise TypeError(f"{', '.join(sorted(twice))} specified twice, in **kwargs and in factory_kwargs")
    return found | kwargs


__getattr__ = _later("lucid.nn", DataParallel="parallel")
