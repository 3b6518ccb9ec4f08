"""What a fault is, and what the rounds of a theme have in common."""

import dataclasses
import typing


@dataclasses.dataclass
class Fault:
    """inject(world, argument) does it and returns the Mark from which the recovery is measured."""
    name: str
    theme: str
    inject: typing.Callable
    aim_s: float = 60
    argument: object = None
    comes_first: bool = False  # of its round
