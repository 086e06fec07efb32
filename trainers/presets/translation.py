"""Presets of models that make a picture of a picture or of a sentence."""

from trainers.config import TrainConfig, variant

# Reed et al. 2016, section 5: Adam at 2e-4 with beta_1 0.5, batches of 64.
GAN_CLS = TrainConfig(
    source="Adam and batches of Reed et al. 2016, section 5; sizes of our own, minutes of a CPU.",
    model="gan_cls",
    dataset="scenes",
    steps=6000,
    epoch_steps=1000,
    batch_size=64,
    learning_rate=2e-4,
    beta_1=0.5,
    average=0.995,
    hparams={"width": 24, "latent_dim": 16},
)

PRESETS = {
    "gan_cls_scenes": GAN_CLS,
    "gan_cls_captions": variant(
        GAN_CLS,
        "Reed et al. 2016 at its 64 pixels, for pictures with captions of your own. For an accelerator.",
        {"width": 64, "latent_dim": 100, "text_dim": 128, "text_width": 128, "text_depth": 3},
        dataset="captions:path/to/pictures",
        transforms="resize:64,color",
        steps=60_000,
    ),
}
