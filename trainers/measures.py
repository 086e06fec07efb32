"""What can be measured of a trained model: a table of measures, each with its needs, and the protocol they share."""

import contextlib
import dataclasses
import functools
import math
import pathlib
import sys
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tfgen import zoo
from tfgen.data import points, splits
from tfgen.metrics import conditioning, density, frechet, latents, modes, neighbours
from tfgen.metrics.likelihood import bits_per_dim, linear_gaussian_nats, markov_bits
from tfgen.metrics.reconstruction import pca_errors
from tfgen.ops import images, seeds
from tfgen.studies import answers
from tfgen.studies.needs import Row, offered
from trainers import classifier, features, pictures, translations

BOUND_EXAMPLES = 1000  # of an importance bound, which costs k passes an example, unless the protocol says how many
AT_ONCE = 50  # of the k samples of an importance bound
AIS_CHAINS = 200  # of a partition function; Salakhutdinov and Murray 2008 have 100, and 14,500 temperatures
CHECKED = (  # of `check`
    *("likelihood", "partition", "denoising", "bounds", "reconstruction", "discriminator", "pairs", "translated"),
    "cycles",
)
PCA_EXAMPLES = 10_000  # of the training split, of principal component analysis
TRAINING_PICTURES = 20_000  # the first, among which samples may have neighbours
SAMPLES = 2500  # where models are compared: Lin et al. 2018, section 4.1
MEMORISED = 0.5  # below this ratio: samples are twice as near to what was shown as held-out pictures are
RETRIEVED_AMONG = 16  # texts, of which one is a picture's own
NEIGHBOURS = 2000  # of samples and of real pictures, whose neighbours are looked for


@dataclasses.dataclass(frozen=True)
class Protocol:
    """On what, and how closely, a model is measured.

    Args:
      split: whose examples.
      examples: the first so many only; 0 for all; None for as many as end within minutes: all where the likelihood is
        exact, `BOUND_EXAMPLES` where it is bounded or there is none.
      importance_samples: k of the importance bound; annealed importance sampling has twenty times as many temperatures,
        10,000 at most.
      samples: of the model, where samples are judged.
      batch_size: examples at a time; no figure depends on it.
      seed: of binarisation, posterior samples and samples.
      features: the network in whose features samples are compared, see `features.choose`.
      folder: where a classifier of ours is kept, between one evaluation and the next; "": nowhere.
    """

    split: str = "test"
    examples: int | None = None
    importance_samples: int = 100
    samples: int = 1000
    batch_size: int = 100
    seed: int = 0
    features: str = ""
    folder: str = ""

    def limit(self, default: int = 0) -> int | None:
        """The number of examples to take; None for all."""
        return (default if self.examples is None else self.examples) or None


def report(config: dict, model, data, protocol: Protocol, folder: pathlib.Path) -> dict:
    """Draws into <folder>/pictures, measures, and says what was done.

    Where the data is not what the model was trained on, that is said, and stays with the figures as "data_differs".
    """
    began = time.time()
    if differs := splits.difference(config.get("data", {}), data.record):
        logging.warning("%s; what was trained on may be measured on", differs)
    drawn = pictures.draw(model, data, protocol.split, folder / "pictures", protocol.seed)
    return {
        "model": config["model"],
        "dataset": config["dataset"],
        "split": protocol.split,
        "protocol": data.protocol,
        **({"data_differs": differs} if differs else {}),
        "steps": int(model.step.numpy()),
        **measure(model, data, dataclasses.replace(protocol, folder=protocol.folder or str(folder / "classifier"))),
        **drawn,
        "seconds": round(time.time() - began, 1),
        "seed": protocol.seed,
    }


