"""The mathematics of exact likelihood: sums to one, causality by gradients, the sampler against the distribution."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgen import zoo
from tfgen.distributions.autoregressive import Autoregressive, Draw, inverse_cdf
from tfgen.distributions.logistic_mixture import DiscretizedLogisticMixture
from tfgen.layers import lstm
from tfgen.layers.causal import CausalColumns, CausalRows
from tfgen.layers.masked_conv import MaskedConv2D
from tfgen.layers.runs import Parallel
from tfgen.ops import seeds
from tfgen.studies.receptive_field import receptive_field


def small(image_shape, levels, seed=0, name="pixel_cnn", **arguments):
    """A small model of a name, away from its start."""
    keras.utils.set_random_seed(seed)
    sizes = {"width": 6, "depth": 2, "head_width": 6, "scales": 1, "mixtures": 2}
    arguments = {key: value for key, value in sizes.items() if key in zoo.arguments(name)} | arguments
    model = zoo.build(name, image_shape=image_shape, levels=levels, **arguments)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [seed, i]))
    return model


def every_image(image_shape, levels):
    values = itertools.product(range(levels), repeat=int(np.prod(image_shape)))
    return np.array(list(values), np.uint8).reshape(-1, *image_shape)


every_model = pytest.mark.parametrize(
    "name", [name for name in zoo.MODELS if zoo.MODELS[name].family == "autoregressive" and name != "wavenet"]
)


@every_model
@pytest.mark.parametrize("image_shape, levels", [((3, 3, 1), 2), ((1, 2, 3), 3)])
def test_probabilities_of_all_images_sum_to_one(name, image_shape, levels):
    """And each is the product of its conditionals, those that a sampler draws from."""
    model, images = small(image_shape, levels, name=name), every_image(image_shape, levels)
    log_prob = model.log_prob(images)
    np.testing.assert_allclose(np.exp(log_prob).sum(), 1.0, rtol=1e-5)
    each = np.take_along_axis(tf.nn.log_softmax(model.logits(images)).numpy(), images[..., None].astype(int), -1)
    np.testing.assert_allclose(each.sum((1, 2, 3, 4)), log_prob, atol=2e-3)
    assert np.exp(log_prob).std() > 1e-3 / len(log_prob)  # not the uniform distribution


@pytest.mark.parametrize("channels", [1, 3])
def test_a_position_sees_those_before_it_and_no_others(channels):
    """The Jacobian of every logit by every input, through the float network: strictly lower triangular."""
    model = small((4, 4, channels), 3)
    x = tf.random.stateless_uniform([1, 4, 4, channels], [1, 2], -1.0, 1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = model.network.first(x)
        for block in model.network.blocks:
            h = block.of(Parallel(), h, None)
        for layer in model.network.hidden:
            h = layer(tf.nn.elu(h))  # never flat, so that a dead unit hides nothing
        logits = tf.reduce_sum(tf.reshape(model.network.last(tf.nn.elu(h)), [-1, 3]) * [1.0, 2.0, -1.5], axis=-1)
    jacobian = np.abs(tf.reshape(tape.jacobian(logits, x), [16 * channels, 16 * channels]))
    assert np.triu(jacobian).max() == 0.0
    # It does see its neighbours: the pixel to the left, the one above, and the channels before it in its own pixel.
    position = np.ravel_multi_index((2, 2, channels - 1), (4, 4, channels))
    for seen in [(2, 1, 0), (1, 2, 0)] + [(2, 2, c) for c in range(channels - 1)]:
        assert jacobian[position, np.ravel_multi_index(seen, (4, 4, channels))] > 0, seen


@every_model
def test_changing_a_value_changes_no_logit_up_to_it(name):
    model = small((3, 3, 3), 4, name=name)
    image = np.random.default_rng(0).integers(0, 4, (1, 3, 3, 3), np.uint8)
    flat = np.repeat(image.reshape(1, 27), 28, axis=0)  # the image, and as it is but for one value
    flat[np.arange(27), np.arange(27)] += 1
    flat %= 4
    logits = model.logits(flat.reshape(28, 3, 3, 3)).numpy().reshape(28, 27, 4)
    for position in range(27):
        seen = np.abs(logits[position] - logits[27]).max(-1)
        assert seen[: position + 1].max() < 1e-5
    assert np.abs(logits[:27] - logits[27]).max((1, 2))[:18].max() > 1e-2


def test_the_first_position_knows_nothing():
    model = small((3, 3, 1), 4)
    images = every_image((3, 3, 1), 2)[:50]
    first = model.logits(images).numpy()[:, 0, 0, 0]
    np.testing.assert_array_equal(first, np.broadcast_to(first[:1], first.shape))


def test_masks_against_a_list_written_by_hand():
    """Mask B of a 3x3 window over RGB: at the centre R sees R; G sees R, G; B sees all; A leaves the own group out."""
    for mask, centre in (("A", [[0, 1, 1], [0, 0, 1], [0, 0, 0]]), ("B", [[1, 1, 1], [0, 1, 1], [0, 0, 1]])):
        layer = MaskedConv2D(3, 3, mask, groups=3)
        layer.build((None, 4, 4, 3))
        layer.kernel.assign(tf.ones_like(layer.kernel))
        kernel = layer._masked_kernel().numpy()  # [row, column, in, out]
        np.testing.assert_array_equal(kernel[0], np.ones((3, 3, 3)))
        np.testing.assert_array_equal(kernel[1, 0], np.ones((3, 3)))
        np.testing.assert_array_equal(kernel[1, 1], centre)
        np.testing.assert_array_equal(kernel[1, 2], np.zeros((3, 3)))


def test_masked_convolution_against_a_whole_one_with_a_mask():
    """The stored half of the window is a full convolution whose kernel is zero below and to the right."""
    layer = MaskedConv2D(4, 5, "B")
    x = tf.random.stateless_normal([2, 6, 7, 3], [1, 1])
    y = layer(x)
    whole = np.zeros((5, 5, 3, 4), np.float32)
    whole[:3] = layer._masked_kernel()
    np.testing.assert_allclose(y, tf.nn.conv2d(x, whole, 1, "SAME") + layer.bias.value, atol=1e-5)


@pytest.mark.parametrize("name", ["nade", "gated_pixel_cnn"])
def test_samples_follow_the_distribution(name):
    """The frequencies of all 16 binary 2x2 images in 20,000 samples: chi-squared below its 99.9% quantile.

    Of the others the next tests show, value by value, that they draw from their conditionals with the same uniforms.
    """
    model = small((2, 2, 1), 2, name=name)
    count = 20_000
    sample = tf.function(model.sample)(seeds.seed_rows(count)).numpy().reshape(count, 4)
    observed = np.bincount(sample @ [8, 4, 2, 1], minlength=16)
    expected = count * np.exp(model.log_prob(every_image((2, 2, 1), 2)).numpy())
    assert ((observed - expected) ** 2 / expected).sum() < 37.7  # chi-squared, 15 degrees of freedom


@every_model
def test_complete_keeps_the_known_and_draws_the_rest(name):
    """By induction: every value that was not known is the inverse CDF of its conditional at its uniform."""
    model = small((4, 4, 1), 3, name=name)
    image = tf.cast(tf.random.stateless_uniform([5, 4, 4, 1], [0, 1]) * 3, tf.uint8)
    known = tf.random.stateless_uniform([5, 4, 4, 1], [5, 1]) < 0.5
    seed = seeds.seed_rows(5, 9)
    fill = tf.function(model.complete)
    complete = fill(image, known, seed)
    np.testing.assert_array_equal(complete.numpy()[known.numpy()], image.numpy()[known.numpy()])
    uniforms = seeds.uniform(seed, (4, 4, 1))
    drawn = tf.reshape(
        inverse_cdf(tf.reshape(model.logits(complete), [-1, 3]), tf.reshape(uniforms, [-1])), [5, 4, 4, 1]
    )
    np.testing.assert_array_equal(complete.numpy()[~known.numpy()], drawn.numpy()[~known.numpy()])
    # What stands at unknown places is not looked at; all known is the image; none known is a sample.
    np.testing.assert_array_equal(fill(tf.where(known, image, tf.constant(2, tf.uint8)), known, seed), complete)
    np.testing.assert_array_equal(fill(image, tf.ones_like(known), seed), image)
    if name == "nade":
        np.testing.assert_array_equal(fill(image, tf.zeros_like(known), seed), model.sample(seed))


def test_first_pixel_of_a_sample():
    model = small((3, 3, 1), 4, name="nade")
    seed = seeds.seed_rows(400)
    sample = tf.function(model.sample)
    given = tf.cast(tf.range(400)[:, None] % 4, tf.uint8)
    np.testing.assert_array_equal(sample(seed, given)[:, 0, 0], given)
    shares = np.bincount(sample(seed, "uniform").numpy()[:, 0, 0, 0], minlength=4) / 400
    np.testing.assert_allclose(shares, 0.25, atol=0.08)
    of_model = np.bincount(sample(seed).numpy()[:, 0, 0, 0], minlength=4) / 400
    np.testing.assert_allclose(
        of_model, tf.nn.softmax(model.logits(tf.zeros([1, 3, 3, 1], tf.uint8))[0, 0, 0, 0]), atol=0.08
    )
    with pytest.raises(ValueError, match="first_pixel='zero': must be 'model', 'uniform'"):
        model.sample(seed, "zero")
    model.drawing = Draw(first_pixel="uniform")
    np.testing.assert_array_equal(model.sample(seed), sample(seed, "uniform"))
    np.testing.assert_array_equal(model.sample(seed, "model"), sample(seed, "model"))
    assert "the first pixel uniform" in model.signatures()["sample"].about
    with pytest.raises(ValueError, match="first_pixel='zero': must be one of model, uniform"):
        Draw(first_pixel="zero")


@pytest.mark.parametrize("name", ["nade", "pixel_cnn"])
def test_a_first_pixel_beyond_the_levels_is_refused(name):
    model, seed = small((2, 2, 3), 4, name=name), seeds.seed_rows(2)
    with pytest.raises(ValueError, match=r"first_pixel=4: must be levels 0 \.\. 3"):
        model.sample(seed, tf.constant([[0, 1, 2], [3, 4, 0]], tf.uint8))
    with pytest.raises(ValueError, match=r"first_pixel=-1: must be levels 0 \.\. 3"):
        model.sample(seed, np.array([[0, 1, 2], [3, -1, 0]]))
    with pytest.raises(ValueError, match=r"first_pixel: int32 \(2, 1\), but must be levels \(integers\) \[2, 3\]"):
        model.sample(seed, [[0], [1]])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"first_pixel: must be levels 0 \.\. 3"):
        tf.function(model.sample)(seed, tf.constant([[0, 1, 2], [3, 4, 0]], tf.uint8))


@pytest.mark.parametrize("name", ["fvsbn", "nade", "made"])
def test_a_graph_samples_any_number_of_rows(name):
    sample = tf.function(small((2, 2, 1), 3, name=name).sample)
    three, one = (sample(seeds.seed_rows(rows)) for rows in (3, 1))
    np.testing.assert_array_equal(three[:1], one)


def test_inverse_cdf_edges():
    logits = tf.math.log([[0.25, 0.25, 0.5]] * 4)
    np.testing.assert_array_equal(inverse_cdf(logits, tf.constant([1e-7, 0.2499, 0.2501, 0.9999999])), [0, 0, 1, 2])


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_a_level_of_probability_zero_is_never_drawn(jit_compile):
    """At the largest and the smallest uniforms there are, over sums that fall short of 1 or pass it by rounding."""
    random = np.random.default_rng(0)
    logits = np.where(random.random((2000, 300)) < 0.5, -np.inf, random.normal(size=(2000, 300))).astype(np.float32)
    logits[:, [0, -2, -1]], logits[:, 100] = -np.inf, 0.0
    draw = tf.function(inverse_cdf, jit_compile=jit_compile)
    for uniform in (1 - 2.0**-24, 2.0**-24):
        level = draw(logits, tf.fill([2000], np.float32(uniform))).numpy()
        assert np.isfinite(np.take_along_axis(logits, level[:, None], 1)).all()
        far = np.isfinite(logits).argmax(1) if uniform < 0.5 else 299 - np.isfinite(logits)[:, ::-1].argmax(1)
        assert (level == far).mean() > 0.9


def test_log_prob_is_the_sum_of_the_conditionals_in_nats():
    """Against a distribution written by hand: level k with probability p_k everywhere."""
    probs = np.array([0.2, 0.3, 0.5])
    likelihood = Autoregressive(
        lambda image: tf.broadcast_to(tf.math.log(tf.constant(probs, tf.float32)), [tf.shape(image)[0], 2, 2, 1, 3]),
        (2, 2, 1),
    )
    image = np.array([[0, 1], [2, 2]], np.uint8).reshape(1, 2, 2, 1)
    np.testing.assert_allclose(likelihood.log_prob(image), [np.log(0.2 * 0.3 * 0.5 * 0.5)], rtol=1e-6)


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("pixel_cnn", {"width": 5}, "width=5: must be a positive multiple of the 3 channels"),
        ("pixel_cnn", {"depth": 0}, "depth=0: must be at least 1"),
        ("pixel_cnn", {"dropout": 1.0}, "dropout=1.0: must lie in"),
        ("pixel_cnn", {"levels": 1}, "levels=1: a pixel or sample has 2 to 256"),
        ("gated_pixel_cnn", {"dilations": (1, 0)}, r"dilations=\(1, 0\): must be numbers of at least 1"),
        ("gated_pixel_cnn", {"dilations": ()}, r"dilations=\(\): must be numbers of at least 1"),
    ],
)
def test_bad_arguments_are_named(name, arguments, message):
    sizes = {"image_shape": (8, 8, 3), "levels": 4, "width": 6, "depth": 1, "head_width": 6}
    with pytest.raises(ValueError, match=message):
        zoo.build(name, **sizes | arguments)


@pytest.mark.slow
def test_the_gated_stacks_have_no_blind_spot_and_the_masked_one_has():
    """By gradient: every position before the middle is seen by the gated model; the masked stack sees nothing to the
    upper right, behind the slope of its window."""
    before = np.arange(81).reshape(9, 9) < 40
    gated = receptive_field(small((9, 9, 1), 2, name="gated_pixel_cnn", depth=6), (4, 4))
    np.testing.assert_array_equal(gated > 0, before)
    dilated = receptive_field(small((9, 9, 1), 2, name="gated_pixel_cnn", depth=4, dilations=(1, 2)), (4, 4))
    np.testing.assert_array_equal(dilated > 0, before)
    plus = receptive_field(small((9, 9, 1), 3, name="pixel_cnn_pp", depth=6), (4, 4))
    np.testing.assert_array_equal(plus > 0, before)
    # The LSTM from the right hears of a pixel by the one after it: there is none after the last of the row above.
    before[3, 8] = False
    diagonal = receptive_field(small((9, 9, 1), 3, name="pixel_rnn"), (4, 4))
    np.testing.assert_array_equal(diagonal > 0, before)
    masked = receptive_field(small((9, 9, 1), 2, depth=3), (4, 4)) > 0
    assert not masked[~before].any() and masked.sum() > 20
    assert not masked[3, 8]  # one row up, four to the right


GATED = {"name": "gated_pixel_cnn"}
PLUS = {"name": "pixel_cnn_pp", "depth": 1, "scales": 2}
LABELS = {"conditional": True, "num_classes": 4}


@pytest.mark.slow
@pytest.mark.parametrize(
    "image_shape, arguments",
    [
        ((5, 4, 1), {"name": "fvsbn"}),
        ((3, 4, 3), {"name": "nade"}),
        ((3, 4, 3), {"name": "made"}),
        ((5, 4, 1), {"name": "made", "depth": 3}),
        ((5, 4, 1), {"name": "pixel_cnn"}),
        ((3, 4, 3), {"name": "pixel_cnn"}),
        ((3, 4, 3), GATED),
        ((5, 4, 1), {**GATED, **LABELS}),
        ((7, 9, 1), {**GATED, "depth": 3, "dilations": (1, 2, 4)}),
        ((1, 6, 1), {**GATED, "depth": 1}),
        ((6, 1, 1), {**GATED, "depth": 1}),
        ((5, 4, 1), {"name": "pixel_rnn", "recurrence": "row"}),
        ((3, 4, 3), {"name": "pixel_rnn", "recurrence": "diagonal"}),
        ((4, 6, 3), PLUS),
        ((8, 4, 1), {**PLUS, **LABELS, "scales": 3}),
    ],
    ids=lambda value: "-".join(map(str, value.values() if isinstance(value, dict) else value)),
)
def test_sampling_by_steps_equals_plain(image_shape, arguments):
    """The same uniforms give the same picture by steps under XLA and by whole passes; all unknown, and with known
    values between. (By steps in a graph: `test_complete_keeps_the_known_and_draws_the_rest`, and here three scales.)
    """
    model = small(image_shape, 5, **arguments)
    distribution = model.distribution(**({"label": tf.range(4)} if "conditional" in arguments else {}))
    uniforms = seeds.uniform(seeds.seed_rows(4, 2), image_shape)
    image = tf.cast(uniforms[::-1] * 5, tf.uint8)
    plainly, fill = tf.function(distribution.fill_plainly, autograph=False), distribution.fill  # eager: compiled
    if arguments.get("scales") == 3:
        fill = tf.function(fill, autograph=False)
    for known in (tf.zeros_like(image, tf.bool), uniforms[:, ::-1] < 0.5):
        plain = plainly(image, known, uniforms).numpy()
        np.testing.assert_array_equal(plain, fill(image, known, uniforms))
        np.testing.assert_array_equal(plain[known.numpy()], image.numpy()[known.numpy()])
    if arguments == GATED:  # a batch of one broadcasts where others do not
        np.testing.assert_array_equal(plain[:1], distribution.fill(image[:1], known[:1], uniforms[:1]))


def test_step_equals_call_for_each_causal_layer():
    x = tf.random.stateless_normal([2, 5, 6, 3], [1, 2])
    rows = CausalRows(4, 3, 5), CausalRows(4, 1, 3), CausalRows(4, 2, 3, dilation=2), CausalRows(4, 3, 3, dilation=4)
    for layer, axis in (*((layer, 1) for layer in rows), (CausalColumns(4, 3), 2)):
        layer.build(x.shape)
        if axis == 1:
            layer.bias.assign(tf.range(4.0))
        cache, steps = None, []
        for part in tf.unstack(x if axis == 1 else x[:, 2], axis=1):
            if axis == 1:
                y, cache = layer.step(part, cache, layer.prepare())
            else:
                y, cache, _ = layer.step(part, None, cache, layer.prepare())
            steps.append(y)
        whole = layer(x)
        np.testing.assert_allclose(tf.stack(steps, axis=1), whole if axis == 1 else whole[:, 2], atol=1e-5)


def test_dilated_rows_are_the_plain_ones_with_zeros_between_the_taps():
    x = tf.random.stateless_normal([2, 9, 7, 3], [1, 2])
    dilated, plain = CausalRows(4, 2, 3, dilation=3), CausalRows(4, 4, 7)
    for layer in (dilated, plain):
        layer.build(x.shape)
    kernel = np.zeros([4, 7, 3, 4], np.float32)
    kernel[::3, ::3] = dilated.direction
    plain.direction.assign(kernel)
    np.testing.assert_allclose(dilated(x), plain(x), atol=1e-5)


def test_made_with_several_orders_is_the_mixture_of_its_masks():
    """Each mask sums to one, and so does the mixture; samples follow it, drawn in as many orders."""
    model = small((2, 2, 1), 2, name="made", masks=5, random_orders=True)
    images = every_image((2, 2, 1), 2)
    assert len(np.unique(model.ranks, axis=0)) > 2
    each = []
    for m in range(5):
        model.step.assign(m)
        each.append(np.exp(model.direct_log_prob(tf.constant(images), seed=seeds.seed_rows(16))))
        np.testing.assert_allclose(each[-1].sum(), 1.0, rtol=1e-5)
    assert np.abs(each[0] - each[1]).max() > 0.01
    np.testing.assert_allclose(np.exp(model.log_prob(images)), np.mean(each, axis=0), rtol=1e-5)
    sample = tf.function(model.sample)(seeds.seed_rows(20_000)).numpy().reshape(-1, 4)
    observed = np.bincount(sample @ [8, 4, 2, 1], minlength=16)
    expected = 20_000 * np.mean(each, axis=0)
    assert ((observed - expected) ** 2 / expected).sum() < 37.7


def test_made_sees_what_comes_before_in_its_order():
    """The logits of value i change with value j just where j comes before i in the order of the mask."""
    model = small((3, 3, 1), 2, name="made", width=60, masks=2, random_orders=True)
    images = np.concatenate([np.eye(9), np.zeros((1, 9))]).astype(np.uint8).reshape(10, 3, 3, 1)
    for m in range(2):
        logits = model._masked_logits(tf.constant(images), m).numpy().reshape(10, 9, 2)
        changes = (logits[:9] != logits[9]).any(-1)  # [j, i]
        np.testing.assert_array_equal(changes, model.ranks[m][:, None] < model.ranks[m][None, :])


def test_three_scales_are_causal_at_every_position():
    """A change of any pixel changes the parameters of the next in its row, and none up to its own."""
    network = small((8, 8, 1), 5, name="pixel_cnn_pp", depth=1, scales=3).network
    x = np.random.default_rng(0).uniform(-1.0, 1.0, [64]).astype(np.float32)
    changed = np.where(np.eye(65, 64) > 0, -x, x)  # row i differs in pixel i, the last in none
    parameters = network.features(Parallel(), tf.constant(changed.reshape(65, 8, 8, 1))).numpy().reshape(65, 64, -1)
    moved = (parameters[:-1] != parameters[-1]).any(axis=-1)  # [changed, seen]
    assert not np.tril(moved).any()
    assert all(moved[i, i + 1] for i in range(63) if i % 8 < 7)


def test_temperature_and_nucleus():
    logits = tf.math.log([[0.5, 0.3, 0.15, 0.05]] * 20_000)
    uniform = tf.random.stateless_uniform([20_000], [1, 2])

    def shares(**options):
        return np.bincount(Draw(**options)(logits, uniform).numpy(), minlength=4) / 20_000

    np.testing.assert_allclose(shares(), [0.5, 0.3, 0.15, 0.05], atol=0.015)
    sharp = np.array([0.5, 0.3, 0.15, 0.05]) ** 2
    np.testing.assert_allclose(shares(temperature=0.5), sharp / sharp.sum(), atol=0.015)
    # 0.5 + 0.3 reach 0.75 but 0.5 does not: the first two are left.
    np.testing.assert_allclose(shares(nucleus=0.75), [0.625, 0.375, 0, 0], atol=0.015)
    np.testing.assert_allclose(shares(nucleus=0.1), [1, 0, 0, 0])
    # What the nucleus leaves out stays out, and all is finite, however cold: even logits far apart, or below zero.
    for temperature in (1e-3, 1e-8, 1e-12, 1e-45):
        np.testing.assert_allclose(shares(temperature=temperature, nucleus=0.4), [1, 0, 0, 0])
    for temperature in (1.0, 1e-3, 1e-12):
        low = Draw(temperature, 0.75)(tf.constant([[-2e9, -2e9, -3e9]] * 50), uniform[:50]).numpy()
        assert set(low) == {0, 1}
    with pytest.raises(ValueError, match="temperature=0: must be above 0"):
        Draw(temperature=0)
    with pytest.raises(ValueError, match=r"nucleus=1.5: must lie in \(0, 1\]"):
        Draw(nucleus=1.5)


@pytest.mark.slow
def test_a_model_draws_as_it_is_told_by_steps_and_plainly():
    model = small((3, 4, 1), 5)
    seed, draw = seeds.seed_rows(6), Draw(temperature=0.5, nucleus=0.8)
    uniforms = seeds.uniform(seed, (3, 4, 1))
    image = tf.zeros([6, 3, 4, 1], tf.uint8)
    sharp = model.sample(seed, draw=draw).numpy()
    plain = model.distribution().fill_plainly(image, tf.zeros_like(image, tf.bool), uniforms, draw)
    np.testing.assert_array_equal(sharp, plain)
    assert (sharp != model.sample(seed).numpy()).any()
    assert "exact" in model.signatures()["sample"].about
    model.drawing = draw  # as for an export: it is named where it is described
    assert "temperature 0.5, nucleus 0.8" in model.signatures()["sample"].about
    np.testing.assert_array_equal(model.sample(seed), sharp)


def test_recurrence_against_an_unrolled_loop():
    """States, and the hand-written gradients by inputs and kernel, in float32 to rounding."""
    x = tf.random.stateless_normal([5, 2, 3, 4, 12], [1, 2])
    upstream = tf.random.stateless_normal([5, 2, 3, 4, 3], [5, 6])
    for offsets in ((0, 1), (1, 0, -1), (-2, 1)):
        kernel = tf.random.stateless_normal([2, 3 * len(offsets), 12], [3, 4])

        def unrolled(x, kernel, offsets=offsets):
            h = c = tf.zeros([2, 3, 4, 3])
            states = []
            for t in range(5):
                window = tf.concat([lstm.moved(h, offset) for offset in offsets], axis=-1)
                h, c, _ = lstm.cell(x[t] + window @ kernel[:, None], c)
                states.append(h)
            return tf.stack(states)

        answers = []
        for function in (unrolled, lambda x, kernel, offsets=offsets: lstm.recurrence(x, kernel, offsets)):
            with tf.GradientTape() as tape:
                tape.watch([x, kernel])
                h = function(x, kernel)
                loss = tf.reduce_sum(upstream * h)
            answers.append((h, *tape.gradient(loss, [x, kernel])))
        for one, other in zip(*answers, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_logistic_mixture_is_a_distribution_of_levels():
    """All colours of a pixel sum to one, edges included; the conditionals multiply to it; nothing is infinite."""
    values = 2.0 * tf.random.stateless_normal([4, DiscretizedLogisticMixture.size(3, 2)], [1, 2])
    colors = np.array(list(itertools.product(range(5), repeat=3)), np.uint8)
    for i in range(4):
        mixture = DiscretizedLogisticMixture(tf.repeat(values[i : i + 1], len(colors), 0), 3, 5, 2)
        log_prob = mixture.log_prob(colors).numpy()
        np.testing.assert_allclose(np.exp(log_prob).sum(), 1.0, rtol=1e-5)
        pixels = tf.cast(colors, tf.float32) / 2.0 - 1.0
        each = [tf.nn.log_softmax(mixture.logits(pixels, c)).numpy()[np.arange(125), colors[:, c]] for c in range(3)]
        likely = log_prob > -10  # the conditionals are differences of distribution functions, good to 1e-7 of 1
        assert likely.sum() > 10
        np.testing.assert_allclose(sum(each)[likely], log_prob[likely], atol=0.01)
    # Equation 2 for one logistic of mean 0.2 and scale 0.1 in [-1, 1], by hand: level k of 5 lies at k / 2 - 1.
    one = DiscretizedLogisticMixture(tf.constant([[0.0, 0.2, np.log(0.1)]]), 1, 5, 1)
    cumulative = [0.0, *(1 / (1 + np.exp(-((k + 0.5) / 2.0 - 1.2) / 0.1)) for k in range(4)), 1.0]
    log_prob = [one.log_prob(np.array([[k]], np.uint8)).numpy()[0] for k in range(5)]
    np.testing.assert_allclose(np.exp(log_prob), np.diff(cumulative), rtol=1e-4)


def test_logistic_mixture_stays_finite():
    for scale in (0.0, 1.0, 30.0, 1000.0):
        values = tf.Variable(scale * tf.random.stateless_normal([64, DiscretizedLogisticMixture.size(3, 4)], [3, 4]))
        image = tf.cast(tf.random.stateless_uniform([64, 3], [5, 6]) * 256, tf.uint8)
        image = tf.concat([image[:32], tf.repeat(tf.constant([[0, 255, 0], [255, 0, 255]], tf.uint8), 16, 0)], 0)
        with tf.GradientTape() as tape:
            log_prob = DiscretizedLogisticMixture(values, 3, 256, 4).log_prob(image)
        assert np.isfinite(log_prob).all() and log_prob.numpy().max() <= 1e-5
        assert np.isfinite(tape.gradient(log_prob, values)).all(), scale


@pytest.mark.slow
def test_initialisation_from_data_is_sequential():
    """Given the first batch, every normalised layer answers it with mean 0 and its deviation, one on top of the
    other; the loss and its gradients are finite there, for a batch of one constant picture too."""
    model = zoo.build("pixel_cnn_pp", image_shape=(8, 8, 3), levels=256, width=8, depth=1, scales=2, mixtures=2)
    image = tf.cast(tf.random.stateless_uniform([16, 8, 8, 3], [1, 2]) * 256, tf.uint8)

    class Watch(Parallel):
        seen = 0

        def __call__(self, layer, x, above=None, before=None):
            if layer.normalized:
                y = tf.reshape(layer(x), [-1, layer.filters])
                np.testing.assert_allclose(tf.reduce_mean(y, 0), 0.0, atol=2e-3)
                np.testing.assert_allclose(tf.math.reduce_std(y, 0), layer.init_scale, rtol=0.02)
                self.seen += 1
            return super().__call__(layer, x, above, before)

    model.initialize({"image": image})
    watch = Watch()
    model.network.features(watch, tf.cast(image, tf.float32) / 127.5 - 1.0)
    assert watch.seen == sum(getattr(layer, "normalized", False) for layer in model._flatten_layers())
    for batch in (image, tf.zeros_like(image), tf.fill(image.shape, tf.constant(255, tf.uint8))):
        model.initialize({"image": batch})
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(-model.direct_log_prob(batch, seed=seeds.seed_rows(16)))
        assert np.isfinite(loss)
        for gradient in tape.gradient(loss, [variable.value for variable in model.trainable_variables]):
            assert np.isfinite(gradient).all()
