"""tf.distribute strategies by name, and how a data set is dealt out under them."""

import tensorflow as tf


def make(name: str) -> tf.distribute.Strategy:
    """The strategy of a name in `config.STRATEGIES`.

    one_device: the first GPU, or the CPU. mirrored: all GPUs of this machine, or all its (logical) CPUs.
    multi_worker: the workers that TF_CONFIG lists. tpu: the TPU that TPU_NAME names.
    """
    if name == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()  # before devices are listed: that would start TensorFlow
    gpus = tf.config.list_logical_devices("GPU")
    if name == "one_device":
        return tf.distribute.OneDeviceStrategy("GPU:0" if gpus else "CPU:0")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy([device.name for device in gpus or tf.config.list_logical_devices("CPU")])
    if name == "tpu":
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    raise ValueError(f"strategy={name!r}: must be one_device, mirrored, multi_worker or tpu")


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes."""
    resolver = strategy.cluster_resolver
    return not (isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and resolver and resolver.task_id)


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """Refuses a batch that the replicas cannot share out evenly: an uneven step would not be the step of one device."""
    if batch_size % strategy.num_replicas_in_sync:
        raise ValueError(f"batch_size={batch_size}: must be a multiple of the {strategy.num_replicas_in_sync} replicas")


def distribute(strategy: tf.distribute.Strategy, training_batches, rows: int, seed: int, start_step: int):
    """The training batches of `data.Examples`, `rows` a step, under a strategy: each replica with its own share."""
    whole = training_batches(rows, seed, start_step)
    if strategy.num_replicas_in_sync == 1:
        return _fetched(strategy, whole)
    return strategy.distribute_datasets_from_function(
        lambda context: training_batches(rows, seed, start_step, context), _input_options(whole)
    )


def shard_by_data(strategy: tf.distribute.Strategy, dataset: tf.data.Dataset):
    """A data set that every worker makes whole and reads its share of (there are no files to share out)."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return _fetched(strategy, dataset.with_options(options))


def _fetched(strategy: tf.distribute.Strategy, dataset: tf.data.Dataset):
    """A data set as Keras distributes it, but for one with texts."""
    options = _input_options(dataset)
    return strategy.experimental_distribute_dataset(dataset, options) if options else dataset


def _input_options(dataset: tf.data.Dataset) -> tf.distribute.InputOptions | None:
    """Batches with texts stay where they are made until they are looked at: only a CPU can hold a text."""
    texts = any(spec.dtype == tf.string for spec in tf.nest.flatten(dataset.element_spec))
    return tf.distribute.InputOptions(experimental_fetch_to_device=False) if texts else None
