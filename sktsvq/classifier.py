"""The classifier whose features and probabilities the scores are made of."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from sktsvq._training import fit_network, fixed_batch_size, map_batches
from sktsvq._validation import (
    COMMON_CONSTRAINTS,
    Integral,
    Interval,
    check_is_fitted,
    check_labels,
    check_params,
    check_series,
    draw_seed,
    encode_labels,
    learn_scaling,
    scale_series,
)
from sktsvq.nn.fcn import FCN

__all__ = ["FCNClassifier"]

# About as many optimiser steps as the accuracy on held-out UCR data still gains from.
_N_STEPS = 400

# Time points per forward pass in prediction: few enough for the activations to stay in a processor's cache.
_PASS = 2**10


class FCNClassifier(ClassNamePrefixFeaturesOutMixin, ClassifierMixin, TransformerMixin, BaseEstimator):
    """Fully convolutional network (FCN): classifier and feature extractor in one.

    Three blocks of convolution (128, 256, 128 channels, kernel sizes 8, 5, 3), batch normalisation and ReLU, the mean
    over time, and a linear layer, trained with the cross-entropy. :meth:`transform` gives the 128 means over time. The
    Frechet distance, the inception score and the classification accuracy score of generated series are usually
    computed with this network.

    Parameters
    ----------
    max_epochs : int or "auto", default="auto"
        Passes over the train set. "auto" makes about 400 optimiser steps.
    batch_size : int, default=16
        Cases per optimiser step, at least 2, which batch normalisation needs.
    lr : float, default=2e-3
        Peak learning rate of AdamW; it warms up, then falls to 0 along a cosine.
    device : str, default="auto"
        A torch device; "auto" is CUDA where there is one, else the CPU.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions in training; "auto" is bfloat16 where the device is faster with it. Prediction
        is float32 always.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights and the order of the cases. Two fits with the same int are equal bit for bit on
        the same machine.
    verbose : int, default=0
        Above 0, a progress bar on standard error.
    warm_start : bool, default=False
        When True, :meth:`fit` trains the fitted network further and keeps its scaling and its classes. This fine-tunes
        a checkpoint too.
    net_params : dict or None, default=None
        Handed to :class:`skorch.NeuralNet`, such as ``{"optimizer__weight_decay": 1e-4}``.
    early_stopping : bool, default=False
        Whether to hold out a part of the train set, to stop when the loss on it no longer falls, and to go back to the
        weights where it was lowest. The learning rate falls over `max_epochs` all the same.
    validation_fraction : float, default=0.1
        Share of the train set that early stopping holds out, at least one case.
    n_iter_no_change : int, default=10
        Epochs without a lower loss on the cases held out after which training stops. Epochs of less than 10 steps
        count as the tenths of one that they have steps.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of :meth:`predict_proba`.
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel of the train set, taken off before the network.
    n_channels_in_, n_timepoints_in_ : int
        Size of a series. `n_timepoints_in_` is None where a checkpoint was loaded without it: any length will do.
    net_ : skorch.NeuralNet
        The trained network; ``net_.module_`` is the torch module.
    history_ : skorch.history.History
        One record an epoch, with the train loss.

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

    _parameter_constraints = {**COMMON_CONSTRAINTS, "batch_size": [Interval(Integral, 2, None, closed="left")]}

    def __init__(
        self,
        *,
        max_epochs="auto",
        batch_size=16,
        lr=2e-3,
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
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.net_params = net_params
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change

    def fit(self, X, y):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)
            The series, at least two.
        y : array-like of shape (n_cases,)
            Labels of any type.

        Returns
        -------
        self : FCNClassifier

        Raises
        ------
        ValueError, TypeError
            If a parameter breaks its rule, X holds NaN or fewer than two series, or y is no label for each of them.
        """
        check_params(self)
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        warm = self.warm_start and hasattr(self, "net_")
        series = check_series(self, X, reset=not warm, min_cases=2)
        y = check_labels(series, y)
        if warm:
            targets = encode_labels(self, y, len(series))
        else:
            self.classes_, targets = np.unique(y, return_inverse=True)
            learn_scaling(self, series)
        self._train(series, targets)
        return self

    @classmethod
    def from_checkpoint(cls, path, classes, *, mean=0.0, scale=1.0, n_timepoints=None, device="auto"):
        """A fitted classifier from the weights of a published FCN.

        The published networks saw series from which one number, the mean of the whole train set, had been taken off,
        and which had been divided by one other, its standard deviation: give these as `mean` and `scale`
        (``X_train.mean()`` and ``X_train.std()``). On data of the UCR archive, which is standardised per series, the
        defaults 0 and 1 are close, but not equal.

        Parameters
        ----------
        path : str or path-like
            A torch state dict with the keys ``layers.I.layers.J.*`` and ``final.*``, as in the supervised-FCN
            repository; ``classifier.net_.module_.state_dict()`` is one too.
        classes : array-like of shape (n_classes,)
            The labels in the order of the outputs. The published networks order the labels of the UCR archive as
            numbers, so "2" stands before "10".
        mean, scale : float or array-like of shape (n_channels,), default=0.0 and 1.0
            What is taken off the series, and what they are then divided by.
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
        weights = torch.load(path, map_location="cpu", weights_only=True)
        module, n_channels = _load_fcn(weights, path)
        classes = np.asarray(classes)
        n_classes = module.final.out_features
        if classes.shape != (n_classes,) or len(np.unique(classes)) != n_classes:
            raise ValueError(f"classes must be {n_classes} distinct labels, one per output. Got {classes!r} instead.")
        classifier = cls(device=device)
        classifier.classes_ = classes
        classifier.n_channels_in_, classifier.n_timepoints_in_ = n_channels, n_timepoints
        classifier.mean_ = _per_channel("mean", mean, n_channels)
        classifier.scale_ = _per_channel("scale", scale, n_channels, positive=True)
        # No epoch: this only wraps the module in a net, which a warm start then trains.
        classifier._train(np.zeros((2, n_channels, 1)), np.zeros(2, dtype=np.int64), max_epochs=0, module=module)
        return classifier

    def predict_proba(self, X):
        """Class probabilities of each series.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)

        Returns
        -------
        proba : ndarray of shape (n_cases, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.
        """
        return self._apply(X, lambda module, x: module(x).double().softmax(dim=1))

    def predict(self, X):
        """The most probable label of each series.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)

        Returns
        -------
        y : ndarray of shape (n_cases,)
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def transform(self, X):
        """The features of each series: the last block's output, averaged over time.

        Parameters
        ----------
        X : array-like of shape (n_cases, n_channels, n_timepoints) or (n_cases, n_timepoints)

        Returns
        -------
        features : ndarray of shape (n_cases, 128)
        """
        return self._apply(X, lambda module, x: module.features(x))

    def _train(self, series, targets, *, module=None, max_epochs=None):
        fit_network(
            self,
            lambda: module or FCN(n_channels=self.n_channels_in_, n_classes=len(self.classes_)),
            {"x": torch.from_numpy(scale_series(self, series))},
            torch.from_numpy(targets),
            seed=draw_seed(self.random_state),
            n_steps=_N_STEPS,
            max_epochs=max_epochs,
            criterion=torch.nn.CrossEntropyLoss,
            weight_decay=1e-5,
        )
        self._n_features_out = self.net_.module_.final.in_features

    def _apply(self, X, function):
        check_is_fitted(self)
        series = check_series(self, X)
        module = self.net_.module_
        device = next(module.parameters()).device
        outputs = map_batches(
            lambda x: function(module, x),
            series,
            batch_size=fixed_batch_size(series.shape[2], n_values=_PASS, device=device),
            device=device,
            pad=True,
            prepare=lambda chunk: torch.from_numpy(scale_series(self, chunk)),
        )
        return outputs.numpy().astype(series.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _per_channel(name, value, n_channels, positive=False):
    array = np.asarray(value, dtype=np.float64)
    good = np.isfinite(array).all() and not (positive and np.any(array <= 0))
    if array.shape not in ((), (n_channels,)) or not good:
        kind = "positive" if positive else "finite"
        raise ValueError(
            f"The {name!r} parameter of from_checkpoint must be a {kind} float or {n_channels} of them, one a channel. "
            f"Got {value!r} instead."
        )
    return np.full(n_channels, array)


def _load_fcn(weights, path):
    """An FCN with these weights in evaluation mode, and its number of channels."""
    try:
        n_channels = weights["layers.0.layers.0.weight"].shape[1]
        module = FCN(n_channels=n_channels, n_classes=len(weights["final.bias"]))
        module.load_state_dict(weights)
    except (KeyError, IndexError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"The file {str(path)!r} must hold the state dict of an FCN. {type(error).__name__}: {error}"
        ) from error
    return module.eval(), n_channels
