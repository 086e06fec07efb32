"""How near a picture is to the one that it should be, and what simple answers would have given."""

import numpy as np
import tensorflow as tf

from tfgen.metrics import neighbours

REACH = 4  # pixels to each side that a linear answer sees
PLACES = 50_000  # that a linear answer is fitted to
RIDGE = 1e-4  # weight of its squared weights, for each place


def distances(made: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Of pictures float [N, H, W, C] in 0 .. 1: their mean absolute difference, their peak signal-to-noise ratio (dB)
    and their structural similarity (Wang et al. 2004, "Image quality assessment: from error visibility to structural
    similarity"; windows of 11 pixels, or as many as fit), each the mean over pictures."""
    made, truth = (tf.constant(part, tf.float32) for part in (made, truth))
    window = min(11, *made.shape[1:3])
    return {
        "l1": float(tf.reduce_mean(tf.abs(made - truth))),
        "psnr_db": float(tf.reduce_mean(tf.image.psnr(made, truth, max_val=1.0))),
        "ssim": float(tf.reduce_mean(tf.image.ssim(made, truth, max_val=1.0, filter_size=window))),
    }


def colourfulness(pictures: np.ndarray) -> float:
    """Of pictures float [N, H, W, 3] in 0 .. 1, by Hasler and Süsstrunk 2003, "Measuring colorfulness in natural
    images", section 4 (M^(3), whose pixels are 0 .. 255), the mean over pictures."""
    red, green, blue = np.moveaxis(255.0 * np.asarray(pictures, np.float64), -1, 0)
    opponents = np.stack([red - green, 0.5 * (red + green) - blue]).reshape(2, len(pictures), -1)
    spread, mean = (np.sqrt((part**2).sum(axis=0)) for part in (opponents.std(axis=-1), opponents.mean(axis=-1)))
    return float((spread + 0.3 * mean).mean())


def enlarged(source: np.ndarray, size: tuple[int, int], method: str) -> np.ndarray:
    """Pictures float [N, h, w, C] in 0 .. 1 at the size (H, W), by "bilinear" or "bicubic" interpolation."""
    return np.clip(tf.image.resize(source, size, method).numpy(), 0.0, 1.0)


def mean_answer(train_images: np.ndarray, count: int) -> np.ndarray:
    """The mean picture, whatever the source."""
    return np.repeat(train_images.mean(axis=0, keepdims=True), count, axis=0)


def nearest_answer(train_sources: np.ndarray, train_images: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """The image of the training pair whose source is nearest."""
    flat = (part.reshape([len(part), -1]).astype(np.float32) for part in (sources, train_sources))
    return train_images[neighbours.nearest(*flat)[1][:, 0]]


def linear_answer(
    train_sources: np.ndarray, train_images: np.ndarray, sources: np.ndarray, reach: int = REACH
) -> np.ndarray:
    """Each pixel a linear function, by ridge regression, of the source's pixels up to `reach` away: all float
    [N, H, W, C] in 0 .. 1, sources and images of one size."""
    known = _patches(train_sources, reach)
    rows = np.random.default_rng(0).permutation(len(known))[:PLACES]
    known, wanted = known[rows], train_images.reshape(-1, train_images.shape[-1])[rows]
    gram = known.T @ known + RIDGE * len(known) * np.eye(known.shape[1])
    answer = _patches(sources, reach) @ np.linalg.solve(gram, known.T @ (wanted - 0.5)) + 0.5
    return np.clip(answer, 0.0, 1.0).reshape(*sources.shape[:3], -1)


def _patches(sources: np.ndarray, reach: int) -> np.ndarray:
    """What surrounds each pixel, less 0.5, and a one: [N H W, (2 reach + 1)^2 C + 1]; 0.5 lies beyond the border."""
    side = 2 * reach + 1
    padded = np.pad(sources - 0.5, [(0, 0), (reach, reach), (reach, reach), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    flat = windows.reshape(-1, side * side * sources.shape[-1]).astype(np.float32)
    return np.concatenate([flat, np.ones([len(flat), 1], np.float32)], axis=1)