def measure(model, data, protocol: Protocol, only: tuple[str, ...] | None = None) -> dict:
    """Everything in `MEASURES` that fits the model and the data (of the names in `only`), as one flat dictionary.

    What fits but for labels, and a model that nothing fits, get a sentence under "not_measured".
    """
    # Of a stack the labels are too many for a classifier of them.
    there = offered(model, data) | ({"stack"} if data.stack_of else set())
    there |= {"labels of both sides"} if data.sides_alike else set()
    there |= {"feature network"} if protocol.features or (data.class_names and not data.stack_of) else set()
    rows = [row for row in MEASURES if only is None or row.name in only]
    fitting = [row for row in rows if not row.lacking(there)]
    result = {}
    for row in fitting:
        result |= row.function(model, data, protocol)
    without = {
        row.name: f"the data set {data.name!r} has no labels, so there is no classifier to judge samples by; "
        "give --features"
        for row in rows
        if row.lacking(there) == ["feature network"] and not data.class_names
    }
    if not fitting and not without:
        wants = "; ".join(f"{row.name} needs {', '.join(row.lacking(there))}" for row in rows)
        without["model"] = f"no measure fits {type(model).__name__}: {wants}"
    return result | ({"not_measured": without} if without else {})


def check(model, data) -> dict:
    """Figures of a share of the test split that cost a second: kept with a published model for a test to find again."""
    protocol = Protocol(examples=50, importance_samples=10, samples=50, batch_size=50)
    return measure(model, data, protocol, only=CHECKED)


def of_samples(model, data, folder: pathlib.Path) -> dict:
    """Figures of samples alone, for studies that compare models; `folder` keeps the classifier that judges them."""
    protocol = Protocol(samples=SAMPLES, folder=str(folder))
    return measure(model, data, protocol, only=("modes_covered", "stacked_modes", "judged"))


def likelihood(model, data, protocol) -> dict:
    """Exact: nats and bits per dimension."""
    return _of_each(
        model,
        data,
        protocol,
        protocol.limit(),
        {"nats": lambda batch, seed: -model.log_prob(batch[model.example], **model.condition(batch))},
    )


def markov(model, data, protocol) -> dict:
    """What counts of the training split's samples reach on the same examples."""
    train, measured = (arrays["audio"] for arrays in _arrays(model, data, protocol))
    bits = markov_bits(train, measured, model.levels)
    return {"baselines_bits_per_dim": {name: round(value, 5) for name, value in bits.items()}}


def linear_gaussian(model, data, protocol) -> dict:
    """What a linear model of the training split reaches on the same examples."""
    train, measured = _arrays(model, data, protocol)
    nats = linear_gaussian_nats(train["series"], measured["series"], train.get("action"), measured.get("action"))
    return {"linear_gaussian_nats": round(nats, 4)}


def densities(model, data, protocol) -> dict:
    """What simple densities of the training split reach on the same examples, chosen on the validation split; and the
    true one, whose figure is the entropy but for the chance of the examples."""
    train, validation, measured = (
        arrays["point"] for arrays in _arrays(model, data, protocol, ("train", "validation"))
    )
    found = density.baselines(train, validation, measured)
    result = {"baselines": {name: {k: round(v, 4) for k, v in one.items()} for name, one in found.items()}}
    if data.name in points.DENSITIES:
        nats = -points.DENSITIES[data.name].log_prob(measured)
        result["true_density_nats"] = round(float(nats.mean()), 4)
    return result


def modes_covered(model, data, protocol) -> dict:
    """How many modes of a data set that has some have samples, and the share of samples that belong to one."""
    if data.name not in points.MODES:
        return {}
    truth, samples = points.MODES[data.name], np.concatenate(list(_samples(model, data, protocol)))
    covered, share = modes.covered(samples, truth.centres, truth.stddevs[0])
    return {
        "samples": protocol.samples,
        "modes": len(truth.centres),
        "modes_covered": covered,
        "samples_near_a_mode": round(share, 4),
    }


def partition(model, data, protocol) -> dict:
    """-ln p by an estimate of ln Z: annealed importance sampling, whose error is that of ln of a mean of weights. It is
    more often below ln Z than above, and -ln p with it."""
    temperatures = min(20 * protocol.importance_samples, 10_000)
    weights = model.log_partition(protocol.seed, AIS_CHAINS, temperatures).numpy().astype(np.float64)
    most = weights.max()
    shares = np.exp(weights - most)
    log_partition = most + math.log(shares.mean())
    error = shares.std() / shares.mean() / math.sqrt(len(shares))
    energies = _each(
        model, data, protocol, protocol.limit(), {"free_energy": lambda batch, seed: model.free_energy(batch["image"])}
    )["free_energy"]
    return {
        "annealed_nats": round(float(energies.mean() + log_partition), 4),
        "annealed_nats_standard_error": round(float(energies.std() / math.sqrt(len(energies))), 4),
        "log_partition": round(log_partition, 4),
        "log_partition_standard_error": round(float(error), 4),
        "annealed_chains": AIS_CHAINS,
        "temperatures": temperatures,
        "energy_examples": len(energies),
    }


