"""python -m trainers.train_chain --preset=rbm_digits"""

from trainers import flags

if __name__ == "__main__":
    flags.main(
        "train_chain",
        "Trains what is sampled by a Markov chain: a Boltzmann machine, or a denoising autoencoder's chain.",
        default_preset="rbm_digits",
    )
