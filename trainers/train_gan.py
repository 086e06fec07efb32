"""python -m trainers.train_gan --preset=dcgan_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main("train_gan", "Trains a GAN: DCGAN.", default_preset="dcgan_digits")
