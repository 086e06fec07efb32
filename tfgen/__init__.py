"""Deep generative models in TensorFlow and Keras 3. Importing this package imports no TensorFlow; see `tfgen.zoo`."""
