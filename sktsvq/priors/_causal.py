"""What the priors have in common that draw one token after the other."""

from copy import deepcopy
from numbers import Real

import torch

from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, POSITIVE, Interval
from sktsvq.nn.sequential import decode_in_sequence
from sktsvq.priors._network import NetworkPrior, TokenNetworkParams
from sktsvq.priors._particles import ParticleParams

# Sequences that are decoded, or scored, side by side.
_DECODING_BATCH = 512
_SCORING_BATCH = 256

# Passes over the train set, where these are neither too few nor too many optimiser steps.
_N_EPOCHS = 40


class CausalPrior(NetworkPrior, ParticleParams):
    """Base of the priors whose network gives the exact probabilities of each token given those before it.

    A subclass names its `_module_class`, a `CausalModel` of `sktsvq.nn`, and its `_module_params`.

    Notes
    -----
    `score_samples` is the exact log-likelihood. `sample` keeps what the network computed of the tokens so far, and
    draws from the exact distribution at a temperature of 1 without `top_k` and `top_p`.

    `complete` draws missing tokens from their probabilities given the past. To take known tokens after a gap into
    account, each sequence is drawn `n_particles` times side by side; a known token weighs the candidates by how likely
    they made it, and candidates are resampled by weight where the weights have become uneven (sequential importance
    resampling). One particle looks at the past alone; the more there are, the closer to the exact conditional
    distribution.
    """

    dropout: float = revised(TokenNetworkParams, "dropout", default=0.2, note="So are embeddings.")
    max_epochs: int | str = revised(
        TrainingParams, "max_epochs", note='"auto" is about 40, but at least 200 and at most 1000 optimiser steps.'
    )
    precision: str = revised(
        TrainingParams, "precision", note="Sampling always computes in float32, scoring in float64."
    )
    token_dropout: float = param(
        0.1,
        [Interval(Real, 0, 1, closed="left")],
        "Probability that a token of the past is hidden from the network in training.",
    )
    temperature: float = param(
        1.0,
        [POSITIVE],
        "Divides the logits of the tokens in `sample` and `complete`; below 1 samples are more typical and less "
        "varied.",
    )
    top_k: int | None = param(None, [AT_LEAST_ONE, None], "Draw from this many likeliest tokens only.")
    top_p: float = param(
        1.0,
        [Interval(Real, 0, 1, closed="right")],
        "Draw from the likeliest tokens only that together reach this probability (nucleus sampling, arXiv "
        "1904.09751).",
    )

    def _auto_steps(self, n_cases):
        # More passes memorise few sequences: 165 over 400 sequences fell back to the likelihood of n-grams.
        return min(max(_N_EPOCHS * n_cases // self.batch_size, 200), 1000)

    def _complete(self, tokens, labels, seed):
        generator = torch.Generator(self._device).manual_seed(seed)

        def decode(tokens, labels):
            return decode_in_sequence(
                self.module_,
                tokens,
                labels,
                temperature=self.temperature,
                top_k=self.top_k,
                top_p=self.top_p,
                n_particles=self.n_particles,
                generator=generator,
            )

        batch_size = max(1, _DECODING_BATCH // self.n_particles) if (tokens >= 0).any() else _DECODING_BATCH
        return self._map_tokens(decode, tokens, labels, batch_size=batch_size)

    def _score(self, tokens, labels):
        # In float64, so that the value of a row does not depend on the rows beside it.
        module = deepcopy(self.module_).double()

        def score(tokens, labels):
            return module.log_probabilities(tokens, labels).gather(2, tokens.unsqueeze(2)).squeeze(2)

        return self._map_tokens(score, tokens, labels, batch_size=_SCORING_BATCH)
