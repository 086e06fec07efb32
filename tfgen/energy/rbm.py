"""Restricted Boltzmann machine: Tijmen Tieleman, 2008, "Training Restricted Boltzmann Machines using Approximations to
the Likelihood Gradient", https://doi.org/10.1145/1390156.1390290; its partition function: Ruslan Salakhutdinov, Iain
Murray, 2008, "On the Quantitative Analysis of Deep Belief Networks", https://doi.org/10.1145/1390156.1390266."""

import math

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.ops import seeds


class Energy(keras.layers.Layer):
    """E(v, h) = -b'v - c'h - v'W h over binary v [N, V] and h [N, H], and what follows from it."""

    def __init__(self, visible: int, hidden: int):
        super().__init__(name="energy")
        self.visible, self.hidden = visible, hidden

    def build(self, shape=None):
        start = keras.initializers.RandomNormal(stddev=0.01)
        self.kernel = self.add_weight(shape=(self.visible, self.hidden), initializer=start, name="kernel")
        self.visible_bias = self.add_weight(shape=(self.visible,), initializer="zeros", name="visible_bias")
        self.hidden_bias = self.add_weight(shape=(self.hidden,), initializer="zeros", name="hidden_bias")

    def inputs(self, v: tf.Tensor) -> tf.Tensor:
        """c + v W: the logits of P(h = 1 | v), [N, H]."""
        return v @ self.kernel + self.hidden_bias

    def free(self, v: tf.Tensor, beta: tf.Tensor | float = 1.0) -> tf.Tensor:
        """F(v) = -ln sum over h of exp(-E(v, h)), [N] nats; at inverse temperature `beta`, but for b."""
        return -tf.linalg.matvec(v, self.visible_bias) - tf.reduce_sum(tf.nn.softplus(beta * self.inputs(v)), axis=-1)

    def gibbs(self, v: tf.Tensor, seed: tf.Tensor, beta: tf.Tensor | float = 1.0) -> tf.Tensor:
        """A draw of h given v, then of v given that h: [N, V] and seeds int32 [N, 2] -> [N, V]."""
        of_hidden, of_visible = seeds.split(seed, 2)
        h = _drawn(beta * self.inputs(v), of_hidden)
        return _drawn(beta * h @ tf.transpose(self.kernel) + self.visible_bias, of_visible)


