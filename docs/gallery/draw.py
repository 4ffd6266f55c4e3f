"""Draws the pictures of the gallery: python docs/gallery/draw.py DATA [PICTURE ...]

DATA is the folder of recordings, with mitdb, waveforms, ppg and axivity in it. A wing is a module here with PICTURES,
a dict from a name to a function of DATA that returns the Figure; its text is the Markdown file of the same name,
which the page docs/gallery.md includes. Without names all are drawn.
"""

import sys
from importlib import import_module
from pathlib import Path

from look import STYLE
from matplotlib import rc_context

HERE = Path(__file__).parent
OUT = HERE.parent / "_static" / "gallery"


def pictures():
    """Every wing's pictures by name."""
    found = {}
    for file in sorted(HERE.glob("*.py")):
        for name, function in getattr(import_module(file.stem), "PICTURES", {}).items():
            if name in found:
                raise ValueError(f"two pictures are called {name!r}")
            found[name] = function
    return found


def draw(function, data: Path, file: Path) -> None:
    with rc_context(STYLE):
        figure = function(data)
        figure.savefig(file, metadata={"Software": None})


def main(data: Path, *names: str) -> None:
    found = pictures()
    OUT.mkdir(exist_ok=True)
    for name in names or found:
        draw(found[name], data, OUT / f"{name}.png")
        print(OUT / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
