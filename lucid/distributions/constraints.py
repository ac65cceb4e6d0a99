"""Sets that parameters and samples belong to.

A constraint answers `check(value)` with a bool tensor over the batch: its last `event_dim` dimensions make one event.
`is_discrete` tells whether its elements are apart. `dependent` stands for a set that depends on other parameters;
`dependent_property` is a property that gives it for an instance.

========================================= ===========================================================================
`boolean`, `one_hot`                      0 or 1; one 1 among zeros
`nonnegative_integer`, `positive_integer` integers from 0, from 1
`integer_interval(lower, upper)`          integers within bounds, which are included
`multinomial(upper)`                      counts whose sum is at most a number
`real`, `real_vector`                     numbers that are not NaN, and rows of them
`positive`, `nonnegative`                 numbers above 0, at least 0
`greater_than(lower)`, `less_than(upper)` numbers beyond a bound, and `greater_than_eq`
`interval(lower, upper)`, `unit_interval` numbers within bounds, which are included
`half_open_interval(lower, upper)`        the upper bound excluded
`simplex`                                 rows of weights that are not negative and sum to 1
`lower_triangular`, `lower_cholesky`      matrices; with a positive diagonal
`corr_cholesky`                           Cholesky factors of correlation matrices
`square`, `symmetric`                     matrices
`positive_semidefinite`                   symmetric matrices with no negative eigenvalue
`positive_definite`                       symmetric matrices with a Cholesky factor
`independent(constraint, ndims)`          a constraint on each element along the last dimensions
`cat(seq, dim, lengths)`, `stack(seq)`    a constraint on each part of a dimension
`MixtureSameFamilyConstraint(constraint)` a constraint on each component of a mixture
========================================= ===========================================================================
"""

from __future__ import annotations

import lucid

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval", "is_dependent",
    "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector", "simplex", "square",
    "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A set of values; `event_dim` dimensions make one of them."""

    is_discrete = False
    event_dim = 0

    def check(self, value):
        """Which events of a tensor are in the set."""
        raise NotImplementedError

    def __repr__(self):
        return f"{type(self).__name__[1:]}()"


class _Dependent(Constraint):
    """A set that depends on other parameters, so that nothing can be checked."""

    def __init__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        self._is_discrete, self._event_dim = is_discrete, event_dim
        super().__init__()

    def _known(self, name):
        value = getattr(self, f"_{name}")
        if value is NotImplemented:
            raise NotImplementedError(f".{name} cannot be determined statically")
        return value

    is_discrete = property(lambda self: self._known("is_discrete"))
    event_dim = property(lambda self: self._known("event_dim"))

    def __call__(self, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        return _Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x):
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint) -> bool:
    """Whether a constraint depends on other parameters, so that nothing can be checked."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """A property that is a constraint, which depends on other parameters, for the class, and gives one for an instance."""

    def __init__(self, fn=None, *, is_discrete=NotImplemented, event_dim=NotImplemented):
        super().__init__(fn)
        self._is_discrete, self._event_dim = is_discrete, event_dim

    def __call__(self, fn):
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


def _must(holds, text):
    if not holds:
        raise AssertionError(text)


def _all_rightmost(result, ndim):
    """Whether all of the last `ndim` dimensions hold."""
    return result.reshape(result.shape[: result.dim() - ndim] + (-1,)).all(-1)


class _IndependentConstraint(Constraint):
    """A constraint on each element along the last `reinterpreted_batch_ndims` dimensions."""

    def __init__(self, base_constraint, reinterpreted_batch_ndims):
        _must(isinstance(base_constraint, Constraint), f"base_constraint must be a Constraint, got {base_constraint!r}")
        _must(
            isinstance(reinterpreted_batch_ndims, int) and reinterpreted_batch_ndims >= 0,
            f"reinterpreted_batch_ndims must be an int and not negative, got {reinterpreted_batch_ndims!r}",
        )
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim + self.reinterpreted_batch_ndims)

    def check(self, value):
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        return _all_rightmost(result, self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"{type(self).__name__[1:]}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The events that are in the set of every component of a mixture."""

    def __init__(self, base_constraint):
        _must(isinstance(base_constraint, Constraint), f"base_constraint must be a Constraint, got {base_constraint!r}")
        self.base_constraint = base_constraint

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim)

    def check(self, value):
        if value.dim() < self.event_dim:
            raise ValueError(f"Expected value.dim() >= {self.event_dim} but got {value.dim()}")
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return _all_rightmost(result, result.dim() - (value.dim() - self.event_dim))

    def __repr__(self):
        return f"{type(self).__name__}({self.base_constraint!r})"


# ---------------------------------------------------------------------------------------------- numbers


class _Bounded(Constraint):
    def __repr__(self):
        return f"{type(self).__name__[1:]}({', '.join(f'{name}={bound}' for name, bound in vars(self).items())})"


class _Above(_Bounded):
    def __init__(self, lower_bound):
        self.lower_bound = lower_bound


class _Below(_Bounded):
    def __init__(self, upper_bound):
        self.upper_bound = upper_bound


class _Between(_Bounded):
    def __init__(self, lower_bound, upper_bound):
        self.lower_bound, self.upper_bound = lower_bound, upper_bound


class _Real(Constraint):
    """Numbers that are not NaN."""

    def check(self, value):
        return value == value  # false for NaN


class _GreaterThan(_Above):
    """Numbers above a bound."""

    def check(self, value):
        return self.lower_bound < value


