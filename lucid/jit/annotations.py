"""Types by the names that TorchScript took them from."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: F401, UP035
