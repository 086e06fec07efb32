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
