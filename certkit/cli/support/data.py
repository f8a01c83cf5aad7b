"""Devices and daemons as JSON shows them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certkit.authority.home import Home
    from certkit.authority.overview import DeviceState
    from certkit.ledger.interface import Daemon


def device_data(each: "DeviceState") -> dict[str, object]:
    """Give a device and its state, as JSON shows it."""
    return {
        "person": each.device.person,
        "device": each.device.name,
        "state": each.state,
        "expires": each.expires.date() if each.expires else None,
        "serial": each.serial,
    }


def daemon_data(home: "Home", daemon: "Daemon") -> dict[str, Any]:
    """Give what is known of a daemon, as JSON shows it."""
    from certkit.authority.daemons import behind
    from certkit.authority.publication import newest_anchors, served_certificate
    from certkit.pki.certificates import serial_text

    served = served_certificate(home, daemon.name)
    return {
        "name": daemon.name,
        "url": daemon.url,
        "hosts": list(daemon.hosts),
        "directory": str(home.daemon_directory(daemon.name)),
        "serial": serial_text(served.serial_number) if served else None,
        "expires": served.not_valid_after_utc.date() if served else None,
        "anchors": newest_anchors(home).number,
        "proven": daemon.proven if daemon.serving else None,
        "behind": behind(home, daemon),
    }
