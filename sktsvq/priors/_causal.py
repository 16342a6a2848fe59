"""What the priors have in common that draw one token after the other."""

from copy import deepcopy

import torch

from sktsvq._devices import resolve_device
from sktsvq._training import map_batches
from sktsvq._validation import AT_LEAST_ONE, POSITIVE, Interval, Real
from sktsvq.nn.sequential import decode_in_sequence
from sktsvq.priors._network import NetworkPrior

# Sequences that are decoded side by side.
_DECODING_BATCH = 512
_SCORING_BATCH = 256

# Passes over the train set, where these are neither too few nor too many optimiser steps.
_N_EPOCHS = 40


class CausalPrior(NetworkPrior):
    """Base of the networks that give the exact probabilities of each token given those before it."""

    _parameter_constraints = {
        **NetworkPrior._parameter_constraints,
        "token_dropout": [Interval(Real, 0, 1, closed="left")],
        "temperature": [POSITIVE],
        "top_k": [AT_LEAST_ONE, None],
        "top_p": [Interval(Real, 0, 1, closed="right")],
        "n_particles": [AT_LEAST_ONE],
    }

    def _auto_steps(self, n_cases):
        # More passes learn few sequences by heart: 165 over 400 sequences fell back to the likelihood of n-grams.
        return min(max(_N_EPOCHS * n_cases // self.batch_size, 200), 1000)

    def _complete(self, tokens, labels, seed):
        module, device = self.net_.module_, resolve_device(self.net_.device)
        generator = torch.Generator(device).manual_seed(seed)

        def decode(tokens, labels):
            return decode_in_sequence(
                module,
                tokens,
                labels,
                temperature=self.temperature,
                top_k=self.top_k,
                top_p=self.top_p,
                n_particles=self.n_particles,
                generator=generator,
            )

        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        batch_size = max(1, _DECODING_BATCH // self.n_particles) if (tokens >= 0).any() else _DECODING_BATCH
        return map_batches(decode, *inputs, batch_size=batch_size, device=device).numpy()

    def _score(self, tokens, labels):
        # In float64, so that the value of a row does not depend on the rows beside it.
        module, device = deepcopy(self.net_.module_).double(), resolve_device(self.net_.device)

        def score(tokens, labels):
            return module.log_probabilities(tokens, labels).gather(2, tokens.unsqueeze(2)).squeeze(2)

        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        return map_batches(score, *inputs, batch_size=_SCORING_BATCH, device=device).numpy()