def denoising(model, data, protocol) -> dict:
    """-ln P(x | x~) of examples and their corruption: what a chain learns, and no likelihood."""

    def nats(batch, seed):
        return -model.denoise(model.corrupt(batch["image"], seed)).log_prob(batch["image"])

    return _of_each(model, data, protocol, protocol.limit(), {"denoising_nats": nats})


def bounds(model, data, protocol) -> dict:
    """Two bounds of the same examples; the importance bound is never below the ELBO but for chance."""
    k = protocol.importance_samples
    at_once = max(size for size in range(1, AT_ONCE + 1) if k % size == 0)

    def negative_elbo(batch, seed):
        return -model.elbo(batch[model.example], seed, **model.condition(batch))

    def importance_bound(batch, seed):
        return -model.importance_bound(batch[model.example], k=k, seed=seed, at_once=at_once, **model.condition(batch))

    functions = {"negative_elbo_nats": negative_elbo, "importance_bound_nats": importance_bound}
    return {"importance_samples": k} | _of_each(model, data, protocol, protocol.limit(BOUND_EXAMPLES), functions)


def reconstruction(model, data, protocol) -> dict:
    """Mean squared error per pixel, in 0 .. 1, of what is decoded from an example's code: the mean of q(z | x), or a
    draw where it has none. Beside it that of principal component analysis of as many dimensions."""

    def error(batch, seed):
        condition = model.condition(batch)
        posterior = model.encode(batch["image"], **condition)
        code = posterior.moments().get("mean")
        likelihood = model.decode(posterior.draw(seed).value if code is None else code, **condition)
        made = likelihood.moments().get("mean")
        made = likelihood.show(seed) if made is None else made
        given, made = (images.to_unit(image, model.levels) for image in (batch["image"], made))
        return tf.reduce_mean(tf.square(given - made), axis=[1, 2, 3])

    errors = _each(model, data, protocol, protocol.limit(), {"mse_per_pixel": error})["mse_per_pixel"]
    result = {
        "mse_per_pixel": round(float(errors.mean()), 6),
        "mse_per_pixel_standard_error": round(float(errors.std() / math.sqrt(len(errors))), 6),
        "mse_examples": len(errors),
    }
    if not hasattr(model, "latent_dim"):
        return result
    train, measured = (
        np.concatenate([batch["image"] for batch in data.batches(split, 500, protocol.seed, limit)])
        for split, limit in (("train", PCA_EXAMPLES), (protocol.split, protocol.limit()))
    )
    train, measured = (images.to_unit(part, model.levels).numpy() for part in (train, measured))
    pca = pca_errors(train, measured, [model.latent_dim])[model.latent_dim]
    return result | {"pca_mse_per_pixel": round(pca, 6), "pca_training_examples": len(train)}


def discriminator(model, data, protocol) -> dict:
    """Mean logits of "this is real" for examples and for samples, and of images the mean level of both."""
    logits = tf.function(model.discriminate)
    limit = protocol.limit(BOUND_EXAMPLES)
    batches = [
        batch[model.example] for batch in data.batches(protocol.split, protocol.batch_size, protocol.seed, limit)
    ]
    result = {"examples": sum(map(len, batches)), "samples": protocol.samples}
    for name, parts in (("example", batches), ("sample", list(_samples(model, data, protocol)))):
        values = np.concatenate([logits(part).numpy() for part in parts])
        levels = np.concatenate(parts).astype(np.float64)
        result[f"{name}_logit"] = round(float(values.mean()), 4)
        if model.levels:
            result[f"{name}_level"] = round(float(levels.mean()), 4)
    return result


def judged(model, data, protocol) -> dict:
    """Samples beside real pictures in the features of a named network: the classes that it sees, where it knows those
    of the data, the distances of both sets, and what the nearest neighbours tell. The floor of a distance is that of as
    many training pictures."""
    network, *reference = _reference(data, protocol)
    of_samples, probabilities = network.of(np.concatenate(list(_samples(model, data, protocol))))
    return (
        {"samples": protocol.samples, "features": network.name, "features_resize": network.resize}
        | _classes(model, data, protocol, network, probabilities)
        | _distances(of_samples, *reference)
    )


