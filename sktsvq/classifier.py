"""The classifier whose features and probabilities the scores are made of."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from sktsvq._devices import resolve_device
from sktsvq._network_classifier import NetworkClassifier
from sktsvq._parameters import revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, Integral, Interval, check_is_fitted
from sktsvq.nn.fcn import FCN

__all__ = ["FCNClassifier"]

# Optimiser steps of max_epochs="auto": so many, and more for each class, up to a limit; for as many cases, and in
# proportion for more, up to another limit. Chosen on train splits.
_N_STEPS, _N_STEPS_A_CLASS, _MAX_STEPS = 600, 36, 2400
_N_CASES, _MAX_STEPS_OF_MANY = 1000, 6000


class FCNClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkClassifier):
    """Fully convolutional network (FCN): classifier and feature extractor in one.

    Three blocks of convolution (128, 256, 128 channels, kernel sizes 8, 5, 3), batch normalisation and ReLU, the mean
    over time, and a linear layer, trained with the cross-entropy. :meth:`transform` gives the 128 means over
    time. The Frechet distance, the inception score and the classification accuracy score of generated series are
    usually computed with this network.

    Attributes
    ----------
    n_channels_in_, n_timepoints_in_ : int
        Size of a series. `n_timepoints_in_` is None after `from_checkpoint` without it: any length will do.

    References
    ----------
    Wang, Yan and Oates, "Time series classification from scratch with deep neural networks", arXiv 1611.06455.

    Examples
    --------
    >>> from sktsvq.classifier import FCNClassifier
    >>> from sktsvq.datasets import make_waves
    >>> X, y = make_waves(n_cases=60, n_timepoints=32, random_state=0)
    >>> classifier = FCNClassifier(max_epochs=2, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X).shape == (60, len(classifier.classes_))
    True
    >>> classifier.transform(X).shape
    (60, 128)
    """

    max_epochs: int | str = revised(
        TrainingParams,
        "max_epochs",
        note='"auto" makes 600 optimiser steps and 36 more for each class, at most 2400; with more than 1000 cases '
        "these times n_cases / 1000, at most 6000.",
    )
    batch_size: int = revised(
        TrainingParams,
        "batch_size",
        default=16,
        rules=[Interval(Integral, 2, None, closed="left")],
        note="Batch normalisation needs two.",
    )
    lr: float = revised(TrainingParams, "lr", default=2e-3)
    precision: str = revised(TrainingParams, "precision", note="Prediction always computes in float32.")
    warm_start: bool = revised(TrainingParams, "warm_start", note="This fine-tunes a checkpoint too.")

    _module_class = FCN
    _takes_lengths = True
    _criterion_settings = NetworkClassifier._criterion_settings | {"weight_decay": 1e-5}
    _cached_values = 2**10

    @classmethod
    def from_checkpoint(cls, path, classes, *, mean=0.0, scale=1.0, n_timepoints=None, device="auto"):
        """A fitted classifier from the weights of a published FCN.

        The published networks saw series minus one number, the mean of the whole train set, divided by another, its
        standard deviation: give these as `mean` and `scale` (``X_train.mean()`` and ``X_train.std()``). On data of the
        UCR archive, which is standardised per series, the defaults 0 and 1 are close, but not equal.

        Parameters
        ----------
        path : str or path-like
            A torch state dict with the keys ``layers.I.layers.J.*`` and ``final.*``, as in the supervised-FCN
            repository; ``classifier.net_.module_.state_dict()`` is one too.
        classes : array-like of shape (n_classes,)
            The labels in the order of the outputs. The published networks order the labels of the UCR archive as
            numbers, so "2" stands before "10".
        mean, scale : float or array-like of shape (n_channels,), default=0.0 and 1.0
            What is subtracted from the series, and what they are then divided by.
        n_timepoints : int, optional
            Accept series of this length only.
        device : str, default="auto"
            The device to compute on.

        Returns
        -------
        classifier : FCNClassifier
            To train it further, call ``set_params(warm_start=True).fit(X, y)``.

        Raises
        ------
        ValueError
            If the file holds no FCN, or `classes` are not as many distinct labels as the network has outputs.
        """
        if not (n_timepoints is None or AT_LEAST_ONE.is_satisfied_by(n_timepoints)):
            raise ValueError(
                f"The 'n_timepoints' parameter of from_checkpoint must be {AT_LEAST_ONE} or None. "
                f"Got {n_timepoints!r} instead."
            )
        module, n_channels = _load_fcn(path)
        classes = np.asarray(classes)
        n_classes = module.final.out_features
        if classes.shape != (n_classes,) or len(np.unique(classes)) != n_classes:
            raise ValueError(f"classes must be {n_classes} distinct labels, one per output. Got {classes!r} instead.")
        classifier = cls(device=device)
        classifier.classes_ = classes
        classifier.n_channels_in_, classifier.n_timepoints_in_ = n_channels, n_timepoints
        classifier.mean_ = _per_channel("mean", mean, n_channels)
        classifier.scale_ = _per_channel("scale", scale, n_channels, positive=True)
        config = {"n_channels": n_channels, "n_classes": n_classes}
        classifier._adopt(classifier._make_net(module, resolve_device(device), max_epochs=1), config)
        classifier._n_cases_sized = 0
        return classifier.to(device)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The features of each series: the last block's output, averaged over time.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
            Series of the sizes seen in `fit`.

        Returns
        -------
        features : ndarray of shape (n_cases, 128)
            In X's dtype.
        """
        check_is_fitted(self)
        series = self._check_series(X)
        return self._map_series(self.module_.features, series).astype(series.dtype)

    def _module_config(self, n_cases):
        return {"n_channels": self.n_channels_in_, "n_classes": len(self.classes_)}

    def _auto_steps(self, n_cases):
        steps = min(_N_STEPS + _N_STEPS_A_CLASS * len(self.classes_), _MAX_STEPS)
        return min(round(steps * max(1, n_cases / _N_CASES)), _MAX_STEPS_OF_MANY)

    def _start(self, module, inputs):
        module.final.standardized = True

    def _rebuilt(self, config):
        module = super()._rebuilt(config)
        module.final.standardize()
        return module

    def _describe(self):
        if self.module_.final.standardized:
            self.module_.final.fold()

    @property
    def _n_features_out(self):
        return self.module_.final.in_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _per_channel(name, value, n_channels, positive=False):
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    good = np.isfinite(array).all() and not (positive and np.any(array <= 0))
    if array.shape not in ((), (n_channels,)) or not good:
        kind = "positive" if positive else "finite"
        raise ValueError(
            f"The {name!r} parameter of from_checkpoint must be a {kind} float or {n_channels} of them, one a channel. "
            f"Got {value!r} instead."
        )
    return np.full(n_channels, array)


def _load_fcn(path):
    """An FCN with the weights in a file, in evaluation mode, and its number of channels."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # torch raises many kinds, and advises to switch its protection off
        raise ValueError(f"The file {str(path)!r} is damaged, or no state dict of plain tensors.") from error
    try:
        n_channels = weights["layers.0.layers.0.weight"].shape[1]
        module = FCN(n_channels=n_channels, n_classes=len(weights["final.bias"]))
        module.load_state_dict(weights)
    except (AttributeError, KeyError, IndexError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"The file {str(path)!r} must hold the state dict of an FCN. {type(error).__name__}: {error}"
        ) from error
    for name, value in weights.items():
        if not value.isfinite().all() or (name.endswith("running_var") and (value < 0).any()):
            raise ValueError(
                f"The file {str(path)!r} must hold finite weights and no negative variance, unlike {name!r}."
            )
    return module.eval(), n_channels
