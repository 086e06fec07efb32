"""A critic's move by WGAN-GP, whose penalty is differentiated twice, beside PyTorch's on the same networks.

    python -m benchmarks.second_order [--batch_size=64] [--width=32]

Wants `pip install torch`, and TF_ENABLE_ONEDNN_OPTS=1, which the trainers set. The networks are those of
`wgan_gp_mnist`: the generator has batch norm, the critic none.
"""

import numpy as np
from absl import app, flags

from benchmarks import rivals

BATCH = flags.DEFINE_integer("batch_size", 64, "images of a move", 1)
WIDTH = flags.DEFINE_integer("width", 32, "features next to the image", 1)
SIDE, LATENTS = 28, 64


def pictures() -> np.ndarray:
    """uint8 [B, 28, 28, 1]."""
    return np.random.default_rng(0).integers(0, 256, [BATCH.value, SIDE, SIDE, 1]).astype(np.uint8)


def ours():
    """A move of the critic, and how many weights it has."""
    import tensorflow as tf

    from tfgen import zoo
    from tfgen.ops import seeds
    from trainers.adam import Adam

    rivals.one_thread()
    options = {"latent_dim": LATENTS, "width": WIDTH.value, "normalized": "generator", "objective": "wasserstein"}
    model = zoo.build("dcgan", image_shape=(SIDE, SIDE, 1), penalties=("gradient_penalty",), **options)
    model.compile({player.name: Adam(1e-4, beta_1=0.0, beta_2=0.9) for player in model.players()})
    critic, _ = model.players()

    @tf.function(autograph=False)
    def step(image, seed):
        return model.distribute_strategy.run(model._move, args=(critic, {"image": image}, seed))

    image, seed = tf.constant(pictures()), seeds.seed_rows(BATCH.value)
    return lambda: float(step(image, seed)["discriminator_loss"]), sum(int(np.prod(v.shape)) for v in critic.variables)


def theirs():
    """The same networks, sizes and arithmetic."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    width = WIDTH.value

    widths, sides = (width, 2 * width, 4 * width), (28, 14, 7)

    def down(features, filters, side):
        total = (-(-side // 2) - 1) * 2 + 5 - side  # TensorFlow's padding of a strided convolution
        pad = (total // 2, total - total // 2) * 2
        return nn.ZeroPad2d(pad), nn.Conv2d(features, filters, 5, 2), nn.LeakyReLU(0.2)

    def up(features, filters):
        return nn.BatchNorm2d(features), nn.ReLU(), nn.ConvTranspose2d(features, filters, 5, 2, 2, 1, bias=filters == 1)

    critic = nn.Sequential(
        *(layer for sizes in zip((1, *widths), widths, sides, strict=False) for layer in down(*sizes)),
        *(nn.Flatten(), nn.Linear(4 * 4 * widths[-1], 1, bias=False)),
    )
    generator = nn.Sequential(
        nn.Linear(LATENTS, 4 * 4 * widths[-1], bias=False),
        nn.Unflatten(1, (widths[-1], 4, 4)),
        *(layer for sizes in zip(widths[::-1], (*widths[1::-1], 1), strict=True) for layer in up(*sizes)),
        nn.Tanh(),
    )
    optimizer = torch.optim.Adam(critic.parameters(), 1e-4, (0.0, 0.9))

    image = torch.tensor(pictures())

    def move():
        real = image.permute(0, 3, 1, 2).float() * (2 / 255) - 1
        with torch.no_grad():
            fake = generator(torch.randn(len(real), LATENTS))[..., :SIDE, :SIDE]
        between = (real + torch.rand(len(real), 1, 1, 1) * (fake - real)).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return move, sum(part.numel() for part in critic.parameters())


RIVALS = {"tfgen": ours, "torch": theirs}


def main(_) -> None:
    options = {"batch_size": BATCH.value, "width": WIDTH.value}
    rivals.race("benchmarks.second_order", options, RIVALS, f"a move of {BATCH.value} images")


if __name__ == "__main__":
    app.run(main)
