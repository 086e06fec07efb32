"""VAE/GAN: Anders Boesen Lindbo Larsen, Søren Kaae Sønderby, Hugo Larochelle, Ole Winther, 2016, "Autoencoding beyond
pixels using a learned similarity metric", https://arxiv.org/abs/1512.09300 (algorithm 1)."""

import keras
import tensorflow as tf

from tfgen.core import Diagnosis, GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import DiagonalGaussian, standard_normal
from tfgen.distributions.points import Picture
from tfgen.gan.networks import Discriminator, Linear, check_sides, halving
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.metrics.latents import active_units
from tfgen.ops import images, seeds
from tfgen.vae.networks import check, conv_decoder, conv_encoder
from tfgen.vae.posteriors import normal_of


class VAEGAN(GenerativeModel):
    """A VAE whose decoder is the generator of a GAN: pictures are alike where a discriminator's features are, rather
    than their pixels, and have to look real.

    encoder        KL(q(z | x) || p(z)) + error, which is -ln N(D_l(x); D_l(x~), I) but for a constant
    decoder        gamma error + how little x~ and x_p fool the discriminator
    discriminator  x is real, x~ and x_p are not

    x~ is the picture of a z from q(z | x), x_p of one from the prior, D_l the last features of the discriminator (the
    paper's is a layer half-way up). No pixel is compared with a pixel, so there is no density of pixels and no bound.
    For batch norm in the discriminator, which makes of its features what the batch is, ours has spectral normalisation,
    and its decoder maximises ln D where the paper's minimises ln(1 - D).

    Args:
      image_shape: (H, W, C), both sides 8 to 128.
      levels: number of values of a pixel.
      latent_dim: dimensions of z.
      width: features of each network next to the image.
      depth: convolutions of stride 2 of the encoder, and up-convolutions of the decoder.
      gamma: weight of the error for the decoder (section 2.4); for the encoder it is 1.
      beta: weight of the KL.

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
        gamma: float = 0.1,
        beta: float = 1.0,
    ):
        super().__init__(image_shape, levels)
        arguments.check({"latent_dim": latent_dim, "width": width, "depth": depth})
        for name, value in (("gamma", gamma), ("beta", beta)):
            if value < 0:
                raise ValueError(f"{name}={value}: must not be negative")
        check_sides(self.image_shape, "VAEGAN")
        check("conv", depth, self.image_shape)
        self.latent_dim, self.gamma, self.beta = latent_dim, gamma, beta
        self.objective = OBJECTIVES["non_saturating"]
        self.encoder = conv_encoder(width, depth, 2 * latent_dim)
        self.decoder = conv_decoder(width, depth, self.image_shape)
        linear = Linear(keras.initializers.GlorotUniform, spectral=True)
        body = halving(linear, self.image_shape, width)
        self.discriminator = Discriminator(body, linear, conditional="", num_classes=0, bias=True)

    def prior(self) -> DiagonalGaussian:
        """p(z) = N(0, I)."""
        return standard_normal(self.latent_dim)

    def encode(self, image: tf.Tensor, training: bool = False) -> DiagonalGaussian:
        """q(z | x) of uint8 [N, H, W, C]."""
        return normal_of(self.encoder(images.to_symmetric(image, self.levels), training=training))

    def decode(self, latents: tf.Tensor, seed: tf.Tensor | None = None, training: bool = False) -> Picture:
        """The picture of z, float32 [N, D]; `seed` is for models that draw."""
        return Picture(images.symmetric_to_levels(self._pixels(latents, training), self.levels), self.levels)

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """z from the prior, decoded: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.decode(self.prior().draw(seed).value).show()

    def reconstruct(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The picture of a z drawn from q(z | image): uint8 [N, H, W, C], int32 [N, 2] -> uint8."""
        return self.decode(self.encode(image).draw(seed).value).show()

    def discriminate(self, image: tf.Tensor) -> tf.Tensor:
        """The logit of "this image is real": uint8 [N, H, W, C] -> float32 [N]."""
        return self._judge(images.to_symmetric(image, self.levels), False)[0]

    def _pixels(self, latents, training):
        """[N, D] -> float32 [N, H, W, C] in [-1, 1]."""
        return tf.tanh(tf.cast(self.decoder(latents, training=training), tf.float32))

    def _judge(self, pixels, training):
        """Logits [N] and features [N, F], float32."""
        outputs = self.discriminator(pixels, training=training)
        return tf.cast(outputs["logits"], tf.float32)[:, 0], tf.cast(outputs["features"], tf.float32)

    def players(self):
        return (
            Player("discriminator", self._discriminator_terms, [self.discriminator]),
            Player(
                "encoder",
                self._encoder_terms,
                [self.encoder],
                objective=lambda terms: self.beta * terms["kl"] + terms["feature_error"],
            ),
            Player(
                "decoder",
                self._decoder_terms,
                [self.decoder],
                objective=lambda terms: tf.add_n(
                    [self.gamma * terms["decoder_error"], terms["fooling_reconstruction"], terms["fooling_sample"]]
                ),
            ),
        )

    def _made(self, batch, seed, training):
        """KL(q(z | x) || p(z)), x~ and x_p, these in [-1, 1]."""
        of_posterior, of_prior = seeds.split(seed, 2)
        posterior, prior = self.encode(batch["image"], training=training), self.prior()
        drawn, sampled = posterior.draw(of_posterior), prior.draw(of_prior)
        kl = tf.add_n(posterior.kl(prior, drawn))
        return kl, *(self._pixels(one.value, training) for one in (drawn, sampled))

    def _error(self, one, other):
        """Half of the squared distance of features, [N]."""
        return 0.5 * tf.reduce_sum(tf.square(one - other), axis=-1)

    def _discriminator_terms(self, batch, seed, training):
        _, again, sampled = self._made(batch, seed, training)
        real, _ = self._judge(images.to_symmetric(batch["image"], self.levels), training)
        fakes = {"reconstruction": self._judge(again, training)[0], "sample": self._judge(sampled, training)[0]}
        terms = {"real": self.objective.real(real)}
        return terms | {f"fake_{name}": self.objective.fake(logits) for name, logits in fakes.items()}

    def _encoder_terms(self, batch, seed, training):
        kl, again, _ = self._made(batch, seed, training)
        _, wanted = self._judge(images.to_symmetric(batch["image"], self.levels), training)
        _, found = self._judge(again, training)
        return {"kl": kl, "feature_error": self._error(wanted, found)}

    def _decoder_terms(self, batch, seed, training):
        _, again, sampled = self._made(batch, seed, training)
        _, wanted = self._judge(images.to_symmetric(batch["image"], self.levels), training)
        (of_again, found), (of_sampled, _) = self._judge(again, training), self._judge(sampled, training)
        return {
            "decoder_error": self._error(wanted, found),
            "fooling_reconstruction": self.objective.generator(of_again),
            "fooling_sample": self.objective.generator(of_sampled),
        }

    def diagnose(self, batch):
        """Active units, and the squared error of pixels, which no player minimises."""
        posterior = self.encode(batch["image"])
        made = self._pixels(posterior.mean(), False)
        error = tf.reduce_mean(tf.square(made - images.to_symmetric(batch["image"], self.levels))) / 4.0
        means = posterior.mean().numpy()
        figures = {"active_units": active_units(means, means), "mse_per_pixel": round(float(error), 6)}
        return Diagnosis(figures, {})

    def signatures(self):
        image = {"image": self.batch_spec["image"]}
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")

        def encode(image, seed):
            posterior = self.encode(image)
            return posterior.moments() | {"latents": posterior.draw(seed).value}

        def decode(latents):
            picture = self.decode(latents)
            return {"image": picture.show(), "mean": picture.mean}

        return {
            "encode": Signature(
                encode, image | {"seed": SEED}, "A sample of q(z | x), and its mean and standard deviation."
            ),
            "decode": Signature(
                decode, {"latents": latents}, "The image of z; its pixels in levels before they are rounded."
            ),
            "reconstruct": Signature(
                lambda image, seed: {"image": self.reconstruct(image, seed)},
                image | {"seed": SEED},
                "The image of a z drawn from q(z | image).",
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)}, {"seed": SEED}, "One image of each seed row, z of the prior."
            ),
            "discriminate": Signature(
                lambda image: {"logits": self.discriminate(image)}, image, 'The logit of "this image is real", [N].'
            ),
        }
