"""Getting and setting a model's state: with one process it is `state_dict` and `load_state_dict`."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

__all__ = ["StateDictOptions", "get_model_state_dict", "set_model_state_dict"]


@dataclass
class StateDictOptions:
    """How a state is got or set. But for `strict` and `ignore_frozen_params` these concern several processes or devices."""

    full_state_dict: bool = False
    cpu_offload: bool = False
    ignore_frozen_params: bool = False
    keep_submodule_prefixes: bool = True
    strict: bool = True
    broadcast_from_rank0: bool = False
    flatten_optimizer_state_dict: bool = False
    dsd_fqn_modifiers: str = "_fqn_modifiers"


def get_model_state_dict(model, *, submodules=None, options: StateDictOptions | None = None) -> dict:
    """The model's `state_dict`; without the parameters that need no gradient, if `options` ignore those."""
    found = model.state_dict()
    if options is not None and options.ignore_frozen_params:
        frozen = {name for name, one in model.named_parameters() if not one.requires_grad}
        found = {name: one for name, one in found.items() if name not in frozen}
    return found


def set_model_state_dict(model, model_state_dict: dict, *, options: StateDictOptions | None = None):
    """`load_state_dict` of the model; what it has on the device `meta` is replaced by the state's tensors.

    Parameters
    ----------
    model : Module
        The model.
    model_state_dict : dict
        Its state.
    options : StateDictOptions, optional
        Whether all names have to agree.

    Returns
    -------
    namedtuple
        `missing_keys` and `unexpected_keys`.
    """
    without = any(one.is_meta for one in itertools.chain(model.parameters(), model.buffers()))
    return model.load_state_dict(model_state_dict, strict=options is None or options.strict, assign=without)
