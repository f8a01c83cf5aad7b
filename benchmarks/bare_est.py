"""The least that answers `simpleenroll` by aiohttp: the same TLS and the same certificate, and nothing is recorded.

python -m benchmarks.bare_est HOST:PORT PROCESSES HOME
"""

import asyncio
import base64
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certkit.authority.server_identity import Identity
from certkit.server import tls

_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class Bare:
    """Signs whatever key comes, whoever sends it."""

    def __init__(self, home: Path) -> None:
        folder = home / "authorities" / "client"
        self.authority = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(folder)
        self.key = key

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).partition(b":")
        wanted = x509.load_der_x509_csr(base64.b64decode(await request.read()))
        if not wanted.is_signature_valid:
            raise web.HTTPBadRequest
        body = base64.b64encode(pkcs7.serialize_certificates([self.sign(wanted)], serialization.Encoding.DER))
        return web.Response(body=body, content_type="application/pkcs7-mime")

    def sign(self, wanted: x509.CertificateSigningRequest) -> x509.Certificate:
        """Sign a device's certificate."""
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice@acme.example")]))
            .issuer_name(self.authority.subject)
            .public_key(wanted.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=90))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(wanted.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("laptop.alice.acme.certkit.internal")]), critical=False
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


async def serve(host: str, port: int, home: Path) -> None:
    """Serve for ever."""
    bare, settings = Bare(home), tls.context()
    tls.load(settings, Identity(home / "server" / "cert.pem", home / "server" / "key.pem"), [bare.authority])
    application = web.Application()
    application.router.add_post("/.well-known/est/simpleenroll", bare.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
        await web.SockSite(runner, listening, ssl_context=settings, backlog=1024).start()
        await asyncio.Event().wait()


def main() -> None:
    """Serve in several processes, until they are killed."""
    place, processes, home = sys.argv[1:]
    host, _, port = place.rpartition(":")
    for _ in range(int(processes) - 1):
        if os.fork() == 0:
            break
    asyncio.run(serve(host, int(port), Path(home)))


if __name__ == "__main__":
    main()
