"""Random operations, generator and initial weights: PyTorch's samples, recorded, and what gradients and errors do.

`EXPRESSIONS` mean the same in both libraries (M): what PyTorch gave for each, after `manual_seed(123)`, is in
data/random_ops.npz, with dtype, strides and whether a gradient is required, and a digest of the generator's state.
It was written, with PyTorch 2.13.0 on an x86-64 with AVX2 that is not Intel's (there its dropout draws from MKL), by

    python -c "import torch; from test_random import record; record(torch)"

Floating samples must agree to a few last bits, as libm may differ; everything else in every bit.
"""
import hashlib
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F
from lucid import Tensor
from lucid._kernels import core
from lucid.nn import init

RECORD = Path(__file__).parent / "data" / "random_ops.npz"

EXPRESSIONS = """
M.rand(3, 4)
M.rand((3, 4), dtype=M.float64)
M.rand(size=[5], dtype=M.float16)
M.rand(50, dtype=M.bfloat16)
M.rand(3, dtype=M.complex64)
M.rand(3, requires_grad=True)
M.rand(5, generator=M.Generator().manual_seed(7))
M.rand(2, 3, out=z(np.zeros((3, 2), 'f4').T))
M.rand(7, out=z(np.zeros(2, 'f8')).clone())
M.rand(0, 3)
M.rand(())
M.randn(15)
M.randn(16)
M.randn(3, 11, dtype=M.float64)
M.randn(33, dtype=M.float16)
M.randn(5, dtype=M.bfloat16)
M.randn(33, dtype=M.complex64)
M.randint(10, (5,))
M.randint(3, 10, (2, 3))
M.randint(high=2**40, size=(5,))
M.randint(-5, 5, (5,), dtype=M.int8)
M.randint(2, (9,), dtype=M.bool)
M.randint(10, (5,), dtype=M.float64)
M.randint(10, (50,), out=z(np.zeros(2, 'i1')).clone())
M.randint(-2**63, 2**63 - 1, (5,))
M.randperm(20)
M.randperm(9, dtype=M.float32)
M.randperm(9, generator=M.Generator().manual_seed(7))
M.rand_like(z(np.zeros((5, 6), 'f4').T))
M.randn_like(z(np.zeros((5, 6), 'f4')), dtype=M.float64)
M.randn_like(z(np.zeros((3, 8), 'f4')[:, ::2]))
M.randint_like(z(np.zeros((2, 3), 'i2')), 100)
M.randint_like(z(np.zeros((2, 3), 'f4')), -5, 100)
z(np.zeros((3, 4), 'f4').T).uniform_()
z(np.zeros((5, 8), 'f4')[:, ::2]).uniform_(-1, 3)
z(np.zeros(50, 'f2')).uniform_(1, 1.01)
z(np.zeros((30, 4), 'f4').T).normal_(3, 0.5)
z(np.zeros((30, 4), 'f4')).normal_(3, 0.5)
z(np.zeros((6, 4, 2), 'i8').transpose(1, 2, 0)[1:3, :, ::2]).random_(100)
z(np.zeros(50, 'f4')).random_()
z(np.zeros(50, 'f8')).random_()
z(np.zeros(50, 'f2')).random_()
z(np.zeros(50, 'u1')).random_()
z(np.zeros(50, 'i4')).random_()
z(np.zeros(50, '?')).random_()
z(np.zeros(50, 'i8')).random_(-2**63, None)
z(np.zeros(50, 'i1')).random_(-3, None)
z(np.zeros(50, 'f4')).random_(-3, None)
z(np.zeros(50, 'f2')).random_(-3000, 3000)
z(np.zeros((8, 8), 'f4')[:, ::2]).exponential_(2.0)
z(np.zeros(50, 'f2')).exponential_(0.01)
z(np.zeros((4, 6), 'f8').T).cauchy_(0, 2.0)
z(np.zeros(20, 'f4')).log_normal_()
z(np.zeros(60, 'u1')).geometric_(0.01)
z(np.zeros(60, 'f4')).geometric_(0.1)
z(np.zeros((4, 6), '?').T).bernoulli_(0.3)
z(np.zeros((4, 6), 'f4').T).bernoulli_(z(np.linspace(0, 1, 4, dtype='f4')))
z(np.zeros((4, 6), 'i2')).bernoulli_(z(np.full((6,), 0.4)))
M.bernoulli(z(np.linspace(0, 1, 50, dtype='f4')))
M.bernoulli(z(np.linspace(0, 1, 50, dtype='f4')), 0.2)
M.bernoulli(z(np.linspace(0, 1, 50)), out=z(np.zeros(3, 'i4')).clone())
M.normal(0.5, 2.0, (2, 9))
M.normal(z(np.arange(6, dtype='f4').reshape(2, 3)), z(np.array([0, 1, 2], 'f8')))
M.normal(z(np.arange(20, dtype='f8')), 2.0)
M.normal(1.0, z(np.arange(20, dtype='f4')))
M.multinomial(z(np.arange(1, 21, dtype='f4').reshape(2, 10)), 7)
M.multinomial(z(np.arange(1, 21, dtype='f4').reshape(10, 2).T), 1)
M.multinomial(z(np.arange(1, 21, dtype='f8').reshape(2, 10)), 30, True)
M.multinomial(z(np.arange(1, 11, dtype='f2')), 3)
M.poisson(z(np.arange(30, dtype='f4').reshape(5, 6).T))
M.poisson(z(np.arange(30, dtype='f2')))
M.binomial(z(np.full((5, 6), 40, 'f4').T), z(np.linspace(0, 1, 30, dtype='f4').reshape(6, 5)))
F.dropout(z(np.ones((5, 6), 'f4')), 0.3)
F.dropout(z(np.ones((5, 6), 'f4').T), 0.3)
F.dropout(z(np.ones((5, 6), 'f4')[:, ::2]), 0.3)
F.dropout(z(np.ones((5, 6), 'f2')), 0.3)
F.dropout(z(np.ones((5, 6), 'f4')), 0.3, inplace=True)
F.dropout(z(np.ones((5, 6), 'f4')), 1.0)
F.dropout(z(np.ones((5, 6), 'f4')), 0.3, False)
F.alpha_dropout(z(np.arange(30, dtype='f4')), 0.3, True)
F.alpha_dropout(z(np.arange(30, dtype='f2')), 0.3, True)
F.alpha_dropout(z(np.arange(30, dtype='f8')), 0.3, True, inplace=True)
F.feature_alpha_dropout(z(np.arange(60, dtype='f4').reshape(2, 10, 3)), 0.3, True)
F.feature_alpha_dropout(z(np.arange(60, dtype='f4').reshape(2, 10, 3).swapaxes(0, 2)), 0.3, True)
F.dropout1d(z(np.ones((2, 5, 3), 'f4')), 0.3)
F.dropout1d(z(np.ones((15, 3), 'f4')), 0.3)
F.dropout2d(z(np.ones((2, 5, 3, 2), 'f4')), 0.3)
F.dropout2d(z(np.ones((2, 3, 2, 5), 'f4').transpose(0, 3, 1, 2)), 0.3)
F.dropout2d(z(np.ones((2, 5, 3, 2), 'f4')), 0.3, inplace=True)
F.dropout3d(z(np.ones((2, 5, 3, 2, 1), 'f4')), 0.3)
F.dropout3d(z(np.ones((12, 3, 2, 1), 'f4')), 0.3)
M.dropout(z(np.ones(30, 'f4')), 0.3, True)
M.native_dropout(z(np.ones(30, 'f4')), 0.3, True)[0]
M.native_dropout(z(np.ones(30, 'f4')), 0.3, True)[1]
F.rrelu(z(np.linspace(-3, 3, 30, dtype='f4').reshape(5, 6).T), training=True)
F.rrelu(z(np.linspace(-3, 3, 30)), 0.1, 0.9, True)
F.rrelu(z(np.linspace(-3, 3, 30)), 0.1, 0.9, True, True)
F.rrelu(z(np.linspace(-3, 3, 30, dtype='f4')))
F.gumbel_softmax(z(np.linspace(-3, 3, 30, dtype='f4').reshape(5, 6)))
F.gumbel_softmax(z(np.linspace(-3, 3, 30).reshape(5, 6)), 0.5, True, dim=0)
I.uniform_(z(np.zeros((4, 5), 'f4')), -2, 2)
I.normal_(z(np.zeros((4, 5), 'f4')), 1, 2)
I.trunc_normal_(z(np.zeros((6, 9), 'f4')), 0, 1, -0.5, 0.9)
I.trunc_normal_(z(np.zeros((6, 9), 'f4')), 0, 1, 1.5, 3)
I.trunc_normal_(z(np.zeros((6, 9), 'f8')), 0, 0.02)
I.xavier_uniform_(z(np.zeros((4, 5, 3), 'f4')), 2.0)
I.xavier_normal_(z(np.zeros((4, 5), 'f8')))
I.kaiming_uniform_(z(np.zeros((4, 5, 3, 3), 'f4')), 5**0.5)
I.kaiming_normal_(z(np.zeros((4, 5), 'f4')), mode='fan_out', nonlinearity='relu')
I.sparse_(z(np.zeros((20, 5), 'f4')), 0.33)
I.eye_(z(np.zeros((3, 5), 'f4')))
I.dirac_(z(np.zeros((6, 2, 3), 'f4')), 3)
I.constant_(z(np.zeros(3, 'f4')), 0.3)
""".strip().splitlines()


