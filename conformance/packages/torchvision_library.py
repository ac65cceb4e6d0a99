"""torchvision's operators on PyTorch for the CPU, whichever wheel they come in.

PyPI's is built for CUDA, and loads only beside its libraries, although what it has for the CPU asks nothing of them: where they are
not, empty ones of their names stand for them.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
import subprocess
import tempfile
from pathlib import Path

LIBRARIES = ("libcudart.so.13", "libc10_cuda.so", "libtorch_cuda.so")


def load() -> None:
    """Make torchvision's library loadable; to be called before torchvision is imported."""
    import torch

    path = Path(importlib.util.find_spec("torchvision").origin).with_name("_C.so")
    if not torch.version.git_version or not path.exists():
        return  # not PyTorch; not Linux, where its wheel has nothing of CUDA
    try:
        ctypes.CDLL(str(path))
    except OSError:
        names = re.findall(r"U (\w*cuda\w*)", subprocess.run(["nm", "-D", path], capture_output=True, text=True, check=True).stdout)
        with tempfile.TemporaryDirectory() as folder:
            source, versions = Path(folder, "empty.c"), Path(folder, "versions")
            # What registers code for the device has to answer with something.
            source.write_text("static long room;\n" + "".join(f"long *{name}(void) {{ return &room; }}\n" for name in sorted(set(names))))
            versions.write_text(f"{LIBRARIES[0]} {{ *; }};\n")
            for library in LIBRARIES:
                versioned = [f"-Wl,--version-script={versions}", str(source)] if library == LIBRARIES[0] else ["-x", "c", "/dev/null"]
                target = Path(folder, library)
                subprocess.run(["cc", "-shared", "-fPIC", f"-Wl,-soname,{library}", "-o", target, *versioned], check=True)
                ctypes.CDLL(str(target), ctypes.RTLD_GLOBAL)
