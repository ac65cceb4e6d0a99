"""Modules: their state, and hooks around it."""

import pytest

import lucid
from lucid import nn


class Counted(nn.Linear):
    """Keeps a number beside its tensors."""

    count = 0

    def get_extra_state(self):
        return self.count

    def set_extra_state(self, state):
        self.count = state


def test_extra_state_travels_and_is_asked_for():
    net, other = nn.Sequential(Counted(2, 2)), nn.Sequential(Counted(2, 2))
    net[0].count = 5
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "0._extra_state"]
    other.load_state_dict(state)
    assert other[0].count == 5
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match="Missing.*_extra_state"):
        other.load_state_dict(state)
    with pytest.raises(RuntimeError, match="Unexpected.*_extra_state"):
        nn.Sequential(nn.Linear(2, 2)).load_state_dict(net.state_dict())


def test_a_hook_after_loading_may_forgive():
    net, seen = nn.Linear(2, 2), []
    state = {"weight": lucid.ones(2, 2)}
    handle = net.register_load_state_dict_post_hook(lambda module, keys: seen.append(list(keys.missing_keys)))
    with pytest.raises(RuntimeError, match="bias"):
        net.load_state_dict(state)
    net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    net.load_state_dict(state)
    assert seen == [["bias"], ["bias"]] and net.weight.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    handle.remove()
    with pytest.raises(RuntimeError, match="size mismatch"):
        net.load_state_dict({"weight": lucid.ones(3), "bias": lucid.zeros(2)})
    assert net.weight.shape == (2, 2)


def test_a_module_is_put_at_a_path():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.ReLU())
    net.set_submodule("0.0", nn.Tanh())
    net.set_submodule("0.1", nn.GELU())
    assert [type(one) for one in net[0]] == [nn.Tanh, nn.GELU]
    for error, arguments, strict in ((ValueError, ("", nn.Tanh()), False), (ValueError, ("0", 3), False),
                                     (AttributeError, ("0.7", nn.Tanh()), True), (AttributeError, ("7.0", nn.Tanh()), False)):  # fmt: skip
        with pytest.raises(error):
            net.set_submodule(*arguments, strict=strict)


def test_hooks_around_an_optimizers_state():
    p = nn.Parameter(lucid.ones(2))
    optimizer, seen = lucid.optim.SGD([p], lr=0.1), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    state = optimizer.state_dict()
    assert seen == ["first", "second"] and state["more"] == 1
    optimizer.register_load_state_dict_pre_hook(lambda o, state: state["param_groups"][0].update(lr=0.7))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(state)
    assert seen[-1] == 0.7


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_layers_take_in_a_normalisation(transpose, affine):
    make = nn.ConvTranspose2d if transpose else nn.Conv2d
    conv, bn, x = make(3, 4, 2, bias=affine), nn.BatchNorm2d(4, affine=affine), lucid.randn(2, 3, 5, 5)
    bn(conv(x))
    with pytest.raises(AssertionError, match="eval"):
        nn.utils.fuse_conv_bn_eval(conv, bn, transpose)
    conv.eval()
    bn.eval()
    fused = nn.utils.fuse_conv_bn_eval(conv, bn, transpose)
    assert type(fused) is make and lucid.allclose(fused(x), bn(conv(x)), atol=1e-5)
    linear, norm = nn.Linear(3, 4).eval(), nn.BatchNorm1d(3).eval()
    with pytest.raises(AssertionError, match="out_features=4 and bn.num_features=3"):
        nn.utils.fuse_linear_bn_eval(linear, norm)


def test_skip_init_computes_no_initial_weights(monkeypatch):
    def refused(*args, **kwargs):
        raise AssertionError("initial weights are computed")

    for name in ("fill_normal", "fill_uniform", "overwrite"):
        monkeypatch.setattr(nn.init, name, refused)
    for name in ("uniform_", "normal_"):
        monkeypatch.setattr(lucid.Tensor, name, refused)
    for kind, *sizes in (
        (nn.Linear, 2, 3), (nn.Bilinear, 2, 3, 4), (nn.Conv1d, 2, 3, 2), (nn.ConvTranspose2d, 2, 3, 2),
        (nn.GRUCell, 2, 3), (nn.Embedding, 3, 2, 1), (nn.EmbeddingBag, 3, 2), (nn.LayerNorm, 3), (nn.GroupNorm, 1, 2),
        (nn.BatchNorm2d, 3), (nn.MultiheadAttention, 4, 2), (nn.TransformerEncoderLayer, 4, 2, 3), (nn.PReLU, 3),
    ):  # fmt: skip
        module = nn.utils.skip_init(kind, *sizes)
        assert all(one.requires_grad for one in module.parameters())
    for kind, *sizes in ((nn.Linear, 2, 3), (nn.Embedding, 3, 2), (nn.LayerNorm, 3)):
        with pytest.raises(AssertionError):
            kind(*sizes)


@pytest.mark.filterwarnings("ignore:Full backward hook")
def test_hooks_of_the_last_operation_of_every_module():
    """PyTorch refuses them for good once there was a hook of the other kind; here while there is one."""
    net, seen = nn.Sequential(nn.Linear(2, 2), nn.ReLU()), []
    register, full = nn.modules.module.register_module_backward_hook, nn.modules.module.register_module_full_backward_hook
    net[0].register_full_backward_hook(lambda module, inputs, outputs: seen.append("full"))
    with register(lambda module, inputs, outputs: seen.append(type(module).__name__)):
        net(lucid.ones(1, 2)).sum().backward()
        with pytest.raises(RuntimeError, match="only one of them"):
            full(print)
    assert seen == ["ReLU", "Sequential", "full", "Linear"]
    full(print).remove()


@pytest.mark.parametrize(
    ("ask", "name", "words"),
    [
        ("get_submodule", "weight", "Linear: `weight` is not an nn.Module"),
        ("get_buffer", "weight", "Linear: `weight` is not a buffer"),
        ("get_parameter", "forward", "Linear: `forward` is not a parameter"),
        ("get_parameter", "nothing", "Linear: it has no attribute `nothing`"),
    ],
)
def test_what_is_of_another_kind_is_said_to_be(ask, name, words):
    with pytest.raises(AttributeError, match=words):
        getattr(nn.Linear(2, 2), ask)(name)


def test_settings_that_pytorch_does_not_print():
    made = nn.Hardshrink(), nn.Hardsigmoid(inplace=True), nn.Hardswish(inplace=True)
    assert list(map(repr, made)) == ["Hardshrink(0.5)", "Hardsigmoid()", "Hardswish()"]
