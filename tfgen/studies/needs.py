"""What a picture, a measure or a study needs of a model and its data, one word for each need."""

import dataclasses
from collections.abc import Callable

from tfgen import zoo


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of a table: `function` can be had of whatever offers all that it needs.

    Args:
      name: what it is called where it is reported.
      needs: words of `offered`.
      function: its arguments are its table's business.
    """

    name: str
    needs: tuple[str, ...]
    function: Callable

    def lacking(self, there: set[str]) -> list[str]:
        """The needs that are not met; it fits where there are none."""
        return [need for need in self.needs if need not in there]


def offered(model, data) -> set[str]:
    """The words for what a live model and a data set (`tfgen.data.Examples`) have.

    They are the model's verbs; the names of its signatures; its kind of example, "image", "audio", "series" or "point";
    "network" where it has one that takes examples as floats; "given label", say, where it is conditioned on a label,
    else "no condition"; "a source" where it makes an image of another; "log_prob or elbo" and "sample or a source"
    where it has one of them; "latent_dim", and "latent_dim=2", say, where z is a vector; "prior N(0, I)" where it is
    just that; "point codes" where a code is a point that is held to a prior; of a GAN "cross-entropies" where those are
    its objective, "features" and "any objective" where its discriminator reads logits off features, and "guidelines"
    where those of a DCGAN can be switched off; "labels" where the data have classes, "factors" where they know what
    their examples vary in, and "a simulator" where they are made by one.
    """
    there = {*zoo.verbs(model), *model.signatures(), model.example}
    there |= {f"given {name}" for name in model.condition_spec} or {"no condition"}
    there |= {"a source"} if there & set(zoo.OF_SOURCES) else set()
    for one, other in (("log_prob", "elbo"), ("sample", "a source")):
        there |= {f"{one} or {other}"} if there & {one, other} else set()
    there |= {"network"} if hasattr(model, "network") else set()
    there |= {"a simulator"} if data.name == "pendulum" else set()
    there |= {"point codes"} if hasattr(model, "prior_of_style") else set()
    there |= _of_game(model) | _of_codes(model, there) | ({"labels"} if data.class_names else set())
    return there | ({"factors"} if data.factors else set())


def _of_game(model) -> set[str]:
    objective, discriminator = getattr(model, "objective", None), getattr(model, "discriminator", None)
    words = {"features", "any objective"} if hasattr(discriminator, "body") else set()
    words |= {"guidelines"} if hasattr(model, "strided") else set()
    of_logits = getattr(objective, "boundary", None) is not None and objective.unit == "nats"
    return words | ({"cross-entropies"} if of_logits else set())


def _of_codes(model, there: set[str]) -> set[str]:
    import tensorflow as tf  # the studies' names are known without it

    from tfgen.distributions.latents import DiagonalGaussian, Layers

    prior = None
    if "prior" in there:
        spec_of = model.condition_spec.items()
        prior = model.prior(**{name: tf.zeros([1, *spec.shape[1:]], spec.dtype) for name, spec in spec_of})
    if not hasattr(model, "latent_dim") or isinstance(prior, Layers):
        return set()
    words = {"latent_dim", f"latent_dim={model.latent_dim}"}
    if isinstance(prior, DiagonalGaussian):
        standard = tf.reduce_all(prior.mean() == 0.0) & tf.reduce_all(prior.stddev() == 1.0)
        words |= {"prior N(0, I)"} if standard else set()
    return words
