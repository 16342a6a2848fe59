"""The MaskGIT prior."""

from copy import deepcopy
from functools import partial
from math import ceil, sqrt
from numbers import Real

import numpy as np
import torch

from sktsvq._devices import resolve_precision
from sktsvq._parameters import param, revised
from sktsvq._training import TrainingParams
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, Interval, StrOptions, check_is_fitted
from sktsvq.nn.embedding import temperature_that_keeps
from sktsvq.nn.maskgit import MaskGIT, decoding_steps, score_in_parallel
from sktsvq.priors._network import NetworkPrior, TokenNetworkParams
from sktsvq.priors._novelty import mean_distance, vectors_to_compare

# Sequences that are decoded side by side: few enough for their activations to stay in a processor's cache.
_DECODING_BATCH = 256
_SCORING_BATCH = 1024
# Chosen on parts of train splits: with a step for every token samples are hardly better, and take twice as long.
_TOKENS_A_STEP, _LEAST_AUTO_STEPS, _MOST_AUTO_STEPS = 2, 16, 64
# What keeps few cases from being learnt by heart: that a share of the tokens is redrawn, and dropout, with and without
# that. Chosen on parts of train splits.
_FEW_CASES, _KEPT_OF_FEW = 400, 0.9
_DROPOUT_OF_FEW, _DROPOUT_OF_FEW_UNCHANGED = 0.1, 0.2
# So many samples tell whether they repeat the train set; more cases than these are not learnt by heart.
_LOOK_SAMPLES, _MOST_LOOK_CASES = 100, 4000
# Least distance of samples, as a share of that between train sequences, alone and beside copies of them.
_MIN_DISTANCE, _MIN_DISTANCE_BESIDE_COPIES = 0.85, 0.9


