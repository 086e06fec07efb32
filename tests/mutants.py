"""One-line breaks of the code, each of which has to fail a test: python -m tests.mutants [words of a file or a test].

Every mutant is applied to a copy of the checkout and its tests are run there; those that still pass let it survive. A
mutant names the cheapest tests that notice it. `tests/test_house.py` holds that every text to be broken is there, once.
"""

import dataclasses
import importlib
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

import pytest

import tests.conftest  # noqa: F401  # what has to be set before TensorFlow is imported

ROOT = pathlib.Path(__file__).parents[1]
WORKERS = 2
OURS = ("tests", "tfgen", "trainers", "export", "benchmarks")
LIBRARIES = ("tensorflow", "keras", "tensorflow_probability", "scipy.stats", "sklearn.neighbors", "matplotlib.figure")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """`old`, which stands once in `file`, becomes `new`; then `tests` (arguments of pytest) have to fail."""

    file: str
    old: str
    new: str
    tests: str


MUTANTS = [
    # core and gan
    Mutant(
        "tfgen/losses/adversarial.py",
        '{"real": self.real(move.real_logits), "fake": self.fake(move.fake_logits)}',
        '{"real": self.fake(move.real_logits), "fake": self.real(move.fake_logits)}',
        "tests/test_adversarial.py -k minimise_is",
    ),
    Mutant(
        "tfgen/losses/adversarial.py",
        '"fooling": self.generator(move.fake_logits)',
        '"fooling": self.fake(move.fake_logits)',
        "tests/test_adversarial.py -k minimise_is",
    ),
    Mutant(
        "tfgen/losses/adversarial.py",
        '"fooling": self.generator(move.real_logits, move.fake_logits)',
        '"fooling": self.discriminator(move.real_logits, move.fake_logits)',
        "tests/test_adversarial.py -k adds_pairs",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "weights[name] * term",
        "term",
        "tests/test_adversarial.py -k adds_pairs",
    ),
    Mutant(
        "tfgen/gan/base.py",
        " if name not in watches",
        "",
        "tests/test_adversarial.py -k minimise_is",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "return network(value, training=training) if vector is None",
        "return network(value, training=training) if True",
        "tests/test_adversarial.py -k adds_pairs",
    ),
    Mutant(
        "tfgen/core/model.py",
        "self._score(player, player.rows(batch, seed, False), seed, training=False)",
        "self._score(player, player.rows(batch, seed, False), seed, training=True)",
        "tests/test_core.py -k validation_noise",
    ),
    Mutant(
        "tfgen/core/model.py",
        "seeds.step_rows(self._seed, number, -1 - position",
        "seeds.step_rows(self._seed, 0, -1 - position",
        "tests/test_core.py -k validation_noise",
    ),
    Mutant(
        "tfgen/core/model.py",
        "        self._validated = 0  # batches\n",
        '        self._validated = getattr(self, "_validated", 0)\n',
        "tests/test_core.py -k validation_noise",
    ),
    Mutant(
        "tfgen/core/model.py",
        "self._clip_norm * scale, use_norm",
        "self._clip_norm, use_norm",
        "tests/test_core.py -k before_float16",
    ),
    Mutant(
        "tfgen/core/model.py",
        '{player.named("gradient_norm"): norm / scale}',
        '{player.named("gradient_norm"): norm}',
        "tests/test_core.py -k before_float16",
    ),
    Mutant(
        "tfgen/core/model.py",
        "        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)\n",
        "        gradients = [replica.num_replicas_in_sync * gradient for gradient in gradients]\n",
        "tests/test_core.py -k overflow",
    ),
    Mutant(
        "tfgen/core/model.py",
        "            means = replica.all_reduce(tf.distribute.ReduceOp.MEAN, means)\n",
        "",
        "tests/test_core.py -k after_a_move",
    ),
    Mutant(
        "tfgen/core/model.py",
        "tf.control_dependencies(list(terms.values()))",
        "tf.control_dependencies([])",
        "tests/test_core.py -k stopped_changes",
    ),
    Mutant(
        "tfgen/core/model.py",
        "return [*self.trainable_variables, *statistics]",
        "return self.trainable_variables",
        "tests/test_core.py -k batch_statistics",
    ),
    Mutant(
        "trainers/callbacks.py",
        "    def on_test_begin(self, logs=None):\n        if self.model.average:",
        "    def on_test_begin(self, logs=None):\n        if False:",
        "tests/test_core.py -k batch_statistics",
    ),
    Mutant(
        "tfgen/core/checkpoints.py",
        "for i, variable in enumerate(others)",
        "for i, variable in enumerate(others[:0])",
        "tests/test_core.py -k wherever_it_is_kept",
    ),
    Mutant(
        "tfgen/ops/replicas.py",
        "return replica.all_gather(value, axis=0)",
        "return tf.tile(value, [replica.num_replicas_in_sync] + [1] * (value.shape.rank - 1))",
        "tests/test_core.py -k gathered",
    ),
    Mutant(
        "trainers/optimizers.py",
        "beta_1=options.beta_1",
        "beta_1=0.9",
        "tests/test_optimizers.py -k every_option",
    ),
    Mutant(
        "trainers/optimizers.py",
        "beta_2=options.beta_2",
        "beta_2=0.999",
        "tests/test_optimizers.py -k every_option",
    ),
    Mutant(
        "trainers/optimizers.py",
        "options.weight_decay or None",
        "None",
        "tests/test_optimizers.py -k every_option",
    ),
    Mutant(
        "trainers/optimizers.py",
        "/ (options.steps - options.decay_from)",
        "/ (10 * options.steps - options.decay_from)",
        "tests/test_optimizers.py -k schedules",
    ),
    Mutant(
        "trainers/optimizers.py",
        "tf.cast(self._step.read_value(), tf.float32)",
        "tf.cast(moves, tf.float32)",
        "tests/test_optimizers.py -k schedules",
    ),
    Mutant(
        "trainers/config.py",
        "players={}, **config.players.get(name, {})",
        "players={}",
        "tests/test_optimizers.py -k of_their_own",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "class once:  # noqa: N801",
        "import functools\nclass once(functools.cached_property):\n    pass\nclass _once:",
        "tests/test_adversarial.py -k lazy_value",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "value = owner.__dict__[self.function.__name__] = self.function(owner)",
        "value = self.function(owner)",
        "tests/test_adversarial.py -k lazy_value",
    ),
    Mutant(
        "tfgen/losses/penalties.py",
        'alpha = _uniform(move, "between", [])',
        "alpha = 0.5",
        "tests/test_gan_options.py -k 'uniform'",
    ),
    Mutant(
        "tfgen/losses/penalties.py",
        "return tf.square(tf.sqrt(squares + 1e-12) - 1.0)",
        "return tf.square(tf.sqrt(squares + 1e-12))",
        "tests/test_gan_options.py -k 'gradient_that_is_known'",
    ),
    Mutant(
        "tfgen/losses/penalties.py",
        "squared_norm(move.judge, tf.stop_gradient(move.fake))",
        "squared_norm(move.judge, move.real)",
        "tests/test_gan_options.py -k 'gradient_that_is_known'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "lambda: self.penalty_every * PENALTIES[name].term(move)",
        "lambda: PENALTIES[name].term(move)",
        "tests/test_gan_options.py -k 'lazy_penalty'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "        if not training:\n            return pixels\n",
        "",
        "tests/test_gan_options.py -k 'no_validation'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "variable.constraint = Clip(self.weight_clip)",
        "pass",
        "tests/test_gan_options.py -k 'clipped'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "< self.model.label_noise",
        "< 0.5 * self.model.label_noise",
        "tests/test_gan_options.py -k 'flipped'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "return objective.discriminator_terms(move) | ",
        "return self.objective.discriminator_terms(move) | ",
        "tests/test_gan_options.py -k 'smoothed'",
    ),
    Mutant(
        "tfgen/gan/base.py",
        "stddev *= tf.nn.relu(",
        "stddev += 0.0 * tf.nn.relu(",
        "tests/test_gan_options.py -k 'instance_noise'",
    ),
    Mutant(
        "tfgen/gan/networks.py",
        'outputs["logits"] += self.project(',
        "self.project(",
        "tests/test_gan_options.py -k 'ways_of'",
    ),
    Mutant(
        "tfgen/layers/spectral_norm.py",
        "            self.u.assign(u)\n",
        "",
        "tests/test_gan_options.py -k 'singular'",
    ),
    Mutant(
        "tfgen/layers/spectral_norm.py",
        "y = y / tf.cast(tf.maximum(sigma, 1e-12), y.dtype)",
        "y = y / tf.cast(tf.stop_gradient(sigma), y.dtype)",
        "tests/test_gan_options.py -k 'singular'",
    ),
    Mutant(
        "tfgen/ops/augment.py",
        "brightness, saturation, contrast = tf.unstack(",
        "saturation, brightness, contrast = tf.unstack(",
        "tests/test_gan_options.py -k 'color'",
    ),
    Mutant(
        "tfgen/ops/augment.py",
        "most = [int(height * share + 0.5), int(width * share + 0.5)]",
        "most = [int(height * share + 0.5), 0]",
        "tests/test_gan_options.py -k 'loops'",
    ),
    Mutant(
        "tfgen/gan/began.py",
        "RATE * balance, 0.0, 1.0)",
        "RATE * balance, -1.0, 1.0)",
        "tests/test_gan_options.py -k 'recursion'",
    ),
    Mutant(
        "tfgen/gan/began.py",
        "self.k.value * move.fake_logits",
        "move.fake_logits",
        "tests/test_gan_options.py -k 'recursion'",
    ),
    Mutant(
        "tfgen/gan/inversion.py",
        "best = tf.argmin(error, axis=1)",
        "best = tf.argmax(error, axis=1)",
        "tests/test_gan_options.py -k 'found_again'",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "value = 2.0 * seeds.uniform(seed, [self._dim]) - 1.0",
        "value = seeds.uniform(seed, [self._dim])",
        "tests/test_gan_options.py -k 'moments_and_densities'",
    ),
    Mutant(
        "tfgen/metrics/frechet.py",
        "- 2.0 * roots.sum()",
        "- roots.sum()",
        "tests/test_distances.py -k matrix_root",
    ),
    Mutant(
        "tfgen/metrics/frechet.py",
        "around = distance(one, other) + np.array(draws) - np.mean(draws)",
        "around = np.array(draws)",
        "tests/test_distances.py -k interval",
    ),
    Mutant(
        "tfgen/metrics/frechet.py",
        "(matrix.sum() - np.trace(matrix))",
        "matrix.sum()",
        "tests/test_distances.py -k kernel",
    ),
    Mutant(
        "tfgen/metrics/neighbours.py",
        "return nearest(points, points, k + 1)[0][:, k]",
        "return nearest(points, points, k)[0][:, k - 1]",
        "tests/test_distances.py -k loops",
    ),
    Mutant(
        "tfgen/metrics/neighbours.py",
        "np.median(nearest(fake, train)[0]) / max(median, 1e-12)",
        "median",
        "tests/test_distances.py -k memorisation",
    ),
    Mutant(
        "trainers/measures.py",
        '"frechet_distance_floor": frechet.frechet_distance(floor, real)',
        '"frechet_distance_floor": frechet.frechet_distance(fake, real)',
        "tests/test_evaluate.py -k everything_that_fits",
    ),
    Mutant(
        "trainers/classifier.py",
        'about = {"data": data.record,',
        'about = {"data": {},',
        "tests/test_evaluate.py -k kept",
    ),
    Mutant(
        "trainers/stand_ins.py",
        "np.round(np.stack(decoded) * ((self.levels - 1) / 255.0))",
        "np.stack(decoded) * ((self.levels - 1) / 255.0)",
        "tests/test_evaluate.py -k folder_of",
    ),
    Mutant(
        "tfgen/data/registry.py",
        "[classes**2, classes, 1]",
        "[1, classes, classes**2]",
        "tests/test_data.py -k colours",
    ),
    Mutant(
        "tfgen/studies/arithmetic.py",
        "direction = means[a] - means[b]",
        "direction = means[b] - means[a]",
        "tests/test_studies.py -k arithmetic",
    ),
    Mutant(
        "tfgen/studies/rivals.py",
        'found[name].append({"failed": str(error)})',
        "found[name].append({})",
        "tests/test_studies.py -k rivals",
    ),
    Mutant(
        "tfgen/metrics/attributes.py",
        "return -(gray * x * y)",
        "return (gray * x * y)",
        "tests/test_studies.py -k attributes",
    ),
    # distributions and vae
    Mutant(
        "tfgen/distributions/latents.py",
        "_gumbel(seed, self.log_probs)) / self.temperature)",
        "_gumbel(seed, self.log_probs)))",
        "tests/test_variational.py -k classes_and",
    ),
    Mutant(
        "tfgen/vae/joint_vae.py",
        "RelaxedOneHot(logits, self.temperature) if training else OneHot(logits)",
        "RelaxedOneHot(logits, self.temperature)",
        "tests/test_variational.py -k a_class_is_soft",
    ),
    Mutant(
        "tfgen/metrics/latents.py",
        "(others - others.mean(axis=0))",
        "(means - means.mean(axis=0))",
        "tests/test_variational.py -k activity_leaves",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "0.5 * (offset**2 + spread**2 - 1.0) - tf.math.log(spread)",
        "0.5 * (offset**2 + spread**2 - 1.0)",
        "tests/test_variational.py -k diagnosis_against",
    ),
    Mutant(
        "tfgen/vae/base.py",
        "one.log_prob - aggregated.log_prob(one.value)",
        "one.log_prob - prior.log_prob(one.value)",
        "tests/test_variational.py -k diagnosis_against",
    ),
    Mutant(
        "tfgen/vae/base.py",
        "int(self.step.numpy()) > self.warmup_steps",
        "True",
        "tests/test_variational.py -k diagnosis_against",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "shares[0][:, None] * gradient",
        "gradient",
        "tests/test_variational.py -k doubly",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "frozen.log_prob(z))",
        "posterior.log_prob(z))",
        "tests/test_variational.py -k doubly",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "tf.reduce_sum(each, axis=-1), axis=1) - count",
        "tf.reduce_sum(each, axis=-1), axis=1)",
        "tests/test_variational.py -k total_correlation_against",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "mean + stddev * noise, value)",
        "mean, value)",
        "tests/test_variational.py -k an_autoregressive_normal",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "below = (layers[0][1].value,)",
        "below = (tf.zeros_like(layers[0][1].value),)",
        "tests/test_variational.py -k unbiased",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "states.append(step(states[-1], layers[-1][1].value))",
        "states.append(states[-1])",
        "tests/test_variational.py -k unbiased",
    ),
    Mutant(
        "tfgen/distributions/likelihoods.py",
        "tf.math.log(uniform) - tf.math.log1p(-uniform)",
        "tf.math.log(uniform)",
        "tests/test_variational.py -k samples_of_a_likelihood",
    ),
    Mutant(
        "tfgen/vae/posteriors.py",
        "tf.reduce_sum(log_gate, axis=-1)",
        "-tf.reduce_sum(log_gate, axis=-1)",
        "tests/test_variational.py -k determinants",
    ),
    Mutant(
        "tfgen/vae/posteriors.py",
        "(1.0 - bent**2)",
        "(1.0 + bent**2)",
        "tests/test_variational.py -k determinants",
    ),
    Mutant(
        "tfgen/vae/posteriors.py",
        "tf.reverse(gate * z + (1.0 - gate) * mean, axis=[-1])",
        "gate * z + (1.0 - gate) * mean",
        "tests/test_variational.py -k determinants",
    ),
    Mutant(
        "tfgen/vae/base.py",
        'lambda terms: terms["negative_bound"]',
        'lambda terms: terms["negative_elbo"]',
        "tests/test_variational.py -k several_samples",
    ),
    Mutant(
        "tfgen/vae/networks.py",
        "tf.reshape(values, [-1]) if dense",
        "tf.zeros_like(last.bias) if dense",
        "tests/test_variational.py -k mean_image",
    ),
    Mutant(
        "tfgen/vae/ladder_vae.py",
        "(a * one.mean() + b * other.mean()) / (a + b)",
        "(one.mean() + other.mean()) / 2.0",
        "tests/test_variational.py -k product_of",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "            log_prob -= log_det\n",
        "",
        "tests/test_variational.py::test_weights_are_unbiased_and_bounds_in_order[flow]",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "prior.log_volume() - self.log_volume()]",
        "prior.log_volume()]",
        "tests/test_variational.py::test_gaussians_against_tfp",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "return tf.linalg.matvec(self._scale, noise)",
        "return self.stddev() * noise",
        "tests/test_variational.py::test_gaussians_against_tfp[full]",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "return tf.reduce_logsumexp(self.log_weights + self",
        "return tf.reduce_logsumexp(self",
        "tests/test_variational.py::test_a_mixture_draws_its_components_by_their_weights",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "seeds.uniform(choice, []) * below[-1]",
        "seeds.uniform(noise, []) * below[-1]",
        "tests/test_variational.py::test_a_mixture_draws_its_components_by_their_weights",
    ),
    Mutant(
        "tfgen/distributions/latents.py",
        "pairs = zip(drawn.layers, prior.given(drawn.value), strict=True)",
        "pairs = zip(drawn.layers[:1], prior.given(drawn.value)[:1], strict=True)",
        "tests/test_variational.py::test_the_kl_of_layers_is_each_layers_own_given_what_was_drawn_above",
    ),
    Mutant(
        "tfgen/vae/base.py",
        "return tf.where(mean > self.free_bits, kl, self.free_bits)",
        "return tf.maximum(kl, self.free_bits)",
        "tests/test_variational.py::test_free_bits_are_of_the_mean_over_the_batch_of_all_replicas",
    ),
    Mutant(
        "tfgen/vae/base.py",
        "tf.reduce_mean(replicas.gather_batch(tf.stop_gradient(kl)))",
        "tf.reduce_mean(tf.stop_gradient(kl))",
        "tests/test_variational.py::test_free_bits_are_of_the_mean_over_the_batch_of_all_replicas",
    ),
    Mutant(
        "tfgen/vae/base.py",
        "noise = _other(seed) if training else None",
        "noise = None",
        "tests/test_variational.py::test_noise_reaches_the_decoder_in_training_alone",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "tf.random.fold_in(row, chunk)",
        "row",
        "tests/test_variational.py::test_importance_bound_is_the_one_bound_of_its_samples",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "self.likelihood + self.prior - self.posterior",
        "self.likelihood - self.posterior",
        "tests/test_variational.py::test_importance_bound_is_the_one_bound_of_its_samples",
    ),
    # autoencoders
    Mutant(
        "tfgen/vae/autoencoder.py",
        "tf.reduce_sum(tf.square(images",
        "tf.reduce_mean(tf.square(images",
        "tests/test_autoencoder.py -k sum_of_squares",
    ),
    Mutant(
        "tfgen/vae/autoencoder.py",
        "if training and self.noise",
        "if self.noise",
        "tests/test_autoencoder.py -k blackens",
    ),
    Mutant(
        "tfgen/vae/autoencoder.py",
        "seeds.uniform(seed, self.image_shape) < self.noise",
        "seeds.uniform(seed, self.image_shape) > self.noise",
        "tests/test_autoencoder.py -k blackens",
    ),
    Mutant(
        "tfgen/vae/autoencoder.py",
        'architecture != "linear"',
        "True",
        "tests/test_autoencoder.py -k principal_components",
    ),
    Mutant(
        "tfgen/vae/autoencoder.py",
        "- 1))\n    return tuple(",
        "- 0))\n    return tuple(",
        "tests/test_autoencoder.py -k four_convolutions",
    ),
    Mutant(
        "tfgen/metrics/reconstruction.py",
        "components[:, ::-1]",
        "components",
        "tests/test_autoencoder.py -k scikit_learn",
    ),
    Mutant(
        "trainers/measures.py",
        "posterior.draw(seed).value if code is None else code",
        "posterior.draw(seed).value",
        "tests/test_autoencoder.py -k 'measured and vae'",
    ),
    # what codes are worth
    Mutant(
        "tfgen/studies/classifier.py",
        " if any(id(v.value) in seen for v in layer.trainable_variables)",
        "",
        "tests/test_transfer.py -k owns",
    ),
    Mutant(
        "tfgen/vae/networks.py",
        "hidden = [keras.layers.Dense(width, activation) for _ in range(depth)]\n    return keras.Sequential([Centre()",
        'hidden = [keras.layers.Dense(width, "tanh") for _ in range(depth)]\n    return keras.Sequential([Centre()',
        "tests/test_variational.py -k activation",
    ),
    Mutant(
        "tfgen/vae/vae.py",
        "(height, width_, parameters), **hidden)",
        "(height, width_, parameters))",
        "tests/test_variational.py -k activation",
    ),
    Mutant(
        "trainers/publish.py",
        "for path in drawn:",
        "for path in []:",
        "tests/test_pretrained.py -k what_is_published",
    ),
    Mutant(
        "tfgen/studies/transfer.py",
        "        self.begin(weights)\n        steps",
        "        steps",
        "tests/test_transfer.py -k same_start",
    ),
    Mutant(
        "tfgen/studies/transfer.py",
        "[*self.encoder, *self._rest], [*weights, *self._start], strict=True",
        "self.encoder, weights, strict=True",
        "tests/test_transfer.py -k 'copied or same_start'",
    ),
    Mutant(
        "tfgen/studies/transfer.py",
        ".fit(train[rows], task.label[rows])",
        ".fit(train, task.label)",
        "tests/test_transfer.py -k regression",
    ),
    Mutant(
        "tfgen/studies/code_size.py",
        "model if d == model.latent_dim else settings.train(latent_dim=d)",
        "model",
        "tests/test_transfer.py -k 'code_sizes and autoencoder'",
    ),
    Mutant(
        "tfgen/metrics/disentanglement.py",
        "ranked[:, -1] - ranked[:, -2]",
        "ranked[:, -1] - ranked[:, 0]",
        "tests/test_disentanglement.py -k gap_by_hand",
    ),
    Mutant(
        "tfgen/metrics/disentanglement.py",
        "/ np.maximum(high - low, 1e-12) * bins",
        "* bins",
        "tests/test_disentanglement.py -k scikit_learn",
    ),
    Mutant(
        "tfgen/metrics/disentanglement.py",
        "share / share.sum(axis=0) for share",
        "share / len(share) for share",
        "tests/test_disentanglement.py -k quadrature",
    ),
    Mutant(
        "tfgen/data/factors.py",
        "for x in PLACES for y in PLACES",
        "for y in PLACES for x in PLACES",
        "tests/test_disentanglement.py -k moves_what",
    ),
    Mutant(
        "tfgen/data/registry.py",
        "{name: array[index] for name, array in arrays.items()}",
        '{name: array[: len(index)] if name == "factors" else array[index] for name, array in arrays.items()}',
        "tests/test_disentanglement.py -k go_with",
    ),
    # data
    Mutant(
        "tfgen/data/examples.py",
        "for number in (seed, epoch)",
        "for number in (seed % 256, epoch % 256)",
        "tests/test_data.py::test_there_are_as_many_orders_as_seeds_and_epochs",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "step * batch_size + row, seed, training=True",
        "row, seed, training=True",
        "tests/test_data.py::test_binarisation_is_dynamic_bernoulli",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "(worker * replicas + element % replicas) * rows",
        "(worker * replicas) * rows",
        "tests/test_data.py::test_workers_and_replicas_share_a_step_out",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "self._draw(batch, index[0], seed",
        "self._draw(batch, 0 * index[0], seed",
        "tests/test_data.py::test_in_an_evaluation_an_example_is_drawn_alike_whatever_its_batch",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "if transform.augments and not training:",
        "if False:",
        "tests/test_data.py::test_flip_mirrors_half_of_the_training_pictures_and_no_other",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "0 if transform.augments else j",
        "j",
        "tests/test_data.py::test_the_pictures_of_an_example_are_augmented_alike_and_binarised_apart",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "0 if transform.augments else j",
        "0",
        "tests/test_data.py::test_the_pictures_of_an_example_are_augmented_alike_and_binarised_apart",
    ),
    Mutant(
        "tfgen/data/registry.py",
        'splits.indices([file.split for file in found], "images")',
        "splits.fixed(len(found))",
        "tests/test_reading.py -k one_more_file",
    ),
    Mutant(
        "tfgen/data/registry.py",
        "splits.indices([splits.of(key) for key in keys], noun)",
        "splits.fixed(len(keys))",
        "tests/test_reading.py -k more_series",
    ),
    Mutant(
        "tfgen/data/splits.py",
        "if old and old.get(name) != new.get(name)",
        "if old and name not in new",
        "tests/test_reading.py -k fingerprint",
    ),
    Mutant(
        "tfgen/data/files.py",
        'if split == "train" and',
        "if",
        "tests/test_reading.py -k folders_of_splits",
    ),
    Mutant(
        "tfgen/data/files.py",
        "if entry.is_dir():",
        "if entry.is_dir(follow_symlinks=False):",
        "tests/test_reading.py -k links",
    ),
    Mutant(
        "tfgen/data/files.py",
        "os.path.splitext(path)[1].lower()",
        "os.path.splitext(path)[1]",
        "tests/test_reading.py -k capitals",
    ),
    Mutant(
        "tfgen/data/folder.py",
        "ImageOps.exif_transpose(picture, in_place=True)",
        "pass",
        "tests/test_reading.py -k exif",
    ),
    Mutant(
        "tfgen/data/folder.py",
        ' and picture.format != "MPO"',
        "",
        "tests/test_reading.py -k animation",
    ),
    Mutant(
        "tfgen/data/tfds_sets.py",
        '{"binarized_mnist": 2}',
        "{}",
        "tests/test_reading.py -k binarized_mnist",
    ),
    Mutant(
        "tfgen/data/cache.py",
        "_hash([_made_by(), stats])",
        "_hash([_made_by()])",
        "tests/test_cache.py::test_what_it_is_made_of_decides",
    ),
    Mutant(
        "tfgen/data/cache.py",
        "_hash([_made_by(), stats])",
        "_hash([stats])",
        "tests/test_cache.py::test_other_code_reads_anew",
    ),
    Mutant(
        "tfgen/data/registry.py",
        "transforms.fixed(request.transform), str(",
        "str(",
        "tests/test_cache.py::test_what_it_is_made_of_decides",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "seed + (i << 32)",
        "seed",
        "tests/test_data.py::test_two_sets_side_by_side_have_orders_and_noise_of_their_own",
    ),
    # autoregressive, layers, ops
    Mutant(
        "tfgen/autoregressive/nade.py", "initializer=glorot_of_each, ", "", "tests/test_references.py -k decoders_start"
    ),
    Mutant(
        "tfgen/distributions/logistic_mixture.py",
        "mean += self.coefficients[..., used] * pixels",
        "mean += 0.0 * self.coefficients[..., used] * pixels",
        "tests/test_references.py -k logistic_mixture",
    ),
    Mutant(
        "tfgen/distributions/logistic_mixture.py",
        "tfd.Categorical(logits=self.weights)",
        "tfd.Categorical(logits=0.0 * self.weights)",
        "tests/test_references.py -k logistic_mixture",
    ),
    Mutant(
        "tfgen/distributions/logistic_mixture.py",
        "tf.nn.softmax(weights)[..., None]",
        "tf.nn.softmax(0.0 * weights)[..., None]",
        "tests/test_references.py -k logistic_mixture",
    ),
    Mutant(
        "tfgen/distributions/logistic_mixture.py",
        "weights += tf.reduce_sum(self._comp",
        "weights + tf.reduce_sum(self._comp",
        "tests/test_references.py -k logistic_mixture",
    ),
    Mutant(
        "tfgen/distributions/logistic_mixture.py",
        "tfd.Logistic(self._locations(pixels, count) - 0.5",
        "tfd.Logistic(self._locations(pixels, count)",
        "tests/test_references.py -k logistic_mixture",
    ),
    Mutant(
        "tfgen/autoregressive/time_series.py",
        "tfd.Categorical(logits=logits)",
        "tfd.Categorical(logits=0.0 * logits)",
        "tests/test_references.py -k mixture_of_normals",
    ),
    Mutant(
        "tfgen/autoregressive/time_series.py",
        "component = inverse_cdf(logits,",
        "component = inverse_cdf(0.0 * logits,",
        "tests/test_sequences.py -k more_components",
    ),
    Mutant(
        "tfgen/autoregressive/time_series.py",
        "tf.where(constant, 1.0,",
        "tf.where(constant, 1e-6,",
        "tests/test_sequences.py -k constant_dimension",
    ),
    Mutant(
        "tfgen/autoregressive/pixel_cnn_pp.py",
        "            h += everywhere(condition, h)",
        "            h += 0.0 * everywhere(condition, h)",
        "tests/test_references.py -k label",
    ),
    Mutant(
        "tfgen/autoregressive/pixel_cnn_pp.py",
        "return {block.name: block.condition(vector) for",
        "return {block.name: block.condition(0.0 * vector) for",
        "tests/test_references.py -k label",
    ),
    Mutant(
        "tfgen/layers/dilated.py",
        "            x, total = x + residual, total + skip\n        return total\n",
        "            x, total = x + residual, skip\n        return total\n",
        "tests/test_references.py -k dilated_stack",
    ),
    Mutant(
        "tfgen/layers/dilated.py",
        "later(h, self.dilations[i])",
        "later(h, 1)",
        "tests/test_references.py -k dilated_stack",
    ),
    Mutant(
        "tfgen/layers/dilated.py",
        "return [2**i for i in range(depth)] * stacks",
        "return [1 for i in range(depth)] * stacks",
        "tests/test_sequences.py -k hears_those_before",
    ),
    Mutant(
        "tfgen/layers/causal.py",
        "return tf.tanh(a) * tf.sigmoid(b)",
        "return tf.tanh(a) * b",
        "tests/test_references.py -k gate",
    ),
    Mutant(
        "tfgen/autoregressive/gated_pixel_cnn.py",
        "dilation=dilations[i % len(dilations)]",
        "dilation=1",
        "tests/test_references.py -k dilations_reach",
    ),
    Mutant(
        "tfgen/layers/lstm.py", "OFFSETS = (1, 0, -1)", "OFFSETS = (1, 0, 1)", "tests/test_references.py -k row_lstm"
    ),
    Mutant(
        "tfgen/layers/lstm.py",
        "return left + shift(tf.reverse(right, [2]), 1)",
        "return left + tf.reverse(right, [2])",
        "tests/test_references.py -k diagonal",
    ),
    Mutant("tfgen/layers/lstm.py", "    c = f * c + i * g", "    c = f * c + g", "tests/test_references.py -k lstm"),
    Mutant(
        "tfgen/layers/dropout.py", "if seed is None or not rate:", "if True:", "tests/test_references.py -k dropout"
    ),
    Mutant(
        "tfgen/layers/dropout.py",
        "tf.random.fold_in(seed[0], stream)",
        "seed[0]",
        "tests/test_references.py -k dropout_drops",
    ),
    Mutant(
        "tfgen/layers/weight_norm.py",
        "kernel *= self.gain * tf.math.rsqrt(squares)",
        "kernel *= self.gain",
        "tests/test_references.py -k weight_norm",
    ),
    Mutant(
        "tfgen/distributions/autoregressive.py",
        "uniform[:, None] * cumulative[:, -1:]",
        "uniform[:, None]",
        "tests/test_autoregressive.py -k probability_zero",
    ),
    Mutant(
        "tfgen/distributions/autoregressive.py",
        "logits, -math.inf)",
        "logits, -1e9)",
        "tests/test_autoregressive.py -k temperature_and",
    ),
    Mutant(
        "tfgen/ops/seeds.py",
        "    block += tf.zeros_like(key_0)[:, None]",
        "    block = tf.zeros_like(block) + tf.zeros_like(key_0)[:, None]",
        "tests/test_ops.py -k bits_of_a_row",
    ),
    Mutant(
        "tfgen/autoregressive/nade.py",
        "axis=0, exclusive=True",
        "axis=0",
        "tests/test_autoregressive.py -k changing_a_value",
    ),
    Mutant(
        "trainers/adam.py",
        "rate *= tf.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)",
        "pass",
        "tests/test_adam.py",
    ),
    # trainers
    Mutant(
        "trainers/workdirs.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "tests/test_trainers.py -k one_run_at_a_time",
    ),
    Mutant(
        "tfgen/core/checkpoints.py",
        r're.fullmatch(r"step-(\d+)\.index", path.name)',
        r're.match(r"step-(\d*)", path.name)',
        "tests/test_trainers.py -k damaged_checkpoint",
    ),
    Mutant(
        "tfgen/core/checkpoints.py",
        "            shutil.rmtree(path)\n",
        "            pass\n",
        "tests/test_trainers.py -k full_disk",
    ),
    Mutant(
        "trainers/config.py", "old.get(name, defaults[name])", "old.get(name)", "tests/test_trainers.py -k older_config"
    ),
    Mutant(
        "trainers/config.py",
        '        found.append({"name": name, "from": before, "to": new[name]})',
        "        pass",
        "tests/test_trainers.py -k another_configuration",
    ),
    Mutant(
        "trainers/runner.py",
        "if not ended or not record.exists():",
        "if True:",
        "tests/test_trainers.py -k exported_once",
    ),
    Mutant("trainers/runner.py", "    model.step.assign(0)\n", "", "tests/test_trainers.py -k start_from_takes"),
    Mutant(
        "trainers/callbacks.py",
        "if value < float(self._value.numpy()):",
        "if value > float(self._value.numpy()):",
        "tests/test_trainers.py -k largest_fraction",
    ),
    Mutant(
        "trainers/callbacks.py",
        "self._sign = -1.0 if",
        "self._sign = 1.0 if",
        "tests/test_trainers.py -k largest_fraction",
    ),
    Mutant(
        "trainers/callbacks.py",
        "parts = checkpoints.trackable(model, model.average)",
        "parts = checkpoints.trackable(model)",
        "tests/test_trainers.py -k best_is_kept",
    ),
    Mutant(
        "trainers/flags.py",
        "    os._exit(stopped.code)\n",
        "    raise stopped\n",
        "tests/test_trainers.py -k after_a_stop",
    ),
    Mutant(
        "trainers/runner.py",
        '_check_same_data(workdir / "config.json", config, data)',
        "pass",
        "tests/test_reading.py -k run_does_not_go_on",
    ),
    # zoo, evaluate, publish
    Mutant(
        "trainers/measures.py",
        'splits.difference(config.get("data", {}), data.record)',
        "splits.difference({}, data.record)",
        "tests/test_evaluate.py -k data_that_is_not",
    ),
    Mutant(
        "tfgen/core/weights.py",
        "if id(variable) in trainable:",
        "if value.dtype != np.int64:",
        "tests/test_pretrained.py::test_published_weights_are_the_best_average_in_half_precision",
    ),
    Mutant(
        "tfgen/zoo.py",
        ".hexdigest() != expected",
        ".hexdigest() == expected",
        "tests/test_pretrained.py::test_a_name_that_is_not_there_lists_those_that_are "
        "tests/test_pretrained.py::test_damage_is_named_by_its_file",
    ),
    Mutant(
        "trainers/publish.py",
        'weights.read(made / "weights.npz", model)  # what',
        "pass  # what",
        "tests/test_pretrained.py::test_what_is_published",
    ),
    Mutant(
        "trainers/measures.py",
        "seeds.seed_rows(done + count, protocol.seed)[done:]",
        "seeds.seed_rows(count, protocol.seed)",
        "tests/test_evaluate.py -k bounds_take_the_seed",
    ),
    Mutant(
        "trainers/measures.py",
        "nats.std() / math.sqrt(len(nats))",
        "nats.std()",
        "tests/test_evaluate.py -k exact_likelihood_is_that_of_the_split",
    ),
    Mutant(
        "trainers/measures.py",
        "np.resize(values, [protocol.samples, *values.shape[1:]])",
        "np.zeros([protocol.samples, *values.shape[1:]], values.dtype)",
        "tests/test_evaluate.py -k conditions_are_repeated",
    ),
    Mutant(
        "trainers/measures.py",
        "float(np.mean(labels == wanted))",
        "float(np.mean(labels != wanted))",
        "tests/test_evaluate.py -k everything_that_fits",
    ),
    Mutant(
        "tfgen/studies/needs.py",
        "if need not in there]",
        "if need in there]",
        "tests/test_evaluate.py -k no_measure_fits",
    ),
    Mutant(
        "tfgen/ops/images.py",
        "(y <= np.maximum(rows, before)[:, None])",
        "(y <= rows[:, None])",
        "tests/test_evaluate.py -k curves",
    ),
    # export
    Mutant(
        "export/rows.py",
        "admitted = tf.abs(value) <= LARGEST",
        "admitted = tf.ones_like(value, tf.bool)",
        "tests/test_export.py::test_a_bad_row_answers_by_itself[dcgan]",
    ),
    Mutant(
        "export/rows.py",
        "(level >= 0) & (level < model.limits[name])",
        "level < model.limits[name]",
        "tests/test_export.py::test_a_bad_row_does_not_reach_the_model",
    ),
    Mutant(
        "export/rows.py",
        "(level < model.limits[name])",
        "(level <= model.limits[name])",
        "tests/test_export.py::test_a_bad_row_does_not_reach_the_model",
    ),
    Mutant(
        "export/rows.py",
        "(rows > 0) & (rows <= max_rows)",
        "rows > 0",
        "tests/test_export.py::test_the_largest_number_of_rows_is_the_exporters",
    ),
    Mutant(
        "export/rows.py",
        "tf.shape(tf.raw_ops.PlaceholderWithDefault(input=value, shape=None))",
        "tf.shape(value)",
        "tests/test_export.py -k wrong_shape",
    ),
    Mutant(
        "export/rows.py",
        "(tf.size(shape) == spec.shape.rank) & ",
        "",
        "tests/test_export.py -k wrong_shape",
    ),
    Mutant(
        "export/rows.py",
        "tf.reduce_all(fits)",
        "True",
        "tests/test_export.py -k wrong_shape",
    ),
    Mutant(
        "export/saved_model.py",
        '| {"valid": valid}',
        '| {"valid": tf.ones_like(valid)}',
        "tests/test_export.py::test_a_bad_row_does_not_reach_the_model",
    ),
    Mutant(
        "export/saved_model.py",
        "answer(**rows.or_zeros(valid, inputs))",
        "answer(**inputs)",
        "tests/test_export.py::test_a_bad_row_does_not_reach_the_model",
    ),
    Mutant(
        "export/saved_model.py",
        "rows.or_zeros(valid, answer(**rows.or_zeros(valid, inputs)))",
        "answer(**rows.or_zeros(valid, inputs))",
        "tests/test_export.py::test_a_bad_row_answers_by_itself[dcgan]",
    ),
    Mutant(
        "export/saved_model.py",
        "served_function(model, one, max_rows=max_rows)",
        "served_function(model, one)",
        "tests/test_export.py::test_the_largest_number_of_rows_is_the_exporters",
    ),
    Mutant(
        "export/saved_model.py",
        'warmup.write(folder, about["name"], requests)',
        "warmup.write(folder, output.parent.name, requests)",
        "tests/test_export.py::test_warm_up_has_a_valid_record_for_each_signature[dcgan]",
    ),
    Mutant(
        "export/verify.py",
        "same = np.array_equal(value, other)",
        "same = True",
        "tests/test_export.py::test_what_plain_tensorflow_answers_is_what_the_live_model_does[dcgan]",
    ),
    Mutant(
        "export/model_card.py",
        "plain(workdir.resolve().name)",
        'plain(config["model"])',
        "tests/test_export.py::test_an_export_has_the_name_of_its_run",
    ),
    Mutant(
        "export/model_card.py",
        "answer = loaded.signatures[{signature!r}]",
        "answer = tf.saved_model.load({path!r}).signatures[{signature!r}]",
        "tests/test_export.py::test_the_card_runs_as_it_is_printed[dcgan]",
    ),
    Mutant(
        "export/model_card.py",
        "data = f\"@{output / 'request.json'}\"",
        'data = "..."',
        "tests/test_export.py::test_an_export_of_some_signatures_holds_only_their_weights",
    ),
    # studies
    Mutant(
        "tfgen/metrics/evidence.py",
        "log_weight += (beta - betas[t]) * likelihood",
        "log_weight += beta * likelihood",
        "tests/test_studies.py -k annealed",
    ),
    Mutant(
        "tfgen/metrics/evidence.py",
        "tf.reduce_sum(momentum**2 - speed**2, axis=-1)",
        "tf.reduce_sum(speed**2 - momentum**2, axis=-1)",
        "tests/test_studies.py -k annealed",
    ),
    Mutant(
        "tfgen/metrics/evidence.py",
        "math.log(len(values)) + 2 * math.log(width)",
        "math.log(len(values)) + math.log(width)",
        "tests/test_studies.py -k quadrature_is_exact",
    ),
    Mutant(
        "tfgen/metrics/evidence.py",
        "parts = log_weights[: groups * k].reshape([groups, k, -1])",
        "parts = log_weights[: groups * k].reshape([k, groups, -1]).swapaxes(0, 1)",
        "tests/test_studies.py -k bounds_in_k",
    ),
    Mutant(
        "tfgen/metrics/sharpness.py",
        "- 4.0 * inner",
        "- 5.0 * inner",
        "tests/test_studies.py -k sharpness",
    ),
    Mutant(
        "tfgen/studies/anomaly.py",
        "roc_auc_score([1] * len(own) + [0] * len(foreign)",
        "roc_auc_score([0] * len(own) + [1] * len(foreign)",
        "tests/test_studies.py -k anomaly",
    ),
    Mutant(
        "tfgen/studies/bound.py",
        'images["gap"] = truth - elbo',
        'images["gap"] = bound - elbo',
        "tests/test_studies.py -k comes_to",
    ),
    Mutant(
        "tfgen/studies/manifold.py",
        "special.ndtri((np.arange(side) + 0.5) / side)",
        "np.linspace(-2.0, 2.0, side)",
        "tests/test_studies.py -k manifold",
    ),
    Mutant(
        "tfgen/studies/manifold.py",
        "np.meshgrid(steps[::-1], steps",
        "np.meshgrid(steps, steps",
        "tests/test_studies.py -k manifold",
    ),
    Mutant(
        "tfgen/studies/traversal.py",
        "np.argsort(-activity",
        "np.argsort(activity",
        "tests/test_studies.py -k traversal",
    ),
    Mutant(
        "tfgen/studies/traversal.py",
        "latents[row, :, d] =",
        "latents[row, :] =",
        "tests/test_studies.py -k traversal",
    ),
    Mutant(
        "tfgen/studies/interpolation.py",
        "np.sin((1 - weight) * angle) / np.sin(angle)",
        "(1 - weight) * np.ones_like(angle)",
        "tests/test_studies.py -k arc",
    ),
    Mutant(
        "tfgen/studies/codes.py",
        "return draws.mean(axis=0), draws.std(axis=0, ddof=1), False",
        "return draws[0], draws.std(axis=0, ddof=1), False",
        "tests/test_studies.py -k moments_without",
    ),
    Mutant(
        "tfgen/studies/figures.py",
        "rows.transpose(0, 2, 1, 3, 4)",
        "rows.transpose(0, 3, 1, 2, 4)",
        "tests/test_studies.py -k sheet",
    ),
    Mutant(
        "tfgen/data/examples.py",
        "order = shuffled(split.size, 0, 0)[:count]",
        "order = shuffled(split.size, count, 0)[:count]",
        "tests/test_studies.py -k fewer_training",
    ),
    Mutant(
        "tfgen/studies/reconstruction.py",
        "np.square(given - made).mean(axis=(1, 2, 3))",
        "np.square(given - made).sum(axis=(1, 2, 3))",
        "tests/test_studies.py -k reconstruction",
    ),
    Mutant(
        "trainers/variants.py",
        '"hparams": {**begun.hparams, **arguments}',
        '"hparams": begun.hparams',
        "tests/test_studies.py -k variants",
    ),
    Mutant(
        "tfgen/studies/table.py",
        "if lacking := row.lacking(there):",
        "if (lacking := row.lacking(there)) and False:",
        "tests/test_studies.py -k the_table",
    ),
    # flow
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "log_density - log_cdf - log_rest",
        "log_density - log_cdf",
        "tests/test_flow.py -k logit_of_a_mixture",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "tf.where(beyond, low, middle), tf.where(beyond, middle, high)",
        "tf.where(beyond, middle, high), tf.where(beyond, low, middle)",
        "tests/test_flow.py -k normal_z",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "lambda i, x: i < self.dims",
        "lambda i, x: i < 1",
        "tests/test_flow.py -k normal_z",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "x, log_det = x[:, ::-1], log_det + its_log_det",
        "x, log_det = x[:, ::-1], its_log_det",
        "tests/test_flow.py -k flow_of_points_is_what",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "step.inverse(z[:, ::-1])",
        "step.inverse(z)",
        "tests/test_flow.py -k normal_z",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "            x, log_det = x[:, ::-1], log_det",
        "            x, log_det = x, log_det",
        "tests/test_flow.py -k takes_the_other_order",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "return z * self.stddev + self.mean",
        "return z * self.stddev",
        "tests/test_flow.py -k normal_z",
    ),
    Mutant(
        "tfgen/flow/masked_autoregressive_flow.py",
        "means + spread",
        "means",
        "tests/test_flow.py -k logit_of_a_mixture",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "np.arange(width) + 1) % 2",
        "np.arange(width) * 0 + 1) % 2",
        "tests/test_flow.py -k masks_are_halves",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "b = 1.0 - b if self.flipped else b",
        "b = b",
        "tests/test_flow.py -k mask_leaves_out",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "(1.0 - b) * self.scale * tf.tanh(s), (1.0 - b) * t",
        "(1.0 - b) * self.scale * tf.tanh(s), t",
        "tests/test_flow.py -k mask_leaves_out",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "return (y - t) * tf.exp(-s)",
        "return y * tf.exp(-s) - t",
        "tests/test_flow.py -k mask_leaves_out",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "Coupling(checkerboard, i % 2 == 1, width, depth)",
        "Coupling(checkerboard, False, width, depth)",
        "tests/test_flow.py -k flow_of_images_is_what",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "slope - log_share - log_rest",
        "slope - log_share",
        "tests/test_flow.py -k logit_alone",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "math.log((1.0 - 2.0 * self.ALPHA) / self.levels)",
        "math.log(1.0 - 2.0 * self.ALPHA)",
        "tests/test_flow.py -k integrals_of_the_density",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "self.image + seeds.uniform(seed, self.image.shape[1:])",
        "self.image",
        "tests/test_flow.py -k logit_alone",
    ),
    Mutant(
        "tfgen/flow/real_nvp.py",
        "value = tf.floor(self.from_latents(latents))",
        "value = self.from_latents(latents)",
        "tests/test_flow.py -k image_of_a_normal_z",
    ),
    Mutant(
        "tfgen/losses/variational.py",
        "weights = log_weights(seeds.repeat(rows, at_once))",
        "weights = log_weights(tf.tile(rows, [at_once, 1]))",
        "tests/test_variational.py -k one_bound_of_its_samples",
    ),
    Mutant(
        "tfgen/data/points.py",
        "self.centres.shape[1] * np.log(",
        "np.log(",
        "tests/test_flow.py -k is_that_of_its_points",
    ),
    Mutant(
        "tfgen/metrics/modes.py",
        "near = distances.min(axis=1) <= within * stddev",
        "near = distances.min(axis=1) <= 10 * within * stddev",
        "tests/test_flow.py -k within_three_deviations",
    ),
    Mutant(
        "tfgen/metrics/density.py",
        "mixtures[count].score(validation)",
        "-count",
        "tests/test_flow.py -k against_their_formulas",
    ),
    Mutant(
        "tfgen/metrics/density.py",
        "-kernels[bandwidth].score(test) / len(test)",
        "-kernels[bandwidth].score(test)",
        "tests/test_flow.py -k against_their_formulas",
    ),
    Mutant(
        "tfgen/studies/density.py",
        "np.linspace(top, bottom, SIDE)",
        "np.linspace(bottom, top, SIDE)",
        "tests/test_flow.py -k where_they_belong",
    ),
    Mutant(
        "trainers/measures.py",
        '(data, "train", TRAINING_PICTURES)',
        '(everything, "train", TRAINING_PICTURES)',
        "tests/test_evaluate.py -k flagged",
    ),
    Mutant(
        "trainers/measures.py",
        "network = _network(protocol.features, everything, protocol)",
        "network = _network(protocol.features, data, protocol)",
        "tests/test_evaluate.py -k flagged",
    ),
    Mutant(
        "tfgen/studies/progress.py",
        "round(reached[0], 2)",
        "round(reached[-1], 2)",
        "tests/test_studies.py -k first_reached",
    ),
    Mutant(
        "tfgen/core/checkpoints.py",
        "if step in (None, number)",
        "if True",
        "tests/test_trainers.py -k each_as_it_was",
    ),
    Mutant(
        "tfgen/studies/planning.py",
        "action = np.concatenate([np.repeat(past[:, None], POPULATION, axis=1), ahead, ahead[..., -1:]], axis=-1)",
        "action = np.concatenate([np.repeat(past[:, None], POPULATION, axis=1), ahead[..., :1], ahead], axis=-1)",
        "tests/test_studies.py -k foresees",
    ),
    Mutant(
        "tfgen/studies/planning.py",
        "best = np.argsort(-rewards(plans), axis=1)[:, :ELITES]",
        "best = np.argsort(rewards(plans), axis=1)[:, :ELITES]",
        "tests/test_studies.py -k cross_entropy_method",
    ),
    Mutant(
        "tfgen/studies/clusters.py",
        "table[linear_sum_assignment(-table)]",
        "table[linear_sum_assignment(table)]",
        "tests/test_studies.py -k best_assignment",
    ),
    Mutant(
        "trainers/comparison.py",
        "return max(1, int(minutes * 60 * REHEARSED / (time.process_time() - began)))",
        "return max(1, int(minutes * 60 / (time.process_time() - began)))",
        "tests/test_compare.py -k rehearsal",
    ),
    Mutant(
        "trainers/comparison.py",
        'found = [one for one in runs if "failed" not in one]\n    row',
        "found = runs\n    row",
        "tests/test_compare.py -k seeds_in",
    ),
    Mutant(
        "trainers/measures.py",
        '"mean_discrepancy": (made, one)',
        '"mean_discrepancy": (other, one)',
        "tests/test_hybrid.py -k discrepancy_that_is_told",
    ),
    Mutant(
        "tfgen/studies/aggregated.py",
        "round(mean_discrepancy(made, drawn[0]), 6)",
        "round(mean_discrepancy(drawn[1], drawn[0]), 6)",
        "tests/test_hybrid.py -k discrepancy_that_is_told",
    ),
    Mutant(
        "trainers/callbacks.py",
        'spent = last.get("cpu_seconds", 0.0) * start_step / last.get("step", 1)',
        'spent = last.get("cpu_seconds", 0.0)',
        "tests/test_trainers.py -k cpu_time",
    ),
    Mutant(
        "tfgen/hybrid/adversarial_autoencoder.py",
        "latents = tf.concat([latents, self.vector(label)], axis=-1)",
        "latents = tf.concat([latents, 0.0 * self.vector(label)], axis=-1)",
        "tests/test_hybrid.py -k told_the_label",
    ),
    # energy
    Mutant(
        "tfgen/energy/rbm.py",
        "weight += energy.free(v, before) - energy.free(v, beta)",
        "weight += energy.free(v, beta) - energy.free(v, before)",
        "tests/test_energy.py -k annealed",
    ),
    Mutant(
        "tfgen/energy/rbm.py",
        "return _drawn(beta * h @ tf.transpose(self.kernel) + self.visible_bias, of_visible)",
        "return _drawn(beta * h @ tf.transpose(self.kernel), of_visible)",
        "tests/test_energy.py -k as_often",
    ),
    Mutant(
        "tfgen/energy/rbm.py",
        "        self.particles.assign(v)\n",
        "",
        "tests/test_energy.py -k gradient",
    ),
    Mutant(
        "tfgen/energy/rbm.py",
        'return {\n            "energy_gap": self.energy.free(v) - of_chains,',
        'return {\n            "energy_gap": self.energy.free(v) + of_chains,',
        "tests/test_energy.py -k gradient",
    ),
    Mutant(
        "tfgen/energy/denoising_chain.py",
        "return self.denoise(self.corrupt(image, of_noise)).sample(of_picture)",
        "return self.denoise(image).sample(of_picture)",
        "tests/test_energy.py -k ends_in",
    ),
    Mutant(
        "tfgen/energy/denoising_chain.py",
        "            picture = likelihood.sample(of_picture)\n",
        "",
        "tests/test_energy.py -k walks_back",
    ),
    # hybrid
    Mutant(
        "tfgen/hybrid/vae_gan.py",
        'objective=lambda terms: self.beta * terms["kl"] + terms["feature_error"],',
        'objective=lambda terms: terms["kl"] + terms["feature_error"],',
        "tests/test_hybrid.py -k vae_gan",
    ),
    Mutant(
        "tfgen/hybrid/vae_gan.py",
        "(of_again, found), (of_sampled, _) = self._judge(again, training), self._judge(sampled, training)",
        "(of_again, found), (of_sampled, _) = self._judge(again, training), self._judge(again, training)",
        "tests/test_hybrid.py -k vae_gan",
    ),
    Mutant(
        "tfgen/hybrid/vae_gan.py",
        "return 0.5 * tf.reduce_sum(tf.square(one - other), axis=-1)",
        "return 0.5 * tf.reduce_mean(tf.square(one - other), axis=-1)",
        "tests/test_hybrid.py -k vae_gan",
    ),
    Mutant(
        "tfgen/hybrid/adversarial_autoencoder.py",
        "drawn = self._logits(self.prior().draw(seeds.split(seed, 2)[0]).value, training)",
        "drawn = self._logits(tf.zeros([tf.shape(seed)[0], self.latent_dim]), training)",
        "tests/test_hybrid.py -k four_players",
    ),
    Mutant(
        "tfgen/hybrid/adversarial_autoencoder.py",
        'return {"class_error": tf.where(has_one, error, 0.0)}',
        'return {"class_error": error}',
        "tests/test_hybrid.py -k four_players",
    ),
    Mutant(
        "tfgen/hybrid/adversarial_autoencoder.py",
        'tf.where(batch["label"] == self.classes, term, 0.0)',
        "term",
        "tests/test_hybrid.py -k four_players",
    ),
    Mutant(
        "tfgen/hybrid/adversarial_autoencoder.py",
        "return tf.concat([tf.nn.softmax(logits), style], axis=-1) if self.classes else style",
        "return code",
        "tests/test_hybrid.py -k four_players",
    ),
    Mutant(
        "tfgen/data/examples.py",
        '{"label": tf.where(shown, example["label"], classes)}',
        '{"label": example["label"]}',
        "tests/test_hybrid.py -k half_of",
    ),
    Mutant(
        "trainers/measures.py",
        "names = [np.bincount(theirs[clusters == i], minlength=1).argmax() for i in range(model.classes)]",
        "names = list(range(model.classes))",
        "tests/test_hybrid.py -k clusters",
    ),
    Mutant(
        "tfgen/metrics/latents.py",
        "return float(within(one) + within(other) - 2.0 * between)",
        "return float(within(one) + within(other) - between)",
        "tests/test_hybrid.py -k mean_discrepancy",
    ),
    Mutant(
        "tfgen/autoregressive/cached.py",
        "above = self.vertical(run, beside(shift(pixels, 1), planes), conditions, seed)",
        "above = self.vertical(run, shift(beside(pixels, planes), 1), conditions, seed)",
        "tests/test_hybrid.py -k plainly",
    ),
    Mutant(
        "tfgen/autoregressive/cached.py",
        "late = beside(canvas[r], None if planes is None else planes[r])",
        "late = beside(canvas[r], None if planes is None else planes[0])",
        "tests/test_hybrid.py -k plainly",
    ),
    Mutant(
        "tfgen/hybrid/pixel_vae.py",
        "return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=planes)",
        "return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=0.0 * planes)",
        "tests/test_hybrid.py -k near",
    ),
    Mutant(
        "trainers/measures.py",
        "nats = -points.DENSITIES[data.name].log_prob(measured)",
        "nats = -points.DENSITIES[data.name].log_prob(train)",
        "tests/test_flow.py -k beside_baselines",
    ),
    # text to image
    Mutant(
        "tfgen/translation/gan_cls.py",
        '(terms["mismatched"] + terms["fake"]) / 2.0',
        '(terms["mismatched"] + terms["fake"])',
        "tests/test_text_to_image.py -k players_of_gan_cls",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        "tf.concat([own, other, own], 0)",
        "tf.concat([own, own, own], 0)",
        "tests/test_text_to_image.py -k players_of_gan_cls",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        "BETWEEN * replicas.next_rows(own)",
        "BETWEEN * own",
        "tests/test_text_to_image.py -k players_of_gan_cls",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        "tf.stop_gradient(self.pixels(self.latents(seed), own, training))",
        "self.pixels(self.latents(seed), own, training)",
        "tests/test_text_to_image.py -k mislead",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        "        if self.interpolation:\n",
        "        if True:\n",
        "tests/test_text_to_image.py -k game_alone",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        'self.matching * terms.get("shown", 0.0)',
        'terms.get("shown", 0.0)',
        "tests/test_text_to_image.py -k players_of_gan_cls",
    ),
    Mutant(
        "tfgen/translation/gan_cls.py",
        "self._matching(shown, own, training)",
        "self._matching(shown, replicas.next_rows(own), training)",
        "tests/test_text_to_image.py -k players_of_gan_cls",
    ),
    Mutant(
        "tfgen/ops/replicas.py",
        "return before + tf.range(tf.shape(value)[0])",
        "return tf.range(tf.shape(value)[0])",
        "tests/test_zoo.py -k 'gan_cls and two_replicas'",
    ),
    Mutant(
        "tfgen/layers/text.py",
        "x = conv(tf.where(within, x, 0.0))",
        "x = conv(x)",
        "tests/test_text_to_image.py -k encoder_reads",
    ),
    Mutant(
        "tfgen/layers/text.py",
        "tf.reduce_max(tf.where(within, x, 0.0), axis=1)",
        "tf.reduce_max(x, axis=1)",
        "tests/test_text_to_image.py -k encoder_reads",
    ),
    Mutant(
        "tfgen/layers/text.py",
        "tf.strings.strip(tf.strings.lower(text))",
        "tf.strings.lower(text)",
        "tests/test_text_to_image.py -k what_counts",
    ),
    Mutant(
        "tfgen/ops/replicas.py",
        "replica.replica_id_in_sync_group if replica else 0",
        "0",
        "tests/test_zoo.py -k 'gan_cls and two_replicas'",
    ),
    Mutant(
        "tfgen/core/model.py",
        'limits["text"] > self.limits["text"]',
        'limits["text"] > self.limits["text"] + 1',
        "tests/test_text_to_image.py -k longer_texts",
    ),
    Mutant(
        "export/rows.py",
        "tf.strings.length(value) < model.limits[name]",
        "tf.strings.length(value) <= model.limits[name]",
        "tests/test_text_to_image.py -k served_text",
    ),
    Mutant(
        "export/model_card.py",
        "if key in written else np.zeros",
        'if key == "seed" else np.zeros',
        "tests/test_text_to_image.py -k card_of_an_export",
    ),
    Mutant(
        "tfgen/data/captions.py",
        '"utf-8-sig"',
        '"utf-8"',
        "tests/test_text_to_image.py -k each_of_its_captions",
    ),
    Mutant(
        "tfgen/data/captions.py",
        ' or "\\0" in text',
        "",
        "tests/test_text_to_image.py -k is_no_caption",
    ),
    Mutant(
        "tfgen/data/registry.py",
        'b"\\n".join([file.key, *its])',
        "file.key",
        "tests/test_text_to_image.py -k each_of_its_captions",
    ),
    Mutant(
        "tfgen/data/registry.py",
        "again = np.repeat(np.arange(len(rows)), times[rows])",
        "again = np.resize(np.arange(len(rows)), times[rows].sum())",
        "tests/test_text_to_image.py -k each_of_its_captions",
    ),
    Mutant(
        "tfgen/data/scenes.py",
        "sentence(row, i).encode()",
        "sentence(row).encode()",
        "tests/test_text_to_image.py -k sentence_says",
    ),
    Mutant(
        "tfgen/data/scenes.py",
        "rng.permutation(np.repeat(",
        "np.asarray(np.repeat(",
        "tests/test_text_to_image.py -k no_order",
    ),
    Mutant(
        "tfgen/metrics/conditioning.py",
        "others + (others >= own)",
        "others",
        "tests/test_text_to_image.py -k choose_from",
    ),
    Mutant(
        "tfgen/metrics/conditioning.py",
        "best[:, 0] / best.sum(axis=1)",
        "best[:, 0]",
        "tests/test_text_to_image.py -k by_hand",
    ),
    Mutant(
        "trainers/measures.py",
        "factors[shuffled]",
        "factors",
        "tests/test_text_to_image.py -k ignores_its_text",
    ),
    Mutant(
        "trainers/classifier.py",
        'batch["factors"] if of == "factors"',
        'batch["factors"][:, ::-1] if of == "factors"',
        "tests/test_text_to_image.py -k names_each_factor",
    ),
    Mutant(
        "tfgen/studies/sentences.py",
        '"spread_over_z": round(_spread(styled), 5)',
        '"spread_over_z": round(_spread(told), 5)',
        "tests/test_text_to_image.py -k study_of_sentences",
    ),
    Mutant(
        "tfgen/ops/images.py",
        "LINE * lines",
        "LINE",
        "tests/test_text_to_image.py -k takes_the_lines",
    ),
    # pictures of pictures
    Mutant(
        "tfgen/data/examples.py",
        "stream = (i, 0 if transform.augments else j, int(training))",
        "stream = (i, j, int(training))",
        "tests/test_translation.py -k stay_together",
    ),
    Mutant(
        "tfgen/data/examples.py",
        'a=self.side("source"), b=self.side("image")',
        'a=self.side("image"), b=self.side("source")',
        "tests/test_translation.py -k dealt_apart",
    ),
    Mutant(
        "tfgen/data/transforms.py",
        "(room + 1)",
        "room",
        "tests/test_translation.py -k anywhere_in_training",
    ),
    Mutant(
        "tfgen/data/transforms.py",
        "(levels - 1.0) - lines",
        "lines",
        "tests/test_translation.py -k derived",
    ),
    Mutant(
        "tfgen/data/transforms.py",
        'size, "bicubic", antialias=True',
        'size, "bicubic", antialias=False',
        "tests/test_translation.py -k derived",
    ),
    Mutant(
        "tfgen/translation/networks.py",
        "value / (1.0 - rate)",
        "value",
        "tests/test_translation.py -k drops_its_share",
    ),
    Mutant(
        "tfgen/translation/networks.py",
        "kept = seeds.uniform(seed, sizes) >= rate",
        "kept = seeds.uniform(seed[:1], sizes) >= rate",
        "tests/test_translation.py -k drops_its_share",
    ),
    Mutant(
        "tfgen/translation/networks.py",
        "strides = [2] * (halvings - 1) + [1]",
        "strides = [2] * halvings",
        "tests/test_translation.py -k patches",
    ),
    Mutant(
        "tfgen/translation/pix2pix.py",
        "tf.concat([source, pixels], axis=-1)",
        "tf.concat([0.0 * source, pixels], axis=-1)",
        "tests/test_translation.py -k players_of_pix2pix",
    ),
    Mutant(
        "tfgen/translation/pix2pix.py",
        '{"l1": self.l1_weight, "fooling": 1.0}',
        '{"l1": 1.0, "fooling": 1.0}',
        "tests/test_translation.py -k players_of_pix2pix",
    ),
    Mutant(
        "tfgen/translation/cycle_gan.py",
        "(other < pooled) & (seeds.uniform(everyone, []) < 0.5)",
        "(other < pooled)",
        "tests/test_translation.py -k pool_fills",
    ),
    Mutant(
        "tfgen/translation/cycle_gan.py",
        "pooling = training and self.pool",
        "pooling = self.pool",
        "tests/test_translation.py -k lies_in_the_pool",
    ),
    Mutant(
        "tfgen/translation/cycle_gan.py",
        "tf.where(old[:, None, None, None], before, fake)",
        "fake",
        "tests/test_translation.py -k lies_in_the_pool",
    ),
    Mutant(
        "tfgen/translation/cycle_gan.py",
        "tf.abs(self.generators[one](fake) - real[one])",
        "tf.abs(self.generators[other](fake) - real[one])",
        "tests/test_translation.py -k players_of_cycle_gan",
    ),
    Mutant(
        "tfgen/translation/srgan.py",
        'terms["feature_error"] = over_places(tf.math.squared_difference(*features))',
        'terms["feature_error"] = 0.0 * terms["error"]',
        "tests/test_translation.py -k players_of_srgan",
    ),
    Mutant(
        "tfgen/translation/srgan.py",
        "kernel_initializer=alike",
        'kernel_initializer="he_normal"',
        "tests/test_translation.py -k checkerboard",
    ),
    Mutant(
        "tfgen/translation/color_pixel_cnn.py",
        "return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=self._planes(source))",
        "return self.network(images.to_symmetric(image, self.levels), seed=seed, planes=self._planes(0 * source))",
        "tests/test_translation.py -k density_of_colours",
    ),
    Mutant(
        "tfgen/metrics/translation.py",
        "spread + 0.3 * mean",
        "spread",
        "tests/test_translation.py -k closed_form",
    ),
    Mutant(
        "trainers/runner.py",
        "shared = [name for name in ours if name in theirs] if set(ours) != set(theirs) else []",
        "shared = []",
        "tests/test_translation.py -k begins_with_the_generator",
    ),
    Mutant(
        "export/rows.py",
        "(came % sides.multiple == 0)",
        "(came > 0)",
        "tests/test_translation.py -k other_sizes",
    ),
    Mutant(
        "export/plain_tensorflow.py",
        "picture.shape[1] // multiple * multiple",
        "picture.shape[1]",
        "tests/test_translation.py -k folder_of_pictures",
    ),
]


