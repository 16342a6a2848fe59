"""What the priors that train a network have in common: their parameters and the start of the token embeddings."""

import numpy as np
import torch

from sktsvq._training import fit_network
from sktsvq._validation import AT_LEAST_ONE, COMMON_CONSTRAINTS, NOT_NEGATIVE, Interval, Real, StrOptions, draw_seed
from sktsvq.nn.embedding import TokenEmbedding, similarity_draws
from sktsvq.priors._base import BasePrior


class NetworkPrior(BasePrior):
    """Base of the priors that train a network.

    A subclass writes `_build_module(**shared)`, where `shared` holds what each network over tokens takes, and
    `_auto_steps(n_cases)`, the optimiser steps of ``max_epochs="auto"``.
    """

    _parameter_constraints = {
        **BasePrior._parameter_constraints,
        **COMMON_CONSTRAINTS,
        "width": [AT_LEAST_ONE],
        "n_layers": [AT_LEAST_ONE],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "label_dropout": [Interval(Real, 0, 1, closed="both")],
        "token_embedding": [StrOptions({"random", "codebook", "frozen_codebook"})],
        "token_temperature": [NOT_NEGATIVE],
    }

    def _check_width_is_multiple_of(self, name):
        part = getattr(self, name)
        if self.width % part:
            raise ValueError(
                f"The 'width' parameter of {type(self).__name__} must be a multiple of {name!r}. "
                f"Got width={self.width} and {name}={part} instead."
            )

    def _fit(self, tokens, labels, codebook):
        needed = self.token_temperature > 0 or self.token_embedding == "frozen_codebook"
        if codebook is not None and (needed or self.token_embedding == "codebook"):
            codebook = self._check_codebook(codebook)
        elif needed:
            raise ValueError(
                f"{type(self).__name__} needs the 'codebook' in fit for token_embedding='frozen_codebook' and for "
                f"token_temperature > 0. Got token_embedding={self.token_embedding!r} and "
                f"token_temperature={self.token_temperature!r}, but no codebook."
            )
        inputs = {"indices": torch.from_numpy(tokens), "labels": torch.from_numpy(labels)}
        fit_network(
            self,
            lambda: self._build_module(**self._shared_module_params(codebook)),
            inputs,
            seed=draw_seed(self.random_state),
            n_steps=self._auto_steps(len(tokens)),
        )

    def _embedding_width(self):
        """Channels of a token's embedding."""
        return self.width

    def _check_codebook(self, codebook):
        codebook = np.asarray(codebook, dtype=np.float32)
        if codebook.ndim != 2 or len(codebook) != self.codebook_size_:
            raise ValueError(
                f"codebook of {type(self).__name__} must have shape (codebook_size, codebook_dim) with "
                f"codebook_size={self.codebook_size_}. Got shape {codebook.shape} instead."
            )
        return torch.from_numpy(codebook)

    def _shared_module_params(self, codebook):
        """Sizes, embedding and allowed codes, as the networks over tokens take them."""
        allowed = None if self.allowed_ is None else torch.from_numpy(self.allowed_)
        redraw = None
        if self.token_temperature > 0:
            together = None if allowed is None else (allowed.float().T @ allowed.float()) > 0
            redraw = similarity_draws(codebook, temperature=self.token_temperature, together=together)
        embedding = TokenEmbedding(
            self.codebook_size_,
            self._embedding_width(),
            codebook=None if self.token_embedding == "random" else codebook,
            frozen=self.token_embedding == "frozen_codebook",
            redraw=redraw,
        )
        return {
            "embedding": embedding,
            "n_tokens": self.n_tokens_,
            "n_classes": 0 if self.classes_ is None else len(self.classes_),
            "allowed": allowed,
        }
