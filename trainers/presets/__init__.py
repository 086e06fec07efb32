"""Presets: configurations with the source of their numbers. New numbers for an old model are a new preset, no class.

Every file here has a table PRESETS; `PRESETS` are those of all of them, by name.
"""

import importlib
import pkgutil

from trainers.config import TrainConfig

PRESETS: dict[str, TrainConfig] = {}
for _module in pkgutil.iter_modules(__path__):
    _presets = importlib.import_module(f"{__name__}.{_module.name}").PRESETS
    if _twice := sorted(set(PRESETS) & set(_presets)):
        raise ValueError(f"trainers/presets/{_module.name}.py: another file has a preset of the name {_twice[0]!r}")
    PRESETS |= _presets
