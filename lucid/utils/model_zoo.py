"""`hub`'s functions under an older name."""

from lucid.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]


def __getattr__(name: str):
    """`tqdm`, which packages take from here: its own, where that package is installed."""
    if name == "tqdm":
        try:
            from tqdm import tqdm
        except ImportError:
            return Silent
        return tqdm
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Silent:
    """A progress bar that shows nothing; iterates over what it was given."""

    def __init__(self, iterable=(), *args, **kwargs):
        self.iterable, self.n = iterable, 0

    def __iter__(self):
        return iter(self.iterable)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def update(self, n: int = 1) -> None:
        self.n += n

    def close(self) -> None:
        """Nothing is left to take away."""
