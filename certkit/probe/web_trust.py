"""Whether this machine trusts a server for the web: a proxy that inspects TLS has had its authority installed there."""

from OpenSSL import SSL, crypto

from certkit.probe.target import Chain

INSPECTORS = (
    "blue coat", "bluecoat", "check point", "checkpoint", "cisco umbrella", "forcepoint", "fortigate", "fortinet",
    "mcafee web gateway", "netskope", "palo alto", "skyhigh", "sophos", "symantec web", "websense", "zscaler",
)  # fmt: skip
"""What stands in the names of authorities that products make for inspecting TLS, in lower case."""


def is_inspectors(issuer: str) -> bool:
    """Tell whether the name of an issuer is one that such products give."""
    return any(name in issuer.lower() for name in INSPECTORS)


def vouches(chain: Chain) -> bool:
    """Tell whether the authorities that this machine trusts for the web vouch for a server's chain."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_default_verify_paths()
    store = context.get_cert_store()
    if store is None or not chain:
        return False
    leaf, *between = map(crypto.X509.from_cryptography, chain)
    try:
        crypto.X509StoreContext(store, leaf, between).verify_certificate()
    except (crypto.X509StoreContextError, crypto.Error):
        return False
    return True
