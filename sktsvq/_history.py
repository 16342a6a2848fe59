"""The history of a training as columns, which take a tenth of the space of its rows."""

import numpy as np
from skorch.history import History

__all__ = ["pack_history", "unpack_history"]


def pack_history(history):
    """The columns of a history, from which `unpack_history` makes an equal one.

    Parameters
    ----------
    history : skorch.history.History
        Or other rows that are dicts; at least one of their names is in all of them, as "epoch" of skorch is.

    Returns
    -------
    columns : dict
        For each name the values, an array where they are all floats, ints or booleans. Where not all epochs have one,
        a dict with the positions of those that do, "at", and their "values".
    """
    rows, columns = list(history), {}
    for name in dict.fromkeys(name for row in rows for name in row):
        at = [number for number, row in enumerate(rows) if name in row]
        values = _as_array([rows[number][name] for number in at])
        columns[name] = values if len(at) == len(rows) else {"at": np.array(at), "values": values}
    return columns


def unpack_history(columns):
    """The history with these columns, see `pack_history`."""
    whole = {name: values for name, values in columns.items() if not isinstance(values, dict)}
    rows = [{} for _ in range(max(map(len, whole.values()), default=0))]
    for name, values in columns.items():
        at = range(len(rows)) if name in whole else values["at"].tolist()
        values = values if name in whole else values["values"]
        values = values.tolist() if isinstance(values, np.ndarray) else values
        for number, value in zip(at, values, strict=True):
            rows[number][name] = value
    return History({"batches": [], **row} for row in rows)


def _as_array(values):
    kinds = set(map(type, values))
    if kinds in ({float}, {bool}):
        return np.array(values)
    if kinds == {int} and max(map(abs, values)) < 2**31:
        return np.array(values, dtype=np.int32)
    return values
