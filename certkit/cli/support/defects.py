"""Where a defect of certkit's is reported: the place that the package itself names."""


def report(how: str = "") -> str:
    """Return what to do about a defect, one line."""
    from importlib.metadata import PackageNotFoundError, metadata  # slow, and only a defect needs it

    try:
        places = metadata("certkit").get_all("Project-URL") or []
    except PackageNotFoundError:  # run from its sources
        places = []
    found = [place.partition(", ")[2] for place in places if place.startswith("Issues, ")]
    return f"Report it{f' at {found[0]}' if found else ''}{how}"
