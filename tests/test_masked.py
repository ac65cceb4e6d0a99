"""Tensors with a mask: what is computed of them keeps, moves or reduces the mask too."""

import copy
import pickle

import pytest

import lucid
from lucid.masked import MaskedTensor, as_masked_tensor, is_masked_tensor, masked_tensor

X = lucid.arange(6.0).view(2, 3)
M = lucid.tensor([[True, False, True], [False, False, False]])


def seen(x):
    return x.get_data().tolist(), x.get_mask().tolist()


def test_they_are_printed_with_gaps():
    a = masked_tensor(X, M)
    assert str(a) == repr(a) == "MaskedTensor(\n  [\n    [  0.0000,       --,   2.0000],\n    [      --,       --,       --]\n  ]\n)"
    assert repr(a.sum()) == "MaskedTensor(  2.0000, True)" and repr(a[0, 1]) == "MaskedTensor(--, False)"
    assert repr(masked_tensor(X.int(), M)[0]) == "MaskedTensor(\n  [0,       --, 2]\n)" and a.shape == (2, 3) and a.dtype is lucid.float32


def test_elementwise_functions_keep_the_mask():
    a = masked_tensor(X, M)
    for found, data in [(a + a, X + X), (a * 2, X * 2), (2 / a, 2 / X), (a + X, X + X), (a.exp(), X.exp()), (-a, -X), (lucid.clamp(a, 0, 1), X.clamp(0, 1)),
                        (a > 1, X > 1), (a == a, X == X), (a.double(), X.double()), (lucid.maximum(a, a), X)]:  # fmt: skip
        assert type(found) is MaskedTensor and seen(found) == (data.tolist(), M.tolist()) and found.dtype is data.dtype
    before = a.clone()
    assert a.add_(1) is a and a.abs_().get_data().tolist() == (X + 1).tolist() and before.get_data().tolist() == X.tolist()
    assert lucid.where(X > 1, before, a).get_data()[0].tolist() == [1.0, 2.0, 2.0]
    with pytest.raises(ValueError, match="masks must match"):
        a + masked_tensor(X, ~M)


def test_what_moves_elements_moves_the_mask():
    a = masked_tensor(X, M)
    for function in (lambda x: x.t(), lambda x: x[0], lambda x: x[:, 1:], lambda x: x.reshape(3, 2), lambda x: x.unsqueeze(0), lambda x: x.expand(2, 2, 3),
                     lambda x: lucid.stack([x, x]), lambda x: lucid.cat([x, x], 1), lambda x: x.split(1)[1], lambda x: x.detach()):  # fmt: skip
        assert seen(function(a)) == (function(X).tolist(), function(M).tolist())


def test_reductions_leave_elements_out():
    a = masked_tensor(X, M)
    for name, data in [("sum", [2, 0]), ("prod", [0, 1]), ("argmax", [2, 0])]:
        assert seen(getattr(a, name)(1)) == (data, [True, False])
    assert a.mean(1)[0].item() == 1 and a.amax(1)[0].item() == 2 and a.amin(0)[2].item() == 2 and a.std().item() == pytest.approx(2**0.5)
    assert seen(a.sum(0, keepdim=True)) == ([[0, 0, 2]], [[True, False, True]]) and a.sum().item() == 2 and float(a.mean()) == 1
    assert seen((a > 1).all(1)) == ([False, True], [True, False]) and a.var(1)[0].item() == 2
    assert a.softmax(1).get_data()[0].tolist() == pytest.approx([0.11920292, 0.0, 0.88079708]) and a.softmax(1).get_mask().equal(M)


def test_gradients_are_those_of_what_counts():
    x = X.clone().requires_grad_()
    a = as_masked_tensor(x, M)
    assert a.requires_grad and a.get_data() is x
    (a * a).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0, 4.0], [0.0, 0.0, 0.0]]
    b = masked_tensor(X, M, requires_grad=True)
    assert b.is_leaf and b.grad is None and b.grad_fn is None
    b.exp().sum().backward()
    assert type(b.grad) is MaskedTensor and b.grad.to_tensor(0).tolist() == [[1.0, 0.0, pytest.approx(7.389056)], [0.0] * 3]


def test_elements_are_copied_or_taken():
    x = X.clone()
    a, b = masked_tensor(x, M), as_masked_tensor(x, M)
    x.fill_(7)
    assert a.get_data().tolist() == X.tolist() and b.get_data() is x and a.to_tensor(9.0).tolist() == [[0.0, 9.0, 2.0], [9.0] * 3]
    for twin in (copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert type(twin) is MaskedTensor and seen(twin) == seen(a) and is_masked_tensor(twin) and not is_masked_tensor(x)


@pytest.mark.parametrize("call, error, says", [
    (lambda: masked_tensor(X, M[0]), ValueError, "data.dim"), (lambda: masked_tensor(X, M[:, :2]), ValueError, "data.size"),
    (lambda: masked_tensor(X, X), TypeError, "dtype bool"), (lambda: masked_tensor([1.0], M), TypeError, "data must be"),
    (lambda: masked_tensor(X, [True]), TypeError, "mask must be"), (lambda: masked_tensor(X.cfloat(), M), TypeError, "not supported"),
    (lambda: masked_tensor(X, M).cumsum(1), TypeError, "cumsum.*get_data"), (lambda: masked_tensor(X, M).numpy(), RuntimeError, "to_tensor"),
    (lambda: masked_tensor(X, M).tolist(), RuntimeError, "to_tensor"), (lambda: lucid.where(M, masked_tensor(X, M), X), TypeError, "both values"),
])  # fmt: skip
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()
