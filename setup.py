"""Build of the kernels: which modules there are, with which directives, for which SIMD levels.

Each kernel module is translated to C once and compiled once per SIMD level, into
``lucid/_kernels/<level>/``; ``lucid/_kernels/__init__.py`` chooses the level when it is imported.

Environment
-----------
LUCID_BUILD_LEVELS
    Comma-separated levels to build (default: all that the machine's architecture has).
LUCID_DEBUG=1
    Bounds checks and assertions on, optimisation low.
LUCID_SANITIZE=address
    Compile and link with a sanitizer of the compiler's.
"""

import copy
import os
import platform
import shlex
import subprocess
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# Compiled once, at the baseline: what is shared by all kernels of a process, and loops that gain little by wider vectors
# (sort: 7.3 ms for 1024 rows of 1024 at the baseline, 6.4 at v4; bilinear resampling 0.65 and 0.60 ms for 2 x 8 x 64 x 64).
SHARED = ["core", "threads", "sort", "resample"]
# Compiled for every SIMD level,
KERNELS = [path.stem for path in sorted(Path("pyx").glob("*.pyx")) if path.stem not in SHARED]
# but for those that the level below serves as well (time at v3 by that at v4, 256 x 256, one thread: copies 0.94 to 1.04, special
# functions 0.97 to 1.0, pooling 0.81 to 1.07, index operations 0.96 to 1.07 but masked_fill 1.4), or nearly so (fft 1.1).
LEFT_OUT = dict.fromkeys(["copy", "fft", "index", "pool", "special"], ["v4"])

DEBUG = os.environ.get("LUCID_DEBUG", "0") == "1"
SANITIZE = os.environ.get("LUCID_SANITIZE", "")

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "cdivision": True,
    "embedsignature": False,
    "freethreading_compatible": True,
}

