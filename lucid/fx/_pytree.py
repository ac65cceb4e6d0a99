"""What the code of a graph calls whose arguments are containers."""

from lucid.utils._pytree import TreeSpec


def tree_flatten_spec(pytree, spec: TreeSpec) -> list:
    """The leaves of a tree of that form."""
    return spec.flatten_up_to(pytree)
