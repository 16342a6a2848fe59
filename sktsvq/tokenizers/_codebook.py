"""The parameters of the codes: how latents become codes, and how the codes are learnt."""

from numbers import Real

from sktsvq._parameters import Parameters, param
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Interval, StrOptions

__all__ = ["CodebookParams"]

# One code of 256 says too little of this many channels; chosen on a part of the train windows of Energy.
_MANY_CHANNELS, _QUANTIZERS_OF_MANY = 16, 4


class CodebookParams(Parameters):
    """What the tokenizers with a learnt codebook take; `sktsvq.nn` gets all but `codebook_init` as they are."""

    codebook_size: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Number of codes of each stream. "auto" is the greatest power of two that is at most an eighth of the number '
        "of "
        "tokens in the train set, but at least 16 and at most 256.",
        positional=True,
    )
    quantizer: str = param(
        "euclidean",
        [StrOptions({"euclidean", "cosine", "fsq"})],
        "How latents become codes: the nearest code; the code of greatest cosine, with latents and codes divided by "
        "their l2 norm (arXiv 2110.04627); or finite scalar quantisation, which rounds to a fixed grid of exactly "
        "`codebook_size` codes (arXiv 2309.15505). The grid's dimensions have the fewest levels that are at most 8 "
        "each and have that product, as even as possible, such as (8, 4) for 32. It leaves `codebook_dim`, `beta`, "
        "`decay`, `dead_threshold` and `codebook_init` unused.",
    )
    codebook_dim: int = param(
        64,
        [AT_LEAST_ONE],
        "Dimension of a code. A low one (4 to 16) makes the encoder's last layer the projection to a low-dimensional "
        "codebook of arXiv 2110.04627, which keeps more codes in use.",
    )
    n_quantizers: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        "Residual quantisation (arXiv 2107.03312, 2203.01941): each quantiser has `codebook_size` codes for what is "
        "left by those before it, and gives a stream of tokens of its own (`token_slices_`). Only with "
        '``quantizer="euclidean"``. "auto" is 4 for series of at least 16 channels with that quantizer, else 1.',
    )
    beta: float = param(0.25, [NOT_NEGATIVE], "Weight of the commitment of the encoder to its codes.")
    decay: float | None = param(
        0.95,
        [Interval(Real, 0, 1, closed="left"), None],
        "Decay of the moving average of latents that the codes follow; None learns the codes by gradient.",
    )
    dead_threshold: float = param(
        0.1,
        [NOT_NEGATIVE],
        "A code that fewer latents a batch choose, on a moving average, moves onto a random latent (arXiv 2107.03312); "
        "0 leaves dead codes where they are.",
    )
    orthogonal_weight: float = param(
        0.0,
        [NOT_NEGATIVE],
        "Weight of the squared cosines between the codes that a batch uses (arXiv 2112.00384); needs ``decay=None``.",
    )
    code_temperature: float = param(
        0.0,
        [NOT_NEGATIVE],
        "In training a code is drawn with probabilities softmax(-squared distance / code_temperature) (arXiv "
        "2203.01941); 0 takes the nearest, as `transform` always does.",
    )
    gradient: str = param(
        "straight_through",
        [StrOptions({"straight_through", "rotation"})],
        "How the encoder's gradient passes the codes: copied, or rotated and scaled as the latent is onto its code "
        "(arXiv 2410.06424).",
    )
    codebook_init: str = param(
        "kmeans",
        [StrOptions({"kmeans", "data", "normal"})],
        "Start of the codes: k-means of the untrained encoder's latents, a sample of them, or draws from N(0, 1).",
    )

    def _check_combinations(self):
        """Raise a ValueError where the parameters of the codes contradict each other."""
        condition, rules = f"quantizer={self.quantizer!r}", {}
        if self.quantizer == "fsq":
            rules = {"n_quantizers": 1, "orthogonal_weight": 0, "code_temperature": 0, "gradient": "straight_through"}
        elif self.quantizer == "cosine" and self.n_quantizers not in (1, "auto"):
            rules = {"n_quantizers": 1}  # what unit vectors leave over is no unit vector
        elif self.decay is not None:
            condition, rules = f"decay={self.decay!r}", {"orthogonal_weight": 0}  # no gradient reaches the codes
        for name, only in rules.items():
            got = getattr(self, name)
            if got not in (only, "auto"):
                raise ValueError(
                    f"The {name!r} parameter of {type(self).__name__} must be {only!r} with {condition}. "
                    f"Got {got!r} instead."
                )

    def _bottleneck_config(self, codebook_size):
        """The quantiser with `codebook_size` codes a stream, for the modules of `sktsvq.nn`."""
        names = [name for name in CodebookParams.__dataclass_fields__ if name not in ("codebook_size", "codebook_init")]
        options = {name: getattr(self, name) for name in names} | {"n_quantizers": self._resolved_n_quantizers()}
        return {"kind": "quantizer", "codebook_size": codebook_size, **options}

    def _resolved_n_quantizers(self):
        if self.n_quantizers != "auto":
            return self.n_quantizers
        has_many = self.quantizer == "euclidean" and self.n_channels_in_ >= _MANY_CHANNELS
        return _QUANTIZERS_OF_MANY if has_many else 1
