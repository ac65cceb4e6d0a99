"""Distributions of vectors and matrices: normal ones by any of the factors of the covariance, Wishart's, and of correlations."""

from __future__ import annotations

import math
import warnings

import lucid
from lucid.autograd.modes import no_grad
from lucid.distributions import constraints
from lucid.distributions.distribution import Distribution, ExponentialFamily, validated
from lucid.distributions.gamma import Beta, Chi2
from lucid.distributions.utils import _standard_normal, lazy_property
from lucid.ops._doc import doc
from lucid.tensor import Size, Tensor

__all__ = ["LKJCholesky", "LowRankMultivariateNormal", "MultivariateNormal", "Wishart"]

LOG_2PI = math.log(2 * math.pi)


def half_log_det(factor):
    """Half the logarithm of the determinant of a matrix with this Cholesky factor."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def sum_of_squares(matrix):
    """The trace of A A^T."""
    return matrix.pow(2).sum((-2, -1))


def mahalanobis(factor, x):
    """x^T (L L^T)^-1 x, for vectors whose batch may be larger than the factors'."""
    *outer, n = x.shape
    shape = lucid.broadcast_shapes(outer, factor.shape[:-2])
    ndim = len(shape) - (factor.dim() - 2)
    # dimensions that the factors have not become columns of one right side
    columns = x.expand(shape + (n,)).reshape((math.prod(shape[:ndim]),) + shape[ndim:] + (n,)).movedim(0, -1)
    solved = lucid.linalg.solve_triangular(factor.expand(shape[ndim:] + (n, n)), columns, upper=False)
    return solved.pow(2).sum(-2).movedim(-1, 0).reshape(shape)


def cholesky_of_inverse(matrix):
    """The Cholesky factor of a matrix's inverse, without inverting it: L^-T of the flipped matrix's factor, flipped."""
    factor = lucid.linalg.cholesky(matrix.flip((-2, -1))).flip((-2, -1)).mT
    return lucid.linalg.solve_triangular(factor, lucid.eye(matrix.shape[-1], dtype=matrix.dtype), upper=False)


_precision_to_scale_tril = cholesky_of_inverse  # PyTorch's name of it, which packages import


# The Cholesky factor of a covariance by what is given, in the order of the constructors' parameters.
FACTORS = {
    "covariance_matrix": lambda matrix: lucid.linalg.cholesky(matrix), "precision_matrix": cholesky_of_inverse,
    "scale_tril": lambda matrix: matrix,
}  # fmt: skip


