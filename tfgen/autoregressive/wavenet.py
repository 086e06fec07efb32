"""WaveNet: Aaron van den Oord, Sander Dieleman, Heiga Zen, Karen Simonyan, Oriol Vinyals, Alex Graves, Nal
Kalchbrenner, Andrew Senior, Koray Kavukcuoglu, 2016, "WaveNet: A Generative Model for Raw Audio", https://arxiv.org/abs/1609.03499."""

import keras
import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.core import arguments
from tfgen.layers.causal import Pointwise, linear
from tfgen.layers.dilated import DilatedStack, dilations, later


class SampleNetwork(keras.layers.Layer):
    """Figure 4: the last two samples, a dilated stack, and two layers of the summed skips before the softmax."""

    def __init__(self, levels: int, width: int, skip: int, depth: int, stacks: int, rate: float, vector: bool):
        super().__init__()
        self.levels, self.width = levels, width
        self.stack = DilatedStack(width, skip, dilations(depth, stacks), vector, rate)
        self.hidden, self.last = Pointwise(skip), Pointwise(levels)

    def build(self, shape):
        # A sample goes in one-hot: a row of this table for the last one, and one for the one before.
        self.embedding = self.add_weight(
            shape=(2, self.levels, self.width), name="embedding", initializer="glorot_normal"
        )
        self.built = True

    def call(self, audio, vector=None, seed=None):
        """uint8 [N, T] -> logits [N, T, levels] of each sample given those before it."""
        last, before = tf.unstack(tf.cast(self.embedding, self.compute_dtype))
        codes = tf.cast(audio, tf.int32)
        x = later(tf.gather(last, codes), 1) + later(tf.gather(before, codes), 2)
        h = self.hidden(tf.nn.relu(self.stack(x, vector, seed)))
        return self.last(tf.nn.relu(h))

    def complete(self, audio, known, uniforms, draw, vector=None):
        """Draws the unknown samples in order, each given all before it; one step of every layer for each."""
        count = tf.shape(audio)[0] if audio.shape[0] is None else audio.shape[0]
        steps = audio.shape[1]
        given, known, uniforms = (tf.transpose(value) for value in (audio, known, uniforms))
        weights, conditions = self.stack.prepare(), self.stack.conditions(vector)
        last, before = tf.unstack(tf.identity(self.embedding))
        hidden, logits = self.hidden.prepare(), self.last.prepare()

        def step(t, x, older, queues, audio):
            skips, queues = self.stack.step(x, queues, t, weights, conditions)
            h = tf.nn.relu(linear(tf.nn.relu(skips), *hidden))
            sample = draw(linear(h, *logits), uniforms[t])
            sample = tf.where(known[t], given[t], sample)
            code = tf.cast(sample, tf.int32)
            audio = tf.tensor_scatter_nd_update(audio, [[t]], sample[None])
            return t + 1, tf.gather(last, code) + older, tf.gather(before, code), queues, audio

        zeros = tf.zeros([count, self.width])
        *_, audio = tf.while_loop(
            lambda t, *_: t < steps,
            step,
            (0, zeros, zeros, self.stack.queues(count), tf.zeros([steps, count], tf.uint8)),
            maximum_iterations=steps,
            parallel_iterations=1,
        )
        return tf.transpose(audio)


class WaveNet(AutoregressiveModel):
    """p(x) or p(x | label) = prod_t softmax(f(x_1 .. x_{t-1})) over mu-law codes, f a stack of dilated convolutions.

    `ops.audio` makes codes of sound and sound of codes. bits/dim of its logs are bits per sample.

    Args:
      length: T, samples of a clip.
      levels: mu-law codes.
      sample_rate: of the audio, Hz; for those who listen to it.
      width: residual features.
      skip: features of the skip connections and of the layer before the softmax.
      depth: layers of a stack, dilated 1, 2, 4, ... (10 in the paper).
      stacks: repetitions of them.
      dropout: share of features dropped in training on the way into every layer but the first; none in the paper.
      conditional: whether to model p(x | label), globally conditioned (section 2.5).
      num_classes: number of labels; looked at only with `conditional`.

    log_prob, sample and complete (which goes on from what is known): see `AutoregressiveModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        length: int,
        levels: int = 256,
        sample_rate: int = 16000,
        width: int = 64,
        skip: int = 256,
        depth: int = 10,
        stacks: int = 3,
        dropout: float = 0.0,
        conditional: bool = False,
        num_classes: int = 0,
    ):
        super().__init__((length,), levels, num_classes if conditional else 0, example="audio")
        arguments.check(
            {"width": width, "skip": skip, "depth": depth, "stacks": stacks}, dropout, conditional, num_classes
        )
        self.sample_rate = sample_rate
        self.network = SampleNetwork(levels, width, skip, depth, stacks, dropout, conditional)

    def logits(self, audio, seed=None, **condition):
        return self.network(audio, vector=self.vector(**condition), seed=seed)

    def fill_by_steps(self, audio, known, uniforms, draw, **condition):
        return self.network.complete(audio, known, uniforms, draw, self.vector(**condition))
