"""Vector arithmetic: the mean z of some pictures, less another's, plus a third's, beside a random direction.

Alec Radford, Luke Metz, Soumith Chintala, 2016, https://arxiv.org/abs/1511.06434, section 6.3.2 and figure 7: "smiling
woman - neutral woman + neutral man". Here concepts are strokes, thick or thin, that lean or stand, measured from the
pixels of samples; no one has to look.
"""

import numpy as np
import tensorflow as tf

from tfgen.metrics.attributes import ATTRIBUTES
from tfgen.ops import images, seeds
from tfgen.studies import figures

SAMPLES, EXEMPLARS, AROUND, SHOWN = 4000, 16, 200, 8
SPREAD = 0.25  # of noise around a result, in the prior's deviations: the paper shows eight such pictures, too


def study(model, data, settings):
    """Of strokes that lean left thick - thin, added to a thin one that leans right; and so for the way to lean."""
    latents = model.prior().draw(seeds.seed_rows(settings.limit(SAMPLES), settings.seed)).value.numpy()
    pixels = pictures(model, latents)
    values = {name: attribute(pixels) for name, attribute in ATTRIBUTES.items()}
    scores = {name: (value - value.mean()) / max(value.std(), 1e-9) for name, value in values.items()}
    concepts = {
        f"{thick} {lean}": np.argsort(-(a * scores["thickness"] + b * scores["slant"]))[:EXEMPLARS]
        for thick, a in (("thick", 1), ("thin", -1))
        for lean, b in (("leaning right", 1), ("leaning left", -1))
    }
    means = {name: latents[chosen].mean(axis=0) for name, chosen in concepts.items()}
    random = np.random.default_rng(settings.seed)
    results, rows = {}, []
    for a, b, c, wanted in (
        ("thick leaning left", "thin leaning left", "thin leaning right", {"thickness": 1, "slant": 0}),
        ("thin leaning right", "thin leaning left", "thick leaning left", {"thickness": 0, "slant": 1}),
    ):
        direction = means[a] - means[b]
        control = random.normal(size=direction.shape)
        control *= np.linalg.norm(direction) / np.linalg.norm(control)
        near = SPREAD * random.normal(size=(AROUND, latents.shape[1]))
        ends = {"before": means[c], "after": means[c] + direction, "random direction": means[c] + control}
        shown = {name: pictures(model, (z + near).astype(np.float32)) for name, z in ends.items()}
        measured = {
            name: {key: (of(part) - values[key].mean()) / values[key].std() for key, of in ATTRIBUTES.items()}
            for name, part in shown.items()
        }
        results[f"({a}) - ({b}) + ({c})"] = {
            "wanted_to_rise": next(key for key, rises in wanted.items() if rises),
            **{name: {key: _figure(value) for key, value in part.items()} for name, part in measured.items()},
        }
        exemplars = [pixels[concepts[name]][:SHOWN] for name in (a, b, c)]
        rows.append((f"{a}\n- {b}\n+ {c}", [*exemplars, *(part[:SHOWN] for part in shown.values())]))
    numbers = {
        "samples": len(latents),
        "exemplars": EXEMPLARS,
        "around": AROUND,
        "protocol": "exemplars: the samples that are furthest out, by thickness (twice the area over the outline) and "
        f"slant (of second moments); around a result {AROUND} pictures of z plus normal noise of {SPREAD}; attributes "
        "in deviations of all samples from their mean: [mean, standard error]; the control is a random direction as "
        "long as A - B",
        "results": results,
    }
    figure = figures.figure(10, 4.6, f"Vector arithmetic: {type(model).__name__} on {data.name}")
    names = ["A", "B", "C", "C + noise", "A - B + C", "C + random"]
    for i, (title, strips) in enumerate(rows):
        axes = figure.add_subplot(1, 2, i + 1)
        figures.strips(axes, np.stack(strips), names)
        axes.set_title(title)
    return figure, numbers


def pictures(model, latents: np.ndarray, at_once: int = 500) -> np.ndarray:
    """What a generator makes of latents [N, D]: [N, H, W, C] in 0 .. 1."""
    paint = tf.function(model.pixels, autograph=False)
    parts = [paint(tf.constant(latents[i : i + at_once], tf.float32)) for i in range(0, len(latents), at_once)]
    return figures.unit(images.symmetric_to_levels(np.concatenate(parts), model.levels), model.levels)


def _figure(value: np.ndarray) -> list[float]:
    return [round(float(value.mean()), 3), round(float(value.std() / np.sqrt(len(value))), 3)]
