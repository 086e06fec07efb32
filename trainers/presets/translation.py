"""Presets of models that make a picture of a picture or of a sentence."""

from trainers.config import TrainConfig, variant

# Reed et al. 2016, section 5: Adam with beta_1 0.5, batches of 64; five times their learning rate of 2e-4.
GAN_CLS = TrainConfig(
    source="Adam and batches of Reed et al. 2016, section 5; sizes of our own, minutes of a CPU.",
    model="gan_cls",
    dataset="scenes",
    steps=4000,
    epoch_steps=500,
    batch_size=64,
    learning_rate=1e-3,
    beta_1=0.5,
    schedule="cosine",
    decay_from=2000,
    average=0.995,
    hparams={"width": 20, "latent_dim": 16, "text_dim": 48, "text_width": 48},
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
        epoch_steps=2000,
        learning_rate=2e-4,
        decay_from=30_000,
    ),
}
