"""The NC-VQVAE tokenizer."""

from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Integral, Interval, StrOptions
from sktsvq.nn.augment import resolve
from sktsvq.nn.ncvqvae import NCVQVAE, SSL_LOSSES
from sktsvq.tokenizers._vqvae import PUBLISHED, VQVAETokenizer

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

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        See `VQVAETokenizer`, as for all parameters that are not named here.
    ssl_loss : {"barlow_twins", "vicreg", "vibcreg"}, default="barlow_twins"
        The loss on the projections: Barlow Twins (arXiv 2103.03230), VICReg (arXiv 2105.04906) or VIbCReg (arXiv
        2109.00783); the last two times 0.01, as in the paper.
    ssl_weight : float, default=3.0
        Weight of that loss beside the reconstruction.
    ssl_pooling : {"mean", "mean_max"}, default="mean"
        How latents are pooled over time before the projector; the paper has "mean_max".
    projector_dim : int, default=256
        Width of the three layers of the projector. The paper's 4096 cost ten times the rest of the network.
    augmentations : list of str or callable, default=("crop", "shift", "amplitude", "gaussian_noise")
        What makes a view, applied one after the other: names among "window_warp", "amplitude", "slice_and_shuffle",
        "gaussian_noise", "crop", "flip", "shift", "magnitude_warp" and "frequency_mask" (see `sktsvq.nn.augment`), or
        functions from a tensor (b, c, t) to one of the same shape.
    augmented_reconstruction_weight : float, default=0.0
        Weight of the squared error of the decoded view, 0.2 in the paper; 0 spares the decoding. With
        ``architecture="stft"`` the error is that in time and time-frequency.
    max_epochs : int or "auto", default="auto"
        Passes over the train set; "auto" makes about 1400 optimiser steps.
    batch_size : int, default=64
        Series per step, at least 2: the losses compare series of a batch.

    Attributes
    ----------
    history_ : skorch.history.History
        Also has `embedding_std` and `effective_rank` of the projections of an epoch's last batch, computed about a
        hundred times in a training and repeated between: where they fall to 0 and 1, the branch has collapsed.

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

    _n_steps = 1400

    _parameter_constraints = {
        **VQVAETokenizer._parameter_constraints,
        "ssl_loss": [StrOptions(set(SSL_LOSSES))],
        "ssl_weight": [NOT_NEGATIVE],
        "ssl_pooling": [StrOptions({"mean", "mean_max"})],
        "projector_dim": [AT_LEAST_ONE],
        "augmentations": ["array-like", str, callable],
        "augmented_reconstruction_weight": [NOT_NEGATIVE],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        codebook_size="auto",
        *,
        ssl_loss="barlow_twins",
        ssl_weight=3.0,
        ssl_pooling="mean",
        projector_dim=256,
        augmentations=("crop", "shift", "amplitude", "gaussian_noise"),
        augmented_reconstruction_weight=0.0,
        architecture="patch",
        quantizer="euclidean",
        codebook_dim=64,
        n_quantizers=1,
        beta=0.25,
        decay=0.95,
        dead_threshold=0.1,
        orthogonal_weight=0.0,
        code_temperature=0.0,
        gradient="straight_through",
        downsampling_rate="auto",
        width=64,
        n_blocks=3,
        spectral_weight=0.3,
        codebook_init="kmeans",
        output="tokens",
        pooling="mean",
        max_epochs="auto",
        batch_size=64,
        lr=4e-3,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
        warm_start=False,
        net_params=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
    ):
        super().__init__(
            codebook_size,
            architecture=architecture,
            quantizer=quantizer,
            codebook_dim=codebook_dim,
            n_quantizers=n_quantizers,
            beta=beta,
            decay=decay,
            dead_threshold=dead_threshold,
            orthogonal_weight=orthogonal_weight,
            code_temperature=code_temperature,
            gradient=gradient,
            downsampling_rate=downsampling_rate,
            width=width,
            n_blocks=n_blocks,
            spectral_weight=spectral_weight,
            codebook_init=codebook_init,
            output=output,
            pooling=pooling,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            device=device,
            precision=precision,
            random_state=random_state,
            verbose=verbose,
            warm_start=warm_start,
            net_params=net_params,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
        )
        self.ssl_loss = ssl_loss
        self.ssl_weight = ssl_weight
        self.ssl_pooling = ssl_pooling
        self.projector_dim = projector_dim
        self.augmentations = augmentations
        self.augmented_reconstruction_weight = augmented_reconstruction_weight

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

    def _check_combinations(self):
        super()._check_combinations()
        resolve(self.augmentations)

    def _build_module(self, n_cases):
        return NCVQVAE(
            ssl_loss=self.ssl_loss,
            ssl_weight=self.ssl_weight,
            ssl_pooling=self.ssl_pooling,
            projector_dim=self.projector_dim,
            augmentations=self.augmentations,
            augmented_reconstruction_weight=self.augmented_reconstruction_weight,
            **self._module_params(n_cases, self.downsampling_rate),
        )
