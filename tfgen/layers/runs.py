"""How a causal network is run: over whole pictures, for the next row, for the next pixel, or to initialise it.

A network is two functions of a run, `vertical` (rows above) and `horizontal` (this row). `vertical` answers `Above`,
all that the pixels of a row take from the rows above it.
"""

from typing import NamedTuple

import tensorflow as tf


class Above(NamedTuple):
    """What pixels take from the rows above: whole [N, H, W, S], of one row [N, W, S], or of one pixel [N, S].

    Args:
      here: by the name of the layer that takes it.
      coarser: the same at half the resolution, in networks that have it.
      passed: what pixels of the row above this one, at half the resolution, passed down to this row.
    """

    here: dict[str, tf.Tensor]
    coarser: "Above | None" = None
    passed: tf.Tensor | None = None


def map_tensors(function, tree):
    """`function` of every tensor of a nest; None stays None."""
    return tf.nest.map_structure(lambda leaf: None if leaf is None else function(leaf), tree)


class Parallel:
    """Runs layers over whole pictures [N, H, W, C]."""

    def __call__(self, layer, x, above=None, before=None):
        return layer(x) if above is None else layer(x) + above

    def above(self, layer, plus=None, row=None):
        """What `layer` takes from the rows above, and `plus`: here the layer sees them by itself."""
        return plus

    def coarser_rows(self, name: str, function, x):
        y, above = function(self, x)
        return tf.nn.depth_to_space(y, 2), above, None

    def coarser_pixels(self, name: str, function, x, above: Above):
        return tf.nn.depth_to_space(function(self, x, above.coarser), 2)

    def prepared(self, name: str, make):
        """What `make()` makes of the weights."""
        return make()


class Initialize(Parallel):
    """Runs over whole pictures and initialises each weight-normalised layer on what comes to it."""

    def __call__(self, layer, x, above=None, before=None):
        if getattr(layer, "normalized", False):
            layer.initialize(x)
        return super().__call__(layer, x, above)


class _Step:
    """Runs layers for one row or pixel, with what they kept of those before it.

    Args:
      weights: what was made of weights, by name; filled at the first use, which has to be outside of the loops:
        TensorFlow would read and reshape a variable again in every round.
      cache: name -> what was kept at the last step; empty at the start.
    """

    def __init__(self, weights: dict, cache: dict | None = None):
        self.weights, self.cache, self.kept = weights, cache or {}, {}

    def prepared(self, name: str, make):
        if name not in self.weights:
            self.weights[name] = make()
        return self.weights[name]

    def _now_or_never(self, condition, now, name: str, child: "_Step"):
        """The value of now() where `condition`, else that of the last time; always now() where that is None."""
        structure = []  # of the value; a cache holds its tensors alone, since a loop carries no None

        def tensors():
            structure.append(now())
            return [tensor for tensor in tf.nest.flatten(structure[0]) if tensor is not None]

        if condition is None:
            self.kept[name] = tensors()
            self.kept |= child.kept
        else:
            self.kept[name], kept = tf.cond(
                condition,
                lambda: (tensors(), child.kept),
                lambda: (self.cache[name], {key: self.cache[key] for key in child.kept}),
            )
            self.kept |= kept
        left = iter(self.kept[name])
        return map_tensors(lambda _: next(left), structure[0])


