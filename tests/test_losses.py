"""Losses whose values can be had another way: by counting all alignments."""

import itertools
import math

import pytest

import lucid
import lucid.nn.functional as F
from lucid.autograd import gradcheck


def collapsed(path, blank):
    """The labels of an alignment: repetitions once, blanks not at all."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_counting(log_probs, target, blank):
    steps, classes = log_probs.shape
    likely = sum(
        math.exp(sum(log_probs[t][k].item() for t, k in enumerate(path)))
        for path in itertools.product(range(classes), repeat=steps) if collapsed(path, blank) == target
    )  # fmt: skip
    return -math.log(likely) if likely else math.inf


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("target", [[], [1], [1, 1], [3, 1, 3], [1, 1, 1, 1]])
def test_ctc_loss_counts_alignments(target, blank):
    x = F.log_softmax(lucid.randn(5, 4, dtype=lucid.float64), 1)
    labels = lucid.tensor(target, dtype=lucid.int64)
    found = F.ctc_loss(x, labels, [5], [len(target)], blank, "sum")
    assert found.item() == pytest.approx(by_counting(x, target, blank), rel=1e-12)


def test_ctc_loss_of_samples_of_many_lengths():
    logits = lucid.randn(6, 3, 4, dtype=lucid.float64, requires_grad=True)
    inputs, lengths = [6, 3, 0], [2, 3, 0]
    padded = lucid.tensor([[1, 1, 9], [3, 1, 2], [7, 7, 7]])  # what is beyond the lengths is not looked at
    joined = lucid.tensor([1, 1, 3, 1, 2])

    def loss(x, targets=padded):
        return F.ctc_loss(F.log_softmax(x, 2), targets, inputs, lengths, reduction="none")

    assert loss(logits, joined).tolist() == loss(logits).tolist()
    assert gradcheck(loss, (logits,))
    with pytest.raises(RuntimeError, match="second gradient"):
        lucid.autograd.grad(lucid.autograd.grad(loss(logits).sum(), logits, create_graph=True)[0].sum(), logits)


def test_ctc_loss_where_there_is_no_alignment():
    x = lucid.randn(2, 4, requires_grad=True)
    target = lucid.tensor([1, 1])
    assert F.ctc_loss(x, target, [2], [2]).item() == math.inf
    loss = F.ctc_loss(x, target, [2], [2], zero_infinity=True)
    loss.backward()
    assert loss.item() == 0 and x.grad.tolist() == [[0.0] * 4] * 2


def test_ctc_loss_refuses_what_is_no_class():
    with pytest.raises(IndexError, match="4 is out of bounds, there are 4 classes"):
        F.ctc_loss(lucid.zeros(3, 4), lucid.tensor([1, 4]), [3], [2])


def test_hinge_embedding_loss_of_integers_is_computed_in_them():
    x = lucid.tensor([0, 1, 2, 250], dtype=lucid.uint8)
    assert F.hinge_embedding_loss(x, lucid.tensor(-1), 1.5, reduction="none").tolist() == [1, 0, 255, 7]
    assert F.hinge_embedding_loss(lucid.tensor([-100, 3], dtype=lucid.int8), lucid.tensor(-1), 100, reduction="none").tolist() == [0, 97]
    with pytest.raises(RuntimeError, match="without overflow"):
        F.hinge_embedding_loss(x, lucid.tensor(-1), -1.0)


def test_smooth_l1_loss_of_complex_numbers_is_that_without_a_bend():
    x, y = lucid.tensor([3 + 4j, 1j]), lucid.tensor([0, 2j])
    assert F.smooth_l1_loss(x, y, beta=0.0, reduction="none").tolist() == [5, 1]
    with pytest.raises(NotImplementedError, match="complex"):
        F.smooth_l1_loss(x, y)


@pytest.mark.filterwarnings("ignore:kl_div")
def test_reductions_by_number():
    x, y = lucid.randn(3, 4), lucid.rand(3, 4)
    for name in ("kl_div", "binary_cross_entropy_with_logits"):
        for number, reduction in enumerate(("none", "mean", "sum")):
            found, wanted = getattr(lucid, name)(x, y, reduction=number), getattr(F, name)(x, y, reduction=reduction)
            assert found.tolist() == wanted.tolist()
        with pytest.raises(TypeError, match="must be int, not str"):
            getattr(lucid, name)(x, y, reduction="mean")
    assert lucid.binary_cross_entropy_with_logits(x[0], y, reduction=0).shape == (3, 4)
    with pytest.raises(RuntimeError, match="match the broadcast shape"):
        lucid.binary_cross_entropy_with_logits(x, y[0])


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])
def test_cross_entropy_of_probabilities_in_half_precision_is_rounded_once(dtype):
    x, target = lucid.linspace(-9, 6, 120).sin().mul(9).reshape(20, 3, 2).to(dtype), lucid.rand(20, 3, 2).to(dtype)
    for reduction in ("none", "sum", "mean"):
        found = F.cross_entropy(x, target, reduction=reduction)
        assert lucid.equal(found, F.cross_entropy(x.float(), target.float(), reduction=reduction).to(dtype))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_multi_margin_loss_is_its_formula_of_any_number_of_classes(p, reduction):
    target = lucid.tensor([0, 99, 41, 7])
    weight = lucid.linspace(0.1, 2, 100, dtype=lucid.float64)
    scores = lucid.linspace(0, 99, 400, dtype=lucid.float64).sin().reshape(4, 100).requires_grad_()
    call = lambda x: F.multi_margin_loss(x, target, p, 0.3, weight, reduction=reduction)
    hinges = [
        [max(0, 0.3 - row[t] + x) ** p for i, x in enumerate(row) if i != t] for row, t in zip(scores.tolist(), target.tolist())
    ]
    losses = [sum(row) / 100 * weight[t].item() for row, t in zip(hinges, target.tolist())]
    wanted = {"none": losses, "sum": sum(losses), "mean": sum(losses) / 4}[reduction]
    assert call(scores).tolist() == pytest.approx(wanted, rel=1e-12)
    assert gradcheck(call, (scores,))
    again = lucid.autograd.grad(call(scores).sum(), scores, create_graph=True)[0]
    once = lucid.autograd.grad(call(scores).sum(), scores)[0]
    assert lucid.allclose(again, once, 1e-12, 1e-15)


def test_multi_margin_loss_passes_over_scores_that_are_nan():
    assert F.multi_margin_loss(lucid.tensor([[math.nan, 1.0, 0.5]]), lucid.tensor([1])).item() == pytest.approx(0.5 / 3)


def test_gradients_of_binary_cross_entropy_at_its_ends_are_bounded_where_the_target_has_one_too():
    x = lucid.tensor([0.0, 1.0, 0.0, 0.25], requires_grad=True)
    for target in (lucid.tensor([0.0, 1.0, 1.0, 0.5]), lucid.tensor([0.0, 1.0, 1.0, 0.5], requires_grad=True)):
        loss = F.binary_cross_entropy(x, target, reduction="sum")
        assert lucid.autograd.grad(loss, x)[0].tolist() == pytest.approx([0.0, 0.0, -1e12, -4 / 3])
    loss = F.binary_cross_entropy(x, target, reduction="none")
    assert lucid.autograd.grad(loss.sum(), target)[0].tolist() == pytest.approx([math.inf, -math.inf, math.inf, math.log(3)])


def test_the_gradient_of_no_margins_is_empty():
    x = lucid.zeros(0, 4, requires_grad=True)
    for reduction in ("none", "mean", "sum"):
        loss = F.multi_margin_loss(x, lucid.zeros(0, dtype=lucid.int64), reduction=reduction)
        assert lucid.autograd.grad(loss.sum(), x)[0].shape == (0, 4)


@pytest.mark.parametrize("n", [0, 2])
@pytest.mark.parametrize("reduction, smoothing, wanted", [("mean", 0.0, "nan"), ("sum", 0.0, "0.0"), ("sum", 0.1, "nan"), ("mean", 0.1, "nan")])
def test_without_classes_no_target_counts(n, reduction, smoothing, wanted):
    x, w = lucid.ones(n, 3, requires_grad=True), lucid.ones(0, 3, requires_grad=True)
    loss = lucid.nn.functional.linear_cross_entropy(x, w, lucid.full((n,), -100), reduction=reduction, label_smoothing=smoothing)
    loss.backward()
    assert str(loss.item()) == wanted and x.grad.tolist() == [[0.0] * 3] * n and w.grad.shape == (0, 3)
