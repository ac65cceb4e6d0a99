"""What is not asked of a dense CPU library, with the reason. One table; the first pattern that matches counts.

Patterns are torch paths in the manner of file names (`*` matches dots too). Everything that is not listed here is
asked, and is missing when it is not there.
"""

from fnmatch import fnmatchcase

PRIVATE_NAME = "private to PyTorch (leading underscore), kept for its own compiler and kernels"

OUT_OF_SCOPE = (
    ("sparse.*", "sparse tensors"),
    ("*to_sparse*", "sparse tensors"),
    ("*sparse_*", "sparse tensors"),
    ("*.sspaddmm", "sparse tensors"),
    ("sspaddmm", "sparse tensors"),
    ("hspmm", "sparse tensors"),
    ("optim.SparseAdam", "sparse tensors"),
    ("jiterator*", "CUDA: compiles a kernel for the graphics processor"),
    ("nested.*", "nested (jagged) tensors"),
    ("*nested_tensor*", "nested (jagged) tensors"),
    ("*quantize*", "quantized tensors"),
    ("*int_repr", "quantized tensors"),
    ("*fbgemm_*", "quantized tensors"),
    ("*mkldnn*", "conversion to a layout of oneDNN"),
    ("ops.aten.*", "an operator below the public interface"),
    ("torch.ops.aten.*", "an operator below the public interface"),
    ("max_pool2d_with_indices_backward", "an operator below the public interface"),
    ("_*", PRIVATE_NAME),
    ("torch._*", PRIVATE_NAME),
    ("nn.functional._*", PRIVATE_NAME),
    ("_C.*", PRIVATE_NAME),
)
KEPT = ("__*__",)  # Python's own protocol looks private and is not


def out_of_scope(path: str) -> str:
    """The reason why a torch path is not asked, '' when it is."""
    if any(fnmatchcase(path, pattern) for pattern in KEPT):
        return ""
    return next((reason for pattern, reason in OUT_OF_SCOPE if fnmatchcase(path, pattern)), "")
