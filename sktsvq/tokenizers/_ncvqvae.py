"""The NC-VQVAE tokenizer."""

import torch

from sktsvq._devices import isolated_rng
from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Integral, Interval, StrOptions
from sktsvq.nn.augment import check_augmentations
from sktsvq.nn.ncvqvae import NCVQVAE, SSL_LOSSES
from sktsvq.tokenizers._autoencoder import PUBLISHED
from sktsvq.tokenizers._vqvae import VQVAETokenizer

PUBLISHED_AUGMENTATIONS = {
    "warp": ("window_warp", "amplitude"),
    "slice": ("slice_and_shuffle",),
    "gauss": ("gaussian_noise",),
}


class NCVQVAETokenizer(VQVAETokenizer):
    r"""VQ-VAE tokens that are also taught what makes series alike (NC-VQVAE, arXiv 2408.16613).

    In training each series meets an augmented view of itself. The quantised latents of the series and the continuous
    latents of the view are pooled over time, projected, and compared by a non-contrastive loss, so that tokens hold
    class structure as well as shape. No labels are used. Once fitted, it is a `VQVAETokenizer`.

    Attributes
    ----------
    history_ : skorch.history.History
        Also has `embedding_std` and `effective_rank` of the projections of an epoch's last batch, computed about a
        hundred times in a training and repeated between: if they fall to 0 and 1, the branch has collapsed.

    References
    ----------
    J. Chen et al., arXiv 2408.16613.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.tokenizers import NCVQVAETokenizer
    >>> X, y = make_waves(n_cases=20, n_timepoints=32, random_state=0)
    >>> tokenizer = NCVQVAETokenizer(codebook_size=16, max_epochs=5, random_state=0).fit(X)
    >>> tokenizer.transform(X).shape
    (20, 32)
    >>> tokenizer.history_[-1, "effective_rank"] > 1
    True
    """

    ssl_loss: str = param(
        "barlow_twins",
        [StrOptions(set(SSL_LOSSES))],
        "The loss on the projections: Barlow Twins (arXiv 2103.03230), VICReg (arXiv 2105.04906) or VIbCReg (arXiv "
        "2109.00783); the last two times 0.01, as in the paper.",
    )
    ssl_weight: float = param(3.0, [NOT_NEGATIVE], "Weight of that loss beside the reconstruction.")
    ssl_pooling: str = param(
        "mean",
        [StrOptions({"mean", "mean_max"})],
        'How latents are pooled over time before the projector; the paper has "mean_max".',
    )
    projector_dim: int = param(
        256,
        [AT_LEAST_ONE],
        "Width of the three layers of the projector. The paper's 4096 cost ten times the rest of the network.",
    )
    augmentations: object = param(
        ("crop", "shift", "amplitude", "gaussian_noise"),
        ["array-like", str, callable],
        'What makes a view, applied one after the other: names among "window_warp", "amplitude", "slice_and_shuffle", '
        '"gaussian_noise", "crop", "flip", "shift", "magnitude_warp" and "frequency_mask" (see `sktsvq.nn.augment`), '
        "or "
        "functions from a tensor (b, c, t) to one of the same shape; or one of these.",
    )
    augmented_reconstruction_weight: float = param(
        0.0,
        [NOT_NEGATIVE],
        "Weight of the squared error of the decoded view, 0.2 in the paper; 0 omits the decoding. With "
        '``architecture="stft"`` the error is that in time and time-frequency.',
    )
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 1400 optimiser steps.')
    batch_size: int = revised(
        TrainingParams,
        "batch_size",
        rules=[Interval(Integral, 2, None, closed="left")],
        note="The self-supervised losses compare the series of a batch.",
    )

    _module_class = NCVQVAE

    @classmethod
    def published(cls, variant="vibcreg-warp"):
        """A variant of the paper (arXiv 2408.16613): `VQVAETokenizer.published` with its self-supervised branch.

        The projector is 4096 wide, the loss weighs 1, the reconstruction of the augmented series 0.2.

        Parameters
        ----------
        variant : str, default="vibcreg-warp"
            A loss among "barlow_twins", "vicreg" and "vibcreg", a hyphen, and an augmentation: "warp" (a window of
            0.4 stretched by 0.9 to 2, then amplitudes times N(1, 0.2)), "slice" (four pieces, shuffled) or "gauss"
            (noise of 0.05). The paper scores all but "vicreg".

        Returns
        -------
        tokenizer : object
            Not fitted.

        Raises
        ------
        ValueError
            If there is no such variant.

        Examples
        --------
        >>> from sktsvq.tokenizers import NCVQVAETokenizer
        >>> NCVQVAETokenizer.published("barlow_twins-slice").augmentations
        ('slice_and_shuffle',)
        """
        ssl_loss, _, augmentation = str(variant).partition("-")
        if ssl_loss not in SSL_LOSSES or augmentation not in PUBLISHED_AUGMENTATIONS:
            raise ValueError(
                f"The 'variant' parameter of {cls.__name__}.published must be one of {sorted(SSL_LOSSES)} and one of "
                f"{sorted(PUBLISHED_AUGMENTATIONS)}, joined by a hyphen. Got {variant!r} instead."
            )
        return cls(
            **PUBLISHED,
            ssl_loss=ssl_loss,
            ssl_weight=1.0,
            ssl_pooling="mean_max",
            projector_dim=4096,
            augmentations=PUBLISHED_AUGMENTATIONS[augmentation],
            augmented_reconstruction_weight=0.2,
            net_params={"optimizer__weight_decay": 1e-3},
        )

    def _auto_steps(self, n_cases):
        return 1400

    def _fit(self, series, X, y):
        with isolated_rng(0, torch.device("cpu")):
            check_augmentations(self.augmentations, self.n_channels_in_, self.n_timepoints_in_)
        super()._fit(series, X, y)

    def _module_config(self, n_cases):
        return {
            **super()._module_config(n_cases),
            "objective": {"loss": self.ssl_loss, "weight": self.ssl_weight, "projector_dim": self.projector_dim},
            "ssl_pooling": self.ssl_pooling,
            "augmentations": self.augmentations,
            "augmented_reconstruction_weight": self.augmented_reconstruction_weight,
        }
