"""What is published: functions by every way of calling them."""

import copy
import pickle
import sys

import pytest

import lucid
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
