"""Losses that bring their own layers: adaptive softmax, and a linear layer with its cross entropy."""

import math

import pytest

import lucid
from lucid import nn
from lucid.nn import functional as F


def test_an_adaptive_softmax_is_a_distribution():
    lucid.manual_seed(0)
    softmax = nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6], div_value=2.0, head_bias=True)
    x = lucid.randn(10, 8)
    everything = softmax.log_prob(x)
    assert everything.exp().sum(1).tolist() == pytest.approx([1.0] * 10, rel=1e-5)
    targets = lucid.arange(10)
    output, loss = softmax(x, targets)
    assert output.tolist() == pytest.approx(everything.gather(1, targets[:, None]).flatten().tolist(), rel=1e-5)
    assert loss.item() == pytest.approx(-output.mean().item())
    assert softmax.predict(x).tolist() == everything.argmax(1).tolist()
    alone = softmax(x[4], targets[4])
    assert alone.output.shape == () and alone.output.item() == pytest.approx(output[4].item(), rel=1e-5)
    loss.backward()
    assert all(one.grad is not None for one in softmax.parameters())


def test_predictions_of_common_and_rare_classes():
    softmax = nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4], div_value=1.5)
    x = lucid.ones(3, 4)
    for entry, expected in ((0, {0}), (1, {1}), (2, {2, 3}), (3, {4, 5})):
        with lucid.no_grad():
            softmax.head.weight.fill_(0)
            softmax.head.weight[entry] = 9
        assert set(softmax.predict(x).tolist()) <= expected
    assert softmax.predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("cutoffs", [[], [0], [3, 3], [4, 2], [6], [1.5]])
def test_cutoffs_that_are_refused(cutoffs):
    with pytest.raises(ValueError, match="cutoffs"):
        nn.AdaptiveLogSoftmaxWithLoss(4, 6, cutoffs)


@pytest.mark.parametrize(
    "x, target, words",
    [((3, 4), [[0, 1, 2]], "multi-target"), ((3, 4), [0, 1], "same size"), ((4,), [0, 1, 2, 3], "2D input"), ((3, 4), 0, "1D input"),
     ((1, 4), [6], r"\[0, 5\]"), ((1, 4), [-1], r"range \[-1, -1\]")],
)  # fmt: skip
def test_targets_that_are_refused(x, target, words):
    with pytest.raises(RuntimeError, match=words):
        nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2])(lucid.ones(x), lucid.tensor(target))


def test_a_linear_layer_with_its_loss_is_both():
    lucid.manual_seed(0)
    x, weight, bias = lucid.randn(4, 3), lucid.randn(5, 2, 3), lucid.randn(5, 2)
    target = lucid.tensor([[0, 1], [4, -100], [2, 2], [3, 0]])
    found = F.linear_cross_entropy(x, weight, target, linear_bias=bias, reduction="none", label_smoothing=0.1)
    logits = lucid.einsum("nf,cdf->ncd", x, weight) + bias
    expected = F.cross_entropy(logits, target, reduction="none", label_smoothing=0.1)
    assert lucid.allclose(found, expected) and found[1, 1].item() == 0
    loss = nn.LinearCrossEntropyLoss(3, 5, out_features=(2,), bias=True)
    with lucid.no_grad():
        loss.linear.weight.copy_(weight.reshape(10, 3))
        loss.linear.bias.copy_(bias.reshape(10))
    assert loss(x, target).item() == pytest.approx(F.cross_entropy(logits, target).item(), rel=1e-5)
    empty = F.linear_cross_entropy(lucid.ones(2, 0), lucid.ones(5, 0), lucid.tensor([1, 2]))
    assert empty.item() == pytest.approx(math.log(5))


@pytest.mark.parametrize(
    "shapes, words",
    [
        (((2, 2, 3), (5, 3), (2,)), "dimensionality 1 or 2, got 3"),
        (((4, 3), (3,), (4,)), "at least 2, got 1"),
        (((4, 3), (5, 2), (4,)), "3 and 2"),
        (((3,), (5, 2, 3), (2,)), "batched input"),
    ],
)
def test_shapes_that_do_not_fit(shapes, words):
    x, weight, target = shapes
    with pytest.raises(RuntimeError, match=words):
        F.linear_cross_entropy(lucid.ones(x), lucid.ones(weight), lucid.zeros(target, dtype=lucid.int64))


@pytest.mark.parametrize(
    "wrong", [{"acc_policy": "x"}, {"chunking_method": "x"}, {"batch_chunk_size": 0}, {"acc_dtype": lucid.int64}]
)
def test_options_that_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        nn.LinearCrossEntropyOptions(**wrong)