X86 = sysconfig.get_platform().endswith(("x86_64", "amd64"))  # the target's, where it is not this machine
LEVELS = {"base": []}
if X86:
    LEVELS |= {"v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
if wanted := os.environ.get("LUCID_BUILD_LEVELS"):
    LEVELS = {level: LEVELS[level] for level in wanted.split(",")}


def macros() -> str:
    """What the C compiler defines; nothing where there is none, or it cannot be asked."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        return subprocess.run([*compiler, "-dM", "-E", "-x", "c", os.devnull], capture_output=True, text=True).stdout
    except OSError:
        return ""


DEFINED = macros()
CLANG = "#define __clang__ " in DEFINED
GCC = "#define __GNUC__ " in DEFINED and not CLANG

# -fno-trapping-math: without it a select such as `x if x > 0 else a*x` is not vectorised, 20 times slower.
# Never -ffast-math: NaN and infinities are part of the contract.
FLAGS = ["-fno-math-errno", "-fno-trapping-math", "-fno-strict-aliasing", "-fvisibility=hidden"]
FLAGS += ["-Wno-tautological-compare"]  # a rule for all dtypes asks x != x of integers too
if GCC:
    FLAGS += ["-Wno-maybe-uninitialized"]  # gcc loses track of which operands of a task are read
if CLANG:
    FLAGS += ["-Wno-bitwise-instead-of-logical"]  # both sides are computed, so that the loop has no branch
    FLAGS += ["-Wno-incompatible-pointer-types-discards-qualifiers"]  # Cython's temporaries drop const
FLAGS += ["-O1", "-g"] if DEBUG or SANITIZE else ["-O3", "-g0"]
# Flags of single modules. random reproduces a stream bit for bit: each fused multiply-add there is written out.
MODULE_FLAGS = {"random": ["-ffp-contract=off"]}
if GCC:
    # A rule that is called rather than inlined is not vectorised. pointwise holds hundreds of loops in a few functions,
    # beyond what gcc lets a function grow by inlining: exp was 8 times slower.
    MODULE_FLAGS["pointwise"] = [
        f"--param={name}={value}"
        for name, value in (
            ("large-function-growth", 100000), ("inline-unit-growth", 100000), ("max-inline-insns-single", 5000),
        )
    ]  # fmt: skip
    # fft's vectors are written out: it is as fast so, and a third of it at -O3 was copies of functions for constants.
    MODULE_FLAGS["fft"] = [] if DEBUG or SANITIZE else ["-O2", "-fpeel-loops"]
if CLANG:
    # It unrolls loops of a block's size before it looks for vectors, and does not inline the long rules: exp 10, lgamma 3.6 times slower.
    FLAGS += ["-fno-unroll-loops"]
    MODULE_FLAGS["pointwise"] = ["-mllvm", "-inline-threshold=5000"]
# At base, which on x86 only processors without AVX2 run, these lose nothing, or a power of three and a clamp, by less unrolling:
# 120 KB of the wheel. (Others do: products, copies and random numbers take up to 1.7 times their time.)
SMALLER = {"loss", "norm", "optim", "pointwise", "reduce", "special"} if X86 and GCC else set()
LINK = ["-lm"] if os.name == "posix" else []  # an explicit libm: wheel repair looks at symbol versions
if platform.system() == "Linux" and not (DEBUG or SANITIZE):
    LINK += ["-Wl,-s"]
    FLAGS += ["-fno-asynchronous-unwind-tables"]  # 4 % of a module; nothing throws through a kernel
if SANITIZE:
    FLAGS += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer"]
    LINK += [f"-fsanitize={SANITIZE}"]


class BuildExt(build_ext):
    """Compile extensions in parallel, one process per processor."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()
        for level in LEVELS:  # an in-place build copies into them
            Path("lucid/_kernels", level).mkdir(exist_ok=True)
        for module, levels in LEFT_OUT.items() if len(LEVELS) > 1 else ():  # there from when their level was built alone
            for level in levels:
                for root in (".", self.build_lib):
                    for stale in Path(root, "lucid/_kernels", level).glob(f"{module}.*"):
                        stale.unlink()

    def build_extension(self, ext):
        """Give each level its own folder of objects: the levels of a module share its C file, and so their name."""
        own = copy.copy(self)
        own.build_temp = os.path.join(self.build_temp, ext.name)
        super(BuildExt, own).build_extension(ext)


def extension(module: str, level: str | None = None, sources: list[str] | None = None) -> Extension:
    import numpy

    smaller = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"] if level == "base" and module in SMALLER and "-O3" in FLAGS else []
    return Extension(
        ".".join(filter(None, ["lucid._kernels", level, module])),
        [f"pyx/{module}.pyx"] if sources is None else sources,
        include_dirs=[numpy.get_include(), "pyx"],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("CYTHON_TRACE", "0")],
        extra_compile_args=[*FLAGS, *LEVELS.get(level, []), *MODULE_FLAGS.get(module, []), *smaller],
        extra_link_args=LINK,
    )


def extensions() -> list[Extension]:
    """All extensions, each kernel's C file shared by its levels."""
    options = {
        "compiler_directives": DIRECTIVES,
        "include_path": ["pyx"],
        "build_dir": "build/cython",
        "nthreads": os.cpu_count() or 1,
    }
    translated = cythonize(
        [extension("_cyutility", sources=[]), *(extension(module) for module in SHARED + KERNELS)],
        shared_utility_qualified_name="lucid._kernels._cyutility",
        **options,
    )
    built = []
    for ext in translated:
        module = ext.name.rpartition(".")[2]
        if module in KERNELS:
            own = [level for level in LEVELS if level not in LEFT_OUT.get(module, [])]
            for level in own or LEVELS:
                built.append(extension(module, level, ext.sources))
        else:
            built.append(ext)
    return built


if __name__ == "__main__":  # the processes that translate import this file, where they are not forked (Python 3.14)
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt})
