"""The modules, one file per family."""

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