class MaskGITPrior(NetworkPrior):
    """Bidirectional transformer that fills masked tokens, decoded in parallel (MaskGIT, arXiv 2202.04200).

    In training a random share of each sequence is masked and predicted from the rest. A sample starts fully masked and
    is filled step by step, the most confident tokens first. With labels the transformer is class-conditional.
    Streams of tokens are filled one after the other, low before high, so that high is drawn given low.

    Notes
    -----
    The weights end as their exponential moving average, except with ``early_stopping=True``.

    `score_samples` is the exact log-likelihood of a close relative of the sampler, one that fills the same numbers of
    tokens at each of the decoding steps but chooses them by a fixed random order instead of by confidence. It sums
    to 1 over all sequences. Of several streams each is decoded in such an order, given those before it.

    References
    ----------
    H. Chang et al., "MaskGIT: Masked Generative Image Transformer", 2022, arXiv 2202.04200.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.priors import MaskGITPrior
    >>> tokens = np.random.RandomState(0).randint(8, size=(40, 12))
    >>> prior = MaskGITPrior(max_epochs=5, random_state=0).fit(tokens)
    >>> prior.sample(3, random_state=0).shape
    (3, 12)
    """

    width: int = revised(TokenNetworkParams, "width", default=96)
    max_epochs: int | str = revised(
        TrainingParams,
        "max_epochs",
        note='"auto" makes 2000 optimiser steps times the square root of n_cases / 128, at least 2000 and at most '
        "4000, and fewer where `min_novelty` ends the training.",
    )
    lr: float = revised(
        NetworkPrior,
        "lr",
        note="Here it does not fall after the warm-up, except with ``early_stopping=True``.",
    )
    precision: str = revised(
        TrainingParams, "precision", note="It holds for sampling too; scoring computes in float64."
    )
    dropout: float | str = revised(
        TokenNetworkParams,
        "dropout",
        default="auto",
        rules=[StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        note='"auto" is, for at most 400 cases, which a network without dropout learns by heart, 0.1 where '
        "`token_temperature` is above 0 and 0.2 where it is not; else 0.",
    )
    token_temperature: float | str = revised(
        TokenNetworkParams,
        "token_temperature",
        default="auto",
        rules=[StrOptions({"auto"}), NOT_NEGATIVE],
        note='"auto" is, for at most 400 cases and with a codebook, the temperature at which a token of the train '
        "set stays as it is with a probability of 0.9 on average, else 0.",
    )
    min_novelty: float = param(
        0.5,
        [NOT_NEGATIVE],
        'With ``max_epochs="auto"`` and at most 4000 cases, training ends once samples differ from the nearest train '
        "sequence in fewer tokens than this times as many as train sequences differ from the nearest other; or once, "
        "with a codebook and series of one length, the distance of the vectors of their codes is less than 0.85 times "
        "that between train sequences; beside copies of these (`series_ids` of `fit`) less than 0.9 times that between "
        "the first of each. 0 trains to the end.",
    )
    n_heads: int = param(3, [AT_LEAST_ONE], "Attention heads; `width` is a multiple of it.")
    group_size: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        'Neighbouring tokens that share one position of the transformer; `width` is a multiple of it. "auto" leaves '
        "about 12 positions: the number of tokens divided by 12, at most 4, or the next smaller divisor of `width`.",
    )
    mask_schedule: str = param(
        "cosine",
        [StrOptions({"cosine", "linear", "square", "cubic"})],
        "Share of masked tokens, in training at a random progress and in decoding step by step.",
    )
    masking: str = param(
        "mask",
        [StrOptions({"mask", "keep"})],
        "Whether in training the schedule says how many tokens are masked, as in the paper, or how many are kept, as "
        "in the code of TimeVQVAE (arXiv 2303.04743); with the cosine 64 % or 36 % are masked on average.",
    )
    loss_on: str = param(
        "masked",
        [StrOptions({"masked", "all"})],
        "Tokens that the loss counts: the masked ones, or all, as in the code of TimeVQVAE.",
    )
    n_steps: int | str = param(
        "auto",
        [StrOptions({"auto"}), AT_LEAST_ONE],
        "Most decoding steps of a sample, of each stream where there are several. Tokens of one step are drawn "
        'independently of each other; "auto" is a step for every two tokens, at most 64, and at least 16 where there '
        "are as many tokens.",
    )
    temperature: float = param(
        1.0, [POSITIVE], "Divides the logits of the tokens; below 1 samples are more typical and less varied."
    )
    choice_temperature: float = param(
        4.0,
        [NOT_NEGATIVE],
        "Scale of the Gumbel noise on the confidences that choose which tokens stay; 0 keeps the most confident ones. "
        "Higher values copy less from a small train set, lower ones follow its classes more closely.",
    )
    guidance_scale: float = param(
        1.0, [NOT_NEGATIVE], "Strength of classifier-free guidance (arXiv 2207.12598); 1 is none."
    )

    _module_class = MaskGIT
    _module_params = ("n_heads", "mask_schedule", "masking", "loss_on")

    _averages_weights = True

    def _check_combinations(self):
        self._check_width_is_multiple_of("n_heads")
        if self.group_size != "auto":
            self._check_width_is_multiple_of("group_size")

    def _auto_steps(self, n_cases):
        return round(min(max(2000 * sqrt(n_cases / 128), 2000), 4000))

    def _stop_condition(self, inputs):
        train, labels, min_distance = inputs["indices"].numpy(), inputs["labels"].numpy(), _MIN_DISTANCE
        if self._firsts is not None:
            train, labels, min_distance = train[self._firsts], labels[self._firsts], _MIN_DISTANCE_BESIDE_COPIES
        if self.max_epochs != "auto" or self.min_novelty == 0 or not 1 < len(train) <= _MOST_LOOK_CASES:
            return None
        some = np.random.RandomState(0).permutation(len(train))[:_LOOK_SAMPLES]
        labels = torch.from_numpy(labels[some])
        measures = {partial(mean_distance, train=train): self.min_novelty}
        codebook = vectors_to_compare(self.vocabulary_)
        if codebook is not None:
            measures[partial(mean_distance, train=train, codebook=codebook)] = min_distance
        least = {measure: share * measure(train[some], nearest=2) for measure, share in measures.items()}

        def repeats(module):
            device = next(module.parameters()).device
            decode = self._decoder(module, _last_draft, seed=0)
            empty = torch.full((len(some), self.n_tokens_), -1, device=device)
            with torch.inference_mode():
                tokens = decode(empty, labels.to(device))
            return any(measure(tokens.cpu().numpy()) < limit for measure, limit in least.items())

        return repeats

    def _module_config(self, n_cases):
        config = super()._module_config(n_cases) | {"group_size": self._resolved_group_size()}
        if self.dropout == "auto":
            of_few = _DROPOUT_OF_FEW if config["redraw"] else _DROPOUT_OF_FEW_UNCHANGED
            config["dropout"] = of_few if n_cases <= _FEW_CASES else 0.0
        return config

    def _redraws(self, n_cases):
        if self.token_temperature == "auto":
            return n_cases <= _FEW_CASES and self.vocabulary_.codebook is not None
        return super()._redraws(n_cases)

    def _resolved_token_temperature(self, distances, indices):
        if self.token_temperature != "auto":
            return self.token_temperature
        counts = torch.bincount(indices.flatten(), minlength=len(distances))
        return temperature_that_keeps(_KEPT_OF_FEW, distances, counts)

    def _resolved_group_size(self):
        if self.group_size != "auto":
            return self.group_size
        wanted = min(4, ceil(self.n_tokens_ / 12))
        return max(size for size in range(1, wanted + 1) if self.width % size == 0)

    def _n_steps(self):
        """Decoding steps of each stream."""
        lengths = [part.stop - part.start for part in self.token_slices_]
        if self.n_steps != "auto":
            return [self.n_steps] * len(lengths)
        return [min(n, max(_LEAST_AUTO_STEPS, min(ceil(n / _TOKENS_A_STEP), _MOST_AUTO_STEPS))) for n in lengths]

    def sample_steps(self, *, y=None, random_state=None):
        """Draw one token sequence and keep what there is after each step of the decoding.

        Parameters
        ----------
        y : label, optional
            Class to draw from.
        random_state : int, RandomState or None, default=None
            An int makes the draw repeatable.

        Returns
        -------
        drafts : ndarray of int64, shape (n_all_steps, n_tokens_)
            All tokens as drawn in each step, the last row what `sample` returns; -1 in streams that are not yet begun.
            There is a row for each step of each stream.
        masked : ndarray of bool, shape (n_all_steps, n_tokens_)
            Which of them are masked again and drawn anew in the next step.
        """
        check_is_fitted(self)
        labels, seed = self._draw_labels(1, y, random_state)
        tokens = np.full((1, self.n_tokens_), -1)

        def decode(decoding):
            steps = [torch.stack([draft, masked.long()]) for draft, masked in decoding]
            return torch.stack(steps, dim=2).transpose(0, 1)  # (b, 2, steps, n)

        drafts, masked = self._decode_tokens(decode, tokens, labels, seed)[0]
        return np.where(drafts < self.codebook_size_, drafts, -1), masked.astype(bool)

    def _complete(self, tokens, labels, seed):
        return self._decode_tokens(_last_draft, tokens, labels, seed)

    def _decode_tokens(self, summarize, tokens, labels, seed):
        """What `summarize` makes of the steps in which the tokens that are -1 are filled."""
        decode = self._decoder(deepcopy(self.module_), summarize, seed)
        return self._map_tokens(decode, tokens, labels, batch_size=_DECODING_BATCH)

    def _decoder(self, module, summarize, seed):
        """A function of tokens (b, n) and labels (b,), tensors, that fills the tokens by `module`, which it changes."""
        device = next(module.parameters()).device
        module.to(resolve_precision(self.precision, device))
        generator = torch.Generator(device).manual_seed(seed)

        def decode(tokens, labels):
            return summarize(
                decoding_steps(
                    module,
                    tokens.where(tokens >= 0, module.mask_index),
                    labels,
                    n_steps=self._n_steps(),
                    temperature=self.temperature,
                    choice_temperature=self.choice_temperature,
                    guidance_scale=self.guidance_scale,
                    generator=generator,
                )
            )

        return decode

    def _score(self, tokens, labels):
        # In float64, so that the value of a row does not depend on the rows beside it.
        module = deepcopy(self.module_).double()
        order = torch.from_numpy(np.random.RandomState(0).permutation(self.n_tokens_)).to(self._device)

        def score(tokens, labels):
            return score_in_parallel(module, tokens, labels, order=order, n_steps=self._n_steps())

        return self._map_tokens(score, tokens, labels, batch_size=_SCORING_BATCH)


def _last_draft(decoding):
    for draft, _ in decoding:
        last = draft
    return last
