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
__all__ = ["all_return_types", "slogdet", *(name for names in FIELDS.values() for name in names.split())]


class Result(tuple):
    """A tuple whose parts have names; made of the parts, or of one sequence of them."""

    __slots__ = ()
    _fields = ()
    n_fields = n_sequence_fields = n_unnamed_fields = 0

    def __new__(cls, *parts):
        parts = parts if len(parts) != 1 else parts[0]
        if len(parts) != len(cls._fields):
            raise TypeError(
                f"{cls.__module__}.{cls.__name__}() takes a {len(cls._fields)}-sequence ({len(parts)}-sequence given)"
            )
        return tuple.__new__(cls, parts)

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={part!r}" for name, part in zip(self._fields, self))
        return f"{type(self).__module__}.{type(self).__name__}(\n{parts})"


for _parts, _names in FIELDS.items():
    _fields = tuple(_parts.split())
    for _name in _names.split():
        globals()[_name] = type(_name, (Result,), {
            "__slots__": (), "__module__": __name__, "__match_args__": _fields, "_fields": _fields,
            "n_fields": len(_fields), "n_sequence_fields": len(_fields), "__doc__": f"What `{_name.replace('linalg_', 'linalg.')}` returns: {', '.join(_fields)}.",
            **{field: property(itemgetter(i)) for i, field in enumerate(_fields)},
        })  # fmt: skip
all_return_types = Result.__subclasses__()
slogdet = globals()["linalg_slogdet"]  # two names of one operation
