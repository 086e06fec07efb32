"""Why the generator does not minimise ln(1 - D): where it loses, that loss is flat. The curves, and gradients measured.

Ian J. Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, section 3; Goodfellow 2016, "NIPS 2016 Tutorial",
https://arxiv.org/abs/1701.00160, figure 16.
"""

import numpy as np
import tensorflow as tf

from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import seeds
from tfgen.studies import figures

MOMENTS, LATENTS = (10, 20, 50, 100, 200), 256
NAMES = {"minimax": "ln(1 − D)", "non_saturating": "−ln D"}


def study(model, data, settings):
    """The run is trained anew by the minimax game for a few steps; then both losses are asked for their gradient."""
    norms, sure = {name: [] for name in NAMES}, []
    with settings.in_sight("steps", sum(MOMENTS)) as advance:
        for steps in MOMENTS:
            early = settings.train(objective="minimax", steps=steps, epoch_steps=steps, average=0.0)
            latents = early.prior().draw(seeds.seed_rows(LATENTS, settings.seed)).value
            for name in NAMES:
                norms[name].append(_gradient_norm(early, OBJECTIVES[name].generator, latents))
            sure.append(float(tf.reduce_mean(tf.sigmoid(early.judge(early.pixels(latents), False)["logits"]))))
            advance(steps)
    numbers = {
        "steps": list(MOMENTS),
        "protocol": "trained by minimax; norm of the gradient of the mean loss by the generator's weights, over "
        f"{LATENTS} latents",
        "gradient_norm": {name: [round(value, 6) for value in values] for name, values in norms.items()},
        "mean_D_of_fakes": [round(value, 6) for value in sure],
    }
    figure = figures.figure(9, 3.4, f"The two losses of a generator: {type(model).__name__} on {data.name}")
    left, right = figure.subplots(1, 2)
    d = np.linspace(0.005, 0.995, 200)
    left.plot(d, np.log(1 - d), label=NAMES["minimax"])
    left.plot(d, -np.log(d), label=NAMES["non_saturating"])
    left.set(xlabel="D(G(z)): how real a fake looks", ylabel="loss of the generator (nats)", title="what it minimises")
    left.legend()
    for name, label in NAMES.items():
        right.plot(MOMENTS, norms[name], "o-", label=label)
    right.set(
        xlabel="training step", ylabel="norm of its gradient", xscale="log", yscale="log", title="early in training"
    )
    right.legend()
    return figure, numbers


def _gradient_norm(model, loss, latents) -> float:
    variables = [variable.value for variable in model.generator.trainable_variables]
    with tf.GradientTape() as tape:
        total = tf.reduce_mean(loss(model.judge(model.pixels(latents), False)["logits"]))
    return float(tf.linalg.global_norm([g for g in tape.gradient(total, variables) if g is not None]))
