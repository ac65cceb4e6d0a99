"""`gradcheck` finds wrong gradients, and every family's gradients, first and second, agree with finite differences."""

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F
from lucid.autograd import Function, GradcheckError, gradcheck, gradgradcheck

RNG = np.random.default_rng(7)


def rand(*shape, low=-2.0, high=2.0):
    return lucid.tensor(RNG.uniform(low, high, shape), dtype=lucid.float64).requires_grad_()


class WrongSquare(Function):
    factor = 2.1

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * WrongSquare.factor * ctx.saved_tensors[0]


def test_a_wrong_gradient_is_found():
    x = rand(3)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(WrongSquare.apply, x)
    assert not gradcheck(WrongSquare.apply, x, raise_exception=False)


def test_a_wrong_second_gradient_is_found():
    class Detached(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            x = ctx.saved_tensors[0]
            return g * 3 * (x.detach() * x.detach())

    x = rand(3)
    assert gradcheck(Detached.apply, x)
    with pytest.raises(GradcheckError):
        gradgradcheck(Detached.apply, x)


def test_complex_gradients():
    z = lucid.tensor(RNG.standard_normal(4) + 1j * RNG.standard_normal(4), dtype=lucid.complex128).requires_grad_()
    assert gradcheck(lambda z: (z * z).exp(), z)
    assert gradcheck(lambda z: z.abs(), z)


def spread(n: int):
    """A diagonal matrix of distinct numbers, which makes one with small elements beside it well conditioned."""
    return lucid.diag(lucid.arange(1, n + 1, dtype=lucid.float64) * 4)


CASES = {
    "mul broadcast": (lambda a, b: a * b, lambda: (rand(2, 3), rand(3))),
    "div": (lambda a, b: a / b, lambda: (rand(2, 3), rand(2, 1, low=1.0))),
    "pow": (lambda a, b: a.pow(b), lambda: (rand(4, low=0.5), rand(4))),
    "exp tanh": (lambda a: a.exp().tanh(), lambda: (rand(5, low=-1, high=0.5),)),
    "gelu silu": (lambda a: F.gelu(a) * F.silu(a), lambda: (rand(5),)),
    "softplus elu": (lambda a: F.softplus(a) + F.elu(a), lambda: (rand(5),)),
    "leaky_relu": (lambda a: F.leaky_relu(a, 0.2) * a, lambda: (rand(5, low=0.5),)),
    "sum dim": (lambda a: (a * a).sum((0, 2)), lambda: (rand(2, 3, 2),)),
    "mean": (lambda a: (a * a).mean(1, True), lambda: (rand(2, 3),)),
    "var std": (lambda a: a.var(0) + a.std(0), lambda: (rand(4, 2),)),
    "prod": (lambda a: a.prod(1), lambda: (rand(2, 3),)),
    "amax": (lambda a: a.amax(1) * a.amin(1), lambda: (rand(2, 4),)),
    "logsumexp": (lambda a: a.logsumexp(1), lambda: (rand(2, 4),)),
    "cumsum cumprod": (lambda a: a.cumsum(1) * a.cumprod(1), lambda: (rand(2, 3),)),
    "norm": (lambda a: a.norm(dim=1), lambda: (rand(2, 3),)),
    "softmax": (lambda a: a.softmax(1) * a, lambda: (rand(2, 3),)),
    "log_softmax": (lambda a: a.log_softmax(0) * a, lambda: (rand(3, 2),)),
    "views": (lambda a: (a.t().reshape(3, 2)[:, 1:] * a[0, 0]).expand(3, 2), lambda: (rand(2, 3),)),
    "cat stack": (lambda a, b: lucid.cat([a, b * a], 0) * lucid.stack([a, b])[0].sum(), lambda: (rand(2, 2), rand(2, 2))),
    "indexing": (lambda a: a[[0, 0, 2], 1:] * a[lucid.tensor([2, 1, 0])][:, :2], lambda: (rand(3, 3),)),
    "gather": (lambda a: a.gather(1, lucid.tensor([[0, 0], [2, 1]])) * a[:, :2], lambda: (rand(2, 3),)),
    "masked_fill": (lambda a: a.masked_fill(a > 0, 2.0) * a, lambda: (rand(2, 3),)),
    "matmul": (lambda a, b: a @ b, lambda: (rand(2, 3, 4), rand(4, 2))),
    "matvec": (lambda a, b: a @ b, lambda: (rand(3, 4), rand(4))),
    "einsum": (lambda a, b: lucid.einsum("ij,kj->ik", a, b), lambda: (rand(2, 3), rand(4, 3))),
    "linear": (lambda x, w, b: F.linear(x, w, b) ** 2, lambda: (rand(2, 3), rand(4, 3), rand(4))),
    "inv": (lambda a: lucid.linalg.inv(a + 3 * lucid.eye(3, dtype=lucid.float64)), lambda: (rand(3, 3, low=-0.5, high=0.5),)),
    "solve": (lambda a, b: lucid.linalg.solve(a + 3 * lucid.eye(2, dtype=lucid.float64), b),
              lambda: (rand(2, 2, low=-0.5, high=0.5), rand(2, 3))),
    "det": (lambda a: lucid.linalg.det(a), lambda: (rand(3, 3),)),
    "eigh": (lambda a: (lambda l, v: l + v.abs().sum(0))(*lucid.linalg.eigh(a + a.mT + spread(3))), lambda: (rand(3, 3),)),
    "eig": (lambda a: (lambda l, v: l.abs() + v.abs().sum(0))(*lucid.linalg.eig(a + spread(3))), lambda: (rand(3, 3),)),
    "qr tall": (lambda a: (lambda q, r: q @ r.sin())(*lucid.linalg.qr(a)), lambda: (rand(4, 2),)),
    "qr wide": (lambda a: (lambda q, r: q @ r.sin())(*lucid.linalg.qr(a)), lambda: (rand(2, 3),)),
    "lu": (lambda a: (lambda p, l, u: p @ l.sin() @ u.cos())(*lucid.linalg.lu(a + spread(3))), lambda: (rand(3, 3),)),
    "lu tall and wide": (lambda a, b: lucid.linalg.lu_factor(a)[0].sum() + lucid.linalg.lu_factor(b)[0].sin(), lambda: (rand(3, 2), rand(2, 3))),
    "lu_solve": (lambda a, b: lucid.linalg.lu_solve(a + spread(2), lucid.tensor([2, 2], dtype=lucid.int32), b, adjoint=True),
                 lambda: (rand(2, 2), rand(2, 2))),
    "solve_triangular": (lambda a, b: lucid.linalg.solve_triangular(a + spread(2), b, upper=False, left=False),
                         lambda: (rand(2, 2, 2), rand(3, 2))),
    "cholesky_solve": (lambda a, b: lucid.cholesky_solve(b, lucid.linalg.cholesky_ex(a @ a.mT + spread(2))[0]), lambda: (rand(2, 2), rand(2, 1))),
    "cholesky_inverse": (lambda a: lucid.cholesky_inverse(lucid.linalg.cholesky(a @ a.mT + spread(2), upper=True), True), lambda: (rand(2, 2),)),
    "householder_product": (lambda a, t: lucid.linalg.householder_product(a, t), lambda: (rand(3, 2), rand(2))),
    "ormqr": (lambda a, t, b: lucid.ormqr(a, t, b, False, True), lambda: (rand(3, 2), rand(2), rand(2, 3))),
    "pinv": (lambda a: lucid.linalg.pinv(a), lambda: (rand(3, 2),)),
    "lstsq": (lambda a, b: (lambda x: x[0].sum() + x[1])(lucid.linalg.lstsq(a, b, driver="gels")), lambda: (rand(4, 2), rand(4, 2))),
    "matrix_exp": (lambda a: lucid.linalg.matrix_exp(a), lambda: (rand(2, 3, 3),)),
    "cond": (lambda a: lucid.linalg.cond(a + spread(3)) + lucid.linalg.cond(a + spread(3), "fro"), lambda: (rand(3, 3),)),
    "renorm": (lambda a: lucid.renorm(a, 3, 0, 0.5), lambda: (rand(2, 3),)),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, padding=1, stride=2), lambda: (rand(1, 2, 4, 4), rand(3, 2, 3, 3), rand(3))),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, stride=2), lambda: (rand(1, 2, 2, 2), rand(2, 1, 2, 2))),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2) ** 2, lambda: (rand(1, 2, 4, 4),)),
    "fractional_max_pool3d": (
        lambda x: F.fractional_max_pool3d(x, 2, (2, 1, 2), _random_samples=lucid.full((1, 2, 3), 0.7, dtype=lucid.float64)) ** 2,
        lambda: (rand(1, 2, 4, 3, 4),),
    ),
    "unfold": (lambda x: F.unfold(x, 2, 1, 1, 2) ** 2, lambda: (rand(1, 2, 3, 4),)),
    "fold": (lambda x: F.fold(x, (3, 4), 2) ** 2, lambda: (rand(1, 4, 6),)),
    "interpolate": (
        lambda x: F.interpolate(x, size=(5, 2), mode="bicubic", antialias=True) ** 2, lambda: (rand(1, 2, 3, 4),)
    ),
    "grid_sample": (lambda x, grid: F.grid_sample(x, grid, align_corners=False), lambda: (rand(1, 2, 3, 4), rand(1, 2, 2, 2))),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2, 1, 1) ** 2, lambda: (rand(1, 1, 3, 3),)),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), lambda: (rand(3, 2, 2), rand(2), rand(2))),
    "cross_map_lrn": (lambda x: lucid.nn.CrossMapLRN2d(3, alpha=0.5)(x), lambda: (rand(1, 5, 1, 2),)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), lambda: (rand(2, 4), rand(4), rand(4))),
    "embedding": (lambda w: F.embedding(lucid.tensor([[0, 2], [2, 1]]), w) ** 2, lambda: (rand(3, 2),)),
    "embedding_bag": (
        lambda w, s: F.embedding_bag(lucid.tensor([0, 2, 2, 1]), w, lucid.tensor([0, 3]), mode="sum", per_sample_weights=s) ** 2,
        lambda: (rand(3, 2), rand(4)),
    ),
    "embedding_bag_mean": (lambda w: F.embedding_bag(lucid.tensor([[0, 2], [2, 1]]), w, padding_idx=1) ** 2, lambda: (rand(3, 2),)),
    "embedding_bag_max": (lambda w: F.embedding_bag(lucid.tensor([[0, 2], [2, 1]]), w, mode="max") ** 2, lambda: (rand(3, 2),)),
    "cross_entropy": (lambda x: F.cross_entropy(x, lucid.tensor([0, 2]), label_smoothing=0.1), lambda: (rand(2, 3),)),
    "mse_loss": (lambda x, y: F.mse_loss(x, y), lambda: (rand(2, 3), rand(2, 3))),
    "bce_with_logits": (lambda x: F.binary_cross_entropy_with_logits(x, lucid.tensor([0.0, 1.0, 0.3], dtype=lucid.float64)),
                        lambda: (rand(3),)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_gradients(name):
    function, make = CASES[name]
    inputs = make()
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs, atol=1e-4)


