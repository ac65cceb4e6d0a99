"""Optimizers."""

import sys

from lucid._later import later as _later
from lucid.optim import adam, family, lr_scheduler  # noqa: F401
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

# PyTorch's files, which packages import, where an optimizer is in another one here.
for _name in ("adadelta", "adagrad", "adamax", "asgd", "nadam", "radam", "rmsprop", "rprop"):
    globals()[_name] = sys.modules[f"{__name__}.{_name}"] = family
adamw = sys.modules[f"{__name__}.adamw"] = adam


__getattr__ = _later("lucid.optim")
