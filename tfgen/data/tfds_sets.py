"""Any set of images or of sound of TensorFlow Datasets, by its TFDS name. Prepared data needs no network."""

import dataclasses

import numpy as np
import tensorflow_datasets as tfds

from tfgen.data import names
from tfgen.ops import audio

HELD_OUT = 10  # percent of a training split that become validation where TFDS has none
LEVELS = {"binarized_mnist": 2}  # of sets whose pixels are not 0 .. 255
TWO_SETS = ("cycle_gan",)  # of pictures, in the splits trainA, trainB and so on
KINDS = {"image": tfds.features.Image, "audio": tfds.features.Audio}


@dataclasses.dataclass(frozen=True)
class Source:
    """A TFDS builder and the parts of it that are used."""

    name: str
    builder: tfds.core.DatasetBuilder
    kind: str  # of KINDS
    key: str  # of the image or the sound
    label_key: str | None
    class_names: tuple[str, ...]
    side: str = ""  # "A" or "B" of one in TWO_SETS

    @property
    def splits(self) -> dict[str, str]:
        """Our splits as TFDS expressions; the set has to be prepared."""
        there = [split.removesuffix(self.side) for split in self.builder.info.splits if split.endswith(self.side)]
        return _splits(self.name, there, self.side)

    @property
    def protocol(self) -> str:
        return f"TFDS {self.builder.info.full_name}, " + ", ".join(f"{our} = {its}" for our, its in self.splits.items())

    @property
    def fingerprint(self) -> dict[str, str]:
        """TFDS does not change what a version holds, so that version and expression are by what a split is known."""
        info = self.builder.info
        return {
            our: f"{info.splits[its].num_examples} examples ({info.full_name} {its})"
            for our, its in self.splits.items()
        }


def find(name: str, data_dir: str | None) -> Source:
    """Looks a data set up.

    Raises:
      ValueError: for a name, version or configuration that TFDS does not have, or a set without images and sound.
    """
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError as error:
        known = tfds.list_builders(with_community_datasets=False)
        raise ValueError(
            f"{names.unknown(name, known)}; this TFDS has {len(known)} sets: tfds.list_builders()"
        ) from error
    except Exception as error:  # TFDS raises AssertionError, ValueError, OSError and others for a version, say
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ValueError(f"dataset={name!r}: TFDS does not take it: {said}") from error
    features = builder.info.features
    found = [(kind, key) for kind, type_ in KINDS.items() for key in features if isinstance(features[key], type_)]
    if not found:
        raise ValueError(f"dataset={name!r}: this TFDS set has no image and no sound, only {sorted(features)}")
    label = next((key for key in features if isinstance(features[key], tfds.features.ClassLabel)), None)
    return Source(name, builder, *found[0], label, tuple(features[label].names) if label else ())


def prepare(source: Source) -> None:
    """Downloads the set if it is not there yet.

    Raises:
      ValueError: where it cannot be downloaded.
    """
    try:
        source.builder.download_and_prepare()
    except Exception as error:
        raise ValueError(
            f"dataset={source.name!r}: not prepared in {source.builder.data_dir} and it cannot be downloaded "
            f"({str(error).strip().partition(chr(10))[0]}); give --data_dir, or prepare it where there is a network"
        ) from error


def _splits(name: str, there: list[str], side: str = "") -> dict[str, str]:
    """Train, validation and test out of the splits there are: what is missing is held out of the end of train.

    Raises:
      ValueError: where there are several and none of them is train.
    """
    if "train" not in there and len(there) > 1:
        raise ValueError(
            f"dataset={name!r}: its splits are {', '.join(there)}, and none is 'train'; sets of pictures such as "
            "trainA and trainB have to be saved as folders of these names: unpaired:PATH"
        )
    train = "train" if "train" in there else there[0]
    test = "test" if "test" in there else None
    validation = next((name for name in ("validation", "valid", "dev") if name in there), None)
    train, test, validation = (split and split + side for split in (train, test, validation))
    missing = [name for name, split in (("validation", validation), ("test", test)) if split is None]
    cut = 100 - HELD_OUT * len(missing)
    splits = {"train": f"{train}[:{cut}%]" if missing else train, "validation": validation, "test": test}
    for i, name in enumerate(missing):
        splits[name] = f"{train}[{cut + HELD_OUT * i}%:{cut + HELD_OUT * (i + 1)}%]"
    return splits


def examples(source: Source, split: str, seed: int | None):
    """The examples of one of our splits, as a tf.data.Dataset; with a seed, files in an order drawn from it."""
    config = tfds.ReadConfig(shuffle_seed=seed, interleave_cycle_length=1 if seed is None else 16)
    return source.builder.as_dataset(split=source.splits[split], shuffle_files=seed is not None, read_config=config)


def recordings(source: Source, split: str):
    """(mu-law codes uint8 [T], label) of each recording, in order; channels averaged."""
    for example in tfds.as_numpy(examples(source, split, None)):
        samples = example[source.key]
        # Whole numbers are those of a wav file of 16 bits.
        samples = samples / 2.0**15 if np.issubdtype(samples.dtype, np.integer) else samples
        samples = samples.mean(axis=1) if samples.ndim == 2 else samples
        yield audio.to_codes(samples), int(example[source.label_key]) if source.label_key else 0
