"""python -m trainers.train_autoencoder --preset=autoencoder_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_autoencoder",
        "Trains an autoencoder: linear, fully connected or convolutional, denoising if you like.",
        default_preset="autoencoder_digits",
    )
