"""How often the discriminator moves for each move of the generator: k in 1, 2, 5, as many moves of the generator.

Ian J. Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661, algorithm 1, where k = 1 was the cheapest.
"""

from tfgen.studies import rivals

STEPS = (1, 2, 5)


def study(model, data, settings):
    """The run by each k."""
    changes = {f"k = {k}": {"discriminator_steps": k} for k in STEPS}
    title = f"Moves of the discriminator: {type(model).__name__} on {data.name}"
    return rivals.compare(title, model, data, settings, changes)
