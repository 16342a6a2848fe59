"""The parameter of the priors that draw one token after the other."""

from sktsvq._parameters import Parameters, param
from sktsvq._validation import AT_LEAST_ONE


class ParticleParams(Parameters):
    """What the priors take that draw one token after the other."""

    n_particles: int = param(16, [AT_LEAST_ONE], "Candidates per sequence in `complete`, see Notes.")
