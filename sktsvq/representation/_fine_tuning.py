"""A classifier that starts from a trained encoder."""

import torch
from sklearn.base import MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from sktsvq._batches import map_batches
from sktsvq._network_classifier import NetworkClassifier
from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import POSITIVE, HasMethods, check_is_fitted
from sktsvq.nn.fine_tuning import FineTuned
from sktsvq.representation._siamese import SiameseEncoder

__all__ = ["FineTunedClassifier"]

_N_STEPS = 200


class FineTunedClassifier(MetaEstimatorMixin, NetworkClassifier):
    """A linear classifier on the embedding of an encoder or a tokenizer, trained together with it.

    The network of the encoder starts as it is trained; of a tokenizer it is the encoder before the codes, and its
    latents are averaged over the positions. Embeddings are standardised on the train set before the linear layer. With
    ``freeze=True`` the linear layer alone is trained (a linear probe), with ``from_scratch=True`` the same network
    starts untrained: the baseline that shows what the encoder has learnt without labels. Series have the sizes that a
    fitted encoder has seen; they may be of unequal length if it takes such.

    Attributes
    ----------
    encoder_ : estimator
        The fitted encoder, as it was before the fine-tuning.

    Examples
    --------
    >>> from sktsvq.datasets import make_waves
    >>> from sktsvq.representation import FineTunedClassifier, SiameseEncoder
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> encoder = SiameseEncoder(dim=16, max_epochs=5, random_state=0).fit(X)
    >>> classifier = FineTunedClassifier(encoder, max_epochs=5, random_state=0).fit(X[:20], y[:20])
    >>> classifier.predict(X).shape
    (60,)
    """

    _takes_lengths = True

    encoder: object = param(
        None,
        [HasMethods(["fit", "transform"]), None],
        "An encoder of `sktsvq.representation` or a tokenizer with a network. A fitted one is used as it is; the clone "
        "of another is fitted on the series that `fit` is given, and learns without their labels, which only the "
        "decoder of a conditional `VariationalAutoencoder` is told. What clones the classifier, such as "
        "`cross_val_score`, clones the encoder too, which is then no longer fitted: give it a "
        "``FrozenEstimator(encoder)``. None is `SiameseEncoder()`.",
        positional=True,
    )
    freeze: bool = param(False, ["boolean"], "Whether the network of the encoder stays as it is.")
    from_scratch: bool = param(
        False, ["boolean"], "Whether the network of the encoder starts untrained; an encoder is then not fitted."
    )
    encoder_lr_factor: float = param(
        0.1,
        [POSITIVE],
        "The learning rate of the encoder as a share of `lr`, which is that of the linear layer; 1 with "
        "``from_scratch=True``, whatever is given.",
    )
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 200 optimiser steps.')
    batch_size: int = revised(TrainingParams, "batch_size", default=32)
    lr: float = revised(TrainingParams, "lr", default=1e-3)
    precision: str = revised(TrainingParams, "precision", note="Prediction always computes in float32.")

    def _check_series(self, X, *, reset=False, **settings):
        series = super()._check_series(X, reset=reset, **settings)
        encoder = self._given_encoder() if reset else None
        if getattr(encoder, "unequal_length_in_", False):
            # Any lengths up to those that the encoder has seen, also if those of X are equal.
            self.unequal_length_in_, self.n_timepoints_in_ = True, encoder.n_timepoints_in_
            self.n_features_in_ = self.n_channels_in_ * self.n_timepoints_in_
            series = self._at_full_length(series)
        return series

    def _prepare(self, X, y, series, seed):
        self.encoder_ = self._fitted_encoder(X, y, series, seed)
        self.mean_, self.scale_ = self.encoder_.mean_, self.encoder_.scale_

    def _given_encoder(self):
        given = SiameseEncoder() if self.encoder is None else self.encoder
        return given.estimator if isinstance(given, FrozenEstimator) else given

    def _fitted_encoder(self, X, y, series, seed):
        """The encoder given, if it is fitted; else a clone that is, or that knows the sizes of its network alone."""
        given = self._given_encoder()
        if not (hasattr(given, "_module_config") and hasattr(given, "_check_series")):
            raise TypeError(
                f"The 'encoder' parameter of {type(self).__name__} must be an encoder or a tokenizer of sktsvq with a "
                f"network. Got {given!r} instead."
            )
        try:
            check_is_fitted(given)
        except NotFittedError:
            encoder = clone(given)
        else:
            given._check_series(X)
            return given
        if encoder.random_state is None:
            encoder.set_params(random_state=seed)
        if not self.from_scratch:
            return encoder.fit(X, y)
        encoder._check_params()
        encoder._check_series(X, reset=True)
        encoder._prepare(series, y)
        encoder.module_config_ = encoder._module_config(len(series))
        return encoder

    def _module_class(self, **config):
        encoder = self.encoder_
        return FineTuned(encoder=encoder._module_class(**encoder.module_config_), **config)

    def _module_config(self, n_cases):
        return {"n_classes": len(self.classes_), "freeze": self.freeze}

    def _auto_steps(self, n_cases):
        return _N_STEPS

    def _make_net(self, module, device, **sizes):
        rate = self.lr if self.from_scratch else self.lr * self.encoder_lr_factor
        return super()._make_net(module, device, param_groups=[("encoder.*", {"lr": rate})], **sizes)

    def _start(self, module, inputs):
        """Take the weights of the encoder, and learn the scale of its embeddings."""
        if not self.from_scratch:
            module.encoder.load_state_dict(self.encoder_.module_.state_dict())
        module.eval()
        rows = [inputs[name] for name in ("x", "lengths") if name in inputs]
        embeddings = map_batches(module.encoder.embed, *rows, batch_size=64, device=torch.device("cpu"))
        module.standardize(embeddings.clone())
        module.train()
