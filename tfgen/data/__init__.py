"""Data sets by name: every one arrives as {"image": uint8 [B, H, W, C], "label": int32 [B]}, or "audio", "series" or
"point" in place of the image, or with a "source" beside it; two sets of pictures as "a" and "b".

`load("digits")`, `load("mnist")` (any TFDS image set), `load("folder:PATH")` of images, `load("tones")`,
`load("audio:PATH")` of wav files, `load("pendulum")`, `load("series:FILE.npz")`, `load("ring")`,
`load("points:FILE.npz")`, `load("pairs:PATH")`, `load("unpaired:PATH")`, and several of these at once:
`load("zip:a=SET,b=SET")`. A new one is a reader beside these and a row in `DATASETS`. Importing this imports no
TensorFlow until one of the three is touched.
"""

import importlib

_WHERE = {"Examples": "examples", "DATASETS": "registry", "load": "registry"}


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
