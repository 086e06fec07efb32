"""Letters in typefaces: real outlines, of the DejaVu and STIX fonts that matplotlib installs, and what they vary in."""

import itertools
import pathlib

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LEVELS, SIDE = 256, 28
SIZE, BASELINE = 19, 20  # pixels: of the em, and from the top
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Files: regular, italic, bold, bold and italic.
FAMILIES = {
    "DejaVu Sans": ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique"),
    "DejaVu Sans Mono": (
        "DejaVuSansMono",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-BoldOblique",
    ),
    "DejaVu Serif": ("DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSerif-Bold", "DejaVuSerif-BoldItalic"),
    "STIX": ("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "STIXGeneralBolIta"),
}
FACTORS = {
    "letter": tuple(LETTERS),
    "case": ("lower", "upper"),
    "family": tuple(FAMILIES),
    "weight": ("regular", "bold"),
    "slant": ("upright", "italic"),
}
LABEL = "letter"


def read() -> tuple[np.ndarray, np.ndarray]:
    """Every combination once: images uint8 [832, 28, 28, 1], white on black, and their factors, int32 [832, 5]."""
    folder = pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [[ImageFont.truetype(folder / f"{file}.ttf", SIZE) for file in files] for files in FAMILIES.values()]
    factors = list(itertools.product(*(range(len(values)) for values in FACTORS.values())))
    images = []
    for letter, case, family, weight, slant in factors:
        picture = Image.new("L", (SIDE, SIDE))
        text = LETTERS[letter].upper() if case else LETTERS[letter]
        font = fonts[family][2 * weight + slant]
        ImageDraw.Draw(picture).text((SIDE / 2, BASELINE), text, fill=255, font=font, anchor="ms")
        images.append(np.asarray(picture))
    return np.stack(images)[..., None], np.array(factors, np.int32)
