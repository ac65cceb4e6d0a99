"""`python -m lucid program.py` or `python -m lucid -m module`: run a program written for PyTorch; `import torch` gives Lucid."""

import runpy
import sys
from pathlib import Path

from lucid.alias import install_as_torch


def main() -> None:
    del sys.argv[0]
    module = sys.argv[:1] == ["-m"]
    if len(sys.argv) < 1 + module:
        sys.exit(__doc__)
    install_as_torch()
    if module:
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        return
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
