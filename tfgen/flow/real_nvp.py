"""RealNVP: Laurent Dinh, Jascha Sohl-Dickstein, Samy Bengio, 2017, "Density Estimation using Real NVP",
https://arxiv.org/abs/1605.08803."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import Drawn, Latents, repeat, standard_normal
from tfgen.distributions.likelihoods import Likelihood
from tfgen.losses import variational
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import images, seeds


def checkerboard(height: int, width: int, channels: int) -> np.ndarray:
    """1 on every other pixel, the first among them: [H, W, 1]."""
    return (np.add.outer(np.arange(height), np.arange(width) + 1) % 2)[..., None].astype(np.float32)


def first_half(height: int, width: int, channels: int) -> np.ndarray:
    """1 on the first half of the channels: [1, 1, C]."""
    return (np.arange(channels) < channels // 2)[None, None].astype(np.float32)


class ResidualNetwork(keras.layers.Layer):
    """Convolutions of 3x3, `depth` residual blocks of two among them: [N, H, W, .] -> [N, H, W, outputs], 0 at first.

    Features are divided by their root mean square where a block takes them in, and at last.
    """

    def __init__(self, width: int, depth: int, outputs: int):
        super().__init__()

        def convolution(filters, **options):
            return keras.layers.Conv2D(filters, 3, padding="same", **options)

        self.first = convolution(width)
        self.inner = [convolution(width, activation="relu") for _ in range(depth)]
        self.outer = [convolution(width) for _ in range(depth)]
        self.last = convolution(outputs, kernel_initializer="zeros")

    def build(self, shape):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, x):
        x = self.first(x)
        for inner, outer in zip(self.inner, self.outer, strict=True):
            x += outer(inner(tf.nn.relu(normalized(x))))
        return self.last(tf.nn.relu(normalized(x)))


def normalized(x: tf.Tensor) -> tf.Tensor:
    """Features [..., C] divided by their root mean square (Zhang and Sennrich 2019, "RMSNorm"), without a gain."""
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-6)


class Coupling(keras.layers.Layer):
    """x -> b x + (1 - b) (x exp(s(b x)) + t(b x)), equation 9: where b is 1 x stays, and says what becomes of the rest.

    s is a tanh times a learned scale for each channel, as in the authors' code, and so is b among the inputs of the
    network. It is the identity at first.

    Args:
      mask: (H, W, C) -> b.
      flipped: whether b is what the mask is not.
      width, depth: features and residual blocks of the network of s and t.
    """

    def __init__(self, mask, flipped: bool, width: int, depth: int):
        super().__init__(dtype="float32")  # an inverse wants it; the network has the precision that was asked for
        self.mask, self.flipped, self.width, self.depth = mask, flipped, width, depth

    def build(self, shape):
        channels = shape[-1]
        self.network = ResidualNetwork(self.width, self.depth, 2 * channels)
        self.scale = self.add_weight(shape=(channels,), initializer=keras.initializers.Constant(0.5), name="scale")
        self.built = True

    def _scale_and_shift(self, x):
        """s and t, [N, H, W, C], both zero where b is 1."""
        b = tf.constant(self.mask(*x.shape[1:]))
        b = 1.0 - b if self.flipped else b
        seen = tf.concat([b * x, tf.broadcast_to(b[..., :1], tf.shape(x[..., :1]))], axis=-1)
        s, t = tf.split(tf.cast(self.network(seen), tf.float32), 2, axis=-1)
        return (1.0 - b) * self.scale * tf.tanh(s), (1.0 - b) * t

    def call(self, x):
        """[N, H, W, C] -> the same, and ln |det dy/dx|, [N]: equation 6."""
        s, t = self._scale_and_shift(x)
        return x * tf.exp(s) + t, tf.reduce_sum(s, axis=[1, 2, 3])

    def inverse(self, y):
        """Equation 8; no dearer than the way there."""
        s, t = self._scale_and_shift(y)
        return (y - t) * tf.exp(-s)


class Scale(keras.layers.Layer):
    """One resolution (section 3.6): three couplings of pixels, the squeeze to a quarter of them, three of channels.

    The last one has four couplings of pixels alone.
    """

    def __init__(self, width: int, depth: int, last: bool):
        super().__init__(dtype="float32")
        self.last = last
        self.pixels = [Coupling(checkerboard, i % 2 == 1, width, depth) for i in range(4 if last else 3)]
        self.channels = [] if last else [Coupling(first_half, i % 2 == 1, 2 * width, depth) for i in range(3)]

    def build(self, shape):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, x):
        """[N, H, W, C] -> [N, H / 2, W / 2, 4 C] (the last: [N, H, W, C]), and ln |det|, [N]."""
        log_dets = []
        for coupling in self.pixels:
            x, log_det = coupling(x)
            log_dets.append(log_det)
        x = x if self.last else tf.nn.space_to_depth(x, 2)
        for coupling in self.channels:
            x, log_det = coupling(x)
            log_dets.append(log_det)
        return x, tf.add_n(log_dets)

    def inverse(self, x):
        for coupling in reversed(self.channels):
            x = coupling.inverse(x)
        x = x if self.last else tf.nn.depth_to_space(x, 2)
        for coupling in reversed(self.pixels):
            x = coupling.inverse(x)
        return x


class MultiScale(keras.layers.Layer):
    """Scale after scale; half of the channels are done with after each (figure 4b), the rest goes on."""

    def __init__(self, scales: int, width: int, depth: int):
        super().__init__(dtype="float32")
        self.scales = [Scale(width * 2**i, depth, last=i == scales - 1) for i in range(scales)]

    def build(self, shape):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, x):
        """[N, H, W, C] -> z [N, H W C], the coarsest scale last, and ln |det dz/dx|, [N]."""
        done, log_dets = [], []
        for scale in self.scales:
            x, log_det = scale(x)
            log_dets.append(log_det)
            if not scale.last:
                x, out = tf.split(x, 2, axis=-1)
                done.append(out)
        return tf.concat([_flat(part) for part in [*done, x]], axis=-1), tf.add_n(log_dets)

    def inverse(self, z, shape: tuple[int, int, int]):
        """z [N, H W C] -> [N, H, W, C], `shape` being (H, W, C)."""
        height, width, channels = shape
        # Of what is done with after each scale, half of 4 C channels; at last as much goes on.
        shapes = [(height >> i, width >> i, channels << i) for i in (*range(1, len(self.scales)), len(self.scales) - 1)]
        parts = tf.split(z, [math.prod(its) for its in shapes], axis=-1)
        parts = [tf.reshape(part, [-1, *its]) for part, its in zip(parts, shapes, strict=True)]
        x = parts.pop()
        for scale in reversed(self.scales):
            if not scale.last:
                x = tf.concat([x, parts.pop()], axis=-1)
            x = scale.inverse(x)
        return x


def _flat(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, [-1, math.prod(x.shape[1:])])


class Dequantized(Latents):
    """q(z | x) of a flow: what becomes of x + u, u uniform in the unit cube. Its density is that of u in terms of z.

    Args:
      to_latents: float32 [N, ...] -> z [N, D], ln |det|, [N].
      image: uint8 [N, ...].
    """

    def __init__(self, to_latents, image: tf.Tensor):
        self.to_latents, self.image = to_latents, tf.cast(image, tf.float32)

    def draw(self, seed):
        z, log_det = self.to_latents(self.image + seeds.uniform(seed, self.image.shape[1:]))
        return Drawn(z, -log_det)

    def kl(self, prior, drawn):
        return [drawn.log_prob - prior.log_prob(drawn.value)]

    def moments(self):
        return {}


class Certain(Likelihood):
    """p(x | z) of a flow: all on one image, uint8 [N, H, W, C]."""

    shows_sample = False

    def __init__(self, image: tf.Tensor):
        self.image = image

    def log_prob(self, image):
        return tf.where(tf.reduce_all(image == self.image, axis=[1, 2, 3]), 0.0, -math.inf)

    def sample(self, seed):
        return self.image

    def show(self, seed=None):
        return self.image

    def moments(self):
        return {}


class RealNVP(GenerativeModel):
    """ln p(x + u) = ln N(f(x + u); 0, I) + ln |det df/dx|, f made of affine couplings at several scales.

    The density of x + u, u uniform in the unit cube, is exact. Of the levels x themselves it gives a bound, since
    P(x) = E_u p(x + u) (Theis et al. 2016, https://arxiv.org/abs/1511.01844, section 3.1): `elbo` with one u,
    `importance_bound` with k of them (Burda et al. 2016, eq. 8). As a latent-variable model it has the posterior
    of f(x + u) and a likelihood that is certain. In front of the couplings a value y of 0 .. levels goes through
    logit(alpha + (1 - 2 alpha) y / levels), alpha = .05, the code's rather than section 4.1's, which is infinite at 1.

    We deviate in this: no batch normalisation, in the networks or as a step, so that rows do not depend on their batch;
    no weight normalisation and no skip connections in the networks, which begin at zero instead (Kingma and Dhariwal
    2018, "Glow"); s has a learned scale for each channel and not one for all.

    Args:
      image_shape: (H, W, C), H and W multiples of 2^(scales - 1).
      levels: number of values of a pixel.
      width: features of a coupling's network at the first scale; twice as many after every squeeze (64 in the paper).
      depth: residual blocks of a coupling's network (8 in the paper for CIFAR-10).
      scales: resolutions (2 in the paper for CIFAR-10).

    prior(), encode(image), decode(latents), sample(seed), elbo(image, seed), importance_bound(image, k, seed).

    Raises:
      ValueError: naming an argument that is out of range.
    """

    ALPHA = 0.05

    def __init__(
        self, image_shape: tuple[int, int, int], levels: int = 256, width: int = 32, depth: int = 2, scales: int = 2
    ):
        super().__init__(image_shape, levels)
        arguments.check({"width": width, "depth": depth, "scales": scales})
        if any(side % 2 ** (scales - 1) for side in self.image_shape[:2]):
            raise ValueError(
                f"scales={scales}: the sides of image_shape={self.image_shape} must be multiples of "
                f"{2 ** (scales - 1)}; lower scales, or resize the images"
            )
        self.flow = MultiScale(scales, width, depth)

    def to_latents(self, value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """f: float32 [N, H, W, C] in 0 .. levels -> z [N, H W C], and ln |det df/dvalue|, [N]."""
        share = self.ALPHA + (1.0 - 2.0 * self.ALPHA) * value / self.levels
        log_share, log_rest = tf.math.log(share), tf.math.log1p(-share)
        z, log_det = self.flow(log_share - log_rest)
        slope = math.log((1.0 - 2.0 * self.ALPHA) / self.levels)
        return z, log_det + tf.reduce_sum(slope - log_share - log_rest, axis=[1, 2, 3])

    def from_latents(self, z: tf.Tensor) -> tf.Tensor:
        """The inverse of f: float32 [N, H W C] -> [N, H, W, C], which need not lie in 0 .. levels."""
        share = tf.sigmoid(self.flow.inverse(z, self.image_shape))
        return (share - self.ALPHA) / (1.0 - 2.0 * self.ALPHA) * self.levels

    def prior(self):
        """p(z) = N(0, I), over vectors of as many dimensions as an image has values."""
        return standard_normal(math.prod(self.image_shape))

    def encode(self, image: tf.Tensor, training: bool = False) -> Dequantized:
        """q(z | x) of uint8 [N, H, W, C]: of f(x + u), u uniform; the same in training."""
        return Dequantized(self.to_latents, image)

    def decode(self, latents: tf.Tensor) -> Certain:
        """p(x | z) of z [N, H W C]: the one image whose x + u becomes z; outside of the levels the nearest."""
        value = tf.floor(self.from_latents(latents))
        return Certain(images.nearest_level(value, self.levels))

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """z ~ N(0, I), then its image: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.decode(self.prior().draw(seed).value).show()

    def elbo(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """ln p(x + u) with one u: in expectation at most ln P(x). [N], nats."""
        drawn = self.encode(image).draw(seed)
        return self.prior().log_prob(drawn.value) - drawn.log_prob  # and ln p(x | z) = 0

    def importance_bound(self, image: tf.Tensor, k: int, seed: tf.Tensor, at_once: int = 50) -> tf.Tensor:
        """ln of the mean of p(x + u) over k draws of u: [N], nats. It rises with k, in expectation to ln P(x).

        `at_once` of the k, which it must divide, are computed together.
        """
        at_once = min(k, at_once)
        image = repeat(image, at_once)
        return variational.importance_bound_in_chunks(lambda rows: self.elbo(image, rows), seed, k, at_once)

    def players(self):
        return (
            Player("model", self._terms, parts=[self], objective=self._objective, units={"bits_per_dim": "bits/dim"}),
        )

    def _terms(self, batch, seed, training):
        nats = -self.elbo(batch["image"], seed)
        return {"negative_elbo": nats, "bits_per_dim": bits_per_dim(nats, self.image_shape)}

    def _objective(self, terms):
        return terms["negative_elbo"]

    def signatures(self):
        image = {"image": self.batch_spec["image"]}
        latents = {"latents": tf.TensorSpec([None, math.prod(self.image_shape)], tf.float32, name="latents")}
        return {
            "encode": Signature(
                lambda image, seed: {"latents": self.encode(image).draw(seed).value},
                image | {"seed": SEED},
                "z of x + u, u drawn by the seed.",
            ),
            "decode": Signature(
                lambda latents: {"image": self.decode(latents).show()},
                latents,
                "The image of z: that which was encoded, of the z that `encode` answers.",
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)},
                {"seed": SEED},
                "One image of each seed row: that of a z ~ N(0, I).",
            ),
            "elbo": Signature(
                lambda image, seed: {"elbo": self.elbo(image, seed)},
                image | {"seed": SEED},
                "ln p(image + u), nats, u drawn by the seed: in expectation a lower bound on ln P(image).",
            ),
        }
