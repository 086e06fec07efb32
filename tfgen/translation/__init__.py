"""A picture or a sentence in, a picture out. One paper per file."""
