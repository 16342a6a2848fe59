"""Generators by their names on the command line."""

import ast
from importlib import import_module

from sktsvq.generator import VQGenerator

__all__ = ["make_generator"]

_DEFAULT = "default"
_PARTS = {
    role: {name: getattr(family, name) for name in family.__all__ if not name.startswith("Base")}
    for role in ("tokenizer", "prior")
    for family in [import_module(f"sktsvq.{role}s")]
}


def make_generator(text, random_state=None):
    """The generator that a text names.

    Parameters
    ----------
    text : str
        "default"; a tokenizer, a prior, or both joined by "+". Each is the name of a class of `sktsvq.tokenizers` or
        `sktsvq.priors`, with parameters in parentheses where they are not the defaults. Parameters of the generator
        itself are joined as "VQGenerator(n_shifted=0)".
    random_state : int, optional
        That of the generator.

    Returns
    -------
    generator : VQGenerator
        Not fitted.

    Raises
    ------
    ValueError
        If the text names no generator.

    Examples
    --------
    >>> from sktsvq.benchmark import make_generator
    >>> make_generator("VQVAETokenizer(codebook_size=16) + WaveNetPrior").tokenizer
    VQVAETokenizer(codebook_size=16)
    """
    if text == _DEFAULT:
        return VQGenerator(random_state=random_state)
    try:
        summands = _summands(ast.parse(text.strip(), mode="eval").body)
        return VQGenerator(
            **{name: value for node in summands for name, value in _built(node)}, random_state=random_state
        )
    except (SyntaxError, TypeError, ValueError, AttributeError) as error:
        known = [name for family in _PARTS.values() for name in family]
        raise ValueError(
            f"A model must be {_DEFAULT!r}, or one or two of {', '.join(known)}, with their parameters, such as "
            f"'VQVAETokenizer(codebook_size=16) + WaveNetPrior'. Got {text!r} instead."
        ) from error


def _summands(node):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_summands(node.left), *_summands(node.right)]
    return [node]


def _built(node):
    """Pairs of a parameter of the generator, and its value."""
    call = isinstance(node, ast.Call)
    name = (node.func if call else node).id
    params = {one.arg: ast.literal_eval(one.value) for one in node.keywords} if call else {}
    if name == VQGenerator.__name__:
        return params.items()
    role = next((role for role, family in _PARTS.items() if name in family), None)
    if role is None or (call and node.args):
        raise ValueError(name)
    return [(role, _PARTS[role][name](**params))]
