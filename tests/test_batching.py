"""vmap's mechanics: nothing is computed with one entry unseen, and what should need no loop needs none."""

import itertools
import warnings

import numpy as np
import pytest

import lucid
from lucid.autograd.op import REGISTRY
from lucid.func import functional_call, grad, stack_module_state, vmap

ROWS = lucid.tensor(np.random.default_rng(0).uniform(0.1, 0.9, (2, 3, 3)).astype(np.float32))
NOT_CALLED = {"share_memory_", "__init__", "__new__", "__init_subclass__", "__subclasshook__", "__class__", "__getattribute__", "__setattr__",
              "__delattr__", "__reduce__", "__sizeof__", "__hash__", "__dict__", "__getstate__", "__setstate__", "__weakref__", "__dir__",
              "array", "__slots__", "__annotations__", "__doc__", "__module__", "__torch_function__", "as_subclass", "register_hook"}  # fmt: skip


def answers(function, *rows):
    """What a function gives for each entry, and what `vmap` of it gives, as arrays and plain values; None where it raises."""

    def plain(result):
        if isinstance(result, lucid.Tensor):
            return result.detach().numpy()
        if isinstance(result, (tuple, list)) and not isinstance(result, lucid.Size):
            return [plain(one) for one in result]
        return result

    mapped = []

    def over(*entries):
        mapped.append(function(*entries))
        return tuple(leaf for leaf in leaves(mapped[0]) if isinstance(leaf, lucid.Tensor)) or entries[0] * 0

    def leaves(value):
        return [leaf for one in value for leaf in leaves(one)] if isinstance(value, (tuple, list)) else [value]

    try:
        single = [function(*(one[i].clone() for one in rows)) for i in range(2)]
    except Exception:
        return None
    try:
        tensors = vmap(over)(*(one.clone() for one in rows))
    except Exception:
        return None
    return [[plain(one) for one in leaves(each)] for each in single], leaves(mapped[0]), plain(list(tensors if isinstance(tensors, tuple) else [tensors]))


