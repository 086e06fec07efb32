"""What --dry_run prints."""

import dataclasses
import functools
import json
import math

import tensorflow as tf

from trainers import runner
from trainers.config import TrainConfig


def describe(config: TrainConfig) -> str:
    """What --dry_run prints: the resolved configuration, the parameters, and the memory that training will take."""
    data = runner.load_data(dataclasses.asdict(config))
    model = runner.build(config, data, tf.distribute.get_strategy())
    rows = config.batch_size * model.examples_per_row
    parameters = _numbers(model.trainable_variables)
    slots = sum(_numbers(optimizer.variables) for optimizer in model.optimizers.values())
    fixed = 4 * (2 * parameters + slots + (parameters if model.average else 0))
    activations = _activation_bytes(model, config.batch_size)
    resolved = {**dataclasses.asdict(config), "model_arguments": runner.model_arguments(config, data)}
    return "\n".join(
        [
            json.dumps(resolved, indent=2),
            f"data: {data.protocol}; {data.splits['train'].size} training examples, "
            + ", ".join(f"{name} {value}" for name, value in data.arguments.items()),
            *(
                f"player {player.name}: {_numbers(player.variables):,} parameters, {player.updates} update(s) a step"
                for player in model.players()
            ),
            f"parameters: {parameters:,}",
            f"memory: {fixed / 2**20:.1f} MiB for weights, gradients, optimizers and average; at most "
            f"{activations / 2**20:.1f} MiB for what a step of {rows} examples computes; data in memory not counted",
        ]
    )


def _activation_bytes(model, batch_size: int) -> int:
    """The size of every tensor in the forward pass of the largest player: what backpropagation could need to keep."""
    batch = {name: tf.TensorSpec([batch_size, *spec.shape[1:]], spec.dtype) for name, spec in model.batch_spec.items()}
    seed = tf.TensorSpec([batch_size, 2], tf.int32)
    largest = 0
    for player in model.players():
        graph = tf.function(functools.partial(player.terms, training=True)).get_concrete_function(batch, seed).graph
        tensors = [tensor for op in graph.get_operations() if op.type != "Placeholder" for tensor in op.outputs]
        floats = [tensor for tensor in tensors if tensor.dtype.is_floating and tensor.shape.is_fully_defined()]
        largest = max(largest, sum(tensor.shape.num_elements() * tensor.dtype.size for tensor in floats))
    return largest


def _numbers(variables) -> int:
    return sum(math.prod(variable.shape) for variable in variables)
