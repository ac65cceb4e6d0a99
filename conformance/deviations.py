"""Every deliberate difference from PyTorch, each with its reason. Anything else that differs is a bug.

A deviation turns 'failed' into 'deviates' for the cases it describes; it is counted and shown, never hidden. Patterns
in the manner of file names; `when` looks at the case, so that a deviation covers no more than it says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch

from .cases import tensors


@dataclass(frozen=True)
class Deviation:
    op: str  # torch path or pattern
    check: str  # name of a check or pattern
    reason: str
    subject: str = "lucid"
    dtype: str = "*"
    when: Callable = lambda case: True
    message: str = "*"  # what the check says, where it asks several things


def holds(test: Callable) -> Callable:
    """Whether an element of one of the case's tensors is so."""
    return lambda case: any(bool(test(t.detach()).any()) for t in tensors(case.args, case.kwargs))


COMPLEX = (torch.complex32, torch.complex64, torch.complex128)
EXPONENTIAL = "At NaN {}'s gradient is NaN, as PyTorch's is in full vectors; in a tensor's last elements PyTorch's is finite"


# Functions for whose gradient something else is kept than PyTorch keeps: after a write to it a gradient is refused, never wrong.
KEPT = (
    ("Tensor.__rmatmul__ matmul linalg.matmul cdist", "factors are kept as they are; PyTorch copies those that it broadcasts"),
    ("conv2d conv3d nn.functional.conv2d nn.functional.conv3d", "the input is kept as it is; PyTorch pads a copy first where the sides differ"),
    ("erfinv special.erfinv", "the result is kept, of which the gradient is made; PyTorch computes it again"),
    ("gru lstm rnn_relu", "input and biases are kept for the gradient's own gradient; of some PyTorch has copies"),
    ("nn.functional.instance_norm", "the weight is kept as it is; PyTorch repeats it for each sample"),
    ("narrow", "a start that is a tensor is kept; PyTorch reads its number"),
    ("nn.functional.cross_entropy", "scores are kept, and no logarithms of as many probabilities"),
    ("nn.functional.linear_cross_entropy", "its arguments are kept; PyTorch computes the gradients of pieces beforehand"),
    ("nn.functional.embedding_bag take_along_dim", "indices are kept as they are; PyTorch makes them contiguous, or counts from the end in a copy"),
    ("nn.functional.l1_loss nn.functional.smooth_l1_loss", "both arguments are kept, and no difference of them"),
    ("nn.functional.scaled_dot_product_attention", "keys and masks are kept as they are; PyTorch scales and fills copies"),
    ("nn.functional.tanhshrink special.ndtr", "one pass over the argument, which is kept; PyTorch keeps what lies between its steps"),
)


def _specials(case) -> bool:
    """Whether a case sits on zeros, infinities and the like."""
    return any(not torch.isfinite(t).all() for t in tensors(case.args))


def _whole_below(case) -> bool:
    """Whether a case sits on whole numbers up to 0."""
    return any(((t <= 0) & (t == t.double().floor())).any() for t in tensors(case.args) if not t.is_complex())


def _over_one_dimension(case) -> bool:
    """Whether a Fourier transform runs over a single dimension."""
    sizes = case.kwargs.get("dim", case.kwargs.get("s", case.args[0].shape))
    return isinstance(sizes, int) or len(sizes) == 1


