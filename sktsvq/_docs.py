"""Docstrings assembled from parts, so that no text is written twice."""

import inspect
import re
import textwrap

__all__ = ["assemble_docstring", "complete_docstring"]

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
    cls.__doc__ = _join_sections(summary, sections, _ORDER)


def complete_docstring(function, parameters, *, returns, raises):
    """The docstring of `function` with what it leaves out.

    Parameters
    ----------
    function : callable
        Its docstring has a summary; entries written there take precedence.
    parameters : dict of str to (str, str)
        The type line and the text of parameters of the function.
    returns : str
        The section "Returns".
    raises : dict of str to str
        When which error is raised; added to the text of an error that is written in the docstring.
    """
    summary, sections = split_sections(function.__doc__)
    generated = {name: _format_entry(name, kind, text) for name, (kind, text) in parameters.items()}
    entries = _entries(_merge(sections.get("Parameters", ""), generated))
    names = list(inspect.signature(function).parameters)
    order = sorted(entries, key=lambda entry: names.index(entry.split(", ")[0].lstrip("*")))
    own_raises = _entries(sections.get("Raises", ""))
    shared = {name: f"{own_raises.get(name, name)}\n{_fill(text)}" for name, text in raises.items()}
    made = {
        "Parameters": "\n\n".join(entries[name] for name in order),
        "Returns": returns,
        "Raises": "\n\n".join((shared | {k: v for k, v in own_raises.items() if k not in shared}).values()),
    }
    return _join_sections(summary, sections | made, made)


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
    return f"{name} : {kind}\n{_fill(text)}"


def _fill(text):
    return textwrap.fill(text, _WIDTH - 8, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def _join_sections(summary, sections, first):
    """The docstring of a summary and the sections that hold something, some of them first."""
    order = [*first, *(name for name in sections if name not in first)]
    parts = [summary, *(f"{name}\n{'-' * len(name)}\n{sections[name]}" for name in order if sections.get(name))]
    return "\n\n".join(parts) + "\n"
