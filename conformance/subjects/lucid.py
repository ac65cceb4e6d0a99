"""Lucid, the package this suite was written for."""

import os

from .. import results
from .adapter import Adapter, commit_of, to_numpy


class Subject(Adapter):
    package = "lucid"

    def flat(self, storage, readonly=False):
        if self.has("from_numpy"):
            return super().flat(storage, readonly)
        return self.module.tensor(to_numpy(storage))

    def simd_levels(self):
        about = self.describe()
        return [] if os.environ.get("LUCID_SIMD") else [lv for lv in about.simd_available if lv != about.simd]

    def simd_environment(self, level):
        return {"LUCID_SIMD": level}

    def describe(self):
        kernels = self.module._kernels
        return results.Subject(
            "lucid",
            str(self.module.__version__),
            commit_of(self.module),
            kernels.simd,
            list(kernels.simd_available),
            int(self.module.get_num_threads()),
        )
