"""Presets of the autoregressive family, model after model; what several share is said once."""

from trainers.config import TrainConfig, variant

OURS = "Sizes of our own."
STOPPED = "Sized for 1,000 training images; stopped where the validation loss is lowest."

DIGITS = TrainConfig(
    dataset="digits",
    steps=2500,
    epoch_steps=250,
    batch_size=100,
    learning_rate=2e-3,
    weight_decay=1.0,
    average=0.998,
)
DENSE_DIGITS = TrainConfig(
    dataset="digits",
    steps=3000,
    epoch_steps=500,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    weight_decay=0.5,
    average=0.99,
)
MNIST = TrainConfig(
    dataset="mnist",
    transforms="binarize",
    steps=10_000,
    epoch_steps=1000,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
)
# van den Oord et al. 2016, "Pixel Recurrent Neural Networks": RMSProp; the steps are ours. For an accelerator.
CIFAR10 = TrainConfig(
    dataset="cifar10",
    steps=500_000,
    epoch_steps=2000,
    batch_size=16,
    optimizer="rmsprop",
    learning_rate=1e-3,
)


IMAGENET = variant(
    CIFAR10,
    "ImageNet, as van den Oord et al. 2016 have it. For an accelerator.",
    dataset="imagenet_resized/32x32",
    batch_size=64,
)
ROW_LSTM_DIGITS = variant(
    DIGITS,
    STOPPED,
    model="pixel_rnn",
    steps=1500,
    hparams={"recurrence": "row", "width": 48, "depth": 3, "head_width": 64, "dropout": 0.6},
)
ROW_LSTM_MNIST = variant(
    MNIST,
    "Sizes of our own: minutes of a CPU.",
    model="pixel_rnn",
    steps=4000,
    epoch_steps=500,
    batch_size=64,
    learning_rate=2e-3,
    average=0.998,
    hparams={"recurrence": "row", "width": 24, "depth": 3, "head_width": 32},
)
DIAGONAL_BILSTM_CIFAR10 = variant(
    CIFAR10,
    "van den Oord et al. 2016, table 1: 12 layers of 128 features, head 1024, RMSProp. For an accelerator.",
    model="pixel_rnn",
    hparams={"recurrence": "diagonal", "width": 128, "depth": 12, "head_width": 1024},
)
GATED_DIGITS = variant(
    DIGITS,
    STOPPED,
    model="gated_pixel_cnn",
    hparams={"width": 64, "depth": 5, "head_width": 128, "dropout": 0.6},
)
WAVENET = TrainConfig(
    source="Sizes of our own: minutes of a CPU.",
    model="wavenet",
    dataset="tones",
    transforms="clip:2048",
    steps=600,
    epoch_steps=100,
    batch_size=8,
    learning_rate=2e-3,
    schedule="cosine",
    average=0.99,
    hparams={"width": 24, "skip": 48, "depth": 8, "stacks": 2, "conditional": True},
)

