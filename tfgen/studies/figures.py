"""How the studies' figures look: one style, and images among axes."""

import contextlib
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfgen.ops import images

COLORS = (
    *("#1f5f99", "#d1602b", "#3a8c5c", "#8a5aa5", "#8c8c8c"),
    *("#c9a227", "#4fb3bf", "#b04a5a", "#7a5c3e", "#9ac06b"),
)
_STYLE = {
    "axes.prop_cycle": matplotlib.cycler(color=COLORS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#555555",
    "figure.constrained_layout.use": True,
    "figure.titlesize": 12,
    "font.size": 9,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "savefig.dpi": 150,
}


def style() -> contextlib.AbstractContextManager:
    """Within it figures are made, and saved, in the style of the studies."""
    return matplotlib.rc_context(_STYLE)


def figure(width: float, height: float, title: str) -> Figure:
    """An empty figure, sizes in inches."""
    made = Figure(figsize=(width, height))
    made.suptitle(title, x=0.01, ha="left")
    return made


def show(axes: Axes, picture: np.ndarray, **options) -> None:
    """A picture [H, W, 1 or 3] in 0 .. 1 as the content of axes."""
    gray = picture.shape[-1] == 1
    shown = np.clip(picture[..., 0] if gray else picture, 0.0, 1.0)
    axes.imshow(shown, cmap="gray" if gray else None, vmin=0.0, vmax=1.0, **options)


def strips(axes: Axes, pictures: np.ndarray, labels: Sequence[str] = (), captions: Sequence[str] = ()) -> np.ndarray:
    """Rows of pictures [R, N, H, W, C] in 0 .. 1, a label left of each row and captions below the last one.

    Returns:
      Where the middle of each row is on the y axis.
    """
    rows, columns, height, width, _ = pictures.shape
    gap = max(1, round(0.06 * width))
    padded = np.pad(pictures, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=1.0)
    canvas = sheet(np.concatenate(padded), columns)
    show(axes, canvas[:-gap, :-gap], aspect="equal")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    middles = np.arange(rows) * (height + gap) + (height - 1) / 2
    axes.set_yticks(middles if len(labels) else [], labels)
    axes.set_xticks(np.arange(len(captions)) * (width + gap) + (width - 1) / 2, captions)
    return middles


def sheet(pictures: np.ndarray, columns: int) -> np.ndarray:
    """Pictures [N, H, W, C] as one, in rows of `columns`, edge to edge."""
    count, height, width, channels = pictures.shape
    rows = pictures.reshape([count // columns, columns, height, width, channels])
    return rows.transpose(0, 2, 1, 3, 4).reshape([count // columns * height, columns * width, channels])


def unit(image, levels: int) -> np.ndarray:
    """Levels 0 .. levels - 1, whole or not, as float32 in 0 .. 1."""
    return images.to_unit(image, levels).numpy()
