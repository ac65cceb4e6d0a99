"""Parameters: without a shape yet, computed from others, with a norm, drawn anew."""

from __future__ import annotations

import copy
import pickle

from . import program, raised


@program("nn.utils.clip_grad_norm_", "nn.utils.clip_grad_value_", "nn.utils.parameters_to_vector",
         "nn.utils.vector_to_parameters", "nn.utils.get_total_norm", "nn.utils.clip_grads_with_norm_")  # fmt: skip
def utilities_for_parameters(lib):
    m = lib.nn.Linear(2, 2, bias=False)
    with lib.no_grad():
        m.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (m.weight**2).sum().backward()
    utils = lib.nn.utils
    yield utils.get_total_norm([m.weight.grad]), utils.clip_grad_norm_(m.parameters(), 1.0), m.weight.grad
    utils.clip_grad_value_(m.parameters(), 0.3)
    yield m.weight.grad, utils.parameters_to_vector(m.parameters())
    utils.vector_to_parameters(lib.arange(4.0), m.parameters())
    yield m.weight, utils.clip_grad_norm_(m.parameters(), 5.0, norm_type=float("inf")), utils.clip_grad_norm_([], 1.0)
    m.weight.grad = None
    yield utils.clip_grad_norm_(m.parameters(), 1.0)


@program("nn.UninitializedParameter", "nn.UninitializedBuffer", "nn.parameter.UninitializedParameter",
         "nn.parameter.UninitializedBuffer", "nn.parameter.UninitializedTensorMixin", "nn.parameter.is_lazy")  # fmt: skip
def parameters_without_a_shape(lib):
    nn = lib.nn
    p, b = nn.UninitializedParameter(dtype=lib.float64), nn.UninitializedBuffer(persistent=False)
    is_lazy = nn.parameter.is_lazy
    yield is_lazy(p), is_lazy(b), is_lazy(lib.ones(1)), isinstance(p, nn.Parameter), isinstance(b, nn.parameter.UninitializedTensorMixin)
    yield repr(p), repr(b), p.dtype, b.dtype, p.requires_grad, b.requires_grad, p.is_leaf, b.persistent, p.grad
    for use in (lambda: p.shape, p.numel, p.dim, p.clone, p.detach, b.zero_, lambda: p + 1, lambda: 1 + p, lambda: p == 1,
                lambda: lib.exp(b), lambda: lib.sum(b), lambda: b @ b, lambda: lib.ones(1).add_(b), p.item, b.numpy, p.stride,
                lambda: bool(p), lambda: len(p), lambda: list(p), p.share_memory_, lambda: nn.init.ones_(p)):  # fmt: skip
        yield raised(use)
    twin = copy.deepcopy(p)
    yield type(twin).__name__, twin.dtype, twin.requires_grad
    yield type(pickle.loads(pickle.dumps(p))).__name__
    p.materialize((2, 3))
    b.materialize((4,), dtype=lib.float16)
    yield type(p) is nn.Parameter, p.shape, p.dtype, p.requires_grad, type(b) is lib.Tensor, b.shape, b.dtype, is_lazy(p)


@program("nn.LazyLinear", "nn.LazyConv2d", "nn.LazyBatchNorm1d")
def lazy_modules_before_and_after(lib):
    nn = lib.nn
    make = lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyBatchNorm1d(), nn.LazyLinear(2))
    lib.manual_seed(0)
    net, other = make(), make()
    names = lambda module: [(name, type(t).__name__) for name, t in module.state_dict().items()]
    yield names(net), repr(net), net[0].has_uninitialized_params(), len(list(net.parameters()))
    yield [type(p).__name__ for p in net.double().parameters()], [p.dtype for p in net.parameters()], net[2].running_mean.dtype
    yield raised(net[3], lib.tensor(1.0, dtype=lib.float64)), raised(net[0], lib.ones(2, dtype=lib.float64)), raised(net[3].forward, lib.ones(2))
    optimizer = lib.optim.SGD(net.parameters(), lr=0.1)
    yield list(other.load_state_dict(net.state_dict()).missing_keys), other[3].has_uninitialized_params()
    yield type(copy.deepcopy(net[3])).__name__, type(pickle.loads(pickle.dumps(net[3]))).__name__
    x = lib.arange(100.0, dtype=lib.float64).reshape(2, 2, 5, 5).sin()
    net(x).sum().backward()
    optimizer.step()
    yield names(net), repr(net), list(net.state_dict().values())
    yield raised(nn.Linear(36, 2).load_state_dict, make()[3].state_dict())
    other = make()
    other.load_state_dict(net.state_dict())
    yield type(other[3]).__name__, other[3].in_features, list(other.state_dict().values())
    other(x.float())
    yield repr(other[3]), type(other[2]).__name__
    late = nn.LazyLinear(2)
    late.load_state_dict({"weight": lib.ones(2, 5), "bias": lib.ones(2)})
    yield raised(late, lib.ones(1, 4)), late(lib.ones(1, 5))
    yield raised(nn.LazyConv2d(4, 3, groups=2), lib.ones(1, 3, 5, 5)), raised(nn.LazyConv2d, 4, 3, groups=0)


