"""Parametrizations of weights: by norm and direction, by the largest singular value, by orthogonal matrices."""

from __future__ import annotations

import lucid
from lucid.autograd.modes import no_grad
from lucid.nn import functional as F
from lucid.nn.modules.conv import _ConvTransposeNd
from lucid.nn.modules.module import Module
from lucid.nn.utils import parametrize
from lucid.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def scaled(direction: Tensor, size: Tensor, dim: int) -> Tensor:
    """A direction at these norms."""
    return direction * (size / lucid.norm_except_dim(direction, 2, dim))


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        return lucid.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Have a weight computed from its norms and its direction, which are learned apart.

    Parameters
    ----------
    module : Module
        Whose weight it is.
    name : str, optional
        Its name (default "weight").
    dim : int, optional
        Along which each slice has a norm of its own (default 0); None or -1: there is one norm.

    Returns
    -------
    Module
        The module itself.

    References
    ----------
    Salimans, Kingma, "Weight Normalization", 2016.

    Examples
    --------
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> layer.parametrizations.weight.original0.shape
    lucid.Size([2, 1])
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(module, state_dict, prefix, *rest):
        """States of the older `nn.utils.weight_norm` have other names."""
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(one in state_dict for one in old):
            for i, one in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(one)

    module.register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12):
        super().__init__()
        ndim = weight.dim()
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps = dim % ndim, eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            for name, size in zip(("_u", "_v"), matrix.shape):
                self.register_buffer(name, F.normalize(matrix.new_empty(size).normal_(0, 1), dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    @no_grad
    def _iterate(self, matrix: Tensor, times: int) -> None:
        for _ in range(times):
            self._u.copy_(F.normalize(lucid.mv(matrix, self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(lucid.mv(matrix.mH, self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        if weight.dim() == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next call overwrites them, and gradients need them
        return weight / lucid.vdot(u, lucid.mv(matrix, v))

    def right_inverse(self, value):
        return value


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Have a weight divided by its largest singular value, which a power iteration follows in training.

    Parameters
    ----------
    module : Module
        Whose weight it is.
    name : str, optional
        Its name (default "weight").
    n_power_iterations : int, optional
        Iterations a call in training (default 1).
    eps : float, optional
        Least norm that is divided by (default 1e-12).
    dim : int, optional
        The dimension of the outputs: 0, of transposed convolutions 1.

    Returns
    -------
    Module
        The module itself.

    References
    ----------
    Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial Networks", 2018.

    Examples
    --------
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(20, 40), n_power_iterations=50)
    >>> round(lucid.linalg.matrix_norm(layer.weight, 2).item(), 2)
    1.0
    """
    weight = _weight_of(module, name)
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


MAPS = ("matrix_exp", "cayley", "householder")


def _orthogonalised(matrix: Tensor) -> Tensor:
    """The orthogonal factor of a matrix, of which an orthogonal one has itself."""
    reflections, tau = lucid.geqrf(matrix)
    q = lucid.linalg.householder_product(reflections, tau)
    return q * reflections.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool):
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x):
        wide = x.size(-2) < x.size(-1)
        if wide:
            x = x.mT
        n, k = x.shape[-2:]
        if self.orthogonal_map == "householder":
            a = x.tril(-1)
            tau = 2.0 / (1.0 + (a * a).sum(-2))
            q = lucid.linalg.householder_product(a, tau)
            q = q * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            a = x.tril()
            if n != k:
                a = lucid.cat([a, a.new_zeros(n, n - k).expand(*a.shape[:-2], -1, -1)], -1)
            a = a - a.mH
            if self.orthogonal_map == "matrix_exp":
                q = lucid.matrix_exp(a)
            else:
                one = lucid.eye(n, dtype=a.dtype)
                q = lucid.linalg.solve(one - 0.5 * a, one + 0.5 * a)
            q = q[..., :k]
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    @no_grad
    def right_inverse(self, q):
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
            )
        start = lucid.zeros_like(q)
        wide = q.size(-2) < q.size(-1)
        if wide:
            q = q.mT
        n, k = q.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when use_trivialization=False."
                )
            a, tau = lucid.geqrf(q)
            signs = a.diagonal(dim1=-2, dim2=-1)
            signs.copy_(lucid.where(tau == 0, -signs.sign(), signs.sign()))
            return a.mT if wide else a
        if n != k:
            q = _orthogonalised(lucid.cat([q, lucid.randn(*q.shape[:-2], n, n - k, dtype=q.dtype)], -1))
        elif lucid.allclose(q.mH @ q, lucid.eye(k, dtype=q.dtype), atol=10.0 * n * lucid.finfo(q.dtype).eps):
            q = q.clone()
        else:
            q = _orthogonalised(q)
        self.base = q
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Have a weight be an orthogonal (or unitary) matrix, or a part of its columns or rows.

    Parameters
    ----------
    module : Module
        Whose weight it is.
    name : str, optional
        Its name (default "weight"); of two dimensions or more.
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        How it is computed; default: by the matrix exponential where it is square or complex, else by reflections.
    use_trivialization : bool, optional
        Start from the weight as it is, of which the nearby ones are parametrized (default True).

    Returns
    -------
    Module
        The module itself.

    References
    ----------
    Lezcano-Casado, "Trivializations for Gradient-Based Optimization on Manifolds", 2019.

    Examples
    --------
    >>> weight = nn.utils.parametrizations.orthogonal(nn.Linear(20, 40)).weight
    >>> lucid.allclose(weight.T @ weight, lucid.eye(20), atol=1e-5)
    True
    """
    weight = _weight_of(module, name)
    if weight.dim() < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.dim()} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)
