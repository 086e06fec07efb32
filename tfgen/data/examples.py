"""A data set: its splits, what its values mean, and batches whose position is the step."""

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
      read: index int64 [B] -> {"image": uint8 [B, H, W, C], "label": int32 [B]}, say, in a graph.
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
class Examples:
    """A data set ready for a model.

    Args:
      name: as it was asked for.
      element_spec: of a batch, by name.
      arguments: what it says to a model that asks: image_shape, levels, num_classes of images, after the transforms.
      class_names: what the labels mean; empty without labels.
      splits: "train", "validation", "test".
      protocol: one sentence on splits and transforms, to stand beside a figure.
      random: the transforms that are drawn anew for every batch of images, in order.
      fingerprint: by which each split is known again: the number of its examples and a hash of their names or values.
    """

    name: str
    element_spec: Mapping[str, tf.TensorSpec]
    arguments: Mapping[str, object]
    class_names: tuple[str, ...]
    splits: Mapping[str, Split | Stream]
    protocol: str
    random: tuple[Transform, ...] = ()
    fingerprint: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def limits(self) -> dict[str, int]:
        """The exclusive upper bound of every integer, by name."""
        limits = {"label": len(self.class_names)}
        levels = self.arguments.get("levels", 0)
        return limits | {name: levels for name, spec in self.element_spec.items() if spec.dtype == tf.uint8}

    @property
    def record(self) -> dict:
        """What a run keeps of its data; two of them are compared by `splits.difference`."""
        return {"protocol": self.protocol, "fingerprint": dict(self.fingerprint)}

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
        for i, transform in enumerate(self.random):
            batch = {**batch, "image": transform.function(batch["image"], tf.random.fold_in(key, i))}
        return {name: tf.ensure_shape(batch[name], spec.shape) for name, spec in self.element_spec.items()}
