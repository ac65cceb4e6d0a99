"""Sequences of points that fill the unit cube evenly: Sobol's.

A point's coordinates are exclusive ors of direction numbers, one more for each step of a Gray code. A dimension's
numbers follow from a primitive polynomial over two elements, by a recurrence, and from as many first ones as its
degree: of those, those that Joe and Kuo searched for are in `lucid/_sobol.py`, as bits, for the first 1111 dimensions.
The polynomials are counted up: those are primitive of whose root the powers up to 2^degree - 1 differ.
"""

from __future__ import annotations

import base64

import numpy as np

import lucid
from lucid._sobol import FIRST

BITS = 30


def _times(x: np.ndarray, y: np.ndarray, polynomial: np.ndarray, degree: int) -> np.ndarray:
    """Products of polynomials over two elements, modulo others."""
    out = np.zeros_like(x)
    for k in range(degree):
        out ^= np.where(y >> k & 1, x, 0)
        x = x << 1
        x ^= np.where(x >> degree & 1, polynomial, 0)
    return out


def _primitive(degree: int) -> np.ndarray:
    """The primitive polynomials of a degree, their bits as a number, in order."""
    every = (1 << degree) | np.arange(1, 1 << degree, 2)
    order = (1 << degree) - 1
    left, primes = order, []
    for prime in range(2, 1 << (degree + 1) // 2 + 1):
        if left % prime == 0:
            primes.append(prime)
            while left % prime == 0:
                left //= prime

    def power(count: int) -> np.ndarray:
        out, square = np.ones_like(every), np.full_like(every, 2) if degree > 1 else np.ones_like(every)
        while count:
            if count & 1:
                out = _times(out, square, every, degree)
            square, count = _times(square, square, every, degree), count >> 1
        return out

    found = power(order) == 1
    for prime in {*primes, left} - {1, order}:
        found &= power(order // prime) != 1
    return every[found]


def _directions(dimension: int) -> np.ndarray:
    """The direction numbers, of shape (dimension, BITS), each with its bits from the top."""
    numbers = np.ones((dimension, BITS), np.int64)
    bits = np.unpackbits(np.frombuffer(base64.b85decode("".join(FIRST.split())), np.uint8)).astype(np.int64)
    row, degree, at = 1, 0, 0
    while row < dimension:
        degree += 1
        polynomials = _primitive(degree)
        count = min(len(polynomials), dimension - row)
        polynomials, rows = polynomials[:count], numbers[row : row + count]
        width = degree * (degree - 1) // 2
        free = bits[at : at + width * count].reshape(count, width)
        for j in range(1, degree):
            own = free[:, j * (j - 1) // 2 : j * (j + 1) // 2]
            rows[:, j] = 1 + 2 * (own << np.arange(j)).sum(1)
        for j in range(degree, BITS):
            rows[:, j] = rows[:, j - degree]
            for k in range(1, degree + 1):
                rows[:, j] ^= (polynomials >> (degree - k) & 1) * rows[:, j - k] << k
        row, at = row + count, at + width * count
    return numbers << np.arange(BITS - 1, -1, -1)


class SobolEngine:
    """An engine that draws points of a Sobol sequence, plain or scrambled.

    Parameters
    ----------
    dimension : int
        Of the points, at most 1111 (`MAXDIM`; PyTorch's engine goes on to 21201).
    scramble : bool, optional
        Whether to shift the points, and to multiply their bits by random triangular matrices. Default: False.
    seed : int, optional
        Of the random numbers for that. Default: the global generator draws them.

    Raises
    ------
    ValueError
        If there is no such dimension.

    References
    ----------
    S. Joe and F. Y. Kuo, Constructing Sobol sequences with better two-dimensional projections, 2008.

    Examples
    --------
    >>> lucid.quasirandom.SobolEngine(2).draw(4)
    Tensor([[0.0, 0.0],
            [0.5, 0.5],
            [0.75, 0.25],
            [0.25, 0.75]])
    """

    MAXBIT = BITS
    MAXDIM = 1111

    def __init__(self, dimension, scramble=False, seed=None):
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], got {dimension}"
            )
        self.seed = seed
        self.scramble = scramble
        self.dimension = dimension
        self.sobolstate = lucid.from_numpy(_directions(dimension))
        if scramble:
            self._scramble()
        else:
            self.shift = lucid.zeros(dimension, dtype=lucid.int64)
        self.quasi = self.shift.clone()
        self._first_point = (self.quasi / 2**BITS).reshape(1, -1)
        self.num_generated = 0

    def _scramble(self):
        generator = None
        if self.seed is not None:
            generator = lucid.Generator()
            generator.manual_seed(self.seed)
        bits = lucid.randint(2, (self.dimension, BITS), generator=generator)
        self.shift = (bits << lucid.arange(BITS)).sum(1)
        matrices = lucid.randint(2, (self.dimension, BITS, BITS), generator=generator).tril()
        matrices.diagonal(0, -2, -1).fill_(1)
        places = lucid.arange(BITS - 1, -1, -1)
        parts = (self.sobolstate.unsqueeze(-1) >> places & 1).double()
        products = (parts @ matrices.double().transpose(1, 2)).long() & 1
        self.sobolstate.copy_((products << places).sum(-1))

    def draw(self, n=1, out=None, dtype=None):
        """The next points.

        Parameters
        ----------
        n : int, optional
            How many. Default: 1.
        out : Tensor, optional
            Where to write them.
        dtype : dtype, optional
            Default: the default dtype.

        Returns
        -------
        Tensor
            Of shape (n, dimension), in [0, 1).

        Raises
        ------
        RuntimeError
            If none are asked for at the beginning.
        """
        dtype = lucid.get_default_dtype() if dtype is None else dtype
        first = self.num_generated == 0
        count, step = n - first, self.num_generated - (not first)
        if count < 0:
            raise RuntimeError(f"SobolEngine.draw() begins with one point or more, got n={n}")
        steps = np.arange(step, step + count)
        zeros = np.zeros(count, np.int64)  # where each step's lowest zero bit is
        for bit in range(BITS):
            zeros += (steps + 1) % (2 << bit) == 0
        points = np.bitwise_xor.accumulate(
            np.concatenate([self.quasi.numpy()[None], self.sobolstate.numpy().T[zeros]]), axis=0
        )
        self.quasi = lucid.from_numpy(points[-1].copy())
        result = lucid.from_numpy(points[1:]).to(dtype) * 2.0**-BITS
        if first:
            result = lucid.cat((self._first_point.to(dtype), result), -2)
        self.num_generated += n
        if out is None:
            return result
        out.resize_as_(result).copy_(result)
        return out

    def draw_base2(self, m, out=None, dtype=None):
        """The next `2**m` points.

        Parameters
        ----------
        m : int
            The logarithm of their number.
        out : Tensor, optional
            Where to write them.
        dtype : dtype, optional
            Default: the default dtype.

        Returns
        -------
        Tensor
            Of shape (2**m, dimension), in [0, 1).

        Raises
        ------
        ValueError
            If the number of all points drawn would not be a power of 2.
        """
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                f"The balance of Sobol' points asks for powers of 2: {self.num_generated} points were generated, and "
                f"n={self.num_generated}+2**{m}={total} is none. Use 'SobolEngine.draw()' instead."
            )
        return self.draw(n=n, out=out, dtype=dtype)

    def reset(self):
        """Begin again; the engine itself is returned."""
        self.quasi.copy_(self.shift)
        self.num_generated = 0
        return self

    def fast_forward(self, n):
        """Leave out points.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        SobolEngine
            The engine itself.
        """
        step = max(self.num_generated - 1, 0)
        end = max(self.num_generated + n - 1, step)
        changed = step ^ step >> 1 ^ end ^ end >> 1
        for bit in range(BITS):
            if changed >> bit & 1:
                self.quasi ^= self.sobolstate[:, bit]
        self.num_generated += n
        return self

    def __repr__(self):
        words = [f"dimension={self.dimension}"]
        if self.scramble:
            words.append("scramble=True")
        if self.seed is not None:
            words.append(f"seed={self.seed}")
        return f"{type(self).__name__}({', '.join(words)})"
