"""The published protocol: what a fitted generator scores on a set."""

import numpy as np

from sktsvq.classifier import FCNClassifier
from sktsvq.metrics import classification_accuracy_score, inception_score, memorization_ratio, probe_score
from sktsvq.metrics._frechet import compute_frechet_distance
from sktsvq.metrics._layout import in_units_of
from sktsvq.metrics._resampling import labels_like

__all__ = ["score_generator"]

# Series that are drawn, and train series of the classification accuracy score, at least.
_MIN_SAMPLES, _MIN_SAMPLES_CAS = 256, 1000
_N_DRAWS = 3


def score_generator(generator, data, judge, *, random_state=0, cas_epochs="auto"):
    """The scores of a fitted generator by the protocol of the papers, and what tells why they are as they are.

    Parameters
    ----------
    generator : VQGenerator
        Fitted on the train series of `data`.
    data : BenchmarkSet
    judge : Judge
    random_state : int
        Of the draws and of the classifier that is trained on them.
    cas_epochs : int, "auto" or None
        Passes of that classifier over its series; None leaves the score out, which takes most of the time.

    Returns
    -------
    scores : dict of str to (value, floor, ideal)
        The floor is what real series score in the place of generated ones, the ideal the best there is; NaN where there
        is none.
    """
    tokenizer, nan = generator.tokenizer_, np.nan
    n_samples, n_splits = max(len(data.X_test), _MIN_SAMPLES), min(10, len(data.X_test))
    draws = [generator.sample(n_samples, random_state=random_state + 1000 * i) for i in range(_N_DRAWS)]
    drawn = [judge.look_at(draw) for draw in draws]
    distances = [_distance(judge.test, look) for look in drawn]
    clarity = [inception_score(look.proba, random_state=0) for look in drawn]
    real_clarity = [
        inception_score(look.proba, n_splits=n_splits, random_state=0) for look in (judge.train, judge.test)
    ]
    accuracy = judge.accuracy(judge.test, data.y_test)
    scores = {
        "fid": (np.mean(distances), _distance(judge.test, judge.train), 0),
        "fid_sd_of_draws": (np.std(distances, ddof=1), nan, 0),
        "inception_score": (np.mean(clarity), *real_clarity),
        "inception_score_sd_of_draws": (np.std(clarity, ddof=1), nan, 0),
    }
    if cas_epochs is not None:
        labels = labels_like(data.y_train, max(len(data.y_train), _MIN_SAMPLES_CAS))
        X, network = generator.sample(len(labels), y=labels, random_state=random_state), FCNClassifier()
        network.set_params(max_epochs=cas_epochs, random_state=random_state)
        value = classification_accuracy_score(X, labels, data.X_test, data.y_test, classifier=network)
        scores["cas"] = (value, accuracy, 1)
    test_tokens, train_tokens = tokenizer.tokenize(data.X_test), tokenizer.tokenize(data.X_train)
    scores |= _reconstruction(tokenizer, test_tokens, data, judge, accuracy)
    train, test, new = in_units_of(data.X_train, data.X_train, data.X_test, draws[0])
    new_tokens = generator.sample_tokens(n_samples, random_state=random_state)  # those of the first draw
    copies = [_share_of_copies(part, train_tokens) for part in (new_tokens, test_tokens)]
    asked = np.random.RandomState(random_state).permutation(data.y_test)
    of_class = judge.look_at(generator.sample(len(asked), y=asked, random_state=random_state))
    scores |= {
        "memorization_ratio": (memorization_ratio(new, train, test), 1, 1),
        "share_of_copies": (*copies, copies[1]),
        "accuracy_by_class": (judge.accuracy(of_class, asked), accuracy, 1),
    }
    embeddings = [tokenizer.embed(X) for X in (data.X_train, data.X_test)]
    for name, probe in (("linear_svm", "linear_svm"), ("knn5", "knn")):
        accuracy = probe_score(embeddings[0], data.y_train, embeddings[1], data.y_test, probe=probe)
        scores[name] = (accuracy, nan, 1)
    return {name: tuple(float(value) for value in values) for name, values in scores.items()}


def _reconstruction(tokenizer, test_tokens, data, judge, accuracy):
    """What is left of the test series in their tokens."""
    X = tokenizer.inverse_transform(test_tokens)
    look = judge.look_at(X)
    return {
        "reconstruction_fid": (_distance(judge.test, look), 0, 0),
        "reconstruction_accuracy": (judge.accuracy(look, data.y_test), accuracy, accuracy),
        "reconstruction_error": (np.mean((X - data.X_test) ** 2) / np.var(data.X_test), 0, 0),
    }


def _distance(real, generated):
    return compute_frechet_distance(*(look.features.astype(np.float64) for look in (real, generated)))[0]


def _share_of_copies(tokens, train_tokens):
    """Share of the sequences that are in the train set."""
    known = {row.tobytes() for row in train_tokens}
    return np.mean([row.tobytes() in known for row in tokens])
