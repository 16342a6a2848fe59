"""
Many fits at once
=================

A search runs its fits by joblib: on the cores of this machine, or on a cluster by dask. The estimators need nothing
else than ``joblib.parallel_config``.
"""

import joblib
import pandas as pd
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from sktsvq.datasets import load_ucr
from sktsvq.tokenizers import VQVAETokenizer


def main():
    X, _ = load_ucr("ItalyPowerDemand", "train")
    search = GridSearchCV(VQVAETokenizer(max_epochs=50, random_state=0), {"codebook_size": [8, 16, 32]}, cv=2)
    # Two workers of one thread here; give the address of a scheduler for a cluster.
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
    with cluster, Client(cluster), joblib.parallel_config("dask"):
        search.fit(X)
    results = pd.DataFrame(search.cv_results_)
    print(results[["param_codebook_size", "mean_test_score", "mean_fit_time"]].round(4).to_string(index=False))


# Workers that are processes import this file, so what starts them must not run on import.
if __name__ == "__main__":
    main()