PRESETS = {
    "fvsbn_digits": variant(DENSE_DIGITS, OURS, model="fvsbn", steps=4000, learning_rate=3e-3, weight_decay=1.0),
    "fvsbn_mnist": variant(MNIST, OURS, model="fvsbn"),
    "nade_digits": variant(
        DENSE_DIGITS,
        "500 hidden units, as in the experiments of Larochelle and Murray 2011.",
        model="nade",
        hparams={"width": 500},
    ),
    "nade_mnist": variant(
        MNIST,
        "500 hidden units, as in the experiments of Larochelle and Murray 2011; not yet trained to its end.",
        model="nade",
        hparams={"width": 500},
    ),
    "made_digits": variant(DENSE_DIGITS, OURS, model="made", hparams={"width": 500}),
    "made_mnist": variant(
        MNIST,
        "One hidden layer and one mask, as in Germain et al. 2015, of 2,000 units rather than 8,000.",
        model="made",
        steps=32_400,
        epoch_steps=1080,
        hparams={"width": 2000},
    ),
    "made_mnist_small": variant(
        MNIST,
        "made_mnist with 440 units: 1.9 MB in half precision, and minutes of a CPU.",
        model="made",
        hparams={"width": 440},
    ),
    "made_mnist_32_masks": variant(
        MNIST,
        "Germain et al. 2015: two layers of 8,000 units, 32 masks. For an accelerator.",
        model="made",
        steps=500_000,
        epoch_steps=5000,
        hparams={"width": 8000, "depth": 2, "masks": 32, "random_orders": True},
    ),
    "pixel_cnn_digits": variant(
        DIGITS,
        STOPPED,
        model="pixel_cnn",
        hparams={"width": 64, "depth": 6, "head_width": 128, "dropout": 0.75},
    ),
    "pixel_cnn_mnist": variant(
        MNIST,
        "15 blocks: van den Oord et al. 2016, table 1; of 16 features, head 32. Not yet trained to its end.",
        model="pixel_cnn",
        steps=20_000,
        batch_size=64,
        hparams={"width": 16, "depth": 15, "head_width": 32},
    ),
    "pixel_cnn_cifar10": variant(
        CIFAR10,
        "15 blocks of 128 features, head 1024, RMSProp: van den Oord et al. 2016; "
        "width 129 and head 1026 are the next multiples of 3. For an accelerator.",
        model="pixel_cnn",
        hparams={"width": 129, "depth": 15, "head_width": 1026},
    ),
    "row_lstm_digits": ROW_LSTM_DIGITS,
    "row_lstm_mnist": ROW_LSTM_MNIST,
    "row_lstm_cifar10": variant(DIAGONAL_BILSTM_CIFAR10, DIAGONAL_BILSTM_CIFAR10.source, {"recurrence": "row"}),
    "diagonal_bilstm_digits": variant(ROW_LSTM_DIGITS, "row_lstm_digits over diagonals.", {"recurrence": "diagonal"}),
    "diagonal_bilstm_mnist": variant(
        ROW_LSTM_MNIST,
        "row_lstm_mnist over diagonals, with smaller batches.",
        {"recurrence": "diagonal"},
        steps=1000,
        batch_size=32,
    ),
    "diagonal_bilstm_cifar10": DIAGONAL_BILSTM_CIFAR10,
    "gated_pixel_cnn_digits": GATED_DIGITS,
    "gated_pixel_cnn_digits_conditional": variant(
        GATED_DIGITS,
        "gated_pixel_cnn_digits with the label as condition: van den Oord et al. 2016b, equation 4.",
        {"conditional": True},
    ),
    "gated_pixel_cnn_mnist": variant(
        MNIST,
        "Sizes of our own: less than an hour and a half of a CPU.",
        model="gated_pixel_cnn",
        steps=36_000,
        epoch_steps=2000,
        batch_size=16,
        learning_rate=2.5e-3,
        average=0.9995,
        hparams={"width": 24, "depth": 12, "head_width": 48, "dilations": (1, 2, 4)},
    ),
    "gated_pixel_cnn_mnist_near": variant(
        MNIST,
        "The autoregressive network of pixel_vae_mnist by itself, as many steps: it sees near pixels alone.",
        model="gated_pixel_cnn",
        steps=12_000,
        batch_size=50,
        learning_rate=2e-3,
        hparams={"width": 24, "depth": 3, "head_width": 48},
    ),
    "gated_pixel_cnn_cifar10": variant(
        CIFAR10,
        "Sizes of our own at the scale of van den Oord et al. 2016b, section 3. For an accelerator.",
        model="gated_pixel_cnn",
        batch_size=128,
        optimizer="adam",
        learning_rate=3e-4,
        average=0.999,
        hparams={"width": 128, "depth": 15, "head_width": 512},
    ),
    "pixel_cnn_pp_digits": variant(
        DIGITS,
        STOPPED,
        model="pixel_cnn_pp",
        steps=750,
        learning_rate=1e-3,
        weight_decay=0.5,
        hparams={"width": 32, "depth": 1, "scales": 2, "mixtures": 5, "dropout": 0.5},
    ),
    "pixel_cnn_pp_cifar10_small": TrainConfig(
        source="A fifth of the width and of the depth of Salimans et al. 2017, without dropout; an hour of a CPU.",
        model="pixel_cnn_pp",
        dataset="cifar10",
        steps=11_000,
        epoch_steps=500,
        batch_size=16,
        learning_rate=1e-3,
        schedule="cosine",
        average=0.999,
        hparams={"width": 32, "depth": 1, "mixtures": 5, "dropout": 0.0},
    ),
    "pixel_cnn_pp_cifar10": TrainConfig(
        source="Salimans et al. 2017 and the authors' code: 160 filters, 5 blocks, 10 logistics, dropout 0.5, average "
        "0.9995. For accelerators.",
        model="pixel_cnn_pp",
        dataset="cifar10",
        steps=1_000_000,
        epoch_steps=5000,
        batch_size=96,
        learning_rate=1e-3,
        average=0.9995,
        hparams={"width": 160, "depth": 5},
    ),
    "wavenet_tones": WAVENET,
    "wavenet_speech": variant(
        WAVENET,
        "Sizes of our own: minutes of a CPU. Give the folder: --dataset=audio:PATH.",
        {"width": 32, "skip": 64, "depth": 9},
        dataset="audio:recordings",
        steps=2400,
        epoch_steps=200,
    ),
    "wavenet_16k": variant(
        WAVENET,
        "Three stacks of 10 layers, 256 skip features, in the manner of van den Oord et al. 2016 (who print no "
        "widths). Give the folder: --dataset=audio:PATH. For an accelerator.",
        {"width": 64, "skip": 256, "depth": 10, "stacks": 3},
        dataset="audio:recordings",
        transforms="clip:16000",
        steps=500_000,
        epoch_steps=2000,
    ),
    "row_lstm_imagenet32": variant(
        IMAGENET,
        "12 layers of 384 features, as van den Oord et al. 2016 have for ImageNet. For an accelerator.",
        model="pixel_rnn",
        hparams={"recurrence": "row", "width": 384, "depth": 12, "head_width": 1024},
    ),
    "gated_pixel_cnn_imagenet32": variant(
        IMAGENET,
        "20 layers of 384 features, as van den Oord et al. 2016b have for ImageNet. For an accelerator.",
        model="gated_pixel_cnn",
        optimizer="adam",
        learning_rate=2e-4,
        hparams={"width": 384, "depth": 20, "head_width": 1024},
    ),
    "gated_pixel_cnn_imagenet64": variant(
        IMAGENET,
        "gated_pixel_cnn_imagenet32 at 64 pixels. For an accelerator.",
        model="gated_pixel_cnn",
        dataset="imagenet_resized/64x64",
        optimizer="adam",
        learning_rate=2e-4,
        batch_size=16,
        hparams={"width": 384, "depth": 20, "head_width": 1024},
    ),
}
