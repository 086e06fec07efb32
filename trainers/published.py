"""Figures that others have published of the models here, each with its protocol; none is compared without it."""

MNIST = "MNIST, 28x28, dynamically binarised"
FIGURES = {
    "fvsbn": (f"96.58 nats, {MNIST} (a re-run, one GPU, 50 epochs)",),
    "nade": (
        f"85.65 nats, {MNIST} (a re-run, 500 units, 50 epochs)",
        "88.86 nats, MNIST binarised once (Larochelle and Murray 2011)",
    ),
    "made": (
        f"84.87 nats, {MNIST} (a re-run, 8,000 units, 85 epochs)",
        "88.04 nats, MNIST binarised once (Germain et al. 2015, one layer, 32 masks)",
    ),
    "pixel_cnn": (
        "81.30 nats, MNIST binarised once (van den Oord et al. 2016)",
        "3.14 bits/dim, CIFAR-10 (van den Oord et al. 2016)",
    ),
    "pixel_rnn": (
        "79.20 nats, MNIST binarised once (van den Oord et al. 2016, Diagonal BiLSTM)",
        "3.00 bits/dim, CIFAR-10 (the same)",
    ),
    "gated_pixel_cnn": (
        f"81.50 nats, {MNIST} (a re-run, 10 x 128, 457 epochs)",
        "3.03 bits/dim, CIFAR-10 (van den Oord et al. 2016b)",
    ),
    "pixel_cnn_pp": ("2.92 bits/dim, CIFAR-10 (Salimans et al. 2017, days on 8 GPUs)",),
    "vae": (
        f"86.76 nats by 5,000 samples, {MNIST} (Burda et al. 2016, 200-200 units, k = 1)",
        f"84.78 nats by 5,000 samples, {MNIST} (the same, trained with k = 50)",
    ),
    "hierarchical_vae": (f"85.33 nats by 5,000 samples, {MNIST} (Burda et al. 2016, two layers, k = 1)",),
}
