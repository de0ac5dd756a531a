"""Why there is no report."""


class ReportError(ValueError):
    """A report that cannot be made; the text says why and what to do instead."""
