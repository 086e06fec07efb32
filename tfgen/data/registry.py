"""From a name to `Examples`: readers, transforms, and what fits in memory kept there."""

import dataclasses
import functools
import itertools
import math
import os
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfgen.data import (
    audio,
    cache,
    captions,
    digits,
    emoji,
    factors,
    fake,
    files,
    folder,
    letters,
    names,
    pairs,
    photographs,
    points,
    scenes,
    series,
    splits,
    transforms,
)
from tfgen.data.examples import Examples, Split, Stream

MEMORY = 4 * 2**30  # bytes of decoded pixels that are kept in memory; larger sets are decoded as they are read
SHUFFLED = "shuffled once: 80% train, 10% validation, 10% test"  # what `splits.fixed` does
SHUFFLE_BUFFER = 10_000  # examples, for a set that can only be read one after another


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of a reader; see `load`."""

    name: str
    data_dir: str | None = None
    transform: str = ""
    skip_corrupt: bool = False
    cache: bool = False

    @property
    def path(self) -> str:
        """What comes after the colon in the name."""
        return self.name.partition(":")[2]


def load(
    name: str, data_dir: str | None = None, transform: str = "", skip_corrupt: bool = False, cache: bool = False
) -> Examples:
    """A data set by name.

    Args:
      name: "digits", "factors", "letters", "scenes", "emoji", "photographs", "fake:HxWxC" of made-up pictures,
        "folder:PATH" of images, "captions:PATH" of images and sentences, "pairs:PATH" of pictures and what is to become
        of them, "unpaired:PATH" of two sets of pictures, "tones", "audio:PATH" of wav files, "pendulum",
        "series:FILE.npz", "ring" and other sets of points, "points:FILE.npz", the name of a TFDS set of images or sound
        ("mnist", "cifar10", "lsun/bedroom", "spoken_digit", "cycle_gan/horse2zebra"), "stacked:SET" for three gray
        pictures of a set as the colours of one, or "zip:a=SET,b=SET" for two of these or more at once, each in an order
        of its own.
      data_dir: where TFDS keeps its data; if left out TFDS_DATA_DIR, or TFDS's own default.
      transform: comma-separated, see `transforms.NAMES`.
      skip_corrupt: leave out image files that cannot be read (of a folder), rather than stop.
      cache: keep what was decoded on disk, and take it from there the next time; see `tfgen.data.cache`.
    Raises:
      ValueError: naming what is wrong with a name, a transform or a file, and what would be right.
    """
    return read(Request(name, data_dir, transform, skip_corrupt, cache))


def read(request: Request) -> Examples:
    """`load`, of a request."""
    names.check(request.name)
    examples = _kept(request) if request.cache else _made(request)
    return _transformed(examples, request.transform) if "image" in examples.element_spec else examples


def _made(request: Request) -> Examples:
    return DATASETS.get(request.name.partition(":")[0], _tfds)(request)


def _kept(request: Request) -> Examples:
    """From the cache, or else made, and kept there if all of it is in memory."""
    path = _cached_as(request)
    if path and (kept := cache.read(path)):
        return _unpacked(request.name, *kept)
    examples = _made(request)
    if path and all(isinstance(part, Split) and part.tensors for part in examples.splits.values()):
        cache.write(_cached_as(request), *_packed(examples))  # TFDS may only just have downloaded it
    return examples


FIELDS = ("arguments", "class_names", "protocol", "fingerprint")  # of Examples, that are kept as they are


def _packed(examples: Examples) -> tuple[dict, dict[str, np.ndarray]]:
    """(what JSON can hold, arrays) of examples in memory, before any random transform."""
    header = {"splits": {split: list(part.tensors) for split, part in examples.splits.items()}}
    header |= {field: getattr(examples, field) for field in FIELDS}
    parts = examples.splits.items()
    return header, {f"{split}/{name}": _array(value) for split, part in parts for name, value in part.tensors.items()}


def _array(tensor: tf.Tensor) -> np.ndarray:
    """As a file of arrays holds it: texts as bytes of one size."""
    return tensor.numpy().astype("S") if tensor.dtype == tf.string else tensor.numpy()


def _unpacked(name: str, header: dict, arrays: dict[str, np.ndarray]) -> Examples:
    parts = {
        split: _in_memory(**{key: arrays[f"{split}/{key}"] for key in keys}) for split, keys in header["splits"].items()
    }
    spec = {key: tf.TensorSpec([None, *value.shape[1:]], value.dtype) for key, value in parts["train"].tensors.items()}
    fields = {field: header[field] for field in FIELDS}
    # JSON has lists alone.
    fields["arguments"] = {key: tuple(v) if isinstance(v, list) else v for key, v in fields["arguments"].items()}
    fields["class_names"] = tuple(fields["class_names"])
    return Examples(name, spec, splits=parts, **fields)


def _cached_as(request: Request) -> pathlib.Path | None:
    """The file of the cache, without a look into the data; None for what is made as fast as it is read."""
    kind = request.name.partition(":")[0]
    if kind in ("folder", "captions", "pairs", "audio"):
        root = pathlib.Path(request.path)
    elif kind in DATASETS:
        return None
    else:
        place = request.data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        root = pathlib.Path(place).expanduser() / re.split("[:/]", request.name)[0]
    if not root.is_dir():
        return None
    asked = (request.name, str(root.resolve()), transforms.fixed(request.transform), str(request.skip_corrupt))
    return cache.path_of(asked, files.walk(root))


def _digits(request: Request) -> Examples:
    steps = transforms.parse(request.transform, digits.LEVELS)
    apply = _fixed(steps)
    parts = digits.read()
    images = {
        split: _in_memory(image=np.stack([apply(image) for image in images]), label=labels)
        for split, (images, labels) in parts.items()
    }
    return _images(
        request.name,
        tuple(images["train"].read(tf.constant([0], tf.int64))["image"].shape[1:]),
        digits.LEVELS,
        digits.CLASS_NAMES,
        images,
        "scikit-learn digits, first 1,000 train, next 350 validation, last 447 test",
        {split: splits.fingerprint(image.tobytes() for image in images) for split, (images, _) in parts.items()},
    )


def _grid(request: Request) -> Examples:
    """A set of every combination of its factors' values, one of which is its label."""
    source = {"factors": factors, "letters": letters, "scenes": scenes}[request.name]
    apply = _fixed(transforms.parse(request.transform, source.LEVELS))
    pictures, values, *text = source.read()
    pictures = np.stack([apply(picture) for picture in pictures])
    label = values[:, list(source.FACTORS).index(source.LABEL)]
    rows = splits.fixed(len(pictures))
    arrays = {"image": pictures, "label": label, "factors": values} | ({"text": text[0]} if text else {})
    parts = {
        split: _in_memory(**{name: array[index] for name, array in arrays.items()}) for split, index in rows.items()
    }
    made = _images(
        request.name,
        pictures.shape[1:],
        source.LEVELS,
        source.FACTORS[source.LABEL],
        parts,
        f"{len(pictures)} pictures, every combination of {', '.join(source.FACTORS)}, {SHUFFLED}",
        _of_rows(request.name, rows),
    )
    spec = made.element_spec | {"factors": tf.TensorSpec([None, len(source.FACTORS)], tf.int32)}
    made = dataclasses.replace(made, element_spec=spec, factors=source.FACTORS)
    return _with_text(made, captions.size(text)) if text else made


