"""The look that the gallery's pictures share: colours, sizes, and a figure to begin with."""

from matplotlib.figure import Figure

INK, BLUE, ORANGE, GREEN, RED, PURPLE, GREY = (
    "#222222",
    "#1f77b4",
    "#d95f02",
    "#2a8c57",
    "#c0392b",
    "#7b52ab",
    "#9a9a9a",
)
MAP = "magma"  # of what is shown as a field

STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "savefig.dpi": 100,
}


def figure(height: float, width: float = 9.0) -> Figure:
    """Of the page's width, in inches; its parts find their own places."""
    return Figure(figsize=(width, height), layout="constrained")
