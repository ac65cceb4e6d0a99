"""What operations with several results return: tuples whose parts have names, a class for each operation.

A class's name is that of its operation, `linalg_svd` for `linalg.svd`, as in PyTorch; the parts are in `FIELDS`.
"""

from __future__ import annotations

from operator import itemgetter

FIELDS = {
    "values indices": "max min cummax cummin median nanmedian mode kthvalue sort topk",
    "min max": "aminmax",
    "mantissa exponent": "frexp",
    "hist bin_edges": "histogram histogramdd",
    "eigenvalues eigenvectors": "linalg_eig linalg_eigh",
    "U S Vh": "linalg_svd",
    "U S V": "svd",
    "Q R": "linalg_qr qr",
    "a tau": "geqrf",
    "L info": "linalg_cholesky_ex",
    "inverse info": "linalg_inv_ex",
    "result info": "linalg_solve_ex",
    "LD pivots": "linalg_ldl_factor",
    "LD pivots info": "linalg_ldl_factor_ex",
    "LU pivots": "linalg_lu_factor",
    "LU pivots info": "linalg_lu_factor_ex",
    "P L U": "linalg_lu lu_unpack",
    "solution residuals rank singular_values": "linalg_lstsq",
    "sign logabsdet": "linalg_slogdet",
    "solution cloned_coefficient": "triangular_solve",
}
__all__ = ["all_return_types", "slogdet", *(name for names in FIELDS.values() for name in names.split())]  # noqa: F822


class Result(tuple):
    """A tuple whose parts have names; made of the parts, or of one sequence of them."""

    __slots__ = ()
    _fields = ()
    n_fields = n_sequence_fields = n_unnamed_fields = 0

    def __new__(cls, *parts):
        if len(parts) == 1 or parts and isinstance(parts[0], (tuple, list)):  # after the sequence PyTorch's take a dictionary
            parts = parts[0]
        if len(parts) != len(cls._fields):
            raise TypeError(
                f"{cls.__module__}.{cls.__name__}() takes a {len(cls._fields)}-sequence ({len(parts)}-sequence given)"
            )
        return tuple.__new__(cls, parts)

    def __reduce__(self):
        return type(self), (tuple(self), {})

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={part!r}" for name, part in zip(self._fields, self))
        return f"{type(self).__module__}.{type(self).__name__}(\n{parts})"


def _class(name: str, fields: tuple) -> type[Result]:
    """The class of what an operation returns."""
    return type(name, (Result,), {
        "__slots__": (), "__module__": __name__, "__match_args__": fields, "_fields": fields, "n_fields": len(fields),
        "n_sequence_fields": len(fields), "__doc__": f"What `{name.replace('linalg_', 'linalg.')}` returns: {', '.join(fields)}.",
        **{field: property(itemgetter(i)) for i, field in enumerate(fields)},
    })  # fmt: skip


def __getattr__(name: str):
    """A class is made when it is first asked for: all of them would take a seventieth of the package's import."""
    if name == "slogdet":  # two names of one operation
        found = __getattr__("linalg_slogdet")
    elif name == "all_return_types":
        found = [globals().get(one) or __getattr__(one) for names in FIELDS.values() for one in names.split()]
    else:
        parts = next((parts for parts, names in FIELDS.items() if name in names.split()), None)
        if parts is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = _class(name, tuple(parts.split()))
    return globals().setdefault(name, found)  # another thread's, if that was first
