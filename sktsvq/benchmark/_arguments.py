"""Numbers on the command lines of the small benchmarks."""

import argparse

__all__ = ["at_least"]


def at_least(lowest):
    """For `type` of argparse: an int that is not below `lowest`."""

    def number(text):
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}. Got {value} instead.")
        return value

    return number
