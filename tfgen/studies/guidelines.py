"""What each guideline of the DCGAN is for: the run without one after another.

Alec Radford, Luke Metz, Soumith Chintala, 2016, https://arxiv.org/abs/1511.06434, section 3.
"""

from tfgen.studies import rivals

WITHOUT = {
    "all guidelines": {},
    "pooling for strides": {"strided": False},
    "no batch norm": {"normalized": "none"},
    "a hidden dense layer": {"hidden": 128},
    "tanh in the generator": {"generator_activation": "tanh"},
    "ReLU in the discriminator": {"discriminator_activation": "relu"},
}


def study(model, data, settings):
    """All of them, and all but one."""
    return rivals.compare(f"Guidelines: {type(model).__name__} on {data.name}", model, data, settings, WITHOUT)