@pytest.mark.parametrize("pool", [F.max_pool2d, F.adaptive_max_pool2d, lambda x, k: F.fractional_max_pool2d(x, k, 2)])
def test_the_second_gradient_of_an_empty_batch(pool):
    x = rand(0, 2, 4, 4)
    first = lucid.autograd.grad((pool(x, 2) ** 2).sum(), x, create_graph=True)[0]
    assert lucid.autograd.grad(first.sum(), x)[0].shape == x.shape


class Forward(Function):
    """A sum whose tangent is `factor` times what it should be, and which has no gradient."""

    @staticmethod
    def forward(ctx, factor, x, y):
        ctx.factor = factor
        return x * 2 + y, x.to(lucid.float64)

    @staticmethod
    def jvp(ctx, _, x, y):
        return (x * 2 + y) * ctx.factor, x


def test_forward_mode_is_that_of_the_function():
    x, y = rand(2), rand(2)
    assert gradcheck(Forward.apply, (1, x, y), check_forward_ad=True, check_backward_ad=False)
    with pytest.raises(GradcheckError, match="forward mode"):
        gradcheck(Forward.apply, (3, x, y), check_forward_ad=True, check_backward_ad=False)


def test_what_packages_import_of_the_functional_module():
    from lucid.autograd import functional

    x, y = lucid.ones(2), lucid.ones(1, dtype=lucid.float64)
    assert functional._as_tuple(x, "inputs", "f") == (False, (x,)) and functional._as_tuple((x, y), "inputs", "f")[0]
    first, second = functional._construct_standard_basis_for((x, y), (2, 1))
    assert first.tolist() == [[1, 0], [0, 1], [0, 0]] and second.tolist() == [[0], [0], [1]] and second.dtype is lucid.float64
    made = x.clone().requires_grad_() * 2
    (kept,), ((left,),) = functional._grad_postprocess((made,), True), functional._grad_postprocess(((made,),), False)
    assert kept is made and not left.requires_grad
    assert functional._tuple_postprocess((1,), False) == 1 and functional._tuple_postprocess((1, 2), True) == (1, 2)
    assert functional._tuple_postprocess(((1,),), (False, False)) == 1 and functional._tuple_postprocess(((1,), (2,)), (True, False)) == (1, 2)
