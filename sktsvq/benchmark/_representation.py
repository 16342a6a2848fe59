"""Every encoder on the same sets by the same probes: ``python -m sktsvq benchmark representation``."""

import time
from pathlib import Path

import numpy as np

from sktsvq._validation import Integral, Interval, ListOf, validate_params
from sktsvq.benchmark._encoders import MODELS, REFERENCES
from sktsvq.benchmark._protocols import PROTOCOLS, FittedModel
from sktsvq.benchmark._ranking import plot_ranks, print_means
from sktsvq.benchmark._rows import append_rows, read_rows
from sktsvq.benchmark._sets import load_set

__all__ = ["representation"]

COLUMNS = dict.fromkeys(["dataset", "model", "seed", "protocol", "value", "seconds"], str)


@validate_params(
    {
        "datasets": [ListOf(str)],
        "models": [ListOf(str), None],
        "seeds": [ListOf(Interval(Integral, 0, 2**32 - 1, closed="both"))],
        "protocols": [ListOf(str), None],
        "validation": ["boolean"],
    },
    prefer_skip_nested_validation=False,
)
def representation(
    out="representation_output",
    *,
    datasets=("ItalyPowerDemand",),
    models=None,
    seeds=(0,),
    protocols=None,
    data_dir=None,
    validation=False,
):
    """Fit every model on the train series of every set without labels, and score its embeddings by every protocol.

    Writes representation.csv to the folder `out`, a row a set, model, seed and protocol, and continues what it finds
    there; then prints the means, and draws the critical difference of the ranks of three models or more over three sets
    or more.

    Parameters
    ----------
    out : str or path-like
        Folder, made if it is not there.
    datasets : sequence of str
        UCR sets with series of one length.
    models : sequence of str, optional
        Names in `MODELS`; None are all.
    seeds : sequence of int
        Random states in [0, 2 ** 32 - 1]. Each model is fitted once with each; those without random numbers once.
    protocols : sequence of str, optional
        Names in `PROTOCOLS`; None are all. "fit" is always there, with the seconds of the fit.
    data_dir : str or path-like, optional
        Folder of UCR sets in aeon's layout.
    validation : bool
        Whether a third of each train split plays the test set, to choose settings by; the file is then
        representation_validation.csv.

    Returns
    -------
    rows : list of dict
        The rows of the file, with its columns as keys.

    Raises
    ------
    ValueError
        If a model or a protocol is unknown, a sequence is empty, or a set holds series of unequal length.
    """
    models = _check_names("models", models, MODELS)
    protocols = _check_names("protocols", protocols, PROTOCOLS)
    path = Path(out) / ("representation_validation.csv" if validation else "representation.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = read_rows(path, COLUMNS)
    for dataset in datasets:  # a set that is missing or will not do comes to light before any work
        load_set(dataset, data_dir, validation=validation)
    for dataset in datasets:
        data = load_set(dataset, data_dir, validation=validation)
        for model in models:
            for seed in seeds[:1] if model in REFERENCES else seeds:
                key = {"dataset": dataset, "model": model, "seed": seed}
                known = {row["protocol"] for row in rows if all(str(row[name]) == str(key[name]) for name in key)}
                missing = [protocol for protocol in protocols if protocol not in known]
                if missing:
                    new = [key | row for row in _measure(model, seed, data, missing) if row["protocol"] not in known]
                    rows += new
                    append_rows(path, new, COLUMNS)
                    _tell(key, new)
    print_means(rows)
    plot_ranks(rows, path.parent)
    return rows


def _measure(name, seed, data, protocols):
    """A row for the fit and for every protocol; where a protocol does not apply the value is empty."""
    start = time.perf_counter()
    model = MODELS[name](seed).fit(data.X_train)
    seconds = time.perf_counter() - start
    yield {"protocol": "fit", "value": seconds, "seconds": seconds}
    embeddings = [np.asarray(model.transform(X)) for X in (data.X_train, data.X_test)]
    fitted = FittedModel(model, *data, *embeddings, seed)
    for protocol in protocols:
        start = time.perf_counter()
        value = PROTOCOLS[protocol](fitted)
        yield {
            "protocol": protocol,
            "value": "" if value is None else float(value),
            "seconds": time.perf_counter() - start,
        }


def _check_names(parameter, given, known):
    given = list(known) if given is None else list(given)
    if unknown := [name for name in given if name not in known]:
        raise ValueError(f"The {parameter!r} parameter must hold names among {sorted(known)}. Got {unknown} instead.")
    return given


def _tell(key, rows):
    values = " ".join(f"{row['protocol']} {row['value']:.3f}" for row in rows if row["value"] != "")
    print(f"{key['dataset']} {key['model']} {key['seed']}: {values}", flush=True)
