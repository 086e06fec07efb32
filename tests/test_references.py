"""Layers and densities of the autoregressive models against naive loops in numpy."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from benchmarks import ties
from tfgen import zoo
from tfgen.distributions.logistic_mixture import DiscretizedLogisticMixture
from tfgen.layers.causal import Pointwise, gate
from tfgen.layers.dilated import DilatedStack
from tfgen.layers.dropout import dropout
from tfgen.layers.lstm import DiagonalBiLSTM, RowLSTM
from tfgen.ops import seeds
from tfgen.studies.receptive_field import receptive_field

sigmoid = special.expit


def noise(*shape, key=0, size=1.0):
    return (size * np.random.default_rng(key).normal(size=shape)).astype(np.float32)


def set_to_noise(layer):
    for i, variable in enumerate(layer.trainable_variables):
        variable.assign(noise(*variable.shape, key=100 + i, size=0.5))
    return layer


def numbers(layer):
    """Kernel and bias (0 where it has none)."""
    return layer.kernel().numpy(), layer.bias.numpy() if layer.use_bias else 0.0


def test_logistic_mixture_against_its_equations():
    """Salimans et al. 2017, equations 2 and 3: three channels that depend on those before, two components."""
    levels, values, pixel = 6, noise(2, 1 + 3 + 3 + 3), np.array([1, 4, 2])
    x = pixel / 2.5 - 1.0

    def masses(component, channel):
        """Of all levels, given the channels before."""
        _, *rest = component
        means, scales, (a, b, c) = rest[:3], np.exp(rest[3:6]), np.tanh(rest[6:])
        mean = means[channel] + (0.0, a * x[0], b * x[0] + c * x[1])[channel]
        edges = (np.arange(levels - 1) + 0.5) / 2.5 - 1.0
        return np.diff([0.0, *sigmoid((edges - mean) / scales[channel]), 1.0])

    weights = special.softmax(values[:, 0])
    mixture = DiscretizedLogisticMixture(tf.constant(values.reshape(1, -1)), 3, levels, 2)
    for channel in range(3):
        each = [masses(component, channel) for component in values]
        expected = np.log(weights / weights.sum() @ each)
        np.testing.assert_allclose(mixture.logits(x[None].astype(np.float32), channel)[0], expected, rtol=1e-4)
        weights = weights * [mass[pixel[channel]] for mass in each]
    np.testing.assert_allclose(mixture.log_prob(pixel[None].astype(np.uint8)), [np.log(weights.sum())], rtol=1e-4)


def test_a_series_against_a_mixture_of_normals():
    model = set_to_noise(zoo.build("time_series", length=3, dims=2, width=4, depth=1, mixtures=3))
    model.mean.assign([1.0, -2.0])
    model.stddev.assign([3.0, 0.5])
    series = noise(1, 3, 2)
    x = (series[0] - [1.0, -2.0]) / [3.0, 0.5]
    last = np.concatenate([np.zeros((1, 2)), x[:-1]])
    values = model.network(last[None].astype(np.float32))[0].numpy()
    expected = 0.0
    for t in range(3):
        weights, means, scales = special.log_softmax(values[t, :3]), values[t, 3:9], values[t, 9:]
        means = means.reshape(3, 2) + last[t]
        stddevs = np.log1p(np.exp(scales.reshape(3, 2))) + 1e-3
        each = weights + stats.norm.logpdf(x[t], means, stddevs).sum(1)
        expected += special.logsumexp(each) - np.log([3.0, 0.5]).sum()
    np.testing.assert_allclose(model.log_prob(series), [expected], rtol=1e-4)


def test_gate_is_tanh_times_sigmoid():
    x = noise(3, 8)
    np.testing.assert_allclose(gate(x), np.tanh(x[:, :4]) * sigmoid(x[:, 4:]), rtol=1e-5)


def test_weight_normalisation_is_its_equation():
    """w = g v / |v|, of each filter (Salimans and Kingma 2016, equation 2)."""
    layer, x = Pointwise(3, normalized=True), noise(5, 4)
    layer(x)
    v, g, b = (variable.numpy() for variable in set_to_noise(layer).trainable_variables)
    np.testing.assert_allclose(layer(x), x @ (g * v / np.linalg.norm(v, axis=0)) + b, rtol=1e-4, atol=1e-5)


def test_decoders_start_at_the_size_that_learned_better():
    """Glorot's for each matrix in NADE; sqrt(D) times smaller, D = 49 positions, in MADE."""
    for name, size in (("nade", 1.0), ("made", 1 / 7)):
        decoder = zoo.build(name, image_shape=(7, 7, 1), levels=2, width=30).decoder
        np.testing.assert_allclose(decoder.numpy().std(), size * (2 / 32) ** 0.5, rtol=0.05)


