"""How fast the autoregressive models train, and how much of the machine they use.

    python -m benchmarks.training [--image_size=28 --batch_size=16 --json]

Steps a second (forward and backward) of PixelCNN, Gated PixelCNN, Row LSTM and Diagonal BiLSTM of one width and depth,
in turns, on one thread: the lecture's "PixelCNN trains faster than PixelRNN", as a table. `mfu` is the share of the
thread's peak that the model's own multiplications make (masked weights not counted): 6 flops for every weight of a
kernel and every position, over the time of a step and over the rate of a 2048-wide matrix product in the same run.

Then the masked convolution, forward and backward: the whole window times its mask, the window cropped to its rows (what
`MaskedConv2D` does), and two convolutions that touch no masked weight.
"""

import json

from absl import app, flags

IMAGE_SIZE = flags.DEFINE_integer("image_size", 28, "side of the picture")
LEVELS = flags.DEFINE_integer("levels", 2, "values of a pixel")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "pictures of a step")
WIDTH = flags.DEFINE_integer("width", 32, "features")
DEPTH = flags.DEFINE_integer("depth", 3, "layers")
SECONDS = flags.DEFINE_float("seconds", 60.0, "how long to measure the models, and again the convolutions")
JSON = flags.DEFINE_bool("json", False, "print JSON objects instead of the table")

MODELS = {
    "pixel_cnn": ("pixel_cnn", {}),
    "gated_pixel_cnn": ("gated_pixel_cnn", {}),
    "row_lstm": ("pixel_rnn", {"recurrence": "row"}),
    "diagonal_bilstm": ("pixel_rnn", {"recurrence": "diagonal"}),
}


def main(_):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for row in (*models(), *convolutions()):
        print(json.dumps(row) if JSON.value else "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def models():
    import tensorflow as tf

    from benchmarks.timing import interleaved
    from tfgen import zoo

    side = IMAGE_SIZE.value
    image = tf.cast(tf.random.uniform([BATCH_SIZE.value, side, side, 1]) * LEVELS.value, tf.uint8)
    square = tf.random.normal([2048, 2048])
    functions = {"peak": tf.function(lambda: tf.reduce_sum(square @ square))}
    weights = {}
    for name, (model, arguments) in MODELS.items():
        sizes = {"width": WIDTH.value, "depth": DEPTH.value, "head_width": WIDTH.value}
        built = zoo.build(model, image_shape=(side, side, 1), levels=LEVELS.value, **sizes, **arguments)
        weights[name] = _kernel_weights(built)
        functions[name] = _step(built, image)
    times = interleaved({name: lambda f=f: f().numpy() for name, f in functions.items()}, SECONDS.value)
    peak = 2 * 2048**3 / times.pop("peak")
    for name, seconds in times.items():
        flops = 6 * side * side * BATCH_SIZE.value * weights[name]
        yield {
            "model": name,
            "steps_per_second": round(1 / seconds, 2),
            "relative_to_pixel_cnn": round(times["pixel_cnn"] / seconds, 2),
            "kernel_weights": weights[name],
            "gflops": round(flops / seconds / 1e9, 1),
            "mfu": round(flops / seconds / peak, 3),
        }


def _step(model, image):
    import tensorflow as tf

    variables = [variable.value for variable in model.trainable_variables]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(model.log_prob(image))
        gradients = tape.gradient(loss, variables)
        return tf.add_n([tf.reduce_sum(gradient) for gradient in gradients])

    return step


def _kernel_weights(model) -> int:
    """Weights that multiply something at every position: of all kernels but what a mask leaves out."""
    from tfgen.layers.masked_conv import MaskedConv2D

    masked = [layer for layer in model._flatten_layers() if isinstance(layer, MaskedConv2D)]
    mine = {id(layer.kernel) for layer in masked}
    total = sum(int((layer._masked_kernel().numpy() != 0).sum()) for layer in masked)
    return total + sum(
        v.value.shape.num_elements() for v in model.trainable_variables if v.ndim > 1 and id(v) not in mine
    )


def convolutions():
    import tensorflow as tf

    from benchmarks.timing import interleaved

    side, width = IMAGE_SIZE.value, WIDTH.value
    for size in (3, 7):
        half = size // 2
        x = tf.random.normal([BATCH_SIZE.value, side, side, width])
        kernel = tf.random.normal([size, size, width, width])
        mask = tf.reshape(tf.cast(tf.range(size * size) <= size * size // 2, tf.float32), [size, size, 1, 1])

        def whole(x, kernel, mask=mask):
            return tf.nn.conv2d(x, kernel * mask, 1, "SAME")

        def cropped(x, kernel, mask=mask, half=half):
            x = tf.pad(x, [[0, 0], [half, 0], [half, half], [0, 0]])
            return tf.nn.conv2d(x, (kernel * mask)[: half + 1], 1, "VALID")

        def parts(x, kernel, half=half):
            above = tf.pad(x[:, :-1], [[0, 0], [half, 0], [half, half], [0, 0]])
            above = tf.nn.conv2d(above[:, : x.shape[1] + half - 1], kernel[:half], 1, "VALID")
            row = tf.nn.conv2d(
                tf.pad(x, [[0, 0], [0, 0], [half, 0], [0, 0]]), kernel[half : half + 1, : half + 1], 1, "VALID"
            )
            return above + row

        functions = {}
        answers = [function(x, kernel) for function in (whole, cropped, parts)]
        for answer in answers[1:]:
            tf.debugging.assert_near(answers[0], answer, atol=1e-2)
        for name, function in (("whole", whole), ("cropped", cropped), ("parts", parts)):

            @tf.function
            def step(function=function, x=x, kernel=kernel):
                with tf.GradientTape() as tape:
                    tape.watch([x, kernel])
                    y = tf.reduce_sum(tf.square(function(x, kernel)))
                return [tf.reduce_sum(gradient) for gradient in tape.gradient(y, [x, kernel])]

            functions[name] = lambda step=step: step()[0].numpy()
        times = interleaved(functions, SECONDS.value / 4)
        yield {
            "masked_convolution": f"{size}x{size}",
            **{f"ms_{name}": round(seconds * 1e3, 2) for name, seconds in times.items()},
            "cropped_over_whole": round(times["cropped"] / times["whole"], 2),
            "parts_over_whole": round(times["parts"] / times["whole"], 2),
        }


if __name__ == "__main__":
    app.run(main)