def outcome(M, tensor_of, expression):
    """What an expression gives in a library: its samples, and a line about the tensor and the generator's state."""
    M.manual_seed(123)
    names = {"M": M, "F": M.nn.functional, "I": M.nn.init, "z": tensor_of, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tensor = eval(expression, names)
    state = hashlib.sha256(M.get_rng_state().numpy().tobytes()).hexdigest()[:12]
    dtype = str(tensor.dtype).rpartition(".")[2]
    strides = tuple(tensor.stride()) if tensor.numel() > 1 else ()
    about = f"{dtype} {tuple(tensor.shape)} {strides} {tensor.requires_grad} {state}"
    tensor = tensor.detach()
    if dtype == "bfloat16":
        samples = np.array(tensor.tolist(), np.float32)
    else:
        samples = np.ascontiguousarray(tensor.numpy())
    return samples, about


def record(torch):
    """Ask PyTorch for every expression and write what it gave."""
    samples, about = zip(*(outcome(torch, torch.from_numpy, expression) for expression in EXPRESSIONS))
    np.savez_compressed(RECORD, about=np.array(about), **{str(i): one for i, one in enumerate(samples)})


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORD) as file:
        return dict(file)


@pytest.mark.parametrize("i", range(len(EXPRESSIONS)), ids=EXPRESSIONS)
def test_pytorch_samples(recorded, i):
    wanted, about = recorded[str(i)], str(recorded["about"][i])
    got, own = outcome(lucid, core.wrap, EXPRESSIONS[i])
    singles = any(word in EXPRESSIONS[i] for word in ("normal", "randn"))  # the state may hold a sample of libm's
    assert own.split()[:-1] == about.split()[:-1] if singles else own == about
    if wanted.dtype.kind in "fc":
        eps = np.finfo(wanted.dtype).eps
        np.testing.assert_allclose(got, wanted, rtol=4 * eps, atol=4 * eps)
    else:
        np.testing.assert_array_equal(got, wanted)


