"""Automatic differentiation: what a program uses of it."""

from lucid._later import later as _later
from lucid.autograd import anomaly as anomaly_mode  # noqa: F401
from lucid.autograd import graph, hooks  # noqa: F401  (`hooks` gives Tensor its methods)
from lucid.autograd import modes as grad_mode  # noqa: F401
from lucid.autograd.anomaly import detect_anomaly, set_detect_anomaly
from lucid.autograd.engine import backward, grad
from lucid.autograd.function import Function, FunctionCtx
from lucid.autograd.modes import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from lucid.autograd.variable import Variable

__all__ = [
    "Function", "FunctionCtx", "GradcheckError", "backward", "detect_anomaly", "enable_grad", "grad", "gradcheck",
    "Variable", "enforce_grad_layout_policy", "gradgradcheck", "inference_mode", "no_grad", "set_detect_anomaly",
    "set_grad_enabled", "set_multithreading_enabled",
]  # fmt: skip


__getattr__ = _later("lucid.autograd", GradcheckError="check", gradcheck="check", gradgradcheck="check")
