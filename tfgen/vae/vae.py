"""VAE: Diederik P. Kingma, Max Welling, 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114."""

import keras
import tensorflow as tf

from tfgen.core import arguments
from tfgen.distributions import likelihoods
from tfgen.losses import variational
from tfgen.ops import images
from tfgen.vae.base import LatentVariableModel
from tfgen.vae.networks import ARCHITECTURES, check, start_from_data
from tfgen.vae.posteriors import POSTERIORS
from tfgen.vae.priors import PRIORS


class VAE(LatentVariableModel):
    """A latent-variable model of one layer, whose posterior is learned together with it.

    prior       p(z)     = N(0, I), or a learned one: see `priors`
    posterior   q(z | x) = N(mean(x), diag(stddev(x)^2)), or a richer one: see `posteriors`
    likelihood  p(x | z) = N(mean(z), diag(scale(z)^2)) gathered into the pixel levels ("gaussian"), a logistic
                           distribution instead ("logistic"), or Bernoulli(mean(z)) for images of two levels

    Conditional on a label y: q(z | x, y) and p(x | z, y), and p(z) as it is (Kingma et al. 2014, "Semi-Supervised
    Learning with Deep Generative Models", eq. 2). The encoder sees y as one more plane of the picture, the decoder
    beside z.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of z.
      width: features: of every hidden layer ("mlp"), of the outermost convolution ("conv").
      depth: hidden layers ("mlp") or convolutions of stride 2 ("conv"), in the encoder and in the decoder.
      architecture: "mlp" (the paper's) or "conv".
      activation: of the hidden layers, by Keras's name; if left out tanh ("mlp", as in the paper) or gelu ("conv").
      likelihood: "gaussian", "logistic" or "bernoulli"; if left out, bernoulli for two levels, else gaussian.
      posterior: "diagonal", "full", "planar" or "iaf".
      flow_steps: of a "planar" or "iaf" posterior.
      prior: "normal", "mixture", "vamp" or "autoregressive".
      components: of a "mixture" prior, or the pseudo-inputs of a "vamp" prior.
      conditional: whether the model is conditioned on the label.
      num_classes: number of labels; of a conditional model.
      beta, free_bits, warmup_steps, samples, doubly_reparameterised: see `LatentVariableModel`; with samples above 1 it
        is an importance weighted autoencoder (Burda, Grosse and Salakhutdinov 2016).
      total_correlation: what the total correlation of z costs beside its share in the KL: beta - 1 of the beta-TCVAE
        (Chen et al. 2018, eq. 4, with alpha and gamma 1); see `variational.total_correlation`.

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
        architecture: str = "conv",
        activation: str = "",
        likelihood: str = "",
        posterior: str = "diagonal",
        flow_steps: int = 4,
        prior: str = "normal",
        components: int = 50,
        conditional: bool = False,
        num_classes: int = 0,
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
        doubly_reparameterised: bool = False,
        total_correlation: float = 0.0,
    ):
        arguments.check(
            {
                "latent_dim": latent_dim,
                "width": width,
                "depth": depth,
                "flow_steps": flow_steps,
                "components": components,
            },
            conditional=conditional,
            num_classes=num_classes,
        )
        num_classes = num_classes * conditional
        super().__init__(
            image_shape, levels, beta, free_bits, warmup_steps, samples, doubly_reparameterised, num_classes
        )
        for name, value, table in (
            ("posterior", posterior, POSTERIORS),
            ("prior", prior, PRIORS),
        ):
            if value not in table:
                raise ValueError(f"{name}={value!r}: must be one of {sorted(table)}")
        check(architecture, depth, self.image_shape, activation)
        self.likelihood = likelihoods.choose(likelihood, levels)
        height, width_, channels = self.image_shape
        if doubly_reparameterised and not POSTERIORS[posterior].made_of_features:
            raise ValueError(f"doubly_reparameterised=True: posterior={posterior!r} has parameters of its own")
        if total_correlation < 0 or (total_correlation and (posterior != "diagonal" or samples > 1)):
            raise ValueError(
                f"total_correlation={total_correlation}: must not be negative, and is of a diagonal posterior and one "
                "sample"
            )
        if conditional and prior == "vamp":
            raise ValueError("prior='vamp': its pseudo-inputs have no label; choose another with conditional")
        self.latent_dim = latent_dim
        encoder, decoder = ARCHITECTURES[architecture]
        hidden = {"activation": activation} if activation else {}
        self.posterior_of = POSTERIORS[posterior](latent_dim, flow_steps)
        self.encoder = encoder(width, depth, self.posterior_of.size, **hidden)
        parameters = channels * self.likelihood.parameters
        self.decoder = decoder(width, depth, (height, width_, parameters), **hidden)
        self.prior_of = PRIORS[prior](latent_dim, components, self.image_shape)
        if conditional:
            plane = keras.layers.Reshape((height, width_, 1))
            self.label_plane = keras.Sequential([keras.layers.Dense(height * width_), plane])
        if total_correlation:

            def of(posterior, drawn):
                return variational.total_correlation(posterior, drawn.value)

            self.additions = {"total_correlation": (total_correlation, of)}

    def initialize(self, batch):
        """See `networks.start_from_data`."""
        pixels = self._planes(images.to_symmetric(batch["image"], self.levels), **self.condition(batch))
        start_from_data(self.encoder, self.decoder, pixels, self.likelihood.fitted(batch["image"], self.levels))

    def prior(self, **condition):
        return self.prior_of.latents(self)

    def features(self, pixels, training=False, label=None):
        return self.encoder(self._planes(pixels, label), training=training)

    def _planes(self, pixels, label=None):
        """What the encoder sees."""
        return pixels if label is None else tf.concat([pixels, self.label_plane(self.vector(label))], axis=-1)

    def posterior(self, features, training=False):
        return self.posterior_of.latents(features)

    def decode(self, latents, seed=None, training=False, label=None):
        if label is not None:
            latents = tf.concat([latents, self.vector(label)], axis=-1)
        return self.likelihood(self.decoder(latents, training=training), self.levels)