def _with_text(examples: Examples, size: int) -> Examples:
    """Of examples that have texts of at most `size` bytes beside their images."""
    spec = examples.element_spec | {"text": tf.TensorSpec([None], tf.string)}
    return dataclasses.replace(examples, element_spec=spec, arguments={**examples.arguments, "text_bytes": size})


def _folder(request: Request) -> Examples:
    """Pictures of a folder; of "captions:", too, where a picture is an example with each of its captions."""
    found, how = files.find(request.path, request.name, folder.SUFFIXES, folder.OTHERS)
    texts = captions.of(request.path, found, request.name) if request.name.startswith("captions:") else []
    apply = _fixed(transforms.parse(request.transform, 256))
    return _of_pictures(request, found, "images of a folder", how, folder.decode, apply, texts=texts)


def _pairs(request: Request) -> Examples:
    """Pictures of two halves, or of two folders side by side: the left is the source, the right the image."""
    found, how, both = pairs.find(request.path, request.name)
    apply = _fixed(transforms.parse(request.transform, 256))

    def side_by_side(sides):
        source, image = map(apply, sides)
        if source.shape != image.shape:
            raise ValueError(
                f"its sides have the shapes {source.shape} and {image.shape}; add resize, grayscale or color to the "
                "transforms"
            )
        return np.concatenate([source, image], axis=1)

    return _of_pictures(request, found, "pairs", how, both, side_by_side, halves=True)


