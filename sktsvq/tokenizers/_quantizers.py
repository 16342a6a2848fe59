"""The quantiser that the parameters of a tokenizer describe."""

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Interval, Real, StrOptions
from sktsvq.nn.fsq import FiniteScalarQuantizer
from sktsvq.nn.quantizer import GRADIENTS, EMAVectorQuantizer, VectorQuantizer
from sktsvq.nn.residual import ResidualQuantizer

QUANTIZER_CONSTRAINTS = {
    "codebook_dim": [AT_LEAST_ONE],
    "quantizer": [StrOptions({"euclidean", "cosine", "fsq"})],
    "n_quantizers": [AT_LEAST_ONE],
    "beta": [NOT_NEGATIVE],
    "decay": [Interval(Real, 0, 1, closed="left"), None],
    "dead_threshold": [NOT_NEGATIVE],
    "orthogonal_weight": [NOT_NEGATIVE],
    "code_temperature": [NOT_NEGATIVE],
    "gradient": [StrOptions(set(GRADIENTS))],
}


def check_quantizer(estimator):
    """Raise a ValueError where the quantiser parameters of `estimator` contradict each other."""
    condition, rules = f"quantizer={estimator.quantizer!r}", {}
    if estimator.quantizer == "fsq":
        rules = {"n_quantizers": 1, "orthogonal_weight": 0, "code_temperature": 0, "gradient": "straight_through"}
    elif estimator.quantizer == "cosine" and estimator.n_quantizers > 1:
        rules = {"n_quantizers": 1}  # what unit vectors leave over is no unit vector
    elif estimator.decay is not None:
        condition, rules = f"decay={estimator.decay!r}", {"orthogonal_weight": 0}  # no gradient reaches the codes
    for name, only in rules.items():
        got = getattr(estimator, name)
        if got != only:
            raise ValueError(
                f"The {name!r} parameter of {type(estimator).__name__} must be {only!r} with {condition}. "
                f"Got {got!r} instead."
            )


def build_quantizer(estimator, codebook_size):
    """The untrained quantiser, of `codebook_size` codes in each stream."""
    if estimator.quantizer == "fsq":
        return FiniteScalarQuantizer(codebook_size)
    params = {
        "beta": estimator.beta,
        "spherical": estimator.quantizer == "cosine",
        "dead_threshold": estimator.dead_threshold,
        "temperature": estimator.code_temperature,
    }
    if estimator.decay is None:
        make, params = VectorQuantizer, {**params, "orthogonal_weight": estimator.orthogonal_weight}
    else:
        make, params = EMAVectorQuantizer, {**params, "decay": estimator.decay}
    sizes = codebook_size, estimator.codebook_dim
    if estimator.n_quantizers == 1:
        return make(*sizes, gradient=estimator.gradient, **params)
    layers = [make(*sizes, **params) for _ in range(estimator.n_quantizers)]
    return ResidualQuantizer(layers, gradient=estimator.gradient)
