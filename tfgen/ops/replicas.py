"""What a replica needs of the others: terms that look at the whole batch give two replicas what they give one."""

import tensorflow as tf


def gather_batch(value: tf.Tensor) -> tf.Tensor:
    """The rows of all replicas, in the order of the replicas: [B, ...] of each -> [sum of all B, ...] on each.

    Differentiable: a row's gradient is summed over the terms of all replicas that looked at it. Every replica has to
    call it, in the same order as other collectives. With one replica, and outside of `strategy.run`, it is `value`.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return value
    return replica.all_gather(value, axis=0)


def next_rows(value: tf.Tensor) -> tf.Tensor:
    """Of each row the one after it in the batch of all replicas, of the last the first: [B, ...] -> [B, ...].

    Differentiable, and to be called by every replica, as `gather_batch` is.
    """
    first = row_numbers(value)[0]
    return tf.roll(gather_batch(value), -1, axis=0)[first : first + tf.shape(value)[0]]


def row_numbers(value: tf.Tensor) -> tf.Tensor:
    """Where the rows of this replica stand in the batch of all, which have to call it: [B, ...] -> int32 [B]."""
    counts, replica = gather_batch(tf.shape(value)[:1]), tf.distribute.get_replica_context()
    before = tf.reduce_sum(counts[: replica.replica_id_in_sync_group if replica else 0])
    return before + tf.range(tf.shape(value)[0])
