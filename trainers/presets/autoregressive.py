"""Presets of the autoregressive family."""

from trainers.config import TrainConfig

PRESETS = {
    "pixel_cnn_digits": TrainConfig(
        source="Sized for 1,000 training images; stopped where the validation loss is lowest.",
        model="pixel_cnn",
        dataset="digits",
        steps=2500,
        epoch_steps=250,
        batch_size=100,
        learning_rate=2e-3,
        weight_decay=1.0,
        average=0.998,
        hparams={"width": 64, "depth": 6, "head_width": 128, "dropout": 0.75},
    ),
    "pixel_cnn_mnist": TrainConfig(
        source="15 blocks of 16 features, head 32: van den Oord et al. 2016, table 1, MNIST column.",
        model="pixel_cnn",
        dataset="mnist",
        transforms="binarize",
        steps=20000,
        epoch_steps=1000,
        batch_size=64,
        learning_rate=1e-3,
        schedule="cosine",
        average=0.999,
        hparams={"width": 16, "depth": 15, "head_width": 32},
    ),
    "pixel_cnn_cifar10": TrainConfig(
        source="15 blocks of 128 features, head 1024, RMSProp: van den Oord et al. 2016, table 1 and section 5.2; "
        "width 129 and head 1026 are the next multiples of 3. For an accelerator.",
        model="pixel_cnn",
        dataset="cifar10",
        steps=500_000,
        epoch_steps=2000,
        batch_size=16,
        optimizer="rmsprop",
        learning_rate=1e-3,
        hparams={"width": 129, "depth": 15, "head_width": 1026},
    ),
}