def _drawn(logits: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Coins of these logits as 0. and 1."""
    return tf.cast(seeds.uniform(seed, logits.shape[1:]) < tf.sigmoid(logits), tf.float32)


class RBM(GenerativeModel):
    """p(v) = exp(-F(v)) / Z over binary images, trained by persistent contrastive divergence.

    gradient of -ln p(v)   dF(v) - E_p dF, the second of `chains` pictures that never stop: `gibbs_steps` steps of Gibbs
    sampling after every move, from where the last left them

    What is logged as the loss, F of examples less F of chains, has that gradient, but its value says nothing; the
    pseudo-likelihood (Besag 1975), which is logged beside it, grows as the model learns. ln Z is estimated by annealed
    importance sampling: there is no exact `log_prob`, and `trainers.evaluate` says how sure its estimate is.

    Args:
      image_shape: (H, W, C).
      levels: must be 2.
      hidden: H.
      chains: pictures that the second term is a mean of.
      gibbs_steps: after every move.
      sample_steps: from one of the chains to a sample.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 2,
        hidden: int = 500,
        chains: int = 100,
        gibbs_steps: int = 1,
        sample_steps: int = 100,
    ):
        super().__init__(image_shape, levels)
        if levels != 2:
            raise ValueError(f"levels={levels}: its units are 0 or 1; add binarize to the transforms")
        arguments.check({"hidden": hidden, "chains": chains, "gibbs_steps": gibbs_steps, "sample_steps": sample_steps})
        self.gibbs_steps, self.sample_steps = gibbs_steps, sample_steps
        self.energy = Energy(math.prod(image_shape), hidden)
        self.energy.build()
        self.particles = self.add_weight(
            shape=(chains, self.energy.visible),
            trainable=False,
            initializer="zeros",
            name="particles",
            aggregation="only_first_replica",
        )

    def initialize(self, batch):
        """Visible biases that give each pixel its share (Hinton 2012, "A Practical Guide to Training Restricted
        Boltzmann Machines", section 8.1), and chains that begin at examples."""
        v = self._visible(batch["image"])
        share = tf.clip_by_value(tf.reduce_mean(v, axis=0), 0.01, 0.99)
        self.energy.visible_bias.assign(tf.math.log(share) - tf.math.log1p(-share))
        self.particles.assign(tf.gather(v, tf.range(self.particles.shape[0]) % tf.shape(v)[0]))

    def _visible(self, image):
        return tf.reshape(tf.cast(image, tf.float32), [-1, self.energy.visible])

    def free_energy(self, image: tf.Tensor) -> tf.Tensor:
        """F(image): uint8 [N, H, W, C] -> float32 [N], nats. ln p(image) is -F(image) - ln Z."""
        return self.energy.free(self._visible(image))

    def log_partition(self, seed: int = 0, chains: int = 100, temperatures: int = 1000) -> tf.Tensor:
        """ln of estimates of Z by annealed importance sampling, one of each chain: [chains], nats. The mean of their
        exponentials is Z in expectation.

        From the machine without hidden units' word, whose Z is known, to this one (section 4.1.3 of Salakhutdinov and
        Murray 2008; their first machine has the data's shares, ours this one's biases).
        """
        energy = self.energy

        @tf.function(autograph=False)
        def run():
            bias = energy.visible_bias.value
            rows = seeds.step_rows(seed, 0, 0, chains)
            v = _drawn(tf.broadcast_to(bias, [chains, energy.visible]), rows)
            known = tf.reduce_sum(tf.nn.softplus(bias)) + energy.hidden * math.log(2.0)

            def step(i, v, weight):
                before, beta = (tf.cast(i + j, tf.float32) / temperatures for j in (0, 1))
                weight += energy.free(v, before) - energy.free(v, beta)
                return i + 1, energy.gibbs(v, seeds.step_rows(seed, i + 1, 0, chains), beta), weight

            loop = (0, v, tf.fill([chains], known))
            return tf.while_loop(lambda i, *_: i < temperatures, step, loop, parallel_iterations=1)[2]

        return run()

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """One image of each seed row, `sample_steps` steps from a chain: int32 [N, 2] -> uint8 [N, H, W, C]."""
        start, seed = seeds.split(seed, 2)
        count = self.particles.shape[0]
        v = tf.gather(self.particles.value, tf.cast(seeds.uniform(start, []) * count, tf.int32))

        def step(i, v, seed):
            now, later = seeds.split(seed, 2)
            return i + 1, self.energy.gibbs(v, now), later

        _, v, _ = tf.while_loop(lambda i, *_: i < self.sample_steps, step, (0, v, seed), parallel_iterations=1)
        return tf.cast(tf.reshape(v, [-1, *self.image_shape]), tf.uint8)

    def players(self):
        return (
            Player(
                "model",
                self._terms,
                parts=[self.energy],
                objective=lambda terms: terms["energy_gap"],
                after_move=self._walk,
            ),
        )

    def _terms(self, batch, seed, training):
        v = self._visible(batch["image"])
        of_chains = tf.reduce_mean(self.energy.free(self.particles.value))
        # Of one pixel, which stands for all: p(v) against p of v with that pixel turned.
        pixel = tf.cast(seeds.uniform(seed, []) * self.energy.visible, tf.int32)
        turned = tf.abs(v - tf.one_hot(pixel, self.energy.visible))
        one = tf.math.log_sigmoid(self.energy.free(turned) - self.energy.free(v))
        return {
            "energy_gap": self.energy.free(v) - of_chains,
            "pseudo_log_likelihood": tf.stop_gradient(self.energy.visible * one),
        }

    def _walk(self, means, rows, seed):
        """The chains go on, by noise of the step alone, so that all replicas walk alike."""
        v, chains = self.particles.value, self.particles.shape[0]
        for i in range(self.gibbs_steps):
            v = self.energy.gibbs(v, seeds.step_rows(self._seed + 1, self.step.value, i, chains))
        self.particles.assign(v)

    def signatures(self):
        return {
            "free_energy": Signature(
                lambda image: {"free_energy": self.free_energy(image)},
                {"image": self.batch_spec["image"]},
                "F(image) in nats; ln p(image) is -F(image) less a constant that is the same for all images.",
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)},
                {"seed": SEED},
                f"One image of each seed row, {self.sample_steps} Gibbs steps from a chain of the training.",
            ),
        }
