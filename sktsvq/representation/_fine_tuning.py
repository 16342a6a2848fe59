"""A classifier that starts from a trained encoder."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from sktsvq._network import keeps_consistent
from sktsvq._parameters import param, revised
from sktsvq._persistence import SaveMixin
from sktsvq._series import SeriesMixin
from sktsvq._training import TrainingParams
from sktsvq._validation import HasMethods, check_is_fitted, check_labels, draw_seed, encode_labels
from sktsvq.nn.fine_tuning import FineTuned
from sktsvq.representation._base import SeriesNetworkMixin
from sktsvq.representation._siamese import SiameseEncoder

__all__ = ["FineTunedClassifier"]

_N_STEPS = 200


class FineTunedClassifier(
    SaveMixin, SeriesNetworkMixin, SeriesMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator
):
    """A linear classifier on the embedding of an encoder or a tokenizer, trained together with it.

    The network of the encoder starts as it is trained; of a tokenizer it is the encoder before the codes, and its
    latents are averaged over the positions. Embeddings are standardised on the train set before the linear layer. With
    ``freeze=True`` the linear layer alone is trained (a linear probe), with ``from_scratch=True`` the same network
    starts untrained: the baseline that shows what the encoder has learnt without labels.

    Attributes
    ----------
    encoder_ : estimator
        The fitted encoder, as it was before the fine-tuning.
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of :meth:`predict_proba`.

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

    encoder: object = param(
        None,
        [HasMethods(["fit", "transform"]), None],
        "An encoder of `sktsvq.representation` or a tokenizer with a network. A fitted one is used as it is; the clone "
        "of another is fitted on the series that `fit` is given, without labels. What clones the classifier, such as "
        "`cross_val_score`, clones the encoder too, which is then no longer fitted: give it a "
        "``FrozenEstimator(encoder)``. None is `SiameseEncoder()`.",
        positional=True,
    )
    freeze: bool = param(False, ["boolean"], "Whether the network of the encoder stays as it is.")
    from_scratch: bool = param(
        False, ["boolean"], "Whether the network of the encoder starts untrained; an encoder is then not fitted."
    )
    max_epochs: int | str = revised(TrainingParams, "max_epochs", note='"auto" makes about 200 optimiser steps.')
    batch_size: int = revised(TrainingParams, "batch_size", default=32)
    lr: float = revised(TrainingParams, "lr", default=1e-3)
    precision: str = revised(TrainingParams, "precision", note="Prediction always computes in float32.")

    _criterion_settings = {"criterion": torch.nn.CrossEntropyLoss}

    @keeps_consistent
    def fit(self, X, y):
        """Train the linear layer, and the network of the encoder unless it is frozen.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays
            At least 2 series of the sizes that a fitted encoder has seen.
        y : array-like of shape (n_cases,)
            Labels of any type.

        Returns
        -------
        self : FineTunedClassifier

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, the encoder has no network, or X or y is none of the above.
        """
        self._check_params()
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        goes_on = self._goes_on()
        series = self._check_series(X, reset=not goes_on, min_cases=2)
        labels = check_labels(series, y)
        seed = draw_seed(self.random_state)
        if not goes_on:
            self.classes_ = np.unique(labels)
            self.encoder_ = self._fitted_encoder(X, series, seed)
            self.mean_, self.scale_ = self.encoder_.mean_, self.encoder_.scale_
        inputs = {"x": torch.from_numpy(self._scaled(series))}
        target = torch.from_numpy(encode_labels(self, labels, len(series)))
        self._train(inputs, target, seed=seed, X=X, y=y)
        return self

    def _fitted_encoder(self, X, series, seed):
        """The encoder given, if it is fitted; else a clone that is, or that knows the sizes of its network alone."""
        given = SiameseEncoder() if self.encoder is None else self.encoder
        given = given.estimator if isinstance(given, FrozenEstimator) else given
        if not hasattr(given, "_module_config"):
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
            return encoder.fit(X)
        encoder._check_params()
        encoder._check_series(X, reset=True)
        encoder._learn_scaling(series)
        encoder.module_config_ = encoder._module_config(len(series))
        return encoder

    def _module_class(self, **config):
        encoder = self.encoder_
        return FineTuned(encoder=encoder._module_class(**encoder.module_config_), **config)

    def _module_config(self, n_cases):
        return {"n_classes": len(self.classes_), "freeze": self.freeze}

    def _auto_steps(self, n_cases):
        return _N_STEPS

    def _start(self, module, inputs):
        """Take the weights of the encoder, and learn the scale of its embeddings."""
        if not self.from_scratch:
            module.encoder.load_state_dict(self.encoder_.module_.state_dict())
        module.eval()
        with torch.no_grad():
            module.standardize(torch.cat([module.encoder.embed(part) for part in inputs["x"].split(64)]))
        module.train()

    def predict_proba(self, X):
        """Class probabilities of each series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays

        Returns
        -------
        proba : ndarray of shape (n_cases, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        return self._map_series(lambda x: self.module_(x).double().softmax(dim=1), series).astype(series.dtype)

    def predict(self, X):
        """The most probable label of each series.

        Parameters
        ----------
        X : array of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints), or list of arrays

        Returns
        -------
        y : ndarray of shape (n_cases,)
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]
