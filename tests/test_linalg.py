"""Factorisations put together again, in every dtype and beyond one block; what is refused, and how."""

import itertools
import math

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F
from lucid._kernels import factor
from lucid.linalg import LinAlgError
from lucid.ops import decompositions, inverses
from lucid.ops._blas import openblas
from lucid.ops.inverses import called

DTYPES = [lucid.float32, lucid.float64, lucid.complex64, lucid.complex128]
SHAPES = [(1, 1), (5, 5), (3, 5), (5, 3), (2, 4, 3), (3, 2, 4), (70, 70), (150, 100), (100, 150), (2, 130, 130)]


def near(a, b, scale: float = 1.0):
    eps = np.finfo(a.numpy().dtype).eps
    assert a.shape == b.shape
    assert float((a - b).abs().max()) <= 200 * eps * max(a.shape[-2:]) * scale


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_lu_and_qr_give_the_matrix_back(dtype, shape):
    a = lucid.randn(*shape, dtype=dtype)
    p, lower, upper = lucid.linalg.lu(a)
    near(p @ lower @ upper, a)
    assert float(lower.abs().max()) <= 1.5  # complex pivots are compared by the sum of their parts
    q, r = lucid.linalg.qr(a)
    near(q @ r, a)
    near(q.mH @ q, lucid.eye(q.shape[-1], dtype=dtype).expand(*q.shape[:-2], -1, -1))
    if shape[-2] >= shape[-1]:
        near(lucid.linalg.householder_product(*lucid.geqrf(a)), q)
        near(lucid.ormqr(*lucid.geqrf(a), a, transpose=True).narrow(-2, 0, shape[-1]), r)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 4, 64, 65, 150])
def test_systems_are_solved(dtype, n):
    a = lucid.randn(2, n, n, dtype=dtype) + 4 * n**0.5 * lucid.eye(n, dtype=dtype)
    b = lucid.randn(2, n, 3, dtype=dtype)
    factors = lucid.linalg.lu_factor(a)
    near(a @ lucid.linalg.lu_solve(*factors, b), b, n)
    near(a.mH @ lucid.linalg.lu_solve(*factors, b, adjoint=True), b, n)
    near(lucid.linalg.lu_solve(*factors, b.mT, left=False) @ a, b.mT, n)
    for upper in (True, False):
        triangle = a.triu() if upper else a.tril()
        near(triangle @ lucid.linalg.solve_triangular(a, b, upper=upper), b, n)
        near(lucid.linalg.solve_triangular(a, b.mT, upper=upper, left=False) @ triangle, b.mT, n)
    s = a @ a.mH + lucid.eye(n, dtype=dtype)
    near(s @ lucid.cholesky_solve(b, lucid.linalg.cholesky_ex(s).L), b, 100 * n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_ldl_solves_indefinite_systems(dtype, hermitian, n):
    lucid.manual_seed(n)
    a = lucid.randn(3, n, n, dtype=dtype)
    a = a + (a.mH if hermitian else a.mT)
    a = a - a.diagonal(0, -2, -1).diag_embed() * 0.9  # small diagonals ask for blocks of two
    ld, pivots = lucid.linalg.ldl_factor(a, hermitian=hermitian)
    assert n < 5 or bool((pivots < 0).any())
    b = lucid.randn(3, n, 2, dtype=dtype)
    x = lucid.linalg.ldl_solve(ld, pivots, b, hermitian=hermitian)
    near(a @ x, b, 100 * float(x.abs().max()))


def test_what_is_singular_is_said():
    singular = lucid.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]])
    assert lucid.linalg.lu_factor_ex(singular).info.tolist() == [0, 2]
    assert lucid.linalg.inv_ex(singular).info.tolist() == [0, 2]
    assert lucid.linalg.cholesky_ex(-singular).info.tolist() == [1, 1]
    with pytest.raises(LinAlgError, match=r"Batch element 1.*diagonal element 2"):
        lucid.linalg.inv_ex(singular, check_errors=True)
    with pytest.raises(RuntimeError, match=r"Batch element 1.*U\[2,2\]"):
        lucid.linalg.lu_factor(singular)
    with pytest.raises(LinAlgError, match="leading minor of order 1"):
        lucid.linalg.cholesky_ex(-singular, check_errors=True)
    assert lucid.linalg.cond(singular, 1).tolist() == [1.0, float("inf")]


