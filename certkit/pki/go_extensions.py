"""Extensions that Go's crypto/x509 handles when it verifies: one that is critical and none of these refuses all."""

from cryptography import x509

from certkit.pki import go_names

_HANDLED = (
    x509.KeyUsage,
    x509.BasicConstraints,
    x509.CRLDistributionPoints,
    x509.AuthorityKeyIdentifier,
    x509.PolicyConstraints,
    x509.ExtendedKeyUsage,
    x509.CertificatePolicies,
    x509.InhibitAnyPolicy,
)


def is_unhandled(extension: x509.Extension[x509.ExtensionType]) -> bool:
    """Tell whether an extension is critical and none that Go handles, so that it refuses whatever depends on it."""
    return extension.critical and not _is_handled(extension.value)


def _is_handled(extension: x509.ExtensionType) -> bool:
    match extension:
        case x509.SubjectAlternativeName():  # one with nothing in it that Go knows is as unknown as any
            return any(isinstance(each, go_names.CHECKED) for each in extension)
        case x509.NameConstraints():  # a directoryName makes Go refuse everybody
            return all(isinstance(each, go_names.CHECKED) for each in go_names.subtrees(extension))
    return isinstance(extension, _HANDLED)
