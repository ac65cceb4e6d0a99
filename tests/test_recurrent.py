"""Recurrent layers as one operation, held against the steps made of operations; what their kernel refuses."""

import copy

import numpy as np
import pytest

import lucid
from lucid import nn
from lucid._kernels import recurrent as kernels
from lucid.autograd import gradcheck, gradgradcheck
from lucid.ops import recurrent

MODES = list(recurrent.GATES)
# (batch, steps, width of the input, hidden): beside lanes and tiles, rows for several chunks, a weight shared by threads
SIZES = [(1, 1, 1, 1), (3, 5, 4, 7), (17, 3, 33, 40), (2, 4, 9, 130), (100, 2, 5, 70), (9, 3, 5, 420), (1, 2, 5, 800)]


def arguments(mode, batch, steps, width, hidden, bias=True, dtype=lucid.float64, packed=False):
    """What `_layer` takes, as leaves, and the sizes."""
    lucid.manual_seed(0)
    sizes = sorted((1 + 7 * i % batch for i in range(steps)), reverse=True) if packed else None
    rows = recurrent.GATES[mode] * hidden
    make = lambda *shape, by=1.0: (lucid.randn(shape, dtype=dtype) * by).requires_grad_()
    x = make(sum(sizes), width) if packed else make(steps, batch, width)
    if packed:
        batch = sizes[0]
    weights = [make(rows, width, by=width**-0.5), make(rows, hidden, by=hidden**-0.5)]
    biases = [make(rows), make(rows)] if bias else [None, None]
    return [x, *weights, *biases, make(batch, hidden), make(batch, hidden) if mode == "LSTM" else None], sizes


def as_operation(mode, inputs, backwards, sizes):
    return list(recurrent._layer(*inputs, mode, backwards, sizes, []))


def as_steps(mode, inputs, backwards, sizes):
    x, *parameters, hidden, cell = inputs
    state = (hidden,) if cell is None else (hidden, cell)
    out, last = recurrent._steps(recurrent.STEPS[mode], x, state, (*parameters, None), backwards, sizes)
    return [out, *last]


def gradients(outputs, inputs, **options):
    lucid.manual_seed(1)
    wanted = [one for one in inputs if one is not None]
    return list(lucid.autograd.grad(outputs, wanted, [lucid.randn_like(one) for one in outputs], **options))


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_the_operation_is_the_steps(mode, sizes, dtype):
    tolerance = 1e-12 if dtype is lucid.float64 else 1e-5
    for backwards, packed, bias in ((False, False, True), (True, False, False), (False, True, False), (True, True, True)):
        inputs, lengths = arguments(mode, *sizes, bias, dtype, packed)
        found, wanted = (how(mode, inputs, backwards, lengths) for how in (as_operation, as_steps))
        for one, other in zip(found + gradients(found, inputs), wanted + gradients(wanted, inputs), strict=True):
            assert one.shape == other.shape and one.dtype is dtype
            assert ((one - other).abs().max() <= tolerance * (1 + other.abs().max())).item()


