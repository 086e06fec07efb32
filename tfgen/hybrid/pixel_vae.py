"""PixelVAE: Ishaan Gulrajani, Kundan Kumar, Faruk Ahmed, Adrien Ali Taiga, Francesco Visin, David Vazquez, Aaron
Courville, 2017, "PixelVAE: A Latent Variable Model for Natural Images", https://arxiv.org/abs/1611.05013."""

from tfgen.autoregressive.cached import complete
from tfgen.autoregressive.filling import Filling
from tfgen.autoregressive.gated_pixel_cnn import GatedStacks
from tfgen.core import arguments
from tfgen.distributions.autoregressive import EXACT, Autoregressive
from tfgen.distributions.latents import standard_normal
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import check, conv_decoder, conv_encoder
from tfgen.vae.posteriors import normal_of


class PixelVAE(LatentVariableModel):
    """p(x) = integral of p(z) prod_i p(x_i | x_1 .. x_{i-1}, z) dz: z says what is seen, pixels add its texture.

    z is decoded by up-convolutions into planes of the picture's size, and a few gated layers go on from there to a
    softmax of every value. These see only the pixels near by, and so leave to z whatever spans the picture: with many
    `layers` they need no z, and its KL vanishes. Ours are the stacks of the Gated PixelCNN, without a blind spot, where
    the paper has masked convolutions, and see the planes beside the pixels, so that a sampler computes every position
    once.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of z.
      width: features of the first convolution of the encoder, and of the last of the decoder.
      depth: convolutions of stride 2 of each.
      planes: features of each position that z decides.
      layers: of the autoregressive network.
      layer_width: features of each of its stacks.
      head_width: hidden features for each channel before the softmax.
      dropout: share of its features dropped in training before every layer but the first.
      beta, free_bits, warmup_steps, samples: see `LatentVariableModel`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 32,
        width: int = 32,
        depth: int = 2,
        planes: int = 16,
        layers: int = 2,
        layer_width: int = 32,
        head_width: int = 32,
        dropout: float = 0.0,
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
    ):
        super().__init__(image_shape, levels, beta, free_bits, warmup_steps, samples)
        sizes = {"latent_dim": latent_dim, "width": width, "depth": depth, "planes": planes, "layers": layers}
        arguments.check(sizes | {"layer_width": layer_width, "head_width": head_width}, dropout)
        check("conv", depth, self.image_shape)
        height, columns, channels = self.image_shape
        self.latent_dim = latent_dim
        self.encoder = conv_encoder(width, depth, 2 * latent_dim)
        self.decoder = conv_decoder(width, depth, (height, columns, planes))
        self.network = GatedStacks(channels, levels, layer_width, layers, head_width, (1,), dropout, vector=False)
        self._filling = Filling(self._by_steps, self.image_shape)

    def prior(self):
        return standard_normal(self.latent_dim)

    def features(self, pixels, training=False):
        return self.encoder(pixels, training=training)

    def posterior(self, features, training=False):
        return normal_of(features)

    def decode(self, latents, seed=None, training=False):
        planes = self.decoder(latents, training=training)

        def logits(image):
            return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=planes)

        def fill(image, known, uniforms, draw=EXACT):
            return self._filling(image, known, uniforms, draw, planes=planes)

        return Autoregressive(logits, self.image_shape, fill)

    def _by_steps(self, image, known, uniforms, draw, planes):
        return complete(self.network, image, known, uniforms, self.levels, draw, planes=planes)