@functools.lru_cache(maxsize=1)  # studies judge many models by the same pictures
def _reference(data, protocol):
    """The network that judges, and its features of real pictures, of those that the model was trained on, and of such
    as it might have been, for the floors."""
    everything = data.whole or data
    network = _network(protocol.features, everything, protocol)
    parts = (
        (data, protocol.split, protocol.samples),
        (data, "train", TRAINING_PICTURES),
        (everything, "train", protocol.samples),
    )
    pictures_of = (
        np.concatenate([batch["image"] for batch in examples.batches(split, 500, protocol.seed, limit)])
        for examples, split, limit in parts
    )
    return network, *(network.of(part)[0] for part in pictures_of)


def _network(spec: str, data, protocol) -> features.Network:
    with _classifiers(protocol) as (folder, advance):
        return features.choose(spec, folder, data, advance)


@contextlib.contextmanager
def _classifiers(protocol):
    """The folder where classifiers of ours are kept, and a function to be told how many more steps of one are done."""
    with contextlib.ExitStack() as stack:
        folder = protocol.folder or stack.enter_context(tempfile.TemporaryDirectory())
        yield pathlib.Path(folder), stack.enter_context(in_sight("classifier", classifier.STEPS))


def _classes(model, data, protocol, network, probabilities) -> dict:
    if probabilities is None:
        return {}
    labels = probabilities.argmax(axis=1)
    shares = modes.class_shares(labels, len(data.class_names))
    result = {
        "classifier_test_accuracy": network.test_accuracy,
        "class_shares": dict(zip(data.class_names, np.round(shares, 4).tolist(), strict=True)),
        "smallest_share": round(float(shares.min()), 4),
        "classes_seen": int((shares > 0).sum()),
        "classifier_score": round(frechet.classifier_score(probabilities), 4),
    }
    if model.condition_spec:
        result["samples_given"] = f"the {' and '.join(model.condition_spec)} of the {protocol.split} examples in order"
        wanted = _conditions(model, data, protocol).get("label")
        if wanted is not None:
            result["samples_of_their_label"] = round(float(np.mean(labels == wanted)), 4)
    return result


def _distances(fake, real, train, floor) -> dict:
    floor = floor[: len(real)]
    low, high = frechet.interval(fake, real)
    few = [part[:NEIGHBOURS] for part in (real, fake)]
    figures = {
        "frechet_distance": frechet.frechet_distance(fake, real),
        "frechet_distance_low": low,
        "frechet_distance_high": high,
        "frechet_distance_floor": frechet.frechet_distance(floor, real),
        "kernel_distance": frechet.kernel_distance(fake, real),
        "kernel_distance_floor": frechet.kernel_distance(floor, real),
        **neighbours.quality(*few),
        "memorisation_ratio": neighbours.memorisation_ratio(few[1], train, few[0]),
    }
    counts = {"real_pictures": len(real), "neighbours_of": len(few[1]), "training_pictures": len(train)}
    if memorised := figures["memorisation_ratio"] < MEMORISED:
        logging.warning(
            "samples repeat training pictures: they come within %.2f of the distance at which held-out pictures are "
            "from them; train on more examples, with augmentations, or keep an earlier checkpoint (--keep_best)",
            figures["memorisation_ratio"],
        )
    rounded = {name: round(value, 5) for name, value in figures.items()}
    return counts | rounded | {"memorised": memorised}


def stacked_modes(model, data, protocol) -> dict:
    """Of a set of three gray pictures as colours: how many of all combinations of classes are among the samples, and
    how far their shares are from equal, KL(samples || uniform); as a classifier of the gray pictures sees them (Metz et
    al. 2017, section 3.3.1; Srivastava et al. 2017, "VEEGAN", section 5)."""
    base = data.stack_of
    network = _network("", base, protocol)
    samples = np.concatenate(list(_samples(model, data, protocol)))
    seen = [network.of(samples[..., color : color + 1])[1].argmax(axis=1) for color in range(3)]
    classes = len(base.class_names)
    counts = np.bincount(np.ravel_multi_index(seen, [classes] * 3), minlength=classes**3)
    shares = counts[counts > 0] / counts.sum()
    return {
        "samples": protocol.samples,
        "classifier_test_accuracy": network.test_accuracy,
        "modes": classes**3,
        "modes_covered": int((counts > 0).sum()),
        "kl_from_uniform_nats": round(float(np.sum(shares * np.log(shares * classes**3))), 4),
    }


