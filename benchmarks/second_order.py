"""A critic's move by WGAN-GP, whose penalty is differentiated twice, beside PyTorch's on the same networks.

    python -m benchmarks.second_order [--batch_size=64] [--width=32]

Wants `pip install torch`, and TF_ENABLE_ONEDNN_OPTS=1, which the trainers set. The networks are those of
`wgan_gp_mnist`: the generator has batch norm, the critic none. Each library has a process of its own, which it does not
share well, and one thread; they move in turns, after a warm-up, and the ratio is that of the medians of one run.
"""

import functools
import subprocess
import sys

from absl import app, flags

from benchmarks.timing import interleaved

BATCH = flags.DEFINE_integer("batch_size", 64, "images of a move", 1)
WIDTH = flags.DEFINE_integer("width", 32, "features next to the image", 1)
SECONDS = flags.DEFINE_float("seconds", 20.0, "of timing, in turns", 0.1)
RIVAL = flags.DEFINE_enum("rival", None, ["tfgen", "torch"], "what this process answers for; not for people")
SIDE, LATENTS = 28, 64


def ours():
    """A move of the critic, of images uint8 [B, 28, 28, 1]; and how many weights it has."""
    import numpy as np
    import tensorflow as tf

    from tfgen import zoo
    from tfgen.ops import seeds
    from trainers.adam import Adam

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    options = {"latent_dim": LATENTS, "width": WIDTH.value, "normalized": "generator", "objective": "wasserstein"}
    model = zoo.build("dcgan", image_shape=(SIDE, SIDE, 1), penalties=("gradient_penalty",), **options)
    model.compile({player.name: Adam(1e-4, beta_1=0.0, beta_2=0.9) for player in model.players()})
    critic, _ = model.players()

    @tf.function(autograph=False)
    def step(image, seed):
        return model.distribute_strategy.run(model._move, args=(critic, {"image": image}, seed))

    def move(image):
        return float(step(tf.constant(image), seeds.seed_rows(len(image)))["discriminator_loss"])

    return move, sum(int(np.prod(v.shape)) for v in critic.variables)


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

    def move(image):
        real = torch.tensor(image).permute(0, 3, 1, 2).float() * (2 / 255) - 1
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


def answer(name: str) -> None:
    """What a process does: a move for each line that it is sent."""
    import numpy as np

    move, weights = RIVALS[name]()
    image = np.random.default_rng(0).integers(0, 256, [BATCH.value, SIDE, SIDE, 1]).astype(np.uint8)
    for _ in range(5):
        move(image)
    print(weights, flush=True)
    for _ in sys.stdin:
        print(move(image), flush=True)


def main(_) -> None:
    if RIVAL.value:
        answer(RIVAL.value)
        return
    command = [sys.executable, "-m", "benchmarks.second_order", f"--batch_size={BATCH.value}", f"--width={WIDTH.value}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    rivals = {name: subprocess.Popen([*command, f"--rival={name}"], **pipes) for name in RIVALS}
    weights = {name: process.stdout.readline().strip() for name, process in rivals.items()}
    if len(set(weights.values())) != 1 or "" in weights.values():
        sys.exit(f"weights of the critics: {weights}; they are to be alike (pip install torch)")

    def call(process):
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()

    calls = {name: functools.partial(call, process) for name, process in rivals.items()}
    medians = {name: 1e3 * value for name, value in interleaved(calls, SECONDS.value).items()}
    print(", ".join(f"{name} {value:.1f} ms" for name, value in medians.items()), f"a move of {BATCH.value} images")
    print(f"torch / tfgen: {medians['torch'] / medians['tfgen']:.2f}")
    for process in rivals.values():
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    app.run(main)
