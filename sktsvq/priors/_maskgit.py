"""The MaskGIT prior."""

from copy import deepcopy
from math import ceil, log2

import numpy as np
import torch

from sktsvq._devices import resolve_device, resolve_precision
from sktsvq._training import map_batches
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, StrOptions
from sktsvq.nn.maskgit import MaskGIT, decode_in_parallel, score_in_parallel
from sktsvq.priors._network import NetworkPrior

# Sequences that are decoded side by side: few enough for their activations to stay in a processor's cache.
_DECODING_BATCH = 256


class MaskGITPrior(NetworkPrior):
    """Bidirectional transformer that fills masked tokens, decoded in parallel (MaskGIT, arXiv 2202.04200).

    In training a random share of each sequence is masked and guessed from the rest. A sample starts fully masked and is
    filled in `n_steps` steps, the surest tokens first. With labels the transformer is class-conditional; labels are
    left out now and then in training, so that it also knows no class. Streams of tokens (`token_slices` of `fit`) are
    filled one after the other, low before high, so that high is drawn given low.

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        Number of codes; "auto" is that of the `codebook` given to `fit`, else the largest token seen plus 1.
    width : int, default=96
        Channels of the transformer, a multiple of `n_heads`.
    n_layers : int, default=2
        Transformer blocks.
    n_heads : int, default=3
        Attention heads.
    group_size : int or "auto", default="auto"
        Neighbouring tokens that share one position of the transformer; `width` is a multiple of it. "auto" leaves
        about 12 positions: the number of tokens divided by 12, at most 4, or the next smaller divisor of `width`.
    dropout : float, default=0.0
        Share of each block's output that is dropped in training.
    label_dropout : float, default=0.1
        Probability that a label is left out in training.
    token_embedding : {"random", "codebook", "frozen_codebook"}, default="codebook"
        Start of the token embeddings: random, or the `codebook` given to `fit` (random where none is given), trained
        further; or the codebook as it is, with a trained linear map to the width where that differs.
    token_temperature : float, default=0.0
        Above 0 the tokens are drawn anew at each training step, from the softmax of minus the squared distance to the
        code that was given, divided by this. The papers draw from the distances to the latent, which a prior never
        sees; its code stands for it here.
    mask_schedule : {"cosine", "linear", "square", "cubic"}, default="cosine"
        Share of masked tokens, in training at a random progress and in decoding step by step.
    masking : {"mask", "keep"}, default="mask"
        Whether in training the schedule says how many tokens are masked, as in the paper, or how many are kept, as in
        the code of TimeVQVAE (arXiv 2303.04743); with the cosine 64 % or 36 % are masked on average.
    loss_on : {"masked", "all"}, default="masked"
        Tokens that the loss counts: the masked ones, or all, as in the code of TimeVQVAE.
    n_steps : int, default=8
        Decoding steps of a sample, of each stream where there are several.
    temperature : float, default=1.0
        Divides the logits of the tokens; below 1 samples are more typical and less varied.
    choice_temperature : float, default=4.0
        Scale of the Gumbel noise on the confidences that choose which tokens stay; 0 keeps the surest ones.
    guidance_scale : float, default=1.0
        Strength of classifier-free guidance (arXiv 2207.12598); 1 is none.
    max_epochs : int or "auto", default="auto"
        Passes over the train set; "auto" makes 1000 optimiser steps for each doubling of n_cases from 128 on, at least
        1000 and at most 4000; a longer training learns few sequences by heart.
    batch_size : int, default=64
        Sequences per step; an epoch has n_cases // batch_size steps, at least one.
    lr : float, default=2e-3
        Highest learning rate of AdamW; it warms up and then falls to 0 as a cosine.
    device : str, default="auto"
        A torch device; "auto" is CUDA where there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of training and sampling; "auto" is bfloat16 where the processor multiplies it faster. Scoring
        always computes in float64.
    random_state : int, RandomState or None, default=None
        Determines initial weights, batches and masks of `fit`; an int makes fits repeatable.
    verbose : int, default=0
        Above 0 shows a progress bar.
    warm_start : bool, default=False
        Whether a second `fit` trains the fitted network further.
    net_params : dict or None, default=None
        Handed to skorch's ``NeuralNet``: callbacks, ``optimizer__weight_decay``, ...
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
    n_tokens_, n_features_in_ : int
        Length of the sequences.
    codebook_size_ : int
        Number of codes.
    classes_ : ndarray or None
        Class labels, None where `fit` saw none.
    class_prior_ : ndarray of shape (n_classes,)
        Frequencies of the classes in the train set; only with labels.
    net_ : skorch.NeuralNet
        The trained network; ``net_.module_`` is the torch module.
    history_ : skorch.history.History
        Loss and seconds of every epoch.

    Notes
    -----
    `score_samples` is the exact log-likelihood of a close relative of the sampler, one that fills the same numbers of
    tokens at each of the `n_steps` steps but chooses them by a fixed random order instead of by confidence. It sums
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

    _parameter_constraints = {
        **NetworkPrior._parameter_constraints,
        "n_heads": [AT_LEAST_ONE],
        "group_size": [StrOptions({"auto"}), AT_LEAST_ONE],
        "mask_schedule": [StrOptions({"cosine", "linear", "square", "cubic"})],
        "masking": [StrOptions({"mask", "keep"})],
        "loss_on": [StrOptions({"masked", "all"})],
        "n_steps": [AT_LEAST_ONE],
        "temperature": [POSITIVE],
        "choice_temperature": [NOT_NEGATIVE],
        "guidance_scale": [NOT_NEGATIVE],
    }

    def __init__(
        self,
        codebook_size="auto",
        *,
        width=96,
        n_layers=2,
        n_heads=3,
        group_size="auto",
        dropout=0.0,
        label_dropout=0.1,
        token_embedding="codebook",
        token_temperature=0.0,
        mask_schedule="cosine",
        masking="mask",
        loss_on="masked",
        n_steps=8,
        temperature=1.0,
        choice_temperature=4.0,
        guidance_scale=1.0,
        max_epochs="auto",
        batch_size=64,
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
        self.codebook_size = codebook_size
        self.width = width
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.group_size = group_size
        self.dropout = dropout
        self.label_dropout = label_dropout
        self.token_embedding = token_embedding
        self.token_temperature = token_temperature
        self.mask_schedule = mask_schedule
        self.masking = masking
        self.loss_on = loss_on
        self.n_steps = n_steps
        self.temperature = temperature
        self.choice_temperature = choice_temperature
        self.guidance_scale = guidance_scale
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

    def _check_combinations(self):
        self._check_width_is_multiple_of("n_heads")
        if self.group_size != "auto":
            self._check_width_is_multiple_of("group_size")

    def _auto_steps(self, n_cases):
        return round(min(max(1000 * log2(n_cases / 128), 1000), 4000))

    def _resolved_group_size(self):
        if self.group_size != "auto":
            return self.group_size
        wanted = min(4, ceil(self.n_tokens_ / 12))
        return max(size for size in range(1, wanted + 1) if self.width % size == 0)

    def _embedding_width(self):
        return self.width // self._resolved_group_size()

    def _build_module(self, **shared):
        return MaskGIT(
            width=self.width,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            group_size=self._resolved_group_size(),
            dropout=self.dropout,
            label_dropout=self.label_dropout,
            mask_schedule=self.mask_schedule,
            masking=self.masking,
            loss_on=self.loss_on,
            slices=self.token_slices_,
            **shared,
        )

    def _complete(self, tokens, labels, seed):
        device = resolve_device(self.net_.device)
        module = deepcopy(self.net_.module_).to(resolve_precision(self.precision, device))
        generator = torch.Generator(device).manual_seed(seed)

        def decode(tokens, labels):
            return decode_in_parallel(
                module,
                tokens.where(tokens >= 0, module.mask_index),
                labels,
                n_steps=self.n_steps,
                temperature=self.temperature,
                choice_temperature=self.choice_temperature,
                guidance_scale=self.guidance_scale,
                generator=generator,
            )

        inputs = torch.from_numpy(tokens), torch.from_numpy(labels)
        return map_batches(decode, *inputs, batch_size=_DECODING_BATCH, device=device).numpy()

    def _score(self, tokens, labels):
        # In float64, so that the value of a row does not depend on the rows beside it.
        module, device = deepcopy(self.net_.module_).double(), resolve_device(self.net_.device)
        order = torch.from_numpy(np.random.RandomState(0).permutation(self.n_tokens_)).to(device)

        def score(tokens, labels):
            return score_in_parallel(module, tokens, labels, order=order, n_steps=self.n_steps)

        return map_batches(score, torch.from_numpy(tokens), torch.from_numpy(labels), device=device).numpy()
