"""python -m trainers.train_translation --preset=gan_cls_scenes"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_translation",
        "Trains what makes a picture of a picture or of a sentence.",
        default_preset="gan_cls_scenes",
    )
