"""Fitted estimators on dask arrays: series by chunks, on one machine or a cluster, without all of them in memory.

Chunks run along the cases; a series is never divided. Arrays are lazy: nothing is computed before ``compute()``, or
before a chunk is stored. Workers get the estimator once, not with each chunk. This module needs the extra ``dask``.
"""

try:
    from sktsvq.dask._arrays import inverse_transform, sample, score_samples, transform
    from sktsvq.dask._scores import codebook_usage, frechet_distance, score
except ModuleNotFoundError as error:
    if error.name != "dask":
        raise
    raise ImportError("sktsvq.dask needs the package dask: pip install 'sktsvq[dask]'.") from error

__all__ = ["codebook_usage", "frechet_distance", "inverse_transform", "sample", "score", "score_samples", "transform"]