@program("nn.utils.parametrize.register_parametrization", "nn.utils.parametrize.is_parametrized",
         "nn.utils.parametrize.remove_parametrizations", "nn.utils.parametrize.type_before_parametrizations",
         "nn.utils.parametrize.ParametrizationList", "nn.utils.parametrize.cached",
         "nn.utils.parametrize.transfer_parametrizations_and_params")  # fmt: skip
def parameters_that_are_computed(lib):
    nn, par = lib.nn, lib.nn.utils.parametrize

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Twice(nn.Module):
        def forward(self, x):
            return 2 * x

    class Pair(nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 4, 3 * x / 4

    lib.manual_seed(0)
    layer = nn.Linear(3, 3)
    weight = layer.weight
    yield par.is_parametrized(layer), par.register_parametrization(layer, "weight", Symmetric()) is layer, par.is_parametrized(layer, "bias")
    yield type(layer).__name__, par.type_before_parametrizations(layer) is nn.Linear, repr(layer), list(layer.state_dict())
    yield layer.parametrizations.weight.original is weight, layer.weight, layer(lib.ones(3)), len(list(layer.parameters()))
    layer.weight = lib.eye(3) * 5
    yield layer.weight, weight, raised(setattr, layer, "weight", nn.Parameter(lib.ones(3, 3)))
    layer.weight.sum().backward()
    yield weight.grad
    par.register_parametrization(layer, "weight", Twice())
    yield layer.weight, raised(setattr, layer, "weight", lib.eye(3)), len(layer.parametrizations["weight"])
    with par.cached():
        yield layer.weight is layer.weight
    yield layer.weight is layer.weight, raised(pickle.dumps, layer)
    twin = copy.deepcopy(layer)
    yield twin.weight, twin.parametrizations.weight.original is weight, type(twin).__name__
    par.register_parametrization(layer, "bias", Pair())
    yield list(layer.state_dict()), layer.bias, layer.parametrizations.bias.original1, raised(par.remove_parametrizations, layer, "bias", False)
    other = par.transfer_parametrizations_and_params(layer, nn.Linear(3, 3), "bias")
    yield other.bias, other.parametrizations.bias.original0 is layer.parametrizations.bias.original0
    par.remove_parametrizations(layer, "bias")
    yield layer.bias, type(layer.bias).__name__, [name for name, _ in layer.named_parameters()], type(layer).__name__
    par.remove_parametrizations(layer, "weight")
    yield layer.weight is weight, weight, type(layer) is nn.Linear, hasattr(layer, "parametrizations")
    par.remove_parametrizations(par.register_parametrization(layer, "weight", Twice()), "weight", leave_parametrized=False)
    yield layer.weight, raised(par.remove_parametrizations, layer, "weight"), raised(par.register_parametrization, layer, "none", Twice())
    norm = nn.BatchNorm1d(3)
    par.register_parametrization(norm, "running_mean", Twice())
    yield norm.running_mean, [name for name, _ in norm.named_buffers()], list(norm.state_dict())

    class Shrinks(nn.Module):
        def forward(self, x):
            return x[0]

    yield raised(par.register_parametrization, nn.Linear(3, 3), "weight", Shrinks()), raised(par.register_parametrization, other, "bias", Shrinks())
    yield par.register_parametrization(nn.Linear(3, 3), "weight", Shrinks(), unsafe=True).weight.shape, raised(par.ParametrizationList, [], weight)


@program("nn.utils.parametrizations.weight_norm", "nn.utils.parametrizations.spectral_norm", "nn.utils.parametrizations.orthogonal")
def weights_with_a_norm(lib):
    nn, par = lib.nn, lib.nn.utils.parametrizations
    lib.manual_seed(0)
    x = lib.arange(6.0).reshape(2, 3).sin()
    for dim in (0, 1, -1, None):
        layer = par.weight_norm(nn.Linear(3, 4), dim=dim)
        layer(x).pow(2).sum().backward()
        yield layer.weight, list(layer.state_dict().values()), [p.grad for p in layer.parameters()]
        layer.weight = lib.arange(1.0, 13).reshape(4, 3)
        yield layer.weight, layer.parametrizations.weight.original0
    old = {"bias": lib.zeros(4), "weight_g": lib.ones(4, 1), "weight_v": lib.ones(4, 3)}
    bias = par.weight_norm(nn.Linear(3, 4), "bias")
    yield bias.parametrizations.bias.original0, bias.bias
    layer = par.weight_norm(nn.Linear(3, 4))
    yield layer.load_state_dict(old).missing_keys, layer.weight, sorted(old)
    for make in (lambda: nn.Linear(3, 4), lambda: nn.Conv2d(3, 2, 2), lambda: nn.ConvTranspose2d(3, 2, 2)):
        layer = par.spectral_norm(make(), n_power_iterations=2)
        yield list(layer.state_dict().values()), layer.weight, layer.weight
        layer.eval()
        yield layer.weight, layer.weight
        layer.weight.pow(3).sum().backward()
        yield [p.grad for p in layer.parameters()], repr(layer)
    yield par.spectral_norm(nn.Linear(3, 4), "bias").bias, raised(par.spectral_norm, nn.Linear(3, 4), "none"), raised(par.spectral_norm, nn.Linear(3, 4), dim=2)
    yield raised(par.spectral_norm, nn.Linear(3, 4), n_power_iterations=0)
    for shape in ((3, 3), (5, 3), (3, 5)):
        for kind in ("matrix_exp", "cayley", "householder", None):
            for trivial in (True, False):
                lib.manual_seed(1)
                layer = par.orthogonal(nn.Linear(*shape), "weight", kind, use_trivialization=trivial)
                w = layer.weight
                small = w.mT if w.shape[0] < w.shape[1] else w
                yield w.shape, (small.mT @ small - lib.eye(small.shape[1])).abs().max().item() < 1e-5
                if shape == (3, 3) or not trivial:
                    w.pow(3).sum().backward()
                    yield w, layer.parametrizations.weight.original.grad
                q = lib.eye(5)[: w.shape[0], : w.shape[1]]
                if kind == "householder" or trivial:
                    layer.weight = q
                    yield layer.weight
                else:
                    yield raised(setattr, layer, "weight", q) if kind else None
    yield raised(par.orthogonal, nn.Linear(3, 3), "bias"), raised(par.orthogonal, nn.Linear(3, 3), "weight", "x"), raised(par.orthogonal, nn.Linear(3, 3), "x")


@program("nn.utils.fuse_conv_bn_eval", "nn.utils.fuse_conv_bn_weights", "nn.utils.fuse_linear_bn_eval",
         "nn.utils.fuse_linear_bn_weights", "nn.utils.stateless.functional_call")  # fmt: skip
def layers_made_one(lib):
    nn, utils = lib.nn, lib.nn.utils
    lib.manual_seed(0)
    x = lib.arange(54.0).reshape(2, 3, 3, 3).sin()
    for conv, transpose in ((nn.Conv2d(3, 4, 2), False), (nn.Conv2d(3, 4, 2, bias=False), False), (nn.ConvTranspose2d(3, 4, 2), True)):
        for affine in (True, False):
            net = nn.Sequential(conv, nn.BatchNorm2d(4, affine=affine))
            net.train()(x)
            net.eval()
            fused = utils.fuse_conv_bn_eval(*net, transpose)
            yield type(fused).__name__, fused.weight, fused.bias, (fused(x) - net(x)).abs().max().item() < 1e-5
            yield fused.weight.requires_grad, fused.bias.requires_grad, fused is conv
    linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    yield raised(utils.fuse_linear_bn_eval, linear, norm), raised(utils.fuse_conv_bn_eval, linear.eval(), norm)
    norm.eval()
    yield utils.fuse_linear_bn_eval(linear, norm).weight, raised(utils.fuse_linear_bn_eval, linear, nn.BatchNorm1d(3).eval())
    yield raised(utils.fuse_linear_bn_eval, linear, nn.BatchNorm1d(4, track_running_stats=False).eval())
    with lib.no_grad():
        found = utils.fuse_linear_bn_weights(linear.weight.half(), None, norm.running_mean, norm.running_var, 0.5, norm.weight, norm.bias)
    yield found, [one.dtype for one in found]
    given = {"weight": lib.ones(4, 3)}
    yield utils.stateless.functional_call(linear, given, lib.ones(3)), raised(utils.stateless.functional_call, linear, given, lib.ones(3), strict=True)


@program("nn.utils.weight_norm", "nn.utils.remove_weight_norm", "nn.utils.spectral_norm", "nn.utils.remove_spectral_norm")
def weights_with_a_norm_by_hooks(lib):
    nn, utils = lib.nn, lib.nn.utils
    lib.manual_seed(0)
    x = lib.arange(6.0).reshape(2, 3).sin()
    for dim in (0, 1, -1, None):
        layer = utils.weight_norm(nn.Linear(3, 4), dim=dim)
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
        layer(x).pow(2).sum().backward()
        yield layer.weight, list(layer.state_dict()), [p.grad for p in layer.parameters()]
        optimizer.step()
        yield layer(x), raised(utils.weight_norm, layer), utils.remove_weight_norm(layer) is layer
        yield list(layer.state_dict()), layer.weight, layer(x), type(layer.weight).__name__, raised(utils.remove_weight_norm, layer)
    for make, shape in ((lambda: nn.Linear(3, 4), (2, 3)), (lambda: nn.Conv2d(3, 2, 2), (1, 3, 3, 3)), (lambda: nn.ConvTranspose2d(3, 2, 2), (1, 3, 2, 2))):
        layer, x = utils.spectral_norm(make(), n_power_iterations=2), lib.arange(54.0)[: 6 if len(shape) == 2 else 27 if shape[2] == 3 else 12].reshape(shape).sin()
        yield list(layer.state_dict().values()), layer(x), layer(x)
        layer(x).pow(2).sum().backward()
        yield [p.grad for p in layer.parameters()], list(layer.state_dict()), layer.eval()(x), layer(x)
        yield raised(utils.spectral_norm, layer), list(utils.remove_spectral_norm(layer).state_dict().values()), layer(x)
        yield raised(utils.remove_spectral_norm, layer)
    yield raised(utils.spectral_norm, nn.Linear(3, 4, bias=False), "bias"), raised(utils.spectral_norm, nn.Linear(3, 4), n_power_iterations=0)
    yield raised(utils.weight_norm, nn.LazyLinear(3)), raised(utils.spectral_norm, nn.LazyLinear(3))


@program("nn.init.uniform_", "nn.init.normal_", "nn.init.trunc_normal_", "nn.init.constant_", "nn.init.zeros_")
def initial_values_by_the_names_of_layers(lib):
    lib.manual_seed(0)
    init, weight = lib.nn.init, lib.nn.Parameter(lib.ones(3, 4))
    yield init._no_grad_uniform_(weight, -0.5, 0.5).clone(), init._no_grad_normal_(weight, 1.0, 0.1).clone()
    yield init._no_grad_trunc_normal_(weight, 0.0, 1.0, -0.5, 0.5).clone(), init._no_grad_fill_(weight, 2.0).clone(), init._no_grad_zero_(weight)


@program("nn.init.sparse_")
def a_sparse_start(lib):
    lib.manual_seed(0)
    found = lib.nn.init.sparse_(lib.empty(10, 4), sparsity=0.35, std=0.5)
    yield found, (found == 0).sum(0)
    yield raised(lib.nn.init.sparse_, lib.empty(3), 0.1)


@program("nn.modules.utils.consume_prefix_in_state_dict_if_present")
def names_lose_a_prefix(lib):
    class Wrapped(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.BatchNorm1d(1))

    for prefix in ("module.", "module.0.", "other."):
        state = Wrapped().state_dict()
        state["outside"] = 1
        lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, prefix)
        yield list(state), dict(state._metadata)
    plain = {"module.a": 1, "b": 2}
    lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(plain, "module.")
    yield plain


