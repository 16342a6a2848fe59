"""What the priors that train a network have in common: their parameters and the start of the token embeddings."""

from numbers import Real
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from sktsvq._fitting import PartialFitMixin
from sktsvq._network import NetworkMixin
from sktsvq._parameters import Parameters, param, revised
from sktsvq._training import TrainingParams, held_out_size
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, Interval, StrOptions, check_is_fitted, draw_seed
from sktsvq.nn.embedding import code_distances, similarity
from sktsvq.priors._base import BasePrior

# Sequences whose hidden states are computed side by side.
_EMBEDDING_BATCH = 64


class TokenNetworkParams(Parameters):
    """What the networks over tokens take."""

    width: int = param(64, [AT_LEAST_ONE], "Channels of the network.")
    n_layers: int = param(2, [AT_LEAST_ONE], "Layers of the network.")
    dropout: float | str = param(
        0.0, [Interval(Real, 0, 1, closed="left")], "Share of each layer's output that is dropped in training."
    )
    label_dropout: float = param(
        0.1,
        [Interval(Real, 0, 1, closed="both")],
        "Probability that a label is left out in training, so that the network also works without labels.",
    )
    token_embedding: str = param(
        "codebook",
        [StrOptions({"random", "codebook", "frozen_codebook"})],
        "Start of the token embeddings: random, or the codebook of the `vocabulary` given to `fit` (random where it "
        "has none), trained further; or the codebook as it is, with a trained linear map to the width where that "
        "differs.",
    )
    token_temperature: float | str = param(
        0.0,
        [NOT_NEGATIVE],
        "Above 0 the tokens are drawn anew at each training step, from the softmax of minus the squared distances of "
        "the codes to the given code, divided by this. The papers take the distances to the latent; here they are "
        "measured from the code, since a prior sees no latents.",
    )


class NetworkPrior(
    PartialFitMixin, NetworkMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BasePrior, TokenNetworkParams
):
    """Base of the priors that train a network.

    A subclass names its `_module_class` and `_module_params`, those of its parameters that the module takes as they
    are, and writes `_auto_steps`. The module has `hidden_states(indices, labels)`, (b, n), (b,) -> (b, m, width).
    """

    lr: float = revised(TrainingParams, "lr", default=2e-3)

    _module_params: ClassVar[tuple[str, ...]] = ()

    def _check_combinations(self):
        """Raise a ValueError where parameters contradict each other."""

    def _check_sizes(self, n_cases):
        held_out_size(self, n_cases)
        needs_codebook = self._redraws(n_cases) or self.token_embedding == "frozen_codebook"
        if needs_codebook and self.vocabulary_.codebook is None:
            raise ValueError(
                f"{type(self).__name__} needs a vocabulary with a codebook in fit for "
                f"token_embedding='frozen_codebook' and for token_temperature > 0. Got "
                f"token_embedding={self.token_embedding!r} and token_temperature={self.token_temperature!r}, but no "
                "codebook."
            )

    def _fit(self, tokens, labels, X, y):
        inputs = {"indices": torch.from_numpy(tokens), "labels": torch.from_numpy(labels)}
        self._train(inputs, seed=draw_seed(self.random_state), X=X, y=y)

    def _module_config(self, n_cases):
        codebook = self.vocabulary_.codebook
        starts_from_codes = codebook is not None and self.token_embedding != "random"
        return {
            "codebook_size": self.codebook_size_,
            "codebook_dim": codebook.shape[1] if starts_from_codes else None,
            "frozen_codebook": self.token_embedding == "frozen_codebook",
            "redraw": self._redraws(n_cases),
            "n_tokens": self.n_tokens_,
            "n_classes": 0 if self.classes_ is None else len(self.classes_),
            "streams": self.vocabulary_.streams,
            **{name: getattr(self, name) for name in ("width", "n_layers", "dropout", "label_dropout")},
            **{name: getattr(self, name) for name in self._module_params},
        }

    def _start(self, module, inputs):
        """Start the token embeddings from the codes."""
        if self.vocabulary_.codebook is None:
            return
        codebook = torch.as_tensor(self.vocabulary_.codebook, dtype=torch.float32)
        if self.token_embedding != "random":
            module.token_embedding.start_from(codebook)
        if module.token_embedding.redraw is not None:
            distances = code_distances(codebook, torch.from_numpy(self.vocabulary_.exchangeable))
            temperature = self._resolved_token_temperature(distances, inputs["indices"])
            module.token_embedding.redraw_by(similarity(distances, temperature))

    def _redraws(self, n_cases):
        """Whether tokens are drawn anew at each training step."""
        return self.token_temperature > 0

    def _resolved_token_temperature(self, distances, indices):
        return self.token_temperature

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Contextual embeddings of token sequences: the last hidden states of the network, averaged over positions.

        Each hidden state tells of its token in the light of the others; of a causal prior, in the light of those before
        it, so that the last token of a sequence leaves no trace. No classes are used.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_).

        Returns
        -------
        embedding : ndarray of float32, shape (n_cases, width)
            Of the `width` seen in `fit`.
        """
        return self.embed(X)

    def embed(self, X: ArrayLike) -> np.ndarray:
        """The same as `transform`, under the name that tokenizers and encoders have for it.

        Parameters
        ----------
        X : array-like of int, shape (n_cases, n_tokens_)
            Tokens in [0, codebook_size_).

        Returns
        -------
        embedding : ndarray of float32, shape (n_cases, width)
            Of the `width` seen in `fit`.
        """
        check_is_fitted(self)
        tokens = self._check_known(X)

        def pooled(tokens, labels):
            return self.module_.hidden_states(tokens, labels).mean(1)

        return self._map_tokens(
            pooled, tokens, self._encode_labels(None, len(tokens)), batch_size=_EMBEDDING_BATCH, pad=True
        )

    @property
    def _n_features_out(self):
        return self.module_config_["width"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _map_tokens(self, function, tokens, labels, *, batch_size, pad=False):
        """`function` of chunks of the tokens and their labels, int64 or float arrays."""
        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        return self._apply(function, *inputs, batch_size=batch_size, pad=pad).numpy()
