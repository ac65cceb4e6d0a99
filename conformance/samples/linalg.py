"""Linear algebra."""

import torch

from .spec import REALS, P, T, V, call, error

inf, nan = float("inf"), float("nan")
SQ, BSQ = T(3, 3), T(2, 3, 3)
singular = V([[1.0, 2.0], [2.0, 4.0]])
wide = T(3, 5)
definite = V([[4.0, 1.0], [1.0, 3.0]])
indefinite, zero, pivots = V([[1.0, 2.0], [2.0, 1.0]]), V([[0.0, 0.0], [0.0, 0.0]]), V([3, 2, 3], torch.int32)
ends, whole = V([4, 4, 16], torch.int32), V([0, 8, 16], torch.int32)
halves = T(2, 2, dtype=torch.float16)
drivers = ("gels", "gelsy", "gelsd", "gelss")
orders = (None, "fro", "nuc", inf, -inf, 1, -1, 2, -2)
CORNERS = V([[0.0, 0.0], [1.0, 1.0], [1.0, -1.0], [2.0, 1.0]])  # some are as far apart in one direction as in the other


def real_diagonal(t):
    """As a factor has it."""
    if t.is_complex():
        t.diagonal(dim1=-2, dim2=-1).imag.zero_()
    return t


def lengths(result):
    """Values and vectors whose signs or phases are arbitrary."""
    return result[0], result[1].abs()


def spans(result):
    """Singular values, and the vectors without their signs or phases."""
    return result[0].abs(), result[1], result[2].abs()


def informed(result):
    """Whether there was a result, where what stands in its place is left to LAPACK."""
    return result[1]