@program("nn.parameter.Parameter", "nn.parameter.Buffer")
def copies_of_parameters_are_their_values(lib):
    nn = lib.nn
    p = nn.Parameter(lib.ones(2))
    p.grad, p.tag = lib.ones(2), 3
    twin = copy.deepcopy(p)
    yield twin, twin.grad, hasattr(twin, "tag"), twin.requires_grad, type(twin).__name__
    x = lib.ones(2, requires_grad=True)
    x.grad, x.tag = lib.ones(2), 3
    twin = copy.deepcopy(x)
    yield twin, twin.grad, twin.tag

    class Named(nn.Parameter):
        def __new__(cls, data, requires_grad=True, name="none"):
            made = super().__new__(cls, data, requires_grad)
            made.name_ = name
            return made

    twin = copy.deepcopy(Named(lib.ones(2), name="one"))
    yield type(twin).__name__, twin.name_
    fixed = nn.Parameter(lib.arange(6.0).reshape(2, 3).t(), requires_grad=False)
    both = copy.deepcopy([fixed, fixed, fixed.data])
    yield both, both[0] is both[1], both[0].data_ptr() == both[2].data_ptr(), both[0].stride()
    buffer = nn.Buffer(lib.ones(2), persistent=False)
    twin = copy.deepcopy(buffer)
    yield type(buffer).__name__, isinstance(twin, nn.Buffer), twin.persistent, isinstance(buffer, nn.Parameter), raised(nn.Buffer, lib.ones(1), True)
    yield nn.Buffer(lib.ones(1, requires_grad=True)).requires_grad, type(nn.Buffer(p)).__name__, nn.Buffer(), nn.Buffer(x).data_ptr() == x.data_ptr()
