"""`__torch_function__`: what is asked, and that plain tensors are not. PyTorch judges the rest (conformance/programs/overrides.py)."""

from __future__ import annotations

import threading

import pytest

import lucid
from lucid import overrides


class Named(lucid.Tensor):
    """Notes the names of what it is asked."""

    asked: list = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.asked.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs)


@pytest.fixture
def named():
    Named.asked = []
    return lucid.tensor([1.0, 2.0, 3.0]).as_subclass(Named)


def test_parameters_are_plain(named):
    p = lucid.nn.Parameter(lucid.ones(3))
    assert type(p + 1) is lucid.Tensor and not overrides.has_torch_function((p,))
    assert type(p + named) is Named


def test_what_rules_call_is_not_shown(named):
    x = lucid.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * named).exp().sum()
    Named.asked = []
    lucid.autograd.backward([y.as_subclass(lucid.Tensor)])
    assert Named.asked == []
    with overrides.BaseTorchFunctionMode():
        (x * x).sum().backward()
    assert (x.grad - ((x * named).exp() * named + 2 * x)).abs().max() < 1e-4


def test_a_stateful_mode_is_of_its_thread():
    seen = []

    class Mode(overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    with Mode():
        other = threading.Thread(target=lambda: lucid.exp(lucid.zeros(1)))
        other.start()
        other.join()
        assert seen == []
        lucid.exp(lucid.zeros(1))
    assert seen == ["zeros", "exp"] and overrides._get_current_function_mode_stack() == []


def test_autocast_and_forward_mode_lie_below(named):
    with lucid.autocast("cpu", dtype=lucid.bfloat16):
        product = lucid.ones(2, 3).as_subclass(Named) @ lucid.ones(3, 2)
    assert product.dtype is lucid.bfloat16 and type(product) is Named
    out, tangent = lucid.func.jvp(lambda x: (x * named).as_subclass(lucid.Tensor), (lucid.ones(3),), (lucid.ones(3),))
    assert tangent.tolist() == [1.0, 2.0, 3.0] and out.tolist() == [1.0, 2.0, 3.0]


def test_an_error_leaves_overrides_as_they_were(named):
    with pytest.raises(RuntimeError):
        named @ lucid.ones(4)
    assert type(named + 1) is Named
    w = lucid.ones(3, requires_grad=True)

    class Fails(lucid.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise ValueError

    with pytest.raises(ValueError):
        (Fails.apply(w) * 2).sum().backward()
    assert type(named.sum()) is Named


def test_properties_can_be_overridden_and_written(named):
    named.requires_grad = True
    named.grad = lucid.zeros(3)
    assert named.requires_grad and type(named.grad) is lucid.Tensor
    assert Named.asked == ["__set__", "__set__", "__get__", "__get__"]
    with pytest.raises(AttributeError):
        named.shape = (3,)


def test_no_implementation():
    class Silent:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return NotImplemented

    with pytest.raises(TypeError, match="torch.exp"):
        lucid.exp(Silent())


def test_a_plain_method_is_warned_about():
    class Plain:
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return 1

    with pytest.warns(DeprecationWarning):
        assert lucid.exp(Plain()) == 1


def test_functions_and_methods_are_told_apart(named):
    lucid.exp(named), named.exp()
    assert lucid.exp is not lucid.Tensor.exp
    assert overrides.is_tensor_method_or_property(lucid.Tensor.exp) and not overrides.is_tensor_method_or_property(lucid.exp)


def test_einsum_of_a_list_is_shown_with_its_operands():
    seen = []

    class Shapes:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(len(args))
            return 1

    assert lucid.einsum("i,i", [lucid.ones(2), Shapes()]) == 1 and seen == [3]


def test_a_gradient_is_deleted(named):
    named = named.requires_grad_()
    named.grad = lucid.ones(3)
    Named.asked = []
    del named.grad
    assert len(Named.asked) == 1 and named.grad is None
    with pytest.raises(AttributeError, match="shape"):
        del named.shape


def test_parameters_of_a_subclass_stay_of_it():
    class Tagged(lucid.Tensor):
        pass

    class Plain(lucid.Tensor):
        __torch_function__ = lucid._C._disabled_torch_function_impl  # so that `detach` gives a Tensor

    data = lucid.ones(2).as_subclass(Tagged)
    weight, state = lucid.nn.Parameter(data), lucid.nn.Buffer(data.clone(), persistent=False)
    assert type(weight) is type(state) is Tagged and weight is not data and weight.data_ptr() == data.data_ptr()
    assert isinstance(weight, lucid.nn.Parameter) and isinstance(state, lucid.nn.Buffer) and not isinstance(data, lucid.nn.Parameter)
    assert not isinstance(weight, lucid.nn.Buffer) and not isinstance(state, lucid.nn.Parameter) and not isinstance(weight.detach(), lucid.nn.Parameter)
    assert weight.requires_grad and not data.requires_grad and not lucid.nn.Parameter(data, requires_grad=False).requires_grad
    module = lucid.nn.Module()
    module.weight, module.state = weight, state
    assert [type(p) for p in module.double().parameters()] == [Tagged] and module.weight.dtype is lucid.float64
    assert list(module.state_dict()) == ["weight"] and list(dict(module.named_buffers())) == ["state"]
    optimizer = lucid.optim.SGD(module.parameters(), 0.25)
    module.weight.sum().backward()
    optimizer.step()
    assert module.weight.tolist() == [0.75, 0.75]
    with pytest.raises(RuntimeError, match="detach"):
        lucid.nn.Parameter(lucid.ones(1).as_subclass(Plain))
