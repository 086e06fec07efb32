"""Pictures that were made of pictures, beside those that they should be."""

from collections.abc import Sequence

import numpy as np

from tfgen.metrics import translation
from tfgen.metrics.sharpness import laplacian_variance
from tfgen.ops import images

PAIRS = 2000  # of the training split, that simple answers are made of
AT_ONCE = 50


def sides(data, split: str, limit: int | None, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The values of the first examples of a split, by name."""
    batches = list(data.batches(split, 500, limit=limit))
    return {name: np.concatenate([batch[name].numpy() for batch in batches]) for name in names}


def l1(one: np.ndarray, other: np.ndarray, levels: int) -> float:
    """The mean absolute difference of pictures of levels, in 0 .. 1."""
    difference = np.abs(one.astype(np.float32) - other.astype(np.float32))
    return round(float(difference.mean()) / (levels - 1), 5)


def compared(made: np.ndarray, shown: dict, train: dict, levels: int) -> dict:
    """How near answers are to the images that they should be, and how sharp.

    Beside them the mean picture, the image of the training pair with the nearest source, and either a linear function
    of what surrounds each pixel or, where the images are larger than the sources, the sources enlarged.

    Args:
      made: uint8 [N, H, W, C], of the sources shown.
      shown, train: "source" and "image", uint8.
    """
    made = images.to_unit(made, levels).numpy()
    source, image, train_source, train_image = (
        images.to_unit(part[name], levels).numpy() for part in (shown, train) for name in ("source", "image")
    )
    of_answers = {
        "": made,
        "mean_picture": translation.mean_answer(train_image, len(image)),
        "nearest": translation.nearest_answer(train_source, train_image, source),
    }
    if source.shape[1:3] == image.shape[1:3]:
        of_answers["linear"] = translation.linear_answer(train_source, train_image, source)
    else:
        for method in ("bilinear", "bicubic"):
            of_answers[method] = translation.enlarged(source, image.shape[1:3], method)
    measured = {"pairs": len(image), "training_pairs": len(train_image)}
    for name, one in of_answers.items():
        figures = translation.distances(one, image) | _looks(one)
        measured |= {f"{name}_{key}".strip("_"): round(value, 5) for key, value in figures.items()}
    return measured | {f"{key}_of_images": round(value, 5) for key, value in _looks(image).items()}


def _looks(pictures: np.ndarray) -> dict[str, float]:
    of_color = {"colourfulness": translation.colourfulness(pictures)} if pictures.shape[-1] == 3 else {}
    return {"sharpness": float(laplacian_variance(pictures).mean())} | of_color