def test_a_loss_that_depends_on_a_phase_is_refused():
    a = lucid.randn(3, 3, dtype=lucid.complex128)
    a = (a + a.mH).requires_grad_()
    for vectors in (lucid.linalg.eigh(a).eigenvectors, lucid.linalg.eig(a).eigenvectors, lucid.linalg.svd(a).U):
        with pytest.raises(RuntimeError, match="phi"):
            lucid.autograd.grad((vectors * lucid.tensor(1 + 2j, dtype=lucid.complex128)).imag.sum(), a)


def test_pivots_that_are_none_are_refused():
    a, b = lucid.eye(3), lucid.ones(3, 1)
    for bad in ([0, 1, 2], [1, 2, 4], [-1, 2, 3]):
        pivots = lucid.tensor(bad, dtype=lucid.int32)
        with pytest.raises(RuntimeError, match="[Pp]ivots"):
            lucid.linalg.lu_solve(a, pivots, b)
        with pytest.raises(RuntimeError, match="pivots"):
            lucid.lu_unpack(a, pivots)
    for bad in ([0, 1, 2], [1, 2, 4], [1, -4, 3]):
        with pytest.raises(RuntimeError, match="pivots"):
            lucid.linalg.ldl_solve(a, lucid.tensor(bad, dtype=lucid.int32), b)
    lucid.linalg.ldl_solve(a, lucid.tensor([1, 2, -1], dtype=lucid.int32), b)  # half a block: odd, and harmless


def test_kernels_refuse_sizes_that_do_not_fit():
    a, p, i = np.zeros(9), np.zeros(3, np.int32), np.zeros(1, np.int32)
    for call in (
        lambda: factor.lu["double"](a, p, i, 1, 4, 3, 0, 3),
        lambda: factor.lu["double"](a, p, i, 1, 3, 3, 0, 4),
        lambda: factor.triangular["double"](a, a.copy(), 1, 3, 4, 0, 3, True, False),
        lambda: factor.triangular["double"](a, a.copy(), 1, 3, 3, -1, 3, True, False),
        lambda: factor.cholesky["double"](a, i, 2, 3),
        lambda: factor.ldl["double"](a, p, i, np.zeros(5), 1, 3, False),
        lambda: factor.ldl_solve["double"](a, p, np.zeros(3), 1, 3, 1, False),
    ):
        with pytest.raises(ValueError):
            call()


def test_matrix_exp_of_rotations_and_large_norms():
    turn = lucid.tensor([[0.0, -100.0], [100.0, 0.0]], dtype=lucid.float64)
    expected = lucid.tensor([[np.cos(100), -np.sin(100)], [np.sin(100), np.cos(100)]], dtype=lucid.float64)
    assert lucid.allclose(lucid.linalg.matrix_exp(turn), expected, rtol=1e-11, atol=1e-11)
    assert lucid.linalg.matrix_exp(lucid.full((2, 2), float("inf"))).isnan().all()


def test_low_rank_is_found():
    a = lucid.randn(30, 3, dtype=lucid.float64) @ lucid.randn(3, 20, dtype=lucid.float64)
    for u, s, v in (lucid.svd_lowrank(a, 4), lucid.pca_lowrank(a, 4, center=False), lucid.svd_lowrank(a.mT, 4)[::-1]):
        assert lucid.allclose((u * s) @ v.mT, a, atol=1e-10)
    assert int(lucid.linalg.matrix_rank(a)) == 3


@pytest.mark.parametrize("a_shape, b_shape", [((5, 1, 4), (4, 3)), ((1, 4), (4, 1)), ((2, 1, 3, 4), (1, 4, 1)), ((1, 1, 4), (7, 4, 2))])
def test_strides_of_dimensions_of_size_one_mean_nothing_to_products(a_shape, b_shape):
    operands = []
    for shape in (a_shape, b_shape):
        dense = lucid.randn(shape)
        steps = [999 if size == 1 else step for size, step in zip(shape, dense.stride())]
        operands.append((dense, dense.as_strided(shape, steps)))
    (a, a_odd), (b, b_odd) = operands
    assert a_odd.is_contiguous()
    assert lucid.equal(a_odd @ b_odd, a @ b)


