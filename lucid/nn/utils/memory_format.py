"""Weights of convolutions in another order of memory."""

from __future__ import annotations

from lucid.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _converted(module, memory_format, kinds: tuple):
    for one in module.modules():
        if isinstance(one, kinds):
            one.weight.data = one.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module, memory_format):
    """Give the weights of all 2-d convolutions in a module, transposed ones too, an order of memory.

    Parameters
    ----------
    module : nn.Module
        The module, which is changed.
    memory_format : memory_format
        `channels_last`, say.

    Returns
    -------
    nn.Module
        The module itself.

    Examples
    --------
    >>> layer = lucid.nn.utils.convert_conv2d_weight_memory_format(lucid.nn.Conv2d(2, 3, 2), lucid.channels_last)
    >>> layer.weight.stride()
    (8, 1, 4, 2)
    """
    return _converted(module, memory_format, (Conv2d, ConvTranspose2d))


def convert_conv3d_weight_memory_format(module, memory_format):
    """Give the weights of all 3-d convolutions in a module, transposed ones too, an order of memory.

    Parameters
    ----------
    module : nn.Module
        The module, which is changed.
    memory_format : memory_format
        `channels_last_3d`, say.

    Returns
    -------
    nn.Module
        The module itself.

    Examples
    --------
    >>> layer = lucid.nn.utils.convert_conv3d_weight_memory_format(lucid.nn.Conv3d(2, 3, 2), lucid.channels_last_3d)
    >>> layer.weight.stride()
    (16, 1, 8, 4, 2)
    """
    return _converted(module, memory_format, (Conv3d, ConvTranspose3d))
