"""Clips of mu-law codes: of a folder of wav files, and of tones that need none."""

from collections.abc import Sequence

import numpy as np

from tfgen.ops import audio

SUFFIXES = (".wav",)
OTHERS = (".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aif", ".aiff")

LENGTH = 2048  # samples of a clip, unless told otherwise


def length_of(transform: str, name: str) -> int:
    """The samples of a clip, from "clip:LENGTH" or nothing.

    Raises:
      ValueError: for any other transform.
    """
    kind, _, value = transform.partition(":")
    if not transform:
        return LENGTH
    if kind != "clip" or not value.isdigit() or not int(value):
        raise ValueError(f"transforms={transform!r}: for {name} there is clip:LENGTH alone, in samples, like clip:4000")
    return int(value)


def read(files: Sequence[str]) -> tuple[list[np.ndarray], int]:
    """The codes of each file, and the rate of all.

    Raises:
      ValueError: naming the first file that cannot be read, or whose rate is not that of the first.
    """
    codes, rate = [], None
    for file in files:
        samples, its_rate = audio.read_wav(file)
        if rate is not None and its_rate != rate:
            raise ValueError(f"{file}: {its_rate} Hz, but {files[0]} has {rate} Hz; all must have one rate")
        rate = its_rate
        codes.append(audio.to_codes(samples))
    return codes, rate


def clips(recording: np.ndarray, length: int) -> np.ndarray:
    """A recording uint8 [T] as clips [n, length], one after another; the last is filled up with silence if at least
    half of it is sound, and otherwise left out."""
    missing = -len(recording) % length
    if missing and (missing <= length // 2 or len(recording) < length):
        recording = np.concatenate([recording, np.full(missing, audio.to_codes(np.zeros(1))[0])])
    return recording[: len(recording) // length * length].reshape(-1, length)


TONES = ("sine", "square", "sawtooth")
RATE = 8000  # Hz, of the tones


def tones(length: int) -> tuple[np.ndarray, np.ndarray]:
    """(codes uint8 [1200, length], labels int32 [1200]): notes of three timbres, 110 to 880 Hz, that fade. Always the
    same."""
    random = np.random.default_rng(0)
    labels = np.arange(1200, dtype=np.int32) % len(TONES)
    pitch = 110.0 * 2.0 ** (random.integers(0, 37, (1200, 1)) / 12.0)
    time = np.arange(length) / RATE
    phase = (pitch * time + random.uniform(size=(1200, 1))) % 1.0
    waves = np.stack([np.sin(2 * np.pi * phase), np.where(phase < 0.5, 1.0, -1.0), 2.0 * phase - 1.0])
    samples = waves[labels, np.arange(1200)] * np.exp(-4.0 * time) * random.uniform(0.3, 0.9, (1200, 1))
    return audio.to_codes(samples + 0.002 * random.normal(size=samples.shape)), labels
