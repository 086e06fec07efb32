"""LSTMs over the rows and over the diagonals of a picture.

van den Oord, Kalchbrenner and Kavukcuoglu 2016, "Pixel Recurrent Neural Networks", sections 3.1 and 3.2,
https://arxiv.org/abs/1601.06759. The input-to-state part is one convolution over the whole picture; one loop over rows
or diagonals adds the state-to-state part.
"""

import keras
import tensorflow as tf

from tfgen.layers.causal import CausalColumns, Pointwise, shift


def cell(z: tf.Tensor, c: tf.Tensor):
    """Equation 3: the sums of the gates z [..., 4 F] and the last cell state [..., F] -> output, state, gates."""
    i, f, o, g = tf.split(z, 4, axis=-1)
    i, f, o, g = tf.sigmoid(i), tf.sigmoid(f), tf.sigmoid(o), tf.tanh(g)
    c = f * c + i * g
    return o * tf.tanh(c), c, (i, f, o, g)


def moved(x: tf.Tensor, places: int) -> tf.Tensor:
    """Along the last axis but one, `places` further, zeros coming in."""
    if not places:
        return x
    pad, size = abs(places), x.shape[-2]
    edges = [[0, 0]] * (x.shape.rank - 2) + [[max(places, 0), max(-places, 0)], [0, 0]]
    return tf.pad(x, edges)[..., (0 if places > 0 else pad) : (size if places > 0 else size + pad), :]


def skewed(x: tf.Tensor) -> tf.Tensor:
    """[D, N, H, W, S] -> [D, N, H, W + H - 1, S], row r moved r places to the right (figure 3).

    Every row with H zeros behind it, cut anew into rows of one place less.
    """
    directions, height, width, size = x.shape[0], *x.shape[2:]
    flat = tf.reshape(
        tf.pad(x, [[0, 0]] * 3 + [[0, height], [0, 0]]), [directions, -1, height * (width + height), size]
    )
    return tf.reshape(flat[:, :, : height * (width + height - 1)], [directions, -1, height, width + height - 1, size])


def unskewed(x: tf.Tensor, width: int) -> tf.Tensor:
    """What `skewed` made of pictures of `width`, as it was."""
    directions, height, size = x.shape[0], x.shape[2], x.shape[4]
    flat = tf.reshape(x, [directions, -1, height * (width + height - 1), size])
    flat = tf.pad(flat, [[0, 0], [0, 0], [0, height], [0, 0]])
    return tf.reshape(flat, [directions, -1, height, width + height, size])[:, :, :, :width]


def recurrence(x: tf.Tensor, kernel: tf.Tensor, offsets: tuple[int, ...]) -> tf.Tensor:
    """h_t = LSTM(x_t + K window(h_{t-1})), with window(h)[p] = (h[p - o] for o in offsets) and zeros beyond the edges.

    The gradient is written by hand: that of the kernel is one product over all steps, and nothing is kept but gates and
    states.

    Args:
      x: [T, D, N, P, 4 F], the input-to-state part of D directions, P positions side by side.
      kernel: [D, len(offsets) F, 4 F].
      offsets: how far the positions of the window lie behind.
    Returns:
      h: [T, D, N, P, F].
    """
    steps, features = x.shape[0], kernel.shape[-1] // 4

    def window(h):
        return tf.concat([moved(h, offset) for offset in offsets], axis=-1)

    def product(a, b, **options):  # of [D, N, P, A] and [D, A, B]
        return tf.matmul(a, b[:, None], **options)

    @tf.custom_gradient
    def run(x, kernel):
        zeros = tf.zeros_like(x[0, ..., :features])

        def array(size):
            return tf.TensorArray(x.dtype, steps, element_shape=[*x.shape[1:-1], size])

        def forward(t, h, c, hs, cs, gates):
            h, c, gate = cell(x[t] + product(window(h), kernel), c)
            return t + 1, h, c, hs.write(t, h), cs.write(t, c), gates.write(t, tf.concat(gate, axis=-1))

        start = 0, zeros, zeros, array(features), array(features), array(4 * features)
        options = {"maximum_iterations": steps, "parallel_iterations": 1}
        *_, hs, cs, gates = tf.while_loop(lambda t, *_: t < steps, forward, start, **options)
        hs, cs, gates = hs.stack(), cs.stack(), gates.stack()

        def gradient(upstream):
            before = tf.concat([zeros[None], cs[:-1]], axis=0)

            def backward(t, dh, dc, dzs):
                i, f, o, g = tf.split(gates[t], 4, axis=-1)
                tanh = tf.tanh(cs[t])
                dh += upstream[t]
                dc += dh * o * (1 - tanh * tanh)
                dz = tf.concat(
                    [
                        dc * g * i * (1 - i),
                        dc * before[t] * f * (1 - f),
                        dh * tanh * o * (1 - o),
                        dc * i * (1 - g * g),
                    ],
                    axis=-1,
                )
                parts = tf.split(product(dz, kernel, transpose_b=True), len(offsets), axis=-1)
                dh = tf.add_n([moved(part, -offset) for part, offset in zip(parts, offsets, strict=True)])
                return t - 1, dh, dc * f, dzs.write(t, dz)

            start = steps - 1, zeros, zeros, array(4 * features)
            *_, dzs = tf.while_loop(lambda t, *_: t >= 0, backward, start, **options)
            dz = dzs.stack()
            windows = window(tf.concat([zeros[None], hs[:-1]], axis=0))
            rows = [
                tf.reshape(tf.transpose(value, [1, 0, 2, 3, 4]), [kernel.shape[0], -1, value.shape[-1]])
                for value in (windows, dz)
            ]
            return dz, tf.matmul(*rows, transpose_a=True)

        return hs, gradient

    return run(x, kernel)