def _unpaired(request: Request) -> Examples:
    """Two sets of pictures in folders trainA, trainB and so on."""
    apply = _fixed(transforms.parse(request.transform, 256))
    sides = {}
    for side in "AB":
        found, how = files.find(request.path, request.name, folder.SUFFIXES, folder.OTHERS, side)
        made = _of_pictures(request, found, "images of a folder", how, folder.decode, apply)
        sides[side.lower()] = _transformed(made, request.transform)
    return Examples.zip(request.name, **sides)


def _emoji(request: Request) -> Examples:
    """Twemoji's pictures as the sources, Noto's as the images, their names as texts."""
    apply = _fixed(transforms.parse(request.transform, emoji.LEVELS))
    sources, images, names_ = emoji.read()
    sources, images = (np.stack([apply(picture) for picture in side]) for side in (sources, images))
    keys = [name.encode() for name in names_]
    parts = {
        split: _in_memory(
            source=sources[rows], image=images[rows], label=np.zeros(len(rows), np.int32), text=np.array(keys)[rows]
        )
        for split, rows in splits.indices([splits.of(key) for key in keys], "emoji").items()
    }
    protocol = f"{len(keys)} emoji of Twemoji and Noto, {splits.BY_HASH} name"
    fingerprint = {split: splits.fingerprint(key for key in keys if splits.of(key) == split) for split in splits.NAMES}
    made = _images(request.name, images.shape[1:], emoji.LEVELS, (), parts, protocol, fingerprint)
    return _with_source(_with_text(made, max(map(len, keys))), images.shape[1:])


def _fake(request: Request) -> Examples:
    asked = fake.parse(request.name)
    apply = _fixed(transforms.parse(request.transform, asked.levels))
    images, labels, texts = fake.read(asked)
    images, texts = np.stack([apply(image) for image in images]), np.array(texts)
    rows = splits.fixed(len(images))
    parts = {
        split: _in_memory(
            image=images[index], label=labels[index], **({"text": texts[index]} if asked.captions else {})
        )
        for split, index in rows.items()
    }
    made = _images(
        request.name,
        images.shape[1:],
        asked.levels,
        tuple(f"class {label}" for label in range(asked.classes)),
        parts,
        f"{len(images)} pictures made up by a seed, {SHUFFLED}",
        _of_rows(request.name, rows),
    )
    return _with_text(made, captions.size([texts])) if asked.captions else made


def _photographs(request: Request) -> Examples:
    apply = _fixed(transforms.parse(request.transform, photographs.LEVELS))
    found = photographs.read()
    parts = {
        split: _in_memory(image=np.stack([apply(part) for part in pictures]), label=np.zeros(len(pictures), np.int32))
        for split, (pictures, _) in found.items()
    }
    how = ", ".join(f"{split} = {' and '.join(files)}" for split, files in photographs.SPLITS.items())
    return _images(
        request.name,
        tuple(parts["train"].tensors["image"].shape[1:]),
        photographs.LEVELS,
        (),
        parts,
        f"{sum(part.size for part in parts.values())} parts of scikit-image's photographs, {how}",
        {split: splits.fingerprint(name.encode() for name in its) for split, (_, its) in found.items()},
    )


