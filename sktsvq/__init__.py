"""Time series to tokens, the language of the tokens, new series in it, and how good they are.

The package reads in the order of the data:

- `sktsvq.datasets`: series, real and synthetic
- `sktsvq.tokenizers`: series to tokens and back
- `sktsvq.priors`: the distribution of the tokens
- `sktsvq.generator`: tokenizer and prior in one estimator that writes series
- `sktsvq.metrics`: scores of the written series, and scorers for model selection
- `sktsvq.classifier`: the network that the usual scores look through
- `sktsvq.inspection`: pictures
- `sktsvq.benchmark`: how fast all of it is
- `sktsvq.base`: what your own models start from, and the contract checks
- `sktsvq.nn`: the torch modules beneath

``python -m sktsvq demo`` walks the whole way once, ``python -m sktsvq benchmark speed`` measures it.
"""

__version__ = "0.1.0"
