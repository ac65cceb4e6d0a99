"""Averages of a model's parameters over training: stochastic weight averaging, exponential moving averages."""

from __future__ import annotations

import copy
import itertools
import math

import lucid
from lucid.autograd.modes import no_grad
from lucid.nn.modules.module import Module
from lucid.nn.modules.normalization import _BatchNorm
from lucid.ops._doc import doc, like
from lucid.optim.lr_scheduler.scheduler import LRScheduler, each

__all__ = [
    "AveragedModel", "SWALR", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_swa_avg_fn():
    """A function for `AveragedModel` that makes the mean of all models.

    Returns
    -------
    function
        Of a mean, a parameter, and the number of parameters in the mean.

    Examples
    --------
    >>> lucid.optim.swa_utils.get_swa_avg_fn()(lucid.tensor([1.0]), lucid.tensor([4.0]), 2)
    Tensor([2.0])
    """

    @no_grad
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


@like(get_swa_avg_fn, decay="float, optional: How much of the mean stays (default 0.999).")
def get_ema_avg_fn(decay: float = 0.999):
    """A function for `AveragedModel` that makes a moving mean.

    Examples
    --------
    >>> lucid.optim.swa_utils.get_ema_avg_fn(0.5)(lucid.tensor([1.0]), lucid.tensor([4.0]), 2)
    Tensor([2.5])
    """
    _check_decay(decay)

    @no_grad
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_multi_avg_fn():
    """A function for `AveragedModel` that moves all means of a dtype to the mean of all models.

    Returns
    -------
    function
        Of a list of means, a list of parameters, and the number of parameters in the mean.

    Examples
    --------
    >>> mean = [lucid.tensor([1.0])]
    >>> lucid.optim.swa_utils.get_swa_multi_avg_fn()(mean, [lucid.tensor([4.0])], 2)
    >>> mean
    [Tensor([2.0])]
    """

    @no_grad
    def swa_update(averaged_param_list, current_param_list, num_averaged):
        for mean, param in zip(averaged_param_list, current_param_list):
            if mean.is_floating_point() or mean.is_complex():
                mean.lerp_(param, 1 / (float(num_averaged) + 1))
            else:
                mean.add_(param - mean, alpha=1 / (float(num_averaged) + 1))

    return swa_update


@like(get_swa_multi_avg_fn, decay="float, optional: How much of the means stays (default 0.999).")
def get_ema_multi_avg_fn(decay: float = 0.999):
    """A function for `AveragedModel` that moves all means of a dtype towards the parameters.

    Examples
    --------
    >>> mean = [lucid.tensor([1.0])]
    >>> lucid.optim.swa_utils.get_ema_multi_avg_fn(0.5)(mean, [lucid.tensor([4.0])], 2)
    >>> mean
    [Tensor([2.5])]
    """
    _check_decay(decay)

    @no_grad
    def ema_update(ema_param_list, current_param_list, num_averaged):
        for mean, param in zip(ema_param_list, current_param_list):
            if mean.is_floating_point() or mean.is_complex():
                mean.lerp_(param, 1 - decay)
            else:
                mean.copy_(mean * decay + param * (1 - decay))

    return ema_update


@doc()
class AveragedModel(Module):
    """A copy of a model whose parameters are means of the model's.

    Parameters
    ----------
    model : Module
        What is averaged.
    avg_fn : function, optional
        Of a mean, a parameter and the number of updates: the new mean. Default: that of all updates.
    multi_avg_fn : function, optional
        Instead: changes a list of means, given a list of parameters and the number of updates.
    use_buffers : bool, optional
        Average buffers too (default False: they are copied).

    Attributes
    ----------
    module : Module
        The copy.
    n_averaged : Tensor
        The number of updates.

    References
    ----------
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018.

    Examples
    --------
    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = lucid.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0):
    ...     _ = model.weight.data.fill_(value)
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    1.5
    """

    def __init__(self, model: Module, device=None, avg_fn=None, multi_avg_fn=None, use_buffers: bool = False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", lucid.tensor(0, dtype=lucid.int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @no_grad
    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters as they are into the means."""
        tensors = lambda one: list(itertools.chain(one.parameters(), one.buffers() if self.use_buffers else ()))
        means, params = tensors(self.module), [one.detach() for one in tensors(model)]
        if self.n_averaged == 0:
            for mean, param in zip(means, params):
                mean.copy_(param)
        elif self.multi_avg_fn is not None:
            for dtype in dict.fromkeys(one.dtype for one in means):
                pairs = [(mean.detach(), param) for mean, param in zip(means, params) if mean.dtype is dtype]
                self.multi_avg_fn(*map(list, zip(*pairs)), self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for mean, param in zip(means, params):
                mean.copy_(average(mean.detach(), param, self.n_averaged))
        if not self.use_buffers:
            for own, buffer in zip(self.module.buffers(), model.buffers()):
                own.copy_(buffer)
        self.n_averaged += 1


@no_grad
def update_bn(loader, model: Module, device=None) -> None:
    """Compute the running statistics of batch normalisations anew, over all batches of a loader.

    Parameters
    ----------
    loader : iterable
        Of inputs, or of tuples or lists that begin with one.
    model : Module
        Is called with each; stays in the mode that it is in.
    device : optional
        The CPU.

    Examples
    --------
    >>> model = nn.BatchNorm1d(1)
    >>> lucid.optim.swa_utils.update_bn([lucid.tensor([[1.0], [3.0]]), lucid.tensor([[5.0], [7.0]])], model)
    >>> model.running_mean
    Tensor([4.0])
    """
    norms = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not norms:
        return
    training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for batch in loader:
        batch = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(batch if device is None else batch.to(device))
    for norm, momentum in norms.items():
        norm.momentum = momentum
    model.train(training)


@doc()
class SWALR(LRScheduler):
    """Rates that go over to a constant one within some epochs.

    Parameters
    ----------
    swa_lr : float or list of float
        The rates in the end, for all groups or for each.
    anneal_epochs : int, optional
        How many epochs it takes (default 10).
    anneal_strategy : {"cos", "linear"}, optional
        Along half a cosine (default), or a line.

    Examples
    --------
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.swa_utils.SWALR(optimizer, 0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> [optimizer.step() or scheduler.step() or scheduler.get_last_lr()[0] for _ in range(3)]
    [0.75, 0.5, 0.5]
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs: int = 10, anneal_strategy: str = "cos", last_epoch: int = -1):
        for rate, group in zip(each(optimizer, "swa_lr", swa_lr), optimizer.param_groups):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way is behind after so many steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for rate, group in zip(self.rates, self.optimizer.param_groups):
            goal = group["swa_lr"]
            start = goal if before == 1 else (rate - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates
