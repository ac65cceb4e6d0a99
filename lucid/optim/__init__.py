"""Optimizers."""

from lucid.optim import lr_scheduler  # noqa: F401
from lucid.optim.adam import Adam, AdamW
from lucid.optim.family import ASGD, Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop
from lucid.optim.optimizer import Optimizer
from lucid.optim.sgd import SGD

__all__ = [
    "ASGD", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop",
]  # fmt: skip
