"""Types by the names that TorchScript took them from."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: F401, UP035


class _Repeated:
    def __getitem__(self, kind) -> None:
        """TorchScript's own: a list, or a number that is each of its entries."""


BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = _Repeated()
