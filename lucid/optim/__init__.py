"""Optimizers. Packages import PyTorch's files; where an optimizer is in another one here, `_PLACES` says which."""

import sys

from lucid.optim import lr_scheduler  # noqa: F401
from lucid.optim.adafactor import Adafactor
from lucid.optim.adam import Adam, AdamW
from lucid.optim.family import ASGD, Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop
from lucid.optim.lbfgs import LBFGS
from lucid.optim.muon import Muon
from lucid.optim.optimizer import Optimizer, swap_in_optimizer_params_and_state
from lucid.optim.sgd import SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop", "swap_in_optimizer_params_and_state",
]  # fmt: skip


_PLACES = {"adamw": "adam", **dict.fromkeys(("adadelta", "adagrad", "adamax", "asgd", "nadam", "radam", "rmsprop", "rprop"), "family")}
for _theirs, _ours in _PLACES.items():
    sys.modules[f"{__name__}.{_theirs}"] = sys.modules[f"{__name__}.{_ours}"]


def __getattr__(name: str):
    if name == "swa_utils":  # it needs `lucid.nn`, which optimizers do not
        import importlib

        return importlib.import_module("lucid.optim.swa_utils")
    if name in _PLACES:
        return sys.modules[f"{__name__}.{name}"]
    raise AttributeError(f"module 'lucid.optim' has no attribute {name!r}")