def classification(model, data, protocol) -> dict:
    """The share of examples that are taken for another class; where the model knows clusters only, after each was given
    the label of most training examples in it (Makhzani et al. 2016, section 6, take that of one)."""
    classify = tf.function(lambda image: tf.argmax(model.classify(image), axis=-1))

    def of(split, limit):
        batches = list(data.batches(split, 500, protocol.seed, limit))
        found = np.concatenate([classify(batch["image"]).numpy() for batch in batches])
        return found, np.concatenate([batch["label"].numpy() for batch in batches])

    found, labels = of(protocol.split, protocol.limit())
    result = {"classified_examples": len(found)}
    if not model.labelled:
        clusters, theirs = of("train", TRAINING_PICTURES)
        names = [np.bincount(theirs[clusters == i], minlength=1).argmax() for i in range(model.classes)]
        found = np.array(names)[found]
        result["clusters_named_by"] = f"most of the first {len(theirs)} training examples"
    return result | {"classification_error": round(float(np.mean(found != labels)), 5)}


def pairs(model, data, protocol) -> dict:
    """What the model's own discriminator says of examples with their texts, with those of the examples after them, and
    of drawings; and how many examples it finds more real with their own text."""

    limit = protocol.limit(BOUND_EXAMPLES)
    texts = tf.concat([batch["text"] for batch in data.batches(protocol.split, 500, protocol.seed, limit)], axis=0)

    def logits(batch, seed):
        return model.discriminate(batch["image"], batch["text"])

    def mismatched(batch, seed):  # the second number of a seed is the example's
        return model.discriminate(batch["image"], tf.gather(texts, (seed[:, 1] + 1) % len(texts)))

    def drawn(batch, seed):
        return model.discriminate(model.draw(batch["text"], seed), batch["text"])

    functions = {"example_logit": logits, "mismatched_logit": mismatched, "drawing_logit": drawn}
    values = _each(model, data, protocol, limit, functions)
    told = np.mean(values["example_logit"] > values["mismatched_logit"])
    means = {name: round(float(one.mean()), 4) for name, one in values.items()}
    return {"pairs": len(values["example_logit"])} | means | {"pairs_told": round(float(told), 4)}


def attributes_drawn(model, data, protocol) -> dict:
    """How many of the attributes that a text names are seen in a picture drawn of it, by a classifier of each factor
    that was trained on real pictures and knows no text; and among how many texts the picture's own is found, as that
    whose factors are likeliest. Beside both what they are where the texts are shuffled after the drawing: of a model
    that ignores its text they are the same."""
    batches = list(data.batches(protocol.split, 500, protocol.seed, protocol.samples))
    text, factors = (np.concatenate([batch[name].numpy() for batch in batches]) for name in ("text", "factors"))
    drawn = min(protocol.samples, len(text))
    seed, at_once, draw = seeds.seed_rows(drawn, protocol.seed), protocol.batch_size, tf.function(model.draw)
    parts = []
    with _classifiers(protocol) as (folder, advance):
        judge = classifier.kept(folder, data.whole or data, advance, of="factors")
    with in_sight("drawings", drawn) as advance:
        for part in (slice(i, i + at_once) for i in range(0, drawn, at_once)):
            parts.append(judge.log_probabilities(draw(tf.constant(text[part]), seed[part])))
            advance(len(seed[part]))
    seen = {name: np.concatenate([part[name] for part in parts]) for name in data.factors}
    result = {"drawn": drawn, "factor_classifier_accuracy": _rounded(judge.test_accuracy)}
    shuffled = np.random.default_rng(protocol.seed).permutation(drawn)
    for suffix, told in (("", factors), ("_shuffled", factors[shuffled])):
        result[f"attribute_accuracy{suffix}"] = _rounded(conditioning.attribute_accuracy(seen, told))
        result[f"retrieval{suffix}"] = round(conditioning.retrieval(seen, told, RETRIEVED_AMONG, protocol.seed), 4)
    return result | {"retrieval_among": RETRIEVED_AMONG, "retrieval_chance": round(1 / RETRIEVED_AMONG, 4)}


