"""What a served function may be asked.

A request of a wrong shape, without rows or with too many is refused as a whole, before any work. A row with a value out
of range answers by itself: a server merges the rows of many clients into one request, and the bad row of one must not
fail the others.
"""

import tensorflow as tf

from tfgen.core import GenerativeModel
from tfgen.core.signature import Sides

LARGEST = 1e4  # magnitude of a float input: beyond it a network may overflow, and an answer must be finite

Tensors = dict[str, tf.Tensor]
Specs = dict[str, tf.TensorSpec]


def checked(inputs: Tensors, specs: Specs, max_rows: int, sides: Sides) -> Tensors:
    """The inputs of a request; an assertion that names the input fails where its shapes are not those of a request."""
    # A server does not hold a request to the shape of its signature, and the graph optimiser counts on that shape:
    # what came is seen only where nothing is known of it.
    shapes = {
        name: tf.shape(tf.raw_ops.PlaceholderWithDefault(input=value, shape=None)) for name, value in inputs.items()
    }
    checks = [_shape_check(name, shape, specs[name], sides) for name, shape in shapes.items()]
    with tf.control_dependencies(checks):
        (first, rows), *others = [(name, shape[0]) for name, shape in shapes.items()]
        checks = [
            tf.debugging.Assert((rows > 0) & (rows <= max_rows), [f"{first} must have 1 to {max_rows} rows, not", rows])
        ]
        for name, count in others:
            checks.append(tf.debugging.Assert(count == rows, [f"{name} must have as many rows as {first}, not", count]))
    with tf.control_dependencies(checks):
        return {name: tf.identity(value) for name, value in inputs.items()}


def _shape_check(name: str, shape: tf.Tensor, spec: tf.TensorSpec, sides: Sides) -> tf.Operation:
    sizes = spec.shape[1:].as_list()
    came = tf.pad(shape, [[0, spec.shape.rank]])[1 : spec.shape.rank]
    fits = tf.where(
        tf.constant([size is None for size in sizes], tf.bool),
        (came % sides.multiple == 0) & (came >= sides.least) & (came <= sides.largest),
        came == tf.constant([size or 0 for size in sizes], tf.int32),
    )
    wanted = f"{name} must be {spec.dtype.name} [{', '.join(map(str, ['N', *named_sizes(spec)]))}]"
    wanted += (f" with {described(sides)}" if None in sizes else "") + ", not of shape"
    return tf.debugging.Assert((tf.size(shape) == spec.shape.rank) & tf.reduce_all(fits), [wanted, shape], summarize=8)


def named_sizes(spec: tf.TensorSpec) -> list[int | str]:
    """The sizes of an input but for the batch; "H" and "W" where they are free."""
    return [name if size is None else size for size, name in zip(spec.shape[1:], "HWC", strict=False)]


def described(sides: Sides) -> str:
    """What free sides may be, in words."""
    return f"H and W multiples of {sides.multiple}, {sides.least} to {sides.largest}"


def valid(model: GenerativeModel, inputs: Tensors) -> tf.Tensor:
    """Which rows hold only values that the model admits: bool [N]."""
    rows = tf.fill(tf.shape(next(iter(inputs.values())))[:1], True)
    for name, value in inputs.items():
        if value.dtype.is_floating:
            admitted = tf.abs(value) <= LARGEST  # which NaN is not
        elif value.dtype == tf.string:
            admitted = tf.strings.length(value) < model.limits[name]
        elif name in model.limits:
            level = tf.cast(value, tf.int32)
            admitted = (level >= 0) & (level < model.limits[name])
        else:
            continue
        rows &= tf.reduce_all(admitted, axis=list(range(1, value.shape.rank)))
    return rows


def admitted(model: GenerativeModel, name: str, dtype: tf.DType) -> str:
    """The values that `valid` admits, in words; "" for those of the type."""
    if dtype.is_floating:
        return f"finite, at most {LARGEST:g} in magnitude"
    if dtype == tf.string:
        return f"at most {model.limits[name] - 1} bytes"
    return f"0 .. {model.limits[name] - 1}" if name in model.limits else ""


def or_zeros(rows: tf.Tensor, values: Tensors) -> Tensors:
    """The values, with zeros, or empty texts, in place of the rows that are not valid."""
    return {
        name: tf.where(tf.reshape(rows, [-1, *[1] * (value.shape.rank - 1)]), value, tf.zeros([], value.dtype))
        for name, value in values.items()
    }