class RowLSTM(keras.layers.Layer):
    """A row sees, by its state, a triangle of the rows above: [N, H, W, C] -> [N, H, W, filters] (section 3.1)."""

    OFFSETS = (1, 0, -1)  # state to state: three wide

    def __init__(self, filters: int):
        super().__init__()
        self.filters = filters
        self.input_to_state = CausalColumns(4 * filters, 2)  # three wide under mask B: this pixel and the one before

    def build(self, shape):
        self.input_to_state.build(shape)
        self.kernel = self.add_weight(shape=(1, 3 * self.filters, 4 * self.filters), name="kernel")
        self.handed_size = 2 * self.filters
        self.built = True

    def call(self, x):
        z = tf.transpose(self.input_to_state(x), [1, 0, 2, 3])[:, None]
        h = recurrence(z, tf.cast(self.kernel, z.dtype), self.OFFSETS)
        return tf.transpose(h[:, 0], [1, 0, 2, 3])

    def prepare(self):
        return self.input_to_state.prepare(), tf.identity(self.kernel)[0]

    def above(self, row, cache, weights):
        h, c = tf.split(row, 2, axis=-1)
        window = tf.concat([moved(h, offset) for offset in self.OFFSETS], axis=-1)
        return tf.concat([tf.tensordot(window, weights[1], 1), c], axis=-1), None

    def step(self, pixel, above, cache, weights):
        z, cache, _ = self.input_to_state.step(pixel, None, cache, weights[0])
        h, c, _ = cell(z + above[:, : 4 * self.filters], above[:, 4 * self.filters :])
        return h, cache, tf.concat([h, c], axis=-1)


class DiagonalBiLSTM(keras.layers.Layer):
    """The sum of two LSTMs along the diagonals, from the left and from the right (section 3.2, figure 3).

    [N, H, W, C] -> [N, H, W, filters]. The states of a pixel come from its left (right) and upper neighbours: in the
    skewed picture, whose row r lies r places further right, from the column before. The one from the right is moved
    down a row, so that it sees no pixel after this one.
    """

    OFFSETS = (0, 1)  # state to state: this row and the one above it

    def __init__(self, filters: int):
        super().__init__()
        self.filters = filters
        self.input_to_state = Pointwise(8 * filters)

    def build(self, shape):
        self.input_to_state.build(shape)
        self.kernel = self.add_weight(shape=(2, 2 * self.filters, 4 * self.filters), name="kernel")
        self.handed_size = self.filters + shape[-1] + 1
        self.built = True

    def call(self, x):
        left, right = tf.split(self.input_to_state(x), 2, axis=-1)
        z = skewed(tf.stack([left, tf.reverse(right, [2])]))  # [2, N, H, W + H - 1, 4 F]
        h = recurrence(tf.transpose(z, [3, 0, 1, 2, 4]), tf.cast(self.kernel, z.dtype), self.OFFSETS)
        left, right = tf.unstack(unskewed(tf.transpose(h, [1, 2, 3, 0, 4]), x.shape[2]))
        return left + shift(tf.reverse(right, [2]), 1)

    def prepare(self):
        kernel, bias = self.input_to_state.prepare()
        (left_kernel, right_kernel), (left_bias, right_bias) = (tf.split(w, 2, axis=-1) for w in (kernel, bias))
        to_left, from_above = tf.split(tf.identity(self.kernel)[0], 2)
        return (
            (tf.concat([left_kernel, to_left], axis=0), left_bias),
            from_above,
            (right_kernel, right_bias, tf.identity(self.kernel)[1]),
        )

    def above(self, row, cache, weights):
        """row: of the row before, the states from the left, what came in, and 1 (0 above the picture); cache: the
        states from the right of the row before that."""
        _, from_above, (kernel, bias, to_state) = weights
        left, x, there = tf.split(row, [self.filters, self.handed_size - self.filters - 1, 1], axis=-1)
        z = tf.transpose(tf.tensordot(x, kernel, 1) + bias, [1, 0, 2])  # [W, N, 4 F]
        before = tf.zeros_like(left) if cache is None else cache
        before_by_column = tf.transpose(before, [1, 0, 2])
        width = z.shape[0]

        def column(t, h, c, states):
            w = width - 1 - t
            window = tf.concat([h, tf.gather(before_by_column, w)], axis=-1)
            h, c, _ = cell(tf.gather(z, w) + window @ to_state, c)
            return t + 1, h, c, tf.concat([h[None], states[:-1]], axis=0)

        zeros = tf.zeros_like(before_by_column)
        *_, states = tf.while_loop(
            lambda t, *_: t < width,
            column,
            (0, zeros[0], zeros[0], zeros),
            maximum_iterations=width,
            parallel_iterations=1,
        )
        right = tf.transpose(states, [1, 0, 2]) * there
        return tf.concat([tf.tensordot(left, from_above, 1), right], axis=-1), right

    def step(self, pixel, above, cache, weights):
        (matrix, bias), *_ = weights
        h, c = (tf.zeros_like(above[:, -self.filters :]),) * 2 if cache is None else cache
        z = tf.nn.bias_add(tf.concat([pixel, h], axis=-1) @ matrix, bias) + above[:, : 4 * self.filters]
        h, c, _ = cell(z, c)
        one = tf.ones_like(h[:, :1])
        return h + above[:, 4 * self.filters :], (h, c), tf.concat([h, pixel, one], axis=-1)
