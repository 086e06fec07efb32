"""python -m trainers.train_autoregressive --preset=pixel_cnn_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_autoregressive",
        "Trains a model with a tractable density: from FVSBN to PixelCNN++ and PixelRNN, and WaveNet for sound.",
        default_preset="pixel_cnn_digits",
    )
