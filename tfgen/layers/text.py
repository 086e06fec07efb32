"""An encoder of texts, byte by byte: convolutions, and the largest of what they find anywhere in it.

After the convolutional encoder of characters of Scott Reed, Zeynep Akata, Honglak Lee, Bernt Schiele, 2016, "Learning
Deep Representations of Fine-grained Visual Descriptions", https://arxiv.org/abs/1605.05395 (section 4.1), without the
recurrent network on top. Of bytes rather than of words, because then no table of words has to be served, no two words
have one number, as they have where words are hashed, and a word that was never seen is like those that it resembles.
"""

import keras
import tensorflow as tf


def bytes_of(text: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Texts as numbers: string [N] -> (bytes uint8 [N, size], zeros after the end; how many there are int32 [N]).

    Capital letters of ASCII count as small ones, and blanks around a text not at all; what is longer is cut.
    """
    text = tf.strings.strip(tf.strings.lower(text))
    return tf.io.decode_raw(text, tf.uint8, fixed_length=size), tf.minimum(tf.strings.length(text), size)


class TextEncoder(keras.layers.Layer):
    """[N, L] bytes, of which the first so many are a text -> [N, outputs]; L changes nothing, nor what follows a text.

    A text without a byte has an embedding like any other: of features that are all zero.

    Args:
      width: features of a byte, and of each convolution.
      depth: convolutions; the last sees 4 depth + 1 bytes.
      outputs: dimensions of the embedding.
    """

    KERNEL = 5  # bytes

    def __init__(self, width: int, depth: int, outputs: int):
        super().__init__(name="text_encoder")
        self.table = keras.layers.Dense(width, use_bias=False)
        self.convs = [keras.layers.Conv1D(width, self.KERNEL, padding="same", activation="relu") for _ in range(depth)]
        self.head = keras.layers.Dense(outputs)

    def build(self, *shapes):
        self.built = True  # its layers are built where they first run: `make_variables`

    def call(self, codes, length):
        within = tf.sequence_mask(length, codes.shape[1])[..., None]
        x = self.table(tf.one_hot(codes, 256))
        for conv in self.convs:
            x = conv(tf.where(within, x, 0.0))
        # Rectified features are never below zero, which is also what there is of a text that has none.
        return self.head(tf.reduce_max(tf.where(within, x, 0.0), axis=1))
