"""`python -m lucid program.py [arguments]`: run a program written for PyTorch, where `import torch` gives Lucid."""

import runpy
import sys
from pathlib import Path

from lucid.alias import install_as_torch


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    install_as_torch()
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
