"""CycleGAN: Jun-Yan Zhu, Taesung Park, Phillip Isola, Alexei A. Efros, 2017, "Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks", https://arxiv.org/abs/1703.10593."""

import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import Sides
from tfgen.ops import images, replicas, seeds
from tfgen.translation.networks import PatchGAN, ResNetGenerator
from tfgen.translation.patches import judged, of_places, over_places

WAYS = ("ab", "ba")  # one -> other


class CycleGAN(GenerativeModel):
    """Pictures of one kind as pictures of another, and back, learned from a heap of each: no two are a pair.

    discriminators   (D_b(b) - 1)^2 and D_b(G_b(a))^2, the mean over patches; likewise of a
    generators       (D_b(G_b(a)) - 1)^2 + cycle_weight |G_a(G_b(a)) - a| + identity_weight |G_b(b) - b|, likewise of a,
                     the mean over pixels

    A discriminator judges a pool of past fakes (section 4): once it is full, every other fake changes places with an
    old one. Those of one step, of all replicas, go to different places, where the paper's code lets a second one take
    the first's; the pool is a part of the checkpoint. The identity term keeps colours (section 5.2).

    Args:
      image_shape: (H, W, C) of both; the sides multiples of 2^halvings.
      levels: number of values of a pixel.
      width: features next to the picture (64 in the paper).
      blocks: residual blocks of a generator (6 for 128 pixels in the paper, 9 for 256).
      halvings: before the blocks (2 in the paper); where these see few places, instance norm leaves little to tell.
      patch_halvings: of the discriminators, 1 to 3: they judge patches of 16, 34 or 70 pixels.
      cycle_weight: lambda of eq. 3.
      identity_weight: 0.5 lambda in section 5.2.
      pool: how many past fakes of each kind are kept; 0: none.
      objective: a name in `losses.adversarial.OBJECTIVES` of real and fake images apart.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 64,
        blocks: int = 6,
        halvings: int = 2,
        patch_halvings: int = 2,
        cycle_weight: float = 10.0,
        identity_weight: float = 5.0,
        pool: int = 50,
        objective: str = "least_squares",
    ):
        super().__init__(image_shape, levels, example="a")
        arguments.check({"width": width, "blocks": blocks, "patch_halvings": patch_halvings})
        if halvings < 0 or any(side % 2**halvings for side in self.shape[:2]):
            raise ValueError(
                f"halvings={halvings}: must be 0 or more, and 2^halvings divide both sides of {self.shape}"
            )
        if patch_halvings > 3:
            raise ValueError(f"patch_halvings={patch_halvings}: must be 1, 2 or 3")
        for name, value in (("cycle_weight", cycle_weight), ("identity_weight", identity_weight), ("pool", pool)):
            if value < 0:
                raise ValueError(f"{name}={value}: must not be negative")
        self.weighted = {"fooling": 1.0, "cycle": cycle_weight, "identity": identity_weight}
        self.objective = of_places(objective)
        self.generators = {made: ResNetGenerator(self.shape[-1], width, blocks, halvings) for made in "ab"}
        self.discriminators = {judged: PatchGAN(width, patch_halvings) for judged in "ab"}
        self.pool, self.divisor = pool, 2**halvings
        if pool:
            alike = {"trainable": False, "initializer": "zeros", "aggregation": "only_first_replica"}
            self.pools = {of: self.add_weight(shape=(pool, *self.shape), name=f"pool_{of}", **alike) for of in "ab"}
            self.pooled = self.add_weight(shape=(), dtype="int32", name="pooled", **alike)

    @property
    def batch_spec(self):
        return {name: tf.TensorSpec([None, *self.shape], tf.uint8, name=name) for name in "ab"}

    @property
    def limits(self):
        return dict.fromkeys("ab", self.levels)

    def a_to_b(self, a: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the first kind -> as one of the second; other multiples of 2^halvings will do."""
        return self._translate(a, "b")

    def b_to_a(self, b: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the second kind -> as one of the first."""
        return self._translate(b, "a")

    def _translate(self, image, into):
        return images.from_symmetric(self.generators[into](images.to_symmetric(image, self.levels)), self.levels)

    def players(self):
        unit = self.objective.unit
        of_discriminators = {"real": unit, "fake": unit, "real_accuracy": "fraction", "fake_accuracy": "fraction"}
        of_generators = {"fooling": unit, "cycle": "of 2, per pixel", "identity": "of 2, per pixel"}

        def units(of_one, loss):
            return {f"{name}_{of}": unit for name, unit in of_one.items() for of in "ab"} | {"loss": loss}

        return (
            Player(
                "discriminators",
                self._discriminator_terms,
                list(self.discriminators.values()),
                prepare=self._fakes,
                after_move=self._keep if self.pool else None,
                objective=lambda terms: 0.5 * tf.add_n([v for k, v in terms.items() if "accuracy" not in k]),
                units=units(of_discriminators, unit),
            ),
            Player(
                "generators",
                self._generator_terms,
                list(self.generators.values()),
                objective=lambda terms: tf.add_n([self.weighted[k[:-2]] * v for k, v in terms.items()]),
                units=units(of_generators, "weighted"),
            ),
        )

    def _real(self, batch):
        return {name: images.to_symmetric(batch[name], self.levels) for name in "ab"}

    def _fakes(self, batch, seed, training):
        """Of each kind the fakes of this step, and those that are judged: in training some of them are old ones."""
        real, made = self._real(batch), {}
        pooling = training and self.pool
        place, old = self._places(seed) if pooling else (None, None)
        for one, other in WAYS:
            made[f"fake_{other}"] = made[f"judged_{other}"] = fake = self.generators[other](real[one])
            if pooling:
                before = tf.gather(self.pools[other].value, tf.maximum(place, 0))
                made[f"judged_{other}"] = tf.where(old[:, None, None, None], before, fake)
        return made

    def _places(self, seed):
        """Where in the pool each of this replica's fakes goes, -1 where it goes nowhere; and whether it changes places
        with one that is there. Of all replicas' rows no two go to one place."""
        everyone = replicas.gather_batch(seed)
        row, pooled = tf.range(tf.shape(everyone)[0]), self.pooled.value
        filling = pooled + row < self.pool
        others = tf.argsort(seeds.uniform(everyone[:1], [self.pool])[0])  # all places, at random
        other = tf.gather(others, row % self.pool)
        old = ~filling & (row < self.pool) & (other < pooled) & (seeds.uniform(everyone, []) < 0.5)
        place = tf.where(filling, pooled + row, tf.where(old, other, -1))
        replica, count = tf.distribute.get_replica_context(), tf.shape(seed)[0]
        mine = slice(replica.replica_id_in_sync_group * count, (replica.replica_id_in_sync_group + 1) * count)
        return place[mine], old[mine]

    def _keep(self, means, rows, seed):
        """Puts the fakes of all replicas into the pools."""
        everyone = replicas.gather_batch(self._places(seed)[0])
        kept = tf.where(everyone >= 0)[:, 0]
        for of in "ab":
            fakes = replicas.gather_batch(rows[f"fake_{of}"])
            updated = tf.tensor_scatter_nd_update(
                self.pools[of].value, tf.gather(everyone, kept)[:, None], tf.gather(fakes, kept)
            )
            self.pools[of].assign(updated)
        self.pooled.assign(tf.minimum(self.pooled.value + tf.shape(everyone)[0], self.pool))

    def _discriminator_terms(self, batch, seed, training):
        real, terms = self._real(batch), {}
        for of, judge in self.discriminators.items():
            terms |= judged(self.objective, judge(real[of]), judge(batch[f"judged_{of}"]), f"_{of}")
        return terms

    def _generator_terms(self, batch, seed, training):
        real, terms = self._real(batch), {}
        for one, other in WAYS:
            fake = self.generators[other](real[one])
            terms[f"fooling_{other}"] = self.objective.generator(self.discriminators[other](fake))
            terms[f"cycle_{one}"] = tf.abs(self.generators[one](fake) - real[one])
            if self.weighted["identity"]:
                terms[f"identity_{one}"] = tf.abs(self.generators[one](real[one]) - real[one])
        return {name: over_places(value) for name, value in terms.items()}

    def signatures(self):
        def served(function, name, other):
            spec = tf.TensorSpec([None, None, None, self.shape[-1]], tf.uint8, name=name)
            return Signature(
                lambda **inputs: {"image": function(inputs[name])},
                {name: spec},
                f"The picture as one of {other}.",
                sides=Sides(self.divisor, max(4, 2 * self.divisor)),
            )

        return {"a_to_b": served(self.a_to_b, "a", "b"), "b_to_a": served(self.b_to_a, "b", "a")}
