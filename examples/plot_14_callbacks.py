"""
Watch a training
================

scikit-learn's callbacks see every epoch; skorch's go into `net_params`. `early_stopping` holds out some cases and keeps
the weights that did best on them.
"""

from sklearn.callback import ScoringMonitor
from skorch.callbacks import LRScheduler
from torch.optim.lr_scheduler import CosineAnnealingLR

from sktsvq.datasets import load_ucr
from sktsvq.inspection import HistoryDisplay
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("GunPoint", "train")
X_test, _ = load_ucr("GunPoint", "test")


def reconstruction_error(tokenizer, X, y=None):
    return tokenizer.score(X)


monitor = ScoringMonitor(scoring={"minus the error": reconstruction_error})
VQVAETokenizer(max_epochs=60, random_state=0).set_callbacks(monitor).fit(X)
monitor.get_logs().data_as_pandas.tail()

# %%
# A schedule of skorch, and cases held out.
schedule = LRScheduler(CosineAnnealingLR, T_max=150)
tokenizer = VQVAETokenizer(
    max_epochs=150, early_stopping=True, net_params={"callbacks": [schedule]}, random_state=0
).fit(X)
HistoryDisplay.from_estimator(tokenizer)
