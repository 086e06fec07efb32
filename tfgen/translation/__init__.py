"""A picture or a sentence in, a picture out."""
