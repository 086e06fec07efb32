"""The three nouns: GenerativeModel, Player, Signature."""

from tfgen.core.model import Diagnosis as Diagnosis
from tfgen.core.model import GenerativeModel as GenerativeModel
from tfgen.core.player import Player as Player
from tfgen.core.signature import Signature as Signature
