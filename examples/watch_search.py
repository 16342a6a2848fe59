"""
Watch a search
==============

A progress bar for every fit of a search over generators, and a score after every epoch of its tokenizers, from two
processes at once.
"""

from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.metrics import KIDScorer
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


def minus_error(tokenizer, X, y=None):
    return tokenizer.score(X)


def main():
    X, y = make_waves(n_cases=100, n_timepoints=64, random_state=0)
    monitor = ScoringMonitor(scoring={"minus_error": minus_error})
    tokenizer = VQVAETokenizer(max_epochs=20).set_callbacks(monitor)
    generator = VQGenerator(tokenizer, MaskGITPrior(max_epochs=20), random_state=0)
    search = GridSearchCV(generator, {"tokenizer__beta": [0.25, 4.0]}, scoring=KIDScorer(), cv=2, n_jobs=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)

    log = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
    log = log.assign(fit=log["parent_task_id_path"].astype(str), epoch=log["task_id"] + 1)
    print(log.pivot(index="epoch", columns="fit", values="minus_error").iloc[[0, 4, 9, 14, 19]].round(4).to_string())


# Workers that are processes import this file, so what starts them must not run on import.
if __name__ == "__main__":
    main()
