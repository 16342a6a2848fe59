"""Honest scores: pure functions on arrays, and scorers of fitted generators for scikit-learn's model selection."""

from sktsvq.metrics._classification import classification_accuracy_score
from sktsvq.metrics._frechet import frechet_distance
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._probe import probe_score
from sktsvq.metrics._scorers import CASScorer, FrechetScorer, InceptionScorer, ProbeScorer

__all__ = [
    "CASScorer",
    "FrechetScorer",
    "InceptionScorer",
    "ProbeScorer",
    "classification_accuracy_score",
    "frechet_distance",
    "inception_score",
    "probe_score",
]
