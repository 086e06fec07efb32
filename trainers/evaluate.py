"""Measures a trained model on data it did not learn from, and prints one JSON line with its protocol.

    python -m trainers.evaluate --workdir=runs/vae_mnist
    python -m trainers.evaluate --pretrained=vae_mnist_small

First come pictures, in <workdir>/pictures; then every measure that fits the model: exact nats and bits per dimension
where it has `log_prob`; ELBO and importance bound where it has `elbo`; mean logits where it has `discriminate`; of
samples the share of each class and the distances from real pictures, in the features of a classifier trained on the
same data and kept in <workdir>/classifier, where there are labels, or of another network (--features). The defaults end
within minutes on two cores for small models; --full is the long protocol. A run with --keep_best is measured at its
best, which is what it exports. The line is also written to <workdir>/evaluation.json (exports show it in their card);
of a published model, to runs/pretrained/<name>.
"""

import json
import pathlib

from absl import flags

from trainers import flags as trainer_flags

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run")
PRETRAINED = flags.DEFINE_string("pretrained", None, "instead of a workdir, the name of a published model")
flags.mark_flags_as_mutual_exclusive(["workdir", "pretrained"], required=True)
trainer_flags.declare_protocol()


def evaluate() -> None:
    from tfgen import zoo

    name = PRETRAINED.value
    source = zoo.pretrained_folder(name) if name else pathlib.Path(WORKDIR.value)
    workdir = pathlib.Path("runs/pretrained") / name if name else source
    config = zoo.read_config(source)  # before TensorFlow, so that a wrong folder answers at once
    from trainers import measures

    model = zoo.restore(source, best=bool(config.get("keep_best")))
    data = measures.load_data(config, flags.FLAGS.data_dir)
    line = json.dumps(measures.report(config, model, data, trainer_flags.protocol(), workdir))
    partial = workdir / "evaluation.partial"
    partial.write_text(line + "\n")
    partial.replace(workdir / "evaluation.json")
    print(line)


if __name__ == "__main__":
    trainer_flags.run(evaluate)
