"""`TorchDispatchMode`: which operations it is shown, under which names, and what they give."""

import threading
import warnings

import pytest

import lucid
from lucid import nn
from lucid.utils import _python_dispatch as dispatch
from lucid.utils._python_dispatch import TorchDispatchMode


class Names(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


def shown(call):
    with Names() as mode:
        result = call()
    return mode.seen, result


def test_operations_are_shown_by_pytorchs_names():
    x, net = lucid.ones(2, 3), nn.Linear(3, 4)
    seen, y = shown(lambda: nn.functional.relu(net(x)).sum())
    assert seen == ["aten.linear.default", "aten.relu.default", "aten.sum.default"] and y.grad_fn is not None
    for call, names in [
        (lambda: x + 1, ["add.Tensor"]), (lambda: x.clone().mul_(2), ["clone.default", "mul_.Tensor"]), (lambda: x[0], ["index.Tensor"]),
        (lambda: x.clone().__setitem__(0, 1.0), ["clone.default", "index_put_.default"]), (lambda: x.view(6), ["view.default"]),
        (lambda: x.clone().__iadd__(1), ["clone.default", "add_.Tensor"]), (lambda: lucid.linalg.inv(lucid.eye(2)), ["eye.default", "linalg_inv.default"]),
        (lambda: (x.shape, x.dtype, x.dim(), x.requires_grad), []), (lambda: (x.mm(x.T), x @ x[0]), ["mm.default", "index.Tensor", "mv.default"]), (lambda: x.to(lucid.float64), ["to.dtype"]), (lambda: x.T.copy_(x.t()), ["t.default", "copy_.default"]),
    ]:  # fmt: skip
        assert shown(call)[0] == [f"aten.{name}" for name in names]


def test_operators_are_those_of_the_namespace():
    found = []

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            found.append(func)
            return func(*args, **(kwargs or {}))

    with Mode():
        lucid.ones(2) * 3
    times = found[-1]
    assert times is lucid.ops.aten.mul.Tensor and times.overloadpacket is lucid.ops.aten.mul and times._overloadname == "Tensor"
    assert times._schema.name == "aten::mul" and times.__name__ == "mul.Tensor" and times.namespace == "aten" and times.name() == "aten::mul.Tensor"
    assert times(lucid.ones(2), 4.0).tolist() == [4.0, 4.0]


def test_what_a_mode_answers_is_the_result():
    class Doubled(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            return func(*args, **(kwargs or {})) * 2

    x = lucid.ones(2)
    with Doubled():
        y = x.exp()
        with Names() as inner:
            z = x + 1
    assert y.tolist() == (x.exp() * 2).tolist() and z.tolist() == [4.0, 4.0] and inner.seen == ["aten.add.Tensor"]
    with pytest.raises(NotImplementedError, match="__torch_dispatch__"), TorchDispatchMode():
        x + 1
    assert (x + 1).tolist() == [2.0, 2.0] and not dispatch.is_in_torch_dispatch_mode()


def test_a_mode_sees_its_thread_alone_and_may_be_put_aside():
    x = lucid.ones(2)
    with Names() as mode:
        thread = threading.Thread(target=lambda: x + 1)
        thread.start()
        thread.join()
        with dispatch._disable_current_modes():
            x.exp()
        assert dispatch.is_in_torch_dispatch_mode() and dispatch._get_current_dispatch_mode() is mode
        x.sin()
    assert mode.seen == ["aten.sin.default"]


def test_a_backward_pass_is_warned_of_once():
    x = lucid.ones(2, requires_grad=True)
    dispatch._thread.warned = False
    with Names() as mode, pytest.warns(UserWarning, match="backward pass are not shown"):
        (x * 2).sum().backward()
    assert mode.seen == ["aten.mul.Tensor", "aten.sum.default"] and x.grad.tolist() == [2.0, 2.0]
    with Names(), warnings.catch_warnings(record=True) as heard:
        (x * 2).sum().backward()
    assert not heard


def test_wrappers_of_tensors_are_known():
    class Pair(lucid.Tensor):
        def __tensor_flatten__(self):
            return ["a"], None

        @staticmethod
        def __tensor_unflatten__(inner, meta, size, stride):
            return inner["a"]

    pair = lucid.ones(2).as_subclass(Pair)
    assert dispatch.is_traceable_wrapper_subclass(pair) and dispatch.is_traceable_wrapper_subclass_type(Pair)
    assert not dispatch.is_traceable_wrapper_subclass(lucid.ones(2)) and dispatch.return_and_correct_aliasing(None, (), {}, pair) is pair
