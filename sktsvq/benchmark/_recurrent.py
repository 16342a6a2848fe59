"""The recurrent classifier by which TimeGAN's discriminative score is defined."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import nn
from torch.nn import functional as F

from sktsvq._devices import isolated_rng, resolve_device

__all__ = ["RecurrentClassifier"]

# Series that are classified side by side.
_BATCH = 2048


class _Network(nn.Module):
    """A GRU of int(n_channels / 2) units, at least one, and a linear map of its last state."""

    def __init__(self, n_channels):
        super().__init__()
        n_units = max(1, n_channels // 2)
        self.gru, self.head = nn.GRU(n_channels, n_units, batch_first=True), nn.Linear(n_units, 1)

    def forward(self, x):  # (b, t, c) -> (b,)
        return self.head(self.gru(x)[1][-1]).squeeze(1)


class RecurrentClassifier(ClassifierMixin, BaseEstimator):
    """Tells two classes of series apart by a GRU, as TimeGAN (NeurIPS 2019) tells generated series from real ones.

    The network has int(n_channels / 2) units, which would be none for one channel: there it has one. Adam takes
    `n_steps` steps of rate 1e-3 on batches of 128.

    Parameters
    ----------
    n_steps : int
    random_state : int
    """

    def __init__(self, n_steps=2000, random_state=0):
        self.n_steps = n_steps
        self.random_state = random_state

    def fit(self, X, y):
        """Train on series (n_cases, n_channels, n_timepoints) with labels of two classes."""
        self.classes_ = np.unique(y)
        device = resolve_device("auto")
        x, is_second = _as_input(X).to(device), torch.from_numpy(np.equal(y, self.classes_[1])).float().to(device)
        with isolated_rng(self.random_state, device):
            self.network_ = _Network(X.shape[1]).to(device)
            optimizer = torch.optim.Adam(self.network_.parameters(), lr=1e-3)
            for _ in range(self.n_steps):
                rows = torch.randint(len(x), (128,), device=device)
                loss = F.binary_cross_entropy_with_logits(self.network_(x[rows]), is_second[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        return self

    def predict(self, X):
        """The class of each series."""
        device = next(self.network_.parameters()).device
        with torch.inference_mode():
            logits = torch.cat([self.network_(part.to(device)) for part in _as_input(X).split(_BATCH)])
        return self.classes_[(logits > 0).long().cpu().numpy()]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _as_input(X):  # (b, c, t) -> (b, t, c)
    return torch.from_numpy(np.ascontiguousarray(np.swapaxes(X, 1, 2), dtype=np.float32))
