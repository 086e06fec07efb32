"""Units of likelihood."""

import math


def bits_per_dim(nats, image_shape: tuple[int, ...]):
    """-ln p(image) in nats (number, array or tensor) to bits per dimension: nats / (H W C ln 2)."""
    return nats / (math.prod(image_shape) * math.log(2.0))