def _of_pictures(
    request: Request, found, noun: str, how: str, decode, transform, halves: bool = False, texts=()
) -> Examples:
    """Of files: `transform` makes uint8 [H, W, C] of what `decode` reads.

    Args:
      noun: what they are.
      how: they are split.
      halves: whether the left half of a picture is the source, and the right half the image.
      texts: of each file, with each of which its picture is an example.
    """
    whole, example = folder.check([file.path for file in found], decode, transform, request.skip_corrupt)
    found, texts = [found[i] for i in whole], [texts[i] for i in whole] if texts else []
    class_names = tuple(sorted({file.label for file in found} - {""}))
    paths = np.array([file.path for file in found])
    labels = np.array([class_names.index(file.label) if class_names else 0 for file in found], np.int32)
    height, width, channels = example.shape
    width = width // 2 if halves else width

    def read_pixels(path):
        return transform(decode(path))

    def sides(image):
        return {"source": image[..., :width, :], "image": image[..., width:, :]} if halves else {"image": image}

    parts, times = {}, np.array([len(its) for its in texts] or [1] * len(found))
    for split, rows in splits.indices([file.split for file in found], "images").items():
        again = np.repeat(np.arange(len(rows)), times[rows])
        beside = {"label": labels[rows][again]}
        beside |= {"text": np.array([one for row in rows for one in texts[row]])} if texts else {}
        if times.sum() * math.prod(example.shape) <= MEMORY:
            pictures = np.stack([read_pixels(path) for path in paths[rows]])
            parts[split] = _in_memory(**sides(pictures[again]), **beside)
        else:
            parts[split] = _on_disk(paths[rows][again], example.shape, read_pixels, sides, **beside)
    protocol = f"{len(found)} {noun}, {f'{times.sum()} captions, ' * bool(texts)}{how}"
    shape = (height, width, channels)
    made = _images(request.name, shape, 256, class_names, parts, protocol, _of_files(found, texts))
    made = _with_text(made, captions.size(texts)) if texts else made
    return _with_source(made, shape) if halves else made


def _with_source(examples: Examples, shape: tuple[int, int, int]) -> Examples:
    spec = examples.element_spec | {"source": tf.TensorSpec([None, *shape], tf.uint8)}
    return dataclasses.replace(examples, element_spec=spec, arguments={**examples.arguments, "source_shape": shape})


def _of_files(found: Sequence[files.File], texts: Sequence[Sequence[bytes]] = ()) -> dict[str, str]:
    """The fingerprint of files, and of the texts that belong to each."""
    keys = [b"\n".join([file.key, *its]) for file, its in itertools.zip_longest(found, texts, fillvalue=())]
    parts = {
        split: [key for key, file in zip(keys, found, strict=True) if file.split == split] for split in splits.NAMES
    }
    return {split: splits.fingerprint(part) for split, part in parts.items()}


def _tones(request: Request) -> Examples:
    length = audio.length_of(request.transform, request.name)
    codes, labels = audio.tones(length)
    parts = splits.fixed(len(codes))
    return _of_audio(
        request.name,
        length,
        audio.RATE,
        audio.TONES,
        {split: _in_memory(audio=codes[rows], label=labels[rows]) for split, rows in parts.items()},
        f"{len(codes)} synthetic notes, {SHUFFLED}",
        _of_rows(request.name, parts),
    )


