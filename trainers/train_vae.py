"""python -m trainers.train_vae --preset=vae_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main("train_vae", "Trains a latent-variable model: VAE.", default_preset="vae_digits")
