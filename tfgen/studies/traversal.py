"""One latent at a time, the others staying at an example's code: dimensions by their activity.

Activity is the variance over the data of the posterior's mean, and a dimension is active above 0.01: Burda et al. 2016,
"Importance Weighted Autoencoders", https://arxiv.org/abs/1509.00519, section 5.1.
"""

import numpy as np
import tensorflow as tf

from tfgen.studies import codes, figures
from tfgen.studies.needs import offered

EXAMPLES, ROWS, STEPS, REACH = 500, 10, 11, 3.0
ACTIVE = 0.01


def study(model, data, settings):
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    mean, stddev, exact = codes.moments(model, batch, settings.seed)
    activity = mean.var(axis=0)
    order = np.argsort(-activity, kind="stable")
    numbers = {
        "examples": len(mean),
        "dimensions": order.tolist(),
        "activity": [round(float(activity[d]), 5) for d in order],
        "active_dimensions": int((activity > ACTIVE).sum()),
        "protocol": "dimensions by the variance over the examples of the mean of q(z | x), active above 0.01; "
        + ("the means are exact" if exact else f"the means are of {codes.DRAWS} draws"),
    }
    kl = None
    if exact and "prior N(0, I)" in offered(model, data):
        kl = (0.5 * (mean**2 + stddev**2 - 1.0) - np.log(stddev)).mean(axis=0)
        numbers["kl_nats"] = [round(float(kl[d]), 4) for d in order]

    shown = order[:ROWS]
    steps = np.linspace(-REACH, REACH, STEPS)
    centre, spread = mean.mean(axis=0), np.sqrt(activity + np.square(stddev).mean(axis=0))
    latents = np.tile(mean[0], [len(shown), STEPS, 1])
    for row, d in enumerate(shown):
        latents[row, :, d] = centre[d] + steps * spread[d]
    flat = latents.reshape([-1, mean.shape[1]])
    condition = {name: np.repeat(value[:1], len(flat), axis=0) for name, value in model.condition(batch).items()}
    pictures = codes.decoded(model, tf.constant(flat, tf.float32), condition, settings.seed)

    height = 1.1 + 0.62 * len(shown)
    figure = figures.figure(10.5, height, f"One latent at a time: {type(model).__name__} on {data.name}")
    left = figure.subplots()
    middles = figures.strips(
        left,
        pictures.reshape([len(shown), STEPS, *pictures.shape[1:]]),
        [f"z{d}" for d in shown],
        [f"{step:+.1f}" for step in steps],
    )
    left.set_xlabel("standard deviations of that latent over the data")
    left.set_title(f"the rest of z: the code of one {settings.split} example")
    right = left.inset_axes([1.03, 0.0, 0.4, 1.0], sharey=left)
    right.barh(middles, activity[shown], 0.6 * (pictures.shape[1] + 1), color=figures.COLORS[0])
    right.tick_params(axis="y", length=0, labelleft=False)
    right.set_xlim(0, 1.35 * activity.max())
    right.set_xlabel("variance of the posterior's mean" + "\n(beside it KL, nats)" * (kl is not None))
    right.set_title(f"activity: {numbers['active_dimensions']} of {len(order)} active (> {ACTIVE})")
    for middle, d in zip(middles, shown, strict=True):
        if kl is not None:
            right.text(activity[d] + 0.03 * activity.max(), middle, f"{kl[d]:.2f}", va="center")
    return figure, numbers
