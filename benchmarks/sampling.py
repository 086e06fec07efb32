"""How fast an autoregressive model samples, against the same network run plainly.

    python -m benchmarks.sampling [--model=gated_pixel_cnn --image_size=28 --batch_size=1,16,64 --json]

Times, in turns: the sampler in the export (no XLA), the compiled one, one forward pass over a picture, and the plain
sampler (the whole network for every value) with its loop in Python and in the graph, both on a stride of pixels and
scaled. One thread each, so that all are measured in the same thing. The pictures of both samplers are first
held against the conditionals of one pass. A value whose uniform lies within 1e-4 of an edge of its level, on the other
side, is a tie of rounding, in another order of sums: ties are counted and printed with their largest distance. Any
other difference is printed, and the command fails. The floor is the time of the products alone that sampling by
steps cannot do without, compiled (null where they cannot be told apart: `benchmarks.floor`). oneDNN is off unless
TF_ENABLE_ONEDNN_OPTS says otherwise: its products of one row took up to twice as long.

`pixel_cnn_pp` with `--hparams=scales=1` is also timed against tfd.PixelCNN's own sampler with the same weights, in a
tf.function, at batch 1 (`ratio_tfp`; null for models that TensorFlow Probability does not have).
"""

import json
import math
import os
import sys
import time

import numpy as np
from absl import app, flags

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MODEL = flags.DEFINE_string("model", "gated_pixel_cnn", "an autoregressive model")
IMAGE_SIZE = flags.DEFINE_integer("image_size", 28, "side of the picture; of audio, the root of its length")
CHANNELS = flags.DEFINE_integer("channels", 1, "1 or 3")
LEVELS = flags.DEFINE_integer("levels", 256, "values of a pixel")
WIDTH = flags.DEFINE_integer("width", 64, "features")
DEPTH = flags.DEFINE_integer("depth", 7, "layers")
HPARAMS = flags.DEFINE_string("hparams", "", "other arguments of the model: name=value,name=value")
BATCH_SIZE = flags.DEFINE_list("batch_size", ["1", "16", "64"], "pictures at a time")
STRIDE = flags.DEFINE_integer("stride", 196, "the plain samplers run every so-many-th position and are scaled")
SECONDS = flags.DEFINE_float("seconds", 20.0, "how long to measure, for each batch size")
JSON = flags.DEFINE_bool("json", False, "print one JSON object for each batch size instead of the table")


def main(_):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = build()
    wrong = 0
    for batch_size in map(int, BATCH_SIZE.value):
        row = measure(model, batch_size)
        wrong += row["different"]
        print(
            json.dumps(row) if JSON.value else "\n".join(f"{key:>28}: {value}" for key, value in row.items()),
            flush=True,
        )
    if wrong:
        sys.exit(f"{wrong} values are not what their conditionals draw")


def build():
    import tensorflow as tf

    from tfgen import zoo
    from trainers.config import parse_hparams

    side, name = IMAGE_SIZE.value, MODEL.value
    name = next((known for known in zoo.MODELS if known.replace("_", "") == name.replace("_", "")), name)
    sizes = {
        "image_shape": (side, side, CHANNELS.value),
        "length": side * side,
        "levels": LEVELS.value,
        "width": WIDTH.value,
        "depth": DEPTH.value,
        "head_width": WIDTH.value,
    }
    sizes = {key: value for key, value in sizes.items() if key in zoo.arguments(name)}
    model = zoo.build(name, **sizes | parse_hparams(name, HPARAMS.value))
    for i, variable in enumerate(model.trainable_variables):  # not flat: samples that differ from row to row
        variable.assign_add(0.05 * tf.random.stateless_normal(variable.shape, [0, i]))
    return model