# fmt: off
DEVIATIONS = (
    *(
        Deviation(name, "overlap", "whether an out= may meet an argument in part depends in PyTorch on sizes and on the way it takes, here on "
                  "the function alone", message=message)
        for message in ("out= *: raises *; PyTorch answers", "out= *: answers where PyTorch raises *")
        for name in (
            "addbmm", "addmm", "addmv", "addr", "aminmax", "baddbmm", "cholesky_inverse", "diff", "geqrf", "histogram",
            "inner", "kthvalue", "ldexp", "linalg.eigh", "linalg.householder_product", "linalg.ldl_factor",
            "linalg.ldl_solve", "linalg.lu*", "linalg.matrix_power", "linalg.qr", "linalg.solve*", "linalg.vector_norm",
            "lu_solve", "mode", "matrix_power", "max", "median", "min", "nanmedian", "native_batch_norm",
            "nn.functional.linear", "orgqr", "ormqr", "qr", "sort", "split_copy", "split_with_sizes_copy",
            "take_along_dim", "triangular_solve", "unbind_copy",
        )
    ),
    *(
        Deviation(name, "overlap", "in place a tensor whose elements share memory is refused by all but fills; PyTorch lets what is written "
                  "last stand", message="in place elements share memory: raises *; PyTorch answers")
        for name in ["addbmm", "addmv", "baddbmm", "conj_physical", "nan_to_num", "tril", "triu"]
    ),
    Deviation("masked.*", "kinds", "dimensions are ints; PyTorch's masked functions, which are Python, count with whatever stands there"),
    Deviation("nn.functional.linear_cross_entropy", "kinds", "text as an index is a TypeError, as in cross_entropy; PyTorch's dispatcher "
              "raises RuntimeError"),
    Deviation("nn.functional.local_response_norm", "kinds", "a size is an int also where there is nothing to normalise",
              when=lambda case: not case.args[0].numel()),
    *(Deviation(name, "kept", reason) for names, reason in KEPT for name in names.split()),
    Deviation(
        "Tensor.backward",
        "exceptions",
        "backward() without an argument on a non-scalar starts from ones, as the project's own page shows it; "
        "PyTorch raises",
    ),
    *(
        Deviation(name, "tangent", reason)
        for names, reason in (
            ("cholesky_inverse", "PyTorch's derivative is not that of its result, which reads one triangle (finite differences)"),
            ("triangular_solve", "only the triangle that is read has a derivative; PyTorch's formula takes in the other one too"),
            ("polar", "a negative modulus turns the direction in PyTorch's gradient, and so here in both modes; in PyTorch's forward "
             "mode it does not"),
            ("gradient", "a spacing that is a tensor has a derivative too; PyTorch's forward mode takes it for a number"),
            ("embedding nn.functional.embedding", "as its gradient, the derivative leaves the row of padding_idx out, and is divided "
             "by how often a row is looked up where that is asked; PyTorch's forward mode does neither"),
            ("native_group_norm", "mean and deviation are constants, as in PyTorch's gradient; in its forward mode they are not"),
            ("nn.functional.max_unpool*", "where several elements go to one place the derivative is that of the one that stays; "
             "PyTorch's forward mode takes another"),
            ("as_strided", "a view that reaches beyond its own piece of memory finds no tangent there"),
            ("topk", "sorted=False promises no order, and each library has its own"),
            ("fmax", "of equal elements the derivatives share; PyTorch's forward mode takes one, its gradient shares"),
            ("linalg.matrix_norm linalg.vector_norm linalg.norm norm masked.norm", "the tangent has the result's dtype where another "
             "is asked for, and is NaN where the norm is 0 and has no derivative"),
            ("logcumsumexp", "PyTorch's formula in forward mode cancels: it is off by 2e-8 in float64 where the derivative is off by 2e-15"),
            ("cumprod", "products of the factors before and behind are infinite where all the factors' is not yet"),
            ("linalg.det", "the derivative of a singular matrix is right; PyTorch's forward mode divides by 0 and gives 0"),
            ("pow std std_mean", "NaN where there is no derivative: 0 to the power 0, no spread"),
        )
        for name in names.split()
    ),
    *(
        Deviation(name, "tangent", "at a bound the derivative is the gradient's, that of the input; PyTorch's forward mode takes the "
                  "bound's", when=lambda case: any(isinstance(one, torch.Tensor) and (case.args[0] == one).any() for one in case.args[1:]))
        for name in ("clamp", "clip")
    ),
    Deviation("nn.functional.silu", "tangent", "PyTorch's forward mode is not the derivative of complex numbers (finite differences)",
              dtype="complex*"),
    *(
        Deviation("masked.cumprod", check, "the derivative is that of the real parts, which the result is made of; PyTorch's formulas multiply "
                  "by the complex numbers (finite differences)", dtype="complex*",
                  when=lambda case: case.kwargs.get("dtype") not in (None, *COMPLEX))
        for check in ("grad", "grad2", "tangent")
    ),
    *(
        Deviation(name, check, "derivatives are divided by differences of singular values; where those are rounding, so are these",
                  dtype="complex64")
        for name in ("pca_lowrank", "svd_lowrank") for check in ("grad", "grad2", "tangent")
    ),
    *(
        Deviation(name, "grad*", "on the cut the gradient is that of the side that the zero's sign says; PyTorch's formula knows one",
                  dtype="complex*", when=holds(lambda t: (t.imag == 0) & t.imag.signbit() & (t.real.abs() < 1)))
        for name in ("acosh", "arccosh")
    ),
    *(
        Deviation(name, "*", "at infinities the vectorised loop and the one for a tensor's last elements differ in PyTorch; this is "
                  "x / |x| of the parts", dtype="complex*", when=_specials)
        for name in ("sgn", "abs", "absolute")
    ),
    *(
        Deviation(name, "refusals", "complex results are refused in a real `out=`; PyTorch writes sums there before the next step, and so "
                  "drops the imaginary parts in between", dtype="complex*")
        for name in ("mean", "logsumexp", "special.logsumexp")
    ),
    Deviation("prod", "refusals", "a product that overflows on the way is NaN once a 0 comes: in a complex `out=` the order of the factors "
              "decides, and each library has its own", dtype="int64", when=holds(lambda t: (t > 2**62) | (t < -(2**62)))),
    *(
        Deviation(name, "refusals", "a complex `out=` takes the spread over some dimensions, as that of all elements; PyTorch has a kernel "
                  "for the latter alone", dtype="*float*", when=lambda case: len(case.args) > 1 or "dim" in case.kwargs)
        for name in ("std", "var")
    ),
    Deviation("nn.functional.gaussian_nll_loss", "tangent", "as its gradient, the derivative passes where a variance is raised to the "
              "least; PyTorch's forward mode does not let it pass", when=lambda case: bool((case.args[2] < case.args[4]).any())
              if len(case.args) > 4 else False),
    Deviation(
        "Tensor.__radd__",
        "behaviour",
        "a NumPy array on the left of an operator is taken as a tensor; PyTorch fails with a message about concatenation",
        when=lambda case: case.program.name == "arrays_beside_tensors",
    ),
    Deviation("nn.utils.rnn.pack_padded_sequence", "behaviour", "a length beyond the input's is refused; PyTorch returns a packed "
              "sequence that lacks elements", when=lambda case: case.program.name == "a_length_beyond_the_input"),
    Deviation("nn.functional.linear_cross_entropy", "grad2", "options have no effect on the result; PyTorch's pieces lose the "
              "second gradient, which it has without options", when=lambda case: case.kwargs.get("options") is not None),
    Deviation("signal.windows.general_cosine", "kinds", "text among weights is a TypeError wherever it stands; PyTorch raises a ValueError if it "
              "comes first"),
    *(
        Deviation(name, "kinds", "a bool given by the name of `dim` is taken for `unbiased`, as one by position is",
                  when=lambda case: "dim" in case.kwargs)
        for name in ("std", "std_mean", "var")
    ),
    Deviation("trapz", "kinds", "another name of trapezoid, which refuses a bool as distance; PyTorch's trapz takes one"),
    Deviation("nn.functional.hardtanh_", "kinds", "limits in the wrong order are refused, as they are out of place"),
    Deviation("nn.functional.multi_head_attention_forward", "grad2", "no attention depends on the bias of the keys: what either "
              "library gives as its gradient is rounding, here 1e-3 beside gradients of 1e6", dtype="*float*",
              when=lambda case: case.source == "own" and "random" in case.tags),
    Deviation("lstm", "promotion", "biases have the dtype of the weights, as in every other recurrent network; oneDNN, to "
              "which PyTorch hands an LSTM and no other, converts what it is given, and refuses some states",
              when=lambda case: case.source == "mixed"),
    Deviation("embedding_bag", "grad*", "a row's gradient is divided by how often that row is looked up; PyTorch divides some by "
              "another row's count", when=lambda case: len(case.args) > 3 and case.args[3] is True),
    Deviation("embedding_bag", "layouts", "the last bag ends where the last offset says; PyTorch's reaches to the end of the "
              "indices in some dtypes and modes", when=lambda case: len(case.args) > 7 and case.args[7] is True),
    Deviation("segment_reduce", "grad*", "equal extremes share the gradient; PyTorch divides only a positive one among them",
              when=lambda case: case.args[1] in ("max", "min")),
    *(
        Deviation(name, "batched_grad", "that no gradient depends on the phase of the vectors is asked with allclose, of which PyTorch has "
                  "no form for a batch", subject="torch", dtype="complex*")
        for name in ("linalg.svd", "svd", "svd_lowrank", "pca_lowrank")
    ),
    Deviation("nn.functional.pad", "batched_grad", "the gradient of circular padding of nothing takes a view that PyTorch does not batch",
              subject="torch", when=lambda case: not case.args[0].numel()),
    Deviation("native_group_norm", "batched_grad", "PyTorch's backward pass fails for a batch of gradients", subject="torch"),
    Deviation("has_mkl", "behaviour", "products are kernels of its own and LAPACK comes with NumPy; neither is MKL"),
    Deviation("view_as_complex*", "layouts", "takes any offset; PyTorch refuses an odd one, which its loads cannot take"),
    Deviation("special.round", "promotion", "rounds integers, as round does; PyTorch refuses some of them under this name",
              dtype="*int*"),
    *(
        Deviation("topk", check, "sorted=False promises no order, and each library has its own",
                  when=lambda case: case.kwargs.get("sorted") is False)
        for check in ("value", "grad", "grad2", "layouts", "method", "out", "simd")
    ),
    *(
        Deviation(name, "simd", "without fused multiply-add alpha times the largest numbers overflows by itself",
                  dtype="float*", when=lambda case: case.label.endswith("@base") and _specials(case))
        for name in ("add", "sub", "subtract", "rsub")
    ),
    Deviation("quasirandom.SobolEngine*", "behaviour", "the direction numbers that come along reach to 1111 dimensions; PyTorch's to 21201",
              when=lambda case: case.program.name == "more_dimensions_than_1111"),
    Deviation("nn.functional.grouped_mm", "layouts", "takes tensors of any strides; PyTorch refuses those that its GPU kernels cannot "
              "load"),
    Deviation("*conv*3d", "formats", "PyTorch has several loops over volumes, chosen by size, dtype and groups, of which one knows no memory "
              "formats; here half precision keeps them, and float32 where there is more than one volume"),
    Deviation("kron", "layouts", "takes tensors of any strides; PyTorch refuses some, where a view cannot be made"),
    *(
        Deviation("*", "promotion", "PyTorch finds that it has no kernel for complex32; this is computed in complex64 "
                  "and rounded", dtype=dtype, when=lambda case: case.label != "dim")
        for dtype in ("float16+complex", "float16+complex64", "float16+complex128")
    ),
    Deviation("ldexp", "promotion", "PyTorch promotes the exponents apart from the first operand, as no other operation does",
              dtype="*uint[136]*"),
    Deviation("ldexp", "promotion", "PyTorch raises the 2 to a float16 power in complex32, and the product is of it",
              dtype="complex*+float16"),
    *(
        Deviation(f"logical_{name}", "inplace", "the result is constant: the gradient of what it overwrote is 0. PyTorch "
                  "does not record the write, and passes the gradient on as if the old values were still there")
        for name in ("not", "and", "or", "xor")
    ),
    *(
        Deviation(name, check, "at whole numbers up to 0 the derivatives of digamma are infinite, and at infinity 0; PyTorch "
                  "has large numbers there, made of the rounding error of pi, and NaN", when=_specials)
        for name in ("lgamma", "digamma", "mvlgamma")
        for check in ("grad", "grad2", "inplace")
    ),
    *(
        Deviation(name, check, "at whole numbers up to 0 the trigamma function is infinite; PyTorch has large numbers there, "
                  "made of the rounding error of pi", when=_whole_below)
        for name in ("polygamma", "special.polygamma")
        for check in ("nonfinite", "layouts")
    ),
    *(
        Deviation("digamma", check, "one ULP away from a pole PyTorch is off by almost a half", dtype="float64", when=_specials)
        for check in ("value", "layouts", "method", "out", "simd")
    ),
    *(
        Deviation(name, check, "PyTorch's derivative is NaN or infinite where an intermediate result overflows; it is 0",
                  when=lambda case: any((t.abs() > 1e18).any() for t in tensors(case.args)))
        for name, check in (("sinc", "grad2"), ("special.erfcx", "grad"), ("special.erfcx", "grad2"))
    ),
    *(
        Deviation(name, "grad2", "next to 0 PyTorch's second derivative is a difference of rounding errors, and NaN at 0",
                  when=lambda case: any((t.abs() < 0.05).any() for t in tensors(case.args)))
        for name in ("sinc", "special.i1", "special.i1e")
    ),
    *(
        Deviation("special.log_ndtr", check, "far below 0 the derivative is -x; PyTorch's formula is off by the rounding "
                  "error of x*x, overflows and has NaN at the end",
                  when=lambda case: any((t < -100).any() for t in tensors(case.args)))
        for check in ("grad", "grad2")
    ),
    *(
        Deviation(f"special.{name}", check, "PyTorch's double precision is off by up to 3e-6 here, beyond the first zeros and in "
                  "the Airy function's middle; the result agrees with 40 digits to a few ULP", dtype="float64")
        for name in ("airy_ai", "bessel_j0", "bessel_j1", "bessel_y1")
        for check in ("value", "layouts", "out", "promotion", "simd")
    ),
    *(
        Deviation("special.zeta", check, "of the largest exponents it is 0 beyond 1, where each term vanishes; PyTorch's "
                  "formula multiplies that with infinity", when=lambda case: any((t > 1e18).any() for t in tensors(case.args)))
        for check in ("nonfinite", "layouts", "out", "simd")
    ),
    *(
        Deviation(f"nn.functional.{name}", "grad*", EXPONENTIAL.format(name), dtype="float32", when=holds(torch.isnan))
        for name in ("elu", "celu", "selu")
    ),
    *(
        Deviation(f"nn.functional.{name}", "grad*", EXPONENTIAL.format(name), dtype="*float16", when=holds(torch.isnan))
        for name in ("elu", "celu", "selu", "hardswish")
    ),
    *(
        Deviation(name, "tangent", "the tangent has the result's dtype; PyTorch's forward mode makes a float32 of it", dtype="*float16")
        for name in ("frexp", "renorm", "var", "var_mean")
    ),
    *(
        Deviation(name, "*", "half precision has no factorisation, not of an empty matrix either, and says so before it looks at "
                  "shapes; PyTorch refuses it too where there are elements", dtype=dtype,
                  when=lambda case: "error" in case.tags or any(t.numel() == 0 for t in tensors(case.args)))
        for dtype in ("*float16", "complex32")
        for name in ("linalg.cholesky_ex", "linalg.det", "linalg.eigh", "linalg.eigvalsh", "linalg.ldl_*", "linalg.lu_solve", "lu_solve",
                     "linalg.qr", "qr", "linalg.slogdet", "logdet", "linalg.solve_ex", "linalg.svd", "svd", "pca_lowrank", "svd_lowrank")
    ),
    *(
        Deviation(
            "nn.functional.gelu",
            check,
            "of infinity it is infinity, of the largest numbers themselves; one of PyTorch's two float32 kernels answers "
            "NaN and infinity",
            dtype="float32",
            when=holds(lambda t: t > 1e38),
        )
        for check in ("nonfinite", "layouts", "out", "grad")
    ),
    Deviation(
        "nn.functional.mish",
        "grad2",
        "beyond 88 the second gradient is 0; an exponential in PyTorch's formula overflows and gives NaN",
        when=holds(lambda t: t > 88),
    ),
    Deviation(
        "nn.functional.silu",
        "grad2",
        "at the largest numbers the second gradient is 0; a product in PyTorch's formula overflows and gives NaN",
        when=holds(lambda t: t.abs() > torch.finfo(t.dtype).max / 4),
    ),
    Deviation(
        "nn.functional.softsign",
        "grad*",
        "at infinities the gradients are 0, their limit; PyTorch divides infinity by infinity",
        when=holds(torch.isinf),
    ),
    Deviation(
        "nn.functional.prelu",
        "grad2",
        "the second gradient at 0 is that of the first, which takes 0 for negative; PyTorch's takes it for positive there",
        when=holds(lambda t: t == 0),
    ),
    *(
        Deviation(
            "nn.functional.embedding_bag",
            check,
            "with include_last_offset the last bag ends at the last offset; in some dtypes and layouts PyTorch's runs to the "
            "end of the input",
            when=lambda case: case.kwargs.get("include_last_offset", False),
        )
        for check in ("value", "grad", "layouts", "simd")
    ),
    Deviation(
        "nn.functional.embedding_bag",
        "grad",
        "with scale_grad_by_freq each row's gradient is divided by how often that row was looked up; PyTorch takes the "
        "count of another row where several are the same",
        when=lambda case: case.kwargs.get("scale_grad_by_freq") or len(case.args) > 5 and bool(case.args[5]),
    ),
    *(
        Deviation("native_group_norm", check, "the statistics are constants, as those of the other two are; PyTorch marks them as "
                  "requiring a gradient, and has none for them")
        for check in ("grad", "grad2")
    ),
    Deviation("native_group_norm", "layouts", "takes tensors of any strides; PyTorch refuses some"),
    Deviation(
        "nn.CrossMapLRN2d",
        "module_grad",
        "the gradient is that of the result, as finite differences confirm; PyTorch's takes one channel before for one behind",
    ),
    Deviation(
        "nn.functional.ctc_loss",
        "grad",
        "the gradient at an impossible class is 0, as that of its softmax is; PyTorch's subtracts infinities",
        when=holds(lambda t: t == -math.inf),
    ),
    Deviation(
        "Tensor.__str__",
        "*",
        "str() of a tensor shows its values alone, or Tensor(values, grad=...) when it requires grad, as the "
        "project's own page shows it",
    ),
    Deviation(
        "linalg.det",
        "grad*",
        "at a singular matrix the gradient is the matrix of cofactors, as finite differences confirm; PyTorch answers "
        "zeros there",
        when=lambda case: case.source == "own" and _singular(case.args[0]),
    ),
    Deviation(
        "linalg.slogdet",
        "grad*",
        "at a singular matrix the logarithm has no gradient, and NaN says so; PyTorch's is whatever mixture of "
        "infinities and NaN its LAPACK divides out of a zero pivot",
        when=lambda case: case.source == "own" and _singular(case.args[0]),
    ),
    Deviation(
        "as_strided_scatter",
        "grad*",
        "elements that were overwritten have the gradient 0, as finite differences confirm; PyTorch passes them the "
        "gradient of what overwrote them",
    ),
    *(
        Deviation(
            op,
            "*",
            "the sum of squares overflows, so the variance is infinite, which is what it rounds to; PyTorch's running "
            "update subtracts infinities (in float64 alone: it has float32 in double)",
            dtype=dtype,
            when=lambda case: _overflows(case),
        )
        for op in ("var", "std", "var_mean", "std_mean") for dtype in ("float64", "complex128")
    ),
    Deviation("linalg.vector_norm", "grad2", "2**-1024 has no reciprocal, and so a complex quotient by it is infinite, in PyTorch too; its "
              "formula for this gradient does without", when=lambda case: case.id == "linalg.vector_norm/own/complex128/12"),
    Deviation(
        "prod",
        "*",
        "a product that overflows on the way and meets a zero or a denormal later depends on the order of its factors, "
        "and that on the lanes of a vector, in PyTorch too",
        dtype="float64",
        when=lambda case: _overflows(case),
    ),
    *(
        Deviation("cumprod", check, "next to the largest number one part of a product overflows on the way or not, by the order of the "
                  "factors and whether multiply-add is fused, in PyTorch too: 5 of 602,000 elements here", dtype="complex128",
                  when=lambda case: "large" in case.tags and not case.args[0].detach().cumprod(case.args[1]).isfinite().all())
        for check in ("nonfinite", "method", "inplace", "out")
    ),
    *(
        Deviation(
            op,
            "grad2",
            "a gradient that was scaled by how often each index occurs is scaled when it is differentiated again, too; "
            "PyTorch's second gradient forgets the scale",
            when=lambda case, at=at: bool(case.kwargs.get("scale_grad_by_freq")) or len(case.args) > at and bool(case.args[at]),
        )
        for op, at in (("nn.functional.embedding", 5), ("embedding", 3))
    ),
    Deviation("instance_norm", "promotion", "running statistics may be of any floating dtype and no other; PyTorch takes a mean "
              "of any dtype, and a variance of the input's alone", when=lambda case: case.source == "mixed"),
    Deviation("*conv_tbc", "layouts", "takes tensors of any strides; PyTorch refuses some"),
    Deviation("affine_grid_generator", "*", "maps are floating, as for affine_grid; PyTorch computes a grid of whole numbers, in "
              "which a place between two pixels is one of them", dtype="*int*"),
    Deviation(
        "narrow_copy",
        "exceptions",
        "a dimension out of range is an IndexError, as narrow's is; PyTorch's narrow_copy fails an internal assertion",
        when=lambda case: len(case.args) > 1 and case.args[1] >= case.args[0].dim(),
    ),
    *(
        Deviation(
            "addbmm",
            check,
            "a tensor that the result does not fit into is refused, as by all other in-place forms; PyTorch's addbmm_ alone "
            "gives the tensor another shape",
            when=lambda case: case.args[0].shape != (case.args[1].shape[1], case.args[2].shape[2]),
            message="* doesn't match the broadcast shape *" if check == "overlap" else "*",
        )
        for check in ("inplace", "overlap")
    ),
    *(
        Deviation(
            "linalg.lstsq",
            check,
            "without columns what is left is the right side, and its squared norm the residual; PyTorch answers 0, with the "
            "gradient of that norm",
            when=lambda case: case.args[0].shape[-1] == 0 and case.args[1].numel() > 0,
        )
        for check in ("value", "empty", "layouts", "out", "simd")
    ),
    *(
        Deviation(name, "refusals", "out= may be of any dtype that the result can be cast to; PyTorch's answer depends on which of "
                  "the functions under one name is called")
        for name in ("clamp", "clip", "lerp", "linalg.matrix_power", "matrix_power", "diff", "inner")
    ),
    *(
        Deviation(name, "refusals", "out= is filled over one dimension as over several, and may be of the other complex dtype there "
                  "too; PyTorch then gives back an empty tensor, and takes only the result's dtype", when=_over_one_dimension)
        for name in ("fft.ihfftn", "fft.ihfft2")
    ),
    *(
        Deviation(name, "refusals", "what is not zero is true also where out= is of uint8; PyTorch converts the elements to uint8 "
                  "first, to which 0.5 and 256 are zero")
        for name in ("any", "all")
    ),
    *(
        Deviation(name, "refusals", "out= of float32 is taken for half precision, as it is along dimensions; PyTorch has no kernel for "
                  "all elements", dtype=dtype)
        for name in ("std", "var")
        for dtype in ("*float16", "complex32")
    ),
    Deviation("nansum", "refusals", "out= of integers is taken, as dtype= of integers is; PyTorch has no kernel for the former",
              message="with out= of int*"),
    Deviation("nanmean", "refusals", "out= of integers is refused as what a mean cannot be cast to; PyTorch has no kernel",
              message="with out= of int*"),
    Deviation("prod", "refusals", "what goes into an out= of lesser precision is multiplied in the operands'; PyTorch rounds them "
              "first", when=lambda case: case.id in ("prod/generated/float64/large1", "prod/own/complex64/9")),
    Deviation("sum", "refusals", "the largest integers cancel in floating point in another order", when=lambda case: case.id in ("sum/own/int64/9", "sum/own/int32/9")),
    Deviation("nansum", "refusals", "as sum", dtype="int64", when=holds(lambda t: (t > 2**62) | (t < -(2**62)))),
    Deviation("std", "refusals", "a root of a variance beyond float32 is infinite whatever out= is, as PyTorch's is without out=",
              when=lambda case: case.id == "std/own/complex64/9"),
    Deviation("native_batch_norm", "refusals", "out= of a wrong dtype is found when the running statistics have been updated",
              message="* was changed by the call that failed"),
    Deviation("renorm", "exceptions", "complex32 is computed in complex64 and rounded; PyTorch fails an internal assertion", dtype="complex32"),
    Deviation("index_add", "exceptions", "PyTorch raises IndexError in complex32, and RuntimeError in all other dtypes",
              dtype="complex32"),
    Deviation(
        "gather",
        "exceptions",
        "out= that has to grow gets memory of its own, so it cannot come to overlap an argument as PyTorch's does",
        when=lambda case: case.id == "gather/opinfo/error/7",
    ),
)
# fmt: on