class RowStep(_Step):
    """Runs layers for one row [N, W, C].

    Args:
      lines: layer name -> [N, W, S], what the pixels of the row before handed down; empty at the top.
      shape: (N, W).
      index: the number of the row; None outside of the loop, where all resolutions are run.
    """

    def __init__(self, weights, cache=None, lines=None, shape=(), index=None):
        super().__init__(weights, cache)
        self.lines, self.shape, self.index = lines or {}, shape, index

    def __call__(self, layer, row, above=None):
        weights = self.prepared(layer.name, layer.prepare)
        if hasattr(layer, "rows"):
            y, self.kept[layer.name] = layer.step(row, self.cache.get(layer.name), weights)
            return y
        return layer.step(row, None, None, weights)[0]

    def above(self, layer, plus=None, row=None):
        """`row`: the row before, for a layer whose pixels do not hand it down."""
        row = self._line(layer.name, layer.handed_size) if row is None else row
        y, kept = layer.above(row, self.cache.get(layer.name), self.prepared(layer.name, layer.prepare))
        if kept is not None:
            self.kept[layer.name] = kept
        return y if plus is None else y + plus

    def _line(self, name, size):
        return self.lines[name] if name in self.lines else tf.zeros([*self.shape, size])

    def coarser_rows(self, name, function, x):
        """Every second row runs `function(run, x) -> (y [N, W / 2, 4 F], Above)`; y is two rows of W, as in
        depth_to_space. Returns this row [N, W, F], the Above, and what the pixels of the row before passed down."""
        count, width = self.shape
        half = None if self.index is None else self.index // 2
        child = RowStep(self.weights, self.cache, self.lines, (count, width // 2), half)
        even = None if self.index is None else self.index % 2 == 0
        y, above = self._now_or_never(even, lambda: function(child, x), f"{name}/rows", child)
        size = y.shape[-1] // 4
        pair = tf.reshape(
            tf.transpose(tf.reshape(y, [-1, width // 2, 2, 2 * size]), [2, 0, 1, 3]), [2, -1, width, size]
        )
        return pair[0 if self.index is None else self.index % 2], above, self._line(name, size)


class PixelStep(_Step):
    """Runs layers for one pixel [N, C].

    Args:
      rows: of every resolution, what `pack` made of this row's Above; None outside of the loop.
      index: row and column of the pixel; None outside of the loop, where all resolutions are run.
    """

    def __init__(self, weights, cache=None, rows=None, index=None, level=0):
        super().__init__(weights, cache)
        self.rows, self.index, self.level = rows, index, level
        self.handed: dict = {}  # layer name -> [N, S], for the row below
        self.coarser_handed: list[dict] = []  # of the coarser resolutions, outside of the loop

    def __call__(self, layer, x, above=None, before=None):
        """`before`: the pixel before x, for a layer that cannot keep x yet."""
        weights = self.prepared(layer.name, layer.prepare)
        x = x if before is None else (before, x)
        y, kept, handed = layer.step(x, above, self.cache.get(layer.name), weights)
        if kept is not None:
            self.kept[layer.name] = kept
        if handed is not None:
            self.handed[layer.name] = handed
        return y

    def coarser_pixels(self, name, function, x, above: Above):
        """Every second pixel of every second row runs `function(run, x, above) -> y [N, 4 F]`: two by two pixels."""
        level = self.level + 1
        if self.index is None:
            child = PixelStep(self.weights, level=level)
            y = self._now_or_never(None, lambda: function(child, x, above.coarser), f"{name}/pixels", child)
            self.coarser_handed = [child.handed, *child.coarser_handed]
            row = column = 0
        else:
            row, column = (i % 2 for i in self.index)
            index = [i // 2 for i in self.index]
            child = PixelStep(self.weights, self.cache, self.rows, index, level)

            def now():
                y = function(child, x, self.rows[level].at(index[1])[0])
                child.hand_down()
                return y

            y = self._now_or_never((row == 0) & (column == 0), now, f"{name}/pixels", child)
        pixels = tf.reshape(y, [-1, 2, 2, y.shape[-1] // 4])
        self.handed[name] = tf.gather(pixels[:, 1], column, axis=1)  # for the row below
        here = tf.gather(pixels[:, 0], column, axis=1)
        return here if self.index is None else tf.where(row == 0, here, above.passed)

    def hand_down(self) -> None:
        """Writes what this pixel hands down into the line of its resolution."""
        if self.handed:
            name = f"line {self.level}"
            value = tf.concat(list(self.handed.values()), axis=-1)
            self.kept[name] = tf.tensor_scatter_nd_update(self.cache[name], [[self.index[1]]], value[None])


class Packed(NamedTuple):
    """An Above of one row, and what else its pixels need, in one tensor [W, N, S]: one gather for each pixel."""

    tensor: tf.Tensor
    sizes: list[int]
    layers: list[str]
    passed: bool

    def at(self, column) -> tuple[Above, list]:
        """Of one pixel: its Above, and the rest."""
        parts = tf.split(tf.gather(self.tensor, column), self.sizes, axis=-1)
        here, rest = dict(zip(self.layers, parts, strict=False)), parts[len(self.layers) :]
        return (Above(here, None, rest[0]), rest[1:]) if self.passed else (Above(here), rest)


def pack(above: Above, extra: list) -> list[Packed]:
    """Of every resolution; `extra` tensors [W, N, S] are put behind those of the finest."""
    tensors = [*above.here.values(), *([] if above.passed is None else [above.passed])]
    tensors = [*(tf.transpose(tensor, [1, 0, 2]) for tensor in tensors), *extra]
    sizes = [tensor.shape[-1] for tensor in tensors]
    here = Packed(tf.concat(tensors, axis=-1), sizes, list(above.here), above.passed is not None)
    return [here, *(pack(above.coarser, []) if above.coarser else [])]