@pytest.mark.parametrize("batches", [((3, 1), (1, 4)), ((2, 3), (3,)), ((0, 2), (2,)), ((), (2, 3))])
@pytest.mark.parametrize("turn", [lambda x: x, lambda x: x.mT.contiguous().mT, lambda x: x.flip(-1).flip(-1), lambda x: x[..., ::2, :]])
def test_products_of_batches_are_those_of_their_matrices(batches, turn):
    a, b = turn(lucid.randn(*batches[0], 4, 6)), turn(lucid.randn(*batches[1], 6, 6))[..., :6, :]
    if a.shape[-1] != b.shape[-2]:
        a = a[..., : b.shape[-2]]
    out = a @ b
    a, b = a.expand(*out.shape[:-2], *a.shape[-2:]), b.expand(*out.shape[:-2], *b.shape[-2:])
    for index in itertools.product(*map(range, out.shape[:-2])):
        assert lucid.allclose(out[index], a[index] @ b[index], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype, rows", [(lucid.float32, 256), (lucid.float64, 128)])
@pytest.mark.parametrize("more", [-1, 0, 1, 300])
@pytest.mark.parametrize("k", [256, 257])
def test_products_as_large_as_a_packed_block(dtype, rows, more, k):
    """Rows and depth at the limits of what a task packs, where a last row or column alone would lie beyond it."""
    a, b = (lucid.randint(-4, 5, shape).to(dtype) for shape in ((rows + more, k), (k, 37)))
    exact = (a.numpy().astype(int) @ b.numpy().astype(int)).astype(a.numpy().dtype)
    assert (a @ b).numpy().tolist() == exact.tolist()
    assert lucid.addmm(b[:1], a, b, beta=2).numpy().tolist() == (exact + 2 * b[:1].numpy()).tolist()
    assert (a @ b.T.contiguous().T).numpy().tolist() == exact.tolist()


@pytest.mark.parametrize("order", [0.5, 1, 2, 3, -1, float("inf")])
def test_norms_of_complex32_are_rounded_once(order):
    x = lucid.randn(200, 9, dtype=lucid.complex64, generator=lucid.Generator().manual_seed(1)).to(lucid.complex32)
    wanted = lucid.linalg.vector_norm(x.to(lucid.complex64), order, 1).half()
    assert lucid.linalg.vector_norm(x, order, 1).tolist() == wanted.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 3), (2, 5, 3), (4, 6), (0, 2, 2), (0, 0)])
def test_factorisations_are_those_of_numpys_public_functions(monkeypatch, dtype, shape):
    """Which are what there is where NumPy has no entry to LAPACK of the names that are used."""
    a = lucid.randn(shape, dtype=dtype, generator=lucid.Generator().manual_seed(3))
    square = a.mH @ a + lucid.eye(shape[-1])
    linalg = lucid.linalg
    calls = [
        lambda: linalg.svd(a), lambda: linalg.svd(a, False), lambda: (linalg.svdvals(a),), lambda: linalg.qr(a), lambda: linalg.qr(a, "complete"),
        lambda: linalg.qr(a, "r"), lambda: linalg.eigh(square), lambda: linalg.eigh(square, "U"), lambda: (linalg.eigvalsh(square),),
        lambda: linalg.eig(square), lambda: (linalg.eigvals(square).real.sort().values,), lambda: (linalg.cholesky(square),),
    ]  # fmt: skip
    direct = [call() for call in calls]
    for module in (inverses, decompositions):
        monkeypatch.setattr(module, "LAPACK", None)
    for ours, call in zip(direct, calls):
        for one, other in zip(ours, call(), strict=True):
            assert one.dtype is other.dtype and one.shape == other.shape and one.is_contiguous()
            assert lucid.allclose(one, other, rtol=1e-4, atol=1e-5)