def codes(model, data, protocol) -> dict:
    """How far codes are from draws of the prior, by their maximum mean discrepancy; and how far other draws are."""
    count = protocol.limit(BOUND_EXAMPLES)
    batches = data.batches(protocol.split, 500, protocol.seed, count)
    made = np.concatenate([model.encode(batch["image"]).value.numpy() for batch in batches])
    one, other = (
        model.prior().draw(rows).value.numpy() for rows in np.split(seeds.seed_rows(2 * len(made), protocol.seed), 2)
    )
    figures = {"mean_discrepancy": (made, one), "mean_discrepancy_of_draws": (other, one)}
    return {name: round(latents.mean_discrepancy(*sets), 6) for name, sets in figures.items()}


def cycles(model, data, protocol) -> dict:
    """How much is lost there and back, per pixel in 0 .. 1; and where the sides are those of pairs, how far what is
    made is from the truth, which the model was not told, beside the pictures as they are."""
    given = translations.sides(data, protocol.split, protocol.limit(BOUND_EXAMPLES), ("a", "b"))
    result = {"pictures": len(given["a"])}
    for one, (other, there, back) in _ways(model).items():
        made = answers.in_parts(there, given[one])
        result[f"{one}_to_{other}_and_back_l1"] = translations.l1(
            answers.in_parts(back, made), given[one], model.levels
        )
        if data.aligned:
            result[f"{one}_to_{other}_l1"] = translations.l1(made, given[other], model.levels)
    return result | ({"identity_l1": translations.l1(given["a"], given["b"], model.levels)} if data.aligned else {})


def _ways(model):
    return {"a": ("b", model.a_to_b, model.b_to_a), "b": ("a", model.b_to_a, model.a_to_b)}


def class_kept(model, data, protocol) -> dict:
    """How often a classifier of one side's pictures sees in what is made of one of the other side the class of this."""
    split, limit, result = protocol.split, protocol.limit(BOUND_EXAMPLES), {}
    for one, (other, there, _) in _ways(model).items():
        here, side = (data.splits[split].parts[name] for name in (one, other))
        network = _network("", side, dataclasses.replace(protocol, folder=f"{protocol.folder}_{other}"))
        given = translations.sides(here, split, limit, ("image", "label"))
        kept = network.of(answers.in_parts(there, given["image"]))[1].argmax(axis=1) == given["label"]
        result[f"{one}_to_{other}_class_kept"] = round(float(kept.mean()), 4)
        result[f"classifier_of_{other}_test_accuracy"] = network.test_accuracy
    return result


def translated(model, data, protocol) -> dict:
    """What sources become, beside what they should, and beside simple answers; see `translations.compared`."""
    split, names = protocol.split, ("source", "image")
    shown = translations.sides(data, split, protocol.limit(BOUND_EXAMPLES), names)
    train = translations.sides(data, "train", translations.PAIRS, names)
    made = answers.answers(model, shown["source"], protocol.seed)
    return translations.compared(made, shown, train, model.levels)


MEASURES = (
    Row("likelihood", ("log_prob",), likelihood),
    Row("markov", ("log_prob", "audio"), markov),
    Row("linear_gaussian", ("log_prob", "series"), linear_gaussian),
    Row("densities", ("log_prob", "point"), densities),
    Row("modes_covered", ("sample", "point"), modes_covered),
    Row("partition", ("free_energy", "log_partition", "image"), partition),
    Row("denoising", ("denoise", "image"), denoising),
    Row("bounds", ("elbo", "importance_bound"), bounds),
    Row("reconstruction", ("encode", "decode", "image"), reconstruction),
    Row("classification", ("classify", "image", "labels"), classification),
    Row("pairs", ("draw", "discriminate", "given text", "image"), pairs),
    Row("attributes_drawn", ("draw", "given text", "image", "factors"), attributes_drawn),
    Row("codes", ("encode", "prior", "image", "point codes"), codes),
    Row("discriminator", ("discriminate", "sample"), discriminator),
    Row("judged", ("sample or a source", "image", "feature network"), judged),
    Row("stacked_modes", ("sample", "image", "stack"), stacked_modes),
    Row("translated", ("a source", "image"), translated),
    Row("cycles", ("a_to_b", "b_to_a"), cycles),
    Row("class_kept", ("a_to_b", "b_to_a", "labels of both sides"), class_kept),
)


