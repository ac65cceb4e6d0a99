"""Adaptive softmax: a softmax over many classes of which most are rare."""

from __future__ import annotations

from collections import namedtuple
from itertools import pairwise

import lucid
from lucid.nn import functional as F
from lucid.nn.modules.container import ModuleList, Sequential
from lucid.nn.modules.linear import Linear
from lucid.nn.modules.module import Module
from lucid.ops._doc import doc

__all__ = ["AdaptiveLogSoftmaxWithLoss"]

_ASMoutput = namedtuple("_ASMoutput", ["output", "loss"])


@doc()
class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax over classes that are sorted by how often they occur, the rare ones in clusters of smaller layers.

    The head knows the first classes and one entry for each cluster. A class of a cluster has the cluster's probability
    times its own in it, and only clusters that a target lies in are computed.

    Parameters
    ----------
    in_features : int
        Size of the last dimension of the input.
    n_classes : int
        Number of classes.
    cutoffs : sequence of int
        The first class of each cluster, increasing.
    div_value : float, optional
        The layer of cluster i has ``in_features // div_value ** (i + 1)`` features (default 4).
    head_bias : bool, optional
        Whether the head has a bias (default False).

    Raises
    ------
    ValueError
        For cutoffs that are not between 1 and `n_classes` - 1, increasing.

    References
    ----------
    Grave, Joulin, Cisse, Grangier, Jegou, "Efficient softmax approximation for GPUs", 2016.

    Examples
    --------
    >>> softmax = nn.AdaptiveLogSoftmaxWithLoss(16, 10, [3, 6])
    >>> found = softmax(lucid.ones(2, 16), lucid.tensor([0, 9]))
    >>> found.output.shape, found.loss.shape
    (lucid.Size([2]), lucid.Size([]))
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs, div_value: float = 4.0, head_bias: bool = False, device=None,
        dtype=None,
    ):  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        increasing = all(low < high for low, high in pairwise([0, *cutoffs, n_classes]))
        if not increasing or any(int(one) != one for one in cutoffs):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value "
                f"is between 1 and n_classes-1; got {cutoffs}"
            )
        self.in_features, self.n_classes, self.div_value, self.head_bias = in_features, n_classes, div_value, head_bias
        self.cutoffs = [*cutoffs, n_classes]
        self.shortlist_size, self.n_clusters = cutoffs[0], len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            width = int(in_features // div_value ** (i + 1))
            self.tail.append(Sequential(Linear(in_features, width, False, device, dtype), Linear(width, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        self.head.reset_parameters()
        for narrow, wide in self.tail:
            narrow.reset_parameters()
            wide.reset_parameters()

    def forward(self, input_, target_):
        """The log-probability of each target, and the mean of their negatives."""
        if target_.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target_.dim() == 1 and input_.size(0) != target_.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input_.dim() != target_.dim() + 1:
            raise RuntimeError(
                f"{target_.dim()}D target tensor expects {target_.dim() + 1}D input tensors, but found inputs with size "
                f"{input_.size()}"
            )
        input, target = (input_, target_) if target_.dim() else (input_.unsqueeze(0), target_.unsqueeze(0))
        if bool(((target < 0) | (target >= self.n_classes)).any()):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{target.min().item()}, "
                f"{target.max().item()}] were found. "
            )
        output, at = input.new_zeros(target.size(0)), target
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            inside = (target >= low) & (target < high)
            rows = inside.nonzero().squeeze(1)
            if not rows.numel():
                continue
            own = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
            own = own.gather(1, (target.index_select(0, rows) - low).unsqueeze(1)).squeeze(1)
            output = output.index_copy(0, rows, own)
            at = at.masked_fill(inside, self.shortlist_size + i)
        output = output + F.log_softmax(self.head(input), dim=1).gather(1, at.unsqueeze(1)).squeeze(1)
        return _ASMoutput(output if target_.dim() else output.squeeze(0), (-output).mean())

    def _log_prob(self, input, head):
        """Log-probabilities of all classes, `head` being what the head makes of the input."""
        first = F.log_softmax(head, dim=1)
        shown = self.shortlist_size
        clusters = [F.log_softmax(one(input), dim=1) + first[:, shown + i, None] for i, one in enumerate(self.tail)]
        return lucid.cat([first[:, :shown], *clusters], dim=1)

    def log_prob(self, input):
        """Log-probabilities of all classes.

        Parameters
        ----------
        input : Tensor
            Of shape (n, in_features).

        Returns
        -------
        Tensor
            Of shape (n, n_classes).
        """
        return self._log_prob(input, self.head(input))

    def predict(self, input):
        """The most probable class of each row: ``log_prob(input).argmax(1)``, clusters being looked into where needed only.

        Parameters
        ----------
        input : Tensor
            Of shape (n, in_features).

        Returns
        -------
        Tensor
            Of shape (n,), int64.
        """
        head = self.head(input)
        found = head.argmax(dim=1)
        rare = found >= self.shortlist_size
        if rare.any():
            found[rare] = self._log_prob(input[rare], head[rare]).argmax(dim=1)
        return found
