"""NVIDIA's library of sparse products: not used."""

from lucid.backends.mps import is_available

__all__ = ["is_available"]