def test_eigenvalues_go_into_any_complex_dtype():
    matrix = lucid.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=lucid.float64)
    for dtype in (lucid.complex32, lucid.complex64):
        values, vectors = lucid.zeros(2, dtype=dtype), lucid.zeros(2, 2, dtype=lucid.complex128)
        lucid.linalg.eig(matrix, out=(values, vectors))
        assert sorted(one.imag for one in values.tolist()) == [-1, 1]
        assert lucid.linalg.eigvals(matrix, out=lucid.zeros(2, dtype=dtype)).tolist() == values.tolist()
    with pytest.raises(RuntimeError, match="can't be cast"):
        lucid.linalg.eigvals(matrix, out=lucid.zeros(2))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("sizes", [(2, 70, 300), (33, 34, 64), (40, 600, 31), (1, 200, 300), (300, 1, 200), (17, 65, 1030)])
def test_products_of_half_precision_are_summed_in_float32(dtype, sizes):
    dtype = getattr(lucid, dtype)
    m, n, k = sizes
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-3, 4, shape).astype("float32") for shape in ((3, m, k), (k, n)))
    wanted = lucid.from_numpy(a @ b).to(dtype)  # whole numbers: exact in float32
    x, y = lucid.from_numpy(a).to(dtype), lucid.from_numpy(b).to(dtype)
    turned = (x.transpose(1, 2).contiguous().transpose(1, 2), y.T.contiguous().T)
    apart = (lucid.stack([x, x], -1)[..., 1], lucid.stack([y, y], -1)[..., 1])
    shifted = (lucid.cat([x, x], 2)[..., k:], lucid.cat([y.T, y.T], 1)[:, k:].T)
    for left in (x, turned[0], apart[0], shifted[0]):
        for right in (y, turned[1], apart[1], shifted[1]):
            assert lucid.equal(left @ right, wanted)
            assert lucid.equal(left[0] @ right, wanted[0])
            assert lucid.equal(F.linear(left, right.T), wanted)
    bias = lucid.arange(n).remainder(100).to(dtype)
    assert lucid.equal(F.linear(x, y.T, bias), lucid.from_numpy(a @ b + np.arange(n, dtype="float32") % 100).to(dtype))


@pytest.mark.parametrize("dtype", [lucid.bfloat16, lucid.float16])
def test_inner_products_of_half_precision_are_rounded_once(dtype):
    x, y = (lucid.linspace(-3, 5, 70).mul(step).sin().reshape(10, 7).to(dtype) for step in (9, 11))
    found = lucid.linalg.vecdot(x, y)
    assert found.dtype is dtype and lucid.equal(found, lucid.linalg.vecdot(x.float(), y.float()).to(dtype))


def test_lapack_uses_one_thread_for_small_matrices_and_leaves_the_number_as_it_was():
    if not openblas():
        pytest.skip("NumPy's LAPACK is not OpenBLAS's")
    get, before = openblas()[0], openblas()[0]()

    def seen(n):
        return called("seen", lambda a: get(), np.ones((2, n, n)))

    allowed = lucid.get_num_threads()
    try:
        lucid.set_num_threads(2)
        assert seen(64) == 1 and seen(600) == min(2, before) and get() == before
        lucid.set_num_threads(1)
        assert seen(600) == 1 and get() == before
        assert called("nested", lambda a: seen(600), np.ones((600, 600))) == 1
        with pytest.raises(LinAlgError):
            lucid.linalg.inv(lucid.zeros(40, 40))
        assert get() == before
    finally:
        lucid.set_num_threads(allowed)


def test_rows_of_experts_are_multiplied_each_by_their_own():
    rows, experts = lucid.randn(7, 3, requires_grad=True), lucid.randn(3, 3, 2, requires_grad=True)
    ends = lucid.tensor([2, 2, 6], dtype=lucid.int32)
    found = F.grouped_mm(rows, experts, offs=ends)
    wanted = lucid.cat([rows[:2] @ experts[0], rows[2:6] @ experts[2], lucid.zeros(1, 2)])
    assert lucid.allclose(found, wanted)
    weights = lucid.randn(7, 2)
    for a, b in zip(*(lucid.autograd.grad((one * weights).sum(), [rows, experts]) for one in (found, wanted))):
        assert lucid.allclose(a, b)


@pytest.mark.parametrize("ends", [[2, 9], [-1, 7]])
def test_ends_of_groups_outside_the_rows_are_refused(ends):
    with pytest.raises(RuntimeError, match="offsets lie within 0 to 7"):
        F.grouped_mm(lucid.ones(7, 3), lucid.ones(2, 3, 2), offs=lucid.tensor(ends, dtype=lucid.int32))


