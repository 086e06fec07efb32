"""Checks that the arguments of several models share."""


def check(sizes: dict[str, int], dropout: float = 0.0, conditional: bool = False, num_classes: int = 0) -> None:
    """Holds sizes, a share of dropout and a condition against their ranges.

    Args:
      sizes: by the name of the argument; each has to be at least 1.
      dropout: has to lie in [0, 1).
      conditional, num_classes: a conditional model needs two classes at least.
    Raises:
      ValueError: naming the first argument that is out of range.
    """
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name}={value}: must be at least 1")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout={dropout}: must lie in [0, 1)")
    if conditional and num_classes < 2:
        raise ValueError(f"num_classes={num_classes}: a conditional model needs a data set with labels")


def check_pair(image_shape: tuple[int, int, int], source_shape: tuple[int, int, int]) -> None:
    """Holds the two pictures of a pair against each other.

    Raises:
      ValueError: where they are not of one height and width.
    """
    if image_shape[:2] != source_shape[:2]:
        raise ValueError(f"source_shape={source_shape}: must have the height and width of image_shape={image_shape}")
