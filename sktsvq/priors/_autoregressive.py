"""The autoregressive prior: a causal transformer."""

from sktsvq._validation import AT_LEAST_ONE
from sktsvq.nn.causal import CausalTransformer
from sktsvq.priors._causal import CausalPrior


class AutoregressivePrior(CausalPrior):
    """Causal transformer that draws one token after the other (arXiv 1706.03762).

    Each token is guessed from those before it, its position and, with labels, the class; labels are left out now and
    then in training, so that the network also knows no class. Streams of tokens come in their order, low before high.

    Parameters
    ----------
    codebook_size : int or "auto", default="auto"
        Number of codes; "auto" is that of the `codebook` given to `fit`, else the largest token seen plus 1.
    width : int, default=64
        Channels of the transformer, a multiple of `n_heads`.
    n_layers : int, default=2
        Transformer blocks.
    n_heads : int, default=4
        Attention heads.
    dropout : float, default=0.2
        Share of the embeddings and of each block's output that is dropped in training.
    token_dropout : float, default=0.1
        Probability that a token of the past is hidden from the network in training.
    label_dropout : float, default=0.1
        Probability that a label is left out in training.
    token_embedding : {"random", "codebook", "frozen_codebook"}, default="codebook"
        Start of the token embeddings: random, or the `codebook` given to `fit` (random where none is given), trained
        further; or the codebook as it is, with a trained linear map to the width where that differs.
    token_temperature : float, default=0.0
        Above 0 the tokens are drawn anew at each training step, from the softmax of minus the squared distance to the
        code that was given, divided by this. The papers draw from the distances to the latent, which a prior never
        sees; its code stands for it here.
    temperature : float, default=1.0
        Divides the logits of the tokens in `sample` and `complete`; below 1 samples are more typical and less varied.
    top_k : int or None, default=None
        Draw from this many likeliest tokens only.
    top_p : float, default=1.0
        Draw from the likeliest tokens only that together reach this probability (nucleus sampling, arXiv 1904.09751).
    n_particles : int, default=16
        Candidates per sequence in `complete`, see Notes.
    max_epochs : int or "auto", default="auto"
        Passes over the train set; "auto" is about 40, but at least 200 and at most 1000 optimiser steps.
    batch_size : int, default=64
        Sequences per step; an epoch has n_cases // batch_size steps, at least one.
    lr : float, default=2e-3
        Highest learning rate of AdamW; it warms up and then falls to 0 as a cosine.
    device : str, default="auto"
        A torch device; "auto" is CUDA where there is one.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of the training steps; "auto" is bfloat16 where the processor multiplies it faster. Sampling
        always computes in float32, scoring in float64.
    random_state : int, RandomState or None, default=None
        Determines initial weights, batches and what is dropped in `fit`; an int makes fits repeatable.
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
    `score_samples` is the exact log-likelihood. `sample` keeps what the network computed of the tokens so far, and
    draws from the exact distribution at a temperature of 1 without `top_k` and `top_p`.

    `complete` draws missing tokens from their probabilities given the past. So that known tokens behind a gap count,
    too, each sequence is drawn `n_particles` times side by side; a known token weighs the candidates by how likely they
    made it, and candidates are drawn anew by weight where the weights have become uneven (sequential importance
    resampling). One particle looks at the past alone; the more there are, the closer to the exact conditional
    distribution.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.

    Examples
    --------
    >>> import numpy as np
    >>> from sktsvq.priors import AutoregressivePrior
    >>> tokens = np.random.RandomState(0).randint(8, size=(40, 12))
    >>> prior = AutoregressivePrior(max_epochs=5, random_state=0).fit(tokens)
    >>> prior.sample(3, random_state=0).shape
    (3, 12)
    >>> prior.score_samples(tokens).shape
    (40,)
    """

    _parameter_constraints = {
        **CausalPrior._parameter_constraints,
        "n_heads": [AT_LEAST_ONE],
    }

    def __init__(
        self,
        codebook_size="auto",
        *,
        width=64,
        n_layers=2,
        n_heads=4,
        dropout=0.2,
        token_dropout=0.1,
        label_dropout=0.1,
        token_embedding="codebook",
        token_temperature=0.0,
        temperature=1.0,
        top_k=None,
        top_p=1.0,
        n_particles=16,
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
        self.dropout = dropout
        self.token_dropout = token_dropout
        self.label_dropout = label_dropout
        self.token_embedding = token_embedding
        self.token_temperature = token_temperature
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.n_particles = n_particles
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

    def _build_module(self, **shared):
        return CausalTransformer(
            width=self.width,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            dropout=self.dropout,
            label_dropout=self.label_dropout,
            token_dropout=self.token_dropout,
            **shared,
        )
