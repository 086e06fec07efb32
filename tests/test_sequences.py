"""Audio and time series: codes and files, the dilated stack, exact densities, sampling by steps."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfgen import data, zoo
from tfgen.data.audio import clips
from tfgen.data.series import pendulum
from tfgen.layers.dilated import DilatedStack
from tfgen.metrics.likelihood import linear_gaussian_nats, markov_bits
from tfgen.ops import audio, seeds


def away(model):
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [0, i]))
    return model


def wavenet(length, levels, **arguments):
    arguments = {"width": 4, "skip": 5, "depth": 2, "stacks": 2} | arguments
    return away(zoo.build("wavenet", length=length, levels=levels, **arguments))


def series(length=10, dims=2, action_dims=0, **arguments):
    arguments = {"width": 6, "depth": 3, "mixtures": 2} | arguments
    return away(zoo.build("time_series", length=length, dims=dims, action_dims=action_dims, **arguments))


def test_mu_law():
    codes = np.arange(256)
    np.testing.assert_array_equal(audio.to_codes(audio.from_codes(codes)), codes)
    np.testing.assert_allclose(audio.from_codes(np.array([0, 255])), [-1.0, 1.0], rtol=1e-6)
    # The formula at one point: ln(1 + 255 * 0.1) / ln 256 = 0.5910, so code (1.5910) * 127.5 = 202.85.
    assert audio.to_codes(np.array([0.1]))[0] == 203
    assert audio.to_codes(np.array([-5.0, 5.0])).tolist() == [0, 255]  # clipped


def test_wav_files(tmp_path):
    import wave

    samples = np.sin(np.arange(500) / 10.0) * 0.8
    audio.write_wav(tmp_path / "a.wav", samples, 8000)
    back, rate = audio.read_wav(tmp_path / "a.wav")
    assert rate == 8000
    np.testing.assert_allclose(back, samples, atol=1e-4)
    for width, full in ((1, 127), (3, 2**23 - 1), (4, 2**31 - 1)):  # two channels of other depths
        integers = np.round(np.stack([samples, samples], 1) * full).astype(np.int64) + (128 if width == 1 else 0)
        raw = integers.astype("<i8").tobytes()
        frames = b"".join(raw[8 * i : 8 * i + width] for i in range(integers.size))
        with wave.open(str(tmp_path / "b.wav"), "wb") as file:
            file.setparams((2, width, 16000, 0, "NONE", ""))
            file.writeframes(frames)
        back, rate = audio.read_wav(tmp_path / "b.wav")
        assert rate == 16000
        np.testing.assert_allclose(back, samples, atol=1.5 / full)
    (tmp_path / "c.wav").write_bytes(b"no sound")
    with pytest.raises(ValueError, match="c.wav: not a PCM wav file"):
        audio.read_wav(tmp_path / "c.wav")


def test_clips():
    silence = audio.to_codes(np.zeros(1))[0]
    sound = np.arange(10, dtype=np.uint8)
    np.testing.assert_array_equal(clips(sound, 4), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, silence, silence]])
    np.testing.assert_array_equal(clips(sound[:9], 4), [[0, 1, 2, 3], [4, 5, 6, 7]])
    np.testing.assert_array_equal(clips(sound[:1], 4), [[0, silence, silence, silence]])  # no recording is lost whole


def test_a_folder_of_sounds(tmp_path):
    for i in range(20):
        audio.write_wav(tmp_path / f"{i % 2}_voice_{i}.wav", np.full(100, i / 20.0), 8000)
    sounds = data.load(f"audio:{tmp_path}", transform="clip:50")
    assert sounds.class_names == ("0", "1") and sounds.arguments["sample_rate"] == 8000
    assert sum(split.size for split in sounds.splits.values()) == 40  # two of each recording
    for split in sounds.splits:
        for batch in sounds.batches(split, 8):
            for codes, label in zip(batch["audio"].numpy(), batch["label"].numpy(), strict=True):
                recording = round(float(audio.from_codes(codes)[0]) * 20)
                assert label == recording % 2 and len(set(codes)) == 1
    audio.write_wav(tmp_path / "9_other.wav", np.zeros(100), 16000)
    with pytest.raises(ValueError, match="16000 Hz, but .* has 8000 Hz|8000 Hz, but .* has 16000 Hz"):
        data.load(f"audio:{tmp_path}")
    with pytest.raises(ValueError, match="transforms='resize:8': for audio:.* there is clip:LENGTH alone"):
        data.load(f"audio:{tmp_path}", transform="resize:8")
    with pytest.raises(ValueError, match="there is no such folder"):
        data.load("audio:/nowhere")


def test_a_set_of_sound_of_tfds(tmp_path):
    """Prepared here, since nothing can be downloaded: 20 recordings in train alone, of two channels."""
    import tensorflow_datasets as tfds

    class TinySpeech(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "sound": tfds.features.Audio(shape=(None, 2), sample_rate=8000),
                "word": tfds.features.ClassLabel(names=["no", "yes"]),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for i in range(20):
                sound = np.stack([np.full(100, 1000 * i), np.zeros(100)], axis=1).astype(np.int64)
                yield i, {"sound": sound, "word": i % 2}

    TinySpeech(data_dir=tmp_path).download_and_prepare()
    sounds = data.load("tiny_speech", data_dir=str(tmp_path), transform="clip:50")
    assert sounds.arguments == {"length": 50, "levels": 256, "sample_rate": 8000, "num_classes": 2}
    assert sounds.class_names == ("no", "yes")
    assert sounds.protocol == (
        "TFDS tiny_speech/1.0.0, train = train[:80%], validation = train[80%:90%], test = train[90%:100%], 8000 Hz; "
        "mu-law codes, clips of 50 samples"
    )
    seen = []
    for split, size in {"train": 32, "validation": 4, "test": 4}.items():
        assert sounds.splits[split].size == size
        for batch in sounds.batches(split, size):
            recordings = np.round(audio.from_codes(batch["audio"].numpy()[:, 0]) * 2**16 / 1000).astype(int)
            np.testing.assert_array_equal(recordings % 2, batch["label"])
            seen += recordings.tolist()
    assert sorted(seen) == sorted([*range(20)] * 2)
    with pytest.raises(ValueError, match="transforms='resize:8': for tiny_speech there is clip:LENGTH alone"):
        data.load("tiny_speech", data_dir=str(tmp_path), transform="resize:8")


def test_tones_are_what_their_labels_say():
    tones = data.load("tones", transform="clip:512")
    batch = next(iter(tones.batches("train", 60)))
    samples = np.abs(audio.from_codes(batch["audio"].numpy()))
    # Mean magnitude over the largest: sine 2 / pi, square 1, sawtooth 1 / 2, all a little lower by fading.
    shape = samples[:, :200].mean(1) / samples[:, :200].max(1)
    means = [shape[batch["label"].numpy() == label].mean() for label in range(3)]
    assert means[1] > means[0] > means[2]
    again = next(iter(data.load("tones", transform="clip:512").batches("train", 60)))
    np.testing.assert_array_equal(again["audio"], batch["audio"])


def test_markov_bits_of_a_known_chain():
    """A chain that stays with probability 0.9: its entropy rate is H(0.9) = 0.469 bits."""
    random = np.random.default_rng(0)
    chain = np.cumsum(random.random((50, 2000)) < 0.1, axis=1) % 2
    bits = markov_bits(chain[:40], chain[40:], 2)
    assert bits["uniform"] == 1.0
    np.testing.assert_allclose(bits["independent"], 1.0, atol=0.01)
    np.testing.assert_allclose(bits["first_order_markov"], 0.469, atol=0.02)


def test_wavenet_probabilities_sum_to_one():
    model = wavenet(4, 4)
    every = np.array(list(itertools.product(range(4), repeat=4)), np.uint8)
    log_prob = model.log_prob(every).numpy()
    np.testing.assert_allclose(np.exp(log_prob).sum(), 1.0, rtol=1e-5)
    assert np.exp(log_prob).std() > 1e-4


def test_a_sample_of_audio_hears_those_before_it_and_no_others():
    """Changing sample i changes every later logit within the field of 1 + 2 + 1 + 2 + 2 samples, and none up to it."""
    model = wavenet(16, 8, skip=64)  # so wide that no dead unit hides anything
    codes = np.zeros((17, 16), np.uint8)
    codes[np.arange(16), np.arange(16)] = 3
    logits = model.logits(codes).numpy()
    changes = (logits[:16] != logits[16]).any(-1)  # [changed, heard]
    distance = np.arange(16)[None, :] - np.arange(16)[:, None]
    np.testing.assert_array_equal(changes, (distance > 0) & (distance <= 8))


def test_the_queues_of_a_stack_against_whole_sequences():
    stack = DilatedStack(4, 3, [1, 2, 4, 1, 3], vector=True)
    x, vector = tf.random.stateless_normal([2, 12, 4], [1, 2]), tf.random.stateless_normal([2, 5], [3, 4])
    whole = stack(x, vector)
    queues, steps = stack.queues(2), []
    for t in range(12):
        y, queues = stack.step(x[:, t], queues, t, stack.prepare(), stack.conditions(vector))
        steps.append(y)
    np.testing.assert_allclose(tf.stack(steps, axis=1), whole, atol=1e-5)


@pytest.mark.slow
def test_wavenet_by_steps_equals_plain():
    model = wavenet(20, 16, conditional=True, num_classes=4)
    distribution = model.distribution(label=tf.range(4))
    uniforms = seeds.uniform(seeds.seed_rows(4, 2), (20,))
    codes = tf.cast(uniforms[::-1] * 16, tf.uint8)
    plainly, fill = (tf.function(f, autograph=False) for f in (distribution.fill_plainly, distribution.fill))
    for known in (tf.zeros_like(codes, tf.bool), tf.repeat(tf.range(20)[None] < 9, 4, 0)):
        plain = plainly(codes, known, uniforms).numpy()
        np.testing.assert_array_equal(plain, distribution.fill(codes, known, uniforms))
        np.testing.assert_array_equal(plain, fill(codes, known, uniforms))
        np.testing.assert_array_equal(plain[known.numpy()], codes.numpy()[known.numpy()])
    first = model.sample(seeds.seed_rows(4), tf.constant([1, 2, 3, 4], tf.uint8), label=tf.range(4))
    np.testing.assert_array_equal(first[:, 0], [1, 2, 3, 4])


def test_a_density_of_one_step_integrates_to_one():
    model = series(length=1, dims=1, mixtures=3)
    model.initialize({"series": tf.constant([3.0, 5.0, 9.0])[:, None, None]})
    grid = np.linspace(-60.0, 60.0, 200_001, dtype=np.float32)
    density = np.exp(model.log_prob(grid[:, None, None]).numpy().astype(np.float64))
    np.testing.assert_allclose(density.sum() * 120 / 200_000, 1.0, rtol=1e-3)
    samples = tf.function(model.sample)(seeds.seed_rows(20_000)).numpy().ravel()
    mean = (density * grid).sum() * 120 / 200_000
    np.testing.assert_allclose(samples.mean(), mean, atol=4 * samples.std() / 20_000**0.5)


def test_a_sequence_is_sampled_in_any_number_of_rows():
    for model in (wavenet(4, 3), series(4)):
        sample = tf.function(model.sample)
        three, one = (sample(seeds.seed_rows(rows)) for rows in (3, 1))
        np.testing.assert_allclose(three[:1], one, atol=1e-5)


def test_a_mixture_of_more_components_than_a_byte_counts():
    """The component is the one whose weight is not zero, the 300th of 400; its mean is 5."""
    model = series(length=1, dims=1, mixtures=400)
    values = np.zeros([2, 1200], np.float32)
    values[:, 300], values[:, 400 + 300] = 100.0, 5.0
    step = model.step_of(tf.constant(values), tf.zeros([2, 1]), tf.fill([2, 2], 0.5))
    np.testing.assert_allclose(step, 5.0, atol=1e-5)


def test_a_constant_dimension_keeps_its_own_unit():
    """A model at zero answers it with the density of N(0, softplus(0)) there, not with that of a spike."""
    model = series(length=3, dims=2, mixtures=1)
    for variable in model.network.last.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    x = np.full((4, 3, 2), 7.3, np.float32)
    x[..., 1] = np.random.default_rng(0).normal(size=(4, 3))
    model.initialize({"series": tf.constant(x)})
    np.testing.assert_allclose(model.stddev, [1.0, x[..., 1].std()], rtol=1e-4)
    steps = np.diff((x - x.mean((0, 1))) / [1.0, x[..., 1].std()], axis=1, prepend=0.0)
    expected = stats.norm.logpdf(steps, scale=np.log(2.0) + 1e-3).sum((1, 2)) - 3 * np.log(x[..., 1].std())
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-4)


def test_a_series_against_a_random_walk():
    """With the last layer at zero the model is a random walk of known deviation, in the units of the data."""
    model = series(length=6, dims=2, mixtures=1)
    for variable in model.network.last.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    model.mean.assign([1.0, -2.0])
    model.stddev.assign([3.0, 0.5])
    x = np.random.default_rng(0).normal(size=(4, 6, 2)).astype(np.float32)
    normal = (x - [1.0, -2.0]) / [3.0, 0.5]
    steps = np.diff(normal, axis=1, prepend=0.0)
    stddev = np.log(2.0) + 1e-3  # softplus(0), and the least
    expected = (-0.5 * (steps / stddev) ** 2 - np.log(stddev) - 0.5 * np.log(2 * np.pi)).sum((1, 2)) - 6 * np.log(1.5)
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-4)


def test_a_series_by_steps_is_what_whole_passes_draw():
    """By induction: every step is the draw from its own parameters; the prefix stays; actions bear on what follows."""
    model = series(action_dims=1)
    seed = seeds.seed_rows(3)
    action = tf.random.stateless_normal([3, 10, 1], [1, 2])
    prefix = tf.random.stateless_normal([3, 4, 2], [3, 4])
    future = model.simulate(prefix, 6, seed, action)
    whole = tf.concat([prefix, future], axis=1)
    last = tf.pad(whole, [[0, 0], [1, 0], [0, 0]])[:, :-1]
    acted = tf.pad(action, [[0, 0], [1, 0], [0, 0]])[:, :-1]
    values = model.network(tf.concat([last, acted], axis=-1))
    uniforms = seeds.uniform(seed, [10, 3])
    for t in range(4, 10):
        np.testing.assert_allclose(model.step_of(values[:, t], last[:, t], uniforms[:, t]), whole[:, t], atol=1e-4)
    changed = action.numpy()
    changed[:, 6] += 1.0
    other = model.simulate(prefix, 6, seed, tf.constant(changed))
    np.testing.assert_array_equal(other[:, :3], future[:, :3])  # steps 4, 5, 6
    assert np.abs(other[:, 3] - future[:, 3]).min() > 0
    longer = model.simulate(prefix, 20, seed, tf.zeros([3, 24, 1]))
    assert longer.shape == (3, 20, 2)  # longer than any series it was made for
    with pytest.raises(ValueError, match="action: 10 steps, but prefix and simulation have 9 together"):
        model.simulate(prefix, 5, seed, action)


def test_linear_gaussian_nats_of_a_linear_system():
    """Its own entropy rate, where the data are linear and Gaussian: D ln(0.1 sqrt(2 pi e)) a step."""
    random = np.random.default_rng(0)
    x = np.zeros((400, 50, 2))
    x[:, 0] = random.normal(size=(400, 2))
    for t in range(1, 50):
        x[:, t] = x[:, t - 1] @ [[0.9, 0.2], [-0.2, 0.9]] + 0.1 * random.normal(size=(400, 2))
    expected = 49 * 2 * np.log(0.1 * np.sqrt(2 * np.pi * np.e)) + 2 * np.log(np.sqrt(2 * np.pi * np.e))
    np.testing.assert_allclose(linear_gaussian_nats(x[:300], x[300:]), expected, atol=2.0)


def test_the_pendulum_keeps_its_energy_and_obeys_its_torque():
    arrays = pendulum()
    state, torque = arrays["series"], arrays["action"][..., 0]
    np.testing.assert_allclose((state[..., :2] ** 2).sum(-1), 1.0, rtol=1e-5)
    gained = (state[:, 1:, 2] - state[:, :-1, 2]) / 0.1 + state[:, :-1, 1] + 0.1 * state[:, :-1, 2]
    residual = gained - torque[:, :-1]
    assert abs(residual.mean()) < 0.01 and abs(residual.std() - 0.2) < 0.01  # noise of 0.02 a step of 0.1


def test_series_of_a_file(tmp_path):
    path = tmp_path / "s.npz"
    values = np.random.default_rng(0).normal(size=(40, 6, 2))
    np.savez(path, series=values)
    loaded = data.load(f"series:{path}")
    assert loaded.arguments == {"length": 6, "dims": 2, "action_dims": 0}
    np.savez(path, series=values, action=values[:, :5])
    with pytest.raises(ValueError, match=r"'action' has shape \(40, 5, 2\), but must begin like that of 'series'"):
        data.load(f"series:{path}")
    values[3, 2, 1] = np.nan
    np.savez(path, series=values)
    with pytest.raises(ValueError, match="'series' has NaN or Inf in it"):
        data.load(f"series:{path}")
