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
_RESTART = "copy the daemon's ca.pem to its host and restart it: buildkitd reads it only at its start"

REMEDIES: Mapping[str, str] = {
    # configuration
    "no-daemon": _ENROLL,
    "container-daemon": "certkit probe --daemon tcp://HOST:PORT",
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
    "key-encrypted": "store it unencrypted, readable by you alone:\n"
    "  (umask 077; openssl pkey -in {path} -out {new}) && mv {new} {path}",
    "key-not-private": "make it yours alone:\n  chmod 600 {path}",
    "key-of-another-pair": f"enroll again:\n  {_ENROLL}",
    "chain-broken": _RENEW,
    "certificate-expired": _RENEW,
    "certificate-not-yet-valid": _CLOCK,
    "certificate-near-end": _RENEW,
    "certificate-not-for-clients": _RENEW,
    "not-an-authority": f"enroll again:\n  {_ENROLL}",
    "authority-expired": f"{_ASK} for the new one",
    "clock-off": "set this machine's clock:\n  timedatectl set-ntp true",
    # network
    "host-unresolved": "check the name, the VPN and the name server:\n  getent hosts {host}",
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
    "daemon-of-another-authority": f"{_ASK} whether the authority has changed; if so, enroll again:\n"
    f"  {_ENROLL} --force",
    "daemon-misnamed": f"use one of these names in buildkit_host, or {_ASK} to run\n"
    "  certkit daemon renew NAME --san {server_name}",
    "daemon-expired": _RENEW_DAEMON,
    "daemon-not-yet-valid": _CLOCK,
    "daemon-not-for-servers": _RENEW_DAEMON,
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

ERRORS: Mapping[str, str] = {
    "no-client-to-probe": "Choose one with --for, or name the daemon: "
    "certkit probe --daemon URL --ca F --cert F --key F",
    "flag-clients-not-enrolled": "certkit enroll FILE --for buildctl enrolls with a bundle.",
    "several-daemons-to-probe": "Add --daemon {url}",
}