# ------------------------------------------------------------------------------------------------ generator


def test_manual_seed_starts_the_same_stream_again():
    first = lucid.manual_seed(5)
    assert first is lucid.default_generator
    a = lucid.rand(3).tolist()
    lucid.manual_seed(5)
    assert lucid.rand(3).tolist() == a
    assert lucid.initial_seed() == 5
    assert lucid.rand(3).tolist() != a


@pytest.mark.parametrize(("seed", "initial"), [(-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1), (0, 0)])
def test_seeds(seed, initial):
    assert lucid.Generator().manual_seed(seed).initial_seed() == initial


@pytest.mark.parametrize(
    ("seed", "error"), [(2**64, ValueError), (-(2**63) - 1, ValueError), (1.5, RuntimeError), (True, RuntimeError)]
)
def test_seeds_refused(seed, error):
    generator = lucid.Generator().manual_seed(3)
    with pytest.raises(error, match="manual_seed"):
        generator.manual_seed(seed)
    assert generator.initial_seed() == 3


def test_state_returns_to_the_same_place():
    lucid.manual_seed(1)
    lucid.randn(3)  # leaves the second sample of a pair behind
    state = lucid.get_rng_state()
    a = lucid.randn(5).tolist() + lucid.rand(700).tolist()
    lucid.set_rng_state(state)
    assert lucid.randn(5).tolist() + lucid.rand(700).tolist() == a
    assert state.shape == (5056,) and state.dtype is lucid.uint8


