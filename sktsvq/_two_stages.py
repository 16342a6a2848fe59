"""The steps of a fit of tokenizer and prior: the parts, what is checked before, and each part's own."""

import inspect
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from sktsvq._completion import tokenize
from sktsvq._validation import draw_seed
from sktsvq.priors import MaskGITPrior, WaveNetPrior
from sktsvq.priors._novelty import mean_distance, mean_move, vectors_to_compare
from sktsvq.tokenizers import VQVAETokenizer

__all__ = [
    "FEW_CASES",
    "check_sample_method",
    "check_together",
    "clone_parts",
    "fit_part",
    "fit_tokenizer",
    "resolve_copies",
    "told_of_tokens",
]

# So few series are learnt by heart, whatever the prior is told; chosen on parts of train splits.
FEW_CASES = 100
# With more series the token-by-token prior draws the better samples; chosen on parts of train splits.
_MAX_CASES_OF_MASKGIT = 1000
# With copies that are moved few series are not learnt by heart, unless these are further from the series than so many
# times the nearest other series: then samples would be as far from all series. Chosen on parts of train splits.
_MOST_COPIES_OF = {FEW_CASES: 3, 400: 1, np.inf: 0}
_FARTHEST_COPIES = 1.2


def clone_parts(generator, n_cases):
    """Clones of both parts of a generator, with random states and verbosity of their own."""
    default_prior = MaskGITPrior if n_cases <= _MAX_CASES_OF_MASKGIT else WaveNetPrior
    tokenizer = VQVAETokenizer() if generator.tokenizer is None else clone(generator.tokenizer)
    prior = default_prior() if generator.prior is None else clone(generator.prior)
    _fix_random_states((tokenizer, prior), generator.random_state)
    for part in (tokenizer, prior):
        if generator.verbose and "verbose" in part.get_params(deep=False):
            part.set_params(verbose=generator.verbose)
    return tokenizer, prior


def _fix_random_states(estimators, random_state):
    """Give each estimator whose `random_state` is None one of its own, drawn from `random_state`."""
    if random_state is None:
        return
    rng = np.random.RandomState(draw_seed(random_state))
    for estimator in estimators:
        seed = draw_seed(rng)
        if estimator.get_params(deep=False).get("random_state", 0) is None:
            estimator.set_params(random_state=seed)


def resolve_copies(generator, tokenizer, prior, n_cases):
    """What `fit_tokenizer` is told of moved copies of the train series; ValueError if the tokenizer moves none."""
    moves = getattr(tokenizer, "max_shift", 0) != 0
    if generator.n_shifted == "auto":
        holds_out = getattr(prior, "early_stopping", False)  # copies of the same series
        most = next(copies for cases, copies in _MOST_COPIES_OF.items() if n_cases <= cases)
        return {"n_copies": most if moves and not holds_out else 0, "only_near": True}
    if generator.n_shifted and not moves:
        raise ValueError(
            f"The 'n_shifted' parameter of {type(generator).__name__} must be 0 or 'auto' unless the tokenizer has a "
            f"'max_shift' above 0. Got {generator.n_shifted} and {tokenizer!r} instead."
        )
    return {"n_copies": generator.n_shifted, "only_near": False}


def check_sample_method(generator, prior):
    """Raise a TypeError unless the prior samples as priors do: scikit-learn's densities take no labels."""
    taken = inspect.signature(prior.sample).parameters
    if not {"y", "random_state"} <= set(taken) and not any(one.kind == one.VAR_KEYWORD for one in taken.values()):
        raise TypeError(
            f"The 'prior' parameter of {type(generator).__name__} must have a method sample(n_samples, *, y, "
            f"random_state). That of {type(prior).__name__} takes {', '.join(taken)} instead."
        )


def check_together(tokenizer, prior, series, y, unequal_length):
    """Raise where the prior cannot learn the tokens that the tokenizer will give; models of other packages may."""
    vocabulary = getattr(tokenizer, "vocabulary_", None)  # of one that is frozen
    if vocabulary is None and hasattr(tokenizer, "_planned_vocabulary"):
        vocabulary = tokenizer._planned_vocabulary(series, unequal_length)
    if vocabulary is not None and hasattr(prior, "_check_plan"):
        prior._check_plan(vocabulary, len(series), y)


def fit_tokenizer(tokenizer, X, *, n_copies, only_near, context, owner):
    """The fitted tokenizer and the tokens of X and of copies that are moved; what `memory` keeps.

    With `only_near` there are no copies where they are far from their series.
    """
    fit_part(tokenizer, X, None, context=context, owner=owner)
    tokens = tokenize(tokenizer, X)
    if n_copies and tokenizer.max_shift_:
        rng = np.random.RandomState(draw_seed(tokenizer.random_state))
        copies = [tokenizer.tokenize_shifted(X, random_state=rng) for _ in range(n_copies)]
        if not (only_near and _are_far(tokens, copies, tokenizer.vocabulary_)):
            tokens = np.concatenate([tokens, *copies])
    elif n_copies and not only_near:
        warnings.warn(
            f"n_shifted={n_copies} has no effect: a token of {type(tokenizer).__name__} stands for one time point of "
            "these series, which are too short to be moved by less than a token. Give the tokenizer a max_shift.",
            stacklevel=2,
        )
    return tokenizer, tokens


def _are_far(tokens, copies, vocabulary):
    codebook = vectors_to_compare(vocabulary)
    moved_by = np.mean([mean_move(tokens, moved, codebook=codebook) for moved in copies])
    return moved_by > _FARTHEST_COPIES * mean_distance(tokens, tokens, codebook=codebook, nearest=2)


def told_of_tokens(prior, tokenizer, n_cases, n_tokens):
    """What `fit` of the prior takes beside tokens and labels: their vocabulary, and which are copies of one series.

    Of few series it is not told of copies: by the distance to the series alone its training would end too early.
    """
    told = {"vocabulary": getattr(tokenizer, "vocabulary_", None)}
    if FEW_CASES < n_cases < n_tokens:
        told["series_ids"] = np.arange(n_tokens) % n_cases
    return {name: value for name, value in told.items() if value is not None and has_fit_parameter(prior, name)}


def fit_part(part, X, y, *, context, owner, **settings):
    """Fit a part of a generator; the callbacks of the generator see it."""
    context.call_on_fit_task_begin(estimator=owner, X=X, y=y)
    with context.propagate_callback_context(part):
        part.fit(X, y, **settings)
    context.call_on_fit_task_end(estimator=owner, X=X, y=y)