def measure(model, batch_size: int) -> dict:
    import tensorflow as tf

    from benchmarks import ties
    from benchmarks.floor import products
    from benchmarks.timing import interleaved
    from export.saved_model import served_function
    from tfgen.ops import seeds

    seed = seeds.seed_rows(batch_size)
    shape = model.shape
    positions = math.prod(shape)
    exported = served_function(model, model.signatures()["sample"])
    forward = tf.function(model.logits)
    plain = model.distribution()
    uniforms = seeds.uniform(seed, shape)
    image = model.sample(seed)

    one_position = tf.function(lambda image: tf.reduce_sum(plain.logits(image)))
    steps = range(0, positions, STRIDE.value)

    def python_loop():
        for _ in steps:
            one_position(image).numpy()

    @tf.function
    def graph_loop():
        # Known but for every STRIDE-th position would still run the network everywhere: so only those are run.
        def body(i, total):
            return i + 1, total + tf.reduce_sum(plain.logits(tf.roll(image, i, 1)))

        return tf.while_loop(lambda i, _: i < len(steps), body, (0, 0.0), parallel_iterations=1)[1]

    # By induction: a picture whose every value is what its conditional draws at its uniform is the plain sampler's.
    pictures = (image, exported({"seed": seed})[model.example])
    apart = np.concatenate([ties.distances(forward(picture), picture, uniforms) for picture in pictures], axis=None)
    tied = (apart > 0) & (apart <= ties.TIE)
    floor = products(model, batch_size)
    times = interleaved(
        {
            **({"floor": floor} if floor else {}),
            "graph": lambda: exported({"seed": seed})[model.example].numpy(),
            "xla": lambda: model.sample(seed).numpy(),
            "forward": lambda: forward(image).numpy(),
            "plain_loop": python_loop,
            "graph_loop": lambda: graph_loop().numpy(),
        },
        SECONDS.value,
    )
    scale = positions / len(steps)
    plain_loop, graph_loop_time = times["plain_loop"] * scale, times["graph_loop"] * scale
    rival = (
        _tfp_seconds(model, image)
        if batch_size == 1 and len(getattr(getattr(model, "network", None), "scales", "--")) == 1
        else None
    )
    milliseconds = 1e3 / batch_size
    floor = times.get("floor")
    return {
        "model": MODEL.value,
        "batch_size": batch_size,
        "shape": list(shape),
        "values": apart.size,
        "identical": int((apart == 0).sum()),
        "ties": int(tied.sum()),
        "largest_tie": float(apart[tied].max(initial=0.0)),
        "different": int((~(apart <= ties.TIE)).sum()),
        "ms_graph": round(times["graph"] * milliseconds, 2),
        "ms_xla": round(times["xla"] * milliseconds, 2),
        "ms_forward": round(times["forward"] * milliseconds, 2),
        "ms_floor": floor and round(floor * milliseconds, 2),
        "ms_plain_loop": round(plain_loop * milliseconds, 1),
        "ms_graph_loop": round(graph_loop_time * milliseconds, 1),
        "ms_tfp": rival and round(rival * milliseconds, 1),
        "passes_graph": round(times["graph"] / times["forward"], 2),
        "passes_xla": round(times["xla"] / times["forward"], 2),
        "passes_floor": floor and round(floor / times["forward"], 2),
        "ratio_plain_loop": round(plain_loop / times["xla"], 1),
        "ratio_graph_loop": round(graph_loop_time / times["xla"], 1),
        "ratio_tfp": rival and round(rival / times["xla"], 1),
        "ratio_plain_loop_graph": round(plain_loop / times["graph"], 1),
        "ratio_graph_loop_graph": round(graph_loop_time / times["graph"], 1),
        "ratio_tfp_graph": rival and round(rival / times["graph"], 1),
    }


def _tfp_seconds(model, image) -> float:
    """Seconds of one picture by tfd.PixelCNN's sampler, after a first call."""
    import tensorflow as tf

    from benchmarks import tfp_rival

    rival = tfp_rival.same_weights(model)
    apart = tfp_rival.difference(model, rival, image)
    assert apart < 1e-3, f"tfd.PixelCNN computes something else: {apart} apart"
    sample = tf.function(lambda: rival.sample(1))
    sample().numpy()
    began = time.perf_counter()
    sample().numpy()
    return time.perf_counter() - began


if __name__ == "__main__":
    app.run(main)
