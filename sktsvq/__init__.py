"""Time series to tokens, the language of the tokens, new series in it, and how good they are.

The package reads in the order of the data:

- `sktsvq.datasets`: series, real and synthetic
- `sktsvq.tokenizers`: series to tokens and back
- `sktsvq.priors`: the distribution of the tokens
- `sktsvq.generator`: tokenizer and prior in one estimator that writes series
- `sktsvq.oversampling`: small classes filled up by generated series
- `sktsvq.representation`: encoders that are no tokenizers, and fine-tuning
- `sktsvq.metrics`: scores of the written series, and scorers for model selection
- `sktsvq.classifier`: the network that the usual scores look through
- `sktsvq.inspection`: pictures
- `sktsvq.dask`: fitted estimators on arrays larger than memory, by chunks
- `sktsvq.benchmark`: how fast all of it is, and how good embeddings are
- `sktsvq.base`: what your own models start from, and the contract checks
- `sktsvq.nn`: the torch modules beneath

``python -m sktsvq demo`` walks the whole way once, ``python -m sktsvq benchmark speed`` measures it.
"""

__version__ = "0.2.0"


def load(path):
    """A fitted estimator from a file that its `save` has written; no code of the file runs.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator : object
        On the CPU; ``estimator.to("cuda")`` moves it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, was not written by sktsvq, or is of a later version of it.

    Examples
    --------
    >>> import tempfile, sktsvq
    >>> from sktsvq.priors import MarkovPrior
    >>> prior = MarkovPrior().fit([[0, 1, 2], [1, 2, 0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     prior.save(f"{folder}/prior.sktsvq")
    ...     loaded = sktsvq.load(f"{folder}/prior.sktsvq")
    >>> bool((loaded.sample(3, random_state=0) == prior.sample(3, random_state=0)).all())
    True
    """
    from sktsvq._persistence import load_estimator

    return load_estimator(path)