def test_generators_are_independent_copied_and_pickled():
    lucid.manual_seed(0)
    before = lucid.get_rng_state().tolist()
    generator = lucid.Generator().manual_seed(9)
    lucid.rand(10, generator=generator)
    assert lucid.get_rng_state().tolist() == before
    twins = generator.clone_state(), pickle.loads(pickle.dumps(generator))
    wanted = lucid.rand(4, generator=generator).tolist()
    assert [lucid.rand(4, generator=twin).tolist() for twin in twins] == [wanted, wanted]


def test_fork_rng_restores_even_after_an_error():
    lucid.manual_seed(0)
    before = lucid.get_rng_state().tolist()
    with pytest.raises(KeyError), lucid.random.fork_rng():
        lucid.rand(10)
        raise KeyError
    assert lucid.get_rng_state().tolist() == before
    with lucid.random.fork_rng(enabled=False):
        lucid.rand(10)
    assert lucid.get_rng_state().tolist() != before


def test_seed_is_another_every_time():
    assert len({lucid.seed() for _ in range(4)}) == 4
    assert lucid.Generator().seed() != lucid.Generator().seed()


def test_states_refused():
    generator = lucid.Generator().manual_seed(3)
    before = generator.get_state().tolist()
    for state, error in (
        ([1], TypeError),
        (core.wrap(np.zeros(5056, np.float32)), TypeError),
        (core.wrap(np.zeros(10, np.uint8)), RuntimeError),
        (core.wrap(np.zeros(5056, np.uint8)), RuntimeError),
    ):
        with pytest.raises(error):
            generator.set_state(state)
    assert generator.get_state().tolist() == before
    with pytest.raises(RuntimeError, match="offset"):
        generator.get_offset()


# ------------------------------------------------------------------------------------------------ errors


