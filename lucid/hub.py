"""Files of weights from a server, kept on disk."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from lucid.serialization import load

__all__ = ["download_url_to_file", "get_dir", "load_state_dict_from_url", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # of a file's name: resnet18-bf5a0c12.pth
_chosen: list[str] = []


def get_dir() -> str:
    """Where files are kept: what `set_dir` said, else ``hub`` in ``$TORCH_HOME``, which is ``~/.cache/torch`` by default."""
    return _chosen[-1] if _chosen else os.path.join(_get_torch_home(), "hub")


def _get_torch_home() -> str:  # torchvision asks
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def set_dir(d) -> None:
    """Say where files are kept."""
    _chosen.append(os.path.expanduser(d))


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Write what a server sends to a file, which is there only once it is complete.

    Parameters
    ----------
    url : str
        The address.
    dst : str
        The file.
    hash_prefix : str, optional
        The first digits of what the content's SHA-256 has to be.
    progress : bool, optional
        Whether the address is named on the standard error stream.

    Raises
    ------
    RuntimeError
        If the content is another.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a").write_text("content")
    >>> lucid.hub.download_url_to_file((folder / "a").as_uri(), str(folder / "b"), progress=False)
    >>> (folder / "b").read_text()
    'content'
    """
    dst, digest = os.path.expanduser(dst), hashlib.sha256()
    if progress:
        print(f"Downloading {url} to {dst}", file=sys.stderr)
    part = f"{dst}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file, urlopen(Request(url, headers={"User-Agent": "lucid.hub"})) as answer:
            while block := answer.read(1 << 20):
                file.write(block)
                digest.update(block)
        if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}") of {url}')
        os.replace(part, dst)
    finally:
        if os.path.exists(part):
            os.remove(part)


def load_state_dict_from_url(
    url: str, model_dir: str | None = None, map_location=None, progress: bool = True, check_hash: bool = False,
    file_name: str | None = None, weights_only: bool = False,
):  # fmt: skip
    """What `load` finds in a file of a server, which is downloaded unless it is there already.

    Parameters
    ----------
    url : str
        The address.
    model_dir : str, optional
        Where files are kept: by default ``checkpoints`` in `get_dir()`.
    map_location : optional
        As of `load`.
    progress : bool, optional
        Whether a download is announced.
    check_hash : bool, optional
        Whether the content has to have the hash in the file's name.
    file_name : str, optional
        The file's name, if not the address's last part.
    weights_only : bool, optional
        No effect: nothing in a file is executed.

    Returns
    -------
    object
        Usually a dict of tensors.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> lucid.save({"weight": lucid.ones(2)}, folder / "model.pt")
    >>> lucid.hub.load_state_dict_from_url((folder / "model.pt").as_uri(), folder / "kept", progress=False)
    {'weight': Tensor([1.0, 1.0])}
    """
    model_dir = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    os.makedirs(model_dir, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(model_dir, name)
    if not os.path.exists(path):
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found and found.group(1), progress)
    return load(path, map_location)