@pytest.mark.parametrize("backwards, packed", [(False, False), (True, True)])
@pytest.mark.parametrize("mode", MODES)
def test_first_and_second_gradients(mode, backwards, packed):
    inputs, sizes = arguments(mode, 2, 3, 2, 2, packed=packed)
    call = lambda *given: tuple(as_operation(mode, [*given, None][:7], backwards, sizes))
    given = tuple(one for one in inputs if one is not None)
    assert gradcheck(call, given)
    assert gradgradcheck(call, given, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_some_gradients_of_some_outputs(mode):
    inputs, _ = arguments(mode, 3, 4, 2, 5)
    outputs = as_operation(mode, inputs, False, None)
    every = gradients(outputs[1:], inputs, retain_graph=True)
    assert all(lucid.equal(one, other) for one, other in zip(every, gradients(outputs[1:], inputs), strict=True))
    inputs = [one if one is None or i in (1, 5) else one.detach() for i, one in enumerate(inputs)]
    chosen = gradients(as_operation(mode, inputs, False, None)[1:], [inputs[1], inputs[5]])
    assert lucid.equal(chosen[0], every[1]) and lucid.equal(chosen[1], every[5])
    again = gradients(as_operation(mode, inputs, False, None)[1:], [inputs[1], inputs[5]], create_graph=True)
    assert all(lucid.allclose(one, other) for one, other in zip(chosen, again, strict=True))


@pytest.mark.parametrize("sizes", [(17, 3, 33, 40), (100, 2, 5, 70), (9, 3, 5, 420), (1, 2, 5, 800), (3, 2, 5, 300)])
@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_change_a_bit(mode, sizes):
    before, found = lucid.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            lucid.set_num_threads(threads)
            inputs, _ = arguments(mode, *sizes, dtype=lucid.float32)
            outputs = as_operation(mode, inputs, False, None)
            found.append([one.numpy() for one in [one.detach() for one in outputs] + gradients(outputs, inputs)])
    finally:
        lucid.set_num_threads(before)
    assert all(np.array_equal(one, other) for run in found[1:] for one, other in zip(found[0], run, strict=True))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_an_empty_batch_and_half_precision(kind):
    net = kind(3, 4)
    x = lucid.ones(5, 0, 3, requires_grad=True)
    out, _ = net(x)
    out.sum().backward()
    assert out.shape == (5, 0, 4) and x.grad.shape == x.shape and not net.weight_hh_l0.grad.any()
    x = lucid.randn(5, 2, 3)
    wanted, _ = net(x)
    out, _ = net.half()(x.half())
    out.sum().backward()
    assert out.dtype is lucid.float16 and lucid.allclose(out.float(), wanted, atol=2e-3)
    assert net.weight_hh_l0.grad.dtype is lucid.float16 and net.weight_hh_l0.grad.any()


def kernel_arguments(mode="LSTM", batch=2, hidden=3, sizes=(2, 1)):
    gates, kept, total = recurrent.GATES[mode], recurrent.KEPT[mode], sum(sizes)
    many = {
        "weight": gates * hidden * hidden, "bias": gates * hidden, "packed": gates * hidden * (hidden + 31),
        "x": total * gates * hidden, "kept": total * kept * hidden, "previous": total * hidden, "out": total * hidden,
        "state": batch * hidden, "cell": batch * hidden, "g": total * gates * hidden, "g_own": total * gates * hidden,
    }  # fmt: skip
    found = {"mode": kernels.codes[mode], "hidden": hidden, "reverse": False, "sizes": np.array(sizes, np.int64)}
    found |= {name: np.zeros(n, np.float32) for name, n in many.items()}
    return found | ({} if mode == "LSTM" else {"cell": None})


@pytest.mark.parametrize("mode", MODES)
def test_the_kernel_refuses_what_does_not_fit(mode):
    good = kernel_arguments(mode)
    kernels.layer(*good.values())
    for name, one in good.items():
        if isinstance(one, np.ndarray) and one.size:
            with pytest.raises(ValueError, match="recurrent"):
                kernels.layer(*(good | {name: one[: 5 if name == "packed" else -1]}).values())
    wrong = [{"mode": 4}, {"mode": -1}, {"hidden": 0}, {"hidden": 2**62}, {"hidden": 4}, {"g": None}, {"g_own": None}]
    wrong += [{"sizes": np.array(some, np.int64)} for some in ([3, 0], [4, -1], [0, 0], [])]
    wrong += [{"cell": None if mode == "LSTM" else good["state"]}]
    for some in wrong:
        with pytest.raises(ValueError, match="recurrent"):
            kernels.layer(*(good | some).values())


def test_what_is_saved_has_the_lists_of_pytorchs_modules():
    net = nn.LSTM(2, 3, proj_size=1)
    state = net.__getstate__()
    assert state["_flat_weights_names"] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"]
    assert all(one is getattr(net, name) for one, name in zip(state["_flat_weights"], state["_flat_weights_names"], strict=True))
    twin = copy.deepcopy(net)
    assert "_flat_weights" not in vars(twin) and twin._flat_weights[0] is twin.weight_ih_l0  # no list that parameters may be replaced behind
    edges = nn.Conv2d(1, 1, 4, padding="same", dilation=3, padding_mode="reflect").__getstate__()
    assert edges["_reversed_padding_repeated_twice"] == [4, 5, 4, 5] and edges["transposed"] is False
