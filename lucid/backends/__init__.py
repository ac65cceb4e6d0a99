"""What programs ask about the libraries that PyTorch is linked with, and the switches they set.

Switches are remembered and change nothing: results are the same each time, and float32 products are exact to float32.
"""

from lucid.backends import cpu, cuda, cudnn, cusparselt, kleidiai, mha, mkl, mkldnn, mps, openmp, opt_einsum  # noqa: F401
