"""Any image data set of TensorFlow Datasets, by its TFDS name. Prepared data needs no network."""

import dataclasses
import difflib

import tensorflow_datasets as tfds

HELD_OUT = 10  # percent of a training split that become validation where TFDS has none


@dataclasses.dataclass(frozen=True)
class Source:
    """A prepared TFDS builder and the parts of it that are used."""

    builder: tfds.core.DatasetBuilder
    image_key: str
    label_key: str | None
    class_names: tuple[str, ...]
    splits: dict[str, str]  # ours -> TFDS split expression


def open_source(name: str, data_dir: str | None) -> Source:
    """Finds, and where there is a network downloads, a data set.

    Raises:
      ValueError: for a name that TFDS does not have, or a set without images.
    """
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError as error:
        known = tfds.list_builders(with_community_datasets=False)
        near = difflib.get_close_matches(name, known, 3)
        raise ValueError(
            f"dataset={name!r}: there is no such data set"
            + (f" (did you mean {', '.join(near)}?)" if near else "")
            + "; there are 'digits', 'tones' and 'pendulum' (embedded), 'folder:PATH' of images, 'audio:PATH' of wav "
            "files, 'series:FILE.npz', and the image sets of TFDS: mnist, fashion_mnist, "
            "cifar10, celeb_a, lsun/bedroom; this TFDS has " + f"{len(known)} sets: tfds.list_builders()"
        ) from error
    image_keys = [key for key, feature in builder.info.features.items() if isinstance(feature, tfds.features.Image)]
    if not image_keys:
        raise ValueError(f"dataset={name!r}: this TFDS set has no image, only {sorted(builder.info.features)}")
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise ValueError(
            f"dataset={name!r}: not prepared in {builder.data_dir} and it cannot be downloaded ({error}); "
            "give --data_dir, or prepare it where there is a network"
        ) from error
    labels = [key for key, feature in builder.info.features.items() if isinstance(feature, tfds.features.ClassLabel)]
    names = tuple(builder.info.features[labels[0]].names) if labels else ()
    return Source(builder, image_keys[0], labels[0] if labels else None, names, _splits(list(builder.info.splits)))


def _splits(there: list[str]) -> dict[str, str]:
    """Train, validation and test out of the splits there are: what is missing is held out of the end of train."""
    train = "train" if "train" in there else there[0]
    test = "test" if "test" in there else None
    validation = next((name for name in ("validation", "valid", "dev") if name in there), None)
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
