"""TLS alerts by their number (RFC 8446, section 6): texts differ between libraries, numbers do not."""

HANDSHAKE_FAILURE = 40
BAD_CERTIFICATE = 42
CERTIFICATE_EXPIRED = 45
UNKNOWN_CA = 48
DECRYPT_ERROR = 51
"""OpenSSL's word, and so HAProxy's, for an authority of the right name that has not signed the certificate."""
CERTIFICATE_REQUIRED = 116

REVOKED = frozenset({BAD_CERTIFICATE, 44, 46})
"""The alerts that tell of a revocation, where nothing else is wrong with the certificate: bad_certificate from Go;
certificate_revoked (by a CRL) and certificate_unknown (by a constraint) from OpenSSL, so from HAProxy."""

ABOUT_CERTIFICATE = frozenset({BAD_CERTIFICATE, 43, 44, CERTIFICATE_EXPIRED, 46, UNKNOWN_CA, 49, DECRYPT_ERROR, 116})
"""The alerts by which a server refuses what a client has shown, or has not."""

_NAMES = {
    HANDSHAKE_FAILURE: "handshake_failure",
    BAD_CERTIFICATE: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    CERTIFICATE_EXPIRED: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    UNKNOWN_CA: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    DECRYPT_ERROR: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    112: "unrecognized_name",
    CERTIFICATE_REQUIRED: "certificate_required",
    120: "no_application_protocol",
}


def describe(alert: int | None) -> str:
    """Say an alert for people: `alert 42, bad_certificate`."""
    if alert is None:
        return "no alert"
    return f"alert {alert}" + (f", {_NAMES[alert]}" if alert in _NAMES else "")
