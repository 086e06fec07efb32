"""A convolutional hierarchy of residual blocks, inferred in both directions: Diederik P. Kingma, Tim Salimans, Rafal
Jozefowicz, Xi Chen, Ilya Sutskever, Max Welling, 2016, "Improved Variational Inference with Inverse Autoregressive
Flow", section 4 and appendix C, https://arxiv.org/abs/1606.04934."""

import functools

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.distributions import likelihoods
from tfgen.distributions.latents import DiagonalGaussian, Walk
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.posteriors import diagonal_gaussian


class ResNetVAE(LatentVariableModel):
    """A latent-variable model of L layers of planes, z_1 being the top; a state h goes down and takes each in.

    prior       p(z)     = prod_l N(z_l; mean_p(h_l), diag(stddev_p(h_l)^2)), h_1 learned, h_{l+1} of h_l and z_l
    posterior   q(z | x) = prod_l N(z_l; mean_p + stddev_p mean_q(h_l, d_l), diag((stddev_p stddev_q(h_l, d_l))^2)),
                           d_l from a way up from the image
    likelihood  p(x | z) of h below the last layer, see `VAE`

    Diagonal posteriors, without the paper's flows; without its weight normalisation, so that the blocks start at zero.
    That a posterior moves the prior, so that no KL depends on the prior's scale, is of Vahdat and Kautz 2020, "NVAE: A
    Deep Hierarchical Variational Autoencoder", section 3.2.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      planes: of each layer of z, the top first.
      halvings: how often the sides of the picture are halved where each layer lies, from the top: 2 is 7x7 of 28x28.
      width: features where they are halved once; twice as many with each halving.
      blocks: residual blocks after each layer, and at each scale on the way up.
      likelihood, beta, free_bits, warmup_steps, samples: see `VAE`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        planes: tuple[int, ...] = (8, 8, 4),
        halvings: tuple[int, ...] = (2, 2, 1),
        width: int = 24,
        blocks: int = 1,
        likelihood: str = "",
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps, samples)
        arguments.check({"planes": min(planes), "halvings": min(halvings), "width": width, "blocks": blocks})
        if len(planes) < 2 or len(halvings) != len(planes) or list(halvings) != sorted(halvings, reverse=True):
            raise ValueError(
                f"planes={planes}, halvings={halvings}: must be as many, two at least, the most halved first"
            )
        height, width_, channels = self.image_shape
        if 2 ** (halvings[0] - 1) >= min(height, width_):
            raise ValueError(f"halvings={halvings}: a {height}x{width_} image cannot be halved that often")
        self.planes, self.halvings = planes, halvings
        self.likelihood = likelihoods.choose(likelihood, levels)
        sides = [(height, width_)]
        for _ in range(halvings[0]):
            sides.append(tuple(-(-side // 2) for side in sides[-1]))
        self.sides = [sides[halved] for halved in halvings]
        widths = [width * 2 ** (halved - 1) for halved in range(1, halvings[0] + 1)]
        self.up = [
            keras.Sequential([keras.layers.Conv2D(w, 4, 2, "same"), *(Residual(w) for _ in range(blocks))])
            for w in widths
        ]
        of_layer = [widths[halved - 1] for halved in halvings]
        self.start = self.add_weight(shape=(1, *self.sides[0], of_layer[0]), initializer="zeros", name="start")
        self.priors = [conv(2 * count) for count in planes]
        self.posteriors = [conv(2 * count) for count in planes]
        self.takes_in = [keras.layers.Conv2D(w, 1) for w in of_layer]
        self.down = [keras.Sequential([Residual(w) for _ in range(blocks)]) for w in of_layer]
        # Between layers of two scales, and from the last to the picture.
        ends = [*halvings[1:], 0]
        self.enlarge = [
            [
                keras.layers.Conv2DTranspose(widths[max(halved - 1 - i, 1) - 1], 4, 2, "same", activation="elu")
                for i in range(halved - end)
            ]
            for halved, end in zip(halvings, ends, strict=True)
        ]
        self.image_sides = sides
        self.head = conv(channels * self.likelihood.parameters)

    def initialize(self, batch):
        """The last bias starts at the mean level."""
        self.head.bias.assign(tf.reduce_mean(self.likelihood.fitted(batch["image"], self.levels), axis=[0, 1]))

    def features(self, pixels, training=False):
        """d_l, the top first."""
        scales = [pixels]
        for network in self.up:
            scales.append(network(scales[-1]))
        return [scales[halved] for halved in self.halvings]

    def prior(self):
        return Walk(self._start, [functools.partial(self._normal, prior) for prior in self.priors], self._steps())

    def posterior(self, features, training=False):
        def layer(prior, network, on_the_way_up):
            def moved(state):
                before, move = self._normal(prior, state), self._normal(network, state, on_the_way_up)
                return DiagonalGaussian(before.mean() + before.stddev() * move.mean(), before.stddev() * move.stddev())

            return moved

        layers = [layer(*parts) for parts in zip(self.priors, self.posteriors, features, strict=True)]
        return Walk(self._start, layers, self._steps())

    def _start(self, rows):
        return tf.tile(self.start.value, [rows, 1, 1, 1])

    def _normal(self, network, *states):
        values = network(tf.concat([keras.activations.elu(state) for state in states], axis=-1))
        return diagonal_gaussian(*(flat(part) for part in tf.split(values, 2, axis=-1)))

    def _steps(self):
        return [self._step(layer) for layer in range(len(self.planes))]

    def _step(self, layer):
        def step(state, value):
            planes = tf.reshape(value, [-1, *self.sides[layer], self.planes[layer]])
            state = self.down[layer](state + self.takes_in[layer](planes))
            for i, enlarge in enumerate(self.enlarge[layer]):
                rows, columns = self.image_sides[self.halvings[layer] - 1 - i]
                state = enlarge(state)[:, :rows, :columns]
            return state

        return step

    def decode(self, latents, seed=None, training=False):
        return self.likelihood(self.head(self.prior().states(latents)[-1]), self.levels)


class Residual(keras.layers.Layer):
    """x + conv(elu(conv(elu(x)))): figure 3; the last convolution starts at zero."""

    def __init__(self, width: int):
        super().__init__()
        self.first = keras.layers.Conv2D(width, 3, padding="same", activation="elu")
        self.second = keras.layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")

    def call(self, x):
        return x + self.second(self.first(keras.activations.elu(x)))


def conv(outputs: int) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(outputs, 3, padding="same")


def flat(planes: tf.Tensor) -> tf.Tensor:
    """[N, H, W, C] -> [N, H W C]."""
    return tf.reshape(planes, [-1, planes.shape[1] * planes.shape[2] * planes.shape[3]])
