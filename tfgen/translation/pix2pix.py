"""pix2pix: Phillip Isola, Jun-Yan Zhu, Tinghui Zhou, Alexei A. Efros, 2017, "Image-to-Image Translation with
Conditional Adversarial Networks", https://arxiv.org/abs/1611.07004."""

import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED, Sides
from tfgen.ops import images
from tfgen.translation.networks import PatchGAN, UNet
from tfgen.translation.patches import judged, of_places, over_places


class Pix2Pix(GenerativeModel):
    """A picture from a picture, learned from pairs: near to what it should be, and real in the eyes of a discriminator.

    discriminator   -ln D(x, y) - ln(1 - D(x, G(x))), halved, the mean over patches
    generator       -ln D(x, G(x)) + l1_weight |y - G(x)|, the mean over pixels

    Means, not sums: the paper's weight of 100 goes with them. The only noise is dropout, in what is served too, each
    row by its own seed (section 3.1). The paper normalises by the statistics of the test batch; ours by each picture's
    own, so that an answer does not depend on what it is batched with.

    Args:
      image_shape: (H, W, C) of what comes out; both sides multiples of 2^depth.
      source_shape: (H, W, C') of what goes in.
      levels: number of values of a pixel.
      width: features next to the picture (64 in the paper).
      depth: halvings of the generator (8 in the paper, for 256 pixels).
      patch_halvings: of the discriminator, 1 to 3: it judges patches of 16, 34 or 70 pixels.
      dropout: share of features dropped in the first layers of the decoder.
      l1_weight: lambda of eq. 4.
      adversarial: whether there is a discriminator; without, it is the L1 row of table 1.
      objective: a name in `losses.adversarial.OBJECTIVES` of real and fake images apart.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        source_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        depth: int = 6,
        patch_halvings: int = 2,
        dropout: float = 0.5,
        l1_weight: float = 100.0,
        adversarial: bool = True,
        objective: str = "non_saturating",
    ):
        super().__init__(image_shape, levels)
        arguments.check({"width": width, "depth": depth, "patch_halvings": patch_halvings}, dropout)
        self.source_shape = tuple(source_shape)
        arguments.check_pair(self.image_shape, self.source_shape)
        if depth < 2 or any(side % 2**depth for side in self.image_shape[:2]):
            raise ValueError(f"depth={depth}: must be 2 or more, and 2^depth divide both sides of {self.image_shape}")
        if patch_halvings > 3:
            raise ValueError(f"patch_halvings={patch_halvings}: must be 1, 2 or 3")
        if l1_weight < 0.0 or not (l1_weight or adversarial):
            raise ValueError(f"l1_weight={l1_weight}: must be at least 0, and above it without a discriminator")
        self.l1_weight, self.adversarial, self.divisor = l1_weight, adversarial, 2**depth
        self.objective = of_places(objective)
        self.generator = UNet(self.image_shape[-1], width, depth, dropout)
        if adversarial:
            self.discriminator = PatchGAN(width, patch_halvings)

    @property
    def batch_spec(self):
        return super().batch_spec | {"source": tf.TensorSpec([None, *self.source_shape], tf.uint8, name="source")}

    @property
    def limits(self):
        return super().limits | {"source": self.levels}

    def translate(self, source: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C'], int32 [N, 2] -> uint8 [N, H, W, C]; the sides may be other multiples of 2^depth."""
        return images.from_symmetric(self.generator(self._pixels(source), seed), self.levels)

    def _pixels(self, image):
        return images.to_symmetric(image, self.levels)

    def _logits(self, source, pixels):
        return self.discriminator(tf.concat([source, pixels], axis=-1))

    def players(self):
        units = {"l1": "of 2, per pixel", "loss": "weighted"} | dict.fromkeys(
            ("real", "fake", "fooling"), self.objective.unit
        )
        generator = Player(
            "generator", self._generator_terms, [self.generator], objective=self._generator_loss, units=units
        )
        if not self.adversarial:
            return (generator,)
        watches = self.objective.watches
        discriminator = Player(
            "discriminator",
            self._discriminator_terms,
            [self.discriminator],
            objective=lambda terms: 0.5 * (terms["real"] + terms["fake"]),
            units=units | watches | {"loss": self.objective.unit},
        )
        return discriminator, generator

    def _discriminator_terms(self, batch, seed, training):
        source, real = self._pixels(batch["source"]), self._pixels(batch["image"])
        fake = self.generator(source, seed)
        return judged(self.objective, self._logits(source, real), self._logits(source, fake))

    def _generator_terms(self, batch, seed, training):
        source, wanted = self._pixels(batch["source"]), self._pixels(batch["image"])
        made = self.generator(source, seed)
        terms = {"l1": tf.abs(wanted - made)}
        if self.adversarial:
            terms["fooling"] = self.objective.generator(self._logits(source, made))
        return {name: over_places(value) for name, value in terms.items()}

    def _generator_loss(self, terms):
        weights = {"l1": self.l1_weight, "fooling": 1.0}
        return tf.add_n([weights[name] * value for name, value in terms.items()])

    def signatures(self):
        source = tf.TensorSpec([None, None, None, self.source_shape[-1]], tf.uint8, name="source")
        return {
            "translate": Signature(
                lambda source, seed: {"image": self.translate(source, seed)},
                {"source": source, "seed": SEED},
                "The picture that the source becomes; other seeds drop other features.",
                sides=Sides(self.divisor, self.divisor),
            )
        }
