"""Remedies for the probe's findings, by finding id, and for what choosing a target raises, by error code.

Indented lines are commands to paste.
"""

from collections.abc import Mapping

_ENROLL = "certkit enroll FILE"
_ASK = "ask whoever runs certkit for your team"
_RENEW = f"{_ASK} for a new certificate:\n  {_ENROLL}"
_RENEW_DAEMON = "tell whoever runs certkit for your team; they renew it with\n  certkit daemon renew NAME"
_LOGS = "see what the daemon says, on its host:\n  docker logs buildkitd-NAME"
_PORT = "check host and port of buildkit_host"
_CLOCK = "compare this machine's clock with the true time:\n  date -u"
_MUTUAL = "--tlscert cert.pem --tlskey key.pem --tlscacert ca.pem"
_OWN_COPY = "copy the key to a folder of your own, and name the copy as tlskey:\n  install -m 600 {path} ~/key.pem"
_RESTART = "copy the daemon's ca.pem to its host and restart it: buildkitd reads it only at its start"

REMEDIES: Mapping[str, str] = {
    # configuration
    "no-daemon": f"enroll:\n  {_ENROLL}",
    "configuration-blanked": "let the client read its file again:\n  unset {variable}",
    "container-daemon": "name one that is reached over the network:\n  certkit probe --daemon tcp://HOST:PORT",
    "local-host": "address the daemon by another name, on its own machine too: {url}",
    "environment-overrides": "if the file is right:\n  unset {variable}",
    "no-container-engine": "start one of them, or name the daemon where Earthly needs neither:\n"
    "  export {variable}={url}",
    "unspecified-host": "address the daemon by a name or address that leads to it: {url}",
    "another-client-installed": f"enroll for what is installed:\n  {_ENROLL} --for {{client}}",
    "env-file-overrides": "if the client's own file is right, take {variable} out of {path}",
    "env-file-not-always-read": "name it by the variable that Earthly reads always:\n"
    "  export EARTHLY_ENV_FILE_PATH={path}",
    "container-frontend-refused": "in {path} write docker-shell or podman-shell, or drop the line; or name the daemon"
    " where Earthly needs neither:\n  export {variable}={url}",
    "tls-switched-off": "set it to true under global, or drop the line",
    "leftover-default-files": "move them away; Earthly makes new ones when it needs them:\n"
    "  mkdir {moved} && mv {folder}/*.pem {moved}/",
    # files
    "file-missing": f"check the paths, or enroll again:\n  {_ENROLL}",
    "file-unreadable": f"see who owns it, or enroll again:\n  {_ENROLL}",
    "file-garbage": f"enroll again:\n  {_ENROLL}",
    "key-of-unknown-kind": f"{_ASK} for a new certificate; certkit makes keys that it knows:\n  {_ENROLL}",
    "key-encrypted": "store it unencrypted, readable by you alone:\n"
    "  (umask 077; openssl pkey -in {path} -out {new}) && mv {new} {path}",
    "key-not-private": "make it yours alone:\n  chmod 600 {path}",
    "key-of-another-pair": f"enroll again:\n  {_ENROLL}",
    "chain-broken": _RENEW,
    "certificate-expired": _RENEW,
    "certificate-not-yet-valid": _CLOCK,
    "certificate-near-end": "renew it:\n  certkit renew\nor, where a bundle enrolled this machine, " + _RENEW,
    "certificate-not-for-clients": _RENEW,
    "certificate-extension-unknown": f"{_ASK} for a new certificate; certkit makes it without:\n  {_ENROLL}",
    "certificate-name-unreadable": f"{_ASK} for a certificate without that name; certkit's have none:\n  {_ENROLL}",
    "certificate-signed-weakly": f"{_ASK} for a certificate that is signed with SHA-256:\n  {_ENROLL}",
    "serial-negative": f"{_ASK} for new ones, when there is time:\n  {_ENROLL}",
    "not-an-authority": f"enroll again:\n  {_ENROLL}",
    "authority-expired": f"{_ASK} for a bundle with the new one:\n  {_ENROLL} --force",
    "clock-off": "set this machine's clock:\n  {set_clock:raw}",
    # network
    "host-unresolved": "check the name, the VPN and the name server:\n  {resolve:raw}",
    "nobody-listening": "check the port, and on {host} that the daemon runs:\n  docker ps; ss -ltn",
    "no-answer": "check that {host} is up, and that firewalls let TCP port {port} through",
    "host-unreachable": "check this machine's network and its VPN",
    # TLS
    "plaintext-daemon": "stop it now, and start it with its three files:\n"
    f"  buildkitd --addr tcp://0.0.0.0:8372 {_MUTUAL}\n"
    "  docker run -e BUILDKIT_TLS_ENABLED=true ...",
    "web-server": _PORT,
    "not-tls": _PORT,
    "silent-listener": "check the port; on the daemon's host:\n  docker ps",
    "connection-closed": "check the port, and proxies and firewalls in between",
    "daemon-hung-up": _LOGS,
    "tls-failed": "check the port; update the daemon",
    "tls-inspected": "have {host} exempted from inspection by whoever runs this network, or use another network",
    "daemon-of-another-authority": f"{_ASK} whether the authority has changed; if so, enroll again:\n"
    f"  {_ENROLL} --force",
    "daemon-misnamed": f"use one of these names in buildkit_host, or {_ASK} to run\n"
    "  certkit daemon renew NAME --san {server_name}",
    "daemon-expired": _RENEW_DAEMON,
    "daemon-not-yet-valid": _CLOCK,
    "daemon-not-for-servers": _RENEW_DAEMON,
    "authority-not-for-servers": f"{_ASK} for an authority that may vouch for daemons; certkit makes one:\n"
    "  certkit rotate server --help",
    "daemon-signed-weakly": _RENEW_DAEMON,
    "daemon-serial-negative": _RENEW_DAEMON,
    "daemon-unverified": _RENEW_DAEMON,
    "daemon-near-end": _RENEW_DAEMON,
    "no-alpn": "where buildctl runs:\n  export GRPC_ENFORCE_ALPN_ENABLED=false\n"
    f"or {_ASK} for HAProxy in front of it, or for the plain image:\n"
    "  certkit daemon deploy NAME --as haproxy\n  certkit daemon deploy NAME --flavour buildkit",
    "authority-not-accepted": f"enroll with this daemon's team:\n  {_ENROLL}",
    "authority-of-same-name": f"{_ASK} for a new bundle, made with the present authority:\n  {_ENROLL}",
    "clocks-differ": "compare both clocks with the true time, here and on the daemon's host:\n  date -u",
    "certificate-unfit": "see {finding}",
    "certificate-refused": f"{_ASK}; they see it with\n  certkit show {{subject}}",
    "refusal-unproven": f"probe from another network; if it stays so, {_ASK} whether the daemon speaks TLS 1.3",
    "handshake-refused": "check the port; if it is the daemon's, see what it says:\n  docker logs buildkitd-NAME",
    # BuildKit
    "not-buildkit": "check the URL's host and port, and proxies in between",
    "no-grpc-answer": _LOGS,
    "grpc-failed": _LOGS,
    "not-serving": _LOGS,
    # enforcement
    "anyone-let-in": "close the port now, and restart the daemon with the flag that it lacks, --tlscacert:\n"
    f"  buildkitd {_MUTUAL}",
    "impostor-let-in": "close the port now, and let buildkitd itself verify, not a proxy before it:\n"
    f"  buildkitd {_MUTUAL}",
    "anchors-not-newest": _RESTART,
    "canary-let-in": _RESTART,
    "canary-unproven": f"compare both clocks; {_RESTART}",
    "enforcement-unknown": "probe again; if it stays so, look for a proxy or a firewall before the daemon",
}
"""Where there is none, the finding is an error's (`code`, `hint` among its fields), and the remedy is that error's."""


