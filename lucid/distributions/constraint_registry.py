"""Transforms from real numbers to a constraint's set.

`transform_to` gives one for optimizing without constraints, `biject_to` a bijective one, whose determinant is known.
"""

from __future__ import annotations

from lucid.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Functions from constraints to transforms, by classes of constraints.

    Examples
    --------
    >>> D = lucid.distributions
    >>> D.transform_to(D.constraints.unit_interval)
    SigmoidTransform()
    """

    def __init__(self):
        self._registry = {}

    def register(self, constraint, factory=None):
        """Enter a function of a constraint, for a class of constraints or that of an instance; also a decorator."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint):
        """The transform to a constraint's set. NotImplementedError if none is known."""
        if type(constraint) not in self._registry:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return self._registry[type(constraint)](constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()


def _enter(registries, *kinds):
    """A decorator that registers a function of a registry and a constraint."""

    def decorator(factory):
        for registry in registries:
            for kind in kinds:
                registry.register(kind, lambda constraint, registry=registry: factory(registry, constraint))
        return factory

    return decorator


BOTH = biject_to, transform_to


@_enter(BOTH, constraints.real)
def _real(registry, constraint):
    return transforms.identity_transform


@_enter(BOTH, constraints.independent)
def _independent(registry, constraint):
    base = registry(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_enter(BOTH, constraints.greater_than, constraints.greater_than_eq)
def _beyond(registry, constraint):
    affine = transforms.AffineTransform(constraint.lower_bound, 1)
    return transforms.ComposeTransform([transforms.ExpTransform(), affine])


@_enter(BOTH, constraints.less_than)
def _below(registry, constraint):
    affine = transforms.AffineTransform(constraint.upper_bound, -1)
    return transforms.ComposeTransform([transforms.ExpTransform(), affine])


@_enter(BOTH, constraints.interval, constraints.half_open_interval)
def _between(registry, constraint):
    low, high = constraint.lower_bound, constraint.upper_bound
    if all(isinstance(one, (int, float)) for one in (low, high)) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


biject_to.register(constraints.simplex, lambda constraint: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda constraint: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda constraint: transforms.LowerCholeskyTransform())
for _kind in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_kind, lambda constraint: transforms.PositiveDefiniteTransform())


@_enter(BOTH, constraints.corr_cholesky)
def _corr_cholesky(registry, constraint):
    return transforms.CorrCholeskyTransform()


@_enter(BOTH, constraints.cat)
def _cat(registry, constraint):
    return transforms.CatTransform([registry(one) for one in constraint.cseq], constraint.dim, constraint.lengths)


@_enter(BOTH, constraints.stack)
def _stack(registry, constraint):
    return transforms.StackTransform([registry(one) for one in constraint.cseq], constraint.dim)
