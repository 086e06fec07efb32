"""From a name to `Examples`: readers, transforms, and what fits in memory kept there."""

import functools
import math
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from tfgen.data import audio, digits, folder, series, transforms
from tfgen.data.examples import Examples, Split, Stream

MEMORY = 4 * 2**30  # bytes of decoded pixels that are kept in memory; larger sets are decoded as they are read
SHUFFLED = "shuffled once: 80% train, 10% validation, 10% test"  # what `folder.split` does
SHUFFLE_BUFFER = 10_000  # examples, for a set that can only be read one after another


def load(name: str, data_dir: str | None = None, transform: str = "", skip_corrupt: bool = False) -> Examples:
    """A data set by name.

    Args:
      name: "digits", "folder:PATH" of images, "tones", "audio:PATH" of wav files, "pendulum", "series:FILE.npz", or the
        name of a TFDS set of images or sound ("mnist", "cifar10", "lsun/bedroom", "spoken_digit").
      data_dir: where TFDS keeps its data; if left out TFDS_DATA_DIR, or TFDS's own default.
      transform: comma-separated, see `transforms.NAMES`.
      skip_corrupt: leave out image files that cannot be read (of a folder), rather than stop.
    Raises:
      ValueError: naming what is wrong with a name, a transform or a file, and what would be right.
    """
    kind = name.partition(":")[0]
    if kind in DATASETS:
        return DATASETS[kind](name, transform, skip_corrupt)
    return _tfds(name, data_dir, transform)


def _digits(name: str, transform: str, _) -> Examples:
    steps = transforms.parse(transform, digits.LEVELS)
    apply = _fixed(steps)
    splits = {
        split: _in_memory(np.stack([apply(image) for image in images]), labels)
        for split, (images, labels) in digits.read().items()
    }
    shape = tuple(splits["train"].read(tf.constant([0], tf.int64))["image"].shape[1:])
    return _images(
        name,
        shape,
        digits.LEVELS,
        digits.CLASS_NAMES,
        splits,
        steps,
        "scikit-learn digits, first 1,000 train, next 350 validation, last 447 test",
    )


def _folder(name: str, transform: str, skip_corrupt: bool) -> Examples:
    path = name.partition(":")[2]
    if not path:
        raise ValueError(f"dataset={name!r}: give the folder, like folder:/data/pictures")
    steps = transforms.parse(transform, 256)
    files, labels, class_names = folder.find(path)
    apply = _fixed(steps)
    whole, example = folder.check(files, apply, skip_corrupt)
    files, labels = np.array(files)[whole], np.array(labels, np.int32)[whole]
    parts = folder.split(len(files))

    def read_pixels(path: bytes) -> np.ndarray:
        return apply(folder.decode(path.decode()))

    splits = {}
    for split, part in parts.items():
        if len(files) * math.prod(example.shape) <= MEMORY:
            splits[split] = _in_memory(np.stack([apply(folder.decode(f)) for f in files[part]]), labels[part])
        else:
            splits[split] = _on_disk(files[part], labels[part], example.shape, read_pixels)
    return _images(
        name,
        example.shape,
        256,
        class_names,
        splits,
        steps,
        f"{len(files)} images of a folder, {SHUFFLED}",
    )


def _tones(name: str, transform: str, _) -> Examples:
    length = audio.length_of(transform, name)
    codes, labels = audio.tones(length)
    splits = {split: _in_memory(codes[part], labels[part], "audio") for split, part in folder.split(len(codes)).items()}
    protocol = f"{len(codes)} synthetic notes, {SHUFFLED}"
    return _of_audio(name, length, audio.RATE, audio.TONES, splits, protocol)


def _audio(name: str, transform: str, _) -> Examples:
    path = name.partition(":")[2]
    if not path:
        raise ValueError(f"dataset={name!r}: give the folder, like audio:/data/speech")
    length = audio.length_of(transform, name)
    files, classes = audio.find(path)
    class_names = tuple(sorted(set(classes)))
    recordings, rate = audio.read(files)
    splits = {
        split: _clips([(recordings[i], class_names.index(classes[i])) for i in part], length)
        for split, part in folder.split(len(files)).items()
    }
    protocol = f"{len(files)} recordings of {rate} Hz, {SHUFFLED}"
    return _of_audio(name, length, rate, class_names, splits, protocol)


def _clips(recordings: Iterable[tuple[np.ndarray, int]], length: int) -> Split:
    """Of recordings, codes uint8 [T] and a label each."""
    clips, labels = zip(*((audio.clips(codes, length), label) for codes, label in recordings), strict=True)
    labels = np.repeat(labels, [len(of_one) for of_one in clips])
    return _in_memory(np.concatenate(clips), labels.astype(np.int32), "audio")


def _of_audio(name, length, rate, class_names, splits, protocol) -> Examples:
    return Examples(
        name,
        _spec(audio=((length,), tf.uint8)),
        {"length": length, "levels": 256, "sample_rate": rate, "num_classes": len(class_names)},
        class_names,
        splits,
        f"{protocol}; mu-law codes, clips of {length} samples",
    )


def _series(name: str, transform: str, _) -> Examples:
    if transform:
        raise ValueError(f"transforms={transform!r}: there are none for {name}")
    arrays = series.pendulum() if name == "pendulum" else series.read(name.partition(":")[2])
    count, length, dims = arrays["series"].shape

    def part(rows) -> Split:
        tensors = {key: tf.constant(array[rows]) for key, array in arrays.items()}
        tensors["label"] = tf.zeros([len(rows)], tf.int32)
        return Split(len(rows), lambda i: {key: tf.gather(tensor, i) for key, tensor in tensors.items()})

    return Examples(
        name,
        _spec(**{key: (array.shape[1:], tf.float32) for key, array in arrays.items()}),
        {"length": length, "dims": dims, "action_dims": arrays["action"].shape[2] if "action" in arrays else 0},
        (),
        {split: part(rows) for split, rows in folder.split(count).items()},
        f"{count} series of {length} steps, {SHUFFLED}",
    )


