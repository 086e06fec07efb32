"""What a study is told beside its model and its data."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def _out_of_sight(name: str, total: int) -> Iterator[Callable[[int], None]]:
    yield lambda count: None


@dataclasses.dataclass(frozen=True)
class Settings:
    """On what a study is made, and what it may ask of the trainers, which it cannot import.

    Args:
      train: (**changes) -> the model of this work directory trained anew, and restored, with other fields of its
        configuration (steps=500, train_examples=100) or arguments (latent_dim=4). What has been trained once is not
        trained again.
      split: whose examples.
      examples: the first so many of them; None for as many as the study takes by itself.
      seed: of binarisation and all draws.
      other: the name of a second data set, of studies of two.
      data_dir: where TFDS keeps its data.
      in_sight: (name, total) -> a context that shows how far something is, and yields a function to be told how many
        more are done.
      build: (seed) -> the model of this work directory with its variables, before any training.
      measure: (model) -> the figures of its samples beside the data, by name.
      history: () -> (line of metrics.jsonl, the model as it was) of each checkpoint that the run kept, the first first.
      export: (model, facts for its card) -> the folder of its export, beside the study; None where there is none.
    """

    train: Callable
    split: str = "test"
    examples: int | None = None
    seed: int = 0
    other: str = ""
    data_dir: str | None = None
    in_sight: Callable = _out_of_sight
    build: Callable | None = None
    measure: Callable | None = None
    history: Callable = lambda: iter(())
    export: Callable = lambda model, about: None

    def limit(self, default: int) -> int:
        """How many examples to take."""
        return default if self.examples is None else self.examples
