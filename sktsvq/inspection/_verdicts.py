"""What the table of `evaluate` says, in plain words."""

import numpy as np

from sktsvq.metrics._registry import SCORES

_SUMMARY_SCORES = ("frechet_distance", "kernel_inception_distance", "discriminative_score", "coverage")


def question_of(name):
    """What a score asks, in words; those of its kind that stand before it in the registry begin the sentence."""
    score = SCORES.get(name)
    if score is None:
        return ""
    if not score.question.startswith("..."):
        return score.question
    names = list(SCORES)
    before = [SCORES[other].question for other in names[: names.index(name)]]
    begun = next(question for question in reversed(before) if not question.startswith("..."))
    return f"{begun.split(' (')[0].rstrip('?')} {score.question.removeprefix('...').strip(' ?')}?"


def explain(name, row):
    """One sentence on what the verdict of a row means."""
    if not np.isfinite(row.value):
        return f"{row.verdict[0].upper()}{row.verdict[1:]}."
    meanings = {
        "as good as real": "No difference from real series beyond chance",
        "worse than real": "Generated series can be told from real ones here",
        "better than real": "Generated series score beyond real ones, which may be a sign of little variety",
        "below real": "Lower than for real series",
        "above real": "Higher than for real series",
        "copies the train set": "Generated series lie nearer to the train set than real ones do: they repeat it",
        "farther from the data than real": "Generated series lie farther from the train set than real ones do",
    }
    return f"{meanings.get(row.verdict, row.verdict)}."


def is_good(row):
    """Whether the verdict is a good one; None where there is none."""
    if not np.isfinite(row.value):
        return None
    return row.verdict in ("as good as real", "better than real")


def summarize(table):
    """The whole table in two or three sentences."""
    judged = [is_good(row) for _, row in table.iterrows()]
    n_judged, n_good = sum(good is not None for good in judged), sum(good is True for good in judged)
    sentences = [f"{n_good} of {n_judged} scores find no difference from real series beyond chance."]
    ratio = table.loc["memorization_ratio"] if "memorization_ratio" in table.index else None
    if ratio is not None and np.isfinite(ratio.value):
        sentences.append(
            "The generated series are no copies of the train set."
            if ratio.verdict != "copies the train set"
            else "The generated series lie suspiciously near to the train set: good scores may be copies."
        )
    told = [name for name in _SUMMARY_SCORES if name in table.index and is_good(table.loc[name]) is False]
    if told:
        sentences.append(f"They differ in: {', '.join(name.replace('_', ' ') for name in told)}.")
    return " ".join(sentences)
