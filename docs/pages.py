"""One page for every declared function, under PyTorch's path; a page that is written by hand is left alone."""

from pathlib import Path

from lucid.autograd.op import REGISTRY

HERE = Path(__file__).parent


def public() -> list[str]:
    """The paths that are published, aliases left out."""
    found = {spec.path for spec in REGISTRY.values() if not spec.name.startswith("_")}
    return sorted(path for path in found if not path.startswith("Tensor."))


def page(path: str) -> str:
    """The text of a function's page."""
    text = f"{path}\n{'=' * len(path)}\n\n.. autofunction:: lucid.{path}\n"
    aliases = [alias for alias in REGISTRY[path].aliases if not alias.startswith("Tensor.")]
    return text + (f"\nAlso: {', '.join(f'``lucid.{alias}``' for alias in aliases)}\n" if aliases else "")


def write(folder: Path) -> list[Path]:
    """Write all pages and their index; returns what was written."""
    folder.mkdir(exist_ok=True)
    paths = [path for path in public() if not (HERE / f"{path}.rst").exists()]
    written = []
    for path in paths:
        target = folder / f"{path}.rst"
        target.write_text(page(path))
        written.append(target)
    by_hand = sorted(one.stem for one in HERE.glob("*.rst") if one.stem in public())
    entries = [f"   ../{path}" for path in by_hand] + [f"   {path}" for path in paths]
    (folder / "index.rst").write_text("Functions\n=========\n\n.. toctree::\n   :maxdepth: 1\n\n" + "\n".join(entries) + "\n")
    return written
