"""The lines of a table in Markdown."""

__all__ = ["table_head", "table_row"]


def table_head(columns):
    """The names of the columns, and the line beneath them."""
    return f"{table_row(columns)}\n{'|---' * len(columns)}|"


def table_row(cells):
    """A line of cells, which are texts or numbers that are shown as they are."""
    return f"| {' | '.join(map(str, cells))} |"
