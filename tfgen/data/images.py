"""A data set of images: its splits, what its pixels mean, and batches whose position is the step."""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

from tfgen.data.transforms import Transform

Batch = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Split:
    """Examples that can be read in any order.

    Args:
      size: number of examples.
      read: index int64 [B] -> {"image": uint8 [B, H, W, C], "label": int32 [B]}, in a graph.
    """

    size: int
    read: Callable[[tf.Tensor], Batch]


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
class Images:
    """A data set ready for a model.

    Args:
      name: as it was asked for.
      image_shape: (H, W, C) after the transforms.
      levels: number of values of a pixel after the transforms.
      class_names: what the labels mean; empty without labels.
      splits: "train", "validation", "test".
      random: the transforms that are drawn anew for every batch, in order.
      protocol: one sentence on splits and transforms, to stand beside a figure.
    """

    name: str
    image_shape: tuple[int, int, int]
    levels: int
    class_names: tuple[str, ...]
    splits: Mapping[str, Split | Stream]
    random: tuple[Transform, ...]
    protocol: str

    @property
    def element_spec(self) -> dict[str, tf.TensorSpec]:
        return {"image": tf.TensorSpec([None, *self.image_shape], tf.uint8), "label": tf.TensorSpec([None], tf.int32)}

    @property
    def limits(self) -> dict[str, int]:
        """The exclusive upper bound of every integer, by name."""
        return {"image": self.levels, "label": len(self.class_names)}

    def training_batches(
        self, batch_size: int, seed: int, start_step: int = 0, context: tf.distribute.InputContext | None = None
    ) -> tf.data.Dataset:
        """Endless shuffled batches of the training split, from step `start_step` on.

        The examples and the noise of step s are a function of (seed, s) alone: there is no iterator to save.

        Args:
          batch_size: rows of the whole step, over all replicas.
          context: of a worker, from `strategy.distribute_datasets_from_function`; then the batches are one replica's.
        """
        split = self.splits["train"]
        workers, worker = (context.num_input_pipelines, context.input_pipeline_id) if context else (1, 0)
        replicas = context.num_replicas_in_sync // workers if context else 1
        rows = batch_size // (workers * replicas)
        if split.size < batch_size:
            raise ValueError(f"batch_size={batch_size}: {self.name} has only {split.size} training examples")

        def place(element):
            """(step, first row within the step) of the element-th batch of this worker."""
            return element // replicas, (worker * replicas + element % replicas) * rows

        first = start_step * replicas
        elements = tf.data.Dataset.range(first, tf.int64.max)
        if isinstance(split, Stream):
            examples = split.examples(seed).shard(workers, worker).skip(first * rows)
            batches = tf.data.Dataset.zip(elements, examples.batch(rows, drop_remainder=True))
        else:
            per_epoch = split.size // batch_size

            def read(element):
                step, row = place(element)
                position = (step % per_epoch) * batch_size + row + tf.range(rows, dtype=tf.int64)
                key = tf.stack([tf.constant(seed, tf.int64), step // per_epoch])
                return element, split.read(
                    tf.random.experimental.index_shuffle(position, key, tf.constant(split.size - 1, tf.int64))
                )

            batches = elements.map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

        def transform(element, batch):
            step, row = place(element)
            key = tf.random.fold_in(tf.random.fold_in(tf.constant([seed, 1], tf.int32), step), row)
            return self._draw(batch, key)

        return batches.map(transform, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)

    def batches(self, split: str, batch_size: int, seed: int = 0, limit: int | None = None) -> tf.data.Dataset:
        """One pass over a split in its own order, the last batch smaller; random transforms drawn once, from `seed`."""
        source = self.splits[split]
        size = min(source.size, limit or source.size)
        if isinstance(source, Stream):
            batches = source.examples(None).take(size).batch(batch_size).enumerate()
        else:
            batches = tf.data.Dataset.range(size).batch(batch_size).map(source.read).enumerate()

        def transform(position, batch):
            return self._draw(batch, tf.random.fold_in(tf.constant([seed, 2], tf.int32), position))

        return batches.map(transform, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)

    def _draw(self, batch: Batch, key: tf.Tensor) -> Batch:
        image = batch["image"]
        for i, transform in enumerate(self.random):
            image = transform.function(image, tf.random.fold_in(key, i))
        return {**batch, "image": tf.ensure_shape(image, [None, *self.image_shape])}
