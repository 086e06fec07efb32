"""Presets of models that make a picture of a picture, or of a sentence."""

from trainers.config import TrainConfig, variant

# Isola et al. 2017, section 3.3 and appendix 6.2: Adam at 2e-4 with a first moment of 0.5, batches of 1 to 10, half of
# the steps at a rate that falls.
PIX2PIX_DIGITS = TrainConfig(
    source="Isola et al. 2017; sizes of our own, a minute of a CPU: digits from their negatives' edges.",
    model="pix2pix",
    dataset="digits",
    transforms="edges",
    steps=1000,
    epoch_steps=250,
    batch_size=20,
    learning_rate=2e-4,
    beta_1=0.5,
    hparams={"width": 16, "depth": 2, "patch_halvings": 1},
)
PIX2PIX_MAPS = variant(
    PIX2PIX_DIGITS,
    "Isola et al. 2017, aerial photographs to maps; 64 pixels for 256 and a fourth of the width: an hour of a CPU.",
    {"width": 32, "depth": 6, "patch_halvings": 2},
    dataset="pairs:data/maps",
    transforms="resize:64,flip",
    steps=12_000,
    epoch_steps=1000,
    batch_size=4,
    schedule="linear",
    decay_from=6000,
)
# Zhu et al. 2017, section 4 and appendix 7.1: as above, batches of 1.
CYCLE_GAN_DIGITS = TrainConfig(
    source="Zhu et al. 2017; sizes of our own, minutes of a CPU: digits and negatives of other digits.",
    model="cycle_gan",
    dataset="digits",
    transforms="invert,unpair",
    steps=1000,
    epoch_steps=250,
    batch_size=8,
    learning_rate=2e-4,
    beta_1=0.5,
    schedule="linear",
    decay_from=500,
    hparams={"width": 8, "blocks": 2, "patch_halvings": 1},
)

PRESETS = {
    "pix2pix_digits": PIX2PIX_DIGITS,
    "pix2pix_maps": PIX2PIX_MAPS,
    "cycle_gan_digits": CYCLE_GAN_DIGITS,
}
