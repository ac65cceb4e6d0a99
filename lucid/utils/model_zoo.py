"""`hub`'s functions under an older name."""

from lucid.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
