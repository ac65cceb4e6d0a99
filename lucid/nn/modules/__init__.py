"""The modules, one file per family."""

import sys

from lucid._later import later as _later
from lucid.nn.modules import normalization, recurrent, resampling, simple
from lucid.nn.modules.activation import *  # noqa: F403
from lucid.nn.modules.adaptive import *  # noqa: F403
from lucid.nn.modules.attention import *  # noqa: F403
from lucid.nn.modules.container import *  # noqa: F403
from lucid.nn.modules.conv import *  # noqa: F403
from lucid.nn.modules.lazy import *  # noqa: F403
from lucid.nn.modules.linear import *  # noqa: F403
from lucid.nn.modules.loss import *  # noqa: F403
from lucid.nn.modules.module import *  # noqa: F403
from lucid.nn.modules.normalization import *  # noqa: F403
from lucid.nn.modules.pooling import *  # noqa: F403
from lucid.nn.modules.recurrent import *  # noqa: F403
from lucid.nn.modules.resampling import *  # noqa: F403
from lucid.nn.modules.simple import *  # noqa: F403
from lucid.nn.modules.transformer import *  # noqa: F403

__all__ = [name for name, one in globals().items() if isinstance(one, type)]  # not the files of their names, which `nn` has not

# PyTorch's files, which packages import, where a family is in another one here.
for _name, _family in {
    "batchnorm": normalization, "instancenorm": normalization, "rnn": recurrent, "fold": resampling, "upsampling": resampling,
    **dict.fromkeys(("channelshuffle", "distance", "dropout", "flatten", "padding", "pixelshuffle", "sparse"), simple),
}.items():  # fmt: skip
    globals()[_name] = sys.modules[f"{__name__}.{_name}"] = _family


__getattr__ = _later("lucid.nn.modules")
