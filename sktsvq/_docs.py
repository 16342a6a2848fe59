"""Docstrings assembled from parts, so that no text is written twice."""

import inspect
import re
import textwrap

__all__ = ["assemble_docstring"]

_HEADER = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)
_WIDTH = 120
# The sections that are made or inherited; the others follow as they are written.
_ORDER = ("Parameters", "Attributes", "Notes")


def assemble_docstring(cls, parameters):
    """Give `cls` a docstring with all of its parameters, and with the attributes and the notes of its bases.

    Parameters
    ----------
    cls : type
        A class whose own docstring may lack the sections "Parameters" and "Attributes", or hold a part of them; entries
        written there come first and take precedence.
    parameters : dict of str to (str, str)
        The type line and the text of each parameter.
    """
    own = cls.__dict__.get("__doc__")
    cls._own_doc = own
    # A dataclass without a docstring gets its signature as one.
    if not own or own.startswith(f"{cls.__name__}("):
        cls._own_doc = cls.__doc__ = None
        return
    summary, sections = split_sections(own)
    generated = {name: _format_entry(name, kind, text) for name, (kind, text) in parameters.items()}
    sections["Parameters"] = _merge(sections.get("Parameters", ""), generated)
    inherited = {}
    for base in (base for base in cls.__mro__[1:] if not base.__module__.startswith("sklearn.")):
        if text := base.__dict__.get("_own_doc") or base.__dict__.get("__doc__"):
            of_base = split_sections(text)[1]
            for name, entry in _entries(of_base.get("Attributes", "")).items():
                inherited.setdefault(name, entry)
            if "Notes" in of_base:
                sections.setdefault("Notes", of_base["Notes"])
    sections["Attributes"] = _merge(sections.get("Attributes", ""), inherited)
    order = [*_ORDER, *(name for name in sections if name not in _ORDER)]
    parts = [summary, *(f"{name}\n{'-' * len(name)}\n{sections[name]}" for name in order if sections.get(name))]
    cls.__doc__ = "\n\n".join(parts) + "\n"


def split_sections(docstring):
    """The text before the first section of a numpydoc docstring, and the body of each section by its name."""
    text = inspect.cleandoc(docstring)
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers] + [len(text)]
    summary = text[: headers[0].start()] if headers else text
    bodies = {
        header["name"]: text[header.end() : end].strip("\n") for header, end in zip(headers, ends[1:], strict=True)
    }
    return summary.strip(), bodies


def _entries(body):
    """The entries of a section by their names, "a, b" for two that share one."""
    starts = list(re.finditer(r"^(?! )(.+?)(?: : .*)?$", body, re.MULTILINE))
    ends = [match.start() for match in starts] + [len(body)]
    return {match[1]: body[match.start() : end].rstrip() for match, end in zip(starts, ends[1:], strict=True)}


def _merge(body, further):
    """A section's body, and those entries of `further` that it does not hold."""
    own = _entries(body)
    known = {name for names in own for name in names.split(", ")}
    return "\n".join([*own.values(), *(entry for name, entry in further.items() if name not in known)])


def _format_entry(name, kind, text):
    filled = textwrap.fill(text, _WIDTH - 8, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return f"{name} : {kind}\n{filled}"
