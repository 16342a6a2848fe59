"""The rows of the benchmark of representations as a table and as critical difference diagrams."""

import numpy as np

from sktsvq.benchmark._table import table_head, table_row

__all__ = ["mean_values", "plot_ranks", "print_means"]


def mean_values(rows):
    """Means over the seeds: a dict from a protocol to one from a model to one from a set."""
    values = {}
    for row in rows:
        if row["value"] != "":
            of_model = values.setdefault(row["protocol"], {}).setdefault(row["model"], {})
            of_model.setdefault(row["dataset"], []).append(float(row["value"]))
    return {
        protocol: {
            model: {dataset: float(np.mean(own)) for dataset, own in sets.items()} for model, sets in models.items()
        }
        for protocol, models in values.items()
    }


def print_means(rows):
    """Print a table: means over sets and seeds, a row a model, a column a protocol."""
    means = mean_values(rows)
    models = list(dict.fromkeys(row["model"] for row in rows))
    print(f"\n{table_head(['model', *means])}")
    for model in models:
        cells = [
            f"{np.mean(list(means[protocol][model].values())):.3f}" if model in means[protocol] else ""
            for protocol in means
        ]
        print(table_row([model, *cells]), flush=True)


def plot_ranks(rows, folder):
    """Write ranks_PROTOCOL.png, a critical difference diagram over the sets that all models have.

    It needs three sets and three models.
    """
    from aeon.visualisation import plot_critical_difference

    for protocol, models in mean_values(rows).items():
        sets = sorted(set.intersection(*(set(own) for own in models.values())))
        if protocol == "fit" or min(len(models), len(sets)) < 3:
            continue
        scores = np.array([[models[model][dataset] for model in models] for dataset in sets])
        figure, _ = plot_critical_difference(scores, list(models))
        figure.savefig(folder / f"ranks_{protocol}.png", dpi=120, bbox_inches="tight")
