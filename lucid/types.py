"""Types that annotations name."""

from __future__ import annotations

import os
import typing
from collections.abc import Sequence

import lucid
from lucid import Size, Tensor  # noqa: F401
from lucid.storage import UntypedStorage as Storage  # noqa: F401

Number = int | float | bool
Device = lucid.device | str | int | None
FileLike = str | os.PathLike | typing.IO[bytes]
_TensorOrTensors = Tensor | Sequence[Tensor]
_bool, _bytes, _complex, _device, _dtype, _float, _int, _layout = bool, bytes, complex, lucid.device, lucid.dtype, float, int, lucid.layout
_Number, _size, _str = (int, float, bool), Size | list[int] | tuple[int, ...], str
