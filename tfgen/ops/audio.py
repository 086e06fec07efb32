"""The one place where sound changes form: wav files, samples in [-1, 1], and mu-law codes (ITU-T G.711)."""

import pathlib
import wave

import numpy as np

MU = 255.0


def to_codes(samples: np.ndarray) -> np.ndarray:
    """Samples in [-1, 1] to mu-law codes uint8: the sign and the logarithm of the magnitude, on 256 levels."""
    samples = np.clip(np.asarray(samples, np.float64), -1.0, 1.0)
    companded = np.sign(samples) * np.log1p(MU * np.abs(samples)) / np.log1p(MU)
    return np.round((companded + 1.0) * (MU / 2.0)).astype(np.uint8)


def from_codes(codes: np.ndarray) -> np.ndarray:
    """Mu-law codes uint8 to samples float32 in [-1, 1]."""
    companded = np.asarray(codes, np.float64) * (2.0 / MU) - 1.0
    return (np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(MU)) / MU).astype(np.float32)


def read_wav(path: str | pathlib.Path) -> tuple[np.ndarray, int]:
    """A PCM wav file as samples float32 [T] in [-1, 1], channels averaged, and its rate in Hz.

    Raises:
      ValueError: naming the file, where it is no PCM wav of 8, 16, 24 or 32 bits.
    """
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: not a PCM wav file ({error})") from error
    if width == 1:  # unsigned, unlike the others
        samples = (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    else:
        # To 32 bits, the sample in the upper bytes.
        padded = np.zeros((len(data) // width, 4), np.uint8)
        padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
        samples = padded.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    return samples.reshape(-1, channels).mean(axis=1).astype(np.float32), rate


def write_wav(path: str | pathlib.Path, samples: np.ndarray, rate: int) -> None:
    """Samples [T] in [-1, 1] as a wav file of 16 bits."""
    values = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(values.tobytes())
