"""SRResNet and SRGAN: Christian Ledig, Lucas Theis, Ferenc Huszár, Jose Caballero, Andrew Cunningham, Alejandro Acosta,
Andrew Aitken, Alykhan Tejani, Johannes Totz, Zehan Wang, Wenzhe Shi, 2017, "Photo-Realistic Single Image
Super-Resolution Using a Generative Adversarial Network", https://arxiv.org/abs/1609.04802."""

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import Sides
from tfgen.gan.networks import Discriminator, Linear, check_sides, halving
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images
from tfgen.translation.patches import over_places


class SRGAN(GenerativeModel):
    """A picture `factor` times as large as the source, from pairs of both.

    generator      pixel_weight (y - G(x))^2 + feature_weight (phi(y) - phi(G(x)))^2 - fooling_weight ln D(G(x)), means
                   over pixels and places (eq. 3 to 6)
    discriminator  -ln D(y) - ln(1 - D(G(x))), where `adversarial`
    classifier     -ln p(label | y), where `perceptual`: phi are its last features with places

    Without discriminator and features it is SRResNet, which an SRGAN is started from (`--start_from`). The paper's
    features are those of VGG19, trained on ImageNet; ours are learned beside, on the labels of the same pictures. Its
    SRGAN has no term of pixels; with features as weak as ours colours would drift. What the generator makes is added to
    the bicubic enlargement (Jiwon Kim et al. 2016, VDSR); it has no batch norm (Bee Lim et al. 2017, EDSR), and
    doublings that begin without a checkerboard (`SubPixel`); the discriminator is spectrally normalised.

    Args:
      image_shape: (H, W, C) of what comes out.
      source_shape: (H / factor, W / factor, C) of what goes in, the factor a power of two.
      levels: number of values of a pixel.
      width: features of the generator (64 in the paper).
      blocks: residual blocks (16 in the paper).
      adversarial: whether there is a discriminator; of sides 8 to 128.
      perceptual: whether there is a classifier, of data with labels.
      pixel_weight, feature_weight, fooling_weight: of the terms; the paper's are 1, 0.006 and 1e-3.
      num_classes: number of labels.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        source_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        blocks: int = 16,
        adversarial: bool = True,
        perceptual: bool = False,
        pixel_weight: float = 1.0,
        feature_weight: float = 0.006,
        fooling_weight: float = 1e-3,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels)
        self.source_shape, self.classes = tuple(source_shape), num_classes if perceptual else 0
        arguments.check({"width": width, "blocks": blocks}, conditional=perceptual, num_classes=num_classes)
        self.factor = self.shape[0] // self.source_shape[0]
        enlarged = (*(self.factor * side for side in self.source_shape[:2]), self.source_shape[2])
        if self.factor not in (2, 4, 8) or enlarged != self.shape:
            raise ValueError(
                f"source_shape={source_shape}: must be a half, a fourth or an eighth of image_shape={image_shape}, of "
                "as many channels; add shrink:4, say, to the transforms"
            )
        weights = {"pixel_weight": pixel_weight, "feature_weight": feature_weight, "fooling_weight": fooling_weight}
        for name, value in weights.items():
            if value < 0.0:
                raise ValueError(f"{name}={value}: must not be negative")
        self.weighted = {"error": pixel_weight, "feature_error": feature_weight, "fooling": fooling_weight}
        self.adversarial, self.perceptual = adversarial, perceptual
        self.objective = OBJECTIVES["non_saturating"]
        self.generator = SRResNet(self.shape[2], width, blocks, self.factor)
        if perceptual:
            self.classifier = Classifier(width, num_classes)
        if adversarial:
            check_sides(self.image_shape, "SRGAN's discriminator")
            linear = Linear(keras.initializers.GlorotUniform, spectral=True)
            self.discriminator = Discriminator(halving(linear, self.image_shape, width), linear, "", 0, bias=True)

    @property
    def batch_spec(self):
        label = {"label": tf.TensorSpec([None], tf.int32, name="label")} if self.classes else {}
        return (
            super().batch_spec | {"source": tf.TensorSpec([None, *self.source_shape], tf.uint8, name="source")} | label
        )

    @property
    def limits(self):
        return super().limits | {"source": self.levels} | ({"label": self.classes} if self.classes else {})

    def upscale(self, source: tf.Tensor) -> tf.Tensor:
        """uint8 [N, h, w, C] -> uint8 [N, factor h, factor w, C]; the sides may be others than in training."""
        return images.from_symmetric(self.generator(self._pixels(source)), self.levels)

    def _pixels(self, image):
        return images.to_symmetric(image, self.levels)

    def _logits(self, pixels, training):
        return tf.cast(self.discriminator(pixels, training=training)["logits"], tf.float32)[:, 0]

    def players(self):
        players = []
        if self.perceptual:
            units = {"class_accuracy": "fraction"}
            players.append(
                Player(
                    "classifier",
                    self._classifier_terms,
                    [self.classifier],
                    objective=lambda terms: terms["cross_entropy"],
                    units=units,
                )
            )
        if self.adversarial:
            players.append(Player("discriminator", self._discriminator_terms, [self.discriminator]))
        units = {"error": "of 4, per pixel", "feature_error": "squared, per place", "loss": "weighted"}
        generator = Player(
            "generator", self._generator_terms, [self.generator], objective=self._generator_loss, units=units
        )
        return (*players, generator)

    def _classifier_terms(self, batch, seed, training):
        _, logits = self.classifier(self._pixels(batch["image"]))
        right = tf.argmax(logits, axis=-1, output_type=tf.int32) == batch["label"]
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["label"], logits)
        return {"cross_entropy": cross_entropy, "class_accuracy": tf.cast(right, tf.float32)}

    def _discriminator_terms(self, batch, seed, training):
        real, fake = self._pixels(batch["image"]), self.generator(self._pixels(batch["source"]))
        return {
            "real": self.objective.real(self._logits(real, training)),
            "fake": self.objective.fake(self._logits(fake, training)),
        }

    def _generator_terms(self, batch, seed, training):
        wanted, made = self._pixels(batch["image"]), self.generator(self._pixels(batch["source"]))
        terms = {"error": over_places(tf.square(wanted - made))}
        if self.perceptual and self.weighted["feature_error"]:
            features = (self.classifier(pixels)[0] for pixels in (wanted, made))
            terms["feature_error"] = over_places(tf.math.squared_difference(*features))
        if self.adversarial:
            terms["fooling"] = self.objective.generator(self._logits(made, training))
        return terms

    def _generator_loss(self, terms):
        return tf.add_n([self.weighted[name] * value for name, value in terms.items()])

    def signatures(self):
        source = tf.TensorSpec([None, None, None, self.source_shape[-1]], tf.uint8, name="source")
        return {
            "upscale": Signature(
                lambda source: {"image": self.upscale(source)},
                {"source": source},
                f"The picture {self.factor} times as large.",
                sides=Sides(1, 4, 256),
            )
        }


class SRResNet(keras.layers.Layer):
    """Residual blocks at the size of the source, and doublings (figure 4): [N, h, w, C] in [-1, 1] ->
    [N, factor h, factor w, C], near that range."""

    def __init__(self, channels: int, width: int, blocks: int, factor: int):
        super().__init__(name="generator")
        self.factor = factor
        self.first = keras.layers.Conv2D(width, 5, padding="same")
        self.blocks = [[keras.layers.Conv2D(width, 3, padding="same") for _ in range(2)] for _ in range(blocks)]
        self.middle = keras.layers.Conv2D(width, 3, padding="same")
        self.doublings = [SubPixel(width) for _ in range(factor.bit_length() - 1)]
        self.last = keras.layers.Conv2D(channels, 5, padding="same")

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, pixels):
        size = [self.factor * side for side in tf.unstack(tf.shape(pixels)[1:3])]
        enlarged = tf.image.resize(pixels, size, "bicubic")
        value = begin = tf.nn.leaky_relu(self.first(pixels))
        for one, other in self.blocks:
            value += other(tf.nn.leaky_relu(one(value)))
        value = begin + self.middle(value)
        for doubling in self.doublings:
            value = tf.nn.leaky_relu(doubling(value))
        return tf.cast(enlarged, tf.float32) + tf.cast(self.last(value), tf.float32)


class SubPixel(keras.layers.Layer):
    """Twice as many rows and columns: a convolution to four times the features, each four of which become four pixels
    (Wenzhe Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network"). All four begin alike, so that no checkerboard is there to be unlearned (Andrew
    Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution")."""

    def __init__(self, width: int):
        super().__init__()

        def alike(shape, dtype=None):
            of_one = keras.initializers.HeNormal()((*shape[:-1], shape[-1] // 4), dtype=dtype)
            return tf.tile(of_one, [1, 1, 1, 4])

        self.conv = keras.layers.Conv2D(4 * width, 3, padding="same", kernel_initializer=alike)

    def build(self, *shapes):
        self.built = True

    def call(self, value):
        return tf.nn.depth_to_space(self.conv(value), 2)


class Classifier(keras.layers.Layer):
    """(features [N, H / 4, W / 4, 2 width], logits [N, classes]) of pictures in [-1, 1]."""

    def __init__(self, width: int, classes: int):
        super().__init__(name="classifier")
        layers = ((1, 1), (1, 2), (2, 1), (2, 2), (2, 1))  # width and stride of each
        self.convs = [keras.layers.Conv2D(wide * width, 3, stride, "same") for wide, stride in layers]
        self.logits = keras.layers.Dense(classes)

    def build(self, *shapes):
        self.built = True

    def call(self, pixels):
        value = pixels
        for conv in self.convs:
            value = tf.nn.leaky_relu(conv(value))
        return tf.cast(value, tf.float32), tf.cast(self.logits(tf.reduce_mean(value, axis=[1, 2])), tf.float32)