def test_dilated_stack_against_a_loop():
    """WaveNet, equation 3 and figure 4: gates of two taps, the residual goes on, the skips of all layers are summed."""
    stack, x, vector = DilatedStack(2, 3, [1, 3], vector=True), noise(1, 6, 2), noise(1, 4, key=1)
    stack(x, vector)
    h, total = x[0], 0.0
    for i, dilation in enumerate((1, 3)):
        layers = set_to_noise(stack.then[i]), set_to_noise(stack.now[i]), set_to_noise(stack.out[i])
        (then, _), (now, bias), (out, out_bias) = map(numbers, layers)
        z = h @ now + bias + vector @ numbers(stack.condition[i])[0]
        z[dilation:] += h[:-dilation] @ then
        y = (np.tanh(z[:, :2]) * sigmoid(z[:, 2:])) @ out + out_bias
        h, total = h + y[:, :2], total + y[:, 2:]
    np.testing.assert_allclose(stack(x, vector)[0], total, rtol=1e-4, atol=1e-5)


def test_dilations_reach_as_far_as_they_say():
    """The first layer sees three rows above, the second as many more as its taps lie apart."""
    for dilations, rows in (((1, 3), 6), ((2, 1), 6)):
        arguments = {"width": 4, "depth": 2, "head_width": 8, "dilations": dilations}
        model = zoo.build("gated_pixel_cnn", image_shape=(8, 3, 1), levels=2, **arguments)
        for i, variable in enumerate(model.trainable_variables):
            variable.assign_add(noise(*variable.shape, key=i, size=0.3))
        seen = receptive_field(model, (7, 1)).max(1) > 0
        assert 7 - np.flatnonzero(seen).min() == rows, dilations


def cell(z, c):
    i, f, o, g = np.split(z, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def test_row_lstm_against_a_loop():
    """The state of a pixel comes from the three above it: upper left, above, upper right."""
    layer, x = RowLSTM(2), noise(1, 4, 3, 3)
    layer.build(x.shape)
    set_to_noise(layer)
    taps, bias = numbers(layer.input_to_state)  # the pixel to the left, and this one
    h, c = np.zeros((5, 5, 2)), np.zeros((5, 5, 2))  # a row above, a column on either side
    padded = np.pad(x[0], [[0, 0], [1, 0], [0, 0]])
    for r in range(4):
        for w in range(3):
            z = padded[r, w] @ taps[0] + padded[r, w + 1] @ taps[1] + bias
            window = np.concatenate([h[r, w], h[r, w + 1], h[r, w + 2]])
            h[r + 1, w + 1], c[r + 1, w + 1] = cell(z + window @ layer.kernel.numpy()[0], c[r, w + 1])
    np.testing.assert_allclose(layer(x)[0], h[1:, 1:4], rtol=1e-4, atol=1e-5)


def test_diagonal_bilstm_against_a_loop():
    """The state of a pixel comes from its left (right) neighbour and the one above it; the right half is a row late."""
    layer, x = DiagonalBiLSTM(2), noise(1, 4, 3, 3)
    layer.build(x.shape)
    set_to_noise(layer)
    kernel, bias = numbers(layer.input_to_state)

    def scan(direction, picture):
        h, c = np.zeros((5, 4, 2)), np.zeros((5, 4, 2))
        for r in range(4):
            for w in range(3):
                z = (picture[r, w] @ kernel + bias)[8 * direction :][:8]
                window = np.concatenate([h[r + 1, w], h[r, w + 1]])
                h[r + 1, w + 1], c[r + 1, w + 1] = cell(z + window @ layer.kernel.numpy()[direction], c[r + 1, w])
        return h[1:, 1:]

    left, right = scan(0, x[0]), scan(1, x[0, :, ::-1])[:, ::-1]
    right = np.concatenate([np.zeros((1, 3, 2)), right[:-1]])
    np.testing.assert_allclose(layer(x)[0], left + right, rtol=1e-4, atol=1e-5)


def test_dropout_drops_its_share_and_keeps_the_mean():
    x, seed = tf.ones([50, 200]), seeds.seed_rows(50)
    dropped = dropout(x, 0.3, seed, stream=1).numpy()
    np.testing.assert_allclose((dropped == 0).mean(), 0.3, atol=0.02)
    np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.7, rtol=1e-5)
    for other in (dropout(x, 0.3, seed, stream=2), dropout(x, 0.3, seed + 1, stream=1)):
        assert (dropped != other.numpy()).any()
    np.testing.assert_array_equal(dropped, dropout(x, 0.3, seed, stream=1))
    np.testing.assert_array_equal(dropout(x, 0.3, None, stream=1), x)


