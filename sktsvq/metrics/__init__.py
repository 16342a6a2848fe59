"""Honest scores: pure functions on arrays, and scorers of fitted generators for scikit-learn's model selection."""

from sktsvq.metrics._classification import classification_accuracy_score
from sktsvq.metrics._discrete import (
    codebook_perplexity,
    cross_entropy,
    entropy,
    kl_divergence,
    mutual_information,
    token_class_information,
)
from sktsvq.metrics._evaluate import evaluate
from sktsvq.metrics._features import SeriesFeatures
from sktsvq.metrics._frechet import frechet_distance
from sktsvq.metrics._inception import inception_score
from sktsvq.metrics._kernel import kernel_inception_distance, maximum_mean_discrepancy
from sktsvq.metrics._model_based import discriminative_score, predictive_score
from sktsvq.metrics._neighbours import memorization_ratio, precision_recall_density_coverage
from sktsvq.metrics._probe import probe_score
from sktsvq.metrics._sampling import extrapolated_score, score_interval
from sktsvq.metrics._scorers import (
    CASScorer,
    CMMDScorer,
    DiscriminativeScorer,
    FrechetScorer,
    InceptionScorer,
    KIDScorer,
    MemorizationScorer,
    MultiScorer,
    PerplexityScorer,
    PRDCScorer,
    PredictiveScorer,
    ProbeScorer,
    StatisticScorer,
    TokenInformationScorer,
    get_scorer,
    get_scorer_names,
)
from sktsvq.metrics._statistics import (
    autocorrelation_difference,
    kurtosis_difference,
    marginal_distribution_difference,
    skewness_difference,
)

__all__ = [
    "CASScorer",
    "CMMDScorer",
    "DiscriminativeScorer",
    "FrechetScorer",
    "InceptionScorer",
    "KIDScorer",
    "MemorizationScorer",
    "MultiScorer",
    "PRDCScorer",
    "PerplexityScorer",
    "PredictiveScorer",
    "ProbeScorer",
    "SeriesFeatures",
    "StatisticScorer",
    "TokenInformationScorer",
    "autocorrelation_difference",
    "classification_accuracy_score",
    "codebook_perplexity",
    "cross_entropy",
    "discriminative_score",
    "entropy",
    "evaluate",
    "extrapolated_score",
    "frechet_distance",
    "get_scorer",
    "get_scorer_names",
    "inception_score",
    "kernel_inception_distance",
    "kl_divergence",
    "kurtosis_difference",
    "marginal_distribution_difference",
    "maximum_mean_discrepancy",
    "memorization_ratio",
    "mutual_information",
    "precision_recall_density_coverage",
    "predictive_score",
    "probe_score",
    "score_interval",
    "skewness_difference",
    "token_class_information",
]
