"""What this build is made of, as texts."""

from lucid.config import show_config

__all__ = ["parallel_info", "show"]


def show() -> str:
    """The build and the process, a line each; see `show_config`."""
    return "\n".join(f"{name}: {value}" for name, value in show_config("dict").items())


def parallel_info() -> str:
    """How many threads compute."""
    return f"threads: {show_config('dict')['threads']}"