def begin(mutant: Mutant, checkout: pathlib.Path, said: pathlib.Path) -> int:
    """Breaks `checkout` and runs the tests there, in a child of this process, which has the libraries; its number."""
    path = checkout / mutant.file
    path.write_text(path.read_text().replace(mutant.old, mutant.new))
    if child := os.fork():
        return child
    code = 70
    try:
        os.chdir(checkout)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.path[:] = [str(checkout), *(path for path in sys.path if path not in ("", str(ROOT)))]
        sys.dont_write_bytecode = True  # a break may have the size, and the second, of what it breaks
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        code = pytest.main(["-q", "-x", "--durations=0", "-p", "no:cacheprovider", *shlex.split(mutant.tests)])
        sys.stdout.flush()
    finally:
        os._exit(code)


def main(words: list[str]) -> int:
    """Prints each mutant and whether a test noticed it; returns the number of survivors."""
    chosen = [m for m in MUTANTS if all(word in f"{m.file} {m.old} {m.tests}" for word in words)]
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # as many processes as cores
    for library in LIBRARIES:  # once for all: to import them takes longer than most of the tests
        importlib.import_module(library)
    survivors, running = 0, {}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        ignore = shutil.ignore_patterns(".git", ".venv", "runs", "__pycache__")
        free = [pathlib.Path(shutil.copytree(ROOT, root / str(i), ignore=ignore)) for i in range(WORKERS)]
        waiting = list(reversed(chosen))
        while waiting or running:
            while waiting and free:
                mutant, checkout = waiting.pop(), free.pop()
                said = root / f"{checkout.name}.txt"
                running[begin(mutant, checkout, said)] = mutant, checkout, said
            child, status = os.wait()
            mutant, checkout, said = running.pop(child)
            shutil.copy(ROOT / mutant.file, checkout / mutant.file)
            free.append(checkout)
            code = os.waitstatus_to_exitcode(status)
            lived = "" if code == 1 else f"exit {code}: {said.read_text().strip().splitlines()[-1:]}"
            survivors += bool(lived)
            old, new = (text.strip().splitlines()[0] for text in (mutant.old, mutant.new or "(nothing)"))
            print(f"{'SURVIVES' if lived else 'killed  '} {mutant.file}: {old}  ->  {new}  {lived}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} survivors")
    return survivors


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
