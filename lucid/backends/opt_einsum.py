"""The package that chooses an order of `einsum`'s products: not used, they are taken from the left."""

from lucid.backends.mps import is_available

__all__ = ["is_available"]

enabled, strategy = False, None
