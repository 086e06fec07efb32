"""Runs a SavedModel with plain TensorFlow, by the session loader that TF Serving uses.

    python export/plain_tensorflow.py EXPORT requests.npz answers.npz
    python export/plain_tensorflow.py -
    python export/plain_tensorflow.py EXPORT --sample=32 --grid=8 picture.png
    python export/plain_tensorflow.py EXPORT --translate=pictures --signature=translate answers

It needs neither this package nor Keras nor TensorFlow Probability, and hides them from itself. The first form answers
every request "signature/input" of a .npz file as "signature/output"; the second does so for every line of its input,
the three parted by tabs, and prints a line after each; the third draws pictures by the signature "sample" as one PNG;
the fourth writes what a signature makes of every picture of a folder as PNG files of the same names into another.
"""

import importlib.abc
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


FOREIGN = ("keras", "tf_keras", "tensorflow_probability", "tfgen", "trainers")


class Hide(importlib.abc.MetaPathFinder):
    """Finds modules as `finder` does, but for those that an export must not need: they are as if not installed."""

    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in FOREIGN else self._finder.find_spec(name, path, target)


if __name__ == "__main__":
    # Of what lies beside this file, requests.py would be taken for the package of that name.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(os.path.abspath(__file__))]
    sys.meta_path[:] = [Hide(finder) for finder in sys.meta_path if hasattr(finder, "find_spec")]
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

tf.get_logger().setLevel("ERROR")  # the session loader is deprecated in TensorFlow 2, and what TF Serving uses


class Server:
    """The signatures of a SavedModel, as a session runs them."""

    def __init__(self, path: str):
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            meta = tf.compat.v1.saved_model.loader.load(self.session, ["serve"], path)
        self.signatures = meta.signature_def

    def __call__(self, name: str, **inputs) -> dict:
        signature = self.signatures[name]
        feed = {signature.inputs[key].name: value for key, value in inputs.items()}
        return self.session.run({key: info.name for key, info in signature.outputs.items()}, feed)


def answer_file(path: str, requests: str, answers: str) -> None:
    grouped = {}
    for key, value in np.load(requests).items():
        name, argument = key.split("/")
        grouped.setdefault(name, {})[argument] = value
    try:
        server = Server(path)
        given = {name: server(name, **inputs) for name, inputs in grouped.items()}
        server.session.close()
    except Exception as error:
        error.add_note(f"by the export {path}")
        raise
    np.savez(answers, **{f"{name}/{key}": value for name, outputs in given.items() for key, value in outputs.items()})


def draw(path: str, count: int, columns: int, picture: str) -> None:
    images = Server(path)("sample", seed=[[0, i] for i in range(count)])["image"]
    images = np.pad(
        images * (255.0 / max(1, images.max())), ((0, -count % columns), (0, 1), (0, 1), (0, 0)), constant_values=96
    )
    number, height, width, channels = images.shape
    canvas = images.reshape(number // columns, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    canvas = canvas.reshape(-1, columns * width, channels).round().astype(np.uint8)
    scale = max(1, 56 // height)
    tf.io.write_file(picture, tf.io.encode_png(canvas.repeat(scale, 0).repeat(scale, 1)))


def translate(path: str, folder: str, name: str, output: str) -> None:
    """A picture is cut to the multiples that the signature asks for, or resized where its sides are not free."""
    server = Server(path)
    if name not in server.signatures:
        served = sorted(one for one in server.signatures if not one.startswith("_"))
        sys.exit(f"--signature={name}: {path} serves {', '.join(served)}")
    inputs = server.signatures[name].inputs
    taken = [key for key in inputs if key != "seed"]
    shape = [size.size for size in inputs[taken[0]].tensor_shape.dim][1:]
    if len(taken) > 1 or len(shape) != 3:
        sys.exit(f"--signature={name}: takes {', '.join(sorted(inputs))}, not one picture")
    with open(os.path.join(path, "model_card.json")) as card:
        multiple = json.load(card)["signatures"][name]["inputs"][taken[0]].get("multiple", 1)
    os.makedirs(output, exist_ok=True)
    for number, file in enumerate(sorted(os.listdir(folder))):
        if not file.lower().endswith((".png", ".jpg", ".jpeg")):
            continue
        picture = tf.io.decode_image(tf.io.read_file(os.path.join(folder, file)), shape[2], expand_animations=False)
        if shape[0] < 0:
            picture = picture[: picture.shape[0] // multiple * multiple, : picture.shape[1] // multiple * multiple]
        else:
            picture = tf.cast(tf.round(tf.image.resize(picture, shape[:2], antialias=True)), tf.uint8)
        seed = {"seed": [[0, number]]} if "seed" in inputs else {}
        answer = server(name, **{taken[0]: picture.numpy()[None]}, **seed)["image"][0]
        target = os.path.join(output, os.path.splitext(file)[0] + ".png")
        tf.io.write_file(target, tf.io.encode_png(answer))
        print(target)


if __name__ == "__main__":
    options = [one.partition("=") for one in sys.argv[2:] if one.startswith("--")]
    if [name for name, _, _ in options] == ["--translate", "--signature"] and len(sys.argv) == 5:
        translate(sys.argv[1], options[0][2], options[1][2], sys.argv[4])
    elif len(sys.argv) == 4:
        answer_file(*sys.argv[1:])
    elif sys.argv[1:] == ["-"]:
        for line in sys.stdin:
            answer_file(*line.rstrip("\n").split("\t"))
            print("answered", flush=True)
    elif len(sys.argv) == 5 and sys.argv[2].startswith("--sample=") and sys.argv[3].startswith("--grid="):
        draw(sys.argv[1], int(sys.argv[2][9:]), int(sys.argv[3][7:]), sys.argv[4])
    else:
        sys.exit(__doc__)
