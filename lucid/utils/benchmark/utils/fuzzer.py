"""Tensors of random shapes and strides, to measure with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

import lucid

__all__ = ["FuzzedParameter", "FuzzedTensor", "Fuzzer", "ParameterAlias"]


class FuzzedParameter:
    """A random number, or a choice.

    Parameters
    ----------
    name : str
        What tensors call it.
    minval, maxval : int or float, optional
        The least and the largest value.
    distribution : str or dict, optional
        "uniform", "loguniform" (an integer), or the probabilities of choices.
    strict : bool, optional
        Whether it keeps its value where a constraint asks that the others are drawn again.

    Examples
    --------
    >>> import numpy as np
    >>> from lucid.utils.benchmark import FuzzedParameter
    >>> FuzzedParameter("n", 1, 8, "loguniform").sample(np.random.RandomState(0))
    3
    """

    def __init__(self, name: str, minval=None, maxval=None, distribution: str | dict | None = None, strict: bool = False):
        if isinstance(distribution, dict):
            if any(chance < 0 for chance in distribution.values()) or abs(sum(distribution.values()) - 1) > 1e-5:
                raise AssertionError(f"FuzzedParameter: probabilities must be positive and sum to one, got {distribution}")
            if minval is not None or maxval is not None:
                raise AssertionError("FuzzedParameter: choices have no minval and maxval")
        elif distribution not in ("uniform", "loguniform"):
            raise AssertionError(f"FuzzedParameter: unknown distribution {distribution!r}")
        self._name, self.strict = name, strict
        self._minval, self._maxval, self._distribution = minval, maxval, distribution

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    def sample(self, state: np.random.RandomState):
        """Draw a value."""
        low, high = self._minval, self._maxval
        if isinstance(self._distribution, dict):
            return list(self._distribution)[state.choice(len(self._distribution), p=tuple(self._distribution.values()))]
        if self._distribution == "loguniform":
            return min(max(int(2 ** state.uniform(np.log2(low), np.log2(high))), low), high)
        if isinstance(low, int) and isinstance(high, int):
            return int(state.randint(low, high + 1))
        return state.uniform(low, high)


class ParameterAlias:
    """A choice that means the value of another parameter.

    Parameters
    ----------
    alias_to : str
        Its name.

    Examples
    --------
    >>> from lucid.utils.benchmark import ParameterAlias
    >>> ParameterAlias("n")
    ParameterAlias[alias_to: n]
    """

    def __init__(self, alias_to: str):
        self.alias_to = alias_to

    def __repr__(self) -> str:
        return f"ParameterAlias[alias_to: {self.alias_to}]"


class FuzzedTensor:
    """A tensor whose sizes are numbers or parameters.

    Parameters
    ----------
    name : str
        What it is called.
    size : tuple of int or str
        Its sizes.
    steps : tuple of int or str, optional
        It is each so-manyth element of a larger one.
    probability_contiguous : float, optional
        How likely its dimensions lie in their order.
    min_elements, max_elements, max_allocation_bytes : int, optional
        Parameters are drawn again until it is of such a size.
    dim_parameter : str, optional
        The parameter that says how many dimensions it has.
    roll_parameter : str, optional
        Accepted, and without effect.
    dtype : dtype, optional
        Its dtype.
    cuda : bool, optional
        True is refused, as everything that lies elsewhere.
    tensor_constructor : callable, optional
        Makes the elements, from `size`, `dtype` and the parameters.

    Examples
    --------
    >>> from lucid.utils.benchmark import FuzzedTensor
    >>> FuzzedTensor("x", ("n", 3), max_elements=10).satisfies_constraints({"n": 4})
    False
    """

    def __init__(
        self,
        name: str,
        size: tuple[str | int, ...],
        steps: tuple[str | int, ...] | None = None,
        probability_contiguous: float = 0.5,
        min_elements: int | None = None,
        max_elements: int | None = None,
        max_allocation_bytes: int | None = None,
        dim_parameter: str | None = None,
        roll_parameter: str | None = None,
        dtype=lucid.float32,
        cuda: bool = False,
        tensor_constructor: Callable | None = None,
    ):
        if cuda:
            raise RuntimeError("FuzzedTensor: tensors lie on the CPU")
        self._name = name
        self._size, self._steps, self._dim_parameter = size, steps or (), dim_parameter
        self._probability_contiguous = probability_contiguous
        self._limits = min_elements, max_elements, max_allocation_bytes
        self._dtype, self._constructor = dtype, tensor_constructor or self.default_tensor_constructor

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @staticmethod
    def default_tensor_constructor(size, dtype, **kwargs):
        """Random numbers."""
        if dtype.is_floating_point or dtype.is_complex:
            return lucid.rand(size, dtype=dtype)
        return lucid.randint(1, 127, size, dtype=dtype)

    def _layout(self, params: dict) -> tuple[list[int], list[int]]:
        dims = params[self._dim_parameter] if self._dim_parameter is not None else len(self._size)
        return tuple([params.get(one, one) for one in (*given[:dims], *[1] * (dims - len(given)))] for given in (self._size, self._steps))

    def satisfies_constraints(self, params: dict) -> bool:
        """Whether parameters make a tensor of an allowed size."""
        size, steps = self._layout(params)
        least, most, most_bytes = self._limits
        count = math.prod(size)
        bytes_ = count * math.prod(steps) * self._dtype.itemsize
        return (least or 0) <= count and (most is None or count <= most) and (most_bytes is None or bytes_ <= most_bytes)

    def _make(self, params: dict, state: np.random.RandomState):
        size, steps = self._layout(params)
        made = self._constructor(size=tuple(n * step for n, step in zip(size, steps)), dtype=self._dtype, **params)
        order = np.arange(len(size))
        if state.rand() > self._probability_contiguous:
            while len(size) > 1 and np.all(order == np.arange(len(size))):
                order = state.permutation(len(size))
            made = made.permute(tuple(order.tolist())).contiguous().permute(tuple(np.argsort(order).tolist()))
        tensor = made[tuple(slice(None, None, step) for step in steps)]
        return tensor, {
            "numel": tensor.numel(), "order": order, "steps": tuple(steps), "is_contiguous": tensor.is_contiguous(), "dtype": str(self._dtype),
        }  # fmt: skip


class Fuzzer:
    """Draws parameters and makes tensors of them.

    Parameters
    ----------
    parameters, tensors : list
        What to draw, and what to make; lists in them are opened.
    constraints : list of callable, optional
        Say of a dict of parameters whether they go together.
    seed : int, optional
        From which the numbers follow.

    Examples
    --------
    >>> from lucid.utils.benchmark import FuzzedParameter, FuzzedTensor, Fuzzer
    >>> fuzzer = Fuzzer([FuzzedParameter("n", 2, 8, "uniform")], [FuzzedTensor("x", ("n", 3))], seed=0)
    >>> for tensors, properties, parameters in fuzzer.take(1):
    ...     print(parameters["n"] == len(tensors["x"]), properties["x"]["steps"])
    True (1, 1)
    """

    def __init__(self, parameters: list, tensors: list, constraints: list[Callable] | None = None, seed: int | None = None):
        self._parameters, self._tensors = _opened(parameters, FuzzedParameter), _opened(tensors, FuzzedTensor)
        self._constraints, self._seed = constraints or (), seed
        if both := {one.name for one in self._parameters} & {one.name for one in self._tensors}:
            raise ValueError(f"Fuzzer: parameters and tensors of the same name: {sorted(both)}")
        self._drawn = self._rejected = 0

    @property
    def rejection_rate(self) -> float:
        """The part of what was drawn that did not go together."""
        return self._rejected / self._drawn if self._drawn else 0.0

    def take(self, n: int) -> Iterator[tuple[dict, dict, dict]]:
        """So many times the tensors, their properties and the parameters, each by name."""
        state = np.random.RandomState(self._seed)
        lucid.manual_seed(int(state.randint(low=0, high=2**63, dtype=np.int64)))
        for _ in range(n):
            params = self._draw(state)
            made = {one.name: one._make(params, state) for one in self._tensors}
            yield {name: tensor for name, (tensor, _) in made.items()}, {name: said for name, (_, said) in made.items()}, params

    def _draw(self, state: np.random.RandomState) -> dict:
        kept: dict = {}
        for _ in range(1000):
            params = {one.name: kept[one.name] if one.name in kept else one.sample(state) for one in self._parameters}
            kept = {one.name: params[one.name] for one in self._parameters if one.strict}
            for name in params:
                seen = {name}
                while isinstance(params[name], ParameterAlias):
                    other = params[name].alias_to
                    if other in seen:
                        raise ValueError(f"Fuzzer: aliases in a circle: {params}")
                    seen.add(other)
                    params[name] = params[other]
            self._drawn += 1
            if all(one(params) for one in self._constraints) and all(one.satisfies_constraints(params) for one in self._tensors):
                return params
            self._rejected += 1
        raise ValueError("Fuzzer: no parameters that go together in 1000 draws")


def _opened(given: Iterable, kind: type) -> list:
    return [one for item in given for one in ([item] if isinstance(item, kind) else item)]
