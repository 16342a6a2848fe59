"""The summary of a benchmark of quality: a table, a picture and a critical-difference plot."""

from pathlib import Path

import numpy as np

from sktsvq._files import write_atomically
from sktsvq.benchmark._table import table_head, table_row

__all__ = ["beats", "best_published", "write_summary"]

# What the table shows: score, heading, whether the floor or the ideal stands beside it, and the decimals.
_SHOWN = [
    ("fid", "FID", "floor", 2),
    ("reconstruction_fid", "FID reconstruction", None, 2),
    ("inception_score", "IS", "ideal", 2),
    ("cas", "CAS", "floor", 3),
    ("accuracy_by_class", "accuracy by class", "floor", 3),
    ("reconstruction_accuracy", "accuracy reconstruction", "floor", 3),
    ("memorization_ratio", "memorization", None, 2),
    ("share_of_copies", "copies", "floor", 3),
    ("linear_svm", "linear SVM", None, 3),
    ("knn5", "5-NN", None, 3),
]
_LOWER_IS_BETTER = {"fid"}
_PUBLISHED = ("fid", "inception_score", "cas", "linear_svm", "knn5")
# A critical-difference plot of fewer sets says nothing, and Friedman's test needs as many models.
_MIN_SETS = _MIN_MODELS = 3


def write_summary(rows, published, folder):
    """Write quality.md, quality.png and, for three sets and three models and more, critical_difference.png.

    Parameters
    ----------
    rows : list of dict
        As in quality.csv, of one kind: with or without validation.
    published : dict
        As `read_published` gives it.
    folder : str or path-like
    """
    means, deviations = _over_seeds(rows)
    sets, models = (sorted({row[name] for row in rows}) for name in ("set", "model"))
    folder = Path(folder)
    with write_atomically(folder / "quality.md") as partial:
        partial.write_text("\n\n".join(_section(model, sets, rows, means, deviations, published) for model in models))
    with write_atomically(folder / "quality.png") as partial:
        _plot(sets, models, means, deviations, published).savefig(partial, dpi=120)
    table, names = _ranked(sets, models, means, published)
    if len(names) >= _MIN_MODELS and len(table) >= _MIN_SETS:
        with write_atomically(folder / "critical_difference.png") as partial:
            _critical_difference(table, names, partial)


def best_published(published, name, score):
    """The best published mean of a score of a set and its standard deviation, (nan, nan) where there is none."""
    known = published.get((name, score), {}).values()
    if not known:
        return np.nan, np.nan
    best = (min if score in _LOWER_IS_BETTER else max)(known, key=lambda pair: pair[0])
    return best[0], np.nan if best[1] is None else best[1]


def beats(score, value, published, ideal=np.inf):
    """Whether a value is at least as good as the published one, or, of the inception score, as near to the ideal."""
    if score in _LOWER_IS_BETTER:
        return value <= published
    return value >= published or (score == "inception_score" and abs(value - ideal) <= abs(published - ideal))


def _over_seeds(rows):
    """Means of all columns that are numbers, and standard deviations of the values, by (set, model, score)."""
    cells = {}
    for row in rows:
        cells.setdefault((row["set"], row["model"], row["score"]), []).append(row)
    columns = ("value", "floor", "ideal", "fit_seconds", "n_train")
    means = {key: {name: np.mean([row[name] for row in of]) for name in columns} for key, of in cells.items()}
    values = {key: [row["value"] for row in of] for key, of in cells.items()}
    return means, {key: np.std(of, ddof=1) if len(of) > 1 else np.nan for key, of in values.items()}


