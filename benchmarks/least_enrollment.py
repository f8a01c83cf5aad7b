"""The least that enrolls with a code: the same handshakes with the server and the daemon, and the same files.

python benchmarks/least_enrollment.py HOST:PORT AUTHORITY PASSWORD_FILE DAEMON_HOST:PORT OUT
"""

import base64
import contextlib
import http.client
import json
import socket
import ssl
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

server, authority, password, daemon, out = sys.argv[1:]
host, port = server.rsplit(":", 1)
daemon_host, daemon_port = daemon.rsplit(":", 1)
folder = Path(out)
folder.mkdir()
HANDSHAKES = 3
"""Those that a probe makes with a daemon: with the certificate, with none, and with an impostor's."""

unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
with socket.create_connection((host, int(port))) as plain, unverified.wrap_socket(plain, server_hostname=host) as tls:
    tls.getpeercert(binary_form=True)

key = ec.generate_private_key(ec.SECP256R1())
request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
trusting = ssl.create_default_context(cafile=authority)
connection = http.client.HTTPSConnection(host, int(port), context=trusting)
body = base64.b64encode(request.public_bytes(serialization.Encoding.DER))
shown = {"Authorization": "Basic " + base64.b64encode(b"x:" + Path(password).read_bytes()).decode()}
connection.request("POST", "/.well-known/est/simpleenroll", body, shown)
[certificate] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(connection.getresponse().read()))
connection.close()
(folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
(folder / "key.pem").write_bytes(
    key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
)

trusting.load_cert_chain(folder / "cert.pem", folder / "key.pem")
connection = http.client.HTTPSConnection(host, int(port), context=trusting)
connection.request("GET", "/.well-known/certkit/settings")
json.loads(connection.getresponse().read())
connection.close()

for number in range(HANDSHAKES):
    context = ssl.create_default_context(cafile=authority)
    if number != 1:
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with (
        socket.create_connection((daemon_host, int(daemon_port))) as plain,
        context.wrap_socket(plain, server_hostname=daemon_host) as tls,
        contextlib.suppress(ssl.SSLError),  # as a stranger
    ):
        tls.recv(1)