def _of_rows(name: str, parts: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The fingerprint of a set that is computed: its values may differ in the last bit from machine to machine."""
    return {split: splits.fingerprint(f"{name} {row}".encode() for row in rows) for split, rows in parts.items()}


def _audio(request: Request) -> Examples:
    length = audio.length_of(request.transform, request.name)
    found, how = files.find(request.path, request.name, audio.SUFFIXES, audio.OTHERS)
    classes = [file.label or pathlib.Path(file.name).stem.partition("_")[0] for file in found]
    class_names = tuple(sorted(set(classes)))
    recordings, rate = audio.read([file.path for file in found])
    parts = {
        split: _clips([(recordings[i], class_names.index(classes[i])) for i in rows], length)
        for split, rows in splits.indices([file.split for file in found], "recordings").items()
    }
    protocol = f"{len(found)} recordings of {rate} Hz, {how}"
    return _of_audio(request.name, length, rate, class_names, parts, protocol, _of_files(found))


def _clips(recordings: Iterable[tuple[np.ndarray, int]], length: int) -> Split:
    """Of recordings, codes uint8 [T] and a label each."""
    clips, labels = zip(*((audio.clips(codes, length), label) for codes, label in recordings), strict=True)
    labels = np.repeat(labels, [len(of_one) for of_one in clips])
    return _in_memory(audio=np.concatenate(clips), label=labels.astype(np.int32))


def _of_audio(name, length, rate, class_names, parts, protocol, fingerprint) -> Examples:
    return Examples(
        name,
        _spec(audio=((length,), tf.uint8)),
        {"length": length, "levels": 256, "sample_rate": rate, "num_classes": len(class_names)},
        class_names,
        parts,
        f"{protocol}; mu-law codes, clips of {length} samples",
        fingerprint=fingerprint,
    )


def _series(request: Request) -> Examples:
    made = request.name == "pendulum"
    arrays = series.pendulum() if made else series.read(request.name)
    _, length, dims = arrays["series"].shape
    arguments = {"length": length, "dims": dims, "action_dims": arrays["action"].shape[2] if "action" in arrays else 0}
    return _of_arrays(request, arrays, arguments, made, f"series of {length} steps")


def _points(request: Request) -> Examples:
    made = not request.path
    arrays = {"point": points.generated(request.name) if made else points.read(request.name)}
    return _of_arrays(request, arrays, {"dims": arrays["point"].shape[1]}, made, "points")


def _of_arrays(request: Request, arrays: dict[str, np.ndarray], arguments, made: bool, noun: str) -> Examples:
    """Of real values in memory, those of an example side by side; `made` by us, or read from a file."""
    if request.transform:
        raise ValueError(f"transforms={request.transform!r}: there are none for {request.name}")
    first = next(iter(arrays))
    count = len(arrays[first])
    if made:
        parts = splits.fixed(count)
        how, fingerprint = SHUFFLED, _of_rows(request.name, parts)
    else:
        keys = [b"".join(array.tobytes() for array in row) for row in zip(*arrays.values(), strict=True)]
        parts = splits.indices([splits.of(key) for key in keys], noun)
        how = f"{splits.BY_HASH} one's values"
        fingerprint = {split: splits.fingerprint(keys[row] for row in rows) for split, rows in parts.items()}

    def part(rows) -> Split:
        return _in_memory(**{key: array[rows] for key, array in arrays.items()}, label=np.zeros(len(rows), np.int32))

    return Examples(
        request.name,
        _spec(**{key: (array.shape[1:], tf.float32) for key, array in arrays.items()}),
        arguments,
        (),
        {split: part(rows) for split, rows in parts.items()},
        f"{count} {noun}, {how}",
        fingerprint=fingerprint,
    )


def _zip(request: Request) -> Examples:
    """Of several sets, each with the transforms."""
    parts = names.parts(request.name)
    read_part = {part: read(dataclasses.replace(request, name=name)) for part, name in parts.items()}
    return Examples.zip(request.name, **read_part)


def _stacked(request: Request) -> Examples:
    """Three pictures of a set of K classes as the colours of one, of K^3: Metz et al. 2017, "Unrolled Generative
    Adversarial Networks", section 3.3.1. Each colour goes through the set in an order of its own, always the same."""
    inner = dataclasses.replace(request, name=request.path)
    base = _kept(inner) if request.cache else _made(inner)
    *sides, channels = base.arguments.get("image_shape", (0, 0, 0))
    in_memory = all(isinstance(part, Split) and part.tensors for part in base.splits.values())
    if channels != 1 or not base.class_names or not in_memory:
        raise ValueError(
            f"dataset={request.name!r}: {request.path!r} must be of gray pictures with labels, and fit in memory"
        )
    classes = len(base.class_names)
    parts = {split: _in_three_colors(part, i, classes) for i, (split, part) in enumerate(base.splits.items())}
    names_ = tuple(" ".join(three) for three in itertools.product(base.class_names, repeat=3))
    protocol = f"three pictures as colours, each by an order of its own; {base.protocol}"
    made = _images(request.name, (*sides, 3), base.arguments["levels"], names_, parts, protocol, base.fingerprint)
    return dataclasses.replace(made, stack_of=base)


def _in_three_colors(part: Split, number: int, classes: int) -> Split:
    orders = [np.random.default_rng([number, color]).permutation(part.size) for color in range(3)]
    rows, images_, labels = tf.constant(np.stack(orders, axis=1)), part.tensors["image"], part.tensors["label"]

    def read(index):
        of_colors = tf.gather(rows, index)  # [B, 3]
        pixels = tf.gather(images_[..., 0], of_colors)
        label = tf.gather(labels, of_colors) * [classes**2, classes, 1]
        return {"image": tf.transpose(pixels, [0, 2, 3, 1]), "label": tf.reduce_sum(label, axis=1)}

    return Split(part.size, read)


def _tfds(request: Request) -> Examples:
    from tfgen.data import tfds_sets  # it takes seconds to import, and the other sets do without

    source = tfds_sets.find(request.name, request.data_dir)
    if source.builder.name in tfds_sets.TWO_SETS:
        sides = {side.lower(): _tfds_images(request, dataclasses.replace(source, side=side)) for side in "AB"}
        return Examples.zip(request.name, **{one: _transformed(side, request.transform) for one, side in sides.items()})
    return {"image": _tfds_images, "audio": _tfds_audio}[source.kind](request, source)


def _tfds_audio(request: Request, source) -> Examples:
    from tfgen.data import tfds_sets

    length = audio.length_of(request.transform, request.name)
    rate = source.builder.info.features[source.key].sample_rate
    if not rate:
        raise ValueError(
            f"dataset={request.name!r}: TFDS does not say the rate of its sound; save it as wav files: audio:PATH"
        )
    tfds_sets.prepare(source)
    parts = {split: _clips(tfds_sets.recordings(source, split), length) for split in source.splits}
    protocol = f"{source.protocol}, {rate} Hz"
    return _of_audio(request.name, length, rate, source.class_names, parts, protocol, source.fingerprint)


def _tfds_images(request: Request, source) -> Examples:
    from tfgen.data import tfds_sets

    name, levels = request.name, tfds_sets.LEVELS.get(source.builder.name, 256)
    steps = transforms.parse(request.transform, levels)
    tfds_sets.prepare(source)
    apply = _fixed(steps)

    def prepare(example):
        label = example[source.label_key] if source.label_key else 0
        image = example[source.key]
        if any(step.fixed for step in steps):
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

    parts = {}
    total = sum(source.builder.info.splits[split].num_examples for split in source.splits.values())
    for split, expression in source.splits.items():
        size = source.builder.info.splits[expression].num_examples
        if total * math.prod(shape) <= MEMORY:
            ordered = tfds_sets.examples(source, split, None)
            everything = ordered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).map(shaped)
            batch = next(iter(everything.batch(size)))
            parts[split] = _in_memory(image=batch["image"].numpy(), label=batch["label"].numpy())
        else:
            parts[split] = Stream(size, functools.partial(_stream, source, split, prepare, shaped))
    return _images(name, shape, levels, source.class_names, parts, source.protocol, source.fingerprint)


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
            if step.fixed:
                image = step.function(image)
        return image

    return apply