def tensor(*values, dtype=None):
    return lucid.tensor(list(values), dtype=dtype)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x: lucid.rand(), TypeError, "size"),
        (lambda x: lucid.rand(2.0), TypeError, "size"),
        (lambda x: lucid.rand(True), TypeError, "size"),
        (lambda x: lucid.rand(2, -3), RuntimeError, "negative dimension -3"),
        (lambda x: lucid.rand(2, dtype=lucid.int64), NotImplementedError, "Long"),
        (lambda x: lucid.rand(2, generator=3), TypeError, "generator"),
        (lambda x: lucid.rand(2, colour=3), TypeError, "colour"),
        (lambda x: lucid.rand(2, device="cuda"), RuntimeError, "cpu"),
        (lambda x: lucid.rand(4, out=x, dtype=lucid.float64), RuntimeError, "dtype"),
        (lambda x: lucid.rand(4, out=[1]), TypeError, "out"),
        (lambda x: lucid.rand(4, out=Tensor([1.0], requires_grad=True)), RuntimeError, "out"),
        (lambda x: lucid.randint(0, (2,)), RuntimeError, "from=0 >= to=0"),
        (lambda x: lucid.randint(2.5, (2,)), TypeError, "int"),
        (lambda x: lucid.randint(10, 2), TypeError, "size"),
        (lambda x: lucid.randint(2**63, (2,)), ValueError, "int64"),
        (lambda x: lucid.randint(300, (2,), dtype=lucid.uint8), RuntimeError, "out of bounds"),
        (lambda x: lucid.randint(9, (2,), requires_grad=True), RuntimeError, "gradients"),
        (lambda x: lucid.randperm(-1), RuntimeError, "negative"),
        (lambda x: lucid.randperm(200, dtype=lucid.int8), RuntimeError, "128"),
        (lambda x: lucid.randperm(5, dtype=lucid.bool), NotImplementedError, "Bool"),
        (lambda x: lucid.rand_like(3), TypeError, "Tensor"),
        (lambda x: lucid.bernoulli(x), RuntimeError, "probabilities"),
        (lambda x: lucid.bernoulli(x * float("nan")), RuntimeError, "probabilities"),
        (lambda x: lucid.bernoulli(x, 1.5), RuntimeError, "1.5"),
        (lambda x: lucid.normal(x, -1.0), RuntimeError, "-1"),
        (lambda x: lucid.normal(x, x), RuntimeError, "std"),
        (lambda x: lucid.normal(0.0, 1.0), TypeError, "size"),
        (lambda x: lucid.multinomial(x, 1), RuntimeError, "probability"),
        (lambda x: lucid.multinomial(x * 0, 1), RuntimeError, "sum"),
        (lambda x: lucid.multinomial(tensor(1.0), 2), RuntimeError, "replacement"),
        (lambda x: lucid.multinomial(tensor(1.0), 0), RuntimeError, "n_sample"),
        (lambda x: lucid.multinomial(tensor(1, 2), 1), RuntimeError, "Long"),
        (lambda x: lucid.multinomial(tensor(1.0), 1, out=x), RuntimeError, "Long"),
        (lambda x: lucid.poisson(x), RuntimeError, "negative"),
        (lambda x: lucid.binomial(x, tensor(0.5, dtype=lucid.float64)), RuntimeError, "Double"),
        (lambda x: x.uniform_(1, 0), RuntimeError, "from=1 > to=0"),
        (lambda x: x.uniform_(0, 1e39), RuntimeError, "out of bounds"),
        (lambda x: x.uniform_(-3e38, 3e38), RuntimeError, "to-from"),
        (lambda x: x.normal_("a"), TypeError, "mean"),
        (lambda x: x.normal_(0, -1), RuntimeError, "std"),
        (lambda x: x.exponential_(0), RuntimeError, "lambda"),
        (lambda x: x.cauchy_(0, 0), RuntimeError, "sigma"),
        (lambda x: x.log_normal_(0, 0), RuntimeError, "std"),
        (lambda x: x.geometric_(1), RuntimeError, "p=1"),
        (lambda x: x.random_(5, 5), RuntimeError, "from=5"),
        (lambda x: x.bernoulli_(tensor(0.5, 0.5)), RuntimeError, "expand"),
        (lambda x: tensor(1, 2).exponential_(), RuntimeError, "floating"),
        (lambda x: tensor(1, 2).normal_(), NotImplementedError, "Long"),
        (lambda x: F.dropout(x, 1.5), ValueError, "1.5"),
        (lambda x: F.dropout(x, float("nan")), RuntimeError, "nan"),
        (lambda x: F.dropout(tensor(1, 2), 0.5), RuntimeError, "Long"),
        (lambda x: F.dropout([1.0], 0.5), TypeError, "Tensor"),
        (lambda x: F.dropout1d(x), RuntimeError, "1D input"),
        (lambda x: F.feature_alpha_dropout(x, 0.5, True), RuntimeError, "at least 2"),
        (lambda x: F.rrelu(x, 0.5, 0.1), RuntimeError, "Lower"),
        (lambda x: F.rrelu(x, 0.5, float("inf")), RuntimeError, "finite"),
        (lambda x: init.kaiming_normal_(x), ValueError, "fewer than 2"),
        (lambda x: init.eye_(x), ValueError, "2 dimensions"),
        (lambda x: init.calculate_gain("cube"), ValueError, "cube"),
        (lambda x: init.calculate_gain("leaky_relu", True), ValueError, "True"),
    ],
)
def test_errors_leave_tensor_and_stream_as_they_were(call, error, match):
    x = tensor(-1.0, 2.0, 3.0)
    lucid.manual_seed(0)
    before = lucid.get_rng_state().tolist()
    with pytest.raises(error, match=match):
        call(x)
    assert x.tolist() == [-1.0, 2.0, 3.0]
    assert lucid.get_rng_state().tolist() == before


def test_integers_beyond_a_floating_dtype_warn():
    with pytest.warns(UserWarning, match="float32 does not hold every integer"):
        lucid.randint(2**40, (2,), dtype=lucid.float32)


def test_read_only_and_overlapping_memory_is_refused():
    array = np.zeros(4, np.float32)
    array.flags.writeable = False
    for target in (core.wrap(array), core.wrap(np.broadcast_to(np.zeros(1, np.float32), (4,)))):
        for name in ("uniform_", "normal_", "random_", "exponential_"):
            with pytest.raises(RuntimeError):
                getattr(target, name)()
        assert target.tolist() == [0.0] * 4


