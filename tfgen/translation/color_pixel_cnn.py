"""Colours for a gray picture, pixel after pixel: Amélie Royer, Alexander Kolesnikov, Christoph H. Lampert, 2017,
"Probabilistic Image Colorization", https://arxiv.org/abs/1705.04258, with the network of van den Oord et al. 2016,
"Conditional Image Generation with PixelCNN Decoders", given a picture in place of a label."""

import keras
import tensorflow as tf

from tfgen.autoregressive.base import AutoregressiveModel
from tfgen.autoregressive.cached import complete
from tfgen.autoregressive.gated_pixel_cnn import GatedStacks
from tfgen.core import Signature, arguments
from tfgen.core.signature import SEED
from tfgen.ops import images


class Embedding(keras.layers.Layer):
    """What each place of a source tells: residual convolutions, [N, H, W, C'] -> [N, H, W, planes]."""

    def __init__(self, planes: int, blocks: int):
        super().__init__(name="embedding")
        self.first = keras.layers.Conv2D(planes, 3, padding="same")
        self.blocks = [[keras.layers.Conv2D(planes, 3, padding="same") for _ in range(2)] for _ in range(blocks)]

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, pixels):
        value = self.first(pixels)
        for one, other in self.blocks:
            value += other(tf.nn.relu(one(tf.nn.relu(value))))
        return tf.nn.relu(value)


class ColorPixelCNN(AutoregressiveModel):
    """p(image | source) = prod_i softmax(f(x_1 .. x_{i-1}, source)): a distribution over the colours of a gray picture.

    The source, seen whole, is embedded at each place by residual convolutions; the gated stacks see that beside the
    pixels, so that a sampler computes every place once. log p is exact. It is of the whole picture, whose gray levels
    the source gives away but for their rounding; the paper's is of two channels of chroma at a smaller size.

    Args:
      image_shape: (H, W, C).
      source_shape: (H, W, C').
      levels: number of values of a pixel.
      width: features of each stack.
      depth: layers of the stacks.
      head_width: hidden features for each channel before the softmax.
      planes: features that the embedding has for each place.
      blocks: residual blocks of the embedding: it sees 1 + 2 blocks pixels to each side.
      dropout: share of features dropped in training before every layer of the stacks but the first.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        source_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 32,
        depth: int = 4,
        head_width: int = 64,
        planes: int = 32,
        blocks: int = 4,
        dropout: float = 0.0,
    ):
        super().__init__(image_shape, levels)
        self.source_shape = tuple(source_shape)
        sizes = {"width": width, "depth": depth, "head_width": head_width, "planes": planes, "blocks": blocks}
        arguments.check(sizes, dropout)
        arguments.check_pair(self.image_shape, self.source_shape)
        self.embedding = Embedding(planes, blocks)
        self.network = GatedStacks(self.image_shape[2], levels, width, depth, head_width, (1,), dropout, vector=False)

    @property
    def condition_spec(self):
        return {"source": tf.TensorSpec([None, *self.source_shape], tf.uint8, name="source")}

    @property
    def limits(self):
        return super().limits | {"source": self.levels}

    def logits(self, image, seed=None, *, source):
        return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=self._planes(source))

    def fill_by_steps(self, image, known, uniforms, draw, *, source):
        return complete(self.network, image, known, uniforms, self.levels, draw, planes=self._planes(source))

    def _planes(self, source):
        return self.embedding(images.to_symmetric(source, self.levels))

    def colorize(self, source: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A picture of each source, as the seed draws it: uint8 [N, H, W, C'], int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.sample(seed, source=source)

    def signatures(self):
        served = super().signatures()
        sample = served.pop("sample")
        colorize = Signature(
            sample.function,
            self.condition_spec | {"seed": SEED},
            f"The source in colours; other seeds draw other colours, {self.drawing}.",
            sample.compiled,
        )
        return served | {"colorize": colorize}
