"""The least that sampling by steps can take: the products of its kernels alone, in its order, compiled by XLA."""

from collections.abc import Callable


def products(model, batch_size: int) -> Callable[[], object] | None:
    """A function that multiplies as much as `model.sample` of `batch_size` pictures does, and does nothing else: the
    kernels of the vertical stack once a row, those of the horizontal stack and the head once a pixel.

    None for a model whose sampler does not run each of its kernels once a row or once a pixel: recurrent ones, those of
    several resolutions, those without stacks.
    """
    import tensorflow as tf

    from tfgen.autoregressive.cached import CausalNetwork
    from tfgen.autoregressive.pixel_rnn import PixelRNN
    from tfgen.layers.runs import PixelStep, RowStep, map_tensors

    if not isinstance(getattr(model, "network", None), CausalNetwork) or isinstance(model, PixelRNN):
        return None
    height, width, channels = model.shape
    weights: dict = {}
    conditions = model.network.conditions(None)
    above = model.network.vertical(RowStep(weights, shape=(1, width)), tf.zeros([1, width, channels]), conditions)
    if above.coarser is not None:
        return None
    of_rows = set(weights)
    run, pixel = PixelStep(weights), tf.zeros([1, channels])
    above = map_tensors(lambda tensor: tensor[:, 0], above)
    model.network.head(run, model.network.horizontal(run, pixel, above, conditions), pixel)

    kernels = [(name, tensor) for name, made in weights.items() for tensor in tf.nest.flatten(made)]
    kernels = [(name, tensor) for name, tensor in kernels if tensor is not None and tensor.shape.rank > 1]
    kernels = [(name, kernel) for name, kernel in kernels if 0 not in kernel.shape]
    # What has four dimensions is a convolution over a row and those above it; a matrix belongs to a row or to a pixel.
    windows = [kernel for _, kernel in kernels if kernel.shape.rank == 4]
    of_row = [kernel for name, kernel in kernels if kernel.shape.rank == 2 and name in of_rows]
    of_pixel = [kernel for name, kernel in kernels if kernel.shape.rank == 2 and name not in of_rows]

    def convolved(kernel, total):
        rows, columns, features, _ = kernel.shape
        return tf.nn.conv2d(tf.fill([batch_size, rows, width + columns - 1, features], total), kernel, 1, "VALID")

    def multiplied(kernel, total, count):
        return tf.fill([count, kernel.shape[0]], total) @ kernel

    def loop(rounds, each, total):
        """`each` makes tensors of `total`, which is made of them: no round can be left out or moved."""

        def body(i, total):
            return i + 1, 1e-9 * tf.add_n([tf.reduce_sum(y) for y in each(total)] or [total])

        return tf.while_loop(lambda i, _: i < rounds, body, (0, total))[1]

    @tf.function(jit_compile=True, autograph=False)
    def multiply(windows, of_row, of_pixel):
        def row(total):
            return [convolved(k, total) for k in windows] + [multiplied(k, total, batch_size * width) for k in of_row]

        total = loop(height, row, tf.constant(1.0))
        return loop(height * width, lambda total: [multiplied(k, total, batch_size) for k in of_pixel], total)

    return lambda: multiply(windows, of_row, of_pixel).numpy()