# ------------------------------------------------------------------------------------------------ gradients


@pytest.mark.parametrize("p", [0.3, 1.0])
@pytest.mark.parametrize(
    "dropout",
    [
        F.dropout, F.alpha_dropout, F.feature_alpha_dropout, F.dropout1d, F.dropout2d, F.dropout3d, lucid.dropout,
        lucid.native_dropout,
    ],
)  # fmt: skip
def test_the_gradient_of_a_dropout_is_the_factor_of_each_element(dropout, p):
    shape = {F.dropout1d: (3, 4, 5), F.dropout3d: (2, 3, 2, 2, 2)}.get(dropout, (2, 3, 4, 5))
    data = np.random.default_rng(0).standard_normal(shape)
    x = lucid.tensor(data, dtype=lucid.float64, requires_grad=True)
    lucid.manual_seed(3)
    out = dropout(x, p, True)
    out = out[0] if isinstance(out, tuple) else out
    with lucid.no_grad():  # the same mask, elsewhere: the operation is affine
        lucid.manual_seed(3)
        moved = dropout(lucid.tensor(data + 1, dtype=lucid.float64), p, True)
        moved = moved[0] if isinstance(moved, tuple) else moved
    g = np.random.default_rng(1).standard_normal(shape)
    out.backward(lucid.tensor(g, dtype=lucid.float64))
    np.testing.assert_allclose(x.grad.numpy(), g * (moved.numpy() - out.detach().numpy()), atol=1e-14)


def test_the_gradient_of_a_dropout_may_lie_otherwise_in_memory():
    x = core.wrap(np.ones((3, 4))).requires_grad_()
    lucid.manual_seed(0)
    out = F.dropout(x, 0.5)
    g = np.arange(12.0).reshape(4, 3).T
    out.backward(core.wrap(g))
    np.testing.assert_array_equal(x.grad.numpy(), g * out.detach().numpy())


def test_rrelu_gradient_is_its_slope():
    x = lucid.tensor([-2.0, -1.0, 0.0, 3.0], requires_grad=True)
    out = F.rrelu(x, 0.2, 0.7, True)
    out.backward(lucid.tensor([1.0, 2.0, 3.0, 4.0]))
    slopes = [out.tolist()[0] / -2, out.tolist()[1] / -1]
    assert all(0.2 <= slope < 0.7 for slope in slopes)
    np.testing.assert_allclose(x.grad.tolist()[:2], [slopes[0], 2 * slopes[1]], rtol=1e-6)
    assert 0.6 <= x.grad.tolist()[2] < 2.1 and x.grad.tolist()[3] == 4


def test_samples_have_gradients_of_zero():
    for function in (
        lucid.bernoulli,
        lucid.poisson,
        lambda x: lucid.normal(x, 1.0),
        lambda x: lucid.normal(0.0, x),
    ):
        x = lucid.tensor([0.2, 0.7], requires_grad=True)
        out = function(x)
        assert out.requires_grad
        (out * out).backward()
        assert x.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "fill",
    [
        lambda x: x.uniform_(), lambda x: x.normal_(), lambda x: x.random_(9), lambda x: x.bernoulli_(0.5),
        lambda x: x.exponential_(), lambda x: x.geometric_(0.5), lambda x: x.cauchy_(), lambda x: x.log_normal_(),
    ],
)  # fmt: skip
def test_filling_in_place_ends_a_history(fill):
    x = lucid.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        fill(x)
    assert x.tolist() == [1.0, 2.0]
    y = x * 3.0
    version = y._version
    lucid.manual_seed(0)
    assert fill(y) is y
    assert y._version == version + 1
    lucid.manual_seed(0)
    assert y.tolist() == fill(lucid.tensor([0.0, 0.0])).tolist()
    (y * y).backward()
    assert x.grad.tolist() == [0.0, 0.0]
    with lucid.no_grad():
        fill(x)
    assert x.is_leaf and x.requires_grad