SAMPLES = {
    "matmul": [call(T(*a), T(*b)) for a, b in (
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((3, 3), (3, 3)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)),
        ((5, 2, 3), (5, 3, 4)), ((2, 1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((1, 1), (1, 1)),
        ((2, 3, 0), (0, 4)), ((5, 1, 3), (3, 4)), ((5, 2, 1), (1, 4)), ((2, 1, 1, 3), (3, 1)))] + [
        call(T(65, 129), T(129, 33), tags="large"), call(T(2, 3).map(lambda t: t.mT), T(2, 4)), call(T(3, 4), T(3, 4).map(lambda t: t.mT)),
        call(V([[inf, 0.0]]), V([[0.0], [1.0]])), error(T(2, 3), T(2, 3)), error(T(), T(3)), error(T(2, 2, 3), T(3, 3, 2))],
    "mm": [call(T(2, 3), T(3, 4)), call(T(0, 3), T(3, 4)), error(T(3), T(3)), error(T(2, 3), T(2, 3))],
    "bmm": [call(T(2, 3, 4), T(2, 4, 5)), call(T(0, 3, 4), T(0, 4, 5)), error(T(2, 3, 4), T(3, 4, 5))],
    "mv": [call(T(2, 3), T(3)), error(T(2, 3), T(2))], "dot": [call(T(5), T(5)), call(input=T(5), tensor=T(5)), call(T(0), T(0)), error(T(2), T(3))],
    "vdot": [call(T(5), T(5))], "inner": [call(T(2, 3), T(4, 3)), call(T(3), T(3)), call(T(), T(3))],
    "outer": [call(T(3), T(4)), error(T(3, 1), T(4))], "ger": [call(T(3), T(4))], "kron": [call(T(2, 3), T(3, 2)), call(T(2), T(2, 2))],
    "addmm": [call(T(2, 4), T(2, 3), T(3, 4)), call(T(4), T(2, 3), T(3, 4), beta=0.5, alpha=2), call(T(), T(2, 3), T(3, 4), beta=0)],
    "addmv": [call(T(2), T(2, 3), T(3)), call(T(2), T(2, 3), T(3), beta=0.5, alpha=-1)],
    "addbmm": [call(T(2, 4), T(5, 2, 3), T(5, 3, 4)), call(T(4), T(5, 2, 3), T(5, 3, 4), beta=0.5, alpha=2)],
    "baddbmm": [call(T(5, 2, 4), T(5, 2, 3), T(5, 3, 4)), call(T(4), T(5, 2, 3), T(5, 3, 4), beta=0, alpha=2)],
    "addr": [call(T(3, 4), T(3), T(4)), call(T(4), T(3), T(4), beta=2, alpha=-0.5)],
    "tensordot": [call(T(2, 3, 4), T(3, 4, 2)), call(T(2, 3, 4), T(4, 5), 1), call(T(2, 3, 4), T(4, 2, 5), dims=([2, 0], [0, 1]))],
    "einsum": [call("ij,jk->ik", T(2, 3), T(3, 4)), call("ij->ji", T(2, 3)), call("ii->i", SQ), call("ii", SQ), call("bij,bjk->bik", T(2, 3, 4), T(2, 4, 5)),
               call("i,j->ij", T(3), T(4)), call("ij,ij", T(2, 3), T(2, 3)), call("...ij,...jk", T(2, 3, 4), T(4, 5)), call("ij,jk,kl->il", T(2, 3), T(3, 4), T(4, 2)),
               call("ij,kj->ikj", T(2, 3), T(4, 3)), call("i->", T(5)), call("b...->...", T(2, 3, 4)), error("ij,jk", T(2, 3), T(4, 5)), error("ij->k", T(2, 3))],
    "chain_matmul": [call(T(2, 3), T(3, 4), T(4, 2))], "linalg.multi_dot": [call([T(2, 3), T(3, 4), T(4, 2)]), call([T(3), T(3, 4), T(4)])],
    "linalg.matrix_power": [call(SQ, n) for n in (0, 1, 2, 3, 5)] + [call(P(3), -2), error(wide, 2)],
    "linalg.inv": [call(P(3)), call(P(2, 3)), call(T(0, 0)), error(singular), error(wide)],
    "linalg.det": [call(SQ), call(BSQ), call(singular), call(T(0, 0)), error(wide)], "det": [call(SQ)],
    "linalg.slogdet": [call(SQ), call(BSQ), call(singular)], "logdet": [call(P(3))],
    "linalg.solve": [call(P(3), T(3)), call(P(3), T(3, 2)), call(P(2, 3), T(2, 3, 2)), call(P(3), T(2, 3), left=False), error(singular, T(2)), error(wide, T(3))],
    "linalg.cholesky": [call(P(3)), call(P(2, 3)), call(P(3), upper=True), error(V([[1.0, 2.0], [2.0, 1.0]])), error(wide)],
    "linalg.eigvalsh": [call(P(3)), call(P(2, 3), UPLO="U"), call(SQ), call(SQ, "U"), call(T(0, 0)), call(T(0, 3, 3)), call(T(3, 0, 0)), call(T(1, 1)),
                        error(wide), error(T(3)), error(SQ, "X"), error(halves)], "linalg.svdvals": [call(wide), call(BSQ)],
    "linalg.eigh": [call(P(3), process=lengths), call(SQ, process=lengths), call(SQ, "U", process=lengths), call(P(2, 3), UPLO="u", process=lengths),
                    call(T(0, 0)), call(T(0, 3, 3)), call(T(3, 0, 0)), call(T(1, 1), process=lengths), call(P(40), process=lengths, tags="large"),
                    call(V([[1.0, 0.0], [0.0, 1.0]]).constant(), process=lengths), call(singular, process=lengths),
                    error(wide), error(T(3)), error(SQ, "X"), error(SQ, UPLO="lower"), error(halves)],
    "linalg.eig": [call(V([[2.0, 1.0], [0.0, 3.0]]), process=lengths), call(V([[0.0, 1.0], [-1.0, 0.0]]), process=lengths), call(singular, process=lengths),
                   call(T(0, 0)), call(T(0, 3, 3)), call(T(1, 1), process=lengths), error(wide), error(T(3)), error(halves)],
    "linalg.eigvals": [call(V([[2.0, 1.0], [0.0, 3.0]])), call(V([[0.0, 1.0], [-1.0, 0.0]])), call(singular), call(T(0, 0)), call(T(3, 0, 0)), call(T(1, 1)),
                       error(wide), error(T(3)), error(halves)],
    "linalg.qr": [call(SQ), call(wide), call(T(5, 3)), call(BSQ), call(T(5, 3), "complete"), call(wide, mode="complete"), call(T(5, 3), mode="r"), call(wide, "r"),
                  call(T(3, 0)), call(T(0, 3)), call(T(3, 0), "complete"), call(T(0, 3, 2)), call(T(0, 3, 2), mode="r"), call(T(40, 30), tags="large"),
                  call(V([[0.0, 1.0], [0.0, 2.0]]).constant()), error(SQ, "foo"), error(T(3)), error(halves)],
    "qr": [call(SQ), call(T(5, 3)), call(T(5, 3), some=False), call(wide, False), call(T(0, 3)), error(T(3))],
    "geqrf": [call(SQ), call(wide), call(T(5, 3)), call(T(2, 5, 3)), call(T(3, 0)), call(T(0, 3)), call(V([[0.0, 1.0], [0.0, 2.0]])), error(T(3)), error(halves)],
    "svd": [call(SQ, process=spans), call(wide, process=spans), call(T(2, 5, 3), True, process=spans), call(T(5, 3), some=False, compute_uv=False), call(T(5, 3), compute_uv=False),
            call(T(0, 3)), call(T(2, 0, 3), some=False), error(T(3)), error(halves)],
    "linalg.svd": [call(SQ, process=spans), call(wide, full_matrices=False, process=spans), call(T(2, 5, 3), full_matrices=False, process=spans), call(T(0, 3)), call(T(2, 0, 3), full_matrices=False),
                   call(T(5, 3), full_matrices=False, driver=None, process=spans), error(T(3)), error(halves)],
    "linalg.norm": [call(T(3, 4), p) for p in orders] + [call(T(5), p) for p in (None, 0, 1, 3, inf)] + [call(BSQ, 1, (1, 2), True), call(T(2, 3, 4), dim=1), error(T(3), "fro")],
    "linalg.matrix_norm": [call(T(3, 4), p) for p in orders[1:]] + [call(T(2, 3, 4), "fro", (0, 2), True)],
    "linalg.matrix_rank": [call(SQ), call(singular), call(singular, 0.5), call(singular, tol=7.0), call(P(3), 1.0, True), call(P(2, 3), hermitian=True), call(BSQ, atol=1.0, rtol=0.5), call(wide, rtol=0.9),
        call(BSQ, atol=V([0.5, 100.0], torch.float64)), call(BSQ, rtol=V([0.0, 2.0], torch.float64)), call(BSQ, tol=V([[0.5], [100.0]], torch.float64)), call(zero), call(T(0, 3)), call(T(0, 3, 2)), call(T(0, 0), hermitian=True),
        error(T(3)), error(wide, hermitian=True), error(halves), error(SQ, atol=V([1.0], torch.complex64))],
    "linalg.cond": [call(P(3)), call(wide)] + [call(P(3), p) for p in orders] + [call(P(2, 3), p=inf), call(wide, -2), call(singular.constant(), 1), call(zero.constant(), "fro"), call(V([[1.0, 0.0], [0.0, 0.0]]).constant()), call(T(0, 0)), call(T(0, 3, 3), 1), call(T(0, 3), 2),
        error(T(3)), error(SQ, 3), error(SQ, "x"), error(wide, 1), error(halves)],
    "linalg.pinv": [call(wide), call(T(5, 3)), call(T(2, 3, 4)), call(singular), call(P(3), hermitian=True), call(SQ, hermitian=True), call(wide, 0.5), call(wide, rcond=0.3), call(P(3), 1e-3, True), call(BSQ, atol=2.0), call(BSQ, atol=1.0, rtol=0.1),
        call(BSQ, rtol=V([0.1, 0.9], torch.float64).constant()), call(zero), call(T(0, 3)), call(T(3, 0)), call(T(0, 3, 2)), error(T(3)), error(wide, hermitian=True), error(halves)],
    "pinverse": [call(wide), call(T(5, 3), 0.3), call(singular, rcond=0.1), call(T(0, 3)), error(T(3))],
    "linalg.lstsq": [call(T(5, 3), T(5, 2)), call(T(3, 5), T(3, 2))] + [call(T(5, 3), T(5, 2), driver=d) for d in drivers] + [call(T(3, 5), T(3, 2), driver=d) for d in drivers] + [
        call(P(3), T(3, 2)), call(T(2, 5, 3), T(2, 5), driver="gelsd"), call(T(2, 5, 3), T(1, 5, 2), driver="gels"), call(T(4, 2), T(4)), call(T(4, 2), T(4), 0.9, driver="gelss"), call(T(4, 2), T(4, 2), rcond=1e-3),
        call(V([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]).constant(), T(3, 2).constant(), driver="gelsd"), call(V([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]).constant(), T(3, 2).constant()), call(singular.constant(), T(2, 1).constant()),
        call(T(0, 4, 2), T(0, 4, 3)), call(T(4, 0), T(4, 3)), call(T(0, 4), T(0, 3)), call(T(4, 0), T(4, 3), driver="gels"), call(T(0, 4, 2), T(0, 4, 3), driver="gelsd"), call(T(4, 2), T(4, 0)),
        error(T(3), T(3, 2)), error(T(3, 2), T()), error(T(3, 2), T(2, 2)), error(T(3, 2), T(3, 2), driver="x"), error(T(2, 3, 2), T(5, 3, 2)), error(halves, halves)],
    "linalg.matrix_exp": [call(SQ), call(BSQ), call(T(3, 3, low=-0.1, high=0.1)), call(T(4, 4, low=-6, high=6)), call(T(2, 1, 3, 3)), call(V([[0.0, 1.0], [0.0, 0.0]])), call(V([[0.0, 3.0], [-3.0, 0.0]])), call(zero), call(T(1, 1)), call(T(0, 0)), call(T(0, 3, 3)),
        call(V([[1e-6, 0.0], [0.0, 8.0]])), call(V([[inf, 0.0], [0.0, 1.0]]).constant()), error(T(3)), error(wide)],
    "svd_lowrank": [call(T(5, 4), q=4, process=spans), call(T(4, 5), 4, process=spans), call(T(2, 5, 3), 3, niter=0, process=spans), call(T(5, 3), q=3, M=T(3), process=spans), call(T(5, 7), 2, 1, process=spans, only=REALS)],
    "pca_lowrank": [call(T(5, 3), q=3, process=spans), call(T(5, 3), 3, False, process=spans), call(T(3, 5), q=2, center=False, niter=3, process=spans, only=REALS), error(SQ, q=4), error(SQ, niter=-1), error(T(3))],
    "renorm": [call(T(3, 4), p, dim, m) for p, dim, m in ((2, 0, 1.0), (1, 1, 3.0), (0.5, -1, 5), (inf, 0, 0.5), (3, 1, 1e6))] + [call(T(2, 3, 4), p=2, dim=1, maxnorm=2.0), call(T(3, 4), 2, 0, 0), call(zero, 2, 0, 0.0), call(T(0, 3), 2, 1, 1.0), call(T(3, 0), 2, 0, 1.0),
        call(V([[inf, 1.0], [1.0, 1.0]]).constant(), 2, 0, 1.0), error(T(3), 2, 0, 1), error(SQ, 0, 0, 1), error(SQ, -1, 0, 1), error(SQ, 2, 0, -1), error(SQ, 2, 3, 1), error(SQ, 2, 0, 1j)],
    "linalg.tensorinv": [call(P(6).map(lambda t: t.reshape(2, 3, 6)))], "linalg.cross": [call(T(2, 3), T(2, 3)), call(T(3, 2), T(3, 2), dim=0)],
    "nn.functional.grouped_mm": [call(T(16, 8), T(3, 8, 16), offs=ends), call(T(16, 8), T(3, 16, 8).map(lambda t: t.mT), offs=ends), call(T(3, 8, 16), T(3, 16, 8)), call(T(3, 8, 16), T(16, 16), offs=whole),
        call(T(8, 16).map(lambda t: t.mT.contiguous().mT), T(16, 24), offs=ends), call(T(8, 16), T(16, 8), offs=whole), call(T(0, 8), T(3, 8, 8), offs=V([0, 0, 0], torch.int32)), call(T(16, 8), T(3, 8, 16), offs=ends, out_dtype=torch.float32),
        error(T(16, 8), T(3, 8, 16)), error(T(3, 8, 16), T(3, 16, 8), offs=ends), error(T(16, 8), T(3, 8, 16), offs=V([4, 16], torch.int32)), error(T(16, 8), T(3, 8, 16), offs=V([0, 8, 16], torch.int64)),
        error(T(16, 8), T(3, 8, 16), offs=V([[0, 8, 16]], torch.int32)), error(T(16, 8), T(3, 16, 8), offs=ends), error(T(2, 8, 16), T(3, 16, 8)), error(T(8), T(3, 8, 16), offs=ends), error(T(1, 3, 8, 16), T(3, 16, 8), offs=ends),
        error(T(16, 8), T(3, 8, 16, dtype=torch.float64), offs=ends), error(T(16, 8), T(3, 8, 16), offs=ends, bias=T(16)), error(T(16, 8), T(3, 8, 16), offs=ends, out_dtype=torch.float64)],
    "cross": [call(T(2, 3), T(2, 3), 1)], "linalg.vecdot": [call(T(2, 3), T(2, 3)), call(T(2, 3), T(2, 3), dim=0)],
    "linalg.diagonal": [call(T(3, 4)), call(BSQ, offset=1)], "linalg.solve_triangular": [call(T(3, 3, low=1).map(torch.triu), T(3, 2), upper=True),
        call(T(3, 3, low=1).map(torch.tril), T(3, 2), upper=False, unitriangular=True), call(T(3, 3, low=1).map(torch.triu), T(2, 3), upper=True, left=False),
        call(T(3, 3, low=1), T(2, 3, 2), upper=False), call(T(2, 3, 3, low=1), T(3, 2), upper=True), call(T(2, 1, 3, 3, low=1), T(4, 2, 3), upper=False, left=False, unitriangular=True),
        call(zero, T(2, 2), upper=True), call(T(0, 0), T(0, 2), upper=True), call(T(3, 3, low=1), T(3, 0), upper=False), call(T(0, 3, 3), T(0, 3, 2), upper=True),
        call(P(150), T(150, 3), upper=False, tags="large"), call(P(150), T(2, 150), upper=True, left=False, tags="large"),
        error(SQ, T(3), upper=True), error(SQ, T(2, 2), upper=True), error(wide, T(3, 2), upper=True), error(halves, halves, upper=True)],
    "triangular_solve": [call(T(3, 2), T(3, 3, low=1)), call(input=T(3, 2), A=T(3, 3, low=1)), call(T(3, 2), T(2, 3, 3, low=1), False), call(T(2, 3, 2), T(3, 3, low=1), upper=False, transpose=True),
        call(T(3, 2), T(3, 3, low=1), True, True, True), call(T(0, 2), T(0, 0)), call(T(3, 0), SQ), call(T(2, 2), zero), error(T(3), SQ), error(T(2, 2), SQ), error(T(3, 2), wide)],
    "linalg.lu": [call(SQ), call(wide), call(T(5, 3)), call(T(2, 3, 4)), call(V([[0.0, 1.0], [1.0, 0.0]])), call(singular.constant()), call(zero.constant()), call(T(3, 0)), call(T(0, 3)), call(T(0, 3, 3)),
        call(P(100), tags="large"), error(T(3)), error(SQ, pivot=False), error(halves)],
    "linalg.lu_factor": [call(SQ), call(wide), call(T(5, 3)), call(T(2, 3, 4)), call(V([[0.0, 1.0], [1.0, 0.0]])), call(T(3, 0)), call(T(0, 3)), call(T(0, 3, 3)),
        call(P(150), tags="large"), call(T(100, 70), tags="large"), error(T(3)), error(zero), error(SQ, pivot=False), error(halves)],
    "linalg.lu_factor_ex": [call(SQ), call(T(2, 3, 4), check_errors=True), call(zero.constant()), call(V([[0.0, 1.0], [0.0, 2.0]]).constant()), call(T(0, 3)), call(T(0, 3, 3)),
        error(T(3)), error(zero, check_errors=True), error(SQ, pivot=False)],
    "lu": [call(SQ), call(wide, get_infos=True), call(T(2, 5, 3), True, True), call(zero.constant()), call(T(0, 3)), error(T(3)), error(SQ, pivot=False)],
    "linalg.lu_solve": [call(SQ, pivots, T(3, 2)), call(SQ, pivots, T(3, 2), adjoint=True), call(SQ, pivots, T(2, 3), left=False), call(SQ, pivots, T(2, 3), left=False, adjoint=True),
        call(BSQ, V([[3, 2, 3], [1, 3, 3]], torch.int32), T(3, 2)), call(SQ, pivots, T(4, 3, 1)), call(T(0, 0), V([], torch.int32), T(0, 2)), call(SQ, pivots, T(3, 0)),
        error(SQ, pivots, T(3)), error(SQ, pivots, T(2, 2)), error(SQ, V([1, 2], torch.int32), T(3, 1)), error(SQ, V([1, 2, 3], torch.int64), T(3, 1)),
        error(SQ, V([0, 2, 3], torch.int32), T(3, 1)), error(wide, pivots, T(3, 1))],
    "lu_solve": [call(T(3, 2), SQ, pivots), call(T(2, 3, 1), SQ, pivots), error(T(3), SQ, pivots)],
    "lu_unpack": [call(SQ, pivots), call(wide, pivots), call(T(5, 3), V([3, 5, 4], torch.int32)), call(SQ, pivots, False), call(SQ, pivots, unpack_pivots=False),
        call(SQ, pivots, unpack_data=False, unpack_pivots=False), call(T(0, 3), V([], torch.int32)), error(SQ, V([1, 2, 3], torch.int64)), error(SQ, V([0, 2, 3], torch.int32)),
        error(SQ, V([1, 2, 4], torch.int32)), error(T(3), pivots)],
    "linalg.cholesky_ex": [call(P(3)), call(P(2, 3), upper=True), call(T(0, 0)), call(T(0, 3, 3)), call(T(3, 0, 0)), call(P(80), tags="large"), call(P(3), check_errors=True), call(indefinite.constant(), process=informed),
        error(indefinite, check_errors=True), error(wide), error(T(3)), error(halves)],
    "cholesky": [call(P(3)), call(P(2, 3), True), call(P(3), upper=True), call(T(0, 0)), error(indefinite), error(wide), error(T(3))],
    "cholesky_inverse": [call(T(3, 3, low=1).map(real_diagonal).map(torch.tril)), call(T(2, 3, 3, low=1).map(real_diagonal).map(torch.triu), True), call(T(3, 3, low=1).map(real_diagonal).map(torch.triu), upper=True), call(T(3, 3, low=1).map(real_diagonal)), call(T(3, 3, low=1).map(real_diagonal), True),
        call(T(0, 0)), error(zero), error(wide), error(T(3))],
    "cholesky_solve": [call(T(3, 2), T(3, 3, low=1).map(torch.tril)), call(T(2, 3, 2), T(3, 3, low=1).map(torch.triu), True), call(T(3, 2), T(4, 3, 3, low=1), upper=False), call(T(3, 2), SQ, upper=True),
        call(T(0, 2), T(0, 0)), call(T(3, 0), SQ), call(T(2, 1), zero), error(T(3), SQ), error(T(2, 2), SQ), error(T(3, 2), wide)],
    "linalg.inv_ex": [call(P(3)), call(P(2, 3), check_errors=True), call(T(0, 0)), call(T(0, 3, 3)), call(singular.constant()), call(zero.constant(), process=informed), error(singular, check_errors=True), error(wide), error(T(3)), error(halves)],
    "linalg.solve_ex": [call(P(3), T(3)), call(P(2, 3), T(3, 2)), call(P(3), T(2, 3), left=False, check_errors=True), call(singular.constant(), V([1.0, 1.0]).constant()),
        call(singular.constant(), V([[1.0, 2.0]]).constant(), left=False, process=informed), call(T(0, 0), T(0, 2)), call(P(3), T(3, 0)),
        error(singular, V([1.0, 1.0]), check_errors=True), error(wide, T(3)), error(SQ, T(2)), error(halves, halves)],
    "linalg.householder_product": [call(SQ, T(3)), call(T(5, 3), T(3)), call(T(5, 3), T(2)), call(T(2, 5, 3), T(2, 3)), call(SQ, T(0)), call(T(3, 0), T(0)), call(T(0, 3, 2), T(0, 2)), call(SQ, V([0.0, 0.0, 0.0])),
        error(wide, T(3)), error(SQ, T(4)), error(T(3), T(3)), error(SQ, T(1, 3)), error(BSQ, T(3, 3)), error(halves, T(2, dtype=torch.float16))],
    "ormqr": [call(SQ, T(3), T(3, 2)), call(T(5, 3), T(3), T(5, 2), True, True), call(T(5, 3), T(3).constant(), T(2, 5), left=False), call(T(2, 5, 3), T(2, 3), T(2, 4, 5), left=False, transpose=True),
        call(SQ, T(3), T(3, 0)), error(SQ, T(3), T(2, 2)), error(SQ, T(3), T(3)), error(SQ, T(4), T(3, 2)), error(SQ, T(2, 3), T(3, 2)), error(SQ, T(3), T(1, 3, 2)), error(T(3), T(3), T(3, 2)), error(BSQ, T(2, 3), T(3, 3, 2))],
    "linalg.ldl_factor": [call(P(3).constant()), call(P(2, 3).constant(), hermitian=True), call(SQ.constant()), call(T(7, 7).constant(), hermitian=True), call(V([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 3.0]]).constant()),
        call(T(0, 0)), call(T(0, 3, 3)), call(T(3, 0, 0)), error(zero), error(wide), error(T(3)), error(halves)],
    "linalg.ldl_factor_ex": [call(P(3).constant()), call(T(9, 9).constant()), call(T(9, 9).constant(), hermitian=True, check_errors=True), call(zero.constant()), call(T(0, 0)), error(zero, check_errors=True), error(wide), error(T(3))],
    "linalg.ldl_solve": [call(SQ.constant(), V([1, 2, 3], torch.int32), T(3, 2).constant()), call(SQ.map(real_diagonal).constant(), V([-3, -3, 3], torch.int32), T(3, 2).constant(), hermitian=True),
        call(SQ.constant(), V([2, -3, -3], torch.int32), T(4, 3, 2).constant()), call(BSQ.constant(), V([[1, 2, 3], [-2, -2, 3]], torch.int32), T(2, 3, 1).constant()), call(T(0, 0), V([], torch.int32), T(0, 2)),
        error(SQ, V([1, 2, 3], torch.int32), T(3)), error(SQ, V([1, 2, 3], torch.int32), T(2, 1)), error(SQ, V([1.0, 2.0, 3.0], torch.float32), T(3, 1)), error(SQ, V([1, 2], torch.int32), T(3, 1)),
        error(wide, V([1, 2, 3], torch.int32), T(3, 1))],
    "cdist": [call(T(3, 4), T(5, 4), p) for p in (0.0, 1.0, 2.0, 3.0, inf)] + [call(T(2, 3, 4), T(2, 5, 4)), call(T(2, 1, 30, 3), T(3, 40, 3)), call(T(30, 4), T(5, 4), 3.0),
        call(T(2, 30, 300), T(2, 2, 300), compute_mode="donot_use_mm_for_euclid_dist"), *(call(CORNERS, V([[1.0, 1.0], [0.0, 0.0], [1.0, 3.0]]), p) for p in (0.0, inf)),
        *(call(V([[nan, 1.0], [2.0, nan], [2.0, 0.0]]), V([[0.0, 1.0], [nan, nan], [3.0, 3.0]]), p) for p in (0.0, inf))],
    "nn.functional.linear": [call(T(2, 3), T(4, 3)), call(T(2, 3), T(4, 3), T(4)), call(T(3), T(4, 3), T(4)), call(T(2, 5, 3), T(4, 3), T(4)), call(T(5, 1, 3), T(4, 3), T(4)), call(T(2, 5, 1), T(1, 1)), call(T(0, 3), T(4, 3), T(4)),
                             call(T(3), T(3)), error(T(2, 3), T(4, 2)), error(T(2, 3), T(4, 3), T(5))],
    "nn.functional.bilinear": [call(T(2, 3), T(2, 4), T(5, 3, 4), T(5)), call(T(2, 3), T(2, 4), T(5, 3, 4))],
    "nn.functional.cosine_similarity": [call(T(3, 4), T(3, 4)), call(T(3, 4), T(4), dim=0 - 1, eps=0.5), call(V([[0.0, 0.0]]), V([[1.0, 2.0]]))],
    "nn.functional.pairwise_distance": [call(T(3, 4), T(3, 4)), call(T(3, 4), T(3, 4), 1.0, 1e-3, True)], "nn.functional.pdist": [call(T(4, 3)), call(T(4, 3), 1.0), *(call(x, p) for p in (0.0, inf) for x in (CORNERS, V([[nan, 1.0], [2.0, nan], [2.0, 0.0], [1.0, 4.0]])))],
}  # fmt: skip

SAMPLES["linalg.norm"] += [call(T(3, 4), dtype=torch.float64)]
SAMPLES["linalg.matrix_norm"] += [call(T(3, 4), dtype=torch.float64)]
SAMPLES |= {"pdist": [call(T(4, 3)), call(T(4, 3), 1.0), call(T(3, 2), p=3.0)], "orgqr": SAMPLES["linalg.householder_product"], "matrix_exp": SAMPLES["linalg.matrix_exp"], "slogdet": SAMPLES["linalg.slogdet"], "inverse": SAMPLES["linalg.inv"], "linalg.matmul": SAMPLES["matmul"],
            "pairwise_distance": SAMPLES["nn.functional.pairwise_distance"],
            "cosine_similarity": SAMPLES["nn.functional.cosine_similarity"]}  # fmt: skip