def _in_memory(**arrays: np.ndarray) -> Split:
    """Of the examples' values [N, ...] by name."""
    tensors = {name: tf.constant(array) for name, array in arrays.items()}
    size = int(next(iter(tensors.values())).shape[0])
    return Split(size, lambda i: {name: tf.gather(tensor, i) for name, tensor in tensors.items()}, tensors)


def _on_disk(paths: np.ndarray, shape, read_pixels, sides, **arrays: np.ndarray) -> Split:
    """Of pictures that are read when they are asked for, `sides` of which are what they are called, and of what stands
    beside them, by name."""
    paths, beside = tf.constant(paths), {name: tf.constant(array) for name, array in arrays.items()}

    def pixels(path):
        read_one = tf.numpy_function(lambda path: read_pixels(path.decode()), [path], tf.uint8, stateful=False)
        return tf.ensure_shape(read_one, shape)

    def read(index):
        pictures = tf.map_fn(pixels, tf.gather(paths, index), fn_output_signature=tf.TensorSpec(shape, tf.uint8))
        return sides(pictures) | {name: tf.gather(tensor, index) for name, tensor in beside.items()}

    return Split(len(paths), read)


def _images(name, shape, levels, class_names, parts, protocol, fingerprint) -> Examples:
    """Of images as they are after the fixed transforms."""
    arguments = {"image_shape": tuple(shape), "levels": levels, "num_classes": len(class_names)}
    spec = _spec(image=(shape, tf.uint8))
    return Examples(name, spec, arguments, tuple(class_names), parts, protocol, fingerprint=fingerprint)