SMALL = {"width": 4, "depth": 2, "head_width": 4, "dropout": 0.5}


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("pixel_cnn", SMALL),
        ("gated_pixel_cnn", SMALL),
        ("pixel_rnn", SMALL),
        ("pixel_cnn_pp", {"width": 4, "depth": 1, "scales": 1, "mixtures": 2, "dropout": 0.5}),
        ("wavenet", {"width": 4, "skip": 4, "depth": 2, "stacks": 1, "dropout": 0.5}),
    ],
)
def test_dropout_of_a_model_acts_in_training_alone(name, arguments):
    size = {"length": 6} if name == "wavenet" else {"image_shape": (3, 2, 1)}
    model = set_to_noise(zoo.build(name, levels=3, **size, **arguments))
    batch = {model.example: tf.cast(noise(2, *model.shape, key=1) > 0, tf.uint8)}
    one, other = (model._terms(batch, seeds.seed_rows(2, seed), True)["negative_log_prob"] for seed in (1, 2))
    without = model._terms(batch, seeds.seed_rows(2, 1), False)["negative_log_prob"]
    assert abs(one - other).numpy().max() > 1e-3 and abs(one - without).numpy().max() > 1e-3
    np.testing.assert_allclose(without, -model.log_prob(batch[model.example]), rtol=1e-5)


@pytest.mark.parametrize("name", ["gated_pixel_cnn", "pixel_cnn_pp", "wavenet"])
def test_a_conditional_model_heeds_its_label(name):
    sizes = {"image_shape": (2, 2, 1), "length": 4, "width": 4, "depth": 1, "head_width": 4, "scales": 1, "skip": 4}
    sizes = {key: value for key, value in sizes.items() if key in zoo.arguments(name)}
    model = set_to_noise(zoo.build(name, levels=2, conditional=True, num_classes=3, **sizes))
    every = np.indices([2] * 4).reshape(4, 16).T.reshape(16, *model.shape).astype(np.uint8)
    by_label = [np.exp(model.log_prob(every, label=tf.fill([16], label))) for label in range(3)]
    for probs in by_label:
        np.testing.assert_allclose(probs.sum(), 1.0, rtol=1e-4)
    for one, other in ((0, 1), (1, 2)):
        assert np.abs(by_label[one] - by_label[other]).max() > 1e-3


def test_a_tie_is_told_from_a_difference():
    """Levels of 1/4, 1/4, 1/2 at 0.2: in the first, 0.05 below the second, 0.3 below the third."""
    logits = np.log(np.tile([0.25, 0.25, 0.5], (4, 1)))
    image, uniforms = np.array([0, 1, 2, 0], np.uint8), np.array([0.2, 0.2, 0.2, 0.25003])
    np.testing.assert_allclose(ties.distances(logits, image, uniforms), [0, 0.05, 0.3, 3e-5], atol=1e-6)
    assert ties.distances(logits, image, uniforms)[3] < ties.TIE
