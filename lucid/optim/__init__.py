"""Optimizers."""

from lucid.optim import lr_scheduler  # noqa: F401
from lucid.optim.adam import Adam, AdamW
from lucid.optim.optimizer import Optimizer
from lucid.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
