"""Data sets by name: every one arrives as {"image": uint8 [B, H, W, C], "label": int32 [B]}.

`load("digits")`, `load("mnist")` (any TFDS image set), `load("folder:PATH")`. A new data set is a reader beside these
and a row in `DATASETS`.
"""

from tfgen.data.images import Images as Images
from tfgen.data.registry import DATASETS as DATASETS
from tfgen.data.registry import load as load
