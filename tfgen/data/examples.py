"""A data set: its splits, what its values mean, and batches whose position is the step."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfgen.data.transforms import Transform
from tfgen.ops import seeds

Batch = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Split:
    """Examples that can be read in any order.

    Args:
      size: number of examples.
      read: index int64 [B] -> {"image": uint8 [B, H, W, C], "label": int32 [B]}, say, in a graph.
      tensors: all examples, by name, where they are in memory.
    """

    size: int
    read: Callable[[tf.Tensor], Batch]
    tensors: Batch | None = None


@dataclasses.dataclass(frozen=True)
class Stream:
    """Examples that can be read only one after another: a data set larger than memory.

    Args:
      size: number of examples.
      examples: shuffle seed, or None for the order on disk -> an endless (or one pass of a) data set of examples.
    """

    size: int
    examples: Callable[[int | None], tf.data.Dataset]


@dataclasses.dataclass(frozen=True)
class Zipped:
    """A split of several sets side by side, each in an order of its own.

    Args:
      size: of the shortest.
      parts: the sets, by the name that what they hold has in a batch.
    """

    size: int
    parts: "Mapping[str, Examples]"


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """A data set ready for a model.

    Args:
      name: as it was asked for.
      element_spec: of a batch, by name.
      arguments: what it says to a model that asks: image_shape, levels, num_classes of images, after the transforms;
        text_bytes, the most that one of its texts has.
      class_names: what the labels mean; empty without labels.
      splits: "train", "validation", "test".
      protocol: one sentence on splits and transforms, to stand beside a figure.
      late: the transforms of every batch, in order: those that are drawn, which act on all pictures of an example, and
        what derives a source.
      fingerprint: by which each split is known again: the number of its examples and a hash of their names or values.
      factors: of a set that knows what its examples vary in, the names of each factor's values; a batch has "factors",
        int32 [B, F], the number of each one's value.
      stack_of: of a set whose colours are gray pictures of another, that other.
      labelled: of a set that shows the labels of some training examples only, how many; that of the others is one more
        than the last.
      whole: of a set with only some of its training examples, the set with all of them.
      renamed: what in a batch is called otherwise than where it was read: its name there, by its name in the batch.
      aligned: of two sets side by side that are the sides of pairs: what stands at the same place outside of training
        is a pair.
    """

    name: str
    element_spec: Mapping[str, tf.TensorSpec]
    arguments: Mapping[str, object]
    class_names: tuple[str, ...]
    splits: Mapping[str, Split | Stream | Zipped]
    protocol: str
    late: tuple[Transform, ...] = ()
    fingerprint: Mapping[str, str] = dataclasses.field(default_factory=dict)
    factors: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    stack_of: "Examples | None" = None
    labelled: int = 0
    whole: "Examples | None" = None
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    aligned: bool = False

    @classmethod
    def zip(cls, name: str, **parts: "Examples") -> "Examples":
        """Several sets as one, that is as long as the shortest: batches of {"a": ..., "b": ...} for a=, b=.

        What stands at the same place is no pair: in training each set has an order, and noise, of its own. Labels are
        left out.

        Raises:
          ValueError: where a set has more in it than one example and its label, or shapes or levels are not alike.
        """
        specs = {}
        for part, data in parts.items():
            held = [key for key in data.element_spec if key != "label"]
            if len(held) != 1:
                raise ValueError(f"dataset={name!r}: of {data.name}, {', '.join(held)} would both be {part!r}")
            specs[part] = data.element_spec[held[0]]
        first, *others = parts
        alike = {key: value for key, value in parts[first].arguments.items() if key != "num_classes"}
        for other in others:
            for key, value in alike.items():
                its = parts[other].arguments.get(key)
                if its != value:
                    raise ValueError(
                        f"dataset={name!r}: {key} is {value} in {first} and {its} in {other}, but must be one"
                        + ("; add resize, grayscale or color to --transforms" if key == "image_shape" else "")
                    )
        splits = {
            split: Zipped(min(data.splits[split].size for data in parts.values()), parts)
            for split in parts[first].splits
        }
        protocol = "side by side, each in an order of its own: "
        protocol += "; ".join(f"{part}: {data.protocol}" for part, data in parts.items())
        fingerprint = {
            f"{part} {key}": value for part, data in parts.items() for key, value in data.fingerprint.items()
        }
        return cls(name, specs, alike, (), splits, protocol, fingerprint=fingerprint)

    def swapped(self) -> "Examples":
        """A set of pairs with its sides exchanged: what was the image is the source."""
        spec, renamed = dict(self.element_spec), dict(self.renamed)
        for one, other in (("source", "image"), ("image", "source")):
            spec[one], renamed[one] = self.element_spec[other], self.renamed.get(other, other)
        shapes = {"image_shape": self.arguments["source_shape"], "source_shape": self.arguments["image_shape"]}
        arguments = {**self.arguments, **shapes}
        return dataclasses.replace(self, element_spec=spec, renamed=renamed, arguments=arguments)

    def side(self, name: str) -> "Examples":
        """One side of a set of pairs, "source" or "image", as a set of images."""
        spec = {"image": self.element_spec[name], "label": self.element_spec["label"]}
        arguments = {**self.arguments, "image_shape": self.arguments[f"{name}_shape"]}
        del arguments["source_shape"]
        renamed = {"image": self.renamed.get(name, name)}
        return dataclasses.replace(self, element_spec=spec, renamed=renamed, arguments=arguments)

    def unpaired(self) -> "Examples":
        """A set of pairs as two sets, `a` the sources and `b` the images, each in an order of its own in training."""
        return dataclasses.replace(Examples.zip(self.name, a=self.side("source"), b=self.side("image")), aligned=True)

    @property
    def sides_alike(self) -> bool:
        """Whether it is of two sets whose labels are the same classes."""
        parts = getattr(self.splits.get("train"), "parts", {})
        names = [part.class_names for part in parts.values()]
        return len(names) == 2 and bool(names[0]) and names[0] == names[1]

    @property
    def limits(self) -> dict[str, int]:
        """The exclusive upper bound of every integer, and of the bytes of a text, by name."""
        limits = {"label": len(self.class_names) + bool(self.labelled)}
        limits |= {"text": self.arguments["text_bytes"] + 1} if "text" in self.element_spec else {}
        levels = self.arguments.get("levels", 0)
        return limits | {name: levels for name, spec in self.element_spec.items() if spec.dtype == tf.uint8}

    @property
    def record(self) -> dict:
        """What a run keeps of its data; two of them are compared by `splits.difference`."""
        return {"protocol": self.protocol, "fingerprint": dict(self.fingerprint)}

    def _choosable(self, asked: str) -> Split:
        """The training split, of which `asked` wants some examples; refused where they come one after another."""
        split = self.splits["train"]
        if not isinstance(split, Split):
            raise ValueError(f"{asked}: {self.name} can only be read as a whole; leave it out")
        return split

    def with_training_examples(self, count: int) -> "Examples":
        """The same set with only `count` examples in its training split, drawn once for all; fewer are among more.

        Raises:
          ValueError: for more than there are, or where examples can be read only one after another.
        """
        split = self._choosable(f"train_examples={count}")
        if count > split.size:
            raise ValueError(f"train_examples={count}: {self.name} has only {split.size} training examples")
        order = shuffled(split.size, 0, 0)[:count]
        fewer = Split(count, lambda index: split.read(tf.gather(order, index)))
        protocol = f"{self.protocol}; {count} of the {split.size} training examples"
        return dataclasses.replace(
            self, splits={**self.splits, "train": fewer}, protocol=protocol, whole=self.whole or self
        )

    def with_labels(self, count: int) -> "Examples":
        """The same set with the labels of only `count` training examples, as many of each class, drawn once for all.

        These come once more beside the others, over and over, so that half of the examples have a label.

        Raises:
          ValueError: where there are no labels, too few of a class, or no such number of each.
        """
        classes = len(self.class_names)
        if not classes:
            raise ValueError(f"labelled_examples={count}: {self.name} has no labels")
        split = self._choosable(f"labelled_examples={count}")
        if count % classes:
            raise ValueError(f"labelled_examples={count}: must be as many of each of the {classes} classes")
        order = shuffled(split.size, 0, 1)
        labels = np.concatenate([split.read(order[i : i + 1000])["label"].numpy() for i in range(0, split.size, 1000)])
        places = [np.flatnonzero(labels == label)[: count // classes] for label in range(classes)]
        if min(map(len, places)) < count // classes:
            raise ValueError(f"labelled_examples={count}: {self.name} has fewer of some class")
        chosen = tf.gather(order, np.concatenate(places))

        def read(index):
            shown = index >= split.size
            example = split.read(tf.where(shown, tf.gather(chosen, index % count), index % split.size))
            return example | {"label": tf.where(shown, example["label"], classes)}

        return dataclasses.replace(self, splits={**self.splits, "train": Split(2 * split.size, read)}, labelled=count)

    def training_batches(
        self, batch_size: int, seed: int, start_step: int = 0, context: tf.distribute.InputContext | None = None
    ) -> tf.data.Dataset:
        """Endless shuffled batches of the training split, from step `start_step` on.

        The examples and the noise of step s are a function of (seed, s) alone, however many replicas share the step:
        there is no iterator to save.

        Args:
          batch_size: rows of the whole step, over all replicas.
          context: of a worker, from `strategy.distribute_datasets_from_function`; then the batches are one replica's.
        Raises:
          ValueError: for a batch larger than the split.
        """
        split = self.splits["train"]
        if split.size < batch_size:
            raise ValueError(f"batch_size={batch_size}: {self.name} has only {split.size} training examples")
        if isinstance(split, Zipped):
            return self._side_by_side(
                split, seed, lambda part, its_seed: part.training_batches(batch_size, its_seed, start_step, context)
            )
        workers, worker = (context.num_input_pipelines, context.input_pipeline_id) if context else (1, 0)
        replicas = context.num_replicas_in_sync // workers if context else 1
        rows = batch_size // (workers * replicas)
        first = start_step * replicas
        if isinstance(split, Stream):
            examples = split.examples(seed).shard(workers, worker).skip(first * rows)
            batches = examples.batch(rows, drop_remainder=True)
        else:
            per_epoch = split.size // batch_size

            def epoch(number):
                """The indices of this worker's batches [per_epoch * replicas, rows], one after another."""
                order = shuffled(split.size, seed, number)[: per_epoch * batch_size]
                mine = tf.reshape(order, [per_epoch, workers, replicas * rows])[:, worker]
                return tf.data.Dataset.from_tensor_slices(tf.reshape(mine, [per_epoch * replicas, rows]))

            orders = tf.data.Dataset.range(start_step // per_epoch, tf.int64.max).flat_map(epoch)
            batches = orders.skip(start_step % per_epoch * replicas).map(
                split.read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
            )

        def transform(element, batch):
            step, row = element // replicas, (worker * replicas + element % replicas) * rows
            return self._draw(batch, step * batch_size + row, seed, training=True)

        elements = tf.data.Dataset.range(first, tf.int64.max)
        return (
            tf.data.Dataset.zip(elements, batches)
            .map(transform, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
            .prefetch(2)
        )

    def batches(self, split: str, batch_size: int, seed: int = 0, limit: int | None = None) -> tf.data.Dataset:
        """One pass over a split in its own order, the last batch smaller and nothing augmented.

        The noise of an example is a function of (seed, its position in the split), whatever it is batched with.
        """
        source = self.splits[split]
        size = min(source.size, limit or source.size)
        if isinstance(source, Zipped):
            return self._side_by_side(
                source, seed, lambda part, its_seed: part.batches(split, batch_size, its_seed, size)
            )
        if isinstance(source, Stream):
            batches = source.examples(None).take(size).enumerate().batch(batch_size)
        else:
            batches = tf.data.Dataset.range(size).batch(batch_size).map(lambda index: (index, source.read(index)))

        def transform(index, batch):
            return self._draw(batch, index[0], seed, training=False)

        return batches.map(transform, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)

    def _side_by_side(self, zipped: Zipped, seed: int, batches: Callable) -> tf.data.Dataset:
        # A seed is 32 bits, of the 64 that a key has: what is above tells the sets apart.
        parts = {name: batches(part, seed + (i << 32)) for i, (name, part) in enumerate(zipped.parts.items())}

        def one_each(batch):
            return {name: next(value for key, value in batch[name].items() if key != "label") for name in parts}

        return tf.data.Dataset.zip(parts).map(one_each)

    def _draw(self, batch: Batch, first: tf.Tensor, seed: int, training: bool) -> Batch:
        """The late transforms of rows that stand at the positions first, first + 1, and so on."""
        for i, transform in enumerate(self.late):
            if transform.derives:
                batch = {**batch, "source": transform.function(batch["image"])}
                continue
            pictures = [name for name, value in batch.items() if value.dtype == tf.uint8 and value.shape.rank == 4]
            if transform.augments and not training:
                batch = {
                    **batch,
                    **{name: transform.otherwise(batch[name]) for name in pictures if transform.otherwise},
                }
                continue
            for j, name in enumerate(pictures):
                # One draw for all pictures of an example, or they would no longer be a pair.
                stream = (i, 0 if transform.augments else j, int(training))
                count = tf.shape(batch[name])[0]
                uniform = functools.partial(seeds.uniform_at, seed, stream, first, count)
                batch = {**batch, name: transform.function(batch[name], uniform)}
        return {
            name: tf.ensure_shape(batch[self.renamed.get(name, name)], spec.shape)
            for name, spec in self.element_spec.items()
        }


def shuffled(size: int, seed: int | tf.Tensor, epoch: int | tf.Tensor) -> tf.Tensor:
    """The numbers 0 .. size - 1 in the order of an epoch, int64 [size]: a function of (seed, epoch).

    Sorted by 64 random bits each, of a Philox key of both in full: `tf.random.experimental.index_shuffle` needs no
    memory, but knows only 256 orders for a word of its key at these sizes.
    """
    key = tf.stack([tf.convert_to_tensor(number, tf.int64) for number in (seed, epoch)])
    return tf.random.experimental.stateless_shuffle(tf.range(size, dtype=tf.int64), key, alg="philox")
