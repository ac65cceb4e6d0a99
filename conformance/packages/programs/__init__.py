"""What is done with each package: programs that say `import torch`, whichever library that gives.

A program is a generator of (what it is, tensor), and stands in the file of its field under the package's name; to add one
is to write it there.
"""

import importlib
import pkgutil

from ..program import PROGRAMS

__all__ = ["PROGRAMS"]

for found in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{found.name}")
