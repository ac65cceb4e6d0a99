"""The modules, one file per family. Packages import PyTorch's files; where a family is in another one here, `_PLACES` says which."""

import importlib
import sys

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

_PLACES = {
    "batchnorm": "normalization", "instancenorm": "normalization", "rnn": "recurrent", "fold": "resampling", "upsampling": "resampling",
    **dict.fromkeys(("channelshuffle", "distance", "dropout", "flatten", "padding", "pixelshuffle", "sparse"), "simple"),
}  # fmt: skip
for _theirs, _ours in _PLACES.items():
    sys.modules[f"{__name__}.{_theirs}"] = sys.modules[f"{__name__}.{_ours}"]


def __getattr__(name: str):
    if name in _PLACES:
        return sys.modules[f"{__name__}.{name}"]
    if name == "utils":  # not imported above: `nn` takes all names from here, and has a `utils` of its own
        return importlib.import_module(f"{__name__}.utils")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
