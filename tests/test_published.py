"""What is published: functions by every way of calling them."""

import copy
import pickle
import sys

import numpy as np
import pytest

import lucid
from lucid._kernels import core
from lucid.autograd.op import REGISTRY
from lucid.nn import functional as F

X = lucid.tensor([1.0, -2.0])


@pytest.mark.parametrize("function", [lucid.add, F.leaky_relu, lucid.Tensor.add_, lucid.Tensor.exp, lucid.atleast_1d])
def test_a_function_is_known_by_its_name(function):
    assert function.__name__ in repr(function) and function.__doc__
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function


@pytest.mark.parametrize("way", [
    lambda: lucid.add(X, X), lambda: lucid.add(X, other=X), lambda: lucid.add(*[X, X]), lambda: lucid.add(input=X, other=X),
    lambda: lucid.add.__call__(X, X), lambda: lucid.add.__call__(X, other=X), lambda: X.add(X), lambda: X.add(other=X),
    lambda: lucid.Tensor.add(X, X), lambda: lucid.add.__get__(X)(X), lambda: X.clone().add_(X), lambda: X.clone().add_(other=X),
    lambda: lucid.Tensor.add_(X.clone(), *(X,)), lambda: lucid.add.__get__(None, lucid.Tensor)(X, X),
])  # fmt: skip
def test_every_way_of_calling_is_one_call(way):
    assert way().tolist() == [2.0, -4.0]


@pytest.mark.parametrize("call", [
    lambda: lucid.add(), lambda: lucid.add(X), lambda: lucid.add(X, X, X, X), lambda: lucid.add(X, X, other=X), lambda: lucid.add(X, X, no=1),
    lambda: X.add_(), lambda: X.add_(X, X, X, X), lambda: X.add_(X, inplace=True), lambda: lucid.Tensor.add_(),
])  # fmt: skip
def test_calls_that_do_not_fit_the_signature_raise(call):
    with pytest.raises(TypeError):
        call()
    assert X.tolist() == [1.0, -2.0]


def test_calls_keep_no_arguments():
    x, factor = lucid.ones(2), 1234.5
    leaf = lucid.ones(2).requires_grad_()
    before = sys.getrefcount(x), sys.getrefcount(factor)
    for _ in range(10):
        lucid.mul(x, factor), lucid.mul(x, other=factor), x.mul_(factor), lucid.mul(leaf, x), lucid.atleast_1d(x)
        for wrong in (
            lambda: lucid.mul(x, factor, factor, x),
            lambda: x.mul_(factor, no=x),
            lambda: lucid.mul(x, lucid.ones(3)),
        ):
            with pytest.raises((TypeError, RuntimeError)):
                wrong()
    assert (sys.getrefcount(x), sys.getrefcount(factor)) == before


ROWS = lucid.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("call", [
    lambda: ROWS.softmax(True), lambda: ROWS.softmax(dim=True), lambda: ROWS.softmax(1.0), lambda: ROWS.softmax("1"), lambda: ROWS.sum(True),
    lambda: ROWS.sum(0, 1), lambda: ROWS.sum(0, keepdim=1), lambda: ROWS.sum((True, 0)), lambda: ROWS.sum([1.0]), lambda: ROWS.sum(np.bool_(1)),
    lambda: ROWS.sum(np.float64(1)), lambda: lucid.topk(ROWS, 2, True), lambda: lucid.topk(ROWS, 2, 1, 1), lambda: ROWS.flip(True),
    lambda: ROWS.permute((True, 0)), lambda: ROWS.reshape(True, 6), lambda: ROWS.view(True, 6), lambda: ROWS.expand(True, 2, 3), lambda: ROWS.size(True),
    lambda: ROWS.clone().cumsum_(True), lambda: ROWS.clone().squeeze_(dim=True), lambda: lucid.zeros(True), lambda: lucid.full((True, 2), 1),
    lambda: lucid.zeros(2, requires_grad=1), lambda: lucid.randperm(True), lambda: lucid.arange(2, requires_grad=1), lambda: ROWS.to(lucid.float64, 1),
    lambda: F.leaky_relu(ROWS, "x"), lambda: F.leaky_relu(ROWS, None), lambda: F.max_pool2d(ROWS[None], True), lambda: F.pad(ROWS, (True, 1)),
    lambda: lucid.meshgrid(ROWS[0], indexing=1), lambda: lucid.zeros(2, device=True), lambda: lucid.linalg.qr(ROWS, 1), lambda: ROWS.resize_(True, 2),
    lambda: F.leaky_relu(ROWS.clone().requires_grad_(), "x"), lambda: lucid.var(ROWS, True, True),
])  # fmt: skip
def test_arguments_of_another_kind_are_refused(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize("call, wanted", [
    (lambda: ROWS.sum(np.int64(1)), [3.0, 12.0]), (lambda: ROWS.sum(lucid.tensor(1)), [3.0, 12.0]), (lambda: ROWS.sum((0, True)), 15.0),
    (lambda: ROWS.permute(1, False).shape, (3, 2)), (lambda: lucid.zeros(2, True).shape, (2, 1)), (lambda: ROWS.reshape(6, True).shape, (6, 1)),
    (lambda: ROWS.var(True), 3.5), (lambda: F.leaky_relu(ROWS, True).sum(), 15.0), (lambda: F.relu(ROWS, 0).sum(), 15.0), (lambda: lucid.arange(True), [0]),
    (lambda: F.dropout(ROWS, 0).sum(), 15.0), (lambda: ROWS.norm(True), 15.0), (lambda: ROWS.sum(()), 15.0), (lambda: ROWS.std(0, None).shape, (3,)),
])  # fmt: skip
def test_arguments_that_are_read_as_another_kind(call, wanted):
    found = call()
    assert (found.tolist() if isinstance(found, lucid.Tensor) else tuple(found)) == wanted


def test_no_parameter_refuses_its_own_default():
    kinds = core.KINDS
    judged = 0
    for spec in REGISTRY.values():
        for name, default in (spec.defaults if spec.kinds else {}).items():
            kind = "None" if default is None else "tuple" if isinstance(default, (tuple, list)) else type(default).__name__
            judged += kind in kinds
            assert not spec.kinds[spec.position[name]] & kinds.get(kind, 0), (spec.path, name)
    assert judged > 1000
