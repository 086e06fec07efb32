"""One row per model: the arguments of a build of seconds. `test_zoo.py` holds each to what every model promises.

A model may have several rows, so that its options keep the promises too.
"""

GRAY = {"image_shape": (8, 8, 1), "levels": 5}
COLOR = {"image_shape": (6, 5, 3), "levels": 4}
BINARY = {"image_shape": (5, 6, 1), "levels": 2}

ROWS = {
    "fvsbn": ("fvsbn", {**COLOR}),
    "nade": ("nade", {**GRAY, "width": 6}),
    "made": ("made", {**COLOR, "width": 12}),
    "made_orders": ("made", {**GRAY, "width": 12, "depth": 2, "masks": 3, "random_orders": True}),
    "pixel_cnn": ("pixel_cnn", {**COLOR, "width": 6, "depth": 2, "head_width": 6}),
    "row_lstm": ("pixel_rnn", {**GRAY, "recurrence": "row", "width": 4, "depth": 2, "head_width": 6}),
    "diagonal_bilstm": ("pixel_rnn", {**COLOR, "recurrence": "diagonal", "width": 4, "depth": 2, "head_width": 6}),
    "gated_pixel_cnn": (
        "gated_pixel_cnn",
        {**COLOR, "width": 4, "depth": 2, "head_width": 6, "dilations": (1, 2), "conditional": True, "num_classes": 3},
    ),
    "pixel_cnn_pp": (
        "pixel_cnn_pp",
        {"image_shape": (4, 8, 3), "levels": 17, "width": 4, "depth": 1, "scales": 2, "mixtures": 2, "dropout": 0.0},
    ),
    "wavenet": (
        "wavenet",
        {
            "length": 24,
            "levels": 16,
            "width": 4,
            "skip": 6,
            "depth": 3,
            "stacks": 2,
            "conditional": True,
            "num_classes": 3,
        },
    ),
    "time_series": (
        "time_series",
        {"length": 12, "dims": 2, "action_dims": 1, "width": 6, "depth": 2, "mixtures": 2},
    ),
    "vae_conv": (
        "vae",
        {**GRAY, "latent_dim": 3, "width": 4, "depth": 1, "beta": 4.0, "warmup_steps": 10, "free_bits": 0.5}
        | {"posterior": "full"},
    ),
    "vae_logistic_conditional": (
        "vae",
        {**COLOR, "latent_dim": 2, "width": 4, "depth": 1, "likelihood": "logistic", "prior": "mixture"}
        | {"components": 3, "conditional": True, "num_classes": 3, "posterior": "planar", "flow_steps": 2},
    ),
    "vae_iaf_autoregressive": (
        "vae",
        {**BINARY, "latent_dim": 2, "width": 6, "depth": 1, "architecture": "mlp", "posterior": "iaf"}
        | {"flow_steps": 2, "prior": "autoregressive"},
    ),
    "vae_total_correlation_vamp": (
        "vae",
        {**BINARY, "latent_dim": 2, "width": 6, "depth": 1, "architecture": "mlp", "total_correlation": 3.0}
        | {"prior": "vamp", "components": 3},
    ),
    "iwae": (
        "vae",
        {**BINARY, "latent_dim": 2, "width": 6, "depth": 1, "architecture": "mlp", "samples": 3}
        | {"doubly_reparameterised": True},
    ),
    "autoencoder": ("autoencoder", {**GRAY, "latent_dim": 3, "width": 6, "depth": 1, "noise": 0.3}),
    "autoencoder_conv": ("autoencoder", {**COLOR, "latent_dim": 3, "width": 3, "architecture": "conv"}),
    "real_nvp": (
        "real_nvp",
        {"image_shape": (4, 6, 3), "levels": 4, "width": 4, "depth": 1, "scales": 2},
    ),
    "flow_of_points": ("masked_autoregressive_flow", {"dims": 2, "width": 6, "depth": 2, "steps": 2, "mixtures": 3}),
    "flow_of_numbers": ("masked_autoregressive_flow", {"dims": 1, "steps": 2, "mixtures": 3}),
    "joint_vae": (
        "joint_vae",
        {**BINARY, "classes": 3, "latent_dim": 2, "width": 5, "depth": 1, "architecture": "mlp", "free_bits": 0.01},
    ),
    "hierarchical_vae": ("hierarchical_vae", {**BINARY, "latent_dims": (2, 3), "widths": (4, 5), "samples": 2}),
    "ladder_vae": ("ladder_vae", {**GRAY, "latent_dims": (2, 3), "widths": (4, 5), "free_bits": 0.01}),
    "resnet_vae": ("resnet_vae", {**BINARY, "planes": (1, 1), "halvings": (2, 1), "width": 2}),
    "dcgan": ("dcgan", {**GRAY, "latent_dim": 4, "width": 4, "discriminator_steps": 2}),
    "gan": (
        "gan",
        {"image_shape": (3, 4, 1), "levels": 3, "latent_dim": 3, "latents": "sphere", "width": 4, "depth": 1}
        | {
            "maxout": 2,
            "objective": "relativistic",
            "spectral_norm": True,
            "conditional": "projection",
            "num_classes": 3,
        }
        | {"penalties": ("r1",), "penalty_every": 2},
    ),
    "point_gan": (
        "point_gan",
        {"dims": 2, "latent_dim": 2, "width": 4, "depth": 1, "objective": "wasserstein", "discriminator_steps": 2}
        | {"penalties": ("gradient_penalty",)},
    ),
    "resnet_gan": (
        "resnet_gan",
        {**GRAY, "latent_dim": 3, "width": 2, "conditional": "auxiliary", "num_classes": 3, "label_smoothing": 0.1}
        | {"instance_noise": 0.1, "joint_batches": True, "augmentations": ("color",), "latents": "uniform"},
    ),
    "began": ("began", {**GRAY, "latent_dim": 3, "width": 2}),
    "rbm": ("rbm", {**BINARY, "hidden": 4, "chains": 6, "gibbs_steps": 2, "sample_steps": 5}),
    "denoising_chain": ("denoising_chain", {**GRAY, "width": 6, "depth": 1, "walkback": 1, "chain_steps": 4}),
    "vae_gan": ("vae_gan", {**GRAY, "latent_dim": 3, "width": 2, "depth": 1, "gamma": 0.5, "beta": 0.5}),
    "pix2pix": (
        "pix2pix",
        {"image_shape": (8, 12, 3), "source_shape": (8, 12, 1), "levels": 5, "width": 3, "depth": 2}
        | {"patch_halvings": 2},
    ),
    "srgan": (
        "srgan",
        {"image_shape": (8, 12, 3), "source_shape": (4, 6, 3), "levels": 5, "width": 2, "blocks": 1}
        | {"perceptual": True, "num_classes": 3, "pixel_weight": 0.1, "feature_weight": 0.01},
    ),
    "color_pixel_cnn": (
        "color_pixel_cnn",
        {**COLOR, "source_shape": (6, 5, 1), "width": 3, "depth": 1, "head_width": 4, "planes": 3, "blocks": 1},
    ),
    "cycle_gan": (
        "cycle_gan",
        {"image_shape": (8, 16, 1), "levels": 5, "width": 3, "blocks": 1, "halvings": 1, "patch_halvings": 1}
        | {"pool": 6},
    ),
    "gan_cls": ("gan_cls", {**GRAY, "text_bytes": 24, "text_dim": 3, "text_width": 6, "latent_dim": 3, "width": 5}),
    "pixel_vae": (
        "pixel_vae",
        {"image_shape": (3, 4, 1), "levels": 3, "latent_dim": 2, "width": 2, "depth": 1, "planes": 2, "layer_width": 3}
        | {"head_width": 4},
    ),
    "adversarial_autoencoder": (
        "adversarial_autoencoder",
        {**GRAY, "latent_dim": 3, "width": 6, "depth": 1, "prior": "swiss_roll", "conditional": True, "num_classes": 3},
    ),
    "class_adversarial_autoencoder": (
        "class_adversarial_autoencoder",
        {**BINARY, "latent_dim": 2, "width": 6, "depth": 1, "noise": 0.3, "labelled": True, "num_classes": 3},
    ),
}

# What is minimised, but need not fall, by row.
ONLY_A_GRADIENT = {"rbm"}

# Variables whose gradient is zero by mathematics, by row.
WITHOUT_GRADIENT = {}