class _GreaterThanEq(_Above):
    """Numbers that are at least a bound."""

    def check(self, value):
        return self.lower_bound <= value


class _LessThan(_Below):
    """Numbers below a bound."""

    def check(self, value):
        return value < self.upper_bound


class _Interval(_Between):
    """Numbers within two bounds, which are included."""

    def check(self, value):
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    """Numbers from a lower bound to below an upper one."""

    def check(self, value):
        return (self.lower_bound <= value) & (value < self.upper_bound)


# ---------------------------------------------------------------------------------------------- integers


class _Boolean(Constraint):
    """0 and 1."""

    is_discrete = True

    def check(self, value):
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """Rows with one 1 among zeros."""

    is_discrete = True
    event_dim = 1

    def check(self, value):
        return boolean.check(value).all(-1) & value.sum(-1).eq(1)


class _IntegerInterval(_Interval):
    """Integers within two bounds, which are included."""

    is_discrete = True

    def check(self, value):
        return (value % 1 == 0) & super().check(value)


class _IntegerGreaterThan(_GreaterThanEq):
    """Integers from a bound on."""

    is_discrete = True

    def check(self, value):
        return (value % 1 == 0) & super().check(value)


class _Multinomial(Constraint):
    """Rows of counts whose sum is at most a number."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound):
        self.upper_bound = upper_bound

    def check(self, x):
        return (x >= 0).all(dim=-1) & (x.sum(dim=-1) <= self.upper_bound)


# ---------------------------------------------------------------------------------------------- rows and matrices


class _Simplex(Constraint):
    """Rows of weights that are not negative and sum to 1."""

    event_dim = 1

    def check(self, value):
        return (value >= 0).all(dim=-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Matrix(Constraint):
    event_dim = 2


class _LowerTriangular(_Matrix):
    """Lower triangular matrices."""

    def check(self, value):
        return _all_rightmost(value.tril() == value, 2)


class _LowerCholesky(_LowerTriangular):
    """Lower triangular matrices with a positive diagonal."""

    def check(self, value):
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    """Cholesky factors of correlation matrices: lower triangular, with a positive diagonal and rows of length 1."""

    def check(self, value):
        tolerance = lucid.finfo(value.dtype).eps * value.size(-1) * 10
        lengths = lucid.linalg.norm(value.detach(), dim=-1)
        return super().check(value) & (lengths - 1.0).abs().le(tolerance).all(dim=-1)


class _Square(_Matrix):
    """Square matrices."""

    def check(self, value):
        return lucid.full(value.shape[:-2], value.shape[-2] == value.shape[-1], dtype=lucid.bool)


class _Symmetric(_Square):
    """Symmetric matrices."""

    def check(self, value):
        square = super().check(value)
        return lucid.isclose(value, value.mT, atol=1e-6).all(-2).all(-1) if square.all() else square


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices without negative eigenvalues."""

    def check(self, value):
        symmetric = super().check(value)
        return lucid.linalg.eigvalsh(value).ge(0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices that have a Cholesky factor."""

    def check(self, value):
        symmetric = super().check(value)
        return lucid.linalg.cholesky_ex(value).info.eq(0) if symmetric.all() else symmetric


# ---------------------------------------------------------------------------------------------- parts


class _Parts(Constraint):
    def __init__(self, cseq, dim=0):
        self.cseq, self.dim = list(cseq), dim
        _must(all(isinstance(one, Constraint) for one in self.cseq), "All elements of cseq must be Constraint instances")

    is_discrete = property(lambda self: any(one.is_discrete for one in self.cseq))
    event_dim = property(lambda self: max(one.event_dim for one in self.cseq))

    def _check_dim(self, value):
        ndim = value.dim()
        _must(-ndim <= self.dim < ndim, f"dim {self.dim} out of range for value with {ndim} dimensions")


class _Cat(_Parts):
    """A constraint on each part of a dimension, of some length."""

    def __init__(self, cseq, dim=0, lengths=None):
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        _must(
            len(self.lengths) == len(self.cseq), f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})"
        )

    def check(self, value):
        self._check_dim(value)
        used = value.narrow(self.dim, 0, sum(self.lengths))
        parts = used.split(self.lengths, self.dim)
        return lucid.cat([one.check(part) for one, part in zip(self.cseq, parts)], self.dim)


class _Stack(_Parts):
    """A constraint on each slice of a dimension."""

    @property
    def event_dim(self):
        ndim = max(one.event_dim for one in self.cseq)
        return ndim + 1 if self.dim + ndim < 0 else ndim

    def check(self, value):
        self._check_dim(value)
        return lucid.stack([one.check(part) for one, part in zip(self.cseq, value.unbind(self.dim))], self.dim)


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean, one_hot = _Boolean(), _OneHot()
nonnegative_integer, positive_integer = _IntegerGreaterThan(0), _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive, nonnegative = _GreaterThan(0.0), _GreaterThanEq(0.0)
greater_than, greater_than_eq, less_than = _GreaterThan, _GreaterThanEq, _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval, half_open_interval = _Interval, _HalfOpenInterval
simplex = _Simplex()
lower_triangular, lower_cholesky, corr_cholesky = _LowerTriangular(), _LowerCholesky(), _CorrCholesky()
square, symmetric = _Square(), _Symmetric()
positive_semidefinite, positive_definite = _PositiveSemidefinite(), _PositiveDefinite()
cat, stack = _Cat, _Stack
