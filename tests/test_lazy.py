"""Lazy modules and parameters without a shape."""

import copy
import pickle

import pytest

import lucid
from lucid import nn
from lucid.nn.parameter import is_lazy

MODULES = [
    (nn.LazyLinear, nn.Linear, (4,), (2, 3), "in_features"),
    (nn.LazyConv1d, nn.Conv1d, (4, 2), (2, 3, 5), "in_channels"),
    (nn.LazyConv2d, nn.Conv2d, (4, 2), (2, 3, 5, 5), "in_channels"),
    (nn.LazyConv3d, nn.Conv3d, (4, 2), (2, 3, 4, 4, 4), "in_channels"),
    (nn.LazyConvTranspose1d, nn.ConvTranspose1d, (4, 2), (2, 3, 5), "in_channels"),
    (nn.LazyConvTranspose2d, nn.ConvTranspose2d, (4, 2), (3, 5, 5), "in_channels"),
    (nn.LazyConvTranspose3d, nn.ConvTranspose3d, (4, 2), (2, 3, 4, 4, 4), "in_channels"),
    (nn.LazyBatchNorm1d, nn.BatchNorm1d, (), (2, 3), "num_features"),
    (nn.LazyBatchNorm2d, nn.BatchNorm2d, (), (2, 3, 4, 4), "num_features"),
    (nn.LazyBatchNorm3d, nn.BatchNorm3d, (), (2, 3, 4, 4, 4), "num_features"),
    (nn.LazyInstanceNorm1d, nn.InstanceNorm1d, (), (2, 3, 4), "num_features"),
    (nn.LazyInstanceNorm2d, nn.InstanceNorm2d, (), (2, 3, 4, 4), "num_features"),
    (nn.LazyInstanceNorm3d, nn.InstanceNorm3d, (), (2, 3, 4, 4, 4), "num_features"),
]


@pytest.mark.parametrize("lazy, plain, args, shape, width", MODULES, ids=[row[0].__name__ for row in MODULES])
def test_a_lazy_module_becomes_the_plain_one(lazy, plain, args, shape, width):
    x = lucid.randn(shape, dtype=lucid.float64)
    module = lazy(*args).double()
    assert module.has_uninitialized_params() and getattr(module, width) == 0
    lucid.manual_seed(3)
    found = module(x)
    assert type(module) is plain and getattr(module, width) == 3
    assert not any(is_lazy(one) for one in module.state_dict().values())
    lucid.manual_seed(3)
    settings = {"affine": True, "track_running_stats": True} if "Norm" in plain.__name__ else {}
    expected = plain(3, *args, dtype=lucid.float64, **settings)
    assert repr(module) == repr(expected)
    assert found.tolist() == expected(x).tolist()
    assert [(k, v.tolist()) for k, v in module.state_dict().items()] == [
        (k, v.tolist()) for k, v in expected.state_dict().items()
    ]


def test_states_travel_between_lazy_and_plain():
    lazy = nn.LazyLinear(2)
    assert all(is_lazy(one) for one in lazy.state_dict().values())
    with pytest.raises(RuntimeError, match="shape of an uninitialized"):
        nn.Linear(3, 2).load_state_dict(lazy.state_dict())
    plain = nn.Linear(3, 2)
    with pytest.raises(RuntimeError, match="Missing"):
        lazy.load_state_dict({"weight": plain.weight})
    assert lazy.has_uninitialized_params()  # what fails changes nothing
    lazy.load_state_dict(plain.state_dict())
    assert type(lazy) is nn.LazyLinear and lazy.weight.tolist() == plain.weight.tolist()
    with pytest.raises(AssertionError, match="in_features"):
        lazy(lucid.ones(4))
    x = lucid.ones(3)
    assert lazy(x).tolist() == plain(x).tolist() and type(lazy) is nn.Linear


def test_an_optimizer_keeps_the_parameters_that_were_lazy():
    module = nn.LazyLinear(2)
    optimizer = lucid.optim.SGD(module.parameters(), lr=1.0)
    module(lucid.ones(3)).sum().backward()
    before = module.weight.detach().clone()
    optimizer.step()
    assert (before - module.weight).tolist() == [[1.0] * 3] * 2


def test_copies_of_a_lazy_module_are_lazy():
    module = nn.LazyBatchNorm1d(dtype=lucid.float64)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert twin.has_uninitialized_params() and twin.weight is not module.weight
        twin(lucid.ones(2, 3, dtype=lucid.float64))
        assert twin.running_var.dtype is lucid.float64 and type(twin) is nn.BatchNorm1d
    assert module.has_uninitialized_params()


@pytest.mark.parametrize("make", [nn.UninitializedParameter, nn.UninitializedBuffer])
def test_what_has_no_shape_is_not_computed_with(make):
    p = make()
    for use in (p.numel, p.clone, p.detach, p.tolist, lambda: p + 1, lambda: 2 * p, lambda: lucid.exp(p),
                lambda: p.detach().add_(1), lambda: lucid.ones(1).add_(p), lambda: lucid.ones(1).exp_().copy_(p), lambda: lucid.matmul(p, p),
                p.sum, lambda: nn.functional.linear(lucid.ones(1, 1), p), p.item):  # fmt: skip
        with pytest.raises(ValueError, match="uninitialized"):
            use()
    with pytest.raises(RuntimeError, match="shape"):
        p.shape  # noqa: B018
    with pytest.raises(RuntimeError, match="share memory"):
        p.share_memory_()
    assert repr(p) == str(p) == f"<{make.__name__}>" and p.to(lucid.float16).dtype is lucid.float16


def test_what_a_lazy_module_refuses():
    with pytest.raises(RuntimeError, match="Expected 3D .* or 4D"):
        nn.LazyConv2d(4, 3)(lucid.ones(3))
    with pytest.raises(ValueError, match="divisible by groups"):
        nn.LazyConv1d(4, 3, groups=2)(lucid.ones(1, 3, 5))

    class Unfinished(nn.LazyLinear):
        def initialize_parameters(self, input):
            pass

    with pytest.raises(RuntimeError, match="not been fully initialized"):
        Unfinished(2)(lucid.ones(3))
