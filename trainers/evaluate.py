"""Measures a trained model on data it did not learn from, and prints one JSON line with its protocol.

    python -m trainers.evaluate --workdir=runs/vae_mnist

Exact nats and bits per dimension where the model has `log_prob`; ELBO and importance bound where it has `elbo`; else
the share of each class among samples, by a classifier trained on the same data. The line is also written to
<workdir>/evaluation.json (exports show it in their card), and samples, completions and more to <workdir>/pictures.
"""

import json
import math
import pathlib
import time

from absl import flags

from trainers import flags as trainer_flags

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run", required=True)
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "examples to measure on")
EXAMPLES = flags.DEFINE_integer("examples", None, "measure on the first so many examples only (default: all)", 1)
IMPORTANCE_SAMPLES = flags.DEFINE_integer("importance_samples", 5000, "k of the importance bound", 1)
SAMPLES = flags.DEFINE_integer("samples", 2000, "samples judged by a classifier, where there is no likelihood", 1)
BATCH_SIZE = flags.DEFINE_integer("batch_size", 100, "images at a time", 1)
DATA_DIR = flags.DEFINE_string("data_dir", None, "where TFDS keeps its data (default: that of the training run)")
SEED = flags.DEFINE_integer("seed", 0, "of binarisation, posterior samples and pictures")


def evaluate() -> None:
    workdir = pathlib.Path(WORKDIR.value)
    from tfgen import zoo

    config = zoo.read_config(workdir)  # before TensorFlow, so that a wrong folder answers at once
    import tfgen.data
    from trainers import pictures

    model = zoo.restore(workdir)
    data = tfgen.data.load(
        config["dataset"],
        DATA_DIR.value or config["data_dir"] or None,
        config["transforms"],
        config["skip_corrupt"],
        config.get("cache", True),
    )
    began = time.time()
    measured = next(measure for verb, measure in MEASURES.items() if hasattr(model, verb))(model, data)
    line = json.dumps(
        {
            "model": config["model"],
            "dataset": config["dataset"],
            "split": SPLIT.value,
            "protocol": data.protocol,
            "steps": int(model.step.numpy()),
            **measured,
            **pictures.write(model, data, SPLIT.value, workdir / "pictures", SEED.value),
            "seconds": round(time.time() - began, 1),
            "seed": SEED.value,
        }
    )
    partial = workdir / "evaluation.partial"
    partial.write_text(line + "\n")
    partial.replace(workdir / "evaluation.json")
    print(line)


def log_prob(model, data) -> dict:
    """Exact likelihood; of audio and series also what the simplest models reach on the same examples."""
    from tfgen.metrics import likelihood

    def nats(batch, seed):
        condition = {name: batch[name] for name in model.batch_spec if name != model.example}
        return -model.log_prob(batch[model.example], **condition)

    measured = _likelihood(model, data, {"nats": nats})
    if model.example == "audio":
        train, test = (arrays["audio"] for arrays in _arrays(model, data))
        bits = likelihood.markov_bits(train, test, model.levels)
        measured["baselines_bits_per_dim"] = {name: round(value, 5) for name, value in bits.items()}
    if model.example == "series":
        train, test = _arrays(model, data)
        nats = likelihood.linear_gaussian_nats(train["series"], test["series"], train.get("action"), test.get("action"))
        measured["linear_gaussian_nats"] = round(nats, 4)
    return measured


def _arrays(model, data):
    """All that the model is given, of the training split and of the split that is measured."""
    import numpy as np

    for split, limit in (("train", None), (SPLIT.value, EXAMPLES.value)):
        batches = list(data.batches(split, 500, SEED.value, limit))
        yield {name: np.concatenate([batch[name].numpy() for batch in batches]) for name in model.batch_spec}


def elbo(model, data) -> dict:
    """Two bounds; the importance bound is in the same images and never below the ELBO but for chance."""
    k = IMPORTANCE_SAMPLES.value
    at_once = max(size for size in range(1, 51) if k % size == 0)
    return {"importance_samples": k} | _likelihood(
        model,
        data,
        {
            "negative_elbo_nats": lambda batch, seed: -model.elbo(batch["image"], seed),
            "importance_bound_nats": lambda batch, seed: -model.importance_bound(batch["image"], k, seed, at_once),
        },
    )


def _likelihood(model, data, measures) -> dict:
    """Mean, standard error and bits per dimension of each function (batch, seed) -> nats [N]."""
    import numpy as np
    import tensorflow as tf

    from tfgen.metrics.likelihood import bits_per_dim
    from tfgen.ops import seeds

    functions = {name: tf.function(function) for name, function in measures.items()}
    values = {name: [] for name in functions}
    for batch in data.batches(SPLIT.value, BATCH_SIZE.value, SEED.value, EXAMPLES.value):
        begun = sum(map(len, next(iter(values.values()))))
        # Row i's seed is [seed, i] whatever the batch size.
        seed = seeds.seed_rows(begun + len(batch[model.example]), SEED.value)[begun:]
        for name, function in functions.items():
            values[name].append(function(batch, seed).numpy())
    result = {}
    for name, parts in values.items():
        nats = np.concatenate(parts).astype(np.float64)
        result |= {
            "examples": len(nats),
            name: round(nats.mean(), 4),
            f"{name}_standard_error": round(nats.std() / math.sqrt(len(nats)), 4),
        }
        if model.levels:  # of a density it would depend on the unit of the values
            result[name.removesuffix("nats") + "bits_per_dim"] = round(bits_per_dim(nats.mean(), model.shape), 5)
    return result


def class_shares(model, data) -> dict:
    """The share of each class among samples; a model that lost modes lacks classes."""
    import numpy as np
    import tensorflow as tf

    from tfgen.metrics import modes
    from tfgen.ops import seeds
    from trainers import classifier

    if not data.class_names:
        raise ValueError(f"dataset={data.name!r} has no labels: there is no classifier to judge samples by")
    predict, accuracy = classifier.train(data)
    sample = tf.function(model.sample)
    seed = seeds.seed_rows(SAMPLES.value, SEED.value)
    labels = np.concatenate(
        [predict(sample(seed[i : i + BATCH_SIZE.value])).numpy() for i in range(0, SAMPLES.value, BATCH_SIZE.value)]
    )
    shares = modes.class_shares(labels, len(data.class_names))
    return {
        "samples": SAMPLES.value,
        "classifier_test_accuracy": round(accuracy, 4),
        "class_shares": dict(zip(data.class_names, np.round(shares, 4).tolist(), strict=True)),
        "smallest_share": round(float(shares.min()), 4),
    }


# The first verb that a model has decides how it is measured.
MEASURES = {"log_prob": log_prob, "elbo": elbo, "sample": class_shares}

if __name__ == "__main__":
    trainer_flags.run(evaluate)