def _mend(command: str) -> str:
    """Write a command that reads a file and prints it mended; the new file is private from its first byte."""
    return f"mend the file, or enroll again with {_ENROLL}:\n  (umask 077; {command} > {{new}}) && mv {{new}} {{path}}"


ERRORS: Mapping[str, str] = {
    # shapes of PEM that Go does not read (certkit.pki.pem_shapes); each command does what the shape's `mend` does
    "pem-byte-order-mark": _mend(r"tr -d '\357\273\277' < {path}"),
    "pem-utf-16": _mend("iconv -f UTF-16 -t UTF-8 {path}"),
    "pem-indented": _mend("sed 's/^[[:blank:]#>]*//' {path}"),
    "pem-joined": _mend(r"""awk '{{gsub(/----------/, "-----\n-----"); print}}' {path}"""),
    "pem-carriage-returns": _mend(r"tr '\r' '\n' < {path}"),
    "pem-escaped": _mend(r"""awk '{{gsub(/["\047]/, ""); gsub(/\\r/, ""); gsub(/\\n/, "\n"); print}}' {path}"""),
    "pem-text-around": _mend(r"sed 's/^.*\(-----BEGIN \)/\1/; s/\(-----END [A-Z0-9 ]*-----\).*$/\1/' {path}"),
    "pem-one-line": _mend(
        r"""awk '{{gsub(/-----BEGIN [A-Z0-9 ]*-----/, "&\n"); gsub(/-----END [A-Z0-9 ]*-----/, "\n&\n"); print}}' """
        "{path}"
    ),
    "pem-headers": _mend("sed '/:/d' {path}"),
    "pem-other-label": _mend("sed -E 's/^-----(BEGIN|END) (TRUSTED|X509) CERT/-----\\1 CERT/' {path}"),
    "pem-trusted-certificate": _mend("openssl x509 -in {path}"),
    "pem-der-certificate": _mend("openssl x509 -inform DER -in {path}"),
    "pem-der-key": _mend("openssl pkey -inform DER -in {path}"),
    "device-certificate-ends": f"{_ASK} for a new certificate; they make it, and you enroll with it:\n"
    "  certkit issue {subject} --device {device} --out FILE\n"
    f"  {_ENROLL}",
    # modes that chmod does not change (certkit.probe.file_modes)
    "mode-of-kubernetes-secret": "set the mode where the pod mounts the secret, and fsGroup to the pod's own group:\n"
    "  kubectl explain pod.spec.volumes.secret.defaultMode",
    "mode-of-mount": f"this file system (WSL's /mnt, FAT, SMB) gives all files one mode; {_OWN_COPY}",
    "mode-on-read-only-file-system": f"nothing can be changed on this file system; {_OWN_COPY}",
    "mode-of-another-owner": f"only the file's owner can change its mode; {_OWN_COPY}",
    "no-client-to-probe": "Choose one with --for, or name the daemon: "
    "certkit probe --daemon URL --ca F --cert F --key F",
    "flag-clients-not-enrolled": "certkit enroll CODE --for buildctl, or with a bundle: "
    "certkit enroll FILE --for buildctl",
    "several-daemons-to-probe": "Add --daemon {url}",
}