def _transformed(examples: Examples, transform: str) -> Examples:
    """With the transforms of batches, and all of them in the protocol."""
    levels = examples.arguments["levels"]
    steps = transforms.parse(transform, levels)
    levels = next((step.levels for step in reversed(steps) if step.levels), levels)
    examples = dataclasses.replace(
        examples,
        arguments={**examples.arguments, "levels": levels},
        protocol="; ".join(filter(None, [examples.protocol, ", ".join(step.name for step in steps)])),
        late=tuple(step for step in steps if step.random or step.derives),
    )
    asked = f"transforms={transform!r}: {examples.name}"
    for step in steps:
        if step.otherwise:
            examples = _cut(examples, step.otherwise)
        if step.derives:
            if "source" in examples.element_spec:
                raise ValueError(f"{asked} is of pairs already; leave out what derives a source")
            picture = tf.zeros([1, *examples.arguments["image_shape"]], tf.uint8)
            examples = _with_source(examples, tuple(step.function(picture).shape[1:]))
        elif step.sides:
            if "source" not in examples.element_spec:
                raise ValueError(f"{asked} is not of pairs; derive a source ({', '.join(transforms.DERIVED)}, shrink)")
            examples = examples.swapped() if step.sides == "swap" else examples.unpaired()
    return examples


def _cut(examples: Examples, cut) -> Examples:
    """With pictures in its batches as `cut` makes them."""
    spec, arguments = dict(examples.element_spec), dict(examples.arguments)
    for name in ("image", "source"):
        if name in spec:
            arguments[f"{name}_shape"] = shape = tuple(cut(tf.zeros([1, *spec[name].shape[1:]], tf.uint8)).shape[1:])
            spec[name] = tf.TensorSpec([None, *shape], tf.uint8)
    return dataclasses.replace(examples, element_spec=spec, arguments=arguments)


def _spec(**examples) -> dict[str, tf.TensorSpec]:
    """Of a batch of labelled examples, from (shape, dtype) by name."""
    spec = {name: tf.TensorSpec([None, *shape], dtype) for name, (shape, dtype) in examples.items()}
    return spec | {"label": tf.TensorSpec([None], tf.int32)}


# What comes before a colon in a name -> its reader; any other name is TFDS's.
DATASETS = {
    "digits": _digits,
    "factors": _grid,
    "letters": _grid,
    "scenes": _grid,
    "folder": _folder,
    "emoji": _emoji,
    "photographs": _photographs,
    "fake": _fake,
    "pairs": _pairs,
    "unpaired": _unpaired,
    "captions": _folder,
    "tones": _tones,
    "audio": _audio,
    "pendulum": _series,
    "series": _series,
    **dict.fromkeys(names.POINTS, _points),
    "points": _points,
    "stacked": _stacked,
    "zip": _zip,
}
