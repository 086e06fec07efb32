"""A training step of pix2pix and of CycleGAN beside PyTorch's on the same networks.

    python -m benchmarks.translation [--model=cycle_gan] [--batch_size=4] [--side=64]

Wants `pip install torch`, and TF_ENABLE_ONEDNN_OPTS=1, which the trainers set. The networks are those of `pix2pix_maps`
and `cycle_gan_maps`; PyTorch has its tensors in its own order and with the channels last, the faster of which counts.
"""

import functools

import numpy as np
from absl import app, flags

from benchmarks import rivals

MODEL = flags.DEFINE_enum("model", "pix2pix", ["pix2pix", "cycle_gan"], "whose step")
BATCH = flags.DEFINE_integer("batch_size", 4, "pairs of a step", 1)
SIDE = flags.DEFINE_integer("side", 64, "pixels", 64)
WIDTHS, DEPTH, BLOCKS, PATCH_HALVINGS = {"pix2pix": 32, "cycle_gan": 16}, 6, 3, 2
RATE, BETAS = 2e-4, (0.5, 0.999)


def pictures() -> list[np.ndarray]:
    """Two batches uint8 [B, H, W, 3]."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, [BATCH.value, SIDE.value, SIDE.value, 3], np.uint8) for _ in range(2)]


def ours():
    import tensorflow as tf

    from tfgen import zoo
    from trainers.adam import Adam

    rivals.one_thread()
    shape, width = (SIDE.value, SIDE.value, 3), WIDTHS[MODEL.value]
    if MODEL.value == "pix2pix":
        options, names = {"source_shape": shape, "depth": DEPTH, "dropout": 0.5}, ("source", "image")
    else:
        options, names = {"blocks": BLOCKS}, ("a", "b")
    model = zoo.build(MODEL.value, image_shape=shape, width=width, patch_halvings=PATCH_HALVINGS, **options)
    model.compile({player.name: Adam(RATE, beta_1=BETAS[0]) for player in model.players()})
    batch = {name: tf.constant(part) for name, part in zip(names, pictures(), strict=True)}
    step = tf.function(lambda: model.distribute_strategy.run(model.train_step, args=(batch,)), autograph=False)
    name = model.players()[-1].named("loss")
    return lambda: float(step()[name]), sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def theirs(channels_last: bool):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    order = torch.channels_last if channels_last else torch.contiguous_format

    def norm(features):
        return nn.InstanceNorm2d(features, eps=1e-5, affine=True)

    class UNet(nn.Module):
        def __init__(self, width):
            super().__init__()
            widths = [min(2**i, 8) * width for i in range(DEPTH)]
            sizes = list(zip([3, *widths[:-1]], widths, strict=True))
            self.downs = nn.ModuleList(
                nn.Conv2d(one, other, 4, 2, 1, bias=i in (0, DEPTH - 1)) for i, (one, other) in enumerate(sizes)
            )
            self.down_norms = nn.ModuleList(norm(one) for one in widths[1:-1])
            into = [widths[-1], *(2 * one for one in widths[-2:0:-1])]
            self.ups = nn.ModuleList(
                nn.ConvTranspose2d(one, other, 4, 2, 1, bias=False)
                for one, other in zip(into, widths[-2::-1], strict=True)
            )
            self.up_norms = nn.ModuleList(norm(one) for one in widths[-2::-1])
            self.last = nn.ConvTranspose2d(2 * widths[0], 3, 4, 2, 1)

        def forward(self, x):
            skips = []
            for i, down in enumerate(self.downs):
                x = down(nn.functional.leaky_relu(x, 0.2) if i else x)
                x = self.down_norms[i - 1](x) if 0 < i < DEPTH - 1 else x
                skips.append(x)
            for i, (up, its) in enumerate(zip(self.ups, self.up_norms, strict=True)):
                x = its(up(x.relu()))
                x = nn.functional.dropout(x, 0.5) if i < 3 else x
                x = torch.cat([x, skips[-2 - i]], 1)
            return self.last(x.relu()).tanh()

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            convs = [(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=False), norm(width)) for _ in range(2)]
            self.inner = nn.Sequential(*convs[0], nn.ReLU(), *convs[1])

        def forward(self, x):
            return x + self.inner(x)

    def resnet(width):
        def down(one):
            return nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(one, 2 * one, 3, 2, bias=False), norm(2 * one), nn.ReLU()

        def up(one):
            return nn.ConvTranspose2d(one, one // 2, 3, 2, 1, 1, bias=False), norm(one // 2), nn.ReLU()

        first = nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7, bias=False), norm(width), nn.ReLU()
        ends = nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()
        blocks = [Block(4 * width) for _ in range(BLOCKS)]
        return nn.Sequential(*first, *down(width), *down(2 * width), *blocks, *up(4 * width), *up(2 * width), *ends)

    def patches(channels, width):
        layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(PATCH_HALVINGS):
            one, stride = width * 2**i, 2 if i < PATCH_HALVINGS - 1 else 1
            pad = nn.ZeroPad2d((1, 1, 1, 1) if stride == 2 else (1, 2, 1, 2))  # as TensorFlow pads
            layers += [pad, nn.Conv2d(one, 2 * one, 4, stride, bias=False), norm(2 * one), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(width * 2**PATCH_HALVINGS, 1, 4))

    width = WIDTHS[MODEL.value]
    if MODEL.value == "pix2pix":
        makers, judges = [UNet(width)], [patches(6, width)]
    else:
        makers, judges = [resnet(width) for _ in "ab"], [patches(3, width) for _ in "ab"]
    makers, judges = (nn.ModuleList(part).to(memory_format=order) for part in (makers, judges))
    making, judging = (torch.optim.Adam(part.parameters(), RATE, BETAS) for part in (makers, judges))
    given = [torch.tensor(part).permute(0, 3, 1, 2).contiguous(memory_format=order) for part in pictures()]
    old = []

    def update(optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    def pix2pix():
        source, image = (part.float() * (2 / 255) - 1 for part in given)
        fake = makers[0](source)
        real_logits, fake_logits = (judges[0](torch.cat([source, part], 1)) for part in (image, fake.detach()))
        softplus = nn.functional.softplus
        update(judging, 0.5 * (softplus(-real_logits).mean() + softplus(fake_logits).mean()))
        judges.requires_grad_(False)
        fooling = softplus(-judges[0](torch.cat([source, fake], 1))).mean()
        loss = update(making, fooling + 100 * (image - fake).abs().mean())
        judges.requires_grad_(True)
        return loss

    def cycle_gan():
        real = [part.float() * (2 / 255) - 1 for part in given]
        fakes = [makers[1 - i](real[i]) for i in range(2)]  # of the other kind
        judges.requires_grad_(False)
        loss = 0.0
        for i in range(2):
            loss += 0.5 * (judges[1 - i](fakes[i]) - 1).square().mean()
            loss += 10 * (makers[i](fakes[i]) - real[i]).abs().mean() + 5 * (makers[i](real[i]) - real[i]).abs().mean()
        value = update(making, loss)
        judges.requires_grad_(True)
        held = [part.detach() for part in fakes]
        judged = [
            torch.where(torch.rand(len(part), 1, 1, 1) < 0.5, part, held[i]) for i, part in enumerate(old or held)
        ]
        old[:] = held
        loss = 0.0
        for i in range(2):
            on_real, on_fake = judges[1 - i](real[1 - i]), judges[1 - i](judged[i])
            loss += 0.25 * ((on_real - 1).square().mean() + on_fake.square().mean())
        update(judging, loss)
        return value

    weights = sum(part.numel() for whole in (makers, judges) for part in whole.parameters())
    return {"pix2pix": pix2pix, "cycle_gan": cycle_gan}[MODEL.value], weights


RIVALS = {
    "tfgen": ours,
    "torch": functools.partial(theirs, False),
    "torch_channels_last": functools.partial(theirs, True),
}


def main(_) -> None:
    options = {"model": MODEL.value, "batch_size": BATCH.value, "side": SIDE.value}
    what = f"a step of {MODEL.value} on {BATCH.value} pairs of {SIDE.value} pixels"
    rivals.race("benchmarks.translation", options, RIVALS, what)


if __name__ == "__main__":
    app.run(main)
