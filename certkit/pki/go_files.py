"""The three files of mutual TLS as Go loads them: `x509.CertPool.AppendCertsFromPEM` and `tls.X509KeyPair` (Go 1.26).

What is returned is what Go would use. Why there is nothing, and what would mend it, is an error of `pem_shapes`.
"""

from typing import NamedTuple

from certkit.errors import MalformedError
from certkit.pki import go_certificate, go_keys, pem_shapes
from certkit.pki.go_pem import Block, blocks
from certkit.pki.keys import EncryptedKeyError, PrivateKey

CERTIFICATE = "CERTIFICATE"


class Skipped(NamedTuple):
    """A block that Go passes over without a word."""

    line: int
    reason: str


class Authorities(NamedTuple):
    """What a file of authorities comes to: DER of those that count, and what is passed over."""

    loaded: tuple[bytes, ...]
    skipped: tuple[Skipped, ...]


def authorities(content: bytes) -> Authorities:
    """Read authorities as `AppendCertsFromPEM` does; raise MalformedError if it would append none."""
    found = list(blocks(content))
    judged = [(block, _why_no_authority(block)) for block in found]
    loaded = tuple(block.der for block, reason in judged if not reason)
    skipped = tuple(Skipped(block.line, reason) for block, reason in judged if reason)
    if not loaded:
        raise pem_shapes.unusable_certificates(
            content, found, lambda mended: not all(map(_why_no_authority, blocks(mended)))
        )
    return Authorities(loaded, skipped)


def chain(content: bytes) -> tuple[bytes, ...]:
    """Read the client's certificate and what follows it, DER, as `X509KeyPair` does.

    Only the first is parsed there. Raises MalformedError if there is none or the first cannot be parsed.
    """
    found = list(blocks(content))
    own = [block for block in found if block.kind == CERTIFICATE]
    if not own:
        raise pem_shapes.unusable_certificates(
            content, found, lambda mended: any(block.kind == CERTIFICATE for block in blocks(mended))
        )
    if reason := go_certificate.problem(own[0].der):
        raise pem_shapes.unparsable_certificate(own[0].line, reason)
    return tuple(block.der for block in own)


def key(content: bytes) -> PrivateKey:
    """Read the private key as `X509KeyPair` does: the first block that is called one, whatever follows.

    Raises MalformedError if there is none or it is damaged, `go_keys.UnknownKindError` for a kind that Go does not
    know, EncryptedKeyError if it wants a passphrase.
    """
    found = list(blocks(content))
    block = next(filter(_is_key, found), None)
    if block is None:
        raise pem_shapes.unusable_key(content, found, lambda mended: any(map(_is_key, blocks(mended))))
    if block.kind == "ENCRYPTED PRIVATE KEY" or "DEK-Info" in block.headers:
        raise EncryptedKeyError("the key is encrypted", "Give its passphrase.")
    try:
        return go_keys.load(block.der)
    except go_keys.UnknownKindError:
        raise
    except MalformedError:
        raise pem_shapes.undecodable_key(block) from None


def _why_no_authority(block: Block) -> str:
    """Say why a block adds no authority; empty if it adds one."""
    if block.kind != CERTIFICATE:
        return f"it is not called CERTIFICATE, but {block.kind}"
    if block.headers:
        return f"it has a header ({block.headers[0]})"
    return go_certificate.problem(block.der)


def _is_key(block: Block) -> bool:
    return block.kind == "PRIVATE KEY" or block.kind.endswith(" PRIVATE KEY")