@pytest.mark.parametrize("shape, dim", [((70, 3), -1), ((3, 70), 0), ((4, 3, 5), 1)])
def test_vector_products(shape, dim):
    lucid.manual_seed(0)
    x, y = lucid.randn(shape), lucid.randn(shape)
    wide = lucid.linalg.cross(x.double(), y.double(), dim=dim)
    found = lucid.linalg.cross(x, y, dim=dim)
    assert lucid.allclose(found.double(), wide, 0, 1e-6)
    assert not lucid.linalg.cross(x, x, dim=dim).any()  # no product is fused with the difference
    assert lucid.equal(lucid.linalg.cross(x.transpose(0, -1), y.transpose(0, -1), dim=-1 - dim if len(shape) == 2 else dim),
                       found.transpose(0, -1))  # fmt: skip


def test_three_matrices_in_the_cheaper_order():
    x, y, z = lucid.randn(2, 9), lucid.randn(9, 4), lucid.randn(4, 7)
    for a, b, c in ((x, y, z), (z.t(), y.t(), x.t())):
        assert lucid.allclose(lucid.linalg.multi_dot([a, b, c]), a @ b @ c, 1e-5, 1e-5)


def test_gradients_of_singular_matrices_are_no_errors():
    a = lucid.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    (lucid.linalg.solve_ex(a, lucid.ones(2)).result).sum().backward()
    assert bool(a.grad.isinf().all())
    zero = lucid.zeros(2, 2, requires_grad=True)
    q, r = lucid.linalg.qr(zero)
    (q.sum() + r.sum()).backward()
    assert bool(zero.grad.isnan().all())


def test_gradients_at_infinity_and_of_nothing():
    x = lucid.tensor([1.0, float("inf"), 0.0], requires_grad=True)
    lucid.linalg.vector_norm(x, 0).backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    nothing = lucid.zeros(0, 3, requires_grad=True)
    assert lucid.autograd.grad(lucid.logcumsumexp(nothing, 0).sum(), nothing)[0].shape == (0, 3)


@pytest.mark.parametrize("dtype", [lucid.complex64, lucid.complex128])
def test_large_complex_matrices_are_multiplied_by_their_parts(dtype):
    a, b = lucid.randn(3, 1, 97, 100, dtype=dtype), lucid.randn(2, 110, 100, dtype=dtype).mH
    found = a @ b
    assert found.dtype is dtype and found.shape == (3, 2, 97, 110) and found.is_contiguous()
    assert lucid.allclose(found, lucid.tensor(a.numpy() @ b.resolve_conj().numpy()), 1e-4, 1e-4 if dtype is lucid.complex64 else 1e-12)
    a[0, 0, 5, 7] = math.inf
    assert (a @ b).isfinite().logical_not().sum() == 2 * 110 and not (a @ b)[0, :, 5].isfinite().any()


@pytest.mark.parametrize("dtype", [lucid.int64, lucid.complex64])
def test_products_of_reversed_batches_are_contiguous(dtype):
    found = lucid.ones(6, 5, 4, 3, dtype=dtype).permute(3, 2, 1, 0) @ lucid.ones(2, 6, dtype=dtype).t()
    assert found.stride() == (40, 10, 2, 1) and bool((found == 6).all())


def test_a_negative_determinant_has_no_logarithm_and_no_gradient():
    x = lucid.tensor([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]], requires_grad=True)
    value = lucid.logdet(x)
    value.sum().backward()
    assert value[0].isnan() and x.grad.tolist() == [[[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.5]]]
    y = lucid.randn(3, 4, dtype=lucid.complex64).t()
    assert lucid.logcumsumexp(y, 0).is_contiguous()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_singular_vectors_of_what_is_not_finite(value):
    """LAPACK looked for them without end."""
    a = lucid.tensor([[value, -3.0, -3.0], [3.0, 2.0, 1.0], [-2.0, -3.0, -3.0]])
    for call in (lucid.linalg.svd, lucid.linalg.pinv, lambda a: lucid.linalg.svd(a, False), lambda a: lucid.linalg.lstsq(a, a), lambda a: lucid.linalg.svd(a * 1j)):
        with pytest.raises(lucid.linalg.LinAlgError, match="non-finite"):
            call(a)
