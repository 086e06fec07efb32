"""python -m trainers.train_translation --preset=pix2pix_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_translation",
        "Trains what makes a picture of a picture, or of a sentence.",
        default_preset="pix2pix_digits",
    )
