"""The compiled kernels, at the SIMD level of this processor.

Every kernel module exists once per level, in the folder of that name; the chosen folder joins this
package's path, so that `from lucid._kernels import pointwise` finds the right one.
"""
import os

__path__.append(os.path.join(__path__[0], "v4"))