def _overflows(case) -> bool:
    """Whether the first argument holds finite numbers so large that their squares overflow."""
    x = case.args[0].detach()
    return bool((x.isfinite() & ~(x * x).isfinite()).any())


def _singular(matrix) -> bool:
    """Whether a matrix (or one of a batch) is singular, beyond what rounding hides."""
    return bool((torch.linalg.matrix_rank(matrix.detach()) < matrix.shape[-1]).any())


# Names of PyTorch's for a function that stands in the table under another.
ALIASES = {
    "celu": "nn.functional.celu", "selu": "nn.functional.selu", "prelu": "nn.functional.prelu",
    "special.digamma": "digamma", "special.psi": "digamma", "special.gammaln": "lgamma",
    "special.multigammaln": "mvlgamma", "special.sinc": "sinc", "slogdet": "linalg.slogdet",
}  # fmt: skip


def deviation(subject: str, case, check: str, message: str) -> str:
    """The reason why a failure of this case, of which the check says `message`, is meant, '' when it is not."""
    for item in DEVIATIONS:
        if (
            item.subject == subject
            and (fnmatchcase(case.op, item.op) or fnmatchcase(ALIASES.get(case.op, case.op), item.op))
            and fnmatchcase(check, item.check)
            and fnmatchcase(case.dtype, item.dtype)
            and fnmatchcase(message, item.message)
            and item.when(case)
        ):
            return item.reason
    return ""
