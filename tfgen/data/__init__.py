"""Data sets by name: every one arrives as {"image": uint8 [B, H, W, C], "label": int32 [B]}, or "audio", or "series".

`load("digits")`, `load("mnist")` (any TFDS image set), `load("folder:PATH")` of images, `load("tones")`,
`load("audio:PATH")` of wav files, `load("pendulum")`, `load("series:FILE.npz")`. A new one is a reader beside these
and a row in `DATASETS`.
"""

from tfgen.data.examples import Examples as Examples
from tfgen.data.registry import DATASETS as DATASETS
from tfgen.data.registry import load as load
