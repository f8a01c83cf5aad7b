"""Until when a certificate is valid, and how long that is still: in words, and whether it is time to renew it."""

from datetime import datetime, timedelta

from cryptography import x509

NEAR_END = timedelta(days=14)
"""A certificate is near its end with less than this left; a short-lived one with less than a third of its life."""


def is_near_end(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether it is time to renew a certificate that is still valid."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start <= now <= end and end - now < min(NEAR_END, (end - start) / 3)


def until(moment: datetime, now: datetime) -> str:
    """Say when something is, and how far away: `2027-02-03 04:05 UTC, in 70 days`."""
    apart = moment - now
    words = span(abs(apart))
    return f"{moment:%Y-%m-%d %H:%M} UTC, " + (f"in {words}" if apart > timedelta() else f"{words} ago")


def span(duration: timedelta) -> str:
    """Say how long something lasts, in the one unit that tells most."""
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if duration >= size:
            count = round(duration / size)
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return f"{duration.total_seconds():.0f} seconds"