def the_one_given(error, *matrices):
    """The name of the matrix that is not None, and the matrix. What `error` makes if there is not one."""
    given = [(name, one) for name, one in zip(FACTORS, matrices) if one is not None]
    if len(given) != 1:
        raise error("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
    ((name, matrix),) = given
    if matrix.dim() < 2:
        raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
    return name, matrix


class _ByFactor(Distribution):
    """Of a covariance, its inverse or its Cholesky factor; the others are computed when they are asked for."""

    def _matrices(self, matrix):
        n = self._event_shape[-1]
        return matrix.expand(self._batch_shape + (n, n))

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance."""
        return self._matrices(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        """The covariance."""
        return self._matrices(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        return self._matrices(lucid.cholesky_inverse(self._unbroadcasted_scale_tril))


class _Normal(Distribution):
    """A normal distribution of vectors, by what a class knows of its covariance: `_log_det`, `_mahalanobis` of a vector,
    `_roots`, matrices A whose A A^T sum up to it, and `_trace`, that of (the inverse times A A^T) for a matrix A."""

    support = constraints.real_vector
    has_rsample = True
    mean = mode = property(lambda self: self.loc)

    @validated
    def log_prob(self, value):
        return -0.5 * (self._event_shape[0] * LOG_2PI + self._log_det() + self._mahalanobis(value - self.loc))

    def entropy(self):
        return (0.5 * (self._event_shape[0] * (1.0 + LOG_2PI) + self._log_det())).expand(self._batch_shape)


@doc()
class MultivariateNormal(_Normal, _ByFactor):
    r"""The normal distribution of vectors, of density
    :math:`\exp(-\frac12 (x - \mu)^T \Sigma^{-1} (x - \mu)) / \sqrt{\det(2 \pi \Sigma)}`.

    Parameters
    ----------
    loc : Tensor
        The mean :math:`\mu`, of shape (..., K).
    covariance_matrix : Tensor, optional
        :math:`\Sigma`, of shape (..., K, K), positive definite.
    precision_matrix : Tensor, optional
        Its inverse.
    scale_tril : Tensor, optional
        Its Cholesky factor, with which computation is fastest; one of the three is given.

    Raises
    ------
    ValueError
        If not one of the three is given, shapes do not fit, or arguments violate their constraints.

    Examples
    --------
    >>> normal = lucid.distributions.MultivariateNormal(lucid.zeros(2), lucid.eye(2))
    >>> normal.variance, normal.sample((3,)).shape
    (Tensor([1.0, 1.0]), lucid.Size([3, 2]))
    """

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip

    def __init__(
        self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args: bool | None = None
    ):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = the_one_given(ValueError, covariance_matrix, precision_matrix, scale_tril)
        batch_shape = lucid.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        self.loc = loc.expand(batch_shape + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = FACTORS[name](matrix)

    @property
    def variance(self):
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape=()):
        eps = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + (self._unbroadcasted_scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    def _log_det(self):
        return 2 * half_log_det(self._unbroadcasted_scale_tril)

    def _mahalanobis(self, x):
        return mahalanobis(self._unbroadcasted_scale_tril, x)

    def _roots(self):
        return (self._unbroadcasted_scale_tril,)

    def _trace(self, root):
        return sum_of_squares(lucid.linalg.solve_triangular(self._unbroadcasted_scale_tril, root, upper=False))


@doc()
class LowRankMultivariateNormal(_Normal):
    r"""The normal distribution of vectors of covariance :math:`W W^T + D`, with :math:`D` diagonal.

    With :math:`W` of M columns it takes the inverse and the determinant of M by M matrices only, the *capacitance*
    :math:`I + W^T D^{-1} W`.

    Parameters
    ----------
    loc : Tensor
        The mean, of shape (..., K).
    cov_factor : Tensor
        :math:`W`, of shape (..., K, M).
    cov_diag : Tensor
        The diagonal of :math:`D`, of shape (..., K), positive.

    Raises
    ------
    ValueError
        If shapes do not fit, or arguments violate their constraints.

    Examples
    --------
    >>> normal = lucid.distributions.LowRankMultivariateNormal(lucid.zeros(2), lucid.ones(2, 1), lucid.ones(2))
    >>> normal.covariance_matrix.tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """

    arg_constraints = {
        "loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }  # fmt: skip

    def __init__(self, loc, cov_factor, cov_diag, validate_args: bool | None = None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            loc_, self.cov_factor, diag_ = lucid.broadcast_tensors(loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1))
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = loc_[..., 0], diag_[..., 0]
        self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag = cov_factor, cov_diag
        capacitance = self._scaled_factor() @ cov_factor
        self._capacitance_tril = lucid.linalg.cholesky(capacitance + lucid.eye(cov_factor.size(-1), dtype=loc.dtype))
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    def _scaled_factor(self):
        """W^T D^-1."""
        return self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)

    def _log_det(self):
        return 2 * half_log_det(self._capacitance_tril) + self._unbroadcasted_cov_diag.log().sum(-1)

    def _mahalanobis(self, x):
        inner = (self._scaled_factor() @ x.unsqueeze(-1)).squeeze(-1)
        return (x.pow(2) / self._unbroadcasted_cov_diag).sum(-1) - mahalanobis(self._capacitance_tril, inner)

    def _inverse_factor(self):
        """A with A^T A = D^-1 less the precision."""
        return lucid.linalg.solve_triangular(self._capacitance_tril, self._scaled_factor(), upper=False)

    _matrices = _ByFactor._matrices

    def _roots(self):
        return self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag.sqrt().diag_embed()

    def _trace(self, root):
        scaled = root * self._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1)
        return sum_of_squares(scaled) - sum_of_squares(self._inverse_factor() @ root)

    @lazy_property
    def variance(self):
        variance = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return variance.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        identity = lucid.eye(self._event_shape[0], dtype=scaled.dtype)
        return self._matrices(root * lucid.linalg.cholesky(scaled @ scaled.mT + identity))

    @lazy_property
    def covariance_matrix(self):
        """The covariance."""
        factor = self._unbroadcasted_cov_factor
        return self._matrices(factor @ factor.mT + self._unbroadcasted_cov_diag.diag_embed())

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance."""
        a = self._inverse_factor()
        return self._matrices(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - a.mT @ a)

    def rsample(self, sample_shape=()):
        shape, dtype = self._extended_shape(sample_shape), self.loc.dtype
        of_factor = _standard_normal(shape[:-1] + self.cov_factor.shape[-1:], dtype)
        of_diagonal = _standard_normal(shape, dtype)
        moved = (self._unbroadcasted_cov_factor @ of_factor.unsqueeze(-1)).squeeze(-1)
        return self.loc + moved + self._unbroadcasted_cov_diag.sqrt() * of_diagonal


@doc()
class Wishart(_ByFactor, ExponentialFamily):
    r"""The Wishart distribution of positive definite matrices: for an integer :math:`\nu`, that of :math:`\sum_i x_i x_i^T`
    for :math:`\nu` normal vectors of covariance :math:`V`.

    Parameters
    ----------
    df : Tensor or float
        The degrees of freedom :math:`\nu`, more than the matrices' size less 1.
    covariance_matrix : Tensor, optional
        :math:`V`, of shape (..., K, K), positive definite.
    precision_matrix : Tensor, optional
        Its inverse.
    scale_tril : Tensor, optional
        Its Cholesky factor; one of the three is given.

    Raises
    ------
    AssertionError
        If not one of the three is given.
    ValueError
        If it is no matrix, df is too small, or arguments violate their constraints.

    References
    ----------
    M. S. Bartlett, "On the theory of statistical regression" (1933).

    Examples
    --------
    >>> lucid.distributions.Wishart(3.0, lucid.eye(2)).mean.tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args: bool | None = None
    ):
        name, matrix = the_one_given(AssertionError, covariance_matrix, precision_matrix, scale_tril)
        if isinstance(df, Tensor):
            batch_shape = lucid.broadcast_shapes(matrix.shape[:-2], df.shape)
            self.df = df.expand(batch_shape)
        else:
            batch_shape = matrix.shape[:-2]
            self.df = lucid.tensor(df, dtype=matrix.dtype)
        n = matrix.shape[-1]
        if self.df.le(n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        if self.df.lt(n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.", stacklevel=2
            )
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        super().__init__(batch_shape, matrix.shape[-2:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = FACTORS[name](matrix)
        steps = lucid.arange(n, dtype=matrix.dtype)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - steps.expand(batch_shape + (-1,)))

    @property
    def arg_constraints(self):
        return {
            "covariance_matrix": constraints.positive_definite, "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky, "df": constraints.greater_than(self.event_shape[-1] - 1),
        }  # fmt: skip

    def _of_df(self, df):
        """A number for each matrix, to multiply it with."""
        return df.expand(self._batch_shape)[..., None, None]

    mean = property(lambda self: self._of_df(self.df) * self.covariance_matrix)

    @property
    def mode(self):
        factor = self.df - self._event_shape[-1] - 1
        return self._of_df(factor.masked_fill(factor <= 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self):
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        return self._of_df(self.df) * (v.pow(2) + diagonal[..., :, None] * diagonal[..., None, :])

    def _bartlett(self, sample_shape):
        """Samples by a triangular factor: roots of chi-squared samples on the diagonal, normal ones below it."""
        n = self._event_shape[-1]
        chi2 = self._dist_chi2.rsample(sample_shape)
        noise = chi2.sqrt().clamp(min=lucid.finfo(chi2.dtype).eps).diag_embed()
        i, j = lucid.tril_indices(n, n, offset=-1)
        noise[..., i, j] = lucid.randn(Size(sample_shape) + self._batch_shape + (n * (n - 1) // 2,), dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape=(), max_try_correction: int | None = None):
        """Samples of shape `sample_shape + batch_shape + event_shape`, differentiable by the parameters.

        A warning tells of matrices that are singular in this precision; they are drawn again as often as
        `max_try_correction` says, by default 10 times.
        """
        with no_grad():  # PyTorch draws all twice, since it takes the check for its opposite
            self._bartlett(sample_shape)
        sample = self._bartlett(sample_shape)
        for attempt in range(10 if max_try_correction is None else max_try_correction):
            singular = ~self.support.check(sample)
            if not singular.any():
                break
            if attempt == 0:
                warnings.warn("Singular sample detected.", stacklevel=2)
            sample = lucid.where(singular[..., None, None], self._bartlett(sample_shape), sample)
        return sample

    @validated
    def log_prob(self, value):
        nu, p, factor = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        trace = lucid.cholesky_solve(value, factor).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        return (
            -nu * (p * math.log(2) / 2 + half_log_det(factor)) - lucid.mvlgamma(nu / 2, p)
            + (nu - p - 1) / 2 * lucid.linalg.slogdet(value).logabsdet - trace / 2
        )  # fmt: skip

    def entropy(self):
        nu, p = self.df, self._event_shape[-1]
        digammas = (nu.unsqueeze(-1) / 2 - lucid.arange(p, dtype=nu.dtype) / 2).digamma().sum(-1)
        return (
            (p + 1) * (p * math.log(2) / 2 + half_log_det(self._unbroadcasted_scale_tril)) + lucid.mvlgamma(nu / 2, p)
            - (nu - p - 1) / 2 * digammas + nu * p / 2
        )  # fmt: skip

    @property
    def _natural_params(self):
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x, y):
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-lucid.linalg.slogdet(-2 * x).logabsdet + math.log(2) * p) + lucid.mvlgamma(half, p)


@doc()
class LKJCholesky(Distribution):
    r"""The distribution of Cholesky factors of correlation matrices of density proportional to :math:`\det(R)^{\eta - 1}`.

    Parameters
    ----------
    dim : int
        The matrices' size, at least 2.
    concentration : Tensor or float, optional
        :math:`\eta`, positive; with 1, the default, all correlation matrices are equally likely.

    Raises
    ------
    ValueError
        If dim is less than 2, or the concentration is not positive.

    References
    ----------
    D. Lewandowski, D. Kurowicka, H. Joe, "Generating random correlation matrices based on vines and extended
    onion method" (2009).

    Examples
    --------
    >>> factor = lucid.distributions.LKJCholesky(3, 0.5).sample()
    >>> (factor @ factor.mT).diagonal().allclose(lucid.ones(3))
    True
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration=1.0, validate_args: bool | None = None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        shape = self._keep(concentration=concentration)
        # the squared length of a row below the diagonal is a beta sample, its direction uniform
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = lucid.arange(dim - 1, dtype=marginal.dtype)
        offset = lucid.cat([offset.new_zeros(1), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(shape, Size((dim, dim)), validate_args)

    @no_grad
    def sample(self, sample_shape=()):
        y = self._beta.sample(sample_shape).unsqueeze(-1)
        direction = lucid.randn(self._extended_shape(sample_shape), dtype=y.dtype).tril(-1)
        direction = direction / direction.norm(dim=-1, keepdim=True)
        direction[..., 0, :] = 0.0
        below = y.sqrt() * direction
        diagonal = (1 - (below**2).sum(dim=-1)).clamp(min=lucid.finfo(y.dtype).tiny).sqrt()
        return below + diagonal.diag_embed()

    @validated
    def log_prob(self, value):
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - lucid.arange(2, self.dim + 1)
        m = self.dim - 1
        alpha = self.concentration + 0.5 * m
        normalizer = 0.5 * m * math.log(math.pi) + lucid.mvlgamma(alpha - 0.5, m) - alpha.lgamma() * m
        return (order * diagonal.log()).sum(dim=-1) - normalizer