@pytest.mark.parametrize("view", [lambda a: a[::-1], lambda a: a[::-1, ::-2], lambda a: a.T[:, ::-1], lambda a: a[::-1][2:]])
@pytest.mark.parametrize("name", ["uniform_", "normal_", "exponential_", "cauchy_"])
def test_a_history_ends_in_memory_of_any_order(name, view):
    """NumPy's arrays may run backwards through memory."""
    zeros = view(np.zeros((3, 4), np.float32))
    for seed in range(20):  # a write beside the memory shows sooner or later
        beside = [lucid.zeros(12) for _ in range(4)]
        x = core.wrap(zeros.copy())
        recorded = core.wrap(view(np.zeros((3, 4), np.float32))).add_(lucid.zeros(1, requires_grad=True))
        assert recorded.requires_grad and recorded.array.strides == zeros.strides
        for one in (recorded, x):
            lucid.manual_seed(seed)
            getattr(one, name)()
        assert sorted(recorded.detach().reshape(-1).tolist()) == sorted(x.reshape(-1).tolist())
        assert all(one.tolist() == [0.0] * 12 for one in beside)


def test_a_leaf_is_refused_before_anything_is_drawn():
    x = lucid.ones(3, requires_grad=True)
    state = lucid.get_rng_state()
    with pytest.raises(RuntimeError, match="leaf"):
        x.uniform_()
    assert lucid.equal(lucid.get_rng_state(), state)


def test_a_saved_tensor_that_is_refilled_is_noticed():
    x = lucid.tensor([1.0, 2.0], requires_grad=True)
    y = lucid.tensor([1.0, 2.0])
    z = x * y
    y.uniform_()
    with pytest.raises(RuntimeError, match="modified|inplace|in-place|overwritten"):
        z.backward()


# ------------------------------------------------------------------------------------------------ initial weights


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3)])
def test_orthogonal(shape):
    weight = init.orthogonal_(core.wrap(np.zeros(shape)), 2.0)
    matrix = weight.numpy().reshape(shape[0], -1)
    product = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_initialising_keeps_a_leaf():
    weight = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for name in ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "kaiming_normal_", "orthogonal_", "eye_"):
        assert getattr(init, name)(weight) is weight
        assert weight.is_leaf and weight.requires_grad
    assert weight.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_old_names_warn():
    with pytest.warns(FutureWarning, match="constant_"):
        init.constant(tensor(1.0), 2.0)


def test_truncation_holds():
    for bounds in ((-0.5, 0.5), (2.0, 2.5)):
        out = init.trunc_normal_(core.wrap(np.zeros(2000, np.float32)), 0.0, 1.0, *bounds).numpy()
        assert out.min() >= bounds[0] and out.max() <= bounds[1]
        assert out.std() > 0.05
    with pytest.warns(UserWarning, match="2 std"):
        init.trunc_normal_(core.wrap(np.zeros(20)), 5.0, 1.0, -1.0, 1.0)


def test_one_sample_with_replacement_draws_as_without():
    weights = lucid.tensor([[0.25, 0.5, 0.25], [0.1, 0.1, 0.8]])
    found = []
    for replacement in (True, False):
        lucid.manual_seed(3)
        found.append((lucid.multinomial(weights, 1, replacement).tolist(), lucid.rand(1).item()))
    assert found[0] == found[1]


def test_bernoulli_has_no_complex_results():
    for call in (lambda out: lucid.bernoulli(lucid.rand(3), out=out), lambda out: out.bernoulli_(lucid.rand(3)), lambda out: out.bernoulli_(0.5)):
        with pytest.raises(NotImplementedError, match="bernoulli_.*ComplexFloat"):
            call(lucid.zeros(3, dtype=lucid.complex64))


@pytest.mark.parametrize("dtype", [lucid.int8, lucid.float16, lucid.bool])
def test_integers_of_small_dtypes_are_drawn_in_pieces(dtype):
    n = 2**18 * 3 + 5
    lucid.manual_seed(0)
    wide = lucid.randint(0, 2, (n,))
    lucid.manual_seed(0)
    lucid.empty_cache()
    assert lucid.equal(lucid.randint(0, 2, (n,), dtype=dtype).long(), wide)
    del wide
    lucid.empty_cache()
    lucid.empty(n, dtype=dtype).random_(0, 2)
    assert core.memory_stats()["cached_bytes"] < 8 * n  # of what was needed for a while; an int64 for each element is as much
