"""Presets of models that make a picture of a picture, or of a sentence."""

from trainers.config import TrainConfig, variant

# Isola et al. 2017, section 3.3 and appendix 6.2: Adam at 2e-4 with a first moment of 0.5, batches of 1 to 10, half of
# the steps at a rate that falls.
PIX2PIX_DIGITS = TrainConfig(
    source="Isola et al. 2017; rate and sizes of our own, a minute of a CPU: digits from their edges.",
    model="pix2pix",
    dataset="digits",
    transforms="edges",
    steps=2000,
    epoch_steps=500,
    batch_size=20,
    learning_rate=1e-3,
    beta_1=0.5,
    hparams={"width": 16, "depth": 2, "patch_halvings": 1},
    schedule="linear",
    decay_from=1000,
    average=0.99,
)
PIX2PIX_MAPS = variant(
    PIX2PIX_DIGITS,
    "Isola et al. 2017, aerial photographs to maps; 64 pixels for 256 and a fourth of the width: an hour of a CPU.",
    {"width": 32, "depth": 6, "patch_halvings": 2},
    dataset="pairs:data/maps",
    transforms="resize:128,jitter:64,flip",
    steps=12_000,
    epoch_steps=1000,
    batch_size=4,
    learning_rate=2e-4,
    average=0.0,
    decay_from=6000,
)
# Zhu et al. 2017, section 4 and appendix 7.1: as above, batches of 1. Without the identity term, which would keep the
# colours that are to be turned round here.
CYCLE_GAN_DIGITS = TrainConfig(
    source="Zhu et al. 2017; sizes of our own, minutes of a CPU: digits and negatives of other digits.",
    model="cycle_gan",
    dataset="digits",
    transforms="invert,unpair",
    steps=1000,
    epoch_steps=250,
    batch_size=8,
    learning_rate=1e-3,
    beta_1=0.5,
    schedule="linear",
    decay_from=500,
    hparams={"width": 16, "blocks": 2, "halvings": 0, "patch_halvings": 1, "identity_weight": 0.0},
)

# Ledig et al. 2017, section 3.2: Adam, 1e-4 where there is a discriminator. Ours begins at ten times that.
SRRESNET = TrainConfig(
    source="Ledig et al. 2017, SRResNet; sizes of our own, 8 pixels to 32: a quarter of a CPU hour.",
    model="srgan",
    dataset="cifar10",
    transforms="flip,shrink:4",
    steps=10_000,
    epoch_steps=1000,
    batch_size=16,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
    hparams={"width": 32, "blocks": 6, "adversarial": False, "perceptual": True, "feature_weight": 0.0},
)
SRGAN = variant(
    SRRESNET,
    "Ledig et al. 2017, SRGAN, to be started from srresnet_cifar10 (--start_from=runs/srresnet_cifar10).",
    {"adversarial": True, "feature_weight": 1.0, "fooling_weight": 0.01},
    steps=5000,
    learning_rate=1e-4,
    beta_1=0.5,
)
COLOR = TrainConfig(
    source="Royer et al. 2017 in kind; sizes of our own, 16 pixels: half a CPU hour.",
    model="color_pixel_cnn",
    dataset="cifar10",
    transforms="resize:16,flip,gray",
    steps=4000,
    epoch_steps=500,
    batch_size=32,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
    hparams={"width": 32, "depth": 4, "head_width": 64, "planes": 32, "blocks": 4},
)
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
ACCELERATOR = "For an accelerator."

PRESETS = {
    "pix2pix_digits": PIX2PIX_DIGITS,
    "pix2pix_maps": PIX2PIX_MAPS,
    "pix2pix_edges": variant(
        PIX2PIX_MAPS,
        "Isola et al. 2017, edges to photographs, of pictures of your own (--dataset=folder:PATH); 64 pixels.",
        transforms="resize:64,color,flip,edges",
    ),
    "pix2pix_emoji": variant(
        PIX2PIX_MAPS,
        "Isola et al. 2017, edges to pictures: Noto's emoji, in pixels of 2x2.",
        {"depth": 5},
        dataset="emoji",
        transforms="resize:32,flip,edges",
    ),
    "pix2pix_gray": variant(
        PIX2PIX_MAPS,
        "Isola et al. 2017, black and white to colours; CIFAR-10.",
        {"depth": 5},
        dataset="cifar10",
        transforms="flip,gray",
    ),
    "pix2pix_occluded": variant(
        PIX2PIX_MAPS,
        "Isola et al. 2017, what is missing of a picture: its lower half; CIFAR-10.",
        {"depth": 5},
        dataset="cifar10",
        transforms="flip,occlude",
    ),
    "pix2pix_maps_256": variant(
        PIX2PIX_MAPS,
        f"Isola et al. 2017, section 3.3 and appendix 6.1. {ACCELERATOR}",
        {"width": 64, "depth": 8, "patch_halvings": 3},
        transforms="resize:286,jitter:256,flip",
        steps=200_000,
        epoch_steps=2000,
        batch_size=1,
        decay_from=100_000,
    ),
    "cycle_gan_digits": CYCLE_GAN_DIGITS,
    "cycle_gan_mnist": variant(
        CYCLE_GAN_DIGITS,
        "cycle_gan_digits on MNIST: a third of a CPU hour.",
        {"halvings": 1},
        dataset="mnist",
        transforms="invert,unpair",
        steps=1600,
        epoch_steps=400,
        decay_from=800,
    ),
    "cycle_gan_maps": variant(
        CYCLE_GAN_DIGITS,
        "Zhu et al. 2017, maps and photographs; 64 pixels for 256 and a fourth of the width: an hour of a CPU.",
        {"width": 16, "blocks": 3, "halvings": 2, "patch_halvings": 2, "identity_weight": 5.0},
        dataset="pairs:data/maps",
        transforms="resize:128,jitter:64,flip,unpair",
        steps=5000,
        epoch_steps=500,
        batch_size=2,
        decay_from=2500,
    ),
    "cycle_gan_horse2zebra": variant(
        CYCLE_GAN_DIGITS,
        f"Zhu et al. 2017, section 4 and appendix 7. {ACCELERATOR}",
        {"width": 64, "blocks": 9, "halvings": 2, "patch_halvings": 3, "identity_weight": 5.0},
        dataset="cycle_gan/horse2zebra",
        transforms="resize:286,jitter:256,flip",
        steps=200_000,
        epoch_steps=2000,
        batch_size=1,
        decay_from=100_000,
    ),
    "srresnet_cifar10": SRRESNET,
    "srgan_cifar10": SRGAN,
    "color_pixel_cnn_cifar10": COLOR,
    "gan_cls_scenes": GAN_CLS,
    "gan_cls_captions": variant(
        GAN_CLS,
        f"Reed et al. 2016 at its 64 pixels, for pictures with captions of your own. {ACCELERATOR}",
        {"width": 64, "latent_dim": 100, "text_dim": 128, "text_width": 128, "text_depth": 3},
        dataset="captions:path/to/pictures",
        transforms="resize:64,color",
        steps=60_000,
        epoch_steps=2000,
        learning_rate=2e-4,
        decay_from=30_000,
    ),
}
for _pair in ("apple2orange", "summer2winter_yosemite", "iphone2dslr_flower", "vangogh2photo"):
    PRESETS[f"cycle_gan_{_pair}"] = variant(
        PRESETS["cycle_gan_horse2zebra"],
        f"As cycle_gan_horse2zebra. {ACCELERATOR}",
        dataset=f"cycle_gan/{_pair}",
    )