def _section(model, sets, rows, means, deviations, published):
    """The table of a model, a row for each set, and what follows from it."""
    shown = [entry for entry in _SHOWN if any((name, model, entry[0]) in means for name in sets)]
    heads = ["set", "n_train", "fit s"]
    for score, head, beside, _ in shown:
        heads += [head, *([f"{head} {'real' if beside == 'floor' else 'test'}"] if beside else [])]
        heads += [f"{head} published"] if score in _PUBLISHED and published else []
    lines = [f"## {model}", "", table_head(heads)]
    for name in sets:
        if (name, model, "fid") not in means:
            continue
        first = means[name, model, "fid"]
        cells = [name, f"{first['n_train']:.0f}", f"{first['fit_seconds']:.0f}"]
        for score, _, beside, decimals in shown:
            row = means.get((name, model, score))
            if row is None:
                cells += [""] * (1 + bool(beside) + bool(score in _PUBLISHED and published))
                continue
            deviation = deviations[name, model, score]
            spread = "" if np.isnan(deviation) else f" ± {deviation:.{decimals}f}"
            cells += [f"{row['value']:.{decimals}f}{spread}"]
            cells += [f"{row[beside]:.{decimals}f}"] if beside else []
            if score in _PUBLISHED and published:
                best = best_published(published, name, score)[0]
                cells.append("" if np.isnan(best) else f"{best:.{decimals}f}")
        lines.append(table_row(cells))
    n_seeds = len({row["seed"] for row in rows if row["model"] == model})
    return "\n".join([*lines, "", *_findings(model, sets, means, deviations, published, n_seeds), ""])


def _findings(model, sets, means, deviations, published, n_seeds):
    """Sentences: on how many sets the published scores are met, and how far seeds lie apart."""
    sentences = [f"Means of {n_seeds} seeds." if n_seeds > 1 else "One seed."]
    for score, head, _, _ in _SHOWN:
        own = {name: means[name, model, score] for name in sets if (name, model, score) in means}
        best = {name: best_published(published, name, score)[0] for name in own}
        both = [name for name in own if not np.isnan(best[name])]
        if both:
            won = sum(beats(score, own[name]["value"], best[name], own[name]["ideal"]) for name in both)
            sentences.append(f"{head}: at least as good as the best published on {won} of {len(both)} sets.")
    keys = [(name, model, "fid") for name in sets if (name, model, "fid") in means]
    ratios = [deviations[key] / means[key]["value"] for key in keys if not np.isnan(deviations[key])]
    if ratios:
        sentences.append(f"Standard deviation of FID over its mean, median over the sets: {np.median(ratios):.0%}.")
    seconds = [means[key]["fit_seconds"] for key in keys]
    return [*sentences, f"Fit: median {np.median(seconds):.0f} s, at most {np.max(seconds):.0f} s."]


def _plot(sets, models, means, deviations, published):
    """FID of every model on every set, beside what the real train set and the best published model score."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.5 + 0.3 * len(sets)), layout="constrained")
    axes = figure.subplots()
    for i, model in enumerate(models):
        keys = [(name, model, "fid") for name in sets]
        values = [means[key]["value"] if key in means else np.nan for key in keys]
        errors = np.nan_to_num([deviations.get(key, 0.0) for key in keys])
        at = np.arange(len(sets)) + 0.1 * (i - (len(models) - 1) / 2)
        axes.errorbar(values, at, xerr=errors, fmt="o", label=model)
    floors = [
        next(means[name, model, "fid"]["floor"] for model in models if (name, model, "fid") in means) for name in sets
    ]
    axes.plot(floors, range(len(sets)), "k|", markersize=12, label="real train set")
    if published:
        best = [best_published(published, name, "fid")[0] for name in sets]
        axes.plot(best, range(len(sets)), "kx", label="best published")
    axes.set(xscale="log", xlabel="FID (lower is better)", yticks=range(len(sets)), yticklabels=sets)
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _ranked(sets, models, means, published):
    """FID by set and model: sets that all own models have, and the published models that have these sets."""
    sets = [name for name in sets if all((name, model, "fid") in means for model in models)]
    known = [set(published.get((name, "fid"), {})) for name in sets]
    others = sorted(set.intersection(*known)) if known else []
    table = [
        [means[name, model, "fid"]["value"] for model in models]
        + [published[name, "fid"][model][0] for model in others]
        for name in sets
    ]
    return np.array(table), [*models, *others]


def _critical_difference(table, names, path):
    """aeon's plot of average ranks, without touching the figures of the user."""
    import matplotlib.pyplot as plt
    from aeon.visualisation import plot_critical_difference

    figure, _ = plot_critical_difference(table, names, lower_better=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