def _tfds(name: str, data_dir: str | None, transform: str) -> Examples:
    from tfgen.data import tfds_sets  # it takes seconds to import, and the other sets do without

    source = tfds_sets.find(name, data_dir)
    return {"image": _tfds_images, "audio": _tfds_audio}[source.kind](name, source, transform)


def _tfds_audio(name: str, source, transform: str) -> Examples:
    from tfgen.data import tfds_sets

    length = audio.length_of(transform, name)
    rate = source.builder.info.features[source.key].sample_rate
    if not rate:
        raise ValueError(f"dataset={name!r}: TFDS does not say the rate of its sound; save it as wav files: audio:PATH")
    tfds_sets.prepare(source)
    splits = {split: _clips(tfds_sets.recordings(source, split), length) for split in source.splits}
    return _of_audio(name, length, rate, source.class_names, splits, f"{source.protocol}, {rate} Hz")


def _tfds_images(name: str, source, transform: str) -> Examples:
    from tfgen.data import tfds_sets

    steps = transforms.parse(transform, 256)
    tfds_sets.prepare(source)
    apply = _fixed(steps)

    def prepare(example):
        label = example[source.label_key] if source.label_key else 0
        image = example[source.key]
        if any(not step.random for step in steps):
            image = tf.numpy_function(apply, [image], tf.uint8, stateful=False)
        return {"image": image, "label": tf.cast(label, tf.int32)}

    first = next(iter(tfds_sets.examples(source, "train", None).take(1).map(prepare)))
    shape = tuple(first["image"].shape)
    if first["image"].dtype != tf.uint8:
        raise ValueError(f"dataset={name!r}: its images are {first['image'].dtype.name}, not uint8")
    declared = source.builder.info.features[source.key].shape
    if None in declared[:2] and not any(step.size for step in steps):
        raise ValueError(f"dataset={name!r}: its images differ in size; add resize:64, say, to the transforms")

    def shaped(example):
        return {**example, "image": tf.ensure_shape(example["image"], shape)}

    splits = {}
    total = sum(source.builder.info.splits[split].num_examples for split in source.splits.values())
    for split, expression in source.splits.items():
        size = source.builder.info.splits[expression].num_examples
        if total * math.prod(shape) <= MEMORY:
            ordered = tfds_sets.examples(source, split, None)
            everything = ordered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).map(shaped)
            batch = next(iter(everything.batch(size)))
            splits[split] = _in_memory(batch["image"].numpy(), batch["label"].numpy())
        else:
            splits[split] = Stream(size, functools.partial(_stream, source, split, prepare, shaped))
    return _images(name, shape, 256, source.class_names, splits, steps, source.protocol)


def _stream(source, split, prepare, shaped, seed):
    from tfgen.data import tfds_sets

    examples = tfds_sets.examples(source, split, seed)
    if seed is not None:
        examples = examples.shuffle(SHUFFLE_BUFFER, seed=seed, reshuffle_each_iteration=True).repeat()
    return examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).map(shaped)


def _fixed(steps):
    """The fixed transforms as one function of an image uint8 [H, W, C] (numpy)."""

    def apply(image):
        for step in steps:
            if not step.random:
                image = step.function(image)
        return image

    return apply


def _in_memory(images: np.ndarray, labels: np.ndarray, name: str = "image") -> Split:
    images, labels = tf.constant(images), tf.constant(labels)
    return Split(int(labels.shape[0]), lambda i: {name: tf.gather(images, i), "label": tf.gather(labels, i)})


def _on_disk(paths: np.ndarray, labels: np.ndarray, shape, read_pixels) -> Split:
    paths, labels = tf.constant(paths), tf.constant(labels)

    def pixels(path):
        return tf.ensure_shape(tf.numpy_function(read_pixels, [path], tf.uint8, stateful=False), shape)

    def read(index):
        return {
            "image": tf.map_fn(pixels, tf.gather(paths, index), fn_output_signature=tf.TensorSpec(shape, tf.uint8)),
            "label": tf.gather(labels, index),
        }

    return Split(int(labels.shape[0]), read)


def _images(name, shape, levels, class_names, splits, steps, protocol) -> Examples:
    random = tuple(step for step in steps if step.random)
    levels = next((step.levels for step in reversed(steps) if step.levels), levels)
    if steps:
        protocol += "; " + ", ".join(step.name for step in steps)
    arguments = {"image_shape": tuple(shape), "levels": levels, "num_classes": len(class_names)}
    return Examples(name, _spec(image=(shape, tf.uint8)), arguments, tuple(class_names), splits, protocol, random)


def _spec(**examples) -> dict[str, tf.TensorSpec]:
    """Of a batch of labelled examples, from (shape, dtype) by name."""
    spec = {name: tf.TensorSpec([None, *shape], dtype) for name, (shape, dtype) in examples.items()}
    return spec | {"label": tf.TensorSpec([None], tf.int32)}


# What comes before a colon in a name -> its reader(name, transform, skip_corrupt); any other name is TFDS's.
DATASETS = {
    "digits": _digits,
    "folder": _folder,
    "tones": _tones,
    "audio": _audio,
    "pendulum": _series,
    "series": _series,
}