def _rounded(figures) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in figures.items()}


@contextlib.contextmanager
def in_sight(name: str, total: int):
    """A progress bar on stderr with its end in sight; yields a function to be told how many more are done."""
    with contextlib.redirect_stdout(sys.stderr):
        print(f"{name}, {total}:", flush=True)
        bar = keras.utils.Progbar(total, interval=0.5 if sys.stderr.isatty() else 15)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        with contextlib.redirect_stdout(sys.stderr):
            bar.update(done, finalize=done >= total)

    yield advance


def _each(model, data, protocol, limit: int | None, functions) -> dict[str, np.ndarray]:
    """The values float64 [N] of functions (batch, seed) -> [B], by name, over the examples of the split in order."""
    functions = {name: tf.function(function) for name, function in functions.items()}
    values = {name: [] for name in functions}
    size = data.splits[protocol.split].size
    total, done = min(size, limit or size), 0
    with in_sight(" and ".join(functions), total) as advance:
        for batch in data.batches(protocol.split, protocol.batch_size, protocol.seed, limit):
            count = len(batch[model.example])
            # Row i's seed is [seed, i] whatever the batch size.
            seed = seeds.seed_rows(done + count, protocol.seed)[done:]
            for name, function in functions.items():
                values[name].append(function(batch, seed).numpy())
            done += count
            advance(count)
    return {name: np.concatenate(parts).astype(np.float64) for name, parts in values.items()}


def _of_each(model, data, protocol, limit: int | None, functions) -> dict:
    """Mean, standard error and bits per dimension of functions (batch, seed) -> nats [N] of each example."""
    values = _each(model, data, protocol, limit, functions)
    result = {"examples": len(next(iter(values.values()))), "examples_of_split": data.splits[protocol.split].size}
    for name, nats in values.items():
        result |= {
            name: round(nats.mean(), 4),
            f"{name}_standard_error": round(nats.std() / math.sqrt(len(nats)), 4),
        }
        if model.levels:  # of a density it would depend on the unit of the values
            result[name.removesuffix("nats") + "bits_per_dim"] = round(bits_per_dim(nats.mean(), model.shape), 5)
    return result


def _arrays(model, data, protocol, whole=("train",)):
    """All that the model is given, of each of the splits `whole` and of what is measured."""
    for split, limit in (*((split, None) for split in whole), (protocol.split, protocol.limit())):
        batches = list(data.batches(split, 500, protocol.seed, limit))
        yield {name: np.concatenate([batch[name].numpy() for batch in batches]) for name in model.batch_spec}


def _conditions(model, data, protocol) -> dict[str, np.ndarray]:
    """What the samples are conditioned on: what the split's examples are, in order, over and over."""
    if not model.condition_spec:
        return {}
    batches = list(data.batches(protocol.split, protocol.batch_size, protocol.seed, protocol.samples))
    conditions = {}
    for name in model.condition_spec:
        values = np.concatenate([batch[name].numpy() for batch in batches])
        conditions[name] = np.resize(values, [protocol.samples, *values.shape[1:]])
    return conditions


def _samples(model, data, protocol):
    """The first `protocol.samples` samples, a batch at a time; of a model that is given sources, what it makes of those
    of the split, over and over."""
    if "sample" in zoo.verbs(model):
        sample, conditions = model.sample, _conditions(model, data, protocol)
    else:
        sources = translations.sides(data, protocol.split, protocol.samples, ("source",))["source"]
        sample, conditions = (
            answers.answer(model),
            {"source": np.resize(sources, [protocol.samples, *sources.shape[1:]])},
        )
    sample = tf.function(sample, autograph=False)
    seed = seeds.seed_rows(protocol.samples, protocol.seed)
    with in_sight("samples", protocol.samples) as advance:
        for first in range(0, protocol.samples, protocol.batch_size):
            part = slice(first, first + protocol.batch_size)
            made = sample(seed[part], **{name: tf.constant(values[part]) for name, values in conditions.items()})
            advance(len(made))
            yield made