def check(name, function, *rows):
    """Every tensor is that of its entry, and anything else is the same for all entries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = answers(function, *rows)
    if found is None:
        return 0
    single, shown, tensors = found
    tensors = iter(tensors)
    for i, leaf in enumerate(shown):
        wanted = [each[i] if i < len(each) else None for each in single]
        if isinstance(leaf, lucid.Tensor):
            whole = next(tensors)
            for k in range(2):
                np.testing.assert_allclose(np.asarray(whole[k], np.complex128), np.asarray(wanted[k], np.complex128), 1e-3, 1e-4, err_msg=name)
        elif isinstance(leaf, (bool, int, float, complex, str, np.ndarray, tuple)) and "Batched" not in str(leaf):
            assert all(str(one) == str(leaf) for one in wanted), f"{name}: {leaf} for {wanted}"
    return 1


def test_no_method_or_property_sees_one_entry():
    seen = 0
    for name in dir(lucid.Tensor):
        if name in NOT_CALLED or name.startswith(("__firstlineno", "__static_attr")) or name.startswith("_") and not name.startswith("__") or isinstance(getattr(lucid.Tensor, name), type):
            continue
        if not callable(getattr(lucid.Tensor, name)):
            seen += check(name, lambda x, name=name: getattr(x, name), ROWS)
            continue
        for n in (1, 2, 3):
            seen += check(name, lambda *entries, name=name: getattr(entries[0], name)(*entries[1:]), *(ROWS + i / 10 for i in range(n)))
    assert seen > 300


def test_no_function_sees_one_entry():
    seen = 0
    for path, spec in list(REGISTRY.items()):
        if "Tensor." in path or path.startswith("_") or "empty" in path:
            continue
        for n in (1, 2, 3):
            seen += check(path, spec.function, *(ROWS + i / 10 for i in range(n)))
        seen += check(path, lambda *entries, function=spec.function: function(entries), ROWS, ROWS)
    assert seen > 400


@pytest.mark.parametrize("read", [
    bool, float, int, lambda x: [1, 2][x], memoryview, np.asarray, lambda x: x.tolist(), lambda x: x.numpy(), lambda x: x.item(),
    lambda x: x.data_ptr(), lambda x: x.untyped_storage(), lambda x: x.array.copy(), lambda x: f"{x:.3f}",
    lambda x: x.__array__(), lambda x: complex(x), lambda x: x.__reduce_ex__(2), lambda x: lucid.equal(x, x),
])  # fmt: skip
def test_elements_are_not_read(read):
    with pytest.raises((RuntimeError, NotImplementedError, BufferError)):
        vmap(lambda x: (read(x.sum()), x)[1])(ROWS)


def test_the_usual_needs_no_loop():
    from lucid.batching import calls

    functional = lucid.nn.functional
    image, weight = lucid.rand(2, 2, 3, 6, 6), lucid.rand(2, 4, 3, 3, 3)
    calls.LOOPED.clear()
    for function, *rows in (
        (lambda x: (x + 1).exp().relu().sum(), ROWS), (lambda x: functional.softmax(x, -1).max(0)[0].mean(), ROWS),
        (lambda x: functional.layer_norm(x, (3,)), ROWS), (lambda x, y: functional.linear(x, y, x[0]), ROWS, ROWS),
        (lambda x: lucid.einsum("ij,kj->ik", x, x), ROWS), (lambda x: x.t().reshape(-1)[1:].view(4, 2).permute(1, 0).unsqueeze(0), ROWS),
        (lambda x: lucid.cat([x, x.flip(0)]).cumsum(0).sort()[0].std(), ROWS), (lambda x: x[[0, 1], [1, 2]] + x[0, 1:2] + x[-1, -1], ROWS),
        (functional.conv2d, image, weight), (lambda x: functional.max_pool2d(functional.conv2d(x, weight[0]), 2), image),
        (lambda x: functional.cross_entropy(x, lucid.tensor([0, 1, 2])), ROWS), (lambda x: functional.mse_loss(x, x.t()), ROWS),
        (lambda x: lucid.linalg.inv(x + 3 * lucid.eye(3)) @ x[0], ROWS), (lambda x: functional.embedding(x.argsort(), x), ROWS),
        (lambda x: x.where(x > 0.5, 0.0).clamp(0, 0.8).type(lucid.float64), ROWS),
        (lambda x: functional.batch_norm(x, None, None, training=True), image), (lambda x: functional.group_norm(x, 3), image),
    ):  # fmt: skip
        vmap(function)(*rows)
    assert not calls.LOOPED


def test_gradients_of_each_entry():
    layer = lucid.nn.Sequential(lucid.nn.Linear(3, 4), lucid.nn.Tanh(), lucid.nn.Linear(4, 2))
    params = {name: one.detach() for name, one in layer.named_parameters()}

    def loss(params, x):
        return functional_call(layer, params, (x,)).pow(2).sum()

    found = vmap(grad(loss), in_dims=(None, 0))(params, ROWS)
    for i in range(2):
        for name, one in grad(loss)(params, ROWS[i]).items():
            np.testing.assert_allclose(found[name][i], one, 1e-5, 1e-6)


def test_levels_end_also_by_errors():
    from lucid import batching

    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: 1 / 0)(ROWS)
    assert not batching.levels() and type(ROWS + 1) is lucid.Tensor
    assert vmap(vmap(lambda x: x.sum()))(ROWS).shape == (2, 3)


def test_ensembles():
    models = [lucid.nn.Linear(3, 2) for _ in range(4)]
    params, _ = stack_module_state(models)
    x = ROWS[0]
    found = vmap(lambda params: functional_call(models[0], params, (x,)))(params)
    for model, one in itertools.zip_longest(models, found):
        np.testing.assert_allclose(model(x).detach(), one.detach(), 1e-5, 1e-6)


class Doubled(lucid.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2


def test_gradients_of_a_batch_are_one_pass():
    seen = []

    class Counted(Doubled):
        @staticmethod
        def backward(ctx, g):
            seen.append(tuple(g.shape))
            return g * 2

    x = lucid.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = Counted.apply(x).sin()
    (found,) = lucid.autograd.grad(y, x, lucid.eye(3), is_grads_batched=True)
    np.testing.assert_allclose(found, np.diag(2 * np.cos([2.0, 4.0, 6.0])), 1e-6)
    assert seen == [(3,)]
    with pytest.raises(RuntimeError, match="second time|freed"):
        lucid.autograd.grad(y, x, lucid.ones(3))
    np.testing.assert_allclose(lucid.func.jacrev(lambda x: x.cumsum(0) ** 2)(x.detach()), [[2, 0, 0], [6, 6, 0], [12, 12, 12]])


def test_rules_that_read_elements_are_called_in_turn():
    class Reading(Doubled):
        @staticmethod
        def backward(ctx, g):
            return lucid.tensor(g.tolist()) * 2

    x = lucid.ones(2, requires_grad=True)
    (found,) = lucid.autograd.grad(Reading.apply(x), x, lucid.eye(2), is_grads_batched=True)
    assert found.tolist() == [[2.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize(("function", "rows"), [
    (lambda x, i: x.index_select(0, i), ([[0, -1], [1, 2]],)),
    (lambda x, i: x.index_add(0, i, lucid.ones(2, 2)), ([[0, 1], [1, 2]],)),
    (lambda x, i: x.index_add(0, i, lucid.ones(2, 3)), ([[0], [1]],)),
    (lambda x, i: lucid.nn.functional.embedding(i, x), ([0, -1],)),
])  # fmt: skip
def test_what_an_entry_alone_refuses_is_refused_of_a_batch(function, rows):
    with pytest.raises((IndexError, RuntimeError)):
        vmap(function)(ROWS, *map(lucid.tensor, rows))


def test_rows_are_added_at_indices_of_each_entry():
    i = lucid.tensor([[0, 1], [1, 2]])
    found = vmap(lambda x, i: x.index_add(1, i, x[:, :2], alpha=2))(ROWS, i)
    assert lucid.equal(found, lucid.stack([x.index_add(1, one, x[:, :2], alpha=2) for x, one in zip(ROWS, i)]))


def test_writes_in_a_derivative_of_a_batch():
    rows = lucid.tensor([[0.0, 1.0], [2.0, 3.0]])
    wanted = np.stack([np.diag(np.exp(row)) for row in rows.numpy()])
    found = lucid.func.vmap(lucid.func.jacfwd(lambda x: x.exp_()))(rows)
    np.testing.assert_allclose(found.numpy(), wanted, 1e-6)
